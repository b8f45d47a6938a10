"""Which values does a text format with a specification (``{:.4f}``)? torch's tensors of one number take one, tensors elsewhere may not."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import count

import libcst as cst


def formatted_arguments(call: cst.Call) -> Iterator[tuple[cst.Arg, str]]:
    """The arguments of ``"…".format(…)`` and ``format(x, "…")`` that a format specification applies to, with that; those with stars, and those of
    a text that is put together when the program runs, with ``*``: whether one applies to what they hold is not seen."""
    if isinstance(call.func, cst.Name) and call.func.value == "format" and len(call.args) == 2:
        yield call.args[0], _text(call.args[1].value) or "*"
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "format":
        return
    pattern = _text(call.func.value)
    if pattern is None:
        yield from ((argument, "*") for argument in call.args)
    else:
        yield from _chosen(pattern, call)


def _text(node: cst.BaseExpression) -> str | None:
    """The text of a literal, None of anything else."""
    value = node.evaluated_value if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) else None
    return value if isinstance(value, str) else None


def is_of_floats(spec: str) -> bool:
    """Whether a specification asks for a float."""
    return spec[-1:] in ("e", "E", "f", "F", "g", "G", "%")


def _chosen(pattern: str, call: cst.Call) -> Iterator[tuple[cst.Arg, str]]:
    positional = [argument for argument in call.args if argument.keyword is None]
    fields = list(_fields(pattern))
    if any(argument.star for argument in call.args):
        if any(is_of_floats(spec) for _, spec in fields):
            yield from ((argument, "*") for argument in call.args)
        return
    named = {argument.keyword.value: argument for argument in call.args if argument.keyword is not None}
    numbers = count()
    for field, spec in fields:
        index = int(field) if field.isdecimal() else next(numbers) if field == "" else -1
        found = positional[index] if 0 <= index < len(positional) else named.get(field)
        if spec and found is not None:
            yield found, spec


def _fields(pattern: str) -> Iterator[tuple[str, str]]:
    """(field name, specification) of each replacement field; a conversion (``!r``) makes text, which is no tensor's matter."""
    try:
        for _, field, spec, conversion in string.Formatter().parse(pattern):
            if field is not None:
                yield field, "" if conversion else spec or ""
                yield from ((inner, "") for inner, _ in _fields(spec or ""))
    except ValueError:
        return
