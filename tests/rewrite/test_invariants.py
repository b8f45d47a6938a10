"""What holds for every port, whatever the source: checked on a seeded sample of real files."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import io
import random
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from transpiler.mapping.registry import Registry
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Range
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source

SAMPLE = {"torchvision": 24, "timm": 16, "transformers": 20}
LARGEST = 40_000


@dataclass(frozen=True, slots=True)
class Ported:
    """A source file and its port."""

    name: str
    source: bytes
    result: FileResult

    @property
    def text(self) -> str:
        return self.result.output.decode()


def _sample() -> Iterator[Path]:
    chosen = random.Random(20)
    for package, count in SAMPLE.items():
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.origin is not None, f"{package}'s sources are needed"
        files = sorted(p for p in Path(spec.origin).parent.rglob("*.py") if p.stat().st_size < LARGEST)
        yield from chosen.sample([p for p in files if b"import torch" in p.read_bytes()], count)


def _port(source: bytes, registry: Registry) -> FileResult:
    return transpile_source(source, path="example.py", context=single_file_context(source, "example.py", "mindspore", registry))


@pytest.fixture(scope="module")
def ported(registry: Registry) -> list[Ported]:
    return [Ported(f"{path.parent.name}/{path.name}", path.read_bytes(), _port(path.read_bytes(), registry)) for path in _sample()]


def _comments(source: bytes) -> Counter[str]:
    return Counter(t.string for t in tokenize.tokenize(io.BytesIO(source).readline) if t.type == tokenize.COMMENT)


def test_every_port_parses(ported: list[Ported]) -> None:
    for file in ported:
        ast.parse(file.result.output)


def test_no_comment_is_lost(ported: list[Ported]) -> None:
    lost = {file.name: _comments(file.source) - _comments(file.result.output) for file in ported}
    assert {name: comments for name, comments in lost.items() if comments} == {}


def test_a_second_run_changes_nothing(ported: list[Ported], registry: Registry) -> None:
    changed = [file.name for file in ported if _port(file.result.output, registry).output != file.result.output]
    assert changed == []


def test_windows_line_ends_stay(ported: list[Ported], registry: Registry) -> None:
    for file in ported[::10]:
        output = _port(file.source.replace(b"\n", b"\r\n"), registry).output
        assert output.replace(b"\r\n", b"\n") == file.result.output
        assert output.count(b"\n") == output.count(b"\r\n")


def test_changes_stand_where_something_is_reported(ported: list[Ported]) -> None:
    stray = [(file.name, line) for file in ported for line in _unreported(file)]
    assert stray == []


def _unreported(file: Ported) -> Iterator[int]:
    """Changed source lines (from 1) that no remark stands on or next to. Lines that are only inserted are imports or moved comments."""
    covered: set[int] = set()
    dropped: set[int] = set()
    for diagnostic in file.result.diagnostics:
        if diagnostic.range is not None:
            covered.update(range(diagnostic.range.line - 1, diagnostic.range.end_line + 2))
            dropped.update(range(diagnostic.range.line, diagnostic.range.end_line + 1) if diagnostic.code is Code.DROPPED else ())
    for node in ast.walk(ast.parse(file.source)):
        if isinstance(node, ast.If) and dropped & set(range(node.test.lineno, (node.test.end_lineno or 0) + 1)):
            covered.update(range(node.lineno - 1, (node.end_lineno or 0) + 2))  # a folded condition moves or removes its branches
    before, after = file.source.decode().splitlines(), file.text.splitlines()
    for tag, start, end, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag in ("replace", "delete"):
            yield from (line for line in range(start + 1, end + 1) if line not in covered and before[line - 1].strip())


def test_torch_names_that_stay_are_reported(ported: list[Ported]) -> None:
    silent = [(file.name, name) for file in ported for name in _silent_names(file)]
    assert silent == []


def _silent_names(file: Ported) -> Iterator[str]:
    """Torch names in the output that occur more often than remarks about them."""
    lines = file.source.decode().splitlines(keepends=True)
    remarks = [(d.symbol, _slice(lines, d.range)) for d in file.result.diagnostics if d.kind is Kind.UNCONVERT and d.range is not None]
    for name, count in _torch_names(ast.parse(file.text)).items():
        if count > sum(max(text.count(name), int(name in symbol)) for symbol, text in remarks):
            yield name


def _slice(lines: list[str], place: Range) -> str:
    line, column, end_line, end_column = place.line, place.column, place.end_line, place.end_column
    if line == end_line:
        return lines[line - 1][column:end_column]
    return "".join([lines[line - 1][column:], *lines[line : end_line - 1], lines[end_line - 1][:end_column]])


def _torch_names(tree: ast.Module) -> Counter[str]:
    """Dotted names in use whose root was imported from torch."""
    roots: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots.update(a.asname or "torch" for a in node.names if a.name.partition(".")[0] == "torch")
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "torch":
            roots.update(a.asname or a.name for a in node.names)
    found: Counter[str] = Counter()
    _count_names(tree, roots, found)
    return found


def _count_names(node: ast.AST, roots: set[str], found: Counter[str]) -> None:
    if isinstance(node, (ast.Attribute, ast.Name)):
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in roots:
            found[ast.unparse(node)] += 1
            return
    for child in ast.iter_child_nodes(node):
        _count_names(child, roots, found)


def test_no_name_is_unbound(ported: list[Ported], tmp_path: Path) -> None:
    """Every name that the port uses is bound, unless it was not in the source either."""
    for index, file in enumerate(ported):
        (tmp_path / f"source_{index}.py").write_bytes(file.source)
        (tmp_path / f"port_{index}.py").write_bytes(file.result.output)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--output-format", "concise", "--no-cache", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    unbound: dict[str, Counter[str]] = {"source": Counter(), "port": Counter()}
    for line in done.stdout.splitlines():
        name, _, rest = line.partition(".py:")
        if name.partition("_")[0] in unbound and "F821" in rest:
            unbound[name.partition("_")[0]][f"{ported[int(name.partition('_')[2])].name}: {rest.partition('F821')[2].strip()}"] += 1
    assert unbound["port"] - unbound["source"] == Counter()
