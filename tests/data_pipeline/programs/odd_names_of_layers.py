"""torch takes every text without a dot for a layer's name; MindSpore's own renaming takes word characters only."""

import torch
from torch import nn


class Kernels(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernels = nn.ModuleDict()
        for degrees in [(0, 0), (0, 1)]:
            self.kernels[f"{degrees}".replace(" ", "")] = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.rest = nn.Sequential()
        self.rest.add_module("last layer", nn.Linear(2, 1))

    def forward(self, x):
        return self.rest(self.kernels["(0,0)"](x) + self.kernels["(0,1)"](x))


net = Kernels()
for p in net.parameters():
    p.data.fill_(0.5)
y = {"names": [name for name, _ in net.named_parameters()], "keys": sorted(net.state_dict())}
y["value"] = net(torch.ones(1, 2)).tolist()
net.load_state_dict({name: value * 2 for name, value in net.state_dict().items()})
y["loaded"] = net(torch.ones(1, 2)).tolist()
