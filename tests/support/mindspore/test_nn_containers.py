"""Containers behave as torch's, and the module functions see what torch's methods see."""

from __future__ import annotations

import copy
from collections import OrderedDict

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from transpiler.support.mindspore import nn_container as containers
from transpiler.support.mindspore import nn_module as module
from transpiler.support.mindspore.nn_norm import BatchNorm2d


class Net(nn.Cell):
    """A bit of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = BatchNorm2d(3)
        self.layers = containers.ModuleList(nn.Dense(2, 2) for _ in range(2))
        self.empty = containers.ModuleList()
        self.scales = containers.ParameterList([ops.ones(2)])
        module.register_buffer(self, "table", ops.ones(3))
        self.plain = BatchNorm2d(3, affine=False)

    def construct(self, x: Tensor) -> Tensor:
        return self.plain(self.norm(x)) * self.scales[0].sum()


def test_parameters_leave_out_buffers_and_absent_affine_parts() -> None:
    """Also in a deep copy, and with frozen parameters among them."""
    for net in (Net(), copy.deepcopy(Net())):
        net.layers[0].weight.requires_grad = False
        names = ["norm.weight", "norm.bias", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "scales.0"]
        assert [name for name, _ in module.named_parameters(net)] == names
        statistics = ("num_batches_tracked", "running_mean", "running_var")
        buffers = ["table", *(f"{owner}.{name}" for owner in ("norm", "plain") for name in statistics)]
        assert sorted(name for name, _ in module.named_buffers(net)) == sorted(buffers)
        assert [name for name, _ in module.named_modules(net)][:3] == ["", "norm", "layers"]


def test_state_round_trips_and_strictness_is_kept() -> None:
    """Values are copied; a missing key is an error unless strict is off."""
    source, target = Net(), Net()
    state = dict(module.state_dict(source))
    assert module.load_state_dict(target, state) == ([], [])
    np.testing.assert_array_equal(source.layers[1].weight.asnumpy(), target.layers[1].weight.asnumpy())
    del state["table"]
    assert module.load_state_dict(target, state, strict=False) == (["table"], [])


def test_cast_changes_every_floating_tensor() -> None:
    """Buffers among them."""
    net = module.cast(Net(), mindspore.float16)
    counts = [parameter for parameter in net.get_parameters() if parameter.name.endswith("num_batches_tracked")]
    assert [count.dtype for count in counts] == [mindspore.int64] * 2
    assert {parameter.dtype for parameter in net.get_parameters()} == {mindspore.float16, mindspore.int64}


def test_sequential_edits_keep_parameter_names_unique() -> None:
    """append, insert, slice, delete."""
    net = containers.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Dense(3, 1))
    net.append(nn.ReLU()).insert(0, nn.Dense(2, 2))
    assert net(ops.ones((4, 2))).shape == (4, 1)
    assert [p.name for p in net.get_parameters()] == ["0.weight", "0.bias", "1.weight", "1.bias", "3.weight", "3.bias"]
    assert [type(cell).__name__ for cell in net[1:3]] == ["Dense", "ReLU"]
    del net[0]
    assert len(net) == 4
    named = containers.Sequential(OrderedDict(first=nn.Dense(2, 3), act=nn.ReLU()))
    assert isinstance(named.first, nn.Dense)


def test_dictionary_takes_containers_and_names_of_methods() -> None:
    """MindSpore's CellDict refuses both."""
    layers = containers.ModuleDict({"keys": nn.ReLU(), "blocks": containers.ModuleList([nn.ReLU()])})
    assert list(layers.keys()) == ["keys", "blocks"]
    assert "blocks" in layers
    assert isinstance(layers.pop("blocks"), nn.CellList)


def test_parameter_dict_is_a_dictionary() -> None:
    table = containers.ParameterDict({"a": ops.ones(2), "b": ops.zeros(3)})
    assert list(reversed(table)) == ["b", "a"]
    assert table.setdefault("a").shape == (2,)
    table.setdefault("c", ops.ones(1))
    assert [name for name, _ in module.named_parameters(table)] == ["a", "b", "c"]
    assert table.popitem()[0] == "c"
    copied = table.copy() | {"d": ops.ones(4)}
    assert list(copied) == ["a", "b", "d"]
    copied |= {"e": ops.ones(5)}
    assert "e" in copied
    table.clear()
    assert len(table) == 0
    assert list(copied.fromkeys(["x", "y"], 1.0).items()) == [("x", 1.0), ("y", 1.0)]


class Appended(nn.Cell):
    """Containers that are attributes before they are filled."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = containers.ModuleList(), containers.ModuleList([])
        self.body, self.named = containers.Sequential(), containers.ModuleDict()
        self.scales, self.table = containers.ParameterList(), containers.ParameterDict()
        for index in range(2):
            self.first.append(nn.Dense(2, 2))
            self.second.append(containers.ModuleList([nn.Dense(2, 2)]))
            self.body.add_module(f"fc{index}", nn.Dense(2, 2))
            self.named[f"fc{index}"] = nn.Dense(2, 2)
            self.scales.append(containers.ParameterList([ops.ones(2), ops.ones(2)]))
            self.table[f"x{index}"] = ops.ones(2)
        self.second[1][0] = nn.Dense(2, 2)
        self.first.insert(0, nn.Dense(2, 2))
        self.body[0] = nn.Dense(2, 2)

    def construct(self, x: Tensor) -> Tensor:
        for layer in self.first:
            x = layer(x)
        return self.body(x)


def test_what_is_added_later_is_named_after_its_place() -> None:
    """In the root and below it; a file of MindSpore's would otherwise hold one of several, and no graph compile."""
    for net, prefix in ((Appended(), ""), (nn.SequentialCell(Appended()), "0.")):
        names = [parameter.name for parameter in net.get_parameters()]
        assert names == [path for path, _ in net.parameters_and_names()]
        assert {f"{prefix}first.2.weight", f"{prefix}second.1.0.bias", f"{prefix}body.fc0.weight", f"{prefix}scales.1.0"} <= set(names)
        np.testing.assert_allclose(mindspore.jit(net)(ops.ones((1, 2))).asnumpy(), net(ops.ones((1, 2))).asnumpy(), rtol=1e-5)


def test_parameter_lists_in_parameter_lists_are_trained() -> None:
    net = Appended()
    names = [name for name, _ in module.named_parameters(net)]
    assert [name for name in names if name.startswith("scales")] == ["scales.0.0", "scales.0.1", "scales.1.0", "scales.1.1"]
    nested = containers.ParameterDict({"a": containers.ParameterDict({"b": ops.ones(1)})})
    assert [parameter.name for parameter in nested.get_parameters()] == ["a.b"]
    del nested["a"]
    assert not list(nested.get_parameters())
