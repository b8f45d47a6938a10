"""Which identifiers a file binds, so that inserted imports never shadow or clash with the user's own names."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def bound_names(tree: ast.Module) -> frozenset[str]:
    """Every identifier that ``tree`` binds anywhere (assignment, parameter, import, definition), except by importing from torch."""
    return frozenset(_bindings(tree))


def _bindings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Import):
            yield from (a.asname or a.name.partition(".")[0] for a in node.names if a.name.partition(".")[0] != "torch")
        elif isinstance(node, ast.ImportFrom):
            if node.level or (node.module or "").partition(".")[0] != "torch":
                yield from (a.asname or a.name for a in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
