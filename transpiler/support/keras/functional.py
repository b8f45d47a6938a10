"""What do torch's functions compute, written with ``keras.ops``? Each has torch's own signature and keeps torch's axis order.

Where ``keras.ops`` differs from torch at the borders (padding of pools, strides with dilation, scale arithmetic of resizing), the
difference is worked out on shapes, with numpy constants, so that the tensor part stays the same few operations on each backend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from ._common import Tensor, _axis, _dtype_name, _index_dtype, _shape


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0) (torch.nn.functional.relu)."""
    return ops.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6) (torch.nn.functional.relu6)."""
    return ops.relu6(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else slope * x (torch.nn.functional.leaky_relu)."""
    return ops.where(input > 0, input, input * negative_slope)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * Phi(x), or its tanh approximation (torch.nn.functional.gelu)."""
    return ops.gelu(input, approximate=approximate == "tanh")


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x) (torch.nn.functional.silu)."""
    return ops.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)) (torch.nn.functional.mish)."""
    return input * ops.tanh(ops.softplus(input))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha * (exp(x) - 1) (torch.nn.functional.elu)."""
    return ops.elu(input, alpha=alpha)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6 (torch.nn.functional.hardsigmoid)."""
    return ops.relu6(input + 3.0) / 6.0


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * relu6(x + 3) / 6 (torch.nn.functional.hardswish)."""
    return input * ops.relu6(input + 3.0) / 6.0


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) over its sum along ``dim`` (torch.nn.functional.softmax); without ``dim`` torch's choice: 0 for rank 0, 1, 3, else 1."""
    x = input if dtype is None else ops.cast(input, _dtype_name(dtype))
    axis = (0 if len(x.shape) in (0, 1, 3) else 1) if dim is None else dim
    return ops.softmax(x, axis=axis)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along ``dim`` (torch.nn.functional.log_softmax)."""
    x = input if dtype is None else ops.cast(input, _dtype_name(dtype))
    axis = (0 if len(x.shape) in (0, 1, 3) else 1) if dim is None else dim
    return ops.log_softmax(x, axis=axis)


def _drop(input: Tensor, p: float, noise_shape: tuple[Any, ...] | None, seed: Any) -> Tensor:
    """Zeros elements with probability ``p`` and scales the others by 1 / (1 - p)."""
    if p == 0.0:
        return input
    if p == 1.0:
        return ops.zeros_like(input)
    return keras.random.dropout(input, p, noise_shape=noise_shape, seed=seed)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeros elements at random while training (torch.nn.functional.dropout)."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return _drop(input, p, None, None) if training else input


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias; weight is (out, in) (torch.nn.functional.linear)."""
    result = ops.matmul(input, ops.transpose(weight))
    return result if bias is None else result + bias


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of ``weight`` (torch.nn.functional.embedding); the row ``padding_idx`` gets no gradient."""
    rows = ops.take(weight, input, axis=0)
    if padding_idx is None:
        return rows
    is_padding = ops.expand_dims(ops.equal(input, padding_idx % weight.shape[0]), -1)
    return ops.where(is_padding, ops.stop_gradient(rows), rows)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Joins the axes from ``start_dim`` to ``end_dim`` (torch.flatten)."""
    rank = len(input.shape)
    if rank == 0:
        return ops.reshape(input, (1,))
    start, end = _axis(start_dim, rank), _axis(end_dim, rank)
    sizes = _shape(input)
    joined = input.shape[start : end + 1]
    size = -1 if any(n is None for n in joined) else math.prod(joined)
    return ops.reshape(input, (*sizes[:start], size, *sizes[end + 1 :]))


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of a size, the last one smaller, or of the given sizes (torch.split)."""
    axis = _axis(dim, len(tensor.shape))
    length = tensor.shape[axis]
    if isinstance(split_size_or_sections, int):
        step = max(split_size_or_sections, 1)
        bounds = list(range(step, length, step))
    else:
        if sum(split_size_or_sections) != length:
            raise RuntimeError(f"split sizes {list(split_size_or_sections)} do not add up to {length}")
        bounds = [int(n) for n in np.cumsum(split_size_or_sections)[:-1]]
    return tuple(_slice(tensor, axis, start, stop) for start, stop in zip([0, *bounds], [*bounds, length], strict=True))


def _slice(x: Tensor, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, stop, step),)]


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of equal size, the last one smaller (torch.chunk)."""
    length = input.shape[_axis(dim, len(input.shape))]
    return split(input, max(-(-length // chunks), 1), dim)


class ValuesIndices(NamedTuple):
    """Result of a reduction that also tells where (torch.return_types)."""

    values: Tensor
    indices: Tensor


def _extremum(input: Tensor, dim: int, keepdim: bool, argument: Callable[..., Tensor]) -> ValuesIndices:
    """The value at ``argument``'s index, so that the gradient goes to that one element as in torch."""
    axis = _axis(dim, len(input.shape))
    index = argument(input, axis=axis, keepdims=True)
    values = ops.take_along_axis(input, index, axis=axis)
    indices = ops.cast(index, _index_dtype())
    return ValuesIndices(values, indices) if keepdim else ValuesIndices(ops.squeeze(values, axis), ops.squeeze(indices, axis))


def max_with_indices(input: Tensor, dim: int, keepdim: bool = False) -> ValuesIndices:
    """Largest values along ``dim`` and their indices (torch.max with dim)."""
    return _extremum(input, dim, keepdim, ops.argmax)


def min_with_indices(input: Tensor, dim: int, keepdim: bool = False) -> ValuesIndices:
    """Smallest values along ``dim`` and their indices (torch.min with dim)."""
    return _extremum(input, dim, keepdim, ops.argmin)


def normalize(input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """x / max(norm_p(x), eps) along ``dim`` (torch.nn.functional.normalize)."""
    if p == 2.0:
        norm = ops.norm(input, ord=2, axis=dim, keepdims=True) if isinstance(dim, int) else _power_norm(input, p, dim)
    elif p == math.inf:
        norm = ops.max(ops.abs(input), axis=dim, keepdims=True)
    else:
        norm = _power_norm(input, p, dim)
    return input / ops.maximum(norm, eps)


def _power_norm(x: Tensor, p: float, dim: int | tuple[int, ...]) -> Tensor:
    return ops.sum(ops.abs(x) ** p, axis=dim, keepdims=True) ** (1.0 / p)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(q k^T * scale + mask) v (torch.nn.functional.scaled_dot_product_attention); a True in a boolean mask takes part."""
    if enable_gqa:
        key = ops.repeat(key, query.shape[-3] // key.shape[-3], axis=-3)
        value = ops.repeat(value, query.shape[-3] // value.shape[-3], axis=-3)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = ops.matmul(query * factor, ops.swapaxes(key, -2, -1))
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("explicit attn_mask should not be set when is_causal=True")
        attn_mask = ops.tril(ops.ones(scores.shape[-2:], dtype="bool"))
    weights = _masked_softmax(scores, attn_mask)
    return ops.matmul(_drop(weights, dropout_p, None, None), value)


def _masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """softmax along the last axis; a row with nothing to attend to becomes zeros, as in torch's attention."""
    if mask is None:
        return ops.softmax(scores, axis=-1)
    if _dtype_name(mask.dtype) != "bool":
        return ops.softmax(scores + mask, axis=-1)
    some = ops.any(mask, axis=-1, keepdims=True)
    weights = ops.softmax(ops.where(mask, scores, ops.where(some, ops.full_like(scores, -math.inf), ops.zeros_like(scores))), axis=-1)
    return ops.where(some, weights, ops.zeros_like(weights))


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args)``: the same values and gradients as torch.utils.checkpoint, without its saving of memory."""
    return function(*args, **kwargs)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Negative log likelihood of softmax (torch.nn.functional.cross_entropy); classes are axis 1, or 0 for a single sample."""
    axis = 0 if len(input.shape) == 1 else 1
    log_probability = ops.log_softmax(input, axis=axis)
    shape = [1] * len(input.shape)
    shape[axis] = -1
    class_weight = ops.ones_like(log_probability) if weight is None else ops.reshape(weight, shape) * ops.ones_like(log_probability)
    if len(target.shape) == len(input.shape):
        return _cross_entropy_probabilities(log_probability, target, class_weight, reduction, label_smoothing, axis)
    kept = ops.not_equal(target, ignore_index)
    index = ops.expand_dims(ops.where(kept, target, ops.zeros_like(target)), axis)
    zero = ops.zeros_like(ops.sum(log_probability, axis=axis))
    sample_weight = ops.where(kept, ops.squeeze(ops.take_along_axis(class_weight, index, axis=axis), axis), zero)
    losses = -ops.squeeze(ops.take_along_axis(log_probability, index, axis=axis), axis) * sample_weight
    if label_smoothing > 0.0:
        smooth = ops.where(kept, -ops.sum(log_probability * class_weight, axis=axis), zero)
        losses = (1.0 - label_smoothing) * losses + label_smoothing / input.shape[axis] * smooth
    return ops.sum(losses) / ops.sum(sample_weight) if reduction == "mean" else _reduce(losses, reduction)


def _cross_entropy_probabilities(log_p: Tensor, target: Tensor, weight: Tensor, reduction: str, smoothing: float, axis: int) -> Tensor:
    target = target * (1.0 - smoothing) + smoothing / log_p.shape[axis]
    losses = -ops.sum(log_p * target * weight, axis=axis)
    return _reduce(losses, reduction)


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    """'none', 'sum' or 'mean', as every torch loss spells it."""
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return losses if reduction == "none" else ops.sum(losses) if reduction == "sum" else ops.mean(losses)


def mse_loss(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Tensor:
    """(input - target)^2 (torch.nn.functional.mse_loss)."""
    return _reduce(ops.square(input - target), reduction)


def l1_loss(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Tensor:
    """|input - target| (torch.nn.functional.l1_loss)."""
    return _reduce(ops.abs(input - target), reduction)
