"""Where models are made and then used without anybody having chosen their mode: torch's start in training mode, MindSpore's cells in evaluation mode.

A model that is made outside other modules gets ``set_train()`` where it is made, which is torch's behaviour whatever file uses it next, unless the
statements that follow choose the mode before the model runs. So do layers that a module's ``__init__`` runs itself. A function that makes a model and
hands it out leaves that to its callers, in whichever file they are, unless it may have chosen a mode itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.rewrite.training.initial_passes import layers_run_at_once
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import children

#: Methods that give back the model itself, and what else can be done with a model before its mode matters.
_SAME: Final = frozenset({"to", "cuda", "cpu", "float", "double", "half", "bfloat16", "type", "requires_grad_", "apply", "share_memory"})
_MODES: Final = frozenset({"train", "eval"})
_HARMLESS: Final = _SAME | frozenset(
    {
        "load_state_dict", "state_dict", "parameters", "named_parameters", "modules", "named_modules", "children", "named_children", "buffers",
        "named_buffers", "zero_grad", "get_submodule", "get_parameter", "register_buffer", "register_parameter", "add_module", "init_weights",
        "reset_parameters", "load", "save", "extra_repr",
    }
)  # fmt: skip
_HARMLESS_FUNCTIONS: Final = frozenset(
    {"print", "len", "isinstance", "type", "id", "str", "repr", "sum", "hasattr", "getattr", "setattr", "list", "dict", "deepcopy", "copy"}
)
_COLLECTING: Final = frozenset({"append", "extend", "insert", "add_module", "setattr", "add"})
_CONDITIONS: Final = (cst.If, cst.Else, cst.For, cst.While, cst.ExceptHandler, cst.MatchCase)
_Scope = cst.FunctionDef | cst.Module


@dataclass(slots=True)
class MadeModels:
    """Assignments (by their id) whose value is such a model, expressions (by their id) that make one where it is used, and the statements around."""

    assignments: set[int] = field(default_factory=set)
    expressions: set[int] = field(default_factory=set)
    around: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Event:
    """What happens to a model: its ``mode`` is chosen, it is used, or handed out (``return``); under which conditions."""

    kind: str
    conditions: tuple[int, ...]


def find_made_models(module: cst.Module, facts: Facts, exported: frozenset[str]) -> MadeModels:
    """The models that a file makes and that need their mode said. ``exported``: names of the file that other files import."""
    if not facts.made_models and not any(fact.is_module for fact in facts.classes.values()):
        return MadeModels()
    finder = _Finder(module, facts, exported)
    finder.visit(module, module, (), ())
    return finder.found


class _Finder:
    def __init__(self, module: cst.Module, facts: Facts, exported: frozenset[str]) -> None:
        self.module = module
        self.facts = facts
        self.exported = exported
        self.found = MadeModels()
        self._orders: dict[int, tuple[tuple[cst.CSTNode, tuple[int, ...]], ...]] = {}

    def visit(self, node: cst.CSTNode, scope: _Scope, path: tuple[int, ...], conditions: tuple[int, ...]) -> None:
        """Look at every statement outside the bodies of modules."""
        for child in children(node):
            inner = (*conditions, id(child)) if isinstance(child, _CONDITIONS) else conditions
            here = (*path, id(child))
            if isinstance(child, cst.ClassDef):
                fact = self.facts.classes.get(id(child))
                if fact is None or not fact.is_module:
                    self.visit(child.body, scope, here, ())
                    continue
                for layer, inside in layers_run_at_once(child, self.facts):
                    self.found.assignments.add(id(layer))
                    self.found.around.update((*here, *inside))
            elif isinstance(child, cst.FunctionDef):
                self.visit(child.body, child, here, ())
            elif isinstance(child, cst.Assign):
                self._assignment(child, scope, here, inner)
                self._consumers(child.value, here)
            elif isinstance(child, cst.Return):
                if child.value is not None and id(scope) in self.facts.mode_setters and self._is_made(child.value):
                    self._mark(child.value, here)
                self._consumers(child, here)
            elif isinstance(child, cst.BaseExpression):
                self._consumers(child, here)
            else:
                self.visit(child, scope, here, inner)

    # -- models with a name ---------------------------------------------------------------------------------------------------

    def _assignment(self, node: cst.Assign, scope: _Scope, path: tuple[int, ...], conditions: tuple[int, ...]) -> None:
        name = dotted(node.targets[0].target)
        if len(node.targets) != 1 or not name or not self._is_made(node.value) or name in self.facts.switched:
            return
        if self._needs_mode(name, node, scope, conditions):
            self.found.assignments.add(id(node))
            self.found.around.update(path)

    def _needs_mode(self, name: str, node: cst.Assign, scope: _Scope, conditions: tuple[int, ...]) -> bool:
        """Whether the model is used before its mode is chosen, or leaves the file with its mode open."""
        is_attribute = "." in name
        handed_out = scope is self.module and name in self.exported
        chooses = False
        for event in self._events(self.module if is_attribute else scope, name, node):
            certain = is_attribute or event.conditions == conditions[: len(event.conditions)]
            if event.kind == "mode" and certain:
                return False
            if event.kind == "use":
                return True
            chooses = chooses or event.kind == "mode"
            handed_out = handed_out or (event.kind == "return" and (chooses or id(scope) in self.facts.mode_setters))
        return handed_out

    def _events(self, scope: _Scope, name: str, after: cst.Assign) -> Iterator[_Event]:
        """What happens to ``name`` after an assignment, in the order of the text."""
        started = False
        if id(scope) not in self._orders:
            self._orders[id(scope)] = tuple(_ordered(scope, ()))
        for node, conditions in self._orders[id(scope)]:
            if node is after:
                started = True
            elif started:
                kind = self._event(node, name)
                if kind:
                    yield _Event(kind, conditions)

    def _event(self, node: cst.CSTNode, name: str) -> str:
        if isinstance(node, cst.Return):
            return "return" if node.value is not None and name in _dotted_names(node.value) else ""
        if not isinstance(node, cst.Call):
            return ""
        callee = dotted(node.func)
        owner, _, method = callee.rpartition(".")
        if owner == name and method in _MODES:
            return "mode"
        if callee == name or (owner == name and method not in _HARMLESS) or owner.startswith(f"{name}."):
            return "use"
        handed = any(dotted(_plain(argument.value)) == name for argument in node.args)
        return "use" if handed and self._runs_models(node) else ""

    def _runs_models(self, call: cst.Call) -> bool:
        """Whether a call may run the models that it is handed: none of torch's that build, move, save or optimize them, and no module that takes them
        in."""
        if id(call) in self.facts.calls:
            api = self.facts.calls[id(call)].apis[0]
            return api.startswith(("torch.jit.", "torch.onnx.", "torch.func."))
        name = dotted(call.func).rpartition(".")[2]
        return id(call) not in self.facts.made_models and name not in _HARMLESS_FUNCTIONS | _COLLECTING

    # -- models without one ---------------------------------------------------------------------------------------------------

    def _consumers(self, node: cst.CSTNode, path: tuple[int, ...]) -> None:
        """Models that are made where they are called or passed on."""
        if isinstance(node, cst.Lambda):
            return
        if isinstance(node, cst.Call):
            if isinstance(node.func, cst.Call) and self._is_made(node.func):
                self._mark(node.func, path)
            if self._runs_models(node):
                for argument in node.args:
                    if self._is_made(argument.value):
                        self._mark(argument.value, path)
        for child in children(node):
            self._consumers(child, path)

    def _mark(self, expression: cst.BaseExpression, path: tuple[int, ...]) -> None:
        self.found.expressions.add(id(expression))
        self.found.around.update(path)

    def _is_made(self, node: cst.BaseExpression) -> bool:
        """Whether an expression is a call that makes a model, perhaps moved or cast, whose mode is open."""
        made = _plain(node)
        return isinstance(made, cst.Call) and self.facts.made_models.get(id(made), False)


def _plain(node: cst.BaseExpression) -> cst.BaseExpression:
    """``model`` of ``model.to(device)``."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _SAME:
        node = node.func.value
    return node


def _ordered(node: cst.CSTNode, conditions: tuple[int, ...]) -> Iterator[tuple[cst.CSTNode, tuple[int, ...]]]:
    """Assignments, calls and returns in the order in which they are evaluated, with the conditions that they stand under."""
    inner = (*conditions, id(node)) if isinstance(node, _CONDITIONS) else conditions
    if isinstance(node, cst.Call):
        for child in children(node):
            yield from _ordered(child, inner)
        yield node, conditions
        return
    if isinstance(node, cst.Assign):
        yield from _ordered(node.value, inner)
        yield node, conditions
        return
    for child in children(node):
        yield from _ordered(child, inner)
    if isinstance(node, cst.Return):
        yield node, conditions


def _dotted_names(node: cst.CSTNode) -> Iterator[str]:
    """The dotted names that an expression hands out: itself, or the elements of a tuple, list or dictionary."""
    if isinstance(node, (cst.Name, cst.Attribute)):
        yield dotted(node)
    elif not isinstance(node, cst.Call) or isinstance(_plain(node), (cst.Name, cst.Attribute)):
        yield dotted(_plain(node)) if isinstance(node, cst.BaseExpression) else ""
        for child in children(node):
            yield from _dotted_names(child)
