"""How a worker gets from ``MODULE:EXPR`` to a model: import the user's project, the original or the port, and evaluate the expression.

The port of a package is imported under the package's own name, whatever its folder is called, so that its absolute self-imports
resolve to the port. Runs inside the worker processes; knows no framework.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transpiler.exporter.contract import ExporterError
from transpiler.report.codes import Code


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A model of a project. ``root`` is a project folder, a package folder, or a single file; ``package`` the package's name where
    the *original* is itself a package; ``module`` the import name, without any guess left open; ``expression`` builds the model."""

    root: Path
    package: str | None
    module: str
    expression: str


def parse_entry(entry: str, source: Path, root: Path) -> EntryPoint:
    """The entry point that ``entry`` (MODULE:EXPR) means in ``root``, which is ``source`` or its port.

    Raises ``ExporterError`` where the text is no MODULE:EXPR or ``root`` does not exist.
    """
    module, colon, expression = entry.partition(":")
    module = module.strip()
    if not colon or not expression.strip() or not all(part.isidentifier() for part in module.split(".")):
        raise ExporterError(f"'{entry}' is not MODULE:EXPR, such as models.resnet:resnet18(num_classes=10)", Code.UNREADABLE, "--entry")
    try:
        compile(expression.strip(), "--entry", "eval")
    except SyntaxError as error:
        column = len(entry) - len(expression.lstrip()) + (error.offset or 1)
        raise ExporterError(f"'{expression}' is no Python expression: {error.msg}", Code.UNREADABLE, f"--entry:{column}") from error
    if not root.exists():
        raise ExporterError("no such file or directory", Code.UNREADABLE, str(root))
    package = source.resolve().name if (source / "__init__.py").is_file() else None
    if package is not None:
        module = _within_package(module, package, source)
    return EntryPoint(root.resolve(), package, module, expression.strip())


def _within_package(module: str, package: str, source: Path) -> str:
    """The entry's module with the package's name in front: entries may be given with or without it."""
    path = source.joinpath(*module.split("."))
    if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
        return f"{package}.{module}"
    return module if module.partition(".")[0] == package else f"{package}.{module}"


def build_model(entry: EntryPoint) -> Any:
    """Import the entry's module and evaluate its expression there. What the user's code raises is passed on."""
    module = _import(entry)
    return eval(compile(entry.expression, "--entry", "eval"), vars(module))


def run_file(path: Path) -> None:
    """Run the user's preparation file, as a script would run."""
    code = compile(path.read_bytes(), str(path), "exec")
    exec(code, {"__name__": "__prepare__", "__file__": str(path)})  # noqa: S102 - running the user's file is the point


def _import(entry: EntryPoint) -> types.ModuleType:
    if entry.root.is_file():
        return _load(entry.module, entry.root, entry.root.parent, None)
    if entry.package is not None:
        # An installed package may have the same name: the project's own must be found first, under that name.
        _load(entry.package, entry.root / "__init__.py", entry.root.parent if entry.root.name == entry.package else None, entry.root)
        return importlib.import_module(entry.module)
    sys.path.insert(0, str(entry.root))
    if (entry.root / "src").is_dir() and not (entry.root / "src" / "__init__.py").is_file():
        sys.path.insert(0, str(entry.root / "src"))
    return importlib.import_module(entry.module)


def _load(name: str, file: Path, beside: Path | None, folder: Path | None) -> types.ModuleType:
    """Import ``file`` under ``name``; ``folder`` is where its submodules are looked for, ``beside`` goes on the import path."""
    if not file.is_file():
        raise ExporterError(f"the package has no {file.name}", Code.UNREADABLE, str(file.parent))
    if beside is not None:
        sys.path.insert(0, str(beside))
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=None if folder is None else [str(folder)])
    if spec is None or spec.loader is None:
        raise ExporterError("not a Python file", Code.UNREADABLE, str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
