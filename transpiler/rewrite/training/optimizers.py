"""Which parameters a backward pass is for: those of the optimizers that step on its gradients.

An optimizer is left out where its gradients are cleared before it steps (the discriminator's, after the generator's backward pass): what is added
into them would never be read. Where no optimizer is in sight, the parameters of the modules that compute the loss are meant, and the tensors marked
by ``requires_grad``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import Certainty, Facts
from transpiler.rewrite.training.graph_flow import imported_libraries
from transpiler.syntax.names import bound_by, dotted, loads, parameters, stores
from transpiler.syntax.tree import children, every

_OPTIMIZER = "torch.optim.Optimizer", v.Inst(("torch.optim.Optimizer",))
_MODULE = "torch.nn.Module", v.MODULE
_Scope = cst.FunctionDef | cst.ClassDef


@dataclass(frozen=True, slots=True)
class _Event:
    """``kind``: step, zero, call (of the site asked about), or made, where the receiver is assigned. ``branches``: the branches of conditions, and
    ``loops`` the loops, around it."""

    kind: str
    receiver: str
    node: cst.Call | cst.Assign
    branches: tuple[int, ...]
    loops: tuple[cst.For, ...]


class Owners:
    """Finds optimizers in one file."""

    def __init__(self, module: cst.Module, facts: Facts) -> None:
        self.module = module
        self.facts = facts
        self._zeroed: set[str] = set()
        self._no_modules = frozenset(_class_names(module, facts)) | frozenset(imported_libraries(module))
        self._own = {dotted(target) for target in _targets(module) if _is_optimizer(facts.kinds.get(id(target)))}
        self._with_grads = {dotted(node.value) for node in every(module, cst.Attribute) if node.attr.value == "grad"}
        self._trained = dict(_trained_modules(module))
        self.modules = {
            dotted(call.func).removesuffix(".parameters") for call in every(module, cst.Call) if dotted(call.func).endswith(".parameters")
        }
        self._zeroed = {event.receiver for event in self._events(module, (), (), deep=True) if event.kind == "zero"}

    def parameters_for(
        self,
        site: cst.Call,
        scopes: Sequence[_Scope],
        run: Sequence[cst.CSTNode],
        loss: cst.BaseExpression,
        leaves: frozenset[str] | set[str],
    ) -> str:
        """Source text of the list of parameters; it may call ``leaves_of``, which is spelled as ``{leaves_of}``."""
        optimizers, many = self._optimizers(site, scopes)
        read = {name for statement in run for name in loads(statement)} | set(loads(loss))
        read |= {dotted(node) for statement in (*run, loss) for node in every(statement, cst.Attribute)}
        marked = [name for name in sorted(leaves) if name in read and self._asks_grad(name)]
        if optimizers and self._is_after_training(site, scopes):
            marked = [*(name for name in self._modules(run, loss, set(marked)) if name not in self._trained), *marked]
        if many:
            return "{leaves_of}(" + ", ".join([*optimizers, *many, *marked]) + ")"
        if optimizers:
            if len(optimizers) == 1 and not marked:
                return f"{optimizers[0]}.parameters"
            return "{leaves_of}(" + ", ".join([*optimizers, *marked]) + ")"
        marked = [name for name in sorted(leaves) if name in read]
        modules = self._modules(run, loss, set(marked))
        if marked and not modules:
            return "[" + ", ".join(marked) + "]"
        return "{leaves_of}(" + ", ".join([*modules, *marked]) + ")"

    def settle_clearings(self) -> None:
        """``x.zero_grad()`` of an object of unknown kind: an optimizer's where ``x.step()`` is called too, else one that works for both."""
        events = list(self._events(self.module, (), (), deep=True))
        stepping = {event.receiver for event in events if event.kind == "step"}
        for event in events:
            fact = self.facts.calls.get(id(event.node))
            if event.kind == "zero" and isinstance(event.node, cst.Call) and fact is not None and fact.certainty is Certainty.MAYBE:
                written = self._text(cst.ensure_type(event.node.func, cst.Attribute).value)
                api, owner = _OPTIMIZER if written in stepping else _MODULE
                self.facts.calls[id(event.node)] = replace(fact, apis=(f"{api}.zero_grad",), certainty=Certainty.KNOWN, owner=owner)

    # -- optimizers -----------------------------------------------------------------------------------------------------------

    def _optimizers(self, site: cst.Call, scopes: Sequence[_Scope]) -> tuple[list[str], list[str]]:
        """The optimizers to differentiate for, and sequences of optimizers."""
        functions = [scope for scope in scopes if isinstance(scope, cst.FunctionDef)]
        for position, function in enumerate(reversed(functions)):
            events = list(self._events(function.body, (), (), deep=position > 0))
            if any(event.kind == "step" for event in events):
                return self._stepping(self._of_closure(events, functions) if position else events, site, is_own=position == 0)
        for scope in reversed(scopes):
            if isinstance(scope, cst.ClassDef):
                events = [e for e in self._events(scope, (), (), deep=True) if e.receiver.startswith("self.")]
                if any(event.kind == "step" for event in events):
                    return self._stepping(events, site, is_own=False)
        events = list(self._events(self.module, (), (), deep=False))
        local = {name for f in functions for name in parameters(f.params) | set(stores(f.body.body))}
        events = [event for event in events if event.receiver.partition(".")[0] not in local]
        return self._stepping(events, site, is_own=not functions)

    def _of_closure(self, events: list[_Event], functions: Sequence[cst.FunctionDef]) -> list[_Event]:
        """Of the optimizers around a closure, the one that it is handed to, or else those that it clears."""
        closure = functions[-1]
        handed = {
            e.receiver for e in events if isinstance(e.node, cst.Call) and any(dotted(a.value) == closure.name.value for a in e.node.args)
        }
        own = {e.receiver for e in self._events(closure.body, (), (), deep=True) if e.kind == "zero"}
        for chosen in (handed, own):
            kept = [event for event in events if event.receiver in chosen or event.kind == "call"]
            if any(event.kind == "step" for event in kept):
                return kept
        return events

    def _stepping(self, events: list[_Event], site: cst.Call, is_own: bool) -> tuple[list[str], list[str]]:
        names = list(dict.fromkeys(event.receiver for event in events if event.kind == "step"))
        at = next((position for position, event in enumerate(events) if event.node is site), None)
        if is_own and at is not None:
            after = events[at + 1 :] + events[:at]
            names = [name for name in names if not self._made_later(name, events, at)] or names
            used = [name for name in names if self._steps_first(name, after, events[at].branches)]
            names = used or names
        single, many = [], []
        around: tuple[cst.For, ...] = events[at].loops if at is not None else ()
        for name in names:
            loops = next(event.loops for event in events if event.kind == "step" and event.receiver == name)
            source = next((loop.iter for loop in loops if loop not in around and name in set(bound_by(loop.target))), None)
            if source is None:
                single.append(name)
            elif dotted(source):
                many.append(dotted(source))
        return single, many

    def _is_after_training(self, site: cst.Call, scopes: Sequence[_Scope]) -> bool:
        """Whether a script takes gradients where no optimizer steps any more: somebody reads them, also of modules that no optimizer has."""
        if any(isinstance(scope, cst.FunctionDef) for scope in scopes):
            return False
        events = list(self._events(self.module, (), (), deep=False))
        at = next((position for position, event in enumerate(events) if event.node is site), len(events))
        around = set(map(id, events[at].loops)) if at < len(events) else set()
        return not any(
            event.kind == "step" and (position > at or around & set(map(id, event.loops))) for position, event in enumerate(events)
        )

    @staticmethod
    def _made_later(name: str, events: list[_Event], at: int) -> bool:
        """Whether an optimizer does not exist yet at a site: it is made after it, and no loop leads back."""
        made = [position for position, event in enumerate(events) if (event.kind, event.receiver) == ("made", name)]
        around = set(map(id, events[at].loops))
        return bool(made) and all(position > at and not around.intersection(map(id, events[position].loops)) for position in made)

    @staticmethod
    def _steps_first(name: str, events: list[_Event], branches: tuple[int, ...]) -> bool:
        """Whether an optimizer steps before it is certainly cleared: under no other condition than the site, which stands in ``branches``."""
        for event in events:
            if event.receiver == name and event.kind == "step":
                return True
            if event.receiver == name and event.kind == "zero" and set(event.branches) <= set(branches):
                return False
        return True

    def _events(self, node: cst.CSTNode, branches: tuple[int, ...], loops: tuple[cst.For, ...], deep: bool) -> Iterator[_Event]:
        """Steps, clearings and calls of ``backward`` in the order of the text; functions inside are opened where ``deep`` asks for it."""
        for child in children(node):
            if isinstance(child, (cst.FunctionDef, cst.ClassDef)) and not deep:
                continue
            if isinstance(child, cst.Call):
                yield from self._events(child, branches, loops, deep)
                event = self._event(child, branches, loops)
                if event is not None:
                    yield event
                continue
            inner = (*loops, child) if isinstance(child, cst.For) else loops
            is_branch = isinstance(child, cst.Else) or (isinstance(node, cst.If) and child is node.body)
            yield from self._events(child, (*branches, id(child)) if is_branch else branches, inner, deep)
            if isinstance(child, cst.Assign):
                yield from (_Event("made", dotted(t.target), child, branches, loops) for t in child.targets if dotted(t.target))

    def _event(self, call: cst.Call, branches: tuple[int, ...], loops: tuple[cst.For, ...]) -> _Event | None:
        func = call.func
        if not isinstance(func, cst.Attribute):
            return None
        name, receiver = func.attr.value, self._text(func.value)
        fact = self.facts.calls.get(id(call))
        known = fact.apis[0] if fact is not None and fact.certainty is Certainty.KNOWN and fact.apis else ""
        if name == "backward":
            return _Event("call", "", call, branches, loops)
        if name == "zero_grad" and receiver:
            return _Event("zero", self._trained.get(receiver, receiver), call, branches, loops)
        if receiver in self._own and "step" in name.split("_"):
            return _Event("step", receiver, call, branches, loops)
        if name != "step":
            return None
        if (known.endswith("GradScaler.step") or (not known and "scaler" in receiver.lower())) and call.args:
            target = self._text(call.args[0].value)
            return _Event("step", target, call, branches, loops) if target else None
        if receiver and (known.startswith("torch.optim.Optimizer") or (not known and self._looks_like_optimizer(receiver))):
            return _Event("step", receiver, call, branches, loops)
        return None

    def _looks_like_optimizer(self, receiver: str) -> bool:
        """An object of unknown kind that has ``step`` and ``zero_grad`` called, or is called an optimizer."""
        leaf = receiver.rpartition(".")[2].lower()
        return (receiver in self._zeroed or "opt" in leaf) and "sched" not in leaf

    def _text(self, node: cst.BaseExpression) -> str:
        """An expression that can be written again: a dotted name, or an item of one."""
        if isinstance(node, cst.Subscript) and dotted(node.value):
            return self.module.code_for_node(node)
        return dotted(node)

    # -- without optimizers -----------------------------------------------------------------------------------------------------

    def _asks_grad(self, name: str) -> bool:
        """Whether the file reads ``name.grad``."""
        return name in self._with_grads

    def _is_no_module(self, node: cst.BaseExpression) -> bool:
        """Whether an expression is known to be something else: a symbol of torch, another library, or a class."""
        return id(node) in self.facts.references or dotted(node) in self._no_modules

    def _modules(self, run: Sequence[cst.CSTNode], loss: cst.BaseExpression, leaves: set[str]) -> list[str]:
        """What the statements call, and what they hand to calls that torch does not know: modules among them."""
        bound = set(stores(run))
        found: dict[str, None] = {}
        for call in (call for statement in (*run, loss) for call in every(statement, cst.Call)):
            if id(call) in self.facts.calls:
                continue
            candidates = (
                [call.func]
                if isinstance(call.func, cst.Name) or dotted(call.func).count(".") == 1 and dotted(call.func).startswith("self.")
                else []
            )
            if isinstance(call.func, cst.Attribute):
                candidates.append(call.func.value)
            candidates += [argument.value for argument in call.args]
            for candidate in candidates:
                name = dotted(candidate)
                if (
                    name
                    and not self._is_no_module(candidate)
                    and name.partition(".")[0] not in bound | leaves
                    and name not in leaves
                    and name not in _CONSTANTS
                ):
                    found[name] = None
        return [name for name in found if not any(name.startswith(f"{other}.") for other in found)]


def _class_names(node: cst.CSTNode, facts: Facts) -> Iterator[str]:
    """Names of the classes of a file that are no modules."""
    for definition in every(node, cst.ClassDef):
        fact = facts.classes.get(id(definition))
        if fact is None or not fact.is_module:
            yield definition.name.value


def _targets(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    return (target.target for assign in every(node, cst.Assign) for target in assign.targets)


def _is_optimizer(kind: v.Value | None) -> bool:
    """Whether a value is an object of one of the project's own optimizers."""
    return isinstance(kind, v.UserInst) and any(base.startswith("torch.optim.") for base in kind.info.external_bases())


def _trained_modules(node: cst.CSTNode) -> Iterator[tuple[str, str]]:
    """(module, optimizer) for ``optimizer = SGD(module.parameters(), …)``, so that ``module.zero_grad()`` clears what the optimizer steps on."""
    for child in children(node):
        if isinstance(child, cst.Assign) and isinstance(child.value, cst.Call) and child.value.args:
            first = child.value.args[0].value
            name = dotted(first.func) if isinstance(first, cst.Call) else ""
            if name.endswith(".parameters") and dotted(child.targets[0].target):
                yield name.removesuffix(".parameters"), dotted(child.targets[0].target)
        elif not isinstance(child, cst.BaseExpression):
            yield from _trained_modules(child)


_CONSTANTS = frozenset({"None", "True", "False", "self.device", *dir(__import__("builtins"))})
