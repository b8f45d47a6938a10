"""torch.distributions: what all distributions share. Every draw comes from MindSpore's generator; gradients flow where torch's do."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _category, _result_dtype

#: How small a probability may be before its logarithm is taken.
SMALLEST = {mindspore.float16: 9.765625e-04, mindspore.float32: 1.1920929e-07, mindspore.float64: 2.220446049250313e-16}


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and tensors as tensors of one shape; numbers take the dtype of the tensors, float32 where there are none."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    dtype = _result_dtype(*tensors) if tensors else mindspore.float32
    made = [value if isinstance(value, Tensor) else Tensor(value, dtype) for value in values]
    shape = np.broadcast_shapes(*(tuple(value.shape) for value in made))
    return tuple(ops.broadcast_to(value, shape) if tuple(value.shape) != shape else value for value in made)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities away from 0 and 1 by the rounding of their dtype."""
    eps = SMALLEST[probs.dtype]
    return mint.clamp(probs, eps, 1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """log p, or log(p / (1 - p)) where ``is_binary``."""
    clamped = clamp_probs(probs)
    return ops.log(clamped) - ops.log1p(-clamped) if is_binary else ops.log(clamped)


def log_sum_of_exp(x: Tensor) -> Tensor:
    """log(sum(exp(x))) over the last axis, which keeps length 1."""
    peak = ops.stop_gradient(ops.amax(x, -1, True))
    peak = ops.select(ops.isfinite(peak), peak, ops.zeros_like(peak))
    return peak + ops.log(ops.exp(x - peak).sum(-1, keepdims=True))


def sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last ``dim`` axes."""
    return value if dim == 0 else value.reshape(*value.shape[: value.ndim - dim], -1).sum(-1)


def log_gamma(x: Tensor) -> Tensor:
    """log Gamma(x)."""
    return ops.lgamma(x)


def x_log_y(x: Tensor, y: Tensor) -> Tensor:
    """x log y, 0 where both are 0."""
    zero = ops.logical_and(x == 0, y <= 0)
    return ops.select(zero, ops.zeros_like(x * y), x * ops.log(ops.select(zero, ops.ones_like(x * y), y + ops.zeros_like(x))))


def soft_plus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow."""
    return ops.relu(x) + ops.log1p(ops.exp(-ops.abs(x)))


def uniform_draw(shape: Sequence[int], like: Tensor) -> Tensor:
    """Uniform numbers from [0, 1) in the dtype of ``like``."""
    return (ops.rand(*shape) if len(shape) else ops.rand(1).reshape(())).astype(like.dtype)


def open_uniform_draw(shape: Sequence[int], like: Tensor) -> Tensor:
    """Uniform numbers from (0, 1)."""
    eps = SMALLEST[like.dtype] / 2
    return mint.clamp(uniform_draw(shape, like), eps, 1 - eps)


def normal_draw(shape: Sequence[int], like: Tensor) -> Tensor:
    """Standard normal numbers in the dtype of ``like``."""
    return (ops.randn(*shape) if len(shape) else ops.randn(1).reshape(())).astype(like.dtype)


def numpy_generator() -> Any:
    """A numpy generator seeded from MindSpore's, so that ``mindspore.set_seed`` decides."""
    return np.random.default_rng(int(ops.randint(0, 2**31 - 1, (1,)).asnumpy()[0]))


def holds(kind: str, value: Tensor) -> Tensor:
    """Whether each element (or vector, where the constraint speaks of vectors) satisfies a constraint, by its name in torch."""
    if kind == "real":
        return ops.logical_not(ops.isnan(value))
    if kind == "real_vector":
        return ops.logical_not(ops.isnan(value)).all(-1)
    if kind == "boolean":
        return ops.logical_or(value == 0, value == 1)
    if kind == "simplex":
        return ops.logical_and((value >= 0).all(-1), ops.abs(value.sum(-1) - 1) < 1e-6)
    if kind == "one_hot":
        return ops.logical_and(ops.logical_or(value == 0, value == 1).all(-1), value.sum(-1) == 1)
    if kind == "nonnegative_integer":
        return ops.logical_and(value >= 0, value == ops.floor(value))
    if kind == "unit_interval":
        return ops.logical_and(value >= 0, value <= 1)
    if kind == "lower_cholesky":
        diagonal = (value * ops.eye(value.shape[-1], value.shape[-1], value.dtype)).sum(-1)
        return ops.logical_and((ops.tril(value) == value).all(-1).all(-1), (diagonal > 0).all(-1))
    return {"positive": value > 0, "nonnegative": value >= 0}[kind]


class Distribution:
    """torch.distributions.Distribution. ``parameters`` names the tensors that make up a distribution, with the number of their event axes."""

    has_rsample = False
    has_enumerate_support = False
    checks_arguments = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {}
    support: Any = None
    parameters: ClassVar[Mapping[str, int]] = {}

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = tuple(batch_shape), tuple(event_shape)
        self._validate_args = self.checks_arguments if validate_args is None else validate_args
        for name, kind in self.arg_constraints.items() if self._validate_args else ():
            value = self.__dict__.get(name)
            if isinstance(kind, str) and isinstance(value, Tensor) and not bool(holds(kind, value).all()):
                raise ValueError(
                    f"Expected parameter {name} of distribution {type(self).__name__} to satisfy the constraint {kind}, but found {value}"
                )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape over which parameters are batched."""
        return self._batch_shape

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of a single draw."""
        return self._event_shape

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return ops.sqrt(self.variance)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """The same distribution with its parameters broadcast to ``batch_shape``."""
        shape = tuple(batch_shape)
        new = copy.copy(self)
        for name, event_axes in self.parameters.items():
            value = self.__dict__.get(name)
            if value is not None:
                rank = value.ndim - event_axes
                new.__dict__[name] = ops.broadcast_to(value, shape + tuple(value.shape[rank:]))
        new._batch_shape = shape
        return new

    def _extended_shape(self, sample_shape: Any = ()) -> tuple[int, ...]:
        """Sample, batch and event axes."""
        return tuple(sample_shape) + self._batch_shape + self._event_shape

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape sample + batch + event, without gradient."""
        return ops.stop_gradient(self.rsample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which gradients flow to the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """``n`` draws."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density or probability at ``value``."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a value up to ``value``."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of ``cdf``."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy."""
        raise NotImplementedError

    def divergence(self, q: Any) -> Tensor | None:
        """KL(self || q); None where there is no closed form."""
        return None

    def perplexity(self) -> Tensor:
        """exp(entropy)."""
        return ops.exp(self.entropy())

    def contains(self, value: Tensor) -> Tensor | None:
        """Whether values lie in the support; None where that is not known."""
        return holds(self.support, value) if isinstance(self.support, str) else None

    def _validate_sample(self, value: Tensor) -> None:
        """Raise ValueError for a value of the wrong shape or outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")  # noqa: TRY004 - torch's exception
        events = len(self._event_shape)
        if events and tuple(value.shape[value.ndim - events :]) != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {tuple(value.shape)} vs {self._event_shape}.")
        for i, j in zip(reversed(value.shape), reversed(self._batch_shape + self._event_shape)):
            if i not in (1, j) and j != 1:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {tuple(value.shape)}.")
        inside = self.contains(value)
        if inside is not None and not bool(inside.all()):
            raise ValueError(
                f"Expected value argument to be within the support of the distribution {type(self).__name__}, but found {value}"
            )

    def checked(self, value: Tensor) -> Tensor:
        """``value``, checked where arguments are."""
        if self._validate_args:
            self._validate_sample(value)
        return value

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {self.__dict__[name]}" for name in self.parameters if self.__dict__.get(name) is not None)
        return f"{type(self).__name__}({shown})"


def as_number_like(value: Tensor, like: Tensor) -> Tensor:
    """``value`` in floating point, for arithmetic with ``like``."""
    return value if _category(value.dtype) >= 2 else value.astype(like.dtype)


def is_a(distribution: Any, *names: str) -> bool:
    """Whether a distribution is of one of these classes, by name: so that one class need not bring along all that it may meet."""
    return any(cls.__name__ in names for cls in type(distribution).__mro__)


def kl_divergence(p: Any, q: Any) -> Tensor:
    """KL(p || q), elementwise over the batch (torch.distributions.kl_divergence)."""
    result: Tensor | None = p.divergence(q)
    if result is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}")
    return result


def set_default_validate_args(value: bool) -> None:
    """Whether distributions check their arguments unless told otherwise (Distribution.set_default_validate_args)."""
    Distribution.checks_arguments = value
