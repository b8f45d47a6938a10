"""How a model's nested result becomes a flat list of named leaves, alike on both sides.

Names are dotted paths: index for sequences, key for dictionaries, field for named tuples and dataclasses (``ModelOutput`` is a dictionary).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any


def flatten(value: Any, is_tensor: Callable[[Any], bool], path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, leaf) of every tensor and number in ``value``, in order; anything else is no number and is passed over."""
    if is_tensor(value) or isinstance(value, (bool, int, float, complex)):
        yield path, value
        return
    for name, item in _members(value):
        yield from flatten(item, is_tensor, f"{path}.{name}" if path else str(name))


def _members(value: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
