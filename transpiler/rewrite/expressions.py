"""Questions about an expression as text: can it be written twice, and how is every element of it assigned?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import libcst as cst

from transpiler.analysis.facts import CallFact
from transpiler.analysis.values import Tensor, Value
from transpiler.rewrite.template import parenthesized

_PLAIN: Final[Mapping[type[cst.BaseAugOp], Callable[[], cst.BaseBinaryOp]]] = {
    cst.AddAssign: cst.Add, cst.SubtractAssign: cst.Subtract, cst.MultiplyAssign: cst.Multiply, cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide, cst.ModuloAssign: cst.Modulo, cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply, cst.BitAndAssign: cst.BitAnd, cst.BitOrAssign: cst.BitOr, cst.BitXorAssign: cst.BitXor,
    cst.LeftShiftAssign: cst.LeftShift, cst.RightShiftAssign: cst.RightShift,
}  # fmt: skip

#: Functions and methods whose result shares memory with their operand on MindSpore too (measured, where nothing is differentiated).
SHARING: Final = frozenset({
    "transpose", "swapaxes", "swapdims", "permute", "movedim", "moveaxis", "t", "view", "view_as", "reshape", "reshape_as", "flatten", "unsqueeze", "squeeze",
    "narrow", "select", "diagonal",
})  # fmt: skip


_OTHER_LAYOUTS: Final = frozenset({"T", "mT", "H", "mH", "real", "imag"})


def gives_shared(call: CallFact) -> bool:
    """Whether what a call gives shares memory with its operand on MindSpore too."""
    return len(call.apis) == 1 and call.apis[0].rpartition(".")[2] in SHARING


def is_part(node: cst.BaseExpression, value: Value | None, is_view: Callable[[cst.Call], bool]) -> bool:
    """Whether an expression of the original, of kind ``value``, gives a view of a part or of another layout, not the memory of a whole tensor.
    ``is_view``: whether a call gives a view of its operand."""
    while True:
        if isinstance(node, cst.Attribute) and node.attr.value == "data":
            node = node.value
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "detach":
            node = node.func.value
        else:
            break
    if isinstance(node, cst.Call) and is_view(node):
        return True
    is_named = isinstance(node, cst.Name) or (isinstance(node, cst.Attribute) and node.attr.value not in _OTHER_LAYOUTS)
    return isinstance(value, Tensor) and value.part and not is_named


def own_memory(value: cst.BaseExpression) -> cst.Call:
    """``value.copy()``: MindSpore's optimizers cannot write into a parameter whose memory is another tensor's."""
    return cst.Call(cst.Attribute(parenthesized(value), cst.Name("copy")))


def every_element(receiver: cst.BaseExpression) -> cst.Subscript:
    """``x[:]``: assigning to it writes through to the tensor that ``x`` is a view of (measured on MindSpore: ``x[...]`` does not, and ``copy_``
    is lost on views that are not contiguous)."""
    return cst.Subscript(receiver, [cst.SubscriptElement(cst.Slice(lower=None, upper=None))])


def may_be_view(node: cst.BaseExpression) -> bool:
    """Whether an expression may denote a view of a part: a name, an item, the data of an item. What an attribute holds owns its memory."""
    if isinstance(node, cst.Attribute):
        return node.attr.value == "data" and not isinstance(node.value, cst.Name) and may_be_view(node.value)
    return isinstance(node, (cst.Name, cst.Subscript))


def is_stable(node: cst.BaseExpression) -> bool:
    """Whether an expression can be written twice: it has no effect and denotes the same object each time."""
    if isinstance(node, cst.Name):
        return True
    if isinstance(node, cst.Attribute):
        return is_stable(node.value)
    if isinstance(node, cst.Subscript):
        return is_stable(node.value) and all(_stable_index(element.slice) for element in node.slice)
    return False


def is_repeatable(node: cst.BaseExpression) -> bool:
    """Whether an argument may be written twice: a literal, a name, or a tuple or list of these."""
    if isinstance(node, (cst.Tuple, cst.List)):
        return all(is_repeatable(element.value) for element in node.elements)
    return isinstance(node, (cst.Integer, cst.Float, cst.SimpleString)) or is_stable(node)


def _stable_index(index: cst.BaseSlice) -> bool:
    if isinstance(index, cst.Index):
        negative = isinstance(index.value, cst.UnaryOperation) and isinstance(index.value.expression, cst.Integer)
        return negative or isinstance(index.value, cst.Ellipsis) or is_repeatable(index.value)
    return isinstance(index, cst.Slice) and all(
        part is None or isinstance(part, (cst.Integer, cst.UnaryOperation)) or is_stable(part)
        for part in (index.lower, index.upper, index.step)
    )


def plain_operation(node: cst.AugAssign) -> cst.BinaryOperation:
    """``x + y`` of ``x += y``."""
    assert isinstance(node.target, cst.BaseExpression)
    return cst.BinaryOperation(node.target, _PLAIN[type(node.operator)](), parenthesized(node.value))
