"""A residual net as the port of torch source looks, and a check of it that runs on any Keras backend.

Run as a program: ``python small_resnet.py arrays.npz directory`` loads torch's parameters, input and outputs from the archive,
compares, saves, loads into a new instance and compares again.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from transpiler.support.keras.containers import Sequential
from transpiler.support.keras.functional import dropout, flatten
from transpiler.support.keras.init import constant_, kaiming_normal_
from transpiler.support.keras.layers import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, Linear, MaxPool2d, ReLU
from transpiler.support.keras.module import Module, Parameter


class BasicBlock(Module):
    expansion: int = 1

    def __init__(self, inplanes: int, planes: int, stride: int, downsample: Any, norm_layer: Callable[..., Any]) -> None:
        super().__init__()
        self.conv1 = Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = norm_layer(planes)
        self.relu = ReLU(inplace=True)
        self.conv2 = Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def call(self, x: Any) -> Any:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet(Module):
    def __init__(self, num_classes: int = 5) -> None:
        super().__init__()
        norm_layer = partial(BatchNorm2d, eps=1e-4)
        self.stem = Sequential(OrderedDict([("conv0", Conv2d(3, 8, 7, 2, 3)), ("norm0", norm_layer(8)), ("pool0", MaxPool2d(3, 2, 1))]))
        down = Sequential(Conv2d(8, 16, kernel_size=1, stride=2, bias=False), norm_layer(16))
        self.layers = Sequential(BasicBlock(8, 8, 1, None, norm_layer), BasicBlock(8, 16, 2, down, norm_layer))
        self.scale = Parameter(keras.ops.ones((1, 16, 1, 1)))
        self.register_buffer("offset", keras.ops.zeros((16, 1, 1)))
        self.avgpool = AdaptiveAvgPool2d((1, 1))
        self.drop = Dropout(0.5)
        self.fc = Linear(16, num_classes)
        for m in self.modules():
            if isinstance(m, Conv2d):
                kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, BatchNorm2d):
                constant_(m.weight, 1)
                constant_(m.bias, 0)

    def call(self, x: Any) -> Any:
        x = self.layers(self.stem(x)) * self.scale + self.offset
        x = flatten(self.avgpool(x), 1)
        x = dropout(x, p=0.0, training=self.training)
        return self.fc(self.drop(x) if not self.training else x)


def assert_near(actual: Any, expected: np.ndarray) -> None:
    """Equal up to rounding of the largest value: sums of such values may cancel to small ones."""
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def check(arrays: dict[str, np.ndarray], directory: Path) -> None:
    """Evaluation equals torch's output after setting, and again after saving and loading; a training step equals torch's too."""
    state = {name.removeprefix("state/"): value for name, value in arrays.items() if name.startswith("state/")}
    net = ResNet().eval()
    net.load_state_dict(state)
    assert_near(net(arrays["x"]), arrays["evaluated"])
    net.save_weights(str(directory / "net.weights.h5"))
    other = ResNet().eval()
    assert not np.allclose(other(arrays["x"]), arrays["evaluated"], atol=1e-3)
    fresh = ResNet().eval()
    fresh.load_weights(str(directory / "net.weights.h5"))
    assert_near(fresh(arrays["x"]), arrays["evaluated"])
    for name, value in fresh.state_dict().items():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(value), state[name], err_msg=name)
    assert_near(net.predict(arrays["x"], verbose=0), arrays["evaluated"])
    assert_near(net.train()(arrays["x"]), arrays["trained"])
    np.testing.assert_allclose(np.asarray(net.layers[1].bn2.running_var), arrays["running_var"], rtol=1e-4, atol=1e-5)
    check_fit(ResNet(), arrays)


def check_fit(net: ResNet, arrays: dict[str, np.ndarray]) -> None:
    """``fit`` trains every parameter through Keras's own compiled step and leaves the module in the mode it was in."""
    before = {name: np.array(value) for name, value in net.state_dict().items()}
    net.eval()
    net.compile(optimizer=keras.optimizers.SGD(0.1), loss=keras.losses.MeanSquaredError())
    net.fit(arrays["x"], np.ones((len(arrays["x"]), 5), dtype=np.float32), epochs=1, batch_size=2, verbose=0)
    assert not any(module.training for module in net.modules())
    for name, value in net.state_dict().items():
        if name != "stem.conv0.bias":  # its gradient is zero up to rounding: a normalisation follows
            assert np.array_equal(before[name], np.array(value)) == (name == "offset"), name


if __name__ == "__main__":
    with np.load(sys.argv[1]) as archive:
        check(dict(archive), Path(sys.argv[2]))
    print(f"{keras.backend.backend()}: equal")
