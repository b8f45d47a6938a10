"""What counts as equal, and which submodule is blamed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transpiler.exporter.arrays import Array, ArrayStore
from transpiler.exporter.comparison import compare_arrays, compare_gradients, compare_outputs, find_first_departing

LIMIT = 1e-3


def test_the_error_is_measured_against_the_spread() -> None:
    original = np.array([1000.0, 1001.0])
    assert not compare_arrays("y", original, original + 0.1, LIMIT).ok
    row = compare_arrays("y", original * 1000, original * 1000 + 0.1, LIMIT)
    assert row.ok and row.relative_error == pytest.approx(1e-4) and row.max_abs_error == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("original", "port", "ok"),
    [
        (np.array([1, 2, 3]), np.array([1, 2, 3]), True),
        (np.array([0, 100000]), np.array([1, 100000]), False),
        (np.array([np.nan, 1.0, 2.0]), np.array([np.nan, 1.0, 2.0]), True),
        (np.array([np.nan, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]), False),
        (np.array([-np.inf, 1.0, 2.0]), np.array([np.inf, 1.0, 2.0]), False),
        (np.array([1.0, 2.0]), np.array([1.0, np.nan]), False),
        (np.array([np.nan]), np.array([np.nan]), False),
        (np.ones((2, 3)), np.ones((3, 2)), False),
        (np.array(5.0), np.array(5.001), True),
        (np.array(5.0), np.array(5.1), False),
        (np.zeros(3), np.zeros(3), True),
        (np.zeros((0, 2)), np.zeros((0, 2)), True),
        (np.array([1 + 1j, 2 + 5j]), np.array([1 + 1j, 2 + 5.5j]), False),
    ],
)
def test_what_is_equal(original: Array, port: Array, ok: bool) -> None:
    assert compare_arrays("y", original, port, LIMIT).ok is ok


def test_a_gradient_that_vanishes_is_measured_against_the_largest() -> None:
    big, noise = np.array([-5.0, 5.0]), np.array([1e-9, -2e-9])
    source, target = {"w": big, "b": noise}, {"w": big, "b": -noise}
    assert all(row.ok for row in compare_gradients(source, target, "parameter gradient", LIMIT))
    assert not compare_gradients({"b": noise}, {"b": -noise}, "parameter gradient", LIMIT)[0].ok


def test_an_untrained_parameter_is_named() -> None:
    (row,) = compare_gradients({"w": np.ones(2)}, {}, "parameter gradient", LIMIT)
    assert not row.ok and row.name == "w" and math.isinf(row.relative_error)


class _Leaves:
    def __init__(self, folder: Path) -> None:
        self._store = ArrayStore(folder)

    def __call__(self, **named: float) -> list[dict[str, Any]]:
        return [{"path": path, "data": self._store.write(np.array([0.0, value])).message()} for path, value in named.items()]


def test_outputs_are_matched_by_path_or_in_order(tmp_path: Path) -> None:
    leaves = _Leaves(tmp_path)
    assert all(row.ok for row in compare_outputs(leaves(a=1, b=2), leaves(b=2, a=1), LIMIT))
    assert all(row.ok for row in compare_outputs(leaves(a=1, b=2), leaves(x=1, y=2), LIMIT))
    assert [(row.name, row.ok) for row in compare_outputs(leaves(a=1, b=2), leaves(a=1), LIMIT)] == [("a", True), ("b", False)]
    assert [(row.name, row.ok) for row in compare_outputs(leaves(a=1), leaves(a=1, c=3), LIMIT)] == [("a", True), ("c", False)]


def test_the_submodule_that_departs_is_the_one_whose_inputs_agree(tmp_path: Path) -> None:
    leaves = _Leaves(tmp_path)

    def event(path: str, given: float, output: float) -> dict[str, Any]:
        return {"path": path, "inputs": leaves(x=given), "outputs": leaves(y=output)}

    original = [event("a", 1, 2), event("b.c", 2, 3), event("b", 2, 4), event("", 1, 4)]
    leaf_wrong = [event("a", 1, 2), event("b.c", 2, 9), event("b", 2, 8), event("", 1, 8)]
    between_wrong = [event("a", 1, 2), event("b.c", 7, 6), event("b", 2, 5), event("", 1, 5)]
    root_wrong = [event("a", 1, 2), event("b.c", 2, 3), event("b", 2, 4), event("", 1, 7)]
    found = [find_first_departing(original, port, LIMIT) for port in (original, leaf_wrong, between_wrong, root_wrong)]
    assert found == [None, "b.c", "b", "<model>"]


def test_calls_of_a_shared_module_are_told_apart(tmp_path: Path) -> None:
    leaves = _Leaves(tmp_path)

    def event(path: str, given: float, output: float) -> dict[str, Any]:
        return {"path": path, "inputs": leaves(x=given), "outputs": leaves(y=output)}

    original = [event("act", 1, 1), event("fc", 1, 2), event("act", 2, 2)]
    port = [event("act", 1, 1), event("fc", 1, 5), event("act", 5, 5)]
    assert find_first_departing(original, port, LIMIT) == "fc"
