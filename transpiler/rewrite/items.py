"""What becomes of ``x[i]`` and ``x[i] = v`` on tensors, in the forms that a target's own indexing gets wrong.

Measured on MindSpore's CPU: the gradient of a slice with a step fails, and that of elements that tensors without dimensions choose on several
axes; writing to an empty slice is an error where torch does nothing.
Everything else stays as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import Picks, SubscriptFact
from transpiler.analysis.names import canonical
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.converters import literal_tuple
from transpiler.rewrite.expressions import gives_shared, is_stable
from transpiler.rewrite.picked_items import written_picks
from transpiler.syntax.names import bound_by, parameters
from transpiler.syntax.tree import children

#: Layers that other layers are taken from by number.
_LISTS: Final = frozenset({"torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ParameterList"})


class ItemRewriter:
    """Converts indexing in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self._rebindable: frozenset[int] | None = None
        self._written: frozenset[int] | None = None

    def read(self, original: cst.Subscript, updated: cst.Subscript, fact: SubscriptFact) -> cst.BaseExpression:
        """``x[::2]`` and ``x[i, j]`` with tensors that may be numbers through the support function, ``x[mask].copy()`` where its elements are written
        to; other subscripts stay."""
        if isinstance(fact.owner, (v.Inst, v.UserInst)) and isinstance(fact.index, v.Tensor):
            return self._layer(original, updated, fact.owner)
        name, copy = self.file.target.strided_read, self.file.target.copy
        if name is None or not isinstance(fact.owner, v.Tensor):
            return updated
        is_written = bool(fact.picks) and self._is_written(original)
        if is_written and fact.picks is Picks.YES and copy is not None:
            copied = cst.Call(cst.Attribute(updated, cst.Name(copy)))
            self.file.converted(
                original, self.file.code(original), self.file.code(copied), "What is written into it reaches no other tensor."
            )
            return copied
        is_plain = id(original) not in self.file.facts.number_indices and not any(_has_step(e.slice) for e in original.slice)
        if not is_written and is_plain:
            return updated
        call = cst.Call(self.file.speller.expression(f"support.{name}"), [cst.Arg(updated.value), cst.Arg(_index(updated.slice))])
        self.file.converted(original, self.file.code(original), self.file.code(call))
        return call.with_changes(lpar=updated.lpar, rpar=updated.rpar)

    def _layer(self, original: cst.Subscript, updated: cst.Subscript, owner: v.Inst | v.UserInst) -> cst.Subscript:
        """``layers[int(i)]`` for a tensor that numbers a layer of a list."""
        bases = owner.classes if isinstance(owner, v.Inst) else owner.info.external_bases()
        chosen = updated.slice[0].slice
        if len(updated.slice) != 1 or not isinstance(chosen, cst.Index) or not _LISTS.intersection(map(canonical, bases)):
            return updated
        number = cst.Call(cst.Name("int"), [cst.Arg(chosen.value)])
        result = updated.with_changes(slice=[cst.SubscriptElement(cst.Index(number))])
        self.file.converted(original, self.file.code(original), self.file.code(result))
        return result

    def index(self, original: cst.Index, updated: cst.Index) -> cst.Index:
        """``x[as_index(i)]`` for an index that is NumPy's or a range."""
        taken = self._taken(original.value, updated.value)
        return updated if taken is updated.value else updated.with_changes(value=taken)

    def bounds(self, original: cst.Slice, updated: cst.Slice) -> cst.Slice:
        """``x[as_index(i):as_index(j)]`` for bounds that are NumPy's."""
        for name in ("lower", "upper", "step"):
            bound = getattr(original, name)
            if bound is not None and id(bound) in self.file.facts.foreign_indices:
                updated = updated.with_changes(**{name: self._taken(bound, getattr(updated, name))})
        return updated

    def _taken(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        """An index in a form that the target's tensors take."""
        name = self.file.target.index
        if name is None or id(original) not in self.file.facts.foreign_indices:
            return updated
        is_range = isinstance(original, cst.Call) and isinstance(original.func, cst.Name) and original.func.value == "range"
        func = cst.Name("list") if is_range else self.file.speller.expression(f"support.{name}")
        call = cst.Call(func, [cst.Arg(updated)])
        self.file.converted(original, self.file.code(original), self.file.code(call))
        return call

    def store(self, original: cst.Assign, updated: cst.Assign) -> cst.BaseSmallStatement:
        """``x = set_item(x, slice(a, b), v)`` for ``x[a:b] = v`` with bounds that may meet, and where other names would not see it; other assignments
        stay. A graph does not see what a function does to its argument, so the name is bound again to what is the same tensor otherwise.
        ``x[i] = as_element(v, x[i])`` where ``v`` may have more axes than the place."""
        name = self.file.target.slice_write
        target = original.targets[0].target
        is_one = len(original.targets) == len(updated.targets) == 1
        if name is None or not is_one or not isinstance(target, cst.Subscript) or id(target) not in self.file.facts.stores:
            return updated
        place = cst.ensure_type(updated.targets[0].target, cst.Subscript)
        if self.file.target.element is not None and self.file.facts.stores[id(target)].leads_with_one and is_stable(target):
            function = self.file.speller.expression(f"support.{self.file.target.element}")
            value = cst.Call(function, [cst.Arg(updated.value.with_changes(lpar=(), rpar=())), cst.Arg(place)])
            self.file.converted(original.value, self.file.code(original.value), self.file.code(function))
            updated = updated.with_changes(value=value)
        if not any(_may_be_empty(element.slice) for element in target.slice) and not self.is_picked_of_view(target):
            return updated
        return self._stored(original, target, place, updated.value, updated)

    def add_to_picked(self, original: cst.AugAssign, place: cst.Subscript, value: cst.BaseExpression) -> cst.BaseSmallStatement | None:
        """``x = set_item(x, mask, x[mask] + v)`` for ``x[mask] += v`` where others share the memory of ``x``."""
        item = original.target
        if self.file.target.slice_write is None or not isinstance(item, cst.Subscript) or not is_stable(item):
            return None
        return self._stored(original, item, place, value, original)

    def _stored(
        self,
        original: cst.Assign | cst.AugAssign,
        target: cst.Subscript,
        new: cst.Subscript,
        value: cst.BaseExpression,
        updated: cst.Assign | cst.AugAssign,
    ) -> cst.BaseSmallStatement:
        arguments = [cst.Arg(new.value), cst.Arg(_index(new.slice)), cst.Arg(value)]
        call = cst.Call(self.file.speller.expression(f"support.{self.file.target.slice_write}"), arguments)
        self.file.converted(original, self.file.code(target), self.file.code(call.func))
        if not isinstance(new.value, cst.Name) or not self._is_local(original):
            return cst.Expr(call, semicolon=updated.semicolon)
        if isinstance(updated, cst.Assign):
            return updated.with_changes(targets=[updated.targets[0].with_changes(target=new.value)], value=call)
        return cst.Assign([cst.AssignTarget(new.value)], call, semicolon=updated.semicolon)

    def is_picked_of_view(self, target: cst.Subscript) -> bool:
        """Whether elements that a tensor or list picks are written where others share the memory, which the target's own assignment leaves behind."""
        fact, call = self.file.facts.stores.get(id(target)), self.file.facts.calls.get(id(target.value))
        return fact is not None and bool(fact.picks) and (fact.viewed or (call is not None and gives_shared(call)))

    def _is_written(self, read: cst.Subscript) -> bool:
        """Whether something is written into the elements that were read."""
        if self._written is None:
            self._written = written_picks(self.file.module, self.file.facts)
        return id(read) in self._written

    def _is_local(self, assignment: cst.Assign | cst.AugAssign) -> bool:
        """Whether the name whose element is written may be assigned to without becoming another variable."""
        if self._rebindable is None:
            self._rebindable = frozenset(_local_writes(self.file.module))
        return id(assignment) in self._rebindable


def _local_writes(scope: cst.Module | cst.FunctionDef) -> Iterator[int]:
    """The assignments ``x[i] = v`` and ``x[i] += v`` (by their id) whose ``x`` is a variable of the function, or module, in which they stand."""
    names = parameters(scope.params) if isinstance(scope, cst.FunctionDef) else set()
    writes: list[tuple[str, int]] = []
    waiting = list(children(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.FunctionDef):
            yield from _local_writes(node)
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.For)):
            names.update(bound_by(node.target))
        if isinstance(node, (cst.Assign, cst.AugAssign)):
            targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else [node.target]
            writes += [(t.value.value, id(node)) for t in targets if isinstance(t, cst.Subscript) and isinstance(t.value, cst.Name)]
        if not isinstance(node, (cst.BaseExpression, cst.FunctionDef)):
            waiting.extend(children(node))
    yield from (place for name, place in writes if name in names)


def _has_step(index: cst.BaseSlice) -> bool:
    return isinstance(index, cst.Slice) and index.step is not None and not (isinstance(index.step, cst.Integer) and index.step.value == "1")


def _may_be_empty(index: cst.BaseSlice) -> bool:
    return isinstance(index, cst.Slice) and any(bound is not None and not _is_literal(bound) for bound in (index.lower, index.upper))


def _is_literal(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Integer) or (isinstance(node, cst.UnaryOperation) and isinstance(node.expression, cst.Integer))


def _index(elements: Sequence[cst.SubscriptElement]) -> cst.BaseExpression:
    """The index as an expression: slices as ``slice(...)`` calls, several parts as a tuple."""
    parts = [_part(element.slice) for element in elements]
    return parts[0] if len(parts) == 1 else literal_tuple(parts)


def _part(index: cst.BaseSlice) -> cst.BaseExpression:
    if isinstance(index, cst.Index):
        return index.value
    assert isinstance(index, cst.Slice)
    bounds = [index.lower, index.upper, index.step]
    if index.step is None:
        bounds.pop()
    if bounds[0] is None and bounds[1] is None and len(bounds) == 2:
        bounds.pop()
    values = [bound if bound is not None else cst.Name("None") for bound in bounds]
    return cst.Call(cst.Name("slice"), [cst.Arg(value) for value in values])
