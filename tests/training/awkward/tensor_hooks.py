"""Hooks on tensors and parameters that change gradients, and one that only looks."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    model.last.weight.register_hook(lambda grad: grad * 0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses, seen = [], []
    for x, y in batches(10):
        hidden = torch.tanh(model.first(x))
        hidden.register_hook(lambda g: seen.append(g.norm().item()))
        loss = F.cross_entropy(model.last(hidden), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses + seen, weights(model)
