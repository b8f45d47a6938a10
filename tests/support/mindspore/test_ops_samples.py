"""Do the support functions compute what torch computes? torch's own operator samples (``op_db``) are run through both.

The functions are found in the modules, not listed here, so a new one is tested as soon as it exists. float32 samples must agree in value, shape,
dtype and gradient. Integer, boolean and empty samples must agree or raise: what a kernel cannot do may fail, never differ.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

import transpiler.support.mindspore as package
from transpiler.support.mindspore.nn_shape import PairwiseDistance

SAMPLES = 4
DTYPES = {
    torch.float32: mindspore.float32, torch.float64: mindspore.float64, torch.float16: mindspore.float16, torch.int64: mindspore.int64,
    torch.int32: mindspore.int32, torch.int16: mindspore.int16, torch.int8: mindspore.int8, torch.uint8: mindspore.uint8,
    torch.bool: mindspore.bool_, torch.complex64: mindspore.complex64, torch.complex128: mindspore.complex128,
    torch.bfloat16: mindspore.bfloat16,
}  # fmt: skip
RANDOM = {
    "empty_strided", "tensor_new_empty_strided", "rand_like", "randn", "randn_like", "randint", "randint_like", "bernoulli", "multinomial", "dropout", "dropout2d", "dropout3d",
    "alpha_dropout", "feature_alpha_dropout", "rrelu", "empty", "empty_like", "normal",
}  # fmt: skip
#: op_db passes these functions' arguments in another order than torch's signature.
REORDERED: dict[str, Callable[..., tuple[Any, ...]]] = {
    "embedding": lambda weight, index: (index, weight),
    "embedding_bag": lambda weight, index: (index, weight),
    "where": lambda x, condition, other: (condition, x, other),
    "einsum": lambda tensors, equation: (equation, *tensors),
    "polygamma": lambda x, n: (n, x),
}


def squared_magnitudes(z: Any) -> Any:
    """|z|^2 of complex elements, in either framework."""
    parts = (torch if isinstance(z, torch.Tensor) else mindspore.ops).view_as_real(z)
    return (parts * parts).sum(-1)


#: What of the results is unique, where signs (and bases of null spaces) of vectors are not. Both frameworks' tensors have these methods.
UNIQUE: dict[str, Callable[..., tuple[Any, ...]]] = {
    "linalg_eig": lambda values, vectors: (values, squared_magnitudes(vectors)),
    "linalg_eigh": lambda values, vectors: (values, vectors.abs()),
    "linalg_svd": lambda u, s, vh: (u[..., : s.shape[-1]].abs(), s, vh[..., : s.shape[-1], :].abs()),
    "svd": lambda u, s, v: (u[..., : s.shape[-1]].abs(), s, v[..., : s.shape[-1]].abs()),
}
#: First words of support functions that stand for a module of torch.
NAMESPACES = {"linalg": "linalg", "fft": "fft", "special": "special", "windows": "signal.windows", "masked": "masked"}
#: torch's own derivative is wrong here (seen by differences): it is the one of the elements that are overwritten.
WRONG_GRADIENT = {"as_strided_scatter"}
#: Variants that the functions refuse or whose meaning needs torch's own storage.
REFUSED = {"svd.", 
    "linalg.pinv.singular", "svd_lowrank.", "pca_lowrank.", "histogramdd.", "scatter_reduce.prod", "as_strided.partial_views", "normal.in_place",
    "normal.number_mean", "nn.functional.triplet_margin_with_distance_loss.", "nn.functional.ctc_loss.",
}  # fmt: skip
#: Arguments without counterpart: the tables refuse them.
REFUSED_ARGUMENTS = {"max_norm", "scale_grad_by_freq"}


def operator_name(function: str) -> str:
    """op_db's name of a support function: ``linalg_det`` is ``linalg.det``."""
    prefix, _, rest = function.partition("_")
    return f"{NAMESPACES[prefix]}.{rest}" if prefix in NAMESPACES else function


def support_functions() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Every public support function that op_db knows, with its operators."""
    by_name: dict[str, list[Any]] = {}
    for op in op_db:
        by_name.setdefault(op.name, []).append(op)
    for path in sorted(Path(package.__path__[0]).glob("*.py")):
        if not path.stem.startswith(("ops_", "tensor_", "functional_")):
            continue
        module = importlib.import_module(f"{package.__name__}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("_") or function.__module__ != module.__name__:
                continue
            base = operator_name(name)
            order = (f"nn.functional.{base}", base) if path.stem.startswith("functional_") else (base, f"nn.functional.{base}")
            found = next((by_name[key] for key in (*order, name, base.removeprefix("tensor_")) if key in by_name), None)
            if found and not all(f"{op.name}.{op.variant_test_name}" in REFUSED for op in found):
                yield name, function, found


#: Functions of MindSpore that stand for torch's as they are.
RENAMED = {f"fft.{name}": getattr(mindspore.ops, name) for name in ("fft", "ifft", "rfft", "irfft", "fftshift", "ifftshift")}
FUNCTIONS = [
    *support_functions(),
    *((name, function, [op for op in op_db if op.name == name]) for name, function in RENAMED.items()),
]


def to_mindspore(value: Any) -> Any:
    """Tensors, dtypes and containers of torch in MindSpore's terms."""
    if isinstance(value, torch.Tensor):
        return mindspore.Tensor(value.detach().resolve_conj().contiguous().numpy(force=True).copy())
    if isinstance(value, torch.dtype):
        return DTYPES[value]
    if isinstance(value, torch.nn.PairwiseDistance):  # a distance function of triplet losses
        return PairwiseDistance(value.norm, value.eps, value.keepdim)
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(to_mindspore(item) for item in value)
    return {key: to_mindspore(item) for key, item in value.items()} if isinstance(value, dict) else value


def flat(value: Any) -> list[Any]:
    """Leaves of nested sequences."""
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (tuple, list)) else [value]


def difference(expected: Any, actual: Any, values: bool = True) -> str:
    """How the results differ, '' where they agree."""
    expected, actual = flat(expected), flat(actual)
    if len(expected) != len(actual):
        return f"{len(actual)} results, not {len(expected)}"
    for e, a in zip(expected, actual, strict=True):
        if not isinstance(e, torch.Tensor):
            if e != a and not (isinstance(e, float) and abs(e - a) < 1e-5):
                return f"{a!r}, not {e!r}"
            continue
        if tuple(e.shape) != tuple(a.shape) or DTYPES[e.dtype] != a.dtype:
            return f"{a.shape} {a.dtype}, not {tuple(e.shape)} {e.dtype}"
        wanted = e.numpy(force=True)
        if values and not np.allclose(wanted, a.asnumpy(), rtol=1e-4, atol=1e-5, equal_nan=True):
            return f"values {a.asnumpy()}, not {wanted}"
    return ""


def is_complex(value: Any) -> bool:
    """Whether a tensor of either framework has complex elements."""
    return "complex" in str(getattr(value, "dtype", "")).lower()


def gradient_difference(op: Any, arguments: list[Any], sample: Any, call: Callable[..., Any]) -> str:
    """How the gradients of a weighted sum of the results differ; '' too where torch itself has none."""
    leaves: list[torch.Tensor] = []

    def marked(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            leaves.append(value.detach().clone().requires_grad_())
            return leaves[-1]
        return type(value)(marked(item) for item in value) if isinstance(value, (list, tuple)) else value

    try:
        results = [torch.view_as_real(r.resolve_conj()) if is_complex(r) else r for r in flat(op(*marked(arguments), **sample.kwargs))]
        chosen = [i for i, r in enumerate(results) if isinstance(r, torch.Tensor) and r.requires_grad]
        if not leaves or not chosen:
            return ""
        weights = [torch.cos(torch.arange(results[i].numel(), dtype=torch.float32)).reshape(results[i].shape) + 1.5 for i in chosen]
        expected = torch.autograd.grad(sum((results[i] * w).sum() for i, w in zip(chosen, weights, strict=True)), leaves, allow_unused=True)
    except RuntimeError:
        return ""  # torch has no derivative, or a complex one

    def weighted(*tensors: Any) -> Any:
        supply = iter(tensors)

        def placed(value: Any) -> Any:
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                return next(supply)
            return type(value)(placed(item) for item in value) if isinstance(value, (list, tuple)) else to_mindspore(value)

        found = flat(call(*placed(arguments), **to_mindspore(sample.kwargs)))
        found = [mindspore.ops.view_as_real(f) if is_complex(f) else f for f in found]
        return sum((found[i] * to_mindspore(w)).sum() for i, w in zip(chosen, weights, strict=True))

    actual = mindspore.grad(weighted, tuple(range(len(leaves))))(*(to_mindspore(leaf) for leaf in leaves))
    for e, a in zip(expected, actual if isinstance(actual, tuple) else (actual,), strict=True):
        wanted = np.zeros(a.shape, np.float32) if e is None else e.to_dense().numpy(force=True)
        if not np.allclose(wanted, a.asnumpy(), rtol=1e-3, atol=1e-4, equal_nan=True):
            return f"gradient {a.asnumpy()}, not {wanted}"
    return ""


def checked(name: str, function: Callable[..., Any], op: Any, sample: Any, strict: bool) -> str:
    """The fault of one sample; '' where all agrees, or where a sample that need not work raises."""
    if any(sample.kwargs.get(name) for name in REFUSED_ARGUMENTS):
        return ""
    arguments = [sample.input, *sample.args]
    try:
        expected = op(*arguments, **sample.kwargs)
    except (RuntimeError, ValueError, IndexError, TypeError):
        return ""  # torch itself refuses the sample
    reorder, unique = REORDERED.get(name), UNIQUE.get(name)
    expected = unique(*expected) if unique else expected

    def call(*values: Any, **keywords: Any) -> Any:
        result = function(*(reorder(*values) if reorder else values), **keywords)
        return unique(*result) if unique else result

    keywords = to_mindspore(sample.kwargs)
    try:
        actual = call(*to_mindspore(arguments), **keywords)
        if name in RANDOM or drops_out(name, sample):
            return difference(expected, actual, values=False)
        fault = difference(expected, actual)
        if fault and strict:  # torch's own rounding may be the larger
            wide = in_double([arguments, sample.kwargs])
            fault = difference(in_single(op(*wide[0], **wide[1])), actual)
        if fault and type(actual).__name__ == "ValuesIndices":  # equal elements may be taken in another order
            axis = next((v for v in (sample.kwargs.get("dim"), *sample.args[::-1]) if isinstance(v, int) and not isinstance(v, bool)), -1)
            fault = tie_difference(sample.input, expected, actual, axis)
        if fault and name == "argsort":
            ordered = torch.sort(sample.input, *sample.args, **sample.kwargs)[0]
            fault = tie_difference(sample.input, (ordered, expected), (to_mindspore(ordered), actual), -1)
        if fault or not strict or not op.supports_autograd or name in WRONG_GRADIENT:
            return fault
        return gradient_difference((lambda *a, **k: unique(*op(*a, **k))) if unique else op, arguments, sample, call)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, IndexError) as error:
        return f"{type(error).__name__}: {str(error).strip()[:200]}" if strict else ""


def in_double(value: Any) -> Any:
    """The same with float64 tensors in place of float32."""
    if isinstance(value, (list, tuple)):
        return type(value)(in_double(item) for item in value)
    if isinstance(value, dict):
        return {key: in_double(item) for key, item in value.items()}
    return value.double() if isinstance(value, torch.Tensor) and value.dtype == torch.float32 else value


def in_single(value: Any) -> Any:
    """The same with float32 tensors in place of float64."""
    if isinstance(value, (list, tuple)):
        return [in_single(item) for item in value]
    single = {torch.float64: torch.float32, torch.complex128: torch.complex64}
    return value.to(single.get(value.dtype, value.dtype)) if isinstance(value, torch.Tensor) else value


def drops_out(name: str, sample: Any) -> bool:
    """Whether attention drops weights at random in this sample."""
    if name == "multi_head_attention_forward":
        return bool(sample.args[9] > 0 and sample.kwargs.get("training", True))
    return bool(sample.kwargs.get("dropout_p", 0.0) > 0)


def tie_difference(source: torch.Tensor, expected: Any, actual: Any, axis: int) -> str:
    """'' where the values agree and stand in ``source`` at the indices given."""
    fault = difference(expected[0], actual[0])
    if fault:
        return fault
    indices = torch.from_numpy(actual[1].asnumpy().copy())
    values = expected[0] if indices.ndim == source.ndim else expected[0].unsqueeze(axis)
    indices = indices if indices.ndim == source.ndim else indices.unsqueeze(axis)
    for dim in {axis, -1, *range(source.ndim)}:
        if indices.numel() == 0 or int(indices.max()) < source.shape[dim]:
            shape_fits = all(i == dim % source.ndim or a <= b for i, (a, b) in enumerate(zip(indices.shape, source.shape, strict=True)))
            if shape_fits and torch.equal(torch.gather(source, dim, indices), values):
                return ""
    return "indices do not point at the values"


def is_empty(value: Any) -> bool:
    """Whether a tensor without elements is among the values."""
    return any(isinstance(leaf, torch.Tensor) and leaf.numel() == 0 for leaf in flat(value))


def chosen_samples(op: Any, dtype: torch.dtype) -> list[Any]:
    """Up to SAMPLES of the first 60, evenly spread."""
    listed = list(itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=False), 60))
    return listed[:: max(1, len(listed) // SAMPLES)][:SAMPLES]


@pytest.mark.parametrize(("name", "function", "ops"), FUNCTIONS, ids=[name for name, _, _ in FUNCTIONS])
def test_support_function_agrees_with_torch(name: str, function: Callable[..., Any], ops: list[Any]) -> None:
    """Every sample of every variant, in float32, int64 and bool."""
    faults = []
    compared = 0
    for op in ops:
        if f"{op.name}.{op.variant_test_name}" in REFUSED:
            continue
        real = [dtype for dtype in (torch.float32, torch.int64, torch.bool) if op.supports_dtype(dtype, "cpu")]
        for dtype in real or [torch.complex64]:
            for sample in chosen_samples(op, dtype):
                compared += 1
                strict = dtype == torch.float32 and not is_empty([sample.input, *sample.args])
                fault = checked(name, function, op, sample, strict)
                if fault:
                    faults.append(f"{dtype} {sample.summary()}: {fault}")
    assert compared
    assert not faults, f"{len(faults)} of {compared} samples\n" + "\n".join(faults[:5])


def test_most_support_functions_have_samples() -> None:
    """The pairing by name works: a renamed module or prefix would silently empty the test above."""
    assert len(FUNCTIONS) >= 180
