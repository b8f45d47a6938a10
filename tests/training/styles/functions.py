"""train and validate as functions, whose sums are returned."""

import torch
from common import Net, batches, fill, weights
from torch import nn


def train(model, loader, criterion, optimizer, device, history):
    model.train()
    running_loss, count = 0.0, 0
    for i, batch in enumerate(loader, 1):
        images, labels = batch[0].to(device), batch[1].to(device)
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * images.size(0)
        count += labels.size(0)
        # every second loss
        if i % 2 == 0:
            history.append(loss.item())
    return running_loss / count


@torch.no_grad()
def validate(model, loader, criterion, device):
    model.eval()
    val_loss = 0
    correct = total = 0
    for images, labels in loader:
        images = images.to(device)
        labels = labels.to(device)
        outputs = model(images)
        val_loss += criterion(outputs, labels).item()
        _, predicted = torch.max(outputs.data, 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
    return val_loss / len(loader), correct, total


def run():
    device = torch.device("cpu")
    model = Net().to(device)
    fill(model)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    history = []
    for epoch in range(2):
        history.append(train(model, batches(10), criterion, optimizer, device, history))
        history += validate(model, batches(4, seed=7), criterion, device)
    return history, weights(model)
