"""Runs every ported example on a target, in a process of its own: ``python example_target.py TARGET FOLDER RESULTS``.

FOLDER holds ``jobs.json`` (``{id: {"code", "plan"}}``), ``weights.pickle`` and the support module of the ported examples.
"""

from __future__ import annotations

import ast
import json
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.mappings.flatten import flatten
from transpiler.exporter.pairing import MISSING, relayout, resolve_path, resolve_weight


def main(target: str, folder: Path, results: Path) -> None:
    """Run all jobs and write all results."""
    sys.path.insert(0, str(folder))
    side = _side(target)
    weights = pickle.loads((folder / "weights.pickle").read_bytes())
    answers = {}
    for name, job in json.loads((folder / "jobs.json").read_text()).items():
        try:
            answers[name] = {"y": _run(job, weights.get(name, []), side)}
        except Exception:  # noqa: BLE001 - whatever it is, it is this example's verdict
            answers[name] = {"error": traceback.format_exc(limit=-3)[-1500:]}
        results.write_bytes(pickle.dumps(answers))


def _side(target: str) -> Any:
    if target == "mindspore":
        from transpiler.exporter.mindspore_side import MindSporeSide

        return MindSporeSide()
    from transpiler.exporter.keras_side import KerasSide

    return KerasSide()


def _run(job: dict[str, Any], weights: list[dict[str, Any]], side: Any) -> Any:
    names: dict[str, Any] = {"__name__": "example"}
    first, last = _split(ast.parse(job["code"]))
    _execute(first, names)
    if weights:  # the first part built the layer; the second sees torch's weights
        side.accept(names["layer"]) if job["eval"] else None
        _copy(names["layer"], weights, side)
    _execute(last, names)

    def to_numpy(value: Any) -> Any:
        return (side.to_numpy(value), side.dtype(value)) if side.is_tensor(value) else None

    return flatten(names["y"], to_numpy)


def _execute(tree: ast.Module, names: dict[str, Any]) -> None:
    exec(compile(tree, "<ported example>", "exec"), names)  # noqa: S102 - running the tables' examples is the point


def _split(tree: ast.Module) -> tuple[ast.Module, ast.Module]:
    """The statements up to the last that assigns ``layer``, and those after it."""
    builds = [i for i, s in enumerate(tree.body) if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "layer"]
    cut = builds[-1] + 1 if builds else 0
    return ast.Module(tree.body[:cut], []), ast.Module(tree.body[cut:], [])


def _copy(layer: Any, weights: list[dict[str, Any]], side: Any) -> None:
    for weight in weights:
        if weight["drop"]:
            continue
        owner = resolve_path(layer, weight["path"])
        if owner is MISSING:
            raise AssertionError(f"no submodule '{weight['path']}'")
        for candidate in weight["candidates"]:
            tensor = resolve_weight(owner, candidate["to"], side.is_tensor)
            if tensor is not MISSING:
                side.assign(tensor, relayout(weight["array"], candidate), keep_dtype=False)
                break
        else:
            raise AssertionError(f"no counterpart of '{weight['path']}.{weight['name']}'")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
