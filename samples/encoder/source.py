"""A transformer encoder (Vaswani et al., 2017) for text classification: masks, buffers, einsum."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=512):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        angles = position * div_term
        pe = torch.stack([torch.sin(angles), torch.cos(angles)], dim=-1).flatten(1)  # sin, cos, sin, ...
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        x = x + self.pe[:, : x.size(1)]
        return self.dropout(x)


class SelfAttention(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        assert d_model % heads == 0
        self.heads = heads
        self.scale = (d_model // heads) ** -0.5
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.proj = nn.Linear(d_model, d_model)

    def forward(self, x, mask=None):
        b, n, c = x.shape
        qkv = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)

        scores = torch.einsum("bhid,bhjd->bhij", q, k) * self.scale
        if mask is not None:
            # True marks padding
            scores = scores.masked_fill(mask[:, None, None, :], float("-inf"))
        attn = scores.softmax(dim=-1)

        out = torch.einsum("bhij,bhjd->bhid", attn, v)
        out = out.transpose(1, 2).contiguous().view(b, n, c)
        return self.proj(out)


class EncoderLayer(nn.Module):
    def __init__(self, d_model, heads, mlp_ratio=4, act_layer=nn.GELU, dropout=0.1):
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.attn = SelfAttention(d_model, heads)
        self.norm2 = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(
            nn.Linear(d_model, mlp_ratio * d_model),
            act_layer(),
            nn.Dropout(dropout),
            nn.Linear(mlp_ratio * d_model, d_model),
        )

    def forward(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class TextClassifier(nn.Module):
    def __init__(self, vocab, num_classes, d_model=64, heads=4, depth=2, pad=0):
        super().__init__()
        self.pad = pad
        self.embed = nn.Embedding(vocab, d_model, padding_idx=pad)
        self.position = PositionalEncoding(d_model)
        self.layers = nn.ModuleList([EncoderLayer(d_model, heads) for _ in range(depth)])
        self.head = nn.Linear(d_model, num_classes)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, tokens):
        mask = tokens.eq(self.pad)
        x = self.position(self.embed(tokens))
        for layer in self.layers:
            x = layer(x, mask)
        # mean over what is no padding
        kept = (~mask).unsqueeze(-1).float()
        x = (x * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return F.log_softmax(self.head(x), dim=-1)
