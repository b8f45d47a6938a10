"""What a training script saved around the weights (the epoch, the best score, the optimizer's state), as plain data.

The ported script reads ``checkpoint['model_state_dict']`` and ``checkpoint['epoch']`` from the converted file as it did from torch's. The description
has the form that the port's own ``save`` writes beside the tensors: ``{"dict": [[key, value], …]}``, ``{"list": […]}``, ``{"tensor": name}``.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch

#: Stands where the weights' own dictionary is.
WEIGHTS: Final = {"weights": True}
_CONTAINERS: Final = {list: "list", tuple: "tuple", set: "set", torch.Size: "tuple"}
_DROPPED: Final = object()


@dataclass(slots=True)
class Frame:
    """``structure`` describes the file's content, ``tensors`` are those of it that are no weights, ``left_out`` the entries that no plain data can
    say."""

    structure: Any
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def describe_frame(content: Any, keys: Sequence[str], weights: Mapping[str, Any]) -> Frame | None:
    """The frame around ``weights``, which stand under ``keys`` in ``content``; None where they are the whole content."""
    if not keys:
        return None
    frame = Frame(None)
    frame.structure = _Description(frame, frozenset(weights)).around(content, keys)
    return frame


class _Description:
    """One pass over a checkpoint."""

    def __init__(self, frame: Frame, names: frozenset[str]) -> None:
        self._frame = frame
        self._names = names

    def around(self, content: Mapping[Any, Any], keys: Sequence[str]) -> Any:
        """The description of ``content`` with the weights' place marked."""
        if not keys:
            return WEIGHTS
        return self._mapping(
            content, "", lambda key, value: self.around(value, keys[1:]) if key == keys[0] else self._value(value, str(key))
        )

    def _mapping(self, content: Mapping[Any, Any], path: str, describe: Callable[[Any, Any], Any]) -> Any:
        items = []
        for key, value in content.items():
            described = describe(key, value)
            if described is _DROPPED:
                self._frame.left_out.append(f"{path}.{key}".removeprefix("."))
            else:
                items.append([key, described])
        return {"OrderedDict" if isinstance(content, OrderedDict) else "dict": items}

    def _value(self, value: Any, path: str) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value, path)
        if isinstance(value, argparse.Namespace):
            return {"namespace": next(iter(self._value(vars(value), path).values()))}
        if isinstance(value, Mapping):
            return self._inner(value, path)
        kind = _CONTAINERS.get(type(value))
        if kind is None:
            return str(value) if isinstance(value, torch.device) else _DROPPED
        items = [self._value(item, f"{path}.{index}") for index, item in enumerate(value)]
        return _DROPPED if _DROPPED in items else {kind: items}

    def _inner(self, value: Mapping[Any, Any], path: str) -> Any:
        if not all(type(key) in (str, int) for key in value) or self._names.intersection(map(str, value)):
            return _DROPPED  # a second set of weights has torch's names and layouts
        return self._mapping(value, path, lambda key, inner: self._value(inner, f"{path}.{key}"))

    def _tensor(self, value: torch.Tensor, path: str) -> Any:
        if value.is_complex() or value.numel() == 0 or value.is_sparse or value.is_quantized:
            return _DROPPED
        self._frame.tensors[path] = value
        return {"tensor": path}
