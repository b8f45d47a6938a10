"""A small convolutional classifier with batch normalisation and dropout."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn(self.conv(x)), inplace=True), 2)


class SmallCNN(nn.Module):
    def __init__(self, num_classes=4, width=8, dropout=0.0):
        super().__init__()
        self.features = nn.Sequential(
            ConvBlock(1, width),
            ConvBlock(width, 2 * width),
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * width * 4 * 4, num_classes)

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.fc(self.dropout(x))


def build_model(args):
    return SmallCNN(args.num_classes, args.width, args.dropout)
