"""How a target symbol is written in the user's file, and which imports that takes.

A module of the target is imported under its customary name (``nn``, ``ops``), or under the alias that the user gave to the torch module in
its place, unless the file binds that name for something else: then it is written in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import libcst as cst

from transpiler.mapping.registry import PORTED_MODELS
from transpiler.targets.target import Target


@dataclass(frozen=True, slots=True)
class NeededImport:
    """One import that the output needs: ``import module [as alias]``, or ``from module import name [as alias]``; ``level`` counts dots."""

    module: str
    name: str | None
    alias: str | None
    level: int = 0

    @property
    def sort_key(self) -> tuple[int, str, str]:
        """Plain imports before ``from`` imports, the project's own last."""
        return self.level, self.module, self.name or ""

    @property
    def local(self) -> str:
        """The name that it binds."""
        return self.alias or self.name or self.module.partition(".")[0]


class Speller:
    """Writes target names for one file and collects the imports they need."""

    def __init__(self, target: Target, bound: frozenset[str], aliases: Mapping[str, str], support_level: int) -> None:
        self._target = target
        self._bound = bound
        self._aliases = dict(aliases)
        self._support_level = support_level
        self._cache: dict[str, tuple[str, NeededImport | None]] = {}
        self.needed: dict[NeededImport, None] = {}
        self.support: set[str] = set()

    @contextmanager
    def trying(self) -> Iterator[None]:
        """What is spelled inside is for a form that may be given up again: it asks for no imports and no support functions."""
        needed, support = dict(self.needed), set(self.support)
        try:
            yield
        finally:
            self.needed, self.support = needed, support

    def expression(self, name: str) -> cst.BaseExpression:
        """The expression for a dotted target name, ``support.foo`` or a builtin."""
        return dotted_expression(self.text(name))

    def text(self, name: str) -> str:
        """The source text for a dotted target name."""
        if name not in self._cache:
            self._cache[name] = self._spell(name)
        text, needed = self._cache[name]
        if needed is not None:
            self.needed[needed] = None
        if name.startswith("support."):
            self.support.add(name.split(".")[1])
        return text

    def _spell(self, name: str) -> tuple[str, NeededImport | None]:
        if name.startswith("support."):
            return self._spell_support(name)
        module, leaf = self._split(name)
        if module is None:
            return self._spell_plain(name)
        if leaf in self._target.members and module == self._target.root and self._aliases.get(f"{module}.{leaf}") == leaf:
            return leaf, NeededImport(module, leaf, None)
        alias = self._aliases.get(module) or self._target.spellings[module]
        if alias in self._bound:
            return name, NeededImport(module, None, None)
        return f"{alias}.{leaf}" if leaf else alias, _module_import(module, alias)

    def _spell_plain(self, name: str) -> tuple[str, NeededImport | None]:
        root, dot, _ = name.partition(".")
        if root == PORTED_MODELS and dot and self._support_level:
            return name, NeededImport("", root, None, self._support_level)  # it stands in the package that is ported
        return name, NeededImport(name.rpartition(".")[0] or root, None, None) if dot else None

    def _spell_support(self, name: str) -> tuple[str, NeededImport]:
        module = self._target.support_module
        leaf = name.partition(".")[2]
        local = module if module not in self._bound else f"_{module}"
        alias = None if local == module else local
        if self._support_level:
            return f"{local}.{leaf}", NeededImport("", module, alias, self._support_level)
        return f"{local}.{leaf}", NeededImport(module, None, alias)

    def _split(self, name: str) -> tuple[str | None, str]:
        """The longest importable module that ``name`` starts with, and the rest."""
        head, leaf = name, ""
        while head:
            if head in self._target.spellings:
                return head, leaf
            head, _, last = head.rpartition(".")
            leaf = f"{last}.{leaf}" if leaf else last
        return None, name


def _module_import(module: str, alias: str) -> NeededImport:
    parent, _, leaf = module.rpartition(".")
    if not parent:
        return NeededImport(module, None, None if alias == module else alias)
    return NeededImport(parent, leaf, None if alias == leaf else alias)


def dotted_expression(text: str) -> cst.BaseExpression:
    """A dotted name as a LibCST expression."""
    head, *rest = text.split(".")
    node: cst.BaseExpression = cst.Name(head)
    for part in rest:
        node = cst.Attribute(node, cst.Name(part))
    return node
