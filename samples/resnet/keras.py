"""A residual network for small images (He et al., 2016), with the normalisation as an argument."""

from functools import partial
from typing import Callable, List, Optional, Type

import keras
import keras_support


def conv3x3(in_planes: int, out_planes: int, stride: int = 1) -> keras_support.Conv2d:
    """3x3 convolution with padding"""
    return keras_support.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(keras_support.Module):
    expansion: int = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Optional[keras_support.Module] = None,
        norm_layer: Optional[Callable[..., keras_support.Module]] = None,
    ) -> None:
        super().__init__()
        if norm_layer is None:
            norm_layer = keras_support.BatchNorm2d
        # Both self.conv1 and self.downsample layers downsample the input when stride != 1
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = keras_support.ReLU()
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        identity = x

        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))

        if self.downsample is not None:
            identity = self.downsample(x)

        out += identity
        return self.relu(out)


class ResNet(keras_support.Module):
    def __init__(
        self,
        block: Type[BasicBlock],
        layers: List[int],
        num_classes: int = 10,
        zero_init_residual: bool = False,
        norm_layer: Optional[Callable[..., keras_support.Module]] = None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or keras_support.BatchNorm2d
        self.inplanes = 16
        self.stem = keras_support.Sequential(
            keras_support.Conv2d(3, self.inplanes, kernel_size=3, stride=1, padding=1, bias=False),
            self._norm_layer(self.inplanes),
            keras_support.ReLU(),
        )
        self.layer1 = self._make_layer(block, 16, layers[0])
        self.layer2 = self._make_layer(block, 32, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 64, layers[2], stride=2)
        self.avgpool = keras_support.AdaptiveAvgPool2d((1, 1))
        self.fc = keras_support.Linear(64 * block.expansion, num_classes)

        for m in self.modules():
            if isinstance(m, keras_support.Conv2d):
                keras_support.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (keras_support.BatchNorm2d, keras_support.GroupNorm)):
                keras_support.constant_(m.weight, 1)
                keras_support.constant_(m.bias, 0)

        # Zero-initialize the last BN in each residual branch, so that each block starts as an identity.
        if zero_init_residual:
            for m in self.modules():
                if isinstance(m, BasicBlock) and m.bn2.weight is not None:
                    keras_support.constant_(m.bn2.weight, 0)

    def _make_layer(self, block: Type[BasicBlock], planes: int, blocks: int, stride: int = 1) -> keras_support.Sequential:
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = keras_support.Sequential(
                keras_support.Conv2d(self.inplanes, planes * block.expansion, kernel_size=1, stride=stride, bias=False),
                self._norm_layer(planes * block.expansion),
            )
        layers = [block(self.inplanes, planes, stride, downsample, self._norm_layer)]
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes, norm_layer=self._norm_layer))
        return keras_support.Sequential(*layers)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        x = self.stem(x)
        x = self.layer3(self.layer2(self.layer1(x)))
        x = keras_support.flatten(self.avgpool(x), 1)
        return self.fc(x)


def resnet14(**kwargs) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2], **kwargs)


def resnet14_group_norm(groups: int = 8) -> ResNet:
    return resnet14(norm_layer=partial(keras_support.GroupNorm, groups, eps=1e-6))
