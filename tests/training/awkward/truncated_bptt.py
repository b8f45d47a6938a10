"""A hidden state carried over the batches, detached in place, and a loss over several steps of time."""

import torch
from common import batches, fill, weights
from torch import nn


def run():
    cell, out = nn.GRUCell(4, 5), nn.Linear(5, 3)
    fill(cell, 1)
    fill(out, 2)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(list(cell.parameters()) + list(out.parameters()), lr=0.1)
    hidden = torch.zeros(6, 5)
    losses = []
    for start in range(0, 12, 3):
        hidden = hidden.detach()
        optimizer.zero_grad()
        loss = 0.0
        for x, y in batches(12)[start : start + 3]:
            hidden = cell(x, hidden)
            loss += criterion(out(hidden), y)
        loss.backward()
        nn.utils.clip_grad_norm_(cell.parameters(), 0.5)
        optimizer.step()
        losses += [loss.item(), hidden.sum().item()]
    return losses, weights(cell, out)
