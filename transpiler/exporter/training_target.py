"""The port's side of a training comparison: runs the ported script under MindSpore, starting from the original's parameters and drawing its random
numbers.

Optimizers and models are met in the same order on both sides, and their parameters too; a parameter takes the original's values where it has as many.
Runs in a process of its own.
"""

from __future__ import annotations

import importlib
import inspect
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from transpiler.exporter.processes import Message, serve
from transpiler.exporter.training_run import NUMPY_DRAWS, Finished, Journal, run_training
from transpiler.support.assemble import MODULE_NAMES

_OPS = ("randn", "rand", "randint", "randn_like", "rand_like", "bernoulli", "multinomial", "randperm")
#: Cells of the support module that run the user's model, and are none themselves.
_AROUND_MODELS = ("TrainStep", "Evaluation")
_DROPOUTS = ("drop", "alpha_drop", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")


def work(request: Message) -> Message:
    """Run the port for some steps."""
    random.seed(request["seed"])
    np.random.seed(request["seed"])
    mindspore.set_seed(request["seed"])
    mindspore.runtime.launch_blocking()  # errors where they happen; and for small operators waiting costs less than handing over
    folder = Path(request["entry"]["root"])
    sys.path.insert(0, str(folder if folder.is_dir() else folder.parent))
    follower = _Follower(request["steps"], Journal.load(request["journal"]), Journal())
    follower.install(_support_module())
    run_training(request)
    return follower.answer(Path(request["folder"]))


def _support_module() -> Any:
    """The support module of the port; None where it needs none."""
    try:
        return importlib.import_module(MODULE_NAMES["mindspore"])
    except ModuleNotFoundError:
        return None


class _Follower:
    """Makes one run follow the original's."""

    def __init__(self, steps: int, original: Journal, journal: Journal) -> None:
        self._left, self._original, self._journal = steps, original, journal
        self._starts = {kind: [s for k, s in original.starts if k == kind] for kind in ("optimizer", "module")}
        self._optimizers: list[Any] = []
        self._started: set[int] = set()
        self._stream = 0
        self._depth = 0
        self._is_drawing = False
        self._library: tuple[str, ...] = (str(Path(mindspore.__file__).parent),)

    def install(self, support: Any) -> None:
        """Put the hooks in place, before the user's files are imported."""
        self._watch_models(tuple(getattr(support, name) for name in _AROUND_MODELS if hasattr(support, name)))
        for name in _OPS:
            if hasattr(ops, name):
                setattr(ops, name, self._replayed(name, getattr(ops, name)))
        for name in NUMPY_DRAWS:
            setattr(np.random, name, self._replayed_numpy(name, getattr(np.random, name)))
        _without_dropout(support)
        if support is not None:
            self._library = (*self._library, str(support.__file__))
            self._watch_support(support)

    def answer(self, folder: Path) -> Message:
        """What was recorded."""
        for optimizer in self._optimizers:
            self._journal.final += [parameter.asnumpy() for parameter in optimizer.parameters]
        left = [f"{name}{list(shape)}" for (name, shape), values in self._original.draws.items() if values and name[-1] != "_"]
        if left and self._left <= 0:
            self._journal.notes.append(f"the original drew random numbers that the port did not: {', '.join(left[:5])}")
        return self._journal.save(folder, "target")

    def _watch_support(self, support: Any) -> None:
        names = {name.rpartition(".")[2] if "." not in name else name for name, _ in self._original.draws}
        for name in names:
            owner, _, method = name.rpartition(".")
            place = getattr(support, owner, None) if owner else support
            if place is not None and hasattr(place, method):
                setattr(place, method, self._replayed(name, getattr(place, method)))
            elif not owner and hasattr(support, f"tensor_{name}"):
                setattr(support, f"tensor_{name}", self._replayed(name, getattr(support, f"tensor_{name}")))
        if hasattr(support, "Optimizer"):
            self._watch_optimizers(support.Optimizer)
        if hasattr(support, "accumulate_grads"):
            self._watch_losses(support)
        if hasattr(support, "backward"):
            self._watch_recorded(support)
        if hasattr(support, "DataLoader"):
            self._watch_loaders(support.DataLoader)
        if hasattr(support, "random_split"):
            support.random_split = self._in_step(support.random_split)
        if hasattr(support, "GradScaler"):
            scaler = support.GradScaler.__init__
            support.GradScaler.__init__ = lambda self, *args, **kwargs: scaler(self, *args[:5], **{**kwargs, "enabled": False})

    def _watch_optimizers(self, cls: Any) -> None:
        original, follower = cls.__init__, self

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if not any(self is known for known in follower._optimizers):
                follower._optimizers.append(self)
                follower._start("optimizer", list(self.parameters))

        cls.__init__ = __init__
        for subclass in _all_subclasses(cls):
            if "step" in vars(subclass):
                subclass.step = self._counted(subclass.step)
        cls.step = self._counted(cls.step)
        follow_subclass = cls.__init_subclass__

        def __init_subclass__(subclass: Any, **kwargs: Any) -> None:  # optimizers that the user's files define
            follow_subclass(**kwargs)
            if "step" in vars(subclass):
                subclass.step = follower._counted(subclass.step)

        cls.__init_subclass__ = classmethod(__init_subclass__)  # type: ignore[arg-type]

    def _counted(self, original: Callable[..., Any]) -> Callable[..., Any]:
        inside = False

        def step(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            outermost, inside = not inside, True
            try:
                result = original(optimizer, *args, **kwargs)
            finally:
                inside = not outermost
            if outermost:
                self._journal.step()
                self._left -= 1
                if self._left == 0:
                    raise Finished
            return result

        return step

    def _start(self, kind: str, parameters: list[Parameter]) -> None:
        if kind != "optimizer" and all(id(parameter) in self._started for parameter in parameters):
            return
        starts = self._starts[kind]
        if not starts:
            self._journal.notes.append(f"the port has more {kind}s than the original")
            return
        values = starts.pop(0)
        if len(values) != len(parameters) or any(v.size != p.size for v, p in zip(values, parameters, strict=False)):
            self._journal.notes.append(
                f"the parameters of one {kind} do not correspond: {len(values)} in the original, {len(parameters)} here"
            )
            return
        for parameter, value in zip(parameters, values, strict=True):
            if id(parameter) not in self._started:
                self._started.add(id(parameter))
                parameter.set_data(Tensor(np.ascontiguousarray(value.reshape(parameter.shape)), parameter.dtype))

    def _watch_losses(self, support: Any) -> None:
        original = support.accumulate_grads

        def accumulate_grads(parameters: Any, grads: Any, loss: Any = None, *args: Any, **kwargs: Any) -> Any:
            if loss is not None:
                self._lost(loss)
            return original(parameters, grads, loss, *args, **kwargs)

        support.accumulate_grads = accumulate_grads

    def _watch_recorded(self, support: Any) -> None:
        original = support.backward

        def backward(tensor: Tensor, *args: Any, **kwargs: Any) -> None:
            self._lost(tensor)
            original(tensor, *args, **kwargs)

        support.backward = backward

    def _lost(self, loss: Tensor) -> None:
        self._journal.losses.append(float(np.sum(loss.asnumpy().astype(np.float64))))

    def _watch_models(self, around: tuple[type, ...]) -> None:
        original, follower = nn.Cell.__call__, self

        def __call__(self: nn.Cell, *args: Any, **kwargs: Any) -> Any:
            if hasattr(self, "param_groups") or isinstance(self, around):
                return original(self, *args, **kwargs)
            if follower._depth == 0 and any(True for _ in self.get_parameters()):
                follower._start("module", [p for p in self.get_parameters() if not _is_buffer(self, p)])
                follower._journal.called([a.asnumpy() for a in args if isinstance(a, Tensor)])
            follower._depth += 1
            try:
                return original(self, *args, **kwargs)
            finally:
                follower._depth -= 1

        nn.Cell.__call__ = __call__

    def _replayed(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """``original`` with the numbers that the original script drew, where it drew some of this shape."""

        def draw(*args: Any, **kwargs: Any) -> Any:
            if self._is_drawing:  # one random function may use another
                return original(*args, **kwargs)
            self._is_drawing = True
            try:
                drawn = original(*args, **kwargs)
            finally:
                self._is_drawing = False
            waiting = self._original.draws.get((name, tuple(drawn.shape))) if isinstance(drawn, Tensor) else None
            if not waiting or kwargs.get("generator") is not None:
                return drawn
            values = Tensor(waiting.pop(0)).astype(drawn.dtype)
            if name.endswith("_"):
                drawn.copy_(values)
                return drawn
            return values

        return draw

    def _replayed_numpy(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """As ``_replayed``, for what the user's own code asks NumPy for; the support module and MindSpore draw on."""

        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = original(*args, **kwargs)
            waiting = self._original.draws.get((f"numpy.{name}", np.shape(drawn)))
            if not waiting or sys._getframe(1).f_code.co_filename.startswith(self._library):
                return drawn
            values = waiting.pop(0)
            return values if isinstance(drawn, np.ndarray) else type(drawn)(values.item())

        return draw

    def _watch_loaders(self, cls: Any) -> None:
        init, iterate, follower = cls.__init__, cls.__iter__, self

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            kwargs |= {key: value for key, value in (("num_workers", 0), ("prefetch_factor", None)) if key in kwargs}
            kwargs |= {"persistent_workers": False} if "persistent_workers" in kwargs else {}
            init(self, *args, **kwargs)

        def __iter__(self: Any) -> Iterator[Any]:
            items = iter(follower._in_step(iterate)(self))
            take = follower._in_step(lambda: next(items))
            return iter(_Items(take))

        cls.__init__, cls.__iter__ = __init__, __iter__

    def _in_step(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """``act`` after the generators were set to where the original's stood."""

        def run(*args: Any, **kwargs: Any) -> Any:
            own, is_users = np.random.get_state(), True
            if self._stream < len(self._original.streams):
                words, python, is_users = self._original.streams[self._stream]
                np.random.set_state(("MT19937", words[:624], int(words[624]), 0, 0.0))
                random.setstate(python)
            self._stream += 1
            try:
                return act(*args, **kwargs)
            finally:
                if not is_users:  # the original took torch's numbers here, and left numpy's for the script
                    np.random.set_state(own)

        return run


class _Items:
    """An iterator over what a function gives."""

    def __init__(self, take: Callable[[], Any]) -> None:
        self._take = take

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._take()


def _is_buffer(cell: nn.Cell, parameter: Parameter) -> bool:
    """Whether a parameter of the port is a buffer of the original: running statistics, and what was registered as one."""
    name = parameter.name.rpartition(".")[2]
    return name.startswith(("moving_mean", "moving_variance", "running_", "num_batches")) or any(
        getattr(owner, kept, None) is parameter
        for _, owner in cell.cells_and_names()
        for kept in owner.__dict__.get("persistent_buffers", ())
    )


def _all_subclasses(cls: Any) -> Iterator[Any]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _all_subclasses(subclass)


def _without_dropout(support: Any) -> None:
    def same(first: Any, *args: Any, **kwargs: Any) -> Any:
        return first

    def construct(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
        return first

    for name in ("dropout", "dropout1d", "dropout2d", "dropout3d"):
        setattr(ops, name, same)
    for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"):
        getattr(nn, name).construct = construct
    for name, value in list(vars(support).items()) if support is not None else ():
        if name in _DROPOUTS:
            setattr(support, name, same)
        elif isinstance(value, type) and "Dropout" in name and hasattr(value, "construct"):
            value.construct = construct
        elif inspect.isfunction(value) and "dropout_p" in inspect.signature(value).parameters:
            setattr(support, name, _undropped(value))


def _undropped(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with ``dropout_p=0``."""
    signature = inspect.signature(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.arguments["dropout_p"] = 0.0
        return function(*bound.args, **bound.kwargs)

    return call


if __name__ == "__main__":
    serve(work, sys.argv[1:])
