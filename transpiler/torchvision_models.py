"""Where ported scripts get torchvision's models from: torchvision's own source, ported with them, as the package ``torchvision_ms``.

A port calls ``torchvision_ms.models.resnet18``; what that needs of the installed torchvision (the model's file and those it imports) is
copied beside the project and ported by this tool. Imports of other parts of torchvision (transforms, utilities) become absolute, so that the
mapping entries speak for them. Models that need torchvision's compiled operators (detection, quantization) are not among them.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transpiler.mapping.registry import PORTED_MODELS

_USED: Final = re.compile(rf"{PORTED_MODELS}\.(models(?:\.\w+)+)")
_PARTS: Final = re.compile(
    r"(models/(segmentation/|video/)?\w+\.py|ops/(misc|stochastic_depth)\.py|transforms/_presets\.py|_utils\.py|_internally_replaced_utils\.py)"
)
_LEFT_OUT: Final = frozenset({"models/feature_extraction.py"})
_COMMON: Final = ("models/_api.py",)


class ModelsMissing(Exception):
    """torchvision is not installed, or does not have a model that is asked for."""


@dataclass(frozen=True, slots=True)
class _Library:
    """The files of the installed torchvision that can be ported, by path, and their texts."""

    texts: Mapping[str, str]

    def path_of(self, module: str) -> str | None:
        """The file of a dotted module name below torchvision, None where it is not one of them."""
        name = module.replace(".", "/")
        return next((path for path in (f"{name}.py", f"{name}/__init__.py") if path in self.texts), None)


def used_models(sources: Iterable[bytes]) -> frozenset[str]:
    """The names below ``torchvision_ms`` that ported files use: ``models.resnet18``."""
    return frozenset(name for source in sources for name in _USED.findall(source.decode("utf-8", "replace")))


def copy_models(names: Iterable[str], folder: Path) -> Path:
    """Write what the models ``names`` need below ``folder``; returns the package's root. Raises ``ModelsMissing``."""
    library = _read_library()
    chosen = _closure({path for name in names for path in _with_reexports(_definitions(name, library), library)} | set(_COMMON), library)
    package = folder / PORTED_MODELS
    for path in sorted(chosen):
        target = package / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = library.texts[path]
        target.write_text(_initial(path, text, chosen) if path.endswith("__init__.py") else _localized(path, text, library))
    return package


def _read_library() -> _Library:
    try:
        distribution = importlib.metadata.distribution("torchvision")
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelsMissing("torchvision is not installed here, so that its models cannot be ported with the project") from error
    texts = {}
    for file in distribution.files or ():
        path = "/".join(file.parts[1:])
        if (
            file.parts[0] == "torchvision"
            and path not in _LEFT_OUT
            and (_PARTS.fullmatch(path) or path in ("__init__.py", "ops/__init__.py"))
        ):
            texts[path] = Path(str(distribution.locate_file(file))).read_text(encoding="utf-8")
    return _Library({**texts, "transforms/__init__.py": ""})


def _definitions(name: str, library: _Library) -> list[str]:
    """The files that define a name below ``models``, or what its attributes belong to; all models where it stands for them all."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        folder, leaf = "/".join(parts[: length - 1]), parts[length - 1]
        inside = f"{folder}.py"
        if inside in library.texts and leaf in _defined(library.texts[inside]):
            return [inside]
        found = [path for path, text in library.texts.items() if path.rpartition("/")[0] == folder and leaf in _defined(text)]
        if found and found != ["models/_api.py"]:
            return found
        module = library.path_of(f"{folder}/{leaf}")
        if module is not None:
            return [module]
        if found or leaf == "__dict__":
            return [path for path in library.texts if path.startswith("models/")]
    raise ModelsMissing(f"torchvision's {name} is not among the models that can be ported")


def _with_reexports(paths: Iterable[str], library: _Library) -> set[str]:
    """The files, and those that pass their names on to the package by ``from .mobilenetv2 import *``."""
    found: set[str] = set()
    pending = list(paths)
    while pending:
        path = pending.pop()
        found.add(path)
        for other, text in library.texts.items():
            passes_on = any(file == path and node.names[0].name == "*" for node, _, file in _imports(other, text, library))
            if passes_on and other not in found and not other.endswith("__init__.py"):
                pending.append(other)
    return found


def _defined(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _closure(start: set[str], library: _Library) -> set[str]:
    found: set[str] = set()
    pending = list(start)
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        parts = path.split("/")[:-1]
        pending += ["/".join([*parts[:depth], "__init__.py"]) for depth in range(len(parts) + 1)]
        if not path.endswith("__init__.py"):
            pending += [imported for _, _, imported in _imports(path, library.texts[path], library) if imported is not None]
        elif path == "ops/__init__.py":
            pending += ["ops/misc.py", "ops/stochastic_depth.py"]
    return found & set(library.texts)


def _imports(path: str, text: str, library: _Library) -> Iterator[tuple[ast.ImportFrom, str, str | None]]:
    """The ``from`` imports of torchvision in a file: the statement, the module below torchvision, and its file where that can be ported."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            parents = path.split("/")[: -node.level]
            module = ".".join([*parents, *(node.module or "").split(".")]).strip(".")
        elif (node.module or "").partition(".")[0] == "torchvision":
            module = (node.module or "").partition(".")[2]
        else:
            continue
        file = library.path_of(module)
        yield node, module, None if file == "transforms/__init__.py" else file


def _localized(path: str, text: str, library: _Library) -> str:
    """A file whose absolute imports of the package are relative, wherever it will stand, and whose imports of other parts name torchvision."""
    lines = text.splitlines(keepends=True)
    root = "." * (path.count("/") + 1)
    for node, module, file in _imports(path, text, library):
        index = node.lineno - 1
        wanted = f"{root}{module}" if file is not None and not node.level else f"torchvision.{module}" if file is None else ""
        if wanted:
            lines[index] = re.sub(r"from\s+[.\w]+\s+import", f"from {wanted.rstrip('.')} import", lines[index], count=1)
    return "".join(lines)


def _initial(path: str, text: str, chosen: set[str]) -> str:
    """A package file that imports what was chosen, in the original's order; then the modules of models that the original does not."""
    folder = path.removesuffix("__init__.py")
    kept, named = [], set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module and f"{folder}{node.module}.py" in chosen:
            kept.append(f"{ast.get_source_segment(text, node)}\n")
            named.add(node.module)
    files = (path.removeprefix(folder).removesuffix(".py") for path in sorted(chosen) if path.startswith(folder))
    others = [name for name in files if "/" not in name and name not in named and name != "__init__"]
    if not folder:
        kept.append("from . import models\n")
    return "".join([*kept, *(f"from . import {name}\n" for name in others if folder == "models/")])
