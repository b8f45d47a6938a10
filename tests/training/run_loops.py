"""Runs training loops of one directory in a process of its own and writes what each gave, losses and final weights, or how it failed."""

from __future__ import annotations

import importlib
import pickle
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def outcome(name: str) -> tuple[Any, Any] | str:
    """What ``run()`` of a file gives, as arrays; the text of the exception where it fails."""
    try:
        losses, weights = importlib.import_module(name).run()
        return np.array(losses, float), [np.array(weight) for weight in weights]
    except Exception:  # noqa: BLE001 - whatever a loop raises is its result
        return traceback.format_exc()


if __name__ == "__main__":
    directory, output, *names = sys.argv[1:]
    sys.path.insert(0, directory)
    if (Path(directory) / "ms_support.py").exists():
        import mindspore

        mindspore.runtime.launch_blocking()  # several times faster on operators of this size
    warnings.simplefilter("ignore")
    Path(output).write_bytes(pickle.dumps({name: outcome(name) for name in names}))
