"""Statistics, numerical integration and differentiation: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops

from ._common import ValuesIndices, _as_float, _axis, _category, _conjugate, _imag, _magnitude, _real, _real_part, _result_dtype, _sum
from .ops_reduction import diff, median, quantile, sort, tensor_all


def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of variables in rows (torch.cov)."""
    x = _as_float(input)
    rows = x.reshape((1, -1)) if x.ndim < 2 else x
    weights: Any = fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    total: Any = rows.shape[1] if weights is None else weights.sum()
    weighted = rows if weights is None else rows * weights.astype(x.dtype)
    mean = _sum(weighted, 1, True) / (total.astype(x.dtype) if isinstance(total, Tensor) else total)
    free = total - correction
    if aweights is not None:
        used = aweights if fweights is None else aweights * fweights
        free = total - correction * (used * aweights).sum() / total
    centred = rows - mean
    adjoint = _conjugate(centred).swapaxes(0, 1)
    product = mint.matmul(centred if weights is None else centred * weights.astype(x.dtype), adjoint)
    free = mint.where(free > 0, free, ops.zeros_like(free)).astype(x.dtype) if isinstance(free, Tensor) else Tensor(max(free, 0), x.dtype)
    result = product / free
    return result.reshape(()) if rows.shape[0] == 1 else result


def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables in rows (torch.corrcoef)."""
    matrix = cov(input)
    if matrix.ndim == 0:
        return matrix / matrix
    deviation = ops.sqrt(_real_part(ops.diagonal(matrix))).astype(matrix.dtype)
    result = matrix / deviation.expand_dims(1) / deviation.expand_dims(0)
    if _category(result.dtype) == 3:
        return ops.Complex()(ops.clamp(_real(result), -1, 1), ops.clamp(_imag(result), -1, 1))
    return ops.clamp(result, -1, 1)


def vdot(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The inner product of two vectors, the first conjugated (torch.vdot)."""
    return _sum(_conjugate(input) * other)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """The combinations of ``r`` elements, one in each row (torch.combinations)."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input.shape[0]), r))
    if not rows or r == 0:
        return ops.zeros((0,) if r == 0 else (0, r), input.dtype)
    return ops.gather(input, Tensor(rows, mindspore.int64), 0)


def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """Second order central differences, one-sided at the edges (torch.gradient)."""
    axes = list(range(input.ndim)) if dim is None else [_axis(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim)]
    spacing = 1 if spacing is None else spacing
    steps = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(axes)
    return tuple(_slope(_as_float(input), axis, step, edge_order) for axis, step in zip(axes, steps))


def _slope(x: Tensor, axis: int, spacing: Any, edge_order: int) -> Tensor:
    n = x.shape[axis]
    if isinstance(spacing, Tensor) and spacing.ndim:
        gaps = ops.narrow(spacing, 0, 1, n - 1) - ops.narrow(spacing, 0, 0, n - 1)
    else:
        gaps = ops.ones((n - 1,), x.dtype) * spacing
    gaps = gaps.astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - 1 - axis))
    slopes = (ops.narrow(x, axis, 1, n - 1) - ops.narrow(x, axis, 0, n - 1)) / gaps
    left, right = ops.narrow(gaps, 0, 0, n - 2) if n > 2 else gaps, ops.narrow(gaps, 0, 1, n - 2) if n > 2 else gaps
    first, last = ops.narrow(slopes, axis, 0, 1), ops.narrow(slopes, axis, n - 2, 1)
    if n < 3:
        return ops.cat((first, last), axis)
    before, after = ops.narrow(slopes, axis, 0, n - 2), ops.narrow(slopes, axis, 1, n - 2)
    inner = (before * right + after * left) / (left + right)
    if edge_order == 2:
        h0, h1 = gaps[0], gaps[1]
        g0, g1 = gaps[n - 2], gaps[n - 3]
        second, before_last = ops.narrow(slopes, axis, 1, 1), ops.narrow(slopes, axis, n - 3, 1)
        first = first + (first - second) * h0 / (h0 + h1)
        last = last + (last - before_last) * g0 / (g0 + g1)
    return ops.cat((first, inner, last), axis)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """Running integrals by the trapezoidal rule (torch.cumulative_trapezoid)."""
    axis, size = _axis(dim, y.ndim), y.shape[dim]
    pairs = (ops.narrow(y, axis, 1, size - 1) + ops.narrow(y, axis, 0, size - 1)) / 2
    if x is None:
        return ops.cumsum(pairs * dx, axis)
    step = diff(x, 1, -1 if x.ndim == 1 else dim)
    return ops.cumsum(pairs * (step.reshape((-1,) + (1,) * (y.ndim - 1 - axis)) if x.ndim == 1 else step), axis)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: None = None) -> Any:
    """The lower median of the elements that are not NaN (torch.nanmedian)."""
    if dim is None:
        return nanmedian(input.reshape(-1), 0)[0]
    if _category(input.dtype) < 2 or input.ndim == 0:
        return median(input, dim, keepdim)
    missing = ops.isnan(input)
    ordered = sort(mint.where(missing, ops.full_like(input, math.inf), input), dim)
    count = _sum(ops.logical_not(missing).astype(mindspore.int64), dim, True)
    middle = mint.maximum(ops.floor_divide(count - 1, 2), ops.zeros_like(count))
    values, indices = (mint.gather(part, dim, middle) for part in ordered)
    values = mint.where(count == 0, ops.full_like(values, math.nan), values)
    return ValuesIndices(values, indices) if keepdim else ValuesIndices(values.squeeze(dim), indices.squeeze(dim))


def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: None = None
) -> Tensor:
    """The q-th quantiles of the elements that are not NaN (torch.nanquantile)."""
    missing = ops.isnan(input)
    if not bool(missing.any()):
        return quantile(input, q, dim, keepdim, interpolation=interpolation)
    axis = 0 if dim is None else _axis(dim, input.ndim)
    x = input.reshape(-1) if dim is None else input
    rows = mint.permute(x, (*(i for i in range(x.ndim) if i != axis), axis))
    lead, rows = rows.shape[:-1], rows.reshape((-1, rows.shape[-1]))
    parts = [_row_quantile(rows[i], q, interpolation) for i in range(rows.shape[0])]
    many = isinstance(q, Tensor) and q.ndim > 0
    result = ops.stack(parts, -1).reshape((*((q.shape[0],) if many else ()), *lead))
    if not keepdim:
        return result
    kept = (1,) * input.ndim if dim is None else input.shape[:axis] + (1,) + input.shape[axis + 1 :]
    return result.reshape((*((q.shape[0],) if many else ()), *kept))


def _row_quantile(row: Tensor, q: Any, interpolation: str) -> Tensor:
    present = np.flatnonzero(~np.isnan(row.asnumpy()))
    if not len(present):
        return ops.full(q.shape if isinstance(q, Tensor) else (), math.nan, dtype=row.dtype)
    return quantile(ops.gather(row, Tensor(present), 0), q, 0, interpolation=interpolation)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, out: None = None) -> ValuesIndices:
    """The smallest of the most frequent values, and where it stands last (torch.mode)."""
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    values = np.moveaxis(ops.stop_gradient(input).asnumpy(), dim, -1)
    counts = (values[..., :, None] == values[..., None, :]).sum(-1)
    best = np.where(counts == counts.max(-1, keepdims=True), values, values.max(-1, keepdims=True))
    chosen = values == best.min(-1, keepdims=True)
    index = values.shape[-1] - 1 - chosen[..., ::-1].argmax(-1)
    where = Tensor(np.expand_dims(index, _axis(dim, input.ndim)).astype(np.int64))
    found = mint.gather(input, dim, where)
    return ValuesIndices(found, where) if keepdim else ValuesIndices(found.squeeze(dim), where.squeeze(dim))


class Histogram(NamedTuple):
    """The result of torch.histogram."""

    hist: Tensor
    bin_edges: Tensor


def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False, out: None = None
) -> Histogram:
    """Counts (or weights) in bins and the bins' edges (torch.histogram)."""
    values, weights = input.asnumpy().reshape(-1), None if weight is None else weight.asnumpy().reshape(-1)
    edges = bins.asnumpy() if isinstance(bins, Tensor) else bins
    low_high = None if range is None else (float(range[0]), float(range[1]))
    hist, found = np.histogram(values, edges, low_high, weights=weights, density=density)
    return Histogram(Tensor(hist.astype(values.dtype)), Tensor(found.astype(values.dtype)))


class HistogramDD(NamedTuple):
    """The result of torch.histogramdd."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]


def histogramdd(
    input: Tensor, bins: Any, range: Sequence[float] | None = None, weight: Tensor | None = None, density: bool = False, out: None = None
) -> HistogramDD:
    """Counts (or weights) in boxes of several dimensions, and the edges (torch.histogramdd)."""
    values = input.asnumpy()
    points = values.reshape(-1, values.shape[-1])
    weights = None if weight is None else weight.asnumpy().reshape(-1)
    edges: Any = [b.asnumpy() if isinstance(b, Tensor) else b for b in bins] if isinstance(bins, (list, tuple)) else bins
    if isinstance(edges, list) and any(np.ndim(e) and (np.diff(e) < 0).any() for e in edges):
        return _histogram_between(points, edges, weights, density)
    pairs: Any = None if range is None else [(range[i], range[i + 1]) for i in np.arange(0, len(range), 2)]
    hist, found = np.histogramdd(points, edges, pairs, density=density, weights=weights)
    return HistogramDD(Tensor(hist.astype(values.dtype)), tuple(Tensor(f.astype(values.dtype)) for f in found))


def _histogram_between(points: Any, edges: Sequence[Any], weights: Any, density: bool) -> HistogramDD:
    """Counts between edges that do not ascend, by the binary search that torch does all the same."""
    counts = np.zeros([len(e) - 1 for e in edges], points.dtype)
    for number, point in enumerate(points):
        if all(e[0] <= x <= e[-1] for x, e in zip(point, edges)):
            place = tuple(min(bisect.bisect_right(e, x) - 1, len(e) - 2) for x, e in zip(point, edges))
            counts[place] += 1 if weights is None else weights[number]
    if density:
        counts /= counts.sum()
        for axis, e in enumerate(edges):
            counts /= np.diff(e).reshape([-1 if i == axis else 1 for i in np.arange(len(edges))])
    return HistogramDD(Tensor(counts), tuple(Tensor(e) for e in edges))


def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *, out: None = None) -> Tensor:
    """Parts along ``dim`` whose p-norm is larger than ``maxnorm`` scaled down to it (torch.renorm)."""
    axes = tuple(i for i in range(input.ndim) if i != _axis(dim, input.ndim))
    size = _magnitude(input)
    if p == math.inf:
        norms = mint.amax(size, axes, True)
    else:
        total = _sum(size**p, axes, True)
        norms = mint.where(total > 0, mint.where(total > 0, total, ops.ones_like(total)) ** (1 / p), ops.zeros_like(total))
    return input * mint.where(norms > maxnorm, maxnorm / (norms + 1e-7), ops.ones_like(norms)).astype(input.dtype)


class Frexp(NamedTuple):
    """The result of torch.frexp."""

    mantissa: Tensor
    exponent: Tensor


def frexp(input: Tensor, *, out: None = None) -> Frexp:
    """Mantissa and exponent with input = mantissa * 2 ** exponent (torch.frexp)."""
    _, exponent = np.frexp(ops.stop_gradient(input).asnumpy())
    half = exponent // 2  # in two steps, as 2 ** -exponent may not be finite
    scale = [Tensor(np.ldexp(np.float64(1), -part).astype(np.float64)).astype(input.dtype) for part in (half, exponent - half)]
    return Frexp(input * scale[0] * scale[1], Tensor(np.asarray(exponent, np.int32)))


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like ``input`` with one value everywhere (torch.fill)."""
    if isinstance(value, Tensor):
        return ops.broadcast_to(value.astype(input.dtype), input.shape)
    return ops.full_like(input, value)


class _NextAfter(nn.Cell):
    """The next number towards another; the derivative is 1 by whichever of the two it stays at or moves from."""

    def construct(self, x: Tensor, y: Tensor) -> Tensor:
        return _next_single(x, y) if x.dtype == mindspore.float32 else ops.nextafter(x, y)

    def bprop(self, x: Tensor, y: Tensor, out: Tensor, dout: Tensor) -> Any:
        same = (x == y).astype(dout.dtype)
        return dout * (1 - same), dout * same


def _next_single(x: Tensor, y: Tensor) -> Tensor:
    """The next number in single precision, by its bits, which count away from zero; MindSpore's kernel returns ``x``."""
    upwards, bits = y > x, x.contiguous().view(mindspore.int32)
    beside_zero = ops.where(upwards, ops.ones_like(bits), ops.full_like(bits, 1 - 2**31))
    step = ops.where(ops.logical_xor(x > 0, upwards), ops.full_like(bits, -1), ops.ones_like(bits))
    found = ops.where(x == 0, beside_zero, bits + step).view(mindspore.float32)
    return ops.where(x == y, y, ops.where(ops.logical_or(ops.isnan(x), ops.isnan(y)), x + y, found))


def nextafter(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The next number of the dtype after ``input`` towards ``other`` (torch.nextafter)."""
    dtype = _result_dtype(input, other)
    shape = np.broadcast_shapes(input.shape, other.shape)
    return _NextAfter()(*(ops.broadcast_to(v.astype(dtype), shape) for v in (input, other)))


def is_nonzero(input: Tensor) -> bool:
    """Whether a tensor of one element is not zero (torch.is_nonzero)."""
    return bool(tensor_all(input)) if input.size == 1 else bool(input)
