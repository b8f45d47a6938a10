"""Module classes with a ``train`` of their own, which torch calls wherever they are in a model."""

from __future__ import annotations

from functools import wraps
from typing import Any


def own_mode(cls: Any) -> Any:
    """Class decorator: ``train`` of the class decides its training mode and that of what is in it, also where a model around it changes its mode
    (torch.nn.Module.train calls the children's)."""
    given, set_mode, add_flags = cls.train, cls.set_train, cls.add_flags_recursive

    def choosing(self: Any) -> bool:
        return bool(self.__dict__.get("chooses_mode", False))

    @wraps(given)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = choosing(self)
        self.__dict__["chooses_mode"] = True
        try:
            return given(self, *args, **kwargs)
        finally:
            self.__dict__["chooses_mode"] = before

    def set_train(self: Any, mode: bool = True) -> Any:
        return set_mode(self, mode) if choosing(self) else self.train(mode)

    def add_flags_recursive(self: Any, **flags: Any) -> Any:
        if "training" in flags and not choosing(self):
            self.train(flags.pop("training"))
        return add_flags(self, **flags)

    cls.train, cls.set_train, cls.add_flags_recursive = train, set_train, add_flags_recursive
    return cls
