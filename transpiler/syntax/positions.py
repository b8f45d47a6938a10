"""Where a few nodes of a file stand, without paying for the position of every node.

LibCST's ``PositionProvider`` records all nodes and costs more than parsing. Diagnostics need a few: this is one code generation with a
state that only counts lines and columns and looks up each node in the set of those wanted. Positions are as LibCST's: lines from 1, columns from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from libcst._nodes.internal import CodegenState

from transpiler.report.diagnostic import Range


class _CountingState(CodegenState):
    """A code generation state that keeps nothing but the current line and column."""

    def __init__(self, module: cst.Module, wanted: set[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.line = 1
        self.column = 0
        self.found: dict[int, Range] = {}
        self._open: dict[int, tuple[int, int]] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self._advance(token)

    def add_token(self, value: str) -> None:
        self._advance(value)

    def _advance(self, value: str) -> None:
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1])
        else:
            self.column += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self._open[id(node)] = (self.line, self.column)

    def after_codegen(self, node: cst.CSTNode) -> None:
        key = id(node)
        if key in self.wanted and key not in self.found:
            self.found[key] = Range(*self._open[key], self.line, self.column)

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = (self.line, self.column)
        yield
        if id(node) in self.wanted:
            self.found[id(node)] = Range(*start, self.line, self.column)


def locate(module: cst.Module, wanted: set[int]) -> dict[int, Range]:
    """The ranges of the nodes whose ``id`` is in ``wanted``; nodes that are not in the tree are missing from the result."""
    if not wanted:
        return {}
    state = _CountingState(module, wanted)
    module._codegen(state)
    return state.found
