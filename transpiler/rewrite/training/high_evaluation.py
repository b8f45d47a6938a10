"""``--style high``, the second half: which loops count a classifier's right answers and become ``Model(network, loss_fn,
metrics=…).eval(loader)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from transpiler.rewrite.training.high import (
    Batch,
    Forward,
    HighEvaluation,
    HighPlan,
    Irregular,
    Scope,
    batch_of,
    calls_before,
    comments_of,
    every_node,
    loads_outside,
    only_statement,
    parameter_names,
    stores_outside,
)
from transpiler.syntax.names import BindingOrder, bound_by, dotted, jumps_out, loads, stores
from transpiler.syntax.tree import children


def plan_evaluations(module: cst.Module, high: HighPlan) -> None:
    """Add the regular evaluation loops of a file to its plan."""
    moved = {id(node) for other in high.loops.values() if other.epochs for after in other.epochs.after for node in every_node(after)}
    for loop, scope, path in list(_loops(module, module, ())):
        if (
            id(loop) in high.loops
            or any(id(loop) == id(other.loop) for other in high.loops.values())
            or "backward" in module.code_for_node(loop)
        ):
            continue
        try:
            found = _Reader(module, loop, scope).evaluation()
        except Irregular:
            continue  # most loops evaluate nothing, so there is nothing to say about them
        if id(loop) in moved:
            found.sharing = "nonlocal"  # it stands in a callback of its own
        high.evaluations[id(loop)] = found
        high.watched.update({id(loop), id(found.loss), *map(id, found.kept)})
        high.marked.update(path)
        high.blocks.update(path)


def _loops(node: cst.CSTNode, scope: Scope, path: tuple[int, ...]) -> Iterator[tuple[cst.For, Scope, tuple[int, ...]]]:
    """Loops with the scope that they stand in and the ids of the nodes around them."""
    here = (*path, id(node))
    for child in children(node):
        inner = child if isinstance(child, cst.FunctionDef) else scope
        if isinstance(child, cst.For):
            yield child, scope, (*here, id(child))
        if not isinstance(child, cst.BaseExpression):
            yield from _loops(child, inner, here)


class _Reader:
    """Reads one loop as an evaluation, or raises ``Irregular``."""

    def __init__(self, module: cst.Module, loop: cst.For, scope: Scope) -> None:
        self.module = module
        self.loop = loop
        self.scope = scope
        self.correct = self.total = self.predicted = ""
        self.predicted_keeps = False

    def evaluation(self) -> HighEvaluation:
        """The loop's parts."""
        batch = batch_of(self.module, self.loop)
        statements = list(self.loop.body.body) if isinstance(self.loop.body, cst.IndentedBlock) else []
        forward = Forward(self.module, batch, "", None)
        at = 0
        while at < len(statements) and not forward.model:
            forward.statement(statements[at])
            at += 1
        output = forward.output
        if not output:
            raise Irregular("No model is run.")
        kept = [s for s in statements[at:] if not self._counts(s, output, batch) and not forward.takes_loss(s)]
        if not self.correct or jumps_out(kept) is not None:
            raise Irregular("Nothing is counted.")
        self._check(batch, forward, kept)
        removed = [s for s in statements if s not in kept]
        return HighEvaluation(
            self.loop, batch, forward.model, output, self.correct, self.total, forward.loss, forward.loss_name, kept, *self._sharing(kept),
            comments=[line for s in removed for line in comments_of(s)],
        )  # fmt: skip

    # -- counting --------------------------------------------------------------------------------------------------------------

    def _counts(self, statement: cst.BaseStatement, output: str, batch: Batch) -> bool:
        """Take in a statement that picks the answer with the largest output, or counts."""
        small = only_statement(statement)
        text = re.sub(r"\s+", "", self.module.code_for_node(small)) if small is not None else ""
        text = re.sub(r"\b(?:dim|axis)=", "", text.replace(f"{output}.data", output))
        picked = self._picked(text, output)
        if picked:
            self.predicted, self.predicted_keeps = picked, "keepdim=True" in text
            return True
        if not isinstance(small, cst.AugAssign) or not isinstance(small.operator, cst.AddAssign) or not dotted(small.target):
            return False
        name, _, value = text.partition("+=")
        labels = batch.labels
        if not self.total and value in {size.format(n) for n in (labels, batch.inputs) for size in _SIZES}:
            self.total = name
            return True
        if not self.correct and self._compares(value, output, labels):
            self.correct = name
            return True
        return False

    def _picked(self, text: str, output: str) -> str:
        """The name that the index of the largest output gets."""
        o = re.escape(output)
        pair = re.fullmatch(rf"\(?_,(\w+)\)?=(?:torch\.max\({o},1\)|{o}\.max\(1\))", text)
        keep = r"(?:,keepdim=True)?"
        alone = re.fullmatch(
            rf"(\w+)=(?:torch\.argmax\({o},1{keep}\)|{o}\.argmax\(1{keep}\)|(?:torch\.max\({o},1{keep}\)|{o}\.max\(1{keep}\))\[1\])", text
        )
        found = pair or alone
        return found.group(1) if found is not None else ""

    def _compares(self, value: str, output: str, labels: str) -> bool:
        """Whether a value is the number of labels that are met."""
        tails = ("", ".float()", ".type(torch.float)", ".to(torch.float)", ".type(torch.float32)")
        names = [self.predicted] if self.predicted else [f"{output}.argmax(1)", f"torch.argmax({output},1)", f"{output}.max(1)[1]"]
        matches: set[str] = set()
        for p in names:
            asked = [f"{labels}.view_as({p})"] if self.predicted_keeps else [labels, f"{labels}.view_as({p})", f"{labels}.data"]
            for wanted in asked:
                equal = [f"({p}=={wanted})", f"({wanted}=={p})", f"{p}.eq({wanted})", f"{wanted}.eq({p})", f"torch.eq({p},{wanted})"]
                matches |= {f"{e}{tail}.sum().item()" for e in equal for tail in tails}
                matches |= {f"torch.sum({p}=={wanted}).item()", f"int(({p}=={wanted}).sum())"}
        return value in matches

    # -- what may not be ---------------------------------------------------------------------------------------------------------

    def _check(self, batch: Batch, forward: Forward, kept: list[cst.BaseStatement]) -> None:
        inside = set(stores(self.loop.body.body)) | set(bound_by(self.loop.target))
        read = {name for statement in kept for name in loads(statement)}
        known = {batch.inputs, batch.labels, forward.output, forward.loss_name} | set(stores(kept))
        counted = {self.correct, self.total}
        if read & (inside - known) or read & counted or batch.index in read:
            raise Irregular("What is left of the loop reads its counts.")
        after = set(loads_outside(self.scope, {id(self.loop)}))
        bound_outside = set(stores_outside(self.scope, id(self.loop)))
        if (inside - set(stores(kept)) - counted - {"_"}) & (after - bound_outside):
            raise Irregular("A name of the loop is read after it.")
        names = [(dotted(call.func), call) for call in calls_before(self.scope, self.loop)]
        switches = [(name, call) for name, call in names if name in (f"{forward.model}.eval", f"{forward.model}.train")]
        if not switches or (switches[-1][0].endswith(".train") and not switches[-1][1].args):
            raise Irregular("The model is not in evaluation mode.")
        if any(isinstance(node, (cst.Global, cst.Nonlocal)) for node in every_node(self.scope)):
            raise Irregular("The function declares names of another scope.")

    def _sharing(self, kept: list[cst.BaseStatement]) -> tuple[list[str], str]:
        own, order = set(stores(kept)), BindingOrder(kept)
        outside = set(loads_outside(self.scope, {id(self.loop)}))
        shared = sorted(name for name in own if name in order.early or name in outside)
        if isinstance(self.scope, cst.Module):
            return shared, "global"
        bound = parameter_names(self.scope) | set(stores_outside(self.scope, id(self.loop)))
        if not set(shared) <= bound:
            raise Irregular("A sum has no start.")
        return shared, "nonlocal"


_SIZES = ("{}.size(0)", "{}.shape[0]", "len({})", "{}.size()[0]")
