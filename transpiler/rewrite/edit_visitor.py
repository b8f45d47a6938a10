"""The one traversal that edits a file: every pass's edits at each node, in statements that the analysis marked, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.dtype_category import may_promote
from transpiler.analysis.facts import AugmentedFact, Certainty
from transpiler.report.codes import Code, Kind
from transpiler.rewrite.attributes import AttributeRewriter
from transpiler.rewrite.calls import CallRewriter, callee_text, undelimited
from transpiler.rewrite.capability_tests import CapabilityTestRewriter
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.expressions import every_element, is_part, is_stable, own_memory, plain_operation
from transpiler.rewrite.f_strings import apart_from_brace, with_fitting_quotes
from transpiler.rewrite.fold_conditions import ConditionFolder
from transpiler.rewrite.held_attributes import held_attributes
from transpiler.rewrite.inplace import InplaceRewriter, copy_for_derivative
from transpiler.rewrite.items import ItemRewriter
from transpiler.rewrite.keep_comments import restore_comments, restore_header_comments
from transpiler.rewrite.own_modes import with_own_mode
from transpiler.rewrite.references import ReferenceRewriter
from transpiler.rewrite.template import parenthesized
from transpiler.rewrite.tensor_tests import TensorTestRewriter
from transpiler.rewrite.training.emit import TrainingRewriter
from transpiler.rewrite.training.emit_high import HighRewriter
from transpiler.rewrite.uncalled_steps import report_uncalled_steps
from transpiler.rewrite.write_graph_forms import GraphFormRewriter
from transpiler.syntax.tree import every

#: Node types whose ``value`` needs no parentheses of its own.
_DELIMITED: Final = frozenset(
    {cst.Arg, cst.Assign, cst.Return, cst.AnnAssign, cst.AugAssign, cst.Expr, cst.Index, cst.Element, cst.DictElement}
)
# Sets of exact types: LibCST's classes are abstract base classes, for which ``isinstance`` is several times slower than a look-up.
_STATEMENTS: Final = frozenset(
    {
        cst.SimpleStatementLine, cst.If, cst.For, cst.While, cst.Try, cst.TryStar, cst.With, cst.FunctionDef, cst.ClassDef, cst.Match,
    }
)  # fmt: skip
_UNTOUCHED: Final = frozenset(
    {
        cst.Import, cst.ImportFrom, cst.SimpleWhitespace, cst.ParenthesizedWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma,
        cst.Dot, cst.AssignEqual, cst.Colon, cst.Semicolon, cst.LeftParen, cst.RightParen, cst.Integer, cst.Float,
    }
)  # fmt: skip
#: Augmented operations whose derivative may read the operand, as methods.
_AUGMENTED: Final = {cst.MultiplyAssign: "mul", cst.DivideAssign: "div", cst.PowerAssign: "pow", cst.ModuloAssign: "remainder"}
_SHIFTS: Final = (cst.LeftShiftAssign, cst.RightShiftAssign)
_NOTED: Final = frozenset({cst.Call, cst.Comparison, cst.Decorator, cst.Expr, cst.Assign, cst.AugAssign, cst.Attribute})
_Leave = Callable[[Any, Any], Any]


class EditVisitor(cst.CSTTransformer):
    """Applies all call-level and statement-level passes in one visit."""

    def __init__(self, file: FileContext) -> None:
        super().__init__()
        self.file = file
        self.facts = file.facts
        self.calls = CallRewriter(file)
        self.references = ReferenceRewriter(file, self.calls)
        self.tests = TensorTestRewriter(file)
        self.capabilities = CapabilityTestRewriter(file)
        self.attributes = AttributeRewriter(file)
        self.inplace = InplaceRewriter(file, self.calls)
        self.folder = ConditionFolder(file)
        self.items = ItemRewriter(file)
        self.training = TrainingRewriter(file, file.training)
        self.high = HighRewriter(file, file.high)
        self.graph_forms = GraphFormRewriter(file)
        self._held: frozenset[str] | None = None
        self._dropped: set[int] = set()
        self._kept_effects: set[int] = set()
        self._parts: dict[int, cst.Call] = {}
        self._augmented_items: dict[int, cst.Subscript] = {}
        self._leave: dict[type, _Leave] = {
            cst.Name: self._name,
            cst.Attribute: self._attribute,
            cst.Arg: self._argument,
            cst.FormattedStringExpression: self._formatted,
            cst.FormattedString: with_fitting_quotes,
            cst.Call: self._call,
            cst.Subscript: self._subscript,
            cst.Index: self.items.index,
            cst.Slice: self.items.bounds,
            cst.Comparison: self._comparison,
            cst.SimpleString: self._string,
            cst.FunctionDef: self._function,
            cst.ClassDef: self._class,
            cst.Decorator: self._decorator,
            cst.Expr: self._expression_statement,
            cst.AugAssign: self._augmented,
            cst.Assign: self._assign,
            cst.Return: self._return,
            cst.MatchValue: self._pattern,
            cst.MatchClass: self._pattern,
            cst.SimpleStatementLine: self._line,
            cst.SimpleStatementSuite: self._small_suite,
            cst.IndentedBlock: self._block,
            cst.Module: self._module,
            cst.If: self._if,
            cst.IfExp: self._if_exp,
            cst.UnaryOperation: self._unary,
            cst.BooleanOperation: self._boolean,
            cst.BinaryOperation: self._operation,
        }

    # -- traversal ------------------------------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        kind = type(node)
        if kind in _STATEMENTS:
            if isinstance(node, cst.If) and isinstance(node.orelse, cst.If):
                self.folder.elifs.add(id(node.orelse))
            if id(node) in self.facts.dirty:
                return True
            self.file.untouched.add(id(node))
            return False
        if kind in _NOTED:
            self._note(node)
        return kind not in _UNTOUCHED

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        """Nothing: LibCST would look for a method named after each attribute of each node."""

    def on_leave_attribute(self, original_node: cst.CSTNode, attribute: str) -> None:
        """Nothing, as ``on_visit_attribute``."""

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        result = self._edited(original_node, updated_node)
        if id(original_node) in self.file.high.watched:
            self.high.watch(original_node, result)
        return result

    def _edited(self, original_node: Any, updated_node: Any) -> Any:
        method = self._leave.get(type(original_node))
        if method is not None:
            updated_node = method(original_node, updated_node)
        if self.file.restores_comments and isinstance(updated_node, cst.BaseCompoundStatement) and updated_node is not original_node:
            return restore_header_comments(original_node, updated_node)
        if type(updated_node) in _DELIMITED:
            return self._undelimited(updated_node)
        return updated_node

    def _note(self, node: cst.CSTNode) -> None:
        """What a node tells about those below it, before they are edited."""
        if isinstance(node, (cst.Call, cst.Comparison)):
            self.tests.note(node)
            self.capabilities.note(node)
        elif isinstance(node, cst.Attribute):
            if isinstance(node.value, cst.Attribute) and node.value.attr.value == "grad":
                self.file.owning.add(id(node.value))
        elif isinstance(node, cst.Decorator):
            self.file.decorating.add(id(node.decorator))
        elif isinstance(node, cst.Expr):
            self.calls.statements.add(id(node.value))
            if self._makes_anew(node.value):
                self.file.rebound.add(id(node.value))
        elif isinstance(node, cst.AugAssign) and isinstance(node.target, cst.Subscript):
            self._augmented_items[id(node.target)] = node.target
        elif isinstance(node, cst.Assign) and len(node.targets) == 1:
            self.file.assigned.add(id(node.targets[0].target))
            func = node.value.func if isinstance(node.value, cst.Call) else None
            if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) and func.value.deep_equals(node.targets[0].target):
                self.file.rebound.add(id(node.value))

    def _makes_anew(self, node: cst.BaseExpression) -> bool:
        """Whether a statement ``x.zero_()`` on a name that nobody else sees may become ``x = zeros_like(x)``."""
        fact = self.facts.calls.get(id(node))
        if (
            fact is None
            or len(fact.apis) != 1
            or not isinstance(fact.node.func, cst.Attribute)
            or not isinstance(fact.node.func.value, cst.Name)
        ):
            return False
        form = self.file.form(fact.apis[0])
        if form is not None and form.support == "as_leaf":
            return True
        return form is not None and form.convert == "fill_new" and fact.owner is not None and v.is_fresh(fact.owner)

    def _undelimited(self, node: Any) -> Any:
        value = node.value
        return node.with_changes(value=self.file.bare(value)) if value is not None and id(value) in self.file.generated else node

    # -- expressions ----------------------------------------------------------------------------------------------------

    def _name(self, original: cst.Name, updated: cst.Name) -> cst.BaseExpression:
        renamed = self.facts.renames.get(id(original))
        if renamed is not None:
            self.file.converted(original, original.value, renamed, code=Code.RENAMED)
            return updated.with_changes(value=renamed)
        fact = self.facts.references.get(id(original))
        return updated if fact is None or self._is_answered(original) else self.references.rewrite(updated, fact)

    def _is_answered(self, reference: cst.BaseExpression) -> bool:
        """Whether a reference is part of a question that is rewritten as a whole."""
        return self.tests.handles(reference) or self.capabilities.handles(reference)

    def _attribute(self, original: cst.Attribute, updated: cst.Attribute) -> cst.BaseExpression:
        renamed = self.facts.renames.get(id(original))
        if id(original) in self.facts.presumed_members:
            self._presumed_member(original, renamed)
        if renamed is not None:
            result = updated.with_changes(attr=updated.attr.with_changes(value=renamed))
            code = Code.CONVERTED if original.attr.value in self.file.target.methods else Code.RENAMED
            self.file.converted(original, callee_text(original), callee_text(result), code=code)
            return result
        reference = self.facts.references.get(id(original))
        if reference is not None:
            return updated if self._is_answered(original) else self.references.rewrite(updated, reference)
        if id(original) in self.facts.class_names:
            message = "Some classes have another name on the target ('Linear' is 'Dense'), so that comparing class names may go wrong."
            self.file.review(original, Code.REVIEW_VALUE, callee_text(original), message, "Use isinstance.")
        fact = self.facts.attributes.get(id(original))
        return updated if fact is None else self.attributes.rewrite(updated, fact)

    def _presumed_member(self, original: cst.Attribute, renamed: str | None) -> None:
        text, name = callee_text(original), original.attr.value
        if renamed is not None:
            message = f"'{text}' was renamed as a member of the project's modules, but the receiver's type is not known."
        else:
            message = f"The project's modules call their member '{name}' '{name}_' now, and the receiver's type is not known."
        self.file.review(original, Code.REVIEW_RECEIVER, text, message, "Annotate the variable to settle it.")

    def _call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        return self.training.made_model(original, self._rewritten_call(original, updated))

    def _rewritten_call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        reference = self.facts.references.get(id(original))
        if reference is not None:
            return self.references.rewrite(updated, reference)
        if self.training.handles(original):
            return self.training.site(original, updated)
        if id(original) in self.facts.new_layer_calls:
            message = "A new layer is in evaluation mode here, a new torch layer in training mode."
            self.file.review(original, Code.REVIEW_TRAINING_MODE, callee_text(original), message, "Call set_train() on it first.")
        fact = self.facts.calls.get(id(original))
        if fact is None:
            return (
                self.attributes.question(original, updated)
                or self.tests.rewrite(original, updated)
                or self.capabilities.rewrite(original)
                or self.graph_forms.all_callable(original)
                or self._deep_copied(original, updated)
                or self._operand_first(original, updated)
            )
        if self.inplace.writes_part(fact) and not self.inplace.is_detached(original):
            self._parts[id(original)] = original
        if self.inplace.applies(fact):
            return self.inplace.rewrite(original, updated, fact)
        rewritten = self.calls.rewrite(original, updated, fact)
        if id(original) in self._parts and isinstance(rewritten, cst.Call):
            rewritten = self.inplace.part_copied(original, rewritten, fact, id(original) in self.calls.statements)
            if self.inplace.writes_through(fact, rewritten):
                self.inplace.kept_parts.add(id(original))
        return self._operand_first(original, rewritten) if isinstance(rewritten, cst.Call) else rewritten

    def _deep_copied(self, original: cst.Call, updated: cst.Call) -> cst.Call | None:
        """The support function for ``copy.deepcopy`` of what holds a tensor, or may."""
        certain, name = self.facts.copies.get(id(original)), self.file.target.deep_copy
        if certain is None or name is None or not (certain or self.file.mentions_torch):
            return None
        result = updated.with_changes(func=self.file.speller.expression(f"support.{name}"))
        self.file.converted(original, callee_text(original), callee_text(result))
        return result

    def _operand_first(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """``layer(input=x)`` as ``layer(x)`` where the layer may be the target's own, which calls its operand otherwise."""
        forms = [self.file.form(name) for name in self.facts.named_operands.get(id(original), ())]
        if not any(form is not None and form.to is not None for form in forms):
            return updated
        by_name = {a.keyword.value: a for a in updated.args if a.keyword is not None}
        names = ["input", "target"] if "target" in by_name else ["input"]  # of a loss both
        first = [by_name[name].with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for name in names]
        moved = [*first, *(a for name, a in by_name.items() if name not in names)]
        if list(by_name)[: len(names)] != names:
            moved = [a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in moved]
        self.file.converted(original, f"{callee_text(original)}(input=...)", f"{callee_text(updated)}(...)")
        return updated.with_changes(args=moved)

    def _subscript(self, original: cst.Subscript, updated: cst.Subscript) -> cst.BaseExpression:
        if id(original) in self.facts.stores and not self.file.target.item_assignment:
            self._item_assignment(original, original)
        fact = self.facts.subscripts.get(id(original))
        if id(original) in self._augmented_items:
            self._augmented_items[id(original)] = updated
        if fact is None or id(original) in self.facts.stores:
            return updated
        if id(original) in self._augmented_items and not is_stable(original):
            return updated
        return self.items.read(original, updated, fact)

    def _item_assignment(self, node: cst.CSTNode, item: cst.Subscript) -> None:
        symbol = f"{self.file.code(item.value)}[...]"
        hint = "Compute a new tensor: keras.ops.where(mask, value, x), keras.ops.slice_update or keras.ops.scatter_update."
        self.file.left(node, Code.UNSUPPORTED_INPLACE, symbol, "Tensors have no item assignment on the target.", hint, root=cst.Pass())

    def _argument(self, original: cst.Arg, updated: cst.Arg) -> cst.Arg:
        certain = self.facts.formatted.get(id(original))
        return (
            updated if certain is None else updated.with_changes(value=self._number(original.value, updated.value, certain, original.star))
        )

    def _formatted(self, original: cst.FormattedStringExpression, updated: cst.FormattedStringExpression) -> cst.FormattedStringExpression:
        certain = self.facts.formatted.get(id(original))
        if certain is not None:
            updated = updated.with_changes(expression=self._number(original.expression, updated.expression, certain))
        return apart_from_brace(updated)

    def _number(self, original: cst.BaseExpression, updated: cst.BaseExpression, certain: bool, star: str = "") -> cst.BaseExpression:
        """``x.item()`` for a tensor that is formatted with a specification, as torch does itself; ``**numbers_of(d)`` for a dictionary of some."""
        if self.file.target.formats_tensors:
            return updated
        value = cst.Call(cst.Attribute(parenthesized(updated), cst.Name("item")))
        if not certain:
            function = "support.numbers_of" if star else "support.number_of"
            value = cst.Call(self.file.speller.expression(function), [cst.Arg(updated.with_changes(lpar=(), rpar=()))])
        self.file.converted(original, self.file.code(original), self.file.code(value))
        return value

    def _string(self, original: cst.SimpleString, updated: cst.SimpleString) -> cst.SimpleString:
        renamed = self.facts.renames.get(id(original))
        if renamed is not None:
            self.file.converted(original, original.value, renamed, code=Code.RENAMED)
            return updated.with_changes(value=f"{updated.prefix}{updated.quote}{renamed}{updated.quote}")
        fact = self.facts.strings.get(id(original))
        if fact is None:
            return updated
        outer, self.file.remarks = self.file.remarks, []
        expression = fact.expression.visit(self)
        assert isinstance(expression, cst.BaseExpression)
        self.file.remarks = outer + [replace(remark, node=original) for remark in self.file.remarks]
        return updated.with_changes(value=f"{updated.prefix}{updated.quote}{self.file.code(expression)}{updated.quote}")

    def _pattern(self, original: Any, updated: Any) -> Any:
        """A case pattern can hold dotted names only; a value that becomes anything else stays as it was."""
        field = "value" if isinstance(original, cst.MatchValue) else "cls"
        before, after = getattr(original, field), getattr(updated, field)
        if (
            not isinstance(before, (cst.Attribute, cst.Name))
            or isinstance(after, cst.Attribute)
            or (field == "cls" and isinstance(after, cst.Name))
        ):
            return updated
        self.folder.forget(original)
        symbol = self.file.code(before)
        self.file.left(before, Code.UNSUPPORTED_VALUE, symbol, "A case pattern cannot hold its counterpart.", "Compare in an if statement.")
        return original

    def _boolean(self, original: cst.BooleanOperation, updated: cst.BooleanOperation) -> cst.BaseExpression:
        return self.folder.boolean(updated)

    def _if_exp(self, original: cst.IfExp, updated: cst.IfExp) -> cst.BaseExpression:
        return self.folder.conditional(updated)

    # -- statements -------------------------------------------------------------------------------------------------------

    def _function(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        fact = self.facts.functions.get(id(original))
        if fact is None or not fact.in_module:
            return updated
        name = original.name.value
        new = self.file.target.methods.get(name) or (f"{name}_" if name in self.file.target.reserved else None)
        if new is None:
            return updated
        self.file.converted(original.name, name, new, code=Code.CONVERTED if name in self.file.target.methods else Code.RENAMED)
        return updated.with_changes(name=updated.name.with_changes(value=new))

    def _decorator(self, original: cst.Decorator, updated: cst.Decorator) -> cst.Decorator | cst.RemovalSentinel:
        node = original.decorator
        reference = self.facts.references.get(id(node))
        drops = reference is not None and self.references.drops_decorator(reference)
        if isinstance(node, cst.Call):
            drops = drops or self._drops(node)
        if not drops:
            return updated
        self.folder.forget(node)
        self.file.dropped(original, self.file.code(node), "the decorator has no meaning on the target.")
        return cst.RemoveFromParent()

    def _drops(self, node: cst.Call) -> bool:
        """Whether a call as a statement or decorator has no meaning on the target."""
        fact = self.facts.calls.get(id(node))
        if fact is None or len(fact.apis) != 1 or fact.certainty is not Certainty.KNOWN:
            return False
        form = self.file.form(fact.apis[0])
        return form is not None and form.statement == "drop"

    def _was_refused(self, call: cst.Call, updated: cst.BaseExpression) -> bool:
        """Whether the entry accepts certain values only, and the call did not convert for its own."""
        form = self.file.form(self.facts.calls[id(call)].apis[0])
        return form is not None and isinstance(updated, cst.Call) and any(rule.only is not None for rule in form.args.values())

    def _expression_statement(self, original: cst.Expr, updated: cst.Expr) -> cst.BaseSmallStatement:
        call = original.value
        if not isinstance(call, cst.Call):
            return updated
        if id(original) in self.file.graph_forms.pops:
            return self.graph_forms.popped(original, updated)
        if self.training.handles(call):
            return updated
        effect = self.facts.effects.get(id(call))
        if effect is not None and effect.names and isinstance(updated.value, cst.Call):
            self._kept_effects.add(id(call))
            self.file.converted(call, callee_text(call), " = ".join(effect.names))
            return cst.Assign([cst.AssignTarget(cst.Name(name)) for name in effect.names], updated.value)
        fact = self.facts.calls.get(id(call))
        if fact is None:
            return updated
        if self._drops(call) and not self._was_refused(call, updated.value):
            self.folder.forget(call)
            self.file.dropped(call, callee_text(call), "the statement has no meaning on the target.")
            self._dropped.add(id(updated))
            return updated
        if self.inplace.applies(fact):
            return self._inplace_statement(original, updated, fact)
        if id(call) in self.calls.stores:
            return self.calls.stores[id(call)].with_changes(semicolon=updated.semicolon)
        if id(call) in self._parts and isinstance(updated.value, cst.Call) and not self.inplace.is_held(call, fact):
            statement = self.inplace.part_statement(updated.value)
            if statement is not None:
                del self._parts[id(call)]
                self.file.converted(call, callee_text(call), self.file.code(statement))
                return statement
        if id(call) in self.file.rebound and isinstance(call.func, cst.Attribute):
            return cst.Assign([cst.AssignTarget(cst.ensure_type(call.func.value, cst.Name))], updated.value, semicolon=updated.semicolon)
        if isinstance(updated.value, (cst.Name, cst.Attribute)) and fact.owner is not None:
            self._dropped.add(id(updated))
        return updated

    def _inplace_statement(self, original: cst.Expr, updated: cst.Expr, fact: Any) -> cst.BaseSmallStatement:
        plain = original.value
        assert isinstance(plain, cst.Call)
        inner = self._operands(plain, updated)
        if inner is None:
            return updated
        before = self.file.remarks
        self.file.remarks = [r for r in before if r.node is not plain]
        statement = self.inplace.statement(original, inner, fact)
        if statement is None:
            self.file.remarks = before
            return updated
        link: cst.BaseExpression = plain
        while isinstance(link, cst.Call) and isinstance(link.func, cst.Attribute):
            self._parts.pop(id(link), None)
            link = link.func.value
        return statement

    def _operands(self, original: cst.Call, updated: cst.Expr) -> cst.Call | None:
        """The in-place call with its operands converted, before the call itself was."""
        saved, self.file.remarks = self.file.remarks, []
        fact = self.facts.calls.pop(id(original))
        inner = original.visit(self)
        self.facts.calls[id(original)] = fact
        self.file.remarks = saved
        return inner if isinstance(inner, cst.Call) else None

    def _assign(self, original: cst.Assign, updated: cst.Assign) -> Any:
        if id(original) in self.file.graph_forms.pops:
            return self.graph_forms.popped(original, updated)
        leaf = self.training.marked_leaf(original, updated) or self.attributes.settings.assign(original, updated)
        leaf = leaf or self.attributes.assign(original, updated)
        if leaf is not None:
            return leaf
        updated = self._own_data(original, updated)
        return self.items.store(original, self._assignment(original, self.training.trained_model(original, updated)))

    def _own_data(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign:
        """``p.data = w.t().copy()`` for ``p.data = w.t()``, where the target's optimizers could not write into a view."""
        values = [self.facts.data_stores[id(t.target)] for t in original.targets if id(t.target) in self.facts.data_stores]
        value = values[0] if values else None
        is_shared = isinstance(value, v.Tensor) and value.part
        named = isinstance(original.value, cst.Name) and is_shared
        if value is None or self.file.target.copy is None or not (named or is_part(original.value, value, self.file.gives_view)):
            return updated
        name = self.file.code(original.targets[0].target)
        self.file.converted(original, name, "copy", "The parameter gets memory of its own.")
        if is_shared:
            message = f"'{name}' is given a copy: in torch the tensor that the view is of changes with it."
            self.file.review(original, Code.REVIEW_INPLACE, name, message, "Nothing to do unless that tensor is read later.")
        return updated.with_changes(value=own_memory(updated.value))

    def _assignment(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign:
        """``y = x = act(x)`` for ``y = act(x)`` where an in-place ``act`` changed ``x`` and ``x`` is read again."""
        store = self.facts.references.get(id(original.targets[0].target)) if len(original.targets) == 1 else None
        if store is not None and self.references.drops_decorator(store):
            self.folder.forget(original)
            self.file.dropped(original, self.file.code(original.targets[0].target), "the setting has no meaning on the target.")
            self._dropped.add(id(updated))
            return updated
        unseen = self.inplace.unseen(original.value, updated.value)
        if unseen is not None:
            name, value = unseen
            binds = any(target.target.deep_equals(name) for target in original.targets)
            return updated.with_changes(targets=updated.targets if binds else [*updated.targets, cst.AssignTarget(name)], value=value)
        effect = self.facts.effects.get(id(original.value))
        targets = {target.target.value for target in original.targets if isinstance(target.target, cst.Name)}
        if effect is None or not effect.names or len(targets) != len(original.targets):
            return updated
        added = [cst.AssignTarget(cst.Name(name)) for name in effect.names if name not in targets]
        self._kept_effects.add(id(original.value))
        self.file.converted(
            original, callee_text(effect.node), " = ".join([*sorted(targets), *(n for n in effect.names if n not in targets)])
        )
        return updated.with_changes(targets=[*updated.targets, *added])

    def _return(self, original: cst.Return, updated: cst.Return) -> cst.Return:
        unseen = self.inplace.unseen(original.value, updated.value) if original.value is not None and updated.value is not None else None
        return updated if unseen is None else updated.with_changes(value=unseen[1])

    def _effect_remarks(self) -> None:
        """What only the whole file tells: in-place effects that no statement kept."""
        left = {id(remark.node) for remark in self.file.remarks if remark.kind is Kind.UNCONVERT}
        for call in (call for key, call in self._parts.items() if key not in left and key not in self.inplace.kept_parts):
            message = "It changes a part of another tensor in place, which is a copy on the target."
            self.file.left(
                call, Code.UNSUPPORTED_INPLACE, callee_text(call), message, "Write it as a statement of its own.", root=cst.Pass()
            )
        for key, effect in self.facts.effects.items():
            if key not in self._kept_effects:
                symbol = callee_text(effect.node)
                message = f"'{symbol}' changed its operand in place in torch, and {effect.seen_by} shows that change; here it returns a new tensor."
                self.file.review(effect.node, Code.REVIEW_INPLACE, symbol, message, "Assign the result to every name that should see it.")

    def _comparison(self, original: cst.Comparison, updated: cst.Comparison) -> cst.BaseExpression:
        updated = self._with_operand(original, updated)
        return self.capabilities.rewrite(original) or self.references.comparison(original, updated)

    def _with_operand(self, original: Any, updated: Any) -> Any:
        """``as_operand(n) * x`` for ``n * x`` where ``n`` is NumPy's: its own operator would take the numbers out of the tensor."""
        name = self.file.target.operand
        if name is None or id(original.left) not in self.facts.foreign_operands:
            return updated
        left = updated.left if not updated.left.lpar else updated.left.with_changes(lpar=(), rpar=())
        call = cst.Call(self.file.speller.expression(f"support.{name}"), [cst.Arg(left)])
        self.file.converted(original.left, self.file.code(original.left), self.file.code(call))
        return updated.with_changes(left=call)

    def _operation(self, original: cst.BinaryOperation, updated: cst.BinaryOperation) -> cst.BaseExpression:
        """Operators that the target's tensors lack, or compute otherwise, or that its compiler refuses."""
        updated = self._with_operand(original, updated)
        if id(original) in self.facts.shifts:
            return self._shift(original, updated)
        if id(original) in self.facts.powers and self.file.target.power is not None:
            return self._as_call(original, updated, "**", f"support.{self.file.target.power}")
        function = self._operator_function(original)
        if function is not None:
            return self._as_call(original, updated, self.file.code(original.operator).strip(), function)
        return self.graph_forms.unequal(original, updated)

    def _unary(self, original: cst.UnaryOperation, updated: cst.UnaryOperation) -> cst.BaseExpression:
        """``~x`` where it may invert bits; ``not`` of what became constant."""
        function = self._operator_function(original)
        if function is None:
            return self.folder.negation(updated)
        call = cst.Call(self.file.speller.expression(function), [cst.Arg(undelimited(updated.expression))])
        self.file.converted(original, "~", self.file.code(call))
        return call

    def _operator_function(self, original: cst.CSTNode) -> str | None:
        """What computes on the target what an operation means in torch; None where its operator does, or where torch is not used."""
        name = self.facts.operators.get(id(original))
        return self.file.target.operators.get(name) if name is not None and self.file.mentions_torch else None

    def _shift(self, original: cst.CSTNode, operation: cst.BinaryOperation) -> cst.BaseExpression:
        """``ops.bitwise_left_shift(x, y)`` of ``x << y``."""
        symbol = "<<" if isinstance(operation.operator, cst.LeftShift) else ">>"
        return self._as_call(original, operation, symbol, self.file.target.shifts[symbol])

    def _as_call(self, original: cst.CSTNode, operation: cst.BinaryOperation, symbol: str, name: str) -> cst.Call:
        function = self.file.speller.expression(name)
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        sides = [side.with_changes(lpar=(), rpar=()) for side in (operation.left, operation.right)]
        call = cst.Call(function, [cst.Arg(sides[0], comma=comma), cst.Arg(sides[1])])
        self.file.converted(original, symbol, self.file.code(call))
        return call

    def _augmented(self, original: cst.AugAssign, updated: cst.AugAssign) -> cst.BaseSmallStatement:
        """``x += y`` as the target has it; shifts and elements that a call reads are assigned to."""
        fact = self.facts.augmented.get(id(original))
        if fact is not None and fact.viewed and isinstance(updated.target, cst.Subscript):
            written = self.items.add_to_picked(original, updated.target, self._plain(original, updated))
            if written is not None:
                return written
        if isinstance(original.target, cst.Subscript) and isinstance(updated.target, cst.Call):
            place = self._augmented_items[id(original.target)]
            return cst.Assign([cst.AssignTarget(place)], self._plain(original, updated), semicolon=updated.semicolon)
        becomes_call = type(updated.operator) in _SHIFTS or self._operator_function(original) is not None
        if id(original) not in self.facts.augmented or not becomes_call:
            return self._augmented_value(original, updated)
        written = self._augmented_value(original, updated)
        if isinstance(written, cst.AugAssign):
            return cst.Assign([cst.AssignTarget(written.target)], self._plain(original, written), semicolon=written.semicolon)
        return written

    def _plain(self, original: cst.AugAssign, updated: cst.AugAssign, left: cst.BaseExpression | None = None) -> cst.BaseExpression:
        """``x + y`` of ``x += y``, computed from ``left`` instead of ``x`` where given; of a shift what the target has for it."""
        operation = plain_operation(updated)
        if left is not None:
            operation = operation.with_changes(left=left)
        function = self._operator_function(original)
        if function is not None:
            return self._as_call(original, operation, self.file.code(original.operator).strip(), function)
        return self._shift(original, operation) if type(updated.operator) in _SHIFTS else operation

    def _augmented_value(self, original: cst.AugAssign, updated: cst.AugAssign) -> cst.AugAssign | cst.Assign | cst.Expr:
        fact = self.facts.augmented.get(id(original))
        written = self.training.updated_leaf(original, updated)
        if written is not None:
            return written
        item = original.target
        if fact is not None and isinstance(item, cst.Subscript) and not self.file.target.item_assignment:
            owner = self.facts.subscripts.get(id(item))
            if owner is not None and isinstance(owner.owner, v.Tensor):
                self._item_assignment(original, item)
                return updated
        if fact is None or fact.place.target not in ("name", "part", "item", "attribute"):
            return updated
        if fact.place.fresh:
            return self._in_dtype(original, updated, fact)
        is_attribute = isinstance(item, cst.Attribute)
        if isinstance(item, cst.Attribute) and (not is_stable(item) or item.attr.value not in self._held_attributes()):
            return self._in_dtype(original, updated, fact)
        name = self.file.code(original.target)
        if fact.place.target == "part" and self.file.target.item_assignment:
            self.file.converted(original, name, f"{name}[:]")
            return updated.with_changes(target=every_element(original.target))
        is_held = (
            is_attribute
            or (fact.place.target == "item" and is_stable(item))
            or (fact.place.shared and isinstance(updated.target, cst.Name))
        )
        if is_held and self.file.target.inplace_assign is not None:
            name_of = _AUGMENTED.get(type(updated.operator), "")
            place: Any = updated.target
            operand = copy_for_derivative(self.file.target.copy, name_of, place, (fact.value,))
            call = self.file.write_into(place, self._plain(original, updated, operand))
            assert call is not None
            self.file.converted(original, name, self.file.code(call))
            return cst.Expr(call, semicolon=updated.semicolon)
        message = f"'{name}' is a new tensor after this statement; torch changed the old one, which other names may refer to."
        self.file.review(original, Code.REVIEW_INPLACE, name, message, "Nothing to do unless another name relied on the change.")
        return updated

    def _in_dtype(self, original: cst.AugAssign, updated: cst.AugAssign, fact: AugmentedFact) -> cst.AugAssign | cst.Assign:
        """``x = (x + y).astype(x.dtype)`` for ``x += y`` where ``y`` may be of a dtype that ``x`` would take over."""
        own = {self.file.code(original.target)}
        is_own = isinstance(original.target, cst.Name) and {name.value for name in every(original.value, cst.Name)} == own
        place: Any = updated.target
        if (
            type(updated.operator) in _SHIFTS
            or is_own
            or not may_promote(fact.value)
            or f"{self.file.code(original.target)}.dtype" in self.file.code(original.value)
            or not is_stable(place)
            or not self.file.mixes_dtypes()
        ):
            return updated
        value = self.file.in_dtype_of(self._plain(original, updated), place)
        self.file.converted(original, self.file.code(original.target), self.file.code(value))
        return cst.Assign([cst.AssignTarget(place)], value, semicolon=updated.semicolon)

    def _held_attributes(self) -> frozenset[str]:
        if self._held is None:
            self._held = held_attributes(self.file)
        return self._held

    def _line(self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        body = [small for small in updated.body if id(small) not in self._dropped]
        if len(body) != len(updated.body):
            if not body:
                self.file.removed.add(id(updated))
                self.file.keep_alive.append(updated)
                return updated
            body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            updated = updated.with_changes(body=body)
        return restore_comments(original, updated) if self.file.restores_comments else updated

    def _small_suite(self, original: cst.SimpleStatementSuite, updated: cst.SimpleStatementSuite) -> cst.SimpleStatementSuite:
        body = [small for small in updated.body if id(small) not in self._dropped]
        return updated if len(body) == len(updated.body) else updated.with_changes(body=body or [cst.Pass()])

    def _module(self, original: cst.Module, updated: cst.Module) -> Any:
        self._effect_remarks()
        self.high.reasons()
        return self._block(original, updated)

    def _class(self, original: cst.ClassDef, updated: cst.ClassDef) -> cst.ClassDef:
        report_uncalled_steps(self.file, original)
        return with_own_mode(self.file, original, updated)

    def _block(self, original: cst.IndentedBlock | cst.Module, updated: Any) -> Any:
        if id(original) in self.file.training.blocks:
            updated = updated.with_changes(body=self.training.block(original, updated.body))
        if id(original) in self.file.high.blocks:
            updated = updated.with_changes(body=self.high.block(updated.body))
        body, carried, changed = self.folder.expand(updated.body)
        if not changed:
            return updated
        if not any(True for _ in body) and isinstance(updated, cst.IndentedBlock):
            body = [cst.SimpleStatementLine([cst.Pass()], leading_lines=carried)]
            carried = []
        return updated.with_changes(body=body, footer=[*carried, *updated.footer])

    def _if(self, original: cst.If, updated: cst.If) -> Any:
        if id(original) in self.folder.elifs:
            return self.folder.elif_branch(original, updated)
        truth = self.folder.truth(updated.test)
        if truth is not None:
            self.folder.discard(original, truth)
            return updated
        return self.graph_forms.test(original, updated)
