"""Reading and writing parts of a tensor in the forms that MindSpore's own indexing gets wrong on CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
from mindspore import Tensor, ops


def get_item(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` with slices that skip elements: those are selected by position, because the gradient of a strided slice fails."""
    parts = index if isinstance(index, tuple) else (index,)
    axis = 0
    plain: tuple[Any, ...] = ()
    for part in parts:
        if isinstance(part, type(Ellipsis)):
            axis += x.ndim - _consumed(parts)
        elif isinstance(part, slice):
            if part.step is not None and part.step != 1:
                x = _take_every(x, axis, part.start, part.stop, part.step)
                part = slice(None)
            axis += 1
        elif part is not None:
            axis += part.ndim if _is_mask(part) else 1
        plain = (*plain, part)
    return x[plain]


def _consumed(parts: tuple[Any, ...]) -> int:
    """How many axes the parts of an index stand for, its ellipsis aside."""
    count = 0
    for part in parts:
        if part is not None and not isinstance(part, type(Ellipsis)):
            count += part.ndim if _is_mask(part) else 1
    return count


def _take_every(x: Tensor, axis: int, start: int | None, stop: int | None, step: int) -> Tensor:
    """``x[start:stop:step]`` along ``axis``."""
    positions = _slice_positions(start, stop, step, x.shape[axis])
    if not positions:
        return x[(slice(None),) * axis + (slice(0, 0),)]
    return ops.gather(x, Tensor(positions), axis)


def copy_into(x: Tensor, value: Any) -> Tensor:
    """``x.copy_(value)`` whatever memory ``x`` is a view of: MindSpore's ``copy_`` is lost on views that are not contiguous. Returns ``x``."""
    if x.ndim and not x.is_contiguous():
        x[:] = value.astype(x.dtype) if isinstance(value, Tensor) else value
        return x
    return x.copy_(value)


def update(x: Tensor, function: Callable[[Tensor], Any]) -> Tensor:
    """``x`` with the values of ``function(x)`` in its place, for every name of it. Returns ``x``."""
    return copy_into(x, function(x))


def set_tensor(x: Tensor, value: Tensor) -> Tensor:
    """``x`` shows the elements of ``value``, in its shape, for all who hold ``x``, as after torch's ``unsqueeze_`` and ``resize_``. Returns ``x``."""
    x.assign_value(value)
    return x


@ops.constexpr
def _slice_positions(start: int | None, stop: int | None, step: int, size: int) -> tuple[int, ...]:
    """Which elements of an axis of length ``size`` a slice chooses; worked out in Python when a graph is compiled."""
    return tuple(range(*slice(start, stop, step).indices(size)))


@ops.constexpr
def _slice_length(start: Any, stop: Any, step: Any, size: int) -> int:
    """How many elements of an axis of length ``size`` a slice chooses; worked out in Python when a graph is compiled."""
    return len(range(*slice(start, stop, step).indices(size)))


def set_item(x: Tensor, index: Any, value: Any) -> Tensor:
    """``x[index] = value`` where a slice may be empty, which MindSpore refuses and torch ignores. Returns ``x``, which a graph does not change."""
    parts = index if isinstance(index, tuple) else (index,)
    axis = 0
    for part in parts:
        if isinstance(part, type(Ellipsis)):
            axis += x.ndim - _consumed(parts)
        elif isinstance(part, slice):
            if _slice_length(part.start, part.stop, part.step, x.shape[axis]) == 0:
                return x
            axis += 1
        elif part is not None:
            axis += part.ndim if _is_mask(part) else 1
    x[index] = value
    return x


def _is_mask(part: Any) -> bool:
    return isinstance(part, Tensor) and part.dtype == mindspore.bool_
