"""torch.nn.utils: gradients of parameters clipped, parameters as one vector, layers fused with their normalisation.

A parameter's accumulated gradient is its Python attribute ``grad``, a tensor or None, as training code sets it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from ._common import _cast
from .nn_parametrize import held_name


def parameter_list(parameters: Any) -> list[Any]:
    """One tensor, or any iterable of them, as a list."""
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


def gradients_of(parameters: Any) -> list[Any]:
    """The parameters that have a gradient."""
    return [parameter for parameter in parameter_list(parameters) if getattr(parameter, "grad", None) is not None]


def length_of(tensor: Tensor, norm_type: float) -> Tensor:
    """The p-norm of all elements; 0 counts those that are not zero."""
    if not tensor.size:
        return ops.zeros((), tensor.dtype)
    size = ops.abs(tensor)
    if norm_type == float("inf"):
        return size.max()
    if norm_type == float("-inf"):
        return size.min()
    if norm_type == 0:
        return _cast(size != 0, tensor.dtype).sum()
    return ops.sqrt((size * size).sum()) if norm_type == 2 else (size**norm_type).sum() ** (1.0 / norm_type)


def get_total_norm(tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None) -> Tensor:
    """torch.nn.utils.get_total_norm: the norm of all tensors together."""
    norms = [length_of(tensor, float(norm_type)) for tensor in parameter_list(tensors)]
    if not norms:
        return Tensor(0.0)
    total = length_of(ops.stack(norms), float(norm_type))
    if error_if_nonfinite and not np.isfinite(total.asnumpy()):
        raise RuntimeError(f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped.")
    return total


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """torch.nn.utils.clip_grads_with_norm_: gradients scaled by min(1, max_norm / (total_norm + 1e-6))."""
    factor = ops.clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
    for parameter in gradients_of(parameters):
        parameter.grad = parameter.grad * _cast(factor, parameter.grad.dtype)


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """torch.nn.utils.clip_grad_norm_: gradients scaled so that their norm together is at most ``max_norm``; returns the norm before."""
    chosen = gradients_of(parameters)
    total = get_total_norm([parameter.grad for parameter in chosen], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(chosen, max_norm, total)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """torch.nn.utils.clip_grad_value_: gradients cut off at plus and minus ``clip_value``."""
    for parameter in gradients_of(parameters):
        parameter.grad = ops.clamp(parameter.grad, -float(clip_value), float(clip_value))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """torch.nn.utils.parameters_to_vector: all elements in one vector."""
    return ops.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Any]) -> None:
    """torch.nn.utils.vector_to_parameters: the elements of ``vec`` put into the parameters, in order."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec)}")
    values, start = vec.asnumpy(), 0
    for parameter in parameters:
        part = values[start : start + parameter.size].reshape(parameter.shape)
        parameter.set_data(Tensor(part.copy()).astype(parameter.dtype))
        start += parameter.size


def skip_init(module_cls: Callable[..., nn.Cell], *args: Any, **kwargs: Any) -> nn.Cell:
    """torch.nn.utils.skip_init: the module; its parameters hold their usual initial values, where torch leaves memory as it finds it."""
    return module_cls(*args, **kwargs)


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """torch.nn.utils.fuse_conv_bn_weights: weight and bias of a convolution that includes the normalisation behind it."""
    bias = ops.zeros_like(bn_rm) if conv_b is None else conv_b
    scale = (ops.ones_like(bn_rm) if bn_w is None else bn_w) * (bn_rv + bn_eps) ** -0.5
    shape = (1, -1) if transpose else (-1, 1)
    weight = conv_w * scale.reshape(shape + (1,) * (conv_w.ndim - 2))
    shifted = (bias - bn_rm) * scale + (0.0 if bn_b is None else bn_b)
    return fused_parameter(weight, conv_w, "weight"), fused_parameter(shifted.astype(conv_w.dtype), conv_b, "bias")


def fused_parameter(value: Tensor, like: Any, name: str) -> Parameter:
    """``value`` as a parameter that is trained where ``like`` is."""
    return Parameter(Tensor(value.asnumpy()), name=name, requires_grad=like.requires_grad if isinstance(like, Parameter) else True)


def statistics_of(bn: nn.Cell) -> tuple[Any, Any, float, Any, Any]:
    """Running mean and variance, eps, scale and shift of a batch normalisation; scale and shift are None where it has none."""
    layer = bn._cells.get("bn2d", bn)  # what MindSpore's BatchNorm3d wraps
    constant = layer.__dict__.get("constant_parameters", ())
    names = [held_name(layer, name) for name in ("running_mean", "running_var", "weight", "bias")]
    mean, variance, scale, shift = (None if name in constant else layer._params[name] for name in names)
    return mean, variance, layer.eps, scale, shift


def fuse_conv_bn_eval(conv: nn.Cell, bn: nn.Cell, transpose: bool = False) -> nn.Cell:
    """torch.nn.utils.fuse_conv_bn_eval: a copy of ``conv`` that does what ``conv`` and ``bn`` do in evaluation."""
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    return with_weights(fused, *fuse_conv_bn_weights(conv.weight, bias_of(conv), *statistics_of(bn), transpose=transpose))


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor, bn_b: Tensor
) -> tuple[Parameter, Parameter]:
    """torch.nn.utils.fuse_linear_bn_weights: weight and bias of a linear layer that includes the normalisation behind it."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_eval(linear: nn.Cell, bn: nn.Cell) -> nn.Cell:
    """torch.nn.utils.fuse_linear_bn_eval: a copy of ``linear`` that does what ``linear`` and ``bn`` do in evaluation."""
    if linear.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if linear.weight.shape[0] != statistics_of(bn)[0].shape[0] and statistics_of(bn)[0].shape[0] != 1:
        raise AssertionError("To fuse, linear.out_features == bn.num_features or bn.num_features == 1")
    fused = copy.deepcopy(linear)
    return with_weights(fused, *fuse_linear_bn_weights(linear.weight, bias_of(linear), *statistics_of(bn)))


def bias_of(layer: nn.Cell) -> Parameter | None:
    """The bias, None where the layer has none."""
    found: Parameter | None = layer._params.get("bias")
    return found


def with_weights(layer: nn.Cell, weight: Parameter, bias: Parameter) -> nn.Cell:
    """``layer`` with these parameters; one that had no bias adds one from now on."""
    weight.name, bias.name = layer.weight.name, layer.weight.name.removesuffix("weight") + "bias"
    layer._params["weight"] = weight
    layer.__dict__.pop("bias", None)
    layer._params["bias"] = bias
    if hasattr(layer, "has_bias") and not layer.has_bias:
        layer.has_bias, layer.bias_add = True, ops.BiasAdd()
    return layer
