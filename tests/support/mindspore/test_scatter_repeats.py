"""Additions at places that occur many times: MindSpore's own ``tensor_scatter_elements`` loses some of them on CPU, differently from run to run."""

from __future__ import annotations

from collections.abc import Iterator

import mindspore
import numpy as np
import pytest
import torch
from mindspore import Tensor

from transpiler.support.mindspore import functional_conv, ops_indexing, ops_scatter

PLACES, COUNT, WIDTH = 24, 200, 16


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Operators that run as they are called are those that lost additions most."""
    mindspore.runtime.launch_blocking()
    yield


def test_no_addition_is_lost() -> None:
    places = np.random.default_rng(0).integers(0, PLACES, COUNT)
    expected = np.repeat(np.bincount(places, minlength=PLACES)[:, None], WIDTH, 1)
    start, ones = Tensor(np.zeros((PLACES, WIDTH), "float32")), Tensor(np.ones((COUNT, WIDTH), "float32"))
    index = Tensor(places)
    wide = Tensor(np.repeat(places[:, None], WIDTH, 1))
    flat = Tensor((places[:, None] * WIDTH + np.arange(WIDTH)).reshape(-1))
    for _ in range(100):
        for result in (
            ops_indexing.index_add(start, 0, index, ones),
            ops_indexing.scatter_add(start, 0, wide, ones),
            ops_indexing.scatter_reduce(start, 0, wide, ones, "sum"),
            ops_indexing.index_put(start, (index,), ones, accumulate=True),
            ops_scatter.put(start, flat, ones.reshape(-1), accumulate=True),
        ):
            np.testing.assert_array_equal(result.asnumpy(), expected)


def test_no_overlap_of_windows_is_lost() -> None:
    columns = np.random.default_rng(1).standard_normal((2, 3 * 49, 34 * 34)).astype("float32")
    arguments = {"output_size": (40, 40), "kernel_size": 7}
    expected = torch.nn.functional.fold(torch.tensor(columns), **arguments).numpy()
    for _ in range(5):
        np.testing.assert_allclose(functional_conv.fold(Tensor(columns), **arguments).asnumpy(), expected, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_shorter_index_adds_where_torch_does(axis: int) -> None:
    rng = np.random.default_rng(axis)
    start, added = rng.standard_normal((4, 5, 6)).astype("float32"), rng.standard_normal((3, 4, 5)).astype("float32")
    index = rng.integers(0, 4, (3, 4, 5))
    expected = torch.tensor(start).scatter_add(axis, torch.tensor(index), torch.tensor(added)).numpy()
    np.testing.assert_allclose(ops_indexing.scatter_add(Tensor(start), axis, Tensor(index), Tensor(added)).asnumpy(), expected, rtol=1e-5)
