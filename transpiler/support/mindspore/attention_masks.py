"""torch.nn.attention: attention with changed scores (flex_attention) and the choice of a backend, which means nothing here."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mindspore
from mindspore import Tensor, ops


class SDPBackend(enum.IntEnum):
    """torch.nn.attention.SDPBackend: names of torch's own kernels."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


def index_grid(sizes: tuple[int, ...]) -> list[Tensor]:
    """One index tensor per axis, shaped to broadcast with the others."""
    rank = len(sizes)
    return [ops.arange(n).reshape((1,) * axis + (-1,) + (1,) * (rank - 1 - axis)) for axis, n in enumerate(sizes)]


def create_mask(mod_fn: Callable[..., Tensor], B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None) -> Tensor:
    """torch.nn.attention.flex_attention.create_mask: (B, H, Q_LEN, KV_LEN), True where the function of the four indices holds."""
    sizes = (B or 1, H or 1, Q_LEN, KV_LEN)
    return ops.broadcast_to(mod_fn(*index_grid(sizes)), sizes)


@dataclass(frozen=True, slots=True)
class BlockMask:
    """torch.nn.attention.flex_attention.BlockMask, kept as the mask itself: (B, H, Q_LEN, KV_LEN), True where a position is seen."""

    dense: Tensor
    mask_mod: Callable[..., Tensor]
    BLOCK_SIZE: Any = (128, 128)

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, Q_LEN, KV_LEN)."""
        return tuple(self.dense.shape)

    def to_dense(self) -> Tensor:
        """Which blocks have a position that is seen, as 0 and 1."""
        rows, columns = (self.BLOCK_SIZE, self.BLOCK_SIZE) if isinstance(self.BLOCK_SIZE, int) else self.BLOCK_SIZE
        batch, heads, queries, keys = self.shape
        padded = ops.zeros((batch, heads, -(-queries // rows) * rows, -(-keys // columns) * columns), mindspore.int32)
        padded[:, :, :queries, :keys] = self.dense.astype(mindspore.int32)
        blocks = padded.reshape(batch, heads, padded.shape[2] // rows, rows, padded.shape[3] // columns, columns)
        return blocks.max((3, 5))

    def to(self, device: Any) -> BlockMask:
        """The mask itself."""
        return self


def create_block_mask(
    mask_mod: Callable[..., Tensor],
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: Any = 128,
    _compile: bool = False,
) -> BlockMask:
    """torch.nn.attention.flex_attention.create_block_mask."""
    return BlockMask(create_mask(mask_mod, B, H, Q_LEN, KV_LEN), mask_mod, BLOCK_SIZE)


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """torch.nn.attention.flex_attention.noop_mask: everything is seen."""
    return batch == batch  # noqa: PLR0124 - True in the shape of the index


def and_masks(*mask_mods: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """torch.nn.attention.flex_attention.and_masks: seen where all masks allow it."""

    def combined(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = mask_mods[0](b, h, q, kv)
        for mask in mask_mods[1:]:
            result = ops.logical_and(result, mask(b, h, q, kv))
        return result

    return combined


def or_masks(*mask_mods: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """torch.nn.attention.flex_attention.or_masks: seen where one mask allows it."""

    def combined(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = mask_mods[0](b, h, q, kv)
        for mask in mask_mods[1:]:
            result = ops.logical_or(result, mask(b, h, q, kv))
        return result

    return combined


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Tensor] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
) -> Any:
    """torch.nn.attention.flex_attention.flex_attention: softmax(score_mod(scale q k^T)) v over (B, H, L, E), where the mask allows it."""
    if enable_gqa and key.shape[1] != query.shape[1]:
        times = query.shape[1] // key.shape[1]
        key, value = (x.repeat_interleave(times, 1) for x in (key, value))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = ops.matmul(query, key.swapaxes(-2, -1)) * factor
    if score_mod is not None:
        scores = score_mod(scores, *index_grid(tuple(scores.shape)))
    if block_mask is not None:
        seen = ops.broadcast_to(block_mask.dense[:, :, : scores.shape[2], : scores.shape[3]], scores.shape)
        scores = ops.select(seen, scores, ops.full_like(scores, float("-inf")))
    peak = ops.stop_gradient(scores.max(-1, keepdims=True))
    peak = ops.select(peak > float("-inf"), peak, ops.zeros_like(peak))
    weights = ops.exp(scores - peak)
    total = weights.sum(-1, keepdims=True)
    empty = total == 0
    output = ops.matmul(weights / ops.select(empty, ops.ones_like(total), total), value)
    if not return_lse:
        return output
    return output, (peak + ops.log(total)).squeeze(-1)
