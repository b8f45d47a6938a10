"""The SARIF report is valid by the published schema and shifts columns to SARIF's counting."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, FileReport, Range, RunReport, Status
from transpiler.report.render_sarif import render_sarif

SCHEMA = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"


def render(*diagnostics: Diagnostic, status: Status = Status.PARTIAL) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        render_sarif(RunReport("0.1.0", "keras", (FileReport("my model.py", "my model.py", status, diagnostics),)))
    )
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker()).validate(data)
    return data


def diagnostic(kind: Kind, code: Code, place: Range | None = None) -> Diagnostic:
    return Diagnostic(kind, code, "my model.py", place, "Found it.", symbol="torch.x", replacement="y", hint="Mend it.")


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize("kind", list(Kind))
def test_valid_for_every_kind_and_code(kind: Kind, code: Code) -> None:
    assert len(render(diagnostic(kind, code, Range(1, 0, 1, 7)))["runs"][0]["results"]) == 1


def test_valid_without_diagnostics_and_without_place() -> None:
    assert render()["runs"][0]["results"] == []
    location = render(diagnostic(Kind.ERROR, Code.UNREADABLE))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert "region" not in location


def test_schema_refuses_what_is_wrong() -> None:
    data = render(diagnostic(Kind.ERROR, Code.SYNTAX_ERROR, Range(1, 0, 1, 7)))
    data["runs"][0]["results"][0]["level"] = "loud"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(data)


def test_columns_count_from_one_and_paths_are_uris() -> None:
    result = render(diagnostic(Kind.UNCONVERT, Code.UNKNOWN_API, Range(3, 4, 3, 11)))["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 12}
    assert place["artifactLocation"] == {"uri": "my%20model.py", "uriBaseId": "SRCROOT"}
    assert (result["level"], result["kind"]) == ("warning", "fail")


def test_each_result_names_its_rule() -> None:
    run = render(diagnostic(Kind.CONVERT, Code.CONVERTED, Range(1, 0, 1, 7)), diagnostic(Kind.ERROR, Code.CYCLE))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert (
        [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]] == ["T2M001", "T2M905"]
    )


def test_failed_files_make_the_run_unsuccessful() -> None:
    failed = render(diagnostic(Kind.ERROR, Code.SYNTAX_ERROR), status=Status.FAILED)
    assert failed["runs"][0]["invocations"] == [{"executionSuccessful": False}]
