"""What torch keeps of a backward pass: each parameter's accumulated gradient, as the attribute ``grad`` of the parameter.

``mindspore.value_and_grad`` returns gradients; torch adds them into ``parameter.grad``, where clipping, several losses, several optimizers and
the user's own code find them. A parameter that the loss does not depend on keeps ``grad`` as it was (None at first), and optimizers pass over it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.api import _pynative_executor

from ._common import _unspoilt_grads
from .nn_module import requires_grad_


def accumulate_grads(parameters: Iterable[Tensor], grads: Sequence[Tensor] | None, loss: Tensor | None = None) -> None:
    """Adds gradients into ``parameter.grad`` (torch.Tensor.backward), for those parameters that ``loss`` depends on."""
    if grads is None:
        raise RuntimeError("the loss was computed where gradients are switched off")
    reached = _node_numbers(loss) if loss is not None else None
    done: set[int] = set()
    with mindspore._no_grad():
        for parameter, gradient in zip(parameters, grads, strict=True):
            if id(parameter) in done or not parameter.requires_grad or not _is_reached(parameter, reached):
                continue
            done.add(id(parameter))
            earlier = getattr(parameter, "grad", None)
            parameter.grad = gradient if earlier is None else earlier + gradient
        Leaves.pass_over(leaf for leaf in Leaves.known.values() if reached and id(leaf) not in done and _is_reached(leaf, reached))


def _node_numbers(loss: Tensor) -> set[int] | None:
    """The numbers of the parameters and results that a loss was computed from; None where MindSpore recorded no graph."""
    start = getattr(loss, "_grad_node", None)
    if start is None:
        return None
    pending, seen = [start], set()
    while pending:
        node = pending.pop()
        number = node._unique_id() if node is not None else None
        if number is None or number in seen:
            continue
        seen.add(number)
        pending.extend(edge[0] if isinstance(edge, tuple) else edge for edge in node.next_functions)
    return seen


def _is_reached(parameter: Tensor, reached: set[int] | None) -> bool:
    node = getattr(parameter, "_grad_node", None)
    return reached is None or (node is not None and node._unique_id() in reached)


class Leaves:
    """The parameters and tensors that gradients are wanted of, by identity: those of optimizers, and what ``requires_grad_`` made a leaf."""

    known: ClassVar[weakref.WeakValueDictionary[int, Tensor]] = weakref.WeakValueDictionary()
    missing: ClassVar[weakref.WeakValueDictionary[int, Tensor]] = weakref.WeakValueDictionary()
    awaited: ClassVar[list[Callable[[], None]]] = []

    @classmethod
    def note(cls, tensor: Tensor) -> None:
        """Gradients of ``tensor`` will be wanted."""
        cls.known[id(tensor)] = tensor
        while cls.awaited:
            cls.awaited.pop()()

    @classmethod
    def pass_over(cls, leaves: Iterable[Tensor]) -> None:
        """No gradient was computed of ``leaves`` although a loss depends on them: it is to be cleared before a step is made with it."""
        cls.missing.update({id(leaf): leaf for leaf in leaves if leaf.requires_grad})

    @classmethod
    def cleared(cls, leaves: Iterable[Tensor]) -> None:
        """The gradients of ``leaves`` are forgotten."""
        for leaf in leaves:
            cls.missing.pop(id(leaf), None)

    @classmethod
    def before_step(cls, leaves: Iterable[Tensor]) -> None:
        """Raises ``RuntimeError`` where an optimizer would step without a gradient that torch has."""
        for leaf in leaves if cls.missing else ():
            if id(leaf) in cls.missing:
                raise RuntimeError(f"a loss was differentiated without {leaf.name}, of which this optimizer needs the gradient")

    @classmethod
    def before_first(cls, act: Callable[[], None]) -> bool:
        """``act`` is called when the first of them is known."""
        cls.awaited.append(act)
        return True


def leaves_of(*owners: Any) -> list[Tensor]:
    """The parameters of modules and optimizers, and the tensors that gradients are wanted of, each once."""
    found: dict[int, Tensor] = {}
    for owner in owners:
        if isinstance(owner, Parameter):
            inner: Iterable[Tensor] = [owner]
        elif isinstance(owner, nn.Cell):
            inner = owner.parameters if hasattr(owner, "param_groups") else owner.trainable_params()
        elif isinstance(owner, dict):
            inner = leaves_of(*owner.values())
        elif isinstance(owner, (list, tuple)):
            inner = leaves_of(*owner)
        else:
            inner = []
        found.update({id(parameter): parameter for parameter in inner})
    return list(found.values())


def grad_of(tensor: Any) -> Tensor | None:
    """torch.Tensor.grad: what backward passes have accumulated, None before the first."""
    return getattr(tensor, "grad", None)


def as_leaf(tensor: Any, requires_grad: bool = True) -> Any:
    """A tensor that gradients are taken of (torch.Tensor.requires_grad_): a parameter of its own, with the same values. A module's parameters are
    marked (torch.nn.Module.requires_grad_); other objects have their own way."""
    if isinstance(tensor, nn.Cell):
        return requires_grad_(tensor, requires_grad)
    if not isinstance(tensor, Tensor):
        return tensor.requires_grad_(requires_grad)
    if not isinstance(tensor, Parameter):
        if not requires_grad or not getattr(tensor, "_is_leaf", True):
            return tensor  # what is computed from other leaves stays connected to them
        tensor = Parameter(ops.stop_gradient(tensor), name="leaf")
        Leaves.note(tensor)
    tensor.requires_grad = requires_grad
    return tensor


def mark_leaf(tensor: Any, requires_grad: bool = True) -> None:
    """``as_leaf`` of what is not a name of its own. A tensor that is no parameter cannot be made one where it is: TypeError."""
    if as_leaf(tensor, requires_grad) is not tensor and isinstance(tensor, Tensor):
        raise TypeError("a plain tensor takes gradients under a name of its own: x = ms_support.as_leaf(x)")


def zero_grad(module: Any, set_to_none: bool = True) -> None:
    """torch.nn.Module.zero_grad and torch.optim.Optimizer.zero_grad: forgets the gradients, or sets them to zero."""
    if not isinstance(module, nn.Cell) or hasattr(module, "param_groups"):
        module.zero_grad(*(() if set_to_none else (False,)))
        return
    Leaves.cleared(module.get_parameters())
    for parameter in module.get_parameters():
        if getattr(parameter, "grad", None) is not None:
            parameter.grad = None if set_to_none else ops.zeros_like(parameter.grad)


def value_and_grad(
    forward: Callable[[], Any], parameters: Iterable[Tensor], scale: Callable[[Tensor], Tensor] | None = None
) -> tuple[Any, Sequence[Tensor] | None]:
    """What ``forward`` returns, its loss first, and the loss's gradients, or those of ``scale`` of it; None for these where gradients are switched
    off."""
    kept: list[Any] = []

    def loss_alone() -> Tensor:
        kept.append(forward())
        loss = kept[-1][0] if isinstance(kept[-1], tuple) else kept[-1]
        return loss if scale is None else scale(loss)

    if not _pynative_executor.enable_grad():
        return forward(), None
    grads = _unspoilt_grads(loss_alone, None, list(parameters))
    return kept[-1], grads


def input_grads(
    forward: Callable[..., Any], *inputs: Any, create_graph: bool | None = None, allow_unused: bool | None = None
) -> tuple[Any, tuple[Tensor | None, ...]]:
    """What ``forward`` returns, its objective first, and the objective's gradients with respect to the inputs (torch.autograd.grad): tensors that
    ``forward`` takes, or one iterable of parameters that it uses. With ``create_graph`` they can be differentiated again; with ``allow_unused``
    those that the objective does not depend on have none."""
    kept: list[Any] = []
    used: list[bool] = []
    weights = list(inputs[0]) if len(inputs) == 1 and not isinstance(inputs[0], Tensor) else None

    def objective(*values: Tensor) -> Tensor:
        kept.append(forward(*values))
        loss: Tensor = kept[-1][0] if isinstance(kept[-1], tuple) else kept[-1]
        reached = _node_numbers(loss) if allow_unused else None
        used.extend(_is_reached(value, reached) for value in (values if weights is None else weights))
        return loss

    if weights is not None:
        grads = _unspoilt_grads(objective, None, weights)
    else:
        values = [value * 1 if isinstance(value, Parameter) else value for value in inputs]
        grads = _unspoilt_grads(objective, values)
    found = tuple(grads if create_graph else map(ops.stop_gradient, grads))
    return kept[-1], tuple(grad if is_used else None for grad, is_used in zip(found, used, strict=True))
