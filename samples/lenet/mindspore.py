"""LeNet-5 (LeCun et al., 1998), as a small classifier for 32x32 images."""

import ms_support
from mindspore import mint, nn


class LeNet(nn.Cell):
    def __init__(self, num_classes=10, act=ms_support.ReLU):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, has_bias=True, pad_mode="pad")  # 28x28
        self.conv2 = nn.Conv2d(6, 16, 5, has_bias=False, pad_mode="pad")
        self.norm = nn.BatchNorm2d(16)
        self.act = act()
        self.fc1 = nn.Dense(16 * 5 * 5, 120)
        self.fc2 = nn.Dense(120, num_classes)

    def construct(self, x):
        x = ms_support.max_pool2d(self.act(self.conv1(x)), 2)
        x = ms_support.max_pool2d(self.act(self.norm(self.conv2(x))), 2)
        x = mint.flatten(x, 1)
        return self.fc2(self.act(self.fc1(x)))
