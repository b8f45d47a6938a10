"""How ``out=`` keeps its effect: torch writes the result into a tensor that is there, in that tensor's dtype.

A statement on a name that nobody else sees binds the name anew; a part of a tensor is assigned; anything else takes the values in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from transpiler.analysis import values as v
from transpiler.mapping.binding import choose
from transpiler.report.codes import Code
from transpiler.rewrite.arguments import Declined
from transpiler.rewrite.call_site import CallSite
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.expressions import is_stable
from transpiler.rewrite.template import parenthesized, render


def without_output(site: CallSite) -> tuple[CallSite, int] | None:
    """The call without its ``out`` and where that stood; None where it has none, or ``out=None``."""
    binding = site.choice.binding if site.choice is not None else None
    argument = binding.get("out") if binding is not None else None
    if argument is None or argument.index < 0 or argument.star or argument.text == "None":
        return None
    kept = [i for i in range(len(site.args)) if i != argument.index]
    args = [site.args[i] for i in kept]
    if args and args[-1] is not site.args[-1]:
        args[-1] = args[-1].with_changes(comma=site.args[-1].comma, whitespace_after_arg=site.args[-1].whitespace_after_arg)
    arguments = [replace(site.arguments[old], index=new) for new, old in enumerate(kept)]
    first = 1 if site.has_receiver else 0
    return (
        CallSite(
            site.original,
            site.updated.with_changes(args=args[first:]),
            site.entry,
            args,
            arguments,
            [site.values[i] for i in kept],
            site.has_receiver,
            choose(site.entry, arguments),
        ),
        argument.index,
    )


class OutputWriter:
    """Puts a converted result where ``out=`` wants it."""

    def __init__(self, file: FileContext) -> None:
        self.file = file

    def expression(self, out: cst.BaseExpression, result: cst.BaseExpression) -> cst.BaseExpression | Declined:
        """The result written into ``out``, as a value."""
        if self.file.target.inplace_assign is None:
            return Declined(Code.UNSUPPORTED_INPLACE, "Tensors do not change in place on the target.", "Assign the result to the name.")
        if isinstance(out, (cst.Tuple, cst.List)) or not is_stable(out) or isinstance(out, cst.Subscript):
            return Declined(
                Code.UNSUPPORTED_INPLACE,
                "It writes into a tensor inside an expression.",
                "Write it as a statement of its own, into a name.",
            )
        written = self.file.write_into(out, result)
        assert written is not None
        return written

    def statement(
        self, out: cst.BaseExpression, kind: v.Value, result: cst.BaseExpression
    ) -> cst.BaseExpression | cst.BaseSmallStatement | Declined:
        """The result written into ``out``, as a statement of its own; an expression where it is one."""
        if isinstance(out, cst.Name) and v.is_fresh(kind):
            return _assign(out, self._cast(result, out))
        if isinstance(out, cst.Subscript) and is_stable(out) and self.file.target.item_assignment:
            return _assign(out, result)
        if (
            isinstance(out, (cst.Tuple, cst.List))
            and isinstance(kind, v.Tup)
            and all(map(v.is_fresh, kind.items))
            and _all_names(out.elements)
        ):
            return _assign(cst.Tuple([cst.Element(element.value) for element in out.elements], lpar=(), rpar=()), result)
        return self.expression(out, result)

    def _cast(self, result: cst.BaseExpression, like: cst.Name) -> cst.BaseExpression:
        """In the dtype of the tensor that it is written into."""
        return render(self.file.target.cast, {"value": parenthesized(result), "like": like}, {}, self.file.style)


def _assign(target: cst.BaseExpression, value: cst.BaseExpression) -> cst.Assign:
    return cst.Assign([cst.AssignTarget(target)], value)  # type: ignore[arg-type]


def _all_names(elements: Sequence[cst.BaseElement]) -> bool:
    return all(isinstance(element, cst.Element) and isinstance(element.value, cst.Name) for element in elements)
