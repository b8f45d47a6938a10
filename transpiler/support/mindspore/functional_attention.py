"""Attention: torch.nn.functional.scaled_dot_product_attention and multi_head_attention_forward, composed from matrix products."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _cast, _softmax


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
                                 is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> Tensor:  # fmt: skip
    """softmax(q k^T * scale + mask) v; rows that see nothing give zeros (F.scaled_dot_product_attention)."""
    if enable_gqa:
        key = _repeat_heads(key, query.shape[-3] // key.shape[-3])
        value = _repeat_heads(value, query.shape[-3] // value.shape[-3])
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = mint.matmul(query * factor, key.swapaxes(-2, -1))
    if is_causal:
        attn_mask = _causal_mask(query.shape[-2], key.shape[-2])
    weights = attention_weights(scores) if attn_mask is None else _masked_softmax(scores, attn_mask)
    if dropout_p > 0:
        weights = weights * (ops.rand(*weights.shape) >= dropout_p).astype(weights.dtype) / (1 - dropout_p)
    return mint.matmul(weights, value)


@ops.constexpr
def _causal_mask(rows: int, columns: int) -> Tensor:
    """True where a row may see a column: on and below the diagonal."""
    return Tensor(np.tril(np.ones((rows, columns), bool)))


@ops.constexpr
def _broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that ``shapes`` broadcast to; worked out in Python when a graph is compiled."""
    return tuple(np.broadcast_shapes(*shapes))


def _repeat_heads(x: Tensor, times: int) -> Tensor:
    """Each head ``times`` times in a row, for grouped queries."""
    shape = x.shape[:-3] + (x.shape[-3], times) + x.shape[-2:]
    return ops.broadcast_to(x.expand_dims(-3), shape).reshape(x.shape[:-3] + (-1,) + x.shape[-2:])


def attention_weights(scores: Tensor) -> Tensor:
    """Softmax over the last axis."""
    return _softmax(scores, -1)


def _masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax of the scores that the mask leaves: True in a boolean mask, more than -inf in one that is added."""
    shape = _broadcast_shape(scores.shape, mask.shape)
    if mask.dtype == mindspore.bool_:
        seen = ops.broadcast_to(mask, shape)
    else:
        scores = scores + mask
        seen = scores > float("-inf")
    lowest = mindspore.tensor(-1e4 if scores.dtype == mindspore.float16 else -1e30, dtype=scores.dtype)
    weights = attention_weights(mint.where(seen, ops.broadcast_to(scores, shape), lowest))
    return weights * seen.astype(weights.dtype)


def multi_head_attention_forward(query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
                                 in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None,
                                 add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor, out_proj_bias: Tensor | None,
                                 training: bool = True, key_padding_mask: Tensor | None = None, need_weights: bool = True,
                                 attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
                                 k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None, static_k: Tensor | None = None,
                                 static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False) -> Any:  # fmt: skip
    """Attention of (L, N, E) inputs in ``num_heads`` parts; returns the output and, if asked, the weights (F.multi_head_attention_forward)."""
    batched = query.ndim == 3
    if not batched:
        query, key, value = (x.expand_dims(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.expand_dims(0)
    projections = (
        (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else ops.split(in_proj_weight, embed_dim_to_check, 0)
    )
    biases = (None,) * 3 if in_proj_bias is None else ops.split(in_proj_bias, embed_dim_to_check, 0)
    q, k, v = (_project(x, w, b) for x, w, b in zip((query, key, value), projections, biases))
    k, v, extra = _extra_keys(k, v, bias_k, bias_v, False)
    q, k, v = (_split_heads(x, num_heads) for x in (q, k, v))
    k, v = (
        own if given is None else given.reshape(q.shape[0], num_heads, -1, q.shape[-1]) for own, given in ((k, static_k), (v, static_v))
    )
    if add_zero_attn:
        k, v = (ops.cat((x, ops.zeros((*x.shape[:2], 1, x.shape[3]), x.dtype)), 2) for x in (k, v))
        extra += 1
    mask = _additive_mask(attn_mask, key_padding_mask, q.shape, extra, q.dtype)
    scores = mint.matmul(q / math.sqrt(q.shape[-1]), k.swapaxes(-2, -1))
    weights = attention_weights(scores if mask is None else scores + mask)
    dropped = weights
    if training and dropout_p > 0:
        dropped = weights * (ops.rand(*weights.shape) >= dropout_p).astype(weights.dtype) / (1 - dropout_p)
    merged = mint.permute(mint.matmul(dropped, v), (2, 0, 1, 3)).reshape(query.shape[0], query.shape[1], -1)
    output = _project(merged, out_proj_weight, out_proj_bias)
    shown = (mint.mean(weights, 1) if average_attn_weights else weights) if need_weights else None
    if not batched:
        output, shown = output.squeeze(1), None if shown is None else shown.squeeze(0)
    return output, shown


def _project(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    y = mint.matmul(x, weight.swapaxes(0, 1))
    return y if bias is None else y + _cast(bias, y.dtype)


def _extra_keys(k: Tensor, v: Tensor, bias_k: Tensor | None, bias_v: Tensor | None, zero: bool) -> tuple[Tensor, Tensor, int]:
    """Learned and zero rows appended to keys and values; how many."""
    extra = 0
    if bias_k is not None:
        k, v = (ops.cat((x, ops.broadcast_to(b, (1, *x.shape[1:]))), 0) for x, b in ((k, bias_k), (v, bias_v)))
        extra += 1
    if zero:
        k, v = (ops.cat((x, ops.zeros((1, *x.shape[1:]), x.dtype)), 0) for x in (k, v))
        extra += 1
    return k, v, extra


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) -> (N, heads, L, E / heads)."""
    return mint.permute(x.reshape(x.shape[0], x.shape[1], heads, -1), (1, 2, 0, 3))


def _additive_mask(attn_mask: Tensor | None, padding: Tensor | None, q_shape: tuple[int, ...], extra: int, dtype: Any) -> Tensor | None:
    """Both masks as numbers to add, (N, heads, L, S), nothing masked in the extra columns."""
    batch, heads, rows = q_shape[:3]
    total = None
    if attn_mask is not None:
        total = _mask_4d(_as_addend(attn_mask, dtype), batch, heads, rows)
    if padding is not None:
        spread = _as_addend(padding, dtype).reshape(batch, 1, 1, -1)
        total = spread if total is None else total + spread
    if total is None or not extra:
        return total
    return ops.cat((total, ops.zeros((*total.shape[:-1], extra), total.dtype)), -1)


def _mask_4d(mask: Tensor, batch: int, heads: int, rows: int) -> Tensor:
    return mask.reshape(batch, heads, rows, -1) if mask.ndim == 3 else mask.reshape(1, 1, rows, -1)


def _as_addend(mask: Tensor, dtype: Any) -> Tensor:
    """True becomes -inf; numbers stay."""
    if mask.dtype != mindspore.bool_:
        return mask.astype(dtype)
    return mint.where(mask, mindspore.tensor(float("-inf"), dtype=dtype), mindspore.tensor(0.0, dtype=dtype))
