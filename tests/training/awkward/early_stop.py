"""Training that stops when the validation loss no longer falls, and goes back to the best weights."""

import copy

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


class EarlyStopping:
    def __init__(self, patience=2):
        self.patience, self.counter, self.best, self.stop = patience, 0, None, False

    def __call__(self, value, model):
        if self.best is None or value < self.best[0] - 1e-3:
            self.best, self.counter = (value, copy.deepcopy(model.state_dict())), 0
        else:
            self.counter += 1
            self.stop = self.counter >= self.patience


def run():
    model = Net()
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.5)
    stopping, losses = EarlyStopping(), []
    held_out = batches(2, seed=9)
    for epoch in range(10):
        model.train()
        for x, y in batches(2, seed=epoch):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            value = sum(F.cross_entropy(model(x), y).item() for x, y in held_out) / len(held_out)
        losses += [loss.item(), value]
        stopping(value, model)
        if stopping.stop:
            break
    model.load_state_dict(stopping.best[1])
    return losses, weights(model)
