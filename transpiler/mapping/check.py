"""Whether the tables are in order, as a command: ``python -m transpiler.mapping.check [TABLE ...]``.

Checks what the loader checks, and that every support and converter name exists.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from transpiler.mapping.loader import read_tables
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import UNKNOWN_WAYS, Entry, MappingError, TargetForm
from transpiler.mapping.tables import tables_root

PACKAGE = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Print the faults; 1 if there are any."""
    root = tables_root()
    paths = [Path(a) for a in arguments] or sorted(root.rglob("*.yaml"))
    try:
        registry = Registry(read_tables(paths, root))
    except MappingError as error:
        print(error)
        return 1
    faults = list(dangling_names(registry))
    for fault in faults:
        print(fault)
    print(f"{len(list(registry))} entries, {len(faults)} dangling names")
    return 1 if faults else 0


def dangling_names(registry: Registry) -> Iterator[str]:
    """Every support or converter name that no module defines, with its place."""
    known = {target: _defined(PACKAGE / "support" / target) for target in ("mindspore", "keras")}
    values = _defined_in(PACKAGE / "rewrite" / "converters.py")
    calls = _defined_in(PACKAGE / "rewrite" / "call_converters.py")
    predicates = _defined_in(PACKAGE / "rewrite" / "call_predicates.py")
    for api in registry:
        entry = registry.lookup(api)
        assert entry is not None
        for target, form in _forms(entry):
            where = f"{entry.location}: {api}"
            if form.support and form.support not in known[target]:
                yield f"{where}: no support definition '{form.support}' for {target}"
            if form.unknown and form.unknown not in UNKNOWN_WAYS and form.unknown not in known[target]:
                yield f"{where}: no support definition '{form.unknown}' for {target}"
            if form.convert and form.convert not in calls:
                yield f"{where}: no call converter '{form.convert}'"
            if form.suits and form.suits not in predicates:
                yield f"{where}: no call predicate '{form.suits}'"
            for rule in form.args.values():
                if rule.convert and rule.convert not in values:
                    yield f"{where}: no value converter '{rule.convert}'"


def _forms(entry: Entry) -> Iterator[tuple[str, TargetForm]]:
    yield from entry.targets.items()
    for overload in entry.overloads:
        yield from overload.targets.items()


def _defined(folder: Path) -> frozenset[str]:
    return frozenset().union(*(_defined_in(path) for path in sorted(folder.glob("*.py"))))


def _defined_in(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
