"""torch's typed tensor classes (``torch.LongTensor``): constructors of one dtype that also answer ``isinstance``."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor


class TypedTensor(type):
    """The type of the classes below: calling one makes a tensor of its dtype (of given sizes, or from data), testing against one asks for it."""

    dtype: Any

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        dtype = mindspore.dtype_to_nptype(cls.dtype)
        if len(data) == 1 and not isinstance(data[0], int):
            values = data[0].asnumpy() if isinstance(data[0], Tensor) else np.asarray(data[0])
            return Tensor(values.astype(dtype))
        return Tensor(np.zeros(data, dtype))

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype


class FloatTensor(metaclass=TypedTensor):
    """torch.FloatTensor."""

    dtype = mindspore.float32


class DoubleTensor(metaclass=TypedTensor):
    """torch.DoubleTensor."""

    dtype = mindspore.float64


class HalfTensor(metaclass=TypedTensor):
    """torch.HalfTensor."""

    dtype = mindspore.float16


class LongTensor(metaclass=TypedTensor):
    """torch.LongTensor."""

    dtype = mindspore.int64


class IntTensor(metaclass=TypedTensor):
    """torch.IntTensor."""

    dtype = mindspore.int32


class ShortTensor(metaclass=TypedTensor):
    """torch.ShortTensor."""

    dtype = mindspore.int16


class CharTensor(metaclass=TypedTensor):
    """torch.CharTensor."""

    dtype = mindspore.int8


class ByteTensor(metaclass=TypedTensor):
    """torch.ByteTensor."""

    dtype = mindspore.uint8


class BoolTensor(metaclass=TypedTensor):
    """torch.BoolTensor."""

    dtype = mindspore.bool_
