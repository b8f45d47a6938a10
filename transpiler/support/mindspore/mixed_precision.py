"""torch.amp: which operators compute in half precision inside ``autocast``, and how ``GradScaler`` keeps small gradients from vanishing.

MindSpore's PyNative casts the arguments of single operators by a list (``AmpLevel.AmpAuto``, which ``mindspore.amp.auto_mixed_precision`` uses for a
whole network): pushed and popped around a block it is torch's context manager. The lists are torch's own, by MindSpore's names of the operators.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator
from typing import Any, Final, Self

import mindspore
import numpy as np
from mindspore import Tensor, ops
from mindspore._c_expression.amp import AmpLevel, get_curr_amp_strategy, pop_amp_strategy, push_amp_strategy

# Computed in the lower precision: convolutions and matrix products, with the sum of their bias.
_LOWER_PRECISION: Final = (
    "Conv2D Conv3D Conv2DExt Conv3DExt Conv2DTranspose Conv3DTranspose Conv2DBackpropInput ConvTranspose2D Convolution MatMul MatMulExt BatchMatMul "
    "BatchMatMulExt PReLU Einsum Dense Addmm Addbmm Addmv Baddbmm Mv BiasAdd RecurrentCell"
)
# Losses, computed in float32 everywhere.
_LOSSES: Final = (
    "BCEWithLogitsLoss BinaryCrossEntropy CosineEmbeddingLoss CrossEntropyLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1LossExt MarginRankingLoss MSELossExt "
    "MultilabelMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss SoftmaxCrossEntropyWithLogits "
    "SparseSoftmaxCrossEntropyWithLogits TripletMarginLoss"
)
# Computed in float32 on accelerators: what exceeds the range of float16 or adds up many small terms.
_FULL_PRECISION: Final = (
    "Pow PowTensorScalar PowScalarTensor ACos Asin Cosh Erfinv Exp Expm1 Log Log10 Log1p Log2 Reciprocal Rsqrt Sinh Tan Softplus SoftplusExt LayerNorm LayerNormExt BatchNorm "
    "BatchNormExt GroupNorm Norm Pdist Cdist Renorm ReduceProd ReduceSum Softmax LogSoftmax LogSoftmaxExt LogSumExp CumProd CumSum CumsumExt ProdExt SumExt "
    "Square RMSNorm " + _LOSSES
)
# The same on a CPU, where torch's list is shorter: losses, and what MindSpore's loss classes are composed of.
_FULL_PRECISION_CPU: Final = "ReduceProd ProdExt Cdist AvgPool3D LogSoftmax LogSoftmaxExt Square " + _LOSSES


@mindspore.jit_class
class autocast(ContextDecorator):
    """Convolutions and matrix products compute in half precision inside, losses and the like in float32 (torch.autocast).

    Off, as in torch, where ``device_type`` names an accelerator and the program runs on a CPU. Of bfloat16 MindSpore has no kernels on a CPU: there
    a warning says that float32 is used instead. A compiled graph computes in the dtypes of its tensors.
    """

    def __init__(self, device_type: Any, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None) -> None:
        self.device = str(device_type).partition(":")[0]
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self.enabled = bool(enabled) and _can_cast(self.device, self.fast_dtype)
        self.entered: list[bool] = []

    def __enter__(self) -> Self:
        self.entered.append(True)
        if self.enabled:
            push_amp_strategy(AmpLevel.AmpAuto, self.fast_dtype, _operators(_LOWER_PRECISION), _operators(_full_precision()))
        else:
            push_amp_strategy(AmpLevel.AmpO0, mindspore.float16, [], [])
        return self

    def __exit__(self, *error: object) -> None:
        if self.entered:  # the compiler of graphs, which does not push, would pop once
            self.entered.pop()
            pop_amp_strategy()


@mindspore.jit_class
class legacy_autocast(autocast):
    """torch.cuda.amp.autocast: autocast on an accelerator."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", mindspore.float16 if dtype is None else dtype, enabled, cache_enabled)


@mindspore.jit_class
class legacy_cpu_autocast(autocast):
    """torch.cpu.amp.autocast: autocast on a CPU."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cpu", mindspore.bfloat16 if dtype is None else dtype, enabled, cache_enabled)


def _on_cpu() -> bool:
    return bool(mindspore.get_context("device_target") == "CPU")


def _full_precision() -> str:
    return _FULL_PRECISION_CPU if _on_cpu() else _FULL_PRECISION


def _operators(names: str) -> list[tuple[str, list[int]]]:
    """Names of operators as MindSpore wants its lists; no indices: every argument."""
    return [(name, []) for name in names.split()]


def _can_cast(device: str, dtype: Any) -> bool:
    """Whether the program's device computes in ``dtype`` for what torch calls ``device``."""
    if dtype not in (mindspore.float16, mindspore.bfloat16) or (device != "cpu" and _on_cpu()):
        return False
    if dtype == mindspore.bfloat16 and _on_cpu():
        warnings.warn("MindSpore has no bfloat16 kernels on a CPU: autocast computes in float32", stacklevel=4)
        return False
    return True


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether ``autocast`` is at work for a device, an accelerator if none is named (torch.is_autocast_enabled)."""
    strategy = get_curr_amp_strategy()
    if strategy is None or strategy.get_amp_level() != AmpLevel.AmpAuto:
        return False
    return not _on_cpu() or device_type == "cpu"


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype that autocast computes in, outside of it the one that it would: bfloat16 on a CPU, else float16 (torch.get_autocast_dtype)."""
    if is_autocast_enabled(device_type):
        return get_curr_amp_strategy().get_amp_dtype()
    return mindspore.bfloat16 if device_type == "cpu" else mindspore.float16


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str = "cuda", cast_inputs: Any = None) -> Any:
    """``forward`` of an autograd function, which remembers whether autocast was on, or runs without it on inputs cast to ``cast_inputs``
    (torch.amp.custom_fwd)."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        active = is_autocast_enabled(device_type)
        ctx.fwd_used_autocast, ctx.autocast_dtype = active and cast_inputs is None, get_autocast_dtype(device_type)
        if cast_inputs is None or not active:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_cast_floats(args, cast_inputs), **_cast_floats(kwargs, cast_inputs))

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cuda") -> Any:
    """``backward`` of an autograd function, run with autocast as its ``forward`` was (torch.amp.custom_bwd)."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, ctx.autocast_dtype, ctx.fwd_used_autocast):
            return bwd(ctx, *args, **kwargs)

    return backward


def legacy_custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: Any = None) -> Any:
    """torch.cuda.amp.custom_fwd: custom_fwd on an accelerator."""
    return custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def legacy_custom_bwd(bwd: Callable[..., Any]) -> Any:
    """torch.cuda.amp.custom_bwd: custom_bwd on an accelerator."""
    return custom_bwd(bwd, device_type="cuda")


def _cast_floats(value: Any, dtype: Any) -> Any:
    """Tensors of floats in ``dtype`` (float64 as it is), also inside lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        return value.astype(dtype) if value.dtype in (mindspore.float16, mindspore.bfloat16, mindspore.float32) else value
    if isinstance(value, dict):
        return {key: _cast_floats(item, dtype) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast_floats(item, dtype) for item in value)
    return value


class GradScaler:
    """Scales a loss up so that small gradients survive half precision, and the gradients down again (torch.amp.GradScaler)."""

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and not (growth_factor > 1.0 and backoff_factor < 1.0):
            raise AssertionError("The growth factor must be > 1.0, the backoff factor < 1.0.")
        self._enabled = enabled and (str(device).startswith("cpu") or not _on_cpu())
        self._scale = _in_float32(init_scale)
        self._growth_factor, self._backoff_factor, self._growth_interval = growth_factor, backoff_factor, growth_interval
        self._growth_tracker = 0
        self._found: dict[int, bool] = {}
        self._stepped: set[int] = set()

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of several, times the scale: in float32 where a tensor has no dimensions."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            scale = Tensor(self._scale, mindspore.float32)
            return outputs * (scale if outputs.ndim == 0 else scale.astype(outputs.dtype))
        if not isinstance(outputs, Iterable):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")  # noqa: TRY004  (torch's error)
        return (type(outputs) if isinstance(outputs, (list, tuple)) else list)(self.scale(output) for output in outputs)

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of an optimizer's parameters by the scale, once for each step."""
        if not self._enabled:
            return
        if id(optimizer) in self._found:
            after = id(optimizer) in self._stepped
            said = "is being called after step()" if after else "has already been called on this optimizer since the last update()"
            raise RuntimeError(f"unscale_() {said}.")
        finite = True
        for parameter in optimizer.parameters:
            if getattr(parameter, "grad", None) is not None:
                if parameter.grad.dtype == mindspore.float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                finite = finite and _is_finite(parameter.grad)
                parameter.grad = parameter.grad * (1.0 / self._scale)
        self._found[id(optimizer)] = not finite

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, unless a gradient is infinite or not a number."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        self._stepped.add(id(optimizer))
        return None if self._found[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """A smaller scale after an overflow, a larger one after long without."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = _in_float32(new_scale)
        elif not self._found:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._found.values()):
            self._scale = _in_float32(self._scale * self._backoff_factor)
            self._growth_tracker = 0
        else:
            self._grow()
        self._found, self._stepped = {}, set()

    def _grow(self) -> None:
        """One more step without an overflow; after enough of them a larger scale, if it is still a float32."""
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            larger = _in_float32(self._scale * self._growth_factor)
            self._scale = larger if np.isfinite(larger) else self._scale
            self._growth_tracker = 0

    def get_scale(self) -> float:
        """The present scale."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after ``get_growth_interval()`` steps without an overflow."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Another growth factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Another backoff factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps without an overflow the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Another interval."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales at all."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Scale and counters."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what ``state_dict`` gave."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError("The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.")
        self._scale = state_dict["scale"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval, self._growth_tracker = state_dict["growth_interval"], state_dict["_growth_tracker"]


def _in_float32(scale: Any) -> float:
    """A scale as torch keeps it."""
    with np.errstate(over="ignore"):
        return float(np.float32(float(scale)))


def _is_finite(gradient: Tensor) -> bool:
    return bool(ops.isfinite(gradient.astype(mindspore.float32)).all())


class legacy_GradScaler(GradScaler):
    """torch.cuda.amp.GradScaler: GradScaler on an accelerator."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


class legacy_cpu_GradScaler(GradScaler):
    """torch.cpu.amp.GradScaler: GradScaler on a CPU."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
