"""Sequences of different lengths: torch.nn.utils.rnn. Which element stands where depends on the lengths alone, so everything is one gather."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import mindspore
import numpy as np
from mindspore import Tensor, ops

from ._common import _stack_of


class PackedSequence(NamedTuple):
    """torch.nn.utils.rnn.PackedSequence: the elements of all sequences, time step after time step, longest sequence first."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """The data in another dtype; devices mean nothing here."""
        wanted = [v for v in (*args, *kwargs.values()) if isinstance(v, (Tensor, mindspore.dtype.Type))]
        data = self.data
        for value in wanted:
            data = ops.cast(data, value.dtype if isinstance(value, Tensor) else value)
        return self._replace(data=data)

    def float(self) -> Self:
        """The data in float32."""
        return self.to(mindspore.float32)

    def double(self) -> Self:
        """The data in float64."""
        return self.to(mindspore.float64)

    def half(self) -> Self:
        """The data in float16."""
        return self.to(mindspore.float16)

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """The sequence itself."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """The sequence itself."""
        return self

    def pin_memory(self) -> Self:
        """The sequence itself."""
        return self


def as_numbers(values: Any) -> Any:
    """Numbers given as a tensor or a sequence, as an int64 array."""
    return np.asarray(values.asnumpy() if isinstance(values, Tensor) else list(values)).astype(np.int64).reshape(-1)


def lengths_from(batch_sizes: Any) -> Any:
    """The length of each sequence, longest first, from the number of sequences at each time step."""
    sizes = as_numbers(batch_sizes)
    return (np.arange(sizes[0])[None, :] < sizes[:, None]).sum(0)


def packed_rows(batch_sizes: Any) -> Tensor:
    """Where each packed element stands among the rows of a padded (T, B, ...) tensor, seen as (T B, ...)."""
    sizes = as_numbers(batch_sizes)
    return Tensor(np.concatenate([step * sizes[0] + np.arange(size) for step, size in enumerate(sizes)]), mindspore.int32)


def padded_rows(batch_sizes: Any, total: int) -> Tensor:
    """Which packed element stands at each place of a padded (total B) tensor; one past the last for padding."""
    sizes = as_numbers(batch_sizes)
    rows = np.full((total, sizes[0]), sizes.sum())
    starts = np.cumsum(sizes) - sizes
    for step, (start, size) in enumerate(zip(starts, sizes)):
        rows[step, :size] = start + np.arange(size)
    return Tensor(rows.reshape(-1), mindspore.int32)


def to_padded(data: Tensor, batch_sizes: Any, value: Any, total: int) -> Tensor:
    """Packed (elements, ...) -> padded (total, B, ...)."""
    padding = ops.full((1, *data.shape[1:]), value, dtype=data.dtype)
    rows = ops.gather(ops.cat((data, padding)), padded_rows(batch_sizes, total), 0)
    return rows.reshape(total, -1, *data.shape[1:])


def to_packed(padded: Tensor, batch_sizes: Any) -> Tensor:
    """Padded (T, B, ...) -> packed (elements, ...)."""
    return ops.gather(padded.reshape(-1, *padded.shape[2:]), packed_rows(batch_sizes), 0)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """torch.nn.utils.rnn.invert_permutation."""
    return None if permutation is None else Tensor(np.argsort(permutation.asnumpy(), kind="stable"), mindspore.int64)


def pack_padded_sequence(input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
    """torch.nn.utils.rnn.pack_padded_sequence: (T, B, *), or (B, T, *) where batch_first -> packed."""
    counts = as_numbers(lengths)
    if counts.min() <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0")
    x = input.swapaxes(0, 1) if batch_first else input
    order = None
    if not enforce_sorted:
        order = np.argsort(-counts, kind="stable")
        counts = counts[order]
        x = ops.gather(x, Tensor(order, mindspore.int32), 1)
    elif (counts[1:] > counts[:-1]).any():
        raise RuntimeError("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True")
    if len(counts) != x.shape[1] or counts[0] > x.shape[0]:
        raise RuntimeError(f"Expected {x.shape[1]} lengths of at most {x.shape[0]}, but got {counts.tolist()}")
    sizes = Tensor((counts[None, :] > np.arange(counts[0])[:, None]).sum(1), mindspore.int64)
    indices = None if order is None else Tensor(order, mindspore.int64)
    return PackedSequence(to_packed(x, sizes), sizes, indices, invert_permutation(indices))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """torch.nn.utils.rnn.pad_packed_sequence: the padded tensor, in the order before packing, and the lengths."""
    counts = lengths_from(sequence.batch_sizes)
    longest = int(counts[0])
    if total_length is not None and total_length < longest:
        raise ValueError(f"Expected total_length to be at least the length of the longest sequence in input, but got {total_length=}")
    padded = to_padded(sequence.data, sequence.batch_sizes, padding_value, longest if total_length is None else total_length)
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices.asnumpy()
        padded, counts = ops.gather(padded, Tensor(order, mindspore.int32), 1), counts[order]
    return (padded.swapaxes(0, 1) if batch_first else padded), Tensor(counts, mindspore.int64)


def pad_sequence(sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right") -> Tensor:
    """torch.nn.utils.rnn.pad_sequence: tensors (L_i, *) -> (max L, B, *), or (B, max L, *) where batch_first."""
    rows = list(sequences)
    longest = max(row.shape[0] for row in rows)
    return _stack_of([extended(row, longest, padding_value, padding_side) for row in rows], 0 if batch_first else 1)


def extended(row: Tensor, length: int, value: Any, side: str) -> Tensor:
    """``row`` with ``value`` added at one side of its first axis, up to ``length``."""
    if row.shape[0] == length:
        return row
    block = ops.full((length - row.shape[0], *row.shape[1:]), value, dtype=row.dtype)
    if row.shape[0] == 0:
        return block
    return ops.cat((block, row) if side == "left" else (row, block))


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """torch.nn.utils.rnn.unpad_sequence: each sequence without its padding."""
    rows = padded_sequences if batch_first else padded_sequences.swapaxes(0, 1)
    return [rows[i, : int(length)] for i, length in enumerate(as_numbers(lengths))]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """torch.nn.utils.rnn.pack_sequence: tensors (L_i, *) -> packed."""
    return pack_padded_sequence(pad_sequence(sequences), [row.shape[0] for row in sequences], False, enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """torch.nn.utils.rnn.unpack_sequence: the sequences that were packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def reordered(state: Any, order: Tensor | None) -> Any:
    """A recurrent state (layers, B, H), or a pair of them, with its batch in another order; as it is where that is None."""
    if order is None or state is None:
        return state
    if isinstance(state, tuple):
        return tuple(reordered(part, order) for part in state)
    return ops.gather(state, order.astype(mindspore.int32), 1)
