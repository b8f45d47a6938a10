"""Module classes that say themselves what training mode is (``def train(self, mode=True)``, to keep some layers frozen).

torch asks them wherever they are in a model, MindSpore's ``set_train`` goes past them.
"""

from __future__ import annotations

import libcst as cst

from transpiler.rewrite.context import FileContext
from transpiler.syntax.names import dotted
from transpiler.syntax.tree import every


def with_own_mode(file: FileContext, original: cst.ClassDef, updated: cst.ClassDef) -> cst.ClassDef:
    """``@own_mode`` above such a class; the class itself where it says nothing."""
    fact = file.facts.classes.get(id(original))
    if file.target.own_mode is None or fact is None or not fact.is_module or not any(map(_says_mode, original.body.body)):
        return updated
    decorator = file.speller.expression(f"support.{file.target.own_mode}")
    file.converted(original.name, original.name.value, f"@{file.code(decorator)}", "it is asked wherever it is in a model.")
    return updated.with_changes(decorators=[*updated.decorators, cst.Decorator(decorator)])


def _says_mode(node: cst.CSTNode) -> bool:
    """Whether this is a method ``train`` in place of torch's: one that hands on to it, or that sets the mode itself."""
    if not isinstance(node, cst.FunctionDef) or node.name.value != "train" or len(node.params.params) > 2:
        return False
    sets = any(dotted(target.target) == "self.training" for assign in every(node.body, cst.Assign) for target in assign.targets)
    return sets or any(_hands_on(call) for call in every(node.body, cst.Call))


def _hands_on(call: cst.Call) -> bool:
    """``super().train(mode)`` and ``nn.Module.train(self, mode)``."""
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "train":
        return False
    owner = call.func.value
    is_super = isinstance(owner, cst.Call) and dotted(owner.func) == "super"
    return is_super or (bool(call.args) and dotted(call.args[0].value) == "self")
