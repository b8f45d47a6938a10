"""Statements of a module, without any function."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights

model = Net()
fill(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
losses = []
running = 0.0
for epoch in range(2):
    for x, y in batches(10, epoch):
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        running += loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(running)
finals = weights(model)


def run():
    return losses, finals
