"""Which inputs a model is run on: the ``--inputs`` text, or an ``.npz`` file, as arrays.

Grammar (whitespace or ``;`` separates items)::

    spec   = item { separator item } | path ending in ".npz"
    item   = [ name "=" ] [ dtype [ "[" [ low "," ] high "]" ] ":" ] shape
    shape  = size { "," size } | "()"

``2,3,224,224`` is a float32 tensor from a standard normal distribution. Integers are drawn from ``[low, high)``, by default [0, 2), which
is a valid index or class number for nearly every model; floats with a range are uniform in it. In an ``.npz``, ``arr_0``, ``arr_1`` …
(what ``numpy.savez`` calls positional arrays) are positional, every other name is a keyword argument.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from transpiler.exporter.arrays import DTYPES, FLOATS, Array, ArrayStore, Stored, round_bfloat16
from transpiler.exporter.contract import ExporterError
from transpiler.report.codes import Code

_ITEM: Final = re.compile(
    r"(?:(?P<name>[^\W\d]\w*)=)?"
    r"(?:(?P<dtype>[A-Za-z]\w*)(?:\[(?:(?P<low>[^,\]]*),)?(?P<high>[^\]]*)\])?:)?"
    r"(?P<shape>.*)"
)
_POSITIONAL: Final = re.compile(r"arr_(\d+)\Z")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One argument of the model: positional where ``name`` is None."""

    name: str | None
    data: Stored

    def message(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"name": self.name, "data": self.data.message()}


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One parsed item of the ``--inputs`` text."""

    name: str | None
    dtype: str
    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None


def build_inputs(text: str, store: ArrayStore, seed: int) -> tuple[ModelInput, ...]:
    """The arrays that ``text`` asks for, written to ``store``. Raises ``ExporterError`` naming option and column, or the file."""
    if text.strip().endswith(".npz"):
        return _read_npz(Path(text.strip()), store)
    generator = np.random.default_rng(seed)
    return tuple(ModelInput(item.name, _draw(item, generator, store)) for item in parse_inputs(text))


def parse_inputs(text: str) -> tuple[InputSpec, ...]:
    """The items of an ``--inputs`` text. Raises ``ExporterError`` with place ``--inputs:COLUMN`` (from 1)."""
    items = tuple(_parse_item(match.group(), match.start() + 1) for match in re.finditer(r"(?:\[[^\]]*\]|[^\s;\[])+|\[", text))
    if not items:
        raise _error("no input given; write a shape such as 2,3,224,224", 1)
    names = [item.name for item in items if item.name]
    for name in names:
        if names.count(name) > 1:
            raise _error(f"argument '{name}' is given twice", text.rindex(f"{name}=") + 1)
    return items


def _parse_item(text: str, column: int) -> InputSpec:
    match = _ITEM.fullmatch(text)
    assert match is not None, "the grammar's last group accepts any text"
    dtype = match["dtype"] or "float32"
    if dtype not in DTYPES:
        raise _error(f"unknown dtype '{dtype}'; known are {', '.join(DTYPES)}", column + match.start("dtype"))
    low = _bound(match["low"], dtype, column + match.start("low"))
    high = _bound(match["high"], dtype, column + match.start("high"))
    if high is not None and high <= (low or 0):
        raise _error(f"the range [{low or 0:g}, {high:g}) is empty", column + match.start("high"))
    return InputSpec(match["name"], dtype, _shape(match["shape"], column + match.start("shape")), low, high)


def _bound(text: str | None, dtype: str, column: int) -> float | None:
    if text is None:
        return None
    if dtype == "bool" or dtype.startswith("complex"):
        raise _error(f"{dtype} takes no range", column)
    try:
        return float(text) if dtype in FLOATS else int(text)
    except ValueError:
        raise _error(f"'{text}' is not a{' number' if dtype in FLOATS else 'n integer'}", column) from None


def _shape(text: str, column: int) -> tuple[int, ...]:
    if text == "()":
        return ()
    sizes = []
    for part in text.split(","):
        if not re.fullmatch(r"[0-9]+", part):
            raise _error(f"'{part}' is not a size; a shape is written 2,3,224,224, or () for a scalar", column)
        sizes.append(int(part))
        column += len(part) + 1
    return tuple(sizes)


def _error(message: str, column: int) -> ExporterError:
    return ExporterError(message, Code.UNREADABLE, f"--inputs:{column}")


def _draw(item: InputSpec, generator: np.random.Generator, store: ArrayStore) -> Stored:
    if item.dtype == "bool":
        return store.write(generator.integers(0, 2, item.shape).astype(np.bool_))
    if item.dtype.startswith("complex"):
        parts = generator.standard_normal((2, *item.shape))
        return store.write(np.asarray(parts[0] + 1j * parts[1], item.dtype))
    if item.dtype not in FLOATS:
        high = 2 if item.high is None else int(item.high)
        return store.write(generator.integers(int(item.low or 0), high, item.shape).astype(item.dtype))
    values = np.asarray(
        generator.standard_normal(item.shape) if item.high is None else generator.uniform(item.low or 0, item.high, item.shape)
    )
    if item.dtype == "bfloat16":
        return store.write(round_bfloat16(values), "bfloat16")
    return store.write(values.astype(item.dtype))


def _read_npz(path: Path, store: ArrayStore) -> tuple[ModelInput, ...]:
    try:
        # allow_pickle=False: an object array would execute code on reading.
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ExporterError(f"the inputs could not be read: {error}", Code.UNREADABLE, str(path)) from error
    return _order(arrays, path, store)


def _order(arrays: dict[str, Array], path: Path, store: ArrayStore) -> tuple[ModelInput, ...]:
    positional = sorted((int(match[1]), name) for name in arrays if (match := _POSITIONAL.match(name)))
    if [index for index, _ in positional] != list(range(len(positional))):
        raise ExporterError("positional arrays must be named arr_0, arr_1, … without a gap", Code.UNREADABLE, str(path))
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ExporterError(f"array '{name}' has dtype {array.dtype}, which is no tensor type", Code.UNREADABLE, str(path))
    ordered = [name for _, name in positional] + [name for name in arrays if not _POSITIONAL.match(name)]
    return tuple(ModelInput(None if _POSITIONAL.match(name) else name, store.write(arrays[name])) for name in ordered)
