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


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "amax", "amin"])
@pytest.mark.parametrize("start", [-np.inf, np.inf, 2.0])
def test_reductions_and_their_gradients_are_torchs(start: float, reduce: str, include_self: bool) -> None:
    """Rows that nothing goes to, infinities to start from, and values that several elements attain."""
    index = np.array([[0, 0], [0, 1], [2, 2]])
    for added in ([[1, 2], [2, 4], [0.5, -1]], [[2, 2], [2, 2], [2, 2]]):
        given = np.full((4, 2), start, "float32"), np.array(added, "float32")
        x, src = (torch.tensor(array, requires_grad=True) for array in given)
        expected = x.scatter_reduce(0, torch.tensor(index), src, reduce, include_self=include_self)
        expected.sum().backward()

        def reduced(x: Tensor, src: Tensor) -> Tensor:
            return ops_indexing.scatter_reduce(x, 0, Tensor(index), src, reduce, include_self=include_self)

        inputs = [Tensor(array) for array in given]
        np.testing.assert_allclose(reduced(*inputs).asnumpy(), expected.detach().numpy(), rtol=1e-6)
        if reduce == "prod" and np.isinf(start):
            continue  # infinity by infinity: torch's derivative is no number
        grads = mindspore.grad(lambda *args: reduced(*args).sum(), (0, 1))(*inputs)
        for grad, tensor in zip(grads, (x, src), strict=True):
            np.testing.assert_allclose(grad.asnumpy(), tensor.grad.numpy(), rtol=1e-6)
