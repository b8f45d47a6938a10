"""torch's solvers for which MindSpore has no kernel on every device; computed with numpy, so eager mode only and without gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mindspore import Tensor


class LeastSquares(NamedTuple):
    """The result of torch.linalg.lstsq."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """torch.linalg.lstsq for one matrix, or a batch of them with matrices on the right: minimises ``|input @ x - b|``."""
    a, right = input.asnumpy(), b.asnumpy()
    if a.ndim == 2:
        solution, residuals, rank, singular = np.linalg.lstsq(a, right, rcond)
        return LeastSquares(_like(solution, a), _like(residuals, a), Tensor(np.array(rank, np.int64)), _like(singular, a))
    flat = a.reshape(-1, *a.shape[-2:])
    pairs = zip(flat, right.reshape(-1, *right.shape[-2:]))
    solution = np.stack([np.linalg.lstsq(left, item, rcond)[0] for left, item in pairs])
    rank = np.array([np.linalg.matrix_rank(left) for left in flat], np.int64).reshape(a.shape[:-2])
    empty = _like(np.zeros(0), a)
    return LeastSquares(_like(solution.reshape(*a.shape[:-2], a.shape[-1], right.shape[-1]), a), empty, Tensor(rank), empty)


def _like(values: Any, reference: Any) -> Tensor:
    return Tensor(np.asarray(values).astype(reference.dtype))


def sample_dirichlet(concentration: Tensor, generator: Any = None) -> Tensor:
    """torch._sample_dirichlet: one draw for each row of ``concentration``, by normalised gamma variates."""
    draws = np.random.standard_gamma(concentration.asnumpy())
    return _like(draws / draws.sum(-1, keepdims=True), concentration.asnumpy())
