"""Which conversions do all support layers share? Numbers to tuples, dtypes to names, symmetric zero padding.

Kept apart so that the copier takes each of them once into a project's support module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

Tensor = Any


def _tuple(value: Any, length: int) -> tuple[Any, ...]:
    """``value`` repeated ``length`` times, or the sequence it already is (torch's ``_ntuple``)."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * length


def _dtype_name(dtype: Any) -> str:
    """A dtype as Keras names it ('float32'); None stands for the float default."""
    return str(keras.backend.standardize_dtype(dtype))


def _shape(x: Tensor) -> tuple[Any, ...]:
    """Sizes of ``x``: numbers where they are known, otherwise scalar tensors (a batch of unknown size in a traced graph)."""
    return tuple(keras.ops.shape(x))


def _axis(dim: int, rank: int) -> int:
    """``dim`` counted from the front; raises IndexError, as torch does, where it is out of range."""
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _pad_spatial(x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """Pads the last ``len(pads)`` axes with a constant; a no-op where every pad is zero."""
    if not any(before or after for before, after in pads):
        return x
    widths = [(0, 0)] * (len(x.shape) - len(pads)) + [tuple(pad) for pad in pads]
    return keras.ops.pad(x, widths, constant_values=value)


def _index_dtype() -> str:
    """torch counts and indexes in int64; JAX has it only when 64-bit types are switched on, so there Keras's int32 stands."""
    return "int32" if keras.backend.backend() == "jax" else "int64"
