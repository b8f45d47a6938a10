"""A script that trains one model and then reads the gradients of another, which no optimizer has."""

import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        return x * self.w, x.shape[0]


x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
first, second = Scale(), Scale()
optimizer = torch.optim.SGD(first.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    out, _ = first(x)
    loss = out.pow(2).mean()
    loss.backward()
    optimizer.step()

out, count = second(x)
loss = out.pow(3).mean()
loss.backward()
y = [first.w.detach(), second.w.grad, loss.detach(), count]
