"""Models that say themselves what their parameters and their state are, and layers that the target builds from other layers."""

import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = nn.Linear(2, 2)

    def parameters(self, recurse=True):
        return self.a.parameters()

    def state_dict(self, *args, **kwargs):
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name.startswith("a.")}

    def load_state_dict(self, state, strict=True):
        return super().load_state_dict(state, strict=False)

    def forward(self, x):
        return self.b(self.a(x))


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 2, 1)
        self.norm = nn.BatchNorm3d(2)
        self.more = nn.Sequential(nn.BatchNorm3d(2), nn.ReLU())

    def forward(self, x):
        return self.more(self.norm(self.conv(x)))


def counts(model: nn.Module):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return [len(list(model.parameters())), sorted(model.state_dict()), len(optimizer.param_groups[0]["params"])]


def fill(module):
    if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
        nn.init.constant_(module.weight, 2.0)


part = Part()
y = [counts(part), part.load_state_dict(part.state_dict()).missing_keys, len(list(part.named_parameters()))]

net, other = Deep(), Deep()
y.append([name for name, _ in net.named_modules()])
y.append([name for name, _ in net.named_parameters()])
y.append([name for name in net.state_dict() if "num_batches" not in name])
y.append([name for name, _ in net.named_buffers() if "num_batches" not in name])
y.append([len(list(net.norm.children())), sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())])
net.apply(fill)
y.append([net.norm.weight.sum().item(), sum(p.numel() for p in net.parameters())])
y.append(other.load_state_dict(net.state_dict(), strict=False).unexpected_keys)
y.append(other.more[0].weight.sum().item())
net.eval()
other.eval()
other.conv.load_state_dict(net.conv.state_dict())
x = torch.arange(8.0).reshape(1, 1, 2, 2, 2)
y.append((net(x) - other(x)).abs().max())
