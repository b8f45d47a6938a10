"""Operations with a backward of their own, on MindSpore's class of the same make (PyNative only)."""

from __future__ import annotations

from mindspore.common._grad_function import _Function


class Function(_Function):
    """``forward(ctx, …)`` and ``backward(ctx, …)`` are static methods, ``apply`` runs them (torch.autograd.Function)."""
