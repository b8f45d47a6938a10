"""What iterating over data sets and loaders gives: the kinds of a data set's items, and of the batches that a loader makes of them.

A data set says it with its ``__getitem__`` or ``__iter__``; a loader collates. torch's default collation makes tensors of numbers, arrays and
tensors, so that what is unpacked from a batch of unknown items counts as a tensor; what a user's ``collate_fn`` returns is asked of that function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from transpiler.analysis import values as v
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument, choose
from transpiler.mapping.schema import Entry

LOADER: Final = "torch.utils.data.DataLoader"
DATASET: Final = "torch.utils.data.Dataset"
COMPOSE: Final = "torchvision.transforms.Compose"
#: What a loader of a data set that nothing is known of yields.
BATCHES: Final = v.Inst((LOADER,), item=v.BATCH)

#: Functions of other libraries that yield the items of what they are given.
PASSING_ITEMS: Final = frozenset(
    {
        "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "tqdm.autonotebook.tqdm", "tqdm.std.tqdm", "tqdm.rich.tqdm", "tqdm.asyncio.tqdm",
        "tqdm.tqdm_notebook", "rich.progress.track", "itertools.islice", "itertools.cycle", "itertools.chain", "progressbar.progressbar",
        "alive_progress.alive_it", "fastprogress.progress_bar", "fastprogress.master_bar",
    }
)  # fmt: skip
_CONTAINERS: Final = frozenset(dir(dict)) | frozenset(dir(list))

Items = Callable[[Value], Value]
Made = Callable[[Mapping[str, Sequence[Value]], Items], Value]


def is_container_member(name: str) -> bool:
    """Whether lists or dictionaries have a member of this name, so that it need not be a tensor's."""
    return name in _CONTAINERS


def with_items(entry: Entry, arguments: Sequence[Argument], values: Sequence[Value], made: Value, items: Items) -> Value:
    """``made``, the result of calling a class or function of ``torch.utils.data``, with what is known of its items.

    ``items`` tells what indexing or iterating over a data set gives.
    """
    rule = _RULES.get(entry.api)
    if rule is None:
        return made
    choice = choose(entry, arguments)
    if choice is None:  # star-arguments: the data set comes first
        found = {"dataset": values[:1], "datasets": values[:1]} if arguments and not arguments[0].star else {}
        return rule(found, items) if entry.api == LOADER else made
    return rule({name: [values[a.index] for a in bound] for name, bound in choice.binding.values.items()}, items)


def collated(item: Value) -> Value:
    """What torch's default collation makes of a batch of ``item``."""
    if isinstance(item, v.Tup):
        return v.Tup(tuple(_collated_part(part) for part in item.items))
    if isinstance(item, v.DictOf):
        return v.DictOf(_collated_part(item.item))
    if isinstance(item, v.Seq):
        return v.Seq(_collated_part(item.item))
    if isinstance(item, (v.Tensor, v.Scalar, v.Lit)) and item != v.NONE:
        return _collated_part(item)
    return v.BATCH


def _collated_part(item: Value) -> Value:
    if isinstance(item, (v.Scalar, v.Lit)) and v.scalar_type(item) == "str":
        return v.Seq(v.STR)
    if isinstance(item, (v.Tup, v.DictOf, v.Seq)):
        return collated(item)
    return v.FRESH


def collating(value: Value) -> v.FunctionInfo | None:
    """The project's function or method that a ``collate_fn`` is."""
    if isinstance(value, v.UserFunction):
        return value.info
    return value.owner.info.method(value.name) if isinstance(value, v.Bound) and isinstance(value.owner, v.UserInst) else None


def _first(bound: Mapping[str, Sequence[Value]], name: str) -> Value:
    found = bound.get(name, ())
    return found[0] if found else v.NONE


def _loader(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    collate = _first(bound, "collate_fn")
    item = items(_first(bound, "dataset"))
    own = collating(collate)
    if own is not None:
        return v.Inst((LOADER,), item=own.known_result() or UNKNOWN)
    if isinstance(collate, v.Factory):
        return v.Inst((LOADER,), item=collate.result)
    if collate != v.NONE:
        return v.Inst((LOADER,), item=UNKNOWN)
    if _first(bound, "batch_size") == v.NONE and "batch_size" in bound:
        return v.Inst((LOADER,), item=item)
    return v.Inst((LOADER,), item=collated(item))


def _tensors(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    return v.Inst(("torch.utils.data.TensorDataset",), item=v.Tup((v.PART,) * len(bound.get("tensors", ()))))


def _subset(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    return v.Inst(("torch.utils.data.Subset",), item=items(_first(bound, "dataset")))


def _split(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    part = _subset(bound, items)
    lengths = _first(bound, "lengths")
    return v.Tup((part,) * len(lengths.items)) if isinstance(lengths, v.Tup) else v.Seq(part)


def _joined(api: str) -> Made:
    def made(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
        return v.Inst((api,), item=items(v.item_of(_first(bound, "datasets"))))

    return made


def _stacked(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    parts = tuple(items(value) for value in bound.get("args", ()))
    item: Value = v.Tup(parts) if parts else UNKNOWN
    return v.Inst(("torch.utils.data.StackDataset",), item=item)


def _composed(bound: Mapping[str, Sequence[Value]], items: Items) -> Value:
    """Transforms in a row: what the last one gives is what the whole gives."""
    transforms = _first(bound, "transforms")
    last = transforms.items[-1] if isinstance(transforms, v.Tup) and transforms.items else v.item_of(transforms)
    return v.Inst((COMPOSE,), item=last)


_RULES: Final[Mapping[str, Made]] = MappingProxyType(
    {
        LOADER: _loader,
        COMPOSE: _composed,
        "torch.utils.data.TensorDataset": _tensors,
        "torch.utils.data.Subset": _subset,
        "torch.utils.data.random_split": _split,
        "torch.utils.data.ConcatDataset": _joined("torch.utils.data.ConcatDataset"),
        "torch.utils.data.ChainDataset": _joined("torch.utils.data.ChainDataset"),
        "torch.utils.data.StackDataset": _stacked,
    }
)
