"""What becomes of a question whether torch has something: ``hasattr(torch, "compile")``, ``"silu" in dir(F)``.

The branch that asks for it is the one that is ported wherever the symbol has a counterpart, so that the answer is a constant. Where it has
none, the question stays and is diagnosed: which branch is right then is for the user to say.
"""

from __future__ import annotations

import libcst as cst

from transpiler.rewrite.context import FileContext


class CapabilityTestRewriter:
    """Answers questions about torch's modules in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self._answers: dict[int, bool] = {}
        self._asked: set[int] = set()

    def note(self, node: cst.CSTNode) -> None:
        """Before the children of a node are edited: remember the torch modules in it that only ``rewrite`` speaks about."""
        question = _hasattr(node) or _in_dir(node)
        if question is None:
            return
        subject, name, negated = question
        fact = self.file.facts.references.get(id(subject))
        if fact is not None and self._is_there(f"{fact.name}.{name}"):
            self._answers[id(node)] = not negated
            self._asked.add(id(subject))

    def handles(self, node: cst.CSTNode) -> bool:
        """Whether a reference is the subject of a question that is answered."""
        return id(node) in self._asked

    def rewrite(self, original: cst.BaseExpression) -> cst.BaseExpression | None:
        """The answer as a constant, None for what is no such question."""
        answer = self._answers.get(id(original))
        if answer is None:
            return None
        text = self.file.code(original)
        self.file.dropped(original, text, f"it is {answer} on {self.file.target.name}.")
        return self.file.fold(cst.Name(str(answer)), answer)

    def _is_there(self, name: str) -> bool:
        entry = self.file.semantics.entry(name)
        if entry is None or entry.kind == "family":
            return self.file.registry.has_prefix(name)
        form = entry.form(self.file.target.name)
        overloaded = any(self.file.target.name in overload.targets for overload in entry.overloads)
        return overloaded if form is None else form.unsupported is None


def _hasattr(node: cst.CSTNode) -> tuple[cst.BaseExpression, str, bool] | None:
    """``hasattr(subject, "name")``."""
    if not (isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "hasattr" and len(node.args) == 2):
        return None
    name = _text(node.args[1].value)
    return None if name is None else (node.args[0].value, name, False)


def _in_dir(node: cst.CSTNode) -> tuple[cst.BaseExpression, str, bool] | None:
    """``"name" in dir(subject)`` and ``not in``."""
    if not (isinstance(node, cst.Comparison) and len(node.comparisons) == 1):
        return None
    operator, listed = node.comparisons[0].operator, node.comparisons[0].comparator
    name = _text(node.left)
    is_dir = isinstance(listed, cst.Call) and isinstance(listed.func, cst.Name) and listed.func.value == "dir" and len(listed.args) == 1
    if name is None or not is_dir or not isinstance(operator, (cst.In, cst.NotIn)):
        return None
    return cst.ensure_type(listed, cst.Call).args[0].value, name, isinstance(operator, cst.NotIn)


def _text(node: cst.BaseExpression) -> str | None:
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else None
