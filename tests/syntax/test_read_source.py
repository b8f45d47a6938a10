"""Unusable sources give one diagnostic with a place; deep sources never reach the parser that they would crash."""

import ast
import sys
from pathlib import Path

import libcst
import pytest

from transpiler.report.codes import Code
from transpiler.report.diagnostic import Diagnostic, Range
from transpiler.syntax.read_source import TooDeepError, check_source, input_error, read_source


def diagnose(source: bytes) -> Diagnostic:
    """What a parser's exception about ``source`` becomes."""
    try:
        check_source(source)
        libcst.parse_module(source)
    except Exception as error:  # noqa: BLE001  whatever a parser raises
        found = input_error(error, source, "a.py")
        assert found is not None
        return found
    raise AssertionError("the source was parsed")


@pytest.mark.parametrize(
    ("source", "code", "place"),
    [
        (b"x = 1\ndef f(:\n", Code.SYNTAX_ERROR, (2, 6)),
        (b"x = '\xff'\n", Code.BAD_ENCODING, (1, 5)),
        (b"# -*- coding: ascii -*-\nx = '\xc3\xa9'\n", Code.BAD_ENCODING, (2, 5)),
        (b"# -*- coding: no-such -*-\nx = 1\n", Code.BAD_ENCODING, (1, 0)),
        (b"x = '\xe4\xbd\xa0' + \xff\n", Code.BAD_ENCODING, (1, 10)),
    ],
)
def test_place_and_code(source: bytes, code: Code, place: tuple[int, int]) -> None:
    found = diagnose(source)
    assert found.code is code
    assert found.range is not None
    assert (found.range.line, found.range.column) == place


@pytest.mark.parametrize(
    "source",
    [
        b"x = " + b"(" * 5000 + b"1" + b")" * 5000 + b"\n",
        b"x = a" + b".b" * 20000 + b"\n",
        b"x = " + b"-" * 5000 + b"1\n",
        b"x = " + b"[" * 150 + b"\n",
    ],
    ids=["brackets", "attributes", "signs", "unclosed"],
)
@pytest.mark.parametrize("limit", [1000, 10000])
def test_deep_source_is_refused(source: bytes, limit: int) -> None:
    """Also where another library of the process has raised CPython's limit."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        assert diagnose(source).code is Code.SYNTAX_ERROR
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("depth", [1, 59, 61, 150])
def test_reasonable_depth_is_accepted(depth: int) -> None:
    source = b"x = " + b"(" * depth + b"1" + b")" * depth + b"\n"
    check_source(source)
    assert libcst.parse_module(source).bytes == source
    assert ast.parse(source)


def test_deep_brackets_inside_a_string_are_no_nesting() -> None:
    check_source(b"x = '" + b"(" * 5000 + b"'\n")


def test_null_bytes_are_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        check_source(b"x = '" + b"a" * 5000 + b"\x00'\n")


def test_other_exceptions_are_not_the_inputs_fault() -> None:
    assert input_error(KeyError("x"), b"x = 1\n", "a.py") is None


def test_too_deep_has_its_own_message() -> None:
    with pytest.raises(TooDeepError, match="too deeply"):
        check_source(b"x = a" + b".b" * 20000 + b"\n")


def test_unreadable_file(tmp_path: Path) -> None:
    found = read_source(tmp_path / "missing.py", "pkg/missing.py")
    assert isinstance(found, Diagnostic)
    assert (found.code, found.path, found.range) == (Code.UNREADABLE, "pkg/missing.py", None)


def test_bytes_come_back_as_they_are(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfx = 1\r\ny = 2\r"
    (tmp_path / "a.py").write_bytes(content)
    assert read_source(tmp_path / "a.py", "a.py") == content


def test_range_of_a_bad_byte_is_one_column_wide() -> None:
    assert diagnose(b"x = '\xff'\n").range == Range(1, 5, 1, 6)
