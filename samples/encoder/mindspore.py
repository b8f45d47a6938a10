"""A transformer encoder (Vaswani et al., 2017) for text classification: masks, buffers, einsum."""

import math

import mindspore
import ms_support
from mindspore import mint, nn, ops


class PositionalEncoding(nn.Cell):
    def __init__(self, d_model, dropout=0.1, max_len=512):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = ops.arange(max_len, dtype=mindspore.float32).unsqueeze(1)
        div_term = mint.exp(ms_support.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        angles = position * div_term
        pe = ops.stack([mint.sin(angles), mint.cos(angles)], axis=-1).flatten(1)  # sin, cos, sin, ...
        ms_support.register_buffer(self, "pe", pe.unsqueeze(0))

    def construct(self, x):
        x = x + self.pe[:, : x.shape[1]]
        return self.dropout(x)


class SelfAttention(nn.Cell):
    def __init__(self, d_model, heads):
        super().__init__()
        assert d_model % heads == 0
        self.heads = heads
        self.scale = (d_model // heads) ** -0.5
        self.qkv = nn.Dense(d_model, 3 * d_model, has_bias=False)
        self.proj = nn.Dense(d_model, d_model)

    def construct(self, x, mask=None):
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)

        scores = ms_support.einsum("bhid,bhjd->bhij", q, k) * self.scale
        if mask is not None:
            # True marks padding
            scores = scores.masked_fill(mask[:, None, None, :], float("-inf"))
        attn = ms_support.softmax_of(scores, dim=-1)

        out = ms_support.einsum("bhij,bhjd->bhid", attn, v)
        out = out.swapaxes(1, 2).contiguous().reshape(b, n, c)
        return self.proj(out)


class EncoderLayer(nn.Cell):
    def __init__(self, d_model, heads, mlp_ratio=4, act_layer=ms_support.GELU, dropout=0.1):
        super().__init__()
        self.norm1 = ms_support.LayerNorm(d_model)
        self.attn = SelfAttention(d_model, heads)
        self.norm2 = ms_support.LayerNorm(d_model)
        self.mlp = nn.SequentialCell(
            nn.Dense(d_model, mlp_ratio * d_model),
            act_layer(),
            nn.Dropout(p=dropout),
            nn.Dense(mlp_ratio * d_model, d_model),
        )

    def construct(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class TextClassifier(nn.Cell):
    def __init__(self, vocab, num_classes, d_model=64, heads=4, depth=2, pad=0):
        super().__init__()
        self.pad = pad
        self.embed = ms_support.Embedding(vocab, d_model, padding_idx=pad)
        self.position = PositionalEncoding(d_model)
        self.layers = ms_support.ModuleList([EncoderLayer(d_model, heads) for _ in range(depth)])
        self.head = nn.Dense(d_model, num_classes)
        ms_support.apply(self, self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Dense):
            ms_support.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                ms_support.zeros_(module.bias)

    def construct(self, tokens):
        mask = tokens.eq(self.pad)
        x = self.position(self.embed(tokens))
        for layer in self.layers:
            x = layer(x, mask)
        # mean over what is no padding
        kept = (~mask).unsqueeze(-1).float()
        x = (x * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return ms_support.log_softmax(self.head(x), dim=-1)
