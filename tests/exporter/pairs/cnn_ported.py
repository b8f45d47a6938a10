"""The port. A convolutional net: batch normalisation with and without affine weights, nested containers, buffers, a reserved attribute name."""

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn, ops


class Block(nn.Cell):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, pad_mode="pad", padding=1, has_bias=False)
        self.bn = nn.BatchNorm2d(width)

    def construct(self, x):
        return x + ops.relu(self.bn(self.conv(x)))


class Net(nn.Cell):
    def __init__(self, width=6, classes=4):
        super().__init__()
        self.stem = nn.SequentialCell(
            nn.Conv2d(3, width, 3, stride=2, pad_mode="pad", padding=1, has_bias=True), nn.BatchNorm2d(width, affine=False), nn.ReLU()
        )
        self.blocks = nn.CellList([Block(width) for _ in range(2)])
        self.scale = Parameter(Tensor(np.ones((1, width, 1, 1)), mindspore.float32), requires_grad=False)
        self.order = Parameter(Tensor(np.arange(width), mindspore.int64), requires_grad=False)
        self.name_ = nn.Dense(width, classes)

    def construct(self, x):
        x = self.stem(x) * self.scale
        for block in self.blocks:
            x = block(x)
        features = x[:, self.order].mean((2, 3))
        return {"logits": self.name_(features), "parts": (features, x.argmax(1))}
