"""Names: imports of every kind, clashes with the user's own names, shadowing, names in strings."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked
from transpiler.mapping.registry import Registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import single_file_context, transpile_source

CASES = [
    pytest.param(
        """\
import torch as th
import torch.nn.functional
from torch.nn import functional as F, Conv2d as C

y = th.relu(torch.nn.functional.relu(F.relu(x)))
layer = C(1, 2, 3, bias=False)
""",
        """\
from mindspore import nn, ops

y = ops.relu(ops.relu(ops.relu(x)))
layer = nn.Conv2d(1, 2, 3, has_bias=False, pad_mode="pad")
""",
        [],
        id="aliases",
    ),
    pytest.param(
        """\
import os

import torch
import torch.nn as nn

layer = nn.Linear(1, 2)

layer.cuda()
layer.eval()
""",
        """\
import os

from mindspore import nn

layer = nn.Dense(1, 2)

layer.set_train(False)
""",
        [],
        id="blank-lines-before-what-goes",
    ),
    pytest.param(
        """\
def f(x):
    import torch

    return torch.neg(x)
""",
        """\
from mindspore import mint
def f(x):

    return mint.neg(x)
""",
        [],
        id="import-in-functions",
    ),
    pytest.param(
        """\
import torch


def f(x, ops, nn, mint):
    return torch.nn.functional.relu(x) + torch.neg(ops) + torch.add(x, mint)
""",
        """\
import mindspore.mint
import mindspore.ops


def f(x, ops, nn, mint):
    return mindspore.ops.relu(x) + mindspore.mint.neg(ops) + mindspore.mint.add(x, mint)
""",
        [],
        id="user-names-clash",
    ),
    pytest.param(
        """\
try:
    import torch
    import torch.nn as nn
except ImportError:
    torch = None
    nn = object


class A(nn.Module):
    pass
""",
        """\
try:
    import mindspore.nn
except ImportError:
    torch = None
    nn = object


class A(mindspore.nn.Cell):
    pass
""",
        [],
        id="try-with-fallback",
    ),
    pytest.param(
        """\
try:
    import torch
except ImportError:
    torch = None


def f(x):
    return torch.neg(x) if torch is not None else x
""",
        """\
from mindspore import mint
try:
    import torch
except ImportError:
    torch = None


def f(x):
    return mint.neg(x) if torch is not None else x
""",
        ["T2M303", "T2M305"],
        id="fallback-that-is-asked-for",
    ),
    pytest.param(
        """\
if NEW:
    from torch.cuda.amp import autocast
else:
    from contextlib import nullcontext as autocast
with autocast():
    pass
""",
        None,
        ["T2M305"],
        id="either-import",
    ),
    pytest.param(
        """\
import torch
x = torch.ones(2)
assert torch.is_tensor(x)
from torch import Tensor, nn
layer = nn.ReLU()
""",
        """\
from mindspore import Tensor, nn, ops
x = ops.ones((2,))
assert isinstance(x, Tensor)
layer = nn.ReLU()
""",
        [],
        id="late-import",
    ),
    pytest.param(
        """\
def f(torch):
    return torch.neg(1)
""",
        None,
        [],
        id="shadowed-parameter",
    ),
    pytest.param(
        """\
import torch.nn.functional as F


def f(xs, x):
    ys = [F.upper() for F in xs]
    return F.relu(x), ys
""",
        """\
from mindspore import ops


def f(xs, x):
    ys = [F.upper() for F in xs]
    return ops.relu(x), ys
""",
        [],
        id="shadowed-loop-variable",
    ),
    pytest.param(
        """\
import torch.nn as nn

layer = getattr(nn, "ReLU")()
""",
        """\
from mindspore import nn

layer = nn.ReLU()
""",
        [],
        id="getattr-with-literal",
    ),
    pytest.param(
        """\
import torch.nn as nn

layer = getattr(nn, name)()
""",
        None,
        ["T2M305", "T2M404"],
        id="getattr-at-run-time",
    ),
    pytest.param(
        """\
import importlib

mod = importlib.import_module("torch.nn")
other = __import__("torch")
""",
        None,
        ["T2M404", "T2M404"],
        id="import-by-string",
    ),
    pytest.param(
        '''\
import torch


def f(x: "torch.Tensor") -> "torch.Tensor":
    """torch.neg(x)"""
    return torch.neg(x)
''',
        '''\
import mindspore
from mindspore import mint


def f(x: "mindspore.Tensor") -> "mindspore.Tensor":
    """torch.neg(x)"""
    return mint.neg(x)
''',
        [],
        id="strings-stay",
    ),
    pytest.param(
        '''\
"""About torch."""

x = "torch"
''',
        None,
        [],
        id="no-torch",
    ),
    pytest.param(
        """\
import torch

torch.backends.cudnn.benchmark = True  # faster
if x:
    torch.backends.cudnn.deterministic = True
""",
        """\
# faster
if x:
    pass
""",
        [],
        id="settings-of-torch",
    ),
    pytest.param(
        """\
import torch

torch.nn.Linear.reset_parameters = lambda self: None
""",
        None,
        ["T2M305", "T2M305"],
        id="other-settings-of-torch",
    ),
    pytest.param(
        """\
import os, torch, sys

y = torch.neg(x)
""",
        """\
import os, sys
from mindspore import mint

y = mint.neg(x)
""",
        [],
        id="partial-import-line",
    ),
]


@pytest.mark.parametrize(("before", "after", "codes"), CASES)
def test_names(port: Port, before: str, after: str | None, codes: list[str]) -> None:
    text, diagnostics = port(before)
    assert text == (before if after is None else after)
    assert remarked(diagnostics) == codes
    assert port(text)[0] == text


def test_what_is_left_asks_for_no_import(registry: Registry) -> None:
    source = b"import torch\nimport keras\nfrom keras import ops\n\n\ndef f(x: torch.Tensor, y):\n    x.sub_(y)\n    return ops.abs(x)\n"
    made = transpile_source(source, path="f.py", context=single_file_context(source, "f.py", "keras", registry))
    assert b"keras.ops" not in made.output
    assert [d.code.value for d in made.diagnostics if d.kind is Kind.UNCONVERT] == ["T2M304"]


def test_modules_imported_by_functions_of_others_are_reported(port: Port) -> None:
    body = 'mish, has = optional_import("torch.nn.functional", name="mish")\ntimm = self_import.lazy_import("timm.layers")\nrearrange, _ = optional_import("einops", name="rearrange")\n'
    text, diagnostics = port(
        "import torch\nfrom utils import optional_import, self_import\n\n" + body + 'np, _ = optional_import("numpy")\n'
    )
    assert body in text
    assert remarked(diagnostics) == ["T2M404"] * 3
