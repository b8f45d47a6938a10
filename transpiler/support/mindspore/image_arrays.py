"""Image tensors as arrays (..., channels, height, width): resampling, warping and colour arithmetic in the precision that torchvision uses."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def is_number(value: Any) -> bool:
    """Whether this is a single number."""
    return isinstance(value, numbers.Number)


def bound_of(dtype: Any) -> float:
    """The value of white: 1 for floating point, the largest integer otherwise."""
    kind = np.dtype(dtype)
    return 1.0 if kind.kind == "f" else 1.0 if kind.kind == "b" else float(np.iinfo(kind).max)


def computed(image: Array) -> Array:
    """``image`` in the floating-point dtype that is computed in."""
    return image if image.dtype.kind == "f" else image.astype(np.float32)


def restored(values: Array, dtype: Any) -> Array:
    """``values`` in the image's own dtype, rounded where that is an integer."""
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else np.round(values).astype(dtype)


def _triangle(x: Array) -> Array:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: Array, a: float) -> Array:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def resampling_weights(size: int, new_size: int, mode: str, antialias: bool) -> Array:
    """The matrix (new_size, size) that resamples one axis, as F.interpolate(align_corners=False)."""
    scale = size / new_size
    if mode in ("nearest", "nearest-exact"):
        offset = 0.5 if mode == "nearest-exact" else 0.0
        chosen = np.minimum(np.floor((np.arange(new_size) + offset) * scale).astype(np.int64), size - 1)
        return np.eye(size, dtype=np.float32)[chosen]
    centers = (np.arange(new_size) + 0.5) * scale
    if antialias:
        stretch = max(scale, 1.0)
        distance = (np.arange(size)[None, :] + 0.5 - centers[:, None]) / stretch
        weights = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.5)
        return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
    return _interpolation_weights(centers - 0.5, size, mode)


def _interpolation_weights(centers: Array, size: int, mode: str) -> Array:
    """Weights of the nearest pixels, those outside being the edge's."""
    centers = np.maximum(centers, 0.0) if mode == "bilinear" else centers
    first = np.floor(centers).astype(np.int64)
    weights = np.zeros((len(centers), size), np.float32)
    rows = np.arange(len(centers))
    for step in (0, 1) if mode == "bilinear" else (-1, 0, 1, 2):
        distance = first + step - centers
        share = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.75)
        np.add.at(weights, (rows, np.clip(first + step, 0, size - 1)), share.astype(np.float32))
    return weights


def resized(image: Array, height: int, width: int, mode: str, antialias: bool) -> Array:
    """``image`` in another size."""
    down = resampling_weights(image.shape[-2], height, mode, antialias)
    across = resampling_weights(image.shape[-1], width, mode, antialias)
    values = np.matmul(down.astype(computed(image).dtype), np.matmul(computed(image), across.T.astype(computed(image).dtype)))
    if mode == "bicubic" and image.dtype == np.uint8:
        values = np.clip(values, 0, 255)
    return restored(values, image.dtype)


def image_affine_grid(matrix: Sequence[float], size: tuple[int, int], new_size: tuple[int, int]) -> tuple[Array, Array]:
    """Where each pixel of the output (height, width) lies in the input, in pixels, for a matrix about the centre."""
    (height, width), (new_height, new_width) = size, new_size
    x = np.arange(new_width, dtype=np.float32) - np.float32(new_width * 0.5 - 0.5)
    y = (np.arange(new_height, dtype=np.float32) - np.float32(new_height * 0.5 - 0.5))[:, None]
    a, b, c, d, e, f = (np.float32(value) for value in matrix)
    across = (x * (a / np.float32(0.5 * width)) + y * (b / np.float32(0.5 * width))) + c / np.float32(0.5 * width)
    down = (x * (d / np.float32(0.5 * height)) + y * (e / np.float32(0.5 * height))) + f / np.float32(0.5 * height)
    return _unnormalized(across, width), _unnormalized(down, height)


def image_perspective_grid(coefficients: Sequence[float], size: tuple[int, int]) -> tuple[Array, Array]:
    """As ``image_affine_grid``, for the eight coefficients of a perspective."""
    height, width = size
    x = np.arange(width, dtype=np.float32) + np.float32(0.5)
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5))[:, None]
    a, b, c, d, e, f, g, h = (np.float32(value) for value in coefficients)
    below = x * g + y * h + np.float32(1)
    across = (x * (a / np.float32(0.5 * width)) + y * (b / np.float32(0.5 * width)) + c / np.float32(0.5 * width)) / below - np.float32(1)
    down = (x * (d / np.float32(0.5 * height)) + y * (e / np.float32(0.5 * height)) + f / np.float32(0.5 * height)) / below - np.float32(1)
    return _unnormalized(across, width), _unnormalized(down, height)


def _unnormalized(position: Array, size: int) -> Array:
    result: Array = ((position + np.float32(1)) * np.float32(size) - np.float32(1)) / np.float32(2)
    return result


def warped(image: Array, grid: tuple[Array, Array], mode: str, fill: Any) -> Array:
    """The image read at the places of ``grid``; ``fill`` (a number, one per channel, or None for black) stands outside."""
    values = computed(image)
    if fill is not None:
        values = np.concatenate([values, np.ones((*values.shape[:-3], 1, *values.shape[-2:]), values.dtype)], -3)
    read = _read_nearest(values, *grid) if mode == "nearest" else _read_bilinear(values, *grid)
    if fill is not None:
        mask, read = read[..., -1:, :, :], read[..., :-1, :, :]
        color = np.asarray(fill, read.dtype).reshape(-1, 1, 1)
        read = np.where(mask < 0.5, color, read) if mode == "nearest" else read * mask + (1 - mask) * color
    return restored(read, image.dtype)


def _read(values: Array, x: Array, y: Array) -> Array:
    """The pixels at whole places, 0 outside."""
    height, width = values.shape[-2:]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return values[..., np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] * inside.astype(values.dtype)


def _read_nearest(values: Array, x: Array, y: Array) -> Array:
    return _read(values, np.rint(x).astype(np.int64), np.rint(y).astype(np.int64))


def _read_bilinear(values: Array, x: Array, y: Array) -> Array:
    left, top = np.floor(x), np.floor(y)
    across, down = (x - left).astype(values.dtype), (y - top).astype(values.dtype)
    i, j = left.astype(np.int64), top.astype(np.int64)
    upper = _read(values, i, j) * ((1 - across) * (1 - down)) + _read(values, i + 1, j) * (across * (1 - down))
    lower = _read(values, i, j + 1) * ((1 - across) * down) + _read(values, i + 1, j + 1) * (across * down)
    result: Array = upper + lower
    return result


def blended(image: Array, other: Array, ratio: float) -> Array:
    """``ratio`` of the image and the rest of another."""
    values = np.float32(ratio) * computed(image) + np.float32(1 - ratio) * computed(other)
    return np.clip(values, 0, bound_of(image.dtype)).astype(image.dtype)


def gray(image: Array) -> Array:
    """The luminance of an RGB image, one channel."""
    if image.shape[-3] == 1:
        return image.copy()
    red, green, blue = (computed(image)[..., channel, :, :] for channel in range(3))
    weighted: Array = (np.float32(0.2989) * red + np.float32(0.587) * green + np.float32(0.114) * blue).astype(image.dtype)
    return weighted[..., None, :, :]


def to_hsv(image: Array) -> Array:
    """Hue, saturation and value of a floating-point RGB image."""
    red, green, blue = (image[..., channel, :, :] for channel in range(3))
    high, low = image.max(-3), image.min(-3)
    range_ = high - low
    flat = range_ == 0
    saturation = range_ / np.where(flat, 1, high)
    divisor = np.where(flat, 1, range_)
    r, g, b = (high - red) / divisor, (high - green) / divisor, (high - blue) / divisor
    hue = np.where(high == red, b - g, np.where(high == green, 2 + r - b, 4 + g - r))
    return np.stack([np.fmod(hue / 6 + 1, 1), saturation, high], -3).astype(image.dtype)


def from_hsv(image: Array) -> Array:
    """The RGB image of hue, saturation and value."""
    hue, saturation, value = (image[..., channel, :, :] for channel in range(3))
    sector = np.floor(hue * 6)
    rest = hue * 6 - sector
    p = np.clip(value * (1 - saturation), 0, 1)
    q = np.clip(value * (1 - saturation * rest), 0, 1)
    t = np.clip(value * (1 - saturation * (1 - rest)), 0, 1)
    number = sector.astype(np.int64) % 6
    choices = [(value, t, p), (q, value, p), (p, value, t), (p, q, value), (t, p, value), (value, p, q)]
    channels = [np.choose(number, [choice[channel] for choice in choices]) for channel in range(3)]
    return np.stack(channels, -3).astype(image.dtype)


def converted(image: Array, dtype: Any) -> Array:
    """The same image in the value range of another dtype (convert_image_dtype)."""
    old, new = np.dtype(image.dtype), np.dtype(dtype)
    if old == new:
        return image
    if old.kind == "f":
        if new.kind == "f":
            return image.astype(new)
        return (image * image.dtype.type(bound_of(new) + 1.0 - 1e-3)).astype(new)
    if new.kind == "f":
        return image.astype(new) / new.type(bound_of(old))
    factor = (int(bound_of(old)) + 1) // (int(bound_of(new)) + 1)
    if factor >= 1:
        return (image // factor).astype(new)
    return image.astype(new) * new.type((int(bound_of(new)) + 1) // (int(bound_of(old)) + 1))


def convolved(image: Array, kernel: Array) -> Array:
    """Each channel correlated with a small kernel, without padding."""
    rows, columns = kernel.shape
    height, width = image.shape[-2] - rows + 1, image.shape[-1] - columns + 1
    total = np.zeros((*image.shape[:-2], height, width), image.dtype)
    for row in range(rows):
        for column in range(columns):
            total += image[..., row : row + height, column : column + width] * image.dtype.type(kernel[row, column])
    return total


def gaussian_kernel(size: int, sigma: float) -> Array:
    """A sampled, normalised Gaussian."""
    x = np.linspace(-(size - 1) * 0.5, (size - 1) * 0.5, size, dtype=np.float32)
    values = np.exp(np.float32(-0.5) * (x / np.float32(sigma)) ** 2)
    result: Array = values / values.sum()
    return result


def equalized(channel: Array) -> Array:
    """One uint8 channel with an even histogram."""
    histogram = np.bincount(channel.reshape(-1), minlength=256)
    step = int(histogram[histogram != 0][:-1].sum()) // 255
    if step == 0:
        return channel
    table = (np.cumsum(histogram) + step // 2) // step
    table = np.clip(np.concatenate([[0], table[:-1]]), 0, 255)
    return table[channel].astype(np.uint8)


def inverse_affine_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float, shear: Sequence[float]
) -> list[float]:
    """Output pixels to input pixels, for rotation, scale and shear about ``center`` followed by a translation."""
    rotation, across, down = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    a = math.cos(rotation - down) / math.cos(down)
    b = -math.cos(rotation - down) * math.tan(across) / math.cos(down) - math.sin(rotation)
    c = math.sin(rotation - down) / math.cos(down)
    d = -math.sin(rotation - down) * math.tan(across) / math.cos(down) + math.cos(rotation)
    p, q, r, s = d / scale, -b / scale, -c / scale, a / scale
    x, y = -center[0] - translate[0], -center[1] - translate[1]
    return [p, q, p * x + q * y + center[0], r, s, r * x + s * y + center[1]]


def rotated_size(matrix: Sequence[float], height: int, width: int) -> tuple[int, int]:
    """Height and width of the smallest image that holds the whole rotated one."""
    corners = np.asarray(
        [
            [-0.5 * width, -0.5 * height, 1],
            [-0.5 * width, 0.5 * height, 1],
            [0.5 * width, 0.5 * height, 1],
            [0.5 * width, -0.5 * height, 1],
        ],
        np.float32,
    )
    moved = corners @ np.asarray(matrix, np.float32).reshape(2, 3).T + np.asarray([width * 0.5, height * 0.5], np.float32)
    high = np.ceil(np.trunc(moved.max(0) / 1e-4) * 1e-4)
    low = np.floor(np.trunc(moved.min(0) / 1e-4) * 1e-4)
    return int(high[1] - low[1]), int(high[0] - low[0])


def perspective_coefficients(startpoints: Sequence[Sequence[int]], endpoints: Sequence[Sequence[int]]) -> list[float]:
    """The eight coefficients that take ``endpoints`` to ``startpoints``."""
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = np.asarray(startpoints, np.float64).reshape(8)
    solved = np.linalg.lstsq(np.asarray(rows, np.float64), wanted, rcond=None)[0]
    return [float(value) for value in solved.astype(np.float32)]
