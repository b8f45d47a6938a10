"""The original. A convolutional net: batch normalisation with and without affine weights, nested containers, buffers, a reserved attribute name."""

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return x + F.relu(self.bn(self.conv(x)))


class Net(nn.Module):
    def __init__(self, width=6, classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, stride=2, padding=1), nn.BatchNorm2d(width, affine=False), nn.ReLU())
        self.blocks = nn.ModuleList([Block(width) for _ in range(2)])
        self.register_buffer("scale", torch.linspace(0.5, 1.5, width).reshape(1, width, 1, 1))
        self.register_buffer("order", torch.arange(width))
        self.name = nn.Linear(width, classes)

    def forward(self, x):
        x = self.stem(x) * self.scale
        for block in self.blocks:
            x = block(x)
        features = x[:, self.order].mean((2, 3))
        return {"logits": self.name(features), "parts": (features, x.argmax(1))}
