"""Scripts around a network, run on torch and, ported, on MindSpore: the same items in the same order, the same numbers, files read back."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transpiler.mapping.registry import load_registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source
from transpiler.support.assemble import assemble

REPOSITORY = Path(__file__).parents[2]
PROGRAMS = {path.stem: path.read_text() for path in sorted(Path(__file__).with_name("programs").glob("*.py"))}


@pytest.fixture(scope="module")
def ports() -> Mapping[str, FileResult]:
    """The programs' ports."""
    registry = load_registry()
    sources = {name: text.encode() for name, text in PROGRAMS.items()}
    return {
        name: transpile_source(data, path=f"{name}.py", context=single_file_context(data, f"{name}.py", "mindspore", registry))
        for name, data in sources.items()
    }


@pytest.fixture(scope="module")
def results(ports: Mapping[str, FileResult], tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the originals compute, and what the ports compute."""
    support = sorted(frozenset().union(*(port.support for port in ports.values())))
    folder = tmp_path_factory.mktemp("ports")
    (folder / "ms_support.py").write_text(assemble("mindspore", support))
    operators = str(REPOSITORY / "scripts" / "define_operators.py")
    expected = _run(tmp_path_factory.mktemp("originals"), PROGRAMS, operators)
    return expected, _run(folder, {name: port.output.decode() for name, port in ports.items()}, "")


def _run(folder: Path, programs: Mapping[str, str], setup: str) -> Mapping[str, Any]:
    for name, text in programs.items():
        (folder / f"program_{name}.py").write_text(text)
    command = [sys.executable, str(Path(__file__).with_name("run_programs.py")), str(folder), str(folder / "results"), setup]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GLOG_v": "3", "RANK": "0", "WORLD_SIZE": "1"}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers: Mapping[str, Any] = pickle.loads((folder / "results").read_bytes())
    return answers


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_port_computes_the_same(results: tuple[Mapping[str, Any], Mapping[str, Any]], name: str) -> None:
    expected, found = (side[name] for side in results)
    assert not isinstance(expected, str), expected
    assert not isinstance(found, str), found
    assert [leaf[:2] for leaf in found] == [leaf[:2] for leaf in expected]
    differing = [path for (path, _, left), (_, _, right) in zip(expected, found, strict=True) if not _same(left, right)]
    assert differing == []


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        tolerance = 2e-5 if left.dtype.kind == "f" else 0
        return left.shape == right.shape and bool(np.allclose(left, right, rtol=tolerance, atol=tolerance))
    return bool(np.isclose(left, right, rtol=2e-5)) if isinstance(left, float) else bool(left == right)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_port_is_complete(ports: Mapping[str, FileResult], name: str) -> None:
    port = ports[name]
    assert [d.message for d in port.diagnostics if d.kind in (Kind.UNCONVERT, Kind.REVIEW)] == []
    assert "torch" not in {
        word for line in port.output.decode().splitlines() if "import" in line for word in line.replace(".", " ").split()
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_second_run_changes_nothing(ports: Mapping[str, FileResult], name: str) -> None:
    once = ports[name].output
    again = transpile_source(once, path=f"{name}.py", context=single_file_context(once, f"{name}.py", "mindspore", load_registry()))
    assert again.output == once
