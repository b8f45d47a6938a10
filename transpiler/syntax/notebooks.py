"""How a Jupyter notebook becomes one Python module for the port, and the ported module a notebook again.

Names flow from cell to cell, so that the code cells are analysed together, each behind a line that marks where it begins. What only IPython
understands (``%matplotlib inline``, ``!pip install``, ``layer?``) stands behind a comment meanwhile and comes back as it was. The file is read and
written as plain JSON: outputs, metadata, the order of keys and the indentation stay.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SUFFIX: Final = ".ipynb"

_MARK: Final = "# ---8<--- cell "
_MARK_LINE = re.compile(rf"^{re.escape(_MARK)}(\d+)$", re.MULTILINE)
#: Stands before what IPython alone understands; in front of it whatever makes the line Python.
_HIDDEN: Final = "#8<--- "
_HIDDEN_LINE = re.compile(rf"^([ \t]*)(pass |\S[^\n]*= None )?{re.escape(_HIDDEN)}([^\n]*)$", re.MULTILINE)
_LINE_MAGIC = re.compile(r"^([ \t]*)((?:%{1,2}|!{1,2}|\?{1,2})\S.*|[\w.]+\?{1,2}[ \t]*)$")
_ASSIGNED_MAGIC = re.compile(r"^([ \t]*)([\w., ]+=[ \t]*)([%!].+)$")
_CELL_MAGIC = re.compile(r"^\s*%%(\w+)")
#: Cell magics whose body is Python.
_PYTHON_MAGICS: Final = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy"})
_SPEAKS_OF_TORCH = re.compile(r"\b(?:torch|torchvision)\.|\bimport torch|\bfrom torch")
_INDENT = re.compile(r"^\{\r?\n([ \t]+)")


class NotebookError(ValueError):
    """The file is no notebook that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class CodeCell:
    """A code cell: its number among all cells (from 1), its text as Python, and why it cannot be ported (``problem``, with the line it concerns)."""

    number: int
    text: str
    problem: tuple[int, int, str] | None = None


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook's JSON, its code cells as Python, and the lines (cell number, line, text) with torch in them that only IPython reads."""

    data: dict[str, Any]
    cells: tuple[CodeCell, ...]
    magics: tuple[tuple[int, int, str], ...]

    @property
    def module(self) -> str:
        """All code cells that parse, as one module."""
        return "".join(f"{_MARK}{cell.number}\n{cell.text}\n" for cell in self.cells if cell.problem is None)

    def place(self, line: int) -> tuple[int, int]:
        """Cell number and line within the cell (both from 1) of a line of ``module``."""
        start = 1
        for cell in self.cells:
            if cell.problem is not None:
                continue
            length = cell.text.count("\n") + 2
            if line < start + length:
                return cell.number, max(line - start, 1)
            start += length
        return (self.cells[-1].number if self.cells else 1), 1


def read_notebook(source: bytes) -> Notebook:
    """The notebook in ``source``. Raises ``NotebookError``."""
    try:
        data = json.loads(source.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotebookError(f"The notebook is not valid JSON: {error}") from error
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError("The file has no list of cells: only notebooks of format 4 can be read.")
    found: list[CodeCell] = []
    magics: list[tuple[int, int, str]] = []
    if _language(data) == "python":
        for number, cell in enumerate(cells, 1):
            if cell.get("cell_type") == "code":
                found += _read_cell(number, _text(cell), magics)
    return Notebook(data, tuple(found), tuple(magics))


def module_of_notebook(source: bytes) -> bytes:
    """The code of a notebook as one module, empty where it cannot be read."""
    try:
        return read_notebook(source).module.encode()
    except NotebookError:
        return b""


def split_module(module: str) -> Mapping[int, str] | None:
    """The ported text of each cell by its number; None where the marks did not stay at the beginnings of lines."""
    parts = _MARK_LINE.split(module)
    if module.count(_MARK) != len(parts) // 2:
        return None
    texts = [text.removeprefix("\n").removesuffix("\n") for text in parts[2::2]]
    if parts[0].strip() and texts:  # lines that were put in front of everything belong to the first cell
        texts[0] = parts[0] + texts[0]
    return dict(zip(map(int, parts[1::2]), texts, strict=True))


def write_notebook(source: bytes, notebook: Notebook, texts: Mapping[int, str]) -> bytes:
    """The notebook with new text in the cells of ``texts``; those whose text is what it was stay as they are."""
    before = {cell.number: cell.text for cell in notebook.cells}
    changed = {number: text for number, text in texts.items() if text != before.get(number)}
    if not changed:
        return source
    cells = [
        {**cell, "source": _like(cell["source"], _revealed(changed[number]))} if number in changed else cell
        for number, cell in enumerate(notebook.data["cells"], 1)
    ]
    return _dump({**notebook.data, "cells": cells}, source)


def _language(data: Mapping[str, Any]) -> str:
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(key)
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return str(found[name]).lower()
    return "python"


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _like(original: Any, text: str) -> Any:
    return text.splitlines(keepends=True) if isinstance(original, list) else text


def _read_cell(number: int, text: str, magics: list[tuple[int, int, str]]) -> list[CodeCell]:
    """The cell as Python, nothing for one in another language; notes magics that speak of torch."""
    if not text.strip():
        return []
    first = _CELL_MAGIC.match(text)
    if first and first[1] not in _PYTHON_MAGICS:
        magics += [(number, line, part) for line, part in enumerate(text.split("\n"), 1) if _SPEAKS_OF_TORCH.search(part)]
        return []
    if _problem(text) is None:
        return [CodeCell(number, text)]
    hidden = _hide(text)
    problem = _problem(hidden)
    if problem is not None:
        return [CodeCell(number, text, problem)]
    for line, part in enumerate(hidden.split("\n"), 1):
        match = _HIDDEN_LINE.match(part)
        if match and not match[3].lstrip().startswith("!") and _SPEAKS_OF_TORCH.search(match[3]):
            magics.append((number, line, match[3]))
    return [CodeCell(number, hidden)]


def _problem(text: str) -> tuple[int, int, str] | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, max((error.offset or 1) - 1, 0), error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, 0, str(error)
    return None


def _hide(text: str) -> str:
    lines: list[str] = []
    continued = False
    for line in text.split("\n"):
        match, assigned = _LINE_MAGIC.match(line), _ASSIGNED_MAGIC.match(line)
        if continued:
            lines.append(f"{_HIDDEN}{line}")
        elif assigned:
            lines.append(f"{assigned[1]}{assigned[2]}None {_HIDDEN}{assigned[3]}")
        elif match:
            lines.append(f"{match[1]}{'pass ' if match[1] else ''}{_HIDDEN}{match[2]}")
        else:
            lines.append(line)
        continued = lines[-1] != line and line.endswith("\\")
    return "\n".join(lines)


def _revealed(text: str) -> str:
    def reveal(match: re.Match[str]) -> str:
        kept = match[2] or ""
        return f"{match[1]}{'' if kept == 'pass ' else kept.removesuffix('None ')}{match[3]}"

    return _HIDDEN_LINE.sub(reveal, text)


def _dump(data: Mapping[str, Any], source: bytes) -> bytes:
    """JSON in the layout of ``source``: its indentation, its way with letters beyond ASCII, and its last line end."""
    before = source.decode("utf-8-sig")
    indent = _INDENT.match(before)
    text = json.dumps(data, indent=indent[1] if indent else None, ensure_ascii=before.isascii() and "\\u" in before)
    text += "\n" if before.endswith("\n") else ""
    return (text.replace("\n", "\r\n") if "\r\n" in before else text).encode()
