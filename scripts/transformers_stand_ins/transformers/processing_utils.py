"""Stands in for the processors (tokenizers, images): the models need one name of typing."""

from typing import Unpack

__all__ = ["Unpack"]
