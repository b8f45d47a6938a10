"""torch.distributions made of others: independent, transformed and mixed ones, and the multivariate normal."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from mindspore import Tensor, mint, ops

from .distributions_base import Distribution, holds, is_a, kl_divergence, log_sum_of_exp, normal_draw, sum_rightmost
from .distributions_continuous import Normal
from .distributions_discrete import Categorical, ExpRelaxedCategorical, LogitRelaxedBernoulli
from .distributions_transforms import ComposeTransform, ExpTransform, SigmoidTransform, StickBreakingTransform, Transform


class Independent(Distribution):
    """torch.distributions.Independent: batch axes of ``base_dist`` that count as event axes."""

    def __init__(self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None) -> None:
        if reinterpreted_batch_ndims > len(base_distribution.batch_shape):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {reinterpreted_batch_ndims} vs {len(base_distribution.batch_shape)}"
            )
        shape = base_distribution.batch_shape + base_distribution.event_shape
        cut = len(base_distribution.batch_shape) - reinterpreted_batch_ndims
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        super().__init__(shape[:cut], shape[cut:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The base expanded."""
        base = self.base_dist.expand(tuple(batch_shape) + self._event_shape[: self.reinterpreted_batch_ndims])
        return Independent(base, self.reinterpreted_batch_ndims, self._validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the base."""
        return bool(self.base_dist.has_rsample)

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        """As the base, where no axis is reinterpreted."""
        return not self.reinterpreted_batch_ndims and bool(self.base_dist.has_enumerate_support)

    @property
    def mean(self) -> Tensor:
        """The base's."""
        result: Tensor = self.base_dist.mean
        return result

    @property
    def mode(self) -> Tensor:
        """The base's."""
        result: Tensor = self.base_dist.mode
        return result

    @property
    def variance(self) -> Tensor:
        """The base's."""
        result: Tensor = self.base_dist.variance
        return result

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """The base's draws."""
        result: Tensor = self.base_dist.sample(sample_shape)
        return result

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The base's draws."""
        result: Tensor = self.base_dist.rsample(sample_shape)
        return result

    def log_prob(self, value: Tensor) -> Tensor:
        """Summed over the event axes."""
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        """Summed over the event axes."""
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The base's, where no axis is reinterpreted."""
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        result: Tensor = self.base_dist.enumerate_support(expand)
        return result

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "Independent"):
            return None
        if self.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
            raise NotImplementedError("The divergence of Independent distributions with different event axes is not implemented")
        return sum_rightmost(kl_divergence(self.base_dist, q.base_dist), self.reinterpreted_batch_ndims)


class TransformedDistribution(Distribution):
    """torch.distributions.TransformedDistribution: draws of ``base_dist`` through transforms."""

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        transform = ComposeTransform(self.transforms)
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        base_event = len(base_distribution.event_shape)
        if len(base_shape) < transform.domain.event_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {transform.domain.event_dim}, but got {base_shape}."
            )
        forward_shape = transform.forward_shape(base_shape)
        expanded = transform.inverse_shape(forward_shape)
        if base_shape != expanded:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - base_event])
        reinterpreted = transform.domain.event_dim - base_event
        self.base_dist: Any = Independent(base_distribution, reinterpreted) if reinterpreted > 0 else base_distribution
        change = transform.codomain.event_dim - transform.domain.event_dim
        cut = len(forward_shape) - max(transform.codomain.event_dim, base_event + change)
        super().__init__(forward_shape[:cut], forward_shape[cut:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The base expanded."""
        shape = tuple(batch_shape) + self._event_shape
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        new = copy.copy(self)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        new._batch_shape = tuple(batch_shape)
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the base."""
        return bool(self.base_dist.has_rsample)

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether the last transform can give the value."""
        if not self.transforms:
            return None
        inside: Tensor = self.transforms[-1].codomain.check(value)
        return inside

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """The base's draws, transformed."""
        return ops.stop_gradient(self.transformed(self.base_dist.sample(sample_shape)))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The base's draws, transformed."""
        return self.transformed(self.base_dist.rsample(sample_shape))

    def transformed(self, x: Tensor) -> Tensor:
        """``x`` through all transforms."""
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Tensor) -> Tensor:
        """The base's density at the inverse, less the logarithms of the Jacobian determinants."""
        y = self.checked(value)
        event_dim, total = len(self._event_shape), 0.0
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            total = total - sum_rightmost(transform.log_abs_det_jacobian(x, y), event_dim - transform.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), event_dim - len(self.base_dist.event_shape))

    def rising(self, value: Tensor) -> Tensor:
        """1 - value where the transforms fall."""
        sign = ComposeTransform(self.transforms).sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        """The base's at the inverse."""
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self.rising(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        """The base's, transformed."""
        return self.transformed(self.base_dist.icdf(self.rising(value)))

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "TransformedDistribution"):
            return None
        pairs = list(zip(self.transforms, q.transforms))
        same = len(self.transforms) == len(q.transforms) and all(type(a) is type(b) for a, b in pairs)
        if not same or any(vars(a).get(name) is not vars(b).get(name) for a, b in pairs for name in ("loc", "scale", "exponent")):
            raise NotImplementedError("The divergence of distributions with different transforms is not implemented")
        return kl_divergence(self.base_dist, q.base_dist)


class LogNormal(TransformedDistribution):
    """torch.distributions.LogNormal: exp of a normal variable."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        result: Tensor = self.base_dist.loc
        return result

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the logarithm."""
        result: Tensor = self.base_dist.scale
        return result

    @property
    def mean(self) -> Tensor:
        """exp(loc + scale^2 / 2)."""
        return ops.exp(self.loc + self.scale * self.scale / 2)

    @property
    def mode(self) -> Tensor:
        """exp(loc - scale^2)."""
        return ops.exp(self.loc - self.scale * self.scale)

    @property
    def variance(self) -> Tensor:
        """(exp(scale^2) - 1) exp(2 loc + scale^2)."""
        squared = self.scale * self.scale
        return ops.expm1(squared) * ops.exp(2 * self.loc + squared)

    def entropy(self) -> Tensor:
        """The normal entropy plus loc."""
        result: Tensor = self.base_dist.entropy() + self.loc
        return result


class LogisticNormal(TransformedDistribution):
    """torch.distributions.LogisticNormal: normal variables onto the simplex by stick breaking."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        super().__init__(base if base.batch_shape else base.expand((1,)), StickBreakingTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        """The normal means."""
        result: Tensor = self.base_dist.base_dist.loc
        return result

    @property
    def scale(self) -> Tensor:
        """The normal standard deviations."""
        result: Tensor = self.base_dist.base_dist.scale
        return result


class RelaxedBernoulli(TransformedDistribution):
    """torch.distributions.RelaxedBernoulli (Maddison et al., 2017)."""

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Tensor:
        """The probability."""
        result: Tensor = self.base_dist.probs
        return result

    @property
    def logits(self) -> Tensor:
        """The log-odds."""
        result: Tensor = self.base_dist.logits
        return result


class RelaxedOneHotCategorical(TransformedDistribution):
    """torch.distributions.RelaxedOneHotCategorical: the Gumbel-softmax distribution."""

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(ExpRelaxedCategorical(temperature, probs, logits, validate_args), ExpTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        result: Tensor = self.base_dist.probs
        return result

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        result: Tensor = self.base_dist.logits
        return result


class MixtureSameFamily(Distribution):
    """torch.distributions.MixtureSameFamily: components along the last batch axis, chosen by a Categorical."""

    def __init__(self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")  # noqa: TRY004
        if mixture_distribution.param_shape[-1] != component_distribution.batch_shape[-1]:
            raise ValueError("`mixture_distribution component` does not equal `component_distribution.batch_shape[-1]`")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        self._num_component = mixture_distribution.param_shape[-1]
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(component_distribution.batch_shape[:-1], component_distribution.event_shape, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Mixture and components expanded."""
        components = self._component_distribution.expand((*tuple(batch_shape), self._num_component))
        return MixtureSameFamily(self._mixture_distribution.expand(batch_shape), components, self._validate_args)

    @property
    def mixture_distribution(self) -> Any:
        """What chooses the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    def weights(self) -> Tensor:
        """The mixture's probabilities, lined up with the components' events."""
        p = self._mixture_distribution.probs
        return p.reshape(*p.shape, *(1,) * self._event_ndims)

    @property
    def mean(self) -> Tensor:
        """sum(p mean)."""
        return (self.weights() * self._component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Tensor:
        """sum(p variance) + sum(p (mean - total mean)^2)."""
        axis = -1 - self._event_ndims
        spread = self._component_distribution.mean - self.mean.expand_dims(axis)
        inner = (self.weights() * self._component_distribution.variance).sum(axis)
        return inner + (self.weights() * spread * spread).sum(axis)

    def cdf(self, x: Tensor) -> Tensor:
        """sum(p F(x))."""
        return (self._component_distribution.cdf(x.expand_dims(-1 - self._event_ndims)) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """logsumexp(log p + log f(x))."""
        inside = self._component_distribution.log_prob(self.checked(value).expand_dims(-1 - self._event_ndims))
        logits = self._mixture_distribution.logits
        return log_sum_of_exp(inside + logits - log_sum_of_exp(logits)).squeeze(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """One component's draw each."""
        chosen = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
        draws = self._component_distribution.sample(sample_shape)
        axis = chosen.ndim
        index = chosen.reshape(*chosen.shape, *(1,) * (self._event_ndims + 1))
        index = ops.broadcast_to(index, (*chosen.shape, 1, *self._event_shape))
        return ops.stop_gradient(mint.gather(draws, axis, index).squeeze(axis))


def lower_factor(a: Tensor) -> Tensor:
    """The Cholesky factor of positive definite matrices, column by column, of operations that have a gradient."""
    size = a.shape[-1]
    a = 0.5 * (a + a.swapaxes(-2, -1))
    rows = ops.arange(size)
    columns: list[Tensor] = []
    for j in range(size):
        rest = a[..., :, j]
        for column in columns:
            rest = rest - column * column[..., j : j + 1]
        pivot = ops.sqrt(rest[..., j : j + 1])
        columns.append(rest / pivot * (rows >= j).astype(a.dtype))
    return ops.stack(columns, -1)


def forward_substitution(lower: Tensor, b: Tensor) -> Tensor:
    """x of L x = b for lower triangles (..., n, n) and right sides (..., n, m)."""
    solved: list[Tensor] = []
    for i in range(lower.shape[-1]):
        rest = b[..., i, :]
        for j, part in enumerate(solved):
            rest = rest - lower[..., i, j : j + 1] * part
        solved.append(rest / lower[..., i, i : i + 1])
    return ops.stack(solved, -2)


def identity_like(matrix: Tensor) -> Tensor:
    """The unit matrix in the shape of ``matrix``."""
    return ops.broadcast_to(ops.eye(matrix.shape[-1], matrix.shape[-1], matrix.dtype), matrix.shape)


class MultivariateNormal(Distribution):
    """torch.distributions.MultivariateNormal, by covariance, precision or the covariance's Cholesky factor."""

    has_rsample = True
    support = "real_vector"
    parameters: ClassVar[Mapping[str, int]] = {"loc": 1, "_unbroadcasted_scale_tril": 2}

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = [m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        if given[0].ndim < 2:
            raise ValueError("the matrix must be at least two-dimensional, with optional leading batch dimensions")
        batch = tuple(np.broadcast_shapes(tuple(given[0].shape[:-2]), tuple(loc.shape[:-1])))
        self.loc = ops.broadcast_to(loc, (*batch, loc.shape[-1]))
        if scale_tril is not None:
            factor = scale_tril
        elif covariance_matrix is not None:
            factor = lower_factor(covariance_matrix)
        else:
            flipped = lower_factor(ops.flip(given[0], (-2, -1)))
            factor = forward_substitution(ops.flip(flipped, (-2, -1)).swapaxes(-2, -1), identity_like(given[0]))
        self._unbroadcasted_scale_tril = factor
        super().__init__(batch, loc.shape[-1:], validate_args)
        if self._validate_args and not bool(holds("lower_cholesky", factor).all()):
            raise ValueError(
                "Expected the matrix of distribution MultivariateNormal to be positive definite (or its lower Cholesky factor)"
            )

    @property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance."""
        size = self._event_shape[0]
        return ops.broadcast_to(self._unbroadcasted_scale_tril, (*self._batch_shape, size, size))

    @property
    def covariance_matrix(self) -> Tensor:
        """L L^T."""
        factor = self.scale_tril
        return ops.matmul(factor, factor.swapaxes(-2, -1))

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        factor = self.scale_tril
        inverse = forward_substitution(factor, identity_like(factor))
        return ops.matmul(inverse.swapaxes(-2, -1), inverse)

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
        """The diagonal of the covariance."""
        factor = self.scale_tril
        return (factor * factor).sum(-1)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + L N(0, I)."""
        noise = normal_draw(self._extended_shape(sample_shape), self.loc)
        return self.loc + ops.matmul(self._unbroadcasted_scale_tril, noise.expand_dims(-1)).squeeze(-1)

    def half_log_det(self) -> Tensor:
        """log det L."""
        factor = self._unbroadcasted_scale_tril
        return ops.log((factor * identity_like(factor)).sum(-1)).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """-(n log(2 pi) + |L^-1 (x - loc)|^2) / 2 - log det L."""
        difference = self.checked(value) - self.loc
        factor = self._unbroadcasted_scale_tril
        shape = np.broadcast_shapes(tuple(difference.shape[:-1]), tuple(factor.shape[:-2]))
        size = self._event_shape[0]
        scaled = forward_substitution(
            ops.broadcast_to(factor, (*shape, size, size)), ops.broadcast_to(difference, (*shape, size)).expand_dims(-1)
        )
        distance = (scaled * scaled).sum(-1).sum(-1)
        return -0.5 * (size * math.log(2 * math.pi) + distance) - self.half_log_det()

    def entropy(self) -> Tensor:
        """n (1 + log(2 pi)) / 2 + log det L."""
        value = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self.half_log_det()
        return ops.broadcast_to(value, self._batch_shape) if self._batch_shape else value

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        if not is_a(q, "MultivariateNormal"):
            return None
        size = self._event_shape[0]
        batch = np.broadcast_shapes(self._batch_shape, q.batch_shape)
        own, other = (ops.broadcast_to(d._unbroadcasted_scale_tril, (*batch, size, size)) for d in (self, q))
        ratio = forward_substitution(other, own)
        difference = ops.broadcast_to(q.loc - self.loc, (*batch, size))
        scaled = forward_substitution(other, difference.expand_dims(-1))
        spread = (ratio * ratio).sum(-1).sum(-1) + (scaled * scaled).sum(-1).sum(-1)
        return q.half_log_det() - self.half_log_det() + 0.5 * (spread - size)


class LowRankMultivariateNormal(MultivariateNormal):
    """torch.distributions.LowRankMultivariateNormal: covariance W W^T + D, computed in full."""

    def __init__(self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None) -> None:
        self.cov_factor, self.cov_diag = cov_factor, cov_diag
        unit = ops.eye(cov_diag.shape[-1], cov_diag.shape[-1], cov_diag.dtype)
        covariance = ops.matmul(cov_factor, cov_factor.swapaxes(-2, -1)) + cov_diag.expand_dims(-1) * unit
        super().__init__(loc, covariance, validate_args=validate_args)
