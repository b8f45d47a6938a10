"""Does one hand-ported net run unchanged on TensorFlow and on JAX? Set weights, compare, save, load, compare, train."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.keras.comparison import sample

ROOT = Path(__file__).parents[3]


class BasicBlock(nn.Module):
    def __init__(self, inplanes: int, planes: int, stride: int, downsample: Any) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes, eps=1e-4)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes, eps=1e-4)
        self.downsample = downsample

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + identity)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential()
        self.stem.add_module("conv0", nn.Conv2d(3, 8, 7, 2, 3))
        self.stem.add_module("norm0", nn.BatchNorm2d(8, eps=1e-4))
        self.stem.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        down = nn.Sequential(nn.Conv2d(8, 16, kernel_size=1, stride=2, bias=False), nn.BatchNorm2d(16, eps=1e-4))
        self.layers = nn.Sequential(BasicBlock(8, 8, 1, None), BasicBlock(8, 16, 2, down))
        self.scale = nn.Parameter(torch.ones(1, 16, 1, 1))
        self.register_buffer("offset", torch.zeros(16, 1, 1))
        self.fc = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layers(self.stem(x)) * self.scale + self.offset
        return self.fc(x.mean((2, 3)))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """torch's parameters, input and outputs; dense values everywhere, so that a swapped pair shows."""
    torch.manual_seed(0)
    net = ResNet().eval()
    with torch.no_grad():
        for index, value in enumerate(net.state_dict().values()):
            if value.is_floating_point():
                value.add_(torch.tensor(sample(*value.shape, seed=index)).abs() * 0.1)
    state = {f"state/{name}": value.numpy().copy() for name, value in net.state_dict().items()}
    x = sample(4, 3, 33, 35)
    evaluated = net(torch.tensor(x)).detach().numpy()
    trained = net.train()(torch.tensor(x)).detach().numpy()
    path = tmp_path_factory.mktemp("net") / "arrays.npz"
    np.savez(path, x=x, evaluated=evaluated, trained=trained, running_var=net.layers[1].bn2.running_var.numpy(), **state)
    return path


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_ported_net_equals_torch(backend: str, archive: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    program = Path(__file__).with_name("small_resnet.py")
    command = [sys.executable, str(program), str(archive), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.strip() == f"{backend}: equal"
