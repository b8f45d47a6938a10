"""Pooling: torch.nn.functional, built on window gathers where MindSpore's kernels differ in value or gradient."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _autocast_to, ntuple, pad_constant


@ops.constexpr
def _pool_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows stand along an axis; with ceil_mode the last may hang over, but must start inside the input or its left padding."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (math.ceil(span / stride) if ceil_mode else span // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


@ops.constexpr
def _window_step(stride: Any, kernel: tuple[int, ...]) -> tuple[int, ...]:
    """torch's stride is the kernel size where it is left out, or given as an empty sequence."""
    return kernel if stride is None or stride == [] or stride == () else ntuple(stride, len(kernel))


def _windows(x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, fill: float) -> tuple[Tensor, list[Any]]:
    """Every spatial axis replaced by (windows, kernel elements); also the positions in the unpadded input."""
    rank, positions = len(kernel), []
    axis = x.ndim - rank
    for i in range(rank):
        size = x.shape[axis]
        count = _pool_count(size, kernel[i], stride[i], padding[i], dilation[i], ceil_mode)
        behind = (
            max((count - 1) * stride[i] - padding[i] + (kernel[i] - 1) * dilation[i] - size + 1, 0) if count > 0 and kernel[i] > 0 else 0
        )
        widths = (0, 0) * (x.ndim - axis - 1) + (padding[i], behind)
        if padding[i] or behind:
            x = pad_constant(x, widths, fill)
        place = _window_places(count, kernel[i], stride[i], padding[i], dilation[i])
        x = ops.gather(x, _flat_table(place, padding[i]), axis)
        x = x.reshape(x.shape[:axis] + (count, kernel[i]) + x.shape[axis + 1 :])
        positions.append(place)
        axis += 2
    return x, positions


@ops.constexpr
def _window_places(count: int, kernel: int, stride: int, padding: int, dilation: int) -> tuple[tuple[int, ...], ...]:
    """The positions in the unpadded input that each window along an axis covers; worked out in Python when a graph is compiled."""
    return tuple(tuple(i * stride - padding + j * dilation for j in range(kernel)) for i in range(count))


@ops.constexpr
def _flat_table(places: tuple[tuple[int, ...], ...], shift: int) -> Tensor:
    """All positions in a row, as an index."""
    return Tensor(np.array([place + shift for window in places for place in window], np.int64))


@ops.constexpr
def _window_divisors(positions: tuple[Any, ...], limits: tuple[tuple[int, int], ...]) -> Tensor:
    """How many elements of each window lie within the limits of its axis."""
    divisors: Any = np.ones((), np.float64)
    for places, (low, high) in zip(positions, limits):
        divisors = divisors[..., None] * np.array([sum(low <= place < high for place in window) for window in places])
    return Tensor(divisors)


def _kernel_axes(x: Tensor, rank: int) -> tuple[int, ...]:
    return tuple(x.ndim - 2 * rank + 1 + 2 * i for i in range(rank))


def _max_pool(
    input: Tensor, rank: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool
) -> Any:
    """Maximum of each window; the gradient goes to its first maximum."""
    kernel = ntuple(kernel_size, rank)
    step = _window_step(stride, kernel)
    if any(p > k // 2 for p, k in zip(ntuple(padding, rank), kernel)):
        raise ValueError("pad should be at most half of effective kernel size")
    floating = input.is_floating_point()
    lowest = -float("inf") if floating else int(np.iinfo(mindspore.dtype_to_nptype(input.dtype)).min)
    windows, positions = _windows(input, kernel, step, ntuple(padding, rank), ntuple(dilation, rank), ceil_mode, lowest)
    axes = _kernel_axes(windows, rank)
    order = tuple(i for i in range(windows.ndim) if i not in axes) + axes
    flat = mint.permute(windows, order)
    flat = flat.reshape(flat.shape[: flat.ndim - rank] + (-1,))
    values, best = mint.max(flat, -1)
    return (values, _window_index(best, positions, kernel, input.shape[-rank:])) if return_indices else values


def _window_index(best: Tensor, positions: list[Any], kernel: tuple[int, ...], size: tuple[int, ...]) -> Tensor:
    """The flat input position of element ``best`` of each window."""
    rank, result, stride = len(kernel), 0, math.prod(kernel)
    best = best.astype(mindspore.int64)
    for i in range(rank):
        stride = stride // kernel[i]
        windows = ops.arange(len(positions[i])).reshape(tuple(-1 if j == i else 1 for j in range(rank)))
        entry = windows * kernel[i] + best // stride % kernel[i]
        result = result * size[i] + ops.gather(_flat_table(positions[i], 0), entry, 0)
    return result


def max_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Maximum of windows along the last axis (F.max_pool1d)."""
    return _max_pool(input, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Maximum of windows over the last two axes (F.max_pool2d)."""
    if return_indices or input.dtype not in (mindspore.float32, mindspore.float16) or input.ndim not in (3, 4) or 0 in input.shape:
        return _max_pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    if input.ndim == 3:
        return max_pool2d(input.expand_dims(0), kernel_size, stride, padding, dilation, ceil_mode).squeeze(0)
    step = None if stride is None or stride == [] else ntuple(stride, 2)
    return ops.max_pool2d(input, ntuple(kernel_size, 2), step, ntuple(padding, 2), ntuple(dilation, 2), ceil_mode=ceil_mode)


def max_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Maximum of windows over the last three axes (F.max_pool3d)."""
    return _max_pool(input, 3, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _avg_pool(input: Tensor, rank: int, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
              divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """Sums of windows over the number of elements that count."""
    kernel, widths = ntuple(kernel_size, rank), ntuple(padding, rank)
    step = _window_step(stride, kernel)
    windows, positions = _windows(input, kernel, step, widths, (1,) * rank, ceil_mode, 0)
    total = mint.sum(windows, _kernel_axes(windows, rank), dtype=input.dtype)
    if divisor_override is not None:
        return _mean_of(total, divisor_override)
    sizes = input.shape[input.ndim - rank :]
    margins = widths if count_include_pad else (0,) * rank
    limits = tuple((-margin, size + margin) for size, margin in zip(sizes, margins))
    return _mean_of(total, _window_divisors(tuple(positions), limits).astype(input.dtype))


def _mean_of(total: Tensor, count: Any) -> Tensor:
    """The quotient; of integers cut off, as torch divides them."""
    if total.is_floating_point():
        return total / count
    if isinstance(count, int) and count < 0:
        return -_mean_of(total, -count)
    quotient = ops.abs(total) // count
    return mint.where(total < 0, -quotient, quotient)


def avg_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:  # fmt: skip
    """Mean of windows along the last axis (F.avg_pool1d)."""
    return _avg_pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """Mean of windows over the last two axes (F.avg_pool2d)."""
    return _avg_pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """Mean of windows over the last three axes (F.avg_pool3d)."""
    (input,) = _autocast_to("AvgPool3D", input)
    return _avg_pool(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-norm of windows along the last axis (F.lp_pool1d)."""
    return _lp_pool(input, 1, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-norm of windows over the last two axes (F.lp_pool2d)."""
    return _lp_pool(input, 2, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(input: Tensor, rank: int, p: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    if math.isinf(p):
        extreme: Tensor = _max_pool(ops.abs(input) if p > 0 else -ops.abs(input), rank, kernel_size, stride, 0, 1, ceil_mode, False)
        return extreme if p > 0 else -extreme
    mean = _avg_pool(input**p, rank, kernel_size, stride, 0, ceil_mode, True)
    signed = mint.sign(mean) * ops.relu(ops.abs(mean))
    return (ops.where(mean != mean, mean, signed) * math.prod(ntuple(kernel_size, rank))) ** (1.0 / p)  # noqa: PLR0124 - not a number


def _adaptive_edges(size: int, count: int) -> list[tuple[int, int]]:
    """Start and end of each of ``count`` nearly equal, possibly overlapping bins."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _adaptive_sizes(input: Tensor, output_size: Any, rank: int) -> tuple[int, ...]:
    return tuple(input.shape[input.ndim - rank + i] if n is None else int(n) for i, n in enumerate(ntuple(output_size, rank)))


def _adaptive_avg_pool(input: Tensor, output_size: Any, rank: int) -> Tensor:
    """The mean of each bin, one axis after the other, as a matrix product."""
    if 0 in input.shape:
        return ops.zeros(input.shape[: input.ndim - rank] + _adaptive_sizes(input, output_size, rank), input.dtype)
    x = input
    for i, count in enumerate(_adaptive_sizes(input, output_size, rank)):
        axis = input.ndim - rank + i
        size = x.shape[axis]
        if count == 1:
            x = mint.mean(x, axis, True)
        elif size % count == 0:
            x = mint.mean(x.reshape(x.shape[:axis] + (count, size // count) + x.shape[axis + 1 :]), axis + 1)
        else:
            x = mint.matmul(x.swapaxes(axis, -1), _adaptive_weights(size, count).astype(x.dtype)).swapaxes(axis, -1)
    return x


@ops.constexpr
def _adaptive_weights(size: int, count: int) -> Tensor:
    """(size, count): one over the length of the bin for its elements; worked out in Python when a graph is compiled."""
    matrix = np.zeros((size, count), np.float32)
    for column, (start, stop) in enumerate(_adaptive_edges(size, count)):
        matrix[start:stop, column] = 1 / (stop - start)
    return Tensor(matrix)


@ops.constexpr
def _adaptive_places(size: int, count: int) -> tuple[tuple[int, ...], ...]:
    """The positions of each bin's elements, the last repeated up to the length of the longest bin."""
    edges = _adaptive_edges(size, count)
    longest = max(stop - start for start, stop in edges)
    return tuple(tuple(min(start + j, stop - 1) for j in range(longest)) for start, stop in edges)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means of bins that divide the last axis (F.adaptive_avg_pool1d)."""
    return _adaptive_avg_pool(input, output_size, 1)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of bins that divide the last two axes (F.adaptive_avg_pool2d)."""
    return _adaptive_avg_pool(input, output_size, 2)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Means of bins that divide the last three axes (F.adaptive_avg_pool3d)."""
    return _adaptive_avg_pool(input, output_size, 3)


def _adaptive_max_pool(input: Tensor, output_size: Any, rank: int, return_indices: bool) -> Any:
    """The maximum of each bin, bins repeated to equal length by their last element."""
    x, positions, sizes = input, [], _adaptive_sizes(input, output_size, rank)
    axis = input.ndim - rank
    for count in sizes:
        place = _adaptive_places(x.shape[axis], count)
        x = ops.gather(x, _flat_table(place, 0), axis)
        x = x.reshape(x.shape[:axis] + (count, len(place[0])) + x.shape[axis + 1 :])
        positions.append(place)
        axis += 2
    axes = _kernel_axes(x, rank)
    flat = mint.permute(x, tuple(i for i in range(x.ndim) if i not in axes) + axes)
    flat = flat.reshape(flat.shape[: flat.ndim - rank] + (-1,))
    values, best = mint.max(flat, -1)
    kernel = tuple(len(place[0]) for place in positions)
    return (values, _window_index(best, positions, kernel, input.shape[-rank:])) if return_indices else values


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of bins that divide the last axis (F.adaptive_max_pool1d)."""
    return _adaptive_max_pool(input, output_size, 1, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of bins that divide the last two axes (F.adaptive_max_pool2d)."""
    return _adaptive_max_pool(input, output_size, 2, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of bins that divide the last three axes (F.adaptive_max_pool3d)."""
    return _adaptive_max_pool(input, output_size, 3, return_indices)
