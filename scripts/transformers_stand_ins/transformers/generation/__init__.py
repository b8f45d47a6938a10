"""Stands in for text generation, which is no part of the modelling files."""


class GenerationMixin:
    pass
