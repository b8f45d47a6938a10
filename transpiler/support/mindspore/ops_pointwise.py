"""Elementwise mathematics: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

import math
import sys
from typing import Any

import mindspore
from mindspore import Tensor, mint, ops

from ._common import (
    _as_float,
    _autocast_to,
    _broadcasting,
    _category,
    _conjugate,
    _imag,
    _real,
    _result_dtype,
    _scaled_by,
    _softmax,
    accurate_tanh,
)
from .ops_arithmetic import _complex_power, _complex_quotient, _is_complex, _operands


def absolute(input: Tensor, *, out: None = None) -> Tensor:
    """|x|, a real number also of a complex one (torch.abs)."""
    return _real(ops.abs(input)) if _category(input.dtype) == 3 else mint.abs(input)


def real(input: Tensor) -> Tensor:
    """The real parts (torch.real)."""
    return _real(input)


def imag(input: Tensor) -> Tensor:
    """The imaginary parts (torch.imag)."""
    return _imag(input)


def clamp_min(input: Tensor, min: Any, *, out: None = None) -> Tensor:
    """max(input, min) (torch.clamp_min)."""
    return _clamped(input, min, ops.less, ops.logical_or)


def clamp_max(input: Tensor, max: Any, *, out: None = None) -> Tensor:
    """min(input, max) (torch.clamp_max)."""
    return _clamped(input, max, ops.greater, ops.logical_and)


def _clamped(input: Tensor, limit: Any, beyond: Any, logical: Any) -> Tensor:
    """``limit`` where the input is beyond it; elements at the limit keep the gradient."""
    if not isinstance(limit, Tensor):
        return mint.clamp(input, min=limit) if beyond is ops.less else mint.clamp(input, max=limit)
    dtype = _result_dtype(input, limit)
    x, edge = ops.cast(input, dtype), ops.cast(limit, dtype)
    if dtype == mindspore.bool_:
        return logical(x, edge)
    return mint.where(ops.logical_or(beyond(x, edge), edge != edge), edge, x)  # noqa: PLR0124 - only NaN differs from itself


def tensor_round(input: Tensor, *, decimals: int = 0, out: None = None) -> Tensor:
    """Rounded half to even, to ``decimals`` places (torch.round)."""
    if _category(input.dtype) < 2:
        return input
    if decimals == 0:
        return mint.round(input)
    scale = 10.0 ** abs(decimals)
    return mint.round(input * scale) / scale if decimals > 0 else mint.round(input / scale) * scale


def logit(input: Tensor, eps: float | None = None, *, out: None = None) -> Tensor:
    """log(x / (1 - x)), x within [eps, 1 - eps] where eps is given (torch.logit); MindSpore's kernel takes the process down on some shapes."""
    x = _as_float(input)
    x = x if eps is None else mint.clamp(x, eps, 1 - eps)
    return ops.log(x / (1 - x))


def isnan(input: Tensor) -> Tensor:
    """Where there is no number (torch.isnan)."""
    return mint.isnan(input)


def deg2rad(input: Tensor, *, out: None = None) -> Tensor:
    """Degrees as radians (torch.deg2rad)."""
    return _as_float(input) * (math.pi / 180)


def rad2deg(input: Tensor, *, out: None = None) -> Tensor:
    """Radians as degrees (torch.rad2deg)."""
    return _as_float(input) * (180 / math.pi)


def acosh(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse hyperbolic cosine; integers become floats (torch.acosh)."""
    return ops.acosh(_as_float(input))


def asinh(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse hyperbolic sine; integers become floats (torch.asinh)."""
    return ops.asinh(_as_float(input))


def atanh(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse hyperbolic tangent; integers become floats (torch.atanh)."""
    return mint.atanh(_as_float(input))


def sinh(input: Tensor, *, out: None = None) -> Tensor:
    """The hyperbolic sine; integers become floats (torch.sinh)."""
    return mint.sinh(_as_float(input))


def cosh(input: Tensor, *, out: None = None) -> Tensor:
    """The hyperbolic cosine; integers become floats (torch.cosh)."""
    return mint.cosh(_as_float(input))


def asin(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse sine; integers become floats (torch.asin)."""
    return ops.asin(_as_float(input))


def acos(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse cosine; integers become floats (torch.acos)."""
    return ops.acos(_as_float(input))


def atan(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse tangent; integers become floats (torch.atan)."""
    return ops.atan(_as_float(input))


def cos(input: Tensor, *, out: None = None) -> Tensor:
    """The cosine; integers become floats (torch.cos)."""
    return mint.cos(_as_float(input))


def digamma(input: Tensor, *, out: None = None) -> Tensor:
    """The derivative of log gamma; integers become floats (torch.digamma)."""
    return ops.digamma(_as_float(input))


def erf(input: Tensor, *, out: None = None) -> Tensor:
    """The error function; integers become floats (torch.erf)."""
    return mint.erf(_as_float(input))


def erfc(input: Tensor, *, out: None = None) -> Tensor:
    """1 - erf; integers become floats (torch.erfc)."""
    return mint.erfc(_as_float(input))


def exp(input: Tensor, *, out: None = None) -> Tensor:
    """e ** input; integers become floats (torch.exp)."""
    return mint.exp(_as_float(input))


def expm1(input: Tensor, *, out: None = None) -> Tensor:
    """e ** input - 1; integers become floats (torch.expm1)."""
    return mint.expm1(_as_float(input))


def lgamma(input: Tensor, *, out: None = None) -> Tensor:
    """The logarithm of the gamma function; integers become floats (torch.lgamma)."""
    return ops.lgamma(_as_float(input))


def log(input: Tensor, *, out: None = None) -> Tensor:
    """The natural logarithm; integers become floats (torch.log)."""
    return mint.log(_as_float(input))


def log10(input: Tensor, *, out: None = None) -> Tensor:
    """The decimal logarithm; integers become floats (torch.log10)."""
    return ops.log10(_as_float(input))


def log1p(input: Tensor, *, out: None = None) -> Tensor:
    """log(1 + input); integers become floats (torch.log1p)."""
    return mint.log1p(_as_float(input))


def log2(input: Tensor, *, out: None = None) -> Tensor:
    """The binary logarithm; integers become floats (torch.log2)."""
    return ops.log2(_as_float(input))


def rsqrt(input: Tensor, *, out: None = None) -> Tensor:
    """1 / sqrt(input); integers become floats (torch.rsqrt)."""
    return mint.rsqrt(_as_float(input))


def sigmoid(input: Tensor, *, out: None = None) -> Tensor:
    """1 / (1 + exp(-input)); integers become floats (torch.sigmoid)."""
    return mint.sigmoid(_as_float(input))


def sin(input: Tensor, *, out: None = None) -> Tensor:
    """The sine; integers become floats (torch.sin)."""
    return mint.sin(_as_float(input))


def sinc(input: Tensor, *, out: None = None) -> Tensor:
    """sin(pi x) / (pi x); integers become floats (torch.sinc)."""
    return mint.sinc(_as_float(input))


def tan(input: Tensor, *, out: None = None) -> Tensor:
    """The tangent; integers become floats (torch.tan)."""
    return mint.tan(_as_float(input))


def floor(input: Tensor, *, out: None = None) -> Tensor:
    """The next whole number below; integers stay as they are (torch.floor)."""
    return mint.floor(input) if _category(input.dtype) >= 2 else input


def ceil(input: Tensor, *, out: None = None) -> Tensor:
    """The next whole number above; integers stay as they are (torch.ceil)."""
    return mint.ceil(input) if _category(input.dtype) >= 2 else input


def i0(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of order 0; integers become floats (torch.i0)."""
    return ops.i0(_as_float(input))


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """other - alpha * input (torch.rsub)."""
    return mint.sub(other, input, alpha=alpha) if isinstance(other, Tensor) else other - alpha * input


def bitwise_not(input: Any, *, out: None = None) -> Any:
    """The bits inverted; booleans negated (torch.bitwise_not). Other objects than tensors have an operator ``~`` of their own."""
    if not isinstance(input, Tensor):
        return ~input
    return ops.logical_not(input) if input.dtype == mindspore.bool_ else -input - 1


def fmax(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The larger element, the one that is not NaN (torch.fmax)."""
    dtype = _result_dtype(input, other)
    x, y = ops.cast(input, dtype), ops.cast(other, dtype)
    return ops.logical_or(x, y) if dtype == mindspore.bool_ else _broadcasting(ops.fmax, x, y)


def heaviside(input: Tensor, values: Tensor, *, out: None = None) -> Tensor:
    """0 below zero, 1 above, ``values`` at zero (torch.heaviside)."""
    if input.dtype == mindspore.bool_:
        return ops.logical_or(input, values)
    return ops.heaviside(input, values)


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; real numbers as they are (torch.conj)."""
    return _conjugate(input)


def conj_physical(input: Tensor, *, out: None = None) -> Tensor:
    """The complex conjugate; real numbers as they are (torch.conj_physical)."""
    return _conjugate(input)


def copysign(input: Tensor, other: Any, *, out: None = None) -> Tensor:
    """The size of ``input`` with the sign of ``other``; integers become floats (torch.copysign)."""
    return ops.copysign(_as_float(input), _as_float(other) if isinstance(other, Tensor) else other)


def isfinite(input: Tensor) -> Tensor:
    """Where a number, or both parts of a complex one, are finite (torch.isfinite)."""
    if _category(input.dtype) == 3:
        return ops.logical_and(mint.isfinite(_real(input)), mint.isfinite(_imag(input)))
    return mint.isfinite(input)


def isreal(input: Tensor) -> Tensor:
    """Where the imaginary part is zero (torch.isreal)."""
    return _imag(input) == 0 if _category(input.dtype) == 3 else ops.ones(input.shape, mindspore.bool_)


def isinf(input: Tensor) -> Tensor:
    """Where a number, or a part of a complex one, is infinite (torch.isinf)."""
    if _category(input.dtype) == 3:
        return ops.logical_or(mint.isinf(_real(input)), mint.isinf(_imag(input)))
    return mint.isinf(input) if _category(input.dtype) == 2 else ops.zeros(input.shape, mindspore.bool_)


def isneginf(input: Tensor, *, out: None = None) -> Tensor:
    """Where a number is minus infinity (torch.isneginf)."""
    return ops.isneginf(input) if _category(input.dtype) == 2 else ops.zeros(input.shape, mindspore.bool_)


def isposinf(input: Tensor, *, out: None = None) -> Tensor:
    """Where a number is infinity (torch.isposinf)."""
    return ops.isposinf(input) if _category(input.dtype) == 2 else ops.zeros(input.shape, mindspore.bool_)


def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None, *, out: None = None) -> Tensor:
    """NaN and infinities replaced by numbers (torch.nan_to_num)."""
    if input.dtype == mindspore.float64:  # which MindSpore's kernel lacks
        numbers = (sys.float_info.max if posinf is None else posinf, -sys.float_info.max if neginf is None else neginf, nan)
        high, low, other = (Tensor(number, input.dtype) for number in numbers)
        return mint.where(mint.isnan(input), other, mint.where(input == math.inf, high, mint.where(input == -math.inf, low, input)))
    return mint.nan_to_num(input, nan, posinf, neginf) if _category(input.dtype) >= 2 else ops.deepcopy(input)


def sign(input: Tensor, *, out: None = None) -> Tensor:
    """-1, 0 or 1; booleans as they are (torch.sign)."""
    return input if input.dtype == mindspore.bool_ else mint.sign(input)


def sgn(input: Tensor, *, out: None = None) -> Tensor:
    """The sign; of complex numbers, the direction (torch.sgn)."""
    return input if input.dtype == mindspore.bool_ else ops.sgn(input)


def xlogy(input: Any, other: Any, *, out: None = None) -> Tensor:
    """input * log(other), 0 where the input is 0; integers become floats (torch.xlogy)."""
    dtype = _result_dtype(input, other)
    dtype = dtype if _category(dtype) >= 2 else mindspore.float32
    x, y = (ops.cast(v, dtype) if isinstance(v, Tensor) else mindspore.tensor(v, dtype=dtype) for v in (input, other))
    # MindSpore's kernel gives NaN for 0 log(y) where y is not positive.
    return mint.xlogy(x, mint.where(ops.logical_and(x == 0, y <= 0), ops.ones((), dtype), y))


def fmin(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The smaller element, the one that is not NaN (torch.fmin)."""
    dtype = _result_dtype(input, other)
    x, y = ops.cast(input, dtype), ops.cast(other, dtype)
    if dtype == mindspore.bool_:
        return ops.logical_and(x, y)
    if _category(dtype) < 2:
        return _broadcasting(mint.minimum, x, y)
    return -_broadcasting(ops.fmax, -x, -y)


def erfinv(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse error function: Giles' approximation and two Newton steps (torch.erfinv)."""
    (input,) = _autocast_to("Erfinv", input)
    x = _as_float(input)
    inside = ops.abs(x) < 1
    safe = mint.where(inside, x, ops.zeros_like(x))
    fixed = ops.stop_gradient(safe).astype(mindspore.float64)
    w = -ops.log((1 - fixed) * (1 + fixed))
    y = _giles(w) * fixed
    for _ in range(2):
        y = y - (ops.erf(y) - fixed) * (math.sqrt(math.pi) / 2) * ops.exp(y * y)
    slope = (math.sqrt(math.pi) / 2) * ops.exp(y * y)
    result = y.astype(x.dtype) + (safe - ops.stop_gradient(safe)) * slope.astype(x.dtype)
    fixed_edge = ops.stop_gradient(x)
    infinite = mint.sign(fixed_edge) / ops.zeros_like(x)
    edge = mint.where(ops.abs(fixed_edge) == 1, infinite, ops.full(x.shape, float("nan"), dtype=x.dtype))
    return mint.where(inside, result, edge)


def _giles(w: Tensor) -> Tensor:
    """M. Giles, 'Approximating the erfinv function', single precision."""
    near = (
        2.81022636e-08,
        3.43273939e-07,
        -3.5233877e-06,
        -4.39150654e-06,
        0.00021858087,
        -0.00125372503,
        -0.00417768164,
        0.246640727,
        1.50140941,
    )
    far = (
        -0.000200214257,
        0.000100950558,
        0.00134934322,
        -0.00367342844,
        0.00573950773,
        -0.0076224613,
        0.00943887047,
        1.00167406,
        2.83297682,
    )
    small, large = ops.minimum(w, w * 0 + 5) - 2.5, ops.sqrt(ops.maximum(w, w * 0 + 5)) - 3
    p, q = small * 0 + near[0], large * 0 + far[0]
    for a, b in zip(near[1:], far[1:]):
        p, q = p * small + a, q * large + b
    return mint.where(w < 5, p, q)


def exp2(input: Tensor, *, out: None = None) -> Tensor:
    """2 ** input (torch.exp2)."""
    return ops.exp(_as_float(input) * math.log(2.0))


def angle(input: Tensor, *, out: None = None) -> Tensor:
    """The argument of a complex number; 0 or pi of a real one (torch.angle)."""
    if _category(input.dtype) == 3:
        return ops.atan2(_imag(input), _real(input))
    x = _as_float(input)
    return mint.where(ops.isnan(x), x, (x < 0).astype(x.dtype) * math.pi)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: None = None) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2) (torch.addr)."""
    product = vec1.expand_dims(1) * vec2.expand_dims(0)
    if product.dtype == mindspore.bool_:
        product = ops.logical_and(product, mindspore.tensor(bool(alpha)))
        return product if not beta else ops.logical_or(product, input)
    product = product if alpha == 1 else _scaled_by(alpha, product)
    return product if beta == 0 else (input if beta == 1 else _scaled_by(beta, input)) + product


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: None = None) -> Tensor:
    """input + value * tensor1 * tensor2 (torch.addcmul)."""
    return input + (tensor1 * tensor2 if value == 1 else value * tensor1 * tensor2)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: None = None) -> Tensor:
    """input + value * tensor1 / tensor2 (torch.addcdiv)."""
    return input + (tensor1 / tensor2 if value == 1 else value * tensor1 / tensor2)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """|input - other| <= atol + rtol * |other| (torch.isclose)."""
    if _category(input.dtype) < 3:
        return mint.isclose(input, other, rtol, atol, equal_nan)
    equal = input == other
    if equal_nan:
        equal = ops.logical_or(equal, ops.logical_and(input != input, other != other))  # noqa: PLR0124 - only NaN differs from itself
    distance = absolute(input - other)
    return ops.logical_or(equal, ops.logical_and(ops.isfinite(distance), distance <= atol + rtol * absolute(other)))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol * |other| everywhere (torch.allclose)."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def atan2(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The angle of (other, input); integers become floats (torch.atan2)."""
    return ops.atan2(_as_float(input), _as_float(other))


def tanh(input: Tensor, *, out: None = None) -> Tensor:
    """The hyperbolic tangent; integers become floats (torch.tanh)."""
    return ops.tanh(input) if _category(input.dtype) == 3 else accurate_tanh(_as_float(input))


def pow(input: Any, exponent: Any, *, out: None = None) -> Tensor:
    """input ** exponent; of integers by repeated squaring, since MindSpore's kernel computes these in floats (torch.pow)."""
    input, exponent = _operands(input, exponent)
    if _is_complex(input, exponent):
        return _complex_power(input, exponent)
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        return input**exponent
    dtype = _result_dtype(input, exponent)
    if _category(dtype) != 1:
        return mint.pow(input, exponent)
    base, power = (x.astype(dtype) if isinstance(x, Tensor) else Tensor(x, dtype) for x in (input, exponent))
    result, square, left = ops.ones_like(base * power), base, power
    for _ in range(int(power.max().asnumpy()).bit_length() if power.size else 0):
        result = ops.where(left % 2 == 1, result * square, result)
        square, left = square * square, left // 2
    odd = ops.where(power % 2 == 0, base * base, base)
    below_one = ops.where((base == 1) | (base == -1), odd, ops.zeros_like(base))
    return ops.where(power < 0, below_one, result)


def float_power(input: Any, exponent: Any, *, out: None = None) -> Tensor:
    """input ** exponent in double precision (torch.float_power)."""
    operands = (input, exponent)
    if _category(_result_dtype(*operands)) < 3:
        return mint.float_power(input, exponent)
    base, power = (x.astype(mindspore.complex128) if isinstance(x, Tensor) else Tensor(x, mindspore.complex128) for x in operands)
    return ops.pow(base, power)


def lerp(input: Tensor, end: Tensor, weight: Any, *, out: None = None) -> Tensor:
    """input + weight * (end - input) (torch.lerp)."""
    if _category(input.dtype) < 3:
        return mint.lerp(input, end, weight)
    return input + _scaled_by(weight, end - input)


def logaddexp(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """log(exp(input) + exp(other)) (torch.logaddexp)."""
    if 0 in (input.size, other.size):
        return input + other
    if _category(input.dtype) < 3:
        return _log_of_sum(ops.logaddexp, input, other)
    ordered = _real(input) >= _real(other)
    larger, smaller = mint.where(ordered, input, other), mint.where(ordered, other, input)
    return larger + ops.log(1 + ops.exp(smaller - larger))


def logaddexp2(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """log2(2**input + 2**other) (torch.logaddexp2)."""
    return _log_of_sum(ops.logaddexp2, input, other)


def _log_of_sum(kernel: Any, x: Tensor, y: Tensor) -> Tensor:
    """``kernel(x, y)``; of equal infinities it takes the difference, and gives NaN."""
    infinite, nothing = ops.logical_and(x == y, ops.isinf(x)), ops.zeros((), x.dtype)
    return mint.where(infinite, x, _broadcasting(kernel, mint.where(infinite, nothing, x), mint.where(infinite, nothing, y)))


def fmod(input: Tensor, other: Any, *, out: None = None) -> Tensor:
    """The remainder with the sign of ``input`` (torch.fmod), in double precision: MindSpore's kernel loses it where the quotient is large."""
    if not isinstance(other, Tensor):
        other = Tensor(other, input.dtype if _category(input.dtype) >= 2 or not isinstance(other, float) else mindspore.float32)
    dtype = _result_dtype(input, other)
    if dtype != mindspore.float32:
        return mint.fmod(input, other)
    x, y = input.astype(mindspore.float64), other.astype(mindspore.float64)
    ratio = ops.stop_gradient(x / y)
    return (x - mint.where(ratio < 0, ops.ceil(ratio), ops.floor(ratio)) * y).astype(dtype)


def tensor_sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Tensor:
    """The sum of all elements or along dimensions; integers give int64 (torch.sum)."""
    return mint.sum(input, dim, keepdim, dtype=dtype)


def square(input: Tensor, *, out: None = None) -> Tensor:
    """input * input; booleans give int64 as in torch (torch.square)."""
    x = input.astype(mindspore.int64) if input.dtype == mindspore.bool_ else input
    return x * x


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + Gumbel noise) / tau), as a one-hot with the soft gradient where ``hard`` (F.gumbel_softmax)."""
    noise = -ops.log(-ops.log(ops.rand(*logits.shape, dtype=logits.dtype).clamp(1e-30, 1.0 - 1e-7)))
    soft = _softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    best = ops.argmax(soft, dim, True)
    one_hot = ops.tensor_scatter_elements(ops.zeros_like(soft), best, ops.ones(best.shape, soft.dtype), dim)
    return one_hot - ops.stop_gradient(soft) + soft


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: None = None) -> Tensor:
    """The quotient, exact or rounded ('floor', 'trunc'). MindSpore rounds between tensors only (torch.div)."""
    if rounding_mode is None:
        input, other = _operands(input, other)
        if _is_complex(input, other):
            return _complex_quotient(input, other)
        return mint.div(input, other) if isinstance(input, Tensor) else input / other
    if not isinstance(other, Tensor):
        keeps = isinstance(other, int) or input.is_floating_point()
        other = Tensor(other, input.dtype if keeps else mindspore.float32)
    return mint.div(input, other, rounding_mode=rounding_mode)
