"""A user's own optimizer and schedule."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Signed(Optimizer):
    """Steps by the sign of a running mean."""

    def __init__(self, params, lr=0.01, beta=0.9):
        super().__init__(params, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["mean"] = torch.zeros_like(p)
                mean = state["mean"]
                mean.mul_(group["beta"]).add_(p.grad, alpha=1 - group["beta"])
                p.add_(torch.sign(mean), alpha=-group["lr"])
        return loss


class Warmup(LRScheduler):
    """A linear start."""

    def __init__(self, optimizer, steps, last_epoch=-1):
        self.steps = steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * min(1.0, (self.last_epoch + 1) / self.steps) for base in self.base_lrs]


def run():
    model = Net()
    fill(model)
    optimizer = Signed(model.parameters(), lr=0.02)
    scheduler = Warmup(optimizer, 5)
    losses = []
    for x, y in batches(20):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses + scheduler.get_last_lr(), weights(model)
