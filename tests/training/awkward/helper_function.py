"""The backward pass in a function that is handed model, loss function and optimizer."""

import torch
from common import Plain, batches, fill, weights
from torch import nn


def optimize(model, criterion, optimizer, x, y, *, max_norm=None):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    if max_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.detach()


def run():
    first, second = Plain(4, 3), Plain(4, 3)
    fill(first, 1)
    fill(second, 2)
    adam = torch.optim.Adam(first.parameters(), lr=0.01)
    sgd = torch.optim.SGD(second.parameters(), lr=0.1)
    losses = []
    for x, y in batches(12):
        losses.append(optimize(first, nn.CrossEntropyLoss(), adam, x, y).item())
        losses.append(optimize(second, nn.CrossEntropyLoss(label_smoothing=0.1), sgd, x, y, max_norm=0.3).item())
    return losses, weights(first, second)
