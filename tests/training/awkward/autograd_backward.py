"""torch.autograd.backward of one loss, and of a list of losses."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model, other = Plain(4, 3), Plain(4, 3)
    fill(model, 1)
    fill(other, 2)
    optimizer = torch.optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)
    losses = []
    for x, y in batches(12):
        optimizer.zero_grad()
        one = F.cross_entropy(model(x), y)
        torch.autograd.backward(one)
        two, three = F.cross_entropy(other(x), y), F.mse_loss(other(x).mean(1), x[:, 0])
        torch.autograd.backward([two, three])
        optimizer.step()
        losses += [one.item(), two.item(), three.item()]
    return losses, weights(model, other)
