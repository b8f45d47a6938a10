"""What the target's worker needs from a framework: the one interface that the MindSpore and the Keras side fill in.

A *weight* is a trained or stored variable of the port; a *tensor* is a weight or a plain constant tensor of the framework.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from transpiler.exporter.arrays import Array, Stored

Call = Callable[..., Any]
#: The tensors and numbers of a nested result with their paths (see ``trees``).
Leaves = list[tuple[str, Any]]
#: What a traced submodule reports: its torch path, its inputs and its output.
Record = Callable[[str, Any, Any], None]


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """What a checkpoint holds around the weights (see ``checkpoint_frame``): its description, and the tensors in it."""

    structure: Any
    tensors: Mapping[str, Array]


def with_weights(structure: Any, names: Sequence[str]) -> Any:
    """A frame's description with the dictionary of the weights in its place."""
    if structure == {"weights": True}:
        return {"dict": [[name, {"tensor": name}] for name in names]}
    if isinstance(structure, dict):
        kind, items = next(iter(structure.items()))
        if kind in ("dict", "OrderedDict"):
            return {kind: [[key, with_weights(item, names)] for key, item in items]}
    return structure


class Graph(Protocol):
    """One way to make one graph of a model. Inputs are all given by position."""

    #: What the graph is made of: 'source', or 'recorded' where one run was recorded.
    @property
    def how(self) -> str: ...

    @property
    def recorded(self) -> bool: ...

    def __call__(self, *inputs: Any) -> Leaves:
        """The result's leaves, computed by the graph; raises where there can be none."""

    def export(self, inputs: Sequence[Any], file: Path) -> None:
        """Write the graph in the framework's exchange format; raises where it cannot be."""

    def load(self, file: Path) -> Callable[..., Leaves]:
        """What a written file computes."""


class TargetSide(Protocol):
    """One framework's way to do each step. Arrays of bfloat16 have ml_dtypes' type."""

    def accept(self, model: Any) -> str | None:
        """Put the model in evaluation mode; what is wrong with it, if it is no model of this framework."""

    def build(self, model: Any, positional: Sequence[Any], keyword: dict[str, Any] | None) -> str | None:
        """Create weights that exist only after a first call; what is missing, if they cannot be created."""

    def weights(self, model: Any) -> Iterator[tuple[str, Any]]:
        """Every weight with the name that the framework's checkpoints use, each once."""

    def is_tensor(self, value: Any) -> bool: ...

    def is_weight(self, value: Any) -> bool: ...

    def identity(self, weight: Any) -> int:
        """Equal for two handles of the same weight."""

    def shape(self, tensor: Any) -> tuple[int, ...]: ...

    def dtype(self, tensor: Any) -> str: ...

    def trainable(self, weight: Any) -> bool: ...

    def assign(self, weight: Any, array: Array, *, keep_dtype: bool) -> None:
        """Store ``array``; ``keep_dtype``: the weight takes the array's dtype where the framework can, else the array is cast."""

    def assign_constant(self, owner: Any, tensor: Any, array: Array) -> bool:
        """Give the plain tensor that ``owner`` holds other values; False where it cannot be done."""

    def to_tensor(self, array: Array) -> Any: ...

    def to_numpy(self, tensor: Any) -> Array: ...

    def trace(self, module: Any, path: str, record: Record) -> None:
        """Report every call of ``module``."""

    def weighted_sum(self, tensor: Any, weights: Any) -> Any:
        """The scalar sum of ``tensor * weights``, differentiably."""

    def gradients(self, model: Any, loss: Call, weights: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Gradients of ``loss(call, inputs)`` for weights and inputs; ``call`` runs the model."""

    def graphs(self, model: Any, keywords: tuple[str, ...]) -> Sequence[Graph]:
        """Ways to make one graph of the model, the best first; none where the framework's side has no such mode.

        ``keywords`` are the names of the last inputs, which are passed by keyword.
        """

    def suffixes(self) -> tuple[str, ...]:
        """Endings of checkpoint files that ``save`` can write."""

    def save(self, model: Any, file: Path, frame: SavedFrame | None = None) -> None:
        """Write the weights, and where the framework's files can hold it the ``frame`` around them."""

    def load(self, model: Any, file: Path) -> None:
        """Load with the framework's own strict call; raises where anything is left over."""


def with_dtype(stored: Stored, bits: Array) -> Array:
    """The stored tensor as numpy array of its true type."""
    return bits.view(bfloat16()) if stored.dtype == "bfloat16" else bits


def bfloat16() -> Any:
    """numpy's bfloat16, which only the package ml_dtypes defines; Keras and MindSpore bring it along."""
    import ml_dtypes

    return ml_dtypes.bfloat16


def cast(array: Array, dtype: str) -> Array:
    """``array`` as ``dtype``."""
    return array.astype(bfloat16() if dtype == "bfloat16" else dtype, copy=False)
