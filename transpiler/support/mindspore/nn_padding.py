"""Padding layers with torch's constructors."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor, nn

from ._common import ntuple, pad_by_index, pad_constant


class ConstantPad(nn.Cell):
    """What the constant pads share: the trailing axes get ``value`` before and behind."""

    rank = 1

    def __init__(self, padding: Any, value: float) -> None:
        nn.Cell.__init__(self)  # MindSpore's own layers, which some are for isinstance, compute it otherwise
        self.padding, self.value = ntuple(padding, 2 * self.rank), value

    def construct(self, input: Tensor) -> Tensor:
        """Pad the last ``rank`` axes; a negative width crops."""
        return pad_constant(input, self.padding, self.value)


class ConstantPad1d(ConstantPad, nn.ConstantPad1d):
    """torch.nn.ConstantPad1d."""


class ConstantPad2d(ConstantPad, nn.ConstantPad2d):
    """torch.nn.ConstantPad2d."""

    rank = 2


class ConstantPad3d(ConstantPad, nn.ConstantPad3d):
    """torch.nn.ConstantPad3d."""

    rank = 3


class ZeroPad1d(ConstantPad1d):
    """torch.nn.ZeroPad1d."""

    plain_class = None

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class ZeroPad2d(ConstantPad2d, nn.ZeroPad2d):
    """torch.nn.ZeroPad2d."""

    plain_class: Any = nn.ZeroPad2d

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class ZeroPad3d(ConstantPad3d):
    """torch.nn.ZeroPad3d."""

    plain_class = None

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)


class IndexPad(nn.Cell):
    """What the other pads share: the border repeats elements of the input."""

    rank, mode = 1, "reflect"

    def __init__(self, padding: Any) -> None:
        nn.Cell.__init__(self)
        self.padding = ntuple(padding, 2 * self.rank)

    def construct(self, input: Tensor) -> Tensor:
        """Pad the last ``rank`` axes."""
        return pad_by_index(input, self.padding, self.mode)


class ReflectionPad1d(IndexPad, nn.ReflectionPad1d):
    """torch.nn.ReflectionPad1d."""


class ReflectionPad2d(IndexPad, nn.ReflectionPad2d):
    """torch.nn.ReflectionPad2d."""

    rank = 2


class ReflectionPad3d(IndexPad, nn.ReflectionPad3d):
    """torch.nn.ReflectionPad3d."""

    rank = 3


class ReplicationPad1d(IndexPad, nn.ReplicationPad1d):
    """torch.nn.ReplicationPad1d."""

    mode = "replicate"


class ReplicationPad2d(IndexPad, nn.ReplicationPad2d):
    """torch.nn.ReplicationPad2d."""

    rank, mode = 2, "replicate"


class ReplicationPad3d(IndexPad, nn.ReplicationPad3d):
    """torch.nn.ReplicationPad3d."""

    rank, mode = 3, "replicate"


class CircularPad1d(IndexPad):
    """torch.nn.CircularPad1d."""

    mode = "circular"


class CircularPad2d(IndexPad):
    """torch.nn.CircularPad2d."""

    rank, mode = 2, "circular"


class CircularPad3d(IndexPad):
    """torch.nn.CircularPad3d."""

    rank, mode = 3, "circular"
