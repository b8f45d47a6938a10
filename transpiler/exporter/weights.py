"""How a torch checkpoint becomes the port's: every tensor carried over by rule, written atomically, read back and compared.

The written file is loaded once with the framework's own strict call before it gets its final name.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from transpiler.exporter.contract import ExporterError, Row, WeightsRequest, WeightsResult
from transpiler.exporter.processes import Message
from transpiler.exporter.session import check_target, open_session, problems_of
from transpiler.report.codes import Code

_SUFFIXES: Final = {"mindspore": (".ckpt", ".safetensors"), "keras": (".weights.h5", ".safetensors")}


def convert_weights(request: WeightsRequest) -> WeightsResult:
    """Convert a checkpoint. Mismatches end in a result that names them, with nothing written.

    Raises ``ExporterError`` for bad usage, unreadable input, an output that exists (without ``force``) or cannot be written.
    """
    weight_map = request.output.with_name(request.output.name + ".json")
    with _partial_file(request, weight_map) as partial, open_session(request) as session:
        source = session.run_source()
        if source["problems"]:
            return WeightsResult(False, request.output, weight_map, (), problems_of(source), notes=tuple(source["notes"]))
        target = session.run_target(source, save=str(partial), frame=source.get("frame"))
        notes = (*source["notes"], *target["notes"])
        dropped = tuple(target["dropped"])
        if target["problems"]:
            return WeightsResult(False, request.output, weight_map, (), problems_of(target), dropped, notes)
        rows = tuple(_row(pair) for pair in target["pairs"])
        if not all(row.ok for row in rows):
            return WeightsResult(False, request.output, weight_map, rows, (), dropped, notes)
        _publish(request, partial, weight_map, _weight_map(request.entry, source, target))
        return WeightsResult(True, request.output, weight_map, rows, (), dropped, notes)


def _row(pair: Message) -> Row:
    name = pair["key"] if pair["key"] == pair["target"] else f"{pair['key']} -> {pair['target']}"
    return Row(name, tuple(pair["shape"]), pair["error"], pair["error"], pair["error"] == 0.0, "weight", pair["dtype"])


def _weight_map(entry: str, source: Message, target: Message) -> Message:
    """Which weight became which, in the form ``{model: [{converted_weight, source_weight}]}``."""
    described = {weight["key"]: weight["data"] for weight in source["weights"]}

    def converted(pair: Message) -> Message:
        return {"name": pair["target"], "shape": pair["shape"], "data_type": pair["dtype"]}

    def original(key: str) -> Message:
        return {"name": key, "shape": described[key]["shape"], "data_type": described[key]["dtype"]}

    return {_model_name(entry): [{"converted_weight": converted(pair), "source_weight": original(pair["key"])} for pair in target["pairs"]]}


def _model_name(entry: str) -> str:
    """What the entry's expression calls: ``models.resnet:resnet18(num_classes=10)`` is ``resnet18``."""
    match = re.match(r"[\w.]+", entry.partition(":")[2].strip())
    return match.group().rpartition(".")[2] if match else "model"


@contextmanager
def _partial_file(request: WeightsRequest, weight_map: Path) -> Iterator[Path]:
    """A path beside the output, with the same ending (frameworks insist on theirs), that is gone afterwards."""
    output = request.output
    check_target(request.target)
    endings = _SUFFIXES[request.target]
    suffix = next((ending for ending in endings if output.name.endswith(ending)), None)
    if suffix is None:
        known = " or ".join(endings)
        raise ExporterError(f"weights of a {request.target} port are written to {known}", Code.WRITE_FAILED, f"--output {output}")
    for path in (output, weight_map):
        if path.exists() and not request.force:
            raise ExporterError("exists already; nothing was written", Code.WRITE_FAILED, str(path))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".torch2ms-", dir=output.parent)
    except OSError as error:
        raise ExporterError(f"cannot be written: {error.strerror}", Code.WRITE_FAILED, str(output)) from error
    with folder as name:
        yield Path(name).resolve() / f"weights{suffix}"


def _publish(request: WeightsRequest, partial: Path, weight_map: Path, content: Message) -> None:
    """Move both files to their final names; each is complete when it appears."""
    try:
        description = partial.with_name("map.json")
        description.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, request.output)
        os.replace(description, weight_map)
    except OSError as error:
        raise ExporterError(f"cannot be written: {error.strerror}", Code.WRITE_FAILED, str(request.output)) from error
