"""The gradient with respect to the input, as fast gradient sign attacks take it."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


def attack(model, x, y, epsilon):
    x.requires_grad = True
    output = model(x)
    loss = F.cross_entropy(output, y)
    model.zero_grad()
    loss.backward()
    return x.detach() + epsilon * x.grad.sign(), loss.item()


def run():
    model = Net()
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for x, y in batches(10):
        perturbed, value = attack(model, x, y, 0.1)
        loss = F.cross_entropy(model(perturbed), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses += [value, loss.item(), perturbed.sum().item()]
    return losses, weights(model)
