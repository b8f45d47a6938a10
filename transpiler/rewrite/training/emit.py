"""How a planned training step is written: the forward function, its ``value_and_grad``, and the gradients' accumulation."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from transpiler.report.codes import Code
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.expressions import plain_operation
from transpiler.rewrite.template import parenthesized
from transpiler.rewrite.training.regions import Failure, Plan, Region
from transpiler.rewrite.training.sites import argument_of, gradient_of, listed, single
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import every

_BLANK = cst.EmptyLine(indent=False)
_CLOSE = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
_LOST_TERMS = "Differentiated again, MindSpore 2.10 loses terms without a word behind vector-matrix products, broadcasts and tensors without dimensions."


class TrainingRewriter:
    """Applies the plan of one file while the edit visitor walks it."""

    def __init__(self, file: FileContext, plan: Plan) -> None:
        self.file = file
        self.plan = plan
        self._losses: dict[int, cst.BaseExpression] = {}
        self._inputs: dict[int, tuple[cst.BaseExpression, ...]] = {}

    def handles(self, call: cst.CSTNode) -> bool:
        """Whether a call is a planned ``backward()``."""
        return id(call) in self.plan.sites or id(call) in self.file.high.calls

    @staticmethod
    def _objective(region: Region, updated: cst.Call) -> cst.BaseExpression:
        """The outputs of ``torch.autograd.grad``, weighted by ``grad_outputs`` where these are given."""
        outputs = single(argument_of(updated, 0, "outputs") or region.site.loss)
        weight = argument_of(updated, 2, "grad_outputs")
        if weight is None:
            return outputs
        product = cst.BinaryOperation(parenthesized(outputs), cst.Multiply(), parenthesized(single(weight)))
        return cst.Call(cst.Attribute(parenthesized(product), cst.Name("sum")))

    def site(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """What stands in place of ``loss.backward()``."""
        if id(original) in self.file.high.calls:
            self.file.converted(original, self.file.code(original.func), "Model.train")
            return updated
        outcome = self.plan.sites[id(original)]
        symbol = self.file.code(original.func)
        if isinstance(outcome, Failure) and not outcome.is_final and outcome_is_method(original):
            return self._recorded(original, updated, outcome)
        if isinstance(outcome, Failure):
            root = cst.Pass() if outcome_is_method(original) else original
            self.file.left(original, Code.UNSUPPORTED_BACKWARD, symbol, outcome.message, outcome.hint, root=root)
            return updated
        if outcome.site.inputs is not None:
            self._losses[id(outcome)] = self._objective(outcome, updated)
            self._inputs[id(outcome)] = listed(argument_of(updated, 1, "inputs") or cst.Tuple([]))
            self.file.converted(original, symbol, "input_grads")
            if self.file.code(argument_of(original, 4, "create_graph") or cst.Name("False")) != "False":
                self.file.review(
                    original, Code.REVIEW_VALUE, symbol, _LOST_TERMS, "Compare a step of the training: torch2ms verify --train."
                )
            return cst.Name(outcome.grads)
        loss = updated.func.value if isinstance(updated.func, cst.Attribute) and outcome_is_method(original) else updated.args[0].value
        self._losses[id(outcome)] = self._weighted(original, updated, loss)
        self.file.converted(original, symbol, "mindspore.value_and_grad")
        grads = self._scaled(loss, cst.Name(outcome.grads)) if outcome.is_hoisted else cst.Name(outcome.grads)
        arguments = [self._owners(outcome), grads, cst.Name(outcome.loss)]
        return cst.Call(self.file.speller.expression("support.accumulate_grads"), _arguments(arguments))

    def _recorded(self, original: cst.Call, updated: cst.Call, outcome: Failure) -> cst.BaseExpression:
        """``backward(loss)``, whose graph MindSpore records while the program runs, for a graph that no run of statements computes."""
        symbol = self.file.code(original.func)
        func = self.file.speller.expression("support.backward")
        self.file.converted(original, symbol, self.file.code(func))
        self.file.review(
            original, Code.REVIEW_EAGER_ONLY, symbol, f"{outcome.message} The graph is recorded while the program runs.", outcome.hint
        )
        loss = cst.ensure_type(updated.func, cst.Attribute).value
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        first = cst.Arg(loss, comma=comma) if updated.args else cst.Arg(loss)
        return updated.with_changes(func=func, args=[first, *updated.args])

    @staticmethod
    def _weighted(original: cst.Call, updated: cst.Call, loss: cst.BaseExpression) -> cst.BaseExpression:
        """``(out * gradient).sum()`` for ``out.backward(gradient)``."""
        if gradient_of(original) is None:
            return loss
        first = (
            updated.args[0]
            if updated.args[0].keyword is None
            else next(a for a in updated.args if a.keyword and a.keyword.value == "gradient")
        )
        product = parenthesized(cst.BinaryOperation(parenthesized(loss), cst.Multiply(), parenthesized(first.value)))
        return cst.Call(cst.Attribute(product, cst.Name("sum")))

    @staticmethod
    def _scaled(loss: cst.BaseExpression, grads: cst.Name) -> cst.BaseExpression:
        """The gradients of a multiple of the loss; ``value_and_grad`` itself is told of a scaler, whose purpose is large gradients on the way."""
        if isinstance(loss, cst.BinaryOperation):
            side = "left" if isinstance(loss.left, cst.Name) else "right"
            each = loss.with_changes(**{side: cst.Name("g")}, lpar=[], rpar=[])
            return cst.ListComp(each, cst.CompFor(cst.Name("g"), grads))
        return grads

    def block(self, original: cst.IndentedBlock | cst.Module, body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """The statements of a block with its regions moved into forward functions; inner regions first."""
        regions = self.plan.blocks.get(id(original), [])
        if not regions or len(body) != len(original.body):
            return list(body)
        entries: list[tuple[float, cst.BaseStatement]] = [(float(index), statement) for index, statement in enumerate(body)]
        for region in regions:
            low, high = (region.start, region.stop) if region.start < region.stop else (region.start - 0.5, region.start - 0.5)
            moved = [statement for index, statement in entries if low <= index < region.stop and low != high]
            position = next((n for n, (index, _) in enumerate(entries) if index >= (low if low != high else region.start)), len(entries))
            kept = [(index, statement) for index, statement in entries if not (low <= index < region.stop and low != high)]
            at = region.stop - 1.0 if low != high else low
            made = self._statements(region, moved, position == 0)
            if not region.is_hoisted and position < len(kept) and kept[position][1] is body[_own_index(region, original)]:
                kept[position] = (kept[position][0], _split_lines(kept[position][1])[1])
            entries = [*kept[:position], *((at, statement) for statement in made), *kept[position:]]
        return [statement for _, statement in entries]

    def updated_leaf(self, original: cst.AugAssign, updated: cst.AugAssign) -> cst.Expr | None:
        """``w.copy_(w - lr * w.grad)`` for ``w -= lr * w.grad``: the tensor that gradients are taken of is changed, not replaced."""
        name = dotted(original.target)
        is_own = isinstance(original.target, cst.Name) and f"{name}.grad" in map(dotted, every(original.value, cst.Attribute))
        if not name or not (is_own or name.removesuffix(".data") in self.plan.leaves):
            return None
        self.file.converted(original, name, f"{name}.copy_")
        return cst.Expr(cst.Call(cst.Attribute(updated.target, cst.Name("copy_")), [cst.Arg(plain_operation(updated))]))

    def trained_model(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign:
        """``model = Net().set_train()`` for a model that is trained and never told to be in training mode, as torch's is from the start."""
        positions = self.plan.new_models.get(id(original))
        if positions is None:
            return updated
        self.file.converted(original, self.file.code(original.targets[0].target), "set_train", "torch's modules start in training mode.")
        if -1 in positions:
            return updated.with_changes(value=_in_training(updated.value))
        elements = cst.ensure_type(updated.value, cst.Tuple).elements
        made = [e.with_changes(value=_in_training(e.value)) if n in positions else e for n, e in enumerate(elements)]
        return updated.with_changes(value=updated.value.with_changes(elements=made))

    def made_model(self, original: cst.Call, updated: cst.BaseExpression) -> cst.BaseExpression:
        """``evaluate(Net().set_train(), loader)`` for a model that is made where it is used."""
        if id(original) not in self.plan.made_models:
            return updated
        self.file.converted(original, self.file.code(original.func), "set_train", "torch's modules start in training mode.")
        return _in_training(updated)

    def marked_leaf(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign | None:
        """``x = as_leaf(x)`` for ``x.requires_grad = True`` on a tensor whose gradient the file reads; a parameter keeps the mark as it is."""
        target = original.targets[0].target
        if len(original.targets) != 1 or not isinstance(target, cst.Attribute) or target.attr.value != "requires_grad":
            return None
        name, wanted = dotted(target.value), self.file.code(original.value)
        if not isinstance(target.value, cst.Name) or wanted == "False" or f"{name}.grad" not in self.plan.read_grads:
            return None
        self.file.converted(original, f"{name}.requires_grad", "as_leaf")
        values = [target.value] if wanted == "True" else [target.value, updated.value]
        call = cst.Call(self.file.speller.expression("support.as_leaf"), _arguments(values))
        return updated.with_changes(targets=[cst.AssignTarget(target.value)], value=call)

    # -- one region -----------------------------------------------------------------------------------------------------------

    def _statements(self, region: Region, moved: Sequence[cst.BaseStatement], is_first: bool) -> list[cst.BaseStatement]:
        before, first = _split_lines(moved[0]) if moved else ([], None)
        body: list[cst.BaseStatement] = []
        if region.shared:
            body.append(cst.parse_statement(f"{region.sharing} {', '.join(region.shared)}"))
        body += map(_unindented_blanks, [first, *moved[1:]] if first is not None else [])
        body.append(cst.SimpleStatementLine([cst.Return(self._result(region))]))
        unset: list[cst.BaseStatement] = [
            cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(n))], cst.Name("None"))]) for n in region.unset
        ]
        lead = before or ([] if is_first else [_BLANK])
        inputs = [cst.Param(value) for value in region.site.inputs or () if isinstance(value, cst.Name)]
        function = cst.FunctionDef(
            cst.Name(region.function), cst.Parameters(inputs), cst.IndentedBlock(body), leading_lines=[_BLANK] if unset else lead
        )
        if unset:
            unset[0] = unset[0].with_changes(leading_lines=lead)
        return [*unset, function, self._differentiation(region)]

    def _result(self, region: Region) -> cst.BaseExpression:
        loss = self._losses[id(region)] if region.returns_expression else cst.Name(region.loss)
        return _tuple([loss, *map(cst.Name, region.returned)]) if region.returned else loss

    def _differentiation(self, region: Region) -> cst.SimpleStatementLine:
        names: list[cst.BaseExpression] = [cst.Name(region.loss), *map(cst.Name, region.returned)]
        results: cst.BaseExpression = names[0]
        if region.returned:
            results = _tuple(names).with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        target = _tuple([results, cst.Name(region.grads)])
        value = self._call(region)
        return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], value)], leading_lines=[_BLANK])

    def _call(self, region: Region) -> cst.Call:
        function = cst.Name(region.function)
        if region.site.inputs is not None:
            arguments = _arguments([function, *self._inputs.get(id(region), region.site.inputs)])
            for position, name in ((4, "create_graph"), (6, "allow_unused")):
                flag = argument_of(region.site.call, position, name)
                if flag is not None:
                    arguments.append(cst.Arg(flag, keyword=cst.Name(name), equal=_CLOSE))
            return cst.Call(self.file.speller.expression("support.input_grads"), arguments)
        owners = self._owners(region)
        catches = any(isinstance(place.owner, (cst.Try, cst.TryStar)) for place in region.site.places)
        if region.is_hoisted or catches or (region.returned and not region.has_proven_tensor):
            return cst.Call(self.file.speller.expression("support.value_and_grad"), _arguments([function, owners, *self._scaler(region)]))
        arguments = _arguments([function, cst.Name("None"), owners])
        if region.returned:
            arguments.append(cst.Arg(cst.Name("True"), keyword=cst.Name("has_aux"), equal=_CLOSE))
        return cst.Call(cst.Call(self.file.speller.expression("mindspore.value_and_grad"), arguments))

    def _scaler(self, region: Region) -> list[cst.BaseExpression]:
        """``scaler.scale`` where the loss that is differentiated elsewhere is scaled by it."""
        loss = self._losses.get(id(region))
        return [loss.func] if region.is_hoisted and isinstance(loss, cst.Call) and isinstance(loss.func, cst.Attribute) else []

    def _owners(self, region: Region) -> cst.BaseExpression:
        text = region.owners
        if "{leaves_of}" in text:
            text = text.replace("{leaves_of}", self.file.speller.text("support.leaves_of"))
        return cst.parse_expression(text)


def _tuple(items: Sequence[cst.BaseExpression]) -> cst.Tuple:
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = len(items) - 1
    elements = [cst.Element(item) if position == last else cst.Element(item, comma=comma) for position, item in enumerate(items)]
    return cst.Tuple(elements, lpar=[], rpar=[])


def _split_lines(statement: cst.BaseStatement) -> tuple[list[cst.EmptyLine], cst.BaseStatement]:
    """The blank lines above a statement, and the statement with the comments alone."""
    lines = list(getattr(statement, "leading_lines", ()))
    count = next((n for n, line in enumerate(lines) if line.comment is not None), len(lines))
    return lines[:count], statement.with_changes(leading_lines=lines[count:]) if hasattr(statement, "leading_lines") else statement


def _unindented_blanks(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement that moves one level in, whose blank lines stay without spaces."""
    if not hasattr(statement, "leading_lines"):
        return statement
    lines = [line if line.comment is not None else line.with_changes(indent=False) for line in statement.leading_lines]
    return statement.with_changes(leading_lines=lines)


def _in_training(model: cst.BaseExpression) -> cst.Call:
    return cst.Call(cst.Attribute(parenthesized(model), cst.Name("set_train")))


def _arguments(values: Sequence[cst.BaseExpression]) -> list[cst.Arg]:
    return [cst.Arg(value) for value in values]


def _own_index(region: Region, block: cst.CSTNode) -> int:
    """The index of the ``backward()`` statement in the block of its region."""
    return next(place.index for place in region.site.places if place.block is block)


def outcome_is_method(call: cst.Call) -> bool:
    """Whether the loss is the receiver of ``backward``, not an argument (of torch.autograd.backward, torch.autograd.grad)."""
    func = call.func
    return isinstance(func, cst.Attribute) and func.attr.value == "backward" and not dotted(func).endswith("autograd.backward")
