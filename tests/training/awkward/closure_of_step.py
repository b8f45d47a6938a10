"""optimizer.step(closure) with LBFGS, the closure made anew for each batch."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=3, line_search_fn="strong_wolfe")
    losses = []
    for x, y in batches(3, size=12):

        def closure():
            if torch.is_grad_enabled():
                optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            if loss.requires_grad:
                loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    return losses, weights(model)
