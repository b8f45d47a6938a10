"""A result of any structure as a flat list of (path, kind, value), the same way on every framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Leaf = tuple[str, str, Any]
"""Path, what stands there ('value', 'other', or a tensor's dtype), and its value."""


def flatten(value: Any, to_numpy: Callable[[Any], Any], path: str = "y") -> list[Leaf]:
    """Tensors become arrays under the name of their dtype; sequences are walked; other values are compared by their text.

    ``to_numpy`` gives an array and the dtype's name, or None for what is no tensor. bfloat16, which numpy lacks, is widened to float32.
    """
    tensor = to_numpy(value)
    if tensor is not None:
        array, dtype = tensor
        return [(path, f"tensor of {dtype}", array.astype(np.float32) if dtype == "bfloat16" else array)]
    if isinstance(value, Mapping):
        return [leaf for key in value for leaf in flatten(value[key], to_numpy, f"{path}[{key!r}]")]
    if isinstance(value, (list, tuple)):
        return [leaf for index, item in enumerate(value) for leaf in flatten(item, to_numpy, f"{path}[{index}]")]
    if isinstance(value, (bool, int, float, str, type(None), complex)):
        return [(path, "value", value)]
    return [(path, "other", str(value).rpartition(".")[2].lower().rstrip("'>"))]
