"""``--style high``: which training and evaluation loops are regular enough to become ``Model(network, loss_fn, optimizer).train(…)`` and
``.eval(…)``.

A batch loop is regular where it does what ``Model`` does: take inputs and labels from a loader, run the model, compute the loss from its output and
the labels, clear, differentiate, step. What stands before the step (clipping) is handed to ``Model``; what else stands after it (running sums, a
schedule, prints, ``break``) moves into a callback with its statements as they are, and printing the loss becomes ``LossMonitor``. An epoch loop that
only repeats such a loop becomes the number of epochs. Every other loop stays in the low style, with the reason at the loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from transpiler.rewrite.training.regions import Plan, Region
from transpiler.rewrite.training.sites import Place
from transpiler.syntax.names import BindingOrder, bound_by, dotted, jumps_out, loads, stores
from transpiler.syntax.tree import children

Scope = cst.FunctionDef | cst.Module
_MOVES = frozenset({"to", "cuda", "cpu"})
_OF_MODULES = ("train", "eval", "parameters", "named_parameters", "state_dict", "load_state_dict", "to", "cuda")
_HARMLESS = frozenset({"print", "range", "len", "enumerate", "time.time"})
_MODULUS = re.compile(r"%\s*([\w.]+)")


@dataclass(slots=True, eq=False)
class Batch:
    """What a batch loop takes from its loader: the names of inputs and labels before and after they are moved, and the batch's number with its
    start."""

    loader: cst.BaseExpression
    inputs: str = ""
    labels: str = ""
    whole: str = ""
    index: str = ""
    start: str = "0"


@dataclass(slots=True, eq=False)
class HighLoop:
    """A regular batch loop. ``forward``, ``loss``: the statements whose converted values name model and loss function. ``kept``: the statements that
    move into a callback. ``prepared``: those between the backward pass and the step. ``monitor``: how often the loss is printed, where that is all
    they do. ``sharing``: how the callback declares ``shared``. ``keeps_loss``: the last batch's loss is read after the loop."""

    loop: cst.For
    batch: Batch
    region: Region
    scope: Scope
    model: str
    optimizer: str
    output: str
    forward: cst.SimpleStatementLine | None
    loss: cst.SimpleStatementLine
    kept: list[cst.BaseStatement]
    monitor: str = ""
    shared: list[str] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    sharing: str = "nonlocal"
    comments: list[str] = field(default_factory=list)
    epochs: Epochs | None = None
    keeps_loss: bool = False
    prepared: list[cst.BaseStatement] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Epochs:
    """An epoch loop around a batch loop, of which it is all: its ``number`` of epochs from ``first`` on, what happens after each (``after``)."""

    loop: cst.For
    variable: str
    first: str
    number: cst.BaseExpression
    counts_from_one: bool
    after: list[cst.BaseStatement]


@dataclass(slots=True, eq=False)
class HighEvaluation:
    """A loop that counts right answers: what it counts them in, and how many answers in ``total``; ``kept``: sums of its loss."""

    loop: cst.For
    batch: Batch
    model: str
    output: str
    correct: str
    total: str
    loss: cst.SimpleStatementLine | None
    loss_name: str
    kept: list[cst.BaseStatement]
    shared: list[str]
    sharing: str
    comments: list[str]
    unset: list[str] = field(default_factory=list)


class Irregular(Exception):
    """Why a loop is no regular one."""


@dataclass(slots=True)
class HighPlan:
    """The regular loops by the loop statement (its id) that they take the place of, the others' reasons, and the statements to be watched."""

    loops: dict[int, HighLoop] = field(default_factory=dict)
    evaluations: dict[int, HighEvaluation] = field(default_factory=dict)
    reasons: list[tuple[cst.CSTNode, str]] = field(default_factory=list)
    watched: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)
    blocks: set[int] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    taken: frozenset[str] = frozenset()


def plan_high(module: cst.Module, plan: Plan) -> HighPlan:
    """Take the regular loops out of ``plan``."""
    high = HighPlan(taken=frozenset(node.value for node in every_node(module) if isinstance(node, cst.Name)))
    for call, outcome in list(plan.sites.items()):
        if not isinstance(outcome, Region):
            continue  # the diagnostic of the backward pass says why
        place = next((p for p in reversed(outcome.site.places) if isinstance(p.owner, (cst.For, cst.While))), None)
        try:
            found = _Reader(module, plan, outcome).loop()
        except Irregular as reason:
            high.reasons.append((place.owner if place is not None and place.owner is not None else outcome.site.call, str(reason)))
            continue
        plan.blocks[id(outcome.block)].remove(outcome)
        del plan.sites[call]
        high.calls.add(call)
        replaced = found.epochs.loop if found.epochs is not None else found.loop
        high.loops[id(replaced)] = found
        high.blocks.update(id(p.block) for p in outcome.site.places)
        high.watched.update({id(replaced), id(found.loss), id(found.forward), *map(id, found.kept), *map(id, found.prepared)})
        high.watched.update(id(statement) for statement in (found.epochs.after if found.epochs is not None else ()))
    plan.blocks = {block: regions for block, regions in plan.blocks.items() if regions}
    return high


class _Reader:
    """Reads one training loop."""

    def __init__(self, module: cst.Module, plan: Plan, region: Region) -> None:
        self.module = module
        self.plan = plan
        self.region = region
        self.site = region.site
        self.scope: Scope = region.site.function or module

    def loop(self) -> HighLoop:
        """The loop, or ``Irregular`` is raised."""
        place = self.site.places[-1]
        loop = place.owner
        if not isinstance(loop, cst.For) or not isinstance(place.block, cst.IndentedBlock) or self.region.block is not place.block:
            raise Irregular("The loss is not differentiated in the body of a loop over batches.")
        if len(self.plan.blocks[id(place.block)]) > 1:
            raise Irregular("It differentiates more than one loss.")
        optimizer = self.region.owners.removesuffix(".parameters")
        if not re.fullmatch(r"[\w.]+", optimizer) or not self.region.owners.endswith(".parameters"):
            raise Irregular("Not exactly one optimizer steps on the gradients.")
        batch = batch_of(self.module, loop)
        found = self._body(loop, place, batch, optimizer)
        found.comments = [*comments_of(place.block.header), *found.comments]
        self._check_mode(found)
        self._place_kept(found)
        found.epochs = self._epochs(found)
        return found

    # -- its body ------------------------------------------------------------------------------------------------------------

    def _body(self, loop: cst.For, place: Place, batch: Batch, optimizer: str) -> HighLoop:
        statements = list(cst.ensure_type(place.block, cst.IndentedBlock).body)
        step = next((n for n, s in enumerate(statements) if is_call(s, f"{optimizer}.step")), None)
        if step is None or step <= place.index:
            raise Irregular(f"'{optimizer}.step()' does not follow the backward pass in the same block.")
        between = statements[place.index + 1 : step]
        summing = [statement for statement in between if _sums_loss(statement, dotted(self.site.loss))]
        prepared = [statement for statement in between if statement not in summing]
        if not all(self._is_apart(statement, loop) for statement in prepared):
            raise Irregular("What happens between the backward pass and the optimizer's step reads the batch, or binds a name.")
        if is_call(statements[step], f"{optimizer}.step", with_arguments=True) or self.site.call.args:
            raise Irregular("The backward pass or the step takes arguments.")
        loss_name = dotted(self.site.loss)
        if not loss_name.isidentifier():
            raise Irregular("The loss that is differentiated has no name of its own.")
        read = Forward(self.module, batch, optimizer, loss_name)
        cleared = [read.statement(statement) for statement in statements[: place.index]]
        kept = [*summing, *(s for s in statements[step + 1 :] if not is_call(s, f"{optimizer}.zero_grad"))]
        if (
            not any(cleared)
            and len(kept) == len(summing) + len(statements[step + 1 :])
            and not self._cleared_in(statements[: step + 1], optimizer)
        ):
            raise Irregular("The gradients are not cleared in every step.")
        if read.loss is None or not read.model:
            raise Irregular("The loss is not computed from the model's output and the labels by one call each.")
        removed = [s for s in statements if s not in kept and s not in prepared]
        comments = [line for statement in removed for line in comments_of(statement)]
        return HighLoop(
            loop,
            batch,
            self.region,
            self.scope,
            read.model,
            optimizer,
            read.output,
            read.forward,
            read.loss,
            kept,
            comments=comments,
            prepared=prepared,
        )

    @staticmethod
    def _is_apart(statement: cst.BaseStatement, loop: cst.For) -> bool:
        """Whether a statement neither reads what the loop binds nor binds anything itself: clipping does not."""
        inside = {*stores(loop.body.body), *bound_by(loop.target)}
        return jumps_out([statement]) is None and not set(stores([statement])) and not inside & set(loads(statement))

    def _cleared_in(self, statements: Sequence[cst.BaseStatement], optimizer: str) -> bool:
        return any(is_call(statement, f"{optimizer}.zero_grad") for statement in statements)

    # -- the model's mode ------------------------------------------------------------------------------------------------------

    def _check_mode(self, found: HighLoop) -> None:
        """``Model.train`` puts the whole model into training mode, which must be what the loop meant."""
        calls = [(dotted(call.func), call) for call in calls_before(self.scope, found.loop)]
        own = [n for n, (name, call) in enumerate(calls) if name == f"{found.model}.train" and not call.args]
        later = calls[own[-1] + 1 :] if own else calls
        if any(name.endswith(".eval") or (name.endswith(".train") and call.args) for name, call in later):
            raise Irregular("Parts of the model are put into evaluation mode before the loop.")
        every = {dotted(call.func) for call in _calls(self.module)}
        is_parameter = isinstance(self.scope, cst.FunctionDef) and found.model.partition(".")[0] in parameter_names(self.scope)
        if any(name.startswith(f"{found.model}.") and name.endswith(".eval") and name != f"{found.model}.eval" for name in every):
            raise Irregular("Parts of the model are put into evaluation mode.")
        if not own and not is_parameter and f"{found.model}.eval" in every and self._calls_own_functions(calls):
            raise Irregular(f"Nothing here puts '{found.model}' into training mode.")
        shown = bool(every & {f"{found.model}.{method}" for method in _OF_MODULES})
        if not shown and "." in found.model:
            raise Irregular(f"Nothing here shows that '{found.model}' is a module.")
        if not own and (is_parameter or self._may_evaluate(found)):
            raise Irregular(f"Nothing here puts '{found.model}' into training mode.")
        if not shown:
            raise Irregular(f"Nothing here shows that '{found.model}' is a module.")

    def _calls_own_functions(self, calls: Sequence[tuple[str, cst.Call]]) -> bool:
        """Whether a function of the file, which may choose a mode, is called before the loop."""
        own = {node.name.value for node in every_node(self.module) if isinstance(node, cst.FunctionDef)}
        return any(name.rpartition(".")[2] in own for name, _ in calls)

    def _may_evaluate(self, found: HighLoop) -> bool:
        """Whether something between two turns of the loops around may put the model into evaluation mode."""
        places = [place for place in self.site.places[:-1] if isinstance(place.owner, (cst.For, cst.While))]
        if not places or places[0].owner is None:
            return False
        inside = set(map(id, every_node(found.loop)))
        others = [call for call in _calls(places[0].owner) if id(call) not in inside]
        return any(not dotted(call.func).endswith((".step", ".item", ".format")) and dotted(call.func) not in _HARMLESS for call in others)

    # -- what follows the step ---------------------------------------------------------------------------------------------------

    def _place_kept(self, found: HighLoop) -> None:
        if jumps_out(found.kept, in_loop=True) is not None:
            raise Irregular("The function is left after the step.")
        batch, loss = found.batch, dotted(self.site.loss)
        inside = set(stores(found.loop.body.body)) | set(bound_by(found.loop.target))
        names = {name for statement in found.kept for name in loads(statement)}
        known = {batch.inputs, batch.labels, batch.index, loss, batch.whole, found.output}
        own = set(stores(found.kept))
        if names & (inside - known - own):
            raise Irregular("What follows the step reads more of it than its output, its loss and the batch.")
        escaping = self._escaping(found, inside - own)
        if escaping == {loss}:
            found.keeps_loss = True
        elif escaping:
            raise Irregular(f"'{min(escaping)}' is read after the loop.")
        found.monitor = "" if found.keeps_loss else self._monitor(found, loss)
        if found.monitor:
            found.comments += [line for statement in found.kept for line in comments_of(statement)]
        else:
            self._share(found, own | ({loss} if found.keeps_loss else set()))

    def _escaping(self, found: HighLoop, names: set[str]) -> set[str]:
        """Names of the loop that are read after it, or before it in the next turn of a loop around it, without being bound again."""
        escaping: set[str] = set()
        for place in reversed(self.site.places[:-1]):
            body = list(place.block.body)
            order = BindingOrder(body[place.index + 1 :])
            escaping |= order.early & names
            names = names - order.bound
            if isinstance(place.owner, (cst.For, cst.While)):
                escaping |= BindingOrder(body[: place.index]).early & names
        return escaping

    def _monitor(self, found: HighLoop, loss: str) -> str:
        """How often the loss is printed, where nothing else happens after the step; '' otherwise."""
        printing = [statement for statement in found.kept if _prints(statement)]
        sums = [name for s in found.kept if s not in printing for name in _summed(s)]
        read = {name for statement in printing for name in loads(statement)}
        if len(printing) != 1 or not read & {loss, *sums} or any(not _summed(s) for s in found.kept if s not in printing):
            return ""
        skipped = {id(statement) for statement in found.kept}
        if set(sums) & set(loads_outside(self.scope, skipped)):
            return ""
        every = _MODULUS.search(self.module.code_for_node(printing[0].test)) if isinstance(printing[0], cst.If) else None
        if every is None:
            return "" if isinstance(printing[0], cst.If) else "1"
        return every.group(1)

    def _share(self, found: HighLoop, own: set[str]) -> None:
        order = BindingOrder(found.kept)
        outside = set(loads_outside(self.scope, {id(found.loop)}))
        found.shared = sorted(name for name in own if name in order.early or name in outside or name not in order.bound)
        if isinstance(self.scope, cst.Module):
            found.sharing = "global"
        else:
            bound = parameter_names(self.scope) | set(stores_outside(self.scope, id(found.loop)))
            found.unset = [name for name in found.shared if name not in bound]
            if any(isinstance(node, (cst.Global, cst.Nonlocal)) for node in every_node(self.scope)):
                raise Irregular("The function declares names of another scope.")

    # -- the epochs ---------------------------------------------------------------------------------------------------------------

    def _epochs(self, found: HighLoop) -> Epochs | None:
        """The loop around the batch loop, where it only counts epochs."""
        places = self.site.places
        if len(places) < 2 or not isinstance(places[-2].owner, cst.For) or found.shared or (found.kept and not found.monitor):
            return None
        outer, place = places[-2].owner, places[-2]
        if not isinstance(outer.target, cst.Name) or outer.orelse is not None or not isinstance(place.block, cst.IndentedBlock):
            return None
        counted = _range(outer.iter)
        if counted is None or not dotted(found.batch.loader):
            return None
        before, after = list(place.block.body[: place.index]), list(place.block.body[place.index + 1 :])
        sums = {name for statement in found.kept for name in _summed(statement)}
        has_mode = any(is_call(statement, f"{found.model}.train") for statement in before)
        if any(not is_call(s, f"{found.model}.train") and not set(stores([s])) <= sums for s in before):
            return None
        if any(
            isinstance(only_statement(s), cst.Assign) and isinstance(cst.ensure_type(only_statement(s), cst.Assign).value, cst.Call)
            for s in before
        ):
            return None
        if jumps_out(after) is not None or set(stores(after)) & set(loads_outside(self.scope, {id(found.loop), *map(id, after)})):
            return None
        if BindingOrder(after).early & set(stores(after)) or (after and not has_mode and not all(map(_steps, after))):
            return None
        if outer.target.value in set(loads_outside(self.scope, {id(outer)})):
            return None
        first, number, from_one = counted
        found.comments = [c for node in (place.block.header, *before) for c in comments_of(node)] + found.comments
        return Epochs(outer, outer.target.value, self.module.code_for_node(first), number, from_one, after)


def batch_of(module: cst.Module, loop: cst.For) -> Batch:
    """What a loop takes from its loader; raises ``Irregular``."""
    if loop.orelse is not None or loop.asynchronous is not None:
        raise Irregular("The loop has an else branch.")
    target: cst.BaseExpression = loop.target
    source = loop.iter
    batch = Batch(source)
    if isinstance(source, cst.Call) and dotted(source.func) == "enumerate" and source.args:
        if not isinstance(target, cst.Tuple) or len(target.elements) != 2 or not isinstance(target.elements[0].value, cst.Name):
            raise Irregular("The loop does not name the batch's number and the batch.")
        batch.loader, batch.index = source.args[0].value, target.elements[0].value.value
        batch.start = module.code_for_node(source.args[1].value) if len(source.args) > 1 else "0"
        target = target.elements[1].value
    if not dotted(batch.loader) and not _shows_progress(batch.loader):
        raise Irregular("The loop does not go over a loader itself.")
    _name_batch(target, batch)
    return batch


def _shows_progress(loader: cst.BaseExpression) -> bool:
    """``tqdm(loader)``, which has a length and gives the loader's batches."""
    return (
        isinstance(loader, cst.Call)
        and dotted(loader.func).rpartition(".")[2] == "tqdm"
        and bool(loader.args)
        and bool(dotted(loader.args[0].value))
    )


def _name_batch(target: cst.BaseExpression, batch: Batch) -> None:
    if isinstance(target, cst.Name):
        batch.whole = target.value
        return
    names = [dotted(element.value) for element in target.elements] if isinstance(target, (cst.Tuple, cst.List)) else []
    if len(names) != 2 or not all(name.isidentifier() for name in names):
        raise Irregular("A batch is not inputs and labels.")
    batch.inputs, batch.labels = names


class Forward:
    """Reads the statements up to the backward pass one by one."""

    def __init__(self, module: cst.Module, batch: Batch, optimizer: str, loss_name: str | None) -> None:
        self.module = module
        self.batch = batch
        self.optimizer = optimizer
        self.loss_name = loss_name or ""
        self.model = ""
        self.output = ""
        self.forward: cst.SimpleStatementLine | None = None
        self.loss: cst.SimpleStatementLine | None = None

    def statement(self, statement: cst.BaseStatement) -> bool:
        """Take in a statement; True where it clears the gradients. Raises ``Irregular``."""
        if is_call(statement, f"{self.optimizer}.zero_grad"):
            return True
        small = only_statement(statement)
        if isinstance(small, cst.Assign) and isinstance(statement, cst.SimpleStatementLine) and len(small.targets) == 1:
            if self._unpacks(small) or self._moves(small) or self._runs(small, statement) or self._evaluates(small, statement):
                return False
        elif isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString):
            return False
        text = self.module.code_for_node(statement).strip().splitlines()
        raise Irregular(f"Its step does more than model and loss: '{text[-1][:60] if text else ''}'.")

    def takes_loss(self, statement: cst.BaseStatement) -> bool:
        """Take in ``loss = criterion(output, labels)`` where it stands among other statements."""
        small = only_statement(statement)
        if not isinstance(small, cst.Assign) or len(small.targets) != 1 or not isinstance(statement, cst.SimpleStatementLine) or self.loss:
            return False
        self.loss_name = dotted(small.targets[0].target)
        if self.loss_name.isidentifier() and self._evaluates(small, statement):
            return True
        self.loss_name = ""
        return False

    def _unpacks(self, node: cst.Assign) -> bool:
        """``inputs, labels = batch``."""
        if not self.batch.whole or self.batch.inputs or dotted(node.value) != self.batch.whole:
            return False
        _name_batch(node.targets[0].target, self.batch)
        return bool(self.batch.inputs)

    def _moves(self, node: cst.Assign) -> bool:
        """``x = x.to(device)``, alone or both at once, also from the parts of a batch."""
        target, value = node.targets[0].target, node.value
        pairs: list[tuple[cst.BaseExpression, cst.BaseExpression]] = [(target, value)]
        if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
            pairs = [(a.value, b.value) for a, b in zip(target.elements, value.elements, strict=True)]
        moved = [(dotted(name), self._moved(expression)) for name, expression in pairs]
        if not all(name.isidentifier() and source for name, source in moved):
            return False
        for name, source in moved:
            if source == "inputs":
                self.batch.inputs = name
            else:
                self.batch.labels = name
        return True

    def _moved(self, node: cst.BaseExpression) -> str:
        """Which part of the batch a moved expression is, '' for anything else."""
        while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _MOVES:
            if node.func.attr.value == "to" and not _names_device(node, self.module):
                return ""
            node = node.func.value
        if self.batch.whole and isinstance(node, cst.Subscript) and dotted(node.value) == self.batch.whole:
            number = self.module.code_for_node(node).removeprefix(self.batch.whole)
            return {"[0]": "inputs", "[1]": "labels"}.get(number, "")
        return {self.batch.inputs: "inputs", self.batch.labels: "labels"}.get(dotted(node), "") if dotted(node) else ""

    def _runs(self, node: cst.Assign, statement: cst.SimpleStatementLine) -> bool:
        """``output = model(inputs)``."""
        name, model = dotted(node.targets[0].target), self._model_of(node.value)
        if not model or not name.isidentifier() or self.model:
            return False
        self.model, self.output, self.forward = model, name, statement
        return True

    def _model_of(self, node: cst.BaseExpression) -> str:
        if not isinstance(node, cst.Call) or len(node.args) != 1 or node.args[0].keyword is not None or node.args[0].star:
            return ""
        return dotted(node.func) if self.batch.inputs and dotted(node.args[0].value) == self.batch.inputs else ""

    def _evaluates(self, node: cst.Assign, statement: cst.SimpleStatementLine) -> bool:
        """``loss = criterion(output, labels)``, or with the model's call in place of its output."""
        call = node.value
        if (
            dotted(node.targets[0].target) != self.loss_name
            or not isinstance(call, cst.Call)
            or len(call.args) < 2
            or self.loss is not None
        ):
            return False
        first, second = call.args[0], call.args[1]
        if first.keyword is not None or second.keyword is not None or first.star or second.star or not dotted(call.func):
            return False
        direct = self._model_of(first.value)
        if direct and not self.model:
            self.model = direct
        elif dotted(first.value) != self.output or not self.output:
            return False
        own = {self.batch.inputs, self.batch.whole, self.batch.index} - {""}
        if dotted(second.value) != self.batch.labels or any(set(loads(argument.value)) & own for argument in call.args[2:]):
            return False
        self.loss = statement
        return True


def is_call(statement: cst.CSTNode, callee: str, with_arguments: bool = False) -> bool:
    """Whether a statement is a call of ``callee`` and nothing else."""
    small = only_statement(statement)
    call = small.value if isinstance(small, cst.Expr) else None
    return isinstance(call, cst.Call) and dotted(call.func) == callee and (not with_arguments or bool(call.args))


def only_statement(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """The one small statement of a line."""
    return statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None


def _names_device(call: cst.Call, module: cst.Module) -> bool:
    """Whether ``x.to(…)`` names a device and nothing else."""
    positional = [a for a in call.args if a.keyword is None or a.keyword.value == "device"]
    others = [a for a in call.args if a.keyword is not None and a.keyword.value not in ("device", "non_blocking")]
    if len(positional) != 1 or others or positional[0].star:
        return False
    text = module.code_for_node(positional[0].value)
    return "device" in text or text in ("DEVICE", "dev", "gpu", "args.gpu", "rank", "local_rank") or text[:1] in "'\""


def _prints(statement: cst.BaseStatement) -> bool:
    """``print(…)``, alone or under a condition; resetting a sum beside it."""
    if isinstance(statement, cst.If) and isinstance(statement.body, cst.IndentedBlock) and statement.orelse is None:
        inner = [only_statement(s) for s in statement.body.body]
        calls = [s for s in inner if isinstance(s, cst.Expr) and isinstance(s.value, cst.Call) and dotted(s.value.func) == "print"]
        resets = [s for s in inner if isinstance(s, cst.Assign) and isinstance(s.value, (cst.Integer, cst.Float))]
        return bool(calls) and len(calls) + len(resets) == len(inner)
    small = only_statement(statement)
    return isinstance(small, cst.Expr) and isinstance(small.value, cst.Call) and dotted(small.value.func) == "print"


def _summed(statement: cst.CSTNode) -> list[str]:
    """``running`` of ``running += …``."""
    small = only_statement(statement)
    if isinstance(small, cst.AugAssign) and isinstance(small.operator, cst.AddAssign) and isinstance(small.target, cst.Name):
        return [small.target.value]
    return []


def _sums_loss(statement: cst.BaseStatement, loss: str) -> bool:
    """``running += loss.item()``, which is the same before and after the step."""
    small = only_statement(statement)
    return bool(_summed(statement)) and isinstance(small, cst.AugAssign) and set(loads(small.value)) <= {loss, "float"}


def _steps(statement: cst.BaseStatement) -> bool:
    """``scheduler.step()``, which runs no model."""
    small = only_statement(statement)
    return isinstance(small, cst.Expr) and isinstance(small.value, cst.Call) and dotted(small.value.func).endswith(".step")


def _range(node: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.BaseExpression, bool] | None:
    """(first, end, counts from one) of ``range(n)``, ``range(a, b)``; ``range(1, n + 1)`` counts n epochs from one."""
    if not isinstance(node, cst.Call) or dotted(node.func) != "range" or not 1 <= len(node.args) <= 2:
        return None
    values = [argument.value for argument in node.args]
    if len(values) == 1:
        return cst.Integer("0"), values[0], False
    first, end = values
    is_one = isinstance(first, cst.Integer) and first.value == "1"
    if is_one and isinstance(end, cst.BinaryOperation) and isinstance(end.operator, cst.Add):
        if isinstance(end.right, cst.Integer) and end.right.value == "1":
            return cst.Integer("0"), end.left, True
        if isinstance(end.left, cst.Integer) and end.left.value == "1":
            return cst.Integer("0"), end.right, True
    return first, end, False


def comments_of(node: cst.CSTNode) -> Iterator[str]:
    """Every comment in a node."""
    if isinstance(node, cst.Comment):
        yield node.value
    for child in node.children:  # white space too, where comments are
        yield from comments_of(child)


def every_node(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node's descendants in the order of the text."""
    for child in children(node):
        yield child
        yield from every_node(child)


def _calls(node: cst.CSTNode) -> Iterator[cst.Call]:
    return (child for child in every_node(node) if isinstance(child, cst.Call))


def calls_before(scope: Scope, loop: cst.For) -> list[cst.Call]:
    """Calls of a scope in the order of the text up to a loop; those of functions inside it are made elsewhere."""
    found: list[cst.Call] = []

    def reached(node: cst.CSTNode) -> bool:
        for child in children(node):
            if child is loop:
                return True
            if isinstance(child, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
                continue
            if isinstance(child, cst.Call):
                found.append(child)
            if reached(child):
                return True
        return False

    reached(scope.body if isinstance(scope, cst.FunctionDef) else scope)
    return found


def parameter_names(function: cst.FunctionDef) -> set[str]:
    """Names of a function's parameters, those of functions in defaults included."""
    return {node.name.value for node in every_node(function.params) if isinstance(node, cst.Param)}


def loads_outside(node: cst.CSTNode, skipped: set[int]) -> Iterator[str]:
    """Names read in a scope, but for some statements."""
    for child in children(node):
        if id(child) in skipped:
            continue
        if isinstance(child, (cst.SimpleStatementLine, cst.BaseExpression, cst.FunctionDef, cst.ClassDef)):
            yield from loads(child)
        else:
            yield from loads_outside(child, skipped)


def stores_outside(scope: Scope, skipped: int) -> Iterator[str]:
    """Names that a scope binds itself, but for one statement."""

    def kept(nodes: Iterable[cst.CSTNode]) -> Iterator[str]:
        for node in nodes:
            if id(node) == skipped:
                continue
            if isinstance(
                node, (cst.For, cst.While, cst.If, cst.Else, cst.With, cst.Try, cst.IndentedBlock, cst.ExceptHandler, cst.Finally)
            ):
                if isinstance(node, cst.For):
                    yield from bound_by(node.target)
                yield from kept(children(node))
            else:
                yield from stores([node])

    yield from kept(scope.body.body if isinstance(scope, cst.FunctionDef) else scope.body)
