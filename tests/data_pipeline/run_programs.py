"""Runs programs and writes what they compute: ``python run_programs.py FOLDER RESULTS SETUP``; SETUP is a script to run first, or empty."""

from __future__ import annotations

import pickle
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from tests.mappings.flatten import flatten


def to_numpy(value: Any) -> tuple[np.ndarray[Any, Any], str] | None:
    """An array and the name of its dtype, for tensors of either framework and arrays."""
    array = value.asnumpy() if hasattr(value, "asnumpy") else value.detach().numpy() if hasattr(value, "detach") else value
    return (array, str(array.dtype)) if isinstance(array, np.ndarray) else None


def main(folder: Path, results: Path, setup: str) -> None:
    """Run every program of the folder, and write all results."""
    if setup:
        runpy.run_path(setup)
    sys.path.insert(0, str(folder))
    answers: dict[str, Any] = {}
    for path in sorted(folder.glob("program_*.py")):
        try:
            answers[path.stem.removeprefix("program_")] = flatten(runpy.run_path(str(path))["y"], to_numpy)
        except Exception:  # noqa: BLE001 - whatever it is, it is this program's verdict
            answers[path.stem.removeprefix("program_")] = traceback.format_exc(limit=-3)
    results.write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
