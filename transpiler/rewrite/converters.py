"""How single argument values are translated; None where the source does not tell."""

from __future__ import annotations

import libcst as cst


def symmetric_pad_2d(value: cst.BaseExpression) -> cst.BaseExpression | None:
    """torch's ``padding`` (int or (h, w)) as MindSpore's (int or (h, h, w, w))."""
    if isinstance(value, cst.Integer):
        return value
    return None
