"""einops' functions and layers on MindSpore tensors, in einops' own notation (A. Rogozhnikov, "Einops", ICLR 2022; package einops).

einops itself reads the pattern. What it makes of it, shapes, a permutation and axes, are constants of a graph, so that a network that uses
it compiles. Arrays of other libraries are handed to einops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import einops
import mindspore
import numpy as np
from einops.einops import _compactify_pattern_for_einsum, _prepare_transformation_recipe, _reconstruct_from_shape
from einops.layers._einmix import _EinmixMixin
from einops.packing import analyze_pattern
from mindspore import Tensor, nn, ops

from ._common import _stack_of
from .ops_pointwise import tensor_sum
from .ops_reduction import amax, amin, tensor_all, tensor_any
from .ops_shape import einsum


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes reordered, joined and taken apart (einops.rearrange); of a list of tensors, stacked along a new first axis."""
    return _by_pattern(tensor, pattern, "rearrange", tuple(axes_lengths.items()))


def reduce_axes(tensor: Any, pattern: str, reduction: Any, **axes_lengths: int) -> Any:
    """Like ``rearrange``, and axes missing on the right are reduced: 'sum', 'mean', 'max', 'min', 'prod', 'any', 'all' or a function of
    (tensor, axes) (einops.reduce)."""
    return _by_pattern(tensor, pattern, reduction, tuple(axes_lengths.items()))


def repeat_axes(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Like ``rearrange``, and along axes that are new on the right the tensor is repeated (einops.repeat)."""
    return _by_pattern(tensor, pattern, "repeat", tuple(axes_lengths.items()))


def einsum_axes(*tensors_and_pattern: Any) -> Any:
    """``torch.einsum`` with axis names of any length, and the pattern last (einops.einsum)."""
    tensors, pattern = tensors_and_pattern[:-1], tensors_and_pattern[-1]
    if not isinstance(tensors[0], Tensor):
        return einops.einsum(*tensors_and_pattern)
    return einsum(_short_names(pattern), *tensors)


def pack_axes(tensors: Sequence[Any], pattern: str) -> tuple[Any, list[Any]]:
    """The tensors joined along the axis ``*`` of the pattern, which stands for any number of axes, and what it stood for in each
    (einops.pack)."""
    if not isinstance(tensors[0], Tensor):
        return einops.pack(tensors, pattern)
    before, after, _ = analyze_pattern(pattern, "pack")
    shapes = [x.shape[before : x.ndim - after] for x in tensors]
    flat = [x.reshape(x.shape[:before] + (-1,) + x.shape[x.ndim - after :]) for x in tensors]
    return ops.cat(flat, axis=before), shapes


def unpack_axes(tensor: Any, packed_shapes: list[Any], pattern: str) -> list[Any]:
    """What ``pack_axes`` joined; one of the lengths may be -1 (einops.unpack)."""
    if not isinstance(tensor, Tensor):
        return einops.unpack(tensor, packed_shapes, pattern)
    before, _, _ = analyze_pattern(pattern, "unpack")
    sizes = [-1 if -1 in shape else math.prod(shape) for shape in packed_shapes]
    rest = tensor.shape[before] - sum(size for size in sizes if size >= 0)
    parts, start = [], 0
    for shape, size in zip(packed_shapes, sizes):
        length = rest if size < 0 else size
        part = tensor[(slice(None),) * before + (slice(start, start + length),)]
        parts.append(part.reshape(tensor.shape[:before] + tuple(shape) + tensor.shape[before + 1 :]))
        start += length
    return parts


def parse_shape(x: Any, pattern: str) -> dict[str, int]:
    """The lengths of the named axes (einops.parse_shape)."""
    return einops.parse_shape(np.broadcast_to(np.zeros((), np.bool_), tuple(x.shape)), pattern)


class Rearrange(nn.Cell):
    """einops.layers.torch.Rearrange."""

    def __init__(self, pattern: str, **axes_lengths: int) -> None:
        super().__init__()
        self.pattern, self.axes_lengths = pattern, axes_lengths
        self._sizes = tuple(axes_lengths.items())

    def construct(self, input: Tensor) -> Tensor:
        """``rearrange`` with the layer's pattern."""
        return _by_pattern(input, self.pattern, "rearrange", self._sizes)


class Reduce(nn.Cell):
    """einops.layers.torch.Reduce."""

    def __init__(self, pattern: str, reduction: str, **axes_lengths: int) -> None:
        super().__init__()
        self.pattern, self.reduction, self.axes_lengths = pattern, reduction, axes_lengths
        self._sizes = tuple(axes_lengths.items())

    def construct(self, input: Tensor) -> Tensor:
        """``reduce_axes`` with the layer's pattern."""
        return _by_pattern(input, self.pattern, self.reduction, self._sizes)


class EinMix(_EinmixMixin, nn.Cell):
    """einops.layers.torch.EinMix: a linear layer over named axes."""

    def _create_parameters(self, weight_shape: Any, weight_bound: float, bias_shape: Any, bias_bound: float) -> None:
        self.weight = mindspore.Parameter(_within(weight_shape, weight_bound))
        self.bias = None if bias_shape is None else mindspore.Parameter(_within(bias_shape, bias_bound))

    def _create_rearrange_layers(self, pre_pattern: Any, pre_lengths: Any, post_pattern: Any, post_lengths: Any) -> None:
        self.pre_rearrange = None if pre_pattern is None else Rearrange(pre_pattern, **pre_lengths)
        self.post_rearrange = None if post_pattern is None else Rearrange(post_pattern, **post_lengths)

    def construct(self, input: Tensor) -> Tensor:
        """The product with the weight summed over the axes that the right side lacks, plus the bias."""
        x = input if self.pre_rearrange is None else self.pre_rearrange(input)
        result = einsum(self.einsum_pattern, x, self.weight)
        if self.bias is not None:
            result = result + self.bias
        return result if self.post_rearrange is None else self.post_rearrange(result)


def _within(shape: Sequence[int], bound: float) -> Tensor:
    return ops.rand(tuple(shape)) * (2 * bound) - bound


def _by_pattern(tensor: Any, pattern: str, operation: Any, sizes: tuple[tuple[str, int], ...]) -> Any:
    x = _stack_of(tensor) if isinstance(tensor, (list, tuple)) and isinstance(tensor[0], Tensor) else tensor
    if not isinstance(x, Tensor):
        return _by_einops(x, pattern, operation, dict(sizes))
    kind = operation if isinstance(operation, str) else "sum"
    first, order, reduced, added, last = _plan(pattern, kind, sizes, x.shape)
    x = x if first is None else ops.reshape(x, first)
    x = x if order is None else ops.permute(x, order)
    if reduced:
        x = _without_axes(x, operation, reduced)
    for position, _ in added:
        x = ops.expand_dims(x, position)
    if added:
        x = ops.tile(x, _lengths_of(added, x.ndim))
    return x if last is None else ops.reshape(x, last)


def _by_einops(array: Any, pattern: str, operation: Any, axes_lengths: dict[str, int]) -> Any:
    if operation == "rearrange":
        return einops.rearrange(array, pattern, **axes_lengths)
    if operation == "repeat":
        return einops.repeat(array, pattern, **axes_lengths)
    return einops.reduce(array, pattern, operation, **axes_lengths)


def _without_axes(x: Tensor, operation: Any, axes: tuple[int, ...]) -> Tensor:
    if not isinstance(operation, str):
        return operation(x, axes)
    if operation == "mean":
        return ops.mean(x, axes)
    if operation == "sum":
        return tensor_sum(x, axes)
    if operation == "max":
        return amax(x, axes)
    if operation == "min":
        return amin(x, axes)
    if operation == "prod":
        for axis in axes[::-1]:
            x = x.prod(axis)
        return x
    return tensor_any(x, axes) if operation == "any" else tensor_all(x, axes)


@ops.constexpr
def _plan(pattern: str, operation: str, sizes: tuple[tuple[str, int], ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A first shape, an order of axes, axes to reduce, (position, length) of axes to add, and a last shape; None where nothing is to be done."""
    recipe = _prepare_transformation_recipe(pattern, operation, tuple(name for name, _ in sizes), len(shape))
    first, order, reduced, added, last, _ = _reconstruct_from_shape(recipe, tuple(shape), tuple(sizes))
    shapes = [None if part is None else tuple(part) for part in (first, order, last)]
    return shapes[0], shapes[1], tuple(reduced), tuple(sorted(added.items())), shapes[2]


@ops.constexpr
def _lengths_of(added: tuple[tuple[int, int], ...], rank: int) -> tuple[int, ...]:
    lengths = dict(added)
    return tuple(lengths.get(axis, 1) for axis in range(rank))


@ops.constexpr
def _short_names(pattern: str) -> str:
    return _compactify_pattern_for_einsum(pattern)
