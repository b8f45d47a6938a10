"""How the constructs that MindSpore's compiler refuses (``graph_forms.py``) are written instead: the same in eager mode, and one statement for
one."""

from __future__ import annotations

from typing import Any

import libcst as cst

from transpiler.rewrite.context import FileContext
from transpiler.rewrite.graph_forms import asked_callable, first_assignment


class GraphFormRewriter:
    """Writes what the plan found as the compiler takes it."""

    def __init__(self, file: FileContext) -> None:
        self._file = file
        self._forms = file.graph_forms

    def unequal(self, original: cst.BinaryOperation, updated: cst.BinaryOperation) -> cst.BaseExpression:
        """``a != b`` for ``a ^ b`` of truth values."""
        if id(original) not in self._forms.unequal:
            return updated
        operator = cst.ensure_type(updated.operator, cst.BitXor)
        sides = cst.ComparisonTarget(cst.NotEqual("!=", operator.whitespace_before, operator.whitespace_after), updated.right)
        result = cst.Comparison(updated.left, [sides], lpar=updated.lpar, rpar=updated.rpar)
        self._file.converted(original, self._file.code(original), self._file.code(result), "The compiler has no ^ of truth values.")
        return result.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]) if self._forms.unequal[id(original)] else result

    def popped(self, original: cst.Expr | cst.Assign, updated: cst.Expr | cst.Assign) -> cst.Assign:
        """``value, kwargs = pop_keyword(kwargs, "name", default)`` for ``value = kwargs.pop("name", default)``."""
        call = self._forms.pops[id(original)]
        keywords = cst.ensure_type(cst.ensure_type(call.func, cst.Attribute).value, cst.Name)
        now = cst.ensure_type(updated.value, cst.Call)
        kept: cst.BaseAssignTargetExpression = keywords
        name, args = "without_keyword", [now.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
        if isinstance(updated, cst.Assign):
            elements = [cst.Element(updated.targets[0].target), cst.Element(keywords)]
            kept = cst.Tuple(elements, lpar=(), rpar=())
            name, args = "pop_keyword", list(now.args)
        first = cst.Arg(keywords, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        value = cst.Call(self._file.speller.expression(f"support.{name}"), [first, *args])
        self._file.converted(call, self._file.code(call), self._file.code(value), "The compiler has no pop of keywords.")
        return cst.Assign([cst.AssignTarget(kept)], value, semicolon=updated.semicolon)

    def all_callable(self, original: cst.Call) -> cst.Call | None:
        """``all_callable(functions)`` for ``all(callable(f) for f in functions)``; None for other calls."""
        items = asked_callable(original) if id(original) in self._forms.callables else None
        if items is None:
            return None
        result = cst.Call(self._file.speller.expression("support.all_callable"), [cst.Arg(items)], lpar=original.lpar, rpar=original.rpar)
        self._file.converted(original, self._file.code(original), self._file.code(result), "The compiler has no callable().")
        return result

    def test(self, original: cst.If, updated: Any) -> Any:
        """The assignment before the ``if`` whose test began with it."""
        if id(original) not in self._forms.tests or not isinstance(updated, cst.If):
            return updated
        named = first_assignment(updated.test)
        if named is None:
            return updated
        target = cst.ensure_type(named.target, cst.Name)
        assigned = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], named.value)], leading_lines=updated.leading_lines)
        test = updated.test.deep_replace(named, target.with_changes(lpar=(), rpar=()))
        assert isinstance(test, cst.BaseExpression)
        self._file.converted(original.test, self._file.code(named), f"{target.value} = ...", "The compiler has no assignment expressions.")
        return cst.FlattenSentinel([assigned, updated.with_changes(test=test, leading_lines=())])
