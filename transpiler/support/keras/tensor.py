"""What do torch's tensor functions and methods compute where ``keras.ops`` has no single call that agrees?

Mostly: torch's integers are int64 where Keras makes int32, a size of -1 keeps an axis, variance is unbiased, a gradient at a bound passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ._common import Tensor, _axis, _dtype_name, _index_dtype, _shape


def _sizes(size: tuple[Any, ...]) -> tuple[Any, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else size


def _python_dtype(value: Any) -> str:
    """The dtype torch gives to Python numbers: bool, int64 or the default float."""
    kind = np.asarray(value).dtype.kind
    return {"b": "bool", "i": _index_dtype(), "u": _index_dtype()}.get(kind, str(keras.config.floatx()))


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor with a copy of ``data`` (torch.tensor); arrays and tensors keep their dtype."""
    if dtype is not None:
        return ops.convert_to_tensor(data, dtype=_dtype_name(dtype))
    if isinstance(data, (np.ndarray, np.generic)) or ops.is_tensor(data):
        return ops.convert_to_tensor(np.array(data))
    return ops.convert_to_tensor(np.asarray(data), dtype=_python_dtype(data))


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """start, start + step, … below end (torch.arange); whole numbers give int64."""
    first, last = (0, start) if end is None else (start, end)
    whole = all(not isinstance(value, float) for value in (first, last, step))
    name = _dtype_name(dtype) if dtype is not None else _index_dtype() if whole else keras.config.floatx()
    return ops.arange(first, last, step, dtype=name)


def full(size: Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """``fill_value`` everywhere (torch.full); its type gives the dtype."""
    return ops.full(tuple(size), fill_value, dtype=_dtype_name(dtype) if dtype is not None else _python_dtype(fill_value))


def rand(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Any = None) -> Tensor:
    """U(0, 1) (torch.rand); ``keras.utils.set_random_seed`` seeds it."""
    return keras.random.uniform(_sizes(size), dtype=_dtype_name(dtype))


def randn(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Any = None) -> Tensor:
    """N(0, 1) (torch.randn); ``keras.utils.set_random_seed`` seeds it."""
    return keras.random.normal(_sizes(size), dtype=_dtype_name(dtype))


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Broadcasts to ``sizes``; -1 keeps an axis (torch.Tensor.expand)."""
    wanted, own = _sizes(sizes), _shape(input)
    added = len(wanted) - len(own)
    return ops.broadcast_to(input, tuple(own[i - added] if isinstance(n, int) and n == -1 else n for i, n in enumerate(wanted)))


def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Drops axes of length 1; an axis named in ``dim`` that is longer stays (torch.squeeze)."""
    rank = len(input.shape)
    named = range(rank) if dim is None else [_axis(d, max(rank, 1)) for d in ([dim] if isinstance(dim, int) else dim)]
    axes = [axis for axis in named if axis < rank and input.shape[axis] == 1]
    return ops.squeeze(input, axis=tuple(axes)) if axes else input


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim`` (torch.unbind)."""
    axis = _axis(dim, len(input.shape))
    return tuple(ops.take(input, index, axis=axis) for index in range(input.shape[axis]))


def _is_whole(x: Tensor) -> bool:
    return _dtype_name(x.dtype) == "bool" or "int" in _dtype_name(x.dtype)


def _axes(dim: int | Sequence[int] | None) -> int | tuple[int, ...] | None:
    """Keras's ``axis`` for torch's ``dim``: an empty list means all."""
    return dim if isinstance(dim, int) else tuple(dim) if dim else None


def reduce_sum(input: Tensor, dim: int | Sequence[int] | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum (torch.sum); whole numbers and booleans add up in int64."""
    name = _dtype_name(dtype) if dtype is not None else _index_dtype() if _is_whole(input) else _dtype_name(input.dtype)
    return ops.sum(ops.cast(input, name), axis=_axes(dim), keepdims=keepdim)


def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running sum along ``dim`` (torch.cumsum); whole numbers and booleans add up in int64."""
    name = _dtype_name(dtype) if dtype is not None else _index_dtype() if _is_whole(input) else _dtype_name(input.dtype)
    return ops.cumsum(ops.cast(input, name), axis=dim)


def var(
    input: Tensor, dim: int | Sequence[int] | None = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """Variance with n - correction below the line, 1 unless told otherwise (torch.var)."""
    if isinstance(dim, bool):  # torch.var(x, unbiased)
        return var(input, None, dim, keepdim, correction=correction)
    axes = _axes(dim)
    named = range(len(input.shape)) if axes is None else (axes,) if isinstance(axes, int) else axes
    sizes = _shape(input)
    count = math.prod(sizes[axis] for axis in named)
    below = count - (int(unbiased) if correction is None else correction)
    total = ops.sum(ops.square(input - ops.mean(input, axis=axes, keepdims=True)), axis=axes, keepdims=keepdim)
    return total / ops.cast(ops.maximum(below, 0), total.dtype)


def std(
    input: Tensor, dim: int | Sequence[int] | None = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """Square root of ``var`` (torch.std)."""
    return ops.sqrt(var(input, dim, unbiased, keepdim, correction=correction))


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the largest element, over all of them without ``dim`` (torch.argmax), in int64."""
    return ops.cast(ops.argmax(input, axis=dim, keepdims=keepdim), _index_dtype())


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the smallest element, over all of them without ``dim`` (torch.argmin), in int64."""
    return ops.cast(ops.argmin(input, axis=dim, keepdims=keepdim), _index_dtype())


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` where ``mask`` is True (torch.Tensor.masked_fill)."""
    return ops.where(mask, ops.cast(value, _dtype_name(input.dtype)), input)


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements at ``index`` along ``dim``; the other axes may be shorter in ``index`` than in ``input`` (torch.gather)."""
    axis = _axis(dim, len(input.shape))
    window = tuple(slice(None) if i == axis else slice(0, n) for i, n in enumerate(index.shape))
    return ops.take_along_axis(input[window], index, axis=axis)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Values below ``min`` and above ``max`` set to them (torch.clamp); the gradient at a bound passes."""
    if min is not None:
        input = ops.where(input < min, min, input)
    return input if max is None else ops.where(input > max, max, input)


def floor(input: Tensor) -> Tensor:
    """Largest whole number not above (torch.floor); whole numbers keep their dtype."""
    return input if _is_whole(input) else ops.floor(input)


def ceil(input: Tensor) -> Tensor:
    """Smallest whole number not below (torch.ceil); whole numbers keep their dtype."""
    return input if _is_whole(input) else ops.ceil(input)


def numel(input: Tensor) -> Any:
    """Number of elements (torch.numel)."""
    return math.prod(_shape(input))


def assert_true(condition: Any, message: str) -> None:
    """Raises AssertionError with ``message`` unless ``condition`` (torch._assert)."""
    if not condition:
        raise AssertionError(message)
