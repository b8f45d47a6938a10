"""Every optimizer takes torch's steps: torch's own optimizer inputs are the cases, torch's own optimizers the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

from transpiler.support.mindspore import optim, optim_lbfgs, training

NAMES = ("SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "ASGD", "LBFGS")
STARTS = (np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3), np.array([0.5, -2.0, 3.0], "float32"), np.array(1.5, "float32"))


def ported(name: str) -> Any:
    """The support class of a torch optimizer."""
    return getattr(optim_lbfgs if name == "LBFGS" else optim, name)


def gradient(number: int, step: int) -> np.ndarray:
    """A gradient that changes sign and size; none at all for one parameter in one step."""
    return np.asarray(np.sin(np.arange(STARTS[number].size).reshape(STARTS[number].shape) + 1.7 * step) * (step + 1), "float32")


def cases() -> Iterator[Any]:
    """torch's inputs for each optimizer, without those that ask for a capturable or sparse form."""
    for info in optim_db:
        name = info.optim_cls.__name__
        if name in NAMES:
            for number, case in enumerate(info.optim_inputs_func(device="cpu")):
                yield pytest.param(name, case.kwargs, id=f"{name}-{number}-{'-'.join(case.kwargs)}")


def numbers(kwargs: dict[str, Any], tensor: Any) -> dict[str, Any]:
    """Keyword arguments with torch's tensors as tensors of the other framework."""
    return {key: tensor(value.item()) if isinstance(value, torch.Tensor) else value for key, value in kwargs.items()}


@pytest.mark.parametrize(("name", "kwargs"), [case for case in cases() if "LBFGS" not in str(case.id)])
def test_steps_are_torchs(name: str, kwargs: dict[str, Any]) -> None:
    """Two groups with options of their own, a parameter without a gradient now and then, a rate changed on the way."""
    theirs = [torch.nn.Parameter(torch.tensor(start)) for start in STARTS]
    ours = [mindspore.Parameter(mindspore.tensor(start), name=f"p{n}") for n, start in enumerate(STARTS)]
    left = getattr(torch.optim, name)([{"params": theirs[:2]}, {"params": theirs[2:], "lr": 0.03}], **kwargs)
    right = ported(name)([{"params": ours[:2]}, {"params": ours[2:], "lr": 0.03}], **numbers(kwargs, mindspore.tensor))
    for step in range(7):
        for number in range(3):
            absent = number == 1 and step in (0, 3)
            theirs[number].grad = None if absent else torch.tensor(gradient(number, step))
            ours[number].grad = None if absent else mindspore.tensor(gradient(number, step))
        if step == 4:
            left.param_groups[1]["lr"] = right.param_groups[1]["lr"] = 0.002
            right.load_state_dict(right.state_dict())
        left.step()
        right.step()
        for mine, theirs_ in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine.asnumpy(), theirs_.detach().numpy(), rtol=3e-5, atol=2e-6)


@pytest.mark.parametrize("kwargs", [{}, {"line_search_fn": "strong_wolfe"}, {"max_iter": 3, "history_size": 2, "lr": 0.3}])
def test_lbfgs_follows_torch(kwargs: dict[str, Any]) -> None:
    """On Rosenbrock's valley, whose curvature exercises history and line search."""
    theirs = torch.nn.Parameter(torch.tensor([-0.5, 0.8]))
    ours = mindspore.Parameter(mindspore.tensor(np.array([-0.5, 0.8], "float32")), name="p")
    left, right = torch.optim.LBFGS([theirs], **kwargs), ported("LBFGS")([ours], **kwargs)

    def valley(x: Any) -> Any:
        return 0.1 * (1 - x[0]) ** 2 + (x[1] - x[0] ** 2) ** 2

    def torch_closure() -> Any:
        left.zero_grad()
        loss = valley(theirs)
        loss.backward()
        return loss

    def closure() -> Any:
        right.zero_grad()
        loss, grads = mindspore.value_and_grad(lambda: valley(ours), None, [ours])()
        ours.grad = grads[0]
        return loss

    for _ in range(3):
        expected, found = left.step(torch_closure), right.step(closure)
        np.testing.assert_allclose(float(found), expected.item(), rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(ours.asnumpy(), theirs.detach().numpy(), rtol=2e-3, atol=1e-4)


def test_groups_and_state() -> None:
    """add_param_group, zero_grad, state_dict and construction errors as in torch."""
    first, second = (mindspore.Parameter(mindspore.tensor(start), name=f"p{n}") for n, start in enumerate(STARTS[:2]))
    optimizer = optim.SGD([first], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": second, "lr": 0.2})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]
    assert [p.name for p in optimizer.parameters] == ["p0", "p1"]
    first.grad = mindspore.ops.ones_like(first)
    optimizer.step()
    saved = optimizer.state_dict()
    assert set(saved["state"]) == {0}
    assert [group["params"] for group in saved["param_groups"]] == [[0], [1]]
    assert [list(group)[-1] for group in saved["param_groups"]] == ["params"] * 2
    optimizer.zero_grad(set_to_none=False)
    assert float(first.grad.abs().sum()) == 0
    optimizer.zero_grad()
    assert first.grad is None
    with pytest.raises(ValueError, match="more than one"):
        optimizer.add_param_group({"params": [first]})
    with pytest.raises(ValueError, match="empty"):
        optim.Adam([], lr=0.1)
    with pytest.raises(ValueError, match="learning"):
        optim.Adam([first], lr=-1.0)


def test_called_with_gradients() -> None:
    """An optimizer can be called like MindSpore's own."""
    parameter = mindspore.Parameter(mindspore.tensor(STARTS[1]), name="p")
    optim.SGD([parameter], lr=0.5)((mindspore.ops.ones_like(parameter),))
    np.testing.assert_allclose(parameter.asnumpy(), STARTS[1] - 0.5)


def test_a_missing_gradient_is_no_step() -> None:
    """A loss that depends on a parameter of an optimizer, differentiated without it: the step is refused until the gradients are cleared."""
    kept, passed_over = (mindspore.Parameter(mindspore.Tensor([value]), name=name) for name, value in (("kept", 2.0), ("passed_over", 3.0)))
    own, other = optim.SGD([kept], lr=0.1), optim.SGD([passed_over], lr=0.1)

    def forward() -> Any:
        return (kept * passed_over).sum()

    loss, grads = mindspore.value_and_grad(forward, None, own.parameters)()
    training.accumulate_grads(own.parameters, grads, loss)
    own.step()
    np.testing.assert_allclose(kept.asnumpy(), [1.7], rtol=1e-6)
    with pytest.raises(RuntimeError, match="differentiated without passed_over"):
        other.step()
    other.zero_grad()
    loss, grads = mindspore.value_and_grad(forward, None, other.parameters)()
    training.accumulate_grads(other.parameters, grads, loss)
    other.step()
    np.testing.assert_allclose(passed_over.asnumpy(), [2.83], rtol=1e-6)
