"""Which attributes' tensors are seen by others than the attribute, so that ``self.total += x`` must change the tensor itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from transpiler.analysis.aliases import KEEPING
from transpiler.analysis.facts import CallFact
from transpiler.rewrite.context import FileContext
from transpiler.syntax.tree import children

#: Functions of Python that look at a tensor and do not keep it.
_LOOKING: Final = frozenset(
    {"abs", "bool", "float", "format", "int", "isinstance", "len", "max", "min", "print", "repr", "round", "str", "sum", "type"}
)
#: Methods that may return their receiver.
_OFTEN_SAME: Final = frozenset(
    {"to", "type", "float", "double", "half", "long", "int", "bool", "cpu", "cuda", "contiguous", "numpy", "detach"}
)
#: Attributes that are a tensor which shares its memory.
_SHARING: Final = frozenset({"data", "T", "mT", "H", "mH", "real", "imag", "grad"})


def held_attributes(file: FileContext) -> frozenset[str]:
    """The names of attributes whose objects something else may hold, as far as this file tells: they are returned, stored, handed to a function, or
    were made from what has a name of its own."""
    return frozenset(_held(file, file.module, seen=False))


def _held(file: FileContext, node: cst.CSTNode, *, seen: bool) -> Iterator[str]:
    """Attributes inside ``node`` that are held; ``seen`` says that what holds the value of ``node`` may keep it."""
    if isinstance(node, cst.Attribute):
        if seen:
            yield node.attr.value
        yield from _held(file, node.value, seen=seen and node.attr.value in _SHARING)
    elif isinstance(node, cst.Subscript):
        yield from _held(file, node.value, seen=seen)
        for element in node.slice:
            yield from _held(file, element.slice, seen=False)
    elif isinstance(node, cst.Call):
        yield from _held_by_call(file, node, seen)
    elif isinstance(node, (cst.Assign, cst.AnnAssign, cst.NamedExpr)):
        yield from _held_by_assignment(file, node)
    elif isinstance(node, (cst.Return, cst.Yield, cst.From, cst.Lambda, cst.Await)):
        yield from (name for child in children(node) for name in _held(file, child, seen=True))
    elif isinstance(node, (cst.Tuple, cst.List, cst.Set, cst.Dict)):
        yield from (name for element in node.elements for name in _held(file, element.value, seen=True))
    elif isinstance(node, cst.IfExp):
        yield from _held(file, node.test, seen=False)
        yield from (name for part in (node.body, node.orelse) for name in _held(file, part, seen=seen))
    elif isinstance(node, (cst.BooleanOperation, cst.Index, cst.StarredElement, cst.Element)):
        yield from (name for child in children(node) for name in _held(file, child, seen=seen))
    elif isinstance(node, (cst.For, cst.CompFor)):
        yield from _held(file, node.iter, seen=True)
        yield from (name for child in children(node) if child is not node.iter for name in _held(file, child, seen=False))
    elif isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
        yield from _held(file, node.value if isinstance(node, cst.DictComp) else node.elt, seen=True)
        yield from _held(file, node.for_in, seen=False)
    else:
        yield from (name for child in children(node) for name in _held(file, child, seen=False))


def _held_by_call(file: FileContext, node: cst.Call, seen: bool) -> Iterator[str]:
    """Of a call, the operands that it may keep or return."""
    fact = file.facts.calls.get(id(node))
    func, keeps = node.func, not _gives_new(file, fact)
    if isinstance(func, cst.Attribute):
        yield from _held(file, func.value, seen=keeps and fact is not None and seen)
    if isinstance(func, cst.Name) and func.value in _LOOKING:
        keeps = False
    elif isinstance(func, cst.Attribute) and func.attr.value in KEEPING and fact is None:
        keeps = True
    elif fact is not None:
        keeps = keeps and seen
    for argument in node.args:
        yield from _held(file, argument.value, seen=keeps)


def _gives_new(file: FileContext, fact: CallFact | None) -> bool:
    """Whether a call of torch's gives an object that shares nothing with its operands."""
    entries = [file.semantics.entry(api) for api in fact.apis] if fact is not None else []
    return bool(entries) and all(
        entry is not None
        and not entry.view
        and entry.inplace is None
        and entry.returns != ("self",)
        and entry.api.rpartition(".")[2] not in _OFTEN_SAME
        for entry in entries
    )


def _held_by_assignment(file: FileContext, node: cst.Assign | cst.AnnAssign | cst.NamedExpr) -> Iterator[str]:
    """What is assigned is held by the target, and the target of what has another name already, or two targets, by those."""
    targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else [node.target]
    value = node.value
    if value is None:
        return
    yield from _held(file, value, seen=True)
    shared = len(targets) > 1 or not _is_own(file, value)
    for target in targets:
        if isinstance(target, cst.Attribute):
            if shared:
                yield target.attr.value
            yield from _held(file, target.value, seen=False)
        elif isinstance(target, (cst.Tuple, cst.List)):
            yield from (element.value.attr.value for element in target.elements if isinstance(element.value, cst.Attribute))


def _is_own(file: FileContext, value: cst.BaseExpression) -> bool:
    """Whether an expression gives an object that nothing else holds."""
    if isinstance(value, cst.Call):
        fact = file.facts.calls.get(id(value))
        return _gives_new(file, fact) or (fact is None and not isinstance(value.func, cst.Attribute))
    is_constant = isinstance(value, (cst.Integer, cst.Float, cst.SimpleString)) or (isinstance(value, cst.Name) and value.value == "None")
    return is_constant or isinstance(value, (cst.BinaryOperation, cst.UnaryOperation, cst.Comparison))
