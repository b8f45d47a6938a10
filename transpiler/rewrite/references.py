"""What stands where a torch symbol is used without being called: as a value, base class, annotation, decorator or in ``isinstance``.

A value or a base class is called later with torch's arguments, so it needs an object with torch's signature: the support form, a target
name whose signature is the same, or a lambda with torch's parameters around the call of the target's own function.
"""

from __future__ import annotations

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import CallFact, Certainty, Position, Reference
from transpiler.mapping.schema import Entry, TargetForm
from transpiler.report.codes import Code
from transpiler.rewrite.calls import CallRewriter, is_constant, truth_of
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.template import is_atomic, parenthesized, placeholders, render


class ReferenceRewriter:
    """Converts references in one file."""

    def __init__(self, file: FileContext, calls: CallRewriter) -> None:
        self.file = file
        self.calls = calls

    def rewrite(self, updated: cst.BaseExpression, fact: Reference) -> cst.BaseExpression:
        """The replacement of a reference; ``updated`` itself where it stays."""
        symbol = self._symbol(fact)
        entry = self.file.semantics.entry(fact.name)
        if fact.position is Position.STORE:
            if not self.drops_decorator(fact):
                message = "An attribute of torch is assigned to."
                self.file.left(fact.node, Code.UNSUPPORTED_STATEMENT, symbol, message, "Remove it, or set the target's own option.")
            return updated
        if entry is None:
            return self._without_entry(updated, fact, symbol)
        form = entry.form(self.file.target.name) or self._common_form(entry)
        if form is None:
            self.file.left(fact.node, Code.UNSUPPORTED_API, symbol, f"There is no counterpart on {self.file.target.name} yet.", "")
            return updated
        name = self._name(entry, form, fact.position)
        if name is not None:
            if fact.position is Position.EXACT and self._is_derived(entry, form) and not self._is_compared(fact):
                message = f"The port makes some of its layers of a subclass of '{self.file.code(self.file.speller.expression(name))}'."
                self.file.review(fact.node, Code.REVIEW_VALUE, symbol, message, "Use isinstance instead of comparing types.")
            return self._replace(updated, fact, symbol, self.file.speller.expression(name), form)
        if form.template is not None and not placeholders(form.template) and entry.kind in ("value", "dtype", "attribute", "annotation"):
            value = render(form.template, {}, {}, self.file.style)
            return self._replace(updated, fact, symbol, value, form)
        made = self._lambda(entry) if fact.position is Position.VALUE else None
        if made is not None:
            return self._replace(updated, fact, symbol, made, form)
        self._remark_left(fact, symbol, entry, form)
        return updated

    @staticmethod
    def _is_derived(entry: Entry, form: TargetForm) -> bool:
        """Whether some layers of a port are of a class that the support module derives from the target's own."""
        return entry.kind == "class" and bool(form.support and (form.isinstance or form.to))

    def _is_compared(self, fact: Reference) -> bool:
        """Whether the class is compared with one that is asked for its plain class."""
        return self.file.target.layer_class is not None and id(fact.node) in self.file.facts.compared

    def comparison(self, original: cst.Comparison, updated: cst.Comparison) -> cst.Comparison:
        """``layer_class(t) is nn.Dense`` for ``t is nn.Linear``: both the target's own class and the support module's stand for torch's."""
        function, facts = self.file.target.layer_class, self.file.facts
        target = original.comparisons[0]
        if function is None or not {id(original.left), id(target.comparator)} & facts.class_sides:
            return updated
        first = id(original.left) in facts.class_sides
        side = updated.left if first else updated.comparisons[0].comparator
        call = cst.Call(self.file.speller.expression(f"support.{function}"), [cst.Arg(side)])
        self.file.converted(original, self.file.code(original.left if first else target.comparator), self.file.code(call))
        return (
            updated.with_changes(left=call)
            if first
            else updated.with_changes(comparisons=[updated.comparisons[0].with_changes(comparator=call)])
        )

    def _lambda(self, entry: Entry) -> cst.Lambda | None:
        """``lambda input, chunks, dim=0: ops.chunk(input, chunks, axis=dim)``: torch's positional parameters around the target's call."""
        parameters = entry.signature.parameters if entry.kind == "function" and entry.signature is not None and not entry.overloads else ()
        taken = [p for p in parameters if p.kind == "positional"]
        if not taken or any(p.kind not in ("positional", "keyword") for p in parameters):
            return None
        call = cst.Call(cst.Name(entry.api.rpartition(".")[2]), [cst.Arg(cst.Name(p.name)) for p in taken])
        kinds = tuple(v.TENSOR if p.name == "input" else v.UNKNOWN for p in taken)
        body = self.calls.if_possible(self.calls.site(call, call, CallFact((entry.api,), Certainty.KNOWN, kinds, None, call), entry))
        header = ", ".join(p.name if p.default is None else f"{p.name}={p.default}" for p in taken)
        made = cst.parse_expression(f"lambda {header}: None")
        return cst.ensure_type(made, cst.Lambda).with_changes(body=body) if body is not None else None

    def _common_form(self, entry: Entry) -> TargetForm | None:
        """The support form of an entry that has nothing but overloads: it takes them all."""
        support = entry.common_support(self.file.target.name)
        return TargetForm(support=support) if support is not None else None

    def drops_decorator(self, fact: Reference) -> bool:
        """Whether a decorator goes because it means nothing on the target."""
        form = self.file.form(fact.name)
        return form is not None and form.statement == "drop"

    def _symbol(self, fact: Reference) -> str:
        return self.file.code(fact.node)

    def _name(self, entry: Entry, form: TargetForm, position: Position) -> str | None:
        support = f"support.{form.support}" if form.support else None
        plain = form.to if form.to and not form.args and not form.add and form.order is None else None
        if position in (Position.ISINSTANCE, Position.ANNOTATION, Position.EXACT):
            named = form.isinstance if form.isinstance and not form.isinstance.startswith("support.is_") else None
            return named or form.to or form.value or support
        if position is Position.BASE:
            return support or plain or form.value
        return form.value or support or plain

    def _replace(
        self, updated: cst.BaseExpression, fact: Reference, symbol: str, value: cst.BaseExpression, form: TargetForm
    ) -> cst.BaseExpression:
        if value.deep_equals(updated):
            return updated
        text = self.file.code(value)
        note = form.note if form.fidelity == "approximate" and fact.position in (Position.BASE, Position.VALUE) else ""
        if text != symbol or note:
            self.file.converted(fact.node, symbol, text, note, Code.APPROXIMATE if note else Code.CONVERTED)
        if is_constant(value):
            return self.file.fold(value, truth_of(value))
        if updated.lpar:
            return value.with_changes(lpar=updated.lpar, rpar=updated.rpar)
        return value if is_atomic(value) else self.file.mark_generated(parenthesized(value))

    def _without_entry(self, updated: cst.BaseExpression, fact: Reference, symbol: str) -> cst.BaseExpression:
        converted = self._class_member(updated, fact)
        if converted is not None:
            return converted
        equivalent = self.file.target.equivalents.get(fact.name)
        if equivalent is not None and fact.position is Position.ANNOTATION:
            return self.file.speller.expression(equivalent)
        if fact.position is Position.ANNOTATION and self.file.registry.has_prefix(fact.name):
            self.file.converted(fact.node, symbol, "object", "A module is no type.")
            return cst.Name("object")
        chosen = self._chosen(updated, fact)
        if chosen is not None:
            self.file.converted(fact.node, symbol, "a dictionary of what it can be")
            return chosen
        if fact.name.endswith(".*"):
            message, hint = "The name is known at run time only.", "Use a dictionary of the classes that can occur."
            if not (isinstance(updated, cst.Call) and isinstance(updated.func, cst.Name) and updated.func.value == "getattr"):
                message, hint = (
                    "A module of torch's, or built on torch, is imported by its name.",
                    "Import it with an import statement, which is ported.",
                )
            self.file.left(fact.node, Code.DYNAMIC_NAME, symbol, message, hint)
        elif self.file.registry.has_prefix(fact.name):
            self.file.left(
                fact.node, Code.UNSUPPORTED_VALUE, symbol, "A module of torch is used as a value.", "Use the names that are needed from it."
            )
        else:
            self.file.unknown(fact.node, symbol, fact.name)
        return updated

    def _chosen(self, updated: cst.BaseExpression, fact: Reference) -> cst.BaseExpression | None:
        """``{"Conv1d": nn.Conv1d, "Conv2d": nn.Conv2d}[f"Conv{n}d"]`` for ``getattr(torch.nn, f"Conv{n}d")``, where all of them have counterparts."""
        if not fact.names or not isinstance(updated, cst.Call):
            return None
        with self.file.speller.trying():
            possible = all(self._value(name) is not None for name in fact.names)
        if not possible:
            return None
        quote = self.file.quote
        items = [(name.rpartition(".")[2], self._value(name)) for name in fact.names]
        table = cst.Dict([cst.DictElement(cst.SimpleString(f"{quote}{leaf}{quote}"), value) for leaf, value in items if value is not None])
        key, *default = (argument.value for argument in updated.args[1:3])
        if default:
            return cst.Call(cst.Attribute(table, cst.Name("get")), [cst.Arg(key), cst.Arg(default[0])])
        return cst.Subscript(table, [cst.SubscriptElement(cst.Index(key))])

    def _value(self, name: str) -> cst.BaseExpression | None:
        """What stands for a torch symbol where it is passed on."""
        entry = self.file.semantics.entry(name)
        form = (entry.form(self.file.target.name) or self._common_form(entry)) if entry is not None else None
        if entry is None or form is None or form.note:
            return None
        found = self._name(entry, form, Position.VALUE)
        return self.file.speller.expression(found) if found is not None else self._lambda(entry)

    def _class_member(self, updated: cst.BaseExpression, fact: Reference) -> cst.BaseExpression | None:
        """``nn.Module.__init__`` and other dunder members through a class that the target has under another name."""
        owner, _, leaf = fact.name.rpartition(".")
        entry = self.file.semantics.entry(owner)
        form = entry.form(self.file.target.name) if entry is not None and entry.kind == "class" else None
        if entry is None or form is None or not leaf.startswith("__"):
            return None
        name = self._name(entry, form, Position.BASE)
        return None if name is None else cst.Attribute(self.file.speller.expression(name), cst.Name(leaf))

    def _remark_left(self, fact: Reference, symbol: str, entry: Entry, form: TargetForm) -> None:
        if form.unsupported is not None:
            self.file.left(fact.node, Code(form.unsupported.code), symbol, "", form.unsupported.hint)
            return
        code = Code.UNSUPPORTED_BASE if fact.position is Position.BASE else Code.UNSUPPORTED_VALUE
        message = "It is passed on as a value, and whoever calls it will pass torch's arguments."
        if fact.position is Position.BASE:
            message = "It is used as a base class."
        self.file.left(fact.node, code, symbol, message, "Call it through a function of your own.", replacement=form.to or "")
