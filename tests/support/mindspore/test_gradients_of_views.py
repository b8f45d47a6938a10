"""Gradients that reach an operation as views of another gradient, where MindSpore's own kernels have gone wrong."""

from __future__ import annotations

import mindspore
import numpy as np
import torch
from mindspore import ops

from transpiler.support.mindspore.ops_shape import split


def test_parts_that_are_joined_again_as_they_are() -> None:
    values = np.random.default_rng(0).normal(size=(2, 12, 4)).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(2, 12, 4)).astype(np.float32)
    x = torch.tensor(values, requires_grad=True)
    a, b, c, d = torch.split(x, 3, 1)
    (torch.cat([a * 2, b, c.sin(), d], 1) * torch.tensor(weights)).sum().backward()

    def loss(tensor: mindspore.Tensor) -> mindspore.Tensor:
        first, second, third, fourth = split(tensor, 3, 1)
        return (ops.cat([first * 2, second, third.sin(), fourth], 1) * mindspore.Tensor(weights)).sum()

    assert x.grad is not None
    np.testing.assert_allclose(mindspore.grad(loss)(mindspore.Tensor(values)).asnumpy(), x.grad.numpy(), rtol=1e-5, atol=1e-6)
