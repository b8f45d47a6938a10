"""Losses kept in a list over the epoch, detached or not, and averaged afterwards; walrus and inline forms."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    epoch_losses, kept = [], []
    for x, y in batches(12):
        optimizer.zero_grad()
        (loss := F.cross_entropy(model(x), y)).backward()
        optimizer.step()
        epoch_losses.append(loss)
        kept.append(loss.detach().clone())
    mean = torch.stack(epoch_losses).mean().item()
    return [mean, sum(kept).item() / len(kept)], weights(model)
