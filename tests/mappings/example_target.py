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
        except Exception:
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
    tree = ast.parse(job["code"])
    first, last = _split(tree)
    if weights:
        # The first run builds the layer (and what is built lazily); the second sees torch's weights.
        exec(compile(first, "<ported example>", "exec"), names)
        side.accept(names["layer"]) if job["eval"] else None
        _copy(names["layer"], weights, side)
        exec(compile(last, "<ported example>", "exec"), names)
    else:
        exec(compile(tree, "<ported example>", "exec"), names)

    def to_numpy(value: Any) -> Any:
        return side.to_numpy(value) if side.is_tensor(value) else None

    return flatten(names["y"], to_numpy)


def _split(tree: ast.Module) -> tuple[ast.Module, ast.Module]:
    """The statements up to the layer, and those after it."""
    cut = 1 + max(i for i, s in enumerate(tree.body) if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "layer") if any(
        isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "layer" for s in tree.body
    ) else 0  # fmt: skip
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
