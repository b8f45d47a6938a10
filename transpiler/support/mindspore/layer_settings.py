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
#: What layers hand on to the operator that they call, and the layer's name of that operator.
OPERATORS = {
    "output_size": ("adaptive_avgpool2d", "adaptive_avg_pool3d"), "alpha": ("celu",), "lambd": ("softshrink", "hshrink"),
    "p": ("multi_margin_loss",), "margin": ("multi_margin_loss",), "reduction": ("multi_margin_loss", "multilabel_margin_loss"),
}  # fmt: skip
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Conv1dTranspose, nn.Conv2dTranspose, nn.Conv3dTranspose)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_OF_POOLS = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "count_include_pad", "divisor_override")


def layer_setting(x: Any, name: str) -> Any:
    """``getattr(x, name)`` by torch's name, in torch's form, for an object that may be a layer; other objects, and users' layers, have their own."""
    if not isinstance(x, nn.Cell):
        return getattr(x, name)
    if isinstance(x, _CONVOLUTIONS):
        return _of_convolution(x, name)
    if isinstance(x, _POOLS) and name in _OF_POOLS:
        return _of_pool(x, name)
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
    if name == "padding_mode":
        return getattr(layer, name, "zeros")
    if name == "transposed":
        return isinstance(layer, (nn.Conv1dTranspose, nn.Conv2dTranspose, nn.Conv3dTranspose))
    if name == "output_padding" and not hasattr(layer, name):
        return (0,) * len(kernel_size_of(layer))
    return questions[name](layer) if name in questions else _by_name(layer, name)


def _of_pool(pool: Any, name: str) -> Any:
    """A setting that the pool's operator was made with; sizes that are alike in all directions as one number, as users give them."""
    rank = next(int(base.__name__[-2]) for base in type(pool).__mro__ if base in _POOLS)
    if name in vars(pool) and not isinstance(vars(pool)[name], tuple):
        return vars(pool)[name]
    made = pool.max_pool if hasattr(pool, "max_pool") else pool.avg_pool
    if name in ("ceil_mode", "count_include_pad", "divisor_override"):
        value = getattr(made, name, {"ceil_mode": False, "count_include_pad": True, "divisor_override": 0}[name])
        return (value or None) if name == "divisor_override" else bool(value)
    names = {"kernel_size": ("kernel_size", "ksize"), "stride": ("strides",), "padding": ("pads", "pad_list"), "dilation": ("dilation",)}
    if name == "padding" and hasattr(pool, "paddings"):
        found = pool.paddings
    else:
        found = next((getattr(made, own) for own in names[name] if hasattr(made, own)), (0 if name == "padding" else 1,) * rank)
    in_pairs = name == "padding" and len(found) > 3
    sizes = tuple(found[::2] if in_pairs else found)[-rank:]
    return sizes[0] if len(set(sizes)) == 1 and not isinstance(pool, nn.AvgPool1d) else sizes


def _of_batch_norm(norm: Any, name: str) -> Any:
    if name == "track_running_stats":
        return norm.use_batch_statistics is not True
    if name == "affine":
        return not is_constant(norm, "gamma")
    if name == "momentum":
        return None if getattr(norm, "cumulative", False) else round(norm.momentum, 12)
    return _by_name(norm, name)


def _by_name(layer: Any, name: str) -> Any:
    own = SETTING_NAMES.get(name, name)
    if not hasattr(layer, name) and hasattr(layer, own):
        return getattr(layer, own)
    if not hasattr(layer, name) and isinstance(layer, nn.PReLU) and name == "num_parameters":
        return layer.w.shape[0]
    operator = next((getattr(layer, own) for own in OPERATORS.get(name, ()) if hasattr(layer, own)), None)
    if operator is not None and not hasattr(layer, name):
        value = getattr(operator, name)
        return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
    if name == "reduction" and isinstance(layer, nn.LossBase) and not hasattr(layer, name):
        return "none" if not layer.reduce else "mean" if layer.average else "sum"
    is_plain = type(layer).__module__.startswith("mindspore.") and name in UNSAID
    return getattr(layer, name, UNSAID[name]) if is_plain else getattr(layer, name)
