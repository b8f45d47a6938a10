"""Models and optimizers in dictionaries, schedulers in a list."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    models = {"a": Plain(4, 4), "b": Plain(4, 3)}
    for seed, model in enumerate(models.values()):
        fill(model, seed)
    optimizers = {name: torch.optim.SGD(model.parameters(), lr=0.1) for name, model in models.items()}
    schedulers = [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9) for optimizer in optimizers.values()]
    losses = []
    for x, y in batches(12):
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        loss = F.cross_entropy(models["b"](models["a"](x)), y)
        loss.backward()
        optimizers["a"].step()
        optimizers["b"].step()
        for scheduler in schedulers:
            scheduler.step()
        losses.append(loss.item())
    return losses + schedulers[0].get_last_lr(), weights(*models.values())
