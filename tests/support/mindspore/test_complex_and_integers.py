"""Are complex results differentiated as torch does, and are integers exact, where a support function computes them in parts or by sums?

The kernels behind these functions take real floats only; a complex derivative is taken through the real and imaginary part of the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import Tensor, ops

from transpiler.support.mindspore import functional_conv, functional_pool, ops_creation, ops_linalg, ops_pointwise
from transpiler.support.mindspore import ops_decompositions as linalg

RANDOM = np.random.RandomState(0)
REAL, IMAGINARY = RANDOM.randn(2, 3, 3).astype(np.float32)
FULL = (REAL, IMAGINARY)
IMAGES = tuple(RANDOM.randn(2, 1, 2, 5, 5).astype(np.float32))
KERNELS = (RANDOM.randn(3, 2, 3, 3) + 1j * RANDOM.randn(3, 2, 3, 3)).astype(np.complex64)

CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[np.ndarray[Any, Any], ...]]] = {
    "cholesky": (
        lambda a: torch.linalg.cholesky(a + a.mH + 9 * torch.eye(3)),
        lambda a: linalg.linalg_cholesky(a + linalg._adjoint(a) + Tensor(9 * np.eye(3), mindspore.complex64)),
        FULL,
    ),
    "eigvalsh": (lambda a: torch.linalg.eigvalsh(a + a.mH), lambda a: linalg.linalg_eigvalsh(a + linalg._adjoint(a)), FULL),
    "svdvals": (torch.linalg.svdvals, linalg.linalg_svdvals, FULL),
    "pinv": (torch.linalg.pinv, linalg.linalg_pinv, FULL),
    "matrix_exp": (torch.linalg.matrix_exp, linalg.matrix_exp, FULL),
    "matrix_power": (lambda a: torch.linalg.matrix_power(a, 3), lambda a: ops_linalg.linalg_matrix_power(a, 3), FULL),
    "logaddexp": (lambda a: torch.logaddexp(a, 2 * a), lambda a: ops_pointwise.logaddexp(a, 2 * a), FULL),
    "conv2d": (
        lambda a: torch.nn.functional.conv2d(a, torch.tensor(KERNELS), padding=1),
        lambda a: functional_conv.conv2d(a, Tensor(KERNELS), padding=1),
        IMAGES,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_derivative_through_both_parts(name: str) -> None:
    reference, function, parts = CASES[name]
    leaves = [torch.tensor(part, requires_grad=True) for part in parts]
    result = reference(torch.complex(*leaves))
    weights = np.cos(np.arange(result.numel(), dtype=np.float32)).reshape(result.shape) + 1.5
    (_torch_parts(result) * torch.tensor(weights)).sum().backward()

    def total(x: Tensor, y: Tensor) -> Tensor:
        value = function(ops.Complex()(x, y))
        real = ops.real(value) + 2 * ops.imag(value) if value.is_complex() else value
        return (real * Tensor(weights)).sum()

    found = mindspore.grad(total, (0, 1))(*(Tensor(part) for part in parts))
    for leaf, gradient in zip(leaves, found, strict=True):
        assert leaf.grad is not None
        expected = leaf.grad.numpy()
        assert np.abs(gradient.asnumpy() - expected).max() <= 1e-3 * np.abs(expected).max()


def _torch_parts(value: torch.Tensor) -> torch.Tensor:
    return value.real + 2 * value.imag if value.is_complex() else value


@pytest.mark.parametrize("groups", [1, 2])
def test_integer_convolution_is_exact(groups: int) -> None:
    x = RANDOM.randint(-(2**40), 2**40, (2, 4, 6, 5))
    w = RANDOM.randint(-9, 9, (6, 4 // groups, 3, 2))
    expected = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), stride=2, padding=1, dilation=(1, 2), groups=groups)
    found = functional_conv.conv2d(Tensor(x), Tensor(w), stride=2, padding=1, dilation=(1, 2), groups=groups)
    assert np.array_equal(found.asnumpy(), expected.numpy())


@pytest.mark.parametrize("options", [{}, {"padding": 1, "count_include_pad": False}, {"divisor_override": -3}])
def test_integer_average_is_cut_off(options: dict[str, Any]) -> None:
    x = RANDOM.randint(-(2**48), 2**48, (1, 2, 4, 4))
    expected = torch.nn.functional.avg_pool2d(torch.tensor(x), 2, **options)
    assert np.array_equal(functional_pool.avg_pool2d(Tensor(x), 2, **options).asnumpy(), expected.numpy())


@pytest.mark.parametrize("bounds", [(-0.9, 2.1, 2.0), (0.5, 5.9, 1), (5.9, 0.1, -1.5)])
@pytest.mark.parametrize("dtype", ["int64", "int32", "float32"])
def test_range_of_floats(bounds: tuple[float, ...], dtype: str) -> None:
    expected = torch.arange(*bounds, dtype=getattr(torch, dtype))
    assert np.array_equal(ops_creation.arange(*bounds, dtype=getattr(mindspore, dtype)).asnumpy(), expected.numpy())


@pytest.mark.parametrize("equal_nan", [False, True])
def test_close_complex_numbers(equal_nan: bool) -> None:
    x = np.array([1 + 1j, complex("nan"), complex("inf"), 2], np.complex64)
    y = np.array([1 + 1.0001j, complex("nan"), complex("inf"), 3], np.complex64)
    expected = torch.isclose(torch.tensor(x), torch.tensor(y), 1e-3, 1e-3, equal_nan)
    assert np.array_equal(ops_pointwise.isclose(Tensor(x), Tensor(y), 1e-3, 1e-3, equal_nan).asnumpy(), expected.numpy())


def test_product_over_nothing_is_zero() -> None:
    left, right = Tensor(np.zeros((5, 0), np.float32)), Tensor(np.zeros((0, 10), np.float32))
    assert not ops_linalg.mm(left, right).asnumpy().any()
