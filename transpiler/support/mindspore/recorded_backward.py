"""torch.Tensor.backward for graphs that no single function computes: MindSpore records what the program does, as torch does, from the first optimizer
on.

Where the statements that compute a loss stand together, the port differentiates a function instead (``mindspore.value_and_grad``). A graph that one
function leaves for another to differentiate (saved log probabilities, ``self.fake``) is differentiated here, by PyNative's own engine.
"""

from __future__ import annotations

from typing import Final

from mindspore import Tensor, _c_expression, ops
from mindspore.common.api import _pynative_executor

from .training import Leaves, _is_reached, _node_numbers, accumulate_grads


def _record() -> None:
    """Begin to record."""

    def program() -> None:
        """Stands for the whole program, which MindSpore records as if it were one function."""

    _pynative_executor.set_grad_flag(True)
    _pynative_executor.new_graph(program)


RECORDS: Final = Leaves.before_first(_record)


def backward(
    tensor: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: None = None
) -> None:
    """Adds the gradients of ``tensor`` into ``parameter.grad`` of the parameters that it was computed from: those of optimizers, and leaves made by
    ``requires_grad_``. Raises ``RuntimeError`` where nothing was recorded."""
    reached = _node_numbers(tensor) if RECORDS else None
    if reached is None:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    if gradient is None and tensor.size != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    wanted = tuple(leaf for leaf in Leaves.known.values() if leaf.requires_grad and _is_reached(leaf, reached))
    if not wanted:
        return
    start = ops.ones_like(tensor) if gradient is None else gradient
    grads = _c_expression.run_backward((tensor,), (start,), bool(retain_graph), False, wanted, True, accumulate_grad=False)
    accumulate_grads(wanted, grads)
