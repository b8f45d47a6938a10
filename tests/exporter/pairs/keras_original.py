"""The original. A small net whose port has other layouts (kernels transposed) and a reserved attribute name."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
        self.embed = nn.Embedding(7, 4)
        self.register_buffer("shift", torch.ones(4))

    def forward(self, ids, x):
        return self.layers(self.embed(ids) + x * self.shift), x
