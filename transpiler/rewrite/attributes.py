"""What becomes of an attribute read or written on a tensor or a torch object: ``x.T``, ``m.weight``, ``x.data``."""

from __future__ import annotations

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import AttributeFact, Certainty
from transpiler.analysis.interpret_expressions import LAYER_NAMES, LAYER_SETTINGS, LIKE_SETTINGS
from transpiler.mapping.schema import TargetForm, WeightRule
from transpiler.report.codes import Code
from transpiler.rewrite.calls import callee_text, is_constant, is_member, truth_of
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.layer_settings import LayerSettings
from transpiler.rewrite.template import is_atomic, parenthesized, render

#: Support functions that read what is assigned under torch's own name.
_PLAIN_STORES = frozenset({"grad_of", "requires_grad_of"})
#: Conversion of a weight to the target's shape -> the tensor's method that takes it back.
_SHAPES = {"expand_dims_2": "squeeze(2)"}
#: Built-in function -> what stands before the name of the target's support function that reads a layer's attribute.
_LAYER_QUESTIONS = {"hasattr": "has_", "getattr": "", "setattr": "set_"}


class AttributeRewriter:
    """Converts attributes in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        self.settings = LayerSettings(file)
        self._asked: dict[str, set[str]] | None = None

    def rewrite(self, updated: cst.Attribute, fact: AttributeFact) -> cst.BaseExpression:
        """The replacement of an attribute; ``updated`` itself where it stays."""
        if self.settings.refuses(fact) or (self.settings.writer(fact) is not None and id(fact.node) in self.file.assigned):
            return updated
        if fact.classes:
            renamed = self._renamed(updated, fact)
            if renamed is not None:
                return renamed
        elif self._is_setting(fact):
            return self._of_any_object(updated, fact)
        if not fact.apis:
            return updated
        if fact.certainty is Certainty.MAYBE:
            return self._maybe(updated, fact)
        entry = self.file.semantics.entry(fact.apis[0])
        if entry is None:
            return self._unknown(updated, fact)
        form = entry.form(self.file.target.name)
        symbol = callee_text(fact.node)
        if form is not None and form.support in _PLAIN_STORES and (fact.store or id(fact.node) in self.file.owning):
            return updated
        if form is None or form.unsupported is not None:
            hint = form.unsupported.hint if form is not None and form.unsupported is not None else ""
            self.file.left(fact.node, Code.UNSUPPORTED_API, symbol, "", hint, root=cst.Pass())
            return updated
        if entry.kind in ("method", "function"):
            return self._bound_method(updated, fact, form, symbol)
        if not all(self._has_form(cls, updated.attr.value, form) for cls in fact.classes):
            return self._of_some(updated, fact, form, symbol)
        return self._property(updated, fact, form, symbol)

    def _is_setting(self, fact: AttributeFact) -> bool:
        """Whether an object of unknown kind is read as a layer is: for its running statistics, or for several of the arguments that layers keep."""
        name = fact.node.attr.value
        if fact.certainty is not Certainty.MAYBE or fact.store or name not in LAYER_SETTINGS or not self.file.mentions_torch:
            return False
        if self.file.target.layer_setting is None:
            return False
        if self._asked is None:
            self._asked, known = {}, LAYER_SETTINGS | LIKE_SETTINGS
            for other in self.file.facts.attributes.values():
                if other.certainty is Certainty.MAYBE and not other.store and other.node.attr.value in known:
                    self._asked.setdefault(self.file.code(other.node.value), set()).add(other.node.attr.value)
        asked = self._asked.get(self.file.code(fact.node.value), set())
        return len(asked) > 1 or not asked.isdisjoint(("running_mean", "running_var"))

    def _of_any_object(self, updated: cst.Attribute, fact: AttributeFact) -> cst.BaseExpression:
        name = updated.attr.value
        reader = self.file.target.layer_setting
        if name in LAYER_NAMES:
            reader = "layer_value" if id(fact.node) in self.file.facts.value_reads else self.file.target.layer_attribute
        call = render(f"support.{reader}({{layer}}, '{name}')", {"layer": updated.value}, {}, self.file.style)
        return self._done(fact, callee_text(fact.node), call)

    def assign(self, original: cst.Assign, updated: cst.Assign) -> cst.Expr | None:
        """``set_layer_attribute(layer, "weight", value)`` for ``layer.weight = value`` where the layer may be of any class."""
        reader, target = self.file.target.layer_attribute, original.targets[0].target
        fact = self.file.facts.attributes.get(id(target))
        if reader is None or fact is None or len(original.targets) != 1 or not isinstance(target, cst.Attribute) or not fact.store:
            return None
        name = target.attr.value
        if name not in LAYER_NAMES or not (self._may_be_renamed(fact, name) or self._takes_parameter(fact, original.value)):
            return None
        layer = cst.ensure_type(updated.targets[0].target, cst.Attribute).value
        func = self.file.speller.expression(f"support.set_{reader}")
        self.file.converted(original, f"{callee_text(target)} = …", self.file.code(func))
        key = cst.SimpleString(f"{self.file.quote}{name}{self.file.quote}")
        return cst.Expr(cst.Call(func, [cst.Arg(layer), cst.Arg(key), cst.Arg(updated.value)]), semicolon=updated.semicolon)

    def _may_be_renamed(self, fact: AttributeFact, name: str) -> bool:
        """Whether a layer is known to be one, and not of which class."""
        if not isinstance(fact.owner, v.Inst) or not fact.classes:
            return False
        return fact.classes == ("torch.nn.Module",) or len({self._new_name(cls, name) or name for cls in fact.classes}) > 1

    def _takes_parameter(self, fact: AttributeFact, value: cst.BaseExpression) -> bool:
        """Whether an object of unknown kind is given a parameter, or another layer's."""
        if fact.certainty is not Certainty.MAYBE:
            return False
        if isinstance(value, cst.Attribute):
            return value.attr.value in LAYER_NAMES
        call = self.file.facts.calls.get(id(value))
        return call is not None and "torch.nn.Parameter" in call.apis

    def _has_form(self, cls: str, name: str, form: TargetForm) -> bool:
        """Whether an attribute becomes the same for instances of ``cls``."""
        entry = self.file.semantics.find_member((cls,), name)
        own = entry.form(self.file.target.name) if entry is not None else None
        return own is not None and (own.to, own.template, own.support) == (form.to, form.template, form.support)

    def _of_some(self, updated: cst.Attribute, fact: AttributeFact, form: TargetForm, symbol: str) -> cst.BaseExpression:
        """An attribute that only some of the classes that the object can be have in another form: the object is asked what it is."""
        if form.unknown is None or fact.store:
            message = f"The attribute has different forms in the classes that {symbol.rpartition('.')[0]} can be."
            self.file.left(fact.node, Code.UNSUPPORTED_VALUE, symbol, message, "Treat each class in a branch of its own.", root=cst.Pass())
            return updated
        call = cst.Call(self.file.speller.expression(f"support.{form.unknown}"), [cst.Arg(updated.value)])
        return self._done(fact, symbol, call)

    def _property(self, updated: cst.Attribute, fact: AttributeFact, form: TargetForm, symbol: str) -> cst.BaseExpression:
        if form.to is not None and is_member(form.to):
            leaf = form.to.rpartition(".")[2]
            if leaf == updated.attr.value:
                return updated
            return self._done(fact, symbol, updated.with_changes(attr=cst.Name(leaf)))
        if fact.store:
            message = "The attribute is assigned to, and the target computes it."
            self.file.left(fact.node, Code.UNSUPPORTED_STATEMENT, symbol, message, "", root=cst.Pass())
            return updated
        if form.template is not None:
            value = render(form.template, {"self": updated.value}, {}, self.file.style)
            if is_constant(value):
                self.file.dropped(fact.node, symbol, f"it is {self.file.code(value)} on {self.file.target.name}.")
                return self.file.fold(value, truth_of(value))
            return self._done(fact, symbol, value)
        name = f"support.{form.support}" if form.support else form.to
        if name is None:
            self.file.left(fact.node, Code.UNSUPPORTED_API, symbol, "", "", root=cst.Pass())
            return updated
        return self._done(fact, symbol, cst.Call(self.file.speller.expression(name), [cst.Arg(updated.value)]))

    def _bound_method(self, updated: cst.Attribute, fact: AttributeFact, form: TargetForm, symbol: str) -> cst.BaseExpression:
        """``x.permute`` without a call: whoever calls it passes torch's arguments."""
        if form.to is not None and is_member(form.to) and not form.args and not form.add:
            return updated.with_changes(attr=cst.Name(form.to.rpartition(".")[2]))
        self.file.left(
            fact.node,
            Code.UNSUPPORTED_VALUE,
            symbol,
            "The method is used as a value.",
            "Call it through a function of your own.",
            root=cst.Pass(),
        )
        return updated

    def _done(self, fact: AttributeFact, symbol: str, value: cst.BaseExpression) -> cst.BaseExpression:
        if value.deep_equals(fact.node):
            return value
        self.file.converted(fact.node, symbol, self.file.code(value))
        if fact.node.lpar and not value.lpar:
            return value.with_changes(lpar=fact.node.lpar, rpar=fact.node.rpar)
        return value if is_atomic(value) else self.file.mark_generated(parenthesized(value))

    def _renamed(self, updated: cst.Attribute, fact: AttributeFact) -> cst.BaseExpression | None:
        """An attribute of a layer whose name differs on the target; None where no class speaks of it."""
        name = updated.attr.value
        if fact.classes == ("torch.nn.Module",) and isinstance(fact.owner, v.Inst) and name in LAYER_NAMES and not fact.store:
            read_for_values = name == "weight" and id(fact.node) in self.file.facts.value_reads
            return self._by_any_name(updated, fact, name, "layer_value" if read_for_values else None)
        if fact.classes == ("torch.nn.Module",) and isinstance(fact.owner, v.Inst) and name in LAYER_SETTINGS and not fact.store:
            return self._by_any_name(updated, fact, name, self.file.target.layer_setting)
        in_shape = self._in_shape(updated, fact, name)
        if in_shape is not None:
            return in_shape
        is_own = isinstance(fact.owner, (v.UserInst, v.Super)) and fact.owner.info.attribute(name) is not None
        if self._is_private(fact, name) and not is_own:
            hint = "Write what it does yourself."
            self.file.left(
                fact.node, Code.UNKNOWN_API, callee_text(fact.node), "It is a private member of torch's layer.", hint, root=cst.Pass()
            )
            return updated
        if not fact.store and not is_own:
            kept = {self._kept(cls, name, isinstance(fact.owner, v.Inst)) for cls in fact.classes}
            if "lost" in kept or ("asked" in kept and self.file.target.layer_setting is None):
                message = "The target's layer does not keep it."
                hint = "Keep the value where the layer is made."
                self.file.left(fact.node, Code.UNSUPPORTED_VALUE, callee_text(fact.node), message, hint, root=cst.Pass())
                return updated
            if "asked" in kept:
                return self._by_any_name(updated, fact, name, self.file.target.layer_setting)
        renamed = [self._new_name(cls, name) for cls in fact.classes]
        if not any(renamed):
            return None
        found = {new or name for new in renamed}
        symbol = callee_text(fact.node)
        # A layer of the target may hold constants where torch's has None.
        is_asked_for = id(fact.node) in self.file.facts.asked_for and found != {name}
        if (len(found) > 1 or is_asked_for) and name in LAYER_NAMES and not fact.store and self.file.target.layer_attribute:
            return self._by_any_name(updated, fact, name)
        if len(found) > 1:
            message = f"The attribute has different names in the classes that {symbol.rpartition('.')[0]} can be."
            self.file.left(fact.node, Code.UNSUPPORTED_VALUE, symbol, message, "Treat each class in a branch of its own.", root=cst.Pass())
            return updated
        new = found.pop()
        if new == name:
            return updated
        result: cst.BaseExpression = updated.value
        for part in new.split("."):
            result = cst.Attribute(result, cst.Name(part))
        self.file.converted(fact.node, symbol, callee_text(result))
        return result

    def _in_shape(self, updated: cst.Attribute, fact: AttributeFact, name: str) -> cst.BaseExpression | None:
        """A weight that the target keeps in another shape, read for its values: in torch's shape. Filling it needs the weight itself."""
        if fact.store or id(fact.node) not in self.file.facts.value_reads:
            return None
        rules = {self._weight_rule(cls, name) for cls in fact.classes}
        if len(rules) > 1 and any(rule is not None and rule.convert in _SHAPES for rule in rules):
            return self._by_any_name(updated, fact, name, "layer_value")
        rule = rules.pop() if len(rules) == 1 else None
        method = _SHAPES.get(rule.convert or "") if rule is not None else None
        if rule is None or rule.to is None or method is None:
            return None
        layer = updated.with_changes(attr=cst.Name(rule.to))
        return self._done(fact, callee_text(fact.node), render(f"{{weight}}.{method}", {"weight": layer}, {}, self.file.style))

    def _weight_rule(self, cls: str, name: str) -> WeightRule | None:
        form = self.file.form(cls)
        return form.weights.get(name) if form is not None and form.weights else None

    def _by_any_name(
        self, updated: cst.Attribute, fact: AttributeFact, name: str, function: str | None = None
    ) -> cst.BaseExpression | None:
        """The attribute of a layer that may be of any class, found when the program runs; by ``function`` where it is read for its values."""
        reader = self.file.target.layer_attribute
        if reader is None:
            return None
        call = render(f"support.{function or reader}({{layer}}, '{name}')", {"layer": updated.value}, {}, self.file.style)
        return self._done(fact, callee_text(fact.node), call)

    def question(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression | None:
        """``hasattr``, ``getattr`` and ``setattr`` of a layer, by torch's names of its attributes."""
        reader = self.file.target.layer_attribute
        if reader is None or id(original) not in self.file.facts.layer_questions or not isinstance(original.func, cst.Name):
            return None
        asked = original.func.value
        func = self.file.speller.expression(f"support.{_LAYER_QUESTIONS[asked]}{reader}")
        self.file.converted(original, asked, self.file.code(func))
        return updated.with_changes(func=func)

    def _is_private(self, fact: AttributeFact, name: str) -> bool:
        """Whether a name that is read of a layer is one of torch's own making, which no entry knows and nobody in the file assigns."""
        if fact.apis or fact.store or not name.startswith("_") or name.startswith("__"):
            return False
        forms = [self.file.form(cls) for cls in fact.classes if cls != "torch.nn.Module" and self.file.semantics.is_module_class(cls)]
        if not forms or any(form is not None and name in form.derived for form in forms) and not isinstance(fact.owner, v.Inst):
            return False
        return not any(other.store and other.node.attr.value == name for other in self.file.facts.attributes.values())

    def _kept(self, cls: str, name: str, is_itself: bool) -> str:
        """How the target's layer, or a class of the project's that is derived from it, keeps an argument that torch's has as an attribute: ``asked``
        where a support function finds it, ``lost`` where nothing does; empty where the layer has it itself, perhaps under another name."""
        form = self.file.form(cls)
        if form is None or (name in form.derived and not is_itself):
            return ""
        return "asked" if name in form.asked else "lost" if name in form.lost else ""

    def _new_name(self, cls: str, name: str) -> str | None:
        for candidate in self.file.semantics.class_chain(cls):
            form = self.file.form(candidate)
            if form is None:
                continue
            if name in form.attributes:
                return form.attributes[name]
            if form.weights and name in form.weights:
                return form.weights[name].to
        return None

    def _maybe(self, updated: cst.Attribute, fact: AttributeFact) -> cst.BaseExpression:
        if not self.file.mentions_torch:
            return updated
        entry = self.file.semantics.entry(fact.apis[0])
        form = entry.form(self.file.target.name) if entry is not None else None
        if entry is None or form is None or entry.kind != "attribute" or fact.store:
            return updated
        if not entry.unambiguous and id(fact.node) not in self.file.facts.devices:
            return updated
        if form.to is not None and is_member(form.to) and form.to.rpartition(".")[2] == updated.attr.value:
            return updated
        symbol = callee_text(fact.node)
        result = self._property(updated, fact, form, symbol)
        if not result.deep_equals(updated):
            message = f"'{symbol}' was converted as an attribute of a tensor, but the receiver's type is not known."
            self.file.review(fact.node, Code.REVIEW_RECEIVER, symbol, message, "Annotate the variable to settle it.")
        return result

    def _unknown(self, updated: cst.Attribute, fact: AttributeFact) -> cst.BaseExpression:
        """An attribute that no entry knows: of a tensor it may be torch's, elsewhere it is the user's own."""
        is_output = isinstance(fact.owner, v.Tensor) and fact.owner.presumed  # of a module: what is no tensor's member is the output's own
        if fact.apis[0].startswith("torch.Tensor.") and not fact.store and not is_output:
            symbol = callee_text(fact.node)
            self.file.left(
                fact.node, Code.UNKNOWN_API, symbol, f"No mapping entry knows {fact.apis[0]}.", "Add one with --mappings.", root=cst.Pass()
            )
        return updated
