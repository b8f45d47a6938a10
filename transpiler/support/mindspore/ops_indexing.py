"""Gathering and scattering by index or mask: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _as_float, _axis, _category, _magnitude, _places, _result_dtype, _scattered, _sum


def where(condition: Tensor, input: Any = None, other: Any = None, *, out: None = None) -> Any:
    """``input`` where ``condition`` holds, else ``other``; the condition alone gives the indices where it holds (torch.where)."""
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    dtype = _result_dtype(input, other)
    x, y = (ops.cast(v, dtype) if isinstance(v, Tensor) else mindspore.tensor(v, dtype=dtype) for v in (input, other))
    return mint.where(condition, x, y)


def nonzero(input: Tensor, *, out: None = None, as_tuple: bool = False) -> Any:
    """Indices of the elements that are not zero: one row each, or one tensor per dimension (torch.nonzero)."""
    values = input.asnumpy()
    if as_tuple:
        return tuple(Tensor(i, mindspore.int64) for i in np.nonzero(np.atleast_1d(values)))
    return Tensor(np.argwhere(values), mindspore.int64)


def argwhere(input: Tensor) -> Tensor:
    """Indices of the elements that are not zero, one row each (torch.argwhere)."""
    return nonzero(input)


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: None = None) -> Tensor:
    """Elements of ``input`` picked along ``dim`` (torch.gather)."""
    if index.size == 0:
        return ops.zeros(index.shape, input.dtype)
    if input.ndim == 0 or index.ndim == 0:
        return gather(input.reshape(-1), 0, index.reshape(-1)).reshape(index.shape)
    return mint.gather(input, dim, index)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None, *, out: None = None) -> Tensor:
    """gather with ``indices`` broadcast against the input; of the flattened input without ``dim`` (torch.take_along_dim)."""
    if dim is None:
        return mint.gather(input.reshape(-1), 0, indices.reshape(-1))
    axis = _axis(dim, input.ndim)
    shape = np.broadcast_shapes(
        input.shape[:axis] + (1,) + input.shape[axis + 1 :], indices.shape[:axis] + (1,) + indices.shape[axis + 1 :]
    )
    x = ops.broadcast_to(input, shape[:axis] + (input.shape[axis],) + shape[axis + 1 :])
    return mint.gather(x, axis, ops.broadcast_to(indices, shape[:axis] + (indices.shape[axis],) + shape[axis + 1 :]))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at ``index`` of one axis, without that axis (torch.select)."""
    return input[(slice(None),) * _axis(dim, input.ndim) + (index,)]


def index_select(input: Tensor, dim: int, index: Tensor, *, out: None = None) -> Tensor:
    """Slices of ``input`` along ``dim`` (torch.index_select)."""
    if input.ndim == 0:
        return input
    return ops.gather(input, index.reshape(-1), _axis(dim, input.ndim))


def _spread(index: Tensor, dim: int, shape: Sequence[int]) -> Tensor:
    """A 1-d index along ``dim``, broadcast to ``shape``."""
    return ops.broadcast_to(index.reshape(tuple(-1 if i == dim else 1 for i in range(len(shape)))), tuple(shape))


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1, out: None = None) -> Tensor:
    """Slices of ``alpha * source`` added to the slices ``index`` of ``input`` (torch.index_add)."""
    if input.ndim == 0:
        return index_add(input.reshape(1), 0, index, source.reshape(-1), alpha=alpha).reshape(())
    axis = _axis(dim, input.ndim)
    source = (source if alpha == 1 else alpha * source).astype(input.dtype)
    return scatter_add(input, axis, _spread(index, axis, source.shape), source)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: None = None) -> Tensor:
    """Slices ``index`` of ``input`` replaced by those of ``source`` (torch.index_copy)."""
    if input.ndim == 0:
        return source.reshape(())
    axis = _axis(dim, input.ndim)
    return scatter(input, axis, _spread(index, axis, source.shape), source)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Slices ``index`` of ``input`` filled with a value (torch.index_fill)."""
    size = input.shape[dim] if input.ndim else 1
    hit = (ops.arange(size).reshape(-1, 1) == index.reshape(1, -1)).sum(1) > 0
    axis = _axis(dim, input.ndim)
    mask = hit.reshape(tuple(-1 if i == axis else 1 for i in range(input.ndim))) if input.ndim else hit.reshape(())
    fill = ops.cast(value, input.dtype) if isinstance(value, Tensor) else mindspore.tensor(value, dtype=input.dtype)
    return mint.where(mask, fill, input)


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None, out: None = None
) -> Tensor:
    """``src`` (a tensor or a number) written to positions ``index`` along ``dim`` (torch.scatter); reduce may be 'add'."""
    src = value if src is None else src
    if reduce == "multiply":
        return _scatter_product(input, dim, index, _source(src, input, index), True)
    return _scatter(input, dim, index, _source(src, input, index), "none" if reduce is None else reduce)


def _source(src: Any, input: Tensor, index: Tensor) -> Tensor:
    """Numbers as a tensor; a tensor cut to the shape of ``index``, as torch reads it."""
    if not isinstance(src, Tensor):
        return ops.full(index.shape, src, dtype=input.dtype)
    src = ops.cast(src, input.dtype)
    return src if src.shape == index.shape else src[tuple(slice(0, n) for n in index.shape)]


def _scatter(input: Tensor, dim: int, index: Tensor, src: Tensor, reduction: str) -> Tensor:
    """Write or add ``src`` at ``index`` along ``dim``; other dimensions of the index may be shorter than the input's."""
    if index.size == 0:
        return ops.deepcopy(input)
    if input.ndim == 0 or index.ndim == 0:
        return _scatter(input.reshape(-1), 0, index.reshape(-1), src.reshape(-1), reduction).reshape(input.shape)
    if input.dtype == mindspore.bool_:
        return _scatter(input.astype(mindspore.int32), dim, index, src.astype(mindspore.int32), reduction) > 0
    axis = _axis(dim, input.ndim)
    if reduction != "add" and any(n != m for i, (n, m) in enumerate(zip(index.shape, input.shape)) if i != axis):
        steps, others = _places(tuple(input.shape), tuple(index.shape), axis)
        flat = index * steps + others.astype(index.dtype)
        return _scatter(input.reshape(-1), 0, flat.reshape(-1), src.reshape(-1), reduction).reshape(input.shape)
    return _scattered(input, index, src, axis, reduction)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """``src`` added at positions ``index`` along ``dim`` (torch.scatter_add)."""
    return _scatter(input, dim, index, _source(src, input, index), "add")


def scatter_reduce(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """``src`` combined at positions ``index`` by 'sum', 'mean', 'amax' or 'amin' (torch.scatter_reduce)."""
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if reduce == "prod":
        return _scatter_product(input, dim, index, _source(src, input, index), include_self)
    if not include_self:
        touched = _scatter(ops.zeros_like(input), dim, index, ops.ones(index.shape, input.dtype), "add") > 0
    if reduce in ("amax", "amin"):
        return _scatter_extreme(input, dim, index, _source(src, input, index), reduce, None if include_self else touched)
    start = input if include_self else mint.where(touched, ops.zeros((), input.dtype), input)
    total = scatter_add(start, dim, index, src)
    if reduce == "sum":
        return total
    ones = ops.ones_like(input) if include_self else mint.where(touched, ops.zeros((), input.dtype), ops.ones_like(input))
    count = _scatter(ones, dim, index, ops.ones(index.shape, input.dtype), "add")
    return total / count if _category(input.dtype) >= 2 else mint.floor_divide(total, count)


def _scatter_product(input: Tensor, dim: int, index: Tensor, src: Tensor, include_self: bool) -> Tensor:
    """Products, found outside the graph; the gradient of each factor is the product of the others."""
    if index.ndim == 0:
        return _scatter_product(input.reshape(1), 0, index.reshape(1), src.reshape(1), include_self).reshape(input.shape)
    start, factors = (ops.stop_gradient(x).asnumpy().astype(np.float64) for x in (input, src))
    grid = list(np.indices(index.shape))
    grid[_axis(dim, input.ndim)] = index.asnumpy()
    places = tuple(grid)
    kept = np.ones(start.shape, bool)
    if not include_self:
        kept[places] = False
    own = np.where(kept, start, 1.0)
    zeros, product = (own == 0).astype(np.int64), np.where(own == 0, 1.0, own)
    np.add.at(zeros, places, (factors == 0).astype(np.int64))
    np.multiply.at(product, places, np.where(factors == 0, 1.0, factors))
    whole = own.copy()
    np.multiply.at(whole, places, factors)
    result = Tensor(whole).astype(input.dtype)
    if _category(input.dtype) < 2:
        return result

    def others(values: Any, at: Any) -> Tensor:
        rest = zeros[at] - (values == 0)
        with np.errstate(invalid="ignore"):
            return Tensor(np.where(rest > 0, 0.0, product[at] / np.where(values == 0, 1.0, values))).astype(input.dtype)

    def moved(x: Tensor, factor: Tensor) -> Tensor:
        finite = ops.logical_and(ops.isfinite(x), ops.isfinite(factor))
        return mint.where(finite, (x - ops.stop_gradient(x)) * factor, ops.zeros((), x.dtype))

    own_part = moved(input, others(own, ...) * Tensor(kept).astype(input.dtype))
    return _scatter(result + own_part, dim, index, moved(src, others(factors, places)), "add")


def _scatter_extreme(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, fresh: Tensor | None) -> Tensor:
    """amax or amin: the value is found outside the graph, the gradient is shared evenly by the elements that attain it."""
    combine, worst = (np.maximum, -np.inf) if reduce == "amax" else (np.minimum, np.inf)
    start = ops.stop_gradient(input).asnumpy().astype(np.float64)
    kept = np.ones(start.shape, bool) if fresh is None else ~fresh.asnumpy()
    best = np.where(kept, start, worst)
    grid = list(np.indices(index.shape)) if index.ndim else [np.zeros(1, int)]
    places = index.asnumpy()
    grid[_axis(dim, input.ndim)] = places
    if input.ndim:
        combine.at(best, tuple(grid), ops.stop_gradient(src).asnumpy().astype(np.float64))
    else:
        best = combine(best, ops.stop_gradient(src).asnumpy().max() if reduce == "amax" else ops.stop_gradient(src).asnumpy().min())
    result = Tensor(np.asarray(best)).astype(input.dtype)
    if _category(input.dtype) < 2:
        return result
    mine, theirs = input == result, src == gather(result, dim, index)
    count = _scatter(mine.astype(input.dtype), dim, index, theirs.astype(input.dtype), "add")  # as in torch, with what is left out
    zero = ops.zeros((), input.dtype)
    shares = mint.where(ops.logical_and(mine, Tensor(kept)), input, zero) / count, mint.where(theirs, src, zero) / gather(count, dim, index)
    shared = _scatter(shares[0], dim, index, shares[1], "add")
    return mint.where(ops.isfinite(result), result + (shared - ops.stop_gradient(shared)), shared)  # inf - inf is no number


def index_put(input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False) -> Tensor:
    """``values`` written to (or added at) ``input[indices]`` (torch.index_put)."""
    numbers = np.arange(input.size).reshape(input.shape)
    places = numbers[tuple(slice(None) if i is None else i.asnumpy() for i in indices)]
    values = ops.broadcast_to(ops.cast(values, input.dtype), places.shape).reshape(-1)
    flat = Tensor(places.reshape(-1), mindspore.int64)
    return _scatter(input.reshape(-1), 0, flat, values, "add" if accumulate else "none").reshape(input.shape)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` where the mask holds (torch.masked_fill)."""
    fill = ops.cast(value, input.dtype) if isinstance(value, Tensor) else mindspore.tensor(value, dtype=input.dtype)
    return mint.where(mask, fill, input)


def masked_select(input: Tensor, mask: Tensor, *, out: None = None) -> Tensor:
    """The elements where the mask holds, in order; both are broadcast (torch.masked_select)."""
    if input.shape != mask.shape:
        shape = np.broadcast_shapes(input.shape, mask.shape)
        input, mask = ops.broadcast_to(input, shape), ops.broadcast_to(mask, shape)
    return mint.masked_select(input, mask)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The first elements of ``source``, in order, where the mask holds (torch.masked_scatter)."""
    shape = np.broadcast_shapes(input.shape, mask.shape)
    places = np.flatnonzero(np.broadcast_to(mask.asnumpy(), shape))
    flat = ops.broadcast_to(input, shape).reshape(-1)
    return _scatter(flat, 0, Tensor(places, mindspore.int64), source.reshape(-1)[: len(places)], "none").reshape(shape)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among ``test_elements`` (torch.isin)."""
    x, y = (v.asnumpy() if isinstance(v, Tensor) else np.asarray(v) for v in (elements, test_elements))
    return Tensor(np.isin(x, y, invert=invert))


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: None = None) -> Tensor:
    """Index of the bucket that each value falls into (torch.bucketize)."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def searchsorted(sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
                 out: None = None, sorter: Tensor | None = None) -> Tensor:  # fmt: skip
    """Where ``input`` would be inserted to keep the innermost dimension sorted (torch.searchsorted)."""
    rows, values = sorted_sequence.asnumpy(), input.asnumpy() if isinstance(input, Tensor) else np.asarray(input)
    rows = rows if sorter is None else np.take_along_axis(rows, sorter.asnumpy(), -1)
    where_to: Any = "right" if right or side == "right" else "left"
    if not values.size:
        found = np.zeros(values.shape, np.int64)
    elif rows.ndim == 1:
        found = np.searchsorted(rows, values, where_to)
    else:
        count = int(np.prod(rows.shape[:-1]))
        pairs = zip(rows.reshape(count, rows.shape[-1]), values.reshape(count, values.shape[-1]))
        found = np.array([np.searchsorted(row, value, where_to) for row, value in pairs]).reshape(values.shape)
    return Tensor(np.asarray(found), mindspore.int32 if out_int32 else mindspore.int64)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often (or with which total weight) each number occurs (torch.bincount)."""
    if weights is None:
        return Tensor(np.bincount(input.asnumpy(), minlength=minlength), mindspore.int64)
    total = np.bincount(input.asnumpy(), weights.asnumpy(), minlength)
    return Tensor(total.astype(np.float32)) if weights.dtype == mindspore.float32 else Tensor(total)


def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The elements (or parts along ``dim``) that differ from the one before (torch.unique_consecutive)."""
    if input.size:
        return mint.unique_consecutive(input, return_inverse, return_counts, dim)
    none = ops.zeros((0,), mindspore.int64)
    found = (input if dim is not None else input.reshape(-1), *[none] * (bool(return_inverse) + bool(return_counts)))
    return found if len(found) > 1 else found[0]


def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The different values (slices along ``dim``) in order, with their positions and counts if asked (torch.unique)."""
    values, inverse, counts = np.unique(input.asnumpy(), return_inverse=True, return_counts=True, axis=dim)
    inverse = inverse.reshape(input.shape) if dim is None else inverse.reshape(-1)
    result = [Tensor(values)]
    result += [Tensor(inverse, mindspore.int64)] if return_inverse else []
    result += [Tensor(counts, mindspore.int64)] if return_counts else []
    return result[0] if len(result) == 1 else tuple(result)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """Row and column numbers of the lower triangle (torch.tril_indices)."""
    return Tensor(np.stack(np.tril_indices(row, offset, col)), mindspore.int64 if dtype is None else dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """Row and column numbers of the upper triangle (torch.triu_indices)."""
    return Tensor(np.stack(np.triu_indices(row, offset, col)), mindspore.int64 if dtype is None else dtype)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """Distances in the p-norm between all pairs of rows (torch.cdist)."""
    difference = x1.expand_dims(-2) - x2.expand_dims(-3)
    size = ops.abs(difference)
    if size.size == 0:
        return ops.zeros(size.shape[:-1], size.dtype)
    if p == 0:
        return (difference != 0).astype(x1.dtype).sum(-1)
    if p == float("inf"):
        return mint.amax(size, -1)
    total = (size if p == 1 else size * size if p == 2 else size**p).sum(-1)
    if p == 1:
        return total
    positive = total > 0
    root = mint.where(positive, total, ops.ones_like(total)) ** (1.0 / p)
    return mint.where(positive, root, ops.zeros_like(total))


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension (F.pairwise_distance)."""
    size = _magnitude(_as_float(x1) - x2 + eps)
    if p == float("inf"):
        return mint.amax(size, -1, keepdim)
    return _sum(size**p, -1, keepdim) ** (1.0 / p)
