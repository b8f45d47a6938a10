"""The plain loop in a function, evaluated in between."""

import torch
from common import Net, batches, fill, weights
from torch import nn


def train_epoch(model, loader, optimizer, criterion, device, losses):
    model.train()
    correct = 0
    for _i, (x, y) in enumerate(loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()

        # forward
        output = model(x)
        loss = criterion(output, y)  # mean over the batch

        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        correct += (output.argmax(1) == y).sum().item()
    return correct


def evaluate(model, loader, criterion):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += criterion(model(x), y).item()
    return total


def run():
    model = Net()
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    losses = []
    for epoch in range(4):
        correct = train_epoch(model, batches(5, epoch), optimizer, nn.CrossEntropyLoss(), torch.device("cpu"), losses)
        losses.append(correct)
        losses.append(evaluate(model, batches(2, 99), nn.CrossEntropyLoss()))
    return losses, weights(model)
