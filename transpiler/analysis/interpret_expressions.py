"""What kind of value each expression has, and which of them concern torch: the expression half of the abstract interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.aliases import KEEPING, Alias, alias_key, shared_names
from transpiler.analysis.dtype_category import category_of_dtype, category_of_operation, may_be_whole_power
from transpiler.analysis.facts import (
    AttributeFact,
    CallFact,
    Certainty,
    Facts,
    Picks,
    Position,
    Reference,
    StringAnnotation,
    SubscriptFact,
)
from transpiler.analysis.format_specs import formatted_arguments, is_of_floats
from transpiler.analysis.name_patterns import name_pattern
from transpiler.analysis.names import canonical, is_source
from transpiler.analysis.operators import function_of_inversion, function_of_operator
from transpiler.analysis.resolve import Resolver
from transpiler.analysis.scopes import Scope
from transpiler.analysis.semantics import Semantics, inplace_argument, kind_name, literal_text
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument
from transpiler.syntax.names import dotted

#: Classes whose members an object of unknown kind may be using.
CANDIDATE_OWNERS = ("torch.Tensor", "torch.nn.Module", "torch.optim.Optimizer")
#: Python's types, which torch takes for dtypes.
_DTYPES_OF_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "builtins.bool": "torch.bool",
        "builtins.int": "torch.int64",
        "builtins.float": "torch.float64",
        "builtins.complex": "torch.complex128",
    }
)
#: Attributes that one class of torch's layers alone has.
_LAYERS_BY_ATTRIBUTE: Mapping[str, str] = MappingProxyType({"in_features": "torch.nn.Linear", "out_features": "torch.nn.Linear"})
_BUILTINS = frozenset(dir(__import__("builtins")))
_CONSTANTS: Mapping[str, Value] = MappingProxyType({"None": v.NONE, "True": v.Lit(True), "False": v.Lit(False)})
#: Functions that fill a parameter or keep it, and what is asked of or set on a parameter itself.
_FILLING = ("torch.nn.init.", "torch.nn.Parameter", "torch.nn.utils.", "torch.nn.parameter.", "torch.optim.", "torch.manual")
_OF_PARAMETERS = frozenset({"data", "grad", "requires_grad", "dtype", "device", "is_leaf", "backward", "register_hook"})
#: Attributes of torch's layers that other frameworks' layers call differently.
LAYER_NAMES = frozenset({"weight", "bias", "running_mean", "running_var"})
#: Arguments that torch's layers keep and other frameworks' layers call differently, or keep in other forms.
LAYER_SETTINGS = LAYER_NAMES | frozenset({
    "kernel_size", "stride", "padding", "dilation", "groups", "output_padding", "padding_mode", "in_features", "out_features", "num_embeddings",
    "embedding_dim", "num_features", "eps", "momentum", "affine", "track_running_stats", "elementwise_affine", "negative_slope", "ceil_mode",
})  # fmt: skip
#: Arguments that all of them keep alike.
LIKE_SETTINGS = frozenset({"in_channels", "out_channels", "padding_idx", "normalized_shape", "num_groups", "num_channels"})
#: Layers that compute something else while they are trained.
MODAL_LAYERS = frozenset(
    f"torch.nn.{name}{rank}"
    for name in ("BatchNorm", "LazyBatchNorm", "Dropout", "AlphaDropout", "FeatureAlphaDropout", "RReLU", "SyncBatchNorm")
    for rank in ("", "1d", "2d", "3d")
)
_IMPORTERS = frozenset({"importlib.import_module", "builtins.__import__"})
_CASTS = frozenset({"typing.cast", "typing_extensions.cast"})
#: Functions that find a member by its name (``getattr``, ``getattr_static``, ``patch.object``), and methods of the dictionaries of members.
_BY_NAME = frozenset({"getattr_static", "getattr", "setattr", "hasattr", "delattr", "object"})
_BY_KEY = frozenset({"get", "pop", "setdefault"})
#: Functions that call a function with the items of their other arguments.
_CALLING = frozenset({"builtins.map", "builtins.filter", "builtins.sorted", "builtins.min", "builtins.max", "functools.reduce"})
#: Methods of lists that torch's containers of layers have too, not all of those of other frameworks.
_EDITING = frozenset({"insert", "extend", "pop"})
#: Methods that return their receiver where there is nothing to do.
_OFTEN_SAME = frozenset(
    {
        "to",
        "type",
        "type_as",
        "float",
        "double",
        "half",
        "bfloat16",
        "long",
        "int",
        "bool",
        "cpu",
        "cuda",
        "contiguous",
        "requires_grad_",
        "numpy",
    }
)


class ExpressionInterpreter:
    """Evaluates expressions in a scope and records facts. One instance per file."""

    def __init__(
        self,
        module: cst.Module,
        module_name: str,
        resolver: Resolver,
        semantics: Semantics,
        renames: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.module = module
        self.renames = renames
        self.module_name = module_name
        self.resolver = resolver
        self.semantics = semantics
        self.registry = semantics.registry
        self.facts = Facts()
        self.scope = Scope("module", None)
        self.mixed: set[tuple[int, str]] = set()  #: names (by their scope's id) that hold a number on one path and a tensor on another
        self.statements: list[int] = []
        self._objects = 0
        self._set_modes: set[str] = set()
        self.changed: set[str] = set()  #: names whose tensors were changed in place where nobody else saw them
        self._lambda_items: dict[int, tuple[Value, ...]] = {}
        self._in_text = False
        self._dispatch: dict[type, Callable[[Any, Position], Value]] = {
            cst.Name: self._name,
            cst.Attribute: self._attribute,
            cst.Call: self._call,
            cst.Subscript: self._subscript,
            cst.BinaryOperation: self._binary,
            cst.UnaryOperation: self._unary,
            cst.BooleanOperation: self._boolean,
            cst.Comparison: self._comparison,
            cst.IfExp: self._if_exp,
            cst.Lambda: self._lambda,
            cst.Tuple: self._display,
            cst.List: self._display,
            cst.Set: self._set,
            cst.Dict: self._dict,
            cst.ListComp: self._list_comp,
            cst.GeneratorExp: self._list_comp,
            cst.SetComp: self._list_comp,
            cst.DictComp: self._dict_comp,
            cst.SimpleString: self._string,
            cst.ConcatenatedString: self._concatenated,
            cst.FormattedString: self._formatted,
            cst.Integer: lambda node, _: v.Lit(int(node.value.replace("_", ""), 0)),
            cst.Float: lambda node, _: v.Lit(float(node.value.replace("_", ""))),
            cst.Imaginary: lambda node, _: v.COMPLEX,
            cst.Ellipsis: lambda node, _: UNKNOWN,
            cst.NamedExpr: self._named,
            cst.Await: lambda node, _: self._only(node.expression),
            cst.Yield: self._yield,
            cst.StarredElement: lambda node, _: self.iterate(self.evaluate(node.value)),
        }

    # -- entry points ---------------------------------------------------------------------------------------------------

    def evaluate(self, node: cst.BaseExpression, position: Position = Position.VALUE) -> Value:
        """The kind of an expression; facts about it and everything inside it are recorded."""
        method = self._dispatch.get(type(node))
        return method(node, position) if method is not None else UNKNOWN

    def _only(self, node: cst.BaseExpression) -> Value:
        self.evaluate(node)
        return UNKNOWN

    def touch(self) -> None:
        """Mark the statement being interpreted, and those around it, as concerned."""
        dirty = self.facts.dirty
        for key in reversed(self.statements):
            if key in dirty:
                break
            dirty.add(key)

    def iterate(self, value: Value) -> Value:
        """What iterating over ``value`` yields."""
        return self.semantics.iterate(value)

    # -- names ----------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        """The value of a name in the current scope."""
        return self.scope.lookup(name, self._global)

    def _global(self, name: str) -> Value:
        found = self.resolver.binding(self.module_name, name)
        if found is UNKNOWN and name in _BUILTINS and not self._defined_here(name):
            return v.Ref(f"builtins.{name}")
        return found

    def _defined_here(self, name: str) -> bool:
        outline = self.resolver.index.modules.get(self.module_name)
        return outline is not None and (name in outline.assignments or name in outline.imports)

    def _name(self, node: cst.Name, position: Position) -> Value:
        if node.value in _CONSTANTS:
            return _CONSTANTS[node.value]
        if self.scope.kind == "class" and node.value in self.renames and self._is_class_member(node.value):
            self.rename_member(node, node.value)
        value = self.lookup(node.value)
        if isinstance(value, v.Tensor) and (v.is_presumably_fresh(value) or value.part):
            shared = self.is_shared(node.value)
            value = v.held(value) if shared else (v.PRESUMED if value.part else value)
        if isinstance(value, v.Ref) and is_source(value.name) and position is not Position.OWNER:
            self.record_reference(node, value, position)
            return v.DtypeValue(category_of_dtype(value.name)) if self._is_dtype(value) else value
        return value

    def _is_class_member(self, name: str) -> bool:
        """Whether ``name``, in the body of a module class, is a member that the class defines."""
        owner = self.scope.owner
        return owner is not None and (name in self.scope.names or name in owner.methods) and self.resolver.is_module_like(owner)

    def rename_member(self, node: cst.CSTNode, name: str) -> None:
        """Note that ``node`` names a member that goes by another name on the target."""
        self.facts.renames[id(node)] = self.renames[name]
        self.touch()

    # -- who else sees a tensor -----------------------------------------------------------------------------------------

    def alias_of(self, name: str) -> Alias:
        """The objects that a name may denote."""
        key = alias_key(name)
        found = self.scope.names.get(key)
        if not isinstance(found, Alias):
            found = self.new_alias()
            if name in self.scope.names:
                self.scope.names[key] = found
        return found

    def new_alias(self) -> Alias:
        """The alias of an object that nothing else denotes."""
        self._objects += 1
        return Alias(frozenset({self._objects}))

    def is_shared(self, name: str) -> bool:
        """Whether something besides ``name`` may refer to its tensor."""
        if name not in self.scope.names:
            return self.scope.kind != "comprehension"
        own = self.alias_of(name)
        if (own.objects | own.views) & self.scope.kept or own.views & self.scope.given:
            return True
        key = alias_key(name)
        return any(isinstance(other, Alias) and k != key and own.overlaps(other) for k, other in self.scope.names.items())

    def keep(self, node: cst.BaseExpression) -> None:
        """A container, an attribute or a generator's consumer holds what ``node`` gives."""
        for name, _ in shared_names(node, self.is_new):
            alias = self.alias_of(name)
            self.scope.kept |= alias.objects | alias.views

    def is_new(self, node: cst.Call) -> bool:
        """Whether a call that was interpreted gives an object that shares nothing with its operands."""
        fact = self.facts.calls.get(id(node))
        if fact is None:
            return not (isinstance(node.func, cst.Attribute) and node.func.attr.value in KEEPING)
        entries = [entry for entry in map(self.semantics.entry, fact.apis) if entry is not None]
        return not any(
            e.view or e.inplace is not None or e.returns == ("self",) or e.api.rpartition(".")[2] in _OFTEN_SAME for e in entries
        )

    def note_effect(self, node: cst.Call, certainty: str) -> None:
        """A call that changes its operand; the statement half works out who sees it."""

    def _operand_effect(self, node: cst.Call, callee: Value, arguments: Sequence[Argument]) -> None:
        certainty = callee.inplace if isinstance(callee, v.Inst) else ""
        if isinstance(callee, v.Ref) and is_source(callee.name):
            entry = self.semantics.entry(callee.name)
            certainty = inplace_argument(entry, arguments) if entry is not None and entry.kind == "function" else ""
        if certainty and node.args:
            self.note_effect(node, certainty)

    def _read_values(self, operands: Iterable[cst.BaseExpression]) -> None:
        """Note which operands are attributes whose values count, such as a layer's weight given to a function."""
        self.facts.value_reads.update(id(operand) for operand in operands if isinstance(operand, cst.Attribute))

    def _is_dtype(self, value: v.Ref) -> bool:
        entry = self.semantics.entry(value.name)
        return entry is not None and entry.kind == "dtype"

    def record_reference(self, node: cst.BaseExpression, value: v.Ref, position: Position) -> None:
        """Note that ``node`` denotes a torch symbol."""
        if position is not Position.CALLEE:
            self.facts.references[id(node)] = Reference(canonical(value.name), position, node)
        self.touch()

    def _attribute(self, node: cst.Attribute, position: Position) -> Value:
        owner = self.evaluate(node.value, Position.OWNER)
        name = node.attr.value
        if isinstance(owner, v.Ref) and is_source(owner.name):
            return self._source_attribute(node, owner, name, position)
        if name in _EDITING:
            self._note_edited(owner)
        if name not in _OF_PARAMETERS and not name.endswith("_") and self.semantics.entry(f"torch.Tensor.{name}") is not None:
            self._read_values((node.value,))
        value = self.resolver.attribute(owner, name)
        if name == "grad" and owner is UNKNOWN:
            value = v.TENSOR  # nothing but tensors has one
        if (
            name in ("type", "index")
            and (owner is UNKNOWN or isinstance(owner, v.Bound))
            and isinstance(node.value, cst.Attribute)
            and node.value.attr.value == "device"
        ):
            self.facts.devices.add(id(node.value))
            self.touch()
        if owner == v.ARRAY and position is Position.CALLEE:
            value = v.Factory(v.NUMBER if name == "item" else v.ARRAY)
        if isinstance(value, v.Ref) and is_source(value.name):
            if position is not Position.OWNER:
                self.record_reference(node, value, position)
            return value
        if position is not Position.CALLEE or name in self.renames:
            self.record_attribute(node, owner, store=False)
        if name == "__name__" and not self._in_text and is_class_of(node.value) and self._may_be_layer(node.value):
            self.facts.class_names.add(id(node))
            self.touch()
        return value

    def _may_be_layer(self, cls: cst.BaseExpression) -> bool:
        """Whether ``cls`` (``x.__class__`` or ``type(x)``) can be the class of a torch layer."""
        subject = cls.value if isinstance(cls, cst.Attribute) else cls.args[0].value if isinstance(cls, cst.Call) else cls
        value = self.lookup(subject.value) if isinstance(subject, cst.Name) else UNKNOWN
        return value is UNKNOWN or isinstance(value, v.Inst)

    def _source_attribute(self, node: cst.Attribute, owner: v.Ref, name: str, position: Position) -> Value:
        value = v.Ref(f"{owner.name}.{name}")
        entry = self.semantics.entry(owner.name)
        if entry is not None and entry.kind in ("value", "dtype"):
            self.record_reference(node.value, owner, Position.VALUE)
            if entry.kind == "dtype":
                self.record_attribute(node, v.DTYPE, store=False)
            return UNKNOWN
        known = self._referenced(value)
        if position is Position.OWNER and known is not value:
            self.record_reference(node, value, Position.VALUE)  # a member of what it stands for is no name of torch's
        elif position is not Position.OWNER:
            self.record_reference(node, value, position)
            if self._is_dtype(value):
                return v.DtypeValue(category_of_dtype(value.name))
        return known

    def _referenced(self, value: v.Ref) -> Value:
        """References whose entry says that they are values, not things to call."""
        entry = self.semantics.entry(value.name)
        if entry is not None and entry.kind == "value" and entry.returns is not None:
            return self.semantics.returned(entry.returns)
        return value

    def record_attribute(self, node: cst.Attribute, owner: Value, store: bool) -> None:
        """Note an attribute of a tensor, module or unknown object that some entry speaks about."""
        name = node.attr.value
        if name in self.renames and self._is_own_member(owner, name):
            self.rename_member(node, name)
            return
        if name in self.renames and self._may_be_own_member(owner, name):
            self.facts.presumed_members.add(id(node))
            if name.startswith("_"):
                self.rename_member(node, name)
                return
            self.touch()
        apis, certainty, classes = self._member_apis(owner, name)
        if apis or classes or (certainty is Certainty.MAYBE and (name in LAYER_SETTINGS or name in LIKE_SETTINGS)):
            self.facts.attributes[id(node)] = AttributeFact(apis, certainty, owner, node, store, classes)
            self.touch()

    def _is_own_member(self, owner: Value, name: str) -> bool:
        """Whether ``name`` is a member that a module class of the project defines for itself (or overrides, like ``forward``)."""
        if isinstance(owner, v.Ref) or not isinstance(owner, (v.UserInst, v.UserClass, v.Super)):
            return False
        info = owner.info
        defines = info.method(name) is not None or info.attribute(name) is not None or name == "forward" or self.resolver.binds(info, name)
        return (defines or self.resolver.defined_below(info, name)) and self.resolver.is_module_like(info)

    def _may_be_own_member(self, owner: Value, name: str) -> bool:
        """Whether an object of unknown kind may be a module of the project with a member ``name``, which the target's base class reserves."""
        is_reserved = self.renames[name] == f"{name}_"
        return owner is UNKNOWN and is_reserved and not self.semantics.is_tensor_member(name) and self.resolver.is_only_of_modules(name)

    def _member_apis(self, owner: Value, name: str) -> tuple[tuple[str, ...], Certainty, tuple[str, ...]]:
        if isinstance(owner, v.Tensor):  # a public name that no entry knows is none of torch's: every one of those has an entry
            is_member = name.startswith("_") or self.registry.lookup(f"torch.Tensor.{name}") is not None
            return ((f"torch.Tensor.{name}",) if is_member else ()), Certainty.KNOWN, ()
        if isinstance(owner, v.Batch):
            return ((f"torch.Tensor.{name}",) if self.semantics.is_tensor_member(name) else ()), Certainty.KNOWN, ()
        if isinstance(owner, v.Shape):
            return ((f"torch.Size.{name}",) if name == "numel" else ()), Certainty.KNOWN, ()
        if isinstance(owner, v.DtypeValue):
            return ((f"torch.dtype.{name}",) if self.registry.lookup(f"torch.dtype.{name}") else ()), Certainty.KNOWN, ()
        if isinstance(owner, v.DeviceValue):
            return ((f"torch.device.{name}",) if self.registry.lookup(f"torch.device.{name}") else ()), Certainty.KNOWN, ()
        if isinstance(owner, v.Inst):
            return self._instance_member(owner.classes, name)
        if isinstance(owner, (v.UserInst, v.Super)):
            info = owner.info
            if isinstance(owner, v.UserInst) and (info.method(name) is not None):
                return (), Certainty.KNOWN, ()
            bases = tuple(b for b in info.external_bases() if is_source(b))
            return self._instance_member(bases, name) if bases else ((), Certainty.KNOWN, ())
        if owner is UNKNOWN or owner == v.NONE or isinstance(owner, v.Bound):
            owners = () if name.startswith("__") else CANDIDATE_OWNERS  # operators are methods of every class
            apis = tuple(f"{cls}.{name}" for cls in owners if self.registry.lookup(f"{cls}.{name}") is not None)
            return apis, Certainty.MAYBE, self._layer_of(owner, name)
        return (), Certainty.KNOWN, ()

    def _layer_of(self, owner: Value, name: str) -> tuple[str, ...]:
        """The one class of layer that an unknown part of a network must have for an attribute: ``net.fc.in_features``."""
        if name not in _LAYERS_BY_ATTRIBUTE or not isinstance(owner, v.Bound):
            return ()
        while isinstance(owner, v.Bound):
            owner = owner.owner
        is_network = isinstance(owner, v.Inst) and all(map(self.semantics.is_module_class, owner.classes))
        return (_LAYERS_BY_ATTRIBUTE[name],) if is_network else ()

    def _instance_member(self, classes: Sequence[str], name: str) -> tuple[tuple[str, ...], Certainty, tuple[str, ...]]:
        canonical_classes = tuple(canonical(c) for c in classes if is_source(c))
        entry = self.semantics.find_member(canonical_classes, name)
        return ((entry.api,) if entry is not None else ()), Certainty.KNOWN, canonical_classes

    # -- calls ----------------------------------------------------------------------------------------------------------

    def _call(self, node: cst.Call, position: Position) -> Value:
        func = node.func
        callee = self.evaluate(func, Position.CALLEE)
        if isinstance(func, cst.Attribute) and func.attr.value.endswith("_"):
            self.facts.number_indices.discard(id(func.value))  # written into, where the target sees to its tensor
        callee = self.semantics.stored(callee) if isinstance(func, cst.Subscript) else callee
        if _last_name(func) in _BY_NAME and len(node.args) >= 2:
            self._rename_key(node.args[0].value, node.args[1].value)
        elif isinstance(func, cst.Attribute) and func.attr.value in _BY_KEY and node.args and _is_namespace(func.value):
            self._rename_key(func.value, node.args[0].value)
        if isinstance(callee, v.Ref) and callee.name.startswith("builtins."):
            special = self._builtin_call(node, callee.name[9:])
            if special is not None:
                return special
        if isinstance(callee, v.Ref) and callee.name in _CASTS and len(node.args) == 2:
            self.evaluate(node.args[0].value, Position.ANNOTATION)
            promised = self.resolver.annotation(self.module.code_for_node(node.args[0].value), self.module_name)
            value = self.evaluate(node.args[1].value)
            return value if promised is UNKNOWN else promised
        self._note_items(node, callee)
        values = tuple([self._argument(argument, self.evaluate(argument.value), callee) for argument in node.args])
        self._note_formatted(node, values)
        if isinstance(callee, v.Ref) and is_source(callee.name) and not callee.name.startswith(_FILLING):
            self._read_values(argument.value for argument in node.args)
        arguments = self.arguments(node, values)
        if values and isinstance(values[0], v.Lit) and self._imports(func, callee, str(values[0].value)):
            self.facts.references[id(node)] = Reference(f"{values[0].value}.*", Position.VALUE, node)
            self.touch()
            return UNKNOWN
        if isinstance(callee, v.Ref) and is_source(callee.name):
            name = canonical(callee.name)
            self.facts.calls[id(node)] = CallFact((name,), Certainty.KNOWN, values, None, node, self.scope.outside)
            self.touch()
        elif isinstance(func, cst.Attribute):
            self._method_call(node, func, callee, values)
        keeps = isinstance(func, cst.Attribute) and func.attr.value in KEEPING and id(node) not in self.facts.calls
        for argument in node.args if keeps or isinstance(callee, v.UserClass) else ():
            self.keep(argument.value)
        if isinstance(callee, v.Ref) and not is_source(callee.name):
            self._leave_ported(node, callee.name)
            if callee.name == "copy.deepcopy" and values:
                self._note_copy(node, values[0])
        elif isinstance(callee, (v.UserClass, v.UserFunction)) and isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name):
            self._leave_ported(node, f"{func.value.value}.{func.attr.value}")  # the project's own support module
        if isinstance(callee, v.Inst) and MODAL_LAYERS.intersection(callee.classes) and self._is_made_here(func):
            self.facts.new_layer_calls.add(id(node))
            self.touch()
        layer = callee.owner if isinstance(callee, v.Bound) and callee.name == "forward" else callee
        if isinstance(layer, v.Inst) and node.args and all(a.keyword is not None for a in node.args) and _names_operand(node):
            self.facts.named_operands[id(node)] = layer.classes
            self.touch()
        self._operand_effect(node, callee, arguments)
        result = self.call_value(callee, node, arguments, values)
        self._note_model(node, callee, values, result)
        return result

    def _note_copy(self, node: cst.Call, value: Value) -> None:
        holds = self.semantics.holds_tensors(value)
        if holds is not False:
            self.facts.copies[id(node)] = bool(holds)
            self.touch()

    def _imports(self, func: cst.BaseExpression, callee: Value, module: str) -> bool:
        """Whether a call imports a module of torch by name: Python's own function, or one whose name says so (``optional_import("torch.nn")``)."""
        if isinstance(callee, v.Ref) and callee.name in _IMPORTERS:
            return is_source(module)
        if "import" not in _last_name(func).lower():
            return False
        package = self.registry.package(module)
        known = is_source(module) or self.registry.has_prefix(module)
        return known or (package is not None and package.unsupported is not None and package.unsupported.code == "T2M405")

    def _note_items(self, node: cst.Call, callee: Value) -> None:
        """What ``map(lambda x: …, xs)`` and ``sorted(xs, key=lambda x: …)`` hand to their function, before it is looked into."""
        if not isinstance(callee, v.Ref) or callee.name not in _CALLING:
            return
        functions = [argument for argument in node.args if isinstance(argument.value, cst.Lambda)]
        if functions and not any(argument.star for argument in node.args):
            items = [self.evaluate(argument.value) for argument in node.args if argument is not functions[0]]
            self._lambda_items[id(functions[0].value)] = tuple(map(self.semantics.iterate, items))

    def _note_model(self, node: cst.Call, callee: Value, values: Sequence[Value], result: Value) -> None:
        """A call that makes a model: of its class, of a function that gives one, or of one of torchvision's."""
        is_plain = isinstance(result, (v.Tensor, v.Batch, v.Seq, v.Tup, v.DictOf, v.Shape, v.Scalar, v.Lit))
        if is_plain or (isinstance(result, v.UserInst) and self.resolver.is_no_module(result.info)):
            self.facts.made_others.add(id(node))
        if isinstance(callee, v.UserClass) and self.resolver.is_module_like(callee.info):
            self.facts.made_models[id(node)] = True
        elif isinstance(callee, v.UserFunction) and not isinstance(node.func, cst.Attribute):
            is_model = isinstance(result, v.UserInst) and self.resolver.is_module_like(result.info)
            if is_model or self.resolver.sets_mode(callee.info):
                self.facts.made_models[id(node)] = is_model and not self.resolver.sets_mode(callee.info)
        elif isinstance(callee, v.Ref):
            name = canonical(callee.name)
            is_factory = name.startswith("torchvision.models.") and name.rpartition(".")[2].islower()
            if is_factory or (name == "torch.nn.Sequential" and any(map(self._has_mode, values))):
                self.facts.made_models[id(node)] = True

    def _has_mode(self, layer: Value) -> bool:
        """Whether a part of a model may compute differently in training mode."""
        return isinstance(layer, v.UserInst) or (isinstance(layer, v.Inst) and bool(MODAL_LAYERS.intersection(layer.classes)))

    def _is_made_here(self, func: cst.BaseExpression) -> bool:
        """Whether a layer is called where it is made, in the mode that it starts in."""
        if isinstance(func, cst.Name):
            return func.value in self.scope.names and func.value not in self._set_modes
        return isinstance(func, cst.Call) and not (isinstance(func.func, cst.Attribute) and func.func.attr.value in ("train", "eval"))

    def _leave_ported(self, node: cst.Call, name: str) -> None:
        """``device(x.device)``, from an earlier run: the attribute is converted already."""
        for argument in node.args:
            if isinstance(argument.value, cst.Attribute) and name.endswith(f"support.{argument.value.attr.value}"):
                self.facts.attributes.pop(id(argument.value), None)

    def arguments(self, node: cst.Call, values: Sequence[Value]) -> list[Argument]:
        """The call's arguments as the binder wants them."""
        return [
            Argument(
                argument.keyword.value if argument.keyword is not None else None,
                argument.star,
                kind_name(value),
                index,
                literal_text(value),
            )
            for index, (argument, value) in enumerate(zip(node.args, values, strict=True))
        ]

    def _argument(self, argument: cst.Arg, value: Value, callee: Value) -> Value:
        """The kind of an argument. One of Python's types for a dtype is torch's dtype of that name."""
        if not isinstance(value, v.Ref) or value.name not in _DTYPES_OF_TYPES or not isinstance(argument.value, (cst.Name, cst.Attribute)):
            return value
        if isinstance(callee, v.Ref):
            is_dtype = is_source(callee.name) and argument.keyword is not None and argument.keyword.value == "dtype"
        else:
            is_tensor = isinstance(callee, v.Bound) and isinstance(callee.owner, v.Tensor)
            is_dtype = isinstance(callee, v.Bound) and callee.name == "to" and (is_tensor or callee.owner is UNKNOWN)
            is_dtype = is_dtype or (is_tensor and argument.keyword is not None and argument.keyword.value == "dtype")
        if not is_dtype:
            return value
        self.record_reference(argument.value, v.Ref(_DTYPES_OF_TYPES[value.name]), Position.VALUE)
        return v.DTYPE

    def _method_call(self, node: cst.Call, func: cst.Attribute, callee: Value, values: tuple[Value, ...]) -> None:
        if func.attr.value == "train" and not node.args:
            self.facts.switched.add(dotted(func.value))
        if func.attr.value in ("train", "eval") and isinstance(func.value, cst.Name):
            self._set_modes.add(func.value.value)
        if not isinstance(callee, v.Bound) or id(func) in self.facts.renames:
            return
        apis, certainty, _ = self._member_apis(callee.owner, func.attr.value)
        self._registered(callee, values)
        if apis:
            owner = callee.owner
            entry = self.semantics.entry(apis[0]) if len(apis) == 1 and certainty is Certainty.MAYBE else None
            if entry is not None and entry.unambiguous and entry.inplace is not None:
                # left alone it would run and change nothing
                certainty, owner = Certainty.KNOWN, v.FRESH if self._makes_tensor(func.value) else v.TENSOR
            self.facts.calls[id(node)] = CallFact(apis, certainty, values, owner, node, self.scope.outside)
            self.touch()
            if isinstance(func.value, cst.Name) and v.is_fresh(owner) and func.attr.value.endswith("_"):
                self.changed.add(func.value.value)

    def _makes_tensor(self, node: cst.BaseExpression) -> bool:
        """Whether an expression of unknown kind gives a tensor of its own where it gives a tensor at all: arithmetic, or a method that computes."""
        if isinstance(node, (cst.BinaryOperation, cst.UnaryOperation)):
            return True
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            return False
        entry = self.semantics.entry(f"torch.Tensor.{node.func.attr.value}")
        if entry is not None and entry.inplace is not None:
            return self._makes_tensor(node.func.value)
        return entry is not None and not entry.view and v.is_fresh(self.semantics.returned(entry.returns))

    @staticmethod
    def _registered(callee: v.Bound, values: Sequence[Value]) -> None:
        """``self.register_buffer("name", …)`` makes ``self.name`` a tensor, ``add_module`` a module."""
        made = {"register_buffer": v.TENSOR, "register_parameter": v.TENSOR, "add_module": v.MODULE, "register_module": v.MODULE}
        if isinstance(callee.owner, v.UserInst) and callee.name in made and values and isinstance(values[0], v.Lit):
            name, known = str(values[0].value), callee.owner.info.attributes
            if known.get(name) in (None, v.NONE):
                known[name] = made[callee.name]

    def _presumed_result(self, node: cst.Call, arguments: Sequence[Argument]) -> Value:
        """The result of a method that only one class has, or that gives modules, on an object of unknown kind: as the call is converted, so is what
        it gives."""
        fact = self.facts.calls.get(id(node))
        entry = self.semantics.entry(fact.apis[0]) if fact is not None and len(fact.apis) == 1 else None
        if entry is None or not (entry.unambiguous or entry.returns == ("modules",)) or entry.view or entry.returns == ("self",):
            return UNKNOWN
        owner = v.TENSOR if entry.api.startswith("torch.Tensor.") else v.MODULE
        own = [Argument(None, "", kind_name(owner), 0, "")]
        shifted = [replace(argument, index=argument.index + 1) for argument in arguments]
        return self.semantics.call_entry(entry, own + shifted, owner)

    def call_value(self, callee: Value, node: cst.Call, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        """The kind of a call's result; the statement half overrides this to look into functions of this file."""
        result = self.semantics.call(callee, arguments, values)
        if isinstance(callee, v.Bound) and v.is_fresh(callee.owner) and isinstance(result, v.Tensor) and _is_temporary(node.func):
            return replace(result, fresh=True, presumed=False, part=False)
        if result is UNKNOWN and self._is_module_like_call(callee, values):
            return v.PRESUMED
        if result is UNKNOWN and isinstance(callee, v.Bound) and callee.owner is UNKNOWN:
            return self._presumed_result(node, arguments)
        return result

    def _is_module_like_call(self, callee: Value, values: Sequence[Value]) -> bool:
        """An attribute of a module, of unknown kind, called with a tensor: a layer whose class the source does not show."""
        return (
            isinstance(callee, v.Bound)
            and isinstance(callee.owner, v.UserInst)
            and self.semantics.derives_from_module(callee.owner.info)
            and callee.owner.info.method(callee.name) is None
            and any(isinstance(value, v.Tensor) for value in values)
        )

    def _builtin_call(self, node: cst.Call, name: str) -> Value | None:
        if name in ("isinstance", "issubclass") and len(node.args) == 2:
            self.evaluate(node.args[0].value)
            self.evaluate(node.args[1].value, Position.ISINSTANCE)
            return v.BOOL
        if name == "super":
            scope = self.scope.method_scope()
            for argument in node.args:
                self.evaluate(argument.value, Position.OWNER)
            return v.Super(scope.owner) if scope is not None and scope.owner is not None else UNKNOWN
        if name in ("getattr", "setattr", "hasattr") and len(node.args) >= 2:
            self._layer_question(node)
        if name == "getattr" and len(node.args) >= 2:
            return self._getattr(node)
        if name in ("str", "repr") and len(node.args) == 1:
            return self._text(node, node.args[0].value)
        if name == "type" and len(node.args) == 1:
            subject = self.evaluate(node.args[0].value)
            return v.UserClass(subject.info) if isinstance(subject, v.UserInst) else None
        return None

    def _text(self, node: cst.Call, argument: cst.BaseExpression) -> Value | None:
        """``str(x.dtype)``: programs take such texts apart and look them up."""
        value = self.evaluate(argument)
        named = value is UNKNOWN and isinstance(argument, cst.Attribute) and argument.attr.value == "dtype"
        if not isinstance(value, v.DtypeValue) and not named:
            return None
        self.facts.calls[id(node)] = CallFact(("torch.dtype.__str__",), Certainty.KNOWN, (value,), None, node, self.scope.outside)
        self.touch()
        return v.STR

    def _rename_key(self, owner: cst.BaseExpression, key: cst.BaseExpression) -> None:
        """``getattr(self, "forward")``, ``"forward" in vars(cls)``: the string names a member that is renamed."""
        name = key.raw_value if isinstance(key, cst.SimpleString) else ""
        if name in self.renames and isinstance(name, str):
            subject = _namespace_owner(owner)
            found = self.lookup(subject.value) if isinstance(subject, cst.Name) else self.evaluate(subject, Position.OWNER)
            if self._is_own_member(found, name) or name.startswith("_") and self._may_be_own_member(found, name):
                self.rename_member(key, name)

    def _layer_question(self, node: cst.Call) -> None:
        """``hasattr(layer, "weight")``, or with a name that is known when the program runs: of a torch layer, which may have renamed attributes."""
        key = node.args[1].value
        if isinstance(key, cst.SimpleString) and key.raw_value not in LAYER_NAMES:
            return
        layer = self.evaluate(node.args[0].value)
        if isinstance(layer, v.Inst) and all(self.semantics.is_module_class(cls) for cls in layer.classes):
            self.facts.layer_questions.add(id(node))
            self.touch()

    def _is_integer(self, node: cst.BaseExpression) -> bool:
        return kind_name(self.evaluate(node)) == "int"

    def _getattr(self, node: cst.Call) -> Value:
        owner = self.evaluate(node.args[0].value, Position.OWNER)
        key = self.evaluate(node.args[1].value)
        for argument in node.args[2:]:
            self.evaluate(argument.value)
        if isinstance(owner, v.Ref) and is_source(owner.name):
            self.facts.references.pop(id(node.args[0].value), None)  # an inner getattr: the whole chain is one name
            if isinstance(key, v.Lit) and isinstance(key.value, str):
                value = v.Ref(f"{owner.name}.{key.value}")
                self.record_reference(node, value, Position.VALUE)
                return value
            names = self.semantics.names_like(canonical(owner.name), name_pattern(node.args[1].value, self._is_integer))
            self.facts.references[id(node)] = Reference(f"{canonical(owner.name)}.*", Position.VALUE, node, names)
            self.touch()
            return self.semantics.one_of(names)
        if isinstance(key, v.Lit) and isinstance(key.value, str):
            found = self.resolver.attribute(owner, key.value)
            return UNKNOWN if isinstance(found, v.Bound) else found
        return UNKNOWN

    # -- operators ------------------------------------------------------------------------------------------------------

    def _subscript(self, node: cst.Subscript, position: Position) -> Value:
        inner = Position.ANNOTATION if position is Position.ANNOTATION else Position.VALUE
        owner = self.evaluate(node.value, inner)
        index, is_slice, picks = self.indices(node, inner, isinstance(owner, v.Tensor))
        if position is Position.ANNOTATION:
            return UNKNOWN
        if _is_namespace(node.value) and isinstance(node.slice[0].slice, cst.Index):
            self._rename_key(node.value, node.slice[0].slice.value)
        if not isinstance(owner, v.Tensor):
            picks = Picks.NO
        if isinstance(owner, (v.Tensor, v.Inst, v.UserInst)):
            earlier = self.facts.subscripts.get(id(node))  # of another call of the function
            picks = Picks.MAYBE if earlier is not None and earlier.picks != picks else picks
            self.facts.subscripts[id(node)] = SubscriptFact(owner, index, node, picks)
            if (is_slice or picks) if isinstance(owner, v.Tensor) else isinstance(index, v.Tensor):
                self.touch()
        if picks is Picks.YES and isinstance(owner, v.Tensor):
            return v.Tensor(fresh=True, dtype=owner.dtype)
        item = self.semantics.subscript(owner, index, is_slice)
        return item if isinstance(node.value, cst.Call) else v.held(item) if isinstance(owner, (v.Seq, v.Tup, v.DictOf)) else item

    def indices(self, node: cst.Subscript, position: Position, of_tensor: bool) -> tuple[Value, bool, Picks]:
        """The kind of the last index of ``x[i, j]``, whether there are slices, and whether they pick elements."""
        index: Value = UNKNOWN
        is_slice, picks = False, Picks.NO
        parts = []
        for element in node.slice:
            if isinstance(element.slice, cst.Slice):
                is_slice = True
                for part in (element.slice.lower, element.slice.upper, element.slice.step):
                    if part is not None:
                        self._note_index(part, self.evaluate(part), of_tensor)
            else:
                chosen = cst.ensure_type(element.slice, cst.Index).value
                index = self.evaluate(chosen, position)
                self._note_index(chosen, index, of_tensor)
                picks = max(picks, self._picks(chosen, index))
                parts.append(UNKNOWN if self._is_any(chosen) else index)
        if (
            of_tensor
            and 1 < len(parts) == len(node.slice)
            and any(isinstance(part, v.Tensor) for part in parts)
            and all(map(_may_be_number, parts))
        ):
            self.facts.number_indices.add(id(node))
            self.touch()
        return index, is_slice, picks

    def _note_index(self, node: cst.BaseExpression, index: Value, of_tensor: bool) -> None:
        """An index of a tensor that is NumPy's, a range, or holds one."""
        parts = index.items if isinstance(index, v.Tup) else (index.item, index) if isinstance(index, v.Seq) else (index,)
        if of_tensor and any(part == v.ARRAY or (isinstance(part, v.Seq) and part.is_range) for part in parts):
            self.facts.foreign_indices.add(id(node))
            self.touch()

    def _picks(self, node: cst.BaseExpression, index: Value) -> Picks:
        """Whether one index chooses elements one by one. A tensor may be a number, a sequence a tuple of slices."""
        if isinstance(node, cst.Ellipsis):
            return Picks.NO
        if isinstance(node, cst.List):
            return Picks.YES
        if isinstance(index, v.Seq) and index.is_range and not self._is_any(node):
            return Picks.YES
        if self._is_any(node) or index in (UNKNOWN, v.ARRAY) or isinstance(index, (v.Tup, v.Seq)):
            return Picks.MAYBE
        if isinstance(index, v.Tensor):
            return Picks.YES if index.dtype == "bool" else Picks.MAYBE
        return Picks.NO

    def has_views(self, node: cst.BaseExpression) -> bool:
        """Whether a tensor is known to share memory with what others denote. What is written into a part that was read by its index reaches its whole
        on the target: only names of the same function see more than that."""
        if not isinstance(node, cst.Name) or node.value not in self.scope.names:
            return False
        own, key = self.alias_of(node.value), alias_key(node.value)
        others = [other for k, other in self.scope.names.items() if isinstance(other, Alias) and k != key]
        outside: frozenset[int] = frozenset() if own.is_item else self.scope.given | self.scope.kept
        seen = set(outside).union(*(other.objects | other.views for other in others))
        return bool(own.views & seen) or any(own.objects & other.views for other in others)

    def _is_any(self, node: cst.BaseExpression) -> bool:
        """Whether an expression is a parameter of which only a call has told something: another call may pass something else."""
        function = self.scope.function
        if function is None or not isinstance(node, cst.Name):
            return False
        return any(parameter.name == node.value and parameter.annotation in (None, UNKNOWN) for parameter in function.parameters)

    def _binary(self, node: cst.BinaryOperation, position: Position) -> Value:
        inner = position if position is Position.ANNOTATION else Position.VALUE
        left, right = self.evaluate(node.left, inner), self.evaluate(node.right, inner)
        self._note_operand(node.left, left, right)
        if isinstance(node.operator, cst.Add):
            self._note_edited(left)
        if isinstance(node.operator, (cst.LeftShift, cst.RightShift)) and any(isinstance(side, v.Tensor) for side in (left, right)):
            self.facts.shifts.add(id(node))
            self.touch()
        if isinstance(node.operator, cst.Power) and may_be_whole_power(left, right):
            self.facts.powers.add(id(node))
            self.touch()
        self._note_operator(node, function_of_operator(node.operator, left, right, node.right))
        return operation(left, right, node.operator)

    def _note_operand(self, node: cst.BaseExpression, left: Value, right: Value) -> None:
        """A left operand of a tensor that is NumPy's: it is asked before the tensor."""
        if left == v.ARRAY and isinstance(right, v.Tensor):
            self.facts.foreign_operands.add(id(node))
            self.touch()

    def _note_edited(self, container: Value) -> None:
        """Note that the layers of a container do not stay as it was made with."""
        if isinstance(container, v.Inst):
            self.facts.edited_containers.update(container.classes)

    def _note_operator(self, node: cst.CSTNode, function: str) -> None:
        """Note that ``function`` computes what ``node`` does; an empty name says nothing."""
        if function:
            self.facts.operators[id(node)] = function
            self.touch()

    def _unary(self, node: cst.UnaryOperation, position: Position) -> Value:
        value = self.evaluate(node.expression)
        if isinstance(node.operator, cst.Not):
            return v.BOOL
        if isinstance(node.operator, cst.BitInvert):
            self._note_operator(node, function_of_inversion(value))
        if isinstance(value, v.Lit) and isinstance(node.operator, cst.Minus) and isinstance(value.value, (int, float)):
            return v.Lit(-value.value)
        return v.Tensor(fresh=True, dtype=value.dtype) if isinstance(value, v.Tensor) else value

    def _boolean(self, node: cst.BooleanOperation, position: Position) -> Value:
        left = self.evaluate(node.left)
        known = self.narrow(node.left) if isinstance(node.operator, cst.And) else {}
        return v.join(left, self._evaluate_where(known, node.right))

    def _evaluate_where(self, known: Mapping[str, Value], node: cst.BaseExpression, position: Position = Position.VALUE) -> Value:
        """The kind of ``node`` where a condition has told the kinds of these names."""
        before = {name: self.scope.names[name] for name in known if name in self.scope.names}
        self.scope.names.update({name: known[name] for name in before})
        value = self.evaluate(node, position)
        self.scope.names.update(before)
        return value

    def _comparison(self, node: cst.Comparison, position: Position) -> Value:
        sides = [node.left, *(target.comparator for target in node.comparisons)]
        classes = self._compared_classes(node, sides)
        if isinstance(node.left, cst.Attribute) and isinstance(sides[1], cst.Name) and sides[1].value == "None":
            self.facts.asked_for.add(id(node.left))
        exact = Position.EXACT if classes or any(is_class_of(side) for side in sides) else Position.VALUE
        operands = [self.evaluate(node.left, exact)]
        operators = []
        for target in node.comparisons:
            operands.append(self.evaluate(target.comparator, exact))
            operators.append(target.operator)
        if len(operators) == 1 and not isinstance(operators[0], (cst.Is, cst.IsNot, cst.In, cst.NotIn)):
            self._note_operand(node.left, *operands)
        if isinstance(operators[0], (cst.In, cst.NotIn)) and _is_namespace(sides[1]):
            self._rename_key(sides[1], node.left)
        plain = all(isinstance(op, (cst.Is, cst.IsNot, cst.In, cst.NotIn)) for op in operators)
        if not plain and any(isinstance(value, v.Tensor) for value in operands):
            return v.Tensor(fresh=True, dtype="bool")
        if not plain and any(value == v.ARRAY for value in operands):
            return v.ARRAY
        return v.BOOL if plain or not any(value is UNKNOWN for value in operands) else UNKNOWN

    def _compared_classes(self, node: cst.Comparison, sides: Sequence[cst.BaseExpression]) -> bool:
        """Whether ``t is nn.Linear`` or ``t in (nn.Linear, nn.Conv2d)`` compares with classes of layers; noted with what is compared with them."""
        if len(node.comparisons) != 1:
            return False
        membership = isinstance(node.comparisons[0].operator, (cst.In, cst.NotIn))
        if not membership and not isinstance(node.comparisons[0].operator, (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual)):
            return False
        named = [self._layer_classes(side, displays=membership and side is sides[1]) for side in sides]
        if bool(named[0]) == bool(named[1]) or (membership and not named[1]):
            return False
        self.facts.compared.update(id(name) for group in named for name in group)
        self.facts.class_sides.add(id(sides[1] if named[0] else sides[0]))
        self.touch()
        return True

    def _layer_classes(self, node: cst.BaseExpression, displays: bool) -> list[cst.BaseExpression]:
        """The names of torch's classes of layers that an expression is, or that a display of them consists of."""
        if displays and isinstance(node, (cst.Tuple, cst.List, cst.Set)):
            groups = [self._layer_classes(element.value, displays=False) for element in node.elements]
            return [name for group in groups for name in group] if all(groups) else []
        if not isinstance(node, (cst.Name, cst.Attribute)):
            return []
        value = self.evaluate(node, Position.OWNER)
        return [node] if isinstance(value, v.Ref) and is_source(value.name) and self.semantics.is_module_class(value.name) else []

    def _if_exp(self, node: cst.IfExp, position: Position) -> Value:
        self.evaluate(node.test)
        return v.join(self._evaluate_where(self.narrow(node.test), node.body, position), self.evaluate(node.orelse, position))

    def _named(self, node: cst.NamedExpr, position: Position) -> Value:
        value = self.evaluate(node.value)
        self.assign(node.target, value)
        return value

    def _yield(self, node: cst.Yield, position: Position) -> Value:
        value: Value = UNKNOWN
        if isinstance(node.value, cst.From):
            value = self.iterate(self.evaluate(node.value.item))
        elif node.value is not None:
            value = self.evaluate(node.value)
            self.keep(node.value)
        self.scope.yielded = value if self.scope.yielded is None else v.join(self.scope.yielded, value)
        return UNKNOWN

    # -- displays, comprehensions, functions -------------------------------------------------------------------------------

    def _display(self, node: cst.Tuple | cst.List, position: Position) -> Value:
        inner = position if position in (Position.ISINSTANCE, Position.ANNOTATION, Position.EXACT) else Position.VALUE
        items: list[Value] = []
        starred = False
        for element in node.elements:
            if isinstance(element, cst.StarredElement):
                items.append(self.iterate(self.evaluate(element.value)))
                starred = True
            else:
                items.append(self.evaluate(element.value, inner))
        if starred:
            return v.Seq(v.item_of(v.Tup(tuple(items))))
        if not items and isinstance(node, cst.List):
            return v.Seq(UNKNOWN, empty=True)
        return v.Tup(tuple(items))

    def _set(self, node: cst.Set, position: Position) -> Value:
        inner = position if position is Position.EXACT else Position.VALUE
        items = tuple(self.evaluate(element.value, inner) for element in node.elements)
        return v.Seq(v.item_of(v.Tup(items)))

    def _dict(self, node: cst.Dict, position: Position) -> Value:
        items: list[Value] = []
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                self.evaluate(element.key, Position.EXACT)
                items.append(self.evaluate(element.value))
            else:
                value = self.evaluate(element.value)
                items.append(value.item if isinstance(value, v.DictOf) else UNKNOWN)
        return v.DictOf(v.item_of(v.Tup(tuple(items))))

    def _inside(self, kind: str) -> Scope:
        outer = self.scope
        self.scope = Scope(kind, outer, outer.owner if outer.kind == "function" else None)
        if outer.kind == "class":
            self.scope.names.update(outer.names)
        return outer

    def _list_comp(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp, position: Position) -> Value:
        outer = self._inside("comprehension")
        self._comp_for(node.for_in)
        item = self.evaluate(node.elt)
        self.scope = outer
        return v.Seq(item)

    def _dict_comp(self, node: cst.DictComp, position: Position) -> Value:
        outer = self._inside("comprehension")
        self._comp_for(node.for_in)
        self.evaluate(node.key)
        item = self.evaluate(node.value)
        self.scope = outer
        return v.DictOf(item)

    def _comp_for(self, comp: cst.CompFor) -> None:
        self.assign(comp.target, v.held(self.semantics.stored(self.iterate(self.evaluate(comp.iter)))))
        for test in comp.ifs:
            self.evaluate(test.test)
            self.scope.names.update(self.narrow(test.test))
        if comp.inner_for_in is not None:
            self._comp_for(comp.inner_for_in)

    def narrow(self, test: cst.BaseExpression) -> dict[str, Value]:
        """Names whose kind a true condition tells: ``isinstance(m, nn.Conv2d)``, joined by ``and``."""
        if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
            return {**self.narrow(test.left), **self.narrow(test.right)}
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            excluded = self.narrow(test.expression)
            return {name: UNKNOWN for name, value in excluded.items() if value == self.lookup(name) or isinstance(value, v.Tensor)}
        if not (isinstance(test, cst.Call) and isinstance(test.func, cst.Name) and len(test.args) == 2):
            return {}
        subject = test.args[0].value
        if test.func.value != "isinstance" or not isinstance(subject, cst.Name):
            return {}
        narrowed = self._instances(test.args[1].value)
        return {subject.value: narrowed} if narrowed is not UNKNOWN else {}

    def _instances(self, classes: cst.BaseExpression) -> Value:
        if isinstance(classes, cst.Tuple):
            found = [self._instances(element.value) for element in classes.elements]
            result = found[0] if found else UNKNOWN
            for value in found[1:]:
                result = v.join(result, value)
            return result
        quiet, self.facts, statements = self.facts, Facts(), self.statements
        self.statements = []
        value = self.evaluate(classes, Position.OWNER)
        self.facts, self.statements = quiet, statements
        return self.resolver.instance_of(value)

    def _lambda(self, node: cst.Lambda, position: Position) -> Value:
        outer = self._inside("function")
        self.scope.owner = None
        parameters, items = node.params, self._lambda_items.get(id(node), ())
        for number, parameter in enumerate((*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)):
            if parameter.default is not None:
                self.evaluate(parameter.default)
            self.scope.names[parameter.name.value] = items[number] if number < len(items) else UNKNOWN
        for star in (parameters.star_arg, parameters.star_kwarg):
            if isinstance(star, cst.Param):
                self.scope.names[star.name.value] = UNKNOWN
        result = self.evaluate(node.body)
        self.scope = outer
        return v.Factory(result)

    # -- strings --------------------------------------------------------------------------------------------------------

    def _string(self, node: cst.SimpleString, position: Position) -> Value:
        if position is Position.ANNOTATION:
            self._string_annotation(node)
            return UNKNOWN
        if node.value[0] in "\"'":
            raw = node.raw_value
            return v.Lit(raw) if "\\" not in raw else v.STR
        return v.STR

    def _string_annotation(self, node: cst.SimpleString) -> None:
        text = node.raw_value
        if "\\" in text or "\n" in text or not text.strip():
            return
        try:
            expression = cst.parse_expression(text.strip())
        except Exception:  # noqa: BLE001 - libcst raises several kinds for text that is not an expression
            return
        before = len(self.facts.references)
        self.evaluate(expression, Position.ANNOTATION)
        if len(self.facts.references) != before:
            self.facts.strings[id(node)] = StringAnnotation(expression, node)

    def _concatenated(self, node: cst.ConcatenatedString, position: Position) -> Value:
        for part in (node.left, node.right):
            self.evaluate(part)
        return v.STR

    def _formatted(self, node: cst.FormattedString, position: Position) -> Value:
        outer, self._in_text = self._in_text, True
        self._format_parts(node)
        self._in_text = outer
        return v.STR

    def _format_parts(self, node: cst.FormattedString) -> None:
        for part in node.parts:
            if isinstance(part, cst.FormattedStringExpression):
                value = self.evaluate(part.expression)
                if part.format_spec and part.conversion is None:
                    ending = part.format_spec[-1]
                    spec = ending.value if isinstance(ending, cst.FormattedStringText) else ""
                    self._format(part, part.expression, value, spec)
                for inner in part.format_spec or ():
                    if isinstance(inner, cst.FormattedStringExpression):
                        self.evaluate(inner.expression)

    def _note_formatted(self, node: cst.Call, values: Sequence[Value]) -> None:
        kinds = {id(argument): value for argument, value in zip(node.args, values, strict=True)}
        for argument, spec in formatted_arguments(node):
            self._format(argument, argument.value, kinds[id(argument)], spec, argument.star)

    def _format(self, node: cst.CSTNode, expression: cst.BaseExpression, value: Value, spec: str, star: str = "") -> None:
        """A value that is formatted with a specification. One of unknown kind may be a tensor, where a float is asked for and torch is used."""
        mixed = isinstance(expression, cst.Name) and (id(self.scope), expression.value) in self.mixed
        if star:
            held = v.item_of(value) if not isinstance(value, v.DictOf) else value.item
            may_be = not isinstance(value, v.Foreign) and (held is UNKNOWN or isinstance(held, v.Tensor))
        else:
            may_be = mixed or (value is UNKNOWN and is_of_floats(spec)) or (isinstance(value, v.Tensor) and spec == "*")
        if may_be and (mixed or self.facts.imports):
            self.facts.formatted[id(node)] = False
            self.touch()
        elif isinstance(value, v.Tensor):
            self.facts.formatted[id(node)] = True
            self.touch()

    def assign(self, target: cst.BaseExpression, value: Value) -> None:
        """Bind a target; the statement half implements it."""
        raise AssertionError("implemented by StatementInterpreter")


def _may_be_number(index: Value) -> bool:
    if isinstance(index, v.Tensor):
        return not index.has_axes and index.dtype != "bool"
    return index is UNKNOWN or (isinstance(index, (v.Lit, v.Scalar)) and v.scalar_type(index) in ("int", "number"))


def _last_name(func: cst.BaseExpression) -> str:
    if isinstance(func, cst.Attribute):
        return func.attr.value
    return func.value if isinstance(func, cst.Name) else ""


def _is_namespace(node: cst.BaseExpression) -> bool:
    """Whether this is ``x.__dict__``, ``vars(x)`` or ``dir(x)``, which hold the members of ``x`` by name."""
    if isinstance(node, cst.Attribute):
        return node.attr.value == "__dict__"
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("vars", "dir") and len(node.args) == 1


def _namespace_owner(node: cst.BaseExpression) -> cst.BaseExpression:
    """What a namespace is one of; another expression itself."""
    if not _is_namespace(node):
        return node
    return node.value if isinstance(node, cst.Attribute) else cst.ensure_type(node, cst.Call).args[0].value


def _names_operand(node: cst.Call) -> bool:
    return any(argument.keyword is not None and argument.keyword.value == "input" for argument in node.args)


def is_class_of(node: cst.BaseExpression) -> bool:
    """Whether an expression is ``type(x)`` or ``x.__class__``."""
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value == "type" and len(node.args) == 1
    return isinstance(node, cst.Attribute) and node.attr.value == "__class__"


def _is_temporary(func: cst.BaseExpression) -> bool:
    """Whether a method's receiver is a value without a name, so that a view of it is seen by nobody else."""
    return isinstance(func, cst.Attribute) and isinstance(func.value, (cst.Call, cst.BinaryOperation, cst.UnaryOperation))


def operation(left: Value, right: Value, operator: cst.BaseBinaryOp) -> Value:
    """The kind of a binary arithmetic expression."""
    sequence_operator = isinstance(operator, (cst.Add, cst.Multiply))
    if isinstance(left, v.Tensor) or isinstance(right, v.Tensor):
        leads = any(isinstance(side, v.Tensor) and side.leads_with_one for side in (left, right))
        return v.Tensor(fresh=True, dtype=category_of_operation(left, right, operator), leads_with_one=leads)
    if isinstance(left, (v.Lit, v.Scalar)) and isinstance(right, (v.Lit, v.Scalar)):
        return _scalar_operation(v.scalar_type(left), v.scalar_type(right), isinstance(operator, cst.Divide))
    containers = (v.Shape, v.Seq, v.Tup)
    if sequence_operator and isinstance(left, containers) and isinstance(right, containers):
        if isinstance(left, v.Tup) and isinstance(right, v.Tup):
            return v.Tup(left.items + right.items)
        return v.Seq(v.join(v.item_of(left), v.item_of(right)))
    if sequence_operator and isinstance(left, containers):
        return v.Seq(v.item_of(left))
    if sequence_operator and isinstance(right, containers):
        return v.Seq(v.item_of(right))
    if isinstance(left, v.Foreign) and not (right is UNKNOWN):
        return left
    if isinstance(right, v.Foreign) and isinstance(left, (v.Lit, v.Scalar)):
        return right
    return UNKNOWN


def _scalar_operation(left: str, right: str, is_division: bool) -> Value:
    if "str" in (left, right):
        return v.STR
    if "complex" in (left, right):
        return v.COMPLEX
    if is_division or "float" in (left, right):
        return v.FLOAT
    return v.INT if {left, right} <= {"int", "bool"} else v.NUMBER
