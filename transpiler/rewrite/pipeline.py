"""From one file's bytes to its port: parse, analyse, edit, port the imports, locate the remarks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from transpiler.analysis.facts import Facts
from transpiler.analysis.interpret_statements import StatementInterpreter
from transpiler.analysis.names import canonical
from transpiler.analysis.project_index import ProjectIndex, build_index
from transpiler.analysis.resolve import Resolver
from transpiler.analysis.semantics import Semantics
from transpiler.analysis.values import Value
from transpiler.mapping.registry import Registry
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, Range, Status
from transpiler.rewrite.context import FileContext, Remark
from transpiler.rewrite.edit_visitor import EditVisitor
from transpiler.rewrite.graph_forms import GraphForms, find_graph_forms
from transpiler.rewrite.imports import ImportRewriter
from transpiler.rewrite.inplace_captures import review_captures
from transpiler.rewrite.keep_comments import loses_comments
from transpiler.rewrite.known_renames import note_renames
from transpiler.rewrite.spelling import Speller
from transpiler.rewrite.training.graph_flow import imported_libraries
from transpiler.rewrite.training.high import HighPlan, plan_high
from transpiler.rewrite.training.high_evaluation import plan_evaluations
from transpiler.rewrite.training.made_models import find_made_models
from transpiler.rewrite.training.plan import plan_training
from transpiler.rewrite.training.regions import Plan
from transpiler.support.assemble import written_by_us
from transpiler.syntax.positions import locate
from transpiler.syntax.suppressions import suppressed
from transpiler.targets import find_target
from transpiler.targets.target import Target


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """What the files of a run share. ``support_package``: the project root is a package, so the support module is imported relatively. ``style``:
    whether training loops stay loops ('low') or become calls of MindSpore's ``Model`` where they are regular ('high'). ``records``: gradients come
    from the program as it is recorded, in every file, since some file's graph is no function of its own."""

    target: str
    registry: Registry
    index: ProjectIndex
    support_package: bool = False
    format: str = "auto"
    style: str = "low"
    records: bool = False


@dataclass(frozen=True, slots=True)
class FileResult:
    """One ported file: its bytes, what became of it, the remarks in order, and the support symbols that it uses."""

    output: bytes
    status: Status
    diagnostics: tuple[Diagnostic, ...]
    support: frozenset[str]


def single_file_context(source: bytes, path: str, target: str, registry: Registry) -> ProjectContext:
    """The context of a file that stands alone."""
    return ProjectContext(target, registry, build_index({path: source}, None))


def _interpreted(module: cst.Module, name: str, context: ProjectContext, renames: Mapping[str, str]) -> tuple[Facts, Semantics]:
    """What is found out of a file: again, where its functions are given layers of several classes."""
    layers: Mapping[tuple[int, str], Value] = {}
    while True:
        semantics = Semantics(context.registry)
        interpreter = StatementInterpreter(module, name, Resolver(context.index, semantics), semantics, renames, layers)
        interpreter.run()
        if layers or not interpreter.joined_layers:
            return interpreter.facts, semantics
        layers = interpreter.joined_layers


def transpile_source(source: bytes, *, path: str, context: ProjectContext) -> FileResult:
    """Port one file. ``path`` is relative to the project root, with '/'.

    Raises ``libcst.ParserSyntaxError`` or ``UnicodeDecodeError`` (and what Python's parser raises) for input that is not Python.
    """
    if not may_concern(source, path, context):
        return FileResult(source, Status.UNCHANGED, (), frozenset())
    module = cst.parse_module(source)
    target = find_target(context.target)
    name = context.index.module_of(path)
    facts, semantics = _interpreted(module, name, context, member_renames(target))
    note_renames(module, facts, context.index.renames.get(path, {}))
    training = _training_plan(source, module, facts, context, name)
    high = _high_plan(module, training) if context.style == "high" and target.value_and_grad else HighPlan()
    graph_forms = find_graph_forms(source, module, facts) if target.compiles_source and facts.dirty else GraphForms()
    facts.dirty.update(high.marked | graph_forms.around)
    if not facts.dirty:
        return FileResult(source, Status.UNCHANGED, (), frozenset())
    outline = context.index.modules.get(name)
    level = path.count("/") + 1 if context.support_package else 0
    quote = "'" if source.count(b"'") > source.count(b'"') else '"'
    bound = outline.bound if outline is not None else frozenset()

    speaks_of_torch = b"torch" in source and not _is_port(source, target)

    def edit(bound: frozenset[str], restores_comments: bool) -> tuple[FileContext, cst.Module]:
        speller = Speller(target, bound, _aliases(facts, target), level)
        file = FileContext(module, target, context.registry, semantics, facts, speller, quote, restores_comments, speaks_of_torch)
        file.training, file.high, file.graph_forms, file.index = training, high, graph_forms, context.index
        for found in facts.packages:
            file.uses_package(found.node, found.name, found.package)
        if b"inplace" in source or b"(True)" in source:
            review_captures(module, file)
        return file, module.visit(EditVisitor(file))

    exported = context.index.imported_from(name)
    file, edited = edit(bound, False)
    clashing = _names_in_use(file) & {needed.local for needed in file.speller.needed}
    if clashing:
        bound |= clashing
        file, edited = edit(bound, False)
    output = ImportRewriter(file, exported).rewrite(edited).bytes
    if loses_comments(source, output):
        file, edited = edit(bound, True)
        output = ImportRewriter(file, exported).rewrite(edited).bytes
    if source.endswith(b"\r") and not output.endswith(b"\r"):  # LibCST takes a bare carriage return at the end for no line end
        output += b"\r"
    diagnostics = _located(file, source, path)
    return FileResult(output, _status(source, output, diagnostics), diagnostics, frozenset(file.speller.support))


def _training_plan(source: bytes, module: cst.Module, facts: Facts, context: ProjectContext, name: str) -> Plan:
    """What becomes of backward passes and new models; nothing on a target without ``value_and_grad``, whose models start as torch's do."""
    if not find_target(context.target).value_and_grad:
        return Plan()
    plan = Plan()
    if any(word in source for word in (b"backward(", b"grad(", b"optim")):
        torch_names = {fact.local for group in facts.imports.values() for fact in group}
        plan = plan_training(module, facts, frozenset(imported_libraries(module)) - torch_names, context.records)
    made = find_made_models(module, facts, context.index.imported_from(name))
    plan.new_models |= {key: frozenset({-1}) for key in made.assignments if key not in plan.new_models}
    plan.made_models = frozenset(made.expressions)
    facts.dirty.update(plan.marked | made.around)
    return plan


def _high_plan(module: cst.Module, training: Plan) -> HighPlan:
    """The loops that become calls of ``Model``; the low style's plan keeps the others."""
    high = plan_high(module, training)
    plan_evaluations(module, high)
    return high


def _names_in_use(file: FileContext) -> frozenset[str]:
    """Imported torch names that something unconverted still uses; the target's modules must go by another name there."""
    return frozenset().union(*(remark.roots for remark in file.remarks if remark.kind is Kind.UNCONVERT))


def may_concern(source: bytes, path: str, context: ProjectContext) -> bool:
    """Whether a file can have to do with torch: it says so, or it imports modules of the project that may hand it tensors.

    The support module that an earlier run wrote speaks of torch in its texts alone.
    """
    if written_by_us(source):
        return False
    if b"torch" in source:
        return True
    outline = context.index.modules.get(context.index.module_of(path))
    if outline is None:
        return False
    if any(_brings_torch(name, context) for name in outline.imports.values()):
        return True
    if any(name in context.index.subclasses for name in outline.classes):
        return True
    imported = [*outline.imports.values(), *outline.stars]
    return any(name in context.index.modules or name.rpartition(".")[0] in context.index.modules for name in imported)


def _brings_torch(name: str, context: ProjectContext) -> bool:
    """Whether an import is of a package that is built on torch, and not of one that serves others as well."""
    entry = context.registry.package(name) if name.partition(".")[0] not in context.index.modules else None
    return entry is not None and entry.unsupported is not None and Code(entry.unsupported.code) is Code.TORCH_PACKAGE


def reserved_members(target: str) -> dict[str, str]:
    """New names of the members that a target's base class reserves."""
    return {name: f"{name}_" for name in find_target(target).reserved}


def member_renames(target: Target) -> dict[str, str]:
    """New names of members of the user's module classes: methods that the target calls otherwise, and names it reserves."""
    return {**{name: f"{name}_" for name in target.reserved}, **target.methods}


def _aliases(facts: Facts, target: Target) -> dict[str, str]:
    """Names under which the user imported torch modules, for the target's module in their place."""
    aliases: dict[str, str] = {}
    for group in facts.imports.values():
        for fact in group:
            if fact.through_project or fact.scope != "module":
                continue
            name = canonical(fact.target)
            equivalent = target.equivalents.get(name)
            if equivalent is not None and fact.local not in ("*", name.partition(".")[0]):
                aliases[equivalent] = fact.local
            leaf = name.rpartition(".")[2]
            if leaf in target.members and fact.local == leaf:
                aliases[f"{target.root}.{leaf}"] = leaf
    return aliases


def _located(file: FileContext, source: bytes, path: str) -> tuple[Diagnostic, ...]:
    where = locate(file.module, {id(remark.node) for remark in file.remarks})
    found = [_diagnostic(remark, where.get(id(remark.node)), path, file.target.name) for remark in file.remarks]
    unique = dict.fromkeys(_not_suppressed(found, source, file.module))
    return tuple(sorted(unique, key=lambda d: (d.range is not None, d.range or Range(0, 0, 0, 0))))


def _not_suppressed(found: list[Diagnostic], source: bytes, module: cst.Module) -> list[Diagnostic]:
    """Without what the user's comments silence; the remarks about conversions stay, they are the record of what was done."""
    if b"torch2ms:" not in source or not any(d.kind in (Kind.UNCONVERT, Kind.REVIEW) for d in found):
        return found
    silenced = suppressed(module.code.splitlines(keepends=True))
    return [
        d for d in found
        if d.kind is Kind.CONVERT or d.range is None or d.range.line not in silenced or not _covers(silenced[d.range.line], d)
    ]  # fmt: skip


def _covers(codes: frozenset[str] | None, diagnostic: Diagnostic) -> bool:
    return codes is None or diagnostic.code.value in codes


def _diagnostic(remark: Remark, place: Range | None, path: str, target: str) -> Diagnostic:
    position = None if remark.kind is Kind.INSERT else place
    return Diagnostic(remark.kind, remark.code, path, position, remark.message, remark.symbol, remark.replacement, remark.hint, target)


def _status(source: bytes, output: bytes, diagnostics: tuple[Diagnostic, ...]) -> Status:
    if any(d.kind in (Kind.UNCONVERT, Kind.ERROR) for d in diagnostics):
        return Status.PARTIAL
    return Status.UNCHANGED if source == output else Status.CONVERTED


def _is_port(source: bytes, target: Target) -> bool:
    """Whether an earlier run wrote the file: it imports the target, so that objects of unknown kind are the target's."""
    return re.search(rf"^\s*(import|from) ({target.root}|{target.support_module})\b".encode(), source, re.MULTILINE) is not None
