"""What do torch's tensor functions and methods compute where ``keras.ops`` has no single call that agrees?

Mostly: torch's integers are int64 where Keras makes int32, a size of -1 keeps an axis, variance is unbiased, a gradient at a bound passes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from ._common import Tensor, _axis, _dtype_name, _index_dtype, _shape
from .functional import ValuesIndices


def _sizes(size: tuple[Any, ...]) -> tuple[Any, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else size


def _python_dtype(value: Any) -> str:
    """The dtype torch gives to Python numbers: bool, int64 or the default float."""
    kind = np.asarray(value).dtype.kind
    return {"b": "bool", "i": _index_dtype(), "u": _index_dtype()}.get(kind, str(keras.config.floatx()))


def dtype_text(dtype: Any) -> str:
    """How torch writes a dtype (``torch.float32``), which Keras calls by a string; another object's own text."""
    return f"torch.{dtype}" if isinstance(dtype, str) else str(dtype)


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


def zeros(
    *size: Any, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False
) -> Tensor:
    """Zeros (torch.zeros)."""
    return ops.zeros(_sizes(size), dtype=_dtype_name(dtype))


def ones(
    *size: Any, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False
) -> Tensor:
    """Ones (torch.ones)."""
    return ops.ones(_sizes(size), dtype=_dtype_name(dtype))


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


def amax(input: Tensor, dim: int | Sequence[int] = (), keepdim: bool = False) -> Tensor:
    """Largest element along ``dim``, over all axes where it is empty (torch.amax)."""
    return ops.max(input, axis=_axes(dim), keepdims=keepdim)


def amin(input: Tensor, dim: int | Sequence[int] = (), keepdim: bool = False) -> Tensor:
    """Smallest element along ``dim``, over all axes where it is empty (torch.amin)."""
    return ops.min(input, axis=_axes(dim), keepdims=keepdim)


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


def einsum(*args: Any) -> Tensor:
    """Sum of products by ``equation`` (torch.einsum); the operands may stand in one list."""
    equation, *operands = args
    return ops.einsum(equation, *(operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands))


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor of the backend, a variable, or a symbol of a graph that Keras traces (torch.is_tensor)."""
    return ops.is_tensor(obj) or isinstance(obj, (keras.KerasTensor, keras.Variable))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same (torch.equal)."""
    return tuple(input.shape) == tuple(other.shape) and bool(ops.all(ops.equal(input, other)))


def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other (torch.add)."""
    return ops.add(input, other if alpha == 1 else ops.multiply(other, alpha))


def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other (torch.sub)."""
    return ops.subtract(input, other if alpha == 1 else ops.multiply(other, alpha))


def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, rounded down for 'floor' and towards zero for 'trunc', whose results keep whole numbers whole (torch.div)."""
    if rounding_mode is None:
        return ops.divide(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    down = ops.floor_divide(input, other)
    inexact = ops.not_equal(ops.multiply(down, other), input)
    return ops.where(ops.logical_and(ops.less(down, 0), inexact), ops.add(down, 1), down)


def view(input: Tensor, *shape: Any) -> Tensor:
    """The elements in another shape; views of another dtype are not made (torch.Tensor.view)."""
    if len(shape) == 1 and isinstance(shape[0], str):
        raise NotImplementedError("view(dtype) has no counterpart")
    return ops.reshape(input, _sizes(shape))


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Axes in the order ``dims`` (torch.Tensor.permute)."""
    return ops.transpose(input, axes=_sizes(dims))


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Copies along each axis (torch.Tensor.repeat)."""
    return ops.tile(input, _sizes(repeats))


_DTYPES = frozenset(
    ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
)


def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """In another dtype; a device has no meaning here (torch.Tensor.to)."""
    for value in (*args, *kwargs.values()):
        if is_tensor(value):
            return ops.cast(input, _dtype_name(value.dtype))
        if isinstance(value, str) and value in _DTYPES:
            return ops.cast(input, value)
    return input


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one (torch.is_floating_point)."""
    return "float" in _dtype_name(input.dtype)


def drawn_normal(input: Tensor, mean: Any = 0, std: Any = 1, *, generator: Any = None) -> Tensor:
    """N(mean, std^2) in the shape and dtype of ``input`` (torch.Tensor.normal_ on a new tensor)."""
    return keras.random.normal(_shape(input), mean, std, dtype=_dtype_name(input.dtype))


def drawn_uniform(input: Tensor, a: Any = 0, b: Any = 1, *, generator: Any = None) -> Tensor:
    """U(a, b) in the shape and dtype of ``input`` (torch.Tensor.uniform_ on a new tensor)."""
    return keras.random.uniform(_shape(input), a, b, dtype=_dtype_name(input.dtype))


def drawn_bernoulli(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """1 with probability ``p``, else 0, in the shape and dtype of ``input`` (torch.Tensor.bernoulli_ on a new tensor)."""
    return ops.cast(keras.random.uniform(_shape(input)) < p, _dtype_name(input.dtype))


def gradient_free(function: Any) -> Any:
    """``function`` with results that carry no gradient (the decorator torch.no_grad())."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return keras.tree.map_structure(lambda value: ops.stop_gradient(value) if ops.is_tensor(value) else value, result)

    return wrapped


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor (torch.as_tensor); tensors and arrays keep their dtype."""
    return tensor(data, dtype=dtype)


def byte_tensor(*data: Any) -> Tensor:
    """uint8 values, or zeros of the sizes given by numbers (torch.ByteTensor)."""
    if data and all(isinstance(value, int) for value in data):
        return ops.zeros(data, dtype="uint8")
    return ops.convert_to_tensor(np.asarray(data[0] if data else []), dtype="uint8")


def is_byte_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor of uint8 (``isinstance(obj, torch.ByteTensor)``)."""
    return is_tensor(obj) and _dtype_name(obj.dtype) == "uint8"


def fmod(input: Tensor, other: Any) -> Tensor:
    """The remainder that has the dividend's sign (torch.fmod)."""
    return ops.sign(input) * ops.mod(ops.abs(input), ops.abs(other))


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of a grid, one tensor for each axis (torch.meshgrid)."""
    axes = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    return tuple(ops.meshgrid(*axes, indexing=indexing))


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number occurs, or the sum of its weights (torch.bincount)."""
    counts = ops.bincount(ops.cast(input, "int32"), weights=weights, minlength=minlength)
    return ops.cast(counts, _index_dtype() if weights is None else _dtype_name(counts.dtype))


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Counts in ``bins`` equal intervals of [min, max], by default the range of the values (torch.histc)."""
    low, high = (float(ops.min(input)), float(ops.max(input))) if min == max else (float(min), float(max))
    low, high = (low - 1, high + 1) if low == high else (low, high)
    flat = ops.reshape(ops.cast(input, "float32"), (-1,))
    position = ops.clip(ops.cast(ops.floor((flat - low) * (bins / (high - low))), "int32"), 0, bins - 1)
    inside = ops.logical_and(flat >= low, flat <= high)
    hits = ops.logical_and(ops.expand_dims(position, 1) == ops.arange(bins, dtype="int32"), ops.expand_dims(inside, 1))
    return ops.sum(ops.cast(hits, _dtype_name(input.dtype)), axis=0)


def randint(
    *args: Any, low: Any = None, high: Any = None, size: Any = None, dtype: Any = None, generator: Any = None, device: Any = None
) -> Tensor:
    """Whole numbers from low, 0 where it is left out, below high (torch.randint): ``([low,] high, size)``."""
    given = [*args, *(value for value in (low, high, size) if value is not None)]
    first, last, shape = given if len(given) == 3 else (0, *given)
    numbers = keras.random.randint(tuple(shape), first, last, dtype="int32")
    return ops.cast(numbers, _dtype_name(dtype) if dtype is not None else _index_dtype())


def randperm(n: int, *, dtype: Any = None, generator: Any = None, device: Any = None) -> Tensor:
    """The numbers below ``n`` in random order (torch.randperm)."""
    return ops.cast(keras.random.shuffle(ops.arange(n, dtype="int32")), _dtype_name(dtype) if dtype is not None else _index_dtype())


def sample_dirichlet(concentration: Tensor, generator: Any = None) -> Tensor:
    """A draw from the Dirichlet distribution along the last axis (torch._sample_dirichlet)."""
    drawn = keras.random.gamma(_shape(concentration), concentration, dtype=_dtype_name(concentration.dtype))
    return drawn / ops.sum(drawn, axis=-1, keepdims=True)


class LeastSquares(NamedTuple):
    """What torch.linalg.lstsq returns; on Keras only the solution is computed."""

    solution: Tensor


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The x with the smallest |input x - b| (torch.linalg.lstsq)."""
    return LeastSquares(ops.lstsq(input, b, rcond=rcond))


def dtype_is_floating_point(dtype: Any) -> bool:
    """Whether a dtype is a floating one (torch.dtype.is_floating_point)."""
    return "float" in _dtype_name(dtype)


def data_of(input: Tensor) -> Tensor:
    """The values without their history: a variable itself, a tensor cut off from its gradient (torch.Tensor.data)."""
    return input if isinstance(input, keras.Variable) else ops.stop_gradient(input)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The ``k`` largest or smallest elements along ``dim``, and where they stand (torch.topk)."""
    moved = ops.moveaxis(input, dim, -1)
    values, indices = ops.top_k(moved if largest else -moved, k)
    values = values if largest else -values
    return ValuesIndices(ops.moveaxis(values, -1, dim), ops.cast(ops.moveaxis(indices, -1, dim), _index_dtype()))


def diff(input: Tensor, n: int = 1, dim: int = -1) -> Tensor:
    """Differences of neighbours along ``dim``, ``n`` times (torch.diff)."""
    return ops.diff(input, n, axis=dim)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """``length`` elements from ``start`` along ``dim`` (torch.narrow)."""
    axis = _axis(dim, len(input.shape))
    first = start if start >= 0 else start + input.shape[axis]
    return input[(slice(None),) * axis + (slice(first, first + length),)]


def new_zeros(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the dtype of ``input`` (torch.Tensor.new_zeros)."""
    return ops.zeros(_sizes(size), dtype=_dtype_name(input.dtype if dtype is None else dtype))


def new_ones(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the dtype of ``input`` (torch.Tensor.new_ones)."""
    return ops.ones(_sizes(size), dtype=_dtype_name(input.dtype if dtype is None else dtype))


def new_full(input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """``fill_value`` everywhere in the dtype of ``input`` (torch.Tensor.new_full)."""
    return ops.full(tuple(size), fill_value, dtype=_dtype_name(input.dtype if dtype is None else dtype))
