"""How conditions that became constant disappear: ``if not torch.jit.is_scripting(): body`` leaves ``body``.

Only constants that the conversion itself produced are folded; the user's own ``if False`` stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from transpiler.rewrite.context import FileContext


class ConditionFolder:
    """Folds generated constants through ``not``, ``and``, ``or``, conditional expressions and ``if`` statements."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self.elifs: set[int] = set()

    def truth(self, node: cst.BaseExpression) -> bool | None:
        """The truth of a generated constant, None for any other expression."""
        return self.file.folded.get(id(node))

    def negation(self, updated: cst.UnaryOperation) -> cst.BaseExpression:
        """``not True`` as ``False``."""
        truth = self.truth(updated.expression)
        if truth is None or not isinstance(updated.operator, cst.Not):
            return updated
        return self.file.fold(cst.Name("False" if truth else "True"), not truth)

    def boolean(self, updated: cst.BooleanOperation) -> cst.BaseExpression:
        """``True and x`` as ``x``, ``False and x`` as ``False``, and likewise for ``or``."""
        left, right = self.truth(updated.left), self.truth(updated.right)
        is_and = isinstance(updated.operator, cst.And)
        if left is not None:
            kept = updated.right if left is is_and else updated.left
            return self._kept(updated, kept)
        if right is not None and right is is_and:
            return self._kept(updated, updated.left)
        return updated

    def _kept(self, updated: cst.BooleanOperation | cst.IfExp, kept: cst.BaseExpression) -> cst.BaseExpression:
        if updated.lpar and not kept.lpar:
            result = kept.with_changes(lpar=updated.lpar, rpar=updated.rpar)
            return self.file.fold(result, bool(self.truth(kept))) if self.truth(kept) is not None else result
        return kept

    def conditional(self, updated: cst.IfExp) -> cst.BaseExpression:
        """``a if True else b`` as ``a``."""
        truth = self.truth(updated.test)
        if truth is None:
            return updated
        return self._kept(updated, updated.body if truth else updated.orelse)

    def elif_branch(self, original: cst.If, updated: cst.If) -> cst.If | cst.Else | cst.RemovalSentinel:
        """An ``elif`` whose condition became constant."""
        truth = self.truth(updated.test)
        if truth is None:
            return updated
        self.discard(original, truth)
        kept = cst.Else(body=updated.body, leading_lines=updated.leading_lines) if truth else updated.orelse
        return kept if kept is not None else cst.RemoveFromParent()

    def discard(self, original: cst.If, truth: bool) -> None:
        """Take back what was said about the branch that disappears."""
        gone: cst.CSTNode | None = original.orelse if truth else original.body
        if gone is not None:
            self.forget(gone)

    def forget(self, gone: cst.CSTNode) -> None:
        """Take back every remark about ``gone`` and what is inside it."""
        inside: set[int] = set()
        _collect(gone, inside)
        self.file.remarks = [remark for remark in self.file.remarks if id(remark.node) not in inside]

    def expand(self, body: Sequence[cst.BaseStatement]) -> tuple[list[cst.BaseStatement], list[cst.EmptyLine], bool]:
        """A block with constant ``if`` statements opened and removed statements taken out; the comment lines left over; whether it changed."""
        result: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        blank: list[cst.EmptyLine] = []  # what sets a removed statement, and so the next one, apart
        changed = False
        for statement in body:
            pieces = self._pieces(statement)
            if pieces is None:
                if blank:
                    if not any(line.comment is None for line in getattr(statement, "leading_lines", ())):
                        carried = [*blank, *carried]
                    blank = []
                if carried:
                    statement = _with_leading(statement, carried)
                    carried = []
                result.append(statement)
                continue
            changed = True
            comments = [line for line in getattr(statement, "leading_lines", ()) if line.comment is not None]
            comments += _trailing_comments(statement)
            if pieces:
                lines = list(getattr(statement, "leading_lines", ()))
                pieces[0] = _with_leading(pieces[0], carried + lines + _lost(comments, [*lines, *pieces]))
                carried, blank = [], []
                result.extend(pieces)
            else:
                carried += comments
                if result and not blank:
                    blank = [line for line in getattr(statement, "leading_lines", ()) if line.comment is None]
        return result, carried, changed

    def _pieces(self, statement: cst.BaseStatement) -> list[cst.BaseStatement] | None:
        """None: the statement stays; otherwise what stands in its place."""
        if id(statement) in self.file.removed:
            return []
        if not isinstance(statement, cst.If):
            return None
        truth = self.truth(statement.test)
        if truth is None:
            return None
        if truth:
            return _statements(statement.body)
        if isinstance(statement.orelse, cst.If):
            return [statement.orelse]
        return _statements(statement.orelse.body) if statement.orelse is not None else []


def _statements(suite: cst.BaseSuite) -> list[cst.BaseStatement]:
    if isinstance(suite, cst.IndentedBlock):
        body = [s for s in suite.body if not _is_pass(s)]
        return list(body)
    assert isinstance(suite, cst.SimpleStatementSuite)
    return [cst.SimpleStatementLine(suite.body)]


def _is_pass(statement: cst.BaseStatement) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and isinstance(statement.body[0], cst.Pass)
        and statement.trailing_whitespace.comment is None
    )


def _with_leading(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    own = list(getattr(statement, "leading_lines", ()))
    return statement.with_changes(leading_lines=[*lines, *own])


def _trailing_comments(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """The comments of a removed statement, as lines of their own."""
    found: list[cst.Comment] = []
    _comments(statement, found, skip_leading=True)
    return [cst.EmptyLine(comment=comment) for comment in found]


def _lost(comments: Sequence[cst.EmptyLine], kept: Sequence[cst.CSTNode]) -> list[cst.EmptyLine]:
    """The comment lines that no node of ``kept`` holds: what stood in the branch that goes."""
    found: list[cst.Comment] = []
    for node in kept:
        _comments(node, found)
    there = {id(comment) for comment in found}
    return [line for line in comments if id(line.comment) not in there]


def _comments(node: cst.CSTNode, found: list[cst.Comment], skip_leading: bool = False) -> None:
    if isinstance(node, cst.Comment):
        found.append(node)
        return
    leading = {id(line) for line in getattr(node, "leading_lines", ())} if skip_leading else set()
    for child in node.children:
        if id(child) not in leading:
            _comments(child, found)


def _collect(node: cst.CSTNode, inside: set[int]) -> None:
    inside.add(id(node))
    for child in node.children:
        _collect(child, inside)
