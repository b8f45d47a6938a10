"""Batches passed over before the loss, after the backward pass and before the step."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for index, (x, y) in enumerate(batches(14)):
        if index == 2:
            continue
        output = model(x)
        if output.abs().max() > 5:
            continue
        loss = F.cross_entropy(output, y)
        if loss.item() < 0.01:
            break
        optimizer.zero_grad()
        loss.backward()
        if index % 4 == 1:
            continue
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)
