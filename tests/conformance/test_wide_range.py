"""Functions of one tensor far outside the range that samples come from: saturated, near zero, and around the points where formulas change."""

from __future__ import annotations

import sys
from types import ModuleType

import mindspore
import numpy as np
import pytest
import torch

from tests.conformance.run import load
from transpiler.mapping.registry import load_registry
from transpiler.rewrite.pipeline import single_file_context, transpile_source
from transpiler.support.assemble import assemble

ACTIVATIONS = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "gelu",
    "selu",
    "silu",
    "celu",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "mish",
    "softplus",
    "softsign",
    "logsigmoid",
    "hardshrink",
    "softshrink",
    "tanhshrink",
]
FUNCTIONS = [
    "sigmoid",
    "tanh",
    "exp",
    "expm1",
    "log1p",
    "log",
    "sqrt",
    "rsqrt",
    "sinh",
    "cosh",
    "asinh",
    "atan",
    "erf",
    "erfc",
    "sinc",
    "square",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "abs",
    "floor",
    "round",
    "frac",
    "trunc",
    "sign",
]
CALLS = {
    **{f"F.{name}": f"F.{name}(x)" for name in ACTIVATIONS},
    **{f"torch.{name}": f"torch.{name}(x)" for name in FUNCTIONS},
    "gelu tanh": "F.gelu(x, approximate='tanh')",
    "elu": "F.elu(x, 0.5)",
    "softplus": "F.softplus(x, beta=2, threshold=10)",
    "logsumexp": "torch.logsumexp(torch.stack([x, -x]), 0)",
    "logaddexp": "torch.logaddexp(x, torch.zeros_like(x))",
    "logcumsumexp": "torch.logcumsumexp(x, 0)",
    "softmax": "F.softmax(x, -1)",
    "log_softmax": "F.log_softmax(x, -1)",
    "logit": "torch.logit(x, 1e-6)",
    "xlogy": "torch.xlogy(x, x.detach().abs())",
    "bce with logits": "F.binary_cross_entropy_with_logits(x, (x < 0).float(), pos_weight=torch.tensor(3.), reduction='none')",
    "cross entropy": "F.cross_entropy(x[None], torch.tensor([0]))",
    "huber": "F.huber_loss(x, -x, reduction='none', delta=0.5)",
    "fmod": "torch.fmod(x, 0.7)",
    "hypot": "torch.hypot(x, x.flip(0))",
    "pairwise": "F.pairwise_distance(x[None], -x[None])",
    "entr": "torch.special.entr(x)",
    "ndtr": "torch.special.ndtr(x)",
}
VALUES = np.concatenate([
    np.linspace(-3, 3, 13) + 0.01, [-1e3, -200, -104, -88, -50, -30, -20, -15, -12, -10, -8, -6, 0], [6, 8, 10, 12, 15, 18, 20, 25, 30, 44, 45, 60, 87, 89, 104, 1e3, 1e4],
    [1e-3, -1e-3, 1e-6, -1e-6],
]).astype(np.float32)  # fmt: skip
#: At 0 their derivative is a choice: MindSpore takes the mean of both sides.
CHOICE_AT_ZERO = frozenset({"F.leaky_relu"})
SOURCE = "import torch\nimport torch.nn.functional as F\n" + "".join(
    f"\n\ndef case_{number}(x: torch.Tensor):\n    return {text}\n" for number, text in enumerate(CALLS.values())
)


def ported_module(source: str) -> ModuleType:
    """What the tool makes of a source text, with its support module, executed."""
    context = single_file_context(source.encode(), "case.py", "mindspore", load_registry())
    result = transpile_source(source.encode(), path="case.py", context=context)
    sys.modules["ms_support"] = load(assemble("mindspore", sorted(result.support)), "ms_support")
    try:
        return load(result.output.decode(), "ported")
    finally:
        del sys.modules["ms_support"]


@pytest.fixture(scope="module")
def original() -> ModuleType:
    return load(SOURCE, "original")


@pytest.fixture(scope="module")
def port() -> ModuleType:
    return ported_module(SOURCE)


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name: str, original: ModuleType, port: ModuleType) -> None:
    function = f"case_{list(CALLS).index(name)}"
    x = torch.tensor(VALUES, requires_grad=True)
    expected = getattr(original, function)(x)
    ported = getattr(port, function)
    actual = ported(mindspore.Tensor(VALUES))
    np.testing.assert_allclose(actual.asnumpy(), expected.detach().numpy(), rtol=2e-4, atol=1e-6)
    (gradient,) = torch.autograd.grad(expected.sum(), x)
    found = mindspore.grad(lambda v: ported(v).sum())(mindspore.Tensor(VALUES)).asnumpy()
    chosen = VALUES != 0 if name in CHOICE_AT_ZERO else np.ones(VALUES.shape, bool)
    np.testing.assert_allclose(found[chosen], gradient.numpy()[chosen], rtol=2e-3, atol=1e-5)


def test_equal_infinities_add_up() -> None:
    """The forward algorithm of hidden Markov models starts from log(0) + log(0)."""
    source = "import torch\n\n\ndef both(x: torch.Tensor):\n    return torch.logaddexp(x, x), torch.logaddexp2(x, x)\n"
    values = np.array([-np.inf, 0.0, np.inf], np.float32)
    expected = load(source, "original").both(torch.tensor(values))
    actual = ported_module(source).both(mindspore.Tensor(values))
    for e, a in zip(expected, actual, strict=True):
        np.testing.assert_allclose(a.asnumpy(), e.numpy(), rtol=1e-6)


@pytest.mark.parametrize("loss", ["nn.CrossEntropyLoss(ignore_index=1)(x, t)", "F.cross_entropy(x, t, ignore_index=1)"])
def test_a_batch_of_ignored_targets_moves_nothing(loss: str) -> None:
    source = f"import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n\ndef loss(x: torch.Tensor, t: torch.Tensor):\n    return {loss}\n"
    x, t = np.ones((2, 3), np.float32), np.array([1, 1])
    ported = ported_module(source).loss
    assert np.isnan(ported(mindspore.Tensor(x), mindspore.Tensor(t)).item())
    gradient = mindspore.grad(lambda v: ported(v, mindspore.Tensor(t)))(mindspore.Tensor(x))
    np.testing.assert_array_equal(gradient.asnumpy(), np.zeros((2, 3), np.float32))
