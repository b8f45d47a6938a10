"""``report.json``: the contract with other programs. Keys are added, never renamed or removed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from transpiler.report.diagnostic import Diagnostic, FileReport, RunReport
from transpiler.report.summary import summarise


def render_json(run: RunReport) -> str:
    """The whole run as JSON text: lines from 1, columns from 0 in code points, paths relative to the project root."""
    return json.dumps(run_as_dict(run), indent=1, ensure_ascii=False) + "\n"


def run_as_dict(run: RunReport) -> dict[str, Any]:
    """The run as plain data, in the form that ``report.json`` documents."""
    return {
        "version": run.version,
        "target": run.target,
        "files": [_file(file) for file in run.files],
        "summary": asdict(summarise(run)),
    }


def _file(file: FileReport) -> dict[str, Any]:
    return {
        "source": file.source,
        "output": file.output,
        "status": file.status.value,
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in file.diagnostics],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    place = diagnostic.range
    return {
        **({} if diagnostic.cell is None else {"cell": diagnostic.cell}),
        "line": place.line if place else None,
        "column": place.column if place else None,
        "end_line": place.end_line if place else None,
        "end_column": place.end_column if place else None,
        "kind": diagnostic.kind.value,
        "code": diagnostic.code.value,
        "symbol": diagnostic.symbol,
        "replacement": diagnostic.replacement,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }
