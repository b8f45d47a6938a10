"""``layer.eps = 1e-3``: what torch's layers read whenever they are called, and the target's read once, when they are made.

Batch normalisation's eps and momentum, and a convolution's stride, padding and dilation, are set by support functions, which make their kernels
anew. Other arguments of a layer that is known are reported where they are assigned: the target's layer would go on with the old value.
"""

from __future__ import annotations

from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import AttributeFact, Certainty
from transpiler.analysis.interpret_expressions import LAYER_NAMES
from transpiler.report.codes import Code
from transpiler.rewrite.calls import callee_text
from transpiler.rewrite.context import FileContext

_NORM_SETTINGS: Final = frozenset({"eps", "momentum"})
_BATCH_NORMS: Final = frozenset({f"torch.nn.BatchNorm{n}d" for n in (1, 2, 3)})
_CONV_SETTINGS: Final = frozenset({"stride", "padding", "dilation"})
_CONVOLUTIONS: Final = frozenset({f"torch.nn.Conv{n}d" for n in (1, 2, 3)})
#: Arguments that change nothing in torch either once the layer is made, and those that are no settings.
_WITHOUT_EFFECT: Final = frozenset({
    "in_features", "out_features", "in_channels", "out_channels", "num_features", "num_embeddings", "embedding_dim", "inplace", "bias", "weight", "device",
    "dtype", "affine",
})  # fmt: skip


class LayerSettings:
    """Assignments to the settings of layers in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file

    def writer(self, fact: AttributeFact | None) -> str | None:
        """The support function that can change a setting: of batch normalisation, of a convolution, of a module of any class, or of an object
        that may be one."""
        if fact is None or not fact.store or not isinstance(fact.node, cst.Attribute):
            return None
        is_unknown = fact.owner == v.UNKNOWN and fact.certainty is Certainty.MAYBE and self.file.mentions_torch
        if not is_unknown and not isinstance(fact.owner, v.Inst):
            return None
        name = fact.node.attr.value
        for writer, names, layers in (
            (self.file.target.set_norm, _NORM_SETTINGS, _BATCH_NORMS),
            (self.file.target.set_conv, _CONV_SETTINGS, _CONVOLUTIONS),
        ):
            if name in names and (is_unknown or any(cls == "torch.nn.Module" or cls in layers for cls in fact.classes)):
                return writer
        return None

    def assign(self, original: cst.Assign, updated: cst.Assign) -> cst.Expr | None:
        """``set_norm_setting(layer, "eps", 1e-3)`` for an assignment to one setting."""
        target = original.targets[0].target
        writer = self.writer(self.file.facts.attributes.get(id(target))) if len(original.targets) == 1 else None
        if writer is None or not isinstance(target, cst.Attribute):
            return None
        layer = cst.ensure_type(updated.targets[0].target, cst.Attribute).value
        name = cst.SimpleString(f"{self.file.quote}{target.attr.value}{self.file.quote}")
        func = self.file.speller.expression(f"support.{writer}")
        self.file.converted(original, f"{callee_text(target)} = …", self.file.code(func))
        return cst.Expr(cst.Call(func, [cst.Arg(layer), cst.Arg(name), cst.Arg(updated.value)]), semicolon=updated.semicolon)

    def refuses(self, fact: AttributeFact) -> bool:
        """Report an assignment that the target's layer would not notice."""
        name = callee_text(fact.node).rpartition(".")[2]
        if self.file.target.set_norm is None or not fact.store or not isinstance(fact.owner, v.Inst) or name in _WITHOUT_EFFECT:
            return False
        if self.writer(fact) is not None:
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
            or name in LAYER_NAMES
            or name in (form.weights or {})
        ):
            return False
        return entry.signature is not None and entry.signature.find(name) is not None
