"""What every module of a project defines and imports, read quickly from ``ast``: enough to resolve names across files.

The interpreter analyses one file at a time in depth; for other files it needs only their outline. Reading outlines with ``ast`` costs a
fifth of parsing with LibCST, and an outline is plain data that travels to worker processes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from transpiler.analysis.names import is_source
from transpiler.syntax.read_outline import bound_names

_Bound = TypeVar("_Bound")
#: Methods whose parameters are tensors anyhow.
_KNOWN_PARAMETERS = frozenset({"forward"})
#: What code says that has double precision in it.
_DOUBLE = re.compile(rb"float64|\.double\b|DoubleTensor")
_PARAMETER = re.compile(rb"\bParameter(?:List|Dict)?\b|requires_grad(?:_\((?!False)| *=(?! *False))")
#: The argument of a layer's call, not the setting that adaptive pooling is made with.
_OUTPUT_SIZE = re.compile(rb"(?<!Pool[123]d\()\boutput_size\s*=[^=]")
#: Lines of the longest function whose result is inferred from its outline.
_LONGEST_BODY = 80


@dataclass(frozen=True, slots=True)
class FunctionOutline:
    """A function's parameters as (name, star, annotation text, default text), its return annotation and decorators. ``uses``: what is done with a
    parameter of unknown kind, as ``.method`` called on it, or the name of a function whose first argument it is. ``body``: of a top-level function
    whose result no annotation tells, where it is short. ``sets_mode``: it calls ``train`` or ``eval`` of something; ``called``: the functions that a
    top-level one calls by name."""

    name: str
    parameters: tuple[tuple[str, str, str | None, str | None], ...]
    returns: str | None
    decorators: tuple[str, ...]
    is_generator: bool = False
    uses: tuple[tuple[str, str], ...] = ()
    body: tuple[ast.stmt, ...] = ()
    sets_mode: bool = False
    called: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClassOutline:
    """A class's bases, methods, and the expressions assigned to its instances' attributes. ``modules``: the attributes that its methods use as only
    modules can be used."""

    name: str
    bases: tuple[str, ...]
    methods: Mapping[str, FunctionOutline]
    attributes: Mapping[str, tuple[str, str]]
    decorators: tuple[str, ...] = ()
    modules: frozenset[str] = frozenset()


@dataclass(slots=True)
class ModuleOutline:
    """Top-level bindings of one module. ``imports``: local name -> absolute dotted name; ``stars``: modules imported with ``*``;
    ``bound``: every identifier that the file binds anywhere other than by importing torch."""

    name: str
    path: str
    is_package: bool
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    classes: dict[str, ClassOutline] = field(default_factory=dict)
    functions: dict[str, FunctionOutline] = field(default_factory=dict)
    assignments: dict[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    exports: tuple[str, ...] | None = None


@dataclass(slots=True)
class ProjectIndex:
    """All outlines by dotted module name. ``package``: the root's own name where the root is itself a package. ``importers``: the names that
    others import from a module. ``subclasses``: classes by the last part of a base's name. ``methods``: the names of all
    classes' methods. ``doubles``: whether a file speaks of double precision; ``output_sizes``: whether one passes ``output_size=``. ``parameters``:
    whether a file makes parameters or leaves of its own."""

    modules: dict[str, ModuleOutline]
    package: str | None
    importers: dict[str, frozenset[str]] = field(default_factory=dict)
    renames: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)
    subclasses: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()
    doubles: bool = False
    parameters: bool = False
    output_sizes: bool = False

    def find_module(self, name: str) -> str | None:
        """The project's own name of an absolute module name, None where it is not the project's."""
        return name if name in self.modules else None

    def imported_from(self, module: str) -> frozenset[str]:
        """The names that other modules of the project import from ``module``."""
        return self.importers.get(module, frozenset())

    def module_of(self, path: str) -> str:
        """The dotted name of the module at ``path``."""
        return module_name(path, self.package)[0]


def module_name(path: str, package: str | None) -> tuple[str, bool]:
    """Dotted module name of a file path relative to the project root, and whether it is a package's ``__init__``."""
    parts = path.removesuffix(".py").removesuffix(".pyi").split("/")
    is_package = parts[-1] == "__init__"
    if is_package:
        parts.pop()
    if package:
        parts.insert(0, package)
    return ".".join(parts), is_package


def build_index(sources: Mapping[str, bytes], package: str | None) -> ProjectIndex:
    """Outline every readable module; files that do not parse are left out (they are reported when they are converted)."""
    modules: dict[str, ModuleOutline] = {}
    for path, source in sources.items():
        outline = outline_module(source, path, package)
        if outline is not None:
            modules[outline.name] = outline
    doubles = any(_DOUBLE.search(source) is not None for source in sources.values())
    parameters = any(_PARAMETER.search(source) is not None for source in sources.values())
    output_sizes = any(_OUTPUT_SIZE.search(source) is not None for source in sources.values())
    methods = frozenset(name for outline in modules.values() for cls in outline.classes.values() for name in cls.methods)
    return ProjectIndex(
        modules,
        package,
        _importers(modules),
        subclasses=_subclasses(modules),
        methods=methods,
        doubles=doubles,
        parameters=parameters,
        output_sizes=output_sizes,
    )


def _subclasses(modules: Mapping[str, ModuleOutline]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Last part of a base's name -> the classes (module, name) that have such a base."""
    found: dict[str, list[tuple[str, str]]] = {}
    for outline in modules.values():
        for cls in outline.classes.values():
            for base in cls.bases:
                found.setdefault(base.partition("[")[0].rpartition(".")[2], []).append((outline.name, cls.name))
    return {base: tuple(classes) for base, classes in found.items()}


def _importers(modules: Mapping[str, ModuleOutline]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for outline in modules.values():
        for target in outline.imports.values():
            module, _, name = target.rpartition(".")
            if module in modules and module != outline.name:
                found.setdefault(module, set()).add(name)
    return {module: frozenset(names) for module, names in found.items()}


def outline_module(source: bytes, path: str, package: str | None) -> ModuleOutline | None:
    """The outline of one file, None where it is not valid Python."""
    name, is_package = module_name(path, package)
    outline = ModuleOutline(name, path, is_package)
    try:
        tree = ast.parse(source)
        _outline_body(tree.body, outline)
        outline.bound = bound_names(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return outline


def _outline_body(body: list[ast.stmt], outline: ModuleOutline) -> None:
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            _outline_import(statement, outline)
        elif isinstance(statement, ast.ClassDef):
            outline.classes[statement.name] = outline_class(statement)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            outline.functions.setdefault(statement.name, outline_function(statement, keeps_body=True))
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    outline.assignments[target.id] = ast.unparse(statement.value) if _is_small(statement.value) else ""
                    if target.id == "__all__":
                        outline.exports = _strings(statement.value)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            outline.assignments[statement.target.id] = (
                ast.unparse(statement.value) if statement.value and _is_small(statement.value) else ""
            )
        elif isinstance(statement, ast.Try):
            _outline_try(statement, outline)
        else:
            for block in _blocks(statement):
                _outline_body(block, outline)


def _outline_try(statement: ast.Try, outline: ModuleOutline) -> None:
    """``try: from torch import f`` stays torch's ``f``, whatever stands in for it where torch lacks it."""
    _outline_body([*statement.body, *statement.orelse, *statement.finalbody], outline)
    for handler in statement.handlers:
        stand_ins = ModuleOutline(outline.name, outline.path, outline.is_package)
        _outline_body(handler.body, stand_ins)
        torchs = {name for name, target in outline.imports.items() if is_source(target)}
        _add(stand_ins.imports, outline.imports, torchs)
        _add(stand_ins.classes, outline.classes, torchs)
        _add(stand_ins.functions, outline.functions, torchs)
        _add(stand_ins.assignments, outline.assignments, torchs)
        outline.stars += stand_ins.stars


def _add(found: dict[str, _Bound], known: dict[str, _Bound], taken: set[str]) -> None:
    known.update({name: value for name, value in found.items() if name not in taken})


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block


def _is_small(expression: ast.expr) -> bool:
    return isinstance(expression, (ast.Name, ast.Attribute, ast.Call, ast.Constant, ast.Subscript, ast.BinOp, ast.IfExp, ast.BoolOp))


def _strings(expression: ast.expr) -> tuple[str, ...] | None:
    if isinstance(expression, (ast.List, ast.Tuple)):
        return tuple(item.value for item in expression.elts if isinstance(item, ast.Constant) and isinstance(item.value, str))
    return None


def _outline_import(statement: ast.Import | ast.ImportFrom, outline: ModuleOutline) -> None:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname:
                outline.imports[alias.asname] = alias.name
            else:
                root = alias.name.partition(".")[0]
                outline.imports[root] = root
        return
    module = absolute_module(statement.module or "", statement.level, outline.name, outline.is_package)
    for alias in statement.names:
        if alias.name == "*":
            outline.stars.append(module)
        else:
            outline.imports[alias.asname or alias.name] = f"{module}.{alias.name}" if module else alias.name


def absolute_module(module: str, level: int, current: str, is_package: bool) -> str:
    """The absolute name that a (relative) ``from`` import speaks of."""
    if level == 0:
        return module
    parts = current.split(".") if current else []
    drop = level - 1 if is_package else level
    base = parts[: len(parts) - drop] if drop else parts
    return ".".join([*base, module] if module else base)


def outline_class(node: ast.ClassDef) -> ClassOutline:
    """A class's outline; attributes come from ``self.x = …`` in all its methods and from its body, the first assignment of a call winning."""
    methods: dict[str, FunctionOutline] = {}
    attributes: dict[str, tuple[str, str]] = {}
    uses: dict[str, set[str]] = {}
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            methods.setdefault(statement.name, outline_function(statement))
            _attributes_of(statement, attributes, uses)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            attributes[statement.target.id] = ("annotation", ast.unparse(statement.annotation))
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    attributes[target.id] = ("value", ast.unparse(statement.value) if _is_small(statement.value) else "")
    return ClassOutline(
        node.name,
        tuple(ast.unparse(base) for base in node.bases),
        methods,
        attributes,
        tuple(ast.unparse(decorator) for decorator in node.decorator_list),
        frozenset(name for name, found in uses.items() if acts_as_module(found)),
    )


def _attributes_of(
    method: ast.FunctionDef | ast.AsyncFunctionDef, attributes: dict[str, tuple[str, str]], uses: dict[str, set[str]]
) -> None:
    if not method.args.args:
        return
    receiver = method.args.args[0].arg
    for node in ast.walk(method):
        if isinstance(node, ast.Assign):
            for target, value in _pairs(node):
                _attribute(target, "value", value, receiver, attributes)
        elif isinstance(node, ast.AnnAssign):
            _attribute(node.target, "annotation", node.annotation, receiver, attributes)
        elif isinstance(node, ast.Call):
            registered = _registered(node)
            if registered is not None and attributes.get(registered, ("", ""))[1] in ("", "None"):
                attributes[registered] = ("tensor", "tensor")
            used = _own_use(node)
            if used is not None:
                uses.setdefault(used[0], set()).add(used[1])


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What an assignment binds to what; of ``a, b = x, y`` each to its own."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


#: Methods that nothing but a module has, and those that a module shares with optimizers and trainers, which cannot be called themselves.
_OF_MODULES = frozenset({"parameters", "named_parameters", "named_modules", "named_children"})
_SHARED = frozenset({"train", "eval", "zero_grad"})
#: What functions read of a layer that they initialise by the name of its class.
_OF_LAYERS = frozenset({"__class__", "weight", "bias"})


def acts_as_module(uses: Iterable[str]) -> bool:
    """Whether what is used like this (``.method`` called on it, ``()``: called itself) is a module."""
    found = frozenset(use.removeprefix(".") for use in uses)
    is_layer = {"__class__", "weight"} <= found
    return bool(is_layer or found & _OF_MODULES or ("()" in found and found & _SHARED))


def _own_use(call: ast.Call) -> tuple[str, str] | None:
    """(attribute, use) of ``self.attribute.method()`` and ``self.attribute()``."""
    if not isinstance(call.func, ast.Attribute):
        return None
    owner, use = (call.func.value, call.func.attr) if isinstance(call.func.value, ast.Attribute) else (call.func, "()")
    assert isinstance(owner, ast.Attribute)
    return (owner.attr, use) if isinstance(owner.value, ast.Name) and owner.value.id == "self" else None


def _registered(node: ast.Call) -> str | None:
    """The name that a call of ``register_buffer`` or ``register_parameter`` gives to a tensor."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in ("register_buffer", "register_parameter") and node.args):
        return None
    first = node.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _attribute(target: ast.expr, how: str, expression: ast.expr, receiver: str, attributes: dict[str, tuple[str, str]]) -> None:
    if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == receiver):
        return
    text = ast.unparse(expression) if how == "annotation" or _is_small(expression) else ""
    known = attributes.get(target.attr)
    if known is None or known[1] in ("", "None"):
        attributes[target.attr] = (how, text)


def outline_function(node: ast.FunctionDef | ast.AsyncFunctionDef, keeps_body: bool = False) -> FunctionOutline:
    """A function's outline."""
    is_wanted = keeps_body and node.returns is None and isinstance(node, ast.FunctionDef)
    callees = {dotted_text(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return FunctionOutline(
        node.name,
        tuple(_parameters(node.args)),
        ast.unparse(node.returns) if node.returns else None,
        tuple(ast.unparse(decorator) for decorator in node.decorator_list),
        uses=tuple(_uses(node)),
        body=tuple(node.body) if is_wanted and _returns_something(node) else (),
        sets_mode=any(callee.rpartition(".")[2] in ("train", "eval") for callee in callees if "." in callee),
        called=frozenset(callees - {""}) if keeps_body else frozenset(),
    )


def _returns_something(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function returns a value, is no generator, and is short enough to be followed."""
    if (node.end_lineno or node.lineno) - node.lineno > _LONGEST_BODY:
        return False
    parts = list(ast.walk(node))
    yields = any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in parts)
    return not yields and any(isinstance(part, ast.Return) and part.value is not None for part in parts)


def _uses(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    """What is done with each unannotated parameter before the name is bound to something else."""
    open_names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.annotation is None} - {"self", "cls"}
    if (
        not open_names
        or node.name in _KNOWN_PARAMETERS
        or (node.name.startswith("__") and node.name.endswith("__"))
        or not _has_calls(node)
    ):
        return
    bound: dict[str, int] = {}
    found: list[tuple[str, str, int]] = []
    kept: set[int] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and _is_own_method(part):
            kept.add(id(part.targets[0]))
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in open_names and id(part) not in kept:
            bound[part.id] = min(part.lineno, bound.get(part.id, part.lineno))
        elif isinstance(part, ast.Call):
            found += _use(part, open_names)
        elif (
            isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in open_names and part.attr in _OF_LAYERS
        ):
            found.append((part.value.id, part.attr, part.lineno))
    yield from dict.fromkeys((name, use) for name, use, line in found if line <= bound.get(name, line) or use == "isinstance")


def _has_calls(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not (len(node.body) == 1 and isinstance(node.body[0], (ast.Pass, ast.Raise)))


def _is_own_method(node: ast.Assign) -> bool:
    """``x = x.f()``: what ``x`` is afterwards tells what it was before."""
    target, value = node.targets[0], node.value
    func = value.func if isinstance(value, ast.Call) else None
    return (
        isinstance(target, ast.Name) and isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == target.id
    )


def _use(call: ast.Call, names: set[str]) -> Iterator[tuple[str, str, int]]:
    func = call.func
    if isinstance(func, ast.Name) and func.id in names:
        yield func.id, "()", call.lineno
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in names:
        yield func.value.id, f".{func.attr}", call.lineno
    elif call.args and isinstance(call.args[0], ast.Name) and call.args[0].id in names and isinstance(func, (ast.Name, ast.Attribute)):
        text = dotted_text(func)
        if text:
            yield call.args[0].id, text, call.lineno


def dotted_text(node: ast.expr) -> str:
    """The text of a dotted name, '' for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted_text(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, str, str | None, str | None]]:
    positional = arguments.posonlyargs + arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    for argument, default in zip(positional, defaults, strict=True):
        yield _parameter(argument, "", default)
    if arguments.vararg:
        yield _parameter(arguments.vararg, "*", None)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, "", default)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, "**", None)


def _parameter(argument: ast.arg, star: str, default: ast.expr | None) -> tuple[str, str, str | None, str | None]:
    annotation = ast.unparse(argument.annotation) if argument.annotation else None
    return argument.arg, star, annotation, ast.unparse(default) if default is not None else None
