"""torch.masked: reductions and normalisations over the elements that a mask keeps. Elements that it hides take the operation's identity."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _as_float, _axes, _by_parts, _cast, _category, _conjugate, _real_part, _result_dtype, _stack_of, _sum
from .ops_reduction import amax, amin, argmax, argmin, cumprod, cumsum, linalg_vector_norm, logsumexp
from .ops_statistics import nanmedian

_INT_RANGE = {
    mindspore.uint8: (0, 255),
    mindspore.int8: (-128, 127),
    mindspore.int16: (-(2**15), 2**15 - 1),
    mindspore.int32: (-(2**31), 2**31 - 1),
    mindspore.int64: (-(2**63), 2**63 - 1),
}


def _kept(input: Tensor, mask: Tensor | None, hidden: Any) -> Tensor:
    """``input`` with ``hidden`` where the mask is false."""
    if mask is None:
        return input
    keep = ops.broadcast_to(mask if mask.dtype == mindspore.bool_ else mask != 0, input.shape)
    return mint.where(keep, input, ops.full((), hidden, dtype=input.dtype))


def _nan_or(values: Tensor, x: Tensor, dim: Any, keepdim: bool) -> Tensor:
    """``values``, NaN where an element of ``x`` along dimensions is: MindSpore's kernels pass over NaN."""
    if _category(x.dtype) < 2 or not x.ndim:
        return values
    unknown = _sum(ops.isnan(_real_part(x)).astype(mindspore.int32), _axes(dim, x.ndim), keepdim) > 0
    return mint.where(unknown, ops.full((), math.nan, dtype=values.dtype), values)


def _with_nan(reduce: Any, x: Tensor, dim: Any, keepdim: bool) -> Tensor:
    """``reduce`` along dimensions; NaN goes into the result and its derivative."""
    found = reduce(x, () if dim is None else dim, keepdim)
    return found * _nan_or(ops.ones_like(found), x, dim, keepdim)


def _nan_as(value: float, x: Tensor) -> Tensor:
    """``x`` with ``value`` in place of NaN, which torch takes for the most extreme."""
    return x if _category(x.dtype) < 2 else mint.where(ops.isnan(x), ops.full((), value, dtype=x.dtype), x)


def _lowest(dtype: Any) -> Any:
    return _INT_RANGE[dtype][0] if dtype in _INT_RANGE else -math.inf


def _highest(dtype: Any) -> Any:
    return _INT_RANGE[dtype][1] if dtype in _INT_RANGE else math.inf


def _count(input: Tensor, mask: Tensor | None, dim: Any, keepdim: bool) -> Tensor:
    """How many elements are kept."""
    ones = _kept(ops.ones(input.shape, mindspore.int64), mask, 0)
    return _sum(ones, _axes(dim, input.ndim), keepdim) if input.ndim else ones


def _integer_sum_dtype(input: Tensor, dtype: Any) -> Any:
    return dtype if dtype is not None else mindspore.int64 if _category(input.dtype) < 2 else input.dtype


def masked_sum(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The sum of the kept elements (torch.masked.sum)."""
    x = _kept(_cast(input, _integer_sum_dtype(input, dtype)), mask, 0)
    return _sum(x, _axes(dim, x.ndim), keepdim) if x.ndim else x


def masked_prod(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The product of the kept elements (torch.masked.prod)."""
    x = _kept(_cast(input, _integer_sum_dtype(input, dtype)), mask, 1)
    for axis in sorted(_axes(dim, x.ndim), reverse=True):
        x = mint.prod(x, axis, keepdim)
    return x


def masked_amax(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The largest of the kept elements (torch.masked.amax)."""
    x = _cast(input, dtype)
    return _with_nan(amax, _kept(x, mask, _lowest(x.dtype)), dim, keepdim)


def masked_amin(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The smallest of the kept elements (torch.masked.amin)."""
    x = _cast(input, dtype)
    return _with_nan(amin, _kept(x, mask, _highest(x.dtype)), dim, keepdim)


def masked_argmax(input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Where the largest of the kept elements stands (torch.masked.argmax)."""
    x = _cast(input, dtype)
    return argmax(_nan_as(math.inf, _kept(x, mask, _lowest(x.dtype))), dim, keepdim).astype(x.dtype)


def masked_argmin(input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Where the smallest of the kept elements stands (torch.masked.argmin)."""
    x = _cast(input, dtype)
    return argmin(_nan_as(-math.inf, _kept(x, mask, _highest(x.dtype))), dim, keepdim).astype(x.dtype)


def masked_mean(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The mean of the kept elements (torch.masked.mean)."""
    x = _cast(input, dtype if dtype is not None else input.dtype if _category(input.dtype) >= 2 else mindspore.float32)
    total, count = masked_sum(x, dim, keepdim=keepdim, mask=mask), _count(x, mask, dim, keepdim)
    if _category(x.dtype) == 3:  # by parts: the complex kernel gives 0 for 0 / 0
        return _by_parts(lambda part: part / count.astype(part.dtype), total)
    return total / count.astype(x.dtype)


def masked_median(input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The lower median of the kept elements (torch.masked.median)."""
    x = _cast(input, dtype if dtype is not None else input.dtype if _category(input.dtype) >= 2 else mindspore.float32)
    return x if x.ndim == 0 else nanmedian(_kept(x, mask, math.nan), dim, keepdim)[0]


def masked_var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None, keepdim: bool = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of the kept elements (torch.masked.var)."""
    x = _cast(input, dtype if dtype is not None else input.dtype if _category(input.dtype) >= 2 else mindspore.float32)
    degrees = correction if correction is not None else int(unbiased is None or unbiased)
    centred = _kept(x - masked_mean(x, dim, keepdim=True, mask=mask), mask, 0)
    square = _real_part(centred * _conjugate(centred))
    count = _count(x, mask, dim, keepdim).astype(square.dtype)
    total = _sum(square, _axes(dim, x.ndim), keepdim) if x.ndim else square
    return (total / mint.maximum(count - degrees, ops.zeros_like(count))).astype(x.dtype)


def masked_std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None, keepdim: bool = False, dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The standard deviation of the kept elements (torch.masked.std)."""
    return ops.sqrt(masked_var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask))


def masked_norm(
    input: Tensor, ord: Any = 2.0, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The vector norm of the kept elements (torch.masked.norm)."""
    x = _cast(input, dtype)
    kept = _kept(x, mask, math.inf if ord < 0 else 0)
    found = linalg_vector_norm(kept, ord, dim, keepdim)
    return _nan_or(found, kept, dim, keepdim) if abs(ord) == math.inf else found


def masked_logsumexp(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """log(sum(exp(x))) of the kept elements (torch.masked.logsumexp)."""
    x = _cast(input, dtype)
    return logsumexp(_kept(_as_float(x), mask, -math.inf), dim, keepdim).astype(x.dtype)


def masked_logaddexp(
    input: Tensor, other: Tensor, *, dtype: Any = None, input_mask: Tensor | None = None, other_mask: Tensor | None = None
) -> Tensor:
    """log(exp(input) + exp(other)) of the kept elements (torch.masked.logaddexp)."""
    target = dtype if dtype is not None else _result_dtype(input, other)
    x, y = _kept(_cast(input, target), input_mask, -math.inf), _kept(_cast(other, target), other_mask, -math.inf)
    shape = np.broadcast_shapes(x.shape, y.shape)
    return logsumexp(_stack_of((ops.broadcast_to(x, shape), ops.broadcast_to(y, shape))), 0)


def masked_cumsum(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Running sums of the kept elements (torch.masked.cumsum)."""
    return cumsum(_kept(_cast(input, dtype), mask, 0), dim)


def masked_cumprod(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Running products of the kept elements (torch.masked.cumprod)."""
    return cumprod(_kept(_cast(input, dtype), mask, 1), dim)


def masked_softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """softmax of the kept elements; 0 at the others, NaN where none is kept (torch.masked.softmax)."""
    return ops.exp(masked_log_softmax(input, dim, dtype=dtype, mask=mask))


def masked_softmin(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """softmax of the negatives of the kept elements (torch.masked.softmin)."""
    return masked_softmax(-_cast(input, dtype), dim, mask=mask)


def masked_log_softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The logarithm of the softmax of the kept elements (torch.masked.log_softmax)."""
    x = _as_float(_cast(input, dtype))
    hidden = _kept(x, mask, -math.inf)
    total = logsumexp(hidden, dim, True)
    return hidden - mint.where(total == -math.inf, ops.full_like(total, math.nan), total) if x.ndim else hidden - hidden


def masked_normalize(input: Tensor, ord: Any, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The kept elements divided by their norm (torch.masked.normalize)."""
    x = _cast(input, dtype)
    size = masked_norm(x, ord, dim, keepdim=True, mask=mask)
    return _kept(x, mask, 0) / mint.maximum(size, ops.full_like(size, eps)).astype(x.dtype)
