"""The ``--inputs`` grammar: what each form means, and that a fault is found at its column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from transpiler.exporter import ExporterError
from transpiler.exporter.arrays import ArrayStore, Stored, read_values
from transpiler.exporter.inputs import InputSpec, ModelInput, build_inputs, parse_inputs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,3,224,224", [InputSpec(None, "float32", (2, 3, 224, 224))]),
        ("ids=int64[1000]:2,16", [InputSpec("ids", "int64", (2, 16), None, 1000)]),
        ("2,3; mask=bool:2", [InputSpec(None, "float32", (2, 3)), InputSpec("mask", "bool", (2,))]),
        ("float16[-1,1]:4 ()", [InputSpec(None, "float16", (4,), -1.0, 1.0), InputSpec(None, "float32", ())]),
        ("int32[5, 9]:0,2", [InputSpec(None, "int32", (0, 2), 5, 9)]),
    ],
)
def test_each_form_is_understood(text: str, expected: list[InputSpec]) -> None:
    assert list(parse_inputs(text)) == expected


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "--inputs:1", "no input given"),
        ("2,x,4", "--inputs:3", "'x' is not a size"),
        ("2,3 -1,4", "--inputs:5", "'-1' is not a size"),
        ("2 ids=long:4", "--inputs:7", "unknown dtype 'long'"),
        ("int64[ten]:4", "--inputs:7", "'ten' is not an integer"),
        ("int64[0]:4", "--inputs:7", "empty"),
        ("a=2 a=3", "--inputs:5", "given twice"),
        ("bool[3]:2", "--inputs:6", "takes no range"),
        ("int64[3:2", "--inputs:1", "not a size"),
        ("2,3,", "--inputs:5", "'' is not a size"),
    ],
)
def test_a_fault_is_named_with_its_column(text: str, place: str, said: str) -> None:
    with pytest.raises(ExporterError) as caught:
        parse_inputs(text)
    assert caught.value.place == place
    assert said in caught.value.message


def _values(item: ModelInput) -> np.ndarray:
    return read_values(item.data)


def test_values_follow_dtype_range_and_seed(tmp_path: Path) -> None:
    text = "100 int64[3,7]:1000 uint8:100 bfloat16:50 bool:64 float64[2,3]:10 complex64:3"
    built = build_inputs(text, ArrayStore(tmp_path / "a"), seed=1)
    assert [item.data.dtype for item in built] == ["float32", "int64", "uint8", "bfloat16", "bool", "float64", "complex64"]
    normal, integers, small, half, _, uniform, _ = map(_values, built)
    assert abs(normal.mean()) < 0.5 and 0.5 < normal.std() < 1.5
    assert set(integers) == {3, 4, 5, 6} and set(small) == {0, 1}
    assert np.array_equal(half, half.astype(np.float32)) and not (half.view(np.uint32) & 0xFFFF).any()
    assert ((uniform >= 2) & (uniform < 3)).all()
    again = build_inputs(text, ArrayStore(tmp_path / "b"), seed=1)
    other = build_inputs(text, ArrayStore(tmp_path / "c"), seed=2)
    assert np.array_equal(_values(again[0]), normal) and not np.array_equal(_values(other[0]), normal)


def test_an_archive_gives_positional_and_named_inputs(tmp_path: Path) -> None:
    path = tmp_path / "in.npz"
    np.savez(path, np.ones(2), np.zeros((1, 3), np.int32), mask=np.array([True]))
    built = build_inputs(str(path), ArrayStore(tmp_path / "store"), seed=0)
    assert [(item.name, item.data.shape, item.data.dtype) for item in built] == [
        (None, (2,), "float64"), (None, (1, 3), "int32"), ("mask", (1,), "bool"),
    ]  # fmt: skip


def test_a_bad_archive_is_refused(tmp_path: Path) -> None:
    store = ArrayStore(tmp_path / "store")
    pickled, gap, text = tmp_path / "object.npz", tmp_path / "gap.npz", tmp_path / "text.npz"
    np.savez(pickled, np.array([{}], dtype=object))
    np.savez(gap, arr_1=np.ones(1))
    text.write_text("no archive")
    for path in (pickled, gap, text, tmp_path / "absent.npz"):
        with pytest.raises(ExporterError) as caught:
            build_inputs(str(path), store, 0)
        assert caught.value.place == str(path)


def test_every_dtype_survives_the_store(tmp_path: Path) -> None:
    store = ArrayStore(tmp_path)
    for array in (np.arange(6, dtype=np.int16).reshape(2, 3).T, np.array(3.5), np.zeros((0, 4), np.float16), np.array([True, False])):
        stored = store.write(array)
        back = read_values(Stored.parse(stored.message()))
        assert back.dtype == array.dtype and np.array_equal(back, array)
