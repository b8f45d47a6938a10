"""Modules that say themselves what training mode is, inside models that change theirs."""

import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self, frozen=True):
        super().__init__()
        self.bn = nn.BatchNorm1d(2)
        self.frozen = frozen

    def train(self, mode=True):
        super().train(mode)
        if mode and self.frozen:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm1d):
                    m.eval()
        return self

    def forward(self, x):
        return self.bn(x)


class FrozenDrop(nn.Dropout):
    def train(self, mode=True):
        return super().train(False)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = Backbone()
        self.d = FrozenDrop(0.9)
        self.m = nn.Sequential(Backbone(), Backbone(False))

    def forward(self, x):
        return self.m(self.d(self.b(x)))


x = torch.arange(8.0).reshape(4, 2)
net = Net()
net.train()
y = [net.training, net.b.training, net.b.bn.training, net.m[0].bn.training, net.m[1].bn.training, net.d.training, net(x)]
net.eval()
y += [net.b.bn.training, net.m[1].bn.training, net.d.training, net(x)]
net.train(True)
y += [net(x), net.b.bn.running_mean, net.m[1].bn.running_mean]
b = Backbone()
b.train()
y += [b.bn.training, b(x), b.eval().bn.training]
