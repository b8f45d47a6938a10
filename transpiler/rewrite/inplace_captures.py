"""Who keeps activations that an in-place layer changes in torch? Layers with ``inplace=True`` are made without it, and names that see the change
are bound to the result. A hook, or a list that a loop over layers fills, sees it from elsewhere: that is remarked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from transpiler.analysis.facts import CallFact
from transpiler.analysis.values import is_layer_class
from transpiler.report.codes import Code
from transpiler.rewrite.calls import callee_text
from transpiler.rewrite.context import FileContext
from transpiler.syntax.tree import every

_HOOK: Final = "torch.nn.Module.register_forward_hook"
_KEEPING: Final = frozenset({"append", "add", "setdefault"})
_MESSAGE: Final = "In torch, a layer with inplace=True that comes next overwrites this activation; here it keeps its values."


def review_captures(module: cst.Module, file: FileContext) -> None:
    """Remark on hooks and on activations kept in loops over layers, in a file that makes layers with ``inplace=True``."""
    calls = file.facts.calls.values()
    if not any(_made_in_place(call) for call in calls):
        return
    for call in calls:
        if _HOOK in call.apis:
            file.review(call.node, Code.REVIEW_INPLACE, callee_text(call.node), _MESSAGE, "Let the hook keep what the port should see.")
    for loop in every(module, cst.For):
        for kept in _kept_activations(loop):
            file.review(kept, Code.REVIEW_INPLACE, file.code(kept), _MESSAGE, "Keep the activation after the in-place layer.")


def _made_in_place(call: CallFact) -> bool:
    """Whether a call makes a layer that changes its operand."""
    if not call.apis or not is_layer_class(call.apis[0]):
        return False
    given = [arg.value for arg in call.node.args if arg.keyword is not None and arg.keyword.value == "inplace"]
    alone = call.node.args[0].value if len(call.node.args) == 1 and call.node.args[0].keyword is None else None
    return any(isinstance(value, cst.Name) and value.value == "True" for value in (*given, alone))


def _kept_activations(loop: cst.For) -> Iterator[cst.BaseExpression]:
    """``outs.append(x)``, ``outs[i] = x`` in a loop that sends ``x`` through its layers (``x = layer(x)``)."""
    layers = {name.value for name in every(loop.target, cst.Name)}
    activations = set()
    for assign in every(loop.body, cst.Assign):
        target, value = assign.targets[0].target, assign.value
        if not isinstance(target, cst.Name) or not isinstance(value, cst.Call) or not isinstance(value.func, cst.Name):
            continue
        if value.func.value in layers and _is_any(value.args, {target.value}):
            activations.add(target.value)
    for call in every(loop.body, cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in _KEEPING and _is_any(call.args[-1:], activations):
            yield call
    for assign in every(loop.body, cst.Assign):
        if isinstance(assign.targets[0].target, cst.Subscript) and isinstance(assign.value, cst.Name) and assign.value.value in activations:
            yield assign.targets[0].target


def _is_any(arguments: Sequence[cst.Arg], names: set[str]) -> bool:
    return any(isinstance(arg.value, cst.Name) and arg.value.value in names for arg in arguments)
