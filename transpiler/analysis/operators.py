"""Which function computes what an operator between tensors means in torch, where the operator of another framework's tensors may not?

torch's operators take numbers on either side, complex ones too, and promote; ``~`` inverts the bits of integers. The function is named as torch names
it; a target says what it has for it, and keeps the operators that it computes as torch does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import libcst as cst

from transpiler.analysis import values as v

_ARITHMETIC: Final[Mapping[type[cst.CSTNode], str]] = MappingProxyType({
    cst.Add: "add", cst.Subtract: "sub", cst.Multiply: "mul", cst.Divide: "div", cst.Power: "pow",
    cst.AddAssign: "add", cst.SubtractAssign: "sub", cst.MultiplyAssign: "mul", cst.DivideAssign: "div", cst.PowerAssign: "pow",
})  # fmt: skip
_BITWISE: Final[Mapping[type[cst.CSTNode], str]] = MappingProxyType({
    cst.BitAnd: "bitwise_and", cst.BitOr: "bitwise_or", cst.BitXor: "bitwise_xor",
})  # fmt: skip


#: NumPy's functions whose results are numbers where their operands are, which the right side of an operator may be.
_OF_NUMBERS: Final = frozenset({
    "abs", "ceil", "cos", "exp", "float32", "float64", "floor", "int32", "int64", "log", "log10", "log2", "max", "mean", "min", "power", "prod", "sin",
    "sqrt", "std", "sum", "tan", "tanh", "var",
})  # fmt: skip

_NUMBERS: Final = frozenset({"pi", "e", "inf", "nan"})


def function_of_operator(
    operator: cst.BaseBinaryOp | cst.BaseAugOp, left: v.Value, right: v.Value, right_node: cst.BaseExpression | None = None
) -> str:
    """The function for ``left`` and ``right``; empty where the operator may stay: sums of complex and other tensors, all between real ones. NumPy's
    arrays on the right are tensors to torch; on the left they are made tensors, or numbers, by themselves."""
    if type(operator) in _BITWISE:
        return _BITWISE[type(operator)] if isinstance(right, v.Tensor) and isinstance(left, (v.Lit, v.Scalar)) else ""
    name = _ARITHMETIC.get(type(operator), "")
    sides = (left, right)
    if left == v.ARRAY:
        return ""
    if right == v.ARRAY and isinstance(left, v.Tensor):
        return "" if _is_number(right_node) else name
    if v.COMPLEX in sides:
        return name if any(isinstance(side, v.Tensor) or side is v.UNKNOWN for side in sides) else ""
    of_tensors = any(isinstance(side, v.Tensor) and side.dtype == "complex" for side in sides)
    return name if of_tensors and name not in ("add", "sub") else ""


def function_of_inversion(operand: v.Value) -> str:
    """The function for ``~operand``; empty where that negates booleans, and where it is known to be no tensor's."""
    may_have_bits = operand.dtype != "bool" if isinstance(operand, v.Tensor) else operand is v.UNKNOWN
    return "bitwise_not" if may_have_bits else ""


def _is_number(node: cst.BaseExpression | None) -> bool:
    """Whether an expression that NumPy computes is a number as a rule: ``np.sqrt(width)``, ``np.pi``, and what is computed of such."""
    if isinstance(node, cst.BinaryOperation):
        return _is_number(node.left) and _is_number(node.right)
    named = node.func if isinstance(node, cst.Call) else node
    names = _OF_NUMBERS if isinstance(node, cst.Call) else _NUMBERS
    return isinstance(node, (cst.Integer, cst.Float)) or (isinstance(named, cst.Attribute) and named.attr.value in names)
