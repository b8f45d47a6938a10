"""LeNet-5 (LeCun et al., 1998), as a small classifier for 32x32 images."""

import keras_support


class LeNet(keras_support.Module):
    def __init__(self, num_classes=10, act=keras_support.ReLU):
        super().__init__()
        self.conv1 = keras_support.Conv2d(1, 6, 5)  # 28x28
        self.conv2 = keras_support.Conv2d(6, 16, 5, bias=False)
        self.norm = keras_support.BatchNorm2d(16)
        self.act = act()
        self.fc1 = keras_support.Linear(16 * 5 * 5, 120)
        self.fc2 = keras_support.Linear(120, num_classes)

    def call(self, x):
        x = keras_support.max_pool2d(self.act(self.conv1(x)), 2)
        x = keras_support.max_pool2d(self.act(self.norm(self.conv2(x))), 2)
        x = keras_support.flatten(x, 1)
        return self.fc2(self.act(self.fc1(x)))
