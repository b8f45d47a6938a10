"""Inner steps of torch's layers that a derived class writes anew, and that the target's layer does not take: it would go on without them."""

from __future__ import annotations

import libcst as cst

from transpiler.report.codes import Code
from transpiler.rewrite.context import FileContext
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import every

_MESSAGE = "torch's layer calls it, the target's does not."
_HINT = "Write the layer's forward method, with this step in it."


def report_uncalled_steps(file: FileContext, node: cst.ClassDef) -> None:
    """Report each method of a class that its torch base's ``lost`` names, and that the class does not call itself."""
    fact = file.facts.classes.get(id(node))
    forms = [form for form in map(file.form, fact.torch_bases) if form is not None] if fact is not None else []
    methods = [method for method in node.body.body if isinstance(method, cst.FunctionDef)]
    lost = [method for method in methods if any(method.name.value in form.lost for form in forms)]
    called = {dotted(call.func) for call in every(node.body, cst.Call)} if lost else set()
    for method in lost:
        if f"self.{method.name.value}" not in called:
            file.left(method.name, Code.UNSUPPORTED_STATEMENT, method.name.value, _MESSAGE, _HINT, root=cst.Pass())
