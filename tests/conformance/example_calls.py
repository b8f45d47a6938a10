"""The call in an entry's own example, taken apart, so that it can be written again in any other form that torch accepts.

An example is a few statements that assign ``y``; the call of its entry's symbol is found in it, its arguments are bound to the entry's signature, and
``written`` puts another spelling of the call in its place. Whether a spelling is legal, torch says when it is run.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from tests.conformance.run import load
from tests.conformance.verdict import difference, leaves
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import Entry, Signature
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import Diagnostic
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source
from transpiler.support.assemble import assemble

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
_SHORT = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}
#: The same numbers on both sides for a layer that starts with random ones.
_WEIGHTS = """\
with torch.no_grad():
    for each in layer.parameters():
        each.copy_(torch.linspace(-1, 1, each.numel()).reshape(each.shape))
"""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a call is written: positional arguments, keyword arguments, lines before its statement, and another callee where it has one."""

    positional: Sequence[str]
    keyword: Sequence[tuple[str, str]]
    before: Sequence[str] = ()
    callee: str = ""

    @property
    def arguments(self) -> str:
        return ", ".join([*self.positional, *(f"{name}={value}" if name else f"**{value}" for name, value in self.keyword)])


@dataclass(frozen=True)
class ExampleCall:
    """A call in an example: the example's statements, the number of the call among the example's nodes, its arguments by torch's parameters."""

    entry: Entry
    tree: ast.Module
    number: int
    signature: Signature
    given: Mapping[str, str]
    receiver: str

    @property
    def api(self) -> str:
        return self.entry.api

    @cached_property
    def callee(self) -> str:
        """What is called, as the example writes it."""
        node = _nodes(self.tree)[self.number]
        assert isinstance(node, ast.Call)
        return ast.unparse(node.func)

    @cached_property
    def positional(self) -> tuple[str, ...]:
        """Parameters that may be given by position, in torch's order."""
        return _positional(self.signature)

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Parameters that may be given by keyword."""
        return tuple(p.name for p in self.signature.parameters if p.kind in ("positional", "keyword") and p.name != "self")

    @cached_property
    def star(self) -> str:
        """The parameter that takes any number of positional arguments, '' where there is none."""
        return next((p.name for p in self.signature.parameters if p.kind == "star"), "")

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """Source text of the defaults."""
        return {p.name: p.default for p in self.signature.parameters if p.default is not None}

    def by_keyword(self, *names: str) -> Spelling | None:
        """The call with these arguments by keyword and the rest as far as possible by position; None where the order forbids it."""
        first = next((i for i, name in enumerate(self.positional) if name in names or name not in self.given), len(self.positional))
        positional = self.positional[:first]
        rest = [name for name in self.given if name not in positional]
        if self.star in names and self.star in self.given:  # ``zeros(2, 3)`` as ``zeros(size=(2, 3))``
            others = [(name, self.given[name]) for name in rest if name != self.star]
            return Spelling([self.given[name] for name in positional], [(self.star, f"({self.given[self.star]},)"), *others])
        if any(name not in self.named for name in rest):
            return None
        return Spelling([self.given[name] for name in positional], [(name, self.given[name]) for name in rest])

    def with_argument(self, name: str, value: str) -> ExampleCall:
        """The same call with one more argument, or another value of one."""
        return replace(self, given={**self.given, name: value})

    def written(self, spelling: Spelling) -> str:
        """The example with its call spelled so."""
        tree = copy.deepcopy(self.tree)
        node = _nodes(tree)[self.number]
        assert isinstance(node, ast.Call)
        made = ast.parse(f"f({spelling.arguments})", mode="eval").body
        assert isinstance(made, ast.Call)
        node.args, node.keywords = made.args, made.keywords
        if spelling.callee:
            node.func = ast.parse(spelling.callee, mode="eval").body
        lines: list[str] = []
        for statement in tree.body:
            if any(inner is node for inner in ast.walk(statement)):
                lines += spelling.before
            lines.append(ast.unparse(statement))
            made_layer = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "layer"
            if made_layer and "Lazy" not in self.api and (_is_module(self.api) or "torch.nn." in lines[-1]):
                lines += _WEIGHTS.splitlines()
        return HEADER + "torch.manual_seed(0)\n" + "\n".join(lines) + "\n"


def example_calls(entry: Entry, adding: str = "") -> Iterator[ExampleCall]:
    """The first call of the entry's symbol in its example, for each signature that it fits, if need be with ``adding`` given as well."""
    if not entry.example:
        return
    tree = ast.parse(entry.example)
    names = {entry.api, *entry.aliases}
    for number, node in enumerate(_nodes(tree)):
        if isinstance(node, ast.Call) and _calls(node.func, entry, names):
            signatures = [entry.signature, *(overload.signature for overload in entry.overloads)]
            for signature in (s for s in signatures if s is not None):
                given = _bound(node, signature, adding)
                if given is not None:
                    receiver = ast.unparse(node.func.value) if entry.kind == "method" and isinstance(node.func, ast.Attribute) else ""
                    yield ExampleCall(entry, tree, number, signature, given, receiver)
            return


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program: '' where the port gives torch's result, else how it differs; and what was remarked as not converted."""

    fault: str
    left: Sequence[Diagnostic]
    port: str


def original(program: str) -> Any:
    """What torch gives for ``y``, flat; raises what torch raises."""
    return leaves(load(program, "program").__dict__["y"])


def is_random(program: str, expected: Any) -> bool:
    """Whether ``y`` depends on the seed."""
    return bool(difference(expected, original(program.replace("torch.manual_seed(0)", "torch.manual_seed(1)")), values=True))


def outcome(program: str, expected: Any, registry: Registry, *, values: bool) -> Outcome:
    """What the port of a program gives."""
    source = program.encode()
    ported = transpile_source(source, path="program.py", context=single_file_context(source, "program.py", "mindspore", registry))
    left = [d for d in ported.diagnostics if d.kind in (Kind.UNCONVERT, Kind.REVIEW, Kind.ERROR)]
    text = ported.output.decode()
    if left:
        return Outcome("", left, text)
    try:
        return Outcome(difference(expected, leaves(_run(ported)), values=values), (), text)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this program's fault
        return Outcome(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", (), text)


def _run(ported: FileResult) -> Any:
    import sys
    import types

    if ported.support:
        sys.modules["ms_support"] = types.ModuleType("ms_support")
        exec(compile(assemble("mindspore", sorted(ported.support)), "<ms_support>", "exec"), sys.modules["ms_support"].__dict__)  # noqa: S102
    return load(ported.output.decode(), "ported").__dict__["y"]


def _nodes(tree: ast.Module) -> list[ast.AST]:
    return list(ast.walk(tree))


def _calls(func: ast.expr, entry: Entry, names: set[str]) -> bool:
    if entry.kind == "method":
        return isinstance(func, ast.Attribute) and func.attr in {name.rpartition(".")[2] for name in names} and not _dotted(func)
    return _dotted(func) in names


def _dotted(func: ast.expr) -> str:
    """``F.relu`` as ``torch.nn.functional.relu``; empty for what does not start at torch."""
    head, _, rest = ast.unparse(func).partition(".")
    return f"{_SHORT[head]}.{rest}" if head in _SHORT and all(part.isidentifier() for part in rest.split(".")) else ""


def _bound(node: ast.Call, signature: Signature, adding: str) -> dict[str, str] | None:
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        return None
    open_ones, values = _positional(signature), [ast.unparse(value) for value in node.args]
    star = next((p.name for p in signature.parameters if p.kind == "star"), None)
    if star is not None:  # a star parameter's arguments are one text
        before = open_ones.index(star)
        values = [*values[:before], *([", ".join(values[before:])] if values[before:] else [])]
    if len(values) > len(open_ones):
        return None
    given = dict(zip(open_ones, values, strict=False))
    for pair in node.keywords:
        if pair.arg in given or signature.find(pair.arg or "") is None:
            return None
        given[pair.arg or ""] = ast.unparse(pair.value)
    required = [
        p.name
        for p in signature.parameters
        if p.default is None and p.kind in ("positional", "positional_only", "keyword") and p.name != "self"
    ]
    return given if set(required) <= {*given, adding} else None


def _positional(signature: Signature) -> tuple[str, ...]:
    return tuple(p.name for p in signature.parameters if p.kind in ("positional", "positional_only", "star") and p.name != "self")


def _is_module(api: str) -> bool:
    found: Any = torch
    for part in api.split(".")[1:]:
        found = getattr(found, part, None)
    return isinstance(found, type) and issubclass(found, torch.nn.Module)
