"""In-place operations keep their effect: layers and functions asked to work in place, methods, views, parts of tensors."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked

CASES = [
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.plain = nn.ReLU()

    def forward(self, x):
        y = self.act(x)
        z = self.plain(x)
        return x + y + z
""",
        """\
from mindspore import nn


class A(nn.Cell):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()
        self.plain = nn.ReLU()

    def construct(self, x):
        y = x = self.act(x)
        z = self.plain(x)
        return x + y + z
""",
        [],
        id="layer-whose-operand-is-read-again",
    ),
    pytest.param(
        """\
import torch
import torch.nn as nn
import torch.nn.functional as F


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        identity = x
        x = self.act(self.conv(x))
        y = F.relu(self.conv(x), inplace=True)
        for _ in range(2):
            y = self.act(y)
        if y.size(0) > 1:
            y = self.act(y + identity)
        return self.act(y)
""",
        """\
from mindspore import nn, ops


class A(nn.Cell):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()
        self.conv = nn.Conv2d(1, 1, 1, has_bias=True, pad_mode="pad")

    def construct(self, x):
        identity = x
        x = self.act(self.conv(x))
        y = ops.relu(self.conv(x))
        for _ in range(2):
            y = self.act(y)
        if y.shape[0] > 1:
            y = self.act(y + identity)
        return self.act(y)
""",
        [],
        id="usual-cases-stay-quiet",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(x):
    identity = x
    x = F.relu(x, inplace=True)
    return x + identity
""",
        """\
from mindspore import ops


def f(x):
    identity = x
    x = identity = ops.relu(x)
    return x + identity
""",
        [],
        id="alias-is-bound-too",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(x):
    F.relu(x, inplace=True)
    return x
""",
        """\
from mindspore import ops


def f(x):
    x = ops.relu(x)
    return x
""",
        [],
        id="statement",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(x, n):
    for _ in range(n):
        y = F.relu(x, inplace=True)
    return y
""",
        """\
from mindspore import ops


def f(x, n):
    for _ in range(n):
        y = x = ops.relu(x)
    return y
""",
        [],
        id="read-in-the-next-round",
    ),
    pytest.param(
        """\
import torch
import torch.nn.functional as F


def f(x: torch.Tensor):
    y = x.view(-1)
    z = F.relu(y, inplace=True)
    return x + z
""",
        """\
import mindspore
from mindspore import ops


def f(x: mindspore.Tensor):
    y = x.reshape(-1)
    z = ops.relu(y)
    return x + z
""",
        ["T2M202"],
        id="view-shows-the-change",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(x, outs):
    outs.append(x)
    x = F.relu(x, inplace=True)
    return outs, x
""",
        """\
from mindspore import ops


def f(x, outs):
    outs.append(x)
    x = ops.relu(x)
    return outs, x
""",
        ["T2M202"],
        id="container-shows-the-change",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(x):
    return F.relu(x, inplace=True) + x
""",
        """\
from mindspore import ops


def f(x):
    return ops.relu(x) + x
""",
        ["T2M202"],
        id="inside-an-expression",
    ),
    pytest.param(
        """\
import torch.nn as nn


class A(nn.Module):
    def __init__(self, inplace):
        super().__init__()
        self.act = nn.ReLU(inplace=inplace)
        self.seq = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 1, 1), nn.Flatten())

    def forward(self, x):
        y = self.act(x) + x
        z = self.seq(y)
        return y + z
""",
        """\
from mindspore import nn


class A(nn.Cell):
    def __init__(self, inplace):
        super().__init__()
        self.act = nn.ReLU()
        self.seq = nn.SequentialCell(nn.ReLU(), nn.Conv2d(1, 1, 1, has_bias=True, pad_mode="pad"), nn.Flatten())

    def construct(self, x):
        y = self.act(x) + x
        z = self.seq(y)
        return y + z
""",
        ["T2M202", "T2M202"],
        id="may-be-in-place",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor):
    z = x * 2
    z.add_(1)
    z += y
    return z
""",
        """\
import mindspore


def f(x: mindspore.Tensor, y: mindspore.Tensor):
    z = x * 2
    z = z.add(1)
    z += y
    return z
""",
        [],
        id="fresh-names-are-rebound",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, outs):
    z = x * 2
    v = z.view(-1)
    z.add_(1)
    w = x * 2
    outs.append(w)
    w.mul_(2)
    x.add_(1).mul_(2)
    return v
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor, outs):
    z = x * 2
    v = z.reshape(-1)
    ms_support.copy_into(z, z.add(1))
    w = x * 2
    outs.append(w)
    ms_support.copy_into(w, w.mul(2))
    ms_support.copy_into(x, x.add(1).mul(2))
    return v
""",
        [],
        id="others-see-the-change",
    ),
    pytest.param(
        """\
import torch


def f(m: torch.nn.Module, d):
    with torch.no_grad():
        for p in m.parameters():
            p.mul_(d)
            p += 1
""",
        """\
import ms_support
from mindspore import nn


def f(m: nn.Cell, d):
    with ms_support.no_grad():
        for p in ms_support.parameters(m):
            ms_support.copy_into(p, p.mul(d))
            ms_support.copy_into(p, p + 1)
""",
        [],
        id="parameters-are-shared",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor):
    x[0].zero_()
    x[1].copy_(y)
    x[:2].add_(1).mul_(2)
    row = x[2]
    row.add_(1)
    row += 1
    for r in x:
        r.mul_(2)
    x[0] += 1
    x[y > 0] = 0
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor, y: mindspore.Tensor):
    x[0] = ms_support.zeros_(x[0].copy())
    x[1] = y
    x[:2] = x[:2].add(1).mul(2)
    row = x[2]
    row[:] = row.add(1)
    row[:] += 1
    for r in x:
        r[:] = r.mul(2)
    x[0] += 1
    x = ms_support.set_item(x, y > 0, 0)
""",
        [],
        id="parts-are-written-through",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor):
    return x[0].zero_()
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor):
    return ms_support.zeros_(x[0])
""",
        [],
        id="part-inside-an-expression",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor):
    y = x * 2
    y.unsqueeze_(0)
    x.unsqueeze_(0)
    return x.unsqueeze_(0)
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor):
    y = x * 2
    y = y.unsqueeze(0)
    ms_support.set_tensor(x, x.unsqueeze(0))
    return ms_support.set_tensor(x, x.unsqueeze(0))
""",
        [],
        id="shape-changes",
    ),
    pytest.param(
        """\
import torch


def f(m: torch.nn.Module):
    ps = list(m.parameters())
    ps[0] += 1
""",
        """\
import ms_support
from mindspore import nn


def f(m: nn.Cell):
    ps = list(ms_support.parameters(m))
    ms_support.copy_into(ps[0], ps[0] + 1)
""",
        [],
        id="items-of-containers",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, state: dict[str, torch.Tensor], n):
    held = [x, x[0]]
    held[0].add_(1).mul_(2)
    held[1].fill_(5)
    held[n + 1].add_(1)
    held[0].copy_(held[1])
    state["m"].mul_(0.9).add_(x, alpha=0.1)
    torch.max(x, 1)[0].add_(1)
    x[0].add_(1)
""",
        """\
import mindspore
import ms_support


def f(x: mindspore.Tensor, state: dict[str, mindspore.Tensor], n):
    held = [x, x[0]]
    ms_support.copy_into(held[0], held[0].add(1).mul(2))
    ms_support.tensor_fill_(held[1], 5)
    ms_support.update(held[n + 1], lambda t: t.add(1))
    ms_support.copy_into(held[0], held[1])
    ms_support.copy_into(state["m"], state["m"].mul(0.9).add(x, alpha=0.1))
    ms_support.tensor_max(x, 1)[0].add(1)
    x[0] = x[0].add(1)
""",
        [],
        id="tensors-that-containers-hold",
    ),
    pytest.param(
        """\
import torch


def f(xs, start=torch.zeros(2)):
    kept, sums, outs = torch.zeros(2), [], []
    total = torch.zeros(2)
    best = last = None
    for x in xs:
        out = x * 2
        out += 1
        outs.append(out)
        total += out
        kept += 1
        sums.append(kept)
        last = kept.mean()
    start += total
    for x in xs:
        if x > 0:
            best = total
            continue
        total.mul_(2)
    return best, last


class Meter:
    def __init__(self):
        self.total = torch.zeros(2)
        self.count = torch.zeros(1)
        self.log = []

    def update(self, x: torch.Tensor):
        self.total += x
        self.count += 1
        self.log.append(self.total)

    def mean(self):
        return self.total / self.count
""",
        """\
import mindspore
import ms_support
from mindspore import ops


def f(xs, start=ops.zeros((2,))):
    kept, sums, outs = ops.zeros((2,)), [], []
    total = ops.zeros((2,))
    best = last = None
    for x in xs:
        out = x * 2
        out += 1
        outs.append(out)
        total += out
        ms_support.copy_into(kept, kept + 1)
        sums.append(kept)
        last = kept.mean()
    ms_support.copy_into(start, start + total)
    for x in xs:
        if x > 0:
            best = total
            continue
        ms_support.copy_into(total, total.mul(2))
    return best, last


class Meter:
    def __init__(self):
        self.total = ops.zeros((2,))
        self.count = ops.zeros((1,))
        self.log = []

    def update(self, x: mindspore.Tensor):
        self.total.copy_(self.total + x)
        self.count += 1
        self.log.append(self.total)

    def mean(self):
        return self.total / self.count
""",
        [],
        id="sums-that-others-hold",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor):
    z = x.half() * 2
    z += y
    z += 1
    z *= z * 2
    z.mul_(y)
    z.clamp_(min=0)
    return z
""",
        """\
import mindspore


def f(x: mindspore.Tensor, y: mindspore.Tensor):
    z = x.half() * 2
    z = (z + y).astype(z.dtype)
    z += 1
    z *= z * 2
    z = z.mul(y).astype(z.dtype)
    z = z.clamp(min=0)
    return z
""",
        [],
        id="dtypes-stay",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor):
    v = x.transpose(0, 1)
    v.mul_(2)
    v += 1
    own = (x * 2).transpose(0, 1)
    own += 1
    own.mul_(2)
    return own
""",
        """\
import mindspore


def f(x: mindspore.Tensor):
    v = x.swapaxes(0, 1)
    v[:] = v.mul(2)
    v[:] += 1
    own = (x * 2).swapaxes(0, 1)
    own += 1
    own = own.mul(2)
    return own
""",
        [],
        id="views-are-written-through",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, buffer: torch.Tensor):
    own = torch.empty_like(x)
    torch.sqrt(x, out=own)  # a new tensor
    table = torch.zeros(3, 4)
    torch.sqrt(x, out=table[:, 0::2])
    torch.sqrt(x, out=buffer)
    values = torch.empty(3)
    indices = torch.empty(3, dtype=torch.long)
    torch.topk(x, 3, out=(values, indices))
    return torch.sqrt(x, out=None)
""",
        """\
import mindspore
import ms_support
from mindspore import mint, ops


def f(x: mindspore.Tensor, buffer: mindspore.Tensor):
    own = ms_support.empty_like(x)
    own = mint.sqrt(x).astype(own.dtype)  # a new tensor
    table = ops.zeros((3, 4))
    table[:, 0::2] = mint.sqrt(x)
    ms_support.copy_into(buffer, mint.sqrt(x))
    values = ms_support.empty(3)
    indices = ms_support.empty(3, dtype=mindspore.int64)
    values, indices = ms_support.topk(x, 3)
    return mint.sqrt(x)
""",
        [],
        id="out-is-written-to",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor, y: torch.Tensor, n):
    held = [x]
    x.pow_(2)
    x.mul_(y).add_(1)
    x.mul_(n)
    x *= y
    x >>= 1
    return held, y << 2
""",
        """\
import mindspore
import ms_support
from mindspore import ops


def f(x: mindspore.Tensor, y: mindspore.Tensor, n):
    held = [x]
    ms_support.copy_into(x, x.copy().pow(2))
    ms_support.copy_into(x, x.copy().mul(y).add(1))
    ms_support.copy_into(x, x.mul(n))
    ms_support.copy_into(x, x.copy() * y)
    ms_support.copy_into(x, ops.bitwise_right_shift(x, 1))
    return held, ops.bitwise_left_shift(y, 2)
""",
        [],
        id="old-values-that-a-derivative-reads",
    ),
    pytest.param(
        """\
import torch


def f(x: torch.Tensor):
    y = x * 2
    held = [y]
    y += 1
    z = x.clone()
    same = z.sqrt_()
    last = x * 3
    return held, z, same, last.sqrt_()
""",
        """\
import mindspore
import ms_support
from mindspore import ops


def f(x: mindspore.Tensor):
    y = x * 2
    held = [y]
    ms_support.copy_into(y, y + 1)
    z = ops.deepcopy(x)
    same = z = z.sqrt()
    last = x * 3
    return held, z, same, ms_support.copy_into(last, last.sqrt())
""",
        [],
        id="a-name-beside-the-changed-one",
    ),
]


@pytest.mark.parametrize(("before", "after", "codes"), CASES)
def test_inplace(port: Port, before: str, after: str | None, codes: list[str]) -> None:
    text, diagnostics = port(before)
    assert text == (before if after is None else after)
    assert remarked(diagnostics) == codes
    assert port(text)[0] == text


def test_activations_kept_before_an_in_place_layer(port: Port) -> None:
    source = """\
import torch.nn as nn

net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))
seen, outs = {}, []
net[0].register_forward_hook(lambda module, args, output: seen.update(a=output))


def run(x):
    for i, layer in enumerate(net):
        x = layer(x)
        outs.append(x)
        seen[i] = x
    return x
"""
    assert remarked(port(source)[1]) == ["T2M202"] * 3
    assert remarked(port(source.replace("inplace=True", ""))[1]) == []
    assert remarked(port(source.replace("inplace=True", "True"))[1]) == ["T2M202"] * 3
