"""The original's side of a training comparison: runs the user's script under torch and records what the port needs to do the same, and what came out.

Recorded are the parameters that each optimizer and each model starts with, the losses on which ``backward`` is called, the inputs of the models, the
numbers that the script draws at random, and the parameters after the last step. Dropout and loss scaling are switched off. Runs in a process of its
own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils import data as torch_data

from transpiler.exporter.processes import Message, serve
from transpiler.exporter.training_run import NUMPY_DRAWS, Finished, Journal, run_training

_PACKAGE = str(Path(torch.__file__).parent)
_DRAWS = (
    "randn",
    "rand",
    "randint",
    "randn_like",
    "rand_like",
    "randint_like",
    "normal",
    "randperm",
    "bernoulli",
    "multinomial",
    "poisson",
)
_FILLS = ("normal_", "uniform_", "random_", "bernoulli_", "exponential_", "cauchy_", "log_normal_", "geometric_")
_ROUNDING = 1e-6


def work(request: Message) -> Message:
    """Run the script for some steps."""
    random.seed(request["seed"])
    np.random.seed(request["seed"])
    torch.manual_seed(request["seed"])
    recorder = _Recorder(request["steps"], request["perturb"], Journal())
    recorder.install()
    run_training(request)
    return recorder.answer(Path(request["folder"]))


class _Recorder:
    """Watches one run."""

    def __init__(self, steps: int, perturb: bool, journal: Journal) -> None:
        self._left, self._perturb, self._journal = steps, perturb, journal
        self._optimizers: list[torch.optim.Optimizer] = []
        self._started: set[int] = set()
        self._names: dict[int, str] = {}
        self._depth = 0

    def install(self) -> None:
        """Put the hooks in place."""
        _without_dropout()
        self._watch_optimizers()
        self._watch_losses()
        self._watch_models()
        self._watch_draws()
        self._watch_loaders()

    def answer(self, folder: Path) -> Message:
        """What was recorded; the arrays go to files in ``folder``."""
        names = []
        for number, optimizer in enumerate(self._optimizers):
            for index, parameter in enumerate(_parameters(optimizer)):
                names.append(self._names.get(id(parameter), f"optimizer {number}, parameter {index}"))
                self._journal.final.append(_array(parameter))
        return {**self._journal.save(folder, "source"), "names": names}

    def _watch_optimizers(self) -> None:
        original, recorder = torch.optim.Optimizer.__init__, self

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if not any(self is known for known in recorder._optimizers):
                recorder._optimizers.append(self)
                recorder._start("optimizer", _parameters(self))

        torch.optim.Optimizer.__init__ = __init__
        register_optimizer_step_post_hook(lambda *_: self._stepped())

    def _start(self, kind: str, parameters: list[torch.Tensor]) -> None:
        """Records initial values; those that were recorded before are known."""
        new = [parameter for parameter in parameters if id(parameter) not in self._started]
        self._started.update(id(parameter) for parameter in new)
        if not new and kind != "optimizer":
            return
        if self._perturb:
            generator = torch.Generator().manual_seed(1)
            for parameter in new:
                if parameter.is_floating_point():
                    parameter.data.mul_(1 + _ROUNDING * torch.randn(parameter.shape, generator=generator).to(parameter.dtype))
        self._journal.starts.append((kind, [_array(parameter) for parameter in parameters]))

    def _stepped(self) -> None:
        self._journal.step()
        self._left -= 1
        if self._left == 0:
            raise Finished

    def _watch_losses(self) -> None:
        original = torch.autograd.backward

        def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
            listed = [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)
            self._journal.losses.append(float(sum(float(t.detach().double().sum()) for t in listed)))
            original(tensors, *args, **kwargs)

        torch.autograd.backward = backward

    def _watch_models(self) -> None:
        original, recorder = nn.Module.__call__, self

        def __call__(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if recorder._depth == 0 and any(True for _ in self.parameters()):
                recorder._start("module", list(self.parameters()))
                recorder._names |= {id(p): name for name, p in self.named_parameters() if id(p) not in recorder._names}
                recorder._journal.called([_array(a) for a in args if torch.is_tensor(a)])
            recorder._depth += 1
            try:
                return original(self, *args, **kwargs)
            finally:
                recorder._depth -= 1

        nn.Module.__call__ = __call__

    def _watch_draws(self) -> None:
        for name in _DRAWS:
            setattr(torch, name, self._recorded(name, getattr(torch, name)))
        for name in _FILLS:
            setattr(torch.Tensor, name, self._recorded(name, getattr(torch.Tensor, name)))
        for name in ("multinomial", "bernoulli"):
            setattr(torch.Tensor, name, self._recorded(name, getattr(torch.Tensor, name)))
        for cls in vars(torch.distributions).values():
            if isinstance(cls, type) and issubclass(cls, torch.distributions.Distribution) and "sample" in vars(cls):
                setattr(cls, "sample", self._recorded(f"{cls.__name__}.sample", vars(cls)["sample"]))  # noqa: B010
        for name in NUMPY_DRAWS:
            setattr(np.random, name, self._recorded_numpy(name, getattr(np.random, name)))
        from torch.distributions import normal

        normal._standard_normal = self._recorded("randn", normal._standard_normal, everywhere=True)

    def _recorded(self, name: str, original: Callable[..., Any], *, everywhere: bool = False) -> Callable[..., Any]:
        """``original``, writing down what it gives to the user's own code."""

        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = original(*args, **kwargs)
            users = not sys._getframe(1).f_code.co_filename.startswith(_PACKAGE)
            if (users or everywhere) and kwargs.get("generator") is None and torch.is_tensor(drawn) and drawn.layout == torch.strided:
                self._journal.drew(name, _array(drawn))
            return drawn

        return draw

    def _recorded_numpy(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = original(*args, **kwargs)
            if not sys._getframe(1).f_code.co_filename.startswith(_PACKAGE):
                self._journal.drew(f"numpy.{name}", np.array(drawn))
            return drawn

        return draw

    def _watch_loaders(self) -> None:
        init, iterate, split = torch_data.DataLoader.__init__, torch_data.DataLoader.__iter__, torch_data.random_split
        journal = self._journal

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            kwargs |= {key: value for key, value in (("num_workers", 0), ("prefetch_factor", None)) if key in kwargs}
            kwargs |= {"persistent_workers": False} if "persistent_workers" in kwargs else {}
            init(self, *args, **kwargs)

        def __iter__(self: Any) -> Any:
            return _Items(_in_step(journal, lambda: iterate(self)), journal)

        def random_split(*args: Any, **kwargs: Any) -> Any:
            return _in_step(journal, lambda: split(*args, **kwargs))

        torch_data.DataLoader.__init__ = __init__
        torch_data.DataLoader.__iter__ = __iter__
        torch_data.random_split = torch_data.dataset.random_split = random_split


class _Items:
    """A loader's iterator whose random numbers are recorded."""

    def __init__(self, items: Any, journal: Journal) -> None:
        self._items, self._journal = items, journal

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._items)

    def __next__(self) -> Any:
        return _in_step(self._journal, lambda: next(self._items))


def _in_step(journal: Journal, act: Callable[[], Any]) -> Any:
    """Does what the data pipeline does at random, after writing down where its stream of numbers stands: torch's where that moves, else numpy's."""
    before, numbers, python = torch.get_rng_state(), np.random.get_state(legacy=True), random.getstate()
    place = len(journal.streams)
    journal.streams.append((_stream(before), python, False))
    try:
        return act()
    finally:
        if torch.equal(before, torch.get_rng_state()):
            words = np.append(np.asarray(numbers[1], np.uint32), np.uint32(numbers[2]))  # type: ignore[index]
            journal.streams[place] = (words, python, True)


def _stream(state: torch.Tensor) -> np.ndarray[Any, Any]:
    """torch's generator state as numpy's: 624 words and the position among them."""
    raw = state.numpy().tobytes()
    left, following = int(np.frombuffer(raw, np.int32, 1, 8)[0]), int(np.frombuffer(raw, np.uint64, 1, 16)[0])
    words = np.frombuffer(raw, np.uint64, 624, 24).astype(np.uint32)
    return np.append(words, np.uint32(624 if left == 1 else following))


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    tensor = tensor.detach().cpu().resolve_conj()
    return np.array((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())


def _without_dropout() -> None:
    def same(input: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return input

    for name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"):
        setattr(functional, name, same)
    torch.dropout = same
    attention = functional.scaled_dot_product_attention

    def without(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, *args: Any, **kwargs: Any) -> Any:
        return attention(query, key, value, attn_mask, 0.0, *args, **kwargs)

    functional.scaled_dot_product_attention = without
    init = nn.RNNBase.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.dropout = 0.0

    nn.RNNBase.__init__ = __init__
    scaler = torch.amp.GradScaler.__init__

    def disabled(self: Any, *args: Any, **kwargs: Any) -> None:
        scaler(self, *args[:5], **{**kwargs, "enabled": False})

    torch.amp.GradScaler.__init__ = disabled


if __name__ == "__main__":
    serve(work, sys.argv[1:])
