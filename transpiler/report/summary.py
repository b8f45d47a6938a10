"""How a run went, in numbers: what the summary table, ``report.json`` and the exit code are read from.

One place counts, so that the three can never disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from transpiler.report.codes import EXPLANATIONS, Kind
from transpiler.report.diagnostic import Diagnostic, RunReport, Status

#: How many reasons the table and the JSON summary name.
REASONS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for which uses of torch were left, and how often it occurred."""

    code: str
    symbol: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all files; ``left`` is the number of torch uses that were not converted."""

    files: int
    converted: int
    partial: int
    unchanged: int
    failed: int
    uses_converted: int
    left: int
    to_review: int
    errors: int
    reasons: tuple[Reason, ...]


def summarise(run: RunReport) -> Summary:
    """Count files by status, diagnostics by kind, and the most frequent reasons for which something was left."""
    statuses = Counter(file.status for file in run.files)
    diagnostics = [diagnostic for file in run.files for diagnostic in file.diagnostics]
    kinds = Counter(diagnostic.kind for diagnostic in diagnostics)
    return Summary(
        files=len(run.files),
        converted=statuses[Status.CONVERTED],
        partial=statuses[Status.PARTIAL],
        unchanged=statuses[Status.UNCHANGED],
        failed=statuses[Status.FAILED],
        uses_converted=kinds[Kind.CONVERT],
        left=kinds[Kind.UNCONVERT],
        to_review=kinds[Kind.REVIEW],
        errors=kinds[Kind.ERROR],
        reasons=_reasons(diagnostics),
    )


def _reasons(diagnostics: Iterable[Diagnostic]) -> tuple[Reason, ...]:
    counts = Counter((d.code, d.symbol) for d in diagnostics if d.kind in (Kind.UNCONVERT, Kind.ERROR))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0][0].value, item[0][1]))
    return tuple(Reason(code.value, symbol, EXPLANATIONS[code].title, count) for (code, symbol), count in ranked[:REASONS_SHOWN])
