"""LBFGS with its closure, and SGD with the same."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    losses = []
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4)
    x, y = batches(1)[0]
    for _ in range(3):

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    second = Plain(4, 3)
    fill(second)
    plain = torch.optim.SGD(second.parameters(), lr=0.1)

    def again():
        plain.zero_grad()
        output = second(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        losses.append(output.sum().item())
        return loss

    for _ in range(5):
        losses.append(plain.step(again).item())
    return losses, weights(model, second)
