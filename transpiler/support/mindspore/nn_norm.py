"""Normalisation layers with torch's constructors, momentum and running statistics, on MindSpore's layers where they have a CPU kernel."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

from ._common import param_dtype
from .functional_norm import rms_norm
from .reset_parameters import Resets, forget_statistics


def affine_shape(x: Tensor) -> tuple[int, ...]:
    """The shape that lines a per-channel vector up with axis 1 of ``x``."""
    return (1, -1) + (1,) * (x.ndim - 2)


def standardize(x: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    """(x - mean) / sqrt(variance + eps)."""
    return (x - mean) * ops.rsqrt(variance + eps)


def assign_running(layer: Any, mean: Tensor, variance: Tensor, factor: Any) -> None:
    """Move the running statistics of ``layer`` towards ``mean`` and ``variance`` (unbiased) by ``factor``."""
    mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)
    ops.assign(layer.moving_mean, layer.moving_mean * (1 - factor) + mean.astype(layer.moving_mean.dtype) * factor)
    ops.assign(layer.moving_variance, layer.moving_variance * (1 - factor) + variance.astype(layer.moving_variance.dtype) * factor)


def is_composed(layer: Any, x: Tensor) -> bool:
    """Whether MindSpore's kernel does not do: it knows neither the cumulative average of ``momentum=None`` nor float64, nor empty batches."""
    return (layer.training and layer.cumulative) or x.dtype == mindspore.float64 or x.size == 0


def composed_batch_norm(layer: Any, x: Tensor) -> Tensor:
    """Batch normalisation without the kernel; with ``momentum=None`` the running statistics are the plain average over all batches."""
    if x.size == 0:  # as in torch the running statistics stay
        return x
    shape = affine_shape(x)
    if not layer.training and layer.use_batch_statistics is None:
        mean, variance = layer.moving_mean, layer.moving_variance
    else:
        axes = (0, *range(2, x.ndim))
        mean, variance = x.mean(axes), x.var(axes)
        if layer.use_batch_statistics is None:
            count = x.size // x.shape[1]
            assign_running(layer, mean, variance * (count / (count - 1)), running_share(layer))
    scaled = standardize(x, mean.reshape(shape), variance.reshape(shape), layer.eps)
    return scaled * layer.gamma.reshape(shape) + layer.beta.reshape(shape)


def running_share(layer: Any) -> Any:
    """How much a batch counts in the running statistics: torch's momentum, or 1 / number of batches."""
    return 1.0 / layer.num_batches_tracked.astype(mindspore.float32) if layer.cumulative else layer.momentum


def count_batch(layer: Any) -> None:
    """One more batch in training, where the layer tracks statistics."""
    if layer.training and layer.use_batch_statistics is None:
        ops.assign(layer.num_batches_tracked, layer.num_batches_tracked + 1)


def keep_constant(layer: Any, affine: bool, bias: bool) -> None:
    """Freeze the scale and shift that torch's layer does not have; ``named_parameters`` leaves them out."""
    layer.constant_parameters = () if affine and bias else ("beta",) if affine else ("gamma", "beta")
    layer.gamma.requires_grad, layer.beta.requires_grad = affine, affine and bias


def check_rank(shape: Any, ranks: tuple[int, ...]) -> None:
    """Raises ValueError where a batch normalisation does not take input of this shape."""
    if len(shape) not in ranks:
        raise ValueError(f"expected {' or '.join(f'{rank}D' for rank in ranks)} input (got {len(shape)}D input)")


def new_count() -> Parameter:
    """No batches yet."""
    return Parameter(Tensor(0, mindspore.int64), name="num_batches_tracked", requires_grad=False)


def complete_batch_norm(layer: Any, momentum: float | None, affine: bool, bias: bool) -> None:
    """What every batch normalisation adds to its MindSpore base: torch's attributes, the count of batches, a frozen beta without ``bias``,
    and torch's initial training mode."""
    layer.affine, layer.track_running_stats = affine, layer.use_batch_statistics is None
    layer.num_batches_tracked = new_count() if layer.track_running_stats else None
    keep_constant(layer, affine, bias)
    if layer.use_batch_statistics:
        layer.constant_parameters = (*layer.constant_parameters, "moving_mean", "moving_variance")
    if hasattr(layer, "cell_init_args"):
        layer.cell_init_args += f"{momentum}{affine}{bias}{layer.eps}{layer.use_batch_statistics}"
    layer.cumulative = momentum is None and layer.use_batch_statistics is None
    layer.momentum = momentum
    layer.set_train()


def set_norm_setting(layer: Any, name: str, value: Any) -> None:
    """``layer.eps = value`` and ``layer.momentum = value``, which torch's layers read at every call: MindSpore's batch normalisation has made its
    kernels with the values that it was made with, and gets new ones. MindSpore's other normalisations would keep the old: they refuse."""
    norm = layer.bn2d if isinstance(layer, nn.BatchNorm3d) else layer
    if not isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d)):
        if isinstance(layer, (nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.SyncBatchNorm)):
            raise TypeError(f"{type(layer).__name__} has read its {name} when it was made")
        setattr(layer, name, value)
        return
    if value is None:
        raise ValueError("batch normalisation that was made with a momentum cannot go over to cumulative averages")
    setattr(norm, name, value)
    norm.cell_init_args = f"{getattr(norm, 'cell_init_args', '')}{name}{value}"
    norm.bn_train = ops.BatchNorm(is_training=True, epsilon=norm.eps, momentum=norm.momentum, data_format=norm.format)
    norm.bn_infer = ops.BatchNorm(is_training=False, epsilon=norm.eps, data_format=norm.format)


def batch_norm_arguments(eps: float, momentum: float | None, affine: bool, track_running_stats: bool, dtype: Any) -> dict[str, Any]:
    """MindSpore's arguments; its momentum is the share that the old value keeps."""
    return {
        "eps": eps,
        "momentum": 1.0 - (0.1 if momentum is None else momentum),
        "affine": affine,
        "use_batch_statistics": None if track_running_stats else True,
        "dtype": param_dtype(dtype),
    }


class NormNames:
    """torch's names of a normalisation's parameters and statistics, for code that is given its layers and cannot know what they are."""

    torch_names = True

    def named_as_in_torch(self: Any, name: str) -> Any:
        """A parameter or statistic of this layer, or of the one that it wraps; None where torch's layer has none."""
        layer = self._cells.get("bn2d", self)
        return None if name in layer.__dict__.get("constant_parameters", ()) else getattr(layer, name)

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches counted."""
        forget_statistics(self)

    @property
    def weight(self) -> Any:
        """The scale."""
        return self.named_as_in_torch("gamma")

    @property
    def bias(self) -> Any:
        """The shift."""
        return self.named_as_in_torch("beta")

    @property
    def running_mean(self) -> Any:
        """The running mean."""
        return self.named_as_in_torch("moving_mean")

    @property
    def running_var(self) -> Any:
        """The running variance."""
        return self.named_as_in_torch("moving_variance")


class BatchNorm1d(nn.BatchNorm1d, NormNames, Resets):
    """torch.nn.BatchNorm1d over (N, C) or (N, C, L)."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, **batch_norm_arguments(eps, momentum, affine, track_running_stats, dtype))
        complete_batch_norm(self, momentum, affine, bias)
        self.own_check = type(self)._check_input_dim is not BatchNorm1d._check_input_dim
        self.reset_if_derived()

    def _check_input_dim(self, input: Any, cls_name: str | None = None) -> None:
        """torch's check of a tensor, which derived classes call or write anew, and MindSpore's of a shape."""
        check_rank(input.shape if cls_name is None else input, (2, 3))

    def construct(self, input: Tensor) -> Tensor:
        """Normalise per channel over all other axes."""
        if self.own_check:
            self._check_input_dim(input)
        count_batch(self)
        if self.own_check or is_composed(self, input):
            return composed_batch_norm(self, input)
        return super().construct(input)


class BatchNorm2d(nn.BatchNorm2d, NormNames, Resets):
    """torch.nn.BatchNorm2d over (N, C, H, W)."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, **batch_norm_arguments(eps, momentum, affine, track_running_stats, dtype))
        complete_batch_norm(self, momentum, affine, bias)
        self.own_check = type(self)._check_input_dim is not BatchNorm2d._check_input_dim
        self.reset_if_derived()

    def _check_input_dim(self, input: Any, cls_name: str | None = None) -> None:
        """torch's check of a tensor, which derived classes call or write anew, and MindSpore's of a shape."""
        check_rank(input.shape if cls_name is None else input, (4,))

    def construct(self, input: Tensor) -> Tensor:
        """Normalise per channel over all other axes."""
        if self.own_check:
            self._check_input_dim(input)
        count_batch(self)
        if self.own_check or is_composed(self, input):
            return composed_batch_norm(self, input)
        return super().construct(input)


class BatchNorm3d(nn.BatchNorm3d, NormNames, Resets):
    """torch.nn.BatchNorm3d over (N, C, D, H, W); its parameters live in ``bn2d``, as in MindSpore's layer."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, **batch_norm_arguments(eps, momentum, affine, track_running_stats, dtype))
        complete_batch_norm(self.bn2d, momentum, affine, bias)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.__dict__["num_batches_tracked"] = self.bn2d.num_batches_tracked  # of the layer inside, which has it in its state
        self.set_train()
        self.own_check = type(self)._check_input_dim is not BatchNorm3d._check_input_dim
        self.reset_if_derived()

    def _check_input_dim(self, input: Any, cls_name: str | None = None) -> None:
        """torch's check of a tensor, which derived classes call or write anew, and MindSpore's of a shape."""
        check_rank(input.shape if cls_name is None else input, (5,))

    def construct(self, input: Tensor) -> Tensor:
        """Normalise per channel over all other axes."""
        if self.own_check:
            self._check_input_dim(input)
        count_batch(self.bn2d)
        if self.own_check or is_composed(self.bn2d, input):
            return composed_batch_norm(self.bn2d, input)
        return super().construct(input)


def communicating() -> bool:
    """Whether this process belongs to an initialised group of several."""
    return bool(mindspore.communication.GlobalComm.INITED) and mindspore.communication.get_group_size() > 1


class SyncBatchNorm(nn.SyncBatchNorm, NormNames):
    """torch.nn.SyncBatchNorm: statistics over all processes of the group, over this one where there is no group."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        # 0 is the base class's word for "no communication".
        groups = process_group if communicating() else 0
        arguments = batch_norm_arguments(eps, momentum, affine, track_running_stats, dtype)
        super().__init__(num_features, process_groups=groups, **arguments)
        complete_batch_norm(self, momentum, affine, bias)

    def construct(self, input: Tensor) -> Tensor:
        """Normalise (N, C, *) per channel over all other axes."""
        count_batch(self)
        x = input.reshape(*input.shape[:2], -1, 1) if input.ndim != 2 else input
        if is_composed(self, input):
            return composed_batch_norm(self, input)
        return super().construct(x).reshape(input.shape)


def convert_sync_batchnorm(module: nn.Cell, process_group: Any = None) -> nn.Cell:
    """torch.nn.SyncBatchNorm.convert_sync_batchnorm: in one process a batch norm is what torch's layers would compute. Raises RuntimeError in a
    group."""
    if communicating():
        raise RuntimeError("Build the network with SyncBatchNorm: batch norms that exist are not converted in a group of processes.")
    return module


def normalized_axes(normalized_shape: Any) -> tuple[int, ...]:
    """``normalized_shape`` as a tuple."""
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(nn.LayerNorm, NormNames, Resets):
    """torch.nn.LayerNorm over the trailing axes ``normalized_shape``."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        shape = normalized_axes(normalized_shape)
        super().__init__(shape, -len(shape), -len(shape), epsilon=eps, dtype=param_dtype(dtype))
        self.elementwise_affine = elementwise_affine
        keep_constant(self, elementwise_affine, bias)
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(*, *normalized_shape) -> the same shape."""
        # The kernel accepts -1 as its only negative axis.
        axis = input.ndim - len(self.normalized_shape)
        gamma, beta = self.gamma.astype(input.dtype), self.beta.astype(input.dtype)
        return ops.LayerNorm(axis, axis, self.epsilon)(input, gamma, beta)[0]


class RMSNorm(nn.Cell):
    """torch.nn.RMSNorm: x / sqrt(mean(x^2) + eps) * weight; eps defaults to the machine epsilon of the input's dtype."""

    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.normalized_shape = normalized_axes(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = Parameter(initializer("ones", self.normalized_shape, param_dtype(dtype)), name="weight")
        self.weight = weight if elementwise_affine else None

    def construct(self, x: Tensor) -> Tensor:
        """(*, *normalized_shape) -> the same shape; half precision is computed in float32, as torch does."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps) if x.size else x


class GroupNorm(nn.GroupNorm, NormNames, Resets):
    """torch.nn.GroupNorm over (N, C, *)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_groups, num_channels, eps, affine, dtype=param_dtype(dtype))
        keep_constant(self, affine, bias)
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) -> the same shape."""
        groups = input.reshape(input.shape[0], self.num_groups, -1)
        mean, variance = ops.mean(groups, -1, True), ops.var(groups, -1, 0, True)
        result = standardize(groups, mean, variance, self.eps).reshape(input.shape)
        shape = affine_shape(input)
        return result * self.gamma.reshape(shape) + self.beta.reshape(shape)


class InstanceNorm(nn.Cell, NormNames):
    """What the instance normalisations of torch share: every channel of every sample is normalised by its own statistics.
    MindSpore's layers have no CPU kernel, so this one is composed."""

    spatial_rank = 0

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        kind = param_dtype(dtype)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.gamma = Parameter(initializer("ones", num_features, kind), name="gamma") if affine else None
        self.beta = Parameter(initializer("zeros", num_features, kind), name="beta") if affine and bias else None
        if track_running_stats:
            self.moving_mean = Parameter(initializer("zeros", num_features, kind), name="moving_mean", requires_grad=False)
            self.moving_variance = Parameter(initializer("ones", num_features, kind), name="moving_variance", requires_grad=False)
        else:
            self.moving_mean = self.moving_variance = None
        self.num_batches_tracked = new_count() if track_running_stats else None  # torch keeps it and never counts
        self.affine, self.track_running_stats = affine, track_running_stats
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) or (C, *) -> the same shape."""
        if input.ndim == self.spatial_rank + 1:
            return InstanceNorm.construct(self, input.expand_dims(0)).squeeze(0)
        shape = affine_shape(input)
        result = self.normalize(input, shape)
        if self.gamma is not None:
            result = result * self.gamma.reshape(shape)
        return result if self.beta is None else result + self.beta.reshape(shape)

    def normalize(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """By the input's statistics, or in evaluation by the running ones where they are tracked."""
        if self.track_running_stats and not self.training:
            return standardize(x, self.moving_mean.reshape(shape), self.moving_variance.reshape(shape), self.eps)
        axes = tuple(range(2, x.ndim))
        mean, variance = ops.mean(x, axes, True), ops.var(x, axes, 0, True)
        if self.track_running_stats:
            count = x.size // (x.shape[0] * x.shape[1])
            unbiased = variance.reshape(x.shape[:2]).mean(0) * (count / (count - 1))
            assign_running(self, mean.reshape(x.shape[:2]).mean(0), unbiased, 1 - (1 - self.momentum))
        return standardize(x, mean, variance, self.eps)


class InstanceNorm1d(InstanceNorm):
    """torch.nn.InstanceNorm1d over (N, C, L) or (C, L)."""

    spatial_rank = 1


class InstanceNorm2d(InstanceNorm):
    """torch.nn.InstanceNorm2d over (N, C, H, W) or (C, H, W)."""

    spatial_rank = 2


class InstanceNorm3d(InstanceNorm):
    """torch.nn.InstanceNorm3d over (N, C, D, H, W) or (C, D, H, W)."""

    spatial_rank = 3


class LocalResponseNorm(nn.Cell):
    """torch.nn.LocalResponseNorm: x / (k + alpha * mean of x^2 over ``size`` neighbouring channels)^beta."""

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) -> the same shape."""
        channels, square = input.shape[1], input * input
        total = ops.zeros_like(square)
        for shift in range(-(self.size // 2), self.size - self.size // 2):
            kept = channels - abs(shift)
            if kept > 0:
                part = ops.narrow(square, 1, max(shift, 0), kept)
                zeros = ops.zeros((input.shape[0], abs(shift), *input.shape[2:]), input.dtype)
                total = total + (part if shift == 0 else ops.cat((part, zeros) if shift > 0 else (zeros, part), 1))
        return input / (self.k + self.alpha * (total / self.size)) ** self.beta


class BatchNormBaseType(type):
    """The type of ``BatchNormBase``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm))


class BatchNormBase(metaclass=BatchNormBaseType):
    """What every batch normalisation is an instance of (torch.nn.modules.batchnorm._BatchNorm); MindSpore's have no such base."""


class FrozenBatchNorm2d(nn.Cell):
    """y = (x - running_mean) / sqrt(running_var + eps) * weight + bias, with none of them trained (torchvision.ops.FrozenBatchNorm2d)."""

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            setattr(self, name, Parameter(ops.full((num_features,), value, dtype=mindspore.float32), name=name, requires_grad=False))
        self.set_train()

    def construct(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        shape = affine_shape(x)
        scale = (self.weight * ops.rsqrt(self.running_var + self.eps)).reshape(shape)
        return x * scale + self.bias.reshape(shape) - self.running_mean.reshape(shape) * scale
