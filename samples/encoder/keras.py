"""A transformer encoder (Vaswani et al., 2017) for text classification: masks, buffers, einsum."""

import math

import keras_support
from keras import ops


class PositionalEncoding(keras_support.Module):
    def __init__(self, d_model, dropout=0.1, max_len=512):
        super().__init__()
        self.dropout = keras_support.Dropout(p=dropout)
        position = ops.expand_dims(keras_support.arange(max_len, dtype="float32"), 1)
        div_term = ops.exp(ops.cast(keras_support.arange(0, d_model, 2), "float32") * (-math.log(10000.0) / d_model))
        angles = position * div_term
        pe = keras_support.flatten(ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1), 1)  # sin, cos, sin, ...
        self.register_buffer("pe", ops.expand_dims(pe, 0))

    def call(self, x):
        x = x + self.pe[:, : ops.shape(x)[1]]
        return self.dropout(x)


class SelfAttention(keras_support.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        assert d_model % heads == 0
        self.heads = heads
        self.scale = (d_model // heads) ** -0.5
        self.qkv = keras_support.Linear(d_model, 3 * d_model, bias=False)
        self.proj = keras_support.Linear(d_model, d_model)

    def call(self, x, mask=None):
        b, n, c = ops.shape(x)
        qkv = ops.transpose(ops.reshape(self.qkv(x), (b, n, 3, self.heads, c // self.heads)), axes=(2, 0, 3, 1, 4))
        q, k, v = keras_support.unbind(qkv, 0)

        scores = keras_support.einsum("bhid,bhjd->bhij", q, k) * self.scale
        if mask is not None:
            # True marks padding
            scores = keras_support.masked_fill(scores, mask[:, None, None, :], float("-inf"))
        attn = keras_support.softmax(scores, dim=-1)

        out = keras_support.einsum("bhij,bhjd->bhid", attn, v)
        out = ops.reshape(ops.swapaxes(out, 1, 2), (b, n, c))
        return self.proj(out)


class EncoderLayer(keras_support.Module):
    def __init__(self, d_model, heads, mlp_ratio=4, act_layer=keras_support.GELU, dropout=0.1):
        super().__init__()
        self.norm1 = keras_support.LayerNorm(d_model)
        self.attn = SelfAttention(d_model, heads)
        self.norm2 = keras_support.LayerNorm(d_model)
        self.mlp = keras_support.Sequential(
            keras_support.Linear(d_model, mlp_ratio * d_model),
            act_layer(),
            keras_support.Dropout(dropout),
            keras_support.Linear(mlp_ratio * d_model, d_model),
        )

    def call(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class TextClassifier(keras_support.Module):
    def __init__(self, vocab, num_classes, d_model=64, heads=4, depth=2, pad=0):
        super().__init__()
        self.pad = pad
        self.embed = keras_support.Embedding(vocab, d_model, padding_idx=pad)
        self.position = PositionalEncoding(d_model)
        self.layers = keras_support.ModuleList([EncoderLayer(d_model, heads) for _ in range(depth)])
        self.head = keras_support.Linear(d_model, num_classes)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, keras_support.Linear):
            keras_support.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                keras_support.zeros_(module.bias)

    def call(self, tokens):
        mask = ops.equal(tokens, self.pad)
        x = self.position(self.embed(tokens))
        for layer in self.layers:
            x = layer(x, mask)
        # mean over what is no padding
        kept = ops.cast(ops.expand_dims(~mask, -1), "float32")
        x = keras_support.reduce_sum(x * kept, dim=1) / keras_support.clamp(keras_support.reduce_sum(kept, dim=1), min=1)
        return keras_support.log_softmax(self.head(x), dim=-1)
