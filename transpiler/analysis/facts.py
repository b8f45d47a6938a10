"""What the analysis of one file found: for each node that matters, what it stands for. The passes read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import libcst as cst

from transpiler.analysis.values import ClassInfo, FunctionInfo, Tensor, Value


class Position(StrEnum):
    """Where in the syntax a reference stands; decides between the idiomatic form and torch's signature."""

    CALLEE = "callee"
    VALUE = "value"
    BASE = "base"
    ISINSTANCE = "isinstance"
    ANNOTATION = "annotation"
    DECORATOR = "decorator"
    OWNER = "owner"
    STORE = "store"
    EXACT = "exact"


class Certainty(StrEnum):
    """Whether the receiver of a method is known."""

    KNOWN = "known"
    MAYBE = "maybe"


class Picks(IntEnum):
    """Whether a tensor, a mask or a list chooses the elements of an index one by one, so that they are a copy in torch."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Reference:
    """A name or attribute that denotes a torch symbol. ``name`` is its canonical name; of one that is put together when the program runs
    it ends in ``*``, and ``names`` are those that it can be."""

    name: str
    position: Position
    node: cst.BaseExpression
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallFact:
    """A call of torch's: ``apis`` are the candidates (one where the receiver is known), ``values`` the kinds of the arguments.
    ``owner`` is the receiver's kind for methods. ``function``: the one that the call stands in, where that is no method of a module."""

    apis: tuple[str, ...]
    certainty: Certainty
    values: tuple[Value, ...]
    owner: Value | None
    node: cst.Call
    function: FunctionInfo | None = None

    def takes(self, name: str) -> bool:
        """Whether ``name`` is a parameter of that function, through which whatever tensor may come."""
        return self.function is not None and any(parameter.name == name for parameter in self.function.parameters)


@dataclass(frozen=True, slots=True)
class AttributeFact:
    """An attribute read or written on a tensor or a torch object."""

    apis: tuple[str, ...]
    certainty: Certainty
    owner: Value
    node: cst.Attribute
    store: bool
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportFact:
    """One imported name that comes from torch: the local name, what it denotes, and where it stands."""

    local: str
    target: str
    alias: cst.ImportAlias | cst.ImportStar
    statement: cst.Import | cst.ImportFrom
    scope: str
    through_project: bool = False


@dataclass(frozen=True, slots=True)
class ClassFact:
    """A class definition; ``is_module`` where it derives from ``torch.nn.Module``."""

    info: ClassInfo
    is_module: bool
    node: cst.ClassDef
    torch_bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunctionFact:
    """A function definition inside a class or not."""

    owner: ClassInfo | None
    in_module: bool
    node: cst.FunctionDef


@dataclass(frozen=True, slots=True)
class InplaceFact:
    """``target`` says whose value is changed in place: 'name', 'part' (a name for a part of a tensor), 'attribute', 'subscript' (of a tensor),
    'item' (of a container); ``fresh`` whether nobody else can see it, ``shared`` whether a name or container of the function is known to."""

    target: str
    fresh: bool
    shared: bool = False


@dataclass(frozen=True, slots=True)
class EffectFact:
    """A call of a function or layer that changes its operand in place, where somebody may see the change. ``names``: the names that denote
    the operand, to be bound to the result; empty where binding names cannot keep the effect. ``seen_by`` says who sees it."""

    names: tuple[str, ...]
    seen_by: str
    node: cst.Call


@dataclass(frozen=True, slots=True)
class AugmentedFact:
    """``x += y`` where ``x`` is a tensor; ``value`` is the kind of ``y``. ``viewed``: of ``x[i] += y`` whose index may pick, as in
    ``StoreFact``."""

    place: InplaceFact
    node: cst.AugAssign
    value: Value
    viewed: bool = False


@dataclass(frozen=True, slots=True)
class StoreFact:
    """``x[i] = v`` where ``x`` is a tensor. ``viewed``: of an index that may pick, whether ``x`` is a view, or others are of it. ``leads_with_one``:
    whether ``v`` may have more axes than the place, the first of length one."""

    node: cst.Subscript
    picks: Picks = Picks.NO
    viewed: bool = False
    leads_with_one: bool = False


@dataclass(frozen=True, slots=True)
class StringAnnotation:
    """A string annotation that mentions torch: the parsed expression whose nodes have facts of their own."""

    expression: cst.BaseExpression
    node: cst.SimpleString


@dataclass(frozen=True, slots=True)
class SubscriptFact:
    """Indexing a tensor, or a torch container."""

    owner: Value
    index: Value
    node: cst.Subscript
    picks: Picks = Picks.NO


@dataclass(frozen=True, slots=True)
class PackageFact:
    """An import of a package that is built on torch; ``name`` as the source has it."""

    name: str
    package: str
    node: cst.Import | cst.ImportFrom


@dataclass(slots=True)
class Facts:
    """Facts by ``id(node)``.

    ``class_sides``: what is compared with classes of layers, a class as a rule; ``compared``: the names of those classes there.
    ``value_reads``: attributes read as tensors for what they hold, not to be filled or replaced. ``formatted``: arguments and parts of
    f-strings with a specification that are tensors (True), or may be tensors or numbers (False). ``shifts``: ``x << y`` of tensors. ``powers``:
    ``x ** y`` that torch may compute in integers. ``operators``: the functions that compute what these operations mean in torch.
    ``foreign_indices``: parts of a tensor's index, and bounds of its slices, that are NumPy's or
    ranges; ``number_indices``: subscripts of tensors whose parts, several and tensors among them, may all be numbers; ``foreign_operands``:
    left operands of tensors that are NumPy's. ``named_operands``: calls of torch's own layers that name their operand, ``layer(input=x)``,
    which the target's layers call otherwise. ``made_models``: calls that make a model; False where the function that is called may also choose
    the modes of models, ``mode_setters`` the functions that do; ``made_others``: calls that make objects of the project's classes that are no
    modules; ``data_stores``: targets ``x.data`` of tensors and what they are assigned;
    ``switched``: dotted names on which ``train()`` is called. ``dirty`` holds the
    statements in which something stands, ``kinds`` what was bound at names that are assigned to."""

    references: dict[int, Reference] = field(default_factory=dict)
    calls: dict[int, CallFact] = field(default_factory=dict)
    attributes: dict[int, AttributeFact] = field(default_factory=dict)
    imports: dict[int, list[ImportFact]] = field(default_factory=dict)
    packages: list[PackageFact] = field(default_factory=list)
    classes: dict[int, ClassFact] = field(default_factory=dict)
    functions: dict[int, FunctionFact] = field(default_factory=dict)
    inplace: dict[int, InplaceFact] = field(default_factory=dict)
    effects: dict[int, EffectFact] = field(default_factory=dict)
    augmented: dict[int, AugmentedFact] = field(default_factory=dict)
    stores: dict[int, StoreFact] = field(default_factory=dict)
    strings: dict[int, StringAnnotation] = field(default_factory=dict)
    subscripts: dict[int, SubscriptFact] = field(default_factory=dict)
    values: dict[int, Value] = field(default_factory=dict)
    kinds: dict[int, Value] = field(default_factory=dict)
    renames: dict[int, str] = field(default_factory=dict)
    #: Attributes of objects of unknown kind that may be members of the project's modules and go by another name on the target.
    presumed_members: set[int] = field(default_factory=set)
    class_names: set[int] = field(default_factory=set)
    #: Attributes called device whose type or index is read: torch's.
    devices: set[int] = field(default_factory=set)
    formatted: dict[int, bool] = field(default_factory=dict)
    value_reads: set[int] = field(default_factory=set)
    #: Classes of containers of layers that are put together, or whose layers are moved or taken out.
    edited_containers: set[str] = field(default_factory=set)
    #: Attributes compared with None: asked whether there is anything.
    asked_for: set[int] = field(default_factory=set)
    class_sides: set[int] = field(default_factory=set)
    compared: set[int] = field(default_factory=set)
    layer_questions: set[int] = field(default_factory=set)
    made_models: dict[int, bool] = field(default_factory=dict)
    made_others: set[int] = field(default_factory=set)
    mode_setters: set[int] = field(default_factory=set)
    data_stores: dict[int, Value] = field(default_factory=dict)
    switched: set[str] = field(default_factory=set)
    new_layer_calls: set[int] = field(default_factory=set)
    shifts: set[int] = field(default_factory=set)
    powers: set[int] = field(default_factory=set)
    foreign_indices: set[int] = field(default_factory=set)
    foreign_operands: set[int] = field(default_factory=set)
    number_indices: set[int] = field(default_factory=set)
    operators: dict[int, str] = field(default_factory=dict)
    named_operands: dict[int, tuple[str, ...]] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    #: Calls of copy.deepcopy whose argument holds a tensor (True), or may hold one.
    copies: dict[int, bool] = field(default_factory=dict)
    dirty: set[int] = field(default_factory=set)

    def is_held(self, node: cst.BaseExpression | None) -> bool:
        """Whether an expression is an item of a container, or of an object that may be one: the tensor that others may hold too."""
        fact = self.subscripts.get(id(node))
        return isinstance(node, cst.Subscript) and (fact is None or not isinstance(fact.owner, Tensor))
