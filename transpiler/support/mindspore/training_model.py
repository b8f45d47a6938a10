"""mindspore.train.Model for torch's training loops: the same batches, gradients in ``parameter.grad``, torch's optimizers.

MindSpore's own training step accepts its own optimizers alone, whose arithmetic differs from torch's, and its data sets run in threads of their own.
Here the step is what a torch loop does, and a loader's batches are taken one by one in the program's own order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mindspore
from mindspore import Tensor, nn

from .training import accumulate_grads, value_and_grad


class _LossFunction(nn.Cell):
    """A loss function as a cell."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def construct(self, outputs: Any, target: Any) -> Any:
        """The function's value."""
        return self.function(outputs, target)


class TrainStep(nn.Cell):
    """One step: ``zero_grad``, forward, backward, ``before_step`` (clipping, say), ``step``; gives the loss. ``outputs``: the network's last ones."""

    def __init__(self, network: nn.Cell, loss_fn: Callable[..., Tensor], optimizer: Any, before_step: Callable[[], Any] | None) -> None:
        super().__init__(auto_prefix=False)
        self.before_step = before_step
        self.last: list[Any] = []
        self.network = network
        self.loss_fn = loss_fn
        self.optimizer = optimizer

    def set_train(self, mode: bool = True) -> TrainStep:
        """The network's own mode."""
        self.network.set_train(mode)
        return self

    def construct(self, inputs: Any, target: Any) -> Tensor:
        """The loss of a batch before the step."""
        self.optimizer.zero_grad()
        loss, grads = value_and_grad(lambda: self.loss_fn(self.run_network(inputs), target), self.optimizer.parameters)
        accumulate_grads(self.optimizer.parameters, grads, loss)
        if self.before_step is not None:
            self.before_step()
        self.optimizer.step()
        return mindspore.ops.stop_gradient(loss)

    def run_network(self, inputs: Any) -> Any:
        """The network's outputs, which are kept."""
        self.last[:] = [self.network(inputs)]
        return self.last[0]

    @property
    def outputs(self) -> Any:
        """What the network gave for the last batch."""
        return self.last[0]


class Evaluation(nn.Cell):
    """A loss (0 where there is no loss function), the outputs and the labels of a batch."""

    def __init__(self, network: nn.Cell, loss_fn: Callable[..., Tensor] | None) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.loss_fn = loss_fn

    def set_train(self, mode: bool = True) -> Evaluation:
        """The network's own mode."""
        self.network.set_train(mode)
        return self

    def construct(self, inputs: Any, target: Any) -> tuple[Any, Any, Any]:
        """What metrics and callbacks read."""
        outputs = self.network(inputs)
        loss = mindspore.Tensor(0.0) if self.loss_fn is None else self.loss_fn(outputs, target)
        return loss, outputs, target


class Batches:
    """A loader as ``mindspore.train.Model`` wants its data sets: counted, and begun anew for every epoch."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._running: Iterator[Any] | None = None

    def get_dataset_size(self) -> int:
        """Number of batches."""
        return len(self._loader)

    def create_tuple_iterator(self, num_epochs: int = -1, do_copy: bool = False) -> Batches:
        """The batches, epoch after epoch."""
        return self

    def reset(self) -> None:
        """The next batch is an epoch's first."""
        self._running = None

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> tuple[Any, ...]:
        if self._running is None:
            self._running = iter(self._loader)
        try:
            return tuple(next(self._running))
        except StopIteration:
            self._running = None
            raise


class Model(mindspore.train.Model):
    """mindspore.train.Model of a network, its loss function and one of torch's optimizers; ``train`` and ``eval`` take torch's loaders.
    ``before_step`` is called between the backward pass and the optimizer's step."""

    def __init__(
        self,
        network: nn.Cell,
        loss_fn: Callable[..., Tensor] | None = None,
        optimizer: Any = None,
        metrics: dict[str, Any] | None = None,
        before_step: Callable[[], Any] | None = None,
        **options: Any,
    ) -> None:
        loss = loss_fn if loss_fn is None or isinstance(loss_fn, nn.Cell) else _LossFunction(loss_fn)
        if metrics is not None:
            options |= {"eval_network": Evaluation(network, loss), "eval_indexes": [0, 1, 2]}
        super().__init__(network, loss, None, metrics, **options)
        if optimizer is not None and loss is not None:
            self._train_network = TrainStep(network, loss, optimizer, before_step)

    def train(self, epoch: int, train_dataset: Any, callbacks: Any = None, **options: Any) -> None:
        """Goes through a loader ``epoch`` times, in training mode."""
        options.setdefault("dataset_sink_mode", False)
        given = callbacks if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
        mode = mindspore.train.LambdaCallback(on_train_epoch_begin=lambda run_context: self.train_network.set_train())
        super().train(epoch, _batches(train_dataset), [mode, *given], **options)

    def eval(self, valid_dataset: Any, callbacks: Any = None, **options: Any) -> dict[str, Any]:
        """The metrics over a loader, in evaluation mode and without gradients."""
        options.setdefault("dataset_sink_mode", False)
        with mindspore._no_grad():
            result: dict[str, Any] = super().eval(_batches(valid_dataset), callbacks, **options)
        return result


def _batches(data: Any) -> Any:
    return data if hasattr(data, "create_tuple_iterator") else Batches(data)


class Accuracy(mindspore.train.Accuracy):
    """mindspore.train.Accuracy with its counts: how many labels the largest output is right for, and how many samples there were."""

    def clear(self) -> None:
        """Counts from zero."""
        super().clear()
        self.total = 0

    def update(self, *inputs: Any) -> None:
        """Takes in the outputs and the labels of a batch."""
        super().update(*inputs)
        self.total += len(inputs[1])

    @property
    def correct(self) -> int:
        """Right answers so far."""
        return int(self._correct_num)
