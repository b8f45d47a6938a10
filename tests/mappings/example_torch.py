"""Runs every entry's example on torch, in a process of its own: ``python example_torch.py JOBS RESULTS``.

JOBS is JSON, ``{id: code}``; RESULTS a pickle ``{id: {"y": flat values, "weights": …} | {"error": text}}``.
"""

from __future__ import annotations

import json
import pickle
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.mappings.flatten import flatten

#: Declares torchvision's compiled operators, so that examples can import its layers.
OPERATORS = Path(__file__).resolve().parents[2] / "scripts" / "define_operators.py"


def main(jobs: Path, results: Path) -> None:
    """Run all jobs and write all results."""
    runpy.run_path(str(OPERATORS))
    answers = {}
    for name, code in json.loads(jobs.read_text()).items():
        torch.manual_seed(0)
        try:
            answers[name] = _run(code)
        except Exception:  # noqa: BLE001 - whatever it is, it is this example's verdict
            answers[name] = {"error": traceback.format_exc(limit=-2)}
    results.write_bytes(pickle.dumps(answers))


def _run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "<torch example>", "exec"), names)  # noqa: S102 - running the tables' examples is the point
    weights = []
    layer = names.get("layer")
    if isinstance(layer, nn.Module):
        for path, module in layer.named_modules():
            classes = [f"{c.__module__}.{c.__qualname__}" for c in type(module).__mro__ if c.__module__.startswith("torch.")]
            for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
                weights.append({"key": name, "path": path, "name": name, "classes": classes, "array": tensor.detach().numpy()})
    return {"y": flatten(names["y"], _numpy), "weights": weights}


def _numpy(value: Any) -> tuple[np.ndarray[Any, Any], str] | None:
    if not isinstance(value, torch.Tensor):
        return None
    value = value.detach().resolve_conj().resolve_neg()
    name = str(value.dtype).removeprefix("torch.")
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy(), name


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
