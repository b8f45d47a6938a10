"""Are the models of a file fed batches? torch's convolutions take single samples as well, MindSpore's layers batches alone.

Hardly any program feeds single samples, and nearly all say so: they normalise or flatten per sample, ask for ``x.size(0)``, name four sizes, load
data or train. Where a file's models say nothing of the kind, and neither does the project, the support classes stand for the layers, which take both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.facts import CallFact
from transpiler.analysis.project_index import ProjectIndex
from transpiler.rewrite.context import FileContext

#: Layers and functions that only take batches, or that nobody uses without.
_OF_BATCHES: Final = frozenset({
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "GroupNorm", "LocalResponseNorm",
    "Flatten", "Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "Dropout2d", "Dropout3d", "CrossEntropyLoss", "NLLLoss",
    "batch_norm", "instance_norm", "group_norm", "interpolate", "upsample", "grid_sample", "cross_entropy", "nll_loss", "dropout2d", "dropout3d", "bmm",
})  # fmt: skip
_TRAINING: Final = ("torch.utils.data", "torch.optim", "torchvision.datasets", "torchvision.models")
#: Functions of a dimension, whose sample is told from its batch by dimension 1 or later.
_BY_DIMENSION: Final = frozenset({
    "flatten", "cat", "concat", "chunk", "split", "softmax", "log_softmax", "mean", "sum", "squeeze", "argmax", "unbind", "narrow", "repeat_interleave",
})  # fmt: skip
_OF_SHAPE: Final = frozenset({"view", "reshape", "permute", "expand", "repeat", "randn", "rand", "zeros", "ones", "empty", "tile"})
_CREATING: Final = frozenset({"torch.randn", "torch.rand", "torch.zeros", "torch.ones", "torch.empty"})


def feeds_batches(file: FileContext) -> bool:
    """Whether the models of a file are fed batches, as far as it or its project tells; True of a file without models."""
    if file.batched is None:
        facts = file.facts
        runs = any(fact.in_module and fact.node.name.value == "forward" for fact in facts.functions.values())
        file.batched = not runs or any(_signs(file)) or (file.index is not None and _trains(file.index))
    return file.batched


def _signs(file: FileContext) -> Iterator[bool]:
    for reference in file.facts.references.values():
        owner, _, leaf = reference.name.rpartition(".")
        yield reference.name.startswith(_TRAINING) or (owner.startswith("torch.nn") and leaf in _OF_BATCHES)
    for attribute in file.facts.attributes.values():
        yield attribute.apis == ("torch.Tensor.shape",)
    for fact in file.facts.calls.values():
        yield from (_speaks_of_batches(api, fact) for api in fact.apis)


def _speaks_of_batches(api: str, fact: CallFact) -> bool:
    leaf = api.rpartition(".")[2]
    arguments = [argument.value for argument in fact.node.args]
    if leaf in _OF_BATCHES or leaf in ("size", "backward") or api.startswith(_TRAINING):
        return True
    if leaf in _OF_SHAPE:
        spread = arguments[0].elements if len(arguments) == 1 and isinstance(arguments[0], (cst.Tuple, cst.List)) else arguments
        return len(spread) >= (4 if api in _CREATING else 2)
    if leaf == "unsqueeze":
        return _number(fact, len(arguments) - 1) == 0
    return leaf in _BY_DIMENSION and any((_number(fact, index) or 0) >= 1 for index in range(len(arguments)))


def _number(fact: CallFact, index: int) -> int | None:
    value = fact.values[index] if 0 <= index < len(fact.values) else None
    if isinstance(value, v.Tup) and value.items:
        value = value.items[-1]
    return value.value if isinstance(value, v.Lit) and isinstance(value.value, int) else None


def _trains(index: ProjectIndex) -> bool:
    """Whether a file of the project loads data, or has an optimizer."""
    return any(name.startswith(_TRAINING) for module in index.modules.values() for name in module.imports.values())
