"""Graphs of a port: from its source, recorded where the compiler refuses the source, and refused where a record would hold for one input only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from transpiler.exporter import VerifyRequest, VerifyResult, render_table, verify
from transpiler.report.codes import Code

WritePair = Callable[[str, str, str], tuple[Path, Path]]

ORIGINAL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.ones(11, 4))
        self.head = nn.Linear(4, 3)
        self.shift = torch.arange(3.0)

    def forward(self, ids, **settings):
BODY
"""
PORT = """
import dataclasses
import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

@dataclasses.dataclass
class Output:
    logits: Tensor
    size: int

class Net(nn.Cell):
    def __init__(self):
        super().__init__()
        self.table = mindspore.Parameter(Tensor(np.ones((11, 4), np.float32)), name="table")
        self.head = nn.Dense(4, 3)
        self.shift = Tensor(np.arange(3.0, dtype=np.float32))

    def construct(self, ids, **settings):
BODY
"""
PLAIN = ["x = self.head(self.table[ids]) + self.shift", "return {'logits': x, 'size': x.shape[-1]}"]
#: What modelling frameworks do around their arithmetic; the compiler reads none of it.
AROUND = [
    "wanted = settings.pop('wanted', None) or dict(scale=2)",
    "if (ids is None) ^ bool(settings):",
    "    raise ValueError(sorted(settings))",
    "x = self.head(self.table[ids]) + self.shift",
    "for factor in (value for value in wanted.values()):",
    "    x = x * factor",
]


def _text(template: str, lines: list[str]) -> str:
    return template.replace("BODY", "\n".join(f"        {line}" for line in lines))


def _verify(pair: tuple[Path, Path], inputs: str = "int64[11]:2,5", mindir: Path | None = None) -> VerifyResult:
    return verify(VerifyRequest(*pair, "net:Net()", "mindspore", None, inputs, graph=True, mindir=mindir))


@pytest.mark.parametrize("inputs", ["int64[11]:2,5", "ids=int64[11]:2,5"])
def test_a_plain_network_compiles_from_its_source(inputs: str, write_pair: WritePair) -> None:
    result = _verify(
        write_pair("net", _text(ORIGINAL, PLAIN).replace(", **settings", ""), _text(PORT, PLAIN).replace(", **settings", "")), inputs
    )
    assert result.ok, render_table(result)
    assert (result.compiled, result.exported) == ("source", "source")
    assert {row.name for row in result.rows if row.kind == "graph output"} == {"logits", "size"}


def test_what_the_compiler_cannot_read_is_recorded(write_pair: WritePair, tmp_path: Path) -> None:
    original = _text(ORIGINAL, [*AROUND, "return {'logits': x, 'size': x.shape[-1]}"])
    result = _verify(
        write_pair("net", original, _text(PORT, [*AROUND, "return Output(x, x.shape[-1])"])), "ids=int64[11]:2,5", tmp_path / "net.mindir"
    )
    assert result.ok, render_table(result)
    assert (result.compiled, result.exported) == ("recorded", "recorded")
    assert {row.name for row in result.rows if row.kind == "graph output"} == {"logits", "size"}
    assert any("recorded while the port ran" in note for note in result.notes)
    assert (tmp_path / "net.mindir").stat().st_size > 0


def test_casts_constants_and_writes_of_a_record_are_exported(write_pair: WritePair) -> None:
    lines = [*AROUND, "x = x.float() + self.shift.expand(2, 5, -1)", "x[:, 0] = 7.0"]
    returned = "return (state + 1, x, x.to({}.int64), {} + x[0, 0, 0])"
    state = "state = {}; state.copy_(x[..., 1])"
    original = _text(ORIGINAL, [*lines, state.format("torch.zeros(2, 5)"), returned.format("torch", "torch.zeros(2)")])
    zeros = "ops.zeros({}, mindspore.float32)"
    port = _text(PORT, [*lines, state.format(zeros.format((2, 5))), returned.format("mindspore", zeros.format(2))])
    result = _verify(write_pair("net", original, port))
    assert result.ok, render_table(result)
    assert result.exported == "recorded"


def test_a_value_of_the_recorded_input_in_the_graph_is_found_out(write_pair: WritePair) -> None:
    lines = [*AROUND, "return x * int(ids[0, 0])"]
    result = _verify(write_pair("net", _text(ORIGINAL, lines), _text(PORT, lines)))
    assert [row.ok for row in result.rows] == [True], render_table(result)
    assert not result.ok and (result.compiled, result.exported) == ("", "")
    (problem,) = result.problems
    assert problem.code is Code.NOT_COMPILED and "wrong values for another" in problem.message
