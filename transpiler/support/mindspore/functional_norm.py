"""Normalisation: torch.nn.functional, composed from means and products where MindSpore has no CPU kernel or another convention."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _as_float, _autocast_to, _category


def _standardize(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """(x - mean) / sqrt(var + eps) over ``axes``, in float32 for half precision."""
    wide = x.astype(mindspore.float32) if x.dtype in (mindspore.float16, mindspore.bfloat16) else x
    centred = wide - mint.mean(wide, axes, True)
    result = centred * ops.rsqrt(mint.mean(centred * centred, axes, True) + eps)
    return result.astype(x.dtype)


def layer_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """Standardised over the last dimensions, then scaled and shifted (F.layer_norm)."""
    input, weight, bias = _autocast_to("LayerNorm", input, weight, bias)
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    y = _standardize(input, tuple(range(input.ndim - len(shape), input.ndim)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / sqrt(mean(x^2) + eps) over the last dimensions, times ``weight`` (F.rms_norm)."""
    input, weight = _autocast_to("RMSNorm", input, weight)
    rank = 1 if isinstance(normalized_shape, int) else len(tuple(normalized_shape))
    half = input.dtype in (mindspore.float16, mindspore.bfloat16)
    wide = input.astype(mindspore.float32) if half else input
    small = float(np.finfo(mindspore.dtype_to_nptype(wide.dtype)).eps) if eps is None else eps
    axes = tuple(range(input.ndim - rank, input.ndim))
    y = (wide * ops.rsqrt(mint.mean(wide * wide, axes, True) + small)).astype(input.dtype)
    return y if weight is None else y * weight


def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """Standardised over groups of channels, then scaled and shifted per channel (F.group_norm)."""
    input, weight, bias = _autocast_to("GroupNorm", input, weight, bias)
    grouped = input.reshape(input.shape[0], num_groups, -1)
    return _per_channel(_standardize(grouped, (2,), eps).reshape(input.shape), weight, bias)


def _per_channel(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    shape = (1, -1) + (1,) * (y.ndim - 2)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def batch_norm(input: Tensor, running_mean: Any, running_var: Any, weight: Tensor | None = None, bias: Tensor | None = None,
               training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """Standardised per channel by the batch (in training, moving the running statistics) or the running statistics (F.batch_norm)."""
    if input.size == 0:  # as in torch the running statistics stay
        return input
    if input.ndim < 2:
        raise ValueError("batch_norm needs at least two dimensions")
    shape, axes = (1, -1) + (1,) * (input.ndim - 2), (0, *range(2, input.ndim))
    if not training:
        mean, var = running_mean.reshape(shape), running_var.reshape(shape)
        return _per_channel((input - mean) * ops.rsqrt(var + eps), weight, bias).astype(input.dtype)
    mean = mint.mean(input, axes, True)
    var = mint.mean((input - mean) * (input - mean), axes, True)
    count = input.size // max(input.shape[1], 1)
    _update_running(running_mean, mean, momentum)
    _update_running(running_var, var * (count / max(count - 1, 1)), momentum)
    return _per_channel((input - mean) * ops.rsqrt(var + eps), weight, bias)


def _update_running(running: Tensor | None, value: Tensor, momentum: float) -> None:
    """running <- (1 - momentum) * running + momentum * value, in place."""
    if running is not None:
        fresh = ops.stop_gradient(value).reshape(-1).astype(running.dtype)
        running.copy_(ops.stop_gradient(running) * (1 - momentum) + fresh * momentum)


def instance_norm(input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
                  bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """Standardised per sample and channel (F.instance_norm)."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    axes = tuple(range(2, input.ndim))
    if running_mean is not None or running_var is not None:
        mean = mint.mean(input, axes, True)
        count = math.prod(input.shape[2:])
        var = mint.mean((input - mean) * (input - mean), axes, True) * (count / max(count - 1, 1))
        _update_running(running_mean, mint.mean(mean, 0), momentum)
        _update_running(running_var, mint.mean(var, 0), momentum)
    return _per_channel(_standardize(input, axes, eps), weight, bias)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha * mean of squares over neighbouring channels)^beta (F.local_response_norm)."""
    if input.size == 0:
        return input
    x = _as_float(input)
    square = x * x
    channels = input.shape[1]
    mean = mint.matmul(square.swapaxes(1, -1), _neighbours(channels, size).astype(x.dtype)).swapaxes(1, -1)
    if _category(input.dtype) < 2:
        mean = mint.floor(mint.round(mean * size) / size)  # torch averages integers as integers
    return x / (mean * alpha + k) ** beta


@ops.constexpr
def _neighbours(channels: int, size: int) -> Tensor:
    """(channels, channels): 1 / size in the ``size`` rows around each column; worked out in Python when a graph is compiled."""
    band = np.zeros((channels, channels), np.float32)
    for i in range(channels):
        band[max(i - size // 2, 0) : i + (size - 1) // 2 + 1, i] = 1.0 / size
    return Tensor(band)
