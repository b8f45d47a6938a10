"""Value converters of the argument rules: one argument's source expression -> what the target wants there.

A converter is a pure function of the expression and the kind of value that the analysis found for it ("int", "sequence", "unknown", ...).
It returns None where the source does not say enough, such as a variable that may hold a number or a tuple: the engine then takes the
support form, which decides when the program runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import libcst as cst


def elements(value: cst.BaseExpression) -> tuple[cst.BaseExpression, ...] | None:
    """The elements of a literal tuple or list without stars, else None."""
    if not isinstance(value, (cst.Tuple, cst.List)) or any(not isinstance(e, cst.Element) for e in value.elements):
        return None
    return tuple(element.value for element in value.elements)


def is_integer(value: cst.BaseExpression) -> bool:
    """Whether the expression can only be a number: a literal, ``int(...)``, a difference or a floor division (which tuples do not have)."""
    if isinstance(value, cst.Integer):
        return True
    if isinstance(value, cst.UnaryOperation):
        return isinstance(value.operator, (cst.Minus, cst.Plus))
    if isinstance(value, cst.BinaryOperation):
        if isinstance(value.operator, (cst.FloorDivide, cst.Subtract)):
            return True
        both = is_integer(value.left) and is_integer(value.right)
        return isinstance(value.operator, (cst.Add, cst.Multiply)) and both
    return isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value in ("int", "len")


def literal_tuple(values: Sequence[cst.BaseExpression]) -> cst.Tuple:
    """``(a, b, ...)``; LibCST writes the commas."""
    return cst.Tuple([cst.Element(value) for value in values])


def symmetric_pad(value: cst.BaseExpression, kind: str, rank: int) -> cst.BaseExpression | None:
    """torch's padding per axis -> (before, after) per axis; a number stays a number."""
    if kind == "int" or is_integer(value):
        return value
    parts = elements(value)
    if parts is None or len(parts) != rank or any(not isinstance(p, (cst.Integer, cst.Name)) for p in parts):
        return None
    return literal_tuple([p for part in parts for p in (part, part)])


def symmetric_pad_1d(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A number, or the element of ``(p,)``: MindSpore's 1-D layers take no tuples."""
    return single_number(value, kind)


def symmetric_pad_2d(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """``p`` -> ``p``; ``(h, w)`` -> ``(h, h, w, w)``."""
    return symmetric_pad(value, kind, 2)


def symmetric_pad_3d(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """``p`` -> ``p``; ``(d, h, w)`` -> ``(d, d, h, h, w, w)``."""
    return symmetric_pad(value, kind, 3)


def single_number(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A number stays; ``(k,)`` and ``[k]`` give ``k``; a name is not decidable."""
    parts = elements(value)
    if parts is not None:
        return parts[0] if len(parts) == 1 else None
    return value if kind == "int" or is_integer(value) else None


def number_or_tuple(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """MindSpore's layers want a tuple where torch also takes a list; a name only where it is known to be a number or a shape."""
    parts = elements(value)
    if parts is not None:
        return value if isinstance(value, cst.Tuple) else literal_tuple(parts)
    return value if kind in ("int", "shape", "none") or is_integer(value) else None


def boolean(value: cst.BaseExpression, kind: str) -> cst.BaseExpression:
    """A number as the truth that torch takes it for: MindSpore's layers insist on a bool."""
    if isinstance(value, cst.Integer):
        return cst.Name(str(value.evaluated_value != 0))
    return cst.Call(cst.Name("bool"), [cst.Arg(value)]) if kind == "int" else value


def as_number(value: cst.BaseExpression, kind: str) -> cst.BaseExpression:
    """``True`` and ``False`` as the numbers that they are to torch; MindSpore's arithmetic refuses them."""
    if isinstance(value, cst.Name) and value.value in ("True", "False"):
        return cst.Integer(str(int(value.value == "True")))
    return cst.Call(cst.Name("int"), [cst.Arg(value)]) if kind == "bool" else value


def given(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """Any value but ``None`` (for arguments whose default, None, means 'derive it')."""
    if isinstance(value, cst.Name) and value.value == "None":
        return None
    return number_or_tuple(value, kind)


def given_axis(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """Any axis but ``None`` and 0: a tensor without axes has that one in torch, and sets the target's own kernel spinning."""
    return None if isinstance(value, cst.Integer) and value.value == "0" else given(value, kind)


def one_minus(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """torch's momentum, the share of the new value -> MindSpore's, the share that the old value keeps; literals are computed exactly."""
    if isinstance(value, (cst.Float, cst.Integer)):
        return cst.parse_expression(str(1 - Decimal(value.value)))
    return None


def shape_tuple(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """The shape of a one-axis normalisation as a tuple: ``64`` -> ``(64,)``, ``[64]`` -> ``(64,)``; a name only where it is known to be a number."""
    parts = elements(value)
    if parts is not None:
        return literal_tuple(parts) if len(parts) == 1 else None
    return literal_tuple([value]) if kind == "int" or is_integer(value) else None


def one_or_more(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A number, or a tuple that is not empty (an empty one means no dimension to torch, all of them to others)."""
    parts = elements(value)
    if parts is not None:
        return literal_tuple(list(parts)) if parts else None
    return value if kind == "int" or is_integer(value) else None


def beyond_first(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A dimension that only a tensor of several has: with others torch also takes scalars and empty tensors of another rank."""
    text = value.value if isinstance(value, cst.Integer) else ""
    return value if text not in ("", "0") else None


def real_dtype(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A dtype that the source shows to be no complex one."""
    leaf = value.attr.value if isinstance(value, cst.Attribute) else value.value if isinstance(value, cst.Name) else ""
    return value if leaf.startswith(("float", "bfloat", "double", "half", "None")) else None


def copies(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """How often something is repeated, unless it is never: MindSpore has no kernel, or none with a derivative, for that."""
    parts = elements(value)
    shown = (value,) if parts is None else parts
    return None if any(isinstance(part, cst.Integer) and part.evaluated_value == 0 for part in shown) else value


def copies_tuple(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """The same as a tuple."""
    return None if copies(value, kind) is None else as_tuple(value, kind)


def as_tuple(value: cst.BaseExpression, kind: str) -> cst.BaseExpression | None:
    """A sequence as a tuple, for functions that refuse lists."""
    parts = elements(value)
    if isinstance(value, cst.Tuple) or kind == "shape":
        return value
    if parts is not None:
        return literal_tuple(parts)
    return cst.Call(cst.Name("tuple"), [cst.Arg(value)])
