"""How the support module of a project is put together: the definitions that it uses, with what they need, and nothing else.

The support files beside this module are ordinary Python. Reading them with ``ast`` gives each top-level definition's lines, the names it
refers to, and where those come from (its own file, a sibling file, an import). The module is the closure of the requested
names over these references, each definition's text verbatim, after whatever it needs when it is executed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

MODULE_NAMES: Final = MappingProxyType({"mindspore": "ms_support", "keras": "keras_support"})
_TITLES: Final = MappingProxyType({"mindspore": "MindSpore", "keras": "Keras"})
_LINE_LENGTH: Final = 88
_PLACEABLE: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_MARK: Final = "written by torch2ms; it depends on"


class SupportError(Exception):
    """A support name that does not exist, or support files that contradict each other."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A top-level statement of a support file that binds ``name``: its text with comments above it, and the names it refers to.

    ``eager`` are the names that must exist when the statement is executed (bases, decorators, defaults, assigned values).
    """

    name: str
    module: str
    line: int
    text: str
    names: frozenset[str]
    eager: frozenset[str]
    is_assignment: bool


@dataclass(frozen=True, slots=True, order=True)
class _Import:
    """``import module`` (``name`` empty), or ``from module import name``; ``alias`` is empty where there is none."""

    module: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class SupportFile:
    """One support file: what it defines, and where the other names that it uses come from."""

    name: str
    definitions: Mapping[str, Definition]
    imports: Mapping[str, frozenset[_Import]]  # local name -> the imports that bind it
    siblings: Mapping[str, tuple[str, str]]  # local name -> (support file, name there)


_Key = tuple[str, str]  # (support file, name)
_BINDING: Final = re.compile(r"^(?:(?:async )?def |class )?([A-Za-z_]\w*)(?=\(|:|\[| =| *$)", re.MULTILINE)


class SupportFiles(Mapping[str, SupportFile]):
    """The support files of a folder by name, each read when it is first asked for: a project needs a few of many."""

    def __init__(self, folder: Path) -> None:
        self._paths = {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}
        self._read: dict[str, SupportFile] = {}

    def __getitem__(self, name: str) -> SupportFile:
        if name not in self._read:
            self._read[name] = _read_file(self._paths[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def find(self, names: Iterable[str]) -> Mapping[str, str]:
        """The files that define these public names, without reading the others closely."""
        wanted = frozenset(names)
        found: dict[str, str] = {}
        for module, path in self._paths.items():
            candidates = wanted.intersection(_BINDING.findall(path.read_text(encoding="utf-8")))
            if candidates:
                found |= {name: module for name in candidates if name in self[module].definitions}
        return found


def read_support(target: str) -> SupportFiles:
    """The target's support files; to be passed on where several modules are assembled."""
    return SupportFiles(Path(__file__).parent / target)


def support_names(target: str) -> frozenset[str]:
    """The public names of the target's support files."""
    return frozenset(name for file in read_support(target).values() for name in file.definitions if not name.startswith("_"))


def written_by_us(source: bytes) -> bool:
    """Whether a file is a support module that ``assemble`` wrote."""
    return _MARK.encode() in source[:400]


def names_in(source: bytes, target: str) -> frozenset[str]:
    """The support names that an existing support module defines, so that a later run keeps them."""
    defined = {name for statement in ast.parse(source).body for name in _bound(statement)}
    return frozenset(read_support(target).find(name for name in defined if not name.startswith("_")))


def assemble(target: str, names: Iterable[str], files: SupportFiles | None = None) -> str:
    """The text of the support module that offers ``names``. Raises ``SupportError`` for a name that the target does not have."""
    files = read_support(target) if files is None else files
    where = files.find(names := frozenset(names))
    missing = sorted(set(names) - set(where))
    if missing:
        raise SupportError(f"no support code for {target}: {', '.join(missing)}")
    order = _ordered([(where[name], name) for name in sorted(set(names))], files)
    _check_clashes(order, files)
    return "".join([_header(target), *_spaced("\n".join(_imports(order, files)), _placed(order, files)), "\n"])


def _spaced(imports: str, definitions: Iterable[Definition]) -> Iterator[str]:
    """Two blank lines around definitions, none between assignments, one after the imports where an assignment follows."""
    yield f"\n\n{imports}" if imports else ""
    after_import, after_assignment = True, True
    for definition in definitions:
        close = after_assignment and definition.is_assignment
        yield "\n\n\n" if not close else "\n\n" if after_import or definition.text.startswith("#") else "\n"
        yield definition.text
        after_import, after_assignment = False, definition.is_assignment


def name_clashes(target: str) -> tuple[str, ...]:
    """Top-level names that two support files define differently; they could not stand in one module."""
    seen: dict[str, Definition] = {}
    clashes = set()
    for file in read_support(target).values():
        for name, definition in file.definitions.items():
            if name != "__all__" and seen.setdefault(name, definition).text != definition.text:
                clashes.add(name)
    return tuple(sorted(clashes))


def _header(target: str) -> str:
    return f'"""Functions and layers with PyTorch\'s signatures and results, {_MARK} {_TITLES[target]} alone."""\n\nfrom __future__ import annotations'


def _read_file(path: Path) -> SupportFile:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    definitions: dict[str, Definition] = {}
    imports: dict[str, frozenset[_Import]] = {}
    siblings: dict[str, tuple[str, str]] = {}
    end = 0
    for statement in ast.parse(source, str(path)).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            _read_import(statement, imports, siblings)
        elif isinstance(statement, _PLACEABLE):
            definitions.update({found.name: found for found in _definitions(statement, path.stem, lines, end)})
        elif not isinstance(statement, ast.Expr):
            raise SupportError(f"{path.name}:{statement.lineno}: only imports, definitions and assignments can stand in a support file")
        end = statement.end_lineno or end
    return SupportFile(path.stem, definitions, imports, siblings)


def _read_import(
    statement: ast.Import | ast.ImportFrom, imports: dict[str, frozenset[_Import]], siblings: dict[str, tuple[str, str]]
) -> None:
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            local = alias.asname or alias.name.partition(".")[0]
            found = _Import(alias.name, "", alias.asname or "")
            imports[local] = imports.get(local, frozenset()) | {found}
        elif statement.level:
            siblings[alias.asname or alias.name] = (statement.module or "", alias.name)
        elif statement.module != "__future__":
            imports[alias.asname or alias.name] = frozenset({_Import(statement.module or "", alias.name, alias.asname or "")})


def _definitions(statement: ast.stmt, module: str, lines: list[str], previous_end: int) -> Iterator[Definition]:
    first = min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", ()))])
    while first - 1 > previous_end and lines[first - 2].startswith("#"):
        first -= 1
    text = "\n".join(lines[first - 1 : statement.end_lineno])
    names, eager = frozenset(_referred(statement)), frozenset(_eager(statement))
    assigned = isinstance(statement, ast.Assign | ast.AnnAssign)
    for name in _bound(statement):
        yield Definition(name, module, first, text, names, eager, assigned)


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        yield from (node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id


def _referred(node: ast.AST) -> Iterator[str]:
    """Every name that is read, also in annotations written as strings."""
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            yield child.id
        annotation = getattr(child, "annotation", None) or getattr(child, "returns", None)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            yield from _referred(ast.parse(annotation.value, mode="eval"))


def _eager(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        parts: list[ast.expr | None] = [*statement.decorator_list, *statement.args.defaults, *statement.args.kw_defaults]
        for part in parts:
            yield from _referred(part) if part is not None else ()
    elif isinstance(statement, ast.ClassDef):
        for base in (*statement.bases, *(keyword.value for keyword in statement.keywords), *statement.decorator_list):
            yield from _referred(base)
        for inner in statement.body:
            yield from _eager(inner)
    else:
        yield from _referred(statement)


def _resolve(name: str, module: str, files: SupportFiles) -> _Key | None:
    """Where a name that ``module`` uses is defined, through any chain of sibling imports; None for what is not support code."""
    file = files[module]
    if name in file.definitions:
        return module, name
    if name not in file.siblings:
        return None
    sibling, original = file.siblings[name]
    if sibling not in files:
        raise SupportError(f"{module}.py imports {name} from .{sibling}, which does not exist")
    found = _resolve(original, sibling, files)
    if found is None:
        raise SupportError(f"{module}.py imports {original} from .{sibling}, which does not define it")
    if original != name:
        raise SupportError(f"{module}.py renames {original} to {name} on import; support code keeps its names")
    return found


def _ordered(wanted: list[_Key], files: SupportFiles) -> list[_Key]:
    """The closure of ``wanted``: private and needed definitions first, then in the order of files and lines, eager needs always before."""
    closure = sorted(_closure(wanted, files), key=lambda key: _position(key, files))
    order: list[_Key] = []
    for key in closure:
        _place(key, order, files, ())
    return order


def _position(key: _Key, files: SupportFiles) -> tuple[bool, str, int, str]:
    module, name = key
    return (module != "_common", module, files[module].definitions[name].line, name)


def _closure(wanted: list[_Key], files: SupportFiles) -> set[_Key]:
    found: set[_Key] = set()
    pending = list(wanted)
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending.extend(_needs(key, files[key[0]].definitions[key[1]].names, files))
    return found


def _needs(key: _Key, names: Iterable[str], files: SupportFiles) -> list[_Key]:
    resolved = (_resolve(name, key[0], files) for name in sorted(names))
    return [need for need in resolved if need is not None and need != key]


def _place(key: _Key, order: list[_Key], files: SupportFiles, above: tuple[_Key, ...]) -> None:
    if key in order:
        return
    if key in above:
        raise SupportError(f"support definitions need each other when executed: {' -> '.join(name for _, name in (*above, key))}")
    for need in _needs(key, files[key[0]].definitions[key[1]].eager, files):
        _place(need, order, files, (*above, key))
    order.append(key)


def _check_clashes(order: list[_Key], files: SupportFiles) -> None:
    texts: dict[str, str] = {}
    for module, name in order:
        text = files[module].definitions[name].text
        if texts.setdefault(name, text) != text:
            raise SupportError(f"two support files define {name}")


def _placed(order: list[_Key], files: SupportFiles) -> Iterator[Definition]:
    """Each definition once, also where one statement binds several names."""
    seen: set[str] = set()
    for module, name in order:
        definition = files[module].definitions[name]
        if definition.text not in seen:
            seen.add(definition.text)
            yield definition


def _imports(order: list[_Key], files: SupportFiles) -> list[str]:
    """The import statements that bind a name used by a placed definition, the standard library first."""
    used: dict[str, frozenset[_Import]] = {}
    for module, name in order:
        file = files[module]
        for referred in file.definitions[name].names - file.definitions.keys():
            found = file.imports.get(referred, frozenset())
            if {item.name for item in found | used.get(referred, found)} - {""} and used.get(referred, found) != found:
                raise SupportError(f"support files import different things as {referred}")
            used[referred] = used.get(referred, frozenset()) | found
    imports = sorted({item for found in used.values() for item in found})
    blocks = [[item for item in imports if (_root(item) in sys.stdlib_module_names) is standard] for standard in (True, False)]
    return [line for block in blocks if block for line in ("", *_statements(block))][1:]


def _root(item: _Import) -> str:
    return item.module.partition(".")[0]


def _statements(imports: list[_Import]) -> Iterator[str]:
    """Plain imports, then one ``from`` statement for each module."""
    for item in imports:
        if not item.name:
            yield f"import {item.module}" + (f" as {item.alias}" if item.alias else "")
    for module in dict.fromkeys(item.module for item in imports if item.name):
        names = [item.name + (f" as {item.alias}" if item.alias else "") for item in imports if item.name and item.module == module]
        line = f"from {module} import {', '.join(names)}"
        yield line if len(line) <= _LINE_LENGTH else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
