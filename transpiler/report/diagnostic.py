"""What is said about a place in the source: one frozen value per remark.

Positions are LibCST's: lines from 1, columns from 0, counted in code points of the *source* file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transpiler.report.codes import Code, Kind


class Applicability(StrEnum):
    """How far a suggested fix can be trusted."""

    SAFE = "safe"
    REVIEW = "review"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A half-open range of the source: lines from 1, columns from 0."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement for the diagnostic's range, with how far to trust it."""

    replacement: str
    applicability: Applicability


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One remark: what was found (``message``), where, and what to do about it (``hint``).

    ``symbol`` is the torch name concerned, as the user spelled it; ``replacement`` what stands there now
    (``kind`` convert and insert). ``range`` is None for remarks about a whole file. ``cell``: of a notebook, the cell's number among all
    cells, from 1; the range is then within the cell.
    """

    kind: Kind
    code: Code
    path: str
    range: Range | None
    message: str
    symbol: str = ""
    replacement: str = ""
    hint: str = ""
    target: str = ""
    fix: Fix | None = None
    cell: int | None = None


class Status(StrEnum):
    """What became of a file."""

    CONVERTED = "converted"
    PARTIAL = "partial"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileReport:
    """All remarks about one file, ordered by position, and what became of it. Paths are relative to the project root, with '/'."""

    source: str
    output: str | None
    status: Status
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """All files of one run."""

    version: str
    target: str
    files: tuple[FileReport, ...]
