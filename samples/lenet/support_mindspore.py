"""Functions and layers with PyTorch's signatures and results, written by torch2ms; it depends on MindSpore alone."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops


def ntuple(value: Any, length: int) -> tuple[Any, ...]:
    """``value`` as a tuple of ``length`` entries, as torch reads its ``int or tuple`` arguments."""
    if isinstance(value, (tuple, list)):
        return tuple(value) if len(value) == length else tuple(value) * length
    return (value,) * length


def pad_constant(x: Tensor, widths: tuple[int, ...], value: Any = 0.0) -> Tensor:
    """Pad (or, where a width is negative, crop) trailing axes with ``value``; ``widths`` as in F.pad."""
    for i in range(len(widths) // 2):
        axis = x.ndim - 1 - i
        before, after = widths[2 * i], widths[2 * i + 1]
        start, stop = max(-before, 0), x.shape[axis] - max(-after, 0)
        if start == stop:
            x = ops.zeros(x.shape[:axis] + (0,) + x.shape[axis + 1 :], x.dtype)
        elif start != 0 or stop != x.shape[axis]:
            x = ops.narrow(x, axis, start, stop - start)
        for width, first in ((before, True), (after, False)):
            if width > 0:
                shape = x.shape[:axis] + (width,) + x.shape[axis + 1 :]
                block = ops.full(shape, value, dtype=x.dtype)
                x = ops.cat((block, x) if first else (x, block), axis)
    return x


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


def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Maximum of windows over the last two axes (F.max_pool2d)."""
    if return_indices or input.dtype not in (mindspore.float32, mindspore.float16) or input.ndim not in (3, 4) or 0 in input.shape:
        return _max_pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    if input.ndim == 3:
        return max_pool2d(input.expand_dims(0), kernel_size, stride, padding, dilation, ceil_mode).squeeze(0)
    step = None if stride is None or stride == [] else ntuple(stride, 2)
    return ops.max_pool2d(input, ntuple(kernel_size, 2), step, ntuple(padding, 2), ntuple(dilation, 2), ceil_mode=ceil_mode)


class ReLU(nn.ReLU):
    """torch.nn.ReLU."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """max(0, x)."""
        return ops.relu(input)
