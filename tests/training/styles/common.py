"""Nets, weights and batches that the training loops share; equal numbers in torch and in the port."""

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    """A small classifier."""

    def __init__(self, inputs=4, outputs=3, hidden=8):
        super().__init__()
        self.first = nn.Linear(inputs, hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x))))


class Plain(nn.Module):
    """A net without statistics."""

    def __init__(self, inputs=4, outputs=1):
        super().__init__()
        self.first = nn.Linear(inputs, 6)
        self.last = nn.Linear(6, outputs)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


def fill(module, seed=0):
    """Weights from numpy."""
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(rng.uniform(-0.6, 0.6, tuple(parameter.shape)).astype("float32")))


def batches(count=20, seed=1, size=6) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and classes."""
    rng = np.random.RandomState(seed)
    made = []
    for _ in range(count):
        x = rng.normal(size=(size, 4)).astype("float32")
        made.append((torch.from_numpy(x), torch.from_numpy((x[:, 0] > 0).astype("int64") + (x[:, 1] > 0).astype("int64"))))
    return made


def weights(*modules):
    """Final values."""
    return [parameter.detach().numpy() for module in modules for parameter in module.parameters()]
