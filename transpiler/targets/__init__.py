"""The target frameworks by name."""

from __future__ import annotations

from transpiler.targets.target import Target


def find_target(name: str) -> Target:
    """The target called ``name``; raises ``ValueError`` for an unknown one."""
    if name == "mindspore":
        from transpiler.targets.mindspore import MINDSPORE

        return MINDSPORE
    if name == "keras":
        from transpiler.targets.keras import KERAS

        return KERAS
    raise ValueError(f"unknown target '{name}'")
