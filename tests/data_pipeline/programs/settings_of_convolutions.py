"""Stride, padding and dilation of convolutions that are changed once they are made, as segmentation networks do; settings of layers of any class."""

import torch
from torch import nn


def dilate(module, rate):
    for mod in module.modules():
        if isinstance(mod, nn.Conv2d):
            mod.stride = (1, 1)
            mod.dilation = (rate, rate)
            rows, columns = mod.kernel_size
            mod.padding = ((rows // 2) * rate, (columns // 2) * rate)


def first_of(module):
    for m in module.modules():
        if isinstance(m, nn.Conv2d) and m.in_channels == 2:
            break
    return [m.groups, m.padding_mode, m.stride, m.kernel_size]


def filled(module):
    for i, p in enumerate(module.parameters()):
        p.data.copy_((torch.sin(torch.arange(p.numel()).float() + i) * 0.05).reshape(p.shape))
    return module


y = {}
net = filled(nn.Sequential(nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2)))
x = torch.arange(2 * 9 * 9).float().reshape(1, 2, 9, 9) / 50
y["first"] = first_of(net)
dilate(net, 2)
y["dilated"] = net(x)
net[0].stride = 2
y["strided"] = [net(x), list(net[0].padding)]
line = filled(nn.Conv1d(2, 4, 3, padding="same"))
line.dilation = 2
y["line"] = line(x[0].reshape(1, 2, 81))
around = filled(nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"))
around.padding_mode_before = around.padding_mode
around.stride = (2, 1)
y["around"] = [around(x), around.padding_mode_before]
space = filled(nn.Conv3d(2, 2, 2))
space.padding = (1, 0, 1)
y["space"] = space(x.reshape(1, 2, 3, 3, 9))
