"""How kinds flow through statements, functions and classes: the statement half of the abstract interpreter.

Every function body is interpreted once: when a call first reaches it, with the kinds of that call's arguments, or at the end with what
annotations and defaults say. Branches are interpreted apart and joined; loops once.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import (
    AugmentedFact,
    ClassFact,
    FunctionFact,
    ImportFact,
    InplaceFact,
    Position,
    StoreFact,
)
from transpiler.analysis.interpret_expressions import ExpressionInterpreter, operation
from transpiler.analysis.names import canonical, is_source
from transpiler.analysis.project_index import FunctionOutline, absolute_module, outline_class, outline_function
from transpiler.analysis.resolve import Resolver
from transpiler.analysis.scopes import Scope
from transpiler.analysis.semantics import Semantics
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument

_DEPTH_LIMIT = 25


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
        self, module: cst.Module, module_name: str, resolver: Resolver, semantics: Semantics, renames: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(module, module_name, resolver, semantics, renames)
        self._pending: dict[int, _Pending] = {}
        self._queue: list[int] = []
        self._assigned: set[tuple[int, str]] = set()
        self._depth = 0
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
        }

    def run(self) -> None:
        """Interpret the module body, then every function that nothing called."""
        for statement in self.module.body:
            self.execute(statement)
        while self._queue:
            key = self._next()
            if key in self._pending:
                self._interpret(self._pending.pop(key), None)

    def _next(self) -> int:
        for wanted in ("__init__", "forward"):
            for key in self._queue:
                pending = self._pending.get(key)
                if pending is not None and pending.info.name == wanted:
                    self._queue.remove(key)
                    return key
        return self._queue.pop(0)

    # -- statements -----------------------------------------------------------------------------------------------------

    def execute(self, statement: cst.BaseStatement | cst.BaseSmallStatement) -> None:
        """Interpret one statement."""
        method = self._statement_dispatch.get(type(statement))
        if method is None:
            return
        self.statements.append(id(statement))
        method(statement)
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
        if isinstance(before, (v.Seq, v.Tup)) and isinstance(receiver, cst.Name) and node.func.attr.value in ("append", "extend", "insert") and node.args:
            quiet, self.facts = self.facts, type(self.facts)()
            statements, self.statements = self.statements, []
            item = self.evaluate(node.args[-1].value)
            self.facts, self.statements = quiet, statements
            item = self.iterate(item) if node.func.attr.value == "extend" else item
            known = v.item_of(before)
            self.scope.names[receiver.value] = v.Seq(item if known is UNKNOWN else v.join(known, item))

    def _assignment(self, node: cst.Assign) -> None:
        value = self.evaluate(node.value)
        if isinstance(node.value, (cst.Name, cst.Attribute)) and isinstance(value, v.Tensor):
            value = v.TENSOR
            if isinstance(node.value, cst.Name) and isinstance(self.scope.names.get(node.value.value), v.Tensor):
                self.scope.names[node.value.value] = v.TENSOR
        for target in node.targets:
            self.assign(target.target, value)

    def assign(self, target: cst.BaseExpression, value: Value) -> None:
        """Bind a target to a value."""
        if isinstance(target, cst.Name):
            self.scope.names[target.value] = generalised(value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            self._unpack(target, value)
        elif isinstance(target, cst.Attribute):
            self._assign_attribute(target, value)
        elif isinstance(target, cst.Subscript):
            owner = self.evaluate(target.value)
            self._evaluate_indices(target)
            if isinstance(owner, v.Tensor):
                self.facts.stores[id(target)] = StoreFact(target)
                self.touch()
        elif isinstance(target, cst.StarredElement):
            self.assign(target.value, v.Seq(v.item_of(value)))

    def _evaluate_indices(self, target: cst.Subscript) -> None:
        for element in target.slice:
            if isinstance(element.slice, cst.Index):
                self.evaluate(element.slice.value)
            elif isinstance(element.slice, cst.Slice):
                for part in (element.slice.lower, element.slice.upper, element.slice.step):
                    if part is not None:
                        self.evaluate(part)

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
        if isinstance(owner, v.UserInst):
            key = (id(owner.info), target.attr.value)
            known = owner.info.attributes.get(target.attr.value)
            value = generalised(v.TENSOR if isinstance(value, v.Tensor) else value)
            if key in self._assigned and known is not None:
                value = v.join(known, value)
            elif value is UNKNOWN and known is not None:
                value = known
            self._assigned.add(key)
            owner.info.attributes[target.attr.value] = value
        self.record_attribute(target, owner, store=True)

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
        if isinstance(target, cst.Name):
            left = self.lookup(target.value)
            place = InplaceFact("name", v.is_fresh(left))
        elif isinstance(target, cst.Attribute):
            left = self.evaluate(target)
            place = InplaceFact("attribute", False)
        else:
            left = self.evaluate(target)
            place = InplaceFact("subscript", False)
        if isinstance(left, v.Tensor):
            self.facts.augmented[id(node)] = AugmentedFact(place, node)
            self.touch()
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
        self.scope.names.update(self.narrow(node.test))
        left = self._suite(node.body)
        after = self.scope.names
        self.scope.names = before
        leaves_else = False
        if isinstance(node.orelse, cst.If):
            self.execute(node.orelse)
        elif node.orelse is not None:
            leaves_else = self._suite(node.orelse.body)
        if left:
            if isinstance(node.test, cst.UnaryOperation) and isinstance(node.test.operator, cst.Not):
                self.scope.names.update(self.narrow(node.test.expression))
            return
        self.scope.names = after if leaves_else else self._joined(after, self.scope.names)

    def _joined(self, left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
        result = dict(right)
        for name, value in left.items():
            other = right.get(name)
            result[name] = value if other is None else v.join(value, other)
        return result

    def _for(self, node: cst.For) -> None:
        self.assign(node.target, self.iterate(self.evaluate(node.iter)))
        self._loop(node.body, node.orelse)

    def _while(self, node: cst.While) -> None:
        self.evaluate(node.test)
        self._loop(node.body, node.orelse)

    def _loop(self, body: cst.BaseSuite, orelse: cst.Else | None) -> None:
        before = dict(self.scope.names)
        self._suite(body)
        self.scope.names = self._joined(self.scope.names, before)
        if orelse is not None:
            self._suite(orelse.body)

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            value = self.evaluate(item.item)
            if item.asname is not None:
                self.assign(item.asname.name, value if isinstance(value, v.Inst) else UNKNOWN)
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
            self.scope.names = after if leaves else self._joined(after, self.scope.names)
        for extra in (node.orelse, node.finalbody):
            if extra is not None:
                self._suite(extra.body)

    def _match(self, node: cst.Match) -> None:
        self.evaluate(node.subject)
        for case in node.cases:
            self._suite(case.body)

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

    def _note_import(
        self, alias: cst.ImportAlias | cst.ImportStar, node: cst.Import | cst.ImportFrom, local: str, name: str, value: Value, through: bool = False
    ) -> None:
        if isinstance(value, v.Ref) and is_source(value.name):
            scope = "module" if self.scope.kind == "module" else self.scope.kind
            target = name if isinstance(node, cst.Import) else value.name
            self.facts.imports.setdefault(id(node), []).append(ImportFact(local, target, alias, node, scope, through))
            self.touch()

    def _import_from(self, node: cst.ImportFrom) -> None:
        module = absolute_module(dotted(node.module) if node.module else "", len(node.relative), self.module_name, self._is_package())
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
            if name not in info.methods and info.attributes.get(name, UNKNOWN) is UNKNOWN:
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
        tree = ast.parse(textwrap.dedent(self.code(node))).body[0]
        if isinstance(tree, ast.ClassDef):
            self.resolver.fill_class(info, outline_class(tree), self.module_name)
        return info

    def _function(self, node: cst.FunctionDef) -> None:
        for decorator in node.decorators:
            self.evaluate(decorator.decorator, Position.DECORATOR)
        self._annotations(node)
        owner = self.scope.owner if self.scope.kind == "class" else None
        info = self._function_info(node, owner)
        in_module = owner is not None and self.semantics.derives_from_module(owner)
        self.facts.functions[id(node)] = FunctionFact(owner, in_module, node)
        if in_module:
            self.touch()
        if owner is None:
            self.scope.names[node.name.value] = v.UserFunction(info)
        pending = _Pending(info, node, self.scope, list(self.statements), in_module, None)
        key = id(info)
        if key in self._pending:
            self._interpret(self._pending.pop(key), None)
        self._pending[key] = pending
        self._queue.append(key)

    def _annotations(self, node: cst.FunctionDef) -> None:
        parameters = node.params
        every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        every += [star for star in (parameters.star_arg, parameters.star_kwarg) if isinstance(star, cst.Param)]
        for parameter in every:
            if parameter.annotation is not None:
                self.evaluate(parameter.annotation.annotation, Position.ANNOTATION)
            if parameter.default is not None:
                self.evaluate(parameter.default)
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
        bare = node.with_changes(body=cst.IndentedBlock([cst.SimpleStatementLine([cst.Pass()])]), leading_lines=())
        tree = ast.parse(textwrap.dedent(self.code(bare))).body[0]
        assert isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef))
        return outline_function(tree)

    def _interpret(self, pending: _Pending, arguments: dict[str, Value] | None) -> None:
        info = pending.info
        outer, statements = self.scope, self.statements
        self.scope = Scope("function", pending.parent, info.owner, info)
        self.statements = pending.statements
        self._bind_parameters(pending, arguments or {})
        self._depth += 1
        self.statements = [*pending.statements]
        self._suite(pending.node.body)
        self._depth -= 1
        returned = v.Seq(self.scope.yielded) if self.scope.yielded is not None else (self.scope.returned or v.NONE)
        info.result = returned if info.result is None else v.join(info.result, returned)
        self.scope, self.statements = outer, statements

    def _bind_parameters(self, pending: _Pending, arguments: dict[str, Value]) -> None:
        info = pending.info
        is_forward = pending.in_module and info.name == "forward"
        for position, parameter in enumerate(info.parameters):
            if position == 0 and info.owner is not None and not info.is_static:
                self.scope.receiver = parameter.name
                own: Value = v.UserClass(info.owner) if info.is_class_method else v.UserInst(info.owner)
                self.scope.names[parameter.name] = own
                continue
            self.scope.names[parameter.name] = self._parameter(parameter, arguments.get(parameter.name), is_forward)

    def _parameter(self, parameter: v.ParameterInfo, argument: Value | None, is_forward: bool) -> Value:
        if parameter.star:
            inner = parameter.annotation or UNKNOWN
            return v.Seq(inner) if parameter.star == "*" else v.DictOf(inner)
        annotation = parameter.annotation
        if annotation is not None and annotation is not UNKNOWN and annotation != v.NONE:
            return v.TENSOR if isinstance(annotation, v.Tensor) else annotation
        if argument is not None and argument is not UNKNOWN and argument != v.NONE:
            return v.TENSOR if isinstance(argument, v.Tensor) else _any_call(argument)
        default = parameter.default
        if default is not None and default is not UNKNOWN and default != v.NONE:
            return generalised(default) if not is_callable_default(default) else self._callable(default)
        return v.TENSOR if is_forward and annotation is None else UNKNOWN

    def _callable(self, default: Value) -> Value:
        if isinstance(default, v.Ref) and self.semantics.is_module_class(default.name):
            return v.Factory(v.Inst((canonical(default.name),)))
        if isinstance(default, v.UserClass) and self.semantics.derives_from_module(default.info):
            return v.Factory(v.MODULE)
        return v.Factory(self.semantics.call(default, (), ()))

    def call_value(self, callee: Value, node: cst.Call, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        """As the base, looking into functions of this file with the kinds of this call's arguments."""
        info = self._called(callee)
        if info is not None and self._depth < _DEPTH_LIMIT:
            pending = self._pending.get(id(info))
            if pending is not None:
                del self._pending[id(info)]
                bound = callee if isinstance(callee, v.Bound) else None
                self._interpret(pending, self._bound_arguments(info, arguments, values, bound is not None or isinstance(callee, v.UserInst)))
        return super().call_value(callee, node, arguments, values)

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


def dotted(node: cst.BaseExpression) -> str:
    """The text of a dotted name."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""
