"""Module classes: bases, renamed members, mixins, layers as values and bases, renamed weights."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked
from transpiler.report.codes import Kind

CASES = [
    pytest.param(
        """\
import inspect
from torch import nn


class A(nn.Module):
    phase = 1

    def __init_subclass__(cls):
        cls.kept = inspect.getattr_static(cls, "forward"), cls.__dict__.get("forward"), vars(cls)["forward"]
        assert "forward" in cls.__dict__ and "phase" in dir(cls)

    def forward(self, x):
        return {"forward": x}["forward"]
""",
        """\
import inspect
from mindspore import nn


class A(nn.Cell):
    phase_ = 1

    def __init_subclass__(cls):
        cls.kept = inspect.getattr_static(cls, "construct"), cls.__dict__.get("construct"), vars(cls)["construct"]
        assert "construct" in cls.__dict__ and "phase_" in dir(cls)

    def construct(self, x):
        return {"forward": x}["forward"]
""",
        [],
        id="members-by-name",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    phase = "x"

    def __init__(self):
        super(A, self).__init__()
        self.cells = nn.ModuleList()

    def forward(self, x):
        return self.body(x), self.phase

    run = forward

    def construct(self, x):
        return getattr(self, "forward")(x)


def use(a: A):
    setattr(a, "phase", A.phase)
    return a.cells, a.forward(1), a.construct(2)
""",
        """\
import ms_support
from mindspore import nn


class A(nn.Cell):
    phase_ = "x"

    def __init__(self):
        super(A, self).__init__()
        self.cells_ = ms_support.ModuleList()

    def construct(self, x):
        return self.body(x), self.phase_

    run = construct

    def construct_(self, x):
        return getattr(self, "construct")(x)


def use(a: A):
    setattr(a, "phase_", A.phase_)
    return a.cells_, a.construct(1), a.construct_(2)
""",
        [],
        id="members-renamed-everywhere",
    ),
    pytest.param(
        """\
import torch.nn as nn


class Mixin:
    def forward(self, x):
        return self.body(x)


class Other:
    def forward(self, x):
        return x


class A(Mixin, nn.Module):
    def forward(self, x):
        return super().forward(x)
""",
        """\
from mindspore import nn


class Mixin:
    def construct(self, x):
        return self.body(x)


class Other:
    def forward(self, x):
        return x


class A(Mixin, nn.Cell):
    def construct(self, x):
        return super().construct(x)
""",
        [],
        id="mixin-takes-part",
    ),
    pytest.param(
        """\
import torch


class A:
    phase = 1

    def forward(self, x: torch.Tensor):
        return torch.neg(x), self.phase
""",
        """\
import mindspore
from mindspore import mint


class A:
    phase = 1

    def forward(self, x: mindspore.Tensor):
        return mint.neg(x), self.phase
""",
        [],
        id="plain-classes-stay",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
""",
        """\
from mindspore import nn


class A(nn.Cell):
    def __init__(self):
        nn.Cell.__init__(self)
""",
        [],
        id="init-through-the-class",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Conv2d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)
""",
        """\
import ms_support


class A(ms_support.Conv2d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)

    def construct(self, x):
        return ms_support.conv2d(x, self.weight, self.bias, self.stride, ms_support.conv_padding(self))
""",
        [],
        id="layers-as-bases",
    ),
    pytest.param(
        """\
import torch.nn as nn


def init(model: nn.Module):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.constant_(m.weight, 1)
        elif isinstance(m, (nn.Linear, nn.LayerNorm)):
            nn.init.zeros_(m.weight)
""",
        """\
import ms_support
from mindspore import nn


def init(model: nn.Cell):
    for m in ms_support.modules(model):
        if isinstance(m, nn.BatchNorm2d):
            ms_support.constant_(m.gamma, 1)
        elif isinstance(m, (nn.Dense, nn.LayerNorm)):
            ms_support.zeros_(ms_support.layer_attribute(m, "weight"))
""",
        [],
        id="renamed-weights",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(3, 4)
        self.decoder = nn.Linear(4, 3)
        self.decoder.weight = self.encoder.weight
""",
        """\
import ms_support
from mindspore import nn


class A(nn.Cell):
    def __init__(self):
        super().__init__()
        self.encoder = ms_support.Embedding(3, 4)
        self.decoder = nn.Dense(4, 3)
        self.decoder.weight = self.encoder.embedding_table
""",
        [],
        id="weight-tying",
    ),
    pytest.param(
        """\
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F

norm = partial(nn.LayerNorm, eps=1e-6)
acts = {"relu": nn.ReLU, "tanh": torch.tanh}


def f(x: torch.Tensor, act=F.relu, dtype=torch.float32):
    return act(x).to(dtype)
""",
        """\
from functools import partial

import mindspore
import ms_support
from mindspore import ops

norm = partial(ms_support.LayerNorm, eps=1e-6)
acts = {"relu": ms_support.ReLU, "tanh": ms_support.tanh}


def f(x: mindspore.Tensor, act=ops.relu, dtype=mindspore.float32):
    return ms_support.tensor_to(act(x), dtype)
""",
        [],
        id="values",
    ),
    pytest.param(
        """\
import torch


class A[T](torch.nn.Module):
    def forward[S: torch.Tensor](self, x: torch.Tensor) -> S:
        return torch.neg(x)
""",
        """\
import mindspore
from mindspore import mint, nn


class A[T](nn.Cell):
    def construct[S: mindspore.Tensor](self, x: mindspore.Tensor) -> S:
        return mint.neg(x)
""",
        [],
        id="newer-syntax",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        x = self.conv(
            input=x,  # pixels
        ).flatten(1)
        return self.attention(query=x, key=x, value=x)
""",
        """\
import ms_support
from mindspore import nn


class A(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, has_bias=True, pad_mode="pad")
        self.attention = ms_support.MultiheadAttention(4, 2)

    def construct(self, x):
        x = self.conv(
            x,  # pixels
        ).flatten(1)
        return self.attention(query=x, key=x, value=x)
""",
        [],
        id="operand-by-name",
    ),
]


@pytest.mark.parametrize(("before", "after", "codes"), CASES)
def test_module_classes(port: Port, before: str, after: str | None, codes: list[str]) -> None:
    text, diagnostics = port(before)
    assert text == (before if after is None else after)
    assert remarked(diagnostics) == codes
    assert port(text)[0] == text


def test_weights_of_a_layer_of_any_class(port: Port) -> None:
    source = """\
import torch.nn as nn


def reset(model: nn.Module):
    for m in model.modules():
        if hasattr(m, "weight") and m.weight is not None:
            nn.init.ones_(m.weight)
        if isinstance(m, Block) and m.norm.weight is not None:
            nn.init.zeros_(m.norm.bias)
        scale = m.bias if isinstance(m, nn.LayerNorm) else None


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
"""
    text, diagnostics = port(source)
    assert 'ms_support.has_layer_attribute(m, "weight") and ms_support.layer_attribute(m, "weight") is not None' in text
    assert 'isinstance(m, Block) and ms_support.layer_attribute(m.norm, "weight") is not None' in text
    assert "zeros_(m.norm.beta)" in text
    assert "scale = m.beta if" in text
    assert remarked(diagnostics) == []
    assert port(text)[0] == text


def test_modules_are_known_by_what_is_done_with_them(port: Port) -> None:
    source = """\
import torch


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def predict(self, x):
        return self.model(x).view(-1)


def evaluate(net, x):
    net.eval()
    out = net(x)
    return out.view(-1, out.size(-1)), out.logits
"""
    text, diagnostics = port(source)
    assert "return self.model(x).reshape(-1)" in text
    assert "net.set_train(False)" in text
    assert "return out.reshape(-1, out.shape[-1]), out.logits" in text
    assert remarked(diagnostics) == []


def test_attributes_of_layers_by_a_name_known_at_run_time(port: Port) -> None:
    source = """\
from torch import nn


def tie(model: nn.Module, path, name, tied: nn.Module):
    layer = model.get_submodule(path)
    setattr(layer, name, getattr(tied.get_submodule(path), name))
    norm = nn.LayerNorm(3)
    return getattr(norm, "weight", None), getattr(norm, "training"), getattr(path, name)
"""
    text, diagnostics = port(source)
    changed = "ms_support.set_layer_attribute(layer, name, ms_support.layer_attribute(ms_support.get_submodule(tied, path), name))"
    assert changed in text
    assert 'return ms_support.layer_attribute(norm, "weight", None), getattr(norm, "training"), getattr(path, name)' in text
    assert remarked(diagnostics) == []
    assert port(text)[0] == text


def test_forward_of_a_class_found_through_its_instance(port: Port) -> None:
    source = """\
from torch import nn


class Layer(nn.Module):
    def __init_subclass__(cls):
        forward = cls.forward

        def wrapper(self, *args):
            assert type(self).forward is wrapper and self.__class__.forward is wrapper
            return forward(self, *args)

        cls.forward = wrapper

    def forward(self, x):
        return x
"""
    text, diagnostics = port(source)
    assert "type(self).construct is wrapper and self.__class__.construct is wrapper" in text
    assert "cls.construct = wrapper" in text
    assert remarked(diagnostics) == []


def test_weight_kept_in_another_shape_is_read_in_torchs(port: Port) -> None:
    source = """\
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 3, groups=4, bias=False)
        nn.init.zeros_(self.conv.weight)
        self.conv.weight.data.fill_(1.0)

    def forward(self, x):
        return F.conv1d(x, self.conv.weight, groups=self.conv.weight.shape[0])
"""
    text, diagnostics = port(source)
    assert "ms_support.zeros_(self.conv.weight)" in text
    assert "ms_support.conv1d(x, self.conv.weight.squeeze(2), groups=self.conv.weight.squeeze(2).shape[0])" in text
    assert remarked(diagnostics) == []
    assert port(text)[0] == text


def test_kinds_of_what_layers_and_unknown_functions_return(port: Port) -> None:
    source = """\
from torch import nn

from activations import ACTIVATIONS


class Positions(nn.Embedding):
    def forward(self, positions):
        return super().forward(positions + 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.positions = Positions(4, 2)

    def forward(self, positions):
        y = self.positions(positions)
        rows = y.size(0)
        y = ACTIVATIONS["gelu"](y)
        return y.transpose(1, 2), rows


def initialize(module):
    if isinstance(module, nn.Linear):
        nn.init.ones_(module.weight)
    elif "Norm" in module.__class__.__name__:
        nn.init.zeros_(module.running_mean)
"""
    text, diagnostics = port(source)
    assert "rows = y.shape[0]" in text
    assert "return y.swapaxes(1, 2), rows" in text
    assert 'ms_support.zeros_(ms_support.layer_attribute(module, "running_mean"))' in text
    assert remarked(diagnostics) == ["T2M206"]  # the name of a class


def test_joining_to_an_empty_tensor(port: Port) -> None:
    source = """\
import torch


def gather(batches):
    out = torch.tensor([])
    for batch in batches:
        out = torch.cat([out, batch], dim=0)
    return out
"""
    text, diagnostics = port(source)
    assert "out = ms_support.cat([out, batch], dim=0)" in text
    assert remarked(diagnostics) == []


def test_joining_what_a_function_is_given(port: Port) -> None:
    """Any of its arguments may be an empty tensor, which torch skips; what a model computes is none."""
    source = """\
import torch


def join(a: torch.Tensor, many: list[torch.Tensor]):
    parts = []
    for one in many:
        parts.append(one * 2)
    return torch.cat([a, a * 2]), torch.cat(many, 1), torch.cat(parts), torch.cat([a.relu(), a + 1], dim=1)


class Join(torch.nn.Module):
    def forward(self, x, skip):
        return torch.cat([x, skip], 1)
"""
    text, diagnostics = port(source)
    given, listed, built, computed = (
        "ms_support.cat([a, a * 2])",
        "ms_support.cat(many, 1)",
        "mint.cat(parts)",
        "mint.cat([ops.relu(a), a + 1], dim=1)",
    )
    assert f"return {given}, {listed}, {built}, {computed}\n" in text
    assert "return mint.cat([x, skip], 1)" in text
    assert remarked(diagnostics) == []


def test_single_samples(port: Port) -> None:
    """Convolutions of MindSpore take batches alone: the model says that it is fed batches, or the support class takes both."""
    source = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3)

    def forward(self, x):
        return self.conv(x)
"""
    assert "self.conv = ms_support.Conv1d(3, 4, 3)" in port(source)[0]
    batched = source.replace("return self.conv(x)", "return self.conv(x).view(x.size(0), -1)")
    assert 'self.conv = nn.Conv1d(3, 4, 3, has_bias=True, pad_mode="pad")' in port(batched)[0]
    loaded = source.replace("from torch import nn\n", "from torch import nn\nfrom torch.utils.data import DataLoader\n")
    assert 'self.conv = nn.Conv1d(3, 4, 3, has_bias=True, pad_mode="pad")' in port(loaded)[0]


def test_inner_steps_of_layers(port: Port) -> None:
    """A step that torch's layer takes and the target's does not, written anew: reported, unless the class takes it itself. So are private members."""
    source = """\
from torch import nn


class Norm(nn.InstanceNorm2d):
    def _apply_instance_norm(self, x):
        return x


class Cell(nn.LSTM):
    def permute_hidden(self, hx, permutation):
        return hx

    def check_input(self, x):
        pass

    def forward(self, x):
        self.check_input(x)
        return self._flat_weights, super().forward(x)


class Conv(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight * 2, bias)
"""
    output, diagnostics = port(source)
    symbols = [diagnostic.symbol for diagnostic in diagnostics if diagnostic.kind is Kind.UNCONVERT]
    assert symbols == ["_apply_instance_norm", "permute_hidden", "self._flat_weights"]
    assert "super()._conv_forward(x, weight * 2, bias)" in output


def test_modules_that_choose_their_mode(port: Port) -> None:
    """The decorator stands above classes whose ``train`` is in place of torch's, not above those that train."""
    source = """\
from torch import nn


class Frozen(nn.Module):
    def train(self, mode=True):
        return super().train(False)


class Fitted(nn.Module):
    def train(self, data):
        for x in data:
            self(x)
"""
    output, diagnostics = port(source)
    assert remarked(diagnostics) == []
    assert output.count("@ms_support.own_mode\nclass Frozen(nn.Cell):") == output.count("@ms_support.own_mode") == 1
    assert port(output)[0] == output
