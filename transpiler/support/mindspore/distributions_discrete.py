"""torch.distributions of whole numbers and of relaxations of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _softmax
from .distributions_base import (
    Distribution,
    as_number_like,
    broadcast_all,
    clamp_probs,
    holds,
    is_a,
    log_gamma,
    log_sum_of_exp,
    numpy_generator,
    open_uniform_draw,
    probs_to_logits,
    soft_plus,
    uniform_draw,
    x_log_y,
)


def check_either(probs: Any, logits: Any) -> None:
    """Exactly one of the two spellings has to be given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class OfProbability(Distribution):
    """What distributions with one success probability share: ``probs`` or ``logits`` is given, the other one follows."""

    parameters: ClassVar[Mapping[str, int]] = {"given_probs": 0, "given_logits": 0}

    def set_probability(self, probs: Any, logits: Any, *others: Any) -> tuple[Tensor, ...]:
        """Keep what is given, broadcast with ``others``, which are returned."""
        check_either(probs, logits)
        first, *rest = broadcast_all(logits if probs is None else probs, *others)
        self.given_probs: Any = None if probs is None else first
        self.given_logits: Any = first if probs is None else None
        return tuple(rest)

    def check_probability(self) -> None:
        """Probabilities lie in [0, 1]."""
        if self._validate_args and self.given_probs is not None and not bool(holds("unit_interval", self.given_probs).all()):
            raise ValueError(
                f"Expected parameter probs of distribution {type(self).__name__} to lie in [0, 1], but found {self.given_probs}"
            )

    @property
    def probs(self) -> Tensor:
        """The probability."""
        return self.given_probs if self.given_probs is not None else ops.sigmoid(self.given_logits)

    @property
    def logits(self) -> Tensor:
        """The log-odds."""
        return self.given_logits if self.given_logits is not None else probs_to_logits(self.given_probs, is_binary=True)

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return tuple((self.given_logits if self.given_probs is None else self.given_probs).shape)


class Bernoulli(OfProbability):
    """torch.distributions.Bernoulli."""

    has_enumerate_support = True
    support = "boolean"

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self.set_probability(probs, logits)
        super().__init__(self.param_shape, (), validate_args)
        self.check_probability()

    @property
    def mean(self) -> Tensor:
        """p."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """1 where p > 1/2, not defined where it is 1/2."""
        p = self.probs
        return ops.select(p == 0.5, ops.full_like(p, float("nan")), (p >= 0.5).astype(p.dtype))

    @property
    def variance(self) -> Tensor:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """0 and 1."""
        return (uniform_draw(self._extended_shape(sample_shape), self.probs) < self.probs).astype(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """x log(p) + (1 - x) log(1 - p), from the log-odds."""
        x, logits = as_number_like(self.checked(value), self.logits), self.logits
        return x * logits - soft_plus(logits)

    def entropy(self) -> Tensor:
        """-(p log(p) + (1 - p) log(1 - p))."""
        return soft_plus(self.logits) - self.probs * self.logits

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1 along a new first axis."""
        values = ops.arange(2).astype(self.probs.dtype).reshape((2,) + (1,) * len(self._batch_shape))
        return ops.broadcast_to(values, (2, *self._batch_shape)) if expand else values

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if is_a(q, "Poisson"):
            return -self.entropy() - (self.probs * ops.log(q.rate) - q.rate)
        if not is_a(q, "Bernoulli"):
            return None
        a, b = self.probs, q.probs
        result = x_log_y(a, a) - x_log_y(a, b) + x_log_y(1 - a, 1 - a) - x_log_y(1 - a, 1 - b)
        impossible = ops.logical_or(ops.logical_and(b == 0, a > 0), ops.logical_and(b == 1, a < 1))
        return ops.select(impossible, ops.full_like(result, float("inf")), result)


class Geometric(OfProbability):
    """torch.distributions.Geometric: failures before the first success."""

    support = "nonnegative_integer"

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self.set_probability(probs, logits)
        super().__init__(self.param_shape, (), validate_args)
        self.check_probability()
        if self._validate_args and self.given_probs is not None and not bool((self.given_probs > 0).all()):
            raise ValueError(f"Expected parameter probs of distribution Geometric to be positive, but found {self.given_probs}")

    @property
    def mean(self) -> Tensor:
        """1 / p - 1."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        """(1 / p - 1) / p."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """floor(log(u) / log(1 - p))."""
        u = open_uniform_draw(self._extended_shape(sample_shape), self.probs)
        return ops.floor(ops.log(u) / ops.log1p(-self.probs))

    def log_prob(self, value: Tensor) -> Tensor:
        """x log(1 - p) + log(p)."""
        x, p = as_number_like(self.checked(value), self.probs), self.probs
        certain = ops.logical_and(p == 1, x == 0)
        below = ops.select(certain, ops.zeros_like(x * p), p + ops.zeros_like(x))
        return x * ops.log1p(-below) + ops.log(p)

    def entropy(self) -> Tensor:
        """The entropy of a Bernoulli trial over p."""
        return (soft_plus(self.logits) - self.probs * self.logits) / self.probs

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        return -self.entropy() - ops.log1p(-q.probs) / self.probs - q.logits if is_a(q, "Geometric") else None


class Binomial(OfProbability):
    """torch.distributions.Binomial."""

    has_enumerate_support = True
    parameters: ClassVar[Mapping[str, int]] = {"given_probs": 0, "given_logits": 0, "total_count": 0}

    def __init__(self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        (self.total_count,) = self.set_probability(probs, logits, total_count)
        self.total_count = as_number_like(self.total_count, self.probs)
        super().__init__(self.param_shape, (), validate_args)
        self.check_probability()

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether values are whole numbers from 0 to the count."""
        return ops.logical_and(holds("nonnegative_integer", value), value <= self.total_count)

    @property
    def mean(self) -> Tensor:
        """n p."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        """floor((n + 1) p), at most n."""
        return mint.minimum(ops.floor((self.total_count + 1) * self.probs), self.total_count)

    @property
    def variance(self) -> Tensor:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Numbers of successes."""
        counts, p = self.total_count.asnumpy().astype(np.int64), self.probs.asnumpy().astype(np.float64)
        return Tensor(numpy_generator().binomial(counts, np.clip(p, 0, 1), self._extended_shape(sample_shape)), self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """log of n over x, plus x log(p) + (n - x) log(1 - p)."""
        x, n, logits = as_number_like(self.checked(value), self.probs), self.total_count, self.logits
        choices = log_gamma(n + 1) - log_gamma(x + 1) - log_gamma(n - x + 1)
        return choices + x * logits - n * soft_plus(logits)

    def entropy(self) -> Tensor:
        """The sum over all values; the count has to be the same everywhere."""
        count = int(self.total_count.max().asnumpy())
        if int(self.total_count.min().asnumpy()) != count:
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(ops.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 to n along a new first axis."""
        count = int(self.total_count.max().asnumpy())
        if int(self.total_count.min().asnumpy()) != count:
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        values = ops.arange(count + 1).astype(self.probs.dtype).reshape((-1,) + (1,) * len(self._batch_shape))
        return ops.broadcast_to(values, (count + 1, *self._batch_shape)) if expand else values

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Binomial"):
            return None
        if bool((self.total_count < q.total_count).any()):
            raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
        value = self.total_count * (self.probs * (self.logits - q.logits) + ops.log1p(-self.probs) - ops.log1p(-q.probs))
        return ops.select(ops.broadcast_to(self.total_count > q.total_count, value.shape), ops.full_like(value, float("inf")), value)


class NegativeBinomial(OfProbability):
    """torch.distributions.NegativeBinomial: successes before ``total_count`` failures."""

    support = "nonnegative_integer"
    parameters: ClassVar[Mapping[str, int]] = {"given_probs": 0, "given_logits": 0, "total_count": 0}

    def __init__(self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        (self.total_count,) = self.set_probability(probs, logits, total_count)
        self.total_count = as_number_like(self.total_count, self.probs)
        super().__init__(self.param_shape, (), validate_args)
        self.check_probability()

    @property
    def mean(self) -> Tensor:
        """n exp(logits)."""
        return self.total_count * ops.exp(self.logits)

    @property
    def mode(self) -> Tensor:
        """floor((n - 1) exp(logits)), not below 0."""
        return mint.clamp(ops.floor((self.total_count - 1) * ops.exp(self.logits)), min=0.0)

    @property
    def variance(self) -> Tensor:
        """mean / (1 - p)."""
        return self.mean / ops.sigmoid(-self.logits)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Poisson draws whose rates are gamma draws."""
        generator, shape = numpy_generator(), self._extended_shape(sample_shape)
        rates = generator.gamma(self.total_count.asnumpy().astype(np.float64), np.exp(self.logits.asnumpy().astype(np.float64)), shape)
        return Tensor(generator.poisson(rates), self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """n log(1 - p) + x log(p) + log Gamma(n + x) - log Gamma(1 + x) - log Gamma(n)."""
        x, n, logits = as_number_like(self.checked(value), self.probs), self.total_count, self.logits
        unnormalized = -n * soft_plus(logits) - x * soft_plus(-logits)
        constant = log_gamma(n + x) - log_gamma(1 + x) - log_gamma(n)
        return unnormalized + ops.select(n + x == 0, ops.zeros_like(constant), constant)


class Poisson(Distribution):
    """torch.distributions.Poisson."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"rate": "nonnegative"}
    support = "nonnegative_integer"
    parameters: ClassVar[Mapping[str, int]] = {"rate": 0}

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """rate."""
        return self.rate

    @property
    def mode(self) -> Tensor:
        """floor(rate)."""
        return ops.floor(self.rate)

    @property
    def variance(self) -> Tensor:
        """rate."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts."""
        return Tensor(
            numpy_generator().poisson(self.rate.asnumpy().astype(np.float64), self._extended_shape(sample_shape)), self.rate.dtype
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """x log(rate) - rate - log(x!)."""
        x = as_number_like(self.checked(value), self.rate)
        return x_log_y(x, self.rate) - self.rate - log_gamma(x + 1)

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Poisson"):
            return None
        return self.rate * (ops.log(self.rate) - ops.log(q.rate)) - (self.rate - q.rate)


class Categorical(Distribution):
    """torch.distributions.Categorical over 0 to K - 1; probabilities are normalised over the last axis."""

    has_enumerate_support = True
    parameters: ClassVar[Mapping[str, int]] = {"given_probs": 1, "given_logits": 1}

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        check_either(probs, logits)
        given = logits if probs is None else probs
        assert given is not None
        if given.ndim < 1:
            raise ValueError("`probs` or `logits` parameter must be at least one-dimensional.")
        self.given_probs: Any = None if probs is None else probs / probs.sum(-1, keepdims=True)
        self.given_logits: Any = None if logits is None else logits - log_sum_of_exp(logits)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], (), validate_args)
        if self._validate_args and self.given_probs is not None and not bool(holds("simplex", self.given_probs).all()):
            raise ValueError(f"Expected parameter probs of distribution {type(self).__name__} to be a simplex, but found {probs}")

    @property
    def probs(self) -> Tensor:
        """The probabilities (..., K)."""
        return self.given_probs if self.given_probs is not None else _softmax(self.given_logits, -1)

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self.given_logits if self.given_logits is not None else probs_to_logits(self.given_probs)

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return tuple((self.given_logits if self.given_probs is None else self.given_probs).shape)

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether values are among 0 to K - 1."""
        return ops.logical_and(holds("nonnegative_integer", as_number_like(value, self.logits)), value <= self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """Not defined."""
        return ops.full(self._batch_shape, float("nan"), dtype=self.probs.dtype)

    @property
    def mode(self) -> Tensor:
        """The most probable index."""
        return ops.argmax(self.probs, -1).astype(mindspore.int64)

    @property
    def variance(self) -> Tensor:
        """Not defined."""
        return ops.full(self._batch_shape, float("nan"), dtype=self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Indices, int64: where a uniform draw falls among the cumulated probabilities."""
        shape = tuple(sample_shape) + self._batch_shape
        edges = np.cumsum(self.probs.asnumpy().astype(np.float64), -1)
        draws = numpy_generator().random(shape)[..., None] * edges[..., -1:]
        return Tensor(np.minimum((draws >= edges).sum(-1), self._num_events - 1).reshape(shape), mindspore.int64)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability at the index."""
        index = self.checked(value).astype(mindspore.int64)
        shape = np.broadcast_shapes(tuple(index.shape), self._batch_shape)
        logits = ops.broadcast_to(self.logits, (*shape, self._num_events))
        return mint.gather(logits, -1, ops.broadcast_to(index, shape).expand_dims(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """-sum(p log p)."""
        lowest = {mindspore.float16: -65504.0, mindspore.float64: -1.7976931348623157e308}.get(self.logits.dtype, -3.4028234663852886e38)
        return -(mint.clamp(self.logits, min=lowest) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 to K - 1 along a new first axis."""
        values = ops.arange(self._num_events).astype(mindspore.int64).reshape((-1,) + (1,) * len(self._batch_shape))
        return ops.broadcast_to(values, (self._num_events, *self._batch_shape)) if expand else values

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Categorical"):
            return None
        terms = self.probs * (self.logits - q.logits)
        terms = ops.select(ops.broadcast_to(q.probs == 0, terms.shape), ops.full_like(terms, float("inf")), terms)
        return ops.select(ops.broadcast_to(self.probs == 0, terms.shape), ops.zeros_like(terms), terms).sum(-1)


class OneHotCategorical(Distribution):
    """torch.distributions.OneHotCategorical: a one-hot vector for each draw of a Categorical."""

    has_enumerate_support = True
    support = "one_hot"

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its parameters broadcast."""
        new = super().expand(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    @property
    def probs(self) -> Tensor:
        """The probabilities (..., K)."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Tensor:
        """The probabilities."""
        return self.probs

    def one_hot_of(self, index: Tensor) -> Tensor:
        """One-hot vectors in the dtype of the probabilities."""
        return (index.expand_dims(-1) == ops.arange(self._event_shape[0])).astype(self.probs.dtype)

    @property
    def mode(self) -> Tensor:
        """The most probable vector."""
        return self.one_hot_of(self._categorical.mode)

    @property
    def variance(self) -> Tensor:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """One-hot vectors."""
        return self.one_hot_of(self._categorical.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of the vector's index."""
        return self._categorical.log_prob(ops.argmax(self.checked(value), -1))

    def entropy(self) -> Tensor:
        """The entropy of the index."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All one-hot vectors along a new first axis."""
        size = self._event_shape[0]
        values = ops.eye(size, size, self.probs.dtype).reshape((size,) + (1,) * len(self._batch_shape) + (size,))
        return ops.broadcast_to(values, (size, *self._batch_shape, size)) if expand else values

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        return self._categorical.divergence(q._categorical) if is_a(q, "OneHotCategorical") else None


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """torch.distributions.OneHotCategoricalStraightThrough: gradients pass to the probabilities unchanged."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """One-hot vectors plus the probabilities less their constant value."""
        return self.sample(sample_shape) + (self.probs - ops.stop_gradient(self.probs))


class Multinomial(Distribution):
    """torch.distributions.Multinomial: counts of ``total_count`` draws of a Categorical."""

    def __init__(
        self, total_count: int = 1, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its parameters broadcast."""
        new = super().expand(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether counts are whole numbers that add up."""
        return ops.logical_and(holds("nonnegative_integer", value).all(-1), value.sum(-1) == self.total_count)

    @property
    def probs(self) -> Tensor:
        """The probabilities (..., K)."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Tensor:
        """n p."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts (..., K)."""
        p = self.probs.asnumpy().astype(np.float64)
        shape = tuple(sample_shape) + self._batch_shape
        counts = numpy_generator().multinomial(self.total_count, p / p.sum(-1, keepdims=True), shape)
        return Tensor(counts, self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """log(n!) - sum(log(x!)) + sum(x log p)."""
        x = as_number_like(self.checked(value), self.logits)
        logits, x = broadcast_all(self.logits, x)
        safe = ops.select(ops.logical_and(x == 0, logits == float("-inf")), ops.zeros_like(logits), logits)
        return log_gamma(x.sum(-1) + 1) - log_gamma(x + 1).sum(-1) + (safe * x).sum(-1)

    def entropy(self) -> Tensor:
        """n H - log(n!) + sum over counts of P(count) log(count!)."""
        n = Tensor(float(self.total_count), self.probs.dtype)
        counts = ops.arange(1, self.total_count + 1).astype(self.probs.dtype).reshape((-1,) + (1,) * (len(self._batch_shape) + 1))
        p = self.probs
        choices = log_gamma(n + 1) - log_gamma(counts + 1) - log_gamma(n - counts + 1)
        weights = ops.exp(choices + counts * ops.log(clamp_probs(p)) + (n - counts) * ops.log1p(-clamp_probs(p)))
        return n * self._categorical.entropy() - log_gamma(n + 1) + (weights * log_gamma(counts + 1)).sum(0).sum(-1)


class LogitRelaxedBernoulli(OfProbability):
    """torch.distributions.LogitRelaxedBernoulli: the log-odds of a RelaxedBernoulli."""

    has_rsample = True
    support = "real"

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self.temperature = temperature
        self.set_probability(probs, logits)
        super().__init__(self.param_shape, (), validate_args)
        self.check_probability()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """(logit(u) + logit(p)) / temperature."""
        p = clamp_probs(ops.broadcast_to(self.probs, self._extended_shape(sample_shape)))
        u = clamp_probs(uniform_draw(p.shape, p))
        return (ops.log(u) - ops.log1p(-u) + ops.log(p) - ops.log1p(-p)) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        """log(t) + d - 2 log(1 + exp(d)) with d = logits - t x."""
        logits, x = broadcast_all(self.logits, self.checked(value))
        d = logits - x * self.temperature
        return (
            ops.log(Tensor(self.temperature, d.dtype) if not isinstance(self.temperature, Tensor) else self.temperature)
            + d
            - 2 * soft_plus(d)
        )


class ExpRelaxedCategorical(Distribution):
    """torch.distributions.ExpRelaxedCategorical: the logarithm of a RelaxedOneHotCategorical."""

    has_rsample = True
    support = "real_vector"

    def __init__(
        self, temperature: Any, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its parameters broadcast."""
        new = super().expand(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    @property
    def probs(self) -> Tensor:
        """The probabilities (..., K)."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._categorical.param_shape

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """log softmax of (logits + Gumbel noise) / temperature."""
        shape = self._extended_shape(sample_shape)
        uniforms = clamp_probs(uniform_draw(shape, self.logits))
        scores = (self.logits - ops.log(-ops.log(uniforms))) / self.temperature
        return scores - log_sum_of_exp(scores)

    def log_prob(self, value: Tensor) -> Tensor:
        """The density of Maddison et al. (2017)."""
        size = self._event_shape[0]
        logits, x = broadcast_all(self.logits, self.checked(value))
        temperature = self.temperature if isinstance(self.temperature, Tensor) else Tensor(self.temperature, logits.dtype)
        scale = math.lgamma(size) - ops.log(temperature) * -(size - 1)
        score = logits - x * self.temperature
        return (score - log_sum_of_exp(score)).sum(-1) + scale
