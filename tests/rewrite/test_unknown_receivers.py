"""Methods that only tensors have, with these arguments, are converted on objects of unknown kind, with a remark; of others the object is asked."""

from __future__ import annotations

from tests.rewrite.conftest import Port, remarked


def test_arguments_tell(port: Port) -> None:
    source = """\
import torch


def f(out):
    return torch.relu(out.hidden.view(out.hidden.size(0), -1)), out.hidden.size(), out.pixels.view(2, 3)
"""
    text, diagnostics = port(source)
    assert (
        "ops.relu(out.hidden.reshape(out.hidden.shape[0], -1)), ms_support.size_of(out.hidden), ms_support.view_of(out.pixels, 2, 3)"
        in text
    )
    assert sorted(remarked(diagnostics)) == ["T2M201", "T2M201"]


def test_methods_of_the_project(port: Port) -> None:
    source = """\
import torch


class Store:
    def size(self, level):
        return level


def f(out):
    return torch.relu(out.x), out.store.size(0)
"""
    text, diagnostics = port(source)
    assert "ops.relu(out.x), ms_support.size_of(out.store, 0)" in text
    assert remarked(diagnostics) == []


def test_the_object_is_asked_what_it_is(port: Port) -> None:
    """With the arguments as they stand: another object's method may take others, or have them by NumPy's names."""
    source = """\
import torch


def f(out, dims, net):
    a = out.x.std(0, keepdim=True), out.x.std(axis=0), out.x.repeat(*dims), out.x.numpy(), out.x.any(n > 0 for n in dims)
    return a, out.x.float().cpu(), net.body.forward(torch.relu(a[0]), scale=2)
"""
    text, diagnostics = port(source)
    assert (
        "a = ms_support.std_of(out.x, 0, keepdim=True), ms_support.std_of(out.x, axis=0), ms_support.repeat_of(out.x, *dims), out.x.numpy()"
        in text
    )
    assert "ms_support.any_of(out.x, (n > 0 for n in dims))" in text
    assert "ms_support.cpu_of(ms_support.float_of(out.x)), ms_support.forward_of(net.body, ops.relu(a[0]), scale=2)" in text
    assert remarked(diagnostics) == []


def test_gradients_of_what_may_be_a_module(port: Port) -> None:
    source = """\
import torch


def f(net, store, flag):
    net.requires_grad_(False)
    store.net.requires_grad_(flag)
    return store.copy(net).requires_grad_(), torch.relu(net)
"""
    text, diagnostics = port(source)
    assert "    net = ms_support.as_leaf(net, False)\n    ms_support.mark_leaf(store.net, flag)\n" in text
    assert "return ms_support.as_leaf(store.copy(net)), ops.relu(net)" in text
    assert remarked(diagnostics) == []


def test_layers_called_like_methods_of_tensors(port: Port) -> None:
    text, _ = port("import torch\n\n\ndef f(vit, x: torch.Tensor):\n    return vit.body.norm(x), vit.body.norm(2), torch.relu(x)\n")
    assert "return vit.body.norm(x), ms_support.norm_of(vit.body, 2), ops.relu(x)" in text


def test_modules_that_are_not_at_hand(port: Port) -> None:
    """What a file imports from beside itself may be torch's modules; of the libraries that know of none it is known."""
    source = """\
import pandas as pd
import torch
from models import Net, make

model = Net(3)
model.train(False)
make("a").train(False)
w = make("b").apply(print)
table = pd.DataFrame({})
table.apply(len)
y = torch.relu(x)
"""
    text, diagnostics = port(source)
    assert 'model.set_train(False)\nmake("a").set_train(False)\nw = ms_support.apply_of(make("b"), print)\n' in text
    assert "table.apply(len)" in text
    assert remarked(diagnostics) == ["T2M201", "T2M201"]


def test_members_of_outputs(port: Port) -> None:
    """What a module of unknown class returns may be anything: a member that no tensor has is its own."""
    source = """\
import torch


class Wrapped(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        intermediates = self.inner(x)
        return intermediates.last_layer_hiddens
"""
    text, diagnostics = port(source)
    assert "return intermediates.last_layer_hiddens" in text
    assert remarked(diagnostics) == []


def test_objects_that_are_read_as_layers(port: Port) -> None:
    source = """\
import torch
from torch import nn


def fuse(conv, bn, options):
    wider = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, groups=conv.groups)
    return wider, bn.running_var, bn.weight, options.stride


def tie(net, head, options):
    net.embed.weight = head.weight
    net.embed.bias = nn.Parameter(torch.zeros(3))
    options.weight = 3
"""
    text, diagnostics = port(source)
    text = text.replace('"', "'")
    assert "conv.out_channels, ms_support.layer_setting(conv, 'kernel_size'), groups=ms_support.layer_setting(conv, 'groups'))" in text
    assert "ms_support.layer_attribute(bn, 'running_var'), ms_support.layer_attribute(bn, 'weight'), options.stride" in text
    assert "ms_support.set_layer_attribute(net.embed, 'weight', head.weight)" in text
    assert "ms_support.set_layer_attribute(net.embed, 'bias', mindspore.Parameter(ops.zeros((3,))))" in text
    assert "    options.weight = 3\n" in text
    assert remarked(diagnostics) == []


def test_parts_of_a_dictionary_of_layers(port: Port) -> None:
    source = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({"e": nn.Embedding(4, 3)})
        self.head = nn.Linear(3, 4)
        self.parts.e.weight = self.head.weight
        print(self.parts.e.weight, self.parts.keys())
"""
    text, _ = port(source)
    assert "ms_support.set_layer_attribute(self.parts.e, 'weight', self.head.weight)" in text.replace('"', "'")
    assert "print(ms_support.layer_attribute(self.parts.e, 'weight'), self.parts.keys())" in text.replace('"', "'")
