"""``report.sarif``: the run in SARIF 2.1.0, so that code hosts and editors show remarks at their lines.

SARIF counts columns from 1 where this package counts from 0. Conversions are 'informational' results: viewers list them without
raising an alarm. Positions refer to the source tree, whose root is the base ``SRCROOT``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from transpiler.report.codes import EXPLANATIONS, Code, Kind
from transpiler.report.diagnostic import Diagnostic, Range, RunReport, Status
from transpiler.report.render_text import describe

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Kind.UNCONVERT: "warning", Kind.REVIEW: "note", Kind.ERROR: "error"}


def render_sarif(run: RunReport) -> str:
    """The run as SARIF text with one result for each diagnostic."""
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(run)]}, indent=1, ensure_ascii=False) + "\n"


def _run(run: RunReport) -> dict[str, Any]:
    diagnostics = [diagnostic for file in run.files for diagnostic in file.diagnostics]
    used = sorted({diagnostic.code for diagnostic in diagnostics})
    index = {code: position for position, code in enumerate(used)}
    return {
        "tool": {"driver": {"name": "torch2ms", "version": run.version, "rules": [_rule(code) for code in used]}},
        "invocations": [{"executionSuccessful": all(file.status is not Status.FAILED for file in run.files)}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the project that was ported."}}},
        "artifacts": [{"location": _artifact(file.source)} for file in run.files],
        "results": [_result(diagnostic, index[diagnostic.code]) for diagnostic in diagnostics],
        "properties": {"target": run.target},
    }


def _rule(code: Code) -> dict[str, Any]:
    info = EXPLANATIONS[code]
    return {"id": code.value, "name": code.name, "shortDescription": {"text": info.title}, "fullDescription": {"text": info.explanation}}


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    level = _LEVELS.get(diagnostic.kind, "none")
    location: dict[str, Any] = {"artifactLocation": _artifact(diagnostic.path)}
    text = describe(diagnostic)
    if diagnostic.cell is not None:  # the file's own lines are those of its JSON
        text = f"cell {diagnostic.cell}: {text}"
    elif diagnostic.range is not None:
        location["region"] = _region(diagnostic.range)
    return {
        "ruleId": diagnostic.code.value,
        "ruleIndex": rule,
        "kind": "informational" if level == "none" else "fail",
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _region(place: Range) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column + 1,
        "endLine": place.end_line,
        "endColumn": place.end_column + 1,
    }


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path), "uriBaseId": "SRCROOT"}
