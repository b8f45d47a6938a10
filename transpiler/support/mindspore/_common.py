"""Shared arithmetic of the support modules: sizes written as int or tuple, parameter dtypes, index-based padding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, mint, ops
from mindspore._c_expression.amp import AmpLevel, get_curr_amp_strategy

_FLOAT_RANK = {mindspore.float16: 1, mindspore.bfloat16: 1, mindspore.float32: 2, mindspore.float64: 3}
_INT_RANK = {mindspore.uint8: 0, mindspore.int8: 1, mindspore.int16: 2, mindspore.int32: 3, mindspore.int64: 4}
_COMPLEX_RANK = {mindspore.complex64: 2, mindspore.complex128: 3}


def ntuple(value: Any, length: int) -> tuple[Any, ...]:
    """``value`` as a tuple of ``length`` entries, as torch reads its ``int or tuple`` arguments."""
    if isinstance(value, (tuple, list)):
        return tuple(value) if len(value) == length else tuple(value) * length
    return (value,) * length


def param_dtype(dtype: Any) -> Any:
    """The dtype of new parameters: torch's default is float32."""
    return mindspore.float32 if dtype is None else dtype


def _stack_of(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The tensors along a new axis: run eagerly, ``ops.stack`` takes either parameters or tensors, not both."""
    return ops.stack([t.value() if isinstance(t, Parameter) else t for t in tensors], axis)


def _unspoilt_grads(
    function: Callable[..., Tensor], inputs: Sequence[Tensor] | None, weights: list[Tensor] | None = None
) -> tuple[Tensor, ...]:
    """The gradients of a number by the ``inputs`` that ``function`` takes, or by ``weights`` that it uses. An error in it is raised when MindSpore is
    done: one that leaves a function while it is differentiated breaks every later index of the process."""
    failures: list[Exception] = []

    def guarded(*given: Tensor) -> Tensor:
        try:
            return function(*given)
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
            return ((given or weights or [Tensor(0.0)])[0] * 0).sum()

    positions = None if inputs is None else tuple(range(len(inputs)))
    _, grads = mindspore.value_and_grad(guarded, positions, weights)(*(inputs or ()))
    if failures:
        raise failures[0]
    return (grads,) if isinstance(grads, Tensor) else tuple(grads)


def source_index(position: int, size: int, mode: str) -> int:
    """Which input element stands at ``position`` (may lie outside ``0..size-1``) under reflect, replicate or circular padding."""
    if mode == "circular":
        return position % size
    if mode == "replicate":
        return min(max(position, 0), size - 1)
    reflected = abs(position)
    return 2 * (size - 1) - reflected if reflected > size - 1 else reflected


def pad_by_index(x: Tensor, widths: tuple[int, ...], mode: str) -> Tensor:
    """Pad trailing axes in ``mode`` 'reflect', 'replicate' or 'circular'; ``widths`` is (before, after) per axis, last axis first, as in F.pad."""
    if 0 in x.shape[: x.ndim - len(widths) // 2]:
        return pad_constant(x, widths)
    if mode == "circular":  # wraps around what is left after cropping; the others read beyond it
        x, widths = pad_constant(x, tuple(min(width, 0) for width in widths)), tuple(max(width, 0) for width in widths)
    for i in range(len(widths) // 2):
        axis = x.ndim - 1 - i
        before, after, size = widths[2 * i], widths[2 * i + 1], x.shape[axis]
        if before != 0 or after != 0:
            if mode == "reflect" and max(before, after) >= size:
                raise ValueError(f"reflect padding {(before, after)} needs an axis longer than {size}")
            index = [source_index(position, size, mode) for position in range(-before, size + after)]
            x = ops.gather(x, Tensor(index, mindspore.int32), axis)
    return x


def pad_constant(x: Tensor, widths: tuple[int, ...], value: Any = 0.0) -> Tensor:
    """Pad (or, where a width is negative, crop) trailing axes with ``value``; ``widths`` as in F.pad."""
    for i in range(len(widths) // 2):
        axis = x.ndim - 1 - i
        before, after = widths[2 * i], widths[2 * i + 1]
        start, stop = max(-before, 0), x.shape[axis] - max(-after, 0)
        if start == stop:
            x = ops.zeros(x.shape[:axis] + (0,) + x.shape[axis + 1 :], x.dtype)
        elif start != 0 or stop != x.shape[axis]:
            x = ops.narrow(x, axis, start, stop - start)
        for width, first in ((before, True), (after, False)):
            if width > 0:
                shape = x.shape[:axis] + (width,) + x.shape[axis + 1 :]
                block = ops.full(shape, value, dtype=x.dtype)
                x = ops.cat((block, x) if first else (x, block), axis)
    return x


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that torch's deprecated flags mean, where one is given."""
    if size_average is None and reduce is None:
        if reduction not in ("none", "mean", "sum", "batchmean"):
            raise ValueError(f"{reduction} is not a valid value for reduction")
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "mean" if size_average is None or size_average else "sum"


def weighted_mean(total: Tensor, weight: Tensor) -> Tensor:
    """A loss's sum over the sum of its weights; NaN where nothing is weighed, which in torch no derivative goes through."""
    nothing = weight == 0
    return mint.where(nothing, ops.full((), math.nan, dtype=total.dtype), total / mint.where(nothing, ops.ones_like(weight), weight))


class ValuesIndices(NamedTuple):
    """The pair that torch's max, min, sort, topk and friends return."""

    values: Tensor
    indices: Tensor


def _axis(dim: int, ndim: int) -> int:
    """``dim`` counted from the front; a 0-d tensor has one dimension for torch."""
    rank = max(ndim, 1)
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _axes(dim: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The dimensions to reduce; None and () mean all of them."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return tuple(range(ndim))
    return tuple(_axis(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))


def _promote_pair(a: Any, b: Any) -> Any:
    """torch.promote_types: bool < integers < floats < complex, then by width."""
    if a == b:
        return a
    for ranks in (_COMPLEX_RANK, _FLOAT_RANK):
        known = [t for t in (a, b) if t in ranks]
        if known and ranks is _COMPLEX_RANK:
            wide = mindspore.float64 in (a, b) or mindspore.complex128 in (a, b)
            return mindspore.complex128 if wide else mindspore.complex64
        if len(known) == 2 and ranks[a] == ranks[b]:
            return mindspore.float32
        if known:
            return max(known, key=lambda t: ranks[t])
    if mindspore.bool_ in (a, b):
        return b if a == mindspore.bool_ else a
    if mindspore.uint8 in (a, b) and mindspore.int8 in (a, b):
        return mindspore.int16
    return max((a, b), key=lambda t: _INT_RANK[t])


@ops.constexpr
def _category(dtype: Any) -> int:
    """bool 0, integer 1, float 2, complex 3; worked out in Python when a graph is compiled, so that only one branch of a question is."""
    if dtype == mindspore.bool_:
        return 0
    return 1 if dtype in _INT_RANK else 2 if dtype in _FLOAT_RANK else 3


def _scalar_dtype(value: Any) -> Any:
    """The dtype that torch gives a Python number."""
    if isinstance(value, bool):
        return mindspore.bool_
    if isinstance(value, int):
        return mindspore.int64
    return mindspore.complex64 if isinstance(value, complex) else mindspore.float32


def _result_dtype(*values: Any) -> Any:
    """torch.result_type: tensors with dimensions decide before 0-d tensors, those before Python numbers, within a category."""
    dtypes: tuple[Any, ...] = ()
    ranks: tuple[int, ...] = ()
    for value in values:
        is_tensor = isinstance(value, Tensor)
        dtypes = (*dtypes, value.dtype if is_tensor else _scalar_dtype(value))
        ranks = (*ranks, 2 if not is_tensor else 0 if value.ndim else 1)
    return _joint_dtype(dtypes, ranks)


@ops.constexpr
def _joint_dtype(dtypes: tuple[Any, ...], ranks: tuple[int, ...]) -> Any:
    """The dtype that values of these dtypes have together, those of a lower rank first; worked out in Python when a graph is compiled."""
    groups = [[dtype for dtype, own in zip(dtypes, ranks) if own == rank] for rank in range(3)]
    result = None
    for group in groups:
        for dtype in group[1:]:
            group[0] = _promote_pair(group[0], dtype)
        if group and (result is None or _category(group[0]) > _category(result)):
            wide = result == mindspore.float64 and _category(group[0]) == 3  # complex numbers of the width of the floats
            result = mindspore.complex128 if wide else group[0]
    return result


def _as_float(input: Tensor) -> Tensor:
    """Integers and booleans as float32, as torch's mathematical functions take them."""
    return input if _category(input.dtype) >= 2 else input.astype(mindspore.float32)


def _cast(input: Tensor, dtype: Any) -> Tensor:
    """``input`` in ``dtype``; None leaves it as it is."""
    return input if dtype is None or input.dtype == dtype else ops.cast(input, dtype)


def _magnitude(input: Tensor) -> Tensor:
    """|input| as a real number."""
    return _real(ops.abs(input)) if _category(input.dtype) == 3 else ops.abs(input)


def _real_part(input: Tensor) -> Tensor:
    """The real part of a complex tensor, a real one as it is."""
    return _real(input) if _category(input.dtype) == 3 else input


def _real_dtype(dtype: Any) -> Any:
    """The dtype of the parts of complex numbers."""
    return {mindspore.complex64: mindspore.float32, mindspore.complex128: mindspore.float64}.get(dtype, dtype)


def _real(x: Tensor) -> Tensor:
    """The real parts; MindSpore's kernels for them refuse tensors without elements."""
    return ops.real(x) if x.size else ops.zeros(x.shape, _real_dtype(x.dtype))


def _imag(x: Tensor) -> Tensor:
    """The imaginary parts."""
    return ops.imag(x) if x.size else ops.zeros(x.shape, _real_dtype(x.dtype))


def _conjugate(input: Tensor) -> Tensor:
    """The complex conjugate; real numbers as they are."""
    return ops.conj(input) if _category(input.dtype) == 3 and input.size else input


def _broadcasting(kernel: Any, x: Tensor, y: Tensor) -> Tensor:
    """``kernel(x, y)`` where it refuses to broadcast tensors without elements."""
    return kernel(x, y) if x.size and y.size else x + y


def _by_parts(function: Any, *tensors: Tensor) -> Tensor:
    """A linear function of complex tensors, of their real and imaginary parts, for kernels that take real numbers only."""
    return ops.Complex()(function(*(_real(x) for x in tensors)), function(*(_imag(x) for x in tensors)))


def _scaled_by(factor: Any, x: Tensor) -> Tensor:
    """factor * x, where the factor may be a Python complex number, which MindSpore's product refuses."""
    if not isinstance(factor, complex):
        return factor * x
    dtype = x.dtype if _category(x.dtype) == 3 else mindspore.complex128 if x.dtype == mindspore.float64 else mindspore.complex64
    return Tensor(factor, dtype) * ops.cast(x, dtype)


def _scattered(x: Tensor, index: Tensor, src: Tensor, axis: int = 0, reduction: str = "none") -> Tensor:
    """``x`` with ``src`` written (or added) at ``index`` along an axis; complex numbers by their parts, which have the kernel."""
    if _category(x.dtype) == 3:
        return _by_parts(lambda whole, part: _scattered(whole, index, part, axis, reduction), x, src)
    if reduction == "add":
        return _added_at(x, index, src, axis)
    return ops.tensor_scatter_elements(x, index, src, axis, reduction)


def _added_at(x: Tensor, index: Tensor, src: Tensor, axis: int) -> Tensor:
    """``src`` added at ``index`` along an axis, element by element. ``tensor_scatter_elements`` loses additions on CPU where an index occurs twice:
    its threads do not wait for each other."""
    steps, others = _places(tuple(x.shape), tuple(index.shape), axis)
    flat = index * steps + others.astype(index.dtype)
    if x.dtype == mindspore.bool_:
        return _added_at(x.astype(mindspore.int32), index, src.astype(mindspore.int32), axis) != 0
    return ops.tensor_scatter_add(x.reshape(-1), flat.reshape(-1, 1), src.reshape(-1)).reshape(x.shape)


@ops.constexpr
def _places(shape: tuple[int, ...], index: tuple[int, ...], axis: int) -> tuple[int, Tensor]:
    """How far apart elements along ``axis`` lie in memory, and where those of an index of some shape stand in the other dimensions (1 long along
    ``axis``)."""
    steps = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
    grid = np.indices(tuple(1 if i == axis else n for i, n in enumerate(index)))
    return steps[axis], Tensor(sum(grid[i] * step for i, step in enumerate(steps)), mindspore.int64)


def _inverse(matrices: Tensor) -> Tensor:
    """The inverse matrices; MindSpore's kernel wants at least two rows."""
    rows = matrices.shape[-1]
    return ops.inverse(matrices) if rows > 1 and matrices.size else 1 / matrices if rows == 1 and matrices.size else matrices


def _memory_order(input: Tensor) -> tuple[int, ...]:
    """The dimensions as they lie in memory, that of the longest stride first."""
    return _by_stride(tuple(input.stride())) if input.ndim else ()


@ops.constexpr
def _by_stride(strides: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions, that of the longest stride first; worked out in Python when a graph is compiled."""
    return tuple(sorted(range(len(strides)), key=lambda axis: (-strides[axis], axis)))


def _softmax(x: Tensor, axis: int) -> Tensor:
    """exp(x) over its sum along ``axis``. Over a single element MindSpore's CPU gradient must never be taken: where it is the first of a rank that a
    process takes, all later ones of that rank are wrong."""
    if x.size == 0:
        return x
    if x.ndim == 0 or x.shape[axis] == 1:
        return ops.exp(x - x)
    return mint.softmax(x, axis)


def _size(values: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` alike."""
    if len(values) == 1 and not isinstance(values[0], (int, Tensor)):
        values = tuple(values[0])
    return tuple(int(v) for v in values)


def _sum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """torch.sum; the CPU kernel leaves memory unset where nothing is summed, so empty tensors are answered here."""
    if input.size:
        return mint.sum(input, dim, keepdim) if dim is not None else mint.sum(input)
    axes = _axes(dim, input.ndim)
    shape = tuple(1 if i in axes else n for i, n in enumerate(input.shape) if keepdim or i not in axes)
    return ops.zeros(shape, input.dtype if _category(input.dtype) >= 2 else mindspore.int64)


def accurate_tanh(x: Tensor) -> Tensor:
    """tanh(x) = 2 sigmoid(2 x) - 1: MindSpore's tanh kernel on CPU is off by up to 1e-4, its gradient by 2e-4."""
    return 2 * ops.sigmoid(2 * x) - 1


def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b."""
    product = ops.matmul(x, weight.swapaxes(0, 1))
    return product if bias is None else product + _cast(bias, product.dtype)


@ops.constexpr
def _autocast_dtype(operator: str) -> Any:
    """The dtype that ``autocast`` lets an operator compute in; None outside of it, and for operators in neither of its lists."""
    strategy = get_curr_amp_strategy()
    if strategy is None or strategy.get_amp_level() != AmpLevel.AmpAuto:
        return None
    if any(name == operator for name, _ in strategy.get_black_list()):
        return mindspore.float32
    return strategy.get_amp_dtype() if any(name == operator for name, _ in strategy.get_white_list()) else None


def _autocast_to(operator: str, *values: Any) -> tuple[Any, ...]:
    """Arguments of a function that is one operator for torch, in the dtype that ``autocast`` lets it compute in."""
    dtype = _autocast_dtype(operator)
    if dtype is None:
        return values
    half = (mindspore.float16, mindspore.bfloat16, mindspore.float32)
    return tuple(ops.cast(x, dtype) if isinstance(x, Tensor) and x.dtype in half else x for x in values)
