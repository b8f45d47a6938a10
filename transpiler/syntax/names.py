"""Which names statements read and bind, and in which order: what moves a run of statements into a function without changing their meaning.

A name that is read before the run binds it, or that it binds only sometimes, must stay a variable of the enclosing scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from transpiler.syntax.tree import children

_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)
_SCOPES = (cst.FunctionDef, cst.Lambda, cst.ClassDef)


def loads(node: cst.CSTNode) -> Iterator[str]:
    """Every name that ``node`` reads, those of nested functions included where they are free there."""
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, (cst.Attribute, cst.Arg)):
        yield from loads(node.value)
    elif isinstance(node, (cst.FunctionDef, cst.Lambda)):
        own = parameters(node.params) | (set(stores(_body(node.body))) if isinstance(node, cst.FunctionDef) else set())
        yield from (name for child in children(node) for name in _loads_of(child) if name not in own)
    elif isinstance(node, _COMPREHENSIONS):
        own = set(_comprehension_targets(node.for_in))
        yield from (name for child in children(node) for name in loads(child) if name not in own)
    elif isinstance(node, cst.CompFor):
        yield from loads(node.iter)
        for child in (*node.ifs, *((node.inner_for_in,) if node.inner_for_in else ())):
            yield from loads(child)
    elif isinstance(
        node, (cst.Assign, cst.AnnAssign, cst.AugAssign, cst.For, cst.AsName, cst.NamedExpr, cst.Import, cst.ImportFrom, cst.Del)
    ):
        yield from _loads_of_binder(node)
    elif isinstance(node, (cst.Global, cst.Nonlocal, cst.Param, cst.Annotation)):
        return
    else:
        for child in children(node):
            yield from loads(child)


def _loads_of(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Parameters):
        for parameter in (*node.params, *node.kwonly_params, *node.posonly_params):
            if parameter.default is not None:
                yield from loads(parameter.default)
    elif not isinstance(node, cst.Name):
        yield from loads(node)


def _loads_of_binder(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Assign):
        for target in node.targets:
            yield from _target_loads(target.target)
        yield from loads(node.value)
    elif isinstance(node, cst.AnnAssign):
        yield from _target_loads(node.target)
        yield from loads(node.value) if node.value is not None else ()
    elif isinstance(node, cst.AugAssign):
        yield from loads(node.target)
        yield from loads(node.value)
    elif isinstance(node, cst.For):
        for child in (node.iter, node.body, *((node.orelse,) if node.orelse else ())):
            yield from loads(child)
        yield from _target_loads(node.target)
    elif isinstance(node, cst.NamedExpr):
        yield from loads(node.value)
    elif isinstance(node, cst.Del):
        yield from loads(node.target)


def _target_loads(target: cst.BaseExpression) -> Iterator[str]:
    """What assigning to ``a.b`` or ``a[i]`` reads."""
    if isinstance(target, (cst.Attribute, cst.Subscript)):
        yield from (
            (name for child in children(target) for name in loads(child)) if isinstance(target, cst.Subscript) else loads(target.value)
        )
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _target_loads(element.value)


def _comprehension_targets(node: cst.CompFor) -> Iterator[str]:
    yield from bound_by(node.target)
    if node.inner_for_in is not None:
        yield from _comprehension_targets(node.inner_for_in)


def parameters(params: cst.Parameters) -> set[str]:
    """Names of a function's parameters."""
    every: list[cst.Param] = [*params.params, *params.kwonly_params, *params.posonly_params]
    every += [star for star in (params.star_arg, params.star_kwarg) if isinstance(star, cst.Param)]
    return {parameter.name.value for parameter in every}


def fresh_name(name: str, taken: Iterable[str]) -> str:
    """The name, or the first of ``name_2``, ``name_3`` … that is not taken."""
    used, number, candidate = set(taken), 2, name
    while candidate in used:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def bound_by(target: cst.BaseExpression) -> Iterator[str]:
    """The plain names that an assignment target binds."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from bound_by(element.value)
    elif isinstance(target, cst.StarredElement):
        yield from bound_by(target.value)


def _body(suite: cst.BaseSuite) -> Sequence[cst.CSTNode]:
    return suite.body


def stores(nodes: Iterable[cst.CSTNode]) -> Iterator[str]:
    """Every name that the nodes bind in their own scope."""
    for node in nodes:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            yield node.name.value
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For)):
            yield from bound_by(node.target)
            yield from stores(children(node))
        elif isinstance(node, cst.NamedExpr):
            yield from bound_by(node.target)
            yield from stores([node.value])
        elif isinstance(node, cst.AsName):
            yield from bound_by(node.name)
        elif isinstance(node, (cst.Import, cst.ImportFrom)):
            yield from _imported(node)
        elif isinstance(node, (cst.Lambda, *_COMPREHENSIONS)):
            continue
        elif isinstance(node, cst.MatchAs) and node.name is not None:
            yield node.name.value
        else:
            yield from stores(children(node))


def _imported(node: cst.Import | cst.ImportFrom) -> Iterator[str]:
    if isinstance(node.names, cst.ImportStar):
        return
    for alias in node.names:
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            yield alias.asname.name.value
        else:
            first: cst.BaseExpression = alias.name
            while isinstance(first, cst.Attribute):
                first = first.value
            if isinstance(first, cst.Name):
                yield first.value


class BindingOrder:
    """``bound``: names that are certainly bound after the statements; ``early``: names read where they were not certainly bound yet."""

    def __init__(self, statements: Iterable[cst.CSTNode]) -> None:
        self.early: set[str] = set()
        self.bound = self._run(statements, set())

    def _read(self, node: cst.CSTNode | None, bound: set[str]) -> None:
        if node is not None:
            self.early.update(name for name in loads(node) if name not in bound)

    def _run(self, statements: Iterable[cst.CSTNode], bound: set[str]) -> set[str]:
        for statement in statements:
            bound = self._one(statement, bound)
        return bound

    def _one(self, node: cst.CSTNode, bound: set[str]) -> set[str]:
        if isinstance(node, (cst.SimpleStatementLine, cst.IndentedBlock, cst.SimpleStatementSuite)):
            return self._run(node.body, bound)
        if isinstance(node, cst.If):
            self._read(node.test, bound)
            bound = bound | set(stores([node.test]))
            left = self._one(node.body, set(bound))
            right = self._one(node.orelse, set(bound)) if node.orelse is not None else bound
            return left & right
        if isinstance(node, cst.Else):
            return self._one(node.body, bound)
        if isinstance(node, (cst.For, cst.While)):
            return self._loop(node, bound)
        if isinstance(node, cst.With):
            for item in node.items:
                self._read(item.item, bound)
                bound = bound | (set(bound_by(item.asname.name)) if item.asname is not None else set())
            return self._one(node.body, bound)
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            return bound | {node.name.value}
        if isinstance(node, cst.AugAssign):
            self._read(node.target, bound)
        self._read(node, bound)
        simple = isinstance(node, cst.BaseSmallStatement)
        return bound | set(stores([node])) if simple else bound

    def _loop(self, node: cst.For | cst.While, bound: set[str]) -> set[str]:
        inner = set(bound)
        if isinstance(node, cst.For):
            self._read(node.iter, bound)
            inner |= set(bound_by(node.target))
        else:
            self._read(node.test, bound)
        self._one(node.body, inner)
        if node.orelse is not None:
            self._one(node.orelse, set(bound))
        return bound


def read_attributes(node: cst.CSTNode) -> Iterator[cst.Attribute]:
    """Attributes in a node that are read, not called."""
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Attribute):
            yield from read_attributes(node.func.value)
        for argument in node.args:
            yield from read_attributes(argument.value)
        return
    if isinstance(node, cst.Attribute):
        yield node
    for child in children(node):
        yield from read_attributes(child)


def dotted(node: cst.CSTNode) -> str:
    """The text of a dotted name, '' for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


def jumps_out(statements: Iterable[cst.CSTNode], in_loop: bool = False) -> cst.CSTNode | None:
    """What would leave the statements, or cannot stand in a function of its own: return, yield, await, break, continue, del, ``super()``."""
    for node in statements:
        if isinstance(node, (cst.Return, cst.Yield, cst.Await, cst.Del, cst.Global, cst.Nonlocal)):
            return node
        if isinstance(node, (cst.Break, cst.Continue)) and not in_loop:
            return node
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "super" and not node.args:
            return node
        if isinstance(node, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            continue
        found = jumps_out(children(node), in_loop or isinstance(node, (cst.For, cst.While)))
        if found is not None:
            return found
    return None
