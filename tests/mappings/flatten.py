"""A result of any structure as a flat list of (path, kind, value), the same way on every framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Leaf = tuple[str, str, Any]


def flatten(value: Any, to_numpy: Callable[[Any], Any], path: str = "y") -> list[Leaf]:
    """Tensors become ('tensor', array, dtype) leaves; sequences are walked; other values are compared by their text."""
    array = to_numpy(value)
    if array is not None:
        return [(path, "tensor", array)]
    if isinstance(value, Mapping):
        return [leaf for key in value for leaf in flatten(value[key], to_numpy, f"{path}[{key!r}]")]
    if isinstance(value, (list, tuple)):
        return [leaf for index, item in enumerate(value) for leaf in flatten(item, to_numpy, f"{path}[{index}]")]
    if isinstance(value, (bool, int, float, str, type(None), complex)):
        return [(path, "value", value)]
    return [(path, "other", str(value).rpartition(".")[2].lower().rstrip("'>"))]
