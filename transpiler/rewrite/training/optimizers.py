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
from transpiler.syntax.names import bound_by, dotted, loads, parameters, stores
from transpiler.syntax.tree import children, every

_OPTIMIZER = "torch.optim.Optimizer", v.Inst(("torch.optim.Optimizer",))
_MODULE = "torch.nn.Module", v.MODULE
_Scope = cst.FunctionDef | cst.ClassDef


@dataclass(frozen=True, slots=True)
class _Event:
    """``kind``: step, zero or call (of the site asked about). ``certain``: not under a condition. ``loop``: the loop variables around it."""

    kind: str
    receiver: str
    node: cst.Call
    certain: bool
    loops: tuple[cst.For, ...]


class Owners:
    """Finds optimizers in one file."""

    def __init__(self, module: cst.Module, facts: Facts) -> None:
        self.module = module
        self.facts = facts
        self._zeroed: set[str] = set()
        self._with_grads = {dotted(node.value) for node in every(module, cst.Attribute) if node.attr.value == "grad"}
        self._trained = dict(_trained_modules(module))
        self.modules = {
            dotted(call.func).removesuffix(".parameters") for call in every(module, cst.Call) if dotted(call.func).endswith(".parameters")
        }
        self._zeroed = {event.receiver for event in self._events(module, True, (), deep=True) if event.kind == "zero"}

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
        events = list(self._events(self.module, True, (), deep=True))
        stepping = {event.receiver for event in events if event.kind == "step"}
        for event in events:
            fact = self.facts.calls.get(id(event.node))
            if event.kind == "zero" and fact is not None and fact.certainty is Certainty.MAYBE:
                written = self._text(cst.ensure_type(event.node.func, cst.Attribute).value)
                api, owner = _OPTIMIZER if written in stepping else _MODULE
                self.facts.calls[id(event.node)] = replace(fact, apis=(f"{api}.zero_grad",), certainty=Certainty.KNOWN, owner=owner)

    # -- optimizers -----------------------------------------------------------------------------------------------------------

    def _optimizers(self, site: cst.Call, scopes: Sequence[_Scope]) -> tuple[list[str], list[str]]:
        """The optimizers to differentiate for, and sequences of optimizers."""
        functions = [scope for scope in scopes if isinstance(scope, cst.FunctionDef)]
        for position, function in enumerate(reversed(functions)):
            events = list(self._events(function.body, True, (), deep=position > 0))
            if any(event.kind == "step" for event in events):
                return self._stepping(self._of_closure(events, functions) if position else events, site, is_own=position == 0)
        for scope in reversed(scopes):
            if isinstance(scope, cst.ClassDef):
                events = [e for e in self._events(scope, True, (), deep=True) if e.receiver.startswith("self.")]
                if any(event.kind == "step" for event in events):
                    return self._stepping(events, site, is_own=False)
        events = list(self._events(self.module, True, (), deep=False))
        local = {name for f in functions for name in parameters(f.params) | set(stores(f.body.body))}
        events = [event for event in events if event.receiver.partition(".")[0] not in local]
        return self._stepping(events, site, is_own=not functions)

    def _of_closure(self, events: list[_Event], functions: Sequence[cst.FunctionDef]) -> list[_Event]:
        """Of the optimizers around a closure, the one that it is handed to, or else those that it clears."""
        closure = functions[-1]
        handed = {e.receiver for e in events if any(dotted(a.value) == closure.name.value for a in e.node.args)}
        own = {e.receiver for e in self._events(closure.body, True, (), deep=True) if e.kind == "zero"}
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
            used = [name for name in names if self._steps_first(name, after)]
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

    @staticmethod
    def _steps_first(name: str, events: list[_Event]) -> bool:
        for event in events:
            if event.receiver == name and event.kind == "step":
                return True
            if event.receiver == name and event.kind == "zero" and event.certain:
                return False
        return True

    def _events(self, node: cst.CSTNode, certain: bool, loops: tuple[cst.For, ...], deep: bool) -> Iterator[_Event]:
        """Steps, clearings and calls of ``backward`` in the order of the text; functions inside are opened where ``deep`` asks for it."""
        for child in children(node):
            if isinstance(child, (cst.FunctionDef, cst.ClassDef)) and not deep:
                continue
            if isinstance(child, cst.Call):
                yield from self._events(child, certain, loops, deep)
                event = self._event(child, certain, loops)
                if event is not None:
                    yield event
                continue
            inner = (*loops, child) if isinstance(child, cst.For) else loops
            yield from self._events(child, certain and not isinstance(child, (cst.If, cst.Else)), inner, deep)

    def _event(self, call: cst.Call, certain: bool, loops: tuple[cst.For, ...]) -> _Event | None:
        func = call.func
        if not isinstance(func, cst.Attribute):
            return None
        name, receiver = func.attr.value, self._text(func.value)
        fact = self.facts.calls.get(id(call))
        known = fact.apis[0] if fact is not None and fact.certainty is Certainty.KNOWN and fact.apis else ""
        if name == "backward":
            return _Event("call", "", call, certain, loops)
        if name == "zero_grad" and receiver:
            return _Event("zero", self._trained.get(receiver, receiver), call, certain, loops)
        if name != "step":
            return None
        if (known.endswith("GradScaler.step") or (not known and "scaler" in receiver.lower())) and call.args:
            target = self._text(call.args[0].value)
            return _Event("step", target, call, certain, loops) if target else None
        if receiver and (known.startswith("torch.optim.Optimizer") or (not known and self._looks_like_optimizer(receiver))):
            return _Event("step", receiver, call, certain, loops)
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
                if name and name.partition(".")[0] not in bound | leaves and name not in leaves and name not in _CONSTANTS:
                    found[name] = None
        return [name for name in found if not any(name.startswith(f"{other}.") for other in found)]


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
