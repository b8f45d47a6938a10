"""What do torch's own operator samples look like as source text? (``op_db``: every ``SampleInput`` becomes tensors and expressions.)

Tensors stay values, named ``a0, a1, …`` and passed to the case as arguments; everything else is written as the literal that a user would write.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

DTYPES = (torch.float32, torch.int64, torch.complex64, torch.bool)
#: op_db passes these functions' arguments in another order than torch's signature.
REORDERED = {
    "nn.functional.embedding": (1, 0),
    "nn.functional.embedding_bag": (1, 0),
    "where": (1, 0, 2),
}
#: Operators that op_db knows by names that are no user's: internals of torch, other libraries' implementations, sparse and quantised storage.
INTERNAL = (
    "_", "ops.", "torch.ops", "torch._", "jiterator_", "sparse.", "to_sparse", "native_", "hash_tensor", "max_pool2d_with_indices_backward",
)  # fmt: skip
KEPT = (
    "__getitem__",
    "__radd__",
    "__rdiv__",
    "__rmul__",
    "__rand__",
    "__ror__",
    "__rxor__",
    "__rmatmul__",
    "__rmod__",
    "__rpow__",
    "__rsub__",
)


class Inexpressible(Exception):
    """A sample holds what no user writes into a source file (a generator, a sparse tensor, a closure)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: expressions over the names ``a0, a1, …`` of ``tensors``."""

    positional: tuple[str, ...]
    keyword: tuple[tuple[str, str], ...]
    tensors: tuple[torch.Tensor, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"a{i}" for i in range(len(self.tensors)))


@cache
def operators() -> dict[str, tuple[Any, ...]]:
    """torch's operators in scope by name, each with its variants."""
    found: dict[str, list[Any]] = {}
    for op in op_db:
        if op.name in KEPT or not op.name.startswith(INTERNAL):
            found.setdefault(op.name, []).append(op)
    return {name: tuple(ops) for name, ops in found.items()}


def samples(op: Any, dtype: torch.dtype, limit: int | None) -> Iterator[Sample]:
    """The samples of one dtype that can be written down; at most ``limit``, evenly spread."""
    if not op.supports_dtype(dtype, "cpu"):
        return
    try:
        listed = list(_listed(op, dtype, 400))
    except (RuntimeError, TypeError, AssertionError):  # torch's own generator refuses the dtype on this build
        return
    step = max(1, math.ceil(len(listed) / limit)) if limit else 1
    for sample in listed[::step]:
        try:
            yield _written(op.name, sample)
        except Inexpressible:
            continue


def _listed(op: Any, dtype: torch.dtype, most: int) -> Iterator[Any]:
    """``op.sample_inputs``, at most ``most``, each under the same seed, without the crawl through the stack for a running test that costs most of
    it."""
    found = iter(op.sample_inputs_func(op, "cpu", dtype, False))
    for _ in range(most):
        seed(1234)
        try:
            yield next(found)
        except StopIteration:
            return


def seed(number: int) -> None:
    """Sets the random numbers of the CPU (``torch.manual_seed`` spends milliseconds on other devices)."""
    torch.default_generator.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def _written(name: str, sample: Any) -> Sample:
    tensors: list[torch.Tensor] = []
    values: Sequence[Any] = (sample.input, *sample.args)
    order = REORDERED.get(name)
    if order:
        values = [*(values[i] for i in order if i < len(values)), *values[len(order) :]]
    elif name == "einsum":
        values = (sample.args[0], *sample.input)
    positional = tuple(expression(value, tensors) for value in values)
    keyword = tuple((key, expression(value, tensors)) for key, value in sample.kwargs.items())
    return Sample(positional, keyword, tuple(tensors))


def expression(value: Any, tensors: list[torch.Tensor], letter: str = "a") -> str:
    """Source text of a value; tensors are appended to ``tensors`` and named, by ``letter`` and their number."""
    if isinstance(value, torch.Tensor):
        return _tensor(value, tensors, letter)
    if value is None or value is Ellipsis or isinstance(value, (bool, int, str)):
        return "..." if value is Ellipsis else repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"float('{value}')"
    if isinstance(value, complex):
        return repr(value) if math.isfinite(abs(value)) else f"complex('{value}')"
    if isinstance(value, (torch.dtype, torch.memory_format, torch.layout)):
        return str(value)
    if isinstance(value, slice):
        return f"slice({', '.join(expression(part, tensors, letter) for part in (value.start, value.stop, value.step))})"
    if isinstance(value, (list, tuple)):
        items = ", ".join(expression(item, tensors, letter) for item in value)
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' if len(value) == 1 else ''})"
    raise Inexpressible(type(value).__name__)


def _tensor(value: torch.Tensor, tensors: list[torch.Tensor], letter: str) -> str:
    if value.layout is not torch.strided or value.is_quantized or type(value) is not torch.Tensor:
        raise Inexpressible(str(value.layout))
    for index, known in enumerate(tensors):
        if known is value:
            return f"{letter}{index}"
    tensors.append(value)
    return f"{letter}{len(tensors) - 1}"
