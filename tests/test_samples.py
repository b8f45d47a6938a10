"""The samples are what the transpiler writes today, parse, and stay as they are when they are ported again."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import transpiler

ROOT = Path(__file__).parents[1]
PORTED = sorted(path for path in (ROOT / "samples").glob("*/*.py") if path.name in ("mindspore.py", "keras.py"))


def test_samples_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_samples.py"), "--check"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert finished.returncode == 0, f"run make golden: {finished.stdout}{finished.stderr}"


@pytest.mark.parametrize("path", PORTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_ported_samples_parse_and_are_final(path: Path) -> None:
    text = path.read_text()
    assert ast.parse(text).body
    assert transpiler.transpile(text, target=path.stem).output == text


def test_there_are_samples() -> None:
    assert PORTED
