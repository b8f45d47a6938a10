"""What torch code asks of its runtime: devices, gradient modes, assertions and filling tensors in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ContextDecorator
from typing import Any, Self

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, ops
from mindspore.common.api import _pynative_executor

from .tensor_items import copy_into


@mindspore.jit_class
class device(str):
    """A device's name, with its ``type`` and ``index`` (torch.device); where a tensor lies is decided by MindSpore."""

    type: str
    index: int | None  # type: ignore[assignment]  # torch's attribute hides str.index

    def __new__(cls, type: Any = "cpu", index: int | None = None) -> Self:
        name = f"cuda:{type}" if isinstance(type, int) else str(type).lower()
        kind, _, number = name.partition(":")
        place = index if index is not None else int(number) if number else None
        made = super().__new__(cls, kind if place is None else f"{kind}:{place}")
        made.type, made.index = kind, place
        return made

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other.lower()) if isinstance(other, str) else False  # MindSpore's tensors name theirs "CPU"

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


@ops.constexpr
def _current_device() -> device:
    """Where MindSpore computes; worked out in Python when a graph is compiled, which knows no devices of tensors."""
    return device(mindspore.get_context("device_target"))


def device_of(x: Any) -> device:
    """torch.Tensor.device: there is one device, the current one. Other objects have their own."""
    return _current_device() if isinstance(x, Tensor) else x.device


@ops.constexpr
def is_grad_enabled() -> bool:
    """Whether gradients are recorded (torch.is_grad_enabled); worked out in Python when a graph is compiled."""
    return bool(_pynative_executor.enable_grad())


def requires_grad_of(x: Tensor) -> bool:
    """torch.Tensor.requires_grad: a parameter's own mark; whether a graph was recorded for what is computed from parameters."""
    return x.requires_grad if isinstance(x, Parameter) else getattr(x, "_grad_node", None) is not None


class set_grad_enabled(ContextDecorator):
    """Records gradients inside, or does not, as ``mode`` says (torch.set_grad_enabled)."""

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self.blocks: list[Any] = []

    def __enter__(self) -> None:
        block = None if self.mode else mindspore._no_grad()
        self.blocks.append(block)
        if block is not None:
            block.__enter__()

    def __exit__(self, *error: object) -> None:
        block = self.blocks.pop()
        if block is not None:
            block.__exit__(*error)


class TransformGetItemToIndex(ContextDecorator):
    """Means nothing here: indices that are tensors without dimensions are never read as numbers."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


class detect_anomaly(TransformGetItemToIndex):
    """Means nothing here: gradients are never searched for what is not a number (torch.autograd.detect_anomaly)."""

    def __init__(self, check_nan: bool = True) -> None:
        pass


class set_detect_anomaly(detect_anomaly):
    """The same with a mode (torch.autograd.set_detect_anomaly)."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)


class no_grad(set_grad_enabled):
    """No gradient flows through what is computed inside; also a decorator, with or without parentheses (torch.no_grad)."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)


class inference_mode(set_grad_enabled):
    """No gradient flows through what is computed inside, unless ``mode`` is False (torch.inference_mode)."""

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__(not mode)


class enable_grad(set_grad_enabled):
    """Gradients are recorded, as they are by default; inside ``no_grad`` they stay off (torch.enable_grad)."""

    def __init__(self) -> None:
        super().__init__(True)


def number_of(x: Any) -> Any:
    """What a format specification applies to: a tensor's number, or the number itself (torch.Tensor.__format__)."""
    return x.item() if isinstance(x, Tensor) else x


def numbers_of(values: Any) -> Any:
    """The arguments of a text's ``format``, by name or in order, with tensors without dimensions as their numbers (torch.Tensor.__format__)."""
    if isinstance(values, Mapping):
        return {name: _formattable(value) for name, value in values.items()}
    return [_formattable(value) for value in values]


def _formattable(x: Any) -> Any:
    return x.item() if isinstance(x, Tensor) and not x.ndim else x


def as_operand(x: Any) -> Any:
    """The left operand of a tensor: a number of NumPy's as Python's, whose operators leave the tensor's dtype, an array as a tensor. Others stay."""
    if isinstance(x, np.generic):
        return x.item()
    return Tensor(x) if isinstance(x, np.ndarray) else x


def torch_assert(condition: Any, message: str) -> None:
    """An assertion that is a function (torch._assert)."""
    assert condition, message


def torch_check(cond: Any, message: Any = None) -> None:
    """RuntimeError unless ``cond`` holds (torch._check)."""
    if not cond:
        raise RuntimeError(message() if callable(message) else message or "Expected cond to be True")


def tensor_fill_(self: Tensor, value: Any) -> Tensor:
    """Every element set to ``value`` (torch.Tensor.fill_)."""
    number = ops.cast(value, self.dtype) if isinstance(value, Tensor) else mindspore.tensor(value, dtype=self.dtype)
    return copy_into(self, ops.broadcast_to(number, self.shape))


def tensor_fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """The main diagonal set to ``fill_value`` (torch.Tensor.fill_diagonal_)."""
    values = self.asnumpy().copy()
    np.fill_diagonal(values, fill_value, wrap)
    return copy_into(self, Tensor(values))


def assert_async(input: Tensor, assert_msg: str = "") -> None:
    """Fail where a tensor of one element is zero (torch._assert_async); here at once."""
    if not bool(input):
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")
