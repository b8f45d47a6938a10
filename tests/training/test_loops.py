"""Training loops of many shapes: the original in torch and its port in MindSpore give the same losses step by step and the same final weights."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest

from transpiler.cli import main

LOOPS = Path(__file__).parent / "loops"
NAMES = sorted(path.stem for path in LOOPS.glob("*.py") if path.stem != "common")


@pytest.fixture(scope="session")
def ported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The loops as a project, ported."""
    mindspore.runtime.launch_blocking()  # several times faster on operators of this size
    output = tmp_path_factory.mktemp("loops")
    main(["--in_file", str(LOOPS), "--output", str(output), "--jobs", "1", "--quiet"])
    return output


@pytest.fixture
def imported() -> Iterator[Any]:
    """Imports a file of a directory under its own name, and forgets it and its neighbours."""
    known, paths = set(sys.modules), list(sys.path)

    def load(directory: Path, name: str) -> Any:
        for stem in [*NAMES, "common", "ms_support"]:
            sys.modules.pop(stem, None)
        sys.path[:] = [str(directory), *paths]
        return importlib.import_module(name)

    yield load
    sys.path[:] = paths
    for name in set(sys.modules) - known:
        if name in (*NAMES, "common", "ms_support"):
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_losses_and_weights(name: str, ported: Path, imported: Any) -> None:
    text = (ported / f"{name}.py").read_text()
    assert "torch" not in text, text
    assert "value_and_grad" in text
    expected_losses, expected_weights = imported(LOOPS, name).run()
    losses, weights = imported(ported, name).run()
    np.testing.assert_allclose(np.array(losses, float), np.array(expected_losses, float), rtol=1e-3, atol=1e-5)
    assert len(weights) == len(expected_weights)
    for found, expected in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)
