"""A script as they are written: convolutions, a data loader, a schedule, saved and loaded state, the best model kept."""

import argparse
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from common import fill, weights
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Digits(nn.Module):
    def __init__(self):
        super(Digits, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout(0.0)
        self.fc = nn.Linear(54, 5)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.norm(self.conv2(x))), 2)
        x = torch.flatten(self.dropout(x), 1)
        return F.log_softmax(self.fc(x), dim=1)


def train(args, model, device, train_loader, optimizer, epoch, log):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            log.append(loss.item())
            if args.dry_run:
                break


def test(model, device, test_loader, log):
    model.eval()
    test_loss = 0
    correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    test_loss /= len(test_loader.dataset)
    log += [test_loss, 100.0 * correct / len(test_loader.dataset)]
    return test_loss


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--log-interval", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", default=False)
    args = parser.parse_args([])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rng = np.random.RandomState(0)
    images = torch.from_numpy(rng.normal(size=(32, 1, 8, 8)).astype("float32"))
    labels = torch.from_numpy(rng.randint(0, 5, size=(32,)))
    train_loader = DataLoader(TensorDataset(images, labels), batch_size=8, shuffle=False)
    test_loader = DataLoader(TensorDataset(images[:10], labels[:10]), batch_size=5)
    model = Digits().to(device)
    fill(model)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    log, best, best_state = [], float("inf"), None
    for epoch in range(1, 6):
        train(args, model, device, train_loader, optimizer, epoch, log)
        value = test(model, device, test_loader, log)
        scheduler.step()
        if value < best:
            best = value
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return log + [best], weights(model)
