"""``DataLoader.as_dataset``: a mindspore.dataset pipeline with the loader's batches in the loader's order."""

from __future__ import annotations

import time
from typing import Any

import mindspore
import numpy as np
import pytest
import torch

from transpiler.support.mindspore.data_loading import DataLoader
from transpiler.support.mindspore.data_random import Generator
from transpiler.support.mindspore.data_sets import IterableDataset
from transpiler.support.mindspore.optim import SGD
from transpiler.support.mindspore.training_model import Model


class Records:
    """Arrays, numbers and tensors."""

    def __init__(self, count: int, seconds: float = 0.0) -> None:
        self.count, self.seconds = count, seconds

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        time.sleep(self.seconds)
        return np.full((3,), index, np.float32), index, index / 2


class Tensors(Records):
    """Inputs and labels."""

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return mindspore.Tensor(np.full((3,), index / 10, np.float32)), mindspore.Tensor(np.float32(index))


def rows(batches: Any) -> list[list[np.ndarray[Any, Any]]]:
    return [[column.asnumpy() for column in batch] for batch in batches]


@pytest.mark.parametrize(
    "options", [{}, {"drop_last": True}, {"shuffle": True}, {"shuffle": True, "num_workers": 2}, {"sampler": [5, 3, 8, 1, 0]}]
)
def test_batches_are_the_loaders(options: dict[str, Any]) -> None:
    """Over two epochs, with values and dtypes."""
    plain = DataLoader(Records(11), batch_size=4, generator=Generator().manual_seed(7), **options)
    loader = DataLoader(Records(11), batch_size=4, generator=Generator().manual_seed(7), **options)
    iterator = loader.as_dataset().create_tuple_iterator(num_epochs=2)
    for _ in range(2):
        expected, found = rows(plain), rows(iterator)
        assert len(found) == len(expected) == len(plain)
        for one, other in zip(found, expected, strict=True):
            for column, target in zip(one, other, strict=True):
                assert column.dtype == target.dtype
                np.testing.assert_array_equal(column, target)


def test_the_order_is_torchs() -> None:
    expected = torch.utils.data.DataLoader(Records(11), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(7))
    loader = DataLoader(Records(11), batch_size=4, shuffle=True, generator=Generator().manual_seed(7))
    found = [batch[1].asnumpy().tolist() for batch in loader.as_dataset().create_tuple_iterator(num_epochs=1)]
    assert found == [batch[1].tolist() for batch in expected]


def test_processes_load_side_by_side() -> None:
    """128 items of 20 ms each."""
    taken = []
    for workers in (0, 2):
        dataset = DataLoader(Records(128, 0.02), batch_size=8, num_workers=workers).as_dataset()
        start = time.perf_counter()
        assert sum(1 for _ in dataset.create_tuple_iterator(num_epochs=1)) == 16
        taken.append(time.perf_counter() - start)
    assert taken[1] < 0.8 * taken[0]


def test_a_model_trains_on_it() -> None:
    """The same losses as on the loader."""
    losses: list[list[float]] = []
    for convert in (lambda loader: loader, lambda loader: loader.as_dataset(["inputs", "labels"])):
        network = mindspore.nn.Dense(3, 1, weight_init="ones", bias_init="zeros")
        seen: list[float] = []
        model = Model(network, lambda output, label: ((output.squeeze(-1) - label) ** 2).mean(), SGD(network.trainable_params(), lr=0.01))
        note = mindspore.train.LambdaCallback(
            on_train_step_end=lambda context, seen=seen: seen.append(context.original_args().net_outputs.item())
        )
        model.train(2, convert(DataLoader(Tensors(10), batch_size=5)), callbacks=[note])
        losses.append(seen)
    assert len(losses[0]) == 4
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


def test_what_columns_cannot_carry() -> None:
    class Stream(IterableDataset[int]):
        pass

    class Named(Records):
        def __getitem__(self, index: int) -> Any:
            return {"x": index}

    for loader in (
        DataLoader(Stream()),
        DataLoader(Records(3), collate_fn=list),
        DataLoader(Records(3), batch_size=None),
        DataLoader(Named(3)),
    ):
        with pytest.raises(ValueError, match="as_dataset needs"):
            loader.as_dataset()
