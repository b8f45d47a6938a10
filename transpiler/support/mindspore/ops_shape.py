"""Rearranging and splitting tensors: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _axes, _axis, _by_parts, _category, _memory_order, _promote_pair, _size, _stack_of, _sum
from .compiled_forms import is_compiling
from .tensor_items import set_tensor


def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: None = None) -> Tensor:
    """Join along ``dim``; mixed dtypes are promoted and empty 1-d tensors skipped (torch.cat)."""
    items = [t for t in tensors if t.shape != (0,)] or list(tensors)[:1]
    dtype = _dtype_of_all(tensors)
    return mint.cat([ops.cast(t, dtype) for t in items], dim)


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: None = None) -> Tensor:
    """Join along a new dimension, parameters and tensors alike; mixed dtypes are promoted (torch.stack)."""
    return _stack_of(_in_dtype_of_all(tensors), dim)


def hstack(tensors: Sequence[Tensor], *, out: None = None) -> Tensor:
    """Join along the second dimension, vectors along their own; mixed dtypes are promoted (torch.hstack)."""
    return mint.hstack(_in_dtype_of_all(tensors))


def vstack(tensors: Sequence[Tensor], *, out: None = None) -> Tensor:
    """Join rows; mixed dtypes are promoted (torch.vstack)."""
    return ops.vstack(_in_dtype_of_all(tensors))


def dstack(tensors: Sequence[Tensor], *, out: None = None) -> Tensor:
    """Join along the third dimension; mixed dtypes are promoted (torch.dstack)."""
    return mint.dstack(_in_dtype_of_all(tensors))


def column_stack(tensors: Sequence[Tensor], *, out: None = None) -> Tensor:
    """Join columns; mixed dtypes are promoted (torch.column_stack)."""
    return ops.column_stack(_in_dtype_of_all(tensors))


def _in_dtype_of_all(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors in the dtype that torch promotes all of them to."""
    dtype = _dtype_of_all(tensors)
    return [ops.cast(t, dtype) for t in tensors]


def _dtype_of_all(tensors: Sequence[Tensor]) -> Any:
    dtype = tensors[0].dtype
    for t in tensors[1:]:
        dtype = _promote_pair(dtype, t.dtype)
    return dtype


def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along the diagonal of one; vectors count as rows, mixed dtypes are promoted (torch.block_diag)."""
    matrices = [t.reshape((1,) * (2 - t.ndim) + t.shape) for t in tensors]
    width, before, rows = sum(m.shape[1] for m in matrices), 0, []
    for m in matrices:
        after = width - before - m.shape[1]
        rows.append(cat([ops.zeros((m.shape[0], before), m.dtype), m, ops.zeros((m.shape[0], after), m.dtype)], 1))
        before += m.shape[1]
    return cat(rows)


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` spread over ``sizes``, one of which may be -1 (torch.unflatten)."""
    axis = _axis(dim, input.ndim)
    known = -int(np.prod(tuple(sizes)))
    spread = tuple(input.shape[axis] // known if s == -1 else int(s) for s in sizes)
    return input.reshape(input.shape[:axis] + spread + input.shape[axis + 1 :])


def permute(input: Tensor, dims: Any) -> Tensor:
    """The axes in another order (torch.permute)."""
    return mint.permute(input, tuple(dims))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged; a 0-d tensor has one (torch.transpose)."""
    return ops.swapaxes(input, dim0, dim1) if input.ndim else input


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without its dimensions of size 1, or those among ``dim`` (torch.squeeze)."""
    if not isinstance(dim, int) and dim is not None and len(dim) == 0:
        return ops.reshape(input, input.shape)
    return ops.squeeze(input, dim if dim is None or isinstance(dim, int) else tuple(dim))


def tril(input: Tensor, diagonal: int = 0, *, out: None = None) -> Tensor:
    """Zeros above a diagonal (torch.tril)."""
    return _by_parts(lambda x: ops.tril(x, diagonal), input) if _category(input.dtype) == 3 else ops.tril(input, diagonal)


def triu(input: Tensor, diagonal: int = 0, *, out: None = None) -> Tensor:
    """Zeros below a diagonal (torch.triu)."""
    return _by_parts(lambda x: ops.triu(x, diagonal), input) if _category(input.dtype) == 3 else ops.triu(input, diagonal)


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements shifted along ``dims``, those pushed out re-entering at the other end (torch.roll)."""
    if dims is None or (not isinstance(dims, int) and len(dims) == 0):
        return roll(input.reshape(-1), shifts, 0).reshape(input.shape)
    pairs = zip((shifts,) if isinstance(shifts, int) else shifts, (dims,) if isinstance(dims, int) else dims)
    for shift, dim in pairs:
        size = input.shape[dim] if input.ndim else 1
        if size > 1 and shift % size:
            first = size - shift % size
            input = ops.cat(
                (ops.narrow(input, _axis(dim, input.ndim), first, size - first), ops.narrow(input, _axis(dim, input.ndim), 0, first)), dim
            )
    return input


def flip(input: Tensor, dims: Any) -> Tensor:
    """The elements in reverse order along ``dims`` (torch.flip). Where there are none, MindSpore's kernel may divide by zero, which ends the
    process."""
    return mint.flip(input, (dims,) if isinstance(dims, int) else tuple(dims)) if input.size else input.copy()


def fliplr(input: Tensor) -> Tensor:
    """The columns in reverse order (torch.fliplr)."""
    return flip(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order (torch.flipud)."""
    return flip(input, (0,))


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned ``k`` times by 90 degrees in the plane of ``dims`` (torch.rot90)."""
    a, b = dims
    if k % 4 == 2:
        return flip(flip(input, (a,)), (b,))
    if k % 4 == 0:
        return ops.deepcopy(input)
    return flip(mint.transpose(input, a, b), (a,)) if k % 4 == 1 else mint.transpose(flip(input, (a,)), a, b)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Split at indices, or into nearly equal sections (torch.tensor_split)."""
    size = input.shape[dim]
    where = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(where, int):
        widths = [size // where + (i < size % where) for i in range(where)]
        where = np.cumsum(widths)[:-1].tolist()
    edges = [0, *(min(max(i + size if i < 0 else i, 0), size) for i in where), size]
    return tuple(_slice(input, dim, a, max(a, b)) for a, b in pairwise(edges))


def _slice(input: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """input[..., start:stop, ...] along ``dim``; an empty one too."""
    index = [slice(None)] * input.ndim
    index[dim] = slice(start, stop)
    if stop > start:
        return input[tuple(index)]
    shape = list(input.shape)
    shape[dim] = 0
    return ops.zeros(tuple(shape), input.dtype)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along the second dimension (the first of a 1-d tensor) (torch.hsplit)."""
    return tensor_split(input, indices_or_sections, 0 if input.ndim == 1 else 1)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes (torch.split_with_sizes)."""
    edges = np.cumsum([0, *split_sizes]).tolist()
    return tuple(_slice(input, dim, a, b) for a, b in pairwise(edges))


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinate grids of 1-d tensors (torch.meshgrid)."""
    items = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    # The compiler's meshgrid refuses a single tensor.
    return mint.meshgrid(*items, indexing=indexing) if len(items) > 1 else (items[0].reshape(-1),)


def diag(input: Tensor, diagonal: int = 0, *, out: None = None) -> Tensor:
    """A vector on the diagonal of a matrix, or a matrix's diagonal (torch.diag)."""
    if input.ndim == 2:
        return ops.diagonal(input, diagonal, 0, 1)
    return diag_embed(input, diagonal)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The last dimension on the diagonals of matrices in ``dim1`` and ``dim2`` (torch.diag_embed)."""
    size = input.shape[-1] + abs(offset)
    rows = np.arange(input.shape[-1]) + max(-offset, 0)
    mask = np.zeros((input.shape[-1], size, size), bool)
    mask[np.arange(input.shape[-1]), rows, rows + offset] = True
    source = np.where(mask.any(0), mask.argmax(0), 0).reshape(-1)
    placed = ops.gather(input, Tensor(source, mindspore.int64), input.ndim - 1).reshape(input.shape[:-1] + (size, size))
    result = mint.where(Tensor(mask.any(0)), placed, ops.zeros((), input.dtype))
    axes = [i for i in range(result.ndim) if i not in (dim1 % result.ndim, dim2 % result.ndim)]
    order = np.argsort([*axes, dim1 % result.ndim, dim2 % result.ndim]).tolist()
    return mint.permute(result, tuple(order))


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """All elements on the diagonal of a matrix (torch.diagflat)."""
    return diag_embed(input.reshape(-1), offset)


def tensor_unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of ``size`` along a dimension, each in a new last dimension (torch.Tensor.unfold)."""
    if self.ndim == 0:
        return self.reshape(1)[:size]
    axis = _axis(dimension, self.ndim)
    starts = np.arange(0, self.shape[axis] - size + 1, step)
    index = Tensor((starts[:, None] + np.arange(size)).reshape(-1), mindspore.int64)
    windows = ops.gather(self, index, axis).reshape(self.shape[:axis] + (len(starts), size) + self.shape[axis + 1 :])
    return mint.permute(windows, tuple(i for i in range(windows.ndim) if i != axis + 1) + (axis + 1,))


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """Elements of the memory of ``input`` at offset + sum of index * stride (torch.as_strided).

    Raises:
        ValueError: if the memory of ``input`` holds elements that it does not show.
    """
    if not is_compiling() and not input.is_contiguous():
        input = input.permute(*_memory_order(input))
        if not input.is_contiguous() or input.storage_offset():
            raise ValueError("as_strided of a part of a tensor: its memory is not to be had")
    positions = np.full(tuple(size), storage_offset or 0)
    for axis, (n, step) in enumerate(zip(size, stride)):
        positions = positions + (np.arange(n) * step).reshape((n,) + (1,) * (len(size) - axis - 1))
    return ops.gather(input.reshape(-1), Tensor(positions.reshape(-1), mindspore.int64), 0).reshape(tuple(size))


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of 1-d tensors, one per row (torch.cartesian_prod)."""
    if len(tensors) == 1:
        return tensors[0]
    return ops.stack([grid.reshape(-1) for grid in mint.meshgrid(*tensors, indexing="ij")], -1)


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element repeated in place, the same number of times or ``repeats[i]`` times (torch.repeat_interleave)."""
    if dim is None:
        input, dim = input.reshape(-1), 0
    counts = repeats.asnumpy() if isinstance(repeats, Tensor) else np.asarray(repeats)
    index = np.repeat(
        np.arange(input.shape[dim] if input.ndim else 1), counts.reshape(-1) if counts.size > 1 else int(counts.reshape(-1)[0])
    )
    return ops.gather(input.reshape(input.shape or (1,)), Tensor(index, mindspore.int64), _axis(dim, input.ndim))


def tensor_repeat(self: Tensor, *repeats: Any) -> Tensor:
    """The tensor tiled ``repeats`` times along each dimension (torch.Tensor.repeat)."""
    return tile(self, _size(repeats))


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The tensor tiled ``dims`` times along its last dimensions (torch.tile); MindSpore cannot repeat something never."""
    times = (1,) * (input.ndim - len(dims)) + tuple(dims)
    if 0 in times or input.size == 0:
        shape = (1,) * (len(times) - input.ndim) + input.shape
        return ops.zeros(tuple(n * count for n, count in zip(shape, times)), input.dtype)
    return mint.tile(input, times)


def tensor_expand(self: Any, *size: Any) -> Any:
    """The tensor repeated along dimensions of size one (torch.Tensor.expand); other objects have a method of their own."""
    if isinstance(self, Tensor):
        return self.broadcast_to(_size(size))
    return self.expand(*size)


def einsum(*args: Any) -> Tensor:
    """Sums of products in Einstein's notation, contracted from left to right by batched matrix products (torch.einsum)."""
    equation, operands = _einsum_arguments(args)
    inputs, output = _einsum_labels(equation, [t.ndim for t in operands])
    terms = [_einsum_diagonal(t, labels) for t, labels in zip(operands, inputs)]
    tensor, labels = terms[0]
    for i, (other, other_labels) in enumerate(terms[1:], 2):
        later = output + "".join([term_labels for _, term_labels in terms[i:]])
        tensor, labels = _einsum_pair(tensor, labels, other, other_labels, later)
    extra, order = _einsum_output(labels, output)
    tensor = _sum(tensor, extra) if extra else tensor
    return mint.permute(tensor, order) if order != tuple(range(len(order))) else tensor


@ops.constexpr
def _einsum_output(labels: str, output: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which dimensions are summed at last, and in which order the others stand in the result."""
    kept = "".join(label for label in labels if label in output)
    return tuple(i for i, label in enumerate(labels) if label not in output), tuple(kept.index(label) for label in output)


def _einsum_arguments(args: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """Equation and operands, also from the form with lists of numbers."""
    if isinstance(args[0], str):
        return args[0], list(args[1]) if len(args) == 2 and isinstance(args[1], (list, tuple)) else list(args[1:])

    def spell(numbers: Sequence[Any]) -> str:
        return "".join("..." if n is Ellipsis else string.ascii_letters[n] for n in numbers)

    equation = ",".join(spell(numbers) for numbers in args[1::2][: len(args) // 2])
    return (equation + "->" + spell(args[-1]) if len(args) % 2 else equation), list(args[0 : len(args) - len(args) % 2 : 2])


@ops.constexpr
def _einsum_labels(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """One letter per dimension of each operand and of the result, the ellipsis spelled out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    free = [c for c in string.ascii_letters if c not in equation]
    widths = [rank - len(part.replace("...", "")) for part, rank in zip(parts, ranks)]
    dots = "".join(free[: max((w for w, p in zip(widths, parts) if "..." in p), default=0)])
    inputs = [p.replace("...", dots[len(dots) - w :]) for p, w in zip(parts, widths)]
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        right = ("..." if dots else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return inputs, right.replace("...", dots)


def _einsum_diagonal(tensor: Tensor, labels: str) -> tuple[Tensor, str]:
    """Repeated labels of one operand replaced by the diagonal."""
    pairs, labels = _einsum_repeats(labels)
    for a, b in pairs:
        tensor = ops.diagonal(tensor, 0, a, b)
    return tensor, labels


@ops.constexpr
def _einsum_repeats(labels: str) -> tuple[tuple[tuple[int, int], ...], str]:
    """The pairs of dimensions to take diagonals of, one after the other, and the labels that are left."""
    pairs: tuple[tuple[int, int], ...] = ()
    for label in sorted(set(labels)):
        while labels.count(label) > 1:
            a = labels.index(label)
            b = labels.index(label, a + 1)
            pairs = (*pairs, (a, b))
            labels = labels[:a] + labels[a + 1 : b] + labels[b + 1 :] + label
    return pairs, labels


def _einsum_pair(x: Tensor, x_labels: str, y: Tensor, y_labels: str, keep: str) -> tuple[Tensor, str]:
    """Contract two operands: labels of both that are not needed later are summed, the others are batch dimensions."""
    x, x_labels = _einsum_reduce(x, x_labels, keep + y_labels)
    y, y_labels = _einsum_reduce(y, y_labels, keep + x_labels)
    left, right, shape, labels, sums = _einsum_plan(x_labels, x.shape, y_labels, y.shape, keep)
    x, y = _einsum_matrix(x, left), _einsum_matrix(y, right)
    return (mint.matmul(x, y) if sums else x * y).reshape(shape), labels


@ops.constexpr
def _einsum_plan(x_labels: str, x_shape: tuple[int, ...], y_labels: str, y_shape: tuple[int, ...], keep: str) -> Any:
    """How two operands become (batch, rows, columns): for each the order of its dimensions, their sizes, and those merged; then the shape and the
    labels of the product, and whether anything is summed."""
    size: dict[str, int] = {}
    for label, n in (*zip(x_labels, x_shape), *zip(y_labels, y_shape)):
        size[label] = n if size.get(label, 1) == 1 else size[label]
    batch = "".join(c for c in x_labels if c in y_labels and c in keep)
    summed = "".join(c for c in x_labels if c in y_labels and c not in keep)
    mine = "".join(c for c in x_labels if c not in y_labels)
    other = "".join(c for c in y_labels if c not in x_labels)
    layouts = [
        (
            tuple(labels.index(c) for c in "".join(groups)),
            tuple(size[c] for c in "".join(groups)),
            tuple(math.prod(size[c] for c in group) for group in groups),
        )
        for labels, groups in ((x_labels, (batch, mine, summed)), (y_labels, (batch, summed, other)))
    ]
    result = batch + mine + other
    return layouts[0], layouts[1], tuple(size[c] for c in result), result, len(summed) > 0


def _einsum_reduce(tensor: Tensor, labels: str, keep: str) -> tuple[Tensor, str]:
    """Dimensions whose labels are not in ``keep`` summed."""
    axes, kept = _einsum_axes(labels, keep)
    return (_sum(tensor, axes) if axes else tensor), kept


@ops.constexpr
def _einsum_axes(labels: str, keep: str) -> tuple[tuple[int, ...], str]:
    """Which dimensions are not in ``keep``, and the labels of the others."""
    return tuple(i for i, c in enumerate(labels) if c not in keep), "".join(c for c in labels if c in keep)


def _einsum_matrix(tensor: Tensor, layout: Any) -> Tensor:
    """Dimensions ordered, broadcast and merged into (batch, rows, columns)."""
    order, sizes, merged = layout
    tensor = mint.permute(tensor, order) if order != tuple(range(len(order))) else tensor
    return (ops.broadcast_to(tensor, sizes) if tensor.shape != sizes else tensor).reshape(merged)


def _matched(a: Tensor, left: tuple[int, ...], b: Tensor, right: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Where one of two contracted dimensions has size 1, the other is summed first."""
    for i, j in zip(left, right):
        a, b = (_sum(a, i, True) if b.shape[j] == 1 != a.shape[i] else a), (_sum(b, j, True) if a.shape[i] == 1 != b.shape[j] else b)
    return a, b


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: None = None) -> Tensor:
    """Sum over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over two given lists of them (torch.tensordot)."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        dims = (tuple(range(a.ndim - dims, a.ndim)), tuple(range(dims)))
    left, right = _axes(dims[0], a.ndim) if len(dims[0]) else (), _axes(dims[1], b.ndim) if len(dims[1]) else ()
    keep_a, keep_b = ([i for i in range(t.ndim) if i not in axes] for t, axes in ((a, left), (b, right)))
    a, b = _matched(a, left, b, right)
    inner = int(np.prod([a.shape[i] for i in left]))
    rows = mint.permute(a, (*keep_a, *left)).reshape(-1, inner)
    columns = mint.permute(b, (*right, *keep_b)).reshape(inner, -1)
    return mint.matmul(rows, columns).reshape(tuple(a.shape[i] for i in keep_a) + tuple(b.shape[i] for i in keep_b))


def size_numel(self: tuple[int, ...]) -> int:
    """The number of elements of a tensor of this shape (torch.Size.numel)."""
    return math.prod(self)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of one size, or of given sizes (torch.split)."""
    parts: tuple[Tensor, ...] = ops.split(tensor, split_size_or_sections, dim)
    return parts


def expand_copy(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    """``input`` broadcast to a size, -1 keeping a dimension (torch.expand_copy)."""
    lead = len(size) - input.ndim
    shape = tuple(input.shape[i - lead] if n == -1 else n for i, n in enumerate(size))
    return ops.broadcast_to(input, shape)


def resize_(input: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """``input`` takes another shape and keeps its elements in order; what is new is zero, undefined in torch (torch.Tensor.resize_)."""
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    count, flat = int(np.prod(shape)), input.reshape(-1)
    if count > flat.shape[0]:
        flat = ops.cat((flat, ops.zeros((count - flat.shape[0],), flat.dtype)))
    return set_tensor(input, ops.narrow(flat, 0, 0, count).reshape(shape))


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """``input`` takes the shape of ``the_template`` (torch.Tensor.resize_as_)."""
    return resize_(input, the_template.shape)


def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[int], dim: int = 0, *, out: None = None) -> list[Tensor]:
    """Copies of the parts of these sizes along ``dim`` (torch.split_with_sizes_copy)."""
    before = (slice(None),) * _axis(dim, input.ndim)
    ends = np.cumsum(split_sizes).tolist()
    return [ops.deepcopy(input[(*before, slice(end - size, end))]) for end, size in zip(ends, split_sizes)]


def unfold_copy(input: Tensor, dimension: int, size: int, step: int, *, out: None = None) -> Tensor:
    """A copy of all windows of ``size`` along ``dimension``, ``step`` apart, their elements last (torch.unfold_copy)."""
    return ops.deepcopy(tensor_unfold(input, dimension, size, step))
