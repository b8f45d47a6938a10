"""The loss divided by the number of accumulated batches, one more step for what is left at the end."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run(accumulation_steps=4):
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    optimizer.zero_grad()
    losses, running = [], 0.0
    for i, (x, y) in enumerate(batches(14)):
        loss = F.cross_entropy(model(x), y) / accumulation_steps
        running += loss.item()
        loss.backward()
        if (i + 1) % accumulation_steps == 0:
            torch.nn.utils.clip_grad_value_(model.parameters(), 0.2)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(running)
            running = 0.0
    if (i + 1) % accumulation_steps != 0:
        optimizer.step()
        optimizer.zero_grad()
    return losses + [running], weights(model)
