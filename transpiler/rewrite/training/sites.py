"""Where the programs of a file are differentiated: each ``loss.backward()`` and each ``torch.autograd.grad(…)``, with the blocks around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import children


@dataclass(slots=True, eq=False)
class Place:
    """One level of the blocks around a statement: the block, the statement's index in it, and the compound statement that the block belongs to."""

    block: cst.IndentedBlock | cst.Module | cst.SimpleStatementSuite
    index: int
    owner: cst.CSTNode | None


@dataclass(slots=True, eq=False)
class Site:
    """One ``loss.backward()`` statement, or one call of ``torch.autograd.grad``, which has ``inputs`` and perhaps a ``weight`` (grad_outputs).
    ``scopes``: the functions and classes around it, outermost first."""

    call: cst.Call
    loss: cst.BaseExpression
    places: list[Place]
    scopes: list[cst.FunctionDef | cst.ClassDef]
    statement: cst.BaseSmallStatement
    inputs: tuple[cst.BaseExpression, ...] | None = None
    weight: cst.BaseExpression | None = None

    @property
    def function(self) -> cst.FunctionDef | None:
        """The function that the site stands in."""
        return self.scopes[-1] if self.scopes and isinstance(self.scopes[-1], cst.FunctionDef) else None


def find_sites(module: cst.Module, facts: Facts) -> Iterator[Site]:
    """Every site, in the order of the file."""
    return _Finder(facts).sites(module, [], [])


class _Finder:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def sites(self, node: cst.CSTNode, places: list[Place], scopes: list[cst.FunctionDef | cst.ClassDef]) -> Iterator[Site]:
        """The sites below a node."""
        if isinstance(node, (cst.IndentedBlock, cst.Module)):
            for index, statement in enumerate(node.body):
                owner = places[-1].owner if places and places[-1].block is node else None
                yield from self._in_statement(statement, [*places, Place(node, index, owner)], scopes)
            return
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            yield from self.sites(node.body, [], [*scopes, node])
            return
        for child in children(node):
            if not isinstance(child, cst.BaseExpression):
                yield from self.sites(child, places, scopes)

    def _in_statement(self, node: cst.CSTNode, places: list[Place], scopes: list[cst.FunctionDef | cst.ClassDef]) -> Iterator[Site]:
        if isinstance(node, cst.SimpleStatementLine):
            for small in node.body:
                yield from self._in_small(small, places, scopes)
            return
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            yield from self.sites(node, places, scopes)
            return
        for child in children(node):
            if isinstance(child, cst.IndentedBlock):
                for index, statement in enumerate(child.body):
                    yield from self._in_statement(statement, [*places, Place(child, index, node)], scopes)
            elif isinstance(child, cst.SimpleStatementSuite):
                for index, small in enumerate(child.body):
                    yield from self._in_small(small, [*places, Place(child, index, node)], scopes)
            elif not isinstance(child, cst.BaseExpression):
                yield from self._in_statement(child, places, scopes)

    def _in_small(self, small: cst.BaseSmallStatement, places: list[Place], scopes: list[cst.FunctionDef | cst.ClassDef]) -> Iterator[Site]:
        for found in self._grad_calls(small):
            outputs, inputs = argument_of(found, 0, "outputs"), argument_of(found, 1, "inputs")
            if outputs is not None and inputs is not None:
                yield Site(found, single(outputs), places, scopes, small, listed(inputs), argument_of(found, 2, "grad_outputs"))
        call = small.value if isinstance(small, cst.Expr) else None
        loss = self._loss_of(call) if isinstance(call, cst.Call) else None
        if isinstance(call, cst.Call) and loss is not None:
            yield Site(call, loss, places, scopes, small)

    def _grad_calls(self, node: cst.CSTNode) -> Iterator[cst.Call]:
        """Calls of ``torch.autograd.grad`` in a statement."""
        if isinstance(node, cst.Call):
            fact = self.facts.calls.get(id(node))
            if fact is not None and fact.apis == ("torch.autograd.grad",):
                yield node
        for child in children(node):
            if not isinstance(child, cst.Lambda):
                yield from self._grad_calls(child)

    def _loss_of(self, call: cst.Call) -> cst.BaseExpression | None:
        """The tensor that a call differentiates: ``loss.backward()`` or ``torch.autograd.backward(loss)``."""
        fact = self.facts.calls.get(id(call))
        if fact is not None and fact.apis == ("torch.autograd.backward",) and call.args and not call.args[0].star:
            return call.args[0].value
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "backward":
            return None
        known = fact is not None and "torch.Tensor.backward" in fact.apis
        if not known and (fact is not None or any(argument.keyword is None for argument in call.args)):
            return None
        return func.value


def argument_of(call: cst.Call, position: int, name: str) -> cst.BaseExpression | None:
    """The argument passed for a parameter, None where it is left out or None."""
    for index, argument in enumerate(call.args):
        if (argument.keyword is None and index == position) or (argument.keyword is not None and argument.keyword.value == name):
            is_none = isinstance(argument.value, cst.Name) and argument.value.value == "None"
            return None if is_none or argument.star else argument.value
    return None


def keyword_argument(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The argument passed by a keyword, None where it is left out, False or None."""
    for argument in call.args:
        if argument.keyword is not None and argument.keyword.value == name:
            if isinstance(argument.value, cst.Name) and argument.value.value in ("False", "None"):
                return None
            return argument.value
    return None


def listed(node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    """The items of a list or tuple, or the one that stands for it."""
    return tuple(element.value for element in node.elements) if isinstance(node, (cst.List, cst.Tuple)) else (node,)


def single(node: cst.BaseExpression) -> cst.BaseExpression:
    """The item of a list or tuple of one."""
    items = listed(node)
    return items[0] if len(items) == 1 else node


def gradient_of(call: cst.Call) -> cst.BaseExpression | None:
    """The gradient that ``out.backward(gradient)`` is given."""
    if not isinstance(call.func, cst.Attribute) or dotted(call.func).endswith("autograd.backward"):
        return None
    if call.args and call.args[0].keyword is None:
        value = call.args[0].value
        return None if isinstance(value, cst.Name) and value.value == "None" else value
    return keyword_argument(call, "gradient")


def linear_in(loss: cst.BaseExpression) -> str | None:
    """The name that a loss is a multiple of: ``loss``, ``loss / n``, ``n * loss``, ``scaler.scale(loss)``."""
    if isinstance(loss, cst.Name):
        return loss.value
    if isinstance(loss, cst.BinaryOperation) and isinstance(loss.operator, (cst.Divide, cst.Multiply)):
        if isinstance(loss.left, cst.Name) and not isinstance(loss.right, cst.Call):
            return loss.left.value
        if isinstance(loss.operator, cst.Multiply) and isinstance(loss.right, cst.Name) and not isinstance(loss.left, cst.Call):
            return loss.right.value
    if isinstance(loss, cst.Call) and isinstance(loss.func, cst.Attribute) and loss.func.attr.value == "scale" and len(loss.args) == 1:
        return loss.args[0].value.value if isinstance(loss.args[0].value, cst.Name) else None
    return None
