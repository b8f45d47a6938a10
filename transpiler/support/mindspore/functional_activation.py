"""Activations, softmax, dropout and embeddings: torch.nn.functional where MindSpore's call differs or has no CPU kernel."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _as_float, _autocast_to, _cast, _conjugate, _magnitude, _real_part, _softmax, _sum, accurate_tanh
from .nn_embedding import checked_table, frequency_scaled, look_up


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim`` (F.softmax)."""
    x = _cast(input, dtype)
    return _softmax(x, _implicit_dim(x.ndim) if dim is None else dim)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of the softmax (F.log_softmax)."""
    x = _cast(input, dtype)
    if x.ndim == 0:
        return x - x
    axis = _implicit_dim(x.ndim) if dim is None else dim
    if 0 in x.shape:
        return x
    moved = ops.log_softmax(x.swapaxes(axis, -1), -1)
    return moved.swapaxes(axis, -1)


def softmax_of(input: Tensor, dim: int, dtype: Any = None, *, out: None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim`` (torch.softmax, whose third argument is the dtype)."""
    return softmax(input, dim, dtype=dtype)


def log_softmax_of(input: Tensor, dim: int, dtype: Any = None, *, out: None = None) -> Tensor:
    """The logarithm of the softmax (torch.log_softmax, whose third argument is the dtype)."""
    return log_softmax(input, dim, dtype=dtype)


def _implicit_dim(ndim: int) -> int:
    """The dimension that torch assumes where none is given."""
    return 0 if ndim in (0, 1, 3) else 1


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-input) (F.softmin)."""
    return softmax(-_cast(input, dtype), dim)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x (F.leaky_relu)."""
    return mint.where(input > 0, input, input * negative_slope)


def _not_above_zero(x: Tensor) -> Tensor:
    """min(x, 0) with the derivative 1 at 0, where that of ``minimum`` is shared."""
    return mint.where(x > 0, ops.zeros_like(x), x)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1) (F.elu)."""
    return mint.where(input > 0, input, alpha * mint.expm1(_not_above_zero(input)))


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) (F.celu)."""
    return mint.where(input > 0, input, alpha * mint.expm1(_not_above_zero(input) / alpha))


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * (max(0, x) + min(0, alpha * (exp(x) - 1))) (F.selu)."""
    return elu(input, 1.6732632423543772) * 1.0507009873554805


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)) (F.mish); MindSpore's own gives NaN from 45 on."""
    return input * accurate_tanh(softplus(input))


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6) (F.relu6)."""
    return hardtanh(input, 0, 6)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; no gradient at the limits (F.hardtanh)."""
    if not input.is_floating_point():
        return mint.clamp(input, int(min_val), int(max_val))
    inside = ops.logical_and(input > min_val, input < max_val)
    limits = mint.where(input >= max_val, mindspore.tensor(max_val, dtype=input.dtype), mindspore.tensor(min_val, dtype=input.dtype))
    return mint.where(ops.logical_or(inside, ops.isnan(input)), input, limits)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function, or its tanh approximation (F.gelu)."""
    return ops.gelu(input, approximate)


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x))), stable for large |x| (F.logsigmoid)."""
    return mint.minimum(input, ops.zeros_like(input)) - mint.log1p(mint.exp(-ops.abs(input)))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta * x)) / beta, linear where beta * x > threshold (F.softplus)."""
    scaled = input * beta
    large = scaled > threshold
    safe = mint.where(large, ops.zeros_like(scaled), scaled)
    smooth = (mint.maximum(safe, ops.zeros_like(safe)) + mint.log1p(mint.exp(-ops.abs(safe)))) / beta
    return mint.where(large, input, smooth)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|) (F.softsign)."""
    return input / (1 + ops.abs(input))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value (F.threshold)."""
    return mint.where(input > threshold, input, mindspore.tensor(value, dtype=input.dtype))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x, one weight per channel (F.prelu)."""
    input, weight = _autocast_to("PReLU", input, weight)
    slope = weight
    if input.size == 0:  # MindSpore's sums over nothing would leave the weight's gradient unset
        return input
    if weight.ndim == 1 and weight.size > 1:
        slope = weight.reshape((1, -1) + (1,) * (input.ndim - 2)) if input.ndim > 1 else weight
    elif weight.ndim == 1:
        slope = weight.reshape(())
    return mint.where(input > 0, input, input * slope)


def rrelu(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False) -> Tensor:
    """A leaky ReLU whose slope is drawn from [lower, upper] in training, their mean otherwise (F.rrelu)."""
    slope: Any = (lower + upper) / 2
    if training:
        slope = (ops.rand(*(input.shape or (1,))).reshape(input.shape) * (upper - lower) + lower).astype(input.dtype)
    return mint.where(input >= 0, input, input * slope)


def _keep(input: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    """1 / (1 - p) with probability 1 - p, else 0."""
    if p == 1:
        return ops.zeros(shape, input.dtype)
    draw = ops.rand(*shape) if shape else ops.rand(1).reshape(())
    return (draw >= p).astype(input.dtype) / (1 - p)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements zeroed with probability p, the others scaled by 1 / (1 - p) (F.dropout)."""
    _check_probability(p)
    return input * _keep(input, input.shape, p) if training and p else input


def _check_probability(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropout_channels(input: Tensor, p: float, training: bool, unbatched: int) -> Tensor:
    """Whole channels dropped; an input of rank ``unbatched`` has no batch dimension."""
    _check_probability(p)
    if not training or not p:
        return input
    lead = 1 if input.ndim == unbatched else 2
    return input * _keep(input, input.shape[:lead] + (1,) * (input.ndim - lead), p)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels of (N, C, L) (F.dropout1d)."""
    return _dropout_channels(input, p, training, 2)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels of (N, C, H, W); dimension 1 are the channels of a 3-d input too (F.dropout2d)."""
    return _dropout_channels(input, p, training, 0)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """dropout of whole channels of (N, C, D, H, W) (F.dropout3d)."""
    return _dropout_channels(input, p, training, 4)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Elements set to SELU's negative limit, mean and variance kept (F.alpha_dropout)."""
    _check_probability(p)
    if not training or not p:
        return input
    limit = -1.7580993408473766
    scale = 0.0 if p == 1 else 1 / math.sqrt((1 - p) * (1 + p * limit**2))
    kept = (ops.rand(*input.shape).reshape(input.shape) >= p).astype(input.dtype)
    return (input * kept + limit * (1 - kept)) * scale - scale * limit * p


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 indicator vectors in a new last dimension (F.one_hot)."""
    classes = int(tensor.max()) + 1 if num_classes == -1 else num_classes
    return (tensor.expand_dims(-1) == ops.arange(classes)).astype(mindspore.int64)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:  # fmt: skip
    """Rows of ``weight``; no gradient flows to row padding_idx (F.embedding)."""
    rows = look_up(checked_table(weight, input, max_norm, norm_type), input, None if padding_idx is None else padding_idx % weight.shape[0])
    return frequency_scaled(rows, input) if scale_grad_by_freq else rows


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None) -> Tensor:
    """x / max(||x||_p, eps) along ``dim`` (F.normalize)."""
    length = _length(input, p, dim)
    return input / _cast(mint.maximum(length, ops.full(length.shape, eps, dtype=length.dtype)), input.dtype)


def _length(x: Tensor, p: float, dim: Any) -> Tensor:
    """The p-norm along ``dim``, kept; its derivative at 0 is 0, as in torch."""
    size = _magnitude(x)
    if x.ndim == 0:
        return size
    if p == float("inf"):
        return mint.amax(size, dim, True)
    if p == 0:
        return _sum((x != 0).astype(size.dtype), dim, True)
    total = _sum(_real_part(x * _conjugate(x)) if p == 2 else size**p, dim, True)
    positive = total > 0
    root = mint.where(positive, total, ops.ones_like(total)) ** (1.0 / p)
    return mint.where(positive, root, ops.zeros_like(total))


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 over the product of their norms, each at least eps (F.cosine_similarity)."""
    x1, x2 = _as_float(x1), _as_float(x2)
    shape = np.broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = ops.broadcast_to(x1, shape), ops.broadcast_to(x2, shape)
    return (
        _sum(_unit_vector(x1, dim, eps) * _unit_vector(x2, dim, eps), dim)
        if shape
        else _unit_vector(x1, dim, eps) * _unit_vector(x2, dim, eps)
    )


def _unit_vector(x: Tensor, dim: int, eps: float) -> Tensor:
    length = _length(x, 2, dim)
    return x / mint.maximum(length, ops.full(length.shape, eps, dtype=length.dtype))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r^2, H, W) -> (*, C, H r, W r) (F.pixel_shuffle)."""
    *lead, channels, height, width = input.shape
    r = upscale_factor
    x = input.reshape(-1, channels // (r * r), r, r, height, width)
    return mint.permute(x, (0, 1, 4, 2, 5, 3)).reshape(*lead, channels // (r * r), height * r, width * r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of the groups interleaved (F.channel_shuffle)."""
    batch, channels, *rest = input.shape
    return input.reshape(batch, groups, channels // groups, *rest).swapaxes(1, 2).reshape(input.shape)
