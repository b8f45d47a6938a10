"""Gradients cleared at the end, with set_to_none=False, by the module, and by hand."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    models = [Plain(4, 3) for _ in range(4)]
    for model in models:
        fill(model)
    opts = [torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9) for model in models]
    first, second, third, fourth = models
    losses = []
    for x, y in batches(8):
        loss = F.cross_entropy(first(x), y)
        loss.backward()
        opts[0].step()
        opts[0].zero_grad()
        losses.append(loss.item())
        opts[1].zero_grad(set_to_none=False)
        loss = F.cross_entropy(second(x), y)
        loss.backward()
        opts[1].step()
        losses.append(loss.item())
        third.zero_grad()
        loss = F.cross_entropy(third(x), y)
        loss.backward()
        opts[2].step()
        losses.append(loss.item())
        for p in fourth.parameters():
            p.grad = None
        loss = F.cross_entropy(fourth(x), y)
        loss.backward()
        opts[3].step()
        losses.append(loss.item())
    return losses, weights(*models)
