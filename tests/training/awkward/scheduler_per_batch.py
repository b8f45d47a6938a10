"""OneCycleLR stepped per batch, an inner evaluation loop, train and eval switched in between."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


@torch.no_grad()
def estimate(model, data):
    model.eval()
    out = torch.zeros(len(data))
    for k, (x, y) in enumerate(data):
        out[k] = F.cross_entropy(model(x), y).item()
    model.train()
    return out.mean()


def run():
    model = Net()
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=12)
    losses = []
    for step, (x, y) in enumerate(batches(12)):
        if step % 4 == 0:
            losses.append(estimate(model, batches(3, seed=7)).item())
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses += [loss.item(), scheduler.get_last_lr()[0]]
    return losses, weights(model)
