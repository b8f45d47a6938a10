"""Frozen layers, a part that is never used, weight decay, and an average of the weights."""

import copy

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights
from torch import nn


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = Net(4, 4)
        self.used = nn.Linear(4, 3)
        self.unused = nn.Linear(4, 3)

    def forward(self, x):
        return self.used(self.body(x))


def update(average, model, decay):
    with torch.no_grad():
        for kept, parameter in zip(average.parameters(), model.parameters(), strict=False):
            kept.mul_(decay).add_(parameter, alpha=1 - decay)


def run():
    model = Heads()
    fill(model)
    for parameter in model.body.first.parameters():
        parameter.requires_grad = False
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=0.02, weight_decay=0.3)
    losses = []
    for x, y in batches(20):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update(average, model, 0.9)
        losses.append(loss.item())
    return losses, weights(model, average)
