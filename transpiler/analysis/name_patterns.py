"""What a name that is put together when the program runs can be: ``f"Conv{n}d"``, ``"Conv%dd" % n``, ``"Conv" + str(n) + "d"``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import libcst as cst

IsInteger = Callable[[cst.BaseExpression], bool]

_ANY: Final = r"\w+"
_DIGITS: Final = r"\d+"
_PERCENT: Final = re.compile(r"%[-#0 +]*\d*[a-z]")
_BRACES: Final = re.compile(r"\{[^{}]*\}")
#: With fewer letters that are known, a name can be nearly any.
_LETTERS: Final = 3


def name_pattern(key: cst.BaseExpression, is_integer: IsInteger) -> re.Pattern[str] | None:
    """The names that ``key`` can be; None where too little of them is known. ``is_integer`` tells of the parts put in whether they are integers."""
    pattern = _pattern(key, is_integer)
    return re.compile(pattern) if len(pattern.replace(_ANY, "").replace(_DIGITS, "")) >= _LETTERS else None


def _pattern(key: cst.BaseExpression, is_integer: IsInteger) -> str:
    if isinstance(key, cst.SimpleString):
        return re.escape(str(key.evaluated_value))
    if isinstance(key, cst.ConcatenatedString):
        return _pattern(key.left, is_integer) + _pattern(key.right, is_integer)
    if isinstance(key, cst.FormattedString):
        return "".join(_part(part, is_integer) for part in key.parts)
    if isinstance(key, cst.BinaryOperation) and isinstance(key.operator, cst.Add):
        return _pattern(key.left, is_integer) + _pattern(key.right, is_integer)
    if isinstance(key, cst.BinaryOperation) and isinstance(key.operator, cst.Modulo) and isinstance(key.left, cst.SimpleString):
        given = [element.value for element in key.right.elements] if isinstance(key.right, cst.Tuple) else [key.right]
        return _filled(str(key.left.evaluated_value), _PERCENT, given, is_integer)
    if isinstance(key, cst.Call) and isinstance(key.func, cst.Attribute) and isinstance(key.func.value, cst.SimpleString):
        given = [argument.value for argument in key.args]
        return _filled(str(key.func.value.evaluated_value), _BRACES, given, is_integer) if key.func.attr.value == "format" else _ANY
    if isinstance(key, cst.Call) and isinstance(key.func, cst.Name) and key.func.value == "str" and len(key.args) == 1:
        return _put_in(key.args[0].value, is_integer)
    return _ANY


def _part(part: cst.BaseFormattedStringContent, is_integer: IsInteger) -> str:
    if isinstance(part, cst.FormattedStringText):
        return re.escape(part.value)
    return _put_in(part.expression, is_integer) if isinstance(part, cst.FormattedStringExpression) else _ANY


def _put_in(expression: cst.BaseExpression, is_integer: IsInteger) -> str:
    return _DIGITS if is_integer(expression) else _pattern(expression, is_integer)


def _filled(text: str, hole: re.Pattern[str], given: Sequence[cst.BaseExpression], is_integer: IsInteger) -> str:
    """``text`` with what is put into its holes, in their order; where the holes have numbers or names nobody looks which is whose."""
    holes = hole.findall(text)
    in_order = len(holes) == len(given) and (hole is _PERCENT or all(one == "{}" for one in holes))
    put_in = [_put_in(one, is_integer) for one in given] if in_order else [_ANY] * len(holes)
    return "".join(re.escape(known) + filling for known, filling in zip(hole.split(text), [*put_in, ""], strict=True))
