"""Embedding layers with torch's constructors and torch's initial distribution, N(0, 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common import initializer as initializers
from mindspore.common.initializer import initializer

from ._common import param_dtype
from .reset_parameters import Resets


def embedding_table(rows: int, columns: int, padding_idx: int | None, dtype: Any) -> Tensor:
    """An N(0, 1) table whose padding row is zero."""
    table = initializer(initializers.Normal(1.0), (rows, columns), param_dtype(dtype)).init_data()
    if padding_idx is not None:
        table[padding_idx] = 0.0
    return table


def positive_index(padding_idx: int | None, rows: int) -> int | None:
    """``padding_idx`` counted from the start."""
    if padding_idx is None or 0 <= padding_idx < rows:
        return padding_idx
    if not -rows <= padding_idx < 0:
        raise ValueError("Padding_idx must be within num_embeddings")
    return padding_idx + rows


def look_up(table: Tensor, indices: Tensor, padding_idx: int | None) -> Tensor:
    """Rows of ``table``; the row ``padding_idx`` gets no gradient."""
    rows = ops.gather(table, indices, 0)
    if padding_idx is None:
        return rows
    padded = (indices == padding_idx).expand_dims(-1)
    return ops.select(padded.broadcast_to(rows.shape), ops.stop_gradient(rows), rows)


def checked_table(table: Tensor, indices: Tensor, max_norm: float | None, norm_type: float) -> Tensor:
    """``table``; with ``max_norm``, the rows that are looked up and longer are shortened first, in place and without gradient, as torch does."""
    if max_norm is None:
        return table
    values = table.asnumpy().copy()
    for i in np.unique(indices.asnumpy()):
        length = np.linalg.norm(values[i], norm_type)
        if length > max_norm:
            values[i] *= max_norm / (length + 1e-7)
    with mindspore._no_grad():
        table.copy_(Tensor(values))
    return table


def frequency_scaled(rows: Tensor, indices: Tensor) -> Tensor:
    """``rows``, whose gradient is divided by how often their index occurs."""
    numbers = indices.asnumpy()
    _, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    share = Tensor((1.0 / counts[places.reshape(numbers.shape)])[..., None], rows.dtype)
    return ops.stop_gradient(rows * (1 - share)) + rows * share


class Embedding(nn.Embedding, Resets):
    """torch.nn.Embedding; the table is the parameter ``embedding_table``, as in MindSpore's layer."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        row = positive_index(padding_idx, num_embeddings)
        table = embedding_table(num_embeddings, embedding_dim, row, dtype) if _weight is None else _weight
        super().__init__(num_embeddings, embedding_dim, embedding_table="zeros", dtype=table.dtype)
        self.embedding_table = Parameter(table, name="embedding_table", requires_grad=not _freeze)
        self.padding_idx = row
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.reset_if_derived()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An embedding whose table is ``embeddings`` (rows, columns), not trained where ``freeze``."""
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def construct(self, input: Tensor) -> Tensor:
        """Indices of any shape (*) -> (*, embedding_dim)."""
        rows = look_up(checked_table(self.embedding_table, input, self.max_norm, self.norm_type), input, self.padding_idx)
        return frequency_scaled(rows, input) if self.scale_grad_by_freq else rows

    @property
    def weight(self) -> Any:
        """The table, by torch's name, for code that is given the layer."""
        return self.embedding_table


class EmbeddingBag(nn.Cell):
    """torch.nn.EmbeddingBag: the sum, mean or maximum of each bag's rows."""

    torch_names = True

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.padding_idx = positive_index(padding_idx, num_embeddings)
        table = embedding_table(num_embeddings, embedding_dim, self.padding_idx, dtype) if _weight is None else _weight
        self.embedding_table = Parameter(table, name="embedding_table")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.mode, self.include_last_offset = mode, include_last_offset

    def construct(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Indices (bags, entries), or (entries,) with the start of each bag in ``offsets`` -> (bags, embedding_dim)."""
        table = checked_table(self.embedding_table, input, self.max_norm, self.norm_type)
        scale = frequency_scaled if self.scale_grad_by_freq else None
        return bag_rows(table, input, offsets, per_sample_weights, self.mode, self.include_last_offset, self.padding_idx, scale)


def bag_rows(
    table: Tensor,
    input: Tensor,
    offsets: Tensor | None,
    weights: Tensor | None,
    mode: str,
    include_last_offset: bool,
    padding_idx: int | None,
    scale: Callable[[Tensor, Tensor], Tensor] | None,
) -> Tensor:
    """The rows of ``table`` at ``input``, reduced by bags; ``scale`` changes the rows' gradient."""
    if input.ndim == 2:
        bags, entries = input.shape
        owner = ops.arange(bags).repeat_interleave(entries)
        flat = input.reshape(-1)
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor where input is 1D")
    else:
        starts = offsets.asnumpy().tolist()
        bags = len(starts) - 1 if include_last_offset else len(starts)
        ends = starts[1:] if include_last_offset else starts[1:] + [input.shape[0]]
        places = [bag for bag in range(bags) for _ in range(starts[bag], ends[bag])]
        owner, flat = Tensor(places, mindspore.int64), input[: len(places)]
    rows = ops.gather(table, flat, 0)
    rows = rows if scale is None else scale(rows, flat)
    counted = ops.ones_like(flat) if padding_idx is None else (flat != padding_idx)
    member = (owner.expand_dims(0) == ops.arange(bags).expand_dims(1)).astype(rows.dtype) * counted.astype(rows.dtype).expand_dims(0)
    return pooled_bags(rows, member, None if weights is None else weights.reshape(-1), mode)


def pooled_bags(rows: Tensor, member: Tensor, weights: Tensor | None, mode: str) -> Tensor:
    """Rows (entries, columns) reduced by ``member`` (bags, entries), which is 1 where a row belongs to a bag."""
    if mode == "max":
        return largest_in_bags(rows, member)
    total = ops.matmul(member if weights is None else member * weights.expand_dims(0), rows)
    return total if mode == "sum" else total / ops.maximum(member.sum(1, keepdims=True), ops.ones((1,), rows.dtype))


def largest_in_bags(rows: Tensor, member: Tensor) -> Tensor:
    """The largest row entry of each bag, 0 for an empty bag."""
    shape = member.shape + rows.shape[1:]
    inside = (member > 0).expand_dims(-1).broadcast_to(shape)
    masked = ops.select(inside, rows.expand_dims(0).broadcast_to(shape), ops.full(shape, float("-inf"), dtype=rows.dtype))
    filled = (member.sum(1, keepdims=True) > 0).broadcast_to((member.shape[0], rows.shape[1]))
    return ops.select(filled, ops.amax(masked, 1), ops.zeros_like(masked[:, 0]))


def embedding_from_pretrained(
    embeddings: Tensor,
    freeze: bool = True,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Embedding:
    """torch.nn.Embedding.from_pretrained."""
    return Embedding.from_pretrained(embeddings, freeze, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)


def embedding_bag_from_pretrained(
    embeddings: Tensor,
    freeze: bool = True,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> EmbeddingBag:
    """torch.nn.EmbeddingBag.from_pretrained."""
    rows, columns = embeddings.shape
    layer = EmbeddingBag(rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset, padding_idx)
    layer.embedding_table.requires_grad = not freeze
    return layer
