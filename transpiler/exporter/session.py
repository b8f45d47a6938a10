"""What weights and verification share: the request turned into the two workers' messages, in a temporary folder of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from transpiler.exporter.arrays import ArrayStore
from transpiler.exporter.contract import ExporterError, Problem, VerifyRequest, WeightsRequest
from transpiler.exporter.entry_point import EntryPoint, parse_entry
from transpiler.exporter.inputs import build_inputs
from transpiler.exporter.pairing import plan_weights
from transpiler.exporter.processes import Message, run_worker
from transpiler.mapping.registry import Registry, load_registry
from transpiler.mapping.schema import TARGETS, MappingError
from transpiler.report.codes import Code

_Request = TypeVar("_Request", WeightsRequest, VerifyRequest)


@dataclass(frozen=True, slots=True)
class Session(Generic[_Request]):
    """A checked request: both entry points, the inputs as files, the mapping tables, and a folder for the exchange."""

    request: _Request
    folder: Path
    source: EntryPoint
    port: EntryPoint
    inputs: list[Message] | None
    registry: Registry = field(repr=False)

    def run_source(self, **more: Any) -> Message:
        """Ask the original's process."""
        request = self.request
        message = {
            "entry": _entry_message(self.source), "folder": str(self.folder), "inputs": self.inputs, "seed": request.seed,
            "prepare": None if request.prepare is None else str(request.prepare.resolve()),
            "checkpoint": None if request.checkpoint is None else str(request.checkpoint.resolve()),
            "random": False, "run": False, "grad": False, "trace": False, **more,
        }  # fmt: skip
        return run_worker("source_worker", message, self.folder, str(request.source))

    def run_target(self, source: Message, **more: Any) -> Message:
        """Ask the port's process; ``source`` is the original's answer."""
        plan = plan_weights(source["weights"], self.registry, self.request.target)
        absent = plan_weights(source["absent"], self.registry, self.request.target)
        message = {
            "entry": _entry_message(self.port), "folder": str(self.folder), "inputs": self.inputs, "target": self.request.target,
            "plan": plan, "absent": absent, **more,
        }  # fmt: skip
        return run_worker("target_worker", message, self.folder, str(self.request.converted))


@contextmanager
def open_session(request: _Request) -> Iterator[Session[_Request]]:
    """Check the request and make room for the exchange; the folder is gone afterwards. Raises ``ExporterError``."""
    check_target(request.target)
    for option, path in (("--checkpoint", request.checkpoint), ("--prepare", request.prepare)):
        if path is not None and not path.is_file():
            raise ExporterError("no such file", Code.UNREADABLE, f"{option} {path}")
    source = parse_entry(request.entry, request.source, request.source)
    port = parse_entry(request.entry, request.source, request.converted)
    registry = _load_tables(request.mappings)
    with tempfile.TemporaryDirectory(prefix="torch2ms-") as name:
        folder = Path(name)
        given = None if request.inputs is None else build_inputs(request.inputs, ArrayStore(folder / "inputs"), request.seed)
        inputs = None if given is None else [item.message() for item in given]
        yield Session(request, folder, source, port, inputs, registry)


def check_target(target: str) -> None:
    """Raises ``ExporterError`` for a target that does not exist."""
    if target not in TARGETS:
        raise ExporterError(f"unknown target '{target}'; known are {', '.join(TARGETS)}", Code.UNREADABLE, "--target")


def _load_tables(paths: tuple[Path, ...]) -> Registry:
    try:
        return load_registry(paths)
    except MappingError as error:
        place, _, message = str(error).partition(": ")
        raise ExporterError(message, Code.UNREADABLE, place) from error
    except OSError as error:
        raise ExporterError(f"cannot be read: {error.strerror}", Code.UNREADABLE, f"--mappings {error.filename}") from error


def problems_of(*answers: Message) -> tuple[Problem, ...]:
    """Everything that did not fit, from one or both sides."""
    return tuple(Problem(Code(item["code"]), item["place"], item["message"]) for answer in answers for item in answer["problems"])


def _entry_message(entry: EntryPoint) -> Message:
    return {**asdict(entry), "root": str(entry.root)}
