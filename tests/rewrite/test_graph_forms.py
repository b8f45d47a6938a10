"""Constructs that MindSpore's compiler refuses, in a model: written as it takes them, left where it would mean something else; same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

import transpiler
from tests.rewrite.conftest import Port
from transpiler.exporter import VerifyRequest, render_table, verify

NET = """
import torch
from torch import nn


def both(*functions):
    if not all(callable(function) for function in functions):
        raise RuntimeError(f"not callable: {functions}")

    def inner(x: torch.Tensor):
        result = torch.zeros_like(x)
        for function in functions:
            result = result + function(x).expand(2, -1)
        return result

    return inner


def double(x):
    return x * 2


class Net(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.head = nn.Linear(kwargs.pop("width", 4), 3)

    def forward(self, x=None, other=None, **kwargs):
        if (x is None) ^ (other is not None):  # one of them
            raise ValueError("give one")
        kwargs.pop("unused", None)
        factor = kwargs.pop("factor", 3)
        # as many as there are
        if (count := x.shape[0] - 1) > 0:
            x = x * count
        if torch.compiler.is_compiling():
            x = x + 0
        return self.scaled(self.head(x) * factor, **kwargs) + both(double, torch.neg)(self.head(x))

    def scaled(self, x, by=5):
        return x * by
"""


def test_they_are_written_as_the_compiler_takes_them(port: Port) -> None:
    text, _ = port(NET)
    assert "        if (x is None) != (other is not None):  # one of them\n" in text
    assert '        kwargs = ms_support.without_keyword(kwargs, "unused")\n' in text
    assert '        factor, kwargs = ms_support.pop_keyword(kwargs, "factor", 3)\n' in text
    assert "        # as many as there are\n        count = x.shape[0] - 1\n        if count > 0:\n" in text
    assert "    if not ms_support.all_callable(functions):\n" in text
    assert "        if ms_support.is_compiling():\n" in text
    assert 'nn.Dense(kwargs.pop("width", 4), 3' in text  # a constructor is nobody's graph
    assert port(text)[0] == text


def test_a_graph_is_made_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    transpiler.transpile_project(tmp_path / "net.py", tmp_path / "port", target="mindspore", report=tmp_path / "report")
    result = verify(
        VerifyRequest(tmp_path / "net.py", tmp_path / "port" / "net.py", "net:Net()", "mindspore", None, "2,4", grad=True, graph=True)
    )
    assert result.ok, render_table(result)
    assert (result.compiled, result.exported) == ("source", "source")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("keep(kwargs)\n    kwargs.pop('a', 1)", "kwargs.pop('a', 1)"),
        ("self_kwargs = kwargs\n    b = kwargs.pop('a', 1)", "b = kwargs.pop('a', 1)"),
        ("b = kwargs.pop('a')", "b = kwargs.pop('a')"),
        ("kwargs.pop('a', keep(1))", "kwargs.pop('a', keep(1))"),
        ("f = lambda: kwargs\n    kwargs.pop('a', 1)", "kwargs.pop('a', 1)"),
        ("b = {}\n    b.pop('a', 1)", "b.pop('a', 1)"),
        ("b = n ^ 3", "b = n ^ 3"),
        ("b = (x == 1) ^ (x is None)", "(x == 1) ^ (x is None)"),
        ("while (m := n - 1) > 3:\n        n = m", "while (m := n - 1) > 3:"),
        ("if n > 0 and (m := n) > 1:\n        n = m", "if n > 0 and (m := n) > 1:"),
        ("b = all(callable(f) for f in kwargs.values())", "all(callable(f) for f in kwargs.values())"),
    ],
)
def test_what_would_mean_something_else_stays(body: str, kept: str, port: Port) -> None:
    text, _ = port(f"import torch\n\n\ndef f(x: torch.Tensor, n, **kwargs):\n    {body}\n    return torch.relu(x)\n")
    assert kept in text


def test_a_comparison_inside_an_operation_keeps_its_place(port: Port) -> None:
    text, _ = port(
        "import torch\n\n\ndef f(x: torch.Tensor, a, b, c):\n    return (a is None) ^ (b is None) ^ (not c), -((a is None) ^ (b in c)), x\n"
    )
    assert "return ((a is None) != (b is None)) != (not c), -((a is None) != (b in c)), x" in text or (
        "return ((a is None) != (b is None)) ^ (not c), -((a is None) != (b in c)), x" in text
    )


@pytest.mark.parametrize(
    "function",
    [
        "def make(**kwargs):\n    width = kwargs.pop('width', 3)\n    return torch.nn.Linear(width, 2)",
        "@torch.jit.ignore\ndef names(x):\n    if (n := len(x)) > 3:\n        return n",
        "def read(path, **kwargs):\n    kwargs.pop('strict', True)\n    return torch.load(path)",
        "async def f(x: torch.Tensor, future):\n    if (n := x.shape[0]) > 2:\n        return await future",
    ],
)
def test_what_makes_layers_or_reads_files_is_nobodys_graph(function: str, port: Port) -> None:
    text, _ = port(f"import torch\n\n\n{function}\n")
    assert [line for line in text.splitlines() if "pop" in line or ":=" in line] == [
        line for line in function.splitlines() if "pop" in line or ":=" in line
    ]


def test_files_without_torch_are_left_alone(port: Port) -> None:
    source = "def f(a, b, **kwargs):\n    kwargs.pop('a', None)\n    return (a is None) ^ (b is None)\n"
    assert port(source)[0] == source
