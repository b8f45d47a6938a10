"""Do the copies that the conformance table is made of hang together? Every name that a module of a copy imports from another is defined there."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


def _names(module: Path) -> set[str]:
    """What a module binds, wherever in it; the modules of its folder where it is a package."""
    found = {path.stem for path in module.parent.iterdir()} if module.name == "__init__.py" else set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def _missing(root: Path) -> Iterator[str]:
    for file in sorted(root.rglob("*.py")):
        for node in ast.parse(file.read_text()).body:
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            target = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            module = target / "__init__.py" if target.is_dir() else target.with_suffix(".py")
            absent = {alias.name for alias in node.names} - (_names(module) if module.exists() else set()) - {"*"}
            yield from (
                f"{file.relative_to(root)}: {name}" for name in sorted(absent) if "*" not in (_names(module) if module.exists() else ())
            )


@pytest.mark.parametrize("project", ["torchvision", "timm", "transformers"])
def test_every_imported_name_is_there(project: str, tmp_path: Path) -> None:
    code = f"import sys, pathlib; sys.path.insert(0, {str(SCRIPTS)!r}); import {project}_source as s; s.copy_source(pathlib.Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert list(_missing(tmp_path)) == []
