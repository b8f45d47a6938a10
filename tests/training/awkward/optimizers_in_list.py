"""Optimizers in a list, stepped one by one by number, and a list handed to a function."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def zero_all(optimizers):
    for opt in optimizers:
        opt.zero_grad()


def run():
    nets = [Plain(4, 3), Plain(4, 3)]
    opts = []
    for seed, net in enumerate(nets):
        fill(net, seed)
        opts.append(torch.optim.Adam(net.parameters(), lr=0.01 * (seed + 1)))
    losses = []
    for x, y in batches(12):
        zero_all(opts)
        for i in range(len(nets)):
            loss = F.cross_entropy(nets[i](x), y)
            loss.backward()
            opts[i].step()
            losses.append(loss.item())
    return losses, weights(*nets)
