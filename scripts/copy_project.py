"""How the conformance projects are taken from installed wheels: chosen files as they are, package files cut down to what belongs to the project."""

from __future__ import annotations

import ast
import importlib.metadata
import shutil
from collections.abc import Callable, Collection
from pathlib import Path


def copy_project(name: str, folder: Path, belongs: Callable[[str], bool], filtered: Collection[str]) -> Path:
    """Copy the package ``name`` of the installed distribution of that name below ``folder``; returns its root.

    ``belongs`` says of a path below the package whether the file is copied. Of the package files in ``filtered``, the imports of modules that
    belong are kept. Raises ``importlib.metadata.PackageNotFoundError`` where the distribution is not installed.
    """
    distribution = importlib.metadata.distribution(name)
    package = folder / name
    for file in distribution.files or ():
        path = "/".join(file.parts[1:])
        if file.parts[0] != name or path not in filtered and not belongs(path):
            continue
        target = package / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(distribution.locate_file(file)), target)
    for path in filtered:
        (package / path).write_text(_kept_imports((package / path).read_text(), (package / path).parent))
    return package


def _kept_imports(source: str, folder: Path) -> str:
    """The ``from .module import`` statements of modules that belong to the project."""
    kept = []
    for statement in ast.parse(source).body:
        if not (isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module):
            continue
        if (folder / f"{statement.module}.py").exists() or (folder / statement.module).is_dir():
            kept.append(f"{ast.get_source_segment(source, statement)}\n")
    return "".join(kept)
