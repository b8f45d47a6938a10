"""Whether a port computes what the original computes: same weights, same inputs, outputs compared, then gradients.

On a difference both sides run once more with every submodule watched, to name the first one that departs. The usual, equal case
does not pay for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from transpiler.exporter.arrays import Array, Stored, read_values
from transpiler.exporter.comparison import compare_gradients, compare_outputs, find_first_departing
from transpiler.exporter.contract import ExporterError, Problem, Row, VerifyRequest, VerifyResult
from transpiler.exporter.pairing import relayout
from transpiler.exporter.processes import Message
from transpiler.exporter.session import Session, open_session, problems_of
from transpiler.report.codes import Code


def verify(request: VerifyRequest) -> VerifyResult:
    """Compare original and port. Raises ``ExporterError`` for bad usage, or where a side cannot be built or run."""
    if request.inputs is None:
        raise ExporterError("verification needs inputs, such as --inputs 2,3,224,224", Code.UNREADABLE, "--inputs")
    with open_session(request) as session:
        source = session.run_source(random=request.checkpoint is None, run=True, grad=request.grad)
        if source["problems"]:
            return VerifyResult(False, (), request.limit, None, problems_of(source), notes=tuple(source["notes"]))
        target = _run_target(session, source)
        if target["problems"] and "outputs" not in target:
            return VerifyResult(False, (), request.limit, None, problems_of(target), tuple(target["dropped"]), _notes(source, target))
        rows = _compare(source, target, request)
        uncompiled = problems_of(target)
        ok = all(row.ok for row in rows) and not uncompiled
        # Where only gradients differ, no submodule's output can tell which one is to blame.
        outputs_differ = any(not row.ok for row in rows if row.kind == "output")
        departing, found = _locate(session) if outputs_differ else (None, ())
        notes = (*_notes(source, target), *found)
        problems = (*_named(departing), *uncompiled)
        graph = target.get("compiled", ""), target.get("exported", ""), target.get("refused", "")
        return VerifyResult(ok, tuple(rows), request.limit, departing, problems, tuple(target["dropped"]), notes, *graph)


def _run_target(session: Session[VerifyRequest], source: Message) -> Message:
    request = session.request
    settings: Message = {"run": True, "trace": [], "cotangents": source.get("cotangents"), "limit": request.limit}
    if request.graph:
        try:
            return session.run_target(source, graph=True, mindir=request.mindir and str(request.mindir.resolve()), **settings)
        except ExporterError as error:
            if error.code is not Code.INTERNAL_ERROR:
                raise
            # The compiler may end the process; what the port computes without it is still to be compared.
            target = session.run_target(source, **settings)
            message = error.message.splitlines()[0]
            target["problems"].append({"code": Code.NOT_COMPILED.value, "place": "<graph>", "message": message})
            return target | {"refused": message}
    return session.run_target(source, **settings)


def _compare(source: Message, target: Message, request: VerifyRequest) -> list[Row]:
    rows = compare_outputs(source["outputs"], target["outputs"], request.limit)
    if target.get("graph_outputs"):
        rows += [replace(row, kind="graph output") for row in compare_outputs(source["outputs"], target["graph_outputs"], request.limit)]
    if not request.grad:
        return rows
    rows += compare_gradients(*_parameter_gradients(source, target), "parameter gradient", request.limit, source["rounding"])
    ours, theirs = _read_all(source["input_gradients"]), _read_all(target["input_gradients"])
    return rows + compare_gradients(ours, theirs, "input gradient", request.limit, source["rounding"])


def _parameter_gradients(source: Message, target: Message) -> tuple[dict[str, Array], dict[str, Array]]:
    """Both sides' gradients by the source's names, a tied weight once. Where the port keeps a tied weight as several parameters,
    their gradients add up to the original's."""
    pairs = {pair["key"]: pair for pair in target["pairs"]}
    arrays, found = _read_all(source["gradients"]), _read_all(target["gradients"])
    ours: dict[str, Array] = {}
    theirs: dict[str, Array] = {}
    for keys in _tied_groups(source["weights"]):
        wanted = [key for key in keys if key in arrays]
        counterparts = {pairs[key]["target"]: found[key] for key in keys if key in found}
        if wanted:
            ours[wanted[0]] = relayout(arrays[wanted[0]], pairs[wanted[0]]["candidate"]) if wanted[0] in pairs else arrays[wanted[0]]
        if wanted and counterparts:
            theirs[wanted[0]] = sum(counterparts.values(), np.zeros((), next(iter(counterparts.values())).dtype))
    return ours, theirs


def _tied_groups(weights: Iterable[Message]) -> Iterable[list[str]]:
    groups: dict[int, list[str]] = {}
    for weight in weights:
        groups.setdefault(weight["group"], []).append(weight["key"])
    return groups.values()


def _read_all(stored: Mapping[str, Message]) -> dict[str, Array]:
    return {key: read_values(Stored.parse(message)) for key, message in stored.items()}


def _locate(session: Session[VerifyRequest]) -> tuple[str | None, tuple[str, ...]]:
    """Run both sides again, watching every submodule: the departing one, and a note where watching failed. Same seed, weights, inputs."""
    try:
        source = session.run_source(random=session.request.checkpoint is None, run=True, trace=True)
        paths = list(dict.fromkeys(event["path"] for event in source["events"]))
        target = session.run_target(source, run=True, trace=paths, cotangents=None)
    except ExporterError as error:
        return None, (f"the submodules could not be watched: {error.message}",)
    return find_first_departing(source["events"], target["events"], session.request.limit), ()


def _named(departing: str | None) -> tuple[Problem, ...]:
    if departing is None:
        return ()
    return (Problem(Code.OUTPUT_DIFFERS, departing, "the first submodule whose output departs from the original's"),)


def _notes(source: Message, target: Message) -> tuple[str, ...]:
    return (*source["notes"], *target["notes"])
