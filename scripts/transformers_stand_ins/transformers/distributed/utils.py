"""Stands in for the distributed code: one process."""


def is_dtensor(tensor):
    return False
