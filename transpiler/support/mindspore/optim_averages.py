"""torch.optim.swa_utils: averages of a model's weights over its training, and the learning rate that goes with them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import mindspore
from mindspore import Tensor, nn, ops

from .lr_scheduler import LRScheduler
from .nn_module import buffers, named_modules, parameters, register_buffer


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """A function that gives ``decay * average + (1 - decay) * value`` (torch.optim.swa_utils.get_ema_avg_fn)."""
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """A function that gives the plain average of all values so far (torch.optim.swa_utils.get_swa_avg_fn)."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def _for_each(function: Callable[[Tensor, Tensor, Any], Tensor]) -> Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]:
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], num_averaged: Any) -> None:
        with mindspore._no_grad():
            for average, value in zip(averages, values, strict=True):
                average.copy_(function(average, value, num_averaged).astype(average.dtype))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]:
    """``get_ema_avg_fn`` for lists of tensors, changed in place (torch.optim.swa_utils.get_ema_multi_avg_fn)."""
    return _for_each(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]:
    """``get_swa_avg_fn`` for lists of tensors, changed in place (torch.optim.swa_utils.get_swa_multi_avg_fn)."""
    return _for_each(get_swa_avg_fn())


class AveragedModel(nn.Cell):
    """A copy of a model whose parameters are averages of the model's (torch.optim.swa_utils.AveragedModel)."""

    def __init__(
        self,
        model: nn.Cell,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Sequence[Tensor], Sequence[Tensor], Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        register_buffer(self, "n_averaged", Tensor(0, mindspore.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers
        self.set_train()

    def construct(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged copy computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: nn.Cell) -> None:
        """Takes the model's present parameters into the averages; buffers are copied unless they are averaged too."""
        with mindspore._no_grad():
            averages, values = (list(self._averaged(owner)) for owner in (self.module, model))
            count = int(self.n_averaged.asnumpy())
            if count == 0:
                _for_each(lambda average, value, number: value)(averages, values, count)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn(averages, values, self.n_averaged)
            else:
                _for_each(self.avg_fn or get_swa_avg_fn())(averages, values, self.n_averaged)
            if not self.use_buffers:
                _for_each(lambda average, value, number: value)(list(buffers(self.module)), list(buffers(model)), count)
            self.n_averaged.copy_(self.n_averaged + 1)

    def _averaged(self, owner: nn.Cell) -> Iterable[Tensor]:
        return chain(parameters(owner), buffers(owner)) if self.use_buffers else parameters(owner)


class _Statistics:
    """The running statistics of one batch normalisation, as plain averages over batches."""

    def __init__(self, layer: nn.Cell) -> None:
        self.layer = layer
        self.mean, self.variance = ops.zeros_like(layer.moving_mean), ops.zeros_like(layer.moving_variance)

    def before(self) -> None:
        """Forgets what earlier batches left, so that the layer keeps its share of the next batch alone."""
        self.layer.moving_mean.copy_(ops.zeros_like(self.mean))
        self.layer.moving_variance.copy_(ops.zeros_like(self.variance))

    def after(self, number: int) -> None:
        """Takes the batch into the averages."""
        share = self.layer.momentum
        self.mean = self.mean + (self.layer.moving_mean / share - self.mean) / number
        self.variance = self.variance + (self.layer.moving_variance / share - self.variance) / number

    def keep(self, is_empty: bool) -> None:
        """Leaves the averages in the layer; without a batch, what a new layer has."""
        self.layer.moving_mean.copy_(self.mean)
        self.layer.moving_variance.copy_(ops.ones_like(self.variance) if is_empty else self.variance)


def update_bn(loader: Iterable[Any], model: nn.Cell, device: Any = None) -> None:
    """Computes the running statistics of a model's batch normalisations anew, over the batches of a loader (torch.optim.swa_utils.update_bn)."""
    layers = [cell for _, cell in named_modules(model) if isinstance(cell, (nn.BatchNorm1d, nn.BatchNorm2d))]
    if not layers:
        return
    modes = [(cell, cell.training) for _, cell in named_modules(model)]
    statistics = [_Statistics(layer) for layer in layers]
    model.set_train()
    number = 0
    with mindspore._no_grad():
        for number, batch in enumerate(loader, 1):
            for each in statistics:
                each.before()
            model(batch[0] if isinstance(batch, (list, tuple)) else batch)
            for each in statistics:
                each.after(number)
        for each in statistics:
            each.keep(number == 0)
    for cell, mode in modes:
        cell.training = mode


class SWALR(LRScheduler):
    """Moves each group's rate to ``swa_lr`` over some epochs and keeps it there (torch.optim.swa_utils.SWALR)."""

    def __init__(self, optimizer: Any, swa_lr: Any, anneal_epochs: int = 10, anneal_strategy: str = "cos", last_epoch: int = -1) -> None:
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(
                f"swa_lr must have the same length as optimizer.param_groups: swa_lr has {len(rates)}, optimizer has {len(groups)}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, groups, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _weight(self, step: int) -> float:
        """How far the rates have moved: 0 at first, 1 at the end."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return done if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * done)) / 2

    def get_lr(self) -> list[Any]:
        """weight * swa_lr + (1 - weight) * rate before the annealing."""
        step = self._step_count - 1 if self.anneal_epochs else max(1, self._step_count - 1)
        before, weight = self._weight(step - 1), self._weight(step)
        rates = []
        for group in self.optimizer.param_groups:
            first = group["swa_lr"] if before == 1 else (group["lr"] - before * group["swa_lr"]) / (1 - before)
            rates.append(group["swa_lr"] * weight + first * (1 - weight))
        return rates
