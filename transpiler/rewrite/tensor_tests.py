"""What becomes of ``isinstance(x, torch.Tensor)`` on a target whose tensors have no class of their own: a call of a function that tells them.

Keras' tensors are of another class on every backend. Other questions about a tensor's class (``type(x) is Tensor``) are diagnosed.
"""

from __future__ import annotations

import libcst as cst

from transpiler.report.codes import Code
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.converters import literal_tuple
from transpiler.rewrite.template import parenthesized

_OR = cst.Or(whitespace_before=cst.SimpleWhitespace(" "), whitespace_after=cst.SimpleWhitespace(" "))


class TensorTestRewriter:
    """Converts tests for the tensor class in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self._tested: dict[int, tuple[int, ...]] = {}
        self._handled: set[int] = set()

    def note(self, node: cst.CSTNode) -> None:
        """Before the children of a node are edited: remember the tensor classes in it that ``rewrite`` answers for."""
        if isinstance(node, cst.Comparison):
            for operand in (node.left, *(part.comparator for part in node.comparisons)):
                if self._predicate(operand) is not None:
                    self._leave(operand)
        elif (
            isinstance(node, cst.Call)
            and isinstance(node.func, cst.Name)
            and node.func.value in ("isinstance", "issubclass")
            and len(node.args) == 2
        ):
            classes = _classes(node.args[1].value)
            tested = tuple(index for index, cls in enumerate(classes) if self._predicate(cls) is not None)
            if tested and node.func.value == "isinstance":
                self._tested[id(node)] = tested
                self._handled.update(id(classes[index]) for index in tested)
            for index in tested if node.func.value == "issubclass" else ():
                self._leave(classes[index])

    def handles(self, node: cst.CSTNode) -> bool:
        """Whether a reference is part of a test and stays as it is until the whole is rewritten."""
        return id(node) in self._handled

    def rewrite(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression | None:
        """``isinstance(x, (Tensor, A))`` as ``is_tensor(x) or isinstance(x, A)``; None for other calls."""
        tested = self._tested.get(id(original))
        if tested is None:
            return None
        subject = updated.args[0].value
        written, classes = _classes(original.args[1].value), _classes(updated.args[1].value)
        predicates = list(dict.fromkeys(self._predicate(written[index]) or "" for index in tested))
        calls = [cst.Call(self.file.speller.expression(predicate), [cst.Arg(subject)]) for predicate in predicates]
        result: cst.BaseExpression = calls[0]
        for call in calls[1:]:
            result = cst.BooleanOperation(result, _OR, call)
        others = [cls for index, cls in enumerate(classes) if index not in tested]
        self.file.converted(original, f"isinstance(…, {self.file.code(written[tested[0]])})", self.file.code(result))
        if not others:
            return result.with_changes(lpar=updated.lpar, rpar=updated.rpar) if len(calls) == 1 else self._grouped(updated, result)
        rest = updated.with_changes(args=[updated.args[0], updated.args[1].with_changes(value=_one_of(others))], lpar=(), rpar=())
        return self._grouped(updated, cst.BooleanOperation(result, _OR, rest))

    def _grouped(self, updated: cst.Call, either: cst.BaseExpression) -> cst.BaseExpression:
        if updated.lpar:
            return either.with_changes(lpar=updated.lpar, rpar=updated.rpar)
        return self.file.mark_generated(parenthesized(either))

    def _predicate(self, node: cst.BaseExpression) -> str | None:
        """The function that answers for a torch class: what its entry says for ``isinstance``, where that is a function's name."""
        fact = self.file.facts.references.get(id(node))
        form = self.file.form(fact.name) if fact is not None else None
        return form.isinstance if form is not None and form.isinstance and form.isinstance.startswith("support.is_") else None

    def _leave(self, node: cst.BaseExpression) -> None:
        self._handled.add(id(node))
        hint = "Test with isinstance(x, torch.Tensor), which is converted."
        self.file.left(node, Code.UNSUPPORTED_VALUE, self.file.code(node), "Tensors are of another class on each backend.", hint)


def _classes(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The classes of ``isinstance``'s second argument as written: one, a tuple, or ``A | B``."""
    if isinstance(node, cst.Tuple):
        return [element.value for element in node.elements]
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        return [*_classes(node.left), *_classes(node.right)]
    return [node]


def _one_of(classes: list[cst.BaseExpression]) -> cst.BaseExpression:
    return classes[0] if len(classes) == 1 else literal_tuple(classes)
