"""The small GPT as one would write it for MindSpore by hand: two micro-batches a step, decay groups, clipping, a cosine schedule."""

import math
from collections.abc import Iterator

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Normal
from mindspore.experimental import optim

BLOCK, WORDS, LAYERS, HEADS, SIZE, BATCH, MICRO = 8, 20, 2, 2, 16, 4, 2


def dense(inputs: int, outputs: int, has_bias: bool = True) -> nn.Dense:
    """A dense layer with GPT's initial weights."""
    return nn.Dense(inputs, outputs, weight_init=Normal(0.02), bias_init="zeros", has_bias=has_bias)


class Attention(nn.Cell):
    """Causal self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.projection = dense(SIZE, 3 * SIZE), dense(SIZE, SIZE)
        self.mask = Tensor(np.tril(np.ones((1, 1, BLOCK, BLOCK))) == 0)

    def construct(self, x: Tensor) -> Tensor:
        """Mixes earlier positions into each."""
        batch, length, size = x.shape
        parts = ops.split(self.attention(x), SIZE, axis=2)
        q, k, v = (part.view(batch, length, HEADS, size // HEADS).swapaxes(1, 2) for part in parts)
        scores = ops.matmul(q, k.swapaxes(-2, -1)) * (1.0 / math.sqrt(size // HEADS))
        weights = ops.softmax(ops.masked_fill(scores, self.mask[:, :, :length, :length], -float("inf")), axis=-1)
        return self.projection(ops.matmul(weights, v).swapaxes(1, 2).reshape(batch, length, size))


class Block(nn.Cell):
    """Attention and a perceptron, each with a residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm((SIZE,), epsilon=1e-5), nn.LayerNorm((SIZE,), epsilon=1e-5)
        self.attention = Attention()
        self.perceptron = nn.SequentialCell(dense(SIZE, 4 * SIZE), nn.GELU(approximate=False), dense(4 * SIZE, SIZE))

    def construct(self, x: Tensor) -> Tensor:
        """One layer."""
        x = x + self.attention(self.norm1(x))
        return x + self.perceptron(self.norm2(x))


class GPT(nn.Cell):
    """Embeddings, blocks, head."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, SIZE, embedding_table=Normal(0.02))
        self.places = nn.Embedding(BLOCK, SIZE, embedding_table=Normal(0.02))
        self.blocks = nn.SequentialCell([Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm((SIZE,), epsilon=1e-5)
        self.head = dense(SIZE, WORDS, has_bias=False)

    def construct(self, tokens: Tensor) -> Tensor:
        """Logits of the next words."""
        x = self.words(tokens) + self.places(ops.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def steps() -> Iterator[Tensor]:
    """Trains, and yields the loss of every step."""
    network = GPT().set_train()
    parameters = network.trainable_params()
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95))
    text = (np.arange(400) * 7 + np.arange(400) // 5) % WORDS
    rng = np.random.RandomState(0)

    def batch() -> tuple[Tensor, Tensor]:
        starts = rng.randint(0, len(text) - BLOCK, BATCH)
        found = np.stack([text[start : start + BLOCK + 1] for start in starts]).astype(np.int32)
        return Tensor(found[:, :-1]), Tensor(found[:, 1:])

    def forward(tokens: Tensor, targets: Tensor) -> Tensor:
        return ops.cross_entropy(network(tokens).view(-1, WORDS), targets.view(-1), ignore_index=-1) / MICRO

    differentiate = mindspore.value_and_grad(forward, None, optimizer.parameters)
    step = 0
    while True:
        rate = 1e-3 + 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / 12))) * 9e-3
        for group in optimizer.param_groups:
            ops.assign(group["lr"], rate)
        loss, grads = differentiate(*batch())
        for _ in range(MICRO - 1):
            more, added = differentiate(*batch())
            loss, grads = loss + more, tuple(a + b for a, b in zip(grads, added, strict=True))
        optimizer(ops.clip_by_global_norm(grads, 1.0))
        step += 1
        yield loss
