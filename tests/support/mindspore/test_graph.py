"""Do the support functions compile, and compute the same as a graph? One of torch's own samples (``op_db``) for each function of everyday models.

A function that reads values of tensors in Python, or asks for them, runs in PyNative mode only: ``EAGER_ONLY`` names those, with the reason, and a
function that compiles must not stand there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import Tensor, nn

from tests.support.mindspore.test_ops_samples import FUNCTIONS, RANDOM, REORDERED, flat, to_mindspore

#: Modules of the functions that layers and models call.
EVERYDAY = (
    "functional_activation", "functional_attention", "functional_conv", "functional_loss", "functional_norm", "functional_pool",
    "functional_resize", "ops_shape", "ops_pointwise", "ops_reduction", "ops_scatter",
)  # fmt: skip
EAGER_ONLY = {
    "median": "flattens itself by calling itself with another number of results",
    "quantile": "reads the quantiles' values in Python",
    "as_strided_scatter": "finds the places that are written in Python",
    "index_reduce": "reads the index's values in Python",
    "tensor_split": "reads the indices in Python",
    "resize_": "gives the tensor itself another shape",
    "resize_as_": "gives the tensor itself another shape",
}
CHOSEN = [
    (name, function, ops[0])
    for name, function, ops in FUNCTIONS
    if function.__module__.rpartition(".")[2] in EVERYDAY and name not in RANDOM and torch.float32 in ops[0].supported_dtypes("cpu")
]


class Applied(nn.Cell):
    """A function of tensors; its other arguments are constants of the graph."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        super().__init__()
        self.function, self.keywords = function, keywords
        self.are_tensors = tuple(isinstance(argument, Tensor) for argument in arguments)
        self.constants = tuple(None if isinstance(argument, Tensor) else argument for argument in arguments)

    def construct(self, *tensors: Tensor) -> Any:
        """The function's result."""
        arguments, used = (), 0
        for is_tensor, constant in zip(self.are_tensors, self.constants):  # noqa: B905 - the graph's zip has no strict
            arguments = (*arguments, tensors[used] if is_tensor else constant)
            used += 1 if is_tensor else 0
        return self.function(*arguments, **self.keywords)


def sample_of(name: str, op: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The first sample with elements, as MindSpore's tensors in the order of the function's parameters."""
    for sample in op.sample_inputs("cpu", torch.float32, requires_grad=False):
        arguments = (sample.input, *sample.args)
        if all(leaf.numel() for leaf in flat(arguments) if isinstance(leaf, torch.Tensor)):
            break
    reorder = REORDERED.get(name)
    ported = to_mindspore(arguments)
    return (reorder(*ported) if reorder else ported), to_mindspore(sample.kwargs)


def compiled_difference(name: str, function: Callable[..., Any], op: Any) -> str:
    """How the graph's result differs from the eager one; '' where it does not. Raises what the compiler raises."""
    arguments, keywords = sample_of(name, op)
    cell = Applied(function, arguments, keywords)
    tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
    eager, graph = flat(cell(*tensors)), flat(mindspore.jit(cell)(*tensors))
    if len(eager) != len(graph):
        return f"{len(graph)} results, not {len(eager)}"
    for expected, found in zip(eager, graph, strict=True):
        if not np.allclose(np.asarray(expected), np.asarray(found), rtol=1e-4, atol=1e-5, equal_nan=True):
            return f"{found}, not {expected}"
    return ""


@pytest.mark.parametrize(("name", "function", "op"), CHOSEN, ids=[name for name, _, _ in CHOSEN])
def test_support_function_compiles(name: str, function: Callable[..., Any], op: Any) -> None:
    """Compiled and eager results agree, except for what must stay eager."""
    if name in EAGER_ONLY:
        with pytest.raises(Exception):  # noqa: B017 - a compiler's errors are of any type
            compiled_difference(name, function, op)
        return
    assert not compiled_difference(name, function, op)
