"""The word-level LSTM language model as one would write it for MindSpore by hand."""

from collections.abc import Iterator

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Uniform
from mindspore.experimental import optim

BATCH, BPTT, WORDS, SIZE, LAYERS = 4, 6, 18, 12, 2


class Net(nn.Cell):
    """Embedding, LSTM, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(p=0.2)
        self.encoder = nn.Embedding(WORDS, SIZE, embedding_table=Uniform(0.1))
        self.rnn = nn.LSTM(SIZE, SIZE, LAYERS, dropout=0.2)
        self.decoder = nn.Dense(SIZE, WORDS, weight_init=Uniform(0.1), bias_init="zeros")

    def construct(self, data: Tensor, hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Log-probabilities of the next words, and the state."""
        output, hidden = self.rnn(self.drop(self.encoder(data)), hidden)
        decoded = self.decoder(self.drop(output))
        return ops.log_softmax(decoded.view(-1, WORDS), axis=1), hidden


def steps() -> Iterator[Tensor]:
    """Trains, and yields the loss of every step."""
    network = Net().set_train()
    optimizer = optim.SGD(network.trainable_params(), lr=0.5)
    words = Tensor(np.random.RandomState(0).randint(0, WORDS, (50, BATCH)).astype(np.int32))

    def forward(data: Tensor, target: Tensor, hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        output, hidden = network(data, hidden)
        return ops.nll_loss(output, target), hidden

    differentiate = mindspore.value_and_grad(forward, None, optimizer.parameters, has_aux=True)
    while True:
        hidden = (ops.zeros((LAYERS, BATCH, SIZE)), ops.zeros((LAYERS, BATCH, SIZE)))
        for start in range(0, len(words) - 1 - BPTT, BPTT):
            data, target = words[start : start + BPTT], words[start + 1 : start + 1 + BPTT].view(-1)
            (loss, hidden), grads = differentiate(data, target, hidden)
            hidden = tuple(ops.stop_gradient(state) for state in hidden)
            optimizer(ops.clip_by_global_norm(grads, 0.25))
            yield loss
