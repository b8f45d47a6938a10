"""torch.distributions.transforms and constraints: invertible maps with the logarithm of their Jacobian determinant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _softmax
from .distributions_base import SMALLEST, holds, soft_plus, sum_rightmost


class Constraint:
    """torch.distributions.constraints.Constraint: whether values are allowed, by the constraint's name."""

    def __init__(self, kind: str = "real", event_dim: int = 0, is_discrete: bool = False) -> None:
        self.kind, self.event_dim, self.is_discrete = kind, event_dim, is_discrete

    def check(self, value: Tensor) -> Tensor:
        """True where the constraint is satisfied."""
        return holds(self.kind, value)


class IntervalConstraint(Constraint):
    """torch.distributions.constraints.interval."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        super().__init__()
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        """True from the lower to the upper bound."""
        return ops.logical_and(value >= self.lower_bound, value <= self.upper_bound)


class GreaterThanConstraint(Constraint):
    """torch.distributions.constraints.greater_than."""

    def __init__(self, lower_bound: Any) -> None:
        super().__init__()
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        """True above the bound."""
        return value > self.lower_bound


class GreaterThanEqConstraint(GreaterThanConstraint):
    """torch.distributions.constraints.greater_than_eq."""

    def check(self, value: Tensor) -> Tensor:
        """True from the bound on."""
        return value >= self.lower_bound


class LessThanConstraint(Constraint):
    """torch.distributions.constraints.less_than."""

    def __init__(self, upper_bound: Any) -> None:
        super().__init__()
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        """True below the bound."""
        return value < self.upper_bound


class IndependentConstraint(Constraint):
    """torch.distributions.constraints.independent: ``base_constraint`` for all elements of the last axes."""

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int) -> None:
        super().__init__(event_dim=base_constraint.event_dim + reinterpreted_batch_ndims, is_discrete=base_constraint.is_discrete)
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        """True where all elements satisfy the base constraint."""
        result = self.base_constraint.check(value)
        axes = self.reinterpreted_batch_ndims
        return result.reshape(*result.shape[: result.ndim - axes], -1).all(-1) if axes else result


constraint_real = Constraint("real")
constraint_positive = Constraint("positive")
constraint_nonnegative = Constraint("nonnegative")
constraint_unit_interval = Constraint("unit_interval")
constraint_boolean = Constraint("boolean", 0, True)
constraint_nonnegative_integer = Constraint("nonnegative_integer", 0, True)
constraint_simplex = Constraint("simplex", 1)
constraint_one_hot = Constraint("one_hot", 1, True)
constraint_real_vector = Constraint("real_vector", 1)
constraint_lower_cholesky = Constraint("lower_cholesky", 2)


class Transform:
    """torch.distributions.transforms.Transform; with ``cache_size`` 1 the last result remembers what it came from."""

    bijective = False
    domain: Any = constraint_real
    codomain: Any = constraint_real
    sign: Any = 1

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._cached: tuple[Any, Any] = (None, None)

    @property
    def event_dim(self) -> int:
        """The number of axes that belong to one event."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        dim: int = self.domain.event_dim
        return dim

    @property
    def inv(self) -> Any:
        """The inverse transform."""
        return InverseTransform(self)

    def with_cache(self, cache_size: int = 1) -> Any:
        """This transform with another cache size."""
        self._cache_size = cache_size
        return self

    def __call__(self, x: Tensor) -> Tensor:
        if self._cache_size == 0:
            return self._call(x)
        if self._cached[0] is not x:
            self._cached = (x, self._call(x))
        result: Tensor = self._cached[1]
        return result

    def _inv_call(self, y: Tensor) -> Tensor:
        if self._cache_size == 0:
            return self._inverse(y)
        if self._cached[1] is not y:
            self._cached = (self._inverse(y), y)
        result: Tensor = self._cached[0]
        return result

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |dy / dx|."""
        raise NotImplementedError

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """The shape of the result for an input's shape."""
        return tuple(shape)

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """The shape of the input for a result's shape."""
        return tuple(shape)


class InverseTransform(Transform):
    """The inverse of a transform."""

    def __init__(self, transform: Any) -> None:
        super().__init__(transform._cache_size)
        self._inv = transform

    @property
    def domain(self) -> Any:
        """The transform's codomain."""
        return self._inv.codomain

    @property
    def codomain(self) -> Any:
        """The transform's domain."""
        return self._inv.domain

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """As the transform."""
        return bool(self._inv.bijective)

    @property
    def sign(self) -> Any:
        """As the transform."""
        return self._inv.sign

    @property
    def inv(self) -> Any:
        """The transform itself."""
        return self._inv

    def __call__(self, x: Tensor) -> Tensor:
        result: Tensor = self._inv._inv_call(x)
        return result

    def _inv_call(self, y: Tensor) -> Tensor:
        result: Tensor = self._inv(y)
        return result

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Minus the transform's."""
        result: Tensor = -self._inv.log_abs_det_jacobian(y, x)
        return result

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """The transform's inverse shape."""
        return tuple(self._inv.inverse_shape(shape))

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """The transform's forward shape."""
        return tuple(self._inv.forward_shape(shape))


class ComposeTransform(Transform):
    """torch.distributions.ComposeTransform: one transform after the other."""

    def __init__(self, parts: Sequence[Any], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)

    @property
    def domain(self) -> Any:
        """What the parts together take."""
        if not self.parts:
            return constraint_real
        dim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            dim = max(dim + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
        first = self.parts[0].domain
        return IndependentConstraint(first, dim - first.event_dim) if dim > first.event_dim else first

    @property
    def codomain(self) -> Any:
        """What the parts together give."""
        if not self.parts:
            return constraint_real
        dim = self.parts[0].domain.event_dim
        for part in self.parts:
            dim = max(dim + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim)
        last = self.parts[-1].codomain
        return IndependentConstraint(last, dim - last.event_dim) if dim > last.event_dim else last

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all parts are."""
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        """The product of the parts' signs."""
        return math.prod(part.sign for part in self.parts)

    @property
    def inv(self) -> Any:
        """The inverses in reverse order."""
        return ComposeTransform([part.inv for part in reversed(self.parts)])

    def __call__(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The sum over the parts."""
        if not self.parts:
            return ops.zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        total: Any = 0
        dim = self.domain.event_dim
        for part, before, after in zip(self.parts, values[:-1], values[1:]):
            total = total + sum_rightmost(part.log_abs_det_jacobian(before, after), dim - part.domain.event_dim)
            dim += part.codomain.event_dim - part.domain.event_dim
        result: Tensor = total
        return result

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """Through all parts."""
        for part in self.parts:
            shape = part.forward_shape(shape)
        return tuple(shape)

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """Back through all parts."""
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return tuple(shape)


class IndependentTransform(Transform):
    """torch.distributions.IndependentTransform: batch axes that count as event axes."""

    def __init__(self, base_transform: Any, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.base_transform, self.reinterpreted_batch_ndims = base_transform, reinterpreted_batch_ndims
        self.bijective, self.sign = base_transform.bijective, base_transform.sign
        self.domain = IndependentConstraint(base_transform.domain, reinterpreted_batch_ndims)
        self.codomain = IndependentConstraint(base_transform.codomain, reinterpreted_batch_ndims)

    def _call(self, x: Tensor) -> Tensor:
        result: Tensor = self.base_transform(x)
        return result

    def _inverse(self, y: Tensor) -> Tensor:
        result: Tensor = self.base_transform.inv(y)
        return result

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Summed over the event axes."""
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """As the base transform."""
        return tuple(self.base_transform.forward_shape(shape))

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """As the base transform."""
        return tuple(self.base_transform.inverse_shape(shape))


class ReshapeTransform(Transform):
    """torch.distributions.ReshapeTransform: the event axes in another shape."""

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError("in_shape, out_shape have different numbers of elements")
        self.domain = IndependentConstraint(constraint_real, len(self.in_shape))
        self.codomain = IndependentConstraint(constraint_real, len(self.out_shape))

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[: x.ndim - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(y.shape[: y.ndim - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """0."""
        return ops.zeros(x.shape[: x.ndim - len(self.in_shape)], x.dtype)

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """The last axes replaced."""
        return tuple(shape[: len(shape) - len(self.in_shape)]) + self.out_shape

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """The last axes replaced."""
        return tuple(shape[: len(shape) - len(self.out_shape)]) + self.in_shape


class ExpTransform(Transform):
    """torch.distributions.ExpTransform: y = exp(x)."""

    bijective = True
    codomain = constraint_positive

    def _call(self, x: Tensor) -> Tensor:
        return ops.exp(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return ops.log(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """x."""
        return x


class PowerTransform(Transform):
    """torch.distributions.PowerTransform: y = x^exponent of positive numbers."""

    bijective = True
    domain = constraint_positive
    codomain = constraint_positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent if isinstance(exponent, Tensor) else Tensor(float(exponent))

    @property
    def sign(self) -> Any:
        """The sign of the exponent."""
        return mint.sign(self.exponent)

    def _call(self, x: Tensor) -> Tensor:
        return x**self.exponent

    def _inverse(self, y: Tensor) -> Tensor:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |exponent y / x|."""
        return ops.log(ops.abs(self.exponent * y / x))

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """Broadcast with the exponent."""
        return tuple(np.broadcast_shapes(tuple(shape), tuple(self.exponent.shape)))

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """Broadcast with the exponent."""
        return self.forward_shape(shape)


class SigmoidTransform(Transform):
    """torch.distributions.SigmoidTransform: y = 1 / (1 + exp(-x))."""

    bijective = True
    codomain = constraint_unit_interval

    def _call(self, x: Tensor) -> Tensor:
        eps = SMALLEST[x.dtype]
        return mint.clamp(ops.sigmoid(x), eps / 1e30 if x.dtype in SMALLEST else 0.0, 1.0 - eps)

    def _inverse(self, y: Tensor) -> Tensor:
        y = mint.clamp(y, SMALLEST[y.dtype] / 1e30, 1.0 - SMALLEST[y.dtype])
        return ops.log(y) - ops.log1p(-y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """-softplus(-x) - softplus(x)."""
        return -soft_plus(-x) - soft_plus(x)


class SoftplusTransform(Transform):
    """torch.distributions.SoftplusTransform: y = log(1 + exp(x))."""

    bijective = True
    codomain = constraint_positive

    def _call(self, x: Tensor) -> Tensor:
        return soft_plus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return ops.log(-ops.expm1(-y)) + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """-softplus(-x)."""
        return -soft_plus(-x)


class TanhTransform(Transform):
    """torch.distributions.TanhTransform: y = tanh(x)."""

    bijective = True
    codomain = IntervalConstraint(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return 2 * ops.sigmoid(2 * x) - 1

    def _inverse(self, y: Tensor) -> Tensor:
        return 0.5 * (ops.log1p(y) - ops.log1p(-y))

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """2 (log 2 - x - softplus(-2 x))."""
        return 2.0 * (math.log(2.0) - x - soft_plus(-2.0 * x))


class AbsTransform(Transform):
    """torch.distributions.AbsTransform: y = |x|."""

    codomain = constraint_positive

    def _call(self, x: Tensor) -> Tensor:
        return ops.abs(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """torch.distributions.AffineTransform: y = loc + scale x."""

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale = loc, scale
        if event_dim:
            self.domain = self.codomain = IndependentConstraint(constraint_real, event_dim)

    @property
    def sign(self) -> Any:
        """The sign of the scale."""
        if isinstance(self.scale, Tensor):
            return mint.sign(self.scale)
        return 1 if self.scale > 0 else -1 if self.scale < 0 else 0

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |scale|, summed over the event axes."""
        if isinstance(self.scale, Tensor):
            slope = ops.broadcast_to(ops.log(ops.abs(self.scale)), np.broadcast_shapes(tuple(x.shape), tuple(self.scale.shape)))
        else:
            slope = ops.full_like(x, math.log(abs(self.scale)))
        return sum_rightmost(slope, self.event_dim)

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """Broadcast with loc and scale."""
        others = (tuple(getattr(value, "shape", ())) for value in (self.loc, self.scale))
        return tuple(np.broadcast_shapes(tuple(shape), *others))

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """Broadcast with loc and scale."""
        return self.forward_shape(shape)


class SoftmaxTransform(Transform):
    """torch.distributions.SoftmaxTransform: onto the simplex; not bijective."""

    domain = constraint_real_vector
    codomain = constraint_simplex

    def _call(self, x: Tensor) -> Tensor:
        return _softmax(x, -1)

    def _inverse(self, y: Tensor) -> Tensor:
        return ops.log(y)


class StickBreakingTransform(Transform):
    """torch.distributions.StickBreakingTransform: K - 1 real numbers onto the simplex of K."""

    bijective = True
    domain = constraint_real_vector
    codomain = constraint_simplex

    def offsets(self, x: Tensor) -> Tensor:
        """log of how many pieces are left: K - 1, ..., 1."""
        return ops.log(x.shape[-1] - ops.arange(x.shape[-1]).astype(x.dtype))

    def _call(self, x: Tensor) -> Tensor:
        z = mint.clamp(ops.sigmoid(x - self.offsets(x)), SMALLEST[x.dtype] / 1e30, 1 - SMALLEST[x.dtype])
        rest = ops.cumprod(1 - z, -1)
        one = ops.ones((*x.shape[:-1], 1), x.dtype)
        return ops.cat((z, one), -1) * ops.cat((one, rest), -1)

    def _inverse(self, y: Tensor) -> Tensor:
        cut = y[..., :-1]
        rest = mint.clamp(1 - ops.cumsum(cut, -1), min=SMALLEST[y.dtype] / 1e30)
        return ops.log(cut) - ops.log(rest) + self.offsets(cut)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """sum(-x' + log sigmoid(x') + log y) with x' = x - offset."""
        shifted_x = x - self.offsets(x)
        return (-shifted_x - soft_plus(-shifted_x) + ops.log(y[..., :-1])).sum(-1)

    def forward_shape(self, shape: Any) -> tuple[int, ...]:
        """One more element."""
        return (*tuple(shape)[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> tuple[int, ...]:
        """One element less."""
        return (*tuple(shape)[:-1], shape[-1] - 1)


class LowerCholeskyTransform(Transform):
    """torch.distributions.LowerCholeskyTransform: any square matrix to a lower triangle with a positive diagonal."""

    domain = IndependentConstraint(constraint_real, 2)
    codomain = constraint_lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        eye = ops.eye(x.shape[-1], x.shape[-1], x.dtype)
        return ops.tril(x, -1) + ops.exp(x * eye) * eye

    def _inverse(self, y: Tensor) -> Tensor:
        eye = ops.eye(y.shape[-1], y.shape[-1], y.dtype)
        return ops.tril(y, -1) + ops.log(y * eye + 1 - eye) * eye


class CumulativeDistributionTransform(Transform):
    """torch.distributions.CumulativeDistributionTransform: y = F(x) of a distribution."""

    bijective = True
    codomain = constraint_unit_interval

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    def _call(self, x: Tensor) -> Tensor:
        result: Tensor = self.distribution.cdf(x)
        return result

    def _inverse(self, y: Tensor) -> Tensor:
        result: Tensor = self.distribution.icdf(y)
        return result

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The logarithm of the density."""
        result: Tensor = self.distribution.log_prob(x)
        return result
