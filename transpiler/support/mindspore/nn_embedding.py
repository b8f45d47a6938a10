"""Embedding layers with torch's constructors and torch's initial distribution, N(0, 1)."""

from __future__ import annotations

from typing import Any

import mindspore
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


def check_supported(max_norm: float | None) -> None:
    """Renormalising the table during look-up changes parameters in the forward pass, which is not ported."""
    if max_norm is not None:
        raise NotImplementedError("Embedding with max_norm has no counterpart in MindSpore; renormalise the table in the training step")


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
        check_supported(max_norm)
        if scale_grad_by_freq:
            raise NotImplementedError("Embedding with scale_grad_by_freq has no counterpart in MindSpore")
        row = positive_index(padding_idx, num_embeddings)
        table = embedding_table(num_embeddings, embedding_dim, row, dtype) if _weight is None else _weight
        super().__init__(num_embeddings, embedding_dim, embedding_table="zeros", dtype=table.dtype)
        self.embedding_table = Parameter(table, name="embedding_table", requires_grad=not _freeze)
        self.padding_idx = row
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
        return look_up(self.embedding_table, input, self.padding_idx)

    @property
    def weight(self) -> Any:
        """The table, by torch's name, for code that is given the layer."""
        return self.embedding_table


class EmbeddingBag(nn.Cell):
    """torch.nn.EmbeddingBag: the sum, mean or maximum of each bag's rows."""

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
        check_supported(max_norm)
        if scale_grad_by_freq:
            raise NotImplementedError("EmbeddingBag with scale_grad_by_freq has no counterpart in MindSpore")
        self.padding_idx = positive_index(padding_idx, num_embeddings)
        table = embedding_table(num_embeddings, embedding_dim, self.padding_idx, dtype) if _weight is None else _weight
        self.embedding_table = Parameter(table, name="embedding_table")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.mode, self.include_last_offset = mode, include_last_offset

    def construct(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Indices (bags, entries), or (entries,) with the start of each bag in ``offsets`` -> (bags, embedding_dim)."""
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
        if input.ndim == 2:
            bags, entries = input.shape
            return self.pool(input.reshape(-1), ops.arange(bags).repeat_interleave(entries), bags, per_sample_weights)
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor where input is 1D")
        starts = offsets.asnumpy().tolist()
        bags = len(starts) - 1 if self.include_last_offset else len(starts)
        ends = starts[1:] if self.include_last_offset else starts[1:] + [input.shape[0]]
        owner = [bag for bag in range(bags) for _ in range(starts[bag], ends[bag])]
        return self.pool(input[: len(owner)], Tensor(owner, mindspore.int64), bags, per_sample_weights)

    def pool(self, indices: Tensor, owner: Tensor, bags: int, weights: Tensor | None) -> Tensor:
        """Reduce the rows of ``indices`` into the bag that ``owner`` names for each; rows at ``padding_idx`` count for nothing."""
        rows = ops.gather(self.embedding_table, indices, 0)
        counted = ops.ones_like(indices) if self.padding_idx is None else (indices != self.padding_idx)
        member = (owner.expand_dims(0) == ops.arange(bags).expand_dims(1)).astype(rows.dtype) * counted.astype(rows.dtype).expand_dims(0)
        if self.mode == "max":
            return self.maximum(rows, member)
        total = ops.matmul(member if weights is None else member * weights.expand_dims(0), rows)
        return total if self.mode == "sum" else total / ops.maximum(member.sum(1, keepdims=True), ops.ones((1,), rows.dtype))

    def maximum(self, rows: Tensor, member: Tensor) -> Tensor:
        """The largest row entry of each bag, 0 for an empty bag."""
        inside = (member > 0).expand_dims(-1)
        masked = ops.select(inside.broadcast_to(member.shape + rows.shape[1:]), rows.expand_dims(0).broadcast_to(member.shape + rows.shape[1:]),
                            ops.full(member.shape + rows.shape[1:], float("-inf"), dtype=rows.dtype))  # fmt: skip
        filled = (member.sum(1, keepdims=True) > 0).broadcast_to((member.shape[0], rows.shape[1]))
        return ops.select(filled, ops.amax(masked, 1), ops.zeros_like(masked[:, 0]))
