"""Layers that a module's ``__init__`` already runs, to learn the size of what they give: torch's are in training mode then, MindSpore's cells are not
before somebody has said so of the whole model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.analysis.interpret_expressions import MODAL_LAYERS
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import assignments, every

_Methods = Mapping[str, cst.FunctionDef]


def layers_run_at_once(owner: cst.ClassDef, facts: Facts) -> Iterator[tuple[cst.Assign, tuple[int, ...]]]:
    """Assignments of layers that the class's ``__init__`` runs and whose mode may matter, with the ids of the nodes around each in the class."""
    methods = {node.name.value: node for node in owner.body.body if isinstance(node, cst.FunctionDef)}
    start = methods.get("__init__")
    run = frozenset(_run_by(start, methods, set())) if start is not None else frozenset()
    if start is not None and run:
        for node, path in assignments(start.body, (id(owner.body), id(start), id(start.body))):
            if len(node.targets) == 1 and dotted(node.targets[0].target) in run and _has_mode(node.value, facts):
                yield node, path


def _run_by(function: cst.FunctionDef, methods: _Methods, seen: set[str]) -> Iterator[str]:
    """The attributes ``self.name`` that a method calls, itself or through methods of the same class."""
    seen.add(function.name.value)
    for call in every(function.body, cst.Call):
        owner, _, name = dotted(call.func).partition(".")
        if owner != "self":
            continue
        method = name or "forward"
        if method in methods:
            if method not in seen:
                yield from _run_by(methods[method], methods, seen)
        else:
            yield f"self.{name.partition('.')[0]}"
    for loop in every(function.body, cst.For):
        item = dotted(loop.target)
        if item and any(dotted(call.func) == item for call in every(loop.body, cst.Call)):
            yield dotted(loop.iter)


def _has_mode(value: cst.BaseExpression, facts: Facts) -> bool:
    """Whether what an expression makes may compute differently in training mode: a layer of torch's that does, or a module of the project's."""
    made = [call for call in every(value, cst.Call) if isinstance(value, cst.Call)]
    return any(
        facts.made_models.get(id(call), False) or (id(call) in facts.calls and not MODAL_LAYERS.isdisjoint(facts.calls[id(call)].apis))
        for call in made
    )
