"""No name for the loss: the criterion's call is differentiated where it stands; output rebound in the run."""

import torch
from common import Plain, batches, fill, weights
from torch import nn


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for x, y in batches(12):
        x = x * 0.5
        x = model(x)
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(x, y).backward()
        optimizer.step()
        losses.append(x.sum().item())
    return losses, weights(model)
