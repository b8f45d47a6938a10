"""Multi-head attention and the Transformer layers, with torch's constructors, child names and masks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import XavierNormal, XavierUniform, initializer

from ._common import affine, param_dtype
from .functional_attention import attention_weights
from .nn_container import ModuleList
from .nn_dropout import Dropout
from .nn_linear import Linear
from .nn_norm import LayerNorm


def additive(mask: Tensor | None, dtype: Any) -> Tensor | None:
    """A mask to add to the scores: a boolean one (True: not seen) as 0 and minus infinity, any other as it is."""
    if mask is None or mask.dtype != mindspore.bool_:
        return mask
    return ops.select(mask, ops.full(mask.shape, float("-inf"), dtype=dtype), ops.zeros(mask.shape, dtype))


class MultiheadAttention(nn.Cell):
    """torch.nn.MultiheadAttention."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = kdim if kdim is not None else embed_dim, vdim if vdim is not None else embed_dim
        self.head_dim, self.add_zero_attn = embed_dim // num_heads, add_zero_attn
        if self.head_dim * num_heads != embed_dim:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.add_projections(param_dtype(dtype), bias)
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        if bias:
            self.out_proj.bias.set_data(ops.zeros_like(self.out_proj.bias))
        self.bias_k, self.bias_v = None, None
        if add_bias_kv:
            shape = (1, 1, embed_dim)
            self.bias_k = Parameter(initializer(XavierNormal(), shape, param_dtype(dtype)), name="bias_k")
            self.bias_v = Parameter(initializer(XavierNormal(), shape, param_dtype(dtype)), name="bias_v")
        self.set_train()

    def add_projections(self, dtype: Any, bias: bool) -> None:
        """One stacked projection where query, key and value have one width, else three."""
        e, xavier = self.embed_dim, XavierUniform()
        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == e and self.vdim == e:
            self.in_proj_weight = Parameter(initializer(xavier, (3 * e, e), dtype), name="in_proj_weight")
        else:
            self.q_proj_weight = Parameter(initializer(xavier, (e, e), dtype), name="q_proj_weight")
            self.k_proj_weight = Parameter(initializer(xavier, (e, self.kdim), dtype), name="k_proj_weight")
            self.v_proj_weight = Parameter(initializer(xavier, (e, self.vdim), dtype), name="v_proj_weight")
        self.in_proj_bias = Parameter(initializer("zeros", (3 * e,), dtype), name="in_proj_bias") if bias else None

    def construct(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(L, N, E), (N, L, E) where batch_first, or (L, E) -> the attended values in that layout and, where wanted, the weights."""
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        batched = query.ndim == 3
        if not batched:
            query, key, value = query.expand_dims(1), key.expand_dims(1), value.expand_dims(1)
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.expand_dims(0)
        elif self.batch_first:
            query, key, value = query.swapaxes(0, 1), key.swapaxes(0, 1), value.swapaxes(0, 1)
        output, weights = self.attend(query, key, value, key_padding_mask, attn_mask)
        output = output if not batched or not self.batch_first else output.swapaxes(0, 1)
        weights = weights.mean(1) if average_attn_weights else weights
        if not batched:
            output, weights = output.squeeze(1), weights.squeeze(0)
        return output, (weights if need_weights else None)

    def project(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """The three input projections."""
        biases = [None] * 3 if self.in_proj_bias is None else ops.chunk(self.in_proj_bias, 3)
        if self.in_proj_weight is not None:
            matrices = ops.chunk(self.in_proj_weight, 3, 0)
        else:
            matrices = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        return [affine(x, w, b) for x, w, b in zip((query, key, value), matrices, biases)]

    def heads(self, x: Tensor) -> Tensor:
        """(L, N, E) -> (N, heads, L, E / heads)."""
        return x.reshape(x.shape[0], x.shape[1], self.num_heads, self.head_dim).transpose(1, 2, 0, 3)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """softmax(q k^T / sqrt(d) + masks) v over (L, N, E); the weights are (N, heads, L, S)."""
        q, k, v = self.project(query, key, value)
        size = q.shape[1]
        extra = 0
        if self.bias_k is not None and self.bias_v is not None:
            k = ops.cat((k, self.bias_k.broadcast_to((1, size, self.embed_dim))))
            v = ops.cat((v, self.bias_v.broadcast_to((1, size, self.embed_dim))))
            extra += 1
        if self.add_zero_attn:
            blank = ops.zeros((1, size, self.embed_dim), k.dtype)
            k, v, extra = ops.cat((k, blank)), ops.cat((v, blank)), extra + 1
        scores = ops.matmul(self.heads(q) / math.sqrt(self.head_dim), self.heads(k).swapaxes(-2, -1))
        weights = attention_weights(self.masked(scores, additive(padding, q.dtype), additive(mask, q.dtype), extra))
        used = ops.dropout(weights, self.dropout, training=True) if self.training and self.dropout > 0 else weights
        joined = ops.matmul(used, self.heads(v)).transpose(2, 0, 1, 3).reshape(q.shape)
        return self.out_proj(joined), weights

    def masked(self, scores: Tensor, padding: Tensor | None, mask: Tensor | None, extra: int) -> Tensor:
        """``scores`` (N, heads, L, S + extra) plus the masks; the ``extra`` positions are always seen."""
        if mask is not None:
            # (L, S) is for all, (N * heads, L, S) for each sample and head.
            scores = scores + seen_beyond(mask if mask.ndim == 2 else mask.reshape(*scores.shape[:3], -1), extra)
        return scores if padding is None else scores + seen_beyond(padding.expand_dims(1).expand_dims(1), extra)


def seen_beyond(mask: Tensor, extra: int) -> Tensor:
    """An additive mask with ``extra`` more positions, which are seen."""
    return mask if extra == 0 else ops.cat((mask, ops.zeros((*mask.shape[:-1], extra), mask.dtype)), -1)


def activation_of(activation: Any) -> Callable[[Tensor], Tensor]:
    """'relu', 'gelu' or any function."""
    if callable(activation):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return ops.relu if activation == "relu" else ops.gelu


class TransformerEncoderLayer(nn.Cell):
    """torch.nn.TransformerEncoderLayer: self-attention and a feed-forward network, each with residual and normalisation."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = ops.relu,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation, self.norm_first = activation_of(activation), norm_first
        self.set_train()

    def construct(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """(L, N, E), (N, L, E) where batch_first, or (L, E) -> the same shape."""
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), src_mask, src_key_padding_mask, is_causal=is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, src_mask, src_key_padding_mask, is_causal=is_causal))
        return self.norm2(x + self._ff_block(x))

    def _sa_block(self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False) -> Tensor:
        """Self-attention with dropout."""
        return self.dropout1(self.self_attn(x, x, x, key_padding_mask, False, attn_mask)[0])

    def _ff_block(self, x: Tensor) -> Tensor:
        """Two linear layers with the activation between."""
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(nn.Cell):
    """torch.nn.TransformerDecoderLayer: self-attention, attention to the memory, feed-forward network."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = ops.relu,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation, self.norm_first = activation_of(activation), norm_first
        self.set_train()

    def construct(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Target and memory in one of MultiheadAttention's layouts -> the target's shape."""
        x = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), tgt_mask, tgt_key_padding_mask, tgt_is_causal)
            x = x + self._mha_block(self.norm2(x), memory, memory_mask, memory_key_padding_mask, memory_is_causal)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal))
        x = self.norm2(x + self._mha_block(x, memory, memory_mask, memory_key_padding_mask, memory_is_causal))
        return self.norm3(x + self._ff_block(x))

    def _sa_block(self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False) -> Tensor:
        """Self-attention with dropout."""
        return self.dropout1(self.self_attn(x, x, x, key_padding_mask, False, attn_mask)[0])

    def _mha_block(
        self, x: Tensor, mem: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False
    ) -> Tensor:
        """Attention to the memory with dropout."""
        return self.dropout2(self.multihead_attn(x, mem, mem, key_padding_mask, False, attn_mask)[0])

    def _ff_block(self, x: Tensor) -> Tensor:
        """Two linear layers with the activation between."""
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def clones(module: nn.Cell, N: int) -> ModuleList:
    """``N`` deep copies, as torch makes them: all start from the same values."""
    return ModuleList([copy.deepcopy(module) for _ in range(N)])


class TransformerEncoder(nn.Cell):
    """torch.nn.TransformerEncoder: a stack of copies of one encoder layer."""

    def __init__(
        self,
        encoder_layer: nn.Cell,
        num_layers: int,
        norm: nn.Cell | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers, self.num_layers, self.norm = clones(encoder_layer, num_layers), num_layers, norm

    def construct(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None
    ) -> Tensor:
        """Through every layer, then the norm."""
        x = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(nn.Cell):
    """torch.nn.TransformerDecoder: a stack of copies of one decoder layer."""

    def __init__(self, decoder_layer: nn.Cell, num_layers: int, norm: nn.Cell | None = None) -> None:
        super().__init__()
        self.layers, self.num_layers, self.norm = clones(decoder_layer, num_layers), num_layers, norm

    def construct(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Through every layer, then the norm."""
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return x if self.norm is None else self.norm(x)


def square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
    """(sz, sz) with minus infinity above the diagonal and 0 elsewhere (torch.nn.Transformer.generate_square_subsequent_mask)."""
    rows = ops.arange(sz)
    future = rows.expand_dims(0) > rows.expand_dims(1)
    kind = param_dtype(dtype)
    return ops.select(future, ops.full((sz, sz), float("-inf"), dtype=kind), ops.zeros((sz, sz), kind))


class Transformer(nn.Cell):
    """torch.nn.Transformer: encoder and decoder (Vaswani et al., 2017)."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = ops.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype)
        norms = [LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype) for _ in range(2)]
        encoder = (
            TransformerEncoder(TransformerEncoderLayer(*sizes), num_encoder_layers, norms[0]) if custom_encoder is None else custom_encoder
        )
        decoder = (
            TransformerDecoder(TransformerDecoderLayer(*sizes), num_decoder_layers, norms[1]) if custom_decoder is None else custom_decoder
        )
        self.encoder, self.decoder = encoder, decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.get_parameters():
            if parameter.ndim > 1:
                parameter.set_data(initializer(XavierUniform(), parameter.shape, parameter.dtype))

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """(sz, sz) with minus infinity above the diagonal and 0 elsewhere."""
        return square_subsequent_mask(sz, device, dtype)

    def construct(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode the source, decode the target."""
        memory = self.encoder(src, src_mask, src_key_padding_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
