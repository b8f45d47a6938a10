"""Gradients of several batches added up, a schedule with each update, clipping by value and by norm."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


def run(steps=4):
    model = Net()
    fill(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
    losses = []
    optimizer.zero_grad()
    for i, (x, y) in enumerate(batches(20)):
        loss = F.cross_entropy(model(x), y)
        loss = loss / steps
        loss.backward()
        losses.append(loss.item())
        if (i + 1) % steps == 0:
            for p in model.parameters():
                if p.grad is not None:
                    p.grad.clamp_(-0.1, 0.1)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            losses.append(optimizer.param_groups[0]["lr"])
    return losses, weights(model)
