"""A learning rate that the loop sets in param_groups, warm-up and cosine by hand."""

import math

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def get_lr(it, warmup=4, total=12, low=0.01, high=0.2):
    if it < warmup:
        return high * (it + 1) / warmup
    ratio = (it - warmup) / (total - warmup)
    return low + 0.5 * (1 + math.cos(math.pi * ratio)) * (high - low)


def run():
    model = Plain(4, 3)
    fill(model)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=0.1, betas=(0.9, 0.95)
    )
    losses = []
    for it, (x, y) in enumerate(batches(12)):
        lr = get_lr(it)
        for param_group in optimizer.param_groups:
            param_group["lr"] = lr
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses += [loss.item(), optimizer.param_groups[0]["lr"]]
    return losses, weights(model)
