"""The samples are what the transpiler writes today, compute what their sources compute, and stay as they are when they are ported again."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import transpiler
from transpiler.cli import main

ROOT = Path(__file__).parents[1]
PORTED = sorted(path for path in (ROOT / "samples").glob("*/*.py") if path.name in ("mindspore.py", "keras.py"))
MODELS = {
    "lenet": ("LeNet()", "2,1,32,32"),
    "resnet": ("resnet14(zero_init_residual=True)", "2,3,16,16"),
    "encoder": ("TextClassifier(50, 3)", "int64[50]:2,7"),
}


def test_samples_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_samples.py"), "--check"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert finished.returncode == 0, f"run make golden: {finished.stdout}{finished.stderr}"


@pytest.mark.parametrize("path", PORTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_ported_samples_parse_and_are_final(path: Path) -> None:
    text = path.read_text()
    assert ast.parse(text).body
    assert transpiler.transpile(text, target=path.stem).output == text


@pytest.mark.parametrize("path", PORTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_ported_samples_compute_the_same(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Outputs and gradients, with the same weights; the files are given the names that they import each other by."""
    target, (model, inputs) = path.stem, MODELS[path.parent.name]
    original, port = tmp_path / "original", tmp_path / "port"
    for folder, name, copied in (
        (original, "source.py", "source.py"),
        (port, "source.py", path.name),
        (port, {"mindspore": "ms_support.py", "keras": "keras_support.py"}[target], f"support_{target}.py"),
    ):
        folder.mkdir(exist_ok=True)
        shutil.copyfile(path.with_name(copied), folder / name)
    command = ["verify", "--source", str(original), "--converted", str(port), "--entry", f"source:{model}", "--inputs", inputs, "--grad"]
    assert main([*command, "--target", target]) == 0, capsys.readouterr()


def test_there_are_samples() -> None:
    assert {path.parent.name for path in PORTED} == set(MODELS)
