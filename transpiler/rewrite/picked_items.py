"""Which reads ``v = x[index]`` give a copy in torch and are written to afterwards.

Elements that a tensor, a mask or a list picks are a tensor of their own in torch. MindSpore remembers where they came from, and an assignment to an
element of ``v`` changes ``x`` too (``Tensor.parent_tensor_``, measured with 2.10), as it must after ``v = x[0]``.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.syntax.tree import children

#: Methods that may hand back the tensor itself.
_SAME: frozenset[str] = frozenset(
    {"to", "float", "double", "half", "long", "int", "bool", "type", "contiguous", "cpu", "cuda", "detach", "type_as"}
)


def written_picks(module: cst.Module, facts: Facts) -> frozenset[int]:
    """The subscripts, by their id."""
    picks = {key for key, fact in facts.subscripts.items() if fact.picks}
    return frozenset(picks & set(_in_scope(module, facts.dirty))) if picks else frozenset()


def _in_scope(scope: cst.CSTNode, dirty: Container[int]) -> Iterator[int]:
    """Reads of elements in a function or module whose result is written to there, and in the functions inside. Both stand in ``dirty`` statements."""
    reads: list[tuple[str, int]] = []
    written: set[str] = set()
    waiting = list(children(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.BaseStatement) and id(node) not in dirty:
            continue
        if isinstance(node, cst.FunctionDef):
            yield from _in_scope(node, dirty)
            continue
        if isinstance(node, cst.Assign):
            for target in node.targets:
                reads += _reads(target.target, node.value)
                yield from _writes(target.target, written)
        elif isinstance(node, cst.AugAssign):
            yield from _writes(node.target, written)
            written.add(_place(node.target))
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value.endswith("_"):
            yield from _writes(node.func.value, written)
            written.add(_place(node.func.value))
        waiting.extend(children(node))
    yield from (place for place_of, place in reads if place_of in written)


def _reads(target: cst.BaseExpression, value: cst.BaseExpression) -> Iterator[tuple[str, int]]:
    """(place, subscript) of the names, attributes and items that an assignment binds to elements."""
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
        for one, other in zip(target.elements, value.elements, strict=True):
            yield from _reads(one.value, other.value)
    while isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value in _SAME:
        value = value.func.value
    if isinstance(value, cst.Subscript) and _place(target):
        yield _place(target), id(value)


def _writes(target: cst.BaseExpression, written: set[str]) -> Iterator[int]:
    """Elements of elements that an assignment writes to (``x[index][0] = 1``); the places whose elements it writes to are added to ``written``."""
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _writes(element.value, written)
    while isinstance(target, cst.Subscript):
        target = target.value
        written.add(_place(target))
        if isinstance(target, cst.Subscript):
            yield id(target)


def _place(node: cst.CSTNode) -> str:
    """The text of a name, an attribute, or an item with a literal key; '' of anything else."""
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        key, owner = node.slice[0].slice.value, _place(node.value)
        return f"{owner}[{key.value}]" if owner and isinstance(key, (cst.SimpleString, cst.Integer)) else ""
    if isinstance(node, cst.Attribute):
        owner = _place(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return node.value if isinstance(node, cst.Name) else ""
