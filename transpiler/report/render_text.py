"""``report_of_<name>.txt``: one file's remarks as lines that a person reads beside the source.

Positions are those of the source, line from 1, column from 0. Inserted lines have no place in the source and come first.
"""

from __future__ import annotations

from transpiler.report.codes import Kind
from transpiler.report.diagnostic import Diagnostic, FileReport

START = "[Start Convert]"
END = "[Convert Over]"


def render_text(file: FileReport) -> str:
    """The report of one file, ending in a newline."""
    inserted = [d for d in file.diagnostics if d.kind is Kind.INSERT]
    placed = [d for d in file.diagnostics if d.kind is not Kind.INSERT]
    return "\n".join([START, *map(_line, inserted), *map(_line, placed), END, ""])


def describe(diagnostic: Diagnostic) -> str:
    """What happened, without the place: the part after ``line 1:0: [Convert]``; always one line."""
    symbol, replacement = _one_line(diagnostic.symbol), _one_line(diagnostic.replacement)
    if diagnostic.kind is Kind.INSERT:
        return f"'{replacement}' is inserted to the converted file."
    if diagnostic.kind is Kind.CONVERT:
        return f"'{symbol}' is converted to '{replacement}'." if replacement else _sentences(f"'{symbol}' is removed.", diagnostic.message)
    if diagnostic.kind is Kind.UNCONVERT:
        suggestion = f"Maybe could convert to {replacement}." if replacement else diagnostic.hint
        finding = f"'{symbol}' didn't convert."
        return _sentences(finding, _one_line(diagnostic.message).removeprefix(finding), suggestion)
    return _sentences(diagnostic.message, diagnostic.hint)


def _line(diagnostic: Diagnostic) -> str:
    label = {Kind.INSERT: "Insert", Kind.CONVERT: "Convert", Kind.UNCONVERT: "UnConvert", Kind.REVIEW: "Review", Kind.ERROR: "Error"}
    text = f"[{label[diagnostic.kind]}] {describe(diagnostic)}"
    if diagnostic.range is None or diagnostic.kind is Kind.INSERT:
        return text
    cell = "" if diagnostic.cell is None else f"cell {diagnostic.cell}, "
    return f"{cell}line {diagnostic.range.line}:{diagnostic.range.column}: {text}"


def _sentences(*parts: str) -> str:
    cleaned = (_one_line(part) for part in parts)
    return " ".join(part if part.endswith((".", "!", "?", "…")) else f"{part}." for part in cleaned if part)


def _one_line(text: str) -> str:
    return " ".join(text.split())
