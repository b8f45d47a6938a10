"""Convolutions as sums of matrix products, one for each element of the kernel: for float64, of which MindSpore convolves nothing on CPU."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import pad_constant


def convolve_products(
    x: Tensor, weight: Tensor, stride: tuple[int, ...], widths: tuple[int, ...], dilation: tuple[int, ...], groups: int
) -> Tensor:
    """(N, C, …) with weight (out, C / groups, …); ``widths`` is (before, after) per axis, last axis first, as in F.pad."""
    x, kernel = pad_constant(x, widths), weight.shape[2:]
    sizes = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation))
    total: Any = None
    for place in np.ndindex(*kernel):
        part, rows = x, weight
        for i, (at, s, d, size) in enumerate(zip(place, stride, dilation, sizes)):
            part = ops.gather(part, _positions(at * d, s, size), 2 + i)
            rows = ops.narrow(rows, 2 + i, at, 1)
        columns = part.reshape((x.shape[0], groups, x.shape[1] // groups, int(np.prod(sizes))))
        term = mint.matmul(rows.reshape((groups, weight.shape[0] // groups, weight.shape[1])), columns)
        total = term if total is None else total + term
    return total.reshape((x.shape[0], weight.shape[0], *sizes))


@ops.constexpr
def _positions(first: int, step: int, count: int) -> Tensor:
    """``count`` positions from ``first`` on; worked out in Python when a graph is compiled."""
    return Tensor(np.arange(count) * step + first, mindspore.int64)


def mirrored(weight: Tensor, groups: int) -> Tensor:
    """The kernel of the convolution that a transposed one with ``weight`` (in, out / groups, …) is: mirrored, channels exchanged in each group."""
    flipped: Any = ops.flip(weight, tuple(range(2, weight.ndim)))
    grouped = flipped.reshape((groups, weight.shape[0] // groups, *weight.shape[1:])).swapaxes(1, 2)
    return grouped.reshape((-1, weight.shape[0] // groups, *weight.shape[2:]))
