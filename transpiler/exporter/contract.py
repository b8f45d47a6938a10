"""What the exporter is asked and what it answers: requests, results and the one error, as values without behaviour."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transpiler.report.codes import Code


class ExporterError(Exception):
    """Bad usage or bad input: nothing was converted or compared.

    ``message`` says what is wrong, ``code`` is its diagnostic code and ``place`` where: a file, an option, or option:column.
    """

    def __init__(self, message: str, code: Code, place: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.code.value} {self.message}"


@dataclass(frozen=True, slots=True)
class WeightsRequest:
    """Convert ``checkpoint`` of the model that ``entry`` builds in ``source`` for its port in ``converted``, into ``output``.

    ``entry`` is MODULE:EXPR. ``inputs`` is needed for Keras ports only, whose layers are built by their first call. Without a
    checkpoint the model's own initial weights are converted. ``prepare`` is a Python file that the torch process runs first.
    """

    source: Path
    converted: Path
    entry: str
    target: str
    checkpoint: Path | None
    output: Path
    inputs: str | None = None
    seed: int = 0
    mappings: tuple[Path, ...] = ()
    prepare: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Compare the model that ``entry`` builds in ``source`` with its port in ``converted`` on ``inputs``.

    Weights come from ``checkpoint``, or are random (``seed``). ``grad`` compares gradients as well; ``graph`` compiles the port as one graph,
    compares what that computes, and exports it (MindSpore: ``mindspore.jit`` and MINDIR), to ``mindir`` where that names a file.
    """

    source: Path
    converted: Path
    entry: str
    target: str
    checkpoint: Path | None
    inputs: str | None
    grad: bool = False
    graph: bool = False
    seed: int = 0
    mappings: tuple[Path, ...] = ()
    prepare: Path | None = None
    limit: float = 1e-3
    mindir: Path | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One compared tensor. ``relative_error`` is max|a-b| / (max(a)-min(a)); both errors are inf where nothing could be compared,
    and ``note`` then says why. ``kind`` is 'weight', 'output', 'graph output', 'parameter gradient' or 'input gradient'."""

    name: str
    shape: tuple[int, ...]
    max_abs_error: float
    relative_error: float
    ok: bool
    kind: str = "output"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A weight that could not be carried over: what is wrong (``message``, ``code``) with which weight (``place``)."""

    code: Code
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class WeightsResult:
    """What became of a checkpoint. Nothing is written unless ``ok``.

    ``dropped`` lists source tensors without counterpart by rule (``num_batches_tracked``), ``notes`` what a reader should know.
    ``first_departing`` is always None: it is here so that both results can be rendered alike.
    """

    ok: bool
    output: Path
    weight_map: Path
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first_departing: str | None = None

    def to_json(self) -> str:
        """The result as a JSON text; infinite errors are null."""
        return _json(self)


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How original and port compare. ``first_departing`` is the dotted path of the first submodule whose output departs although
    its inputs agree ('<model>' is the model itself); None where everything agrees or no submodule could be singled out."""

    ok: bool
    rows: tuple[Row, ...]
    limit: float
    first_departing: str | None = None
    problems: tuple[Problem, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: What MindSpore's graph and its file were made of: 'source', 'recorded' (one run of the port was recorded), or '' where there is none.
    compiled: str = ""
    exported: str = ""
    #: Why the graph is not made of the port's source.
    refused: str = ""

    def to_json(self) -> str:
        """The result as a JSON text; infinite errors are null."""
        return _json(self)


def _json(result: WeightsResult | VerifyResult) -> str:
    return json.dumps(_plain(asdict(result)), indent=2, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Code):
        return value.value
    return None if isinstance(value, float) and not math.isfinite(value) else value
