"""torch.testing: comparing results with tolerances that follow their dtype."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor

TOLERANCES = {
    mindspore.float16: (1e-3, 1e-5),
    mindspore.bfloat16: (1.6e-2, 1e-5),
    mindspore.float32: (1.3e-6, 1e-5),
    mindspore.float64: (1e-7, 1e-7),
    mindspore.complex64: (1.3e-6, 1e-5),
    mindspore.complex128: (1e-7, 1e-7),
}


def tolerances_of(values: Sequence[Any], rtol: float | None, atol: float | None) -> tuple[float, float]:
    """Both tolerances as given, or the larger ones that the dtypes call for."""
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be specified or both be unspecified")
    if rtol is not None and atol is not None:
        return rtol, atol
    found = [TOLERANCES.get(value.dtype, (0.0, 0.0)) for value in values if isinstance(value, Tensor)]
    if not found:
        found = [(1e-7, 1e-7) if isinstance(value, (float, complex, np.floating)) else (0.0, 0.0) for value in values]
    return max(pair[0] for pair in found), max(pair[1] for pair in found)


def refuse(message: str, path: str, msg: str | Callable[[str], str] | None) -> None:
    """AssertionError with the given message, or this one."""
    text = f"{message}{f' (at {path})' if path else ''}"
    raise AssertionError(msg(text) if callable(msg) else msg or text)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """torch.testing.assert_close: AssertionError unless |actual - expected| <= atol + rtol |expected| everywhere."""
    compare_nested(actual, expected, rtol, atol, equal_nan, check_dtype, msg, "")


def compare_nested(
    actual: Any, expected: Any, rtol: float | None, atol: float | None, equal_nan: bool, check_dtype: bool, msg: Any, path: str
) -> None:
    """Mappings and sequences part by part, numbers and tensors by value."""
    rest = (rtol, atol, equal_nan, check_dtype, msg)
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if set(actual) != set(expected):
            refuse(f"The keys of the mappings do not match: {sorted(map(str, actual))}, {sorted(map(str, expected))}", path, msg)
        for key in actual:
            compare_nested(actual[key], expected[key], *rest, f"{path}[{key!r}]")
    elif isinstance(actual, Sequence) and isinstance(expected, Sequence) and not isinstance(actual, str):
        if len(actual) != len(expected):
            refuse(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path, msg)
        for index, (left, right) in enumerate(zip(actual, expected, strict=True)):
            compare_nested(left, right, *rest, f"{path}[{index}]")
    elif actual is None and expected is None:
        return
    elif isinstance(actual, (Tensor, np.ndarray, numbers.Number)) and isinstance(expected, (Tensor, np.ndarray, numbers.Number)):
        compare_values(actual, expected, rtol, atol, equal_nan, check_dtype, msg, path)
    else:
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")


def compare_values(
    actual: Any, expected: Any, rtol: float | None, atol: float | None, equal_nan: bool, check_dtype: bool, msg: Any, path: str
) -> None:
    """Two tensors or numbers."""
    relative, absolute = tolerances_of((actual, expected), rtol, atol)
    both = isinstance(actual, Tensor) and isinstance(expected, Tensor)
    if both and tuple(actual.shape) != tuple(expected.shape):
        refuse(f"The values for attribute 'shape' do not match: {tuple(actual.shape)} != {tuple(expected.shape)}.", path, msg)
    if both and check_dtype and actual.dtype != expected.dtype:
        refuse(f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}.", path, msg)
    left, right = (as_array(value) for value in (actual, expected))
    if not np.allclose(left, right, relative, absolute, equal_nan):
        wrong = ~np.isclose(left, right, relative, absolute, equal_nan)
        worst = float(np.max(np.abs(left - right)[wrong], initial=0.0)) if left.dtype != bool else 1.0
        refuse(
            f"Tensor-likes are not close! Mismatched elements: {int(wrong.sum())} / {wrong.size}, greatest difference {worst}", path, msg
        )


def as_array(value: Any) -> Any:
    """A tensor or number as an array that numpy compares exactly."""
    if isinstance(value, Tensor):
        value = (value.astype(mindspore.float32) if value.dtype == mindspore.bfloat16 else value).asnumpy()
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype in (np.float16, np.float32) else array


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = True, msg: str = ""
) -> None:
    """torch.testing.assert_allclose: assert_close that ignores dtypes."""
    target = expected if isinstance(expected, Tensor) else Tensor(expected)
    compare_nested(actual if isinstance(actual, Tensor) else Tensor(actual), target, rtol, atol, equal_nan, False, msg or None, "")
