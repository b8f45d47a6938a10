"""Resampling images: torch.nn.functional.interpolate, grid_sample and affine_grid, axis by axis with gathers and small matrices."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops


def interpolate(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
                recompute_scale_factor: bool | None = None, antialias: bool = False) -> Tensor:  # fmt: skip
    """(N, C, *spatial) resampled to ``size`` or by ``scale_factor``, in every mode of torch (F.interpolate)."""
    if mode not in ("nearest", "nearest-exact", "area", "linear", "bilinear", "trilinear", "bicubic"):
        raise NotImplementedError(f"interpolate: mode {mode!r}")
    rank = input.ndim - 2
    outputs, scales = _resize_geometry(input.shape[2:], size, scale_factor, bool(recompute_scale_factor))
    result = input
    for i in range(rank):
        step = 1 / scales[i] if scales[i] is not None else input.shape[2 + i] / outputs[i]
        result = _resize_axis(result, 2 + i, outputs[i], step, mode, bool(align_corners), antialias)
    return result


@ops.constexpr
def _resize_geometry(sizes: Any, size: Any, scale_factor: Any, recompute: bool) -> tuple[list[int], list[Any]]:
    """Output sizes, and the scale factors that torch maps coordinates with (None: the ratio of the sizes)."""
    rank = len(sizes)
    if size is not None:
        return ([int(size)] * rank if not isinstance(size, (list, tuple)) else [int(n) for n in size]), [None] * rank
    factors = [float(scale_factor)] * rank if not isinstance(scale_factor, (list, tuple)) else [float(f) for f in scale_factor]
    outputs = [math.floor(n * f) for n, f in zip(sizes, factors)]
    return outputs, [None] * rank if recompute else list(factors)


def _resize_axis(x: Tensor, axis: int, count: int, step: float, mode: str, align_corners: bool, antialias: bool) -> Tensor:
    """One axis: a gather in the nearest modes, a matrix product in the others."""
    size = x.shape[axis]
    if mode in ("nearest", "nearest-exact"):
        return ops.gather(x, _nearest_positions(size, count, step, mode == "nearest-exact"), axis)
    if align_corners and mode != "area":
        step = (size - 1) / (count - 1) if count > 1 else 0.0
    if mode != "area" and count == size and (step == 1 or size == 1):
        return x
    weights = _resize_weights(size, count, step, mode, align_corners, antialias)
    return mint.matmul(x.swapaxes(axis, -1), weights.astype(x.dtype)).swapaxes(axis, -1)


@ops.constexpr
def _nearest_positions(size: int, count: int, step: float, exact: bool) -> Tensor:
    """(count,): the element that each output takes; worked out in Python when a graph is compiled."""
    offset = np.float32(0.5 if exact else 0.0)
    index = np.minimum(np.floor((np.arange(count, dtype=np.float32) + offset) * np.float32(step)), size - 1)
    return Tensor(index.astype(np.int64))


@ops.constexpr
def _resize_weights(size: int, count: int, step: float, mode: str, align_corners: bool, antialias: bool) -> Tensor:
    """(size, count): how much of each element each output takes; worked out in Python when a graph is compiled."""
    matrix = _area_matrix(size, count) if mode == "area" else _resize_matrix(size, count, step, mode == "bicubic", align_corners, antialias)
    return Tensor(matrix.T.astype(np.float32))


def _area_matrix(size: int, count: int) -> Any:
    """(count, size): means of the bins of adaptive pooling."""
    matrix = np.zeros((count, size))
    for i in range(count):
        start, stop = i * size // count, -(-(i + 1) * size // count)
        matrix[i, start:stop] = 1 / (stop - start)
    return matrix


def _cubic_weight(distance: Any, a: float) -> Any:
    """The cubic convolution kernel (Keys, 1981)."""
    t = np.abs(distance)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def _resize_matrix(size: int, count: int, step: float, cubic: bool, align_corners: bool, antialias: bool) -> Any:
    """(count, size): linear or cubic weights; antialiased, the kernel is as wide as a step."""
    if antialias:
        return _antialias_matrix(size, count, step, cubic, align_corners)
    place = np.arange(count) * step if align_corners else (np.arange(count) + 0.5) * step - 0.5
    place = place if cubic else np.maximum(place, 0.0)
    base, matrix = np.floor(place).astype(int), np.zeros((count, size))
    for tap in range(-1, 3) if cubic else range(2):
        distance = place - (base + tap)
        weight = _cubic_weight(distance, -0.75) if cubic else np.maximum(0.0, 1 - np.abs(distance))
        np.add.at(matrix, (np.arange(count), np.clip(base + tap, 0, size - 1)), weight)
    return matrix


def _antialias_matrix(size: int, count: int, step: float, cubic: bool, align_corners: bool) -> Any:
    """Weights normalised over the part of the kernel that lies inside the image (Pillow's filter, cubic a = -0.5)."""
    width = max(step, 1.0)
    support = (2.0 if cubic else 1.0) * width
    matrix = np.zeros((count, size))
    for i in range(count):
        centre = step * (i + 0.5)
        first, last = max(int(centre - support + 0.5), 0), min(int(centre + support + 0.5), size)
        distance = (np.arange(first, last) - centre + 0.5) / width
        weight = _cubic_weight(distance, -0.5) if cubic else np.maximum(0.0, 1 - np.abs(distance))
        matrix[i, first:last] = weight / weight.sum()
    return matrix


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """Sampling positions in [-1, 1] of an affine map, (N, 2, 3) -> (N, H, W, 2) or (N, 3, 4) -> (N, D, H, W, 3) (F.affine_grid)."""
    spatial = tuple(size)[2:]
    points = mint.matmul(_grid_points(spatial, bool(align_corners)).astype(theta.dtype), theta.swapaxes(1, 2))
    return points.reshape(theta.shape[0], *spatial, len(spatial))


@ops.constexpr
def _grid_points(spatial: tuple[int, ...], align_corners: bool) -> Tensor:
    """(1, points, rank + 1): the homogeneous positions of an even grid in [-1, 1]."""
    lines = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in spatial]
    if not align_corners:
        lines = [line * (n - 1) / n for line, n in zip(lines, spatial)]
    grid = np.stack([*reversed(np.meshgrid(*lines, indexing="ij")), np.ones(spatial)], -1).reshape(1, -1, len(spatial) + 1)
    return Tensor(grid.astype(np.float32))


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Values of (N, C, *spatial) at the positions ``grid`` in [-1, 1], last coordinate order x, y(, z) (F.grid_sample)."""
    sizes = input.shape[:1:-1]  # x, y(, z)
    places = [
        _grid_position(grid[..., i], sizes[i], padding_mode if mode != "bicubic" else "zeros", bool(align_corners))
        for i in range(len(sizes))
    ]
    if mode == "nearest":
        return _grid_take(input, [mint.round(p) for p in places], None, padding_mode, bool(align_corners))
    if mode == "bicubic":
        return _grid_cubic(input, places, padding_mode, bool(align_corners))
    corners = [mint.floor(p) for p in places]
    total: Any = 0
    for choice in _corners(2, len(sizes)):
        weight: Any = 1
        for place, corner, upper in zip(places, corners, choice):
            weight = weight * ((place - corner) if upper else (1 - (place - corner)))
        index = [corner + upper for corner, upper in zip(corners, choice)]
        total = total + _grid_take(input, index, weight, padding_mode, bool(align_corners))
    return total


@ops.constexpr
def _corners(count: int, rank: int) -> tuple[tuple[int, ...], ...]:
    """Every combination of 0 to ``count - 1`` over ``rank`` axes; worked out in Python when a graph is compiled."""
    return tuple(np.ndindex(*(count,) * rank))


def _grid_position(position: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    """[-1, 1] to element numbers, brought inside the image where the padding mode says so."""
    place = (position + 1) / 2 * (size - 1) if align_corners else ((position + 1) * size - 1) / 2
    return _grid_inside(place, size, padding_mode, align_corners)


def _grid_inside(place: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    if padding_mode == "reflection":
        low, span = (0.0, float(size - 1)) if align_corners else (-0.5, float(size))
        if span == 0:
            return place * 0
        distance = ops.abs(place - low)
        turns = mint.floor(distance / span)
        rest = distance - ops.stop_gradient(turns) * span
        place = mint.where(mint.remainder(turns, 2) == 0, rest, span - rest) + low
    return place if padding_mode == "zeros" else mint.clamp(place, 0, size - 1)


def _grid_take(input: Tensor, index: list[Tensor], weight: Any, padding_mode: str, align_corners: bool) -> Tensor:
    """Elements at integer positions (x, y(, z)), 0 outside, times ``weight``."""
    sizes = input.shape[:1:-1]
    inside: Any = None
    flat: Any = 0
    for i in range(len(sizes) - 1, -1, -1):
        place, size = index[i], sizes[i]
        hit = ops.logical_and(place >= 0, place <= size - 1)
        inside = hit if inside is None else ops.logical_and(inside, hit)
        flat = flat * size + mint.clamp(ops.stop_gradient(place), 0, size - 1).astype(mindspore.int64)
    batch, channels = input.shape[:2]
    where = ops.broadcast_to(flat.reshape(batch, 1, -1), (batch, channels, flat.size // batch))
    taken = mint.gather(input.reshape(batch, channels, -1), 2, where).reshape(batch, channels, *flat.shape[1:])
    factor = inside.astype(input.dtype) if weight is None else weight * inside.astype(input.dtype)
    return taken * factor.expand_dims(1)


def _grid_cubic(input: Tensor, places: list[Tensor], padding_mode: str, align_corners: bool) -> Tensor:
    """Sixteen neighbours with cubic weights; the padding mode applies to each neighbour."""
    sizes = input.shape[:1:-1]
    bases = [mint.floor(p) for p in places]
    total: Any = 0
    for choice in _corners(4, 2):
        weight: Any = 1
        index = []
        for place, base, size, tap in zip(places, bases, sizes, choice):
            weight = weight * _cubic_tensor(place - ops.stop_gradient(base) - (tap - 1), -0.75)
            index.append(_grid_inside(base + (tap - 1), size, padding_mode, align_corners))
        total = total + _grid_take(input, [mint.round(i) for i in index], weight, padding_mode, align_corners)
    return total


def _cubic_tensor(distance: Tensor, a: float) -> Tensor:
    t = ops.abs(distance)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return mint.where(t <= 1, near, mint.where(t < 2, far, ops.zeros_like(t)))
