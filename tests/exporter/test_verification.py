"""Original against port, each in its own process: agreement, a wrong number with the submodule to blame, and what cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from transpiler.exporter import ExporterError, VerifyRequest, VerifyResult, render_table, verify

PAIRS = Path(__file__).parent / "pairs"
CNN_SOURCE, CNN_PORT = ((PAIRS / f"cnn_{side}.py").read_text() for side in ("original", "ported"))
TEXT_SOURCE, TEXT_PORT = ((PAIRS / f"text_{side}.py").read_text() for side in ("original", "ported"))
KERAS_SOURCE, KERAS_PORT = ((PAIRS / f"keras_{side}.py").read_text() for side in ("original", "ported"))
WritePair = Callable[[str, str, str], tuple[Path, Path]]


def _edit(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def _verify(
    pair: tuple[Path, Path], table: Path, entry: str, inputs: str, *, grad: bool = False, target: str = "mindspore"
) -> VerifyResult:
    return verify(VerifyRequest(*pair, entry, target, None, inputs, grad, seed=3, mappings=(table,)))


def test_a_convolutional_port_agrees_in_outputs_and_gradients(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    pair = write_pair("net", CNN_SOURCE, CNN_PORT)
    result = _verify(pair, table, "net:Net(width=5)", "2,3,8,8", grad=True)
    assert result.ok, render_table(result)
    assert result.first_departing is None and not result.problems
    names = {(row.kind, row.name) for row in result.rows}
    assert {("output", "logits"), ("output", "parts.0"), ("output", "parts.1"), ("input gradient", "0")} <= names
    parameters = {name for kind, name in names if kind == "parameter gradient"}
    assert {"stem.0.weight", "blocks.1.bn.bias", "name.weight"} <= parameters and len(parameters) == 10
    assert "stem.1.num_batches_tracked" in result.dropped
    assert any("stem.1.gamma" in note for note in result.notes)


def test_tied_weights_and_keyword_inputs_agree(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    pair = write_pair("text", TEXT_SOURCE, TEXT_PORT)
    result = _verify(pair, table, "text:Tagger()", "int64[11]:2,5 weight=2,5,8", grad=True)
    assert result.ok, render_table(result)
    assert [row.name for row in result.rows] == ["output", "embed.weight", "norm.weight", "norm.bias", "weight"]
    assert any("positions" in note for note in result.notes)


def test_a_parameter_without_elements_has_no_random_values(table: Path, write_pair: WritePair) -> None:
    source = "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    source += "        self.none = nn.Parameter(torch.zeros(0, 3))\n\n    def forward(self, x):\n        return 2 * x\n"
    port = "import mindspore\nfrom mindspore import nn, ops\n\n\nclass Net(nn.Cell):\n    def __init__(self):\n        super().__init__()\n"
    port += "        self.none = mindspore.Parameter(ops.zeros((0, 3)))\n\n    def construct(self, x):\n        return 2 * x\n"
    result = _verify(write_pair("net", source, port), table, "net:Net()", "2,3")
    assert result.ok, render_table(result)


def test_a_tie_that_the_port_has_lost_is_compared_by_the_sum(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    port = _edit(TEXT_PORT, "        self.head.weight = self.embed.embedding_table\n", "")
    port = _edit(port, "np.arange(16.0, dtype=np.float32).reshape(16, 1) / 16", "np.zeros((16, 1), np.float32)")
    pair = write_pair("text", TEXT_SOURCE, port)
    result = _verify(pair, table, "text:Tagger()", "int64[11]:2,5", grad=True)
    assert result.ok, render_table(result)
    assert any("'head.weight'" in note and "tied" in note for note in result.notes)
    assert any("'positions'" in note and "set to torch's values" in note for note in result.notes)


def test_a_wrong_number_names_the_submodule(table: Path, write_pair: WritePair) -> None:
    pair = write_pair("net", CNN_SOURCE, _edit(CNN_PORT, "return x + ops.relu", "return 1.01 * x + ops.relu"))
    departing = "blocks.0"
    result = _verify(pair, table, "net:Net()", "2,3,8,8")
    assert not result.ok and result.first_departing == departing, render_table(result)
    assert f"first departing: {departing}" in render_table(result)
    report = json.loads(result.to_json())
    assert report["ok"] is False and report["first_departing"] == departing
    assert report["rows"][0]["name"] == "logits" and report["rows"][0]["relative_error"] > 1e-3


def test_a_wrong_gradient_is_found_where_outputs_agree(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    port = _edit(TEXT_PORT, "self.embed(ids)", "ops.stop_gradient(self.embed(ids))")
    pair = write_pair("text", TEXT_SOURCE, _edit(port, "import Tensor, nn", "import Tensor, nn, ops"))
    result = _verify(pair, table, "text:Tagger()", "int64[11]:2,5", grad=True)
    assert [row.name for row in result.rows if not row.ok] == ["embed.weight"], render_table(result)


def test_a_failing_port_shows_the_users_lines(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, _edit(CNN_PORT, "x = block(x)", "x = block(x).no_such_method()"))
    with pytest.raises(ExporterError) as caught:
        _verify((source, port), table, "net:Net()", "2,3,8,8")
    lines = caught.value.message.splitlines()
    assert caught.value.place == str(port) and "no_such_method" in lines[0]
    assert f"{port / 'net.py'}:32 in construct" in lines[-1] and len(lines) == 2


def test_a_port_that_still_needs_torch_is_found_out(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, f"import torch\n{CNN_PORT}")
    with pytest.raises(ExporterError, match="imports 'torch', which it must not need") as caught:
        _verify((source, port), table, "net:Net()", "2,3,8,8")
    assert f"{port / 'net.py'}:1" in caught.value.message


def test_a_process_that_dies_is_said(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    prepare = tmp_path / "prepare.py"
    prepare.write_text("import os\nprint('last words', flush=True)\nos.abort()\n")
    source, port = write_pair("net", CNN_SOURCE, CNN_PORT)
    with pytest.raises(ExporterError, match="(?s)ended by signal 6 without an answer.*last words"):
        verify(VerifyRequest(source, port, "net:Net()", "mindspore", None, "2,3,8,8", prepare=prepare))


PACKAGE = {
    "__init__.py": "from .models import build\n",
    "config.py": "FACTOR = 1.5\n",
    "models/__init__.py": "from twin.parts import Scale\n\n\ndef build():\n    return Scale()\n",
}
PARTS_SOURCE = """
import torch
from torch import nn
from .config import FACTOR


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return torch.ops.twin_test.double(x * self.weight) * FACTOR
"""
PARTS_PORT = """
import numpy as np
from mindspore import Parameter, Tensor, nn
from .config import FACTOR


class Scale(nn.Cell):
    def __init__(self):
        super().__init__()
        self.weight = Parameter(Tensor(np.ones(3, np.float32)))

    def construct(self, x):
        return x * self.weight * 2 * FACTOR
"""
PREPARE = """
import torch

library = torch.library.Library("twin_test", "DEF")
library.define("double(Tensor x) -> Tensor")
library.impl("double", lambda x: x * 2, "CPU")
"""


def _write_package(folder: Path, parts: str) -> Path:
    for name, text in {**PACKAGE, "parts.py": parts}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_port_in_another_folder_keeps_the_packages_name(tmp_path: Path, table: Path) -> None:
    source = _write_package(tmp_path / "twin", PARTS_SOURCE)
    port = _write_package(tmp_path / "out" / "port-of-twin", PARTS_PORT)
    prepare = tmp_path / "prepare.py"
    prepare.write_text(PREPARE)
    request = VerifyRequest(source, port, "models:build()", "mindspore", None, "2,3", mappings=(table,), prepare=prepare)
    result = verify(request)
    assert result.ok, render_table(result)


def test_usage_faults_are_said_before_any_process_starts(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, CNN_PORT)
    for request, place in (
        (VerifyRequest(source, port, "net:Net()", "mindspore", None, None), "--inputs"),
        (VerifyRequest(source, port, "net:Net()", "mindspore", None, "2,3,"), "--inputs:5"),
        (VerifyRequest(source, port, "net:Net()", "tensorflow", None, "2,3"), "--target"),
        (VerifyRequest(source, port, "net:Net()", "mindspore", tmp_path / "absent.pth", "2,3"), "--checkpoint"),
        (VerifyRequest(source, port, "net", "mindspore", None, "2,3"), "--entry"),
    ):
        with pytest.raises(ExporterError) as caught:
            verify(request)
        assert caught.value.place.startswith(place)


def test_a_wrong_keras_port_names_the_submodule(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, write_pair: WritePair
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    pair = write_pair("net", KERAS_SOURCE, _edit(KERAS_PORT, "layers.ReLU()", "layers.LeakyReLU()"))
    result = _verify(pair, table, "net:Net()", "int64[7]:2,3 2,3,4", grad=True, target="keras")
    assert result.first_departing == "layers.1", render_table(result)
    assert {row.name for row in result.rows if row.ok} == {"1", "layers.2.bias"}
