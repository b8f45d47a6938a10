"""What the forward function of a region is called, what comes out of it, and which names stay variables of the scope around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.rewrite.training.graph_flow import assignments, is_tensor, keys
from transpiler.rewrite.training.optimizers import Owners
from transpiler.rewrite.training.regions import Plan, Region, base_loss, is_inside
from transpiler.rewrite.training.sites import Site, gradient_of
from transpiler.syntax.names import BindingOrder, dotted, fresh_name, loads, parameters, stores
from transpiler.syntax.tree import children, every


class RegionNames:
    """Names the regions of a file, and then settles what they return and share."""

    def __init__(self, module: cst.Module, facts: Facts, owners: Owners, plan: Plan) -> None:
        self.module = module
        self.facts = facts
        self.owners = owners
        self.plan = plan
        self._numbers: dict[int, int] = {}
        self._taken: dict[int, set[str]] = {}

    def name(self, region: Region) -> None:
        loss = region.site.loss
        scope: cst.FunctionDef | cst.Module = region.site.function or self.module
        number = self._numbers.get(id(scope), 0)
        self._numbers[id(scope)] = number + 1
        regions = {id(r): r for r in self.plan.sites.values() if isinstance(r, Region)}
        several = sum((r.site.function or self.module) is scope for r in regions.values()) > 1
        if region.is_hoisted:
            loss = cst.Name(base_loss(region))
        label = dotted(loss).rpartition(".")[2]
        suffix = "" if not several else f"_{label}" if label else f"_{number + 1}"
        if id(scope) not in self._taken:
            self._taken[id(scope)] = {name.value for name in every(scope, cst.Name)}
        used = self._taken[id(scope)]
        is_grad = region.site.inputs is not None
        region.returns_expression = is_grad or not isinstance(loss, cst.Name) or gradient_of(region.site.call) is not None
        region.function = fresh_name(f"forward{suffix}" if suffix else "forward_fn", used)
        region.grads = fresh_name(f"grads{suffix}", used)
        region.loss = loss.value if isinstance(loss, cst.Name) and not region.returns_expression else fresh_name(f"objective{suffix}", used)
        used |= {region.function, region.grads, region.loss}

    def settle(self, region: Region) -> None:
        """Names, results and parameters of a region."""
        site = region.site
        scope: cst.FunctionDef | cst.Module = site.function or self.module
        body = scope.body.body if isinstance(scope, cst.FunctionDef) else scope.body
        run: list[cst.CSTNode] = list(region.block.body[region.start : region.stop])
        skipped = {id(statement) for statement in run}
        if region.returns_expression and any(stores([site.loss])):  # (loss := …).backward()
            run.append(cst.SimpleStatementLine([cst.Expr(site.loss)]))
        own = set(stores(run))
        regions = self.plan.blocks[id(region.block)]
        inner = [other for other in regions[: regions.index(region)] if is_inside(other, region)]
        if region.returns_expression:
            skipped.add(id(site.call))
        outside = set(_outside_loads(scope, skipped))
        own_grads = {other.grads for other in inner if not region.start <= _index_of(other.site, region.block) < region.stop}
        own_grads |= {other.loss for other in inner if other.returns_expression and other.grads in own_grads}
        order = BindingOrder(run)
        declared, kinds = _declared(body)
        live = [name for name in dict.fromkeys(stores(run)) if name in outside or name in order.early or name in declared]
        fixed = {dotted(value) for value in site.inputs or ()}
        shared = [name for name in live if name not in fixed and (name in declared or name in order.early or name not in order.bound)]
        if isinstance(scope, cst.Module):
            region.sharing = "global"
        region.shared = sorted(shared)
        region.unset = self._unset(region, scope, body, own)
        if declared & set(shared):
            region.sharing = kinds
        region.returned = [name for name in live if name not in shared and name != region.loss] + sorted(own_grads)
        if not region.returns_expression and region.loss in shared:
            region.returns_expression = True
            region.loss = fresh_name("objective", set(loads(scope)) | set(stores(body)))
        proven = {n.value for n in _names_bound(run) if is_tensor(self.facts, n)}
        region.has_proven_tensor = any(name in proven for name in region.returned)
        if site.inputs is None:
            region.owners = self.owners.parameters_for(site.call, site.scopes, run, site.loss, self.plan.leaves - own)

    def _unset(self, region: Region, scope: cst.FunctionDef | cst.Module, body: Sequence[cst.CSTNode], own: set[str]) -> list[str]:
        """Shared names that the enclosing function would not bind by itself."""
        if isinstance(scope, cst.Module):
            return []
        skipped = {id(statement) for statement in region.block.body[region.start : region.stop]}
        bound = parameters(scope.params) | set(_outside_stores(body, skipped))
        declared, _ = _declared(body)
        return [name for name in region.shared if name not in bound and name not in declared]


def _index_of(site: Site, block: cst.CSTNode) -> int:
    return next((place.index for place in site.places if place.block is block), -1)


def _names_bound(nodes: Iterable[cst.CSTNode]) -> Iterator[cst.Name]:
    for target, _ in assignments(nodes, None, everything=True):
        if isinstance(target, cst.Name):
            yield target
        elif isinstance(target, (cst.Tuple, cst.List)):
            yield from (element.value for element in target.elements if isinstance(element.value, cst.Name))


_SUITES = (cst.BaseCompoundStatement, cst.BaseSuite, cst.Else, cst.ExceptHandler, cst.Finally, cst.SimpleStatementLine, cst.Expr)


def _outside_loads(node: cst.CSTNode, skipped: set[int], is_scope: bool = True) -> Iterator[str]:
    """Names read in a scope, without what stands in the skipped nodes."""
    if id(node) in skipped:
        return
    if is_scope:
        body = node.body if isinstance(node, cst.FunctionDef) else node
        for child in children(body):
            yield from _outside_loads(child, skipped, False)
    elif isinstance(node, _SUITES) and not isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        for child in children(node):
            if not (isinstance(node, cst.For) and child is node.target):
                yield from _outside_loads(child, skipped, False)
    else:
        yield from loads(node)


def _outside_stores(nodes: Iterable[cst.CSTNode], skipped: set[int]) -> Iterator[str]:
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, (cst.BaseCompoundStatement, cst.BaseSuite, cst.Else, cst.ExceptHandler, cst.Finally)) and not isinstance(
            node, (cst.FunctionDef, cst.ClassDef)
        ):
            if isinstance(node, cst.For):
                yield from keys(node.target)
            if isinstance(node, cst.With):
                yield from (name for item in node.items for name in stores([item]))
            yield from _outside_stores(children(node), skipped)
        else:
            yield from stores([node])


def _declared(body: Iterable[cst.CSTNode]) -> tuple[set[str], str]:
    """Names that a scope declares global or nonlocal, and which of the two words it uses."""
    names: set[str] = set()
    word = "nonlocal"
    for node in body:
        if isinstance(node, (cst.Global, cst.Nonlocal)):
            names |= {item.name.value for item in node.names}
            word = "global" if isinstance(node, cst.Global) else word
        elif not isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.BaseExpression)):
            found, inner = _declared(children(node))
            names |= found
            word = inner if found else word
    return names, word
