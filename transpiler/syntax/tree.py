"""The nodes below a node, for walks that ask about expressions and statements alone.

LibCST's own ``children`` makes a copy of the node to find out, and gives white space, parentheses and commas too: on whole files that costs more than
parsing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Final, TypeVar

import libcst as cst

Node = TypeVar("Node", bound=cst.CSTNode)

_LAYOUT: Final = (
    "whitespace", "leading_", "trailing_", "lines_", "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "equal", "header",
    "footer", "indent", "newline", "dot", "first_colon", "second_colon",
)  # fmt: skip
#: Fields in the order of the text, where the class names them in another; those in between keep theirs.
_FIRST: Final = ("decorators", "posonly_params", "keyword")
_LAST: Final = ("body", "handlers", "orelse", "finalbody")


@cache
def _parts(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that hold expressions, statements or what they consist of."""
    names = [field.name for field in fields(kind) if not field.name.startswith(_LAYOUT)]
    return tuple(sorted(names, key=lambda name: (name not in _FIRST, _LAST.index(name) + 1 if name in _LAST else 0)))


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly below, in the order in which they are evaluated, layout left out."""
    for name in _parts(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, cst.CSTNode):
                    yield item


def nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and every node in it, outermost first."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(list(children(one))))


def every(node: cst.CSTNode, kind: type[Node]) -> Iterator[Node]:
    """Every node of a kind in a node, itself included, outermost first."""
    return (one for one in nodes(node) if isinstance(one, kind))


def assignments(node: cst.CSTNode, path: tuple[int, ...]) -> Iterator[tuple[cst.Assign, tuple[int, ...]]]:
    """The assignments in a node, nested functions' included, with the ids of the nodes around each after ``path``."""
    for child in children(node):
        if isinstance(child, cst.Assign):
            yield child, path
        elif not isinstance(child, cst.BaseExpression):
            yield from assignments(child, (*path, id(child)))
