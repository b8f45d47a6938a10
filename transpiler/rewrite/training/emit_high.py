"""How a regular loop is written with ``Model``: the loss function, the callbacks with the user's own statements, and the one call that trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import libcst as cst

from transpiler.report.codes import Code
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.training.high import HighEvaluation, HighLoop, HighPlan, comments_of
from transpiler.syntax.names import loads

_TRAINING = {"outputs": "net_outputs", "batch": "train_dataset_element"}
_BLANK = cst.EmptyLine(indent=False)
_EVALUATION = {"outputs": "net_outputs", "batch": "eval_dataset_element"}


@dataclass(slots=True)
class HighRewriter:
    """Applies a file's ``HighPlan`` while the edit visitor walks it. ``converted``: the watched statements (by their original's id) as they
    became."""

    file: FileContext
    plan: HighPlan
    converted: dict[int, cst.CSTNode] = field(default_factory=dict)

    def watch(self, original: cst.CSTNode, updated: cst.CSTNode) -> None:
        """Remember what a statement became."""
        if id(original) in self.plan.watched:
            self.converted[id(original)] = updated

    def reasons(self) -> None:
        """Remark at every loop that stays in the low style."""
        for node, reason in self.plan.reasons:
            message = f"The loop stays in the low style. {reason}"
            self.file.review(
                node, Code.REVIEW_STYLE, "for", message, "Train with Model by hand, or write the loop as docs/training.md shows."
            )

    def block(self, body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """The statements of a block, its regular loops replaced."""
        found = {id(self.converted[key]): key for key in (*self.plan.loops, *self.plan.evaluations) if key in self.converted}
        result: list[cst.BaseStatement] = []
        for statement in body:
            key = found.get(id(statement))
            if key is None:
                result.append(statement)
                continue
            made = (
                self._training(self.plan.loops[key], statement)
                if key in self.plan.loops
                else self._evaluation(self.plan.evaluations[key], statement)
            )
            if result and isinstance(made[0], cst.FunctionDef) and not made[0].leading_lines:
                made[0] = made[0].with_changes(leading_lines=[_BLANK])
            result += made
        return result

    # -- training --------------------------------------------------------------------------------------------------------------

    def _training(self, loop: HighLoop, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        made: list[cst.BaseStatement] = [_statement(f"{name} = None") for name in loop.unset]
        callbacks: list[str] = []
        if loop.monitor:
            every = "" if loop.monitor == "1" else loop.monitor
            callbacks.append(f"{self._spell('mindspore.train.LossMonitor')}({every})")
        elif loop.kept or loop.keeps_loss:
            name = self._fresh("after_step")
            made.append(self._callback(name, self._step_head(loop), self._statements(loop.kept) if loop.kept else [], loop))
            callbacks.append(f"{self._spell('mindspore.train.LambdaCallback')}(on_train_step_end={name})")
        if loop.epochs is not None and loop.epochs.after:
            callbacks.append(self._after_epoch(loop, made))
        trainer = self._fresh("trainer")
        arguments = [loop.model, self._loss_function(loop), loop.optimizer, *self._before_step(loop, made)]
        made.append(_statement(f"{trainer} = {self._spell('support.Model')}({', '.join(arguments)})"))
        made.append(_statement(self._train_call(trainer, loop, callbacks)))
        return self._with_comments(made, loop.comments, statement)

    def _before_step(self, loop: HighLoop, made: list[cst.BaseStatement]) -> list[str]:
        """The argument that says what is done with the gradients before the optimizer's step."""
        if not loop.prepared:
            return []
        statements = self._statements(loop.prepared)
        small = statements[0].body[0] if len(statements) == 1 and isinstance(statements[0], cst.SimpleStatementLine) else None
        if isinstance(small, cst.Expr):
            loop.comments += comments_of(statements[0])
            return [f"before_step=lambda: {self.file.code(small.value)}"]
        name = self._fresh("before_step")
        body = cst.IndentedBlock([*map(_without_blanks, statements[:1]), *statements[1:]])
        made.append(cst.FunctionDef(cst.Name(name), cst.Parameters(), body))
        return [f"before_step={name}"]

    def _train_call(self, trainer: str, loop: HighLoop, callbacks: Sequence[str]) -> str:
        epochs = loop.epochs
        number = "1" if epochs is None else self.file.code(epochs.number)
        arguments = [number, self.file.code(loop.batch.loader)]
        if callbacks:
            arguments.append(f"callbacks=[{', '.join(callbacks)}]")
        if epochs is not None and epochs.first != "0":
            arguments.append(f"initial_epoch={epochs.first}")
        return f"{trainer}.train({', '.join(arguments)})"

    def _after_epoch(self, loop: HighLoop, made: list[cst.BaseStatement]) -> str:
        """The callback for what follows the batches of an epoch."""
        epochs = loop.epochs
        assert epochs is not None
        statements = self._statements(epochs.after)
        callback = self._spell("mindspore.train.LambdaCallback")
        small = statements[0].body[0] if len(statements) == 1 and isinstance(statements[0], cst.SimpleStatementLine) else None
        reads_epoch = any(epochs.variable in set(loads(statement)) for statement in statements)
        if isinstance(small, cst.Expr) and not reads_epoch:
            return f"{callback}(on_train_epoch_end=lambda run_context: {self.file.code(small.value)})"
        name = self._fresh("after_epoch")
        minus = "" if epochs.counts_from_one else " - 1"
        head = [f"{epochs.variable} = run_context.original_args().cur_epoch_num{minus}"] if reads_epoch else []
        made.append(self._callback(name, head, statements, None))
        return f"{callback}(on_train_epoch_end={name})"

    def _step_head(self, loop: HighLoop) -> list[str]:
        """What the statements after a step read of it, from the callback's parameters."""
        read = {name for statement in loop.kept for name in loads(statement)}
        batch, loss = loop.batch, self._loss_name(loop)
        head = [f"{loss} = params.{_TRAINING['outputs']}"] if loss in read or loop.keeps_loss else []
        if loop.output and loop.output in read:
            head.append(f"{loop.output} = params.train_network.outputs")
        if batch.whole and batch.whole in read:
            head.append(f"{batch.whole} = params.{_TRAINING['batch']}")
        if {batch.inputs, batch.labels} & read:
            head.append(f"{batch.inputs}, {batch.labels} = params.{_TRAINING['batch']}")
        if batch.index and batch.index in read:
            start = "" if batch.start == "0" else f" + {batch.start}"
            head.append(f"{batch.index} = params.cur_step_num - 1{start}".replace(" - 1 + 1", ""))
        return ["params = run_context.original_args()", *head] if head else []

    @staticmethod
    def _loss_name(loop: HighLoop) -> str:
        return cst.ensure_type(loop.region.site.loss, cst.Name).value

    def _loss_function(self, loop: HighLoop | HighEvaluation) -> str:
        """What computes the loss from the model's output and the labels, as it became."""
        line = self.converted.get(id(loop.loss))
        value = line.body[0].value if isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Assign) else None
        assert isinstance(value, cst.BaseExpression)
        output = loop.output or "output"
        if isinstance(value, cst.Call) and len(value.args) == 2 and all(a.keyword is None and not a.star for a in value.args):
            given = [self.file.code(argument.value) for argument in value.args]
            if given in ([output, loop.batch.labels], [f"{loop.model}({loop.batch.inputs})", loop.batch.labels]):
                return self.file.code(value.func)
        plain = value.visit(_Replaced(self.file, f"{loop.model}({loop.batch.inputs})", output))
        assert isinstance(plain, cst.BaseExpression)
        return f"lambda {output}, {loop.batch.labels}: {self.file.code(plain)}"

    # -- evaluation --------------------------------------------------------------------------------------------------------------

    def _evaluation(self, loop: HighEvaluation, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        made: list[cst.BaseStatement] = [_statement(f"{name} = None") for name in loop.unset]
        metric = self._fresh("accuracy")
        made.append(_statement(f"{metric} = {self._spell('support.Accuracy')}()"))
        callbacks = ""
        if loop.kept:
            name = self._fresh("after_batch")
            read = {name for kept in loop.kept for name in loads(kept)}
            given = ((loop.loss_name, 0), (loop.output, 1))
            head = [f"{name} = params.{_EVALUATION['outputs']}[{place}]" for name, place in given if name in read]
            if {loop.batch.inputs, loop.batch.labels} & read:
                head.append(f"{loop.batch.inputs}, {loop.batch.labels} = params.{_EVALUATION['batch']}")
            head = ["params = run_context.original_args()", *head] if head else []
            made.append(self._callback(name, head, self._statements(loop.kept), loop))
            callbacks = f", callbacks=[{self._spell('mindspore.train.LambdaCallback')}(on_eval_step_end={name})]"
        loss = f"{self._loss_function(loop)}, " if loop.loss is not None else ""
        evaluator = self._fresh("evaluator")
        made.append(_statement(f'{evaluator} = {self._spell("support.Model")}({loop.model}, {loss}metrics={{"accuracy": {metric}}})'))
        made.append(_statement(f"{evaluator}.eval({self.file.code(loop.batch.loader)}{callbacks})"))
        made.append(_statement(f"{loop.correct} += {metric}.correct"))
        if loop.total:
            made.append(_statement(f"{loop.total} += {metric}.total"))
        self.file.converted(loop.loop, "for", "Model.eval")
        return self._with_comments(made, loop.comments, statement)

    # -- shared ------------------------------------------------------------------------------------------------------------------

    def _callback(
        self, name: str, head: Sequence[str], statements: Sequence[cst.BaseStatement], loop: HighLoop | HighEvaluation | None
    ) -> cst.FunctionDef:
        lines: list[cst.BaseStatement] = (
            [_statement(f"{loop.sharing} {', '.join(loop.shared)}")] if loop is not None and loop.shared else []
        )
        moved = [statement.visit(_Leaving()) for statement in statements]
        kept = [statement for statement in moved if isinstance(statement, cst.BaseStatement)]
        body = [*lines, *map(_statement, head), *map(_without_blanks, kept[:1]), *kept[1:]]
        parameters = cst.Parameters([cst.Param(cst.Name("run_context"))])
        return cst.FunctionDef(cst.Name(name), parameters, cst.IndentedBlock(body))

    def _statements(self, originals: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """Statements as they became, those that went left out."""
        found = [self.converted.get(id(statement)) for statement in originals]
        return [s for s in found if isinstance(s, cst.BaseStatement) and id(s) not in self.file.removed] or [cst.parse_statement("pass")]

    @staticmethod
    def _with_comments(made: Sequence[cst.BaseStatement], comments: Sequence[str], replaced: cst.BaseStatement) -> list[cst.BaseStatement]:
        """Functions stand apart by blank lines; the comments of what went stand above the last statements, what stood above the loop above all of
        it."""
        result = [made[0]]
        for before, statement in pairwise(made):
            apart = isinstance(before, cst.FunctionDef) or isinstance(statement, cst.FunctionDef)
            result.append(statement.with_changes(leading_lines=[_BLANK] if apart else []))
        last = max((n + 1 for n, statement in enumerate(made) if isinstance(statement, cst.FunctionDef)), default=0)
        lines = [cst.EmptyLine(comment=cst.Comment(comment)) for comment in comments]
        result[last] = result[last].with_changes(leading_lines=[*getattr(result[last], "leading_lines", ()), *lines])
        own = [line for line in getattr(result[0], "leading_lines", ()) if line.comment is not None]
        result[0] = result[0].with_changes(leading_lines=[*getattr(replaced, "leading_lines", ()), *own])
        return result

    def _fresh(self, name: str) -> str:
        taken = self.plan.taken
        while name in taken:
            name += "_"
        return name

    def _spell(self, name: str) -> str:
        return self.file.speller.text(name)


class _Replaced(cst.CSTTransformer):
    """An expression with the model's call, or the model's output, as a name."""

    def __init__(self, file: FileContext, text: str, name: str) -> None:
        super().__init__()
        self._file = file
        self._text = text
        self._name = name

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """The name in place of the call."""
        return cst.Name(self._name) if self._file.code(original_node) == self._text else updated_node


class _Leaving(cst.CSTTransformer):
    """What leaves a batch, or the loop, in a function that is called after each step."""

    def visit_For(self, node: cst.For) -> bool:
        """A loop inside has its own."""
        return False

    def visit_While(self, node: cst.While) -> bool:
        """A loop inside has its own."""
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        """So has a function."""
        return False

    def leave_Continue(self, original_node: cst.Continue, updated_node: cst.Continue) -> cst.BaseSmallStatement:
        """``return`` for ``continue``."""
        return cst.Return()

    def leave_Break(self, original_node: cst.Break, updated_node: cst.Break) -> cst.FlattenSentinel[cst.BaseSmallStatement]:
        """``run_context.request_stop(); return`` for ``break``: the training ends after this step."""
        stop = cst.Expr(cst.parse_expression("run_context.request_stop()"))
        return cst.FlattenSentinel([stop, cst.Return()])

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.IndentedBlock:
        """Each statement on a line of its own."""
        return updated_node.with_changes(body=[line for statement in updated_node.body for line in _own_lines(statement)])


def _own_lines(statement: cst.BaseStatement) -> list[cst.BaseStatement]:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[-1], cst.Return) or len(statement.body) == 1:
        return [statement]
    first = statement.with_changes(body=[statement.body[0].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
    return [first, *(cst.SimpleStatementLine([small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]) for small in statement.body[1:])]


def _without_blanks(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement that comes first, with its comments."""
    return statement.with_changes(leading_lines=[line for line in getattr(statement, "leading_lines", ()) if line.comment is not None])


def _statement(text: str) -> cst.BaseStatement:
    return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
