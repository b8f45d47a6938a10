"""The walk gives what LibCST's own ``children`` gives, without layout, in the order in which it is evaluated."""

from __future__ import annotations

import inspect
from pathlib import Path

import libcst as cst
import pytest

from transpiler.syntax.tree import children, every

LAYOUT = (
    cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment, cst.Comma, cst.Semicolon, cst.Colon, cst.Dot,
    cst.AssignEqual, cst.LeftParen, cst.RightParen, cst.LeftSquareBracket, cst.RightSquareBracket, cst.LeftCurlyBrace, cst.RightCurlyBrace,
)  # fmt: skip


def _all(node: cst.CSTNode) -> set[int]:
    """Every node of a tree that is no layout, as LibCST lists them."""
    found = {id(node)}
    for child in node.children:
        if not isinstance(child, LAYOUT):
            found |= _all(child)
    return found


@pytest.mark.parametrize("module", ["ast", "dataclasses", "contextlib", "statistics"])
def test_no_node_is_missed(module: str) -> None:
    tree = cst.parse_module(Path(inspect.getsourcefile(__import__(module)) or "").read_text())
    walked = {id(node) for node in every(tree, cst.CSTNode) if not isinstance(node, LAYOUT)}
    assert walked == _all(tree)


@pytest.mark.parametrize(
    "source",
    [
        "@a\ndef b(c: d = e, /, f=g, *, h=i): j",
        "@a\nclass b(c, d=e): f",
        "for a in b:\n  c\nelse:\n  d",
        "with a as b, c: d",
        "try:\n  a\nexcept b as c:\n  d\nelse:\n  e\nfinally:\n  f",
        "match a:\n  case b if c: d",
        "a[b:c, d](e, *f, **g).h",
        "a + b < c and not d",
    ],
)
def test_the_order_is_that_of_the_text(source: str) -> None:
    names = [name.value for name in every(cst.parse_module(source), cst.Name) if len(name.value) == 1]
    assert names == sorted(names)


def test_layout_is_left_out() -> None:
    call = cst.ensure_type(cst.parse_expression("(f( a , b = c ))"), cst.Call)
    assert [type(child) for child in children(call)] == [cst.Name, cst.Arg, cst.Arg]
