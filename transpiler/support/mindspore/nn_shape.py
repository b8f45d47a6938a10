"""Layers that rearrange or resample their input, and the distances between two inputs, with torch's constructors."""

from __future__ import annotations

import math
from typing import Any

import mindspore
from mindspore import Tensor, nn, ops

from ._common import ntuple, pad_constant


class Flatten(nn.Flatten):
    """torch.nn.Flatten."""

    def construct(self, input: Tensor) -> Tensor:
        """Axes start_dim to end_dim become one."""
        return super().construct(input)


class Unflatten(nn.Unflatten):
    """torch.nn.Unflatten."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        nn.Cell.__init__(self)  # MindSpore's own takes no -1
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def construct(self, input: Tensor) -> Tensor:
        """Axis dim becomes several axes; one of their sizes may be -1."""
        axis = self.dim % input.ndim
        return input.reshape(input.shape[:axis] + self.unflattened_size + input.shape[axis + 1 :])


class PixelShuffle(nn.PixelShuffle):
    """torch.nn.PixelShuffle: (*, C r^2, H, W) -> (*, C, H r, W r)."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__(upscale_factor)
        self.upscale_factor = upscale_factor

    def construct(self, input: Tensor) -> Tensor:
        """Move channels into space."""
        r, (channels, height, width), lead = self.upscale_factor, input.shape[-3:], input.shape[:-3]
        x = input.reshape(-1, channels // (r * r), r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
        return x.reshape(*lead, channels // (r * r), height * r, width * r)


class PixelUnshuffle(nn.PixelUnshuffle):
    """torch.nn.PixelUnshuffle: (*, C, H r, W r) -> (*, C r^2, H, W)."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__(downscale_factor)
        self.downscale_factor = downscale_factor

    def construct(self, input: Tensor) -> Tensor:
        """Move space into channels."""
        r, (channels, height, width), lead = self.downscale_factor, input.shape[-3:], input.shape[:-3]
        x = input.reshape(-1, channels, height // r, r, width // r, r).transpose(0, 1, 3, 5, 2, 4)
        return x.reshape(*lead, channels * r * r, height // r, width // r)


class ChannelShuffle(nn.ChannelShuffle):
    """torch.nn.ChannelShuffle over (N, C, *)."""

    def __init__(self, groups: int) -> None:
        super().__init__(groups)
        self.groups = groups

    def construct(self, input: Tensor) -> Tensor:
        """Channel g * n + i goes to i * groups + g."""
        size, channels = input.shape[:2]
        x = input.reshape(size, self.groups, channels // self.groups, -1)
        return x.swapaxes(1, 2).reshape(input.shape)


def output_sizes(sizes: tuple[int, ...], size: Any, scale_factor: Any) -> tuple[int, ...]:
    """The spatial sizes that ``size`` or ``scale_factor`` ask for."""
    if (size is None) == (scale_factor is None):
        raise ValueError("exactly one of size and scale_factor should be defined")
    if size is not None:
        return tuple(int(wanted) for wanted in ntuple(size, len(sizes)))
    return tuple(math.floor(n * f) for n, f in zip(sizes, ntuple(scale_factor, len(sizes))))


def steps(sizes: tuple[int, ...], outputs: tuple[int, ...], scale_factor: Any, recompute: bool | None) -> tuple[float, ...]:
    """Input elements per output element: torch uses the given factors unless told to recompute them from the sizes."""
    if scale_factor is None or recompute:
        return tuple(n / m for n, m in zip(sizes, outputs))
    return tuple(1.0 / f for f in ntuple(scale_factor, len(sizes)))


def take_nearest(x: Tensor, axis: int, count: int, step: float, offset: float) -> Tensor:
    """Nearest neighbours along one axis."""
    last = x.shape[axis] - 1
    return ops.gather(x, Tensor([min(math.floor((i + offset) * step), last) for i in range(count)], mindspore.int32), axis)


def cubic(distance: float) -> float:
    """The cubic convolution kernel with A = -0.75 (Keys, 1981)."""
    a, t = -0.75, abs(distance)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a if t < 2 else 0.0


def interpolation_matrix(size: int, count: int, step: float, align_corners: bool, taps: int) -> list[list[float]]:
    """The (count, size) matrix that interpolates one axis linearly (2 taps) or cubically (4); elements beyond the border repeat it."""
    if align_corners:
        step = (size - 1) / (count - 1) if count > 1 else 0.0
    rows = []
    for i in range(count):
        position = i * step if align_corners else (i + 0.5) * step - 0.5
        if taps == 2:
            position = max(position, 0.0)
        base, row = math.floor(position), [0.0] * size
        for tap in range(base - taps // 2 + 1, base + taps // 2 + 1):
            weight = cubic(position - tap) if taps == 4 else max(0.0, 1 - abs(position - tap))
            row[min(max(tap, 0), size - 1)] += weight
        rows.append(row)
    return rows


def mean_matrix(size: int, count: int) -> list[list[float]]:
    """The (count, size) matrix of the means over the bins of adaptive pooling."""
    bins = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
    return [[1.0 / (stop - start) if start <= j < stop else 0.0 for j in range(size)] for start, stop in bins]


def interpolate_axis(x: Tensor, axis: int, matrix: list[list[float]]) -> Tensor:
    """Apply an interpolation matrix along ``axis``."""
    moved = x.swapaxes(axis, -1)
    return ops.matmul(moved, Tensor(matrix, x.dtype).swapaxes(0, 1)).swapaxes(axis, -1)


class Upsample(nn.Upsample):
    """torch.nn.Upsample, all modes, computed axis by axis: MindSpore's kernels take no scale factor in the linear modes and differ in the cubic
    one."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode, align_corners, recompute_scale_factor)

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *spatial) -> (N, C, *new spatial)."""
        sizes = input.shape[2:]
        outputs = output_sizes(sizes, self.size, self.scale_factor)
        strides = steps(sizes, outputs, self.scale_factor, self.recompute_scale_factor)
        x = input
        for i in range(len(sizes)):
            x = self.resample(x, 2 + i, outputs[i], strides[i])
        return x

    def resample(self, x: Tensor, axis: int, count: int, step: float) -> Tensor:
        """One axis."""
        if self.mode == "nearest":
            return take_nearest(x, axis, count, step, 0.0)
        if self.mode == "nearest-exact":
            return take_nearest(x, axis, count, step, 0.5)
        if self.mode == "area":
            return interpolate_axis(x, axis, mean_matrix(x.shape[axis], count))
        if self.mode not in ("linear", "bilinear", "trilinear", "bicubic"):
            raise NotImplementedError(f"Input Error: Upsample got the mode {self.mode!r}")
        if count == x.shape[axis] and step == 1.0:
            return x
        taps = 4 if self.mode == "bicubic" else 2
        return interpolate_axis(x, axis, interpolation_matrix(x.shape[axis], count, step, bool(self.align_corners), taps))


class UpsamplingNearest2d(Upsample):
    """torch.nn.UpsamplingNearest2d."""

    plain_class = None

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """torch.nn.UpsamplingBilinear2d: corners aligned."""

    plain_class = None

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


def window_counts(sizes: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> tuple[int, ...]:
    """How many windows fit along each axis."""
    return tuple((sizes[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(len(kernel)))


@ops.constexpr
def window_indices(sizes: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Tensor:
    """Flat index into the padded image of every kernel element (slow) of every window (fast); worked out in Python when a graph is compiled."""
    rows, columns = window_counts(sizes, kernel, dilation, padding, stride)
    width = sizes[1] + 2 * padding[1]
    flat = [
        (r * stride[0] + i * dilation[0]) * width + c * stride[1] + j * dilation[1]
        for i in range(kernel[0])
        for j in range(kernel[1])
        for r in range(rows)
        for c in range(columns)
    ]
    return Tensor(flat, mindspore.int32)


class Unfold(nn.Cell):
    """torch.nn.Unfold (im2col)."""

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation = ntuple(kernel_size, 2), ntuple(dilation, 2)
        self.padding, self.stride = ntuple(padding, 2), ntuple(stride, 2)

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, H, W) or (C, H, W) -> (N, C * kernel elements, windows), without N for input without it."""
        height, width = self.padding
        indices = window_indices(input.shape[-2:], self.kernel_size, self.dilation, self.padding, self.stride)
        padded = pad_constant(input, (width, width, height, height))
        flat = padded.reshape(*padded.shape[:-2], -1)
        columns = ops.gather(flat, indices, flat.ndim - 1)
        elements = input.shape[-3] * self.kernel_size[0] * self.kernel_size[1]
        return columns.reshape(*input.shape[:-3], elements, -1)


class Fold(nn.Cell):
    """torch.nn.Fold (col2im): overlapping windows add up."""

    def __init__(self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = ntuple(output_size, 2), ntuple(kernel_size, 2), ntuple(dilation, 2)
        self.padding, self.stride = ntuple(padding, 2), ntuple(stride, 2)

    def construct(self, input: Tensor) -> Tensor:
        """(N, C * kernel elements, windows), or without N -> (N, C, H, W) or (C, H, W)."""
        (height, width), (pad_h, pad_w) = self.output_size, self.padding
        indices = window_indices(self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
        channels = input.shape[-2] // (self.kernel_size[0] * self.kernel_size[1])
        columns = input.reshape(-1, indices.shape[0]).swapaxes(0, 1)
        plane = (height + 2 * pad_h) * (width + 2 * pad_w)
        added = ops.zeros((plane, columns.shape[1]), input.dtype).index_add(0, indices, columns)
        image = added.swapaxes(0, 1).reshape(*input.shape[:-2], channels, height + 2 * pad_h, width + 2 * pad_w)
        return pad_constant(image, (-pad_w, -pad_w, -pad_h, -pad_h))


class CosineSimilarity(nn.Cell):
    """torch.nn.CosineSimilarity."""

    def __init__(self, dim: int = 1, eps: float = 1e-08) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def construct(self, x1: Tensor, x2: Tensor) -> Tensor:
        """x1 x2 / (max(|x1|, eps) max(|x2|, eps)) along dim, inputs broadcast."""
        shape = (x1 + x2).shape
        first, second = ops.broadcast_to(x1, shape), ops.broadcast_to(x2, shape)
        floor = Tensor(self.eps * self.eps, first.dtype)
        squares = ops.maximum((first * first).sum(self.dim), floor) * ops.maximum((second * second).sum(self.dim), floor)
        return (first * second).sum(self.dim) / ops.sqrt(squares)


def p_norm(x: Tensor, p: float, keepdim: bool) -> Tensor:
    """The p-norm along the last axis."""
    size = ops.abs(x)
    if p == 0:
        return (x != 0).astype(x.dtype).sum(-1, keepdims=keepdim)
    if math.isinf(p):
        return ops.amax(size, -1, keepdim) if p > 0 else ops.amin(size, -1, keepdim)
    if p == 1:
        return size.sum(-1, keepdims=keepdim)
    return ((x * x).sum(-1, keepdims=keepdim)) ** 0.5 if p == 2 else ((size**p).sum(-1, keepdims=keepdim)) ** (1.0 / p)


class PairwiseDistance(nn.Cell):
    """torch.nn.PairwiseDistance."""

    def __init__(self, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def construct(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The p-norm of x1 - x2 + eps along the last axis."""
        return p_norm(x1 - x2 + self.eps, self.norm, self.keepdim)
