"""How a template expression becomes code: placeholders replaced by the user's own expressions, parenthesised where precedence asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import libcst as cst

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_MARK: Final = "_t2m_"
_ATOMIC: Final = (
    cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.SimpleString, cst.FormattedString, cst.List, cst.Dict,
    cst.Set, cst.ListComp, cst.SetComp, cst.DictComp, cst.Ellipsis,
)  # fmt: skip


def placeholders(template: str) -> list[tuple[str, str]]:
    """The placeholders of a template as (parameter, mode); mode is '', 'tuple' or 'star'."""
    return [(name, mode or "") for name, mode in _PLACEHOLDER.findall(template)]


def is_atomic(node: cst.BaseExpression) -> bool:
    """Whether an expression needs no parentheses anywhere."""
    if isinstance(node, cst.Tuple):
        return bool(node.lpar)
    return isinstance(node, _ATOMIC) or bool(node.lpar)


def parenthesized(node: cst.BaseExpression) -> cst.BaseExpression:
    """``node`` with parentheses where it needs them to stand anywhere."""
    if is_atomic(node):
        return node
    return node.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))


@lru_cache(maxsize=2048)
def _parsed(template: str) -> cst.BaseExpression:
    return cst.parse_expression(_PLACEHOLDER.sub(lambda m: _MARK + m.group(1), template))


@dataclass(frozen=True, slots=True)
class Style:
    """How generated code is written in one file: target names (those that start with one of ``roots``) by ``spell``, strings in the
    quotes that the file itself prefers."""

    spell: Callable[[str], cst.BaseExpression]
    roots: frozenset[str]
    quote: str


def render(
    template: str, values: Mapping[str, cst.BaseExpression], stars: Mapping[str, Sequence[cst.Arg]], style: Style
) -> cst.BaseExpression:
    """Fill a template. ``stars`` holds argument lists for ``{name:star}`` placeholders."""
    result = _parsed(template).deep_clone().visit(_Filler(values, stars, style))
    assert isinstance(result, cst.BaseExpression)
    return result


class _Filler(cst.CSTTransformer):
    def __init__(self, values: Mapping[str, cst.BaseExpression], stars: Mapping[str, Sequence[cst.Arg]], style: Style) -> None:
        super().__init__()
        self.values = values
        self.stars = stars
        self.style = style
        self._delimited: set[int] = set()

    def visit_Arg(self, node: cst.Arg) -> None:
        if not node.star:
            self._delimited.add(id(node.value))

    def visit_Index(self, node: cst.Index) -> None:
        self._delimited.add(id(node.value))

    def visit_Element(self, node: cst.Element) -> None:
        self._delimited.add(id(node.value))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if not updated_node.value.startswith(_MARK):
            return updated_node
        name = updated_node.value[len(_MARK) :]
        if name in self.stars:
            return updated_node
        value = self.values[name]
        if id(original_node) in self._delimited and not isinstance(value, (cst.Tuple, cst.GeneratorExp, cst.NamedExpr, cst.Yield)):
            return value
        return parenthesized(value)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        arguments: list[cst.Arg] = []
        for argument in updated_node.args:
            value = argument.value
            if isinstance(value, cst.Name) and value.value.startswith(_MARK) and value.value[len(_MARK) :] in self.stars:
                arguments.extend(self.stars[value.value[len(_MARK) :]])
            else:
                arguments.append(argument)
        return updated_node.with_changes(args=spaced(arguments))

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        plain = updated_node.value[1:-1]
        return (
            updated_node
            if "'" in plain or '"' in plain
            else updated_node.with_changes(value=f"{self.style.quote}{plain}{self.style.quote}")
        )

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return self._target_name(node) is None

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = self._target_name(original_node)
        return updated_node if name is None else self.style.spell(name)

    def _target_name(self, node: cst.Attribute) -> str | None:
        parts = [node.attr.value]
        inner = node.value
        while isinstance(inner, cst.Attribute):
            parts.append(inner.attr.value)
            inner = inner.value
        if isinstance(inner, cst.Name) and inner.value in self.style.roots:
            return ".".join([inner.value, *reversed(parts)])
        return None


def spaced(arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    """An argument list with ``, `` between the arguments that have no comma of their own, and none after the last."""
    result: list[cst.Arg] = []
    for position, argument in enumerate(arguments):
        is_last = position == len(arguments) - 1
        if is_last and isinstance(argument.comma, cst.Comma) and not _has_layout(argument.comma):
            argument = argument.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        elif not is_last and not isinstance(argument.comma, cst.Comma):
            argument = argument.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        result.append(argument)
    return result


def _has_layout(comma: cst.Comma) -> bool:
    return not isinstance(comma.whitespace_after, cst.SimpleWhitespace) or comma.whitespace_after.value == ""
