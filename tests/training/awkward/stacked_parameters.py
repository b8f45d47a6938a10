"""A loss of a stack of parameters and tensors: learned rows beside computed ones."""

import torch
from common import Plain, batches, fill, weights
from torch import nn


class Prompted(nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt = nn.Parameter(torch.linspace(-1.0, 1.0, 4))
        self.body = Plain(4, 3)

    def forward(self, x):
        rows = [self.prompt]
        for row in x:
            rows.append(rows[-1] * row)
        return self.body(torch.stack(rows)), torch.stack((x.mean(0), self.prompt), dim=-1)


def run():
    model = Prompted()
    fill(model.body)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for x, _ in batches(6):
        optimizer.zero_grad()
        logits, joined = model(x)
        loss = logits.square().mean() + joined.prod(-1).sum()
        loss.backward()
        losses += [loss.item(), model.prompt.grad.sum().item()]
        optimizer.step()
    return losses, weights(model)
