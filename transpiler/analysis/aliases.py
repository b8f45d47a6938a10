"""Who else sees a tensor change: which names denote one object, and whether a name is read again after a call.

An in-place operation of torch changes every name of its operand. The port may give the result to one name only where no other name shows
the change; both questions are answered from the syntax of the function, in evaluation order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from transpiler.analysis.values import Value
from transpiler.syntax.names import bound_by
from transpiler.syntax.tree import children

#: Attributes and methods whose result does not depend on the numbers in a tensor.
_METADATA: Final = frozenset(
    {"shape", "dtype", "device", "ndim", "size", "dim", "numel", "nelement", "is_cuda", "requires_grad", "ndimension", "stride", "layout"}
)
#: Methods that keep their argument in a container.
KEEPING: Final = frozenset({"append", "insert", "extend", "add", "setdefault", "appendleft", "put"})


#: Methods of a module that give the tensors it holds.
_MEMBERS: Final = frozenset({"parameters", "named_parameters", "buffers", "named_buffers"})


def gives_members(node: cst.CSTNode) -> bool:
    """Whether the items of an iterable are tensors that a module holds: ``zip(model.parameters(), …)``, ``list(model.buffers())``."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _MEMBERS:
        return True
    return isinstance(node, cst.Call) and any(gives_members(argument.value) for argument in node.args)


@dataclass(frozen=True, slots=True)
class Alias(Value):
    """The objects that a name may denote (``objects``) or be a view of (``views``), by number; ``sure`` where no branch says otherwise. ``is_item``:
    a view by indexing."""

    objects: frozenset[int]
    views: frozenset[int] = frozenset()
    sure: bool = True
    is_item: bool = False

    def joined(self, other: Alias) -> Alias:
        """Either of the two."""
        if self == other:
            return self
        return Alias(self.objects | other.objects, self.views | other.views, False, self.is_item and other.is_item)

    def overlaps(self, other: Alias) -> bool:
        """Whether a change of one may show in the other."""
        return bool((self.objects | self.views) & (other.objects | other.views))

    def is_same(self, other: Alias) -> bool:
        """Whether both denote the same object for certain."""
        return self.sure and other.sure and not self.views and not other.views and self.objects == other.objects


def alias_key(name: str) -> str:
    """Under which key a scope keeps the ``Alias`` of ``name``, so that branches split and join it with the name's kind."""
    return f"{name}\0"


def shared_names(node: cst.BaseExpression, is_new: Callable[[cst.Call], bool]) -> Iterator[tuple[str, bool]]:
    """The names whose object the value of ``node`` may be, contain or view; the flag says that it is the object itself.
    ``is_new`` tells calls whose result shares nothing with their operands."""
    if isinstance(node, cst.Name):
        yield node.value, True
    elif isinstance(node, (cst.Attribute, cst.Subscript)):
        yield from ((name, False) for name, _ in shared_names(node.value, is_new))
    elif isinstance(node, cst.IfExp):
        yield from ((name, False) for part in (node.body, node.orelse) for name, _ in shared_names(part, is_new))
    elif isinstance(node, cst.BooleanOperation):
        yield from ((name, False) for part in (node.left, node.right) for name, _ in shared_names(part, is_new))
    elif isinstance(node, cst.NamedExpr):
        if isinstance(node.target, cst.Name):
            yield node.target.value, True
        yield from shared_names(node.value, is_new)
    elif isinstance(node, (cst.Tuple, cst.List, cst.Set, cst.Dict)):
        yield from ((name, False) for element in node.elements for name, _ in shared_names(element.value, is_new))
    elif isinstance(node, cst.BinaryOperation):
        if any(isinstance(side, (cst.List, cst.Tuple, cst.ListComp)) for side in (node.left, node.right)):  # of lists: [x] * 2, xs + [x]
            yield from ((name, False) for part in (node.left, node.right) for name, _ in shared_names(part, is_new))
    elif isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
        bound = set(bound_by(node.for_in.target))
        for name, _ in shared_names(node.value if isinstance(node, cst.DictComp) else node.elt, is_new):
            yield from ((each, False) for each, _ in shared_names(node.for_in.iter, is_new)) if name in bound else ((name, False),)
    elif isinstance(node, cst.Call) and not is_new(node):
        operands = [argument.value for argument in node.args]
        if isinstance(node.func, cst.Attribute):
            operands.append(node.func.value)
        yield from ((name, False) for operand in operands for name, _ in shared_names(operand, is_new))


@dataclass(frozen=True, slots=True)
class _Event:
    """A name is read ('load') or bound ('store'), or a call is made ('call')."""

    kind: str
    name: str
    node: cst.CSTNode


def events(node: cst.CSTNode, call: cst.CSTNode | None = None) -> Iterator[_Event]:
    """Loads, stores and calls inside ``node`` in evaluation order. Of a conditional expression around ``call`` only the branch that makes the
    call."""
    if isinstance(node, cst.Name):
        yield _Event("load", node.value, node)
    elif isinstance(node, cst.Attribute):
        if node.attr.value not in _METADATA or not isinstance(node.value, cst.Name):
            yield from events(node.value, call)
    elif isinstance(node, cst.Call):
        yield from events(node.func, call)
        for argument in node.args:
            yield from events(argument.value, call)
        yield _Event("call", "", node)
    elif isinstance(node, cst.IfExp):
        yield from events(node.test, call)
        branches = [part for part in (node.body, node.orelse) if call is not None and _contains(part, call)] or [node.body, node.orelse]
        for part in branches:
            yield from events(part, call)
    elif isinstance(node, cst.Comparison) and all(isinstance(t.operator, (cst.Is, cst.IsNot)) for t in node.comparisons):
        if not isinstance(node.left, cst.Name):
            yield from events(node.left, call)
    elif isinstance(node, (cst.Assign, cst.AnnAssign, cst.AugAssign, cst.NamedExpr)):
        yield from _assignment_events(node, call)
    else:
        for child in children(node):
            yield from events(child, call)


def _assignment_events(node: cst.Assign | cst.AnnAssign | cst.AugAssign | cst.NamedExpr, call: cst.CSTNode | None) -> Iterator[_Event]:
    if isinstance(node, cst.AugAssign):
        yield from events(node.target, call)
    if node.value is not None:
        yield from events(node.value, call)
    for target in [t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target]:
        yield from _stores(target, call)


def _stores(target: cst.CSTNode, call: cst.CSTNode | None) -> Iterator[_Event]:
    if isinstance(target, cst.Name):
        yield _Event("store", target.value, target)
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _stores(element.value, call)
    else:
        yield from events(target, call)


def _contains(node: cst.CSTNode, wanted: cst.CSTNode) -> bool:
    return node is wanted or any(_contains(child, wanted) for child in children(node))


def is_read_after(body: Sequence[cst.CSTNode], path: Sequence[cst.CSTNode], call: cst.CSTNode, name: str) -> bool:
    """Whether the value that ``name`` has after ``call`` may be read. ``path``: the statements around the call, outermost first, the first of
    which stands in ``body``."""
    if not path:
        return False
    verdict = _rest_of(path[-1], call, name)
    if verdict is not None:
        return verdict
    for level in range(len(path) - 1, -1, -1):
        parent = path[level - 1] if level else None
        siblings = body if parent is None else _suite_with(parent, path[level])
        index = next((i for i, statement in enumerate(siblings) if statement is path[level]), len(siblings))
        verdict = _first(siblings[index + 1 :], name)
        if verdict is None and isinstance(parent, (cst.For, cst.While)) and _again(parent, siblings[: index + 1], name):
            return True
        if verdict is not None:
            return verdict
    return False


def _rest_of(statement: cst.CSTNode, call: cst.CSTNode, name: str) -> bool | None:
    """What the statement that makes the call does with the name afterwards: True read, False bound anew or left, None neither."""
    seen = False
    for event in events(statement, call):
        if event.node is call:
            seen = True
        elif seen and event.name == name and event.kind != "call":
            return event.kind == "load"
    return False if _leaves(statement) else None


def _first(statements: Sequence[cst.CSTNode], name: str) -> bool | None:
    """As ``_rest_of``, for statements in sequence."""
    for statement in statements:
        verdict = _in_statement(statement, name)
        if verdict is not None:
            return verdict
    return None


def _in_statement(statement: cst.CSTNode, name: str) -> bool | None:
    if isinstance(statement, cst.If):
        return _in_if(statement, name)
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef, cst.For, cst.While, cst.Try, cst.TryStar, cst.Match)):
        return True if any(e.kind == "load" and e.name == name for e in events(statement)) else None
    for event in events(statement):
        if event.name == name and event.kind != "call":
            return event.kind == "load"
    return False if _leaves(statement) else None


def _in_if(statement: cst.If, name: str) -> bool | None:
    if any(e.kind == "load" and e.name == name for e in events(statement.test)):
        return True
    branches = [_first(_statements(statement.body), name)]
    if isinstance(statement.orelse, cst.If):
        branches.append(_in_if(statement.orelse, name))
    else:
        branches.append(_first(_statements(statement.orelse.body), name) if statement.orelse is not None else None)
    if True in branches:
        return True
    return False if None not in branches else None


def _again(loop: cst.For | cst.While, before: Sequence[cst.CSTNode], name: str) -> bool | None:
    """What the next round of a loop does with the name up to the call."""
    if isinstance(loop, cst.For):
        if any(e.name == name for e in _stores(loop.target, None)):
            return False
    elif any(e.kind == "load" and e.name == name for e in events(loop.test)):
        return True
    return _first(before, name)


def _statements(suite: cst.BaseSuite) -> Sequence[cst.CSTNode]:
    return suite.body


def _suite_with(parent: cst.CSTNode, statement: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The block of ``parent`` that holds ``statement``, with what always runs after it."""
    if isinstance(parent, (cst.Try, cst.TryStar)):
        extra = [s for part in (parent.orelse, parent.finalbody) if part is not None for s in _statements(part.body)]
        return [*_statements(parent.body), *extra] if statement in _statements(parent.body) else extra
    for part in (parent, getattr(parent, "orelse", None)):
        suite = getattr(part, "body", None)
        if isinstance(suite, cst.BaseSuite) and any(s is statement for s in suite.body):
            return suite.body
    return ()


def _leaves(statement: cst.CSTNode) -> bool:
    small = statement.body[-1] if isinstance(statement, cst.SimpleStatementLine) and statement.body else statement
    return isinstance(small, (cst.Return, cst.Raise))
