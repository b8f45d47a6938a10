"""torch.utils.data.DataLoader: batches of a data set, collated into MindSpore tensors, in torch's order.

Items may be anything (dictionaries, nested tuples, strings, objects for a ``collate_fn``), which mindspore.dataset's column-wise pipelines cannot
carry; so the loader is plain Python. It loads in the calling process. ``num_workers`` keeps what can be observed of torch's workers: each has a
random state and an iterator of its own, ``get_worker_info`` tells which one is at work, and batches come from them in turn. Where items are sequences
of equal columns, ``as_dataset`` hands out a ``mindspore.dataset`` pipeline, which loads in processes of its own.
"""

from __future__ import annotations

import copy
import itertools
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic

import mindspore
import numpy as np
from mindspore import Tensor, ops

from .data_random import draw_seed
from .data_sets import BatchSampler, Item_co, IterableDataset, RandomSampler, SequentialSampler


@dataclass(slots=True)
class WorkerInfo:
    """What ``get_worker_info`` tells inside a worker: its number, how many there are, its seed and its copy of the data set."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_WORKER: ContextVar[WorkerInfo | None] = ContextVar("worker", default=None)


def get_worker_info() -> WorkerInfo | None:
    """The worker that is loading, None in the main program (torch.utils.data.get_worker_info)."""
    return _WORKER.get()


def initial_seed() -> int:
    """The seed of the worker that is loading, or of the program (torch.initial_seed)."""
    info = get_worker_info()
    return (mindspore.get_seed() or 0) if info is None else info.seed


class LoaderWorker:
    """One of a loader's workers: random states of its own, in effect while it loads."""

    def __init__(self, info: WorkerInfo, init: Callable[[int], Any] | None) -> None:
        self.info = info
        outer = random.getstate(), np.random.get_state()
        random.seed(info.seed)
        np.random.seed(info.seed % 2**32)
        self._states: Any = random.getstate(), np.random.get_state()
        random.setstate(outer[0])
        np.random.set_state(outer[1])
        if init is not None:
            with self.active():
                init(info.id)

    @contextmanager
    def active(self) -> Iterator[None]:
        """The worker at work."""
        outer = random.getstate(), np.random.get_state()
        random.setstate(self._states[0])
        np.random.set_state(self._states[1])
        token = _WORKER.set(self.info)
        try:
            yield
        finally:
            _WORKER.reset(token)
            self._states = random.getstate(), np.random.get_state()
            random.setstate(outer[0])
            np.random.set_state(outer[1])


class DataLoader(Generic[Item_co]):
    """Batches of ``dataset`` (torch.utils.data.DataLoader)."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.generator = generator
        self._check(num_workers, prefetch_factor, timeout)
        self._choose_samplers(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.collate_fn = collate_fn or (default_convert if self.batch_sampler is None else default_collate)

    def _check(self, num_workers: int, prefetch_factor: int | None, timeout: float) -> None:
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified in multiprocessing")
        if self.persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")

    def _choose_samplers(self, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
        iterable = isinstance(self.dataset, IterableDataset)
        if iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader with IterableDataset: expected unspecified shuffle, sampler and batch_sampler options")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        if batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            sampler = itertools.count() if iterable else RandomSampler(self.dataset, generator=self.generator) if shuffle else None
            sampler = SequentialSampler(self.dataset) if sampler is None else sampler
        self.batch_size = None if batch_sampler is not None else batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler

    def __iter__(self) -> Iterator[Any]:
        seed = draw_seed(self.generator)
        if self.num_workers == 0:
            return self._items(self.dataset) if isinstance(self.dataset, IterableDataset) else map(self._fetch, iter(self._indices))
        workers = [self._worker(number, seed) for number in range(self.num_workers)]
        return self._streams(workers) if isinstance(self.dataset, IterableDataset) else self._in_turn(workers)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._indices)
        length = len(self.dataset)  # type: ignore[arg-type]  # a user's class may have a length
        if self.batch_size is None:
            return length
        full, rest = divmod(length, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def as_dataset(self, column_names: Sequence[str] | None = None) -> Any:
        """The same batches in the same order as a ``mindspore.dataset`` pipeline, with ``num_workers`` processes; what is random in an item is drawn
        from the processes' own streams. Raises ``ValueError`` where columns cannot carry the batches: for iterable data sets, batches of a sampler, a
        ``collate_fn``, or items that are no sequences or arrays."""
        if isinstance(self.dataset, IterableDataset) or self.batch_size is None or self.collate_fn is not default_collate:
            raise ValueError("as_dataset needs a data set with indices, a batch size, and the default collate_fn")
        columns = _Columns(self.dataset)
        names = list(column_names) if column_names is not None else [f"column_{number}" for number in range(columns.count)]
        count = max(1, min(self.num_workers, os.cpu_count() or 1))
        rows = mindspore.dataset.GeneratorDataset(
            columns, names, sampler=_Order(self), num_parallel_workers=count, python_multiprocessing=count > 1
        )
        return rows.batch(self.batch_size, drop_remainder=self.drop_last)

    @property
    def _indices(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _worker(self, number: int, seed: int) -> LoaderWorker:
        dataset = copy.copy(self.dataset) if isinstance(self.dataset, IterableDataset) else self.dataset
        return LoaderWorker(WorkerInfo(number, self.num_workers, seed + number, dataset), self.worker_init_fn)

    def _fetch(self, index: Any) -> Any:
        """The items at ``index`` (a list of indices where the loader makes batches), collated."""
        if self.batch_sampler is None:
            return self.collate_fn(self.dataset[index])
        fetch = getattr(self.dataset, "__getitems__", None)
        return self.collate_fn(fetch(index) if callable(fetch) else [self.dataset[i] for i in index])

    def _items(self, dataset: Any) -> Iterator[Any]:
        """The batches of an iterable data set."""
        items = iter(dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, items)
            return
        while batch := list(itertools.islice(items, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def _in_turn(self, workers: Sequence[LoaderWorker]) -> Iterator[Any]:
        for number, index in enumerate(self._indices):
            with workers[number % len(workers)].active():
                batch = self._fetch(index)
            yield batch

    def _streams(self, workers: Sequence[LoaderWorker]) -> Iterator[Any]:
        """Every worker reads its own copy of an iterable data set; their batches come in turn."""
        streams = [(worker, self._items(worker.info.dataset)) for worker in workers]
        while streams:
            for stream in list(streams):
                with stream[0].active():
                    batch = next(stream[1], _END)
                if batch is _END:
                    streams.remove(stream)
                else:
                    yield batch


_END = object()


class _Columns:
    """A data set whose items are tuples of arrays."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.count = len(self[0])

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        item = self.dataset[int(index)]
        parts = item if isinstance(item, (tuple, list)) else (item,)
        if any(not isinstance(part, (Tensor, np.ndarray, np.generic, int, float)) for part in parts):
            raise ValueError("as_dataset needs items of numbers, arrays and tensors")
        return tuple(part.asnumpy() if isinstance(part, Tensor) else np.asarray(part) for part in parts)


class _Order(mindspore.dataset.Sampler):
    """The indices of a loader's sampler, drawn anew for every epoch as the loader itself does."""

    def __init__(self, loader: Any) -> None:
        super().__init__(len(loader.sampler))
        self.loader = loader

    def __iter__(self) -> Iterator[int]:
        draw_seed(self.loader.generator)
        return iter(list(self.loader.sampler))  # now: MindSpore asks for the next epoch's before it reads this one's


def default_convert(data: Any) -> Any:
    """Arrays become tensors, everything else stays (torch.utils.data.default_convert)."""
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUOV" else Tensor(np.ascontiguousarray(data).reshape(data.shape))
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        values = [default_convert(value) for value in data]
        return values if isinstance(data, tuple) else _rebuilt(data, values)
    return data


#: The kinds of NumPy's arrays that cannot be collated: bytes, objects and strings (torch.utils.data._utils.collate).
np_str_obj_array_pattern = re.compile(r"[SaUO]")


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: Any = None) -> Tensor:
    """Samples that are tensors as one batch (torch.utils.data._utils.collate.collate_tensor_fn)."""
    return ops.stack(list(batch))


def default_collate(batch: Any) -> Any:
    """Items of equal structure as one, with a new first axis (torch.utils.data.default_collate)."""
    first = batch[0]
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(first, {key: default_collate([item[key] for item in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(column) for column in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        return columns if isinstance(first, tuple) else _rebuilt(first, columns)
    return _stacked(batch, first)


def _stacked(batch: Sequence[Any], first: Any) -> Tensor:
    """Numbers, arrays or tensors along a new first axis."""
    if isinstance(first, Tensor):
        return ops.stack(list(batch), 0) if first.dtype == mindspore.bfloat16 else Tensor(np.stack([item.asnumpy() for item in batch]))
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind not in "SUOV":
        return Tensor(np.stack([np.asarray(item) for item in batch]))
    if isinstance(first, float):
        return Tensor(np.asarray(batch, np.float64))
    if isinstance(first, int):
        return Tensor(np.asarray(batch, np.bool_ if all(isinstance(item, bool) for item in batch) else np.int64))
    raise TypeError(f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}")


def _rebuilt(like: Any, values: Any) -> Any:
    """``values`` in a container of the type of ``like``, where that can be made from them."""
    try:
        if isinstance(like, MutableMapping):
            made = copy.copy(like)
            made.update(values)
            return made
        return type(like)(values)
    except TypeError:
        return values
