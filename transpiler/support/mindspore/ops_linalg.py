"""Products, inverses and decompositions: torch's functions that have no exact MindSpore call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore
from mindspore import Tensor, mint, ops

from ._common import _autocast_to, _conjugate, _inverse, _scaled_by, _sum
from .tensor_items import copy_into, set_tensor


def _affine(input: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """beta * input + alpha * product; an input with beta 0 counts nothing, not even its NaN."""
    if not product.is_floating_point() and not product.is_complex():
        beta, alpha = int(beta), int(alpha)
    (input,) = _autocast_to("Addmm", input)
    product = product if alpha == 1 else _scaled_by(alpha, product)
    return ops.broadcast_to(product, product.shape) if beta == 0 else (input if beta == 1 else _scaled_by(beta, input)) + product


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: None = None) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2) (torch.addmm)."""
    return _affine(input, matmul(mat1, mat2), beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1, out: None = None) -> Tensor:
    """beta * input + alpha * (mat @ vec) (torch.addmv)."""
    return _affine(input, matmul(mat, vec), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: None = None) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2) (torch.baddbmm)."""
    return _affine(input, matmul(batch1, batch2), beta, alpha)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: None = None) -> Tensor:
    """beta * input + alpha * sum over the batch of batch1 @ batch2 (torch.addbmm)."""
    (total,) = _autocast_to("Addbmm", _sum(matmul(batch1, batch2), 0))
    return _affine(input, total, beta, alpha)


def addbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``addbmm`` written into ``input``, which takes the result's shape (torch.Tensor.addbmm_)."""
    value = addbmm(input, batch1, batch2, beta=beta, alpha=alpha)
    return copy_into(input, value) if input.shape == value.shape else set_tensor(input, value)


def matmul(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The matrix product with broadcast batches; zeros where the summed dimension is empty (torch.matmul)."""
    if input.shape[-1] == 0:
        rows = input.expand_dims(-1) if other.ndim > 1 else input
        return _sum(ops.zeros(mint.matmul(ops.zeros(input.shape[:-1] + (1,), input.dtype), _unit(other)).shape + (1,), rows.dtype), -1)
    return mint.matmul(input, other)


def _unit(other: Tensor) -> Tensor:
    """``other`` with one row in place of none."""
    shape = (1,) if other.ndim == 1 else other.shape[:-2] + (1, other.shape[-1])
    return ops.zeros(shape, other.dtype)


def dot(input: Tensor, tensor: Tensor, *, out: None = None) -> Tensor:
    """The inner product of two vectors (torch.dot)."""
    return _sum(input * tensor)


def mv(input: Tensor, vec: Tensor, *, out: None = None) -> Tensor:
    """Matrix times vector (torch.mv)."""
    return matmul(input, vec)


def cross(input: Tensor, other: Tensor, dim: int | None = None, *, out: None = None) -> Tensor:
    """The cross product along the first dimension of size 3, or ``dim`` (torch.cross)."""
    return linalg_cross(input, other, dim=input.shape.index(3) if dim is None else dim)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1, out: None = None) -> Tensor:
    """The cross product along ``dim``, of size 3 (torch.linalg.cross)."""
    axis = dim % max(input.ndim, other.ndim)
    a0, a1, a2 = ops.unbind(input, axis - max(other.ndim - input.ndim, 0))
    b0, b1, b2 = ops.unbind(other, axis - max(input.ndim - other.ndim, 0))
    return ops.stack((a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0), axis)


def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal (torch.trace)."""
    return _sum(ops.diagonal(input, 0, 0, 1))


def mm(input: Tensor, mat2: Tensor, *, out: None = None) -> Tensor:
    """The product of two matrices; zeros where the summed dimension is empty, which MindSpore's kernel leaves unset (torch.mm)."""
    return matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor, *, out: None = None) -> Tensor:
    """The products of two batches of matrices (torch.bmm)."""
    return matmul(input, mat2)


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A diagonal of the matrices (torch.linalg.diagonal)."""
    return ops.diagonal(A, offset, dim1, dim2)


def linalg_det(A: Tensor, *, out: None = None) -> Tensor:
    """The determinant (torch.linalg.det)."""
    if 0 in A.shape:
        return ops.ones(A.shape[:-2], A.dtype)
    return A[..., 0, 0] if A.shape[-1] == 1 else ops.det(A)


def linalg_inv(A: Tensor, *, out: None = None) -> Tensor:
    """The inverse matrix (torch.linalg.inv)."""
    return _inverse(A)


def inverse(input: Tensor, *, out: None = None) -> Tensor:
    """The inverse matrix (torch.inverse)."""
    return _inverse(input)


def linalg_solve(A: Tensor, B: Tensor, *, left: bool = True, out: None = None) -> Tensor:
    """X with A X = B, or X A = B, through the inverse (torch.linalg.solve)."""
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and A.shape[:-1] == B.shape)
    inverse = _inverse(A)
    if not left:
        return matmul(B, inverse)
    return matmul(inverse, B.expand_dims(-1)).squeeze(-1) if vector else matmul(inverse, B)


def linalg_multi_dot(tensors: Sequence[Tensor], *, out: None = None) -> Tensor:
    """The product of a chain of matrices, from the left (torch.linalg.multi_dot)."""
    product = tensors[0]
    for factor in tensors[1:]:
        product = matmul(product, factor)
    return product


def linalg_vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: None = None) -> Tensor:
    """Inner products along ``dim``, the first factor conjugated (torch.linalg.vecdot)."""
    return _sum(_conjugate(x) * y, dim)


def linalg_matrix_power(A: Tensor, n: int, *, out: None = None) -> Tensor:
    """A multiplied n times with itself (torch.linalg.matrix_power)."""
    if not A.is_complex():
        return ops.matrix_power(A, n)
    result, square = ops.broadcast_to(ops.eye(A.shape[-1], A.shape[-1], mindspore.float32).astype(A.dtype), A.shape), A
    if n < 0:
        square, n = _inverse(A), -n
    while n:
        result, square, n = (matmul(result, square) if n % 2 else result), matmul(square, square), n // 2
    return result
