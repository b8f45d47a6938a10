"""How kinds flow through statements, functions and classes: the statement half of the abstract interpreter.

Every function body is interpreted once: when a call first reaches it, with the kinds of that call's arguments, or at the end with what
annotations and defaults say. Branches are interpreted apart and joined; loops once.
"""

from __future__ import annotations

import ast
import heapq
import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.aliases import Alias, alias_key, gives_members, is_read_after, shared_names
from transpiler.analysis.data_items import BATCHES, LOADER, collating
from transpiler.analysis.facts import (
    AugmentedFact,
    ClassFact,
    EffectFact,
    FunctionFact,
    ImportFact,
    InplaceFact,
    PackageFact,
    Picks,
    Position,
    StoreFact,
)
from transpiler.analysis.interpret_expressions import ExpressionInterpreter, operation
from transpiler.analysis.names import canonical, is_source
from transpiler.analysis.operators import function_of_operator
from transpiler.analysis.project_index import FunctionOutline, absolute_module, outline_class, outline_function
from transpiler.analysis.resolve import Resolver
from transpiler.analysis.scopes import Scope
from transpiler.analysis.semantics import Semantics
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument
from transpiler.mapping.registry import NAMED_AFTER_TORCH
from transpiler.syntax.names import bound_by, dotted
from transpiler.syntax.tree import children

_DEPTH_LIMIT = 25
#: A number here, a tensor there.
_MIXED = ({v.Lit, v.Tensor}, {v.Scalar, v.Tensor})

#: Kinds of values that share no memory with a tensor.
_WITHOUT_MEMORY = (v.DtypeValue, v.DeviceValue, v.Lit, v.Scalar, v.Shape)


@dataclass(slots=True)
class _Pending:
    """A function body that waits to be interpreted."""

    info: v.FunctionInfo
    node: cst.FunctionDef
    parent: Scope
    statements: list[int]
    in_module: bool
    class_name: str | None


class StatementInterpreter(ExpressionInterpreter):
    """Interprets one file and leaves its findings in ``facts``."""

    def __init__(
        self,
        module: cst.Module,
        module_name: str,
        resolver: Resolver,
        semantics: Semantics,
        renames: Mapping[str, str] = MappingProxyType({}),
        layers: Mapping[tuple[int, str], Value] = MappingProxyType({}),
    ) -> None:
        super().__init__(module, module_name, resolver, semantics, renames)
        #: Layers that all calls together hand to a function of this file, by its node's id and the parameter, from an earlier run.
        self._layers = layers
        #: What this run's calls hand over: the same, and for which parameters a later call's differ from the first one's.
        self._handed: dict[tuple[int, str], Value] = {}
        self._differing: set[tuple[int, str]] = set()
        self._nodes: dict[int, int] = {}
        self._pending: dict[int, _Pending] = {}
        #: (rank, number, key) of functions in the order in which they are interpreted, a heap.
        self._queue: list[tuple[int, int, int]] = []
        self._numbers = itertools.count()
        self._assigned: set[tuple[int, str]] = set()
        self._depth = 0
        self._path: list[cst.CSTNode] = []
        self._body: Sequence[cst.CSTNode] = module.body
        self._defined: set[str] = set()
        self._statement_dispatch: dict[type, Callable[[Any], None]] = {
            cst.SimpleStatementLine: self._line,
            cst.If: self._if,
            cst.For: self._for,
            cst.While: self._while,
            cst.With: self._with,
            cst.Try: self._try,
            cst.TryStar: self._try,
            cst.FunctionDef: self._function,
            cst.ClassDef: self._class,
            cst.Match: self._match,
        }
        self._small_dispatch: dict[type, Callable[[Any], None]] = {
            cst.Expr: self._expression_statement,
            cst.Assign: self._assignment,
            cst.AnnAssign: self._annotated,
            cst.AugAssign: self._augmented,
            cst.Return: self._return,
            cst.Import: self._import,
            cst.ImportFrom: self._import_from,
            cst.Assert: self._assert,
            cst.Raise: self._raise,
            cst.Del: self._del,
            cst.TypeAlias: self._type_alias,
        }

    @property
    def joined_layers(self) -> Mapping[tuple[int, str], Value]:
        """Parameters that are not always given layers of the same class: another run, given these, knows all classes that they can be."""
        return {key: self._handed[key] for key in self._differing}

    def run(self) -> None:
        """Interpret the module body, then every function that nothing called."""
        for statement in self.module.body:
            self.execute(statement)
        while self._queue:
            _, _, key = heapq.heappop(self._queue)
            if key in self._pending:
                self._interpret(self._pending.pop(key), None)

    # -- statements -----------------------------------------------------------------------------------------------------

    def execute(self, statement: cst.BaseStatement | cst.BaseSmallStatement) -> None:
        """Interpret one statement."""
        method = self._statement_dispatch.get(type(statement))
        if method is None:
            return
        self.statements.append(id(statement))
        self._path.append(statement)
        method(statement)
        self._path.pop()
        self.statements.pop()

    def _suite(self, suite: cst.BaseSuite) -> bool:
        """Interpret a block; True where it always leaves (return, raise, continue, break)."""
        if isinstance(suite, cst.SimpleStatementSuite):
            return self._small(suite.body)
        leaves = False
        for statement in suite.body:
            self.execute(statement)
            if isinstance(statement, cst.SimpleStatementLine) and statement.body:
                leaves = leaves or isinstance(statement.body[-1], (cst.Return, cst.Raise, cst.Continue, cst.Break))
        return leaves

    def _line(self, line: cst.SimpleStatementLine) -> None:
        self._small(line.body)

    def _small(self, body: Sequence[cst.BaseSmallStatement]) -> bool:
        leaves = False
        for small in body:
            method = self._small_dispatch.get(type(small))
            if method is not None:
                method(small)
            leaves = leaves or isinstance(small, (cst.Return, cst.Raise, cst.Continue, cst.Break))
        return leaves

    def _expression_statement(self, node: cst.Expr) -> None:
        value = node.value
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
            receiver = value.func.value
            before = self.lookup(receiver.value) if isinstance(receiver, cst.Name) else None
            self.evaluate(value)
            self._mutating_call(value, receiver, before)
            return
        self.evaluate(value)

    def _mutating_call(self, node: cst.Call, receiver: cst.BaseExpression, before: Value | None) -> None:
        """``items.append(x)`` tells what a list holds."""
        assert isinstance(node.func, cst.Attribute)
        if (
            isinstance(before, (v.Seq, v.Tup))
            and isinstance(receiver, cst.Name)
            and node.func.attr.value in ("append", "extend", "insert")
            and node.args
        ):
            quiet, self.facts = self.facts, type(self.facts)()
            statements, self.statements = self.statements, []
            item = self.evaluate(node.args[-1].value)
            self.facts, self.statements = quiet, statements
            item = self.iterate(item) if node.func.attr.value == "extend" else item
            known = v.item_of(before)
            self.scope.names[receiver.value] = v.Seq(item if known is UNKNOWN else v.join(known, item))

    def _assignment(self, node: cst.Assign) -> None:
        own = self._gives_up_receiver(node)
        value = self._replaced(node) or self.evaluate(node.value)
        if own and isinstance(value, v.Tensor):
            value = v.FRESH
        if not isinstance(node.value, (cst.Call, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.Name)):
            value = v.held(value)
        alias = self.new_alias() if own else self._shared_alias(node.value)
        for target in node.targets:
            self.assign(target.target, value)
        self._bind_aliases([target.target for target in node.targets], node.value, alias)

    def _replaced(self, node: cst.Assign) -> Value | None:
        """``x = f(x, …)`` with a tensor and an unknown function: what takes the tensor's name is presumed to be one."""
        call, target = node.value, node.targets[0].target
        if not isinstance(call, cst.Call) or not call.args or not isinstance(target, cst.Name) or len(node.targets) != 1:
            return None
        is_same = call.args[0].value.deep_equals(target) and isinstance(self.lookup(target.value), v.Tensor)
        value = self.evaluate(call)
        return v.PRESUMED if is_same and value is UNKNOWN else value

    def _gives_up_receiver(self, node: cst.Assign) -> bool:
        """Whether ``x = x.f()`` takes the only name of a tensor, so that even the same object or a view of it is seen by nobody else."""
        func = node.value.func if isinstance(node.value, cst.Call) else None
        if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Name) or len(node.targets) != 1:
            return False
        name = func.value.value
        return func.value.deep_equals(node.targets[0].target) and v.is_fresh(self.lookup(name)) and not self.is_shared(name)

    def _bind_aliases(self, targets: Sequence[cst.BaseExpression], value: cst.BaseExpression, alias: Alias) -> None:
        """What the targets share with the names in ``value``, and with each other."""
        if any(isinstance(target, (cst.Attribute, cst.Subscript)) for target in targets):
            self.keep(value)
        for target in targets:
            for name, _ in shared_names(target, self.is_new) if isinstance(target, (cst.Name, cst.Tuple, cst.List)) else ():
                single = isinstance(target, cst.Name)
                self.scope.names[alias_key(name)] = (
                    alias if single else Alias(self.new_alias().objects, alias.views | self._item_objects(value, alias))
                )

    @staticmethod
    def _item_objects(value: cst.BaseExpression, alias: Alias) -> frozenset[int]:
        """The objects that the items of a named container may be."""
        return alias.objects if isinstance(value, cst.Name) else frozenset()

    def _shared_alias(self, value: cst.BaseExpression) -> Alias:
        item = self.facts.subscripts.get(id(value))
        if item is not None and (item.picks is Picks.YES or (item.picks is Picks.MAYBE and isinstance(item.index, v.Tensor))):
            return self.new_alias()
        named = [(name, same) for name, same in shared_names(value, self.is_new) if not isinstance(self.lookup(name), _WITHOUT_MEMORY)]
        found = [(self.alias_of(name), same) for name, same in named]
        if len(found) == 1 and found[0][1]:
            return found[0][0]
        if not found:
            return self.new_alias()
        views: frozenset[int] = frozenset().union(*(alias.objects | alias.views for alias, _ in found))
        return Alias(self.new_alias().objects, views, is_item=isinstance(value, cst.Subscript))

    def assign(self, target: cst.BaseExpression, value: Value) -> None:
        """Bind a target to a value."""
        if isinstance(target, cst.Name):
            self.scope.names[target.value] = generalised(value)
            self.facts.kinds[id(target)] = value
            self.scope.names[alias_key(target.value)] = self.new_alias()
            if self.scope.kind == "class" and target.value in self.renames and self._is_class_member(target.value):
                self.rename_member(target, target.value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            self._unpack(target, value)
        elif isinstance(target, cst.Attribute):
            self._assign_attribute(target, value)
        elif isinstance(target, cst.Subscript):
            owner = self.evaluate(target.value)
            _, _, picks = self.indices(target, Position.VALUE, isinstance(owner, v.Tensor))
            if isinstance(owner, v.Tensor):
                self.facts.stores[id(target)] = StoreFact(
                    target, picks, bool(picks) and self.has_views(target.value), isinstance(value, v.Tensor) and value.leads_with_one
                )
                self.touch()
        elif isinstance(target, cst.StarredElement):
            self.assign(target.value, v.Seq(v.item_of(value)))

    def _unpack(self, target: cst.Tuple | cst.List, value: Value) -> None:
        elements = target.elements
        exact = isinstance(value, v.Tup) and len(value.items) == len(elements)
        for position, element in enumerate(elements):
            if isinstance(element, cst.StarredElement):
                self.assign(element.value, v.Seq(v.item_of(value)))
            elif exact and isinstance(value, v.Tup):
                self.assign(element.value, value.items[position])
            else:
                self.assign(element.value, self.iterate(value))

    def _assign_attribute(self, target: cst.Attribute, value: Value) -> None:
        owner = self.evaluate(target.value, Position.OWNER)
        if isinstance(owner, v.Ref) and is_source(owner.name):
            self.record_reference(target, v.Ref(f"{owner.name}.{target.attr.value}"), Position.STORE)
            return
        if isinstance(owner, v.UserInst):
            key = (id(owner.info), target.attr.value)
            known = owner.info.attributes.get(target.attr.value)
            value = generalised(v.TENSOR if isinstance(value, v.Tensor) else self.semantics.stored(value))
            if key in self._assigned and known is not None:
                value = v.join(known, value)
            elif value in (UNKNOWN, v.NONE) and known is not None:
                value = known
            self._assigned.add(key)
            owner.info.attributes[target.attr.value] = value
        if target.attr.value == "data" and isinstance(owner, v.Tensor) and isinstance(value, v.Tensor):
            self.facts.data_stores[id(target)] = value
        self.record_attribute(target, owner, store=True)

    def note_effect(self, node: cst.Call, certainty: str) -> None:
        """An in-place layer or function: the names of its operand that are read later must see the result."""
        operand = next((a.value for a in node.args if a.keyword is None or a.keyword.value == "input"), node.args[0].value)
        shared = list(shared_names(operand, self.is_new))
        exact = certainty == "yes" and bool(shared) and shared[0][1]
        for name, _ in shared:
            seen = self._seen_through(node, name, operand)
            if seen is not None:
                readers, text = seen
                bound = exact and bool(readers) and all(self.alias_of(name).is_same(self.alias_of(reader)) for reader in readers)
                self.facts.effects[id(node)] = EffectFact(readers if bound else (), text, node)
                self.touch()
                return

    def _seen_through(self, node: cst.Call, name: str, operand: cst.BaseExpression) -> tuple[tuple[str, ...], str] | None:
        """The names that show a change of ``name`` after the call, and words for who sees it; None where nobody does."""
        if isinstance(self.lookup(name), (v.UserInst, v.Inst, v.UserClass)):
            return (), f"'{self.code(operand)}'"
        alias = self.alias_of(name)
        if (alias.objects | alias.views) & self.scope.kept:
            return (), "a container or attribute that holds it"
        others = [key[:-1] for key, other in self.scope.names.items() if isinstance(other, Alias) and alias.overlaps(other)]
        readers = tuple(other for other in dict.fromkeys([name, *others]) if is_read_after(self._body, self._path, node, other))
        return (readers, " and ".join(f"'{reader}'" for reader in readers)) if readers else None

    def _annotated(self, node: cst.AnnAssign) -> None:
        self.evaluate(node.annotation.annotation, Position.ANNOTATION)
        promised = self.resolver.annotation(self.code(node.annotation.annotation), self.module_name)
        value = self.evaluate(node.value) if node.value is not None else UNKNOWN
        known = value if value is not UNKNOWN and value != v.NONE else promised
        if node.value is not None or isinstance(node.target, cst.Name):
            self.assign(node.target, promised if promised is not UNKNOWN else known)

    def _augmented(self, node: cst.AugAssign) -> None:
        right = self.evaluate(node.value)
        target = node.target
        if isinstance(node.value, (cst.List, cst.Tuple)):
            self.keep(node.value)
        if isinstance(target, cst.Name):
            left = self.lookup(target.value)
            is_part = isinstance(left, v.Tensor) and left.part
            shared = self.is_shared(target.value) or (isinstance(left, v.Tensor) and not is_part and not v.is_presumably_fresh(left))
            left = v.held(left) if shared else left
            place = InplaceFact("part" if is_part else "name", (is_part or v.is_presumably_fresh(left)) and not shared, shared)
            if place.fresh:
                self.changed.add(target.value)
        elif isinstance(target, cst.Attribute):
            left = self.evaluate(target)
            if id(target) in self.facts.attributes:
                self.facts.attributes[id(target)] = replace(self.facts.attributes[id(target)], store=True)
            place = InplaceFact("attribute", False)
        else:
            left = self.evaluate(target)
            fact = self.facts.subscripts.get(id(target))
            place = InplaceFact("subscript" if fact is not None and isinstance(fact.owner, v.Tensor) else "item", False)
        self._note_edited(left)
        if isinstance(left, v.Tensor) and not isinstance(
            node.operator, cst.MatrixMultiplyAssign
        ):  # torch has no in-place @: x @= y binds x anew
            item = self.facts.subscripts.get(id(target))
            viewed = item is not None and bool(item.picks) and self.has_views(item.node.value)
            self.facts.augmented[id(node)] = AugmentedFact(place, node, right, viewed)
            self.touch()
            self._note_operator(node, function_of_operator(node.operator, left, right, node.value))
        if isinstance(target, cst.Name):
            binary: cst.BaseBinaryOp = cst.Divide() if isinstance(node.operator, cst.DivideAssign) else cst.Add()
            self.scope.names[target.value] = generalised(left if isinstance(left, v.Tensor) else operation(left, right, binary))

    def _return(self, node: cst.Return) -> None:
        value = self.evaluate(node.value) if node.value is not None else v.NONE
        self.scope.returned = value if self.scope.returned is None else v.join(self.scope.returned, value)

    def _assert(self, node: cst.Assert) -> None:
        self.evaluate(node.test)
        if node.msg is not None:
            self.evaluate(node.msg)
        self.scope.names.update(self.narrow(node.test))

    def _raise(self, node: cst.Raise) -> None:
        if node.exc is not None:
            self.evaluate(node.exc)
        if node.cause is not None:
            self.evaluate(node.cause.item)

    def _del(self, node: cst.Del) -> None:
        self.evaluate(node.target)

    # -- control flow -----------------------------------------------------------------------------------------------------

    def _if(self, node: cst.If) -> None:
        self.evaluate(node.test)
        before = dict(self.scope.names)
        narrowed = self.narrow(node.test)
        self.scope.names.update(narrowed)
        left = self._suite(node.body)
        before.update({name: v.MODULE for name, kind in narrowed.items() if before.get(name) is UNKNOWN and self._is_some_layer(kind)})
        after = self.scope.names
        self.scope.names = before
        leaves_else = False
        if isinstance(node.orelse, cst.If):
            self.execute(node.orelse)
        elif node.orelse is not None:
            leaves_else = self._suite(node.orelse.body)
        if left:
            self._goes_on(node.body, after)
            if isinstance(node.test, cst.UnaryOperation) and isinstance(node.test.operator, cst.Not):
                self.scope.names.update(self.narrow(node.test.expression))
            return
        self.scope.names = after if leaves_else else self._joined(after, self.scope.names)

    def _goes_on(self, suite: cst.BaseSuite, names: Mapping[str, Value]) -> None:
        """What names share in a branch that ends with ``continue`` or ``break`` is shared in the next round, or after the loop."""
        last = suite.body[-1] if suite.body else None
        small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) and last.body else last
        for key, alias in names.items() if isinstance(small, (cst.Continue, cst.Break)) else ():
            if isinstance(alias, Alias):
                known = self.scope.names.get(key)
                self.scope.names[key] = known.joined(alias) if isinstance(known, Alias) else alias

    def _is_some_layer(self, kind: Value) -> bool:
        """Whether what was asked for is a certain class of torch's layers: what is none of them is another module."""
        return isinstance(kind, v.Inst) and kind != v.MODULE and all(self.semantics.is_module_class(cls) for cls in kind.classes)

    def _joined(self, left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
        result = dict(right)
        for name, value in left.items():
            other = right.get(name)
            if isinstance(value, Alias):
                result[name] = value.joined(other) if isinstance(other, Alias) else value
                continue
            if isinstance(value, v.Ref) and isinstance(other, v.Ref) and self.semantics.same_symbol(value.name, other.name):
                result[name] = value
                continue
            result[name] = value if other is None else v.join(value, other)
            if {type(value), type(other)} in _MIXED:
                self.mixed.add((id(self.scope), name))
            if result[name] is UNKNOWN and any(isinstance(side, v.Ref) and is_source(side.name) for side in (value, other)):
                self.facts.ambiguous.add(name)
        return result

    def _for(self, node: cst.For) -> None:
        self.assign(node.target, v.held(self.semantics.stored(self.iterate(self.evaluate(node.iter)))))
        self._bind_aliases([node.target], node.iter, self._shared_alias(cst.Tuple([cst.Element(node.iter)])))
        if gives_members(node.iter):
            self.scope.kept |= {number for name in bound_by(node.target) for number in self.alias_of(name).objects}
        self._loop(node.body, node.orelse)

    def _while(self, node: cst.While) -> None:
        self.evaluate(node.test)
        self._loop(node.body, node.orelse)

    def _loop(self, body: cst.BaseSuite, orelse: cst.Else | None) -> None:
        before = dict(self.scope.names)
        outside, self.changed = self.changed, set()
        self._suite(body)
        widened = {
            name
            for name, value in before.items()
            if isinstance(value, (v.Lit, v.Scalar)) and self._turned(value, self.scope.names.get(name))
        }
        if widened:  # later rounds see another kind than the first
            before = {**before, **dict.fromkeys(widened, UNKNOWN)}
            self.scope.names = dict(before)
            self._suite(body)
            self.mixed.update((id(self.scope), name) for name in widened)
        if self.changed:  # a later round may find that others see what the first one changed unseen
            after = self.scope.names
            self.scope.names = self._joined(after, before)
            if any(self.is_shared(name) for name in self.changed if name in after):
                self._suite(body)
            else:
                self.scope.names = after
        self.changed |= outside
        kinds = {name: self._widened(self.scope.names.get(name)) for name in widened}
        self.scope.names = {**self._joined(self.scope.names, before), **kinds}
        if orelse is not None:
            self._suite(orelse.body)

    @staticmethod
    def _widened(after: Value | None) -> Value:
        """The kind of what starts as a number: a tensor where tensors are added to it, since after no round nothing could be asked of it as one."""
        return v.PRESUMED if isinstance(after, v.Tensor) and (after.fresh or after.presumed) else UNKNOWN

    @staticmethod
    def _turned(before: Value, after: Value | None) -> bool:
        return before != v.NONE and after is not None and not isinstance(after, (v.Lit, v.Scalar))

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            value = self.evaluate(item.item)
            if item.asname is not None:
                self.assign(item.asname.name, value if isinstance(value, (v.Inst, v.Seq)) else UNKNOWN)
        self._suite(node.body)

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        before = dict(self.scope.names)
        self._suite(node.body)
        for handler in node.handlers:
            after = self.scope.names
            self.scope.names = dict(before)
            if handler.type is not None:
                self.evaluate(handler.type)
            if handler.name is not None:
                self.assign(handler.name.name, v.FOREIGN)
            leaves = self._suite(handler.body)
            imported = {name: value for name, value in after.items() if isinstance(value, v.Ref) and is_source(value.name)}
            rest = {name: value for name, value in after.items() if name not in imported}
            self.scope.names = after if leaves else {**self._joined(rest, self.scope.names), **imported}
        for extra in (node.orelse, node.finalbody):
            if extra is not None:
                self._suite(extra.body)

    def _match(self, node: cst.Match) -> None:
        self.evaluate(node.subject)
        before, after = dict(self.scope.names), dict(self.scope.names)
        for case in node.cases:
            self.scope.names = dict(before)
            self._pattern(case.pattern)
            if case.guard is not None:
                self.evaluate(case.guard)
            if not self._suite(case.body):
                after = self._joined(after, self.scope.names)
        self.scope.names = after

    def _pattern(self, node: cst.CSTNode) -> None:
        """A case pattern: the values and classes in it are read, the names bound."""
        if isinstance(node, cst.MatchValue):
            self.evaluate(node.value)
        elif isinstance(node, cst.MatchClass):
            self.evaluate(node.cls, Position.ISINSTANCE)
            for pattern in [p.value for p in node.patterns] + [k.pattern for k in node.kwds]:
                self._pattern(pattern)
        elif isinstance(node, cst.MatchMappingElement):
            self._pattern(node.pattern)
        elif isinstance(node, cst.Name):
            self.assign(node, UNKNOWN)
        else:
            for child in children(node):
                self._pattern(child)

    def _type_alias(self, node: cst.TypeAlias) -> None:
        self._type_parameters(node.type_parameters)
        self.evaluate(node.value, Position.ANNOTATION)
        self.assign(node.name, UNKNOWN)

    def _type_parameters(self, parameters: cst.TypeParameters | None) -> None:
        for parameter in parameters.params if parameters is not None else ():
            if isinstance(parameter.param, cst.TypeVar) and parameter.param.bound is not None:
                self.evaluate(parameter.param.bound, Position.ANNOTATION)

    # -- imports ----------------------------------------------------------------------------------------------------------

    def _import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                local, value = alias.asname.name.value, self.resolver.absolute(name)
            else:
                local = name.partition(".")[0]
                value = self.resolver.absolute(local)
            self.scope.names[local] = value
            self._note_import(alias, node, local, name, value)
            self._note_package(node, name)

    def _note_import(
        self,
        alias: cst.ImportAlias | cst.ImportStar,
        node: cst.Import | cst.ImportFrom,
        local: str,
        name: str,
        value: Value,
        through: bool = False,
    ) -> None:
        if isinstance(value, v.Ref) and is_source(value.name):
            scope = "module" if self.scope.kind == "module" else self.scope.kind
            target = name if isinstance(node, cst.Import) else value.name
            self.facts.imports.setdefault(id(node), []).append(ImportFact(local, target, alias, node, scope, through))
            self.touch()

    def _note_package(self, node: cst.Import | cst.ImportFrom, module: str) -> None:
        """Remember the import of another package that is built on torch; the project's own modules come first."""
        root = module.partition(".")[0]
        if root in self.resolver.index.modules or is_source(module) or (isinstance(node, cst.ImportFrom) and node.relative):
            return
        entry = self.registry.package(module)
        if entry is not None:
            self.facts.packages.append(PackageFact(module, root if entry.api == NAMED_AFTER_TORCH else entry.api, node))
            self.touch()

    def _import_from(self, node: cst.ImportFrom) -> None:
        module = absolute_module(dotted(node.module) if node.module else "", len(node.relative), self.module_name, self._is_package())
        self._note_package(node, module)
        if isinstance(node.names, cst.ImportStar):
            if is_source(module) and module not in self.resolver.index.modules:
                self._note_import(node.names, node, "*", module, v.Ref(module))
            return
        for alias in node.names:
            name = dotted(alias.name)
            local = alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
            value = self.resolver.absolute(f"{module}.{name}" if module else name)
            self.scope.names[local] = value
            self._note_import(alias, node, local, name, value, through=module in self.resolver.index.modules)

    def _is_package(self) -> bool:
        outline = self.resolver.index.modules.get(self.module_name)
        return outline is not None and outline.is_package

    # -- classes and functions ----------------------------------------------------------------------------------------------

    def _class(self, node: cst.ClassDef) -> None:
        for decorator in node.decorators:
            self.evaluate(decorator.decorator, Position.DECORATOR)
        info = self._class_info(node)
        bases = []
        for argument in node.bases:
            base = argument.value.value if isinstance(argument.value, cst.Subscript) else argument.value
            if isinstance(argument.value, cst.Subscript):
                self.evaluate(argument.value, Position.ANNOTATION)
            bases.append(self.evaluate(base, Position.BASE))
        for keyword in node.keywords:
            self.evaluate(keyword.value)
        info.bases = tuple(bases)
        torch_bases = tuple(canonical(b) for b in info.external_bases() if is_source(b))
        self.facts.classes[id(node)] = ClassFact(info, self.semantics.derives_from_module(info), node, torch_bases)
        if torch_bases:
            self.touch()
        self.scope.names[node.name.value] = v.UserClass(info)
        outer, self.scope = self.scope, Scope("class", self.scope, info)
        self._suite(node.body)
        for name, value in self.scope.names.items():
            known = info.attributes.get(name, UNKNOWN)
            if not isinstance(value, Alias) and name not in info.methods and (known is UNKNOWN or isinstance(value, v.Ref)):
                info.attributes[name] = generalised(value)
        self.scope = outer

    def _class_info(self, node: cst.ClassDef) -> v.ClassInfo:
        name = node.name.value
        if self.scope.kind == "module" and name not in self._defined:
            self._defined.add(name)
            found = self.resolver.binding(self.module_name, name)
            if isinstance(found, v.UserClass):
                return found.info
        info = v.ClassInfo(name, self.module_name)
        try:
            tree = ast.parse(textwrap.dedent(self.code(node))).body[0]
        except SyntaxError:  # syntax that is newer than the Python that runs this
            for method in node.body.body:
                if isinstance(method, cst.FunctionDef):
                    info.methods[method.name.value] = self.resolver.function(self._outline(method), self.module_name, info)
            return info
        if isinstance(tree, ast.ClassDef):
            self.resolver.fill_class(info, outline_class(tree), self.module_name)
        return info

    def _function(self, node: cst.FunctionDef) -> None:
        for decorator in node.decorators:
            self.evaluate(decorator.decorator, Position.DECORATOR)
        self._annotations(node)
        owner = self.scope.owner if self.scope.kind == "class" else None
        info = self._function_info(node, owner)
        in_module = owner is not None and self.resolver.is_module_like(owner)
        self.facts.functions[id(node)] = FunctionFact(owner, in_module, node)
        if in_module:
            self.touch()
        if owner is None:
            self.scope.names[node.name.value] = v.UserFunction(info)
            if self.resolver.sets_mode(info):
                self.facts.mode_setters.add(id(node))
        pending = _Pending(info, node, self.scope, list(self.statements), in_module, None)
        key = id(info)
        self._nodes[key] = id(node)
        if key in self._pending:
            self._interpret(self._pending.pop(key), None)
        self._pending[key] = pending
        heapq.heappush(self._queue, (_rank(info), next(self._numbers), key))

    def _annotations(self, node: cst.FunctionDef) -> None:
        self._type_parameters(node.type_parameters)
        parameters = node.params
        every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        every += [star for star in (parameters.star_arg, parameters.star_kwarg) if isinstance(star, cst.Param)]
        for parameter in every:
            if parameter.annotation is not None:
                self.evaluate(parameter.annotation.annotation, Position.ANNOTATION)
            if parameter.default is not None:
                self.evaluate(parameter.default)
                self.keep(parameter.default)
        if node.returns is not None:
            self.evaluate(node.returns.annotation, Position.ANNOTATION)

    def _function_info(self, node: cst.FunctionDef, owner: v.ClassInfo | None) -> v.FunctionInfo:
        name = node.name.value
        if owner is not None:
            key = f"{id(owner)}.{name}"
            if key not in self._defined and name in owner.methods:
                self._defined.add(key)
                return owner.methods[name]
        elif self.scope.kind == "module" and name not in self._defined:
            self._defined.add(name)
            found = self.resolver.binding(self.module_name, name)
            if isinstance(found, v.UserFunction):
                return found.info
        return self.resolver.function(self._outline(node), self.module_name, owner)

    def _outline(self, node: cst.FunctionDef) -> FunctionOutline:
        body = cst.IndentedBlock([cst.SimpleStatementLine([cst.Pass()])])
        bare = node.with_changes(body=body, leading_lines=(), lines_after_decorators=(), type_parameters=None)
        try:
            tree = ast.parse(textwrap.dedent(self.code(bare))).body[0]
        except SyntaxError:  # syntax that is newer than the Python that runs this, in a default or annotation
            return FunctionOutline(node.name.value, (), None, ())
        assert isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef))
        return outline_function(tree)

    def _interpret(self, pending: _Pending, arguments: dict[str, Value] | None) -> None:
        info = pending.info
        outer, statements = self.scope, self.statements
        self.scope = Scope("function", pending.parent, info.owner, info)
        in_method = pending.parent.kind == "function" and pending.parent.outside is None
        self.scope.outside = None if pending.in_module or in_method else info
        self.statements = pending.statements
        self._bind_parameters(pending, arguments or {})
        self._depth += 1
        self.statements = [*pending.statements]
        path, self._path = self._path, []
        body, self._body = self._body, pending.node.body.body
        self._suite(pending.node.body)
        self._path, self._body = path, body
        self._depth -= 1
        returned = v.Seq(self.scope.yielded) if self.scope.yielded is not None else (self.scope.returned or v.NONE)
        info.result = returned if info.result is None else v.join(info.result, returned)
        self.scope, self.statements = outer, statements

    def _bind_parameters(self, pending: _Pending, arguments: dict[str, Value]) -> None:
        info = pending.info
        is_forward = pending.in_module and info.name == "forward"
        is_operation = info.owner is not None and info.name in ("forward", "backward") and self.semantics.is_operation(info.owner)
        for position, parameter in enumerate(info.parameters):
            if position == 0 and info.owner is not None and not info.is_static:
                self.scope.receiver = parameter.name
                own: Value = v.UserClass(info.owner) if info.is_class_method else v.UserInst(info.owner)
                self.scope.names[parameter.name] = own
                continue
            instance = self._instance_of_method(pending) if position == 0 and parameter.name == "self" else None
            if instance is not None:
                self.scope.names[parameter.name] = instance
                continue
            holds_tensors = is_forward or (is_operation and parameter.name != "ctx")
            known = self._promised(info, parameter)
            argument = self._layers.get((id(pending.node), parameter.name), arguments.get(parameter.name))
            self.scope.names[parameter.name] = self._parameter(known, argument, holds_tensors)
            self.scope.given |= self.alias_of(parameter.name).objects

    @staticmethod
    def _instance_of_method(pending: _Pending) -> Value | None:
        """The class's instance, for a function inside a class method whose first parameter is ``self``: it becomes a method (``cls.forward = f``)."""
        scope = pending.parent.method_scope() if pending.info.owner is None else None
        return v.UserInst(scope.owner) if scope is not None and scope.owner is not None and scope.receiver != "self" else None

    @staticmethod
    def _promised(info: v.FunctionInfo, parameter: v.ParameterInfo) -> v.ParameterInfo:
        """The parameter, with the annotation of the method that is overridden where it has none of its own."""
        if parameter.annotation is not None or info.owner is None or parameter.star:
            return parameter
        for base in info.owner.mro():
            method = base.methods.get(info.name) if isinstance(base, v.ClassInfo) else None
            found = next((p for p in method.parameters if p.name == parameter.name and p.annotation is not None), None) if method else None
            if found is not None:
                return replace(parameter, annotation=found.annotation)
        return parameter

    def _parameter(self, parameter: v.ParameterInfo, argument: Value | None, is_forward: bool) -> Value:
        if parameter.star:
            inner = parameter.annotation or UNKNOWN
            return v.Seq(inner) if parameter.star == "*" else v.DictOf(inner)
        annotation = parameter.annotation
        if annotation is not None and annotation is not UNKNOWN and annotation != v.NONE:
            return v.TENSOR if isinstance(annotation, v.Tensor) else annotation
        if argument is not None and argument is not UNKNOWN and argument != v.NONE:
            return v.TENSOR if isinstance(argument, v.Tensor) else _any_call(self.semantics.stored(argument))
        default = parameter.default
        if default is not None and default is not UNKNOWN and default != v.NONE:
            return v.held(generalised(default)) if not is_callable_default(default) else self._callable(default)
        if parameter.name.lower().endswith("loader"):
            return BATCHES
        if is_forward and annotation is None:
            return v.TENSOR
        return parameter.used_as or UNKNOWN

    def _callable(self, default: Value) -> Value:
        if isinstance(default, v.Ref) and self.semantics.is_module_class(default.name):
            return v.Factory(v.Inst((canonical(default.name),)))
        if isinstance(default, v.UserClass) and self.semantics.derives_from_module(default.info):
            return v.Factory(v.MODULE)
        return v.Factory(self.semantics.call(default, (), ()))

    def call_value(self, callee: Value, node: cst.Call, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        """As the base, looking into functions of this file with the kinds of this call's arguments."""
        if isinstance(callee, v.Ref) and callee.name.startswith("torch.utils.data."):
            self._read_items(callee, arguments, values)
        info = self._called(callee)
        if info is not None and id(info) in self._nodes:
            given = self._bound_arguments(info, arguments, values, isinstance(callee, (v.Bound, v.UserInst)))
            self._note_layers(self._nodes[id(info)], given)
            if id(info) in self._pending and self._depth < _DEPTH_LIMIT:
                self._interpret(self._pending.pop(id(info)), given)
        return super().call_value(callee, node, arguments, values)

    def _note_layers(self, function: int, given: Mapping[str, Value]) -> None:
        for name, value in given.items():
            if not v.is_layer(value):
                continue
            first = self._handed.setdefault((function, name), value)
            both = v.join(first, value)
            if both != first and (isinstance(first, v.Inst) or isinstance(value, v.Inst)):
                self._handed[function, name] = both
                self._differing.add((function, name))

    def _read_items(self, callee: v.Ref, arguments: Sequence[Argument], values: Sequence[Value]) -> None:
        """A data set is handed over: what its items are must be known now, and what a loader's ``collate_fn`` makes of them."""
        for value in values:
            for held in value.items if isinstance(value, v.Tup) else (value,):
                self._read_methods(held)
        if self.semantics.is_subclass(callee.name, LOADER) and values:
            for argument, value in zip(arguments, values, strict=True):
                own = collating(value) if argument.keyword == "collate_fn" else None
                if own is not None:
                    self._interpret_pending(own, [v.Seq(self.semantics.items_of(values[0]))])

    def _read_methods(self, value: Value) -> None:
        for name in ("__getitem__", "__iter__") if isinstance(value, v.UserInst) else ():
            method = value.info.method(name) if isinstance(value, v.UserInst) else None
            if method is not None:
                self._interpret_pending(method, [v.INT] if name == "__getitem__" else [])

    def _interpret_pending(self, info: v.FunctionInfo, values: Sequence[Value]) -> None:
        """Interpret a function that nothing has called yet, with these first arguments."""
        pending = self._pending.pop(id(info), None)
        if pending is not None and self._depth < _DEPTH_LIMIT:
            own = info.parameters[1:] if info.owner is not None and not info.is_static else info.parameters
            self._interpret(pending, {parameter.name: value for parameter, value in zip(own, values, strict=False)})

    def iterate(self, value: Value) -> Value:
        """As the base, reading the methods of a data set of this file first."""
        self._read_methods(value)
        return super().iterate(value)

    def _called(self, callee: Value) -> v.FunctionInfo | None:
        if isinstance(callee, v.UserFunction):
            return callee.info
        if isinstance(callee, v.Bound) and isinstance(callee.owner, v.UserInst):
            return callee.owner.info.method(callee.name)
        if isinstance(callee, v.UserInst):
            return callee.info.method("forward")
        return None

    @staticmethod
    def _bound_arguments(info: v.FunctionInfo, arguments: Sequence[Argument], values: Sequence[Value], is_method: bool) -> dict[str, Value]:
        positional = [p.name for p in info.parameters if not p.star]
        if info.owner is not None and not info.is_static and is_method:
            positional = positional[1:]
        found: dict[str, Value] = {}
        for argument, value in zip(arguments, values, strict=True):
            if argument.star == "*":
                break
            if argument.keyword is not None:
                found[argument.keyword] = value
            elif argument.index < len(positional):
                found[positional[argument.index]] = value
        return found

    def code(self, node: cst.CSTNode) -> str:
        """The source text of a node."""
        return self.module.code_for_node(node)


def _rank(info: v.FunctionInfo) -> int:
    """Constructors first, then ``forward``, which know their attributes from them; then functions that need no call to be understood."""
    return 0 if info.name == "__init__" else 1 if info.name == "forward" else 2 if _is_determined(info) else 3


def _is_determined(info: v.FunctionInfo) -> bool:
    """Whether a function's parameters are known without a call; such functions go first, since they call the others."""
    own = info.parameters[1:] if info.owner is not None and not info.is_static else info.parameters
    return all(p.star or p.annotation not in (None, UNKNOWN) or p.default not in (None, UNKNOWN, v.NONE) for p in own)


def generalised(value: Value) -> Value:
    """A literal number held in a variable is only known by its type."""
    if isinstance(value, v.Lit) and isinstance(value.value, (bool, int, float)):
        return v.Scalar(v.scalar_type(value))
    return value


def _any_call(value: Value) -> Value:
    """What one call's argument says of every call: its type, not its value."""
    return v.Scalar(v.scalar_type(value)) if isinstance(value, v.Lit) else value


def is_callable_default(value: Value) -> bool:
    """Whether a parameter's default is a class or function."""
    return isinstance(value, (v.Ref, v.UserClass, v.UserFunction, v.Factory))
