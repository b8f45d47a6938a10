"""torch.special and its relatives. Functions whose kernel is missing are computed in float64 from the classical formulas (M. Abramowitz,
I. Stegun, 'Handbook of mathematical functions', chapters 6 to 10 and 22) and stand in cells with their derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops

from ._common import _as_float, _cast, _category, _result_dtype


def _double(x: Tensor) -> Tensor:
    return x.astype(mindspore.float64)


def _constant(x: Tensor, value: float) -> Tensor:
    return ops.full_like(x, value)


def special_i0e(input: Tensor, *, out: None = None) -> Tensor:
    """exp(-|x|) I0(x) (torch.special.i0e)."""
    return ops.bessel_i0e(_as_float(input))


def special_i1(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 1 (torch.special.i1)."""
    return ops.bessel_i1(_as_float(input))


def special_i1e(input: Tensor, *, out: None = None) -> Tensor:
    """exp(-|x|) I1(x) (torch.special.i1e)."""
    return ops.bessel_i1e(_as_float(input))


def special_modified_bessel_i0(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 0 (torch.special.modified_bessel_i0)."""
    return ops.bessel_i0(_as_float(input))


def special_modified_bessel_i1(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 1 (torch.special.modified_bessel_i1)."""
    return ops.bessel_i1(_as_float(input))


def _of_positive(input: Tensor, kernel: Callable[[Tensor], Tensor]) -> Tensor:
    """A function of positive numbers, computed in float64; NaN at negative ones."""
    x = _as_float(input)
    return mint.where(x < 0, _constant(x, float("nan")), kernel(_double(x)).astype(x.dtype))


def special_modified_bessel_k0(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of the second kind of order 0 (torch.special.modified_bessel_k0)."""
    return _of_positive(input, ops.bessel_k0)


def special_modified_bessel_k1(input: Tensor, *, out: None = None) -> Tensor:
    """The modified Bessel function of the second kind of order 1 (torch.special.modified_bessel_k1)."""
    return _of_positive(input, ops.bessel_k1)


def special_scaled_modified_bessel_k0(x: Tensor, *, out: None = None) -> Tensor:
    """exp(x) K0(x) (torch.special.scaled_modified_bessel_k0)."""
    return _of_positive(x, ops.bessel_k0e)


def special_scaled_modified_bessel_k1(x: Tensor, *, out: None = None) -> Tensor:
    """exp(x) K1(x) (torch.special.scaled_modified_bessel_k1)."""
    return _of_positive(x, ops.bessel_k1e)


def special_bessel_y0(input: Tensor, *, out: None = None) -> Tensor:
    """The Bessel function of the second kind of order 0 (torch.special.bessel_y0)."""
    return _of_positive(input, ops.bessel_y0)


def special_bessel_y1(input: Tensor, *, out: None = None) -> Tensor:
    """The Bessel function of the second kind of order 1 (torch.special.bessel_y1)."""
    return _of_positive(input, ops.bessel_y1)


def special_bessel_j0(input: Tensor, *, out: None = None) -> Tensor:
    """The Bessel function of the first kind of order 0 (torch.special.bessel_j0)."""
    x = _as_float(input)
    return ops.bessel_j0(_double(x)).astype(x.dtype)


def special_bessel_j1(input: Tensor, *, out: None = None) -> Tensor:
    """The Bessel function of the first kind of order 1 (torch.special.bessel_j1)."""
    x = _as_float(input)
    return ops.bessel_j1(_double(x)).astype(x.dtype)


def special_spherical_bessel_j0(x: Tensor, *, out: None = None) -> Tensor:
    """sin(x) / x (torch.special.spherical_bessel_j0)."""
    x = _as_float(x)
    wide = _double(x)
    safe = mint.where(ops.logical_or(x == 0, ops.isinf(x)), _constant(wide, 1.0), wide)
    limits = mint.where(x == 0, _constant(wide, 1.0), _constant(wide, 0.0))
    return mint.where(ops.logical_or(x == 0, ops.isinf(x)), limits, ops.sin(safe) / safe).astype(x.dtype)


class _Erfcx(nn.Cell):
    """exp(x^2) erfc(x) in float64: the product below 2, the continued fraction above."""

    def construct(self, x: Tensor) -> Tensor:
        below, above = ops.minimum(x, _constant(x, 2.0)), ops.maximum(x, _constant(x, 2.0))
        fraction = above
        for k in range(60, 0, -1):
            fraction = above + (k / 2) / fraction
        return mint.where(x < 2, ops.exp(below * below) * ops.erfc(below), 1 / (math.sqrt(math.pi) * fraction))

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return (dout * (2 * x * _Erfcx()(x) - 2 / math.sqrt(math.pi)),)


def special_erfcx(input: Tensor, *, out: None = None) -> Tensor:
    """The scaled complementary error function exp(x^2) erfc(x) (torch.special.erfcx)."""
    x = _as_float(input)
    return _Erfcx()(_double(x)).astype(x.dtype)


def special_ndtr(input: Tensor, *, out: None = None) -> Tensor:
    """The area under the standard normal density up to x (torch.special.ndtr)."""
    x = _as_float(input)
    return ops.erfc(-x * math.sqrt(0.5)) / 2


def _log_ndtr(x: Tensor) -> Tensor:
    low, high = ops.minimum(x, _constant(x, -1.0)), ops.maximum(x, _constant(x, -1.0))
    left = ops.log(_Erfcx()(-low * math.sqrt(0.5)) / 2) - low * low / 2
    return mint.where(x < -1, left, ops.log1p(-ops.erfc(high * math.sqrt(0.5)) / 2))


def special_log_ndtr(input: Tensor, *, out: None = None) -> Tensor:
    """The logarithm of ``ndtr`` (torch.special.log_ndtr)."""
    x = _as_float(input)
    return _log_ndtr(_double(x)).astype(x.dtype)


class _Ndtri(nn.Cell):
    """The inverse of ``ndtr`` in float64: a rational start, then Newton's steps on the logarithm."""

    def construct(self, p: Tensor) -> Tensor:
        inside = ops.logical_and(p > 0, p < 1)
        tail = mint.where(inside, ops.minimum(p, 1 - p), _constant(p, 0.5))
        t = ops.sqrt(-2 * ops.log(tail))
        top = 2.515517 + t * (0.802853 + t * 0.010328)
        x = top / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
        for _ in range(4):
            level = _log_ndtr(x)
            x = x - (level - ops.log(tail)) * ops.exp(level + x * x / 2) * math.sqrt(2 * math.pi)
        x = mint.where(p > 0.5, -x, x)
        edge = mint.where(p == 0, _constant(p, -math.inf), mint.where(p == 1, _constant(p, math.inf), _constant(p, math.nan)))
        return mint.where(inside, x, edge)

    def bprop(self, p: Tensor, out: Tensor, dout: Tensor) -> Any:
        x = _Ndtri()(p)
        return (dout * math.sqrt(2 * math.pi) * ops.exp(x * x / 2),)


def special_ndtri(input: Tensor, *, out: None = None) -> Tensor:
    """The number up to which the area under the standard normal density is x (torch.special.ndtri)."""
    x = _as_float(input)
    return _Ndtri()(_double(x)).astype(x.dtype)


class _Entropy(nn.Cell):
    """-x log(x)."""

    def construct(self, x: Tensor) -> Tensor:
        edge = mint.where(x == 0, _constant(x, 0.0), mint.where(x < 0, _constant(x, -math.inf), x))
        return mint.where(x > 0, -x * ops.log(mint.where(x > 0, x, _constant(x, 1.0))), edge)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return (dout * (-ops.log(x) - 1),)


def special_entr(input: Tensor, *, out: None = None) -> Tensor:
    """-x log(x); 0 at 0, -inf below (torch.special.entr)."""
    return _Entropy()(_as_float(input))


def special_xlog1py(input: Any, other: Any, *, out: None = None) -> Tensor:
    """input * log(1 + other), 0 where ``input`` is 0 (torch.special.xlog1py)."""
    dtype = _result_dtype(input, other)
    dtype = dtype if _category(dtype) >= 2 else mindspore.float32
    x, y = (v.astype(dtype) if isinstance(v, Tensor) else Tensor(v, dtype) for v in (input, other))
    zero = ops.logical_and(x == 0, ops.logical_not(ops.isnan(y)))
    logarithm = ops.log1p(mint.where(zero, ops.zeros_like(x + y), y))
    return x * logarithm


def special_zeta(input: Any, other: Any, *, out: None = None) -> Tensor:
    """Hurwitz's zeta function, the sum of (k + other) ** -input (torch.special.zeta)."""
    dtype = _result_dtype(input, other)
    dtype = dtype if _category(dtype) >= 2 else mindspore.float32
    x, q = (v.astype(dtype) if isinstance(v, Tensor) else Tensor(v, dtype) for v in (input, other))
    shape = np.broadcast_shapes(x.shape, q.shape)
    if 0 in shape:
        return ops.zeros(shape, dtype)
    return _Zeta()(ops.broadcast_to(x, shape).reshape(-1), ops.broadcast_to(q, shape).reshape(-1)).reshape(shape)


class _Zeta(nn.Cell):
    """Hurwitz's zeta function; as in torch there is a derivative by the second argument alone."""

    def construct(self, x: Tensor, q: Tensor) -> Tensor:
        pole = ops.logical_or(x == 1, ops.logical_and(ops.logical_and(x > 1, q <= 0), q == ops.floor(q)))
        return mint.where(pole, _constant(x, math.inf), ops.zeta(x, q))

    def bprop(self, x: Tensor, q: Tensor, out: Tensor, dout: Tensor) -> Any:
        return ops.zeros_like(x), -dout * x * _Zeta()(x + 1, q)


def polygamma(n: int, input: Tensor, *, out: None = None) -> Tensor:
    """The n-th derivative of the digamma function (torch.polygamma)."""
    x = _as_float(input)
    if n == 0:
        return ops.digamma(x)
    return _Polygamma(n)(x)


class _Polygamma(nn.Cell):
    """(-1)^(n+1) n! zeta(n + 1, x)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def construct(self, x: Tensor) -> Tensor:
        wide = _double(x)
        sign = (-1.0) ** (self.n + 1) * math.factorial(self.n)
        return (sign * _Zeta()(_constant(wide, self.n + 1.0), wide)).astype(x.dtype)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return (dout * _Polygamma(self.n + 1)(x),)


def tensor_polygamma(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of the digamma function (torch.Tensor.polygamma)."""
    return polygamma(n, self)


def mvlgamma(input: Tensor, p: int, *, out: None = None) -> Tensor:
    """The logarithm of the p-variate gamma function (torch.mvlgamma)."""
    x = _as_float(input)
    terms = sum((ops.lgamma(x - k / 2) for k in range(1, p)), start=ops.lgamma(x))
    return terms + p * (p - 1) / 4 * math.log(math.pi)


class _Igamma(nn.Cell):
    """The regularised lower incomplete gamma function; as in torch there is a derivative by the second argument alone."""

    def construct(self, a: Tensor, x: Tensor) -> Tensor:
        return ops.igamma(_double(a), _double(x)).astype(a.dtype)

    def bprop(self, a: Tensor, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return ops.zeros_like(a), dout * ops.exp((a - 1) * ops.log(x) - x - ops.lgamma(a))


def _broadcast_floats(input: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    dtype = _result_dtype(input, other)
    dtype = dtype if _category(dtype) >= 2 else mindspore.float32
    shape = np.broadcast_shapes(input.shape, other.shape)
    return ops.broadcast_to(_cast(input, dtype), shape), ops.broadcast_to(_cast(other, dtype), shape)


def igamma(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The regularised lower incomplete gamma function (torch.igamma)."""
    return _Igamma()(*_broadcast_floats(input, other))


def igammac(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The regularised upper incomplete gamma function (torch.igammac)."""
    return _Igammac()(*_broadcast_floats(input, other))


class _Igammac(nn.Cell):
    """1 - igamma without its cancellation."""

    def construct(self, a: Tensor, x: Tensor) -> Tensor:
        return ops.igammac(_double(a), _double(x)).astype(a.dtype)

    def bprop(self, a: Tensor, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return ops.zeros_like(a), -dout * ops.exp((a - 1) * ops.log(x) - x - ops.lgamma(a))


def special_airy_ai(x: Tensor, *, out: None = None) -> Tensor:
    """Airy's function Ai: power series within 5.5 of 0, asymptotic series outside (torch.special.airy_ai)."""
    x = _as_float(x)
    wide = _double(x)
    near = _airy_series(ops.clamp(wide, -5.5, 5.5))
    size = ops.maximum(ops.abs(wide), _constant(wide, 5.5))
    zeta = 2.0 / 3.0 * size * ops.sqrt(size)
    even, odd, alternating = _airy_asymptotics(zeta)
    scale = 1 / (math.sqrt(math.pi) * ops.sqrt(ops.sqrt(size)))
    right = scale / 2 * ops.exp(-zeta) * alternating
    angle = zeta + math.pi / 4
    left = scale * (ops.sin(angle) * even - ops.cos(angle) * odd)
    result = mint.where(ops.abs(wide) <= 5.5, near, mint.where(wide > 0, right, left))
    edge = ops.logical_or(ops.isnan(wide), ops.isinf(wide))
    return mint.where(edge, mint.where(ops.isinf(wide), _constant(wide, 0.0), wide), result).astype(x.dtype)


def _airy_series(x: Tensor) -> Tensor:
    cube = x * x * x
    first, second = _constant(x, 1.0), x
    f, g = first, second
    for k in range(1, 40):
        first = first * cube / ((3 * k - 1) * (3 * k))
        second = second * cube / ((3 * k) * (3 * k + 1))
        f, g = f + first, g + second
    return 0.355028053887817239 * f - 0.258819403792806798 * g


def _airy_asymptotics(zeta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The sums of even and odd terms with their signs for negative arguments, and the alternating sum for positive ones."""
    term, coefficients = 1.0, [1.0]
    for k in range(1, 14):
        term *= (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1))
        coefficients.append(term)
    powers = [c / zeta**k for k, c in enumerate(coefficients)]
    even: Any = sum((-1) ** (k // 2) * powers[k] for k in range(0, 14, 2))
    odd: Any = sum((-1) ** (k // 2) * powers[k] for k in range(1, 14, 2))
    alternating: Any = sum((-1) ** k * powers[k] for k in range(14))
    return even, odd, alternating


def _recurrence(input: Any, n: Any, first: Callable[[Tensor], Tensor], step: Callable[[int, Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """P_n(x) for each pair of elements: P_0 = 1, P_1 = first(x), P_(k+1) = step(k, x, P_k, P_(k-1)); 0 for negative n."""
    dtype = _result_dtype(input, n)
    dtype = dtype if _category(dtype) >= 2 else mindspore.float32
    x = input.astype(dtype) if isinstance(input, Tensor) else Tensor(input, dtype)
    orders = np.trunc(n.asnumpy()).astype(np.int64) if isinstance(n, Tensor) else np.array(int(n))
    shape = np.broadcast_shapes(x.shape, orders.shape)
    wide = ops.broadcast_to(_double(x), shape)
    before, current = ops.ones_like(wide), first(wide)
    degree = ops.broadcast_to(Tensor(orders), shape)
    result = mint.where(degree == 0, before, mint.where(degree == 1, current, ops.zeros_like(wide)))
    for k in range(1, int(orders.max()) if orders.size else 0):
        before, current = current, step(k, wide, current, before)
        result = mint.where(degree == k + 1, current, result)
    return result.astype(dtype)


def _doubling(k: int, x: Tensor, current: Tensor, before: Tensor) -> Tensor:
    """Chebyshev's step 2 x P_k - P_(k-1)."""
    return 2 * x * current - before


def special_chebyshev_polynomial_t(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the first kind (torch.special.chebyshev_polynomial_t)."""
    return _recurrence(input, n, lambda x: x, _doubling)


def special_chebyshev_polynomial_u(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the second kind (torch.special.chebyshev_polynomial_u)."""
    return _recurrence(input, n, lambda x: 2 * x, _doubling)


def special_chebyshev_polynomial_v(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the third kind (torch.special.chebyshev_polynomial_v)."""
    return _recurrence(input, n, lambda x: 2 * x - 1, _doubling)


def special_chebyshev_polynomial_w(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the fourth kind (torch.special.chebyshev_polynomial_w)."""
    return _recurrence(input, n, lambda x: 2 * x + 1, _doubling)


def _shifted(k: int, x: Tensor, current: Tensor, before: Tensor) -> Tensor:
    """Chebyshev's step at 2 x - 1."""
    return 2 * (2 * x - 1) * current - before


def special_shifted_chebyshev_polynomial_t(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the first kind at 2 x - 1 (torch.special.shifted_chebyshev_polynomial_t)."""
    return _recurrence(input, n, lambda x: 2 * x - 1, _shifted)


def special_shifted_chebyshev_polynomial_u(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the second kind at 2 x - 1 (torch.special.shifted_chebyshev_polynomial_u)."""
    return _recurrence(input, n, lambda x: 2 * (2 * x - 1), _shifted)


def special_shifted_chebyshev_polynomial_v(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the third kind at 2 x - 1 (torch.special.shifted_chebyshev_polynomial_v)."""
    return _recurrence(input, n, lambda x: 2 * (2 * x - 1) - 1, _shifted)


def special_shifted_chebyshev_polynomial_w(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Chebyshev's polynomial of the fourth kind at 2 x - 1 (torch.special.shifted_chebyshev_polynomial_w)."""
    return _recurrence(input, n, lambda x: 2 * (2 * x - 1) + 1, _shifted)


def special_hermite_polynomial_h(input: Any, n: Any, *, out: None = None) -> Tensor:
    """The physicist's Hermite polynomial (torch.special.hermite_polynomial_h)."""
    return _recurrence(input, n, lambda x: 2 * x, lambda k, x, current, before: 2 * x * current - 2 * k * before)


def special_hermite_polynomial_he(input: Any, n: Any, *, out: None = None) -> Tensor:
    """The probabilist's Hermite polynomial (torch.special.hermite_polynomial_he)."""
    return _recurrence(input, n, lambda x: x, lambda k, x, current, before: x * current - k * before)


def special_laguerre_polynomial_l(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Laguerre's polynomial (torch.special.laguerre_polynomial_l)."""
    return _recurrence(input, n, lambda x: 1 - x, lambda k, x, current, before: ((2 * k + 1 - x) * current - k * before) / (k + 1))


def special_legendre_polynomial_p(input: Any, n: Any, *, out: None = None) -> Tensor:
    """Legendre's polynomial (torch.special.legendre_polynomial_p)."""
    return _recurrence(input, n, lambda x: x, lambda k, x, current, before: ((2 * k + 1) * x * current - k * before) / (k + 1))
