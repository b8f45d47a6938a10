"""What kind of value the analysis finds where the source does not say it, seen by what is converted and what is left."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, port, registry, remarked

__all__ = ["port", "registry"]
HEAD = "import torch\nfrom torch import nn\nfrom functools import partial\n\n\n"


def converted(port: Port, body: str, *expected: str) -> None:
    output, diagnostics = port(HEAD + body)
    assert remarked(diagnostics) == []
    for text in expected:
        assert text in output


def test_one_layer_or_another(port: Port) -> None:
    body = """\
class Own(nn.Module):
    def forward(self, x):
        return x


class Net(nn.Module):
    def __init__(self, flag):
        super().__init__()
        self.own = Own() if flag else nn.Identity()
        layer = partial(nn.Conv2d, kernel_size=1) if flag else nn.Linear
        self.made = layer(3, 4)

    def reset(self):
        self.own.train()
        self.made.train(False)
"""
    converted(port, body, "self.own.set_train()", "self.made.set_train(False)")


def test_a_buffer_that_may_be_none(port: Port) -> None:
    body = """\
class Net(nn.Module):
    def __init__(self, flag):
        super().__init__()
        if flag:
            self.register_buffer("index", torch.zeros(3))
        else:
            self.index = None

    def read(self):
        return self.index.view(-1)
"""
    converted(port, body, "self.index.reshape(-1)")


def test_weights_of_a_layer_that_is_derived_from(port: Port) -> None:
    body = "class Norm(nn.LayerNorm):\n    def forward(self, x):\n        return self.weight.view(1, -1) * x\n"
    converted(port, body, "self.gamma.reshape(1, -1)")


def test_annotations_of_an_overridden_method(port: Port) -> None:
    body = """\
class Base(nn.Module):
    def embed(self, x: torch.Tensor):
        return x


class Net(Base):
    def embed(self, x):
        return x.view(-1)
"""
    converted(port, body, "return x.reshape(-1)")


@pytest.mark.parametrize("call", ["Double.apply(a).view(2)", "double(a).view(2)"])
def test_operations_with_a_backward_of_their_own(port: Port, call: str) -> None:
    body = f"""\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.view(-1) * 2

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad.view(x.size(0), -1) * 2


double = Double.apply


def f(a: torch.Tensor):
    return {call}
"""
    converted(port, body, "class Double(ms_support.Function)", "x.reshape(-1) * 2", "grad.reshape(x.shape[0], -1) * 2", ".reshape(2)")


def test_what_the_body_does_with_a_parameter(port: Port) -> None:
    body = """\
def table(t, names):
    rows, columns = t.size()
    t = t.float()
    return t.permute(1, 0).view(1, rows)


def pad(x):
    height = x.size()[-1]
    return torch.nn.functional.pad(x, [1, height])
"""
    converted(port, body, "rows, columns = t.shape", ".reshape(1, rows)", "height = x.shape[-1]")


def test_what_is_done_after_rebinding_says_nothing(port: Port) -> None:
    converted(port, "def f(q):\n    n = q.size()\n    q = torch.tensor(n)\n    return q.unsqueeze(0)\n", "n = ms_support.size_of(q)")


@pytest.mark.parametrize(
    "uses", ["for images in Batches(loader):\n        return images.view(-1)", "return next(Batches(loader)).view(-1)"]
)
def test_iterators_that_are_their_own(port: Port, uses: str) -> None:
    body = f"""\
class Batches:
    def __init__(self, loader):
        self._iterator = iter(loader)

    def __iter__(self):
        return self

    def __next__(self):
        return torch.abs(next(self._iterator))


def first(loader):
    {uses}
"""
    converted(port, body, ".reshape(-1)")


def test_members_of_values_of_torch(port: Port) -> None:
    """The call is no name of torch's that an entry knows, and the object before it is one."""
    body = "torch.default_generator.manual_seed(3)\nstate = torch.default_generator.get_state()\n"
    converted(port, body, "ms_support.default_generator.manual_seed(3)", "state = ms_support.default_generator.get_state()")


def test_functions_that_are_given_layers_of_several_classes(port: Port) -> None:
    """The first call's layer says nothing of the others: what they do not share is asked of the layer."""
    body = """\
def bare(layer):
    return layer.weight.sum()


def same(layer):
    return layer


first = bare(nn.Linear(2, 3)), same(nn.Sequential())
bare(nn.BatchNorm2d(3))
line = same(nn.Conv1d(2, 4, 3))
line.dilation = 2
"""
    converted(port, body, 'ms_support.layer_attribute(layer, "weight").sum()', 'ms_support.set_conv_setting(line, "dilation", 2)')
