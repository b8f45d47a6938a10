"""Stands in for the package's logging."""

import logging


class _Logger(logging.LoggerAdapter):
    def warning_once(self, message, *args):
        self.warning(message, *args)

    def warning_advice(self, message, *args):
        self.warning(message, *args)

    def info_once(self, message, *args):
        self.info(message, *args)


def get_logger(name=None):
    return _Logger(logging.getLogger(name), {})
