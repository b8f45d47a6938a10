"""Where the forward functions of a file's training steps begin and end, what comes out of them, and which parameters they are differentiated by.

For each ``loss.backward()`` the statements that compute the graph of ``loss`` are found by data flow, backwards through the blocks around it and not
past the head of a loop (torch frees a graph after one backward pass). The run of statements from the first of them to the last becomes a function,
and the gradients are added into ``parameter.grad`` where ``backward()`` stood, so everything between and after stays as it was. Runs of several
losses are nested: MindSpore differentiates through a ``value_and_grad`` inside another one, and what the inner one returns keeps its graph in the
outer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.rewrite.training.graph_flow import GraphFlow, assignments, keys, marked_names
from transpiler.rewrite.training.leaves import leaf_names
from transpiler.rewrite.training.new_models import find_new_models
from transpiler.rewrite.training.optimizers import Owners
from transpiler.rewrite.training.region_names import RegionNames
from transpiler.rewrite.training.regions import Failure, Plan, Region, base_loss
from transpiler.rewrite.training.sites import Place, Site, find_sites, gradient_of, keyword_argument, linear_in
from transpiler.syntax.names import (
    BindingOrder,
    dotted,
    jumps_out,
    parameters,
    read_attributes,
    stores,
)
from transpiler.syntax.tree import children, every

_LOOPS = (cst.For, cst.While)


def plan_training(module: cst.Module, facts: Facts, external: frozenset[str], records: bool = False) -> Plan:
    """The training steps of a file. ``records``: another file of the project has graphs that are recorded while the program runs, so that all are."""
    return _Planner(module, facts, external).run(records)


class _Planner:
    def __init__(self, module: cst.Module, facts: Facts, external: frozenset[str]) -> None:
        self.module = module
        self.facts = facts
        self.external = external
        self.leaves = frozenset(leaf_names(module))
        self.owners = Owners(module, facts)
        grads = frozenset(dotted(node) for node in every(module, cst.Attribute) if node.attr.value == "grad")
        self.plan = Plan(leaves=self.leaves, read_grads=grads)
        self._flows: dict[int, GraphFlow] = {}

    def run(self, records: bool) -> Plan:
        """Plan every site, in the order of the file."""
        sites = list(find_sites(self.module, self.facts))
        found = [self._region(site) for site in sites]
        records = records or any(isinstance(outcome, Failure) and not outcome.is_final for outcome in found)
        if records and all(site.inputs is None for site in sites):
            found = [self._recorded(outcome) for outcome in found]
        left = {id(site.function) for site, outcome in zip(sites, found, strict=True) if isinstance(outcome, Failure) and outcome.is_final}
        found = [self._left(outcome) if id(site.function) in left else outcome for site, outcome in zip(sites, found, strict=True)]
        for site, outcome in zip(sites, found, strict=True):
            shared = self._same(outcome) if isinstance(outcome, Region) and outcome.is_hoisted else None
            self.plan.sites[id(site.call)] = shared or outcome
            self.plan.marked.update(id(place.block.body[place.index]) for place in site.places)
            self.plan.marked.update(id(scope) for scope in site.scopes)
            if isinstance(outcome, Region) and shared is None:
                self.plan.blocks.setdefault(id(outcome.block), []).append(outcome)
        for regions in self.plan.blocks.values():
            self._nest(regions)
        if sites:
            self.owners.settle_clearings()
        names = RegionNames(self.module, self.facts, self.owners, self.plan)
        regions = list(dict.fromkeys(outcome for outcome in self.plan.sites.values() if isinstance(outcome, Region)))
        for region in regions:
            names.name(region)
        for region in regions:
            names.settle(region)
        self.plan.new_models, around = find_new_models(self.module, self.facts)
        self.plan.marked |= around
        return self.plan

    @staticmethod
    def _recorded(outcome: Region | Failure) -> Failure:
        """One way for all graphs of a file: while MindSpore records the program, its ``value_and_grad`` cannot differentiate every layer."""
        return outcome if isinstance(outcome, Failure) else Failure("Another graph of this program is no run of statements.", "")

    @staticmethod
    def _left(outcome: Region | Failure) -> Failure:
        """A step is converted as a whole, or left as a whole."""
        if isinstance(outcome, Failure) and outcome.is_final:
            return outcome
        hint = "Differentiate with mindspore.grad what is to be differentiated again."
        return Failure("Another graph of this function is to be differentiated again.", hint, is_final=True)

    def _same(self, region: Region) -> Region | None:
        """The region of another branch that differentiates the same loss."""
        for other in self.plan.blocks.get(id(region.block), ()):
            if (other.start, other.stop, other.is_hoisted) == (region.start, region.stop, True) and base_loss(other) == base_loss(region):
                return other
        return None

    # -- one site -----------------------------------------------------------------------------------------------------------

    def _flow(self, site: Site) -> GraphFlow:
        scope: cst.FunctionDef | cst.Module = site.function or self.module
        flow = self._flows.get(id(scope))
        if flow is None:
            flow = GraphFlow(self.facts, self.external, self.leaves)
            body = scope.body.body if isinstance(scope, cst.FunctionDef) else scope.body
            flow.learn(body)
            flow.learn_data(body)
            self._flows[id(scope)] = flow
        return flow

    def _region(self, site: Site) -> Region | Failure:
        if site.scopes and site.function is None:
            return Failure("It stands in the body of a class.", "Write the training step in a function.")
        refused = _refused_arguments(site.call) if site.inputs is None else self._refused_inputs(site)
        if refused is not None:
            return refused
        flow = self._flow(site)
        if self._shares_line(site, flow):
            return Failure("It shares its line with a statement that changes the loss.", "Write one statement on a line.")
        found = self._pieces(site, flow)
        if isinstance(found, Failure):
            return found
        pieces, start, stop = found
        at_site = pieces is site.places[-1]
        if site.inputs is not None:
            return self._input_region(site, pieces, start, at_site)
        alone = flow.carries(site.loss) and self._computes(flow, site.loss)
        if start is None:
            if not alone:
                return self._no_graph(site, flow)
            pieces, start, stop, at_site = site.places[-1], site.places[-1].index, site.places[-1].index, True
        if not isinstance(site.loss, cst.Name) or gradient_of(site.call) is not None:
            if not at_site and (linear_in(site.loss) is None or gradient_of(site.call) is not None):
                return Failure(
                    "The loss is computed outside the block that it is differentiated in, and changed there.",
                    "Give the final loss a name in the same block.",
                )
            stop = site.places[-1].index if at_site else stop
        block = pieces.block
        if isinstance(block, cst.SimpleStatementSuite):
            return Failure("The loss is computed on the line of its condition or loop.", "Write one statement on a line.")
        run = block.body[start:stop]
        jump = jumps_out(run)
        if jump is not None:
            return _jump_failure(jump)
        carried = linear_in(site.loss)
        if carried in BindingOrder(run).early and any(isinstance(place.owner, _LOOPS) for place in site.places):
            return Failure(
                f"'{carried}' carries its graph from one round of the loop to the next.", "Differentiate the loss of each round."
            )
        hidden = self._foreign_graph(site, flow, run) or self._handed_graph(site, flow, run)
        if hidden is not None:
            return hidden
        return Region(site, block, start, stop, is_hoisted=not at_site)

    def _shares_line(self, site: Site, flow: GraphFlow) -> bool:
        """Whether a statement before it on the same line changes what the loss is computed from."""
        place = site.places[-1]
        line = place.block.body[place.index]
        if not isinstance(line, cst.SimpleStatementLine):
            return False
        earlier = line.body[: next(n for n, small in enumerate(line.body) if small is site.statement)]
        return any(flow.defines(small, {}) & flow.needs(site.loss) for small in earlier)

    def _refused_inputs(self, site: Site) -> Failure | None:
        assert site.inputs is not None
        named = all(isinstance(value, cst.Name) for value in site.inputs)
        others = [a for a in site.call.args if a.keyword is not None and a.keyword.value == "is_grads_batched"]
        if isinstance(site.loss, (cst.List, cst.Tuple)) or others or (not named and len(site.inputs) > 1):
            return Failure("Its outputs or inputs are not plain names.", "Differentiate a function with mindspore.grad.")
        return None

    def _input_region(self, site: Site, pieces: Place, start: int | None, at_site: bool) -> Region | Failure:
        """The statements between the inputs of ``torch.autograd.grad`` and the call; what comes before them does not depend on the inputs."""
        if not at_site or (start is None and dotted(site.loss)):
            return Failure("The outputs are not computed in the same block.", "Differentiate a function with mindspore.grad.")
        stop = pieces.index
        inputs = {dotted(value) for value in site.inputs or ()}
        begin = stop if start is None else start
        for index in range(begin, stop):
            if inputs & set(stores([pieces.block.body[index]])):
                begin = index + 1
        if isinstance(pieces.block, cst.SimpleStatementSuite):
            return Failure("The outputs are not computed in the same block.", "Differentiate a function with mindspore.grad.")
        jump = jumps_out(pieces.block.body[begin:stop])
        if jump is not None:
            return _jump_failure(jump)
        return Region(site, pieces.block, begin, stop, is_hoisted=False)

    @staticmethod
    def _computes(flow: GraphFlow, loss: cst.BaseExpression) -> bool:
        """Whether an expression calls something, rather than only naming what was computed before."""
        return not dotted(loss)

    def _pieces(self, site: Site, flow: GraphFlow) -> tuple[Place, int | None, int] | Failure:
        """The level and the range of the statements that compute the graph; a start of None: there are none."""
        need = flow.needs(site.loss)
        methods = self._method_effects(site)
        found: list[tuple[Place, int, int]] = []
        retains = keyword_argument(site.call, "retain_graph") is not None
        for level in range(len(site.places) - 1, -1, -1):
            place = site.places[level]
            indices = self._relevant(place, need, flow, methods)
            if indices:
                found.append((place, min(indices), max(indices) + 1))
            if isinstance(place.owner, _LOOPS):
                crossing = self._crossing(site, level, need, flow, methods, retains)
                if crossing is not None:
                    return crossing
                break
            if isinstance(place.owner, cst.With):
                for item in place.owner.items:
                    if item.asname is not None:
                        need |= flow.needs(item.item)
        if len(found) > 1:
            return Failure(
                "The loss is computed partly outside and partly inside the block that it is differentiated in.",
                "Compute the whole loss in one block.",
            )
        if not found:
            return site.places[-1], None, 0
        place, start, stop = found[0]
        return place, self._with_starts(place, start, stop, flow), stop

    def _relevant(self, place: Place, need: set[str], flow: GraphFlow, methods: dict[str, frozenset[str]]) -> list[int]:
        """Indices of the statements before ``place`` that compute graph for ``need``, which grows by what they use."""
        indices = []
        is_before_mark = False
        for index in range(place.index - 1, -1, -1):
            statement = place.block.body[index]
            if isinstance(statement, cst.SimpleStatementLine):
                marked = flow.data.intersection(marked_names([statement])) & need
                need -= marked
                is_before_mark = is_before_mark or bool(marked)
            defined = flow.defines(statement, methods)
            wanted = defined & need or ("self.*" in defined and any(name.startswith("self.") for name in need))
            if not wanted:
                continue
            graph = flow.is_graph_statement(statement) and not (is_before_mark and flow.only_moves(statement))
            if graph:
                indices.append(index)
            self._replace_need(statement, need)
            need |= flow.used_by(statement)
        return indices

    @staticmethod
    def _replace_need(statement: cst.CSTNode, need: set[str]) -> None:
        """A plain assignment settles where a name comes from."""
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Assign):
                    for target in small.targets:
                        if isinstance(target.target, (cst.Name, cst.Tuple)):
                            need -= set(keys(target.target))

    @staticmethod
    def _with_starts(place: Place, start: int, stop: int, flow: GraphFlow) -> int:
        """The start moved up to ``loss = 0`` and ``losses = []`` of what the run accumulates."""
        run = place.block.body[start:stop]
        early = BindingOrder(run).early & {name for target, _ in assignments(run, None) for name in keys(target)}
        for index in range(start - 1, -1, -1):
            statement = place.block.body[index]
            if not isinstance(statement, cst.SimpleStatementLine) or not early:
                break
            bound = set(stores([statement]))
            literal = all(isinstance(small, cst.Assign) and _is_start(small.value) for small in statement.body)
            if bound & early and literal:
                start, early = index, early - bound
        return start

    def _crossing(
        self, site: Site, level: int, need: set[str], flow: GraphFlow, methods: dict[str, frozenset[str]], retains: bool
    ) -> Failure | None:
        """A graph that is kept over the rounds of a loop."""
        owner = site.places[level].owner
        root = dotted(site.loss).partition(".")[0]
        if isinstance(owner, cst.For) and root in set(keys(owner.target)) and flow.carries(owner.iter):
            return Failure("The loop goes over losses that were computed before it.", "Add the losses up and differentiate the sum.")
        if not retains:
            return None
        outer = set(need)
        for place in reversed(site.places[:level]):
            if self._relevant(place, outer, flow, methods):
                return Failure("The graph was computed before the loop and is kept over its rounds.", "Compute it anew in each round.")
        return None

    def _no_graph(self, site: Site, flow: GraphFlow) -> Failure:
        root = dotted(site.loss).partition(".")[0]
        if site.function is not None and root in parameters(site.function.params):
            message = f"The function is handed '{root}', and where it is computed is not seen here."
            return Failure(message, "Compute the loss in the function that differentiates it.")
        return Failure("Where its graph is computed is not seen here.", "Compute the loss in the block that differentiates it.")

    def _method_effects(self, site: Site) -> dict[str, frozenset[str]]:
        """For each method of the class around a site, the attributes of ``self`` that it assigns."""
        for scope in reversed(site.scopes):
            if isinstance(scope, cst.ClassDef):
                return {
                    method.name.value: frozenset(
                        name for target, _ in assignments(method.body.body, None) for name in keys(target) if name.startswith("self.")
                    )
                    for method in scope.body.body
                    if isinstance(method, cst.FunctionDef)
                }
        return {}

    def _foreign_graph(self, site: Site, flow: GraphFlow, run: Sequence[cst.CSTNode]) -> Failure | None:
        """An attribute or global list in which another function leaves tensors with a graph."""
        kept = self._kept_elsewhere(site)
        used = flow.needs(site.loss)
        for statement in run:
            used |= flow.used_by(statement)
            used |= {dotted(node) for node in read_attributes(statement)}
        used |= {dotted(node) for node in read_attributes(site.loss)}
        made = {name for statement in run for name in flow.defines(statement, self._method_effects(site))}
        for name in sorted(used & kept - made):
            message = f"'{name}' may hold tensors whose graph another function computed."
            return Failure(message, "Compute the loss and what it is computed from in one function.")
        return None

    def _handed_graph(self, site: Site, flow: GraphFlow, run: Sequence[cst.CSTNode]) -> Failure | None:
        """A parameter for which some call in the file passes what a trained model computed."""
        function = site.function
        if function is None:
            return None
        used = flow.needs(site.loss)
        for statement in run:
            used |= flow.used_by(statement)
        names = [p.name.value for p in function.params.params]
        names = names[1:] if names[:1] == ["self"] else names
        callers: list[cst.FunctionDef | cst.Module] = [*_functions(self.module), self.module]
        for caller in callers:
            body = caller.body.body if isinstance(caller, cst.FunctionDef) else caller.body
            outputs = {
                name
                for target, value in assignments(body, flow._is_gradient_free)
                if isinstance(value, cst.Call) and dotted(value.func) in self.owners.modules
                for name in keys(target)
            }
            for call in _own_calls(body):
                if dotted(call.func).rpartition(".")[2] != function.name.value or caller is function:
                    continue
                for position, argument in enumerate(call.args):
                    name = argument.keyword.value if argument.keyword is not None else names[position] if position < len(names) else ""
                    if name in used and dotted(argument.value) in outputs:
                        message = f"'{name}' is what a model computed in the function that calls this one."
                        return Failure(message, "Compute the loss and what it is computed from in one function.")
        return None

    def _kept_elsewhere(self, site: Site) -> set[str]:
        found: set[str] = set()
        for function in _functions(self.module):
            if function is site.function or function.name.value == "__init__":
                continue
            inner = GraphFlow(self.facts, self.external, self.leaves)
            inner.learn(function.body.body)
            local = parameters(function.params) | set(stores(function.body.body))
            for target, value in assignments(function.body.body, inner._is_gradient_free):
                place = dotted(target.value) if isinstance(target, cst.Subscript) else dotted(target)
                if place and ("." in place or place not in local) and inner.carries(value) and not self._holds_no_tensor(value):
                    found.add(place)
        return found

    def _holds_no_tensor(self, value: cst.CSTNode) -> bool:
        """Whether a value is a module or optimizer being made, not a tensor."""
        fact = self.facts.calls.get(id(value))
        return fact is not None and all(
            api.startswith(("torch.nn.", "torch.optim.")) and api.rpartition(".")[2][:1].isupper() for api in fact.apis
        )

    # -- several sites --------------------------------------------------------------------------------------------------------

    def _nest(self, regions: list[Region]) -> None:
        """Regions of one block that overlap are extended until one contains the other; inner ones come first."""
        changed = True
        while changed:
            changed = False
            for left in regions:
                for right in regions:
                    if left.start < right.start < left.stop < right.stop:
                        right.start, changed = left.start, True
        regions.sort(key=lambda r: (r.stop - r.start, r.stop))


def _refused_arguments(call: cst.Call) -> Failure | None:
    taken = 1 if dotted(call.func).endswith("autograd.backward") or (call.args and call.args[0].keyword is None) else 0
    for argument in call.args[taken:]:
        name = argument.keyword.value if argument.keyword is not None else ""
        is_none = isinstance(argument.value, cst.Name) and argument.value.value in ("None", "False")
        if name not in ("retain_graph", "gradient") and not is_none:
            return Failure(
                f"It is given the argument {name}.".replace(" .", "."),
                "Differentiate with mindspore.grad what is to be differentiated again.",
                is_final=True,
            )
    return None


def _jump_failure(jump: cst.CSTNode) -> Failure:
    word = {
        "Return": "return",
        "Yield": "yield",
        "Await": "await",
        "Break": "break",
        "Continue": "continue",
        "Del": "del",
        "Call": "super()",
    }
    name = word.get(type(jump).__name__, type(jump).__name__.lower())
    return Failure(
        f"The statements that compute the loss contain '{name}', which cannot move into a function.",
        "Compute the loss in a function of its own.",
    )


def _is_start(value: cst.BaseExpression) -> bool:
    """Whether an expression is what accumulation starts from: a number, or an empty container."""
    if isinstance(value, (cst.Integer, cst.Float)):
        return True
    return isinstance(value, (cst.List, cst.Dict)) and not value.elements


def _functions(node: cst.CSTNode) -> Iterator[cst.FunctionDef]:
    for child in children(node):
        if isinstance(child, cst.FunctionDef):
            yield child
        if not isinstance(child, cst.BaseExpression):
            yield from _functions(child)


def _own_calls(nodes: Iterable[cst.CSTNode]) -> Iterator[cst.Call]:
    """Calls in a scope, not those of the functions in it."""
    for node in nodes:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            continue
        if isinstance(node, cst.Call):
            yield node
        yield from _own_calls(children(node))
