"""Reading and writing parts of a tensor in the forms that MindSpore's own indexing gets wrong on CPU."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any, Final

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, ops

from .compiled_forms import is_compiling

#: Operators whose result shares memory with their operand, as MindSpore's records call them. What is written into parts reaches the operand's record.
_VIEWS: Final = frozenset(
    {"Transpose", "Reshape", "View", "Slice", "SelectExtView", "Diagonal", "ExpandDims", "Squeeze", "BroadcastTo", "AsStrided"}
)
_PARTS: Final = frozenset({"SelectView", "StridedSlice"})


def get_item(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` with slices that skip elements: those are selected by position, because the gradient of a strided slice fails, as does that of
    numbers alone, of which some are tensors. Elements that a tensor or list picks are a tensor of their own."""
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) > 1 and all(map(_is_number, parts)):
        return x[tuple([part.reshape(1) if isinstance(part, Tensor) else part for part in parts])][0]
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
    return x[plain] if is_compiling() else _own(x[plain])


def as_index(index: Any) -> Any:
    """An index as MindSpore's tensors take it: NumPy's numbers as Python's, arrays and ranges as tensors (of bytes, masks). Others stay."""
    if isinstance(index, tuple):
        return tuple([as_index(part) for part in index])
    if isinstance(index, list) and any(isinstance(part, (np.generic, np.ndarray)) for part in index):
        index = np.asarray(index)
    if isinstance(index, (np.generic, np.ndarray)) and index.ndim == 0:
        return index.item()
    if isinstance(index, (np.ndarray, range)):
        array = np.asarray(index)
        return Tensor(array.astype(np.bool_ if array.dtype in (np.bool_, np.uint8) else np.int64))
    return index


def _own(x: Tensor) -> Tensor:
    """Elements that were picked by a tensor or list, without MindSpore's memory of the tensor that they were read from, which it writes back to."""
    index = getattr(x, "index_of_parent_", None)
    if any(map(_picks, index if isinstance(index, tuple) else (index,))):
        x.parent_tensor_ = x.index_of_parent_ = None
    return x


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
    """``x.copy_(value)`` whatever memory ``x`` is a view of: MindSpore's ``copy_`` is lost on views of a part, or fails. Returns ``x``."""
    if is_compiling() or isinstance(x, Parameter):
        return x.copy_(value)
    node = getattr(x, "_grad_node", None)
    if node is not None and node.name() in (_VIEWS if x.ndim else _PARTS | _VIEWS):
        warnings.warn("a view is changed in place while it is differentiated: of MindSpore's tensors that share its memory only it has the new values "
                      "and their gradient", stacklevel=2)  # fmt: skip
    if x.size == 0:  # there is nothing to write, and MindSpore's assignment fails
        return x
    x = _own(x)
    if isinstance(value, Tensor):
        value = value.astype(x.dtype)
        if value.shape != x.shape:
            value = ops.broadcast_to(value, x.shape)
    if x.ndim:
        x[:] = value
    elif node is None:
        x.reshape(1)[:] = value.reshape(1) if isinstance(value, Tensor) else value
    else:
        x.copy_(value)
    return x


def update(x: Tensor, function: Callable[[Tensor], Any]) -> Tensor:
    """``x`` with the values of ``function(x)`` in its place, for every name of it. Returns ``x``."""
    return copy_into(x, function(x))


def set_tensor(x: Tensor, value: Tensor) -> Tensor:
    """``x`` shows the elements of ``value``, in its shape, for all who hold ``x``, as after torch's ``unsqueeze_`` and ``resize_``. Returns ``x``."""
    x.assign_value(value)
    return x


def deepcopy(x: Any, memo: dict[int, Any] | None = None) -> Any:
    """copy.deepcopy with tensors that have memory of their own, as torch's copies do: of MindSpore's, parameters alone have."""
    memo = {} if memo is None else memo
    before = set(memo)
    made = copy.deepcopy(x, memo)
    with mindspore._no_grad():
        for key, each in list(memo.items()):
            if key not in before and isinstance(each, Tensor) and not isinstance(each, Parameter):
                set_tensor(each, each.copy())
    return made


@ops.constexpr
def _slice_positions(start: int | None, stop: int | None, step: int, size: int) -> tuple[int, ...]:
    """Which elements of an axis of length ``size`` a slice chooses; worked out in Python when a graph is compiled."""
    return tuple(range(*slice(start, stop, step).indices(size)))


@ops.constexpr
def _slice_length(start: Any, stop: Any, step: Any, size: int) -> int:
    """How many elements of an axis of length ``size`` a slice chooses; worked out in Python when a graph is compiled."""
    return len(range(*slice(start, stop, step).indices(size)))


def set_item(x: Tensor, index: Any, value: Any) -> Tensor:
    """``x[index] = value`` where a slice may be empty, which MindSpore refuses and torch ignores, or where a tensor or list picks elements of one
    whose memory others share, which MindSpore gives memory of its own. Returns ``x``, which a graph does not change."""
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
    if not is_compiling() and any(isinstance(part, (list, Tensor)) for part in parts):
        new = x.copy()
        new[index] = value
        return copy_into(x, new)
    x[index] = value
    return x


def as_element(value: Tensor, place: Tensor) -> Tensor:
    """What is written into ``place`` of a tensor: ``value`` without the first axes of length one that the place does not have."""
    shape = value.shape
    while len(shape) > place.ndim and shape[0] == 1:
        shape = shape[1:]
    return value.reshape(shape)


def _picks(part: Any) -> bool:
    """Whether a part of an index chooses elements one by one."""
    return isinstance(part, list) or (isinstance(part, Tensor) and bool(part.ndim))


def _is_number(part: Any) -> bool:
    return isinstance(part, int) or (isinstance(part, Tensor) and not part.ndim and part.dtype != mindspore.bool_)


def _is_mask(part: Any) -> bool:
    return isinstance(part, Tensor) and part.dtype == mindspore.bool_
