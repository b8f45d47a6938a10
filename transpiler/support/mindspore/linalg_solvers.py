"""torch's solvers for which MindSpore has no kernel on every device; ranks and draws come from numpy, so eager mode only."""

from __future__ import annotations

from typing import Any, NamedTuple

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _magnitude, _real_part, _sum
from .ops_decompositions import linalg_pinv


class LeastSquares(NamedTuple):
    """The result of torch.linalg.lstsq."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The X of least ``|input @ X - b|``, through the pseudo-inverse; what else is returned depends on the driver (torch.linalg.lstsq)."""
    rows, columns = input.shape[-2:]
    is_vector = b.ndim == input.ndim - 1 and b.shape == input.shape[:-1]
    right = b.expand_dims(-1) if is_vector else b
    solution = mint.matmul(linalg_pinv(input, rcond), right)
    values = np.linalg.svd(input.asnumpy(), compute_uv=False)
    rank = (
        values > values.max(-1, keepdims=True, initial=0) * (np.finfo(values.dtype).eps * max(rows, columns) if rcond is None else rcond)
    ).sum(-1)
    known, empty = driver not in (None, "gelsy"), _real_part(ops.zeros((0,), input.dtype))
    residuals = empty
    if known and rows > columns and (rank == columns).all():
        residuals = _sum(_magnitude(mint.matmul(input, solution) - right) ** 2, -2)
    return LeastSquares(
        solution.squeeze(-1) if is_vector else solution,
        residuals,
        ops.zeros((0,), mindspore.int64) if driver == "gels" else Tensor(np.array(rank, np.int64)),
        Tensor(values) if known and driver != "gels" else empty,
    )


def _like(values: Any, reference: Any) -> Tensor:
    return Tensor(np.asarray(values).astype(reference.dtype))


def sample_dirichlet(concentration: Tensor, generator: Any = None) -> Tensor:
    """torch._sample_dirichlet: one draw for each row of ``concentration``, by normalised gamma variates."""
    draws = np.random.standard_gamma(concentration.asnumpy())
    return _like(draws / draws.sum(-1, keepdims=True), concentration.asnumpy())
