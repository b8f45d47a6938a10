"""Does ``Module`` behave as torch's where ported code can tell the difference? Names, modes, replacing, tying, saving."""

from __future__ import annotations

import copy
from collections import OrderedDict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn

from tests.support.keras.comparison import sample
from transpiler.support.keras.containers import ModuleDict, ModuleList, ParameterList, Sequential
from transpiler.support.keras.layers import BatchNorm2d, Conv2d, Dropout, Linear, ReLU
from transpiler.support.keras.module import Module, Parameter


class Net(Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = ModuleList([Linear(3, 3), Linear(3, 3)])
        self.heads = ModuleDict({"a": Linear(3, 2), "b": Sequential(OrderedDict([("act", ReLU()), ("out", Linear(3, 1))]))})
        self.token = Parameter(keras.ops.ones((1, 3)))
        self.extra = ParameterList([keras.ops.zeros((2,))])
        self.register_buffer("mask", keras.ops.ones((3,)))
        self.register_buffer("cache", keras.ops.zeros((3,)), persistent=False)
        self.bias = None
        self.plain = [Linear(3, 3)]

    def call(self, x: Any, repeat: int = 1, names: tuple[str, ...] = ("a",)) -> dict[str, Any]:
        for _ in range(repeat):
            for layer in self.layers:
                x = layer(x + self.token) * self.mask
        return {name: self.heads[name](x) for name in names}


class TorchNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.heads = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Sequential(OrderedDict([("act", nn.ReLU()), ("out", nn.Linear(3, 1))]))})
        self.token = nn.Parameter(torch.ones(1, 3))
        self.extra = nn.ParameterList([torch.zeros(2)])
        self.register_buffer("mask", torch.ones(3))
        self.register_buffer("cache", torch.zeros(3), persistent=False)
        self.bias = None
        self.plain = [nn.Linear(3, 3)]


def test_names_equal_those_of_torch() -> None:
    ported, original = Net(), TorchNet()
    for names in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [name for name, _ in getattr(ported, names)()] == [name for name, _ in getattr(original, names)()], names
    assert list(ported.state_dict()) == list(original.state_dict())
    assert [type(m).__name__ for m in ported.modules()] == [type(m).__name__.replace("TorchNet", "Net") for m in original.modules()]
    assert len(ported.trainable_variables) == len(list(original.parameters()))
    assert ported.get_submodule("heads.b.out") is ported.heads["b"].out
    assert ported.get_parameter("layers.1.weight") is ported.layers[1].weight


def test_save_and_load_without_a_call(tmp_path: Path) -> None:
    first, second = Net(), Net()
    first.token.assign(first.token * 5)
    first.mask = keras.ops.convert_to_tensor(sample(3))
    first.save_weights(str(tmp_path / "net.weights.h5"))
    second.load_weights(str(tmp_path / "net.weights.h5"))
    for name, value in first.state_dict().items():
        np.testing.assert_array_equal(value, second.state_dict()[name], err_msg=name)
    smaller = Net()
    smaller.heads["b"].out = Linear(3, 4)
    with pytest.raises(ValueError):
        smaller.load_weights(str(tmp_path / "net.weights.h5"))


def test_load_state_dict_is_strict() -> None:
    net = Net()
    state = net.state_dict()
    value = state.pop("token")
    with pytest.raises(RuntimeError, match="token"):
        net.load_state_dict(state)
    assert net.load_state_dict(state, strict=False).missing_keys == ["token"]
    with pytest.raises(RuntimeError, match="unexpected"):
        net.load_state_dict({**state, "token": value, "other": value})
    with pytest.raises(RuntimeError, match="wrong shape"):
        net.load_state_dict({**state, "token": keras.ops.ones((3, 1))})


def test_modes() -> None:
    net = Sequential(Linear(4, 4), Sequential(Dropout(0.5), BatchNorm2d(4)))
    assert all(m.training for m in net.modules())
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net[1][0].train()
    assert [m.training for m in net.modules()] == [False, False, False, True, False]
    with net._mode(True):
        assert all(m.training for m in net.modules())
    assert [m.training for m in net.modules()] == [False, False, False, True, False]


def test_keras_mode_argument_rules_for_one_call() -> None:
    net = Sequential(Dropout(0.5)).eval()
    x = np.ones((1, 1000), dtype=np.float32)
    np.testing.assert_array_equal(net(x), x)
    assert (np.asarray(net(x, training=True)) == 0).any()
    np.testing.assert_array_equal(net(x), x)
    np.testing.assert_array_equal(net.train()(x, training=False), x)
    np.testing.assert_array_equal(net.predict(x, verbose=0), x)
    native = Sequential(keras.layers.Dropout(0.5))
    assert (np.asarray(native(x)) == 0).any()
    np.testing.assert_array_equal(native.eval()(x), x)


class Arguments(Module):
    def call(self, *args: Any, training: bool = False, **kwargs: Any) -> Any:
        return args, training, kwargs


class Outer(Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Arguments()

    def call(self) -> Any:
        return self.inner(keras.ops.ones(1), 3, None, "text", nested=[keras.ops.ones(1), 2])


def test_arguments_arrive_as_they_were_passed() -> None:
    args, training, kwargs = Outer()()
    assert args[1:] == (3, None, "text")
    assert training is False
    assert kwargs["nested"][1] == 2
    assert keras.ops.dtype(Sequential(ReLU())(keras.ops.ones(2, dtype="float64"))) == "float64"
    assert keras.ops.dtype(Sequential(ReLU())(keras.ops.ones(2, dtype="float16"))) == "float16"


def test_replaced_module_leaves_no_variables_behind() -> None:
    net = Net()
    net(sample(2, 3))
    before = len(net.trainable_variables)
    net.heads["a"] = Linear(3, 7)
    net.token = Parameter(keras.ops.zeros((1, 3)))
    net.layers[0] = Linear(3, 3, bias=False)
    assert len(net.trainable_variables) == before - 1 == len(list(net.parameters()))
    assert net(sample(2, 3))["a"].shape == (2, 7)
    del net.heads["b"]
    assert len(net.trainable_variables) == before - 3


def test_tied_weights_are_one_parameter() -> None:
    net = Net()
    net.layers[1].weight = net.layers[0].weight
    assert len(list(net.parameters())) == len(net.trainable_variables) == len(net.state_dict()) - 2
    with tf.GradientTape() as tape:
        loss = keras.ops.sum(net(sample(2, 3))["a"])
    assert tape.gradient(loss, net.layers[0].weight.value) is not None


def test_frozen_parameters_are_not_trainable() -> None:
    net = Net()
    net.token.requires_grad = False
    net.layers.requires_grad_(False)
    assert len(net.trainable_variables) == len(list(net.parameters())) - 5
    assert not net.token.requires_grad
    net.requires_grad_(True)
    assert len(net.trainable_variables) == len(list(net.parameters()))


def test_buffers_keep_their_variable_when_assigned() -> None:
    net = Net()
    variable = net.mask
    net.mask = net.mask * 2
    assert net.mask is variable
    np.testing.assert_array_equal(net.state_dict()["mask"], [2, 2, 2])
    assert "mask" not in dict(net.named_parameters())


def test_apply_visits_children_first() -> None:
    visited: list[str] = []
    Sequential(Linear(1, 1), Sequential(ReLU())).apply(lambda module: visited.append(type(module).__name__))
    assert visited == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_deepcopy_is_independent() -> None:
    net = Net()
    net.layers[1].weight = net.layers[0].weight
    clone = copy.deepcopy(net.eval())
    assert list(clone.state_dict()) == list(net.state_dict())
    assert clone.layers[1].weight is clone.layers[0].weight is not net.layers[0].weight
    assert not any(module.training for module in clone.modules())
    x = sample(2, 3)
    np.testing.assert_allclose(clone(x)["a"], net(x)["a"])
    clone.layers[0].weight.assign(clone.layers[0].weight * 2)
    assert not np.allclose(clone(x)["a"], net(x)["a"])
    assert len(clone.trainable_variables) == len(net.trainable_variables)


@pytest.mark.parametrize("name", ["output", "quantize", "build", "variables", "name"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        setattr(Sequential(), name, Linear(1, 1))


def test_containers_as_sequences() -> None:
    net = Sequential(Linear(1, 2), ReLU(), Conv2d(1, 2, 3))
    assert len(net) == 3
    assert net[-1] is net[2]
    assert [type(m).__name__ for m in net[:2]] == ["Linear", "ReLU"]
    net.insert(1, ReLU())
    net.append(Linear(2, 1)).pop(0)
    assert [name for name, _ in net.named_children()] == ["0", "1", "2", "3"]
    assert [type(m).__name__ for m in net] == ["ReLU", "ReLU", "Conv2d", "Linear"]
    del net[0]
    assert len(net) == 3
    modules = ModuleList()
    assert not modules
    modules += [Linear(1, 1), Linear(1, 1)]
    assert len(modules) == 2
    shared = ReLU()
    assert len(Sequential(shared, shared)) == 2
    heads = ModuleDict([("x", ReLU())])
    heads.update({"y": ReLU()})
    assert list(heads) == list(heads.keys()) == ["x", "y"]
    assert "x" in heads and heads.pop("x") is not None and len(heads) == 1


def test_functional_model_takes_a_module() -> None:
    inputs = keras.Input((3, 8, 8))
    net = Sequential(Conv2d(3, 4, 3), BatchNorm2d(4), ReLU())
    model = keras.Model(inputs, net(inputs))
    assert len(model.trainable_variables) == 4
    np.testing.assert_allclose(model(sample(2, 3, 8, 8), training=False), net.eval()(sample(2, 3, 8, 8)), rtol=1e-5, atol=1e-5)
    assert net.count_params() == 3 * 4 * 9 + 4 + 4 * 4 + 1
