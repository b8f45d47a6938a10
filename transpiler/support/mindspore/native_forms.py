"""torch.native_*: normalisation and dropout with the intermediate results that their derivatives use."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Tensor, mint, ops

from .functional_norm import batch_norm


def native_layer_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float) -> tuple[Tensor, ...]:
    """Normalised values, mean and 1 / sqrt(variance + eps) (torch.native_layer_norm)."""
    axes = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    mean = mint.mean(input, axes, True)
    scale = ops.rsqrt(mint.mean((input - mean) * (input - mean), axes, True) + eps)
    result = (input - mean) * scale
    result = result if weight is None else result * weight
    return (result if bias is None else result + bias), mean, scale


def native_group_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int,
                      eps: float) -> tuple[Tensor, ...]:  # fmt: skip
    """Normalised values, mean and 1 / sqrt(variance + eps) of each group (torch.native_group_norm)."""
    grouped = input.reshape(N, group, -1)
    mean = mint.mean(grouped, -1, True)
    scale = ops.rsqrt(mint.mean((grouped - mean) * (grouped - mean), -1, True) + eps)
    result = ((grouped - mean) * scale).reshape(N, C, HxW)
    result = result if weight is None else result * weight.reshape(1, -1, 1)
    result = result if bias is None else result + bias.reshape(1, -1, 1)
    return result.reshape(input.shape), mean.squeeze(-1), scale.squeeze(-1)


def native_batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
                      training: bool, momentum: float, eps: float) -> tuple[Tensor, ...]:  # fmt: skip
    """Normalised values, and in training the batch's mean and 1 / sqrt(variance + eps) (torch.native_batch_norm)."""
    axes = tuple(axis for axis in range(input.ndim) if axis != 1)
    result = batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return result, ops.zeros((0,), input.dtype), ops.zeros((0,), input.dtype)
    mean = mint.mean(input, axes, True)
    scale = ops.rsqrt(mint.mean((input - mean) * (input - mean), axes) + eps)
    return result, mean.reshape(-1), scale


def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """Dropout and its mask (torch.native_dropout)."""
    if not train:
        return input, ops.ones(input.shape, mindspore.bool_)
    mask = ops.rand(*input.shape) >= p
    kept = mask.astype(input.dtype)
    return input * kept * (0.0 if p == 1 else 1 / (1 - p)), mask
