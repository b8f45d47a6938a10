"""Our safetensors files as the format's own library reads them."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from transpiler.exporter.safetensors_file import write_safetensors


def test_every_dtype_is_read_back(tmp_path: Path) -> None:
    arrays = {
        name: np.arange(6).reshape(2, 3).astype(dtype)
        for name, dtype in {
            "f": "float32",
            "d": "float64",
            "h": "float16",
            "b": ml_dtypes.bfloat16,
            "i": "int64",
            "u": "uint8",
            "t": "bool",
        }.items()
    } | {"transposed": np.arange(6.0).reshape(2, 3).T, "scalar": np.array(3, np.int32), "empty": np.zeros((0, 2), np.float32)}
    write_safetensors(tmp_path / "x.safetensors", arrays.items())
    found = load_file(tmp_path / "x.safetensors")
    assert found.keys() == arrays.keys() and found["b"].dtype == torch.bfloat16
    for name, array in arrays.items():
        assert tuple(found[name].shape) == array.shape
        assert np.array_equal(found[name].double().numpy(), array.astype(np.float64)), name


def test_a_dtype_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_safetensors(tmp_path / "x.safetensors", [("x", np.ones(2, np.complex128))])
