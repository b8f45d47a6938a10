"""Convolution layers with torch's constructors, on MindSpore's ``nn.Conv*``: torch's padding forms, padding modes and unbatched input."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Tensor, nn, ops

from ._common import _cast, _stack_of, ntuple, pad_by_index, param_dtype
from .any_object import dilation_of, kernel_size_of, stride_of
from .conv_products import convolve_products, mirrored
from .functional_conv import conv1d, conv2d, conv3d
from .reset_parameters import Resets


def conv_widths(padding: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """(before, after) of every spatial axis in order; 'same' puts the odd element behind, as torch does."""
    if padding == "valid":
        return (0,) * (2 * len(kernel))
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple(width for total in totals for width in (total // 2, total - total // 2))
    return tuple(width for p in ntuple(padding, len(kernel)) for width in (p, p))


def last_axis_first(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Axis-ordered (before, after) pairs in the order of F.pad, which starts at the last axis."""
    return tuple(width for i in range(len(widths) - 2, -2, -2) for width in widths[i : i + 2])


def check_conv(padding: Any, stride: tuple[int, ...], padding_mode: str) -> None:
    """Refuse what torch refuses."""
    if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(f"padding_mode must be zeros, reflect, replicate or circular, not {padding_mode!r}")
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"padding must be a number, a tuple, 'same' or 'valid', not {padding!r}")
    if padding == "same" and any(s != 1 for s in stride):
        raise ValueError("padding='same' needs stride 1")


def with_bias(x: Tensor, bias: Tensor | None) -> Tensor:
    """``x`` plus ``bias`` along the channel axis 1."""
    return x if bias is None else x + _cast(bias, x.dtype).reshape((1, -1) + (1,) * (x.ndim - 2))


def convolved_by(cell: Any, kernel: Any, x: Tensor, widths: tuple[int, ...]) -> Tensor:
    """``kernel`` of ``x``, or sums of products in double precision, which the kernels lack; ``widths``: the zeros that the kernel adds."""
    if x.dtype != mindspore.float64:
        return kernel(x, cell.weight)
    return convolve_products(x, cell.weight, cell.stride, widths, cell.dilation, cell.group)


def convolved_transposed(cell: Any, x: Tensor, padding: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor:
    """The transposed convolution: in double precision, which the kernel lacks, an ordinary one between the elements set apart."""
    if x.dtype != mindspore.float64:
        return cell.conv2d_transpose(x, cell.weight, (x.shape[0], cell.out_channels, *sizes))
    x = set_apart(x, cell.weight.shape[2:], cell.stride, padding, cell.dilation, sizes)
    return convolve_products(x, mirrored(cell.weight, cell.group), (1, 1), (0, 0, 0, 0), cell.dilation, cell.group)


def _rank(layer: Any) -> int:
    """The number of axes that a convolution goes along; MindSpore's one-dimensional ones have one more."""
    return 1 if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) else len(layer.kernel_size)


def conv_output_padding(self: Any) -> tuple[int, ...]:
    """torch's ``output_padding`` of a transposed convolution: one number for each axis."""
    return ntuple(getattr(self, "output_padding", 0), _rank(self))


def conv_padding(self: Any) -> Any:
    """torch's ``padding`` of a convolution: one number for each axis, 'same' or 'valid' (MindSpore keeps two for each axis)."""
    given = getattr(self, "padding_as_given", None)
    if isinstance(given, str):
        return given
    rank = _rank(self)
    if given is not None:
        return ntuple(given, rank)
    both_sides = not isinstance(self.padding, int) and len(self.padding) > rank
    return tuple(self.padding[-2 * rank :: 2]) if both_sides else ntuple(self.padding, rank)


def conv_forward(layer: Any, input: Any, weight: Any, bias: Any) -> Any:
    """torch.nn.Conv2d._conv_forward: the layer's convolution of ``input``, with another weight (in torch's shape, or a Conv1d's own) and bias."""
    kernel, padding, mode = kernel_size_of(layer), conv_padding(layer), getattr(layer, "padding_mode", "zeros")
    rank = len(kernel)
    if mode != "zeros":
        input, padding = pad_by_index(input, reversed_padding(layer), mode), 0
    weight = weight.squeeze(2) if rank == 1 and weight.ndim == 4 else weight
    function = (conv1d, conv2d, conv3d)[rank - 1]
    return function(input, weight, bias, stride_of(layer), padding, dilation_of(layer), layer.group)


def reversed_padding(layer: Any) -> tuple[int, ...]:
    """torch.nn.Conv2d._reversed_padding_repeated_twice: (before, after) of every axis, last axis first, as F.pad takes them."""
    kernel = kernel_size_of(layer)
    return last_axis_first(conv_widths(conv_padding(layer), kernel, ntuple(dilation_of(layer), len(kernel))))


class Convolves:
    """The step of torch's convolutions that derived classes call with a weight of their own, or write anew."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """See ``conv_forward``."""
        return conv_forward(self, input, weight, bias)

    def convolves_itself(self) -> bool:
        """Whether the derived class has its own."""
        return type(self)._conv_forward is not Convolves._conv_forward


class Conv1d(nn.Conv1d, Convolves, Resets):
    """torch.nn.Conv1d; the weight keeps MindSpore's shape (out, in / groups, 1, kernel)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        kernel, strides, dilations = ntuple(kernel_size, 1), ntuple(stride, 1), ntuple(dilation, 1)
        check_conv(padding, strides, padding_mode)
        super().__init__(
            in_channels, out_channels, kernel[0], strides[0], "pad", 0, dilations[0], groups, bool(bias), dtype=param_dtype(dtype)
        )
        self.padding_mode, self.padding_as_given = padding_mode, padding
        self.widths = conv_widths(padding, kernel, dilations)
        if padding_mode == "zeros":
            self.conv2d = ops.Conv2D(out_channels, self.kernel_size, 1, "pad", (0, 0, *self.widths), self.stride, self.dilation, groups)
        self.is_own = self.convolves_itself()
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, L) or (C, L) -> (N, C', L') or (C', L')."""
        if self.is_own:
            return self._conv_forward(input, self.weight.squeeze(2), self.bias)
        if input.ndim == 2:
            return Conv1d.construct(self, input.expand_dims(0)).squeeze(0)
        x = input if self.padding_mode == "zeros" else pad_by_index(input, self.widths, self.padding_mode)
        around = (*self.widths, 0, 0) if self.padding_mode == "zeros" else ()
        return with_bias(convolved_by(self, self.conv2d, x.expand_dims(2), around).squeeze(2), self.bias)


class Conv2d(nn.Conv2d, Convolves, Resets):
    """torch.nn.Conv2d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        kernel, strides, dilations = ntuple(kernel_size, 2), ntuple(stride, 2), ntuple(dilation, 2)
        check_conv(padding, strides, padding_mode)
        widths = conv_widths(padding, kernel, dilations)
        inside = widths if padding_mode == "zeros" else 0
        super().__init__(in_channels, out_channels, kernel, strides, "pad", inside, dilations, groups, bool(bias), dtype=param_dtype(dtype))
        self.padding_mode, self.padding_as_given = padding_mode, padding
        self.widths = last_axis_first(widths)
        self.cell_init_args += f"{widths}{padding_mode}"
        self.is_own = self.convolves_itself()
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, H, W) or (C, H, W) -> (N, C', H', W') or (C', H', W')."""
        if self.is_own:
            return self._conv_forward(input, self.weight, self.bias)
        if input.ndim == 3:
            return Conv2d.construct(self, input.expand_dims(0)).squeeze(0)
        x = input if self.padding_mode == "zeros" else pad_by_index(input, self.widths, self.padding_mode)
        return with_bias(convolved_by(self, self.conv2d, x, self.widths if self.padding_mode == "zeros" else ()), self.bias)


class Conv3d(nn.Conv3d, Convolves, Resets):
    """torch.nn.Conv3d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        kernel, strides, dilations = ntuple(kernel_size, 3), ntuple(stride, 3), ntuple(dilation, 3)
        check_conv(padding, strides, padding_mode)
        widths = conv_widths(padding, kernel, dilations)
        inside = widths if padding_mode == "zeros" else 0
        super().__init__(in_channels, out_channels, kernel, strides, "pad", inside, dilations, groups, bool(bias), dtype=param_dtype(dtype))
        self.padding_mode, self.padding_as_given = padding_mode, padding
        self.widths = last_axis_first(widths)
        self.is_own = self.convolves_itself()
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, D, H, W) or (C, D, H, W) -> the same with C', D', H', W'."""
        if self.is_own:
            return self._conv_forward(input, self.weight, self.bias)
        if input.ndim == 4:
            return Conv3d.construct(self, input.expand_dims(0)).squeeze(0)
        x = input if self.padding_mode == "zeros" else pad_by_index(input, self.widths, self.padding_mode)
        if x.dtype == mindspore.float64:
            return with_bias(convolved_by(self, None, x, self.widths if self.padding_mode == "zeros" else ()), self.bias)
        return super().construct(x)


def transposed_sizes(
    sizes: tuple[int, ...], output_size: Any, output_padding: Any, stride: Any, padding: Any, kernel: Any, dilation: Any
) -> tuple[int, ...]:
    """Spatial output sizes of a transposed convolution; ``output_size`` (with or without leading axes) replaces ``output_padding``."""
    rank = len(sizes)
    smallest = tuple((sizes[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + 1 for i in range(rank))
    if output_size is None:
        return tuple(smallest[i] + output_padding[i] for i in range(rank))
    wanted = tuple(output_size)[-rank:]
    if any(not low <= size < low + s for size, low, s in zip(wanted, smallest, stride)):
        raise ValueError(f"output_size {wanted} cannot be reached: sizes start at {smallest} and end below one stride {stride} more")
    return wanted


def check_transpose(padding_mode: str) -> None:
    """Refuse what torch refuses."""
    if padding_mode != "zeros":
        raise ValueError('Only "zeros" padding mode is supported for transposed convolution')


class ConvTranspose1d(nn.Conv1dTranspose, Resets):
    """torch.nn.ConvTranspose1d; the weight keeps MindSpore's shape (in, out / groups, 1, kernel)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_transpose(padding_mode)
        numbers = [ntuple(value, 1)[0] for value in (kernel_size, stride, padding, dilation)]
        super().__init__(
            in_channels, out_channels, numbers[0], numbers[1], "pad", numbers[2], numbers[3], groups, bool(bias), dtype=param_dtype(dtype)
        )
        self.output_padding = ntuple(output_padding, 1)
        self.reset_if_derived()

    def construct(self, input: Tensor, output_size: Any = None) -> Tensor:
        """(N, C, L) or (C, L) -> (N, C', L') or (C', L')."""
        if input.ndim == 2:
            return ConvTranspose1d.construct(self, input.expand_dims(0), output_size).squeeze(0)
        sizes = transposed_sizes(
            input.shape[2:], output_size, self.output_padding, self.stride[1:], self.padding[2:], self.kernel_size[1:], self.dilation[1:]
        )
        padding = (0, self.padding[2])
        return with_bias(convolved_transposed(self, input.expand_dims(2), padding, (1, *sizes)).squeeze(2), self.bias)


class ConvTranspose2d(nn.Conv2dTranspose, Resets):
    """torch.nn.ConvTranspose2d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_transpose(padding_mode)
        height, width = ntuple(padding, 2)
        super().__init__(
            in_channels,
            out_channels,
            ntuple(kernel_size, 2),
            ntuple(stride, 2),
            "pad",
            (height, height, width, width),
            0,
            ntuple(dilation, 2),
            groups,
            bool(bias),
            dtype=param_dtype(dtype),
        )
        self.output_padding = ntuple(output_padding, 2)
        self.reset_if_derived()

    def construct(self, input: Tensor, output_size: Any = None) -> Tensor:
        """(N, C, H, W) or (C, H, W) -> the same with C', H', W'."""
        if input.ndim == 3:
            return ConvTranspose2d.construct(self, input.expand_dims(0), output_size).squeeze(0)
        sizes = transposed_sizes(
            input.shape[2:], output_size, self.output_padding, self.stride, self.padding[::2], self.kernel_size, self.dilation
        )
        return with_bias(convolved_transposed(self, input, self.padding[::2], sizes), self.bias)


def insert_zeros(x: Tensor, axis: int, stride: int) -> Tensor:
    """``stride - 1`` zeros between neighbours along ``axis``."""
    if stride == 1 or x.shape[axis] == 0:
        return x
    parts = _stack_of((x,) + (ops.zeros_like(x),) * (stride - 1), axis + 1)
    size = x.shape[axis]
    return ops.narrow(parts.reshape(x.shape[:axis] + (size * stride,) + x.shape[axis + 1 :]), axis, 0, (size - 1) * stride + 1)


class ConvTranspose3d(nn.Conv3dTranspose):
    """torch.nn.ConvTranspose3d, as zero insertion and an ordinary convolution with the mirrored kernel:
    ``ops.Conv3DTranspose`` has neither dilation in depth nor groups on CPU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_transpose(padding_mode)
        kernel = ntuple(kernel_size, 3)
        # The primitive built by the base class is unused, so its arguments stay at values that it accepts.
        super().__init__(in_channels, out_channels, kernel, 1, "pad", 0, 1, groups, 0, bool(bias), dtype=param_dtype(dtype))
        self.stride, self.dilation = ntuple(stride, 3), ntuple(dilation, 3)
        self.padding, self.output_padding = ntuple(padding, 3), ntuple(output_padding, 3)
        self.conv3d = ops.Conv3D(out_channels // groups, kernel, 1, "pad", 0, 1, self.dilation, 1)

    def construct(self, input: Tensor, output_size: Any = None) -> Tensor:
        """(N, C, D, H, W) or (C, D, H, W) -> the same with C', D', H', W'."""
        if input.ndim == 4:
            return ConvTranspose3d.construct(self, input.expand_dims(0), output_size).squeeze(0)
        sizes = transposed_sizes(
            input.shape[2:], output_size, self.output_padding, self.stride, self.padding, self.kernel_size, self.dilation
        )
        x = set_apart(input, self.kernel_size, self.stride, self.padding, self.dilation, sizes)
        return with_bias(self.convolve(x), self.bias)

    def convolve(self, x: Tensor) -> Tensor:
        """Convolve every group with its mirrored kernel, input and output channels exchanged."""
        if x.dtype == mindspore.float64:
            return convolve_products(x, mirrored(self.weight, self.group), (1, 1, 1), (), self.dilation, self.group)
        kernel = ops.flip(self.weight, (2, 3, 4))
        xs, kernels = ops.chunk(x, self.group, 1), ops.chunk(kernel, self.group, 0)
        return ops.cat([self.conv3d(a, b.swapaxes(0, 1)) for a, b in zip(xs, kernels)], 1)


def set_apart(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...], sizes: tuple[int, ...]
) -> Tensor:
    """``x`` with zeros between and around its elements, such that a convolution with ``kernel`` gives ``sizes``."""
    for i, size in enumerate(sizes):
        x = insert_zeros(x, 2 + i, stride[i])
        reach = dilation[i] * (kernel[i] - 1)
        before = reach - padding[i]
        x = pad_axis(x, 2 + i, before, size + reach - x.shape[2 + i] - before)
    return x


def pad_axis(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Zeros before and behind ``axis``; a negative width crops."""
    start, stop = max(-before, 0), x.shape[axis] - max(-after, 0)
    x = ops.narrow(x, axis, start, stop - start)
    for width, first in ((max(before, 0), True), (max(after, 0), False)):
        if width > 0:
            block = ops.zeros(x.shape[:axis] + (width,) + x.shape[axis + 1 :], x.dtype)
            x = ops.cat((block, x) if first else (x, block), axis)
    return x
