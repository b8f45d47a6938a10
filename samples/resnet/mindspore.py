"""A residual network for small images (He et al., 2016), with the normalisation as an argument."""

from functools import partial
from typing import Callable, List, Optional, Type

import ms_support
from mindspore import mint, nn
from mindspore import Tensor


def conv3x3(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution with padding"""
    return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, has_bias=False, pad_mode="pad")


class BasicBlock(nn.Cell):
    expansion: int = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Optional[nn.Cell] = None,
        norm_layer: Optional[Callable[..., nn.Cell]] = None,
    ) -> None:
        super().__init__()
        if norm_layer is None:
            norm_layer = ms_support.BatchNorm2d
        # Both self.conv1 and self.downsample layers downsample the input when stride != 1
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU()
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def construct(self, x: Tensor) -> Tensor:
        identity = x

        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))

        if self.downsample is not None:
            identity = self.downsample(x)

        out += identity
        return self.relu(out)


class ResNet(nn.Cell):
    def __init__(
        self,
        block: Type[BasicBlock],
        layers: List[int],
        num_classes: int = 10,
        zero_init_residual: bool = False,
        norm_layer: Optional[Callable[..., nn.Cell]] = None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or ms_support.BatchNorm2d
        self.inplanes = 16
        self.stem = nn.SequentialCell(
            nn.Conv2d(3, self.inplanes, kernel_size=3, stride=1, padding=1, has_bias=False, pad_mode="pad"),
            self._norm_layer(self.inplanes),
            nn.ReLU(),
        )
        self.layer1 = self._make_layer(block, 16, layers[0])
        self.layer2 = self._make_layer(block, 32, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 64, layers[2], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Dense(64 * block.expansion, num_classes)

        for m in ms_support.modules(self):
            if isinstance(m, nn.Conv2d):
                ms_support.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                ms_support.constant_(m.gamma, 1)
                ms_support.constant_(m.beta, 0)

        # Zero-initialize the last BN in each residual branch, so that each block starts as an identity.
        if zero_init_residual:
            for m in ms_support.modules(self):
                if isinstance(m, BasicBlock) and ms_support.layer_attribute(m.bn2, "weight") is not None:
                    ms_support.constant_(ms_support.layer_attribute(m.bn2, "weight"), 0)

    def _make_layer(self, block: Type[BasicBlock], planes: int, blocks: int, stride: int = 1) -> nn.SequentialCell:
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.SequentialCell(
                nn.Conv2d(self.inplanes, planes * block.expansion, kernel_size=1, stride=stride, has_bias=False, pad_mode="pad"),
                self._norm_layer(planes * block.expansion),
            )
        layers = [block(self.inplanes, planes, stride, downsample, self._norm_layer)]
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes, norm_layer=self._norm_layer))
        return ms_support.Sequential(*layers)

    def construct(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.layer3(self.layer2(self.layer1(x)))
        x = mint.flatten(self.avgpool(x), 1)
        return self.fc(x)


def resnet14(**kwargs) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2], **kwargs)


def resnet14_group_norm(groups: int = 8) -> ResNet:
    return resnet14(norm_layer=partial(ms_support.GroupNorm, groups, eps=1e-6))
