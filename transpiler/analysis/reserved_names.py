"""Where the user's own members of module classes are used whose names the target's base class reserves.

The interpreter renames such members where it knows the object's class. Rope's static object analysis finds the other uses across the
project: an attribute of an object that was passed through untyped code. It reads every file, so it is asked only where a name collides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from transpiler.analysis.project_index import ClassOutline, ModuleOutline, ProjectIndex
from transpiler.analysis.resolve import Resolver
from transpiler.analysis.semantics import Semantics
from transpiler.analysis.values import UserClass

#: path -> (line from 1, column from 0) of a name -> the new name
Renames = dict[str, dict[tuple[int, int], str]]


def find_renames(root: Path, index: ProjectIndex, semantics: Semantics, reserved: Mapping[str, str]) -> Renames:
    """Every use that Rope can tell of a colliding member, by file and position. Files that Rope cannot read are passed over."""
    colliding = list(_collisions(index, semantics, reserved))
    if not colliding:
        return {}
    found: Renames = {}
    for path, position, new in _occurrences(root, colliding):
        found.setdefault(path, {})[position] = new
    return found


def _collisions(index: ProjectIndex, semantics: Semantics, reserved: Mapping[str, str]) -> Iterator[tuple[ModuleOutline, str, str, str]]:
    """Module outline, class name, member and its new name."""
    resolver = Resolver(index, semantics)
    for outline in index.modules.values():
        for name, cls in outline.classes.items():
            members = _members(cls) & set(reserved)
            if not members:
                continue
            value = resolver.binding(outline.name, name)
            if isinstance(value, UserClass) and semantics.derives_from_module(value.info):
                for member in sorted(members) if outline.path.endswith(".py") else ():  # Rope reads no notebooks
                    yield outline, name, member, reserved[member]


def _members(cls: ClassOutline) -> set[str]:
    return set(cls.methods) | set(cls.attributes)


def _occurrences(root: Path, colliding: list[tuple[ModuleOutline, str, str, str]]) -> Iterator[tuple[str, tuple[int, int], str]]:
    from rope.base.exceptions import RopeError
    from rope.base.project import Project
    from rope.contrib.findit import find_occurrences

    project = Project(str(root), ropefolder=None)
    try:
        for outline, cls, member, new in colliding:
            resource = project.get_resource(outline.path)
            offset = _definition(resource.read(), cls, member)
            if offset is None:
                continue
            try:
                places = find_occurrences(project, resource, offset, in_hierarchy=True)
            except (RopeError, SyntaxError, RecursionError):
                continue
            for place in places:
                yield place.resource.path, _position(place.resource.read(), place.offset), new
    finally:
        project.close()


def _definition(source: str, cls: str, member: str) -> int | None:
    """The character offset at which a class's member is defined: ``def name``, ``name = …``, or ``self.name = …``."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == cls:
            for inner in ast.walk(node):
                place = _defines(inner, member, lines)
                if place is not None:
                    return sum(map(len, lines[: place[0] - 1])) + place[1]
    return None


def _defines(node: ast.AST, member: str, lines: list[str]) -> tuple[int, int] | None:
    """Line and column of the member's name where ``node`` binds it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == member:
        return node.lineno, lines[node.lineno - 1].index(member, node.col_offset)
    if isinstance(node, ast.Name) and node.id == member and isinstance(node.ctx, ast.Store):
        return node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
    if isinstance(node, ast.Attribute) and node.attr == member and isinstance(node.ctx, ast.Store) and node.lineno == node.end_lineno:
        end = len(lines[node.lineno - 1].encode()[: node.end_col_offset].decode())
        return node.lineno, end - len(member)
    return None


def _position(source: str, offset: int) -> tuple[int, int]:
    before = source[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1)
