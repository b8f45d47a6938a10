"""Sums and products as torch's operators compute them, complex numbers included.

MindSpore's operators refuse Python's complex numbers, do not mix complex with real tensors, and have no derivative there; so complex results are
computed by their parts.
"""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, ops

from ._common import _category, _imag, _real, _result_dtype
from .compiled_forms import is_compiling


def add(input: Any, other: Any, *, alpha: Any = 1, out: None = None) -> Any:
    """input + alpha * other (torch.add)."""
    input, other = _operands(input, other)
    if not _is_complex(input, other):
        return input + (other if alpha == 1 else alpha * other)
    x, y = _in_one_dtype(input, other)
    return x + (y if alpha == 1 else mul(y, alpha))


def sub(input: Any, other: Any, *, alpha: Any = 1, out: None = None) -> Any:
    """input - alpha * other (torch.sub)."""
    input, other = _operands(input, other)
    if not _is_complex(input, other):
        return input - (other if alpha == 1 else alpha * other)
    x, y = _in_one_dtype(input, other)
    return x - (y if alpha == 1 else mul(y, alpha))


def mul(input: Any, other: Any, *, out: None = None) -> Any:
    """input * other (torch.mul)."""
    input, other = _operands(input, other)
    if not _is_complex(input, other):
        return input * other
    x, y = _in_one_dtype(input, other)
    a, b, c, d = _real(x), _imag(x), _real(y), _imag(y)
    return ops.Complex()(a * c - b * d, a * d + b * c)


def _operands(input: Any, other: Any) -> tuple[Any, Any]:
    """The operands with NumPy's arrays beside a tensor as tensors, and its numbers as Python's, as torch takes them."""
    if is_compiling() or isinstance(input, Tensor) == isinstance(other, Tensor):
        return input, other
    return (input, _from_numpy(other, input)) if isinstance(input, Tensor) else (_from_numpy(input, other), other)


def _from_numpy(value: Any, beside: Tensor) -> Any:
    """A number or an array of NumPy's beside a tensor. Arrays are promoted as NumPy does, those of one number as torch does."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 0:
        return ops.cast(Tensor(value), _result_dtype(beside, Tensor(value)))
    return Tensor(value.astype(np.result_type(mindspore.dtype_to_nptype(beside.dtype), value.dtype)))


def _complex_quotient(input: Any, other: Any) -> Tensor:
    """input / other; the divisor is scaled by its larger part, so that its square stays finite."""
    x, y = _in_one_dtype(input, other)
    a, b, c, d = _real(x), _imag(x), _real(y), _imag(y)
    scale = ops.stop_gradient(ops.maximum(ops.abs(c), ops.abs(d)))
    c, d = c / scale, d / scale
    size = (c * c + d * d) * scale
    return ops.Complex()((a * c + b * d) / size, (b * c - a * d) / size)


def _complex_power(input: Any, exponent: Any) -> Tensor:
    """input ** exponent; whole powers by repeated squaring."""
    if not isinstance(exponent, int) or isinstance(exponent, bool):
        return ops.pow(*_in_one_dtype(input, exponent))
    result, square, left = None, input, abs(exponent)
    while left:
        if left % 2:
            result = square if result is None else mul(result, square)
        square, left = mul(square, square), left // 2
    if result is None:
        return ops.ones_like(input)
    return result if exponent > 0 else _complex_quotient(1, result)


def _is_complex(input: Any, other: Any) -> bool:
    """Whether a tensor is computed with complex numbers."""
    return (isinstance(input, Tensor) or isinstance(other, Tensor)) and (_holds_complex(input) or _holds_complex(other))


def _holds_complex(value: Any) -> bool:
    return _category(value.dtype) == 3 if isinstance(value, Tensor) else isinstance(value, complex)


def _in_one_dtype(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers in the complex dtype that torch promotes them to."""
    dtype = _result_dtype(*values)
    return tuple([_as_complex(value, dtype) for value in values])


def _as_complex(value: Any, dtype: Any) -> Tensor:
    """``value`` in a complex dtype; the derivative of a real one is real."""
    if not isinstance(value, Tensor):
        return Tensor(value, dtype)
    if _category(value.dtype) == 3:
        return ops.cast(value, dtype)
    part = ops.cast(value, mindspore.float64 if dtype == mindspore.complex128 else mindspore.float32)
    return ops.Complex()(part, ops.zeros_like(part))
