"""Which reads ``v = x[index]`` give a copy in torch and are written to afterwards.

Elements that a tensor, a mask or a list picks are a tensor of their own in torch. MindSpore remembers where they came from, and an assignment to an
element of ``v`` changes ``x`` too (``Tensor.parent_tensor_``, measured with 2.10), as it must after ``v = x[0]``.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.syntax.tree import children

#: Methods that may hand back the tensor itself.
_SAME: frozenset[str] = frozenset(
    {"to", "float", "double", "half", "long", "int", "bool", "type", "contiguous", "cpu", "cuda", "detach", "type_as"}
)


def written_picks(module: cst.Module, facts: Facts) -> frozenset[int]:
    """The subscripts, by their id."""
    picks = {key for key, fact in facts.subscripts.items() if fact.picks != "no"}
    return frozenset(picks & set(_in_scope(module))) if picks else frozenset()


def _in_scope(scope: cst.CSTNode) -> Iterator[int]:
    """Reads of elements in a function or module whose result is written to there, and in the functions inside."""
    reads: list[tuple[str, int]] = []
    written: set[str] = set()
    waiting = list(children(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.FunctionDef):
            yield from _in_scope(node)
            continue
        if isinstance(node, cst.Assign):
            for target in node.targets:
                reads += _reads(target.target, node.value)
                yield from _writes(target.target, written)
        elif isinstance(node, cst.AugAssign):
            yield from _writes(node.target, written)
            written.update([node.target.value] if isinstance(node.target, cst.Name) else [])
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value.endswith("_"):
            base = node.func.value
            yield from _writes(base, written)
            written.update([base.value] if isinstance(base, cst.Name) else [])
        waiting.extend(children(node))
    yield from (place for name, place in reads if name in written)


def _reads(target: cst.BaseExpression, value: cst.BaseExpression) -> Iterator[tuple[str, int]]:
    """(name, subscript) of the names that an assignment binds to elements."""
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
        for one, other in zip(target.elements, value.elements, strict=True):
            yield from _reads(one.value, other.value)
    while isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value in _SAME:
        value = value.func.value
    if isinstance(target, cst.Name) and isinstance(value, cst.Subscript):
        yield target.value, id(value)


def _writes(target: cst.BaseExpression, written: set[str]) -> Iterator[int]:
    """Elements of elements that an assignment writes to (``x[index][0] = 1``); the name whose elements it writes to is added to ``written``."""
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _writes(element.value, written)
    while isinstance(target, cst.Subscript):
        target = target.value
        if isinstance(target, cst.Subscript):
            yield id(target)
        elif isinstance(target, cst.Name):
            written.add(target.value)
