"""A penalty on the gradients, by backward(create_graph=True): left as it is, since parameter.grad would have to carry a graph."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for x, y in batches(6):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward(create_graph=True)
        penalty = sum((p.grad**2).sum() for p in model.parameters())
        optimizer.zero_grad()
        (loss + 0.1 * penalty).backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)
