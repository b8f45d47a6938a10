"""Awkward training loops end converted and equal over their steps, or are diagnosed at the ``backward()`` with the loop left whole; none is wrong."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mappings.entries import registry
from transpiler.cli import main
from transpiler.report.codes import Code
from transpiler.rewrite.pipeline import single_file_context, transpile_source

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "awkward").glob("*.py"))
#: Loops that are left as they were, with a diagnostic at the ``backward()``.
LEFT = frozenset({"second_order"})
#: Loops whose graph no run of statements computes: it is recorded while the program runs.
RECORDED = frozenset({"every_n_steps", "trainer_method", "continue_before_step", "gradient_argument", "weight_clamp"})


@dataclass(frozen=True, slots=True)
class Runs:
    """What the originals and the ports gave, and the ports' texts."""

    original: dict[str, Any]
    port: dict[str, Any]
    texts: dict[str, str]


def run(directory: Path, names: Iterable[str], output: Path) -> dict[str, Any]:
    """Losses and weights of each loop, from one process."""
    subprocess.run([sys.executable, str(HERE / "run_loops.py"), str(directory), str(output), *sorted(names)], check=True, timeout=300)
    found: dict[str, Any] = pickle.loads(output.read_bytes())
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Two projects, since one graph that is recorded has all graphs of its project recorded; a process for each side of each."""
    folder = tmp_path_factory.mktemp("awkward")
    original: dict[str, Any] = {}
    port: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for kind, names in (("plain", set(NAMES) - LEFT - RECORDED), ("recorded", RECORDED)):
        source, output = folder / kind, folder / f"{kind}-out"
        source.mkdir()
        for path in [HERE / "loops" / "common.py", *(HERE / "awkward" / f"{name}.py" for name in names)]:
            shutil.copy(path, source)
        main(["--in_file", str(source), "--output", str(output), "--jobs", "1", "--quiet"])
        texts |= {name: (output / f"{name}.py").read_text() for name in names}
        original |= run(source, names, folder / f"{kind}-original")
        port |= run(output, names, folder / f"{kind}-port")
    return Runs(original, port, texts)


@pytest.mark.parametrize("name", sorted(set(NAMES) - LEFT))
def test_losses_and_weights(name: str, runs: Runs) -> None:
    text = runs.texts[name]
    assert not [line for line in text.splitlines() if line.startswith(("import torch", "from torch"))], text
    assert ("ms_support.backward(" in text) == (name in RECORDED), text
    assert isinstance(runs.original[name], tuple), runs.original[name]
    assert isinstance(runs.port[name], tuple), f"{runs.port[name]}\n{text}"
    (expected_losses, expected), (losses, found) = runs.original[name], runs.port[name]
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-3, atol=1e-5, err_msg=text)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-4, err_msg=text)


@pytest.mark.parametrize("name", sorted(LEFT))
def test_left_whole(name: str) -> None:
    source = (HERE / "awkward" / f"{name}.py").read_bytes()
    result = transpile_source(source, path=f"{name}.py", context=single_file_context(source, f"{name}.py", "mindspore", registry()))
    output = result.output.decode()
    assert [d for d in result.diagnostics if d.code is Code.UNSUPPORTED_BACKWARD and d.hint]
    assert output.count(".backward(") == source.decode().count(".backward(")
    assert "value_and_grad" not in output and "accumulate_grads" not in output
