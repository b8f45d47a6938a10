"""How the cells of a notebook are ported together, and where in which cell a remark belongs.

A cell that is no Python is left and diagnosed, and the others go on without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, Range, Status
from transpiler.rewrite.pipeline import FileResult, ProjectContext, transpile_source
from transpiler.syntax.format_output import BlackSettings, format_output
from transpiler.syntax.notebooks import Notebook, NotebookError, read_notebook, split_module, write_notebook
from transpiler.syntax.suppressions import skips_file


def port_notebook(source: bytes, path: str, context: ProjectContext, settings: BlackSettings) -> FileResult:
    """Port a notebook's code cells. Raises what ``transpile_source`` raises."""
    try:
        notebook = read_notebook(source)
    except NotebookError as error:
        if b"torch" not in source:
            return FileResult(source, Status.UNCHANGED, (), frozenset())
        unreadable = Diagnostic(Kind.ERROR, Code.UNREADABLE, path, None, str(error))
        return FileResult(source, Status.FAILED, (unreadable,), frozenset())
    module = notebook.module
    if skips_file(module.splitlines(keepends=True)):
        return FileResult(source, Status.UNCHANGED, (), frozenset())
    # A notebook is no module of a package: it imports the support module by its own name.
    result = transpile_source(module.encode(), path=path, context=replace(context, support_package=False))
    texts = split_module(result.output.decode())
    if texts is None:
        failure = Diagnostic(Kind.ERROR, Code.INTERNAL_ERROR, path, None, "The cells of the port cannot be told apart.")
        return FileResult(source, Status.FAILED, (failure,), frozenset())
    output = write_notebook(source, notebook, _formatted(notebook, texts, context, settings))
    diagnostics = (*(_in_cell(notebook, d) for d in result.diagnostics), *_own(notebook, path, context.target))
    status = result.status if len(diagnostics) == len(result.diagnostics) else Status.PARTIAL
    return FileResult(output, status, tuple(sorted(diagnostics, key=_order)), result.support)


def _formatted(notebook: Notebook, texts: Mapping[int, str], context: ProjectContext, settings: BlackSettings) -> dict[int, str]:
    before = {cell.number: cell.text for cell in notebook.cells}
    return {
        number: format_output(f"{before[number]}\n".encode(), f"{text}\n".encode(), context.format, settings).decode().removesuffix("\n")
        for number, text in texts.items()
    }


def _in_cell(notebook: Notebook, diagnostic: Diagnostic) -> Diagnostic:
    place = diagnostic.range
    if place is None:
        return diagnostic
    cell, line = notebook.place(place.line)
    _, end = notebook.place(place.end_line)
    return replace(diagnostic, cell=cell, range=Range(line, place.column, max(end, line), place.end_column))


def _own(notebook: Notebook, path: str, target: str) -> Iterator[Diagnostic]:
    """Remarks about what is no Python: cells that do not parse, and magics that speak of torch."""
    for cell in notebook.cells:
        if cell.problem is not None:
            line, column, message = cell.problem
            place = Range(line, column, line, column)
            hint = "The cell was left as it was; the other cells were ported without it."
            yield Diagnostic(
                Kind.ERROR, Code.SYNTAX_ERROR, path, place, f"Syntax error: {message}", hint=hint, target=target, cell=cell.number
            )
    for number, line, text in notebook.magics:
        message = "What stands in a magic is for IPython, and is kept as it is."
        place = Range(line, 0, line, len(text))
        yield Diagnostic(
            Kind.UNCONVERT, Code.UNSUPPORTED_STATEMENT, path, place, message, text.strip(), "", "Port it by hand.", target, cell=number
        )


def _order(diagnostic: Diagnostic) -> tuple[bool, int, Range]:
    return diagnostic.range is not None, diagnostic.cell or 0, diagnostic.range or Range(0, 0, 0, 0)
