"""LeNet-5 (LeCun et al., 1998), as a small classifier for 32x32 images."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    def __init__(self, num_classes=10, act=nn.ReLU):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)  # 28x28
        self.conv2 = nn.Conv2d(6, 16, 5, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.act = act()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, num_classes)

    def call(self, x):
        x = F.max_pool2d(self.act(self.conv1(x)), 2)
        x = F.max_pool2d(self.act(self.norm(self.conv2(x))), 2)
        x = torch.flatten(x, 1)
        return self.fc2(self.act(self.fc1(x)))
