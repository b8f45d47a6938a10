"""Activation layers with torch's constructors; each derives from MindSpore's layer of the same function where there is one."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

from ._common import _softmax, accurate_tanh, param_dtype
from .functional_activation import celu, elu, leaky_relu, mish, selu


class ReLU(nn.ReLU):
    """torch.nn.ReLU."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """max(0, x)."""
        return ops.relu(input)


class ReLU6(nn.ReLU6):
    """torch.nn.ReLU6."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """min(max(0, x), 6); the base class's kernel has no double precision."""
        if input.dtype != mindspore.float64:
            return super().construct(input)
        bounds = ops.select(input >= 6, 6 * ops.ones_like(input), ops.zeros_like(input))
        return ops.select(ops.logical_and(input > 0, input < 6), input, bounds)


class LeakyReLU(nn.LeakyReLU):
    """torch.nn.LeakyReLU."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope)
        self.negative_slope = negative_slope

    def construct(self, input: Tensor) -> Tensor:
        """x where positive, else negative_slope * x."""
        return leaky_relu(input, self.negative_slope)


class ELU(nn.ELU):
    """torch.nn.ELU; MindSpore's kernel knows alpha = 1 only."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha

    def construct(self, input: Tensor) -> Tensor:
        """x where positive, else alpha * (exp(x) - 1)."""
        return elu(input, self.alpha)


class CELU(nn.CELU):
    """torch.nn.CELU."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha)
        self.alpha = alpha

    def construct(self, input: Tensor) -> Tensor:
        """max(0, x) + min(0, alpha * (exp(x / alpha) - 1))."""
        return celu(input, self.alpha)


class SELU(nn.SeLU):
    """torch.nn.SELU, composed: the gradient of MindSpore's kernel is wrong for negative input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """scale * (max(0, x) + min(0, alpha * (exp(x) - 1)))."""
        return selu(input)


class GELU(nn.GELU):
    """torch.nn.GELU."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError("approximate argument must be either none or tanh.")
        super().__init__(approximate == "tanh")

    def construct(self, input: Tensor) -> Tensor:
        """x * Phi(x)."""
        return super().construct(input)


class SiLU(nn.SiLU):
    """torch.nn.SiLU."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """x * sigmoid(x)."""
        return super().construct(input)


class Mish(nn.Mish):
    """torch.nn.Mish, composed: MindSpore's kernel overflows to NaN from about x = 44."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """x * tanh(softplus(x))."""
        return mish(input)


class Hardswish(nn.HSwish):
    """torch.nn.Hardswish."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """x * relu6(x + 3) / 6."""
        return super().construct(input)


class Hardsigmoid(nn.HSigmoid):
    """torch.nn.Hardsigmoid."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """relu6(x + 3) / 6."""
        return super().construct(input)


class Hardtanh(nn.Hardtanh):
    """torch.nn.Hardtanh."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        low = min_val if min_value is None else min_value
        high = max_val if max_value is None else max_value
        super().__init__(low, high)

    def construct(self, input: Tensor) -> Tensor:
        """x limited to [min_val, max_val]."""
        return super().construct(input)


class Hardshrink(nn.HShrink):
    """torch.nn.Hardshrink."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd)
        self.lambd = lambd

    def construct(self, input: Tensor) -> Tensor:
        """x where |x| > lambd, else 0."""
        inside = ops.logical_and(input >= -self.lambd, input <= self.lambd)
        return ops.select(inside, ops.zeros_like(input), input)


class Softshrink(nn.SoftShrink):
    """torch.nn.Softshrink."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd)
        self.lambd = lambd

    def construct(self, input: Tensor) -> Tensor:
        """x moved towards 0 by lambd, 0 within lambd of it."""
        zero = ops.zeros_like(input)
        return ops.select(input > self.lambd, input - self.lambd, ops.select(input < -self.lambd, input + self.lambd, zero))


class Tanhshrink(nn.Tanhshrink):
    """torch.nn.Tanhshrink."""

    def construct(self, input: Tensor) -> Tensor:
        """x - tanh(x)."""
        return input - accurate_tanh(input)


class Sigmoid(nn.Sigmoid):
    """torch.nn.Sigmoid."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """1 / (1 + exp(-x))."""
        return super().construct(input)


class LogSigmoid(nn.LogSigmoid):
    """torch.nn.LogSigmoid."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """log(sigmoid(x)), as min(x, 0) - log(1 + exp(-|x|)), which does not overflow."""
        return ops.minimum(input, ops.zeros_like(input)) - ops.log1p(ops.exp(-ops.abs(input)))


class Tanh(nn.Tanh):
    """torch.nn.Tanh."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """tanh(x)."""
        return accurate_tanh(input)


class Softsign(nn.Softsign):
    """torch.nn.Softsign."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def construct(self, input: Tensor) -> Tensor:
        """x / (1 + |x|)."""
        return super().construct(input)


class Softplus(nn.Cell):
    """torch.nn.Softplus."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def construct(self, input: Tensor) -> Tensor:
        """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""
        scaled = input * self.beta
        linear = scaled > self.threshold
        safe = ops.select(linear, ops.zeros_like(scaled), scaled)
        return ops.select(linear, input, ops.log1p(ops.exp(safe)) / self.beta)


def implicit_axis(rank: int) -> int:
    """The axis that torch's softmax layers take for ``dim=None``."""
    return 0 if rank in (0, 1, 3) else 1


class Softmax(nn.Softmax):
    """torch.nn.Softmax; ``dim=None`` is torch's (deprecated) choice by rank."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(axis=-1)
        self.dim = dim

    def construct(self, input: Tensor) -> Tensor:
        """exp(x) / sum of exp(x) along dim."""
        return _softmax(input, implicit_axis(input.ndim) if self.dim is None else self.dim)


class Softmin(nn.Softmin):
    """torch.nn.Softmin."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(axis=-1)
        self.dim = dim

    def construct(self, input: Tensor) -> Tensor:
        """softmax(-x)."""
        return _softmax(-input, implicit_axis(input.ndim) if self.dim is None else self.dim)


class LogSoftmax(nn.LogSoftmax):
    """torch.nn.LogSoftmax."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(axis=-1)
        self.dim = dim

    def construct(self, input: Tensor) -> Tensor:
        """x - log(sum of exp(x)) along dim."""
        if input.ndim == 0:
            return input - input
        return ops.log_softmax(input, implicit_axis(input.ndim) if self.dim is None else self.dim)


class Softmax2d(nn.Softmax2d):
    """torch.nn.Softmax2d: softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def construct(self, input: Tensor) -> Tensor:
        """Softmax along axis -3."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return _softmax(input, -3)


class PReLU(nn.PReLU):
    """torch.nn.PReLU; the slope is the parameter ``w``, as in MindSpore's layer."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__(num_parameters, init)
        self.num_parameters = num_parameters
        self.w = Parameter(initializer(init, (num_parameters,), param_dtype(dtype)), name="w")

    def construct(self, input: Tensor) -> Tensor:
        """x where positive, else w * x with one w per channel (axis 1)."""
        slope = self.w.reshape((1, -1) + (1,) * (input.ndim - 2)) if input.ndim > 1 else self.w
        if input.ndim == 0:
            slope = slope.reshape(())
        return ops.select(input > 0, input, input * slope)


class RReLU(nn.RReLU):
    """torch.nn.RReLU: random negative slope in training, the mean of the bounds in evaluation."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__(lower, upper)
        self.low, self.high = float(lower), float(upper)
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """x where positive, else slope * x."""
        slope = (self.low + self.high) / 2
        if self.training:
            slope = self.low + (self.high - self.low) * ops.rand_like(input)
        return ops.select(input >= 0, input, input * slope)


class GLU(nn.GLU):
    """torch.nn.GLU."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)

    def construct(self, input: Tensor) -> Tensor:
        """a * sigmoid(b), a and b the halves of x along dim."""
        first, second = ops.chunk(input, 2, self.dim)
        return first * ops.sigmoid(second)


class Threshold(nn.Threshold):
    """torch.nn.Threshold."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold, value)

    def construct(self, input: Tensor) -> Tensor:
        """x where x > threshold, else value."""
        return ops.select(input > self.threshold, input, ops.full_like(input, self.value))
