"""How tensors travel between the two processes: one raw file per tensor, so that large checkpoints stream and every dtype survives.

numpy's own formats know neither bfloat16 nor memory-mapped appending of thousands of tensors; raw bytes with shape and dtype in the
JSON message need nothing from either framework. bfloat16 is carried as the upper half of a float32.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

DTYPES: Final = (
    "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool",
    "complex64", "complex128",
)  # fmt: skip
FLOATS: Final = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a file: ``dtype`` is its true type, also where numpy reads it as uint16 (bfloat16)."""

    file: str
    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def parse(cls, message: dict[str, Any]) -> Stored:
        """From its JSON form."""
        return cls(message["file"], tuple(message["shape"]), message["dtype"])

    def message(self) -> dict[str, Any]:
        """Its JSON form."""
        return asdict(self)


class ArrayStore:
    """Writes tensors one by one into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, array: Array, dtype: str | None = None) -> Stored:
        """Store one array; ``dtype`` is given where ``array`` holds the bits of a bfloat16."""
        path = self._folder / f"{self._count}.bin"
        self._count += 1
        with path.open("wb") as file:
            file.write(np.ascontiguousarray(array).data)
        return Stored(os.fspath(path), tuple(array.shape), dtype or array.dtype.name)


def read_bits(stored: Stored) -> Array:
    """The stored tensor, memory-mapped and read-only; bfloat16 comes as its uint16 bits."""
    dtype = np.dtype("uint16" if stored.dtype == "bfloat16" else stored.dtype)
    if 0 in stored.shape:
        return np.zeros(stored.shape, dtype)
    if not stored.shape:
        return np.fromfile(stored.file, dtype).reshape(())
    return np.memmap(stored.file, dtype, mode="r", shape=stored.shape)


def read_values(stored: Stored) -> Array:
    """The stored tensor as numbers that numpy can compute with; bfloat16 becomes float32."""
    bits = read_bits(stored)
    return widen_bfloat16(bits) if stored.dtype == "bfloat16" else bits


def widen_bfloat16(bits: Array) -> Array:
    """float32 values of bfloat16 bits."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def round_bfloat16(values: Array) -> Array:
    """bfloat16 bits of float32 values, rounded to nearest even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)
