"""How renames that are known by position reach the edit visitor, which works by node."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.syntax.positions import locate


def note_renames(module: cst.Module, facts: Facts, renames: Mapping[tuple[int, int], str]) -> None:
    """Add the attributes that stand at the given positions (line from 1, column from 0) to ``facts.renames``."""
    if not renames:
        return
    finder = _AttributeFinder({name.removesuffix("_") for name in renames.values()})
    module.visit(finder)
    places = locate(module, {id(attribute.attr) for attribute, _ in finder.found})
    for attribute, statements in finder.found:
        place = places.get(id(attribute.attr))
        new = renames.get((place.line, place.column)) if place is not None else None
        if new is not None:
            facts.renames.setdefault(id(attribute), new)
            facts.dirty.update(statements)


class _AttributeFinder(cst.CSTVisitor):
    """Attributes of the given names, with the statements around them."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names
        self.found: list[tuple[cst.Attribute, tuple[int, ...]]] = []
        self._statements: list[int] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            self._statements.append(id(node))
        elif isinstance(node, cst.Attribute) and node.attr.value in self.names:
            self.found.append((node, tuple(self._statements)))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            self._statements.pop()
