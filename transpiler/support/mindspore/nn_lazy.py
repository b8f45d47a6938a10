"""Layers that learn their input's width from the first call: torch.nn.Lazy*. At that call they become the layer that they stand for."""

from __future__ import annotations

from typing import Any, ClassVar

from mindspore import Tensor, nn

from .nn_conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .nn_linear import Linear
from .nn_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d


class LazyLayer(nn.Cell):
    """What lazy layers share. ``width_axis`` counts from the end of the input's shape where it is negative."""

    becomes: ClassVar[Any] = None
    width_axis: ClassVar[int] = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.given, self.named = args, kwargs
        self.set_train()

    def has_uninitialized_params(self) -> bool:
        """Whether the layer still waits for its first call."""
        return True

    def construct(self, input: Tensor) -> Tensor:
        """The layer's own result, once the width is known."""
        self.become(self.becomes(int(input.shape[self.width_axis]), *self.given, **self.named))
        result: Tensor = self.construct(input)
        return result

    def become(self, layer: nn.Cell) -> None:
        """Take over class, parameters and settings of ``layer``; hooks and training mode stay."""
        hooks = {name: value for name, value in self.__dict__.items() if "hook" in name}
        training = self.training
        for name, parameter in layer.parameters_and_names():
            parameter.name = f"{type(layer).__name__}_{id(self):x}.{name}"  # optimizers ask for unique names
        self.__class__ = type(layer)
        self.__dict__.update(layer.__dict__)
        self.__dict__.update(hooks)
        self.set_train(training)


class LazyLinear(LazyLayer):
    """torch.nn.LazyLinear."""

    becomes = Linear
    width_axis = -1


class LazyConv1d(LazyLayer):
    """torch.nn.LazyConv1d."""

    becomes = Conv1d
    width_axis = -2


class LazyConv2d(LazyLayer):
    """torch.nn.LazyConv2d."""

    becomes = Conv2d
    width_axis = -3


class LazyConv3d(LazyLayer):
    """torch.nn.LazyConv3d."""

    becomes = Conv3d
    width_axis = -4


class LazyConvTranspose1d(LazyLayer):
    """torch.nn.LazyConvTranspose1d."""

    becomes = ConvTranspose1d
    width_axis = -2


class LazyConvTranspose2d(LazyLayer):
    """torch.nn.LazyConvTranspose2d."""

    becomes = ConvTranspose2d
    width_axis = -3


class LazyConvTranspose3d(LazyLayer):
    """torch.nn.LazyConvTranspose3d."""

    becomes = ConvTranspose3d
    width_axis = -4


class LazyBatchNorm1d(LazyLayer):
    """torch.nn.LazyBatchNorm1d."""

    becomes = BatchNorm1d


class LazyBatchNorm2d(LazyLayer):
    """torch.nn.LazyBatchNorm2d."""

    becomes = BatchNorm2d


class LazyBatchNorm3d(LazyLayer):
    """torch.nn.LazyBatchNorm3d."""

    becomes = BatchNorm3d


class LazyInstanceNorm(LazyLayer):
    """What the three share: unlike the layer that it becomes, torch's lazy one has weights and statistics unless told otherwise."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(eps, momentum, affine, track_running_stats, device, dtype, bias=bias)


class LazyInstanceNorm1d(LazyInstanceNorm):
    """torch.nn.LazyInstanceNorm1d."""

    becomes = InstanceNorm1d


class LazyInstanceNorm2d(LazyInstanceNorm):
    """torch.nn.LazyInstanceNorm2d."""

    becomes = InstanceNorm2d


class LazyInstanceNorm3d(LazyInstanceNorm):
    """torch.nn.LazyInstanceNorm3d."""

    becomes = InstanceNorm3d
