"""Which tensors of a file gradients are wanted of, apart from modules' parameters: made with ``requires_grad=True`` or ``Parameter``, or marked."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from transpiler.rewrite.training.graph_flow import assignments
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import children


def leaf_names(node: cst.CSTNode) -> Iterator[str]:
    """Dotted names of such tensors."""
    for target, value in assignments(_all_statements(node), None, everything=True):
        if _makes_leaf(value) and dotted(target):
            yield dotted(target)
        if isinstance(target, cst.Attribute) and target.attr.value == "requires_grad" and isinstance(value, cst.Name):
            yield from [dotted(target.value)] if value.value == "True" and dotted(target.value) else ()
    for call in _statement_calls(node):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "requires_grad_" and dotted(call.func.value):
            frozen = bool(call.args) and isinstance(call.args[0].value, cst.Name) and call.args[0].value.value == "False"
            yield from () if frozen else [dotted(call.func.value)]


def _all_statements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Every statement of a file, those of functions and classes opened."""
    for child in children(node):
        if isinstance(child, (cst.FunctionDef, cst.ClassDef)):
            yield from _all_statements(child)
        elif not isinstance(child, cst.BaseExpression):
            if isinstance(child, cst.BaseSmallStatement):
                yield child
            else:
                yield from _all_statements(child)


def _statement_calls(node: cst.CSTNode) -> Iterator[cst.Call]:
    for statement in _all_statements(node):
        if isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
            yield statement.value


def _makes_leaf(value: cst.CSTNode) -> bool:
    if not isinstance(value, cst.Call):
        return False
    if isinstance(value.func, cst.Attribute) and value.func.attr.value == "requires_grad_":
        return True
    if dotted(value.func).rpartition(".")[2] == "Parameter":
        return True
    return any(
        a.keyword is not None and a.keyword.value == "requires_grad" and isinstance(a.value, cst.Name) and a.value.value == "True"
        for a in value.args
    )
