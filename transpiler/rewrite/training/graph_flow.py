"""Which expressions may carry a gradient's graph, and which names an expression's graph comes from.

The question decides what moves into a forward function, so it errs on the side of too much: only what is known to be free of parameters (torch's
own functions on data, tensor methods, builtins, other libraries) is left out.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import Certainty, Facts
from transpiler.analysis.project_index import acts_as_module
from transpiler.syntax.names import bound_by, dotted, stores
from transpiler.syntax.tree import children, every

#: Methods and attributes whose result has no graph.
CUTTING = frozenset(
    """detach item numpy tolist size dim argmax argmin long int bool eq ne gt lt ge le nelement numel shape dtype device data grad ndim
    is_cuda requires_grad detach_ zero_grad step state_dict""".split()  # noqa: SIM905
)
_BUILTINS = frozenset(dir(builtins))
_NEVER = frozenset({"len", "range", "print", "isinstance", "int", "float", "bool", "str", "enumerate_", "open", "iter_", "hasattr", "id"})
_GRADIENT_FREE = frozenset({"torch.no_grad", "torch.inference_mode"})
_FROM_DATA = frozenset({("torch.from_numpy",), ("torch.tensor",)})
_TORCH_FREE = sys.stdlib_module_names | {"numpy", "scipy", "pandas", "PIL", "cv2", "sklearn", "matplotlib", "tqdm"}
_MOVES = frozenset({"to", "cuda", "cpu"})
_MUTATORS = frozenset({"append", "extend", "insert", "update", "add", "setdefault"})


@dataclass(slots=True)
class GraphFlow:
    """Graph questions in one function (or module body). ``tainted``: names that may carry a graph; ``leaves``: names of tensors that gradients are
    wanted of; ``modules``: names that are used as only modules can be; ``external``: names of imported libraries; ``foreign``: names of what these
    made; ``data``: leaves that are plain data until they are marked; ``pairs``: what is assigned to what."""

    facts: Facts
    external: frozenset[str]
    leaves: frozenset[str]
    tainted: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    pairs: list[tuple[cst.CSTNode, cst.CSTNode]] = field(default_factory=list)

    def learn(self, statements: Iterable[cst.CSTNode]) -> None:
        """Find the tainted names of a scope."""
        body = list(statements)
        uses: dict[str, set[str]] = {}
        for read in (read for statement in body for read in every(statement, cst.Attribute)):
            if isinstance(read.value, cst.Name):
                uses.setdefault(read.value.value, set()).add(read.attr.value)
        self.modules = {name for name, found in uses.items() if acts_as_module(found)}
        made = [(target, isinstance(value, cst.Call) and self._root(value) in self.external) for target, value in assignments(body, None)]
        names = {name for target, foreign in made if foreign for name in keys(target)}
        self.foreign = names - {name for target, foreign in made if not foreign for name in keys(target)}
        for _ in range(3):
            before = len(self.tainted)
            for target, value in assignments(body, self._is_gradient_free):
                if not self._is_module(target) and self.carries(value):
                    self.tainted.update(keys(target))
            if len(self.tainted) == before:
                return

    def learn_data(self, statements: Iterable[cst.CSTNode]) -> None:
        """Find the leaves that carry no graph but their own: what is computed of them before ``x.requires_grad = True`` belongs to none."""
        body = list(statements)
        self.pairs = list(_pairs(body))
        for name in sorted(set(marked_names(body)) & self.leaves):
            others = GraphFlow(self.facts, self.external, self.leaves - {name})
            others.learn(body)
            others.tainted.discard(name)
            made = [value for target, value in _pairs(body) if dotted(target) == name]
            if not any(others.carries(value) for value in made if not _is_method_of(value, name)):
                self.data.add(name)

    def _made(self, call: cst.Call) -> list[cst.CSTNode]:
        """What the receiver of a method is assigned in the function."""
        return [value for target, value in self.pairs if dotted(target) == dotted(call.func).partition(".")[0]]

    def only_moves(self, node: cst.CSTNode) -> bool:
        """Whether a statement only moves what carries no graph: ``x, y = x.to(device), y.to(device)``."""
        values = [value for _, value in _pairs([node])]
        calls = [value for value in values if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute)]
        moves = [
            c for c in calls if isinstance(c.func, cst.Attribute) and c.func.attr.value in _MOVES and isinstance(c.func.value, cst.Name)
        ]
        return bool(values) and len(moves) == len(values) and all(len(self._made(c)) == 1 for c in moves)

    def is_graph_statement(self, node: cst.CSTNode) -> bool:
        """Whether a statement computes something that may carry a graph."""
        made = assignments([node], self._is_gradient_free)
        return any(not self._is_module(target) and self.carries(value) for target, value in made) or any(
            True for _ in self._method_calls(node)
        )

    def _is_module(self, target: cst.CSTNode) -> bool:
        """Whether what a name is bound to is a module, which carries no graph itself whoever made it."""
        if isinstance(target, cst.Name) and target.value in self.modules:
            return True
        kind = self.facts.kinds.get(id(target))
        bases = kind.classes if isinstance(kind, v.Inst) else kind.info.external_bases() if isinstance(kind, v.UserInst) else ()
        return bool(bases) and all(base.startswith("torch.nn.") for base in bases)

    def _method_calls(self, node: cst.CSTNode) -> Iterator[cst.Call]:
        """``self.forward()`` as a statement: it may leave a graph in the object's attributes."""
        for expression in _expressions(node, self._is_gradient_free):
            if isinstance(expression, cst.Call) and dotted(expression.func).startswith("self."):
                yield expression

    def _is_gradient_free(self, node: cst.With) -> bool:
        for item in node.items:
            call = item.item
            if isinstance(call, cst.Call):
                fact = self.facts.calls.get(id(call))
                if fact is not None and fact.apis and fact.apis[0] in _GRADIENT_FREE:
                    return True
        return False

    # -- expressions ------------------------------------------------------------------------------------------------------

    def carries(self, node: cst.CSTNode) -> bool:
        """Whether the value of an expression may carry a graph."""
        if isinstance(node, cst.Name):
            return node.value in self.tainted or node.value in self.leaves
        if isinstance(node, cst.Attribute):
            if node.attr.value in CUTTING:
                return False
            name = dotted(node)
            return name in self.tainted or name in self.leaves or self.carries(node.value)
        if isinstance(node, cst.Call):
            return self._call_carries(node)
        if isinstance(node, (cst.Lambda, cst.Comparison)):
            return False
        return any(self.carries(child) for child in children(node))

    def _call_carries(self, node: cst.Call) -> bool:
        arguments = any(self.carries(argument.value) for argument in node.args)
        func = node.func
        if self._cuts(node):
            return False
        fact = self.facts.calls.get(id(node))
        if fact is not None and fact.apis[:1] in _FROM_DATA:
            return False
        if fact is not None and self._is_parameter_free(fact.apis):
            owner = isinstance(func, cst.Attribute) and self.carries(func.value)
            return arguments or owner
        if isinstance(func, cst.Name) and func.value in _BUILTINS:
            return arguments and func.value not in _NEVER
        if self._root(node) in self.external | self.foreign:
            return arguments
        if isinstance(func, cst.Attribute) and _is_class_name(func.attr.value) or isinstance(func, cst.Name) and _is_class_name(func.value):
            return arguments
        return True

    def _cuts(self, node: cst.Call) -> bool:
        """Whether a call gives something without a graph; ``torch.autograd.grad`` does not."""
        fact = self.facts.calls.get(id(node))
        is_grad = fact is not None and fact.apis[:1] == ("torch.autograd.grad",)
        return isinstance(node.func, cst.Attribute) and node.func.attr.value in CUTTING and not is_grad

    @staticmethod
    def _root(node: cst.Call) -> str:
        return dotted(node.func).partition(".")[0]

    @staticmethod
    def _is_parameter_free(apis: tuple[str, ...]) -> bool:
        return bool(apis) and all(not api.startswith(("torch.nn.Module.", "torch.optim.")) for api in apis[:1])

    def needs(self, node: cst.CSTNode) -> set[str]:
        """The names (``x``, ``self.x``) that the graph of an expression may come from."""
        return set(self._needs(node))

    def _needs(self, node: cst.CSTNode) -> Iterator[str]:
        if isinstance(node, cst.Name):
            yield node.value
        elif isinstance(node, cst.Attribute):
            if node.attr.value not in CUTTING:
                name = dotted(node)
                if name.startswith("self."):
                    yield ".".join(name.split(".")[:2])
                else:
                    yield from self._needs(node.value)
        elif isinstance(node, cst.Call):
            if not self._cuts(node):
                if not isinstance(node.func, cst.Name):  # a function or module that is called is not what the graph comes from
                    yield from self._needs(node.func)
                for argument in node.args:
                    yield from self._needs(argument.value)
        elif isinstance(node, cst.Lambda):
            return
        elif isinstance(node, cst.BaseComp):
            own = {name for clause in _clauses(node.for_in) for name in bound_by(clause.target)}
            yield from (name for child in children(node) for name in self._needs(child) if name not in own)
        else:
            for child in children(node):
                yield from self._needs(child)

    # -- statements -------------------------------------------------------------------------------------------------------

    def defines(self, node: cst.CSTNode, methods: dict[str, frozenset[str]]) -> set[str]:
        """The names whose graph a statement may change; ``methods``: the attributes that each method of the class assigns."""
        found: set[str] = set()
        for target, _ in assignments([node], self._is_gradient_free, everything=True):
            found.update(keys(target))
        for expression in _expressions(node, lambda _: False):
            if isinstance(expression, cst.Call):
                name = dotted(expression.func)
                if name.startswith("self.") and name.count(".") == 1:
                    found.update(methods.get(name[5:], frozenset({"self.*"})))
        return found

    def used_by(self, node: cst.CSTNode) -> set[str]:
        """The names that a statement's results may get their graph from."""
        found: set[str] = set()
        for _, value in assignments([node], self._is_gradient_free):
            found |= self.needs(value)
        return found


def _clauses(clause: cst.CompFor | None) -> Iterator[cst.CompFor]:
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def _is_class_name(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def keys(target: cst.CSTNode) -> Iterator[str]:
    """The names that an assignment to a target changes: ``x``, ``self.x``; for ``x[i]`` and ``x.y`` the object."""
    if isinstance(target, (cst.Subscript, cst.Attribute)):
        name = dotted(target)
        if name.startswith("self."):
            yield ".".join(name.split(".")[:2])
        elif isinstance(target, cst.Subscript) or name:
            yield from keys(target.value)
        else:
            yield from keys(target.value)
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from keys(element.value)
    elif isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, cst.StarredElement):
        yield from bound_by(target)


def _pairs(body: Iterable[cst.CSTNode]) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Every (target, value), those of ``a, b = x, y`` one by one."""
    for target, value in assignments(body, None):
        if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
            yield from ((t.value, e.value) for t, e in zip(target.elements, value.elements, strict=True))
        else:
            yield from ((element.value, value) for element in target.elements) if isinstance(target, cst.Tuple) else [(target, value)]


def _is_method_of(value: cst.CSTNode, name: str) -> bool:
    """``data.to(device)``: what is marked is a tensor, whose methods use no parameters."""
    is_method = isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and dotted(value.func.value) == name
    return is_method and all(not isinstance(a.value, cst.Call) for a in cst.ensure_type(value, cst.Call).args)


def marked_names(nodes: Iterable[cst.CSTNode]) -> Iterator[str]:
    """``x`` of the statements ``x.requires_grad = True`` and ``x.requires_grad_()``, at any depth."""
    for node in nodes:
        if isinstance(node, cst.Assign):
            for target in node.targets:
                if dotted(target.target).endswith(".requires_grad") and isinstance(node.value, cst.Name) and node.value.value == "True":
                    yield dotted(target.target).removesuffix(".requires_grad")
        elif isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
            if dotted(node.value.func).endswith(".requires_grad_") and not node.value.args:
                yield dotted(node.value.func).removesuffix(".requires_grad_")
        elif not isinstance(node, (cst.BaseExpression, cst.FunctionDef, cst.ClassDef)):
            yield from marked_names(children(node))


def assignments(nodes: Iterable[cst.CSTNode], is_free: object, everything: bool = False) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Every (target, value) at any depth of the statements, in order: assignments, loop variables, ``with … as``, ``items.append(value)``.
    Blocks without gradients count where ``everything`` is asked for."""
    for node in nodes:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            continue
        if isinstance(node, cst.With) and not everything and callable(is_free) and is_free(node):
            continue
        if isinstance(node, cst.Assign):
            yield from ((target.target, node.value) for target in node.targets)
        elif isinstance(node, (cst.AnnAssign, cst.AugAssign, cst.NamedExpr)) and node.value is not None:
            yield node.target, node.value
            if isinstance(node, cst.AugAssign):
                yield node.target, node.target
        elif isinstance(node, cst.For):
            yield node.target, node.iter
        elif isinstance(node, cst.WithItem) and node.asname is not None:
            yield node.asname.name, node.item
        elif isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and isinstance(node.value.func, cst.Attribute):
            arguments = node.value.args if node.value.func.attr.value in _MUTATORS else ()
            yield from ((node.value.func.value, argument.value) for argument in arguments)
        if not isinstance(node, (cst.BaseExpression,)):
            yield from assignments(children(node), is_free, everything)


def _expressions(node: cst.CSTNode, is_free: object) -> Iterator[cst.BaseExpression]:
    """Expression statements at any depth of a statement."""
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        return
    if isinstance(node, cst.With) and callable(is_free) and is_free(node):
        return
    if isinstance(node, (cst.Expr, cst.Assign)):
        yield node.value
    elif not isinstance(node, cst.BaseExpression):
        for child in children(node):
            yield from _expressions(child, is_free)


def is_tensor(facts: Facts, target: cst.CSTNode) -> bool:
    """Whether the value bound at a target is known to be a tensor."""
    return isinstance(facts.kinds.get(id(target)), v.Tensor)


def is_known(certainty: Certainty) -> bool:
    """Whether a fact is about a receiver that is known."""
    return certainty is Certainty.KNOWN


def imported_libraries(module: cst.Module) -> Iterator[str]:
    """Names under which a file imports libraries that know nothing of torch: numpy, math, random. Any other library may hand out models."""
    for node in _imports(module):
        named = [node.module] if isinstance(node, cst.ImportFrom) else [alias.name for alias in node.names]
        relative = isinstance(node, cst.ImportFrom) and (bool(node.relative) or node.module is None)
        if not relative and all(name is not None and dotted(name).partition(".")[0] in _TORCH_FREE for name in named):
            yield from stores([node])


def _imports(node: cst.CSTNode) -> Iterator[cst.Import | cst.ImportFrom]:
    for child in children(node):
        if isinstance(child, (cst.Import, cst.ImportFrom)):
            yield child
        elif not isinstance(child, cst.BaseExpression):
            yield from _imports(child)
