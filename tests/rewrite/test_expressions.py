"""Expressions and statements: arguments, overloads, precedence, patterns, comments, folded conditions."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked

CASES = [
    pytest.param(
        """\
import torch

layer = torch.nn.Linear(2, 2)
y = layer(torch.ones(1, 2)).sum()
grads = torch.autograd.grad(y, (layer.weight, layer.bias))
""",
        """\
import torch
from mindspore import nn, ops

layer = nn.Dense(2, 2)
y = layer(ops.ones((1, 2))).sum()
grads = torch.autograd.grad(y, (layer.weight, layer.bias))
""",
        ["T2M305", "T2M307"],
        id="gradients-that-stay",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, device, u):
    a = x.to(device, torch.float16)
    b = x.to(u, non_blocking=True)
    return a, b, x.to(torch.float16), x.to("cuda")
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor, device, u):
    a = ms_support.tensor_to(x, device, mindspore.float16)
    b = ms_support.tensor_to(x, u, non_blocking=True)
    return a, b, x.to(mindspore.float16), x
""",
        [],
        id="uncertain-overload-keeps-every-argument",
    ),
    pytest.param(
        """\
import copy

import torch


def f(x: torch.Tensor, model: torch.nn.Module, anything, names: list[str]):
    best = copy.deepcopy(model.state_dict())
    twin = copy.deepcopy(model)
    return copy.deepcopy({"a": x}), copy.deepcopy(anything), copy.deepcopy(names), best, twin
""",
        """\
import copy

import mindspore
import ms_support
from mindspore import nn


def f(x: mindspore.Tensor, model: nn.Cell, anything, names: list[str]):
    best = ms_support.deepcopy(ms_support.state_dict(model))
    twin = copy.deepcopy(model)
    return ms_support.deepcopy({"a": x}), ms_support.deepcopy(anything), copy.deepcopy(names), best, twin
""",
        [],
        id="deep-copies",
    ),
    pytest.param(
        """\
import torch

p = torch.nn.Parameter(torch.ones(2), requires_grad=False)
""",
        """\
import mindspore
from mindspore import ops

p = mindspore.Parameter(ops.ones((2,)), requires_grad=False)
""",
        [],
        id="parameter-without-gradient",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor):
    return torch.add(x, y, out=y)
""",
        """\
import mindspore
import ms_support
from mindspore import mint


def f(x: mindspore.Tensor, y: mindspore.Tensor):
    return ms_support.copy_into(y, mint.add(x, y))
""",
        [],
        id="out-takes-the-values",
    ),
    pytest.param(
        """\
import torch

y = torch.neg(x, y, z)
""",
        None,
        ["T2M305", "T2M403"],
        id="wrong-arity",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, s: tuple, n: int, u):
    return x.view(n, -1), x.view(*s), x.view(s), x.view(u), -x.size(0), x.size()[1:], x.size(-1) ** 2
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor, s: tuple, n: int, u):
    return x.reshape(n, -1), x.reshape(*s), x.reshape(s), ms_support.tensor_view(x, u), -x.shape[0], x.shape[1:], x.shape[-1] ** 2
""",
        [],
        id="views-and-sizes",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor, u):
    values, indices = torch.max(x, 1)
    x, y = x.float(), y.float()
    return torch.max(x), torch.max(x, y), x.max(u)
""",
        """\
import mindspore
import ms_support
from mindspore import mint


def f(x: mindspore.Tensor, y: mindspore.Tensor, u):
    values, indices = ms_support.tensor_max(x, 1)
    x, y = x.float(), y.float()
    return mint.max(x), mint.maximum(x, y), ms_support.tensor_max(x, u)
""",
        [],
        id="max-overloads",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, a: torch.Tensor, flag):
    y = (a + x).view(-1)
    return (-x).sqrt(), torch.is_tensor(a if flag else x), not torch.is_tensor(a), (a @ x).size(-1) - 1, y
""",
        """\
import mindspore


def f(x: mindspore.Tensor, a: mindspore.Tensor, flag):
    y = (a + x).reshape(-1)
    return (-x).sqrt(), isinstance(a if flag else x, mindspore.Tensor), not isinstance(a, mindspore.Tensor), (a @ x).shape[-1] - 1, y
""",
        [],
        id="parentheses",
    ),
    pytest.param(
        """\
import torch


async def f(x: torch.Tensor, fut):
    if (n := x.size(0)) > 2:
        y = torch.neg(await fut)
    text = f"{x.size(0)} {torch.neg(x).sum():.3f}"
    return [t.view(n) for t in [x] if t.size(0)], lambda t=torch.float32: t
""",
        """\
import mindspore
from mindspore import mint


async def f(x: mindspore.Tensor, fut):
    if (n := x.shape[0]) > 2:
        y = mint.neg(await fut)
    text = f"{x.shape[0]} {mint.neg(x).sum().item():.3f}"
    return [t.reshape(n) for t in [x] if t.shape[0]], lambda t=mindspore.float32: t
""",
        [],
        id="inside-other-expressions",
    ),
    pytest.param(
        """\
import torch


def report(x: torch.Tensor, rounds):
    best = 0.0
    for number in range(rounds):
        mean = x.mean()
        if mean > best:
            best = mean
        print("{} {:.4f} {0!r:>4}".format(number, mean), "{a:{width}} {:.1f}".format(mean, a=x.sum(), width=8), f"{x} {mean!s:>9}")
    print(f"{best:.2f}", format(x.sum(), ".3f"), f"{rounds:>4}")
""",
        """\
import mindspore
import ms_support


def report(x: mindspore.Tensor, rounds):
    best = 0.0
    for number in range(rounds):
        mean = x.mean()
        if mean > best:
            best = mean
        print("{} {:.4f} {0!r:>4}".format(number, mean.item()), "{a:{width}} {:.1f}".format(mean.item(), a=x.sum().item(), width=8), f"{x} {mean!s:>9}")
    print(f"{ms_support.number_of(best):.2f}", format(x.sum().item(), ".3f"), f"{rounds:>4}")
""",
        [],
        id="tensors-formatted-with-a-specification",
    ),
    pytest.param(
        """\
import torch


def f(m):
    match m:
        case 1 | torch.float32:
            return 1
        case {"a": t} if torch.is_tensor(t):
            return torch.neg(t)
        case torch.Tensor():
            return 2
""",
        """\
import mindspore
from mindspore import mint


def f(m):
    match m:
        case 1 | mindspore.float32:
            return 1
        case {"a": t} if isinstance(t, mindspore.Tensor):
            return mint.neg(t)
        case mindspore.Tensor():
            return 2
""",
        [],
        id="case-patterns",
    ),
    pytest.param(
        """\
import torch


def f(m):
    match m:
        case torch.inf:
            return 1
""",
        None,
        ["T2M303", "T2M305"],
        id="case-pattern-that-cannot-be",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor):
    z = torch.zeros(
        2, 3,  # shape
        device=x.device,  # where
        dtype=torch.float32,  # type
    )
    return torch.cat(
        [x, y],  # parts
        # which axis
        dim=1,  # last
    )
""",
        """\
import mindspore
import ms_support
from mindspore import ops


def f(x: mindspore.Tensor, y: mindspore.Tensor):
    # shape
    # where
    # type
    z = ops.zeros((2, 3), dtype=mindspore.float32)
    return ms_support.cat(
        [x, y],  # parts
        # which axis
        dim=1,  # last
    )
""",
        [],
        id="comments-between-arguments",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor):
    if x.size(  # the batch
        0  # first
    ) > 1:
        return x
""",
        """\
import mindspore


def f(x: mindspore.Tensor):
    # the batch
    # first
    if x.shape[0] > 1:
        return x
""",
        [],
        id="comments-in-a-header",
    ),
    pytest.param(
        """\
import torch


def f(a, b):
    y = 3 * (1 if torch.jit.is_scripting() else a + b)
    return -(1 if torch.jit.is_scripting() else a + b), not (torch.jit.is_scripting() or a == b)
""",
        """\
def f(a, b):
    y = 3 * (a + b)
    return -(a + b), not (a == b)
""",
        [],
        id="folded-conditional-keeps-parentheses",
    ),
    pytest.param(
        """\
import torch


def f(a):
    if torch.jit.is_scripting():  # one
        # two
        y = 1  # three
    else:  # four
        y = 2  # five
    if a:
        y = 3
    elif torch.jit.is_scripting():  # six
        y = 4  # seven
    return y
""",
        """\
def f(a):
    # one
    # two
    # three
    # four
    y = 2  # five
    # six
    # seven
    if a:
        y = 3
    return y
""",
        [],
        id="folded-branches-keep-comments",
    ),
    pytest.param(
        """\
import torch


def f(a):
    # before
    if torch.jit.is_scripting():
        # inside
        return a
""",
        """\
def f(a):
    # before
    # inside
    pass
""",
        [],
        id="folded-to-nothing",
    ),
    pytest.param(
        """\
import torch

if False:
    y = torch.neg(x)
""",
        """\
from mindspore import mint

if False:
    y = mint.neg(x)
""",
        [],
        id="own-constant-conditions-stay",
    ),
    pytest.param(
        """\
import torch


def f(model: torch.nn.Module):
    if True:
        model.cuda()  # there
    for i in range(3): model.cuda()
""",
        """\
from mindspore import nn


def f(model: nn.Cell):
    if True:
        # there
        pass
    for i in range(3): pass
""",
        [],
        id="dropped-last-statement",
    ),
    pytest.param(
        """\
import torch


def f(trainer):
    trainer.zero_grad()
""",
        """\
import ms_support


def f(trainer):
    ms_support.zero_grad(trainer)
""",
        [],
        id="unknown-receiver-is-asked-at-run-time",
    ),
    pytest.param(
        """\
import torch


def f(xs):
    prev = 0
    h = None
    for x in xs:
        a = prev.view(2)
        b = h.view(2)
        prev = h = torch.neg(x)
""",
        """\
import ms_support
from mindspore import mint


def f(xs):
    prev = 0
    h = None
    for x in xs:
        a = ms_support.view_of(prev, 2)
        b = ms_support.view_of(h, 2)
        prev = h = mint.neg(x)
""",
        [],
        id="kinds-change-in-loops",
    ),
    pytest.param(
        """\
import torch
import torch.nn as nn


def f(m, x):
    if type(m) == nn.Linear:
        nn.init.zeros_(m.weight)
    if m.__class__.__name__.find("Linear") != -1:
        pass
    return type(x) is torch.Tensor, {nn.Conv2d: 1}
""",
        """\
import mindspore
import ms_support
from mindspore import nn


def f(m, x):
    if ms_support.layer_class(type(m)) == nn.Dense:
        ms_support.zeros_(ms_support.layer_attribute(m, "weight"))
    if m.__class__.__name__.find("Linear") != -1:
        pass
    return type(x) is mindspore.Tensor, {nn.Conv2d: 1}
""",
        ["T2M206", "T2M206"],
        id="exact-types",
    ),
]


@pytest.mark.parametrize(("before", "after", "codes"), CASES)
def test_expressions(port: Port, before: str, after: str | None, codes: list[str]) -> None:
    text, diagnostics = port(before)
    assert text == (before if after is None else after)
    assert remarked(diagnostics) == codes
    assert port(text)[0] == text


def test_families_speak_for_names_without_an_entry(port: Port) -> None:
    _, diagnostics = port("import torch\nfrom torch.fx import symbolic_trace\n\nsymbolic_trace(None)\nprint(torch.ao.nothing.at.all)\n")
    left = [(d.code.value, d.symbol, d.hint) for d in diagnostics if d.code.value == "T2M301"]
    assert [symbol for _, symbol, _ in left] == ["symbolic_trace", "torch.ao.nothing.at.all"]
    assert "Graph capture" in left[0][2] and "Quantise" in left[1][2]


def test_star_parameters_by_name(port: Port) -> None:
    text, diagnostics = port(
        "import torch\n\n\ndef f(x: torch.Tensor):\n    return x.permute(dims=(1, 0)), x.view(size=(2, 2)), x.expand(size=(2, 2)), torch.zeros(dtype=torch.long, size=(1, 2))\n"
    )
    assert text.endswith("return x.permute((1, 0)), x.reshape((2, 2)), x.broadcast_to((2, 2)), ops.zeros((1, 2), dtype=mindspore.int64)\n")
    assert remarked(diagnostics) == []


def test_methods_of_objects_of_unknown_kind(port: Port) -> None:
    source = "import torch\n\n\ndef f(thing, x, n: int):\n    state = thing.state_dict()\n    return state, x.transpose(0, 1), x.to(n), torch.ones(2)\n"
    text, diagnostics = port(source)
    assert "state = ms_support.state_dict(thing)\n" in text
    assert "x.transpose(0, 1), ms_support.to(x, n)" in text
    assert remarked(diagnostics) == []


def test_what_may_hold_a_parameter_is_stacked_with_care(port: Port) -> None:
    source = """\
import torch
from torch import nn


def f(a, ps):
    w = nn.Parameter(a)
    print(torch.stack([w, a]), torch.stack(ps), torch.stack([torch.relu(a), a * 2]), torch.stack([torch.relu(p) for p in ps]))
"""
    text, diagnostics = port(source)
    assert "ms_support.stack([w, a]), ms_support.stack(ps), ops.stack([ops.relu(a), a * 2]), ops.stack([ops.relu(p) for p in ps])" in text
    assert "ops.stack(ps)" in port("import torch\n\n\ndef f(ps):\n    return torch.stack(ps)\n")[0]
    assert remarked(diagnostics) == []
