"""Layers whose inner steps derived classes call or write anew, and methods that only some layers have."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Conv1d(nn.Conv1d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight.to(x.dtype) * 2, None if bias is None else bias.to(x.dtype))


class WS(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        weight = weight - weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class Layer(nn.TransformerEncoderLayer):
    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        x, self.seen = self.self_attn(x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=True)
        return self.dropout1(x)

    def _ff_block(self, x):
        return super()._ff_block(x) * 0.5


class Dec(nn.TransformerDecoderLayer):
    def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal=False):
        x = self.multihead_attn(x, mem, mem, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False)[0]
        return self.dropout2(x) * 2


class Loose(nn.BatchNorm1d):
    def _check_input_dim(self, input):
        if input.dim() > 4:
            raise ValueError("too many")


def fill(m):
    with torch.no_grad():
        for i, p in enumerate(m.parameters()):
            p.copy_(torch.linspace(-1, 1 + i % 3, p.numel()).reshape(p.shape))
    return m


x = torch.linspace(-1, 1, 24).reshape(2, 3, 4)
encoder, decoder = fill(Layer(4, 2, 8, dropout=0.0)), fill(Dec(4, 2, 8, dropout=0.0))
encoder.train()
decoder.train()
image = torch.linspace(-1, 1, 50).reshape(1, 2, 5, 5)
y = [fill(Conv1d(3, 2, 3, padding=1))(x), fill(WS(2, 2, 3, padding=1, stride=2))(image), encoder(x), encoder.seen, decoder(x, x * 0.5)]
loose = fill(Loose(3))
loose.train()
y += [loose(x), loose(x[..., 0]), loose.running_mean]
lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True)
lstm.flatten_parameters()
y.append([tuple(w.shape) for ws in lstm.all_weights for w in ws])
bn = nn.BatchNorm2d(2)
bn.train()
bn(image)
bn.reset_running_stats()
y.append(bn.running_mean)
