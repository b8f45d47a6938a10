"""What kind of value an expression has: the small lattice that the abstract interpreter computes with.

A kind is as precise as conversion needs and no more: which torch symbol a name stands for, whether an object is a tensor, an instance of
which torch or user class, what a container holds. ``UNKNOWN`` is the honest top: nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from transpiler.analysis.names import canonical


class Value:
    """Base of all kinds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unknown(Value):
    """Anything."""


@dataclass(frozen=True, slots=True)
class Tensor(Value):
    """A torch tensor. ``fresh``: the result of an operation of its own, so that no other name sees it change. ``presumed``: fresh unless the
    project's function or module that returned it keeps it. ``part``: got by indexing with numbers and slices, or by iterating: in torch a
    view of the tensor that it is part of. ``dtype``: its category, 'float', 'int', 'bool', 'complex' or 'inexact' (float or complex), '' where it is
    not known. ``has_axes``: known not to be a single number without dimensions. ``leads_with_one``: made with a
    first axis of length one, or computed from such a tensor."""

    fresh: bool = False
    presumed: bool = False
    part: bool = False
    dtype: str = ""
    has_axes: bool = False
    leads_with_one: bool = False


@dataclass(frozen=True, slots=True)
class Ref(Value):
    """The thing itself that a dotted name outside the project denotes: ``torch.nn.Conv2d``, ``functools.partial``, ``builtins.len``."""

    name: str


@dataclass(frozen=True, slots=True)
class Inst(Value):
    """An instance of one of these torch (or other external) classes. ``inplace``: whether calling it changes its operand: '' no, 'maybe', 'yes'.
    ``item``: what iterating over it gives, for data sets and loaders."""

    classes: tuple[str, ...]
    inplace: str = ""
    item: Value | None = None


@dataclass(frozen=True, slots=True)
class Batch(Value):
    """What a loader yields of items that nothing is known of: a tensor, or a list or dictionary of tensors."""


@dataclass(frozen=True, slots=True)
class Factory(Value):
    """Something whose call gives ``result``: a class or function passed as an argument, a ``partial``, a local lambda."""

    result: Value


@dataclass(frozen=True, slots=True)
class Lit(Value):
    """A literal: None, bool, int, float or str."""

    value: None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Scalar(Value):
    """A Python value of a builtin type whose value is not known: int, float, number, bool, str, none."""

    type: str


@dataclass(frozen=True, slots=True)
class Shape(Value):
    """``torch.Size``: a tuple of ints."""


@dataclass(frozen=True, slots=True)
class DtypeValue(Value):
    """A torch dtype. ``category``: of which it is, as of a tensor's; '' where it is not known."""

    category: str = ""


@dataclass(frozen=True, slots=True)
class DeviceValue(Value):
    """A torch device, or a string that names one."""


@dataclass(frozen=True, slots=True)
class Seq(Value):
    """A list, tuple or iterable of equal kinds. ``empty``: a list that a loop may fill, and that tells nothing of its items. ``is_range``: a
    ``range``."""

    item: Value
    empty: bool = False
    is_range: bool = False


@dataclass(frozen=True, slots=True)
class Tup(Value):
    """A tuple or list display whose items are known one by one."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class DictOf(Value):
    """A dictionary by the kind of its values."""

    item: Value


@dataclass(frozen=True, slots=True)
class Foreign(Value):
    """Known not to be torch's: an object of another library or of the user's own that no entry speaks about. What a ``closed`` one's members
    and methods give is not torch's either: NumPy's arrays know of no tensors."""

    closed: bool = False


@dataclass(frozen=True, slots=True)
class ProjectModule(Value):
    """A module of the project, by dotted name."""

    name: str


@dataclass(slots=True, eq=False)
class FunctionInfo:
    """A function or method of the project."""

    name: str
    module: str
    parameters: tuple[ParameterInfo, ...]
    returns: Value | None = None
    owner: ClassInfo | None = None
    decorators: tuple[Value, ...] = ()
    result: Value | None = None
    is_static: bool = False
    is_property: bool = False
    is_class_method: bool = False
    infer: Callable[[], Value] | None = None
    inferred: Value | None = None

    def known_result(self) -> Value | None:
        """What a call gives: as annotated, as interpreted, or as the outline of another file lets it be inferred; None where nothing says."""
        if self.returns is not None and self.returns is not UNKNOWN:
            return self.returns
        if self.result is None and self.inferred is None and self.infer is not None:
            self.inferred = UNKNOWN
            self.inferred = self.infer()
        return self.result or (self.inferred if self.inferred is not UNKNOWN else None)


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a project function with what its annotation and default say, and what the body does with it (``used_as``)."""

    name: str
    star: str
    annotation: Value | None
    default: Value | None
    used_as: Value | None = None

    def kind(self) -> Value:
        """What is known of the parameter without a call."""
        for known in (self.annotation, self.default):
            if known is not None and known is not UNKNOWN and known != NONE:
                return Scalar(scalar_type(known)) if isinstance(known, Lit) else known
        return self.used_as or UNKNOWN


@dataclass(slots=True, eq=False)
class ClassInfo:
    """A class of the project: bases, methods, and the kinds of its instances' attributes."""

    name: str
    module: str
    bases: tuple[Value, ...] = ()
    methods: dict[str, FunctionInfo] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)

    def mro(self) -> Iterator[ClassInfo | str]:
        """This class and everything it derives from, depth first: project classes, and names of external ones."""
        seen: set[int] = set()
        yield from _mro(self, seen)

    def external_bases(self) -> tuple[str, ...]:
        """The external classes among the bases, nearest first."""
        return tuple(base for base in self.mro() if isinstance(base, str))

    def method(self, name: str) -> FunctionInfo | None:
        """The method ``name``, own or inherited from a project class."""
        for base in self.mro():
            if isinstance(base, ClassInfo) and name in base.methods:
                return base.methods[name]
        return None

    def attribute(self, name: str) -> Value | None:
        """The kind of the instance attribute ``name``, own or inherited from a project class."""
        for base in self.mro():
            if isinstance(base, ClassInfo) and name in base.attributes:
                return base.attributes[name]
        return None


def _mro(cls: ClassInfo, seen: set[int]) -> Iterator[ClassInfo | str]:
    if id(cls) in seen:
        return
    seen.add(id(cls))
    yield cls
    for base in cls.bases:
        if isinstance(base, UserClass):
            yield from _mro(base.info, seen)
        elif isinstance(base, Ref):
            yield base.name


@dataclass(frozen=True, slots=True)
class UserClass(Value):
    """A class of the project, as a value."""

    info: ClassInfo


@dataclass(frozen=True, slots=True)
class UserInst(Value):
    """An instance of a project class."""

    info: ClassInfo


@dataclass(frozen=True, slots=True)
class UserFunction(Value):
    """A function of the project."""

    info: FunctionInfo


@dataclass(frozen=True, slots=True)
class Bound(Value):
    """The attribute ``name`` of ``owner`` where that is not resolved further: usually a method about to be called."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True)
class Super(Value):
    """``super()`` inside a method of ``info``."""

    info: ClassInfo


UNKNOWN: Final = Unknown()
TENSOR: Final = Tensor()
FRESH: Final = Tensor(fresh=True)
PRESUMED: Final = Tensor(presumed=True)
PART: Final = Tensor(part=True)
FOREIGN: Final = Foreign()
ARRAY: Final = Foreign(closed=True)
NONE: Final = Lit(None)
INT: Final = Scalar("int")
FLOAT: Final = Scalar("float")
NUMBER: Final = Scalar("number")
COMPLEX: Final = Scalar("complex")
BOOL: Final = Scalar("bool")
STR: Final = Scalar("str")
SHAPE: Final = Shape()
BATCH: Final = Batch()
DTYPE: Final = DtypeValue()
DEVICE: Final = DeviceValue()
MODULE: Final = Inst(("torch.nn.Module",))
TENSORS: Final = Seq(TENSOR)

#: Names of result kinds in mapping entries.
RETURNS: Final[Mapping[str, Value]] = {
    "tensor": FRESH,
    "tensors": Seq(TENSOR),
    "shape": SHAPE,
    "int": INT,
    "float": FLOAT,
    "number": NUMBER,
    "bool": BOOL,
    "str": STR,
    "dtype": DTYPE,
    "device": DEVICE,
    "module": MODULE,
    "modules": Seq(MODULE),
    "named_modules": Seq(Tup((STR, MODULE))),
    "named_tensors": Seq(Tup((STR, TENSOR))),
    "none": NONE,
    "unknown": UNKNOWN,
    "array": ARRAY,
    "list": Seq(UNKNOWN),
    "ints": Seq(INT),
    "tensor_dict": DictOf(TENSOR),
}


def join(left: Value, right: Value) -> Value:
    """What is known of a value that is one or the other. None gives way: an optional tensor is converted as a tensor."""
    if left is right or left == right:
        return left
    if left == NONE:
        return right
    if right == NONE:
        return left
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        certain = left.fresh or left.presumed, right.fresh or right.presumed
        inexact = {left.dtype, right.dtype} <= {"float", "complex", "inexact"}
        dtype = left.dtype if left.dtype == right.dtype else "inexact" if inexact else ""
        axes, leads = left.has_axes and right.has_axes, left.leads_with_one or right.leads_with_one
        return Tensor(presumed=all(certain), part=left.part or right.part, dtype=dtype, has_axes=axes, leads_with_one=leads)
    if isinstance(left, DtypeValue) and isinstance(right, DtypeValue):
        return DTYPE
    return _join_structured(left, right)


def _join_structured(left: Value, right: Value) -> Value:
    if isinstance(left, (UserInst, UserClass)) or isinstance(right, (UserInst, UserClass)):
        return _join_of_project(left, right)
    if isinstance(left, Inst) and isinstance(right, Inst):
        item = left.item if right.item is None else right.item if left.item is None else join(left.item, right.item)
        return Inst(tuple(dict.fromkeys(left.classes + right.classes)), left.inplace if left.inplace == right.inplace else "maybe", item)
    if isinstance(left, Batch) or isinstance(right, Batch):
        other = right if isinstance(left, Batch) else left
        return BATCH if isinstance(other, (Tensor, Seq, Tup, DictOf)) else UNKNOWN
    if isinstance(left, Tup) and isinstance(right, Tup) and len(left.items) == len(right.items):
        return Tup(tuple(join(a, b) for a, b in zip(left.items, right.items, strict=True)))
    if isinstance(left, (Seq, Tup)) and isinstance(right, (Seq, Tup)):
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Seq) and one.empty:
                return Seq(item_of(other))
        return Seq(join(item_of(left), item_of(right)))
    if isinstance(left, DictOf) and isinstance(right, DictOf):
        return DictOf(join(left.item, right.item))
    if isinstance(left, (Lit, Scalar)) and isinstance(right, (Lit, Scalar)):
        return _join_scalars(scalar_type(left), scalar_type(right))
    made = _made(left), _made(right)
    if made[0] is not None and made[1] is not None:
        return Factory(join(made[0], made[1]))
    return UNKNOWN


def _join_of_project(left: Value, right: Value) -> Value:
    """Two values of which one at least concerns a class of the project: what both derive from, or a layer where both are layers."""
    if isinstance(left, UserInst) and isinstance(right, UserInst):
        others = [base for base in right.info.mro() if isinstance(base, ClassInfo)]
        common = next((base for base in left.info.mro() if any(base is other for other in others)), None)
        if isinstance(common, ClassInfo):
            return UserInst(common)
    if is_layer(left) and is_layer(right):
        return MODULE
    made = _made(left), _made(right)
    if made[0] is not None and made[1] is not None:
        result = join(made[0], made[1])
        return UNKNOWN if result is UNKNOWN else Factory(result)
    return UNKNOWN


def _made(value: Value) -> Value | None:
    """What calling a class or a factory gives; None for anything else."""
    if isinstance(value, Factory):
        return value.result
    if isinstance(value, UserClass):
        return UserInst(value.info)
    return Inst((canonical(value.name),)) if isinstance(value, Ref) and is_layer_class(value.name) else None


def is_layer(value: Value) -> bool:
    """Whether a value is a module, of torch's classes or of the project's."""
    if isinstance(value, UserInst):
        return any(is_layer_class(base) for base in value.info.external_bases())
    return isinstance(value, Inst) and all(map(is_layer_class, value.classes))


def is_layer_class(name: str) -> bool:
    """Whether a torch name is spelled as a class of ``torch.nn`` is; its parameters' classes are none."""
    module, _, leaf = canonical(name).rpartition(".")
    return module == "torch.nn" and leaf[:1].isupper() and leaf not in ("Parameter", "Buffer", "UninitializedParameter")


def _join_scalars(left: str, right: str) -> Value:
    if left == right:
        return Scalar(left)
    return NUMBER if {left, right} <= {"int", "float", "number", "bool"} else UNKNOWN


def scalar_type(value: Lit | Scalar) -> str:
    """The builtin type's name of a literal or scalar."""
    if isinstance(value, Scalar):
        return value.type
    return "none" if value.value is None else type(value.value).__name__


def item_of(value: Value) -> Value:
    """What iterating over ``value`` yields."""
    if isinstance(value, Seq):
        return value.item
    if isinstance(value, Tup):
        result = value.items[0] if value.items else UNKNOWN
        for item in value.items[1:]:
            result = join(result, item)
        return result
    if isinstance(value, Shape):
        return INT
    if isinstance(value, Tensor):
        return PART
    if isinstance(value, Batch):
        return TENSOR
    if isinstance(value, Foreign):
        return value
    if isinstance(value, DictOf):
        return STR
    return UNKNOWN


def is_fresh(value: Value) -> bool:
    """Whether ``value`` is a tensor that no other name refers to."""
    return isinstance(value, Tensor) and value.fresh


def is_presumably_fresh(value: Value) -> bool:
    """As ``is_fresh``, or a tensor that a module or function of the project returned."""
    return isinstance(value, Tensor) and (value.fresh or value.presumed)


def held(value: Value) -> Value:
    """A value that something else may hold too: no tensor in it is fresh."""
    if isinstance(value, Tensor):
        return replace(value, fresh=False, presumed=False)
    if isinstance(value, Tup):
        return Tup(tuple(held(item) for item in value.items))
    return replace(value, item=held(value.item)) if isinstance(value, Seq) else value
