"""Every scheduler gives torch's rates, step by step, and takes up a state where it was left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch

from transpiler.support.mindspore import lr_scheduler, optim

Make = Callable[[Any, Any], Any]
CASES: dict[str, Make] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
    "LambdaLR-groups": lambda s, o: s.LambdaLR(o, lr_lambda=[lambda e: 1 / (1 + e), lambda e: 0.5**e]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    "StepLR": lambda s, o: s.StepLR(o, step_size=3, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, milestones=[2, 5, 5], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=4),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, gamma=0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=7, power=2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=4, eta_min=0.001),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2),
    "CyclicLR": lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, step_size_down=2),
    "CyclicLR-triangular2": lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2"),
    "CyclicLR-exp": lambda s, o: s.CyclicLR(o, base_lr=[0.01, 0.02], max_lr=0.1, step_size_up=3, mode="exp_range", gamma=0.9),
    "CyclicLR-function": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 1 / (5**x), cycle_momentum=False),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, max_lr=0.1, total_steps=20),
    "OneCycleLR-three": lambda s, o: s.OneCycleLR(
        o, max_lr=[0.1, 0.2], epochs=4, steps_per_epoch=5, three_phase=True, anneal_strategy="linear"
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=3), s.CosineAnnealingLR(o, 10)], milestones=[3]),
    "SequentialLR-restart": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [2, 6]),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)]),
}


def optimizers() -> tuple[Any, Any]:
    """The same two groups in both frameworks."""
    theirs = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    ours = [mindspore.Parameter(mindspore.ops.ones(2), name=f"p{n}") for n in range(2)]
    left = torch.optim.SGD([{"params": theirs[:1]}, {"params": theirs[1:], "lr": 0.05}], lr=0.1, momentum=0.9)
    right = optim.SGD([{"params": ours[:1]}, {"params": ours[1:], "lr": 0.05}], lr=0.1, momentum=0.9)
    return left, right


def groups(optimizer: Any) -> list[tuple[float, float]]:
    """Rate and momentum of each group."""
    return [(float(group["lr"]), float(group["momentum"])) for group in optimizer.param_groups]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_rates_are_torchs(name: str) -> None:
    """Eighteen steps; half-way a scheduler made anew takes up the state; one rate is changed by hand."""
    left, right = optimizers()
    theirs, ours = CASES[name](torch.optim.lr_scheduler, left), CASES[name](lr_scheduler, right)
    np.testing.assert_allclose(groups(right), groups(left), rtol=1e-6)
    for step in range(18):
        left.step()
        theirs.step()
        ours.step()
        np.testing.assert_allclose(groups(right), groups(left), rtol=1e-6, err_msg=f"step {step}")
        np.testing.assert_allclose(ours.get_last_lr(), theirs.get_last_lr(), rtol=1e-6)
        if step == 9:
            rates = groups(right)
            state, again = ours.state_dict(), CASES[name](lr_scheduler, right)
            again.load_state_dict(state)
            ours = again
            for group, (rate, momentum) in zip(right.param_groups, rates, strict=True):
                group.update(lr=rate, momentum=momentum)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "PolynomialLR", "LinearLR", "ConstantLR"])
def test_given_epochs(name: str) -> None:
    """``step(epoch)`` goes to an epoch directly."""
    left, right = optimizers()
    theirs, ours = CASES[name](torch.optim.lr_scheduler, left), CASES[name](lr_scheduler, right)
    left.step()
    for epoch in (0, 3, 5, 2, 11):
        theirs.step(epoch)
        ours.step(epoch)
        np.testing.assert_allclose(groups(right), groups(left), rtol=1e-6)


@pytest.mark.parametrize(
    "kwargs", [{}, {"mode": "max", "cooldown": 2}, {"threshold_mode": "abs", "threshold": 0.05, "min_lr": [0.02, 0.01]}]
)
def test_plateau(kwargs: dict[str, Any]) -> None:
    """ReduceLROnPlateau counts bad epochs as torch does, from numbers and from tensors."""
    left, right = optimizers()
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(left, factor=0.5, patience=1, **kwargs)
    ours = lr_scheduler.ReduceLROnPlateau(right, factor=0.5, patience=1, **kwargs)
    for value in (1.0, 0.9, 0.91, 0.92, 0.93, 0.5, 0.5, 0.5, 0.49, 0.6, 0.7, 0.8):
        theirs.step(torch.tensor(value))
        ours.step(mindspore.tensor(value))
        assert (ours.num_bad_epochs, groups(right)) == (theirs.num_bad_epochs, groups(left))
