"""What the passes share while one file is edited: facts, spelling, and the remarks they make about nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from transpiler.analysis.dtype_category import names_dtype
from transpiler.analysis.facts import Facts
from transpiler.analysis.project_index import ProjectIndex
from transpiler.analysis.semantics import Semantics
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import TargetForm
from transpiler.report.codes import Code, Kind
from transpiler.rewrite.expressions import may_be_view
from transpiler.rewrite.graph_forms import GraphForms
from transpiler.rewrite.spelling import Speller
from transpiler.rewrite.template import Style, parenthesized, render
from transpiler.rewrite.training.high import HighPlan
from transpiler.rewrite.training.regions import Plan
from transpiler.targets.target import Target


@dataclass(frozen=True, slots=True)
class Remark:
    """A diagnostic before its node has been located. ``roots``: local names that stay in use because of it."""

    kind: Kind
    code: Code
    node: cst.CSTNode
    message: str
    symbol: str = ""
    replacement: str = ""
    hint: str = ""
    roots: frozenset[str] = frozenset()


@dataclass(slots=True)
class FileContext:
    """One file being edited. ``folded`` maps generated constants to their truth, ``generated`` holds expressions whose parentheses
    were added here and may go again, ``removed`` the statements that a pass emptied; ``rebound`` holds method calls whose result takes the
    receiver's name (``x = x.f()``), ``decorating`` the expressions of decorators, ``owning`` attributes whose own attribute is taken (``p.grad`` in
    ``p.grad.zero_()``). In a file that never
    ``mentions_torch`` only what is known to be torch's is edited. ``training`` says what becomes of backward passes, ``high`` which loops become
    calls of ``Model``, ``graph_forms`` what the target's compiler refuses. ``dtypes_named``: what was found of whether other dtypes than the defaults
    are spoken of, None before it was asked; ``source_text`` is written out where it is searched. ``batched``: what was found of whether
    models are fed batches (``batches.py``), None before it was asked. ``untouched``: the statements (by their id) that the visit passed over."""

    module: cst.Module
    target: Target
    registry: Registry
    semantics: Semantics
    facts: Facts
    speller: Speller
    quote: str = "'"
    restores_comments: bool = False
    mentions_torch: bool = True
    remarks: list[Remark] = field(default_factory=list)
    folded: dict[int, bool] = field(default_factory=dict)
    generated: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    rebound: set[int] = field(default_factory=set)
    decorating: set[int] = field(default_factory=set)
    keep_alive: list[cst.CSTNode] = field(default_factory=list)
    owning: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)
    training: Plan = field(default_factory=Plan)
    high: HighPlan = field(default_factory=HighPlan)
    index: ProjectIndex | None = None
    batched: bool | None = None
    graph_forms: GraphForms = field(default_factory=GraphForms)
    dtypes_named: bool | None = None
    source_text: str | None = None
    untouched: set[int] = field(default_factory=set)

    @property
    def style(self) -> Style:
        """How generated code is written in this file."""
        return Style(self.speller.expression, frozenset({self.target.root, "support"}), self.quote)

    def mixes_dtypes(self) -> bool:
        """Whether tensors of several precisions may meet in this file: it speaks of another than torch's defaults."""
        if self.dtypes_named is None:
            self.dtypes_named = names_dtype(self._text())
        return self.dtypes_named

    def speaks_of(self, *words: str) -> bool:
        """Whether one of these words stands in the file."""
        text = self._text()
        return any(word in text for word in words)

    def _text(self) -> str:
        if self.source_text is None:
            self.source_text = self.module.code
        return self.source_text

    def in_dtype_of(self, value: cst.BaseExpression, like: cst.BaseExpression) -> cst.BaseExpression:
        """``value.astype(like.dtype)``."""
        value = parenthesized(value) if self.target.cast.startswith("{value}.") else self.bare(value)
        return render(self.target.cast, {"value": value, "like": like}, {}, self.style)

    def form(self, api: str) -> TargetForm | None:
        """What an API has on the target, apart from its overloads; None where no entry knows it or the target has nothing."""
        entry = self.semantics.entry(api)
        return entry.form(self.target.name) if entry is not None else None

    def code(self, node: cst.CSTNode) -> str:
        """The source text of a node."""
        return self.module.code_for_node(node)

    def converted(self, node: cst.CSTNode, symbol: str, replacement: str, note: str = "", code: Code = Code.CONVERTED) -> None:
        """Remark that ``symbol`` at ``node`` became ``replacement``."""
        message = f"'{symbol}' is converted to '{replacement}'." + (f" {note}" if note else "")
        self.remarks.append(Remark(Kind.CONVERT, code, node, message, symbol, replacement))

    def dropped(self, node: cst.CSTNode, symbol: str, why: str) -> None:
        """Remark that ``symbol`` has no meaning on the target and went."""
        self.remarks.append(Remark(Kind.CONVERT, Code.DROPPED, node, f"'{symbol}' is dropped: {why}", symbol))

    def left(
        self, node: cst.CSTNode, code: Code, symbol: str, message: str, hint: str, root: cst.CSTNode | None = None, replacement: str = ""
    ) -> None:
        """Remark that ``symbol`` was left as it is."""
        roots = frozenset(root_names(root if root is not None else node))
        text = f"'{symbol}' didn't convert." + (f" {message}" if message else "")
        self.remarks.append(Remark(Kind.UNCONVERT, code, node, text, symbol, replacement, hint, roots))

    def unknown(self, node: cst.CSTNode, symbol: str, api: str, root: cst.CSTNode | None = None) -> None:
        """Remark that no entry knows ``api``; what is known of its whole family is the hint."""
        family = self.registry.family(api)
        if family is not None and family.unsupported is not None:
            self.left(node, Code(family.unsupported.code), symbol, "", family.unsupported.hint, root)
        else:
            self.left(node, Code.UNKNOWN_API, symbol, f"No mapping entry knows {api}.", "Add one with --mappings.", root)

    def uses_package(self, node: cst.CSTNode, name: str, package: str) -> None:
        """Remark that an import brings in a package that is built on torch."""
        entry = self.registry.package(name)
        assert entry is not None and entry.unsupported is not None
        code = Code(entry.unsupported.code)
        if code is Code.REVIEW_PACKAGE:
            self.review(node, code, name, f"'{package}' may give torch's tensors or modules.", entry.unsupported.hint)
        else:
            self.left(node, code, name, f"'{package}' works on torch's tensors and modules.", entry.unsupported.hint, cst.Pass())

    def gives_view(self, call: cst.Call) -> bool:
        """Whether a call gives a view of its operand in torch."""
        fact = self.facts.calls.get(id(call))
        entries = [self.registry.lookup(api) for api in fact.apis] if fact is not None else []
        return any(entry is not None and entry.view for entry in entries)

    def review(self, node: cst.CSTNode, code: Code, symbol: str, message: str, hint: str = "") -> None:
        """Remark that the conversion of ``symbol`` deserves a look."""
        self.remarks.append(Remark(Kind.REVIEW, code, node, message, symbol, "", hint))

    def write_into(self, receiver: cst.BaseExpression, value: cst.BaseExpression, is_view: bool = False) -> cst.Call | None:
        """The call that gives a tensor new values in place; None where the target's tensors do not change."""
        method, function = self.target.inplace_assign, self.target.inplace_write
        if method is None or function is None:
            return None
        if is_view or may_be_view(receiver):
            return cst.Call(self.speller.expression(f"support.{function}"), [cst.Arg(receiver), cst.Arg(value)])
        return cst.Call(cst.Attribute(receiver, cst.Name(method)), [cst.Arg(value)])

    def mark_generated(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Remember that the parentheses of ``node`` were added here."""
        self.generated.add(id(node))
        self.keep_alive.append(node)
        return node

    def bare(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """``node`` for a place that needs no parentheses: without those that were added here."""
        return node.with_changes(lpar=(), rpar=()) if id(node) in self.generated else node

    def fold(self, node: cst.BaseExpression, truth: bool) -> cst.BaseExpression:
        """Remember that ``node`` is a constant produced here."""
        self.folded[id(node)] = truth
        self.keep_alive.append(node)
        return node


def root_names(node: cst.CSTNode) -> set[str]:
    """The leftmost names of the dotted expression at or inside ``node``'s callee."""
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, cst.Attribute):
        return root_names(node.value)
    if isinstance(node, cst.Call):
        found = root_names(node.func)
        if isinstance(node.func, cst.Name) and node.func.value == "getattr" and node.args:
            found |= root_names(node.args[0].value)
        return found
    if isinstance(node, (cst.Decorator,)):
        return root_names(node.decorator)
    if isinstance(node, cst.Arg):
        return root_names(node.value)
    if isinstance(node, cst.Subscript):
        return root_names(node.value)
    return set()
