"""What a name of some project module stands for: follows imports, re-exports and star imports across the project's outlines."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from typing import Literal

from transpiler.analysis import values as v
from transpiler.analysis.infer_results import infer_result
from transpiler.analysis.names import canonical, is_source
from transpiler.analysis.project_index import ClassOutline, FunctionOutline, ModuleOutline, ProjectIndex, acts_as_module
from transpiler.analysis.semantics import Semantics, is_without_tensors, kind_name, literal_text
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument

_BUILTIN_ANNOTATIONS = {
    "int": v.INT, "float": v.FLOAT, "bool": v.BOOL, "str": v.STR, "bytes": v.FOREIGN, "complex": v.COMPLEX, "None": v.NONE, "object": UNKNOWN,
}  # fmt: skip
_SEQUENCES = frozenset(
    {"List", "Sequence", "Iterable", "Iterator", "Set", "FrozenSet", "list", "set", "frozenset", "Generator", "Collection"}
)
_DICTS = frozenset({"Dict", "OrderedDict", "Mapping", "MutableMapping", "dict", "DefaultDict"})
_LIMIT = 40


class Resolver:
    """Values of names in the modules of a project, computed on demand and remembered."""

    def __init__(self, index: ProjectIndex, semantics: Semantics) -> None:
        self.index = index
        self.semantics = semantics
        self._bindings: dict[tuple[str, str], Value] = {}
        self._annotations: dict[tuple[str, str], Value] = {}
        self._module_like: dict[int, bool] = {}
        self._only_of_modules: dict[str, bool] = {}
        self._depth = 0
        self._locals: dict[str, Value] = {}

    def is_module_like(self, info: v.ClassInfo) -> bool:
        """Whether a class is a torch module, or is mixed into one somewhere in the project."""
        key = id(info)
        if key not in self._module_like:
            self._module_like[key] = False
            self._module_like[key] = self.semantics.derives_from_module(info) or any(map(self.is_module_like, self._subclasses(info)))
        return self._module_like[key]

    def binds(self, info: v.ClassInfo, name: str) -> bool:
        """Whether a class of the project, or a base of it, binds the attribute ``name`` of itself or of ``self``."""
        for base in info.mro():
            outline = self.index.modules.get(base.module) if isinstance(base, v.ClassInfo) else None
            cls = outline.classes.get(base.name) if outline is not None and isinstance(base, v.ClassInfo) else None
            if cls is not None and name in cls.attributes:
                return True
        return False

    def is_no_module(self, info: v.ClassInfo) -> bool:
        """Whether a class is known not to be a module: all that it derives from is the project's, Python's, or another class of torch."""
        bases = [base for cls in info.mro() if isinstance(cls, v.ClassInfo) for base in cls.bases]
        known = all(isinstance(base, v.UserClass) or (isinstance(base, v.Ref) and _is_own_or_python(base.name)) for base in bases)
        return known and not self.is_module_like(info)

    def defined_below(self, info: v.ClassInfo, name: str) -> bool:
        """Whether a subclass of ``info`` in the project defines the member ``name``."""
        return any(
            name in cls.methods or name in cls.attributes or self.defined_below(cls, name)
            for cls in self._subclasses(info)
            if cls is not info
        )

    def is_only_of_modules(self, name: str) -> bool:
        """Whether classes of the project define the member ``name``, and all of them are modules."""
        if name not in self._only_of_modules:
            owners = [
                self.binding(outline.name, cls)
                for outline in self.index.modules.values()
                for cls, members in outline.classes.items()
                if name in members.methods or name in members.attributes
            ]
            self._only_of_modules[name] = bool(owners) and all(isinstance(o, v.UserClass) and self.is_module_like(o.info) for o in owners)
        return self._only_of_modules[name]

    def _subclasses(self, info: v.ClassInfo) -> list[v.ClassInfo]:
        found = [self.binding(module, name) for module, name in self.index.subclasses.get(info.name, ())]
        direct = [value.info for value in found if isinstance(value, v.UserClass)]
        return [cls for cls in direct if any(isinstance(base, v.UserClass) and base.info is info for base in cls.bases)]

    def absolute(self, name: str) -> Value:
        """The value of an absolute dotted name: a project module, something in one, or an external reference."""
        if name in self.index.modules:
            return v.ProjectModule(name)
        head, _, leaf = name.rpartition(".")
        if head in self.index.modules:
            return self.binding(head, leaf)
        if head and self._inside_project(head):
            owner = self.absolute(head)
            return self.attribute(owner, leaf)
        return v.Ref(name)

    def _inside_project(self, name: str) -> bool:
        while name:
            if name in self.index.modules:
                return True
            name = name.rpartition(".")[0]
        return False

    def attribute(self, owner: Value, name: str) -> Value:
        """``owner.name``, also through project modules."""
        if isinstance(owner, v.ProjectModule):
            return self.binding(owner.name, name)
        return self.semantics.attribute(owner, name)

    def binding(self, module: str, name: str) -> Value:
        """What ``name`` stands for at the top level of a project module."""
        key = (module, name)
        if key not in self._bindings:
            self._bindings[key] = UNKNOWN
            if self._depth < _LIMIT:
                self._depth += 1
                try:
                    self._bindings[key] = self._find(module, name)
                finally:
                    self._depth -= 1
        return self._bindings[key]

    def _find(self, module: str, name: str) -> Value:
        outline = self.index.modules.get(module)
        if outline is None:
            return UNKNOWN
        if name in outline.classes:
            return self._class(outline, outline.classes[name], (module, name))
        if name in outline.functions:
            return v.UserFunction(self.function(outline.functions[name], module, None))
        if name in outline.imports:
            return self.absolute(outline.imports[name])
        if name in outline.assignments:
            text = outline.assignments[name]
            return self.evaluate(text, module) if text else UNKNOWN
        submodule = f"{module}.{name}"
        if submodule in self.index.modules:
            return v.ProjectModule(submodule)
        return self._from_stars(outline, name)

    def _from_stars(self, outline: ModuleOutline, name: str) -> Value:
        for star in outline.stars:
            if star in self.index.modules:
                if self.exports(star, name):
                    return self.binding(star, name)
            elif is_source(star) and (self.semantics.entry(f"{star}.{name}") or self.semantics.registry.has_prefix(f"{star}.{name}")):
                return v.Ref(f"{star}.{name}")
        return UNKNOWN

    def exports(self, module: str, name: str) -> bool:
        """Whether ``from module import *`` binds ``name``."""
        outline = self.index.modules[module]
        if outline.exports is not None:
            return name in outline.exports
        if name.startswith("_"):
            return False
        own = name in outline.classes or name in outline.functions or name in outline.imports or name in outline.assignments
        return own or any(star in self.index.modules and star != module and self.exports(star, name) for star in outline.stars)

    def _class(self, outline: ModuleOutline, cls: ClassOutline, key: tuple[str, str]) -> Value:
        info = v.ClassInfo(cls.name, outline.name)
        value = v.UserClass(info)
        self._bindings[key] = value
        self.fill_class(info, cls, outline.name)
        return value

    def fill_class(self, info: v.ClassInfo, cls: ClassOutline, module: str) -> None:
        """Resolve a class outline's bases, methods and attributes into ``info``."""
        info.bases = tuple(self.evaluate(base.partition("[")[0], module) for base in cls.bases)
        for name, method in cls.methods.items():
            info.methods[name] = self.function(method, module, info)
        for name, (how, text) in cls.attributes.items():
            if how == "tensor":
                info.attributes[name] = v.TENSOR
            elif text:
                info.attributes[name] = (
                    self.annotation(text, module) if how == "annotation" else self.semantics.stored(self.evaluate(text, module))
                )
            if name in cls.modules and info.attributes.get(name, UNKNOWN) is UNKNOWN:
                info.attributes[name] = v.MODULE

    def function(self, outline: FunctionOutline, module: str, owner: v.ClassInfo | None) -> v.FunctionInfo:
        """A function outline with its annotations resolved."""
        decorators = tuple(outline.decorators)
        info = v.FunctionInfo(
            name=outline.name,
            module=module,
            parameters=tuple(
                v.ParameterInfo(
                    name,
                    star,
                    self.annotation(annotation, module) if annotation else None,
                    self.evaluate(default, module) if default else None,
                    self._used_as(name, outline, module),
                )
                for name, star, annotation, default in outline.parameters
            ),
            returns=self.annotation(outline.returns, module) if outline.returns else None,
            owner=owner,
            is_static="staticmethod" in decorators,
            is_class_method="classmethod" in decorators,
            is_property="property" in decorators or any(d.endswith("cached_property") for d in decorators),
        )
        if outline.body:
            info.infer = lambda: self._inferred(info, outline, module)
        return info

    def _inferred(self, info: v.FunctionInfo, outline: FunctionOutline, module: str) -> Value:
        """What a function returns, as its outline tells."""
        if self._depth >= _LIMIT or not all(self._keeps_function(decorator, module) for decorator in outline.decorators):
            return UNKNOWN
        names = {p.name: UNKNOWN if p.star else p.kind() for p in info.parameters}
        self._depth += 1
        outer = self._locals
        try:
            return infer_result(outline.body, names, lambda node, local: self._local(node, module, local))
        finally:
            self._depth -= 1
            self._locals = outer

    def sets_mode(self, info: v.FunctionInfo, depth: int = 3) -> bool:
        """Whether a top-level function of the project calls ``train`` or ``eval`` of something, itself or through those that it calls."""
        outline = self.index.modules[info.module].functions.get(info.name) if info.module in self.index.modules else None
        if outline is None or outline.sets_mode or depth == 0:
            return outline is not None
        called = (self.evaluate(name, info.module) for name in sorted(outline.called))
        return any(
            self.sets_mode(value.info, depth - 1) for value in called if isinstance(value, v.UserFunction) and value.info is not info
        )

    def _keeps_function(self, decorator: str, module: str) -> bool:
        """Whether a decorator of the project or of torch leaves the function's result as it is."""
        found = self.evaluate(decorator.partition("(")[0], module)
        if isinstance(found, v.Ref):
            entry = self.semantics.entry(found.name) if is_source(found.name) else None
            return entry is not None and any(form.statement == "drop" for form in entry.targets.values())
        if not isinstance(found, v.UserFunction) or "(" in decorator:
            return False
        outline = self.index.modules[found.info.module].functions.get(found.info.name)
        returns = [part for statement in outline.body for part in ast.walk(statement) if isinstance(part, ast.Return)] if outline else []
        first = found.info.parameters[0].name if found.info.parameters else ""
        return bool(returns) and all(isinstance(part.value, ast.Name) and part.value.id == first for part in returns)

    def _local(self, node: ast.expr, module: str, names: dict[str, Value]) -> Value:
        self._locals = names
        return self._expression(node, module)

    def _used_as(self, parameter: str, outline: FunctionOutline, module: str) -> Value | None:
        """A tensor, where the body calls a method that only tensors have, or passes the parameter on as a torch function's input."""
        uses = [use for name, use in outline.uses if name == parameter]
        if not uses or "isinstance" in uses or not self._imports_torch(module):
            return None
        if acts_as_module(uses):
            return v.MODULE
        return v.TENSOR if any(self._is_of_tensors(use, module) for use in uses) else None

    def _imports_torch(self, module: str) -> bool:
        """A file that imports nothing of torch has other objects whose methods have the names of tensors' methods."""
        return module in self.index.modules and any(map(is_source, self.index.modules[module].imports.values()))

    def _is_of_tensors(self, use: str, module: str) -> bool:
        if use.startswith("."):
            method = self.semantics.registry.lookup(f"torch.Tensor{use}")
            return method is not None and method.unambiguous and method.kind == "method"
        function = self.evaluate(use, module)
        entry = self.semantics.entry(function.name) if isinstance(function, v.Ref) and is_source(function.name) else None
        if entry is None or entry.kind != "function":
            return False
        signature = entry.signature or (entry.overloads[0].signature if entry.overloads else None)
        return signature is not None and bool(signature.parameters) and signature.parameters[0].name == "input"

    def evaluate(self, text: str, module: str) -> Value:
        """The value of a short expression at a module's top level."""
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except SyntaxError:
            return UNKNOWN
        outer, self._locals = self._locals, {}
        found = self._expression(tree.body, module)
        self._locals = outer
        return found

    def _expression(self, node: ast.expr, module: str) -> Value:
        if isinstance(node, ast.Name) and node.id in self._locals:
            return self._locals[node.id]
        if isinstance(node, ast.Name):
            found = self.binding(module, node.id)
            return v.Ref(f"builtins.{node.id}") if found is UNKNOWN and node.id in _BUILTIN_NAMES else found
        if isinstance(node, ast.Attribute):
            return self.attribute(self._expression(node.value, module), node.attr)
        if isinstance(node, ast.Constant):
            return v.Lit(node.value) if isinstance(node.value, (str, int, float, bool, type(None))) else UNKNOWN
        if isinstance(node, ast.Call):
            values = [self._expression(argument, module) for argument in node.args]
            values += [self._expression(keyword.value, module) for keyword in node.keywords]
            return self.semantics.call(self._expression(node.func, module), _arguments(node, values), values)
        if isinstance(node, (ast.Tuple, ast.List)):
            return v.Tup(tuple(self._expression(item, module) for item in node.elts))
        if isinstance(node, ast.IfExp):
            return v.join(self._expression(node.body, module), self._expression(node.orelse, module))
        if isinstance(node, ast.BoolOp):
            return v.join(self._expression(node.values[0], module), self._expression(node.values[-1], module))
        if isinstance(node, ast.BinOp):
            sides = self._expression(node.left, module), self._expression(node.right, module)
            return v.FRESH if any(isinstance(side, v.Tensor) for side in sides) else UNKNOWN
        if isinstance(node, ast.UnaryOp):
            operand = self._expression(node.operand, module)
            return v.BOOL if isinstance(node.op, ast.Not) else v.FRESH if isinstance(operand, v.Tensor) else operand
        if isinstance(node, ast.Subscript):
            index = UNKNOWN if isinstance(node.slice, ast.Slice) else self._expression(node.slice, module)
            return self.semantics.subscript(self._expression(node.value, module), index, isinstance(node.slice, ast.Slice))
        return UNKNOWN

    def annotation(self, text: str, module: str) -> Value:
        """The kind that an annotation promises."""
        key = (module, text)
        if key not in self._annotations:
            self._annotations[key] = UNKNOWN
            try:
                tree = ast.parse(text.strip(), mode="eval")
            except SyntaxError:
                return UNKNOWN
            self._annotations[key] = self._annotation(tree.body, module)
        return self._annotations[key]

    def _annotation(self, node: ast.expr, module: str) -> Value:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.annotation(node.value, module)
            return v.NONE if node.value is None else UNKNOWN
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return v.join(self._annotation(node.left, module), self._annotation(node.right, module))
        if isinstance(node, ast.Subscript):
            return self._generic(node, module)
        if isinstance(node, ast.Name) and node.id in _BUILTIN_ANNOTATIONS:
            return _BUILTIN_ANNOTATIONS[node.id]
        return self.instance_of(self._expression(node, module))

    def _generic(self, node: ast.Subscript, module: str) -> Value:
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("Optional", "Final", "ClassVar", "Annotated", "Required"):
            return self._annotation(items[0], module)
        if name == "Union":
            result = self._annotation(items[0], module)
            for item in items[1:]:
                result = v.join(result, self._annotation(item, module))
            return result
        if name in ("Tuple", "tuple"):
            if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is Ellipsis:
                return v.Seq(self._annotation(items[0], module))
            return v.Tup(tuple(self._annotation(item, module) for item in items))
        if name in _SEQUENCES:
            return v.Seq(self._annotation(items[0], module))
        if name in _DICTS:
            return v.DictOf(self._annotation(items[-1], module))
        if name == "Callable":
            return v.Factory(self._annotation(items[-1], module)) if len(items) > 1 else UNKNOWN
        if name in ("type", "Type"):
            return v.Factory(self._annotation(items[0], module))
        if name == "Literal":
            return self._expression(items[0], module) if len(items) == 1 else v.STR
        cls = self._expression(node.value, module)
        return self.instance_of(cls) if isinstance(cls, v.Ref) and is_source(cls.name) else UNKNOWN

    def instance_of(self, cls: Value) -> Value:
        """The kind of an instance of the class ``cls`` denotes."""
        if isinstance(cls, v.UserClass):
            return v.UserInst(cls.info)
        if not isinstance(cls, v.Ref):
            return UNKNOWN
        name = canonical(cls.name)
        leaf = name.rpartition(".")[2]
        if name.startswith("builtins."):
            return {"int": v.INT, "float": v.FLOAT, "bool": v.BOOL, "str": v.STR, "list": v.Seq(UNKNOWN), "tuple": v.Seq(UNKNOWN),
                    "dict": v.DictOf(UNKNOWN)}.get(leaf, UNKNOWN)  # fmt: skip
        if not is_source(name):
            generic = {"List": v.Seq(UNKNOWN), "Tuple": v.Seq(UNKNOWN), "Dict": v.DictOf(UNKNOWN), "Callable": UNKNOWN, "Any": UNKNOWN,
                       "Sequence": v.Seq(UNKNOWN), "Optional": UNKNOWN, "Iterable": v.Seq(UNKNOWN), "Self": UNKNOWN, "TypeVar": UNKNOWN}  # fmt: skip
            root = name.partition(".")[0]
            named = {"numpy": v.ARRAY, "typing": UNKNOWN, "typing_extensions": UNKNOWN}
            return generic[leaf] if leaf in generic else named.get(root, v.FOREIGN if is_without_tensors(name) else UNKNOWN)
        special = {
            "torch.Tensor": v.TENSOR, "torch.nn.Parameter": v.TENSOR, "torch.nn.parameter.Parameter": v.TENSOR, "torch.Size": v.SHAPE,
            "torch.dtype": v.DTYPE, "torch.device": v.DEVICE, "torch.nn.Buffer": v.TENSOR,
            "torch.FloatTensor": v.TENSOR, "torch.LongTensor": v.TENSOR, "torch.BoolTensor": v.TENSOR, "torch.IntTensor": v.TENSOR,
        }  # fmt: skip
        return special.get(name) or v.Inst((name,))


def _is_own_or_python(name: str) -> bool:
    """Whether an external class is torch's or Python's, so that what it derives from is known."""
    return is_source(name) or not name.partition(".")[2] or name.partition(".")[0] in sys.stdlib_module_names


def _arguments(node: ast.Call, values: Sequence[Value]) -> list[Argument]:
    """A call's arguments as the binder wants them."""
    written = [(None, argument) for argument in node.args] + [(keyword.arg, keyword.value) for keyword in node.keywords]
    found = []
    for index, ((name, argument), value) in enumerate(zip(written, values, strict=True)):
        star: Literal["", "*", "**"] = (
            "*" if isinstance(argument, ast.Starred) else "**" if name is None and index >= len(node.args) else ""
        )
        found.append(Argument(name, star, kind_name(value), index, literal_text(value)))
    return found


_BUILTIN_NAMES = frozenset(dir(__import__("builtins")))
