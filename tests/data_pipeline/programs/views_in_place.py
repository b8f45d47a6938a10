"""Views of parts are filled in place, and the whole tensor shows it."""

import torch
from torch import nn

x = torch.arange(6.0).reshape(2, 3)
seen = []
a, b = x.chunk(2)
a.zero_()
b.fill_(7)
seen.append(x.tolist())
first, second, third = x.unbind(1)
second.fill_(1)
third.add_(1)
seen.append(x.tolist())
x[0].data.fill_(4)
x[1].data.zero_()
x[1].data.add_(3)
seen.append(x.tolist())
x.t().fill_(2)
for column in x.chunk(3, 1):
    column.copy_(column * 2)
    column.mul_(2)
    column += 1
seen.append(x.tolist())
c1, c2, c3 = x.chunk(3, dim=1)
nn.init.ones_(c1)
nn.init.constant_(c2, 5)
c3.fill_diagonal_(4)
seen.append(x.tolist())
square = torch.zeros(3, 3)
square.diagonal().fill_(1)
square.narrow(0, 0, 1).zero_()
square.select(1, 2).fill_(8)
square.hsplit(3)[0].apply_(lambda value: value + 3)
parts = square.tensor_split(2)
parts[0].zero_()
parts[1].sub_(1)
lstm = nn.LSTM(2, 2)
for name, bias in lstm.named_parameters():
    if "bias" in name:
        nn.init.zeros_(bias)
        i, f, g, o = bias.data.chunk(4)
        f.fill_(2.0)
        with torch.no_grad():
            bias.chunk(4)[3].fill_(6)
        seen.append(bias.tolist())
bools = torch.zeros(2, 3, dtype=torch.bool)
bools.unbind(0)[1].fill_(True)
y = seen, square, bools
