"""Clipping before the step, accuracy counted from the step's own outputs, a batch passed over, an epoch that is left early."""

import torch
from common import Plain, batches, fill, weights


def train_epoch(model, loader, criterion, optimizer, clip, epoch):
    model.train()
    correct = 0
    losses = []
    for number, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        output = model(x)
        loss = criterion(output, y)
        loss.backward()
        # exploding gradients
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        correct += (output.argmax(dim=1) == y).sum().item()
        if number % 3 == 1:
            continue
        losses.append(loss.item())
        if epoch == 1 and number >= 4:
            break
    return [correct, *losses]


def run():
    model = Plain(outputs=3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.5)
    criterion = torch.nn.CrossEntropyLoss()
    data = batches(8)
    results = []
    for epoch in range(3):
        results += train_epoch(model, data, criterion, optimizer, 0.05, epoch)
    return results, weights(model)
