"""Reading and writing parts of a tensor in the forms that MindSpore's own indexing gets wrong on CPU."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor, ops


def get_item(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` with slices that skip elements: those are selected by position, because the gradient of a strided slice fails."""
    plain, positions = [], []
    axis = 0
    parts = index if isinstance(index, tuple) else (index,)
    consumed = sum(1 for part in parts if part is not None and part is not Ellipsis and not _is_mask(part))
    consumed += sum(part.ndim for part in parts if _is_mask(part))
    for part in parts:
        if part is Ellipsis:
            axis += x.ndim - consumed
        elif isinstance(part, slice) and part.step not in (None, 1):
            positions.append((axis, range(*part.indices(x.shape[axis]))))
            part = slice(None)
            axis += 1
        elif part is not None:
            axis += part.ndim if _is_mask(part) else 1
        plain.append(part)
    for where, chosen in positions:
        x = ops.gather(x, Tensor(list(chosen) or [0]), where)[(slice(None),) * where + (slice(0, len(chosen)),)]
    return x[tuple(plain)]


def set_item(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value`` where a slice may be empty, which MindSpore refuses and torch ignores."""
    parts = index if isinstance(index, tuple) else (index,)
    axis = 0
    for position, part in enumerate(parts):
        if part is Ellipsis:
            axis = x.ndim - sum(1 for rest in parts[position + 1 :] if rest is not None)
        elif isinstance(part, slice):
            if not range(*part.indices(x.shape[axis])):
                return
            axis += 1
        elif part is not None:
            axis += part.ndim if _is_mask(part) else 1
    x[index] = value


def _is_mask(part: Any) -> bool:
    return isinstance(part, Tensor) and str(part.dtype) == "Bool"
