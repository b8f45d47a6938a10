"""Does each support function compute what torch's computes: values, shapes, dtypes and gradients?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support.keras.comparison import assert_same, assert_same_function, sample
from transpiler.support.keras import functional, init, layers, spatial, tensor

X = sample(2, 4, 6, 5)
Case = tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]
UNARY: list[Case] = [
    (functional.relu, F.relu, {}),
    (functional.relu6, F.relu6, {}),
    (functional.leaky_relu, F.leaky_relu, {"negative_slope": 0.2}),
    (functional.gelu, F.gelu, {"approximate": "tanh"}),
    (functional.silu, F.silu, {}),
    (functional.softmax, F.softmax, {"dim": -1}),
    (functional.log_softmax, F.log_softmax, {"dim": 2}),
    (functional.flatten, torch.flatten, {"start_dim": 1}),
    (functional.flatten, torch.flatten, {"start_dim": -3, "end_dim": 2}),
    (functional.chunk, torch.chunk, {"chunks": 4, "dim": 2}),
    (functional.split, torch.split, {"split_size_or_sections": 4, "dim": -2}),
    (functional.split, torch.split, {"split_size_or_sections": [1, 3, 2], "dim": 2}),
    (functional.max_with_indices, torch.max, {"dim": 1}),
    (functional.min_with_indices, torch.min, {"dim": -1, "keepdim": True}),
    (functional.normalize, F.normalize, {}),
    (functional.normalize, F.normalize, {"p": 1.0, "dim": -1}),
    (functional.normalize, F.normalize, {"dim": (1, 2)}),
    (spatial.max_pool2d, F.max_pool2d, {"kernel_size": 3, "stride": 2, "padding": 1}),
    (spatial.avg_pool2d, F.avg_pool2d, {"kernel_size": (2, 3)}),
    (spatial.adaptive_avg_pool2d, F.adaptive_avg_pool2d, {"output_size": (1, 1)}),
    (spatial.pad, F.pad, {"pad": (1, 2, 0, 1)}),
    (spatial.pad, F.pad, {"pad": (0, 0, 1, -2), "value": 1.5}),
    (spatial.pad, F.pad, {"pad": (1, 2, 3, 0), "mode": "reflect"}),
    (spatial.pad, F.pad, {"pad": (2, 1, 0, 0), "mode": "replicate"}),
    (spatial.pad, F.pad, {"pad": (2, 1, 0, 3), "mode": "circular"}),
    (spatial.interpolate, F.interpolate, {"size": (9, 4)}),
    (spatial.interpolate, F.interpolate, {"scale_factor": 1.7}),
    (spatial.interpolate, F.interpolate, {"size": (9, 4), "mode": "nearest-exact"}),
    (spatial.interpolate, F.interpolate, {"scale_factor": 2, "mode": "bilinear", "align_corners": False}),
    (spatial.interpolate, F.interpolate, {"size": (4, 9), "mode": "bilinear", "align_corners": True}),
    (spatial.interpolate, F.interpolate, {"scale_factor": (1.3, 0.7), "mode": "bilinear", "recompute_scale_factor": True}),
    (spatial.interpolate, F.interpolate, {"scale_factor": (1.3, 0.7), "mode": "bilinear"}),
    (spatial.interpolate, F.interpolate, {"size": (11, 3), "mode": "bicubic"}),
    (spatial.interpolate, F.interpolate, {"size": (11, 3), "mode": "bicubic", "align_corners": True}),
    (spatial.interpolate, F.interpolate, {"size": (3, 2), "mode": "area"}),
    (layers.layer_norm, F.layer_norm, {"normalized_shape": (6, 5)}),
    (layers.group_norm, F.group_norm, {"num_groups": 2}),
    (tensor.squeeze, torch.squeeze, {"dim": 1}),
    (tensor.unbind, torch.unbind, {"dim": 1}),
    (tensor.reduce_sum, torch.sum, {}),
    (tensor.reduce_sum, torch.sum, {"dim": (0, -1), "keepdim": True}),
    (tensor.cumsum, torch.cumsum, {"dim": 1}),
    (tensor.var, torch.var, {}),
    (tensor.var, torch.var, {"dim": (1, 2), "keepdim": True, "unbiased": False}),
    (tensor.std, torch.std, {"dim": -1}),
    (tensor.std, torch.std, {"dim": 0, "correction": 0}),
    (tensor.clamp, torch.clamp, {"min": -0.5}),
    (tensor.clamp, torch.clamp, {"min": -0.5, "max": 0.25}),
]


@pytest.mark.parametrize("case", UNARY, ids=lambda case: f"{case[0].__name__}{case[2]}".replace(" ", ""))
def test_function_of_one_tensor(case: Case) -> None:
    ported, original, options = case
    assert_same_function(lambda x: ported(x, **options), lambda x: original(x, **options), X)


BINARY: list[tuple[Callable[..., Any], Callable[..., Any], list[np.ndarray], dict[str, Any]]] = [
    (functional.linear, F.linear, [sample(2, 5), sample(3, 5), sample(3)], {}),
    (spatial.conv2d, F.conv2d, [X, sample(6, 2, 3, 3), sample(6)], {"groups": 2, "padding": "same"}),
    (spatial.conv1d, F.conv1d, [X[0], sample(3, 6, 2)], {"stride": 2}),
    (spatial.conv_transpose2d, F.conv_transpose2d, [X, sample(4, 3, 3, 3), sample(3)], {"stride": 2, "padding": 1}),
    (functional.mse_loss, F.mse_loss, [X, X[::-1].copy()], {}),
    (
        functional.scaled_dot_product_attention,
        F.scaled_dot_product_attention,
        [sample(2, 2, 5, 4), sample(2, 2, 6, 4), sample(2, 2, 6, 3)],
        {},
    ),
    (functional.scaled_dot_product_attention, F.scaled_dot_product_attention, [sample(2, 5, 4)] * 3, {"is_causal": True, "scale": 0.3}),
    (
        functional.scaled_dot_product_attention,
        F.scaled_dot_product_attention,
        [sample(2, 4, 5, 4), sample(2, 2, 5, 4), sample(2, 2, 5, 4), sample(5, 5)],
        {"enable_gqa": True},
    ),
    (
        functional.scaled_dot_product_attention,
        F.scaled_dot_product_attention,
        [sample(2, 3, 4), sample(2, 3, 4), sample(2, 3, 4), np.array([[True, False, True], [False, False, False], [True, True, True]])],
        {},
    ),
]


@pytest.mark.parametrize("case", BINARY, ids=lambda case: f"{case[0].__name__}{case[3]}".replace(" ", ""))
def test_function_of_several_tensors(case: Any) -> None:
    ported, original, inputs, options = case
    assert_same_function(lambda *x: ported(*x, **options), lambda *x: original(*x, **options), *inputs)


@pytest.mark.parametrize(
    "options", [{}, {"ignore_index": 2}, {"label_smoothing": 0.1}, {"reduction": "sum"}, {"reduction": "none"}], ids=str
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (3,)], ids=str)
def test_cross_entropy(options: dict[str, Any], weighted: bool, shape: tuple[int, ...]) -> None:
    logits = sample(*shape)
    target = np.random.default_rng(1).integers(0, 2, shape[:1] + shape[2:] if len(shape) > 1 else ()) + (len(shape) > 1)
    weight = np.array([0.5, 2.0, 1.5], dtype=np.float32) if weighted else None
    theirs = None if weight is None else torch.tensor(weight)
    assert_same_function(
        lambda x: functional.cross_entropy(x, keras.ops.convert_to_tensor(target), weight, **options),
        lambda x: F.cross_entropy(x, torch.tensor(target), theirs, **options),
        logits,
    )
    if "ignore_index" not in options:
        probabilities = np.abs(sample(*shape, seed=3))
        assert_same_function(
            lambda x, p: functional.cross_entropy(x, p, weight, **options),
            lambda x, p: F.cross_entropy(x, p, theirs, **options),
            logits,
            probabilities,
        )


def test_functions_of_indices_and_masks() -> None:
    index = np.random.default_rng(0).integers(0, 4, (2, 3, 5, 5))
    assert_same_function(lambda x: tensor.gather(x, 1, keras.ops.convert_to_tensor(index)), lambda x: x.gather(1, torch.tensor(index)), X)
    mask = X > 0.3
    assert_same_function(lambda x: tensor.masked_fill(x, mask, -1e9), lambda x: x.masked_fill(torch.tensor(mask), -1e9), X)
    assert_same_function(lambda x: tensor.expand(x, 3, -1, 4), lambda x: x.expand(3, -1, 4), sample(2, 1))
    assert_same(tensor.argmax(X, 2), torch.tensor(X).argmax(2))
    assert_same(tensor.argmax(X), torch.tensor(X).argmax())
    assert_same(tensor.argmin(X, -1, True), torch.tensor(X).argmin(-1, True))
    assert tensor.numel(X) == X.size
    whole = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert_same(tensor.reduce_sum(whole, 0), torch.tensor(whole).sum(0))
    assert_same(tensor.cumsum(whole > 2, 1), (torch.tensor(whole) > 2).cumsum(1))
    assert_same(tensor.floor(whole), torch.tensor(whole).floor())
    assert_same(tensor.ceil(X), torch.tensor(X).ceil())
    assert_same(tensor.floor(X), torch.tensor(X).floor())
    assert_same(tensor.clamp(whole, 1, 3), torch.tensor(whole).clamp(1, 3))


@pytest.mark.parametrize(
    "expression",
    [
        "arange(5)",
        "arange(1, 7, 2)",
        "arange(0, 1, 0.25)",
        "arange(3.0)",
        "tensor([1, 2])",
        "tensor([[1.5], [2]])",
        "tensor(True)",
        "tensor(3)",
    ]
    + ["full((2, 3), 3)", "full((2,), 3.5)", "full([1], True)", "tensor([1, 2], dtype='float32')", "arange(4, dtype='float32')"],
)
def test_creation(expression: str) -> None:
    original = eval(expression.replace("'float32'", "torch.float32"), {"torch": torch, **vars(torch)})
    assert_same(eval(expression, vars(tensor)), original)


def test_random_tensors_have_the_shape_asked_for() -> None:
    assert tuple(tensor.rand(2, 3).shape) == tuple(tensor.randn((2, 3)).shape) == (2, 3)
    assert 0.45 < float(keras.ops.mean(tensor.rand(1000))) < 0.55
    assert 0.9 < float(keras.ops.std(tensor.randn(1000))) < 1.1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xavier_uniform_", {"gain": 2.0}),
        ("xavier_normal_", {}),
        ("kaiming_uniform_", {"a": 2.0}),
        ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
        ("normal_", {"mean": 1.0, "std": 0.02}),
        ("uniform_", {"a": -1.0, "b": 3.0}),
        ("trunc_normal_", {"std": 0.02}),
        ("trunc_normal_", {"mean": 1.0, "std": 2.0}),
        ("orthogonal_", {"gain": 1.5}),
        ("constant_", {"val": 0.3}),
        ("zeros_", {}),
        ("ones_", {}),
    ],
)
def test_initialisation_has_the_distribution_of_torch(name: str, options: dict[str, Any]) -> None:
    keras.utils.set_random_seed(0)
    torch.manual_seed(0)
    weight = layers.Conv2d(32, 48, 5, dtype="float32").weight
    original = torch.empty(48, 32, 5, 5)
    assert getattr(init, name)(weight, **options) is weight
    getattr(torch.nn.init, name)(original, **options)
    ours, theirs = np.asarray(weight), original.numpy()
    assert abs(ours.mean() - theirs.mean()) < 0.03 * theirs.std() + 1e-6
    assert abs(ours.std() - theirs.std()) <= 0.03 * theirs.std()
    quantiles = [0.001, 0.1, 0.9, 0.999]
    np.testing.assert_allclose(np.quantile(ours, quantiles), np.quantile(theirs, quantiles), rtol=0.15, atol=0.03 * theirs.std() + 1e-6)


def test_initialisation_refuses_what_it_cannot_change() -> None:
    with pytest.raises(TypeError):
        init.zeros_(keras.ops.ones((2, 3)))
    with pytest.raises(ValueError):
        init.xavier_uniform_(layers.Linear(2, 3).bias)


def test_checkpoint_calls_the_function() -> None:
    assert functional.checkpoint(lambda x, y: x - y, 5, 3, use_reentrant=False) == 2
    with pytest.raises(AssertionError, match="wrong height"):
        tensor.assert_true(False, "wrong height")
