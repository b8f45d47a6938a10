"""Do torch's result and the port's agree, in value, shape, dtype, structure and gradient?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mindspore
import numpy as np
import torch

from tests.mappings.flatten import Leaf, flatten

DTYPES = {
    torch.float32: mindspore.float32, torch.float64: mindspore.float64, torch.float16: mindspore.float16, torch.int64: mindspore.int64,
    torch.int32: mindspore.int32, torch.int16: mindspore.int16, torch.int8: mindspore.int8, torch.uint8: mindspore.uint8,
    torch.bool: mindspore.bool_, torch.complex64: mindspore.complex64, torch.complex128: mindspore.complex128,
    torch.bfloat16: mindspore.bfloat16,
}  # fmt: skip
#: Decompositions that are unique up to signs, phases or order: compared by what they mean.
INVARIANTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "svd": lambda r: (r[1], (r[0][..., : r[1].shape[-1]] * r[1][..., None, :]) @ _adjoint(r[2][..., : r[1].shape[-1]])),
    "linalg.svd": lambda r: (r[1], (r[0][..., : r[1].shape[-1]] * r[1][..., None, :]) @ r[2][..., : r[1].shape[-1], :]),
    "linalg.eigh": lambda r: (r[0], (r[1] * r[0][..., None, :]) @ _adjoint(r[1])),
    "linalg.qr": lambda r: (abs(r[1]), r[0] @ r[1]) if r[0].size else abs(r[1]),
    "qr": lambda r: (abs(r[1]), r[0] @ r[1]),
    "linalg.eig": lambda r: (r[0], _without_phase(r[1])),
}
#: How many times larger than torch's own a rounding error may be.
ROUNDING = 4
#: Operators whose result is whatever the memory held: only shapes and dtypes are compared.
UNSET = frozenset({"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"})


def to_mindspore(tensor: torch.Tensor) -> Any:
    """The same numbers as a MindSpore tensor."""
    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.dtype is torch.bfloat16:
        return mindspore.Tensor(plain.float().numpy().copy()).astype(mindspore.bfloat16)
    return mindspore.Tensor(np.array(plain.numpy(), order="C"))


def leaves(result: Any) -> list[Leaf]:
    """A result of either side, flat."""
    return flatten(result, _to_numpy)


def _to_numpy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        plain = value.detach().resolve_conj().resolve_neg()
        name = str(plain.dtype).removeprefix("torch.")
        return (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy(), name
    if isinstance(value, mindspore.Tensor):
        array = value.float().asnumpy() if value.dtype == mindspore.bfloat16 else value.asnumpy()
        return array, str(value.dtype).lower()
    return None


def difference(expected: list[Leaf], actual: list[Leaf], *, values: bool) -> str:
    """How the results differ, '' where they agree; only shapes and dtypes where ``values`` is False (random ones)."""
    if [leaf[0] for leaf in expected] != [leaf[0] for leaf in actual]:
        return f"structure {[leaf[0] for leaf in actual]}, not {[leaf[0] for leaf in expected]}"
    for (path, kind, e), (_, found, a) in zip(expected, actual, strict=True):
        if kind != found:
            return f"{path}: {found}, not {kind}"
        if not kind.startswith("tensor"):
            if values and e != a and not (isinstance(e, (float, complex)) and np.allclose(e, a, rtol=1e-4, atol=1e-5, equal_nan=True)):
                return f"{path}: {a!r}, not {e!r}"
        elif e.shape != a.shape:
            return f"{path}: shape {a.shape}, not {e.shape}"
        elif values and not close(e, a, 1e-4):
            return f"{path}: values {_short(a)}, not {_short(e)}"
    return ""


def close(expected: Any, actual: Any, tolerance: float) -> bool:
    """Equal within ``tolerance`` of each element, or a tenth of it of the largest."""
    finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind in "fc" else np.abs(expected.astype(np.float64))
    spread = max(1.0, float(finite.max())) if finite.size else 1.0
    return bool(np.allclose(expected, actual, rtol=tolerance, atol=tolerance / 10 * spread, equal_nan=True))


def same_up_to_choice(name: str, source: torch.Tensor, expected: Any, actual: Any) -> bool:
    """Whether results differ only where torch leaves the choice open: signs of singular vectors, the order of equal elements."""
    if name in INVARIANTS:
        if [leaf[1] for leaf in leaves(expected)] != [leaf[1] for leaf in leaves(actual)]:
            return False
        try:
            ours, theirs = ([leaf[2] for leaf in leaves(side)] for side in (actual, expected))
            pairs = zip(leaves_of(INVARIANTS[name](theirs)), leaves_of(INVARIANTS[name](ours)), strict=True)
            return all(e.shape == a.shape and close(e, a, 1e-3) for e, a in pairs)
        except (ValueError, IndexError):
            return False
    flat_e, flat_a = leaves(expected), leaves(actual)
    return bool(flat_e) and [leaf[1] for leaf in flat_e] == [leaf[1] for leaf in flat_a] and _ties(source, flat_e, flat_a)


def _ties(source: torch.Tensor, expected: list[Leaf], actual: list[Leaf]) -> bool:
    indices_e, indices_a = expected[-1][2], actual[-1][2]
    if expected[-1][1] != "tensor of int64" or indices_e.shape != indices_a.shape or indices_a.size == 0:
        return False
    if len(expected) == 2 and not (expected[0][2].shape == actual[0][2].shape and close(expected[0][2], actual[0][2], 1e-4)):
        return False
    array = source.detach().resolve_conj().numpy()
    for dim in range(array.ndim):
        e, a = (np.expand_dims(i, dim) if i.ndim == array.ndim - 1 else i for i in (indices_e, indices_a))
        if e.ndim != array.ndim or int(a.max()) >= array.shape[dim] or int(a.min()) < 0:
            continue
        if any(i != dim and e.shape[i] > array.shape[i] for i in range(array.ndim)):
            continue
        crop = array[tuple(slice(None) if i == dim else slice(e.shape[i]) for i in range(array.ndim))]
        if np.array_equal(np.take_along_axis(crop, e, dim), np.take_along_axis(crop, a, dim), equal_nan=True):
            return True
    return False


def leaves_of(value: Any) -> list[Any]:
    """Arrays of a tuple, or the one array."""
    return list(value) if isinstance(value, tuple) else [value]


def _adjoint(matrix: Any) -> Any:
    return np.conj(np.swapaxes(matrix, -1, -2))


def _without_phase(vectors: Any) -> Any:
    """Columns turned so that their largest element is a positive real."""
    if not vectors.size:
        return vectors
    largest = np.take_along_axis(vectors, np.abs(vectors).round(4).argmax(-2)[..., None, :], -2)
    return vectors * np.conj(largest) / np.abs(largest)


def _short(array: Any) -> str:
    return np.array2string(array.reshape(-1)[:4], precision=5, separator=",")


def weights_for(results: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Unequal weights for a sum over each result, so that no error hides in a symmetry."""
    return [(torch.cos(torch.arange(r.numel(), dtype=torch.float64)).reshape(r.shape) + 1.5).to(r.dtype) for r in results]


#: (inputs, results, gradients): positions of the tensors and results that were differentiated, and an array for each input.
Gradients = tuple[list[int], list[int], list[Any]]


def torch_gradients(function: Callable[..., Any], tensors: Sequence[torch.Tensor]) -> Gradients | None:
    """Those of a weighted sum of the differentiable results; None where torch has no gradient."""
    marked = [t.detach().clone().requires_grad_(t.is_floating_point()) for t in tensors]
    inputs = [i for i, t in enumerate(marked) if t.requires_grad and t.numel()]  # an empty gradient says nothing
    if not inputs:
        return None
    try:
        flat = flat_results(function(*marked))
        chosen = [i for i, r in enumerate(flat) if isinstance(r, torch.Tensor) and r.requires_grad and r.is_floating_point()]
        if not chosen:
            return None
        results = [flat[i] for i in chosen]
        total = sum((r * w).sum() for r, w in zip(results, weights_for(results), strict=True))
        found = torch.autograd.grad(total, [marked[i] for i in inputs], allow_unused=True)  # type: ignore[arg-type]
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return inputs, chosen, [None if g is None else (g.to_dense() if g.is_sparse else g).numpy(force=True) for g in found]


def gradient_difference(
    function: Callable[..., Any],
    tensors: Sequence[torch.Tensor],
    expected: Gradients,
    exact: Callable[[], Gradients | None],
) -> str:
    """How the port's gradients differ from ``torch_gradients``' answer by more than rounding; ``exact`` gives that answer in double precision."""
    inputs, chosen, wanted = expected

    def weighted(*values: Any) -> Any:
        flat = flat_results(function(*values))
        total = None
        for index in chosen:
            shape = flat[index].shape
            weight = np.cos(np.arange(int(np.prod(shape)), dtype=np.float64)).reshape(shape) + 1.5
            weighed = flat[index] * mindspore.Tensor(weight, flat[index].dtype)
            term = (weighed.float() if weighed.dtype == mindspore.bfloat16 else weighed).sum()  # there is no kernel for sums of bfloat16
            total = term if total is None else total + term
        return total

    found = mindspore.grad(weighted, tuple(inputs))(*(to_mindspore(t) for t in tensors))
    for number, (e, a) in enumerate(zip(wanted, found if isinstance(found, tuple) else (found,), strict=True)):
        array = a.asnumpy()
        reference = np.zeros(array.shape, array.dtype) if e is None else e
        if not close(reference, array, 1e-3):
            answer = exact() if e is not None else None
            if answer is None or answer[0] != inputs or not is_rounding(answer[2][number], reference, array):
                return f"gradient {_short(array)}, not {_short(reference)}"
    return ""


def is_rounding(exact: Any, expected: Any, actual: Any) -> bool:
    """Whether the port's error against torch's answer in double precision is of the size of torch's own."""
    if exact is None or exact.shape != actual.shape or not np.isfinite(exact).all():
        return False
    return bool(np.abs(actual - exact).max(initial=0) <= ROUNDING * np.abs(expected - exact).max(initial=0))


def flat_results(value: Any) -> list[Any]:
    """Leaves of nested sequences."""
    return [leaf for item in value for leaf in flat_results(item)] if isinstance(value, (tuple, list)) else [value]
