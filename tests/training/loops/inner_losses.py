"""A loss added up over a loop, over a list, and over several nets with an optimizer each."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    models = [fill(Plain(4, 3), seed) for seed in range(2)]
    optimizers = [torch.optim.Adagrad(model.parameters(), lr=0.1) for model in models]
    losses = []
    data = batches(20)
    for start in range(0, 20, 2):
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = 0
        parts = []
        for x, y in data[start : start + 2]:
            for model in models:
                parts.append(F.cross_entropy(model(x), y))
                loss = loss + parts[-1] * 0.5
        total = loss + torch.stack(parts).mean()
        total.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses += [total.item(), len(parts)]
    return losses, weights(*models)
