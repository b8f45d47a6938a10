"""The convolutional classifier as one would write it for MindSpore by hand."""

from collections.abc import Iterator

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops
from mindspore.dataset import GeneratorDataset
from mindspore.experimental import optim


class Net(nn.Cell):
    """Two convolutions, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, pad_mode="valid", has_bias=True)
        self.conv2 = nn.Conv2d(8, 16, 3, pad_mode="valid", has_bias=True)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout1, self.dropout2 = nn.Dropout(p=0.25), nn.Dropout(p=0.5)
        self.fc1, self.fc2 = nn.Dense(16 * 12 * 12, 32), nn.Dense(32, 10)

    def construct(self, x: Tensor) -> Tensor:
        """Log-probabilities of the classes."""
        x = ops.relu(self.conv2(ops.relu(self.conv1(x))))
        x = ops.flatten(self.dropout1(self.pool(x)))
        x = self.dropout2(ops.relu(self.fc1(x)))
        return ops.log_softmax(self.fc2(x), axis=1)


class Digits:
    """Every class has its own bright stripe."""

    def __init__(self, count: int) -> None:
        rng = np.random.RandomState(0)
        self.labels = np.arange(count) % 10
        self.images = 0.3 * rng.rand(count, 1, 28, 28).astype(np.float32)
        for image, label in zip(self.images, self.labels, strict=True):
            image[0, 2 * label + 4 : 2 * label + 7, 4:24] += 0.7

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.images[index], self.labels[index].astype(np.int32)


def steps() -> Iterator[Tensor]:
    """Trains, and yields the loss of every step."""
    network = Net().set_train()
    optimizer = optim.Adadelta(network.trainable_params(), lr=1.0)
    data = GeneratorDataset(Digits(160), ["image", "label"], shuffle=True).batch(16)

    def forward(image: Tensor, label: Tensor) -> Tensor:
        return ops.nll_loss(network(image), label)

    differentiate = mindspore.value_and_grad(forward, None, optimizer.parameters)
    while True:
        for image, label in data.create_tuple_iterator():
            loss, grads = differentiate(image, label)
            optimizer(grads)
            yield loss
