"""What is drawn from a generator: torch's own numbers where torch computes them from its stream alone, else numbers of the same distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import Tensor

from transpiler.support.mindspore import init_random, ops_random
from transpiler.support.mindspore.data_random import Generator

P = np.linspace(0.05, 0.95, 24, dtype=np.float32).reshape(4, 6)
Draw = Callable[[Any], Any]


def empty(*shape: int, dtype: Any = mindspore.float32) -> Tensor:
    return Tensor(np.zeros(shape), dtype)


SAME: dict[str, tuple[Draw, Draw]] = {
    "uniform": (lambda g: torch.empty(5, 7).uniform_(-2, 3, generator=g), lambda g: init_random.uniform_(empty(5, 7), -2, 3, generator=g)),
    "normal": (lambda g: torch.empty(5, 7).normal_(1, 2, generator=g), lambda g: init_random.normal_(empty(5, 7), 1, 2, generator=g)),
    "few normal": (lambda g: torch.empty(5).normal_(1, 2, generator=g), lambda g: init_random.normal_(empty(5), 1, 2, generator=g)),
    "normal of tensors": (
        lambda g: torch.normal(torch.tensor(P), torch.tensor(P + 1), generator=g),
        lambda g: ops_random.normal(Tensor(P), Tensor(P + 1), generator=g),
    ),
    "bernoulli": (lambda g: torch.bernoulli(torch.tensor(P), generator=g), lambda g: ops_random.bernoulli(Tensor(P), generator=g)),
    "seed": (
        lambda g: torch.empty((), dtype=torch.int64).random_(generator=g),
        lambda g: ops_random.tensor_random_(empty(dtype=mindspore.int64), generator=g),
    ),
    "integers below": (lambda g: torch.empty(9).random_(10, generator=g), lambda g: ops_random.tensor_random_(empty(9), 10, generator=g)),
    "integers": (
        lambda g: torch.empty(9, dtype=torch.int32).random_(-5, 70, generator=g),
        lambda g: ops_random.tensor_random_(empty(9, dtype=mindspore.int32), -5, 70, generator=g),
    ),
    "all of float32": (lambda g: torch.empty(9).random_(generator=g), lambda g: ops_random.tensor_random_(empty(9), generator=g)),
    "kaiming": (
        lambda g: torch.nn.init.kaiming_uniform_(torch.empty(6, 4), generator=g),
        lambda g: init_random.kaiming_uniform_(empty(6, 4), generator=g),
    ),
    "xavier": (
        lambda g: torch.nn.init.xavier_normal_(torch.empty(6, 4), generator=g),
        lambda g: init_random.xavier_normal_(empty(6, 4), generator=g),
    ),
}
N = 4000
#: Draws of N numbers, and torch's draws of the same distribution.
ALIKE: dict[str, tuple[Draw, Draw]] = {
    "exponential": (
        lambda g: torch.empty(N).exponential_(2, generator=g),
        lambda g: ops_random.tensor_exponential_(empty(N), 2, generator=g),
    ),
    "bernoulli": (
        lambda g: torch.empty(N).bernoulli_(0.3, generator=g),
        lambda g: ops_random.tensor_bernoulli_(empty(N), 0.3, generator=g),
    ),
    "log normal": (
        lambda g: torch.empty(N).log_normal_(0, 0.5, generator=g),
        lambda g: ops_random.tensor_log_normal_(empty(N), 0, 0.5, generator=g),
    ),
    "geometric": (
        lambda g: torch.empty(N).geometric_(0.4, generator=g),
        lambda g: ops_random.tensor_geometric_(empty(N), 0.4, generator=g),
    ),
    "poisson": (
        lambda g: torch.poisson(torch.full((N,), 3.0), generator=g),
        lambda g: ops_random.poisson(Tensor(np.full(N, 3.0, np.float32)), generator=g),
    ),
    "multinomial": (
        lambda g: torch.multinomial(torch.tensor([1.0, 2.0, 5.0]), N, True, generator=g),
        lambda g: ops_random.multinomial(Tensor([1.0, 2.0, 5.0]), N, True, generator=g),
    ),
    "truncated": (
        lambda g: torch.nn.init.trunc_normal_(torch.empty(N), 0.5, 1, -1, 1, generator=g),
        lambda g: init_random.trunc_normal_(empty(N), 0.5, 1, -1, 1, generator=g),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_torch_s_own_numbers(name: str) -> None:
    expected, found = (draw(kind().manual_seed(7)) for draw, kind in zip(SAME[name], (torch.Generator, Generator), strict=True))
    assert str(found.dtype).lower() == str(expected.dtype).removeprefix("torch.")
    np.testing.assert_allclose(found.asnumpy(), expected.numpy(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_distribution(name: str) -> None:
    expected, found = (draw(kind().manual_seed(7)) for draw, kind in zip(ALIKE[name], (torch.Generator, Generator), strict=True))
    wanted, drawn = expected.double().numpy(), found.asnumpy().astype(np.float64)
    error = np.hypot(wanted.std(), drawn.std()) / np.sqrt(N)
    assert abs(wanted.mean() - drawn.mean()) < 4 * error
    assert 0.9 < drawn.std() / wanted.std() < 1.1
    again = ALIKE[name][1](Generator().manual_seed(7)).asnumpy()
    assert np.array_equal(again, drawn)


def test_drawing_without_replacement() -> None:
    rows = ops_random.multinomial(Tensor(np.array([[1.0, 1.0, 1.0, 0.0]] * 50, np.float32)), 3, generator=Generator()).asnumpy()
    assert all(sorted(row) == [0, 1, 2] for row in rows.tolist())
    assert len({tuple(row) for row in rows.tolist()}) == 6
