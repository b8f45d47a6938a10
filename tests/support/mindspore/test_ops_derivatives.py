"""Are second derivatives of decompositions and special functions torch's, and do they compile as graphs?

Their derivatives are written by hand (``Cell.bprop``); that they are made of differentiable parts shows only when they are differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import Tensor

from transpiler.support.mindspore import ops_decompositions as linalg
from transpiler.support.mindspore import ops_fft, ops_special

MATRIX = np.random.RandomState(0).randn(3, 3).astype(np.float32)
POSITIVE = (MATRIX @ MATRIX.T + np.eye(3)).astype(np.float32)
CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "cholesky": (torch.linalg.cholesky, linalg.linalg_cholesky, POSITIVE),
    "eigvalsh": (torch.linalg.eigvalsh, linalg.linalg_eigvalsh, POSITIVE),
    "qr": (lambda a: torch.linalg.qr(a)[1], lambda a: linalg.linalg_qr(a)[1], MATRIX),
    "lu_factor": (lambda a: torch.linalg.lu_factor(a)[0], lambda a: linalg.linalg_lu_factor(a)[0], MATRIX),
    "pinv": (torch.linalg.pinv, linalg.linalg_pinv, MATRIX),
    "svdvals": (torch.linalg.svdvals, linalg.linalg_svdvals, MATRIX),
    "erfcx": (torch.special.erfcx, ops_special.special_erfcx, MATRIX),
    "ndtri": (torch.special.ndtri, ops_special.special_ndtri, np.abs(MATRIX) / 5),
    "polygamma": (lambda a: torch.polygamma(1, a), lambda a: ops_special.polygamma(1, a), np.abs(MATRIX) + 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_second_derivative(name: str) -> None:
    reference, function, x = CASES[name]
    leaf = torch.tensor(x, requires_grad=True)
    first = torch.autograd.grad((reference(leaf) ** 3).sum(), leaf, create_graph=True)[0]
    expected = torch.autograd.grad((first * first).sum(), leaf)[0].numpy()

    def squared_gradient(values: Tensor) -> Tensor:
        gradient = mindspore.grad(lambda a: (function(a) ** 3).sum())(values)
        return (gradient * gradient).sum()

    actual = mindspore.grad(squared_gradient)(Tensor(x)).asnumpy()
    assert np.abs(actual - expected).max() <= 1e-3 * np.abs(expected).max()


def qr_triangle(a: Tensor) -> Tensor:
    """R of A = Q R."""
    return linalg.linalg_qr(a)[1]


@pytest.mark.parametrize(
    "function",
    [linalg.linalg_cholesky, linalg.linalg_eigvalsh, linalg.linalg_svdvals, qr_triangle, ops_special.special_erfcx, ops_fft.fft_rfftn],
)
def test_compiles_as_a_graph(function: Callable[..., Tensor]) -> None:
    eager = function(Tensor(POSITIVE)).asnumpy()
    np.testing.assert_allclose(mindspore.jit(function)(Tensor(POSITIVE)).asnumpy(), eager, rtol=1e-5, atol=1e-6)
