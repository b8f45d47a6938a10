"""How do users train with an optimizer, and step a schedule? torch's optimizer inputs (``optim_db``) and all its schedulers, as functions of the
user's own.

An optimizer's case trains a small model for five steps and returns losses and parameters; a scheduler's returns the rates of twelve epochs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import torch
from torch.testing._internal.common_optimizers import optim_db

from tests.conformance.forms import bindings, call, from_python

HEADER = """\
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim import lr_scheduler

"""
START = """\
with torch.no_grad():
    for number, parameter in enumerate(model.parameters()):
        parameter.copy_(torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape) / (number + 1))
"""
#: What the optimizer trains: Muon takes matrices only, SparseAdam gradients of embeddings only.
MODELS: Final[Mapping[str, str]] = {
    "linear": "model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))",
    "conv": "model = nn.Sequential(nn.Unflatten(1, (1, 1, 3)), nn.Conv2d(1, 2, (1, 2)), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))",
    "Muon": "model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False))",
    "SparseAdam": "model = nn.Sequential(nn.Embedding(5, 2, sparse=True), nn.Flatten())",
}
LOOPS: Final[Mapping[str, str]] = {
    "plain": """\
for step in range(5):
    optimizer.zero_grad()
    loss = F.mse_loss(model(a0), a1)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
""",
    "closure": """\
def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(model(a0), a1)
    loss.backward()
    return loss

for step in range(5):
    losses.append(optimizer.step(closure).item())
""",
    "one step": """\
def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(model(a0), a1)
    losses.append(loss.item())
    loss.backward()
    return loss

optimizer.step(closure)
""",
    "accumulated": """\
for step in range(6):
    loss = F.mse_loss(model(a0 / (step + 1)), a1) / 2
    loss.backward()
    if step % 2:
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
    losses.append(float(loss))
""",
    "taken up": """\
for step in range(5):
    optimizer.zero_grad(set_to_none=True)
    F.mse_loss(model(a0), a1).backward()
    optimizer.step()
    if step == 2:
        state = optimizer.state_dict()
        optimizer = {again}
        optimizer.load_state_dict(state)
""",
    "rate changed": """\
for step in range(5):
    for group in optimizer.param_groups:
        group["lr"] = 0.02 / (step + 1)
    optimizer.zero_grad()
    loss = F.mse_loss(model(a0), a1)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    losses.append(loss.detach())
""",
}
RESULT = "return losses, [parameter.detach() for parameter in model.parameters()]"
#: Constructors of each scheduler after the optimizer itself, several for those whose arguments choose a way to compute.
SCHEDULERS: Final[Mapping[str, Sequence[str]]] = {
    "LambdaLR": ["lambda epoch: 0.9 ** epoch", "lr_lambda=[lambda e: 1 / (1 + e), lambda e: 0.5 ** e]", "lambda e: min(1.0, (e + 1) / 4), last_epoch=-1"],
    "MultiplicativeLR": ["lr_lambda=lambda epoch: 0.95", "[lambda e: 0.9, lambda e: 0.8]"],
    "StepLR": ["3", "step_size=2, gamma=0.5"],
    "MultiStepLR": ["[2, 5, 9]", "milestones=[2, 2, 6], gamma=0.3", "milestones=(4, 8), gamma=0.1"],
    "ConstantLR": ["", "factor=0.25, total_iters=4"],
    "LinearLR": ["", "start_factor=0.2, end_factor=0.8, total_iters=6", "0.5, total_iters=4"],
    "ExponentialLR": ["0.9", "gamma=0.5"],
    "PolynomialLR": ["", "total_iters=7, power=2.0", "4, 0.5"],
    "CosineAnnealingLR": ["4", "T_max=6, eta_min=0.001", "10, 0.01"],
    "CosineAnnealingWarmRestarts": ["3", "T_0=2, T_mult=2, eta_min=1e-3"],
    "CyclicLR": [
        "0.01, 0.1", "base_lr=0.01, max_lr=0.1, step_size_up=3, step_size_down=2", "0.01, 0.1, 3, mode='triangular2'",
        "base_lr=[0.01, 0.02], max_lr=0.1, step_size_up=3, mode='exp_range', gamma=0.9", "0.01, 0.1, 3, scale_fn=lambda x: 1 / (5 ** x), cycle_momentum=False",
        "0.01, 0.1, 4, scale_fn=lambda x: 0.9 ** x, scale_mode='iterations', base_momentum=0.7",
    ],
    "OneCycleLR": [
        "0.1, total_steps=20", "max_lr=[0.1, 0.2], epochs=4, steps_per_epoch=5, three_phase=True, anneal_strategy='linear'",
        "0.5, 13, pct_start=0.5, cycle_momentum=False, div_factor=10.0, final_div_factor=100.0",
    ],
    "ReduceLROnPlateau": ["", "'max', patience=1, factor=0.5", "mode='min', factor=0.3, patience=0, threshold=0.05, threshold_mode='abs', cooldown=1, min_lr=[0.002, 0.001]"],
    "SequentialLR": [
        "[lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3), lr_scheduler.CosineAnnealingLR(optimizer, 10)], [3]",
        "schedulers=[lr_scheduler.ConstantLR(optimizer, 0.1, 2), lr_scheduler.ExponentialLR(optimizer, 0.9), lr_scheduler.StepLR(optimizer, 2)], milestones=[2, 6]",
    ],
    "ChainedScheduler": ["[lr_scheduler.ConstantLR(optimizer, 0.1, 2), lr_scheduler.ExponentialLR(optimizer, 0.9)]"],
}  # fmt: skip
GROUPS = """\
first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
optimizer = torch.optim.SGD([{"params": [first]}, {"params": [second], "lr": 0.05}], lr=0.1, momentum=0.9)
rates = []
"""
EPOCHS: Final[Mapping[str, str]] = {
    "plain": "for epoch in range(12):\n    optimizer.step()\n    scheduler.step({measure})\n    rates.append(scheduler.get_last_lr())\n",
    "from groups": "for epoch in range(12):\n    rates.append([(group['lr'], group['momentum']) for group in optimizer.param_groups])\n"
    "    optimizer.step()\n    scheduler.step({measure})\n",
    "taken up": "for epoch in range(12):\n    optimizer.step()\n    scheduler.step({measure})\n    if epoch == 5:\n        state = scheduler.state_dict()\n"
    "        held = [group['lr'] for group in optimizer.param_groups]\n        scheduler = {again}\n        scheduler.load_state_dict(state)\n"
    "        for group, rate in zip(optimizer.param_groups, held):\n            group['lr'] = rate\n    rates.append([group['lr'] for group in optimizer.param_groups])\n",
    "chained": "scheduler = lr_scheduler.ChainedScheduler([scheduler, lr_scheduler.ExponentialLR(optimizer, gamma=0.8)])\n"
    "for epoch in range(12):\n    optimizer.step()\n    scheduler.step()\n    rates.append(scheduler.get_last_lr())\n",
    "in sequence": "scheduler = lr_scheduler.SequentialLR(optimizer, [scheduler, lr_scheduler.ExponentialLR(optimizer, gamma=0.8)], milestones=[5])\n"
    "for epoch in range(12):\n    optimizer.step()\n    scheduler.step()\n    rates.append(optimizer.param_groups[0]['lr'])\n",
    "to an epoch": "for epoch in (0, 3, 5, 2, 11):\n    optimizer.step()\n    scheduler.step(epoch)\n    rates.append(scheduler.get_last_lr())\n",
}
#: A scheduler that takes up training at an epoch: the optimizer's groups hold their first rates, as after loading its state.
RESUMED = "for group in optimizer.param_groups:\n    group['initial_lr'] = 2 * group['lr']\n"
MEASURES = "(1.0, 0.9, 0.91, 0.92, 0.93, 0.5, 0.5, 0.5, 0.49, 0.6, 0.7, 0.8)[epoch]"


@dataclass(frozen=True, slots=True)
class Program:
    """One program: which form it is written in, and its body."""

    name: str
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The tensors of the programs of one constructor."""

    tensors: tuple[torch.Tensor, ...]
    made: str


def names() -> list[str]:
    """Every optimizer of ``optim_db`` and every scheduler."""
    return [*(f"optim.{name}" for name in sorted(_optimizers())), *(f"optim.lr_scheduler.{name}" for name in SCHEDULERS)]


def programs(name: str, limit: int | None) -> Iterator[tuple[Inputs, Program]]:
    """Every form of every constructor of an optimizer or scheduler; at most ``limit`` constructors, evenly spread."""
    base = name.rpartition(".")[2]
    scheduler = ".lr_scheduler." in name
    listed: Sequence[Any] = SCHEDULERS[base] if scheduler else [case.kwargs for case in _optimizers()[base].optim_inputs_func(device="cpu")]
    step = max(1, math.ceil(len(listed) / limit)) if limit else 1
    for constructor in listed[::step]:
        positional, keyword = _parsed(constructor) if scheduler else ((), tuple((k, _literal(v)) for k, v in constructor.items()))
        inputs = Inputs(() if scheduler else _tensors(base), f"{positional} {keyword}")
        seen = set()
        for program in (_scheduled if scheduler else _trained)(base, positional, keyword):
            if program.body not in seen:
                seen.add(program.body)
                yield inputs, program


@cache
def _optimizers() -> Mapping[str, Any]:
    return {info.optim_cls.__name__: info for info in optim_db}


def _trained(base: str, _: Sequence[str], keyword: Sequence[tuple[str, str]]) -> Iterator[Program]:
    model = MODELS.get(base, MODELS["linear"])
    given = ["model.parameters()"]
    usual = "one step" if _optimizers()[base].step_requires_closure else "plain"  # further steps of LBFGS magnify rounding

    def program(form: str, made: str, *, loop: str = usual, model: str = model, before: str = "") -> Program:
        text = f"{model}\n{START}{before}optimizer = {made}\nlosses = []\n{LOOPS[loop].replace('{again}', made)}{RESULT}"
        return Program(form, tuple(text.splitlines()))

    for form, path, positional, keywords, before in _written(f"torch.optim.{base}", given, keyword):
        yield program(form, call(path, positional, keywords), before=before)
    made = call(f"torch.optim.{base}", given, keyword)
    for loop in LOOPS if usual == "plain" else ():
        yield program(loop, made, loop=loop)
    yield program("list of parameters", call(f"torch.optim.{base}", ["[p for p in model.parameters() if p.requires_grad]"], keyword))
    if base not in MODELS and usual == "plain":
        yield program("convolution", made, model=MODELS["conv"])
    if base not in ("LBFGS", "SparseAdam"):
        groups = '[{"params": model[0].parameters()}, {"params": list(model[2].parameters()), "lr": 0.003}]'
        yield program("groups", call(f"torch.optim.{base}", [groups], keyword))
        added = 'optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.003})'
        yield program("group added", call(f"torch.optim.{base}", ["model[0].parameters()"], keyword) + f"\n{added}")
        yield program("named parameters", call(f"torch.optim.{base}", ["model.named_parameters()"], keyword))


def _scheduled(base: str, positional: Sequence[str], keyword: Sequence[tuple[str, str]]) -> Iterator[Program]:
    given = [*([] if base == "ChainedScheduler" else ["optimizer"]), *positional]
    measure = MEASURES if base == "ReduceLROnPlateau" else ""

    def program(form: str, made: str, *, epochs: str = "plain", before: str = "") -> Program:
        text = EPOCHS[epochs].replace("{again}", made).replace("{measure}", measure)
        return Program(form, tuple(f"{GROUPS}{before}scheduler = {made}\n{text}return rates".splitlines()))

    for form, path, positions, keywords, before in _written(f"torch.optim.lr_scheduler.{base}", given, keyword):
        yield program(form, call(path, positions, keywords), before=before)
    yield program("module alias", call(f"lr_scheduler.{base}", given, keyword))
    if "last_epoch" in inspect.signature(getattr(torch.optim.lr_scheduler, base)).parameters and base != "SequentialLR":
        resumed = [(name, value) for name, value in keyword if name != "last_epoch"]
        yield program("resumed", call(f"torch.optim.lr_scheduler.{base}", given, [*resumed, ("last_epoch", "2")]), before=RESUMED)
    for epochs in EPOCHS:
        if base != "ReduceLROnPlateau" or epochs in ("plain", "from groups", "taken up"):
            yield program(epochs, call(f"torch.optim.lr_scheduler.{base}", given, keyword), epochs=epochs)


def _written(
    path: str, given: Sequence[str], keyword: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, Sequence[str], Sequence[tuple[str, str]], str]]:
    """(form, callee, arguments, lines before) of a constructor's call."""
    package, _, base = path.rpartition(".")
    cls = getattr(torch.optim.lr_scheduler if "lr_scheduler" in path else torch.optim, base)
    yield "call", path, given, keyword, ""
    yield "package", path.removeprefix("torch."), given, keyword, ""
    yield "defining module", "defined", given, keyword, f"from {cls.__module__} import {base} as defined\n"
    yield "from import", "imported", given, keyword, f"from {package} import {base} as imported\n"
    for form, positional, keywords in bindings(given, keyword, from_python(inspect.signature(cls))):
        yield form, path, positional, keywords, ""
    yield "value", "make", given, keyword, f"make = {path}\n"
    options = ", ".join(f"{key}={value}" for key, value in keyword)
    yield "options", path, [*given, "**options"], (), f"options = dict({options})\n"
    yield "table", f"{{{base!r}: {path}}}[{base!r}]", given, keyword, ""


def _tensors(base: str) -> tuple[torch.Tensor, ...]:
    if base == "SparseAdam":
        return torch.tensor([[0, 2], [4, 2]]), torch.linspace(-1, 1, 8).reshape(2, 4)
    return torch.linspace(-1, 1, 12).reshape(4, 3).sin(), torch.linspace(1, -1, 8).reshape(4, 2)


def _literal(value: Any) -> str:
    return f"torch.tensor({value.item():.6g})" if isinstance(value, torch.Tensor) else repr(value)


def _parsed(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    from tests.conformance.modules import parsed

    sample = parsed(text)
    return sample.positional, sample.keyword
