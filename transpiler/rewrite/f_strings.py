"""What stands in the braces of f-strings: before Python 3.12 nothing there may have the quotes around the whole, and two braces are a character."""

from __future__ import annotations

import libcst as cst

_OTHER = {'"': "'", "'": '"'}


def with_fitting_quotes(original: cst.FormattedString, updated: cst.FormattedString) -> cst.FormattedString:
    """An f-string whose parts were edited, with other quotes in the braces where theirs are those around it; where an f-string inside needs both
    kinds, the outer one has three."""
    quote = updated.end
    if quote not in _OTHER or not _occurs(updated, quote) or _occurs(original, quote):
        return updated
    swapped = updated.visit(_Swap(updated, quote))
    assert isinstance(swapped, cst.FormattedString)
    return swapped.with_changes(start=updated.start + quote * 2, end=quote * 3) if _occurs(swapped, quote) else swapped


def apart_from_brace(part: cst.FormattedStringExpression) -> cst.FormattedStringExpression:
    """A part that starts with a brace of its own (a dictionary), apart from the one before it."""
    first: cst.CSTNode = part.expression
    while not getattr(first, "lpar", ()) and isinstance(first, (cst.Attribute, cst.Subscript, cst.Call)):
        first = first.func if isinstance(first, cst.Call) else first.value
    if not isinstance(first, (cst.Dict, cst.Set, cst.DictComp, cst.SetComp)) or first.lpar or not part.whitespace_before_expression.empty:
        return part
    return part.with_changes(whitespace_before_expression=cst.SimpleWhitespace(" "))


def _occurs(string: cst.FormattedString, quote: str) -> bool:
    code = cst.Module([]).code_for_node
    return any(quote in code(part) for part in string.parts if isinstance(part, cst.FormattedStringExpression))


class _Swap(cst.CSTTransformer):
    """Gives plain strings the other quotes, those in f-strings inside aside."""

    def __init__(self, outer: cst.FormattedString, quote: str) -> None:
        super().__init__()
        self.outer = outer
        self.quote = quote

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return node is self.outer

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        text = updated_node.raw_value
        if updated_node.quote != self.quote or _OTHER[self.quote] in text or "\\" in text:
            return updated_node
        other = _OTHER[self.quote]
        return updated_node.with_changes(value=f"{updated_node.prefix}{other}{text}{other}")
