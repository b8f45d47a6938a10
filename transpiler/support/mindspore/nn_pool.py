"""Pooling layers with torch's constructors, on MindSpore's pools in their 'pad' mode."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from ._common import ntuple
from .functional_pool import _lp_pool


def pool_stride(kernel_size: Any, stride: Any, rank: int) -> tuple[int, ...]:
    """torch's stride is the kernel size where it is left out (or given as an empty sequence)."""
    return ntuple(kernel_size, rank) if stride is None or stride == () or stride == [] else ntuple(stride, rank)


def indexed(result: Any) -> Any:
    """A pool's result with indices in torch's dtype, int64."""
    return (result[0], result[1].astype(mindspore.int64)) if isinstance(result, tuple) else result


class MaxPool1d(nn.MaxPool1d):
    """torch.nn.MaxPool1d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        strides = pool_stride(kernel_size, stride, 1)
        super().__init__(ntuple(kernel_size, 1)[0], strides[0], "pad", ntuple(padding, 1), ntuple(dilation, 1), return_indices, ceil_mode)

    def construct(self, input: Tensor) -> Any:
        """(N, C, L) or (C, L) -> the maxima, and their indices where return_indices."""
        return indexed(super().construct(input))


class MaxPool2d(nn.MaxPool2d):
    """torch.nn.MaxPool2d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        strides = pool_stride(kernel_size, stride, 2)
        super().__init__(ntuple(kernel_size, 2), strides, "pad", ntuple(padding, 2), ntuple(dilation, 2), return_indices, ceil_mode)

    def construct(self, input: Tensor) -> Any:
        """(N, C, H, W) or (C, H, W) -> the maxima, and their indices where return_indices."""
        return indexed(super().construct(input))


class MaxPool3d(nn.MaxPool3d):
    """torch.nn.MaxPool3d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        strides = pool_stride(kernel_size, stride, 3)
        super().__init__(ntuple(kernel_size, 3), strides, "pad", ntuple(padding, 3), ntuple(dilation, 3), True, ceil_mode)
        self.return_indices = return_indices

    def construct(self, input: Tensor) -> Any:
        """(N, C, D, H, W) or (C, D, H, W) -> the maxima, and their indices where return_indices."""
        return indexed(super().construct(input))


class MaxUnpool(nn.Cell):
    """What the inverse pools share: every value goes back to its index, everything else is zero."""

    rank = 1

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size, self.stride = ntuple(kernel_size, self.rank), pool_stride(kernel_size, stride, self.rank)
        self.padding = ntuple(padding, self.rank)

    def construct(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """(N, C, *) or (C, *) with the indices of the pool -> the larger input of the pool."""
        sizes = input.shape[-self.rank :]
        if output_size is None:
            wanted = tuple((sizes[i] - 1) * self.stride[i] - 2 * self.padding[i] + self.kernel_size[i] for i in range(self.rank))
        else:
            wanted = tuple(output_size)[-self.rank :]
        lead = input.shape[: -self.rank]
        rows, plane, count = math.prod(lead), math.prod(wanted), math.prod(sizes)
        starts = (ops.arange(rows) * plane).expand_dims(1)
        places = (indices.reshape(rows, count) + starts).reshape(-1)
        flat = ops.tensor_scatter_elements(ops.zeros((rows * plane,), input.dtype), places, input.reshape(-1))
        return flat.reshape(lead + wanted)


class MaxUnpool1d(MaxUnpool):
    """torch.nn.MaxUnpool1d."""


class MaxUnpool2d(MaxUnpool):
    """torch.nn.MaxUnpool2d."""

    rank = 2


class MaxUnpool3d(MaxUnpool):
    """torch.nn.MaxUnpool3d."""

    rank = 3


def pooled_size(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """How many windows fit; with ceil_mode also one that is cut off, if it starts inside the input or the padding before it."""
    span = size + 2 * padding - kernel
    count = (-(-span // stride) if ceil_mode else span // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def window_sum(x: Tensor, axis: int, kernel: int, stride: int, padding: int, count: int) -> Tensor:
    """Sums over the windows of one axis, as a product with a 0-1 matrix."""
    member = window_members(x.shape[axis], kernel, stride, padding, count)
    moved = x if axis == x.ndim - 1 else x.swapaxes(axis, -1)
    summed = ops.matmul(moved, member.astype(x.dtype))
    return summed if axis == x.ndim - 1 else summed.swapaxes(axis, -1)


@ops.constexpr
def window_members(size: int, kernel: int, stride: int, padding: int, count: int) -> Tensor:
    """(size, count): 1 where an element is in a window; worked out in Python when a graph is compiled."""
    rows = np.arange(size).reshape(-1, 1) + padding
    starts = np.arange(count).reshape(1, -1) * stride
    return Tensor(((rows >= starts) & (rows < starts + kernel)).astype(np.float32))


@ops.constexpr
def window_divisors(sizes: Any, kernel: Any, stride: Any, padding: Any, counts: Any, include_pad: bool) -> Tensor:
    """How many elements the mean of each window divides by: inside the input, or inside the input and its padding."""
    divisors = np.ones((), np.float32)
    for size, k, s, p, count in zip(sizes, kernel, stride, padding, counts):
        starts = np.arange(count) * s - p
        ends = np.minimum(starts + k, size + p)
        if not include_pad:
            starts, ends = np.maximum(starts, 0), np.minimum(ends, size)
        divisors = divisors[..., None] * (ends - starts).astype(np.float32)
    return Tensor(divisors)


def average_pool(x: Tensor, rank: int, layer: Any) -> Tensor:
    """Average pooling over the last ``rank`` axes, separably: each axis is one matrix product. MindSpore's own pools have wrong gradients
    in some argument combinations."""
    sizes = x.shape[-rank:]
    counts = [pooled_size(n, k, s, p, layer.ceil_mode) for n, k, s, p in zip(sizes, layer.kernel_sizes, layer.strides, layer.paddings)]
    total = x
    for i in range(rank):
        axis = x.ndim - rank + i
        total = window_sum(total, axis, layer.kernel_sizes[i], layer.strides[i], layer.paddings[i], counts[i])
    if layer.divisor_override is not None:
        return total / layer.divisor_override
    divisors = window_divisors(sizes, layer.kernel_sizes, layer.strides, layer.paddings, counts, layer.count_include_pad)
    return total / divisors.astype(x.dtype)


def set_average_arguments(layer: Any, rank: int, arguments: tuple[Any, ...]) -> None:
    """Keep torch's arguments on ``layer``."""
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override = arguments
    if divisor_override == 0:
        raise ValueError("divisor must be not zero")
    layer.kernel_sizes, layer.strides = ntuple(kernel_size, rank), pool_stride(kernel_size, stride, rank)
    layer.paddings, layer.ceil_mode = ntuple(padding, rank), ceil_mode
    layer.count_include_pad, layer.divisor_override = count_include_pad, divisor_override


class AvgPool1d(nn.AvgPool1d):
    """torch.nn.AvgPool1d."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
    ) -> None:
        super().__init__(ntuple(kernel_size, 1)[0], pool_stride(kernel_size, stride, 1)[0])
        set_average_arguments(self, 1, (kernel_size, stride, padding, ceil_mode, count_include_pad, None))

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, L) or (C, L) -> window means."""
        return average_pool(input, 1, self)


class AvgPool2d(nn.AvgPool2d):
    """torch.nn.AvgPool2d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(ntuple(kernel_size, 2), pool_stride(kernel_size, stride, 2))
        set_average_arguments(self, 2, (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override))

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, H, W) or (C, H, W) -> window means."""
        return average_pool(input, 2, self)


class AvgPool3d(nn.AvgPool3d):
    """torch.nn.AvgPool3d."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(ntuple(kernel_size, 3), pool_stride(kernel_size, stride, 3))
        set_average_arguments(self, 3, (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override))

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, D, H, W) or (C, D, H, W) -> window means."""
        return average_pool(input, 3, self)


def adaptive_sizes(x: Tensor, output_size: Any, rank: int) -> tuple[int, ...]:
    """The asked sizes; None keeps the input's."""
    sizes = x.shape[-rank:]
    return tuple(sizes[i] if size is None else size for i, size in enumerate(ntuple(output_size, rank)))


def adaptive_bounds(size: int, count: int) -> list[tuple[int, int]]:
    """Start and end of the ``count`` windows that cover ``size`` elements."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@ops.constexpr
def adaptive_weights(size: int, count: int) -> Tensor:
    """(size, count): 1 / window length for the elements of each window; worked out in Python when a graph is compiled."""
    matrix = np.zeros((size, count), np.float32)
    for column, (start, end) in enumerate(adaptive_bounds(size, count)):
        matrix[start:end, column] = 1.0 / (end - start)
    return Tensor(matrix)


def adaptive_mean(x: Tensor, rank: int, output_size: Any) -> Tensor:
    """Adaptive average pooling, separably: each axis is one product with a matrix of 1 / window length."""
    for i, count in enumerate(adaptive_sizes(x, output_size, rank)):
        axis = x.ndim - rank + i
        if count == 1:
            x = x.sum(axis, keepdims=True) / x.shape[axis]
        elif count != x.shape[axis]:
            moved = x if axis == x.ndim - 1 else x.swapaxes(axis, -1)
            summed = ops.matmul(moved, adaptive_weights(x.shape[axis], count).astype(x.dtype))
            x = summed if axis == x.ndim - 1 else summed.swapaxes(axis, -1)
    return x


class AdaptiveAvgPool1d(nn.Cell):
    """torch.nn.AdaptiveAvgPool1d; MindSpore's layer wants an input divisible by the output."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, L) or (C, L) -> window means."""
        return adaptive_mean(input, 1, self.output_size)


class AdaptiveAvgPool2d(nn.AdaptiveAvgPool2d):
    """torch.nn.AdaptiveAvgPool2d."""

    def __init__(self, output_size: Any) -> None:
        super().__init__(tuple(output_size) if isinstance(output_size, (tuple, list)) else output_size)
        self.output_size = output_size

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, H, W) or (C, H, W) -> window means."""
        return adaptive_mean(input, 2, self.output_size)


class AdaptiveAvgPool3d(nn.AdaptiveAvgPool3d):
    """torch.nn.AdaptiveAvgPool3d."""

    def __init__(self, output_size: Any) -> None:
        super().__init__(tuple(output_size) if isinstance(output_size, (tuple, list)) else output_size)
        self.output_size = output_size

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, D, H, W) or (C, D, H, W) -> window means."""
        return adaptive_mean(input, 3, self.output_size)


def flat_positions(window: tuple[tuple[int, int], ...], sizes: tuple[int, ...]) -> list[int]:
    """Flat positions of a window's elements within axes of ``sizes``."""
    positions = []
    for place in itertools.product(*(range(start, end) for start, end in window)):
        flat = 0
        for coordinate, size in zip(place, sizes):
            flat = flat * size + coordinate
        positions.append(flat)
    return positions


@ops.constexpr
def adaptive_table(sizes: tuple[int, ...], counts: tuple[int, ...]) -> Tensor:
    """(windows, longest): flat positions of each window's elements, filled up with its first; worked out in Python when a graph is compiled."""
    axes = [adaptive_bounds(size, count) for size, count in zip(sizes, counts)]
    windows = [flat_positions(window, sizes) for window in itertools.product(*axes)]
    longest = max((len(window) for window in windows), default=0)
    return Tensor([window + window[:1] * (longest - len(window)) for window in windows], mindspore.int32)


def adaptive_max(x: Tensor, rank: int, output_size: Any, return_indices: bool) -> Any:
    """Adaptive max pooling: gather every window, padded with its own first element, and take the maximum."""
    sizes, counts = x.shape[-rank:], adaptive_sizes(x, output_size, rank)
    table = adaptive_table(sizes, counts)
    lead = x.shape[:-rank]
    gathered = ops.gather(x.reshape(lead + (-1,)), table.reshape(-1), len(lead)).reshape(lead + table.shape)
    place = ops.stop_gradient(gathered.argmax(-1)).astype(mindspore.int32)
    values = ops.gather_elements(gathered, gathered.ndim - 1, place.expand_dims(-1)).squeeze(-1)
    if not return_indices:
        return values.reshape(lead + counts)
    indices = ops.gather_elements(table.broadcast_to(gathered.shape), gathered.ndim - 1, place.expand_dims(-1)).squeeze(-1)
    return values.reshape(lead + counts), indices.reshape(lead + counts).astype(mindspore.int64)


class AdaptiveMaxPool1d(nn.Cell):
    """torch.nn.AdaptiveMaxPool1d."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def construct(self, input: Tensor) -> Any:
        """(N, C, L) or (C, L) -> window maxima, and their indices where return_indices."""
        return adaptive_max(input, 1, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(nn.AdaptiveMaxPool2d):
    """torch.nn.AdaptiveMaxPool2d."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(1)
        self.output_size, self.with_indices = output_size, return_indices

    def construct(self, input: Tensor) -> Any:
        """(N, C, H, W) or (C, H, W) -> window maxima, and their indices where return_indices."""
        return adaptive_max(input, 2, self.output_size, self.with_indices)


class AdaptiveMaxPool3d(nn.Cell):
    """torch.nn.AdaptiveMaxPool3d."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def construct(self, input: Tensor) -> Any:
        """(N, C, D, H, W) or (C, D, H, W) -> window maxima, and their indices where return_indices."""
        return adaptive_max(input, 3, self.output_size, self.return_indices)


class LPPool(nn.Cell):
    """What the power-average pools share: the p-th root of the windows' sums of x^p."""

    rank = 1

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) or (C, *) -> (m k)^(1 / p), m the mean of x^p over the window, k the kernel's volume."""
        strides = pool_stride(self.kernel_size, self.stride, self.rank)
        return _lp_pool(input, self.rank, float(self.norm_type), ntuple(self.kernel_size, self.rank), strides, self.ceil_mode)


class LPPool1d(LPPool):
    """torch.nn.LPPool1d."""


class LPPool2d(LPPool):
    """torch.nn.LPPool2d."""

    rank = 2


class LPPool3d(LPPool):
    """torch.nn.LPPool3d."""

    rank = 3
