"""torchvision's models, ported as a project by the real tool: nothing of torch left, every comment kept, a second run idle, the numbers equal."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

import pytest

from transpiler.api import transpile_project
from transpiler.exporter import VerifyRequest, render_table, verify
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import RunReport, Status

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from torchvision_source import PREPARE, copy_source

MODELS = {
    "resnet:resnet18(num_classes=10)": "1,3,32,32",
    "mobilenetv3:mobilenet_v3_small(num_classes=10)": "2,3,64,64",
    "squeezenet:squeezenet1_1(num_classes=10)": "1,3,64,64",
    "swin_transformer:SwinTransformer([4, 4], 24, [2, 2], [2, 4], [7, 7], num_classes=10)": "1,3,56,56",
    "vision_transformer:VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=10)": "2,3,32,32",
    "densenet:DenseNet(8, (2, 2), 16, num_classes=10)": "1,3,64,64",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, RunReport]:
    folder = tmp_path_factory.mktemp("torchvision")
    source = copy_source(folder / "source")
    port = folder / "port" / "torchvision"
    return source, port, transpile_project(source, port)


@pytest.mark.parametrize("entry", MODELS)
def test_the_port_computes_the_same(entry: str, project: tuple[Path, Path, RunReport]) -> None:
    source, port, _ = project
    request = VerifyRequest(source, port, f"models.{entry}", "mindspore", None, inputs=MODELS[entry], grad=True, prepare=PREPARE)
    result = verify(request)
    assert result.ok, render_table(result)


def test_model_files_are_ported_whole(project: tuple[Path, Path, RunReport]) -> None:
    _, port, run = project
    models = [file for file in run.files if file.source.startswith(("models/", "ops/"))]
    left = [(file.source, d.range, d.message) for file in models for d in file.diagnostics if d.kind in (Kind.UNCONVERT, Kind.ERROR)]
    assert left == []
    assert {file.status for file in models} <= {Status.CONVERTED, Status.UNCHANGED}
    for file in models:
        assert not torch_names((port / file.source).read_text()), file.source


def torch_names(source: str) -> set[str]:
    """Imports of torch in a source."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "torch"}
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "torch":
            found.add(node.module or "")
    return found


def test_comments_are_kept(project: tuple[Path, Path, RunReport]) -> None:
    source, port, run = project
    for file in run.files:
        if file.source.endswith(".py"):
            lost = comments(source / file.source) - comments(port / file.source)
            assert not lost, (file.source, lost)


def comments(path: Path) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def test_a_second_run_changes_nothing(project: tuple[Path, Path, RunReport], tmp_path: Path) -> None:
    _, port, _ = project
    again = tmp_path / "again" / "torchvision"
    run = transpile_project(port, again)
    changed = [
        f.source for f in run.files if f.source.endswith(".py") and (again / f.source).read_bytes() != (port / f.source).read_bytes()
    ]
    assert changed == []
