"""Where models are made that are then trained without ``train()``: torch's start in training mode, MindSpore's cells in evaluation mode.

A model is what has its parameters asked for in a file that makes an optimizer or runs a backward pass. One that has ``train()`` called under the same
name needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import assignments, children, every


def find_new_models(module: cst.Module, facts: Facts) -> tuple[dict[int, frozenset[int]], set[int]]:
    """Assignments (by their id) whose value, or some of whose values (by position, -1 for the value itself), are models that an optimizer trains;
    and the ids of the statements around them."""
    calls = list(every(module, cst.Call))
    if not any(_calls_method(call, "backward") or _makes_optimizer(call, facts) for call in calls):
        return {}, set()
    trained = set(_owners(module))
    _follow(module, trained)
    trained -= {dotted(call.func).removesuffix(".train") for call in calls if _calls_method(call, "train") and not call.args}
    functions = dict(_functions(module, ""))
    found: dict[int, frozenset[int]] = {}
    around: set[int] = set()
    for node, path in assignments(module, ()):
        positions = frozenset(_positions(node, trained))
        function = functions.get(dotted(node.value.func)) if isinstance(node.value, cst.Call) else None
        is_copy = isinstance(node.value, cst.Call) and dotted(node.value.func).rpartition(".")[2] in ("deepcopy", "copy")
        may_be_moded = facts.made_models.get(id(node.value)) is False
        positions = frozenset(n for n in positions if _may_be_model(_value_at(node.value, n), trained, facts))
        if positions and not is_copy and not may_be_moded and not (function is not None and _makes_one(function, trained)):
            found[id(node)] = positions
            around.update(path)
    return found, around


def _may_be_model(value: cst.BaseExpression, trained: set[str], facts: Facts) -> bool:
    """Whether a call can give a model: not where its value is known to be none, nor where a model itself is called."""
    return id(value) not in facts.made_others and not (isinstance(value, cst.Call) and dotted(value.func) in trained)


def _value_at(value: cst.BaseExpression, position: int) -> cst.BaseExpression:
    return value if position < 0 else cst.ensure_type(value, cst.Tuple).elements[position].value


def _makes_one(function: cst.FunctionDef, trained: set[str]) -> bool:
    """Whether a function makes a trained model itself, and may have done anything to its mode since."""
    return function.name.value != "__init__" and any(True for node, _ in assignments(function.body, ()) for _ in _positions(node, trained))


def _follow(module: cst.Module, trained: set[str]) -> None:
    """The names that trained models had before: what an attribute was assigned from, what was passed for a parameter."""
    functions = dict(_functions(module, ""))
    for _ in range(3):
        for node, _path in assignments(module, ()):
            if dotted(node.targets[0].target) in trained and isinstance(node.value, cst.Name):
                trained.add(node.value.value)
        for call in every(module, cst.Call):
            function = functions.get(dotted(call.func))
            names = [p.name.value for p in function.params.params] if function is not None else []
            names = names[1:] if names[:1] == ["self"] else names
            for position, argument in enumerate(call.args):
                given = argument.keyword.value if argument.keyword is not None else names[position] if position < len(names) else ""
                if given in trained and given in names and dotted(argument.value):
                    trained.add(dotted(argument.value))


def _functions(node: cst.CSTNode, owner: str) -> Iterator[tuple[str, cst.FunctionDef]]:
    """Functions by name, classes' ``__init__`` by the class's."""
    for child in children(node):
        if isinstance(child, cst.FunctionDef):
            yield (owner if child.name.value == "__init__" else child.name.value), child
        elif isinstance(child, cst.ClassDef):
            yield from _functions(child.body, child.name.value)
        elif not isinstance(child, cst.BaseExpression):
            yield from _functions(child, owner)


def _positions(node: cst.Assign, trained: set[str]) -> Iterator[int]:
    target = node.targets[0].target
    if len(node.targets) != 1:
        return
    if isinstance(target, cst.Tuple) and isinstance(node.value, cst.Tuple) and len(target.elements) == len(node.value.elements):
        for position, (name, value) in enumerate(zip(target.elements, node.value.elements, strict=True)):
            if dotted(name.value) in trained and isinstance(value.value, cst.Call):
                yield position
    elif dotted(target) in trained and isinstance(node.value, cst.Call):
        yield -1


def _makes_optimizer(call: cst.Call, facts: Facts) -> bool:
    """A call of one of torch's optimizers, or of a class or function that is handed parameters."""
    fact = facts.calls.get(id(call))
    if fact is not None:
        return fact.apis[0].startswith("torch.optim.") and fact.apis[0].rpartition(".")[2][:1].isupper()
    name = dotted(call.func).rpartition(".")[2]
    return (name[:1].isupper() or "opt" in name.lower() or name == "add_param_group") and any(True for _ in _owners(call))


def _owners(node: cst.CSTNode) -> Iterator[str]:
    """``model`` of ``model.parameters()`` anywhere in a node."""
    for inner in every(node, cst.Call):
        if _calls_method(inner, "parameters") or _calls_method(inner, "named_parameters"):
            name = dotted(inner.func).rpartition(".")[0]
            if name:
                yield name
                yield name.partition(".")[0] if not name.startswith("self.") else ".".join(name.split(".")[:2])


def _calls_method(call: cst.Call, name: str) -> bool:
    return isinstance(call.func, cst.Attribute) and call.func.attr.value == name
