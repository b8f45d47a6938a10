"""``layer.eps = 1e-3``: what torch's layers read whenever they are called, and the target's read once, when they are made.

Batch normalisation's eps and momentum are set by a support function, which makes its kernels anew. Other arguments of a layer that is known are
reported where they are assigned: the target's layer would go on with the old value.
"""

from __future__ import annotations

from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import AttributeFact
from transpiler.report.codes import Code
from transpiler.rewrite.calls import callee_text
from transpiler.rewrite.context import FileContext

_NORM_SETTINGS: Final = frozenset({"eps", "momentum"})
_BATCH_NORMS: Final = frozenset({f"torch.nn.BatchNorm{n}d" for n in (1, 2, 3)})
#: Arguments that change nothing in torch either once the layer is made, and those that are no settings.
_WITHOUT_EFFECT: Final = frozenset({
    "in_features", "out_features", "in_channels", "out_channels", "num_features", "num_embeddings", "embedding_dim", "inplace", "bias", "weight", "device",
    "dtype", "affine",
})  # fmt: skip


class LayerSettings:
    """Assignments to the settings of layers in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file

    def is_set(self, fact: AttributeFact | None) -> bool:
        """Whether an attribute is a setting that the support function can change: of batch normalisation, or of a module of any class."""
        if fact is None or not fact.store or not isinstance(fact.owner, v.Inst) or not isinstance(fact.node, cst.Attribute):
            return False
        is_norm = any(cls == "torch.nn.Module" or cls in _BATCH_NORMS for cls in fact.classes)
        return self.file.target.set_norm is not None and is_norm and fact.node.attr.value in _NORM_SETTINGS

    def assign(self, original: cst.Assign, updated: cst.Assign) -> cst.Expr | None:
        """``set_norm_setting(layer, "eps", 1e-3)`` for an assignment to one setting."""
        target = original.targets[0].target
        if (
            len(original.targets) != 1
            or not isinstance(target, cst.Attribute)
            or not self.is_set(self.file.facts.attributes.get(id(target)))
        ):
            return None
        layer = cst.ensure_type(updated.targets[0].target, cst.Attribute).value
        name = cst.SimpleString(f"{self.file.quote}{target.attr.value}{self.file.quote}")
        func = self.file.speller.expression(f"support.{self.file.target.set_norm}")
        self.file.converted(original, f"{callee_text(target)} = …", self.file.code(func))
        return cst.Expr(cst.Call(func, [cst.Arg(layer), cst.Arg(name), cst.Arg(updated.value)]), semicolon=updated.semicolon)

    def refuses(self, fact: AttributeFact) -> bool:
        """Report an assignment that the target's layer would not notice."""
        name = callee_text(fact.node).rpartition(".")[2]
        if self.file.target.set_norm is None or not fact.store or not isinstance(fact.owner, v.Inst) or name in _WITHOUT_EFFECT:
            return False
        if self.is_set(fact):
            if id(fact.node) in self.file.assigned:
                return False
        elif not any(self._takes(cls, name) for cls in fact.classes):
            return False
        message = "The target's layer has read it when it was made."
        self.file.left(fact.node, Code.UNSUPPORTED_STATEMENT, callee_text(fact.node), message, "Make a new layer with it.", root=cst.Pass())
        return True

    def _takes(self, cls: str, name: str) -> bool:
        """Whether a class of layers has an argument ``name``, which is no weight."""
        entry, form = self.file.semantics.entry(cls), self.file.form(cls)
        if (
            entry is None
            or form is None
            or not self.file.semantics.is_module_class(cls)
            or name in form.attributes
            or name in (form.weights or {})
        ):
            return False
        return entry.signature is not None and entry.signature.find(name) is not None
