"""Whether a ported training script trains as the original does: same initial parameters, same batches, no dropout; losses compared step by step.

Where the losses part, the original is run once more from parameters that differ by single precision's rounding: what that alone moves, no port can be
asked to agree in. A difference is blamed on the batches where the models' inputs already differ.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from transpiler.exporter.contract import ExporterError
from transpiler.exporter.entry_point import EntryPoint, parse_entry
from transpiler.exporter.processes import Message, run_worker
from transpiler.exporter.training_run import Array, Journal
from transpiler.report.codes import Code

#: How much more than rounding's own effect a difference may be.
_ROOM = 4.0
_LOSSES_FROM_ZERO = 1e-6


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """Train the original in ``source`` and the port in ``converted``. ``train`` is a script of the project with its arguments
    (``train.py --epochs 1``), or MODULE:EXPR, whose value is called where it can be. Both stop after ``steps`` steps of their optimizers."""

    source: Path
    converted: Path
    train: str
    target: str = "mindspore"
    steps: int = 20
    seed: int = 0
    limit: float = 1e-3


@dataclass(frozen=True, slots=True)
class StepRow:
    """The loss of one step on both sides: the sum of the losses on which ``backward`` was called since the step before."""

    step: int
    original: float
    port: float
    relative_error: float
    ok: bool


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How the two runs compare. ``parameter_error`` is the largest difference of a final parameter, relative to that parameter's largest value
    (at least 1); ``worst`` is its name."""

    ok: bool
    rows: tuple[StepRow, ...]
    parameters: int
    parameter_error: float
    worst: str
    limit: float
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """The result as JSON text; what is not finite is null."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)), parse_constant=lambda _: None)
        return json.dumps(plain, indent=2, ensure_ascii=False)


def verify_training(request: TrainingRequest) -> TrainingResult:
    """Run both sides and compare. Raises ``ExporterError`` for bad usage, or where a side cannot be run."""
    if request.target != "mindspore":
        raise ExporterError("training is compared for MindSpore ports only", Code.UNREADABLE, "--target")
    with tempfile.TemporaryDirectory(prefix="torch2ms-") as name:
        folder = Path(name)
        source = _run("training_source", request, request.source, folder, perturb=False)
        original = Journal.load(source["journal"])
        if not original.steps:
            raise ExporterError("no optimizer made a step, so there is nothing to compare", Code.UNREADABLE, "--train")
        target = _run("training_target", request, request.converted, folder, journal=source["journal"])
        port = Journal.load(target["journal"])
        result = _compare(original, port, source["names"], None, request)
        if result.ok or _batches_differ(original, port) is not None:
            return result
        nearby = _run("training_source", request, request.source, folder, perturb=True)
        return _compare(original, port, source["names"], Journal.load(nearby["journal"]), request)


def _run(worker: str, request: TrainingRequest, root: Path, folder: Path, **more: Any) -> Message:
    first, *arguments = shlex.split(request.train) or [""]
    is_script = first.endswith(".py") and ":" not in first
    if not root.exists():
        raise ExporterError("no such file or directory", Code.UNREADABLE, str(root))
    if is_script:
        entry = EntryPoint(root.resolve(), None, root.name if root.is_file() else first, "")
        if not ((root if root.is_dir() else root.parent) / entry.module).is_file():
            raise ExporterError("no such file", Code.UNREADABLE, str(root / first))
    else:
        entry = parse_entry(request.train, request.source, root)
    message = {
        "entry": {**asdict(entry), "root": str(entry.root)}, "script": is_script, "arguments": arguments,
        "steps": request.steps, "seed": request.seed, "folder": str(folder), **more,
    }  # fmt: skip
    return run_worker(worker, message, folder, str(root))


def _compare(original: Journal, port: Journal, names: Sequence[str], nearby: Journal | None, request: TrainingRequest) -> TrainingResult:
    rows = tuple(_rows(original, port, nearby, request.limit))
    errors = list(_parameter_errors(original.final, port.final, nearby, request.limit))
    number, (error, _) = max(enumerate(errors), key=lambda item: item[1][0], default=(0, (float("inf"), False)))
    ok = bool(rows) and all(row.ok for row in rows) and bool(errors) and all(fine for _, fine in errors)
    notes = [*port.notes]
    if not ok:
        notes += _why(original, port)
    elif nearby is not None:
        notes.append("differences above the limit are of the size that rounding alone causes in the original")
    worst = names[number] if number < len(names) else ""
    return TrainingResult(ok, rows, len(errors), error, worst, request.limit, tuple(dict.fromkeys(notes)))


def _rows(original: Journal, port: Journal, nearby: Journal | None, limit: float) -> Iterator[StepRow]:
    for number, losses in enumerate(original.steps):
        theirs = port.steps[number] if number < len(port.steps) else [float("nan")]
        ours, found = sum(losses), sum(theirs)
        error = abs(ours - found) / max(abs(ours), _LOSSES_FROM_ZERO)
        moved = 0.0
        if nearby is not None and number < len(nearby.steps):
            moved = _ROOM * abs(ours - sum(nearby.steps[number])) / max(abs(ours), _LOSSES_FROM_ZERO)
        fine = error <= max(limit, moved) or (np.isnan(ours) and np.isnan(found) and len(losses) == len(theirs))
        yield StepRow(number + 1, ours, found, error, bool(fine) and len(losses) == len(theirs))


def _parameter_errors(ours: Sequence[Array], theirs: Sequence[Array], nearby: Journal | None, limit: float) -> Iterator[tuple[float, bool]]:
    if len(ours) != len(theirs):
        return
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a.size != b.size:
            yield float("inf"), False
            continue
        moved = 0.0 if nearby is None else _ROOM * _error(a, nearby.final[number])
        error = _error(a, b)
        yield error, error <= max(limit, moved)


def _error(a: Array, b: Array) -> float:
    if not a.size:
        return 0.0
    difference = np.abs(a.astype(np.float64) - b.astype(np.float64).reshape(a.shape))
    return float(difference.max() / max(1.0, float(np.abs(a).max())))


def _batches_differ(original: Journal, port: Journal) -> int | None:
    """The first call of a model whose inputs differ although no step was made yet, or whose shapes do."""
    for number, (a, b) in enumerate(zip(original.calls, port.calls, strict=False)):
        if [shape for shape, *_ in a] != [shape for shape, *_ in b]:
            return number
        if any(not np.allclose(x[1:], y[1:], rtol=1e-3, atol=1e-3) for x, y in zip(a, b, strict=True)):
            return number
    return None


def _why(original: Journal, port: Journal) -> Iterator[str]:
    if len(original.steps) != len(port.steps):
        yield f"the original made {len(original.steps)} steps, the port {len(port.steps)}"
    counts: Mapping[bool, int] = {True: sum(map(len, original.steps)), False: sum(map(len, port.steps))}
    if counts[True] != counts[False]:
        yield f"the original made {counts[True]} backward passes, the port {counts[False]}"
    different = _batches_differ(original, port)
    if different is not None:
        yield (
            f"the inputs of model call {different + 1} differ: where they come from the data and not from the model, the runs saw different batches, "
            "and their losses say nothing about the port"
        )


def render_training(result: TrainingResult) -> str:
    """The result as text: a table of steps, the largest error of a parameter, notes, and a verdict."""
    lines = [f"{'':8}{'step':>5}{'original':>16}{'port':>16}{'relative error':>17}"]
    for row in result.rows:
        mark = "ok" if row.ok else "DIFFERS"
        lines.append(f"{mark:8}{row.step:>5}{row.original:>16.7g}{row.port:>16.7g}{row.relative_error:>17.2e}")
    lines.append(f"largest error of {result.parameters} parameters: {result.parameter_error:.2e} {result.worst}".rstrip())
    lines += [f"note: {note}" for note in result.notes]
    bad = sum(not row.ok for row in result.rows)
    lines.append(
        f"the port trains the same: {len(result.rows)} steps within {result.limit:g}" if result.ok
        else f"the port differs: {bad} of {len(result.rows)} losses" + ("" if bad else "; final parameters differ")
    )  # fmt: skip
    return "\n".join(lines)
