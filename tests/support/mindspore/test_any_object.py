"""Functions that ask an object what it is: of tensors they compute what torch computes on its own samples; others have methods of their own."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import nn
from torch.testing._internal.common_methods_invocations import op_db

from tests.support.mindspore.test_ops_samples import difference, to_mindspore
from transpiler.support.mindspore import any_object
from transpiler.support.mindspore.training import as_leaf, mark_leaf

FUNCTIONS = {
    name.removesuffix("_of"): function
    for name, function in inspect.getmembers(any_object, inspect.isfunction)
    if function.__module__ == any_object.__name__ and name.endswith("_of")
}
OF_LAYERS = {"dilation", "kernel_size", "stride"}
SAMPLED = sorted({op.name for op in op_db} & FUNCTIONS.keys())
SAMPLES = 12


def test_most_have_samples() -> None:
    assert len(SAMPLED) > len(FUNCTIONS) / 2


@pytest.mark.parametrize("name", SAMPLED)
def test_tensors(name: str) -> None:
    compared = 0
    for op in op_db:
        if op.name != name:
            continue
        for sample in itertools.islice(op.sample_inputs("cpu", torch.float32), SAMPLES):
            expected = getattr(sample.input, name)(*sample.args, **sample.kwargs)
            given = {key: None if key == "memory_format" else value for key, value in sample.kwargs.items()}
            actual = FUNCTIONS[name](to_mindspore(sample.input), *to_mindspore(sample.args), **to_mindspore(given))
            assert difference(expected, actual) == ""
            compared += 1
    assert compared


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (any_object.size_of, (2, 3)),
        (any_object.dim_of, 2),
        (lambda x: any_object.size_of(x, -1), 3),
        (any_object.type_of, "torch.FloatTensor"),
        (lambda x: any_object.type_of(x, mindspore.int32).dtype, mindspore.int32),
        (lambda x: any_object.half_of(x).dtype, mindspore.float16),
        (lambda x: any_object.double_of(x).dtype, mindspore.float64),
        (lambda x: any_object.float_of(x).dtype, mindspore.float32),
        (lambda x: any_object.cpu_of(x) is x, True),
        (lambda x: any_object.cuda_of(x) is x, True),
    ],
)
def test_properties_of_tensors(call: Callable[[Any], Any], expected: object) -> None:
    assert call(mindspore.Tensor(np.zeros((2, 3), np.float32))) == expected


def test_arguments_by_the_names_of_numpy() -> None:
    x = np.asarray([[3.0, 1.0], [2.0, 5.0]], np.float32)
    assert np.array_equal(
        any_object.std_of(mindspore.Tensor(x), axis=0, keepdims=True).asnumpy(), torch.tensor(x).std(axis=0, keepdims=True)
    )
    assert np.array_equal(any_object.max_of(x, axis=0, keepdims=True), x.max(axis=0, keepdims=True))


def test_gradients_wanted() -> None:
    layer, tensor = nn.Dense(2, 3), mindspore.Tensor([1.0, 2.0])
    assert as_leaf(layer, False) is layer
    assert not layer.weight.requires_grad
    assert not layer.bias.requires_grad
    mark_leaf(layer)
    assert layer.weight.requires_grad
    mark_leaf(layer.weight, False)
    assert not layer.weight.requires_grad
    mark_leaf(tensor, False)
    with pytest.raises(TypeError):
        mark_leaf(tensor)
    assert as_leaf(tensor).requires_grad


def test_networks() -> None:
    layer = nn.Dense(2, 3)
    assert any_object.half_of(layer) is layer
    assert layer.weight.dtype == mindspore.float16
    assert any_object.type_of(any_object.float_of(layer), mindspore.float64).weight.dtype == mindspore.float64
    assert any_object.cpu_of(any_object.cuda_of(layer)) is layer
    x = mindspore.Tensor(np.ones((1, 2)), mindspore.float64)
    assert np.array_equal(any_object.forward_of(layer, x).asnumpy(), layer(x).asnumpy())


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - OF_LAYERS))
def test_others_have_their_own(name: str) -> None:
    class Other:
        def __getattr__(self, called: str) -> Callable[..., Any]:
            return lambda *args, **kwargs: (called, args, kwargs)

    assert FUNCTIONS[name](Other(), 1, axis=2) == (name, (1,), {"axis": 2})


@pytest.mark.parametrize("name", sorted(OF_LAYERS))
def test_sizes_of_layers(name: str) -> None:
    settings = {"kernel_size": 3, "stride": 2, "dilation": 1}
    for original, layer in [(torch.nn.Conv1d, nn.Conv1d), (torch.nn.ConvTranspose1d, nn.Conv1dTranspose), (torch.nn.Conv2d, nn.Conv2d)]:
        assert FUNCTIONS[name](layer(2, 4, **settings)) == getattr(original(2, 4, **settings), name)


def test_networks_with_methods_of_their_own() -> None:
    class Net(nn.Cell):  # type: ignore[misc]
        def cpu(self) -> str:
            return "moved"

        def float(self) -> str:
            return "cast"

    assert (any_object.cpu_of(Net()), any_object.float_of(Net())) == ("moved", "cast")
