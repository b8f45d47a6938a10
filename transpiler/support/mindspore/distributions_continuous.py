"""torch.distributions of real numbers: parameters, draws, densities, moments and entropies as torch's documentation defines them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from .distributions_base import (
    SMALLEST,
    Distribution,
    broadcast_all,
    holds,
    is_a,
    log_gamma,
    normal_draw,
    numpy_generator,
    open_uniform_draw,
    uniform_draw,
    x_log_y,
)
from .ops_pointwise import erfinv

EULER = 0.5772156649015329


class Normal(Distribution):
    """torch.distributions.Normal."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"loc": "real", "scale": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """scale^2."""
        return self.scale * self.scale

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale * N(0, 1)."""
        return self.loc + normal_draw(self._extended_shape(sample_shape), self.loc) * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """-(x - loc)^2 / (2 scale^2) - log(scale sqrt(2 pi))."""
        z = (self.checked(value) - self.loc) / self.scale
        return -0.5 * z * z - ops.log(self.scale) - 0.5 * math.log(2 * math.pi)

    def cdf(self, value: Tensor) -> Tensor:
        """(1 + erf((x - loc) / (scale sqrt(2)))) / 2."""
        return 0.5 * (1 + ops.erf((self.checked(value) - self.loc) / (self.scale * math.sqrt(2))))

    def icdf(self, value: Tensor) -> Tensor:
        """loc + scale sqrt(2) erfinv(2 p - 1)."""
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        """1/2 + log(scale sqrt(2 pi))."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + ops.log(self.scale)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if is_a(q, "Normal"):
            ratio, shift = (self.scale / q.scale) ** 2, ((self.loc - q.loc) / q.scale) ** 2
            return 0.5 * (ratio + shift - 1 - ops.log(ratio))
        if is_a(q, "Laplace"):
            difference = self.loc - q.loc
            z = difference / self.scale
            first = math.sqrt(2 / math.pi) * self.scale * ops.exp(-0.5 * z * z)
            second = difference * ops.erf(math.sqrt(0.5) * z)
            return -ops.log(self.scale / q.scale) + (first + second) / q.scale - (0.5 + 0.5 * math.log(0.5 * math.pi))
        return None


class Laplace(Distribution):
    """torch.distributions.Laplace."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"loc": "real", "scale": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """2 scale^2."""
        return 2 * self.scale * self.scale

    @property
    def stddev(self) -> Tensor:
        """scale sqrt(2)."""
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc - scale sign(u) log(1 - |u|), u uniform in (-1, 1)."""
        u = 2 * open_uniform_draw(self._extended_shape(sample_shape), self.loc) - 1
        return self.loc - self.scale * mint.sign(u) * ops.log1p(-ops.abs(u))

    def log_prob(self, value: Tensor) -> Tensor:
        """-log(2 scale) - |x - loc| / scale."""
        return -ops.log(2 * self.scale) - ops.abs(self.checked(value) - self.loc) / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        """1/2 - sign(d) (exp(-|d| / scale) - 1) / 2 with d = x - loc."""
        d = self.checked(value) - self.loc
        return 0.5 - 0.5 * mint.sign(d) * (ops.exp(-ops.abs(d) / self.scale) - 1)

    def icdf(self, value: Tensor) -> Tensor:
        """loc - scale sign(p - 1/2) log(1 - 2 |p - 1/2|)."""
        term = value - 0.5
        return self.loc - self.scale * mint.sign(term) * ops.log1p(-2 * ops.abs(term))

    def entropy(self) -> Tensor:
        """1 + log(2 scale)."""
        return 1 + ops.log(2 * self.scale)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Laplace"):
            return None
        ratio, distance = self.scale / q.scale, ops.abs(self.loc - q.loc)
        return -ops.log(ratio) + distance / q.scale + ratio * ops.exp(-distance / self.scale) - 1


class Uniform(Distribution):
    """torch.distributions.Uniform on [low, high)."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"low": "real", "high": "real"}
    parameters: ClassVar[Mapping[str, int]] = {"low": 0, "high": 0}

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, (), validate_args)
        if self._validate_args and not bool((self.low < self.high).all()):
            raise ValueError("Uniform is not defined when low>= high")

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether values lie between low and high."""
        return ops.logical_and(value >= self.low, value <= self.high)

    @property
    def mean(self) -> Tensor:
        """(low + high) / 2."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        """No single value."""
        return self.high * float("nan")

    @property
    def variance(self) -> Tensor:
        """(high - low)^2 / 12."""
        return (self.high - self.low) ** 2 / 12

    @property
    def stddev(self) -> Tensor:
        """(high - low) / sqrt(12)."""
        return (self.high - self.low) / math.sqrt(12)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + (high - low) u."""
        return self.low + uniform_draw(self._extended_shape(sample_shape), self.low) * (self.high - self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        """-log(high - low) inside, minus infinity outside."""
        x = self.checked(value)
        inside = ops.logical_and(self.low <= x, self.high > x).astype(self.low.dtype)
        return ops.log(inside) - ops.log(self.high - self.low)

    def cdf(self, value: Tensor) -> Tensor:
        """(x - low) / (high - low), within 0 and 1."""
        return mint.clamp((self.checked(value) - self.low) / (self.high - self.low), 0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """low + p (high - low)."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        """log(high - low)."""
        return ops.log(self.high - self.low)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if is_a(q, "Uniform"):
            value = ops.log((q.high - q.low) / (self.high - self.low))
            outside = ops.logical_or(q.low > self.low, q.high < self.high)
            return ops.select(outside, ops.full_like(value, float("inf")), value)
        if is_a(q, "Normal"):
            length = self.high - self.low
            first = ops.log(math.sqrt(2 * math.pi) * q.scale / length)
            return first + (length * length / 12 + ((self.high + self.low - 2 * q.loc) / 2) ** 2) / (2 * q.scale * q.scale)
        return None


class Exponential(Distribution):
    """torch.distributions.Exponential."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"rate": "positive"}
    support = "nonnegative"
    parameters: ClassVar[Mapping[str, int]] = {"rate": 0}

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """1 / rate."""
        return 1 / self.rate

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.rate)

    @property
    def stddev(self) -> Tensor:
        """1 / rate."""
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        """1 / rate^2."""
        return self.rate**-2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """-log(1 - u) / rate."""
        return -ops.log1p(-open_uniform_draw(self._extended_shape(sample_shape), self.rate)) / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """log(rate) - rate x."""
        return ops.log(self.rate) - self.rate * self.checked(value)

    def cdf(self, value: Tensor) -> Tensor:
        """1 - exp(-rate x)."""
        return 1 - ops.exp(-self.rate * self.checked(value))

    def icdf(self, value: Tensor) -> Tensor:
        """-log(1 - p) / rate."""
        return -ops.log1p(-value) / self.rate

    def entropy(self) -> Tensor:
        """1 - log(rate)."""
        return 1 - ops.log(self.rate)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Exponential", "Gamma"):
            return None
        ratio = q.rate / self.rate
        if is_a(q, "Exponential"):
            return ratio - ops.log(ratio) - 1
        return -q.concentration * ops.log(ratio) + ratio + log_gamma(q.concentration) + q.concentration * EULER - (1 + EULER)


class Cauchy(Distribution):
    """torch.distributions.Cauchy."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"loc": "real", "scale": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """Not defined."""
        return ops.full_like(self.loc, float("nan"))

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Infinite."""
        return ops.full_like(self.loc, float("inf"))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale tan(pi (u - 1/2))."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.loc)
        return self.loc + ops.tan(math.pi * (u - 0.5)) * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """-log(pi scale (1 + ((x - loc) / scale)^2))."""
        z = (self.checked(value) - self.loc) / self.scale
        return -math.log(math.pi) - ops.log(self.scale) - ops.log1p(z * z)

    def cdf(self, value: Tensor) -> Tensor:
        """arctan((x - loc) / scale) / pi + 1/2."""
        return ops.atan((self.checked(value) - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        """loc + scale tan(pi (p - 1/2))."""
        return ops.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Tensor:
        """log(4 pi scale)."""
        return math.log(4 * math.pi) + ops.log(self.scale)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Cauchy"):
            return None
        return ops.log((self.scale + q.scale) ** 2 + (self.loc - q.loc) ** 2) - ops.log(4 * self.scale * q.scale)


class Gumbel(Distribution):
    """torch.distributions.Gumbel."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"loc": "real", "scale": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc + Euler's constant * scale."""
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """pi scale / sqrt(6)."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Tensor:
        """(pi scale)^2 / 6."""
        return self.stddev * self.stddev

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc - scale log(-log(u))."""
        return self.icdf(open_uniform_draw(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Tensor) -> Tensor:
        """z - exp(z) - log(scale) with z = (loc - x) / scale."""
        z = (self.loc - self.checked(value)) / self.scale
        return z - ops.exp(z) - ops.log(self.scale)

    def cdf(self, value: Tensor) -> Tensor:
        """exp(-exp((loc - x) / scale))."""
        return ops.exp(-ops.exp((self.loc - self.checked(value)) / self.scale))

    def icdf(self, value: Tensor) -> Tensor:
        """loc - scale log(-log(p))."""
        return self.loc - self.scale * ops.log(-ops.log(value))

    def entropy(self) -> Tensor:
        """log(scale) + 1 + Euler's constant."""
        return ops.log(self.scale) + (1 + EULER)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Gumbel"):
            return None
        ratio, shift = self.scale / q.scale, (q.loc - self.loc) / q.scale
        return -ops.log(ratio) - shift - (1 + EULER) + EULER * ratio + ops.exp(shift + log_gamma(1 + ratio))


class HalfNormal(Distribution):
    """torch.distributions.HalfNormal: |N(0, scale^2)|."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"scale": "positive"}
    support = "nonnegative"
    parameters: ClassVar[Mapping[str, int]] = {"scale": 0}

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = broadcast_all(scale)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """scale sqrt(2 / pi)."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.scale)

    @property
    def variance(self) -> Tensor:
        """scale^2 (1 - 2 / pi)."""
        return self.scale * self.scale * (1 - 2 / math.pi)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """|scale N(0, 1)|."""
        return ops.abs(normal_draw(self._extended_shape(sample_shape), self.scale) * self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        """log 2 plus the normal density, minus infinity below 0."""
        x = self.checked(value)
        z = x / self.scale
        density = math.log(2) - 0.5 * z * z - ops.log(self.scale) - 0.5 * math.log(2 * math.pi)
        return ops.select(x >= 0, density, ops.full_like(density, float("-inf")))

    def cdf(self, value: Tensor) -> Tensor:
        """erf(x / (scale sqrt(2)))."""
        return ops.erf(self.checked(value) / (self.scale * math.sqrt(2)))

    def icdf(self, value: Tensor) -> Tensor:
        """scale sqrt(2) erfinv(p)."""
        return self.scale * erfinv(value + ops.zeros_like(self.scale)) * math.sqrt(2)

    def entropy(self) -> Tensor:
        """The normal entropy less log 2."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + ops.log(self.scale) - math.log(2)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "HalfNormal"):
            return None
        ratio = (self.scale / q.scale) ** 2
        return 0.5 * (ratio - 1 - ops.log(ratio))


class HalfCauchy(Distribution):
    """torch.distributions.HalfCauchy: |Cauchy(0, scale)|."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"scale": "positive"}
    support = "nonnegative"
    parameters: ClassVar[Mapping[str, int]] = {"scale": 0}

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = broadcast_all(scale)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """Infinite."""
        return ops.full_like(self.scale, float("inf"))

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.scale)

    @property
    def variance(self) -> Tensor:
        """Infinite."""
        return ops.full_like(self.scale, float("inf"))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """scale |tan(pi (u - 1/2))|."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.scale)
        return ops.abs(ops.tan(math.pi * (u - 0.5)) * self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        """log 2 plus the Cauchy density, minus infinity below 0."""
        x = self.checked(value)
        z = x / self.scale
        density = math.log(2 / math.pi) - ops.log(self.scale) - ops.log1p(z * z)
        return ops.select(x >= 0, density, ops.full_like(density, float("-inf")))

    def cdf(self, value: Tensor) -> Tensor:
        """2 arctan(x / scale) / pi."""
        return 2 * ops.atan(self.checked(value) / self.scale) / math.pi

    def icdf(self, value: Tensor) -> Tensor:
        """scale tan(pi p / 2)."""
        return self.scale * ops.tan(math.pi / 2 * value)

    def entropy(self) -> Tensor:
        """log(2 pi scale)."""
        return math.log(2 * math.pi) + ops.log(self.scale)


def standard_gamma(concentration: Tensor) -> Tensor:
    """Gamma(concentration, 1) draws z with torch's gradient dz/da = -(dF/da) / f, F the distribution function and f its density."""
    a = concentration.asnumpy().astype(np.float64)
    smallest = 2.2250738585072014e-308 if concentration.dtype == mindspore.float64 else 1.1754943508222875e-38
    z = np.maximum(numpy_generator().standard_gamma(a), smallest)
    drawn, slope = Tensor(z, concentration.dtype), Tensor(gamma_slope(a, z), concentration.dtype)
    return drawn + (concentration - ops.stop_gradient(concentration)) * slope


def gamma_slope(a: Any, z: Any) -> Any:
    """dz/da at constant F(a, z): sum over n of z^(n+1) / (a (a+1) ... (a+n)) (digamma(a+n+1) - log z); beyond a = 500 the slope of the
    Wilson-Hilferty transformation z = a (1 - 1/(9a) + x / (3 sqrt(a)))^3."""
    small = np.minimum(a, 500.0)
    psi, log_z, near = digamma_of(small + 1), np.log(z), np.where(a > 500.0, 500.0, z)
    term = near / small
    slope = term * (psi - np.where(a > 500.0, math.log(500.0), log_z))
    steps = int(np.max(near, initial=0.0) + 12 * math.sqrt(np.max(near, initial=0.0) + 1) + 40)
    for n in range(1, steps):
        psi = psi + 1 / (small + n)
        term = term * near / (small + n)
        slope = slope + term * (psi - np.where(a > 500.0, math.log(500.0), log_z))
    root = np.cbrt(z / a)
    x = 3 * np.sqrt(a) * (root - 1 + 1 / (9 * a))
    far = root**3 + 3 * a * root**2 * (1 / (9 * a * a) - x / (6 * a * np.sqrt(a)))
    return np.where(a > 500.0, far, slope)


def digamma_of(x: Any) -> Any:
    """The digamma function of positive numbers: shifted above 6, then its asymptotic series."""
    shift, result = np.array(x, np.float64), np.zeros_like(np.asarray(x, np.float64))
    for _ in range(6):
        result = result - 1 / shift
        shift = shift + 1
    inverse = 1 / (shift * shift)
    return result + np.log(shift) - 0.5 / shift - inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse / 240)))


class Gamma(Distribution):
    """torch.distributions.Gamma."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration": "positive", "rate": "positive"}
    support = "nonnegative"
    parameters: ClassVar[Mapping[str, int]] = {"concentration": 0, "rate": 0}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """concentration / rate."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """(concentration - 1) / rate, not below 0."""
        return mint.clamp((self.concentration - 1) / self.rate, min=0)

    @property
    def variance(self) -> Tensor:
        """concentration / rate^2."""
        return self.concentration / (self.rate * self.rate)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Gamma(concentration, 1) / rate."""
        shape = self._extended_shape(sample_shape)
        return standard_gamma(ops.broadcast_to(self.concentration, shape)) / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """a log(b) + (a - 1) log(x) - b x - log Gamma(a)."""
        x, a = self.checked(value), self.concentration
        return x_log_y(a, self.rate) + x_log_y(a - 1, x) - self.rate * x - log_gamma(a)

    def cdf(self, value: Tensor) -> Tensor:
        """The regularised lower incomplete gamma function of (a, b x)."""
        x = self.rate * self.checked(value)
        return ops.igamma(ops.broadcast_to(self.concentration, x.shape), x)

    def entropy(self) -> Tensor:
        """a - log(b) + log Gamma(a) + (1 - a) digamma(a)."""
        a = self.concentration
        return a - ops.log(self.rate) + log_gamma(a) + (1 - a) * ops.digamma(a)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        a = self.concentration
        if is_a(q, "Exponential"):
            return -self.entropy() - ops.log(q.rate) + q.rate * a / self.rate
        if not is_a(q, "Gamma"):
            return None
        first = q.concentration * ops.log(self.rate / q.rate) + log_gamma(q.concentration) - log_gamma(a)
        return first + (a - q.concentration) * ops.digamma(a) + (q.rate - self.rate) * (a / self.rate)


class Chi2(Gamma):
    """torch.distributions.Chi2: Gamma(df / 2, 1 / 2)."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration": "positive"}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self.concentration * 2


class Dirichlet(Distribution):
    """torch.distributions.Dirichlet."""

    has_rsample = True
    support = "simplex"
    parameters: ClassVar[Mapping[str, int]] = {"concentration": 1}

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)
        if self._validate_args and not bool((concentration > 0).all()):
            raise ValueError(f"Expected parameter concentration of distribution Dirichlet to be positive, but found {concentration}")

    @property
    def mean(self) -> Tensor:
        """concentration over its sum."""
        return self.concentration / self.concentration.sum(-1, keepdims=True)

    @property
    def mode(self) -> Tensor:
        """(a - 1) over its sum; the corner of the largest where all are below 1."""
        shifted = mint.clamp(self.concentration - 1, min=0)
        mode = shifted / shifted.sum(-1, keepdims=True)
        low = (self.concentration < 1).all(-1).expand_dims(-1).broadcast_to(mode.shape)
        corner = ops.one_hot(ops.argmax(self.concentration, -1), self.concentration.shape[-1], 1.0, 0.0).astype(mode.dtype)
        return ops.select(low, corner, mode)

    @property
    def variance(self) -> Tensor:
        """a (a0 - a) / (a0^2 (a0 + 1))."""
        a0 = self.concentration.sum(-1, keepdims=True)
        return self.concentration * (a0 - self.concentration) / (a0 * a0 * (a0 + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Gamma draws over their sum."""
        draws = standard_gamma(ops.broadcast_to(self.concentration, self._extended_shape(sample_shape)))
        return draws / draws.sum(-1, keepdims=True)

    def log_prob(self, value: Tensor) -> Tensor:
        """sum((a - 1) log x) + log Gamma(sum a) - sum(log Gamma(a))."""
        a = self.concentration
        return x_log_y(a - 1.0, self.checked(value)).sum(-1) + log_gamma(a.sum(-1)) - log_gamma(a).sum(-1)

    def entropy(self) -> Tensor:
        """The entropy by the digamma function."""
        a, k = self.concentration, self.concentration.shape[-1]
        a0 = a.sum(-1)
        return log_gamma(a).sum(-1) - log_gamma(a0) - (k - a0) * ops.digamma(a0) - ((a - 1.0) * ops.digamma(a)).sum(-1)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Dirichlet"):
            return None
        a, b = self.concentration, q.concentration
        total = a.sum(-1)
        first = log_gamma(total) - log_gamma(b.sum(-1)) - (log_gamma(a) - log_gamma(b)).sum(-1)
        return first + ((a - b) * (ops.digamma(a) - ops.digamma(total).expand_dims(-1))).sum(-1)


class Beta(Distribution):
    """torch.distributions.Beta."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration1": "positive", "concentration0": "positive"}
    support = "unit_interval"
    parameters: ClassVar[Mapping[str, int]] = {"concentration1": 0, "concentration0": 0}

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """a / (a + b)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        """The mode of the Dirichlet distribution of (a, b)."""
        return Dirichlet(ops.stack((self.concentration1, self.concentration0), -1)).mode[..., 0]

    @property
    def variance(self) -> Tensor:
        """a b / ((a + b)^2 (a + b + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total * total * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Gamma(a) / (Gamma(a) + Gamma(b))."""
        shape = self._extended_shape(sample_shape)
        first, second = (standard_gamma(ops.broadcast_to(c, shape)) for c in (self.concentration1, self.concentration0))
        return first / (first + second)

    def log_prob(self, value: Tensor) -> Tensor:
        """(a - 1) log x + (b - 1) log(1 - x) - log B(a, b)."""
        x, a, b = self.checked(value), self.concentration1, self.concentration0
        return x_log_y(a - 1, x) + x_log_y(b - 1, 1 - x) + log_gamma(a + b) - log_gamma(a) - log_gamma(b)

    def entropy(self) -> Tensor:
        """log B(a, b) - (a - 1) digamma(a) - (b - 1) digamma(b) + (a + b - 2) digamma(a + b)."""
        a, b = self.concentration1, self.concentration0
        log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
        return log_beta - (a - 1) * ops.digamma(a) - (b - 1) * ops.digamma(b) + (a + b - 2) * ops.digamma(a + b)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Beta"):
            return None
        a, b, c, d = self.concentration1, self.concentration0, q.concentration1, q.concentration0
        normalizers = log_gamma(c) + log_gamma(d) + log_gamma(a + b) - (log_gamma(c + d) + log_gamma(a) + log_gamma(b))
        return normalizers + (a - c) * ops.digamma(a) + (b - d) * ops.digamma(b) + (c + d - a - b) * ops.digamma(a + b)


class StudentT(Distribution):
    """torch.distributions.StudentT."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"df": "positive", "loc": "real", "scale": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"df": 0, "loc": 0, "scale": 0}

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc where df > 1."""
        return ops.select(self.df > 1, self.loc, ops.full_like(self.loc, float("nan")))

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """scale^2 df / (df - 2) where df > 2, infinite where df > 1."""
        known = self.df > 2
        safe = ops.select(known, self.df, ops.full_like(self.df, 3.0))
        rest = ops.select(self.df > 1, ops.full_like(self.df, float("inf")), ops.full_like(self.df, float("nan")))
        return ops.select(known, self.scale * self.scale * safe / (safe - 2), rest)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale N(0, 1) / sqrt(Chi2(df) / df)."""
        shape = self._extended_shape(sample_shape)
        chi2 = 2 * standard_gamma(ops.broadcast_to(0.5 * self.df, shape))
        return self.loc + self.scale * normal_draw(shape, self.df) * ops.rsqrt(chi2 / self.df)

    def log_prob(self, value: Tensor) -> Tensor:
        """-(df + 1)/2 log(1 + z^2 / df) less the logarithm of the normaliser."""
        y = (self.checked(value) - self.loc) / self.scale
        half = 0.5 * self.df
        normalizer = ops.log(self.scale) + 0.5 * ops.log(self.df) + 0.5 * math.log(math.pi) + log_gamma(half) - log_gamma(half + 0.5)
        return -0.5 * (self.df + 1.0) * ops.log1p(y * y / self.df) - normalizer

    def entropy(self) -> Tensor:
        """log(scale) + (df + 1)/2 (digamma((df + 1)/2) - digamma(df/2)) + log(df)/2 + log B(1/2, df/2)."""
        half = 0.5 * self.df
        log_beta = log_gamma(half) + 0.5 * math.log(math.pi) - log_gamma(half + 0.5)
        spread = (half + 0.5) * (ops.digamma(half + 0.5) - ops.digamma(half))
        return ops.log(self.scale) + spread + 0.5 * ops.log(self.df) + log_beta


class FisherSnedecor(Distribution):
    """torch.distributions.FisherSnedecor: the F-distribution."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"df1": "positive", "df2": "positive"}
    support = "positive"
    parameters: ClassVar[Mapping[str, int]] = {"df1": 0, "df2": 0}

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """df2 / (df2 - 2) where df2 > 2."""
        return ops.select(self.df2 > 2, self.df2 / (self.df2 - 2), ops.full_like(self.df2, float("nan")))

    @property
    def mode(self) -> Tensor:
        """(df1 - 2) / df1 df2 / (df2 + 2) where df1 > 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return ops.select(self.df1 > 2, mode, ops.full_like(mode, float("nan")))

    @property
    def variance(self) -> Tensor:
        """2 df2^2 (df1 + df2 - 2) / (df1 (df2 - 2)^2 (df2 - 4)) where df2 > 4."""
        a, b = self.df1, self.df2
        value = 2 * b * b * (a + b - 2) / (a * (b - 2) ** 2 * (b - 4))
        return ops.select(b > 4, value, ops.full_like(b, float("nan")))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The quotient of two chi-squared draws over their degrees of freedom."""
        shape = self._extended_shape(sample_shape)
        first, second = (standard_gamma(ops.broadcast_to(0.5 * df, shape)) / df for df in (self.df1, self.df2))
        return first / second

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        x, a, b = self.checked(value), 0.5 * self.df1, 0.5 * self.df2
        ratio = self.df1 / self.df2
        constant = log_gamma(a + b) - log_gamma(a) - log_gamma(b)
        return constant + a * ops.log(ratio) + (a - 1) * ops.log(x) - (a + b) * ops.log1p(ratio * x)


class InverseGamma(Distribution):
    """torch.distributions.InverseGamma: 1 / Gamma(concentration, rate)."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration": "positive", "rate": "positive"}
    support = "positive"
    parameters: ClassVar[Mapping[str, int]] = {"concentration": 0, "rate": 0}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """rate / (a - 1) where a > 1."""
        a = self.concentration
        return ops.select(a > 1, self.rate / (a - 1), ops.full_like(a, float("inf")))

    @property
    def mode(self) -> Tensor:
        """rate / (a + 1)."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        """rate^2 / ((a - 1)^2 (a - 2)) where a > 2."""
        a = self.concentration
        return ops.select(a > 2, self.rate * self.rate / ((a - 1) ** 2 * (a - 2)), ops.full_like(a, float("inf")))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The inverse of a gamma draw."""
        return self.rate / standard_gamma(ops.broadcast_to(self.concentration, self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """a log(b) - (a + 1) log(x) - b / x - log Gamma(a)."""
        x, a = self.checked(value), self.concentration
        return a * ops.log(self.rate) - (a + 1) * ops.log(x) - self.rate / x - log_gamma(a)

    def cdf(self, value: Tensor) -> Tensor:
        """The regularised upper incomplete gamma function of (a, b / x)."""
        inverse = self.rate / self.checked(value)
        return ops.igammac(ops.broadcast_to(self.concentration, inverse.shape), inverse)

    def entropy(self) -> Tensor:
        """a + log(b) + log Gamma(a) - (1 + a) digamma(a)."""
        a = self.concentration
        return a + ops.log(self.rate) + log_gamma(a) - (1 + a) * ops.digamma(a)


class VonMises(Distribution):
    """torch.distributions.VonMises, a circular distribution; draws by numpy's generator, without gradient."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"loc": "real", "concentration": "positive"}
    support = "real"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """1 - I1(k) / I0(k)."""
        k = self.concentration
        return 1 - ops.bessel_i1e(k) / ops.bessel_i0e(k)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws from [-pi, pi)."""
        shape = self._extended_shape(sample_shape)
        values = numpy_generator().vonmises(self.loc.asnumpy(), self.concentration.asnumpy(), shape)
        return Tensor((values + math.pi) % (2 * math.pi) - math.pi, self.loc.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """k cos(x - loc) - log(2 pi I0(k))."""
        k = self.concentration
        return k * ops.cos(self.checked(value) - self.loc) - math.log(2 * math.pi) - ops.log(ops.bessel_i0e(k)) - k


class Pareto(Distribution):
    """torch.distributions.Pareto of type 1."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"alpha": "positive", "scale": "positive"}
    parameters: ClassVar[Mapping[str, int]] = {"scale": 0, "alpha": 0}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        super().__init__(self.scale.shape, (), validate_args)

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether values are at least ``scale``."""
        return value >= self.scale

    @property
    def mean(self) -> Tensor:
        """scale a / (a - 1), infinite for a <= 1."""
        a = mint.clamp(self.alpha, min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Tensor:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """scale^2 a / ((a - 1)^2 (a - 2)), infinite for a <= 2."""
        a = mint.clamp(self.alpha, min=2)
        return self.scale * self.scale * a / ((a - 1) ** 2 * (a - 2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """scale exp(E / alpha), E exponential."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.scale)
        return self.scale * ops.exp(-ops.log1p(-u) / self.alpha)

    def log_prob(self, value: Tensor) -> Tensor:
        """log(a) + a log(scale) - (a + 1) log(x)."""
        x = self.checked(value)
        return ops.log(self.alpha) + self.alpha * ops.log(self.scale) - (self.alpha + 1) * ops.log(x)

    def cdf(self, value: Tensor) -> Tensor:
        """1 - (scale / x)^a."""
        return 1 - (self.scale / self.checked(value)) ** self.alpha

    def icdf(self, value: Tensor) -> Tensor:
        """scale (1 - p)^(-1 / a)."""
        return self.scale * (1 - value) ** (-1 / self.alpha)

    def entropy(self) -> Tensor:
        """log(scale / a) + 1 + 1 / a."""
        return ops.log(self.scale / self.alpha) + (1 + 1 / self.alpha)


class Weibull(Distribution):
    """torch.distributions.Weibull."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"scale": "positive", "concentration": "positive"}
    support = "positive"
    parameters: ClassVar[Mapping[str, int]] = {"scale": 0, "concentration": 0}

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """scale Gamma(1 + 1 / k)."""
        return self.scale * ops.exp(log_gamma(1 + 1 / self.concentration))

    @property
    def mode(self) -> Tensor:
        """scale ((k - 1) / k)^(1 / k)."""
        k = self.concentration
        return self.scale * ((k - 1) / k) ** (1 / k)

    @property
    def variance(self) -> Tensor:
        """scale^2 (Gamma(1 + 2 / k) - Gamma(1 + 1 / k)^2)."""
        k = self.concentration
        return self.scale * self.scale * (ops.exp(log_gamma(1 + 2 / k)) - ops.exp(2 * log_gamma(1 + 1 / k)))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """scale E^(1 / k), E exponential."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.scale)
        return self.scale * (-ops.log1p(-u)) ** (1 / self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        """log(k / scale) + (k - 1) log(x / scale) - (x / scale)^k."""
        z, k = self.checked(value) / self.scale, self.concentration
        return ops.log(k / self.scale) + (k - 1) * ops.log(z) - z**k

    def cdf(self, value: Tensor) -> Tensor:
        """1 - exp(-(x / scale)^k)."""
        return 1 - ops.exp(-((self.checked(value) / self.scale) ** self.concentration))

    def icdf(self, value: Tensor) -> Tensor:
        """scale (-log(1 - p))^(1 / k)."""
        return self.scale * (-ops.log1p(-value)) ** (1 / self.concentration)

    def entropy(self) -> Tensor:
        """Euler's constant (1 - 1 / k) + log(scale / k) + 1."""
        k = self.concentration
        return EULER * (1 - 1 / k) + ops.log(self.scale / k) + 1


class Kumaraswamy(Distribution):
    """torch.distributions.Kumaraswamy."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration1": "positive", "concentration0": "positive"}
    support = "unit_interval"
    parameters: ClassVar[Mapping[str, int]] = {"concentration1": 0, "concentration0": 0}

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, (), validate_args)

    def moment(self, order: int) -> Tensor:
        """E[x^order] = b B(1 + order / a, b)."""
        first = 1 + order / self.concentration1
        b = self.concentration0
        return ops.exp(log_gamma(first) + log_gamma(b) - log_gamma(first + b)) * b

    @property
    def mean(self) -> Tensor:
        """The first moment."""
        return self.moment(1)

    @property
    def variance(self) -> Tensor:
        """The second moment less the square of the first."""
        return self.moment(2) - self.moment(1) ** 2

    @property
    def mode(self) -> Tensor:
        """exp(log(1 - b) / b - log(1 - a b)) as torch computes it: not a number except where b is 1."""
        a, b = self.concentration1, self.concentration0
        mode = ops.exp(ops.log1p(-b) / b - ops.log1p(-b * a))
        return ops.select(ops.logical_or(a < 1, b < 1), ops.full_like(mode, float("nan")), mode)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """(1 - (1 - u)^(1 / b))^(1 / a)."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.concentration1)
        return (1 - (1 - u) ** (1 / self.concentration0)) ** (1 / self.concentration1)

    def log_prob(self, value: Tensor) -> Tensor:
        """log(a b) + (a - 1) log(x) + (b - 1) log(1 - x^a)."""
        x, a, b = self.checked(value), self.concentration1, self.concentration0
        return ops.log(a * b) + (a - 1) * ops.log(x) + (b - 1) * ops.log1p(-(x**a))

    def cdf(self, value: Tensor) -> Tensor:
        """1 - (1 - x^a)^b."""
        return 1 - (1 - self.checked(value) ** self.concentration1) ** self.concentration0

    def icdf(self, value: Tensor) -> Tensor:
        """(1 - (1 - p)^(1 / b))^(1 / a)."""
        return (1 - (1 - value) ** (1 / self.concentration0)) ** (1 / self.concentration1)

    def entropy(self) -> Tensor:
        """(1 - 1 / b) + (1 - 1 / a)(digamma(b + 1) + Euler's constant) - log(a b)."""
        a, b = self.concentration1, self.concentration0
        return 1 - 1 / b + (1 - 1 / a) * (ops.digamma(b + 1) + EULER) - ops.log(a * b)


class ContinuousBernoulli(Distribution):
    """torch.distributions.ContinuousBernoulli (Loaiza-Ganem and Cunningham, 2019); near 1/2 by Taylor series."""

    has_rsample = True
    support = "unit_interval"
    parameters: ClassVar[Mapping[str, int]] = {"given_probs": 0, "given_logits": 0}

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501), validate_args: bool | None = None
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        (self.given_probs,) = broadcast_all(probs) if probs is not None else (None,)
        (self.given_logits,) = broadcast_all(logits) if logits is not None else (None,)
        self.lims = lims
        super().__init__(self.probs.shape, (), validate_args)
        if self._validate_args and not bool(holds("unit_interval", self.probs).all()):
            raise ValueError(f"Expected parameter probs of distribution ContinuousBernoulli to lie in [0, 1], but found {probs}")

    @property
    def probs(self) -> Tensor:
        """The parameter as a probability."""
        if self.given_probs is None:
            eps = SMALLEST[self.given_logits.dtype]
            return mint.clamp(ops.sigmoid(self.given_logits), eps, 1 - eps)
        eps = SMALLEST[self.given_probs.dtype]
        return mint.clamp(self.given_probs, eps, 1 - eps)

    @property
    def logits(self) -> Tensor:
        """The parameter as log-odds."""
        return self.given_logits if self.given_logits is not None else ops.log(self.probs) - ops.log1p(-self.probs)

    def unstable(self) -> Tensor:
        """Where the closed forms lose their digits."""
        return ops.logical_and(self.probs > self.lims[0], self.probs < self.lims[1])

    def cut_probs(self) -> Tensor:
        """Probabilities that are not near 1/2."""
        return ops.select(self.unstable(), ops.full_like(self.probs, self.lims[0]), self.probs)

    def log_normalizer(self) -> Tensor:
        """log(2 artanh(1 - 2 p) / (1 - 2 p))."""
        cut = self.cut_probs()
        exact = ops.log(ops.abs(ops.log1p(-cut) - ops.log(cut))) - ops.log(ops.abs(1 - 2 * cut))
        x = self.probs - 0.5
        return ops.select(self.unstable(), math.log(2) + (4 / 3 + 104 / 45 * x * x) * x * x, exact)

    @property
    def mean(self) -> Tensor:
        """p / (2 p - 1) + 1 / (2 artanh(1 - 2 p))."""
        cut = self.cut_probs()
        exact = cut / (2 * cut - 1) + 1 / (ops.log1p(-cut) - ops.log(cut))
        x = self.probs - 0.5
        return ops.select(self.unstable(), 0.5 + (1 / 3 + 16 / 45 * x * x) * x, exact)

    @property
    def variance(self) -> Tensor:
        """p (p - 1) / (1 - 2 p)^2 + 1 / (2 artanh(1 - 2 p))^2."""
        cut = self.cut_probs()
        exact = cut * (cut - 1) / (1 - 2 * cut) ** 2 + 1 / (ops.log1p(-cut) - ops.log(cut)) ** 2
        x = (self.probs - 0.5) ** 2
        return ops.select(self.unstable(), 1 / 12 - (1 / 15 - 128 / 945 * x) * x, exact)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The inverse of the distribution function at a uniform draw."""
        return self.icdf(open_uniform_draw(self._extended_shape(sample_shape), self.probs))

    def icdf(self, value: Tensor) -> Tensor:
        """(log(p (2 u - 1) - u + 1) - log(1 - p)) / (log p - log(1 - p))."""
        cut = self.cut_probs()
        exact = (ops.log1p(-cut + value * (2 * cut - 1)) - ops.log1p(-cut)) / (ops.log(cut) - ops.log1p(-cut))
        return ops.select(ops.broadcast_to(self.unstable(), exact.shape), ops.broadcast_to(value, exact.shape), exact)

    def cdf(self, value: Tensor) -> Tensor:
        """(p^x (1 - p)^(1 - x) + p - 1) / (2 p - 1)."""
        x, cut = self.checked(value), self.cut_probs()
        exact = (cut**x * (1 - cut) ** (1 - x) + cut - 1) / (2 * cut - 1)
        inside = ops.select(ops.broadcast_to(self.unstable(), exact.shape), ops.broadcast_to(x, exact.shape), exact)
        return ops.select(x <= 0, ops.zeros_like(inside), ops.select(x >= 1, ops.ones_like(inside), inside))

    def log_prob(self, value: Tensor) -> Tensor:
        """x log(p) + (1 - x) log(1 - p) plus the logarithm of the normaliser."""
        x = self.checked(value)
        return x * ops.log(self.probs) + (1 - x) * ops.log1p(-self.probs) + self.log_normalizer()

    def entropy(self) -> Tensor:
        """mean (log(1 - p) - log p) - normaliser - log(1 - p)."""
        low, high = ops.log1p(-self.probs), ops.log(self.probs)
        return self.mean * (low - high) - self.log_normalizer() - low
