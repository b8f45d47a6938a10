"""Arguments of layers, read from objects of unknown kind by torch's names: MindSpore's layers keep some under other names or in other forms.
And those of convolutions that are set once the layer is made."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from ._common import ntuple
from .any_object import dilation_of, kernel_size_of, stride_of
from .nn_conv import conv_output_padding, conv_padding, conv_widths, last_axis_first
from .nn_module import is_constant

#: torch's names of arguments and what MindSpore's layers call them.
SETTING_NAMES = {
    "groups": "group", "in_features": "in_channels", "out_features": "out_channels", "num_embeddings": "vocab_size",
    "embedding_dim": "embedding_size", "eps": "epsilon", "negative_slope": "alpha",
}  # fmt: skip
#: What torch's layers keep of arguments that the port's layers of these classes were made without.
UNSAID = {"elementwise_affine": True, "affine": True, "padding_mode": "zeros", "ceil_mode": False, "sparse": False}


def layer_setting(x: Any, name: str) -> Any:
    """``getattr(x, name)`` by torch's name, in torch's form, for an object that may be a layer; other objects, and users' layers, have their own."""
    if not isinstance(x, nn.Cell):
        return getattr(x, name)
    if isinstance(x, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Conv1dTranspose, nn.Conv2dTranspose, nn.Conv3dTranspose)):
        return _of_convolution(x, name)
    if isinstance(x, nn.MaxPool2d) and name == "padding" and isinstance(x.padding, tuple):
        rows, columns = x.padding[-2:]
        return rows if rows == columns else (rows, columns)
    if isinstance(x, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
        return _of_batch_norm(x.bn2d if isinstance(x, nn.BatchNorm3d) else x, name)
    return _by_name(x, name)


def set_conv_setting(layer: Any, name: str, value: Any) -> None:
    """``layer.stride = value``, and so for ``padding`` and ``dilation``, which torch's convolutions read at every call: MindSpore's have made their
    kernel, and get a new one. MindSpore's other layers with such settings would keep the old: they refuse."""
    if not isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        if isinstance(layer, nn.Cell) and type(layer).__name__.startswith(("Conv", "MaxPool", "AvgPool", "LPPool")):
            raise TypeError(f"{type(layer).__name__} has read its {name} when it was made")
        setattr(layer, name, value)
        return
    kernel = kernel_size_of(layer)
    given = {"stride": stride_of(layer), "dilation": dilation_of(layer), "padding": conv_padding(layer), name: value}
    stride, dilation = ntuple(given["stride"], len(kernel)), ntuple(given["dilation"], len(kernel))
    widths = conv_widths(given["padding"], kernel, dilation)
    if hasattr(layer, "widths"):
        layer.widths = widths if len(kernel) == 1 else last_axis_first(widths)
    if hasattr(layer, "padding_as_given") or isinstance(given["padding"], str):
        layer.padding_as_given = given["padding"]
    if getattr(layer, "padding_mode", "zeros") != "zeros":
        widths = (0,) * len(widths)
    if len(kernel) == 1:  # MindSpore's go along two axes
        stride, dilation, widths = (1, *stride), (1, *dilation), (0, 0, *widths)
    layer.stride, layer.dilation, layer.padding, layer.pad_mode = stride, dilation, widths, "pad"
    layer.cell_init_args = f"{getattr(layer, 'cell_init_args', '')}{name}{value}"
    settings = {"kernel_size": layer.kernel_size, "pad_mode": "pad", "pad": widths, "stride": stride, "dilation": dilation}
    if len(kernel) == 3:
        layer.conv3d = ops.Conv3D(layer.out_channels // layer.group, **settings)
    else:
        layer.conv2d = ops.Conv2D(layer.out_channels, **settings, group=layer.group)


def _of_convolution(layer: Any, name: str) -> Any:
    questions = {
        "kernel_size": kernel_size_of, "stride": stride_of, "dilation": dilation_of, "padding": conv_padding, "output_padding": conv_output_padding,
    }  # fmt: skip
    return questions[name](layer) if name in questions else _by_name(layer, name)


def _of_batch_norm(norm: Any, name: str) -> Any:
    if name == "track_running_stats":
        return norm.use_batch_statistics is not True
    if name == "affine":
        return not is_constant(norm, "gamma")
    return round(norm.momentum, 12) if name == "momentum" and norm.momentum is not None else _by_name(norm, name)


def _by_name(layer: Any, name: str) -> Any:
    own = SETTING_NAMES.get(name, name)
    if not hasattr(layer, name) and hasattr(layer, own):
        return getattr(layer, own)
    is_plain = type(layer).__module__.startswith("mindspore.") and name in UNSAID
    return getattr(layer, name, UNSAID[name]) if is_plain else getattr(layer, name)
