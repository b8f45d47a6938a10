"""Creating tensors and converting between dtypes: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, ops

from ._common import _cast, _category, _imag, _promote_pair, _real, _result_dtype, _scalar_dtype, _size
from .compiled_forms import is_compiling
from .tensor_items import copy_into


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A new tensor holding a copy of ``data``; Python floats become float32 (torch.tensor)."""
    if isinstance(data, Tensor):
        return _cast(ops.stop_gradient(data).copy(), dtype)
    if isinstance(data, Sequence) and not isinstance(data, (list, tuple, str, bytes)):  # a deque, a range
        data = list(data)
    leaves = _data_leaves(data)
    if dtype is None and not is_compiling() and not isinstance(data, (np.ndarray, np.generic)):
        dtype = _data_dtype(leaves)
    if isinstance(data, (list, tuple)) and any(isinstance(leaf, (Tensor, np.ndarray, np.generic)) for leaf in leaves):
        data = _plain(data)
    return mindspore.tensor(data, dtype=dtype)


def _data_dtype(leaves: list[Any]) -> Any:
    """What torch makes of numbers of which some have a dtype of their own or are complex; None where MindSpore does the same."""
    own = {leaf.dtype for leaf in leaves if isinstance(leaf, (Tensor, np.ndarray, np.generic))}
    plain = {type(leaf) for leaf in leaves if isinstance(leaf, (bool, int, float, complex)) and not isinstance(leaf, np.generic)}
    if not own and complex not in plain:
        return None
    dtypes = [_scalar_dtype(kind()) for kind in plain]
    dtypes += [Tensor(np.zeros(1, dtype)).dtype if isinstance(dtype, np.dtype) else dtype for dtype in own]
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = _promote_pair(result, dtype)
    return result


def _data_leaves(data: Any) -> list[Any]:
    return [leaf for item in data for leaf in _data_leaves(item)] if isinstance(data, (list, tuple)) else [data]


def _plain(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_plain(item) for item in data]
    return data.tolist() if isinstance(data, (Tensor, np.ndarray, np.generic)) else data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` itself where it is a tensor of that dtype, a new tensor otherwise (torch.as_tensor)."""
    return _cast(data, dtype) if isinstance(data, Tensor) else tensor(data, dtype=dtype)


def scalar_tensor(s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor, float32 unless a dtype is given (torch.scalar_tensor)."""
    value = s.item() if isinstance(s, Tensor) else s
    return mindspore.tensor(value, dtype=mindspore.float32 if dtype is None and not isinstance(value, complex) else dtype)


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, out: None = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Values from start up to end in steps; int64 unless a float is given (torch.arange)."""
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in ((0, start, step) if end is None else (start, end, step)))
    if dtype is None:
        dtype = mindspore.float32 if any(isinstance(v, float) for v in (start, end, step)) else mindspore.int64
    if dtype == mindspore.int64:
        start, end, step = int(start), int(end), int(step)  # other integer types are counted before they are cut off
    count = max(math.ceil((end - start) / step), 0)
    if _category(dtype) < 2:
        start, step = int(start), int(step)
    values = start + np.arange(count) * step
    return Tensor(values.astype(np.float64 if isinstance(start + step, float) else np.int64)).astype(dtype)


def linspace(start: Any, end: Any, steps: int, *, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``steps`` evenly spaced values, both ends included (torch.linspace)."""
    low, high = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if dtype is not None and _category(dtype) < 2:
        low, high = int(low), int(high)
    values = np.linspace(low, high, int(steps))
    return Tensor(values).astype(mindspore.float32 if dtype is None else dtype)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: None = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """base ** linspace(start, end, steps) (torch.logspace)."""
    low, high = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if dtype is not None and _category(dtype) < 2:
        low, high = int(low), int(high)
    values = np.power(float(base), np.linspace(low, high, int(steps)))
    return Tensor(values).astype(mindspore.float32 if dtype is None else dtype)


def zeros(*size: Any, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Zeros, float32 unless a dtype is given (torch.zeros)."""
    return ops.zeros(_size(size), mindspore.float32 if dtype is None else dtype)


def ones(*size: Any, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones, float32 unless a dtype is given (torch.ones)."""
    return ops.full(_size(size), 1, dtype=mindspore.float32 if dtype is None else dtype)


def empty(*size: Any, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
          requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor whose values mean nothing; here they are zeros (torch.empty)."""
    return zeros(*size, dtype=dtype)


def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor like ``input`` whose values mean nothing; here they are zeros (torch.empty_like)."""
    return ops.zeros(input.shape, input.dtype if dtype is None else dtype)


def tensor_new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
                     pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Zeros in the dtype of ``self`` (torch.Tensor.new_zeros)."""
    return ops.zeros(_size(size), self.dtype if dtype is None else dtype)


def tensor_new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
                    pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Ones in the dtype of ``self`` (torch.Tensor.new_ones)."""
    return ops.full(_size(size), 1, dtype=self.dtype if dtype is None else dtype)


def full(size: Any, fill_value: Any, *, out: None = None, names: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
         pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of one value; its dtype follows the value's Python type (torch.full)."""
    return ops.full(_size((size,)), fill_value, dtype=_result_dtype(fill_value) if dtype is None else dtype)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """One value in the shape and dtype of ``input`` (torch.full_like)."""
    return ops.full(input.shape, fill_value, dtype=input.dtype if dtype is None else dtype)


def tensor_new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
                    layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """One value in the dtype of ``self`` (torch.Tensor.new_full)."""
    return ops.full(_size((size,)), fill_value, dtype=self.dtype if dtype is None else dtype)


def tensor_new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
                      pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``data`` as a new tensor of the dtype of ``self`` (torch.Tensor.new_tensor)."""
    return tensor(data, dtype=self.dtype if dtype is None else dtype)


def eye(n: int, m: int | None = None, *, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones on the diagonal (torch.eye)."""
    return Tensor(np.eye(n, n if m is None else m)).astype(mindspore.float32 if dtype is None else dtype)


def tensor_complex(real: Tensor, imag: Tensor, *, out: None = None) -> Tensor:
    """real + i * imag (torch.complex)."""
    shape = np.broadcast_shapes(real.shape, imag.shape)
    return ops.Complex()(ops.broadcast_to(real, shape), ops.broadcast_to(imag, shape))


def polar(abs: Tensor, angle: Tensor, *, out: None = None) -> Tensor:
    """abs * (cos(angle) + i sin(angle)) (torch.polar)."""
    return ops.Complex()(abs * ops.cos(angle), abs * ops.sin(angle))


def view_as_complex(input: Tensor) -> Tensor:
    """The last dimension, of size 2, as real and imaginary part (torch.view_as_complex)."""
    return ops.Complex()(input[..., 0], input[..., 1])


def view_as_real(input: Tensor) -> Tensor:
    """Real and imaginary part along a new last dimension (torch.view_as_real)."""
    return ops.stack((_real(input), _imag(input)), -1)


def promote_types(type1: Any, type2: Any) -> Any:
    """The smallest dtype that both convert to (torch.promote_types)."""
    return _promote_pair(type1, type2)


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of an arithmetic result (torch.result_type)."""
    return _result_dtype(tensor1, tensor2)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a real floating one (torch.is_floating_point)."""
    return _category(input.dtype) == 2


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex (torch.is_complex)."""
    return _category(input.dtype) == 3


def dtype_is_floating_point(dtype: Any) -> bool:
    """Whether a dtype is a real floating one (torch.dtype.is_floating_point)."""
    return _category(dtype) == 2


class finfo:
    """Limits of a floating dtype: bits, eps, max, min, tiny, smallest_normal, resolution (torch.finfo)."""

    def __init__(self, type: Any = None) -> None:
        dtype = mindspore.float32 if type is None else type
        bfloat16 = dtype == mindspore.bfloat16
        limits: Any = None if bfloat16 else np.finfo(mindspore.dtype_to_nptype(dtype))
        self.bits = 16 if bfloat16 else int(limits.bits)
        self.eps = 2.0**-7 if bfloat16 else float(limits.eps)
        self.max = (2.0 - 2.0**-7) * 2.0**127 if bfloat16 else float(limits.max)
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0**-126 if bfloat16 else float(limits.tiny)
        self.resolution = 0.01 if bfloat16 else float(limits.resolution)
        self.dtype = str(dtype).lower()


class iinfo:
    """Limits of an integer dtype: bits, max, min (torch.iinfo)."""

    def __init__(self, type: Any) -> None:
        limits = np.iinfo(mindspore.dtype_to_nptype(type))
        self.bits, self.max, self.min, self.dtype = limits.bits, int(limits.max), int(limits.min), str(type).lower()


def tensor_to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``self`` in the dtype among the arguments (a dtype, or another tensor's); devices are ignored, everything is where it is (torch.Tensor.to)."""
    dtype = kwargs.get("dtype")
    for value in (*args, kwargs.get("other")):
        if isinstance(value, Tensor):
            dtype = value.dtype
        elif isinstance(value, mindspore.dtype.Type):
            dtype = value
    result = _cast(self, dtype)
    return ops.deepcopy(result) if kwargs.get("copy", False) and result is self else result


def tensor_type(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """The tensor in ``dtype``, or the name of its torch class where none is given (torch.Tensor.type)."""
    names = {mindspore.float32: "Float", mindspore.float64: "Double", mindspore.float16: "Half", mindspore.bfloat16: "BFloat16",
             mindspore.uint8: "Byte", mindspore.int8: "Char", mindspore.int16: "Short", mindspore.int32: "Int",
             mindspore.int64: "Long", mindspore.bool_: "Bool"}  # fmt: skip
    if dtype is None:
        return f"torch.{names[self.dtype]}Tensor"
    if isinstance(dtype, str):
        dtype = next(t for t, name in names.items() if dtype == f"torch.{name}Tensor")
    return _cast(self, getattr(dtype, "dtype", dtype))  # a typed tensor class has its dtype


def dtype_text(dtype: Any) -> str:
    """How torch writes a dtype (``torch.float32``); another object's own text."""
    return f"torch.{str(dtype).lower()}" if isinstance(dtype, mindspore.dtype.Type) else str(dtype)


def tensor_size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or its entry ``dim`` (torch.Tensor.size)."""
    return self.shape if dim is None else self.shape[dim]


def tensor_view(self: Tensor, *shape: Any) -> Tensor:
    """Another shape, or the same bits as another dtype (torch.Tensor.view)."""
    if len(shape) == 1 and isinstance(shape[0], mindspore.dtype.Type):
        return self.view(shape[0])
    return self.reshape(_size(shape))


def tensor_sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Sum over the dimensions along which ``size`` was broadcast to the shape of ``self`` (torch.Tensor.sum_to_size)."""
    shape = _size(size)
    lead = self.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 and self.shape[i + lead] != 1)
    if not axes:
        return self.astype(mindspore.int64) if self.ndim == 0 and self.dtype == mindspore.bool_ else self
    return self.sum(axes, keepdim=True).reshape(shape)


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy through which gradients flow (torch.clone)."""
    return ops.deepcopy(input)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor (torch.is_tensor)."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements (torch.numel)."""
    return math.prod(input.shape)


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that all of ``shapes`` broadcast to (torch.broadcast_shapes)."""
    return np.broadcast_shapes(*shapes)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape (torch.broadcast_tensors)."""
    items: Sequence[Tensor] = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    shape = np.broadcast_shapes(*(t.shape for t in items))
    return tuple(ops.broadcast_to(t, shape) for t in items)


def tensor_range(start: Any = 0, end: Any = None, step: Any = 1, *, out: None = None, dtype: Any = None, layout: Any = None,
                 device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Values from start to end, the end included, in steps; float32 (torch.range)."""
    count = math.floor((end - start) / step) + 1
    return Tensor(start + np.arange(count) * step).astype(mindspore.float32 if dtype is None else dtype)


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of unset values, here zeros; the strides have no meaning (torch.empty_strided)."""
    return ops.zeros(_size((size,)), mindspore.float32 if dtype is None else dtype)


def tensor_new_empty_strided(self: Tensor, size: Any, stride: Any, dtype: Any = None, layout: Any = None, device: Any = None,
                             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of unset values in the dtype of ``self``, here zeros (torch.Tensor.new_empty_strided)."""
    return ops.zeros(_size((size,)), self.dtype if dtype is None else dtype)


def tensor_new_of_size(self: Tensor, *size: Any) -> Tensor:
    """A tensor of unset values, here zeros, in the dtype of ``self`` (torch.Tensor.new with sizes)."""
    return ops.zeros(_size(size) if size else (0,), self.dtype)


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A one-dimensional tensor of a buffer's content, copied (torch.frombuffer)."""
    return Tensor(np.frombuffer(buffer, mindspore.dtype_to_nptype(dtype), count, offset).copy())


def tensor_apply_(self: Tensor, callable: Any) -> Tensor:
    """Each element replaced by a function of it (torch.Tensor.apply_)."""
    values = [callable(value) for value in self.asnumpy().reshape(-1).tolist()]
    return copy_into(self, Tensor(np.array(values).reshape(self.shape)).astype(self.dtype))


def tensor_map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Each element replaced by a function of it and another tensor's (torch.Tensor.map_)."""
    pairs = zip(self.asnumpy().reshape(-1).tolist(), ops.broadcast_to(tensor, self.shape).asnumpy().reshape(-1).tolist())
    return copy_into(self, Tensor(np.array([callable(a, b) for a, b in pairs]).reshape(self.shape)).astype(self.dtype))


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers (torch.is_signed)."""
    return input.dtype not in (mindspore.uint8, mindspore.uint16, mindspore.uint32, mindspore.uint64, mindspore.bool_)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a conversion keeps the category: complex, float, integer, boolean (torch.can_cast)."""
    return _category(from_) <= _category(to)
