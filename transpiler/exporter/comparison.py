"""Whether two lists of tensors are the same up to rounding, and which submodule departs first.

The measure is error/spread = max|a-b| / (max(a)-min(a)): it neither forgives a wrong small tensor nor blames rounding in a large one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from transpiler.exporter.arrays import Array, Stored, read_values
from transpiler.exporter.contract import Row

#: A gradient that vanishes by construction (a bias before a softmax) is pure rounding noise; it is measured against this part of the
#: largest gradient's spread.
_NOISE_FLOOR: Final = 1e-4
#: The port's rounding is another draw from the same distribution, of which only a few were seen.
_ROUNDINGS: Final = 10.0
ROOT_NAME: Final = "<model>"

Leaves = Sequence[Mapping[str, Any]]


def compare_outputs(source: Leaves, target: Leaves, limit: float) -> list[Row]:
    """One row per output; by path, or in order where the port's structure has other names."""
    paths = [leaf["path"] for leaf in source]
    by_path = {leaf["path"]: leaf for leaf in target}
    if set(by_path) != set(paths) and len(target) == len(source):
        by_path = dict(zip(paths, target, strict=True))
    rows = [_compare_leaf(leaf, by_path.pop(leaf["path"], None), limit) for leaf in source]
    extra = [Row(path, tuple(leaf["data"]["shape"]), math.inf, math.inf, False, note="only in the port") for path, leaf in by_path.items()]
    return rows + extra


def _compare_leaf(source: Mapping[str, Any], target: Mapping[str, Any] | None, limit: float) -> Row:
    name = source["path"] or "output"
    stored = Stored.parse(source["data"])
    if target is None:
        return Row(name, stored.shape, math.inf, math.inf, False, note="missing in the port's output")
    other = Stored.parse(target["data"])
    note = "" if stored.dtype == other.dtype else f"{stored.dtype} became {other.dtype}"
    return compare_arrays(name, read_values(stored), read_values(other), limit, note=note)


def compare_gradients(
    source: Mapping[str, Array], target: Mapping[str, Array], kind: str, limit: float, rounding: Mapping[str, float] = MappingProxyType({})
) -> list[Row]:
    """One row per gradient; both sides in the port's layout. ``rounding`` tells how far each moves in torch itself when weights and inputs
    change by rounding: a difference of that order (up to ``_ROUNDINGS`` times it) is not the port's."""
    floor = _NOISE_FLOOR * max((_spread(array) for array in source.values()), default=0.0)
    rows = []
    for name, array in source.items():
        if name in target:
            row = compare_arrays(name, array, target[name], limit, kind=kind, floor=floor)
            rows.append(_excused(row, rounding.get(name, 0.0)))
        else:
            rows.append(Row(name, tuple(array.shape), math.inf, math.inf, False, kind, "is not trained in the port"))
    return rows


def _excused(row: Row, rounding: float) -> Row:
    if row.ok or not row.max_abs_error <= _ROUNDINGS * rounding:
        return row
    return replace(row, ok=True, note=f"ill-conditioned: torch's own rounding moves it by {rounding:.1e}")


def compare_arrays(name: str, a: Array, b: Array, limit: float, *, kind: str = "output", note: str = "", floor: float = 0.0) -> Row:
    """Original ``a`` and port ``b``. Integers must be equal; NaN and infinities must stand in the same places."""
    if a.shape != b.shape:
        return Row(name, tuple(a.shape), math.inf, math.inf, False, kind, f"the port's shape is {b.shape}")
    if a.size == 0:
        return Row(name, tuple(a.shape), 0.0, 0.0, True, kind, note or "empty")
    left, right = _wide(a), _wide(b)
    finite = np.isfinite(left)
    if not finite.any():
        return Row(name, tuple(a.shape), math.inf, math.inf, False, kind, "the original has no finite value: nothing can be compared")
    if not np.array_equal(left[~finite], right[~finite], equal_nan=True) or not np.isfinite(right[finite]).all():
        return Row(name, tuple(a.shape), math.inf, math.inf, False, kind, "NaN or infinity in other places")
    error = float(np.max(np.abs(left[finite] - right[finite])))
    scale = max(_spread(a), floor) or float(np.max(np.abs(left[finite]))) or 1.0
    exact = not (np.issubdtype(a.dtype, np.inexact))
    ok = error == 0.0 if exact else error / scale <= limit
    return Row(name, tuple(a.shape), error, error / scale, ok, kind, note)


def _wide(array: Array) -> Array:
    return np.asarray(array, np.complex128 if np.iscomplexobj(array) else np.float64)


def _spread(array: Array) -> float:
    values = _wide(array)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0
    parts = (values.real, values.imag) if np.iscomplexobj(values) else (values,)
    return max(float(part.max() - part.min()) for part in parts)


def find_first_departing(source: Leaves, target: Leaves, limit: float) -> str | None:
    """The path of the first submodule, in order of completion, whose output departs although its inputs agree.

    Events of both sides are matched by path and number of the call; a module whose inputs already depart only passes a fault on.
    """
    calls: dict[tuple[str, int], Mapping[str, Any]] = {}
    counts: dict[str, int] = {}
    for event in target:
        counts[event["path"]] = counts.get(event["path"], 0) + 1
        calls[event["path"], counts[event["path"]]] = event
    counts = {}
    passed_on: str | None = None
    for event in source:
        path = event["path"]
        counts[path] = counts.get(path, 0) + 1
        other = calls.get((path, counts[path]))
        if other is None or _agree(event["outputs"], other["outputs"], limit):
            continue
        if _agree(event["inputs"], other["inputs"], limit):
            return path or ROOT_NAME
        passed_on = passed_on or path or ROOT_NAME
    return passed_on


def _agree(a: Leaves, b: Leaves, limit: float) -> bool:
    if len(a) != len(b):
        return False
    return all(row.ok for row in compare_outputs(a, b, limit))
