"""A loss added up over a loop, over a list, and over several nets with an optimizer each."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    models = [Plain(4, 3) for _ in range(2)]
    for seed, model in enumerate(models):
        fill(model, seed)
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
