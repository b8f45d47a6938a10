"""Gradients where MindSpore's own kernels have gone wrong: of parts that are joined again, and of attention over a single token."""

from __future__ import annotations

import subprocess
import sys

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


SINGLE_TOKEN_FIRST = """
import mindspore
import numpy as np
import torch
from transpiler.support.mindspore.functional_attention import scaled_dot_product_attention as attention

for tokens in (1, 4):
    values = [np.random.default_rng(i).normal(size=(2, 3, tokens, 5)).astype(np.float32) for i in range(3)]
    tensors = [torch.tensor(value, requires_grad=True) for value in values]
    expected = torch.autograd.grad(torch.nn.functional.scaled_dot_product_attention(*tensors).sin().sum(), tensors)
    found = mindspore.grad(lambda q, k, v: attention(q, k, v).sin().sum(), (0, 1, 2))(*map(mindspore.Tensor, values))
    for left, right in zip(found, expected):
        np.testing.assert_allclose(left.asnumpy(), right.numpy(), rtol=1e-4, atol=1e-5)
"""


def test_attention_over_one_token_spoils_no_later_gradient() -> None:
    # In a process of its own: what goes wrong is the state that the first gradient of a softmax leaves.
    subprocess.run([sys.executable, "-c", SINGLE_TOKEN_FIRST], check=True, timeout=120)
