"""Notebooks go in and come out as notebooks: cells are ported together, and everything that is no torch stays as it was."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

import transpiler
from transpiler.api import transpile_project
from transpiler.cli import main
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Status

CELLS = [
    ("markdown", "# torch.relu in prose"),
    ("code", "%matplotlib inline\n!pip install torch \\\n  torchvision\nimport numpy as np"),
    ("code", "import torch\nfrom torch import nn  # kept"),
    ("code", "# two layers\nlayer = nn.Linear(3, 2)\nlayer?"),
    ("code", "%%time\nx = torch.linspace(0, 1, 12).view(4, 3)\nif True:\n    %matplotlib inline\nfiles = !ls\ny = layer(x)"),
    ("code", "1 +"),
    ("code", "optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)\nloss = layer(x).pow(2).mean()\nloss.backward()\noptimizer.step()"),
    ("code", "unchanged  =  np.ones( 3 )"),
    ("code", "z = torch.fake_quantize_per_tensor_affine(\n    y)"),
    ("code", "%%bash\necho import torch"),
    ("code", "loss.item(), 'é'"),
]


def notebook(cells: list[tuple[str, str]]) -> dict[str, Any]:
    made = []
    for number, (kind, text) in enumerate(cells):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"c{number}", "metadata": {"tags": ["a"]}}
        if kind == "code":
            cell |= {"execution_count": number, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["torch.Size([1])\n"]}]}
        made.append({**cell, "source": text.splitlines(keepends=True)})
    return {"cells": made, "metadata": {"kernelspec": {"language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def text_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.fixture(scope="module")
def original() -> dict[str, Any]:
    return notebook(CELLS)


@pytest.fixture(scope="module")
def result(original: dict[str, Any]) -> transpiler.Result:
    return transpiler.transpile(json.dumps(original, indent=1, ensure_ascii=False) + "\n", path="nb.ipynb")


def test_what_is_no_torch_stays(original: dict[str, Any], result: transpiler.Result) -> None:
    ported = json.loads(result.output)
    assert result.output == json.dumps(ported, indent=1, ensure_ascii=False) + "\n"
    for before, after in zip(original["cells"], ported["cells"], strict=True):
        assert list(before) == list(after)
        assert {**before, "source": 0} == {**after, "source": 0}
    for index in (0, 1, 5, 7, 9):
        assert original["cells"][index] == ported["cells"][index]
    assert {key: value for key, value in original.items() if key != "cells"} == {
        key: value for key, value in ported.items() if key != "cells"
    }


def test_cells_are_ported_together(result: transpiler.Result) -> None:
    cells = [text_of(cell) for cell in json.loads(result.output)["cells"]]
    assert cells[2].endswith("\nfrom mindspore import nn  # kept")
    assert cells[3].startswith("# two layers\nlayer = ") and cells[3].endswith("\nlayer?")
    assert cells[4].startswith("%%time\nx = ") and "\n    %matplotlib inline\nfiles = !ls\ny = layer(x)" in cells[4]
    assert "value_and_grad" in cells[6] and "backward" not in cells[6]


def test_remarks_name_the_cell(result: transpiler.Result) -> None:
    left = [(d.kind, d.code, d.cell, d.range.line if d.range else 0) for d in result.diagnostics if d.kind in (Kind.ERROR, Kind.UNCONVERT)]
    assert left == [
        (Kind.UNCONVERT, Code.UNSUPPORTED_STATEMENT, 3, 1),
        (Kind.ERROR, Code.SYNTAX_ERROR, 6, 1),
        (Kind.UNCONVERT, Code.UNSUPPORTED_API, 9, 1),
        (Kind.UNCONVERT, Code.UNSUPPORTED_STATEMENT, 10, 2),
    ]
    assert result.status is Status.PARTIAL


def test_a_second_run_changes_nothing(result: transpiler.Result) -> None:
    assert transpiler.transpile(result.output, path="nb.ipynb").output == result.output


def test_in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    cells = [("code", "from model import Net\nimport torch"), ("code", "out = Net()(torch.ones(2, 3)).numpy()")]
    (project / "train.ipynb").write_text(json.dumps(notebook(cells)))
    (project / "train.py").write_text("import torch\n")
    (project / "plain.ipynb").write_text('{"cells":[]}')
    (project / "model.py").write_text(
        "import torch\n\n\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x.unsqueeze(0)\n"
    )
    run = transpile_project(project, tmp_path / "out")
    assert all(file.status in (Status.CONVERTED, Status.UNCHANGED) for file in run.files)
    assert (tmp_path / "out" / "plain.ipynb").read_bytes() == b'{"cells":[]}'
    assert (tmp_path / "out" / "report_of_train.txt").exists()
    assert "cell 2, line 1:" in (tmp_path / "out" / "report_of_train.ipynb.txt").read_text()
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    noted = {file["source"]: {d.get("cell") for d in file["diagnostics"]} for file in report["files"]}
    assert 2 in noted["train.ipynb"] and noted["model.py"] == {None}
    code = "\n".join(text_of(cell) for cell in json.loads((tmp_path / "out" / "train.ipynb").read_text())["cells"])
    (tmp_path / "out" / "joined.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path / "out"))
    assert runpy.run_path(str(tmp_path / "out" / "joined.py"))["out"].shape == (1, 2, 3)


def test_alone_on_the_command_line(original: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "in" / "nb.ipynb"
    source.parent.mkdir()
    source.write_text(json.dumps(original))
    assert main(["--in_file", str(source), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    assert "cell 6, line 1:3: [Error]" in (tmp_path / "out" / "report_of_nb.txt").read_text()
    assert json.loads((tmp_path / "out" / "nb.ipynb").read_text())["nbformat"] == 4


@pytest.mark.parametrize("text", ["{torch", '{"worksheets": ["torch"]}', "[1, 'torch']"])
def test_what_is_no_notebook_fails(text: str) -> None:
    result = transpiler.transpile(text, path="nb.ipynb")
    assert result.output == text
    assert [d.code for d in result.diagnostics] == [Code.UNREADABLE]


def test_other_languages_stay() -> None:
    made = notebook([("code", "library(torch)\nx <- torch_tensor(1)")])
    made["metadata"] = {"kernelspec": {"language": "R", "name": "ir"}}
    result = transpiler.transpile(json.dumps(made), path="nb.ipynb")
    assert (result.output, result.diagnostics) == (json.dumps(made), ())
