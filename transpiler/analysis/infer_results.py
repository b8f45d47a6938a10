"""What a function of another file returns where no annotation says it: a quick run over its outline.

The interpreter looks into the functions of its own file. Of other files it has outlines; for a function without a return annotation the outline
keeps the body, and following its assignments in order is enough to tell a tensor or a layer from anything else.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from transpiler.analysis import values as v
from transpiler.analysis.values import UNKNOWN, Value

#: Evaluates an expression where these names have these kinds.
Evaluate = Callable[[ast.expr, dict[str, Value]], Value]


def infer_result(body: Sequence[ast.stmt], names: dict[str, Value], evaluate: Evaluate) -> Value:
    """The kind of what ``body`` returns, given its parameters' kinds; unknown where any way out is."""
    run = _Run(evaluate)
    run.block(body, names)
    return run.returned if run.returned is not None else UNKNOWN


class _Run:
    """One pass over a body: branches apart and joined, loops once."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self.returned: Value | None = None

    def block(self, body: Sequence[ast.stmt], names: dict[str, Value]) -> bool:
        """Run statements; True where they always leave."""
        for statement in body:
            if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                if isinstance(statement, ast.Return):
                    self._return(statement, names)
                return True
            self._statement(statement, names)
        return False

    def _return(self, node: ast.Return, names: dict[str, Value]) -> None:
        value = self._evaluate(node.value, names) if node.value is not None else v.NONE
        self.returned = value if self.returned is None else v.join(self.returned, value)

    def _statement(self, node: ast.stmt, names: dict[str, Value]) -> None:
        if isinstance(node, ast.Assign):
            value = self._evaluate(node.value, names)
            for target in node.targets:
                self._bind(target, value, names)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._bind(node.target, self._evaluate(node.value, names), names)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            both = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
            names[node.target.id] = self._evaluate(both, names)
        elif isinstance(node, ast.If):
            self._branches((node.body, node.orelse), names)
        elif isinstance(node, (ast.For, ast.While)):
            if isinstance(node, ast.For):
                self._bind(node.target, v.item_of(self._evaluate(node.iter, names)), names)
            self._branches((node.body, ()), names)
        elif isinstance(node, ast.Try):
            self._branches(([*node.body, *node.orelse], *(handler.body for handler in node.handlers)), names)
        elif isinstance(node, ast.With):
            self.block(node.body, names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names[node.name] = UNKNOWN

    def _branches(self, blocks: Sequence[Sequence[ast.stmt]], names: dict[str, Value]) -> None:
        ends = []
        for block in blocks:
            inside = dict(names)
            if not self.block(block, inside):
                ends.append(inside)
        for name in {name for end in ends for name in end}:
            known = [end[name] for end in ends if name in end]
            result = known[0]
            for value in known[1:]:
                result = v.join(result, value)
            names[name] = result

    def _bind(self, target: ast.expr, value: Value, names: dict[str, Value]) -> None:
        if isinstance(target, ast.Name):
            names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            exact = isinstance(value, v.Tup) and len(value.items) == len(target.elts)
            for index, element in enumerate(target.elts):
                self._bind(element, value.items[index] if exact and isinstance(value, v.Tup) else v.item_of(value), names)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, UNKNOWN, names)
