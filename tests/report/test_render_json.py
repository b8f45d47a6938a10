"""``report.json`` keeps its documented keys and counts."""

import json

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, FileReport, Range, RunReport, Status
from transpiler.report.render_json import render_json

RUN = RunReport(
    "0.1.0",
    "mindspore",
    (
        FileReport(
            "pkg/a.py",
            "pkg/a.py",
            Status.PARTIAL,
            (
                Diagnostic(
                    Kind.CONVERT, Code.CONVERTED, "pkg/a.py", Range(1, 0, 1, 12), "", symbol="import torch", replacement="import mindspore"
                ),
                Diagnostic(
                    Kind.UNCONVERT, Code.UNKNOWN_API, "pkg/a.py", Range(4, 8, 5, 1), "No entry.", symbol="torch.foo", hint="Add one."
                ),
                Diagnostic(
                    Kind.UNCONVERT, Code.UNKNOWN_API, "pkg/a.py", Range(6, 8, 6, 17), "No entry.", symbol="torch.foo", hint="Add one."
                ),
            ),
        ),
        FileReport("ü.py", None, Status.FAILED, (Diagnostic(Kind.ERROR, Code.UNREADABLE, "ü.py", None, "cannot be read"),)),
        FileReport("b.py", "b.py", Status.UNCHANGED, ()),
    ),
)


def test_contract() -> None:
    data = json.loads(render_json(RUN))
    assert list(data) == ["version", "target", "files", "summary"]
    assert [file["status"] for file in data["files"]] == ["partial", "failed", "unchanged"]
    assert list(data["files"][0]) == ["source", "output", "status", "diagnostics"]
    assert data["files"][0]["diagnostics"][1] == {
        "line": 4,
        "column": 8,
        "end_line": 5,
        "end_column": 1,
        "kind": "unconvert",
        "code": "T2M401",
        "symbol": "torch.foo",
        "replacement": "",
        "message": "No entry.",
        "hint": "Add one.",
    }
    assert data["files"][1]["output"] is None
    assert data["files"][1]["diagnostics"][0]["line"] is None


def test_summary_counts_what_the_files_say() -> None:
    summary = json.loads(render_json(RUN))["summary"]
    counts = {key: value for key, value in summary.items() if key != "reasons"}
    assert counts == {
        "files": 3,
        "converted": 0,
        "partial": 1,
        "unchanged": 1,
        "failed": 1,
        "uses_converted": 1,
        "left": 2,
        "to_review": 0,
        "errors": 1,
    }
    assert summary["reasons"][0] == {"code": "T2M401", "symbol": "torch.foo", "title": "unknown API", "count": 2}


def test_names_are_not_escaped() -> None:
    assert '"source": "ü.py"' in render_json(RUN)
