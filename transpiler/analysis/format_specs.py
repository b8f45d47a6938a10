"""Which values does a text format with a specification (``{:.4f}``)? torch's tensors of one number take one, tensors elsewhere may not."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import count

import libcst as cst


def formatted_arguments(call: cst.Call) -> Iterator[cst.Arg]:
    """The arguments of ``"…".format(…)`` and ``format(x, "…")`` that a format specification applies to."""
    if isinstance(call.func, cst.Name) and call.func.value == "format" and len(call.args) == 2:
        yield call.args[0]
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "format":
        return
    text = call.func.value
    pattern = text.evaluated_value if isinstance(text, (cst.SimpleString, cst.ConcatenatedString)) else None
    if isinstance(pattern, str):
        yield from _chosen(pattern, call)


def _chosen(pattern: str, call: cst.Call) -> Iterator[cst.Arg]:
    positional = [argument for argument in call.args if argument.keyword is None]
    if any(argument.star for argument in call.args):
        return
    named = {argument.keyword.value: argument for argument in call.args if argument.keyword is not None}
    numbers = count()
    for field, spec in _fields(pattern):
        index = int(field) if field.isdecimal() else next(numbers) if field == "" else -1
        found = positional[index] if 0 <= index < len(positional) else named.get(field)
        if spec and found is not None:
            yield found


def _fields(pattern: str) -> Iterator[tuple[str, str]]:
    """(field name, specification) of each replacement field; a conversion (``!r``) makes text, which is no tensor's matter."""
    try:
        for _, field, spec, conversion in string.Formatter().parse(pattern):
            if field is not None:
                yield field, "" if conversion else spec or ""
                yield from ((inner, "") for inner, _ in _fields(spec or ""))
    except ValueError:
        return
