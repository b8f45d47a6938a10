"""How ``register_buffer`` is ported: a persistent buffer becomes a parameter without gradient, since only parameters are saved and loaded."""

from __future__ import annotations

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import CallFact
from transpiler.report.codes import Code
from transpiler.rewrite.calls import callee_text
from transpiler.rewrite.context import FileContext


class BufferRewriter:
    """Converts ``self.register_buffer("name", tensor)`` statements for targets that have no persistent buffers."""

    def __init__(self, file: FileContext) -> None:
        self.file = file

    def rewrite(self, original: cst.Expr, updated: cst.Expr, fact: CallFact) -> cst.BaseSmallStatement | None:
        """``self.name = Parameter(tensor, requires_grad=False)``; None where the call stays a call."""
        call = original.value
        if fact.apis[0] != "torch.nn.Module.register_buffer" or self.file.target.name != "mindspore" or not isinstance(call, cst.Call):
            return None
        new = updated.value
        if not isinstance(new, cst.Call) or not isinstance(new.func, cst.Attribute):
            return None
        bound = _bound(call, new)
        name, tensor, persistent = bound
        if name is None or tensor is None:
            return None
        if not isinstance(name, cst.SimpleString) or not str(name.raw_value).isidentifier():
            symbol = callee_text(call)
            self.file.review(call, Code.REVIEW_BUFFERS, symbol, f"The buffer of '{symbol}' is registered under a name known at run time only; checkpoints will not hold it.")
            return None
        index = 1 if len(fact.values) > 1 else 0
        if fact.values[index] == v.NONE or (persistent is not None and _text(persistent) != "True"):
            return None
        value = cst.Call(
            self.file.speller.expression("mindspore.Parameter"),
            [cst.Arg(tensor, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))), _FALSE_GRADIENT],
        )
        target = cst.Attribute(new.func.value, cst.Name(str(name.raw_value)))
        self.file.converted(call, callee_text(call), self.file.code(target))
        return cst.Assign([cst.AssignTarget(target)], value, semicolon=updated.semicolon)


_FALSE_GRADIENT = cst.Arg(
    cst.Name("False"),
    keyword=cst.Name("requires_grad"),
    equal=cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")),
)


def _bound(original: cst.Call, updated: cst.Call) -> tuple[cst.BaseExpression | None, cst.BaseExpression | None, cst.BaseExpression | None]:
    """The arguments name, tensor and persistent of the call."""
    found: dict[str, cst.BaseExpression] = {}
    for name, argument in zip(("name", "tensor", "persistent"), updated.args, strict=False):
        if argument.star:
            return None, None, None
        found[argument.keyword.value if argument.keyword is not None else name] = argument.value
    return found.get("name"), found.get("tensor"), found.get("persistent")


def _text(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""
