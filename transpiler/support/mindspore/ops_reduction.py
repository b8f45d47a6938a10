"""Reductions, order statistics and scans: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops

from ._common import (
    ValuesIndices,
    _as_float,
    _autocast_to,
    _axes,
    _axis,
    _broadcasting,
    _cast,
    _category,
    _conjugate,
    _magnitude,
    _real_part,
    _sum,
)
from .ops_pointwise import logaddexp


def tensor_max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None, out: None = None) -> Any:
    """The largest element; values and indices along ``dim``; or the elementwise maximum with another tensor (torch.max)."""
    if isinstance(dim, Tensor) or other is not None:
        second: Any = other if dim is None else dim
        return (
            ops.logical_or(input, second) if input.dtype == second.dtype == mindspore.bool_ else _broadcasting(mint.maximum, input, second)
        )
    return _extreme(input, dim, keepdim, mint.max)


def tensor_min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None, out: None = None) -> Any:
    """The smallest element; values and indices along ``dim``; or the elementwise minimum with another tensor (torch.min)."""
    if isinstance(dim, Tensor) or other is not None:
        second: Any = other if dim is None else dim
        return (
            ops.logical_and(input, second) if input.dtype == second.dtype == mindspore.bool_ else _broadcasting(mint.minimum, input, second)
        )
    return _extreme(input, dim, keepdim, mint.min)


def maximum(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The larger element of each pair (torch.maximum)."""
    return tensor_max(input, other=other)


def minimum(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The smaller element of each pair (torch.minimum)."""
    return tensor_min(input, other=other)


def _extreme(input: Tensor, dim: int | None, keepdim: bool, reduce: Any) -> Any:
    if input.dtype == mindspore.bool_:
        result = _extreme(input.astype(mindspore.int32), dim, keepdim, reduce)
        return result.bool() if dim is None else ValuesIndices(result[0].bool(), result[1])
    if dim is None:
        return reduce(input)
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    return ValuesIndices(*reduce(input, dim, keepdim))


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: None = None) -> tuple[Tensor, Tensor]:
    """Smallest and largest element (torch.aminmax)."""
    return amin(input, () if dim is None else dim, keepdim), amax(input, () if dim is None else dim, keepdim)


def amax(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: None = None) -> Tensor:
    """The largest element along some dimensions, the gradient shared evenly by equal ones (torch.amax)."""
    if input.dtype == mindspore.bool_:
        return mint.amax(input.astype(mindspore.int32), _axes(dim, input.ndim), keepdim).bool()
    return mint.amax(input, _axes(dim, input.ndim), keepdim) if input.ndim else input


def amin(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: None = None) -> Tensor:
    """The smallest element along some dimensions, the gradient shared evenly by equal ones (torch.amin)."""
    if input.dtype == mindspore.bool_:
        return mint.amin(input.astype(mindspore.int32), _axes(dim, input.ndim), keepdim).bool()
    return mint.amin(input, _axes(dim, input.ndim), keepdim) if input.ndim else input


def tensor_any(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: None = None) -> Tensor:
    """Whether any element is not zero; uint8 stays uint8 (torch.any)."""
    hits = (input if input.dtype == mindspore.bool_ else input != 0).astype(mindspore.int32)
    result = _sum(hits, _axes(dim, input.ndim), keepdim) > 0 if input.ndim else hits > 0
    return result.astype(mindspore.uint8) if input.dtype == mindspore.uint8 else result


def tensor_all(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: None = None) -> Tensor:
    """Whether no element is zero; uint8 stays uint8 (torch.all)."""
    misses = (ops.logical_not(input) if input.dtype == mindspore.bool_ else input == 0).astype(mindspore.int32)
    result = _sum(misses, _axes(dim, input.ndim), keepdim) == 0 if input.ndim else misses == 0
    return result.astype(mindspore.uint8) if input.dtype == mindspore.uint8 else result


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element stands, int64 (torch.argmax)."""
    return _argextreme(input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element stands, int64 (torch.argmin)."""
    return _argextreme(-input, dim, keepdim)


def _argextreme(input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    if input.ndim == 0:
        return ops.zeros((), mindspore.int64)
    if dim is None:
        return ops.argmax(input.reshape(-1), 0).astype(mindspore.int64).reshape((1,) * input.ndim if keepdim else ())
    return ops.argmax(input, dim, keepdim).astype(mindspore.int64)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero, int64 (torch.count_nonzero)."""
    hits = (input if input.dtype == mindspore.bool_ else input != 0).astype(mindspore.int64)
    return _sum(hits, _axes(dim, input.ndim)) if input.ndim else hits


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum with NaN counted as zero (torch.nansum)."""
    clean = mint.where(ops.isnan(input), ops.zeros((), input.dtype), input) if _category(input.dtype) == 2 else input
    return _cast(_sum(clean, _axes(dim, input.ndim), keepdim) if input.ndim else _sum(clean.reshape(1)), dtype)


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Tensor:
    """The mean of the elements that are not NaN (torch.nanmean)."""
    valid = ops.logical_not(ops.isnan(input)).astype(input.dtype)
    return nansum(input, dim, keepdim, dtype=dtype) / (_sum(valid, _axes(dim, input.ndim), keepdim) if input.ndim else valid)


def var(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None, out: None = None
) -> Tensor:
    """sum((x - mean)^2) / (n - correction) (torch.var)."""
    return _variance(input, dim, unbiased, keepdim, correction)[0]


def _variance(input: Tensor, dim: Any, unbiased: bool, keepdim: bool, correction: Any) -> tuple[Tensor, Tensor]:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axes = _axes(dim, input.ndim)
    count = float(np.prod([input.shape[a] for a in axes]))
    if not input.size:
        nothing = _sum(input, axes, keepdim) / 0 * float("nan")
        return _real_part(nothing), nothing
    mean = mint.mean(input, axes, True) if axes else input
    free = max(count - (int(unbiased) if correction is None else correction), 0.0)
    centred = input - mean
    square = _real_part(centred * _conjugate(centred))
    total = _sum(square, axes, keepdim) if axes else square
    value = total / free if free else total * float("inf") if count > 1 else total * float("nan")
    return value, mean if keepdim or not axes else mean.reshape(total.shape)


def std(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None, out: None = None
) -> Tensor:
    """The square root of the variance (torch.std)."""
    return mint.sqrt(_variance(input, dim, unbiased, keepdim, correction)[0])


def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """Variance and mean (torch.var_mean)."""
    return _variance(input, dim, unbiased, keepdim, correction)


def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean (torch.std_mean)."""
    variance, mean = _variance(input, dim, unbiased, keepdim, correction)
    return mint.sqrt(variance), mean


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, out: None = None) -> ValuesIndices:
    """Values in order and their int64 indices (torch.sort)."""
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    indices = argsort(input, dim, descending, stable)
    return ValuesIndices(mint.gather(input, dim, indices), indices)


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The int64 indices that sort along ``dim``; equal elements keep their order (torch.argsort)."""
    if input.ndim == 0:
        return ops.zeros((), mindspore.int64)
    if input.dtype in (mindspore.float32, mindspore.float16) and not stable and 0 not in input.shape:
        return ops.sort(ops.stop_gradient(input), dim, descending)[1].astype(mindspore.int64)
    values = ops.stop_gradient(input.astype(mindspore.float32) if input.dtype == mindspore.bfloat16 else input).asnumpy()
    if not descending:
        return Tensor(np.argsort(values, dim, kind="stable"), mindspore.int64)
    reverse = np.flip(np.argsort(np.flip(values, dim), dim, kind="stable"), dim)
    return Tensor(np.ascontiguousarray(values.shape[dim] - 1 - reverse), mindspore.int64)


def msort(input: Tensor, *, out: None = None) -> Tensor:
    """Sorted along the first dimension (torch.msort)."""
    return sort(input, 0)[0]


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: None = None) -> ValuesIndices:
    """The k largest (smallest) values along ``dim`` in order, with int64 indices (torch.topk)."""
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    axis = _axis(dim, input.ndim)
    if k == 0 or 0 in input.shape:
        shape = tuple(k if i == axis else n for i, n in enumerate(input.shape))
        return ValuesIndices(ops.zeros(shape, input.dtype), ops.zeros(shape, mindspore.int64))
    indices = ops.narrow(argsort(input, dim, largest), axis, 0, k)
    return ValuesIndices(mint.gather(input, dim, indices), indices)


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: None = None) -> ValuesIndices:
    """The k-th smallest value along ``dim`` and its index (torch.kthvalue)."""
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    indices = ops.narrow(argsort(input, dim), _axis(dim, input.ndim), k - 1, 1)
    values = mint.gather(input, dim, indices)
    return ValuesIndices(values, indices) if keepdim else ValuesIndices(values.squeeze(dim), indices.squeeze(dim))


def median(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: None = None) -> Any:
    """The lower median, NaN where there is one; with its index along ``dim`` (torch.median)."""
    if dim is None:
        return median(input.reshape(-1), 0)[0]
    found = kthvalue(input, ((input.shape[dim] if input.ndim else 1) + 1) // 2, dim, keepdim)
    if _category(input.dtype) < 2 or not bool(ops.isnan(input).any()):
        return found
    missing = ops.isnan(input)
    first = argmax(missing.astype(mindspore.int32), dim, keepdim)
    hit = tensor_any(missing, dim, keepdim)
    return ValuesIndices(mint.where(hit, mindspore.tensor(float("nan"), dtype=input.dtype), found[0]), mint.where(hit, first, found[1]))


def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: None = None
) -> Tensor:
    """The q-th quantiles along ``dim``, interpolated between neighbours (torch.quantile)."""
    points = q.asnumpy() if isinstance(q, Tensor) else np.asarray(q, np.float64)
    rank = input.ndim
    axis = 0 if dim is None else _axis(dim, rank)
    x = input.reshape(-1) if dim is None else input if rank else input.reshape(1)
    ordered = sort(x, axis)[0]
    positions = points.reshape(-1).astype(np.float64) * (x.shape[axis] - 1)
    low, high = np.floor(positions).astype(np.int64), np.ceil(positions).astype(np.int64)
    weight = _quantile_weight(positions - low, positions, interpolation)
    shape = tuple(-1 if i == axis else 1 for i in range(ordered.ndim))
    below, above = (ops.gather(ordered, Tensor(i), axis) for i in (low, high))
    share = Tensor(weight).astype(input.dtype)
    if isinstance(q, Tensor) and interpolation == "linear":  # differentiable in q too
        share = q.reshape(-1) * (x.shape[axis] - 1) - Tensor(low).astype(q.dtype)
    result = below + (above - below) * share.reshape(shape)
    if bool(ops.isnan(input).any()):
        bad = tensor_any(ops.isnan(x), axis, True)
        result = mint.where(bad, mindspore.tensor(float("nan"), dtype=input.dtype), result)
    return _quantile_shape(result, axis, points.ndim, keepdim, rank if dim is None else None, rank)


def _quantile_weight(fraction: Any, positions: Any, interpolation: str) -> Any:
    """How far from the lower to the upper neighbour."""
    if interpolation == "linear":
        return fraction
    if interpolation == "midpoint":
        return np.where(fraction > 0, 0.5, 0.0)
    if interpolation == "nearest":
        return (np.round(positions) > np.floor(positions)).astype(np.float64)
    return np.zeros_like(fraction) if interpolation == "lower" else np.ones_like(fraction)


def _quantile_shape(result: Tensor, axis: int, q_rank: int, keepdim: bool, flat_rank: int | None, rank: int) -> Tensor:
    """The quantiles first, then the remaining dimensions."""
    moved = mint.permute(result, (axis, *(i for i in range(result.ndim) if i != axis)))
    rest = list(moved.shape[1:])
    if keepdim and rank:
        rest = [1] * flat_rank if flat_rank is not None else [*rest[:axis], 1, *rest[axis:]]
    return moved.reshape((moved.shape[0], *rest) if q_rank else tuple(rest))


def cumsum(input: Tensor, dim: int, *, dtype: Any = None, out: None = None) -> Tensor:
    """Running sums; integers and booleans give int64 (torch.cumsum)."""
    (input,) = _autocast_to("CumSum", input)
    target = dtype if dtype is not None else mindspore.int64 if _category(input.dtype) < 2 else input.dtype
    x = _cast(input, target)
    if x.ndim == 0 or x.size == 0:
        return x
    if target in (mindspore.float16, mindspore.bfloat16):
        return ops.cumsum(x.astype(mindspore.float32), dim).astype(target)
    return ops.cumsum(x, dim)


def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Tensor:
    """The product of all elements or along ``dim``; 1 where there are none, which MindSpore's kernel leaves unset (torch.prod)."""
    if input.size or dim is None:
        return mint.prod(input, dim, keepdim, dtype=dtype)
    return mint.prod(ops.ones(input.shape[:dim] + (1,) + input.shape[dim:][1:], input.dtype), dim, keepdim, dtype=dtype)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None, out: None = None) -> Tensor:
    """Running products; integers and booleans give int64 (torch.cumprod)."""
    x = _cast(input, dtype if dtype is not None else mindspore.int64 if _category(input.dtype) < 2 else input.dtype)
    if x.ndim == 0 or not x.size:
        return x
    if bool((x != 0).all()):
        return mint.cumprod(x, dim)
    products = [ops.full((), 1, dtype=x.dtype)]  # the kernel's derivative divides by the elements, which a zero does not allow
    for element in ops.unbind(x, dim):
        products.append(products[-1] * element)
    return ops.stack(products[1:], dim)


def cummax(input: Tensor, dim: int, *, out: None = None) -> ValuesIndices:
    """Running maxima and where they stand (the last of equal ones) (torch.cummax)."""
    return _running(input, dim, np.greater_equal)


def cummin(input: Tensor, dim: int, *, out: None = None) -> ValuesIndices:
    """Running minima and where they stand (the last of equal ones) (torch.cummin)."""
    return _running(input, dim, np.less_equal)


def _running(input: Tensor, dim: int, better: Any) -> ValuesIndices:
    if input.ndim == 0:
        return ValuesIndices(input, ops.zeros((), mindspore.int64))
    values = np.moveaxis(ops.stop_gradient(input).asnumpy(), dim, 0)
    indices = np.zeros(values.shape, np.int64)
    best = values[0].copy() if len(values) else values
    for i in range(1, len(values)):
        hit = better(values[i], best) | np.isnan(values[i])
        indices[i] = np.where(hit, i, indices[i - 1])
        best = np.where(hit, values[i], best)
    where = Tensor(np.ascontiguousarray(np.moveaxis(indices, 0, dim)))
    return ValuesIndices(mint.gather(input, dim, where), where)


def logsumexp(input: Tensor, dim: Any, keepdim: bool = False, *, out: None = None) -> Tensor:
    """log(sum(exp(x))), computed about the maximum (torch.logsumexp)."""
    x = _as_float(input)
    if x.ndim == 0:
        return x if _category(x.dtype) < 3 else logsumexp(x.reshape(1), 0).reshape(())
    axes = _axes(dim, x.ndim)
    top = ops.stop_gradient(mint.amax(_real_part(x), axes, True))
    top = mint.where(ops.isfinite(top), top, ops.zeros_like(top)).astype(x.dtype)
    total = mint.log(_sum(mint.exp(x - top), axes, keepdim))
    return total + (top if keepdim else top.reshape(total.shape))


def logcumsumexp(input: Tensor, dim: int, *, out: None = None) -> Tensor:
    """log(cumsum(exp(x))) (torch.logcumsumexp)."""
    if input.ndim == 0:
        return input
    if _category(input.dtype) < 3:
        return ops.logcumsumexp(input, dim)
    axis = _axis(dim, input.ndim)
    sums = [ops.narrow(input, axis, i, 1) for i in range(input.shape[axis])]
    for i in range(1, len(sums)):
        sums[i] = logaddexp(sums[i - 1], sums[i])
    return ops.cat(sums, axis) if sums else input


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements agree (torch.equal)."""
    return input.shape == other.shape and bool((input == other).all())


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, out: None = None
) -> Tensor:
    """Differences of neighbours, taken n times; of booleans, whether they differ (torch.diff)."""
    if n == 0:
        return input
    axis = _axis(dim, input.ndim)
    parts = [part for part in (prepend, input, append) if part is not None]
    x = ops.cat(parts, axis) if len(parts) > 1 else input
    for _ in range(n):
        size = max(x.shape[axis] - 1, 0)
        if size == 0:
            return ops.zeros(x.shape[:axis] + (0,) + x.shape[axis + 1 :], x.dtype)
        later, earlier = ops.narrow(x, axis, 1, size), ops.narrow(x, axis, 0, size)
        x = ops.logical_xor(later, earlier) if x.dtype == mindspore.bool_ else later - earlier
    return x


def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0, *, out: None = None) -> Tensor:
    """Counts in equal bins between min and max (torch.histc)."""
    values = input.asnumpy()
    low, high = (values.min(), values.max()) if min == max == 0 and values.size else (min, max)
    low, high = (low - 1, high + 1) if low == high else (low, high)
    return Tensor(np.histogram(values, bins, (float(low), float(high)))[0]).astype(input.dtype)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The integral by the trapezoidal rule (torch.trapezoid)."""
    size = y.shape[dim]
    axis = _axis(dim, y.ndim)
    pairs = (ops.narrow(y, axis, 1, size - 1) + ops.narrow(y, axis, 0, size - 1)) / 2
    if x is None:
        return _sum(pairs, axis) * dx
    step = diff(x, 1, -1 if x.ndim == 1 else dim)
    return _sum(pairs * (step.reshape((-1,) + (1,) * (y.ndim - 1 - axis)) if x.ndim == 1 else step), axis)


def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: None = None, dtype: Any = None) -> Tensor:
    """The p-norm of the elements along ``dim``; 'fro' is 2, 'nuc' the sum of singular values (torch.norm)."""
    if p == "nuc":
        return linalg_matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return linalg_vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


def linalg_vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Tensor:
    """sum(|x|^ord)^(1/ord); inf, -inf and 0 as limits (torch.linalg.vector_norm)."""
    x = _cast(x, dtype)
    size, axes = _magnitude(x), _axes(dim, x.ndim)
    if not axes:
        return (size != 0).astype(size.dtype) if ord == 0 else size
    if ord in (float("inf"), float("-inf")) and _category(x.dtype) == 2 and x.size:
        extreme = _ExtremeNorm(axes, ord > 0)(x)
        return extreme if keepdim else extreme.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))
    if ord in (float("inf"), float("-inf")):
        return (mint.amax if ord > 0 else mint.amin)(size, axes, keepdim)
    if ord == 0:
        return _sum((size != 0).astype(size.dtype), axes, keepdim)
    if ord == 1:
        return _sum(size, axes, keepdim)
    if ord < 0:
        return _negative_norm(size, ord, axes, keepdim)
    powers = size * size if ord == 2 else size**ord if ord > 1 else _root(size, ord)
    return _root(_sum(powers, axes, keepdim), 1.0 / ord)


def _root(x: Tensor, exponent: float) -> Tensor:
    """x ** exponent, whose derivative at 0 torch takes for 0."""
    positive = x != 0
    return mint.where(positive, mint.where(positive, x, ops.ones_like(x)) ** exponent, ops.zeros_like(x))


class _ExtremeNorm(nn.Cell):
    """The largest (or smallest) size along ``axes``, kept; equal ones share the derivative, and NaN has none, as in torch."""

    def __init__(self, axes: tuple[int, ...], largest: bool) -> None:
        super().__init__()
        self.axes, self.largest = axes, largest

    def construct(self, x: Tensor) -> Tensor:
        return (mint.amax if self.largest else mint.amin)(ops.abs(x), self.axes, True)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        hit = (ops.abs(x) == out).astype(x.dtype)
        share = hit / mint.maximum(_sum(hit, self.axes, True), ops.ones_like(out))
        return (mint.where(hit > 0, ops.sign(x), ops.zeros_like(x)) * share * dout,)


def _negative_norm(size: Tensor, ord: Any, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    """A norm of negative order; 0 where an element is 0."""
    zeros = size == 0
    total = _sum(mint.where(zeros, ops.ones_like(size), size) ** ord, axes, keepdim) ** (1.0 / ord)
    return mint.where(_sum(zeros.astype(mindspore.int32), axes, keepdim) > 0, ops.zeros_like(total), total)


def linalg_norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, out: None = None, dtype: Any = None) -> Tensor:
    """A vector norm, or of two dimensions a matrix norm (torch.linalg.norm)."""
    if ord is None:
        return linalg_vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if isinstance(dim, int) or (dim is not None and len(dim) == 1) or (dim is None and A.ndim == 1):
        return linalg_vector_norm(A, ord, dim, keepdim, dtype=dtype)
    return linalg_matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def linalg_matrix_norm(A: Tensor, ord: Any = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None,
                       out: None = None) -> Tensor:  # fmt: skip
    """Matrix norms: 'fro', 1, -1, inf, -inf by sums; 'nuc', 2, -2 by singular values (torch.linalg.matrix_norm)."""
    A = _cast(A, dtype)
    rows, columns = _axes(dim, A.ndim)
    if ord == "fro":
        return linalg_vector_norm(A, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2) and (_category(A.dtype) == 3 or not A.size):
        return _complex_norm(A, ord, rows, columns, keepdim)
    if ord in ("nuc", 2, -2):
        return ops.matrix_norm(A, ord, (rows, columns), keepdim)
    summed, picked = (columns, rows) if abs(ord) == float("inf") else (rows, columns)
    total = _sum(_magnitude(A), summed, True)
    result = (mint.amax if ord > 0 else mint.amin)(total, picked, True)
    return result if keepdim else result.squeeze((rows, columns))


def _complex_norm(A: Tensor, ord: Any, rows: int, columns: int, keepdim: bool) -> Tensor:
    """A norm by the singular values of matrices that are complex or empty, which numpy finds; eager mode, without derivative."""
    values = np.linalg.svd(np.moveaxis(ops.stop_gradient(A).asnumpy(), (rows, columns), (-2, -1)), compute_uv=False)
    result = values.sum(-1) if ord == "nuc" else values.max(-1, initial=0) if ord == 2 else values.min(-1)
    shape = tuple(1 if i in (rows, columns) else n for i, n in enumerate(A.shape) if keepdim or i not in (rows, columns))
    return Tensor(np.asarray(result)).reshape(shape)


def tensor_norm(self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The p-norm (torch.Tensor.norm, which has no ``out``)."""
    return norm(self, p, dim, keepdim, None, dtype)


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all dimensions but one; -1: over all (torch.norm_except_dim)."""
    axes = None if dim == -1 else tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    return linalg_vector_norm(v, pow, axes, dim != -1)
