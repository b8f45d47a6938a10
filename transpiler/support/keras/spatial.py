"""How do torch's convolutions, pools, padding and resizing run on Keras in channels_first order?

``keras.ops`` pads only 'valid' or 'same'; torch pads both sides by numbers. So the padding is applied first and the operation runs
'valid'. The bias is added here, reshaped: Keras's own layers add a channels_first bias along the wrong axis where width == filters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from keras import ops

from ._common import Tensor, _pad_spatial, _tuple

Array = np.ndarray[Any, Any]
_FIRST = "channels_first"


def _same_padding(kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """torch's padding='same' (stride 1): the odd element goes to the right."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _convolve(input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, rank: int) -> Tensor:
    """Cross-correlation over the last ``rank`` axes; weight is (out, in / groups, *kernel). Without a batch axis too."""
    if len(input.shape) == rank + 1:
        return _convolve(ops.expand_dims(input, 0), weight, bias, stride, padding, dilation, rank)[0]
    strides, dilations, kernel_size = _tuple(stride, rank), _tuple(dilation, rank), weight.shape[2:]
    if padding == "same":
        pads = _same_padding(kernel_size, dilations)
    else:
        pads = [(p, p) for p in _tuple(0 if padding == "valid" else padding, rank)]
    kernel = ops.transpose(weight, (*range(2, rank + 2), 1, 0))
    both = max(strides) > 1 and max(dilations) > 1  # not every backend strides and dilates at once: stride by slicing
    x = _pad_spatial(input, pads)
    result = ops.conv(x, kernel, strides=1 if both else strides, padding="valid", data_format=_FIRST, dilation_rate=dilations)
    if both:
        result = result[(slice(None), slice(None), *(slice(None, None, s) for s in strides))]
    return result if bias is None else result + ops.reshape(bias, (1, -1) + (1,) * rank)


def conv1d(
    input: Tensor, weight: Tensor, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Convolution of (N, C, L) (torch.nn.functional.conv1d); ``groups`` shows in weight's second size."""
    return _convolve(input, weight, bias, stride, padding, dilation, 1)


def conv2d(
    input: Tensor, weight: Tensor, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Convolution of (N, C, H, W) (torch.nn.functional.conv2d); ``groups`` shows in weight's second size."""
    return _convolve(input, weight, bias, stride, padding, dilation, 2)


def conv3d(
    input: Tensor, weight: Tensor, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Convolution of (N, C, D, H, W) (torch.nn.functional.conv3d); ``groups`` shows in weight's second size."""
    return _convolve(input, weight, bias, stride, padding, dilation, 3)


def _interleave_zeros(x: Tensor, steps: Sequence[int]) -> Tensor:
    """``steps[i] - 1`` zeros between neighbours along each of the last axes."""
    for offset, step in enumerate(steps):
        axis = len(x.shape) - len(steps) + offset
        if step > 1:
            length = x.shape[axis]
            spread = ops.concatenate([ops.expand_dims(x, axis + 1)] + [ops.zeros_like(ops.expand_dims(x, axis + 1))] * (step - 1), axis + 1)
            sizes = tuple(ops.shape(x))
            spread = ops.reshape(spread, (*sizes[:axis], length * step, *sizes[axis + 1 :]))
            x = spread[(slice(None),) * axis + (slice(0, (length - 1) * step + 1),)]
    return x


def _convolve_transposed(
    input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any, rank: int
) -> Tensor:
    """Gradient of a convolution with respect to its input: zeros between the elements, then a convolution with the flipped kernel."""
    if len(input.shape) == rank + 1:
        return _convolve_transposed(ops.expand_dims(input, 0), weight, bias, stride, padding, output_padding, groups, dilation, rank)[0]
    strides, pads, extra, dilations = (_tuple(v, rank) for v in (stride, padding, output_padding, dilation))
    kernel_size = weight.shape[2:]
    full = [d * (k - 1) for k, d in zip(kernel_size, dilations, strict=True)]
    x = _pad_spatial(
        _interleave_zeros(input, strides), [(max(f - p, 0), max(f - p + e, 0)) for f, p, e in zip(full, pads, extra, strict=True)]
    )
    crops = [(max(p - f, 0), max(p - f - e, 0)) for f, p, e in zip(full, pads, extra, strict=True)]
    x = x[(slice(None), slice(None), *(slice(before, -after if after else None) for before, after in crops))]
    per_group, out = weight.shape[0] // groups, weight.shape[1]
    kernel = ops.reshape(weight, (groups, per_group, out, *kernel_size))
    kernel = ops.reshape(ops.swapaxes(kernel, 1, 2), (groups * out, per_group, *kernel_size))
    kernel = ops.flip(kernel, axis=tuple(range(2, rank + 2)))
    return _convolve(x, kernel, bias, 1, 0, dilation, rank)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution of (N, C, L) (torch.nn.functional.conv_transpose1d); weight is (in, out / groups, kernel)."""
    return _convolve_transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution of (N, C, H, W) (torch.nn.functional.conv_transpose2d); weight is (in, out / groups, *kernel)."""
    return _convolve_transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


def _ceil_extra(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool) -> int:
    """Elements to add on the right so that 'valid' windows give torch's number of outputs."""
    room = size + 2 * pad - dilation * (kernel - 1) - 1
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + pad:  # a window may not start in the right padding
        count -= 1
    return max((count - 1) * stride - room, 0)


def _max_pool(
    input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool, rank: int
) -> Tensor:
    if return_indices:
        raise NotImplementedError("max pooling does not return indices on Keras")
    if len(input.shape) == rank + 1:
        return _max_pool(ops.expand_dims(input, 0), kernel_size, stride, padding, dilation, ceil_mode, False, rank)[0]
    kernel, pads, dilations = _tuple(kernel_size, rank), _tuple(padding, rank), _tuple(dilation, rank)
    strides = kernel if stride is None or stride == [] else _tuple(stride, rank)
    sizes = input.shape[2:]
    extra = [_ceil_extra(n, k, s, p, d, ceil_mode) for n, k, s, p, d in zip(sizes, kernel, strides, pads, dilations, strict=True)]
    x = _pad_spatial(input, [(p, p + e) for p, e in zip(pads, extra, strict=True)], -math.inf)
    if max(dilations) == 1:
        return ops.max_pool(x, kernel, strides, padding="valid", data_format=_FIRST)
    return _dilated_max(x, kernel, strides, dilations)


def _dilated_max(x: Tensor, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Tensor:
    """Maximum over the shifted, strided views of ``x``, one for each element of the window."""
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, strides, dilations, strict=True)]
    views = []
    for offsets in product(*(range(k) for k in kernel)):
        bounds = zip(offsets, dilations, strides, counts, strict=True)
        views.append(x[(slice(None), slice(None), *(slice(o * d, o * d + (c - 1) * s + 1, s) for o, d, s, c in bounds))])
    return ops.max(ops.stack(views), axis=0)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """Largest value of each window (torch.nn.functional.max_pool1d)."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 1)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """Largest value of each window (torch.nn.functional.max_pool2d)."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 2)


def _window_counts(size: int, kernel: int, stride: int, pad: int, extra: int, include_pad: bool) -> Array:
    """How many elements of each window torch divides by: those inside the padding, or inside the input alone."""
    inside = np.zeros(size + 2 * pad + extra)
    inside[: size + 2 * pad] = include_pad
    inside[pad : pad + size] = 1
    counts: Array = np.array([inside[start : start + kernel].sum() for start in range(0, len(inside) - kernel + 1, stride)])
    return counts


def _avg_pool(
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
    rank: int,
) -> Tensor:
    if len(input.shape) == rank + 1:
        x = ops.expand_dims(input, 0)
        return _avg_pool(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, rank)[0]
    kernel, pads = _tuple(kernel_size, rank), _tuple(padding, rank)
    strides = kernel if stride is None or stride == [] else _tuple(stride, rank)
    if not (any(pads) or ceil_mode or divisor_override):
        return ops.average_pool(input, kernel, strides, padding="valid", data_format=_FIRST)
    sizes = input.shape[2:]
    extra = [_ceil_extra(n, k, s, p, 1, ceil_mode) for n, k, s, p in zip(sizes, kernel, strides, pads, strict=True)]
    x = _pad_spatial(input, [(p, p + e) for p, e in zip(pads, extra, strict=True)])
    means = ops.average_pool(x, kernel, strides, padding="valid", data_format=_FIRST)
    if divisor_override:
        return means * (math.prod(kernel) / divisor_override)
    factor = np.ones((1,) * len(input.shape))
    for axis, (n, k, s, p, e) in enumerate(zip(sizes, kernel, strides, pads, extra, strict=True)):
        counts = _window_counts(n, k, s, p, e, count_include_pad)
        factor = factor * np.reshape(k / counts, (-1,) + (1,) * (rank - 1 - axis))
    return means * ops.cast(ops.convert_to_tensor(factor), input.dtype)


def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Tensor:
    """Mean of each window (torch.nn.functional.avg_pool1d)."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window (torch.nn.functional.avg_pool2d)."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2)


def _bins(size: int, count: int) -> list[tuple[int, int]]:
    """torch's adaptive windows: [floor(i * size / count), ceil((i + 1) * size / count))."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _adaptive_pool(input: Tensor, output_size: Any, rank: int, reduction: Any) -> Tensor:
    """Reduces adaptive windows one axis after the other, which is exact for both means (of products of windows) and maxima."""
    for offset, wanted in enumerate(_tuple(output_size, rank)):
        axis = len(input.shape) - rank + offset
        size = input.shape[axis]
        if wanted == 1:
            input = reduction(input, axis=axis, keepdims=True)
        elif wanted is not None and wanted != size:
            pieces = (input[(slice(None),) * axis + (slice(*bounds),)] for bounds in _bins(size, wanted))
            input = ops.concatenate([reduction(piece, axis=axis, keepdims=True) for piece in pieces], axis=axis)
    return input


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means of ``output_size`` windows (torch.nn.functional.adaptive_avg_pool1d)."""
    return _adaptive_pool(input, output_size, 1, ops.mean)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of ``output_size`` windows; None keeps an axis (torch.nn.functional.adaptive_avg_pool2d)."""
    return _adaptive_pool(input, output_size, 2, ops.mean)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
    """Maxima of ``output_size`` windows; None keeps an axis (torch.nn.functional.adaptive_max_pool2d)."""
    if return_indices:
        raise NotImplementedError("max pooling does not return indices on Keras")
    return _adaptive_pool(input, output_size, 2, ops.max)


def _border_indices(size: int, before: int, after: int, mode: str) -> Array:
    """Where each element of a padded axis comes from."""
    numpy_mode = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    indices: Array = np.pad(np.arange(size), (before, after), mode=numpy_mode)  # type: ignore[call-overload]
    return indices


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pads from the last axis backwards; negative numbers crop (torch.nn.functional.pad)."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    for offset, (before, after) in enumerate(pairs):
        axis = len(input.shape) - 1 - offset
        if before < 0 or after < 0:
            start, stop = max(-before, 0), input.shape[axis] - max(-after, 0)
            input = input[(slice(None),) * axis + (slice(start, stop),)]
        before, after = max(before, 0), max(after, 0)
        if mode != "constant" and (before or after):
            input = ops.take(input, _border_indices(input.shape[axis], before, after, mode), axis=axis)
    if mode != "constant":
        return input
    return _pad_spatial(input, [(max(b, 0), max(a, 0)) for b, a in reversed(pairs)], value or 0.0)


def _taps(mode: str, positions: Array) -> list[tuple[Array, Array]]:
    """Offsets and weights of the elements that a resized element is made of (linear: 2, cubic with a = -0.75: 4)."""
    base = np.floor(positions)
    t = positions - base
    if mode != "bicubic":
        return [(base, 1 - t), (base + 1, t)]
    return [(base - 1, _cubic(t + 1)), (base, _cubic(t)), (base + 1, _cubic(1 - t)), (base + 2, _cubic(2 - t))]


def _cubic(distance: Array, a: float = -0.75) -> Array:
    """Cubic convolution kernel (Keys 1981) for distances in [0, 2]."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    weights: Array = np.where(distance <= 1, near, far)
    return weights


def _resize_axis(x: Tensor, axis: int, wanted: int, ratio: float, mode: str, align_corners: bool) -> Tensor:
    """One axis to ``wanted`` elements; ``ratio`` is input elements per output element."""
    size = x.shape[axis]
    steps = np.arange(wanted, dtype=np.float32)
    if mode.startswith("nearest"):
        shift = np.float32(0.5 if mode == "nearest-exact" else 0.0)
        index = np.floor((steps + shift) * np.float32(ratio)).astype(np.int32)
        return ops.take(x, np.clip(index, 0, size - 1), axis=axis)
    positions = steps * ((size - 1) / max(wanted - 1, 1)) if align_corners else (steps + 0.5) * ratio - 0.5
    if mode != "bicubic":
        positions = np.maximum(positions, 0)
    shape = (-1,) + (1,) * (len(x.shape) - 1 - axis)
    terms = []
    for index, weight in _taps(mode, positions):
        rows = ops.take(x, np.clip(index, 0, size - 1).astype(np.int32), axis=axis)
        terms.append(rows * ops.cast(ops.convert_to_tensor(weight.reshape(shape)), x.dtype))
    return sum(terms[1:], terms[0])


def _filter_axis(x: Tensor, axis: int, wanted: int, ratio: float, mode: str) -> Tensor:
    """One axis to ``wanted`` elements through a triangle or cubic (a = -0.5) filter as wide as ``ratio`` elements, as Pillow resizes."""
    size = x.shape[axis]
    width = max(ratio, 1.0)
    centers = (np.arange(wanted)[:, None] + 0.5) * ratio
    distance = np.abs((np.arange(size)[None, :] + 0.5 - centers) / width)
    cubic = mode == "bicubic"
    weights = np.where(distance < 2, _cubic(distance, -0.5), 0.0) if cubic else np.maximum(1 - distance, 0.0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    moved = ops.matmul(ops.moveaxis(x, axis, -1), ops.cast(ops.convert_to_tensor(weights.T.astype("float32")), x.dtype))
    return ops.moveaxis(moved, -1, axis)


def _corner(input: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Elements (N, C, H', W') of an image (N, C, H, W) at whole positions (N, H', W'); 0 outside."""
    batch, channels, height, width = input.shape
    inside = ops.logical_and(ops.logical_and(rows >= 0, rows <= height - 1), ops.logical_and(columns >= 0, columns <= width - 1))
    index = ops.clip(rows, 0, height - 1) * width + ops.clip(columns, 0, width - 1)
    flat = ops.reshape(ops.cast(index, "int32"), (batch, 1, -1))
    taken = ops.take_along_axis(
        ops.reshape(input, (batch, channels, -1)), ops.broadcast_to(flat, (batch, channels, flat.shape[-1])), axis=2
    )
    image = ops.reshape(taken, (batch, channels, *rows.shape[1:]))
    return ops.where(ops.expand_dims(inside, 1), image, ops.zeros_like(image))


def _reflected(position: Tensor, low: float, high: float) -> Tensor:
    """Positions mirrored at ``low`` and ``high`` until they lie between."""
    span = high - low
    if span == 0:
        return ops.zeros_like(position)
    distance = ops.mod(ops.abs(position - low), 2 * span)
    return ops.where(distance > span, 2 * span - distance, distance) + low


def _kept_inside(position: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    """Positions outside of an axis of ``size`` elements moved to its border or mirrored; with 'zeros' they stay."""
    if padding_mode == "reflection":
        position = _reflected(position, 0.0, size - 1.0) if align_corners else _reflected(position, -0.5, size - 0.5)
    return position if padding_mode == "zeros" else ops.clip(position, 0, size - 1)


def _cubic_taps(t: Tensor, a: float = -0.75) -> list[tuple[int, Tensor]]:
    """Offsets and weights of the four elements around a position with the fraction ``t`` (Keys 1981)."""
    near = [((a + 2) * d - (a + 3)) * d * d + 1 for d in (t, 1 - t)]
    far = [((d - 5) * d + 8) * d * a - 4 * a for d in (t + 1, 2 - t)]
    return [(-1, far[0]), (0, near[0]), (1, near[1]), (2, far[1])]


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """An image (N, C, H, W) at the positions (x, y) in [-1, 1] of ``grid`` (N, H', W', 2) (torch.nn.functional.grid_sample)."""
    if len(input.shape) != 4:
        raise NotImplementedError(f"grid_sample of {len(input.shape)} axes is not available on Keras")
    sizes, aligned = (input.shape[2], input.shape[3]), bool(align_corners)
    places = [(grid[..., 1 - i] + 1) * ((n - 1) / 2) if aligned else ((grid[..., 1 - i] + 1) * n - 1) / 2 for i, n in enumerate(sizes)]
    if mode != "bicubic":
        places = [_kept_inside(place, n, padding_mode, aligned) for place, n in zip(places, sizes, strict=True)]
    if mode == "nearest":
        return _corner(input, ops.round(places[0]), ops.round(places[1]))
    bases = [ops.floor(place) for place in places]
    steps = [place - base for place, base in zip(places, bases, strict=True)]
    taps = [_cubic_taps(t) if mode == "bicubic" else [(0, 1 - t), (1, t)] for t in steps]
    result = ops.zeros((), dtype=input.dtype)
    for (down, row_weight), (right, column_weight) in product(*taps):
        row, column = bases[0] + down, bases[1] + right
        if mode == "bicubic":
            row, column = _kept_inside(row, sizes[0], padding_mode, aligned), _kept_inside(column, sizes[1], padding_mode, aligned)
        result = result + _corner(input, row, column) * ops.expand_dims(row_weight * column_weight, 1)
    return result


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resizes the axes after the second (torch.nn.functional.interpolate)."""
    sizes = input.shape[2:]
    if size is not None:
        wanted = _tuple(size, len(sizes))
        ratios = [n / w for n, w in zip(sizes, wanted, strict=True)]
    else:
        factors = _tuple(scale_factor, len(sizes))
        wanted = tuple(math.floor(n * f) for n, f in zip(sizes, factors, strict=True))
        ratios = [n / w if recompute_scale_factor else 1 / f for n, w, f in zip(sizes, wanted, factors, strict=True)]
    if mode == "area":
        return _adaptive_pool(input, wanted, len(sizes), ops.mean)
    for offset, (count, ratio) in enumerate(zip(wanted, ratios, strict=True)):
        if antialias:
            input = _filter_axis(input, 2 + offset, count, ratio, mode)
        elif count != input.shape[2 + offset] or ratio != 1:
            input = _resize_axis(input, 2 + offset, count, ratio, mode, bool(align_corners))
    return input
