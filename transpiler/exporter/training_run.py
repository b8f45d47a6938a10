"""What both sides of a training comparison share: how the user's script is started, and the journal of a run.

Knows no framework; each side imports its own.
"""

from __future__ import annotations

import os
import pickle
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from transpiler.exporter.entry_point import EntryPoint, build_model
from transpiler.exporter.processes import Message

Array = np.ndarray[Any, Any]
#: NumPy's random functions whose numbers scripts use.
NUMPY_DRAWS = ("normal", "uniform", "rand", "randn", "randint", "random", "choice", "permutation", "random_sample", "standard_normal",
               "binomial", "poisson", "beta", "exponential", "laplace")  # fmt: skip
#: Calls of models whose inputs are compared.
_CALLS = 200


class Finished(BaseException):
    """Enough steps were taken. Not an ``Exception``, so that the script's own handlers let it through."""


class Journal:
    """What happened in a run. ``starts``: initial parameters by the kind of their owner; ``steps``: the losses between one step of an optimizer and
    the next; ``calls``: each model input's shape and sums; ``draws``: random numbers by function and shape; ``streams``: states of the data
    pipeline's generators, and whether the first of the two is numpy's own."""

    def __init__(self) -> None:
        self.starts: list[tuple[str, list[Array]]] = []
        self.losses: list[float] = []
        self.steps: list[list[float]] = []
        self.calls: list[list[tuple[tuple[int, ...], float, float]]] = []
        self.draws: dict[tuple[str, tuple[int, ...]], list[Array]] = {}
        self.streams: list[tuple[Array, Any, bool]] = []
        self.final: list[Array] = []
        self.notes: list[str] = []

    def step(self) -> None:
        """An optimizer has made a step with the losses since the last one."""
        self.steps.append(self.losses)
        self.losses = []

    def called(self, inputs: Sequence[Array]) -> None:
        """A model is called with these tensors."""
        if len(self.calls) < _CALLS:
            self.calls.append([_fingerprint(array) for array in inputs])

    def drew(self, name: str, values: Array) -> None:
        """A function gave random numbers."""
        self.draws.setdefault((name, values.shape), []).append(values)

    def save(self, folder: Path, side: str) -> Message:
        """Write the journal where the other process finds it."""
        path = folder / f"{side}.journal"
        with path.open("wb") as stream:
            pickle.dump(self.__dict__, stream)
        return {"journal": str(path)}

    @classmethod
    def load(cls, path: str) -> Journal:
        """The journal of a process of ours."""
        journal = cls()
        with open(path, "rb") as stream:
            journal.__dict__.update(pickle.load(stream))
        return journal


def _fingerprint(array: Array) -> tuple[tuple[int, ...], float, float]:
    flat = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64).reshape(-1)
    weights = np.cos(np.arange(flat.size))
    return array.shape, float(np.abs(flat).sum()), float(np.real(flat * weights).sum())


def run_training(request: Message) -> None:
    """Run the script, or the expression, until it ends or has made its steps."""
    entry = request["entry"]
    root = Path(entry["root"])
    folder = root if root.is_dir() else root.parent
    arguments = request["arguments"]
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        if request["script"]:
            script = folder / entry["module"]
            sys.path.insert(0, str(script.parent))
            sys.argv = [str(script), *arguments]
            runpy.run_path(str(script), run_name="__main__")
        else:
            result = build_model(EntryPoint(**{**entry, "root": root}))
            if callable(result):
                result()
    except Finished:
        pass
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
