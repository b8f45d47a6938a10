"""How comments inside a rewritten expression survive: those that the new form has no place for move above the statement.

Looking for comments in every statement costs a third of the whole edit, and few edits lose one. So a file is edited without, the comments of
source and output are compared as text, and only where one is missing is the file edited once more with ``restores_comments``.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import libcst as cst

_COMMENT: Final = re.compile(rb"#[^\r\n]*")


def loses_comments(source: bytes, output: bytes) -> bool:
    """Whether some text that begins with '#' stands in ``source`` more often than in ``output``."""
    return bool(Counter(_COMMENT.findall(source)) - Counter(_COMMENT.findall(output)))


def restore_comments(original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
    """``updated`` with every comment of ``original``, the lost ones on lines of their own above it."""
    restored: cst.SimpleStatementLine = _with_lost(updated, _comments(original), _comments(updated))
    return restored


def restore_header_comments(original: cst.BaseCompoundStatement, updated: Any) -> Any:
    """A compound statement with every comment of its header (decorators, condition, parameters, items) and of ``elif`` branches that went."""
    if not hasattr(updated, "leading_lines"):
        return updated
    return _with_lost(updated, _header_comments(original), _header_comments(updated))


def _with_lost(updated: Any, before: list[str], after: list[str]) -> Any:
    if not before:
        return updated
    missing = Counter(before) - Counter(after)
    if not missing:
        return updated
    lines = [cst.EmptyLine(comment=cst.Comment(text)) for text in before if _take(missing, text)]
    return updated.with_changes(leading_lines=[*updated.leading_lines, *lines])


def _header_comments(node: cst.CSTNode) -> list[str]:
    found: list[str] = []
    body = getattr(node, "body", None)
    for child in node.children:
        if child is not body and not isinstance(child, (cst.IndentedBlock, cst.SimpleStatementSuite)):
            _collect(child, found)
    return found


def _take(missing: Counter[str], text: str) -> bool:
    if missing[text] <= 0:
        return False
    missing[text] -= 1
    return True


def _comments(node: cst.CSTNode) -> list[str]:
    found: list[str] = []
    _collect(node, found)
    return found


def _collect(node: cst.CSTNode, found: list[str]) -> None:
    if isinstance(node, cst.Comment):
        found.append(node.value)
        return
    if isinstance(node, (cst.Name, cst.SimpleString, cst.Integer, cst.SimpleWhitespace)):
        return
    for child in node.children:
        _collect(child, found)
