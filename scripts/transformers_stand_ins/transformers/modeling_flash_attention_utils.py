"""Stands in for flash attention, whose kernels are not torch's: the models need its keyword arguments' type."""

from typing import TypedDict


class FlashAttentionKwargs(TypedDict, total=False):
    pass
