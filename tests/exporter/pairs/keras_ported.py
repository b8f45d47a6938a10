"""The port. A small net whose port has other layouts (kernels transposed) and a reserved attribute name."""

import keras


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.layers_ = keras.Sequential([keras.layers.Dense(6), keras.layers.ReLU(), keras.layers.Dense(3)])
        self.embed = keras.layers.Embedding(7, 4)
        self.shift = self.add_weight(shape=(4,), trainable=False)

    def call(self, ids, x):
        return self.layers_(self.embed(ids) + x * self.shift), x
