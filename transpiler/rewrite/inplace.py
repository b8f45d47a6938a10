"""How an in-place operation keeps its effect.

``x.add_(y)`` becomes ``x = x + y`` where nobody else can see the old ``x``; where an alias might (a parameter, an attribute, a view), the new
value is written into the tensor that is there (``x.copy_(x + y)``, measured to change the tensor, its views and its gradient on MindSpore,
which its own ``add_`` is not). What neither can express is diagnosed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.dtype_category import may_promote
from transpiler.analysis.facts import CallFact, Certainty, Picks
from transpiler.report.codes import Code
from transpiler.rewrite.arguments import Declined
from transpiler.rewrite.calls import CallRewriter, callee_text
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.expressions import every_element, gives_shared, is_stable
from transpiler.rewrite.template import parenthesized
from transpiler.syntax.names import fresh_name
from transpiler.syntax.tree import children, every

#: In-place methods whose plain twin gives booleans, while they keep their tensor's dtype.
_BOOLEAN: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "less", "less_equal", "greater", "greater_equal", "not_equal",
                             "logical_and", "logical_or", "logical_xor", "logical_not", "isfinite", "isnan"})  # fmt: skip


#: In-place methods whose plain twin gives the dtype that their operands have in common.
_PROMOTING: Final = frozenset({
    "add", "addcdiv", "addcmul", "arctan2", "atan2", "bitwise_and", "bitwise_or", "bitwise_xor", "copysign", "div", "divide", "floor_divide", "fmod",
    "hypot", "lerp", "mul", "multiply", "pow", "remainder", "sub", "subtract", "true_divide", "xlogy",
})  # fmt: skip

#: Operations whose derivative reads the operand that the in-place form overwrites: where the values are written into it, a copy is what they are
#: computed from (torch keeps that copy itself).
_READS_OPERAND: Final = frozenset({
    "abs", "absolute", "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2",
    "atanh", "clamp", "clip", "copysign", "cos", "cosh", "cumprod", "digamma", "div", "divide", "erf", "erfc", "fmod", "frac", "hypot", "i0", "ldexp",
    "lerp", "lgamma", "log", "log10", "log1p", "log2", "logit", "mul", "multiply", "mvlgamma", "nan_to_num", "nextafter", "polygamma", "pow",
    "remainder", "renorm", "scatter_reduce", "sin", "sinc", "sinh", "square", "tan", "true_divide", "xlogy",
})  # fmt: skip
#: Of these, the ones that read it for the derivative by their other operand, where that is a tensor.
_READS_FOR_OTHER: Final = frozenset({"div", "divide", "lerp", "mul", "multiply", "true_divide"})


class InplaceRewriter:
    """Converts in-place methods and functions in one file."""

    def __init__(self, file: FileContext, calls: CallRewriter) -> None:
        self.file = file
        self.calls = calls
        self._written: dict[int, tuple[cst.BaseExpression, cst.BaseExpression]] = {}
        #: Parts as they were written, by the call that reads them now.
        self._places: dict[int, cst.Subscript] = {}
        #: Calls that change a part of another tensor where it is.
        self.kept_parts: set[int] = set()

    def applies(self, fact: CallFact) -> bool:
        """Whether the call is of an in-place twin."""
        if fact.certainty is not Certainty.KNOWN:
            return False
        entry = self.file.semantics.entry(fact.apis[0])
        if entry is None or entry.inplace is None:
            return False
        form = entry.form(self.file.target.name)
        return form is None or (form.to is None and form.template is None and form.support is None and form.convert is None)

    def reshapes(self, fact: CallFact) -> bool:
        """Whether the in-place method changes the shape of its tensor."""
        entry = self.file.semantics.entry(fact.apis[0])
        twin = self.file.semantics.entry(entry.inplace) if entry is not None and entry.inplace is not None else None
        return twin is not None and twin.view

    def _keeps_reshaped(self, fact: CallFact) -> bool:
        """Whether a statement that changes its tensor's shape does so for everybody who holds the tensor. In a model's methods the name alone
        changes, with a remark: a graph is not compiled from anything else."""
        return self.reshapes(fact) and fact.function is not None and self.file.target.inplace_reshape is not None

    def writes_part(self, fact: CallFact) -> bool:
        """Whether an in-place method or function with a form of its own is used on a part of a tensor (``x[0].zero_()``), which is a copy on
        the target until it is assigned."""
        leaf = fact.apis[0].rpartition(".")[2]
        owner = self._owner_kind(fact)
        return (
            fact.certainty is Certainty.KNOWN
            and leaf.endswith("_")
            and not leaf.endswith("__")
            and isinstance(owner, v.Tensor)
            and owner.part
        )

    def writes_through(self, fact: CallFact, rewritten: cst.Call) -> bool:
        """Whether a converted call changes the tensor that a part is of, whatever memory that is: support functions do."""
        func = rewritten.func
        if self.file.target.inplace_write is None or self.reshapes(fact) or not isinstance(func, cst.Attribute):
            return False
        form = self.file.form(fact.apis[0])
        return func.attr.value in (self.file.target.inplace_write, form.support if form is not None else None)

    def part_statement(self, updated: cst.Call) -> cst.BaseSmallStatement | None:
        """``x[0] = value`` for a converted statement ``x[0].copy_(value)``, ``x[0] = zeros_(x[0].copy())`` for others."""
        is_method = isinstance(updated.func, cst.Attribute) and isinstance(updated.func.value, cst.Subscript) or not updated.args
        is_method = is_method or (isinstance(updated.func, cst.Attribute) and updated.func.attr.value == self.file.target.inplace_assign)
        receiver = updated.func.value if is_method and isinstance(updated.func, cst.Attribute) else updated.args[0].value
        target = self._part_target(receiver)
        if target is None:
            return None
        if (
            is_method
            and isinstance(updated.func, cst.Attribute)
            and updated.func.attr.value == self.file.target.inplace_assign
            and updated.args
        ):
            return cst.Assign([cst.AssignTarget(target)], updated.args[0].value)
        copied = cst.Call(cst.Attribute(parenthesized(receiver), cst.Name("copy")))
        if is_method and isinstance(updated.func, cst.Attribute):
            return cst.Assign([cst.AssignTarget(target)], updated.with_changes(func=updated.func.with_changes(value=copied)))
        return cst.Assign(
            [cst.AssignTarget(target)], updated.with_changes(args=[updated.args[0].with_changes(value=copied), *updated.args[1:]])
        )

    def part_copied(self, original: cst.Call, rewritten: cst.Call, fact: CallFact, is_statement: bool) -> cst.Call:
        """``copy_into(x[0], value)`` for ``x[0].copy_(value)`` in an expression, and for ``x.narrow(0, 1, 2).copy_(value)`` anywhere."""
        func = rewritten.func
        if not isinstance(func, cst.Attribute) or func.attr.value != self.file.target.inplace_assign or len(rewritten.args) != 1:
            return rewritten
        is_item = isinstance(func.value, cst.Subscript) and not is_statement
        if not is_item and not self._shares(self._receiver(original, fact)):
            return rewritten
        written = self.file.write_into(func.value, rewritten.args[0].value, True)
        if written is None:
            return rewritten
        self.kept_parts.add(id(original))
        self.file.converted(original, callee_text(original), self.file.code(written.func))
        return written

    def _part_target(self, receiver: cst.BaseExpression) -> cst.BaseAssignTargetExpression | None:
        if not self.file.target.item_assignment:
            return None
        if isinstance(receiver, cst.Subscript):
            return receiver
        return every_element(receiver) if isinstance(receiver, cst.Name) else None

    def rewrite(self, original: cst.Call, updated: cst.Call, fact: CallFact) -> cst.BaseExpression:
        """The call as an expression; statements are finished by ``statement``."""
        receiver = self._receiver(updated, fact)
        is_temporary = v.is_fresh(self._owner_kind(fact)) and (receiver is None or not is_stable(receiver))
        if self.reshapes(fact) and not is_temporary and receiver is not None and is_stable(receiver):
            reshaped = self._reshaped(original, updated, fact, receiver)
            if reshaped is not None:
                return reshaped
        if self.reshapes(fact) and not is_temporary:
            message = "It changes the tensor's shape in place."
            self.file.left(
                original, Code.UNSUPPORTED_INPLACE, callee_text(original), message, "Write it as a statement of its own.", root=cst.Pass()
            )
            return updated
        chained = self._written.get(id(receiver))
        if chained is not None and isinstance(updated.func, cst.Attribute):
            receiver, pending = chained
            if any(_mentions(argument, receiver) for argument in updated.args):
                message = "A later operand reads the tensor that an earlier call of the chain has changed."
                self.file.left(
                    original, Code.UNSUPPORTED_INPLACE, callee_text(original), message, "Write one statement per call.", root=cst.Pass()
                )
                return updated
            updated = updated.with_changes(func=updated.func.with_changes(value=parenthesized(pending)))
        if chained is None and receiver is not None and is_stable(receiver) and not v.is_fresh(self._owner_kind(fact)):
            updated = self._from_copy(updated, fact, receiver)
        symbol = callee_text(original)
        self._note_place(original, receiver, fact)
        item = self.file.facts.subscripts.get(id(self._receiver(original, fact)))
        named = receiver is not None and (is_stable(receiver) or id(receiver) in self._places or self.is_detached(original))
        named = named and (item is None or item.picks is not Picks.YES)
        if not named and not v.is_fresh(self._owner_kind(fact)):
            return self._updating(original, updated, fact)
        stays = named and self.file.target.inplace_assign is None
        with self.file.speller.trying() if stays else nullcontext():
            functional = self._functional(original, updated, fact)
        if isinstance(functional, Declined):
            self.file.left(original, functional.code, symbol, functional.message, functional.hint)
            return updated
        if stays:
            message = "Tensors do not change in place on the target."
            self.file.left(original, Code.UNSUPPORTED_INPLACE, symbol, message, "Assign the result to the name.")
            return updated
        if named and receiver is not None:
            return self._assigning(original, receiver, functional, fact)
        self.file.converted(original, symbol, self.file.code(functional))
        return self.calls.placed(original, functional)

    def _reshaped(self, original: cst.Call, updated: cst.Call, fact: CallFact, receiver: cst.BaseExpression) -> cst.BaseExpression | None:
        """``support.set_tensor(x, x.unsqueeze(0))`` for ``x.unsqueeze_(0)``: the tensor that others hold has the new shape."""
        name = self.file.target.inplace_reshape
        functional = self._functional(original, updated, fact) if name is not None else None
        if functional is None or isinstance(functional, Declined):
            return None
        arguments = [cst.Arg(receiver), cst.Arg(self.file.bare(functional))]
        call = cst.Call(self.file.speller.expression(f"support.{name}"), arguments)
        self.file.converted(original, callee_text(original), self.file.code(call))
        return call

    def is_detached(self, original: cst.Call) -> bool:
        """Whether the receiver is ``g.detach()``, which shares the numbers of ``g`` on the target too."""
        written = original.func.value if isinstance(original.func, cst.Attribute) else None
        fact = self.file.facts.calls.get(id(written))
        if fact is None or fact.apis != ("torch.Tensor.detach",) or self.file.target.inplace_assign is None:
            return False
        return isinstance(written, cst.Call) and isinstance(written.func, cst.Attribute) and is_stable(written.func.value)

    def _assigning(
        self, original: cst.Call, receiver: cst.BaseExpression, functional: cst.BaseExpression, fact: CallFact
    ) -> cst.BaseExpression:
        owner, bare = self._owner_kind(fact), self.file.bare(functional)
        call = self.file.write_into(receiver, bare)
        assert call is not None
        if isinstance(owner, v.Tensor) and owner.part:
            self.kept_parts.add(id(original))
        self._written[id(call)] = (receiver, bare)
        self.file.keep_alive.append(call)
        self.file.converted(original, callee_text(original), self.file.code(call))
        return call

    def _note_place(self, original: cst.Call, receiver: cst.BaseExpression | None, fact: CallFact) -> None:
        """Remember ``x[::2]`` where reading it has become a call, which cannot be assigned."""
        written = self._receiver(original, fact)
        if isinstance(receiver, cst.Call) and isinstance(written, cst.Subscript) and is_stable(written):
            self._places[id(receiver)] = written
            self.file.keep_alive.append(receiver)

    def _updating(self, original: cst.Call, updated: cst.Call, fact: CallFact) -> cst.BaseExpression:
        """``update(f(x), lambda t: t + y)`` for ``f(x).add_(y)``, whose receiver must not be computed twice."""
        symbol, receiver, owner = callee_text(original), self._receiver(updated, fact), self._owner_kind(fact)
        written = self._receiver(original, fact)
        is_part = isinstance(owner, v.Tensor) and owner.part and not self._shares(written) and not self.file.facts.is_held(written)
        if receiver is None or self.file.target.inplace_update is None or is_part:
            message = "It changes a tensor that other names may refer to."
            self.file.left(original, Code.UNSUPPORTED_INPLACE, symbol, message, "Give the tensor a name first.")
            return updated
        used = {name.value for argument in updated.args for name in every(argument, cst.Name)}
        value = cst.Name(fresh_name("t", used))
        if fact.owner is not None and isinstance(updated.func, cst.Attribute):
            plain = updated.with_changes(func=updated.func.with_changes(value=value))
        else:
            plain = updated.with_changes(args=[updated.args[0].with_changes(value=value), *updated.args[1:]])
        functional = self._functional(original, self._from_copy(plain, fact, value), fact)
        if isinstance(functional, Declined):
            self.file.left(original, functional.code, symbol, functional.message, functional.hint)
            return updated
        function = cst.Lambda(cst.Parameters([cst.Param(value)]), functional)
        speller = self.file.speller.expression(f"support.{self.file.target.inplace_update}")
        call = cst.Call(speller, [cst.Arg(receiver), cst.Arg(function)])
        self.kept_parts.add(id(original))
        self.file.converted(original, symbol, self.file.code(call.func))
        return self.calls.placed(original, call)

    def is_held(self, call: cst.Call, fact: CallFact) -> bool:
        """Whether the tensor that a call, or a chain of calls, changes is an item of a container."""
        written = self._receiver(call, fact)
        inner = self.file.facts.calls.get(id(written))
        if (
            isinstance(written, cst.Call)
            and inner is not None
            and inner.owner is not None
            and (self.applies(inner) or self.writes_part(inner))
        ):
            return self.is_held(written, inner)
        return self.file.facts.is_held(written)

    def _shares(self, receiver: cst.BaseExpression | None) -> bool:
        """Whether a part is what a method gives that shares memory on the target as well, or was changed in place itself."""
        if id(receiver) in self.kept_parts:
            return True
        fact = self.file.facts.calls.get(id(receiver))
        return fact is not None and fact.certainty is Certainty.KNOWN and gives_shared(fact)

    def unseen(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> tuple[cst.Name, cst.BaseExpression] | None:
        """(name, new value) of ``x.copy_(value)`` that ``rewrite`` made where nobody but the name ``x`` sees the tensor; else None."""
        written = self._written.get(id(updated))
        fact = self.file.facts.calls.get(id(original))
        if written is None or fact is None or not isinstance(written[0], cst.Name) or not v.is_fresh(self._owner_kind(fact)):
            return None
        return written[0], self._in_dtype(written[1], written[0], fact)

    def statement(self, original: cst.Expr, updated: cst.Call, fact: CallFact) -> cst.BaseSmallStatement | None:
        """``x = x + y`` for a statement ``x.add_(y)`` on a name that nobody else sees; None where the expression form must do."""
        call = original.value
        assert isinstance(call, cst.Call)
        receiver = self._receiver(updated, fact)
        chained = self._written.get(id(receiver))
        if receiver is None:
            return None
        self._note_place(call, receiver, fact)
        if chained is not None and isinstance(updated.func, cst.Attribute):
            receiver, pending = chained
            if any(_mentions(argument, receiver) for argument in updated.args):
                return None
            updated = updated.with_changes(func=updated.func.with_changes(value=parenthesized(pending)))
        owner = self._owner_kind(fact)
        if self.is_held(call, fact):
            return None
        if chained is not None and not (isinstance(owner, v.Tensor) and owner.part):
            return None
        target = self._places.get(id(receiver), receiver)
        reshapes = self.reshapes(fact)
        is_item = isinstance(target, cst.Subscript) and self.file.target.item_assignment and not reshapes
        is_part = isinstance(owner, v.Tensor) and owner.part and not is_item and self._part_target(receiver) is not None
        is_part = is_part and not self._keeps_reshaped(fact)
        rebinds = isinstance(receiver, cst.Name) and (v.is_fresh(owner) or (reshapes and not self._keeps_reshaped(fact)))
        if not rebinds and not is_item and not is_part:
            return None
        functional = self._functional(call, updated, fact)
        if isinstance(functional, Declined):
            return None
        self.file.converted(call, callee_text(call), self.file.code(functional))
        if reshapes and not v.is_fresh(owner):
            message = f"'{self.file.code(receiver)}' is another tensor after this statement; torch changed the shape of the one that other names may refer to."
            self.file.review(
                call, Code.REVIEW_INPLACE, callee_text(call), message, "Nothing to do unless another name relied on the change."
            )
        if rebinds:
            functional = self._in_dtype(functional, receiver, fact)
        if is_part and not rebinds and isinstance(receiver, cst.Name):
            target = every_element(receiver)
        return cst.Assign([cst.AssignTarget(target)], functional)  # type: ignore[arg-type]

    def _in_dtype(self, functional: cst.BaseExpression, receiver: cst.BaseExpression, fact: CallFact) -> cst.BaseExpression:
        """The new value of a name in the dtype that the old one has, where an operand of another may have changed it."""
        operands = fact.values if fact.owner is not None else fact.values[1:]
        promotes = fact.apis[0].rpartition(".")[2].removesuffix("_") in _PROMOTING and any(map(may_promote, operands))
        return self.file.in_dtype_of(functional, receiver) if promotes and self.file.mixes_dtypes() else functional

    def _functional(self, original: cst.Call, updated: cst.Call, fact: CallFact) -> cst.BaseExpression | Declined:
        entry = self.file.semantics.entry(fact.apis[0])
        assert entry is not None and entry.inplace is not None
        twin = self.file.semantics.entry(entry.inplace)
        if twin is None:
            return Declined(Code.UNKNOWN_API, f"No mapping entry knows {entry.inplace}.")
        plain = updated
        if isinstance(updated.func, cst.Attribute) and fact.owner is not None:
            plain = updated.with_changes(func=updated.func.with_changes(attr=cst.Name(twin.api.rpartition(".")[2])))
        site = self.calls.site(original, plain, fact, twin)
        functional = self.calls.convert(site)
        receiver = self._receiver(updated, fact)
        if isinstance(functional, Declined) or twin.api.rpartition(".")[2] not in _BOOLEAN or not isinstance(receiver, cst.Name):
            return functional
        return self.file.in_dtype_of(functional, receiver)

    def _from_copy(self, updated: cst.Call, fact: CallFact, receiver: cst.BaseExpression) -> cst.Call:
        """The call on a copy of its operand, where the derivative needs the old values."""
        copied = copy_for_derivative(self.file.target.copy, fact.apis[0], receiver, fact.values[0 if fact.owner is not None else 1 :])
        if copied is receiver:
            return updated
        if fact.owner is not None and isinstance(updated.func, cst.Attribute):
            return updated.with_changes(func=updated.func.with_changes(value=copied))
        return updated.with_changes(args=[updated.args[0].with_changes(value=copied), *updated.args[1:]])

    @staticmethod
    def _receiver(updated: cst.Call, fact: CallFact) -> cst.BaseExpression | None:
        if fact.owner is not None and isinstance(updated.func, cst.Attribute):
            return updated.func.value
        return updated.args[0].value if updated.args else None

    @staticmethod
    def _owner_kind(fact: CallFact) -> v.Value:
        if fact.owner is not None:
            return fact.owner
        return fact.values[0] if fact.values else v.UNKNOWN


def copy_for_derivative(method: str | None, api: str, operand: cst.BaseExpression, others: Sequence[v.Value]) -> cst.BaseExpression:
    """``x.copy()`` of an operand ``x`` that an in-place operation overwrites and its derivative reads; ``x`` itself where nothing reads it."""
    name = api.rpartition(".")[2].removesuffix("_")
    reads = name in _READS_OPERAND and (name not in _READS_FOR_OTHER or any(isinstance(other, v.Tensor) for other in others))
    return cst.Call(cst.Attribute(parenthesized(operand), cst.Name(method))) if reads and method is not None else operand


def _mentions(node: cst.CSTNode, expression: cst.BaseExpression) -> bool:
    """Whether ``expression`` occurs inside ``node``."""
    return node.deep_equals(expression) or any(_mentions(child, expression) for child in children(node))
