"""Writing into part of a tensor, with the result as a new tensor: torch.select_scatter and relatives, put, index_reduce.

Which elements are written is found by indexing the numbers 0 … n-1 in the tensor's shape, so each function is one scatter over the flat tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _axis, _memory_order, _scattered, _stack_of
from .tensor_items import copy_into


def _numbered(input: Tensor) -> Any:
    """The flat position of each element."""
    return np.arange(math.prod(input.shape)).reshape(input.shape)


def _replaced(input: Tensor, positions: Any, src: Tensor) -> Tensor:
    """``input`` with ``src`` at flat positions."""
    if not positions.size:
        return ops.deepcopy(input)
    target = Tensor(np.ascontiguousarray(positions).reshape(-1), mindspore.int64)
    values = (src if src.shape == positions.shape else ops.broadcast_to(src, positions.shape)).reshape(-1).astype(input.dtype)
    return _scattered(input.reshape(-1), target, values).reshape(input.shape)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """``input`` with ``src`` on a diagonal (torch.diagonal_scatter)."""
    return _replaced(input, np.diagonal(_numbered(input), offset, dim1, dim2), src)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """``input`` with ``src`` at one index of a dimension (torch.select_scatter)."""
    return _replaced(input, _numbered(input).take(index, dim), src)


def slice_scatter(input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """``input`` with ``src`` on a slice of a dimension (torch.slice_scatter)."""
    index = (slice(None),) * _axis(dim, input.ndim) + (slice(start, end, step),)
    return _replaced(input, _numbered(input)[index], src)


def as_strided_scatter(input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """``input`` with ``src`` at offset + sum of index * stride (torch.as_strided_scatter)."""
    positions = np.full(tuple(size), storage_offset or 0)
    for axis, (n, step) in enumerate(zip(size, stride)):
        positions = positions + (np.arange(n) * step).reshape((n,) + (1,) * (len(size) - axis - 1))
    order = _memory_order(input)
    stored = input.permute(order) if input.ndim else input
    fixed = ops.stop_gradient(stored)
    written = _replaced(fixed, positions, src)
    if input.is_floating_point():  # torch's derivative for the input is that of the elements which are replaced
        hit = np.isin(np.arange(fixed.size), positions).reshape(fixed.shape)
        written = written + (stored - fixed) * Tensor(hit).astype(input.dtype)
    return written.permute(tuple(int(i) for i in np.argsort(order))) if input.ndim else written


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """``input`` with ``source`` at flat positions, added where ``accumulate`` (torch.put)."""
    if not index.size:
        return ops.deepcopy(input)
    count = math.prod(input.shape)
    flat = index.reshape(-1).astype(mindspore.int64)
    flat = mint.where(flat < 0, flat + count, flat)
    reduction = "add" if accumulate else "none"
    values = source.reshape(-1)
    return _scattered(input.reshape(-1), flat, values, 0, reduction).reshape(input.shape)


def tensor_put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Writes ``source`` at flat positions (torch.Tensor.put_)."""
    return copy_into(self, put(self, index, source, accumulate))


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True, out: None = None
) -> Tensor:
    """The rows of ``source`` that go to one row reduced by 'prod', 'mean', 'amax' or 'amin' (torch.index_reduce)."""
    if input.ndim == 0:
        return index_reduce(input.reshape(1), 0, index.reshape(-1), source.reshape(1), reduce, include_self=include_self).reshape(())
    targets = [int(i) for i in index.asnumpy().reshape(-1)]
    sources = list(ops.unbind(source, dim)) if targets else []
    groups = [[] if targets.count(row) and not include_self else [old] for row, old in enumerate(ops.unbind(input, dim))]
    for row, value in zip(targets, sources):
        groups[row].append(value)
    return _stack_of([_reduce_rows(group, reduce) for group in groups], dim).astype(input.dtype)


def _reduce_rows(rows: list[Tensor], reduce: str) -> Tensor:
    if len(rows) == 1:
        return rows[0]
    if reduce == "prod":
        return math.prod(rows[1:], start=rows[0])
    if reduce == "mean":
        total: Any = sum(rows[1:], rows[0])
        is_float = total.dtype in (mindspore.float16, mindspore.bfloat16, mindspore.float32, mindspore.float64)
        return total / len(rows) if is_float else ops.floor_divide(total, len(rows))
    return (mint.amax if reduce == "amax" else mint.amin)(_stack_of(rows), 0)


def tensor_index_reduce_(self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """Reduces rows of ``source`` into rows (torch.Tensor.index_reduce_)."""
    return copy_into(self, index_reduce(self, dim, index, source, reduce, include_self=include_self))


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The coordinates of flat positions (torch.unravel_index)."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    found = []
    for size in reversed(sizes):
        rows = _whole_quotient(indices, size)
        found.append(indices - rows * size)
        indices = rows
    return tuple(reversed(found))


def _whole_quotient(indices: Tensor, size: int) -> Tensor:
    """indices // size; of large sizes outside the graph, since MindSpore divides in floating point."""
    return Tensor(indices.asnumpy() // size) if size > 2**24 else ops.floor_divide(indices, size)


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1, out: None = None) -> Tensor:
    """The first ``size`` positions that are not zero, filled up with ``fill_value`` (torch.nonzero_static)."""
    found = np.argwhere(input.asnumpy())[:size]
    rest = np.full((size - len(found), found.shape[1]), fill_value, np.int64)
    return Tensor(np.concatenate([found, rest]).astype(np.int64))
