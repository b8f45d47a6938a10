"""Matrix decompositions and what is solved with them. Kernels that MindSpore cannot differentiate stand in cells with the derivative of the
decomposition (M. Giles, 'Collected matrix derivative results'; S. Walter, L. Lehmann, 'Algorithmic differentiation of linear algebra functions'),
so that higher derivatives and compiled graphs work too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops
from mindspore.ops.operations.linalg_ops import Eigh

from ._common import _category, _conjugate, _imag, _inverse, _magnitude, _real, _real_dtype, _real_part
from .ops_linalg import linalg_solve

_EPSILON = {
    mindspore.float32: 1.1920928955078125e-07, mindspore.float64: 2.220446049250313e-16, mindspore.complex64: 1.1920928955078125e-07,
    mindspore.complex128: 2.220446049250313e-16,
}  # fmt: skip


class CholeskyFactor(NamedTuple):
    """The result of torch.linalg.cholesky_ex."""

    L: Tensor
    info: Tensor


class InverseInfo(NamedTuple):
    """The result of torch.linalg.inv_ex."""

    inverse: Tensor
    info: Tensor


class SolveInfo(NamedTuple):
    """The result of torch.linalg.solve_ex."""

    result: Tensor
    info: Tensor


class Qr(NamedTuple):
    """The result of torch.linalg.qr."""

    Q: Tensor
    R: Tensor


class Eigen(NamedTuple):
    """The result of torch.linalg.eig and eigh."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class Svd(NamedTuple):
    """The result of torch.linalg.svd."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class SvdTransposed(NamedTuple):
    """The result of torch.svd."""

    U: Tensor
    S: Tensor
    V: Tensor


class LuFactor(NamedTuple):
    """The result of torch.linalg.lu_factor."""

    LU: Tensor
    pivots: Tensor


class LuFactorInfo(NamedTuple):
    """The result of torch.linalg.lu_factor_ex."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


class LuMatrices(NamedTuple):
    """The result of torch.linalg.lu and lu_unpack."""

    P: Tensor
    L: Tensor
    U: Tensor


class SignLogDet(NamedTuple):
    """The result of torch.linalg.slogdet."""

    sign: Tensor
    logabsdet: Tensor


class TriangularSolution(NamedTuple):
    """The result of torch.triangular_solve."""

    solution: Tensor
    cloned_coefficient: Tensor


class Geqrf(NamedTuple):
    """The result of torch.geqrf."""

    a: Tensor
    tau: Tensor


def _t(x: Tensor) -> Tensor:
    """The transposed matrices."""
    return x.swapaxes(-2, -1)


def _adjoint(x: Tensor) -> Tensor:
    """The conjugated, transposed matrices."""
    return _conjugate(_t(x))


def _embedded(A: Tensor) -> Tensor:
    """The real [[X, -Y], [Y, X]] of X + iY, which multiplies and inverts as it does, with every eigenvalue and singular value twice."""
    x, y = _real(A), _imag(A)
    return ops.cat((ops.cat((x, -y), -1), ops.cat((y, x), -1)), -2)


def _hermitian(A: Tensor) -> Tensor:
    """The Hermitian matrix that a lower triangle stands for; the imaginary part of its diagonal does not count."""
    below = _lower(A, -1)
    return below + _adjoint(below) + _identity(A, A.shape[-1]) * _real(A).astype(A.dtype)


def _read_by_half(A: Tensor) -> Tensor:
    """The Hermitian matrix of a lower triangle, with torch's derivative, which is spread over both triangles."""
    even = (A + _adjoint(A)) / 2
    return _hermitian(ops.stop_gradient(A)) + (even - ops.stop_gradient(even))


def _halved(values: Tensor) -> Tensor:
    """One of each pair of equal values, with the derivative of both."""
    return mint.mean(values.reshape((*values.shape[:-1], values.shape[-1] // 2, 2)), -1)


class _ByNumpy(nn.Cell):
    """What numpy finds of complex matrices, for which MindSpore has no kernel; eager mode, and a derivative is refused."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, *matrices: Tensor) -> Any:
        found = self.function(*(matrix.asnumpy() for matrix in matrices))
        return tuple(Tensor(np.ascontiguousarray(x)) for x in found) if isinstance(found, tuple) else Tensor(np.ascontiguousarray(found))

    def bprop(self, *arguments: Any) -> Any:
        raise NotImplementedError("There is no derivative of this decomposition of complex matrices here.")


def _identity(like: Tensor, n: int) -> Tensor:
    """The n x n identity in a matrix's dtype."""
    return ops.eye(n, n, mindspore.float32).astype(like.dtype)


def _diagonal(x: Tensor) -> Tensor:
    return ops.diagonal(x, 0, -2, -1)


def _masked(x: Tensor, keep: Any) -> Tensor:
    """``x`` times a constant 0/1 matrix of its last two axes."""
    return x * Tensor(keep.astype(np.float32)).astype(x.dtype)


def _lower(x: Tensor, diagonal: int = 0) -> Tensor:
    return _masked(x, np.tri(x.shape[-2], x.shape[-1], diagonal))


def _upper(x: Tensor, diagonal: int = 0) -> Tensor:
    return _masked(x, 1 - np.tri(x.shape[-2], x.shape[-1], diagonal - 1))


def _batched(x: Tensor, kernel: Any) -> Any:
    """``kernel`` on each matrix of a batch, for kernels that take one."""
    if x.ndim == 2:
        return kernel(x)
    matrices = x.reshape((-1, *x.shape[-2:]))
    results = [kernel(matrices[i]) for i in range(matrices.shape[0])]
    return tuple(ops.stack(parts).reshape(x.shape[:-2] + parts[0].shape) for parts in zip(*results))


class _Cholesky(nn.Cell):
    """A = L L^T."""

    def construct(self, A: Tensor) -> Tensor:
        return ops.cholesky(A)

    def bprop(self, A: Tensor, out: Tensor, dout: Tensor) -> Any:
        inner = _lower(mint.matmul(_t(out), dout))
        inner = (inner + _t(_lower(inner, -1))) / 2
        left = linalg_solve_triangular(_t(out), inner, upper=True)
        return (linalg_solve_triangular(out, left, upper=False, left=False),)


def linalg_cholesky(A: Tensor, *, upper: bool = False, out: None = None) -> Tensor:
    """The triangular L with A = L L^T, or U with A = U^T U (torch.linalg.cholesky)."""
    factor = A if not A.size else _complex_cholesky(A) if _category(A.dtype) == 3 else _Cholesky()(A)
    return _adjoint(factor) if upper else factor


def _complex_cholesky(A: Tensor) -> Tensor:
    """A = L L^H; with a block [[x, -y], [y, x]] in place of each x + iy both are real matrices, and L is still triangular."""
    n = A.shape[-1]
    matrix = _read_by_half(A)
    x, y = _real(matrix), _imag(matrix)
    blocks = ops.stack((ops.stack((x, -y), -1), ops.stack((y, x), -1)), -3)
    factor = _Cholesky()(blocks.reshape((*A.shape[:-2], 2 * n, 2 * n))).reshape((*A.shape[:-2], n, 2, n, 2))
    return ops.Complex()(factor[..., 0, :, 0], factor[..., 1, :, 0])


def cholesky(input: Tensor, upper: bool = False, *, out: None = None) -> Tensor:
    """The triangular factor of a positive definite matrix (torch.cholesky)."""
    return linalg_cholesky(input, upper=upper)


def linalg_cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: None = None) -> CholeskyFactor:
    """The factor, and the order of the first leading minor that is not positive, 0 where all are (torch.linalg.cholesky_ex)."""
    leading = [_as_array(ops.det(A[..., :k, :k]) if k > 1 else A[..., 0, 0]) > 0 for k in range(1, A.shape[-1] + 1)]
    failed = ~np.stack([np.asarray(minor) for minor in leading], -1) if leading else np.zeros((*A.shape[:-2], 0), bool)
    info = np.where(failed.any(-1), failed.argmax(-1) + 1, 0).astype(np.int32) if leading else np.zeros(A.shape[:-2], np.int32)
    if info.any() and check_errors:
        raise RuntimeError("linalg.cholesky_ex: the input is not positive-definite.")
    usable = A if not info.any() else mint.where(Tensor(info[..., None, None] == 0), A, _identity(A, A.shape[-1]))
    return CholeskyFactor(linalg_cholesky(usable, upper=upper), Tensor(info))


def _as_array(x: Tensor) -> Any:
    return x.asnumpy()


class _CholeskySolve(nn.Cell):
    """X with L L^H X = B; the derivative is that of the product L L^H, also above L's diagonal, as torch has it."""

    def construct(self, L: Tensor, B: Tensor) -> Tensor:
        return linalg_solve_triangular(_adjoint(L), linalg_solve_triangular(L, B, upper=False), upper=True)

    def bprop(self, L: Tensor, B: Tensor, out: Tensor, dout: Tensor) -> Any:
        right = _CholeskySolve()(L, dout)
        product = mint.matmul(right, _adjoint(out))
        return -mint.matmul(product + _adjoint(product), L), right


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False, *, out: None = None) -> Tensor:
    """X with A X = input, where A = L L^H (torch.cholesky_solve)."""
    batch = np.broadcast_shapes(L.shape[:-2], input.shape[:-2])
    factor, right = (x if x.shape[:-2] == batch else ops.broadcast_to(x, batch + x.shape[-2:]) for x in (L, input))
    return _CholeskySolve()(_adjoint(factor) if upper else factor, right) if right.size else right


def cholesky_inverse(L: Tensor, upper: bool = False, *, out: None = None) -> Tensor:
    """The inverse of A = L L^H (torch.cholesky_inverse)."""
    return cholesky_solve(ops.broadcast_to(_identity(L, L.shape[-1]), L.shape), L, upper)


class _TriangularSolve(nn.Cell):
    """X with A X = B, A triangular."""

    def __init__(self, lower: bool, unit: bool) -> None:
        super().__init__()
        self.lower, self.unit = lower, unit

    def construct(self, A: Tensor, B: Tensor) -> Tensor:
        return ops.auto_generate.solve_triangular(A, B, 0, self.lower, self.unit)

    def bprop(self, A: Tensor, B: Tensor, out: Tensor, dout: Tensor) -> Any:
        right = _TriangularSolve(not self.lower, self.unit)(_adjoint(A), dout)
        product = -mint.matmul(right, _adjoint(out))
        first = -1 if self.unit else 0
        return (_lower(product, first) if self.lower else _upper(product, -first)), right


def linalg_solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out: None = None
) -> Tensor:
    """X with A X = B, or X A = B, for a triangular A (torch.linalg.solve_triangular)."""
    if not left:
        return _t(linalg_solve_triangular(_t(A), _t(B), upper=not upper, unitriangular=unitriangular))
    batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    matrix = A if A.shape[:-2] == batch else ops.broadcast_to(A, batch + A.shape[-2:])
    right = B if B.shape[:-2] == batch else ops.broadcast_to(B, batch + B.shape[-2:])
    if not right.size:
        return right
    return _TriangularSolve(not upper, unitriangular)(matrix, right)


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: None = None
) -> TriangularSolution:
    """X with A X = input for a triangular A, and A (torch.triangular_solve)."""
    batch = np.broadcast_shapes(A.shape[:-2], input.shape[:-2])
    matrix = A if A.shape[:-2] == batch else ops.broadcast_to(A, batch + A.shape[-2:])
    solution = linalg_solve_triangular(_t(A) if transpose else A, input, upper=upper != transpose, unitriangular=unitriangular)
    return TriangularSolution(solution, matrix)


class _Qr(nn.Cell):
    """A = Q R with at least as many rows as columns."""

    def construct(self, A: Tensor) -> Any:
        return ops.qr(A)

    def bprop(self, A: Tensor, out: Any, dout: Any) -> Any:
        q, r = out
        dq, dr = dout
        inner = mint.matmul(r, _t(dr)) - mint.matmul(_t(dq), q)
        symmetric = _lower(inner) + _t(_lower(inner, -1))
        return (linalg_solve_triangular(_t(r), dq + mint.matmul(q, symmetric), upper=False, left=False),)


def linalg_qr(A: Tensor, mode: str = "reduced", *, out: None = None) -> Qr:
    """A = Q R, Q orthogonal, R upper triangular; in mode 'r' Q is empty (torch.linalg.qr)."""
    rows, columns = A.shape[-2:]
    if mode == "complete" and rows > columns:
        return Qr(*ops.qr(A, "complete"))
    if rows >= columns:
        q, r = _Qr()(A)
    else:
        q, first = _Qr()(A[..., :rows])
        r = ops.cat((first, mint.matmul(_adjoint(q), A[..., rows:])), -1)
    return Qr(ops.zeros((0,), A.dtype) if mode == "r" else q, r)


def qr(input: Tensor, some: bool = True, *, out: None = None) -> Qr:
    """A = Q R (torch.qr)."""
    return linalg_qr(input, "reduced" if some else "complete")


def geqrf(input: Tensor, *, out: None = None) -> Geqrf:
    """R above and Householder vectors below the diagonal, and the reflections' factors (torch.geqrf)."""
    by_numpy = _category(input.dtype) == 3 or input.size == 0  # without elements MindSpore's kernel ends the process
    return Geqrf(*(_ByNumpy(_raw_qr)(input) if by_numpy else ops.geqrf(input)))


def _raw_qr(matrices: Any) -> Any:
    packed, tau = np.linalg.qr(matrices, mode="raw")
    return np.swapaxes(packed, -2, -1).astype(matrices.dtype), tau.astype(matrices.dtype)


def linalg_householder_product(input: Tensor, tau: Tensor, *, out: None = None) -> Tensor:
    """The first columns of the product of Householder reflections (torch.linalg.householder_product)."""
    rows, columns = input.shape[-2:]
    start = ops.broadcast_to(ops.eye(rows, columns, mindspore.float32).astype(input.dtype), input.shape)
    return _reflected(input, tau, start, range(tau.shape[-1])[::-1])


def _reflected(vectors: Tensor, tau: Tensor, x: Tensor, order: Any) -> Tensor:
    """``x`` after the reflections I - tau v v^H, the first of ``order`` first."""
    below = _lower(vectors, -1) + ops.eye(vectors.shape[-2], vectors.shape[-1], mindspore.float32).astype(vectors.dtype)
    for i in order:
        v = below[..., i : i + 1]
        x = x - tau[..., i : i + 1].expand_dims(-1) * mint.matmul(v, mint.matmul(_adjoint(v), x))
    return x


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False, *, out: None = None) -> Tensor:
    """A matrix multiplied by the product of Householder reflections (torch.ormqr)."""
    if not left:
        return _adjoint(ormqr(input, tau, _adjoint(other), True, not transpose))
    steps = range(tau.shape[-1])
    return _reflected(input, _conjugate(tau) if transpose else tau, other, steps if transpose else steps[::-1])


class _SymmetricEigen(nn.Cell):
    """Eigenvalues and vectors of symmetric matrices, read from one triangle."""

    def __init__(self, lower: bool) -> None:
        super().__init__()
        self.kernel = Eigh(True, lower)

    def construct(self, A: Tensor) -> Any:
        return _batched(A, self.kernel)

    def bprop(self, A: Tensor, out: Any, dout: Any) -> Any:
        values, vectors = out
        d_values, d_vectors = dout
        off = 1 - _identity(A, A.shape[-1])
        gaps = values.expand_dims(-2) - values.expand_dims(-1) + _identity(A, A.shape[-1])
        inner = mint.matmul(_t(vectors), d_vectors) * off / gaps + d_values.expand_dims(-1) * _identity(A, A.shape[-1])
        result = mint.matmul(mint.matmul(vectors, inner), _t(vectors))
        return ((result + _t(result)) / 2,)


class _SymmetricEigenvalues(nn.Cell):
    """Eigenvalues of symmetric matrices; equal ones do not disturb the derivative, which needs no gaps between them."""

    def __init__(self, lower: bool) -> None:
        super().__init__()
        self.lower = lower

    def construct(self, A: Tensor) -> Tensor:
        return _SymmetricEigen(self.lower)(A)[0]

    def bprop(self, A: Tensor, out: Tensor, dout: Tensor) -> Any:
        vectors = _SymmetricEigen(self.lower)(A)[1]
        return (mint.matmul(vectors * dout.expand_dims(-2), _t(vectors)),)


def linalg_eigh(A: Tensor, UPLO: str = "L", *, out: None = None) -> Eigen:
    """Eigenvalues, ascending, and orthonormal eigenvectors of a symmetric matrix (torch.linalg.eigh)."""
    if _category(A.dtype) == 3:
        return Eigen(*_ByNumpy(lambda x: tuple(np.linalg.eigh(x, "L" if UPLO.upper() == "L" else "U")))(A))
    return Eigen(*_SymmetricEigen(UPLO.upper() == "L")(A)) if A.size else Eigen(ops.zeros(A.shape[:-1], A.dtype), A)


def linalg_eigvalsh(A: Tensor, UPLO: str = "L", *, out: None = None) -> Tensor:
    """Eigenvalues of a symmetric matrix, ascending (torch.linalg.eigvalsh)."""
    if not A.size:
        return ops.zeros(A.shape[:-1], _real_dtype(A.dtype))
    if _category(A.dtype) < 3:
        return _SymmetricEigenvalues(UPLO.upper() == "L")(A)
    lower = A if UPLO.upper() == "L" else _adjoint(A)
    return _halved(_SymmetricEigenvalues(True)(_embedded(_read_by_half(lower))))


class _Eigen(nn.Cell):
    """Complex eigenvalues and vectors by numpy: in LAPACK's order as torch's, which MindSpore's kernel does not keep."""

    def construct(self, A: Tensor) -> Any:
        values, vectors = np.linalg.eig(A.asnumpy())
        dtype = mindspore.complex128 if A.dtype in (mindspore.float64, mindspore.complex128) else mindspore.complex64
        return Tensor(values).astype(dtype), Tensor(vectors).astype(dtype)

    def bprop(self, A: Tensor, out: Any, dout: Any) -> Any:
        values, vectors = out
        d_values, d_vectors = dout
        n = A.shape[-1]
        adjoint = _conjugate(_t(vectors))
        inner = mint.matmul(adjoint, d_vectors)
        own = _real(_diagonal(inner)).expand_dims(-2).astype(values.dtype)
        gaps = values.expand_dims(-2) - values.expand_dims(-1) + _identity(values, n)
        inner = (inner - mint.matmul(adjoint, vectors) * own) / _conjugate(gaps)
        inner = inner * (1 - _identity(values, n)) + d_values.expand_dims(-1) * _identity(values, n)
        result = mint.matmul(mint.matmul(_inverse(adjoint), inner), adjoint)
        return (result if _category(A.dtype) == 3 else _real(result),)


def linalg_eig(A: Tensor, *, out: None = None) -> Eigen:
    """Complex eigenvalues and eigenvectors of length 1; eager mode (torch.linalg.eig)."""
    return Eigen(*_Eigen()(A))


def linalg_eigvals(A: Tensor, *, out: None = None) -> Tensor:
    """Complex eigenvalues; eager mode (torch.linalg.eigvals)."""
    return _Eigen()(A)[0]


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: None = None) -> Svd:
    """A = U diag(S) Vh (torch.linalg.svd)."""
    if 0 in A.shape:
        return _empty_svd(A, full_matrices)
    s, u, v = ops.svd(A, full_matrices)
    return Svd(u, _real_part(s), _adjoint(v))


def _empty_svd(A: Tensor, full_matrices: bool) -> Svd:
    """The decomposition of a matrix without elements: identities, if square ones are asked for."""
    *batch, rows, columns = A.shape
    rank = min(rows, columns)
    u, vh = (rows, rows if full_matrices else rank), (columns if full_matrices else rank, columns)
    left, right = (ops.broadcast_to(ops.eye(*shape, A.dtype), (*batch, *shape)) if 0 not in (*batch, *shape) else
                   ops.zeros((*batch, *shape), A.dtype) for shape in (u, vh))  # fmt: skip
    return Svd(left, _real_part(ops.zeros((*batch, rank), A.dtype)), right)


def linalg_svdvals(A: Tensor, *, driver: str | None = None, out: None = None) -> Tensor:
    """Singular values, descending (torch.linalg.svdvals)."""
    if not A.size:
        return ops.zeros((*A.shape[:-2], min(A.shape[-2:])), _real_dtype(A.dtype))
    return _halved(_SingularValues()(_embedded(A))) if _category(A.dtype) == 3 else _SingularValues()(A)


class _SingularValues(nn.Cell):
    """Singular values; the derivative needs no gaps between them."""

    def construct(self, A: Tensor) -> Tensor:
        return _real_part(ops.svd(A)[0])

    def bprop(self, A: Tensor, out: Tensor, dout: Tensor) -> Any:
        _, u, v = ops.svd(A)
        return (mint.matmul(u * dout.expand_dims(-2), _t(v)),)


def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: None = None) -> SvdTransposed:
    """A = U diag(S) V^T; zeros for U and V where ``compute_uv`` is false (torch.svd)."""
    rows, columns = input.shape[-2:]
    if not compute_uv:
        zeros = [ops.zeros(input.shape[:-2] + (n, n), input.dtype) for n in (rows, columns)]
        return SvdTransposed(zeros[0], linalg_svdvals(input), zeros[1])
    if 0 in input.shape:
        u, s, vh = _empty_svd(input, not some)
        return SvdTransposed(u, s, _t(vh))
    s, u, v = ops.svd(input, not some)
    return SvdTransposed(u, _real_part(s), v)


def linalg_cond(A: Tensor, p: Any = None, *, out: None = None) -> Tensor:
    """The condition number in a norm, by default the largest over the smallest singular value (torch.linalg.cond)."""
    if p in (None, 2, -2):
        values = linalg_svdvals(A)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    return _matrix_norm(A, p) * _matrix_norm(_inverse(A), p)


def _matrix_norm(x: Tensor, order: Any) -> Tensor:
    """The norms that ``cond`` knows beside the spectral one."""
    if order == "fro":
        return ops.sqrt((_magnitude(x) * _magnitude(x)).sum((-2, -1)))
    if order == "nuc":
        return linalg_svdvals(x).sum(-1)
    sums = _magnitude(x).sum(-2 if abs(order) == 1 else -1)
    return mint.amax(sums, -1) if order > 0 else mint.amin(sums, -1)


def _threshold(A: Tensor, largest: Tensor, atol: Any, rtol: Any) -> Tensor:
    """max(atol, rtol * largest); the defaults are 0 and max(rows, columns) * epsilon, or 0 where atol is positive."""
    absolute = atol if isinstance(atol, Tensor) else ops.full_like(largest, atol or 0.0)
    if rtol is None:
        default = max(A.shape[-2:]) * _EPSILON[A.dtype]
        rtol = mint.where(absolute > 0, ops.zeros_like(absolute), ops.full_like(absolute, default))
    return mint.maximum(absolute, rtol * largest)


def linalg_matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: None = None
) -> Tensor:
    """How many singular values are larger than a tolerance, int64 (torch.linalg.matrix_rank)."""
    if not A.size:
        return ops.zeros(A.shape[:-2], mindspore.int64)
    values = ops.abs(linalg_eigvalsh(A)) if hermitian else _real_part(linalg_svdvals(A))
    limit = tol if tol is not None else _threshold(A, mint.amax(values, -1), atol, rtol)
    limit = limit.expand_dims(-1) if isinstance(limit, Tensor) else limit
    return (values > limit).astype(mindspore.int64).sum(-1)


class _PseudoInverse(nn.Cell):
    """The pseudo-inverse for a fixed rank; Golub and Pereyra's derivative, which needs no gaps between singular values."""

    def construct(self, A: Tensor, symmetric: Tensor, limit: Tensor) -> Tensor:
        s, u, v = ops.svd(symmetric)
        large = s > limit.expand_dims(-1)
        inverted = mint.where(large, 1 / mint.where(large, s, ops.ones_like(s)), ops.zeros_like(s))
        return mint.matmul(v * inverted.expand_dims(-2), _t(u))

    def bprop(self, A: Tensor, symmetric: Tensor, limit: Tensor, out: Tensor, dout: Tensor) -> Any:
        p, g = out, dout
        left = _identity(A, A.shape[-2]) - mint.matmul(A, p)
        right = _identity(A, A.shape[-1]) - mint.matmul(p, A)
        total = -mint.matmul(mint.matmul(_t(p), g), _t(p))
        total = total + mint.matmul(mint.matmul(left, _t(g)), mint.matmul(p, _t(p)))
        total = total + mint.matmul(mint.matmul(mint.matmul(_t(p), p), _t(g)), right)
        return total, ops.zeros_like(symmetric), ops.zeros_like(limit)


def linalg_pinv(A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: None = None) -> Tensor:
    """The Moore-Penrose inverse; singular values below a tolerance count as zero (torch.linalg.pinv)."""
    if not A.size:
        return ops.zeros(A.shape[:-2] + (A.shape[-1], A.shape[-2]), A.dtype)
    if _category(A.dtype) == 3:
        return _complex_pinv(_hermitian(A) if hermitian else A, atol, rtol if rcond is None else rcond)
    source = ops.stop_gradient(_lower(A) + _t(_lower(A, -1)) if hermitian else A)
    limit = _threshold(A, ops.svd(source)[0][..., 0], atol, rtol if rcond is None else rcond)
    return _PseudoInverse()(A, source, ops.stop_gradient(limit))


def _complex_pinv(A: Tensor, atol: Any, rtol: Any) -> Tensor:
    """The Moore-Penrose inverse of a complex matrix, from that of the real one that stands for it."""
    rows, columns = A.shape[-2:]
    matrix = _embedded(A)
    limit = _threshold(A, ops.svd(ops.stop_gradient(matrix))[0][..., 0], atol, rtol)
    inverse = _PseudoInverse()(matrix, ops.stop_gradient(matrix), ops.stop_gradient(limit))
    return ops.Complex()(inverse[..., :columns, :rows], inverse[..., columns:, :rows])


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The Moore-Penrose inverse (torch.pinverse)."""
    return linalg_pinv(input, rcond)


def _pivoted_lu(matrices: Any, pivot: bool) -> tuple[Any, Any, Any]:
    """L and U in one array, pivots from 1, and the permutation matrices P^T, by elimination with the largest pivot of each column
    (of complex numbers LAPACK compares the sums of their parts)."""
    packed = matrices.copy().reshape(math.prod(matrices.shape[:-2]), *matrices.shape[-2:])
    batch, (count, rows, columns) = np.arange(len(packed)), packed.shape
    steps = min(rows, columns)
    pivots = np.tile(np.arange(1, steps + 1, dtype=np.int32), (count, 1))
    order = np.tile(np.arange(rows), (count, 1))
    for k in range(steps):
        column = packed[:, k:, k]  # LAPACK measures complex pivots by |re| + |im|
        chosen = k + (np.abs(column.real) + np.abs(column.imag)).argmax(1) if pivot and count else np.full(count, k)
        pivots[:, k] = chosen + 1
        packed[batch, k], packed[batch, chosen] = packed[batch, chosen], packed[batch, k]
        order[batch, k], order[batch, chosen] = order[batch, chosen], order[batch, k]
        divisor = np.where(packed[:, k, k] == 0, 1, packed[:, k, k])
        packed[:, k + 1 :, k] /= divisor[:, None]
        packed[:, k + 1 :, k + 1 :] -= packed[:, k + 1 :, k : k + 1] * packed[:, k : k + 1, k + 1 :]
    lead = matrices.shape[:-2]
    permutation = np.eye(rows, dtype=matrices.dtype)[order].reshape((*lead, rows, rows))
    return packed.reshape(matrices.shape), pivots.reshape((*lead, steps)), permutation


class _LuOfOrdered(nn.Cell):
    """L and U of square matrices whose rows stand in the pivoted order already; ``packed`` holds the kernel's result."""

    def construct(self, A: Tensor, packed: Tensor) -> Tensor:
        return packed * 1

    def bprop(self, A: Tensor, packed: Tensor, out: Tensor, dout: Tensor) -> Any:
        unit_lower = _lower(out, -1) + _identity(out, out.shape[-1])
        upper = _upper(out)
        inner = _lower(mint.matmul(_t(unit_lower), _lower(dout, -1)), -1) + _upper(mint.matmul(_upper(dout), _t(upper)))
        left = linalg_solve_triangular(_t(unit_lower), inner, upper=True, unitriangular=True)
        return linalg_solve_triangular(_t(upper), left, upper=False, left=False), ops.zeros_like(packed)


def linalg_lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: None = None) -> LuFactorInfo:
    """L and U in one matrix, the rows swapped at each step (from 1), and the first zero pivot (torch.linalg.lu_factor_ex)."""
    packed, pivots, permutation = _pivoted_lu(_as_array(ops.stop_gradient(A)), pivot)
    result = _differentiable_lu(mint.matmul(Tensor(permutation), A), Tensor(packed)) if A.size else A
    zero = np.diagonal(packed, 0, -2, -1) == 0
    info = np.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(np.int32) if zero.size else np.zeros(A.shape[:-2], np.int32)
    if info.any() and check_errors:
        raise RuntimeError("linalg.lu_factor_ex: U is exactly singular.")
    return LuFactorInfo(result, Tensor(pivots), Tensor(info))


def _differentiable_lu(ordered: Tensor, packed: Tensor) -> Tensor:
    rows, columns = ordered.shape[-2:]
    n = min(rows, columns)
    square = _LuOfOrdered()(ordered[..., :n, :n], packed[..., :n, :n])
    if columns > n:
        unit_lower = _lower(square, -1) + _identity(square, n)
        return ops.cat((square, linalg_solve_triangular(unit_lower, ordered[..., n:], upper=False, unitriangular=True)), -1)
    if rows > n:
        return ops.cat((square, linalg_solve_triangular(_upper(square), ordered[..., n:, :], upper=True, left=False)), -2)
    return square


def linalg_lu_factor(A: Tensor, *, pivot: bool = True, out: None = None) -> LuFactor:
    """L and U in one matrix, and the rows swapped at each step, from 1 (torch.linalg.lu_factor)."""
    packed, pivots, _ = linalg_lu_factor_ex(A, pivot=pivot)
    return LuFactor(packed, pivots)


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: None = None) -> tuple[Tensor, ...]:
    """L and U in one matrix, the pivots, and whether a pivot is zero (torch.lu)."""
    found = linalg_lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else tuple(found[:2])


def linalg_lu(A: Tensor, *, pivot: bool = True, out: None = None) -> LuMatrices:
    """A = P L U (torch.linalg.lu)."""
    packed, pivots, _ = linalg_lu_factor_ex(A, pivot=pivot)
    return lu_unpack(packed, pivots)


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *, out: None = None) -> LuMatrices:
    """P, L and U of a packed decomposition (torch.lu_unpack)."""
    rows, columns = LU_data.shape[-2:]
    n = min(rows, columns)
    empty = ops.zeros((0,), LU_data.dtype)
    lower = _lower(LU_data[..., :n], -1) + ops.eye(rows, n, LU_data.dtype) if unpack_data else empty
    upper = _upper(LU_data[..., :n, :]) if unpack_data else empty
    return LuMatrices(_t(_row_order(LU_pivots, rows, LU_data.dtype)) if unpack_pivots else empty, lower, upper)


def _row_order(pivots: Tensor, rows: int, dtype: Any) -> Tensor:
    """The permutation matrix P^T of the swaps that the pivots name."""
    swaps = _as_array(pivots).reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    matrices = np.stack([_swapped(row, rows) for row in swaps]) if len(swaps) else np.zeros((0, rows, rows))
    return Tensor(matrices.reshape((*pivots.shape[:-1], rows, rows))).astype(dtype)


def _swapped(pivots: Any, rows: int) -> Any:
    order = np.arange(rows)
    for step, pivot in enumerate(pivots):
        order[[step, pivot - 1]] = order[[pivot - 1, step]]
    return np.eye(rows)[order]


def linalg_lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: None = None,
) -> Tensor:
    """X with A X = B (or X A = B, or the transposed A) from A's packed decomposition (torch.linalg.lu_solve)."""
    if not left:
        return _adjoint(linalg_lu_solve(LU, pivots, _adjoint(B), adjoint=not adjoint))
    order = _row_order(pivots, LU.shape[-1], LU.dtype)
    if adjoint:
        half = linalg_solve_triangular(_adjoint(LU), B, upper=False)
        return mint.matmul(_t(order), linalg_solve_triangular(_adjoint(LU), half, upper=True, unitriangular=True))
    half = linalg_solve_triangular(LU, mint.matmul(order, B), upper=False, unitriangular=True)
    return linalg_solve_triangular(LU, half, upper=True)


def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: None = None) -> Tensor:
    """X with A X = b from A's packed decomposition (torch.lu_solve)."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


def linalg_inv_ex(A: Tensor, *, check_errors: bool = False, out: None = None) -> InverseInfo:
    """The inverse, and the first zero pivot of A, 0 where there is none (torch.linalg.inv_ex)."""
    info = linalg_lu_factor_ex(ops.stop_gradient(A), check_errors=check_errors).info
    return InverseInfo(_inverse(A), info)


def linalg_solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: None = None) -> SolveInfo:
    """X with A X = B, or X A = B, and the first zero pivot of A (torch.linalg.solve_ex)."""
    info = linalg_lu_factor_ex(ops.stop_gradient(A), check_errors=check_errors).info
    return SolveInfo(linalg_solve(A, B, left=left), info)


def linalg_slogdet(A: Tensor, *, out: None = None) -> SignLogDet:
    """Sign and logarithm of the absolute value of the determinant (torch.linalg.slogdet)."""
    if 0 in A.shape:
        return SignLogDet(ops.ones(A.shape[:-2], A.dtype), _real_part(ops.zeros(A.shape[:-2], A.dtype)))
    if A.shape[-1] == 1:
        entry = A[..., 0, 0]
        return SignLogDet(ops.sgn(entry), ops.log(_magnitude(entry)))
    sign, logarithm = ops.slogdet(A)
    return SignLogDet(sign, _real_part(logarithm))


def slogdet(input: Tensor) -> SignLogDet:
    """Sign and logarithm of the absolute value of the determinant (torch.slogdet)."""
    return linalg_slogdet(input)


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant, NaN where that is negative (torch.logdet)."""
    sign, logarithm = linalg_slogdet(input)
    if _category(input.dtype) == 3:
        return ops.log(sign) + logarithm
    return mint.where(sign < 0, ops.full_like(logarithm, float("nan")), logarithm)


def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 … N-1 of each element, along a new last axis (torch.linalg.vander)."""
    x = x if x.ndim else x.reshape(1)
    source = x.astype(mindspore.int64) if _category(x.dtype) == 1 else x
    powers = [ops.ones_like(source)]
    for _ in range((x.shape[-1] if N is None else N) - 1):
        powers.append(powers[-1] * source)
    return ops.stack(powers, -1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element, the highest first unless ``increasing`` (torch.vander)."""
    count = x.shape[0] if N is None else N
    if count == 0:
        return ops.zeros((x.shape[0], 0), x.dtype)
    columns = ops.unbind(linalg_vander(x, N=count), -1)
    return ops.stack(columns if increasing else columns[::-1], -1)


def linalg_tensorinv(A: Tensor, ind: int = 2, *, out: None = None) -> Tensor:
    """The inverse of ``tensordot`` with A (torch.linalg.tensorinv)."""
    rows = math.prod(A.shape[:ind])
    return _inverse(A.reshape(rows, -1)).reshape(A.shape[ind:] + A.shape[:ind])


def linalg_tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None, *, out: None = None) -> Tensor:
    """X with tensordot(A, X) = B (torch.linalg.tensorsolve)."""
    if dims is not None:
        moved = [d % A.ndim for d in dims]
        A = A.permute(*[d for d in range(A.ndim) if d not in moved], *moved)
    shape = A.shape[B.ndim :]
    size = math.prod(shape)
    return mint.matmul(_inverse(A.reshape(size, size)), B.reshape(size, 1)).reshape(shape)


def matrix_exp(A: Tensor) -> Tensor:
    """The matrix exponential: Taylor's series of degree 18 of A / 2^s, squared s times (torch.matrix_exp)."""
    if not A.size:
        return A
    norm = float(np.abs(_as_array(ops.stop_gradient(A))).sum(-2).max())
    squarings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0 and math.isfinite(norm) else 0
    scaled = A.astype(mindspore.complex128 if _category(A.dtype) == 3 else mindspore.float64) / 2.0**squarings
    identity = ops.broadcast_to(_identity(scaled, A.shape[-1]), A.shape)
    result = identity
    for k in range(18, 0, -1):
        result = identity + mint.matmul(scaled, result) / k
    for _ in range(squarings):
        result = mint.matmul(result, result)
    return result.astype(A.dtype)


def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The largest q singular values and vectors, by random projection (torch.svd_lowrank; N. Halko et al., 2009, algorithm 5.1)."""
    source = A if M is None else A - ops.broadcast_to(M, A.shape)
    wide = source.shape[-2] < source.shape[-1]
    matrix = _t(source) if wide else source
    rank = min(6 if q is None else q, *matrix.shape[-2:])
    basis = linalg_qr(mint.matmul(matrix, ops.randn(*matrix.shape[:-2], matrix.shape[-1], rank, dtype=matrix.dtype))).Q
    for _ in range(2 if niter is None else niter):
        basis = linalg_qr(mint.matmul(_t(matrix), basis)).Q
        basis = linalg_qr(mint.matmul(matrix, basis)).Q
    u, s, vh = linalg_svd(mint.matmul(_t(basis), matrix), full_matrices=False)
    left, right = mint.matmul(basis, u), _t(vh)
    return (right, s, left) if wide else (left, s, right)


def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Principal components of the rows, by random projection (torch.pca_lowrank)."""
    rank = min(6, *A.shape[-2:]) if q is None else q
    return svd_lowrank(A - A.mean(-2, True) if center else A, rank, niter)
