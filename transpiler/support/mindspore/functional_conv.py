"""Convolutions, linear maps, padding and windows: torch.nn.functional where MindSpore's call differs or has no CPU kernel."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _cast, _category, _imag, _real, _scattered, ntuple, pad_by_index, pad_constant
from .conv_products import convolve_products
from .functional_pool import _windows


def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """(N, C, L) with weight (out, C / groups, K) (F.conv1d), as a 2-d convolution of height 1."""
    wide = padding if isinstance(padding, str) else (0, *ntuple(padding, 1))
    y = _convolve(input.expand_dims(-2), weight.expand_dims(-2), bias, (1, *ntuple(stride, 1)), wide, (1, *ntuple(dilation, 1)), groups)
    return y.squeeze(-2)


def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """(N, C, H, W) with weight (out, C / groups, KH, KW) (F.conv2d)."""
    return _convolve(input, weight, bias, ntuple(stride, 2), padding, ntuple(dilation, 2), groups)


def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """(N, C, D, H, W) with weight (out, C / groups, KD, KH, KW) (F.conv3d)."""
    if groups > 1:
        pieces = zip(ops.split(input, input.shape[-4] // groups, input.ndim - 4), ops.split(weight, weight.shape[0] // groups, 0))
        y = ops.cat([_convolve(x, w, None, ntuple(stride, 3), padding, ntuple(dilation, 3), 1) for x, w in pieces], input.ndim - 4)
        return y if bias is None else y + _cast(bias, y.dtype).reshape(-1, 1, 1, 1)
    return _convolve(input, weight, bias, ntuple(stride, 3), padding, ntuple(dilation, 3), 1)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: tuple[int, ...], padding: Any, dilation: tuple[int, ...],
              groups: int) -> Tensor:  # fmt: skip
    """Batched or unbatched convolution of 2 or 3 spatial dimensions."""
    rank = weight.ndim - 2
    if x.ndim == rank + 1:
        return _convolve(x.expand_dims(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    kernel = weight.shape[2:]
    widths = _conv_padding(kernel, padding, dilation)
    if _category(x.dtype) == 3:
        y = _convolve_complex(x, weight, stride, padding, dilation, groups)
    elif _category(x.dtype) < 2:
        y = _convolve_integers(x, weight, stride, widths, dilation, groups)
    elif x.dtype == mindspore.float64:
        y = convolve_products(x, weight, stride, _last_axis_first(widths), dilation, groups)
    else:
        convolution = ops.Conv2D if rank == 2 else ops.Conv3D
        y = convolution(weight.shape[0], kernel, 1, "pad", widths, stride, dilation, groups)(x, weight)
    return y if bias is None else y + _cast(bias, y.dtype).reshape((1, -1) + (1,) * rank)


@ops.constexpr
def _last_axis_first(widths: tuple[int, ...]) -> tuple[int, ...]:
    """(before, after) of each axis in the order of F.pad; worked out in Python when a graph is compiled."""
    return tuple(width for i in reversed(range(len(widths) // 2)) for width in widths[2 * i : 2 * i + 2])


def _convolve_complex(x: Tensor, weight: Tensor, *geometry: Any) -> Tensor:
    """The convolutions of real and imaginary parts, which have kernels."""
    xs, ws = (_real(x), _imag(x)), (_real(weight), _imag(weight))
    (rr, ri), (ir, ii) = [[_convolve(part, w, None, *geometry) for w in ws] for part in xs]
    return ops.Complex()(rr - ii, ri + ir)


def _convolve_integers(x: Tensor, weight: Tensor, stride: tuple[int, ...], widths: tuple[int, ...], dilation: tuple[int, ...],
                       groups: int) -> Tensor:  # fmt: skip
    """Products of windows, exact to the last bit: the kernels take floats only."""
    rank, count = weight.ndim - 2, weight.shape[0]
    windows = _windows(pad_constant(x, _last_axis_first(widths), 0), weight.shape[2:], stride, (0,) * rank, dilation, False, 0)[0]
    places, elements = tuple(range(2, 2 + 2 * rank, 2)), tuple(range(3, 3 + 2 * rank, 2))
    sizes = tuple(windows.shape[i] for i in places)
    columns = ops.transpose(windows, (0, *places, 1, *elements)).reshape((x.shape[0], int(np.prod(sizes)), groups, -1))
    y = mint.matmul(columns.swapaxes(1, 2), weight.reshape((groups, count // groups, -1)).swapaxes(1, 2))
    return y.swapaxes(2, 3).reshape((x.shape[0], count, *sizes))


@ops.constexpr
def _conv_padding(kernel: tuple[int, ...], padding: Any, dilation: tuple[int, ...]) -> tuple[int, ...]:
    """The padding as (before, after) per axis; worked out in Python when a graph is compiled."""
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple(w for t in totals for w in (t // 2, t - t // 2))
    return tuple(w for p in ntuple(0 if padding == "valid" else padding, len(kernel)) for w in (p, p))


def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                     groups: int = 1, dilation: Any = 1) -> Tensor:  # fmt: skip
    """The gradient of conv1d with respect to its input (F.conv_transpose1d)."""
    return _convolve_transposed(input, weight, bias, (stride, padding, output_padding, dilation), groups, 1)


def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                     groups: int = 1, dilation: Any = 1) -> Tensor:  # fmt: skip
    """The gradient of conv2d with respect to its input (F.conv_transpose2d)."""
    return _convolve_transposed(input, weight, bias, (stride, padding, output_padding, dilation), groups, 2)


def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                     groups: int = 1, dilation: Any = 1) -> Tensor:  # fmt: skip
    """The gradient of conv3d with respect to its input (F.conv_transpose3d)."""
    return _convolve_transposed(input, weight, bias, (stride, padding, output_padding, dilation), groups, 3)


def _convolve_transposed(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: tuple[Any, ...], groups: int, rank: int) -> Tensor:
    """Zeros between the elements, then a plain convolution with the flipped kernel, input and output channels swapped."""
    if x.ndim == rank + 1:
        return _convolve_transposed(x.expand_dims(0), weight, bias, geometry, groups, rank).squeeze(0)
    stride, padding, extra, dilation = (ntuple(value, rank) for value in geometry)
    for axis in range(2, rank + 2):
        x = _insert_zeros(x, axis, stride[axis - 2])
    widths = []
    for i in reversed(range(rank)):
        before = dilation[i] * (weight.shape[2 + i] - 1) - padding[i]
        widths += [before, before + extra[i]]
    x = pad_constant(x, tuple(widths))
    w = ops.flip(weight, tuple(range(2, rank + 2)))
    w = w.reshape((groups, w.shape[0] // groups) + w.shape[1:]).swapaxes(1, 2).reshape((-1, w.shape[0] // groups) + w.shape[2:])
    return (conv1d, conv2d, conv3d)[rank - 1](x, w, bias, 1, 0, dilation, groups)


def _insert_zeros(x: Tensor, axis: int, stride: int) -> Tensor:
    """``stride - 1`` zeros between neighbours along ``axis``."""
    if stride == 1:
        return x
    size = x.shape[axis]
    x = x.expand_dims(axis + 1)
    x = pad_constant(x, (0, 0) * (x.ndim - axis - 2) + (0, stride - 1))
    x = x.reshape(x.shape[:axis] + (size * stride,) + x.shape[axis + 2 :])
    return ops.narrow(x, axis, 0, (size - 1) * stride + 1)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias (F.linear)."""
    y = mint.matmul(input, weight.T)
    return y if bias is None else y + _cast(bias, y.dtype)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1^T W[k] x2 + b[k] for each output k (F.bilinear)."""
    rows = mint.matmul(input1.reshape(-1, input1.shape[-1]), mint.permute(weight, (1, 0, 2)).reshape(input1.shape[-1], -1))
    y = (rows.reshape(-1, weight.shape[0], weight.shape[2]) * input2.reshape(-1, 1, input2.shape[-1])).sum(-1)
    y = y.reshape(input1.shape[:-1] + (weight.shape[0],))
    return y if bias is None else y + bias


def pad(input: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    """Trailing axes widened or cropped, last axis first, by a constant, reflection, the edge or circularly (F.pad)."""
    widths = tuple(int(w) for w in pad)
    if mode == "constant":
        return pad_constant(input, widths, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    return pad_by_index(input, widths, mode)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """(N, C, H, W) -> (N, C * KH * KW, L): the windows as columns (F.unfold)."""
    if input.ndim == 3:
        return unfold(input.expand_dims(0), kernel_size, dilation, padding, stride).squeeze(0)
    p = ntuple(padding, 2)
    x = pad_constant(input, (p[1], p[1], p[0], p[0]))
    index = _window_positions(x.shape[2:], ntuple(kernel_size, 2), ntuple(dilation, 2), ntuple(stride, 2))
    shape = (x.shape[0], x.shape[1] * index.shape[0], index.shape[1])
    if 0 in shape:
        return ops.zeros(shape, x.dtype)
    columns = ops.gather(x.reshape(x.shape[:2] + (-1,)), index.reshape(-1), 2)
    return columns.reshape(shape)


@ops.constexpr
def _window_positions(size: Any, kernel: Any, dilation: Any, stride: Any) -> Tensor:
    """(kernel elements, windows): flat position of each kernel element of each window; worked out in Python when a graph is compiled."""
    starts = [np.arange(0, n - d * (k - 1), s) for n, k, d, s in zip(size, kernel, dilation, stride)]
    rows = (np.arange(kernel[0]) * dilation[0])[:, None] + starts[0][None, :]
    columns = (np.arange(kernel[1]) * dilation[1])[:, None] + starts[1][None, :]
    positions = rows[:, None, :, None] * size[1] + columns[None, :, None, :]
    return Tensor(positions.reshape(kernel[0] * kernel[1], len(starts[0]) * len(starts[1])), mindspore.int64)


def fold(input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The columns of ``unfold`` added back into an image (F.fold)."""
    if input.ndim == 2:
        return fold(input.expand_dims(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
    p, out, kernel = ntuple(padding, 2), ntuple(output_size, 2), ntuple(kernel_size, 2)
    size = (out[0] + 2 * p[0], out[1] + 2 * p[1])
    index = _window_positions(size, kernel, ntuple(dilation, 2), ntuple(stride, 2))
    batch, channels = input.shape[0], input.shape[1] // (kernel[0] * kernel[1])
    values = input.reshape(batch * channels, -1)
    where = ops.broadcast_to(index.reshape(1, -1), values.shape)
    image = _scattered(ops.zeros((batch * channels, size[0] * size[1]), input.dtype), where, values, 1, "add")
    image = image.reshape(batch, channels, *size)
    return image[:, :, p[0] : p[0] + out[0], p[1] : p[1] + out[1]]
