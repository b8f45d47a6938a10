"""Does each support layer compute what torch's layer of the same name computes, in training and in evaluation?"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from tests.support.keras.comparison import assert_same, assert_same_layer, copy_state, sample
from transpiler.support.keras import layers

IMAGE = (2, 4, 9, 7)
LAYERS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("Linear", (5, 3), {}, (4, 5)),
    ("Linear", (5, 3), {"bias": False}, (2, 4, 5)),
    ("Linear", (5, 3), {}, (5,)),
    ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1}, (2, 4, 9)),
    ("Conv1d", (4, 6, 3), {"stride": 2, "dilation": 2, "groups": 2}, (2, 4, 11)),
    ("Conv2d", (4, 9, 3), {"padding": 1}, (2, 4, 9, 9)),  # filters == width: Keras's own layer adds the bias along the wrong axis
    ("Conv2d", (4, 6, 3), {"stride": 2, "padding": 1}, IMAGE),
    ("Conv2d", (4, 6, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "bias": False}, IMAGE),
    ("Conv2d", (4, 8, 3), {"groups": 4, "padding": 1}, IMAGE),
    ("Conv2d", (4, 6, 3), {"groups": 2, "dilation": 2, "padding": 2}, IMAGE),
    ("Conv2d", (4, 6, 3), {"stride": 2, "dilation": 2, "padding": 2}, IMAGE),
    ("Conv2d", (4, 6, (4, 3)), {"padding": "same"}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": "valid"}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": 2, "padding_mode": "reflect"}, IMAGE),
    ("Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "circular"}, IMAGE),
    ("Conv2d", (4, 6, (4, 3)), {"padding": "same", "padding_mode": "replicate"}, IMAGE),
    ("Conv2d", (4, 6, 3), {}, (4, 9, 7)),
    ("Conv3d", (4, 6, 3), {"padding": 1, "stride": (1, 2, 2)}, (2, 4, 5, 6, 7)),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (2, 4, 9)),
    ("ConvTranspose2d", (4, 6, 2), {"stride": 2}, IMAGE),
    ("ConvTranspose2d", (4, 6, 4), {"stride": 2, "padding": 1, "groups": 2}, IMAGE),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 3, "padding": 1, "output_padding": 2, "dilation": 2}, IMAGE),
    ("ConvTranspose2d", (4, 6, 1), {"stride": 2, "padding": 1}, IMAGE),
    ("BatchNorm1d", (5,), {}, (6, 5)),
    ("BatchNorm1d", (5,), {"eps": 1e-2}, (6, 5, 3)),
    ("BatchNorm2d", (4,), {}, IMAGE),
    ("BatchNorm2d", (4,), {"momentum": None}, IMAGE),
    ("BatchNorm2d", (4,), {"affine": False, "momentum": 0.3}, IMAGE),
    ("BatchNorm2d", (4,), {"bias": False}, IMAGE),
    ("GroupNorm", (2, 4), {"bias": False}, IMAGE),
    ("BatchNorm2d", (4,), {"track_running_stats": False}, IMAGE),
    ("BatchNorm3d", (4,), {}, (2, 4, 3, 5, 4)),
    ("LayerNorm", (7,), {}, IMAGE),
    ("LayerNorm", ((9, 7),), {"eps": 1e-6, "bias": False}, IMAGE),
    ("LayerNorm", (7,), {"elementwise_affine": False}, IMAGE),
    ("RMSNorm", (7,), {}, IMAGE),
    ("GroupNorm", (2, 4), {}, IMAGE),
    ("GroupNorm", (4, 4), {"affine": False, "eps": 1e-3}, (2, 4, 5)),
    ("Identity", (54,), {"unused": 0.1}, IMAGE),
    ("ReLU", (True,), {}, IMAGE),
    ("ReLU6", (), {"inplace": False}, IMAGE),
    ("LeakyReLU", (), {}, IMAGE),
    ("LeakyReLU", (0.2, True), {}, IMAGE),
    ("ELU", (0.5,), {}, IMAGE),
    ("GELU", (), {}, IMAGE),
    ("GELU", ("tanh",), {}, IMAGE),
    ("SiLU", (), {}, IMAGE),
    ("Mish", (), {}, IMAGE),
    ("Hardswish", (), {}, IMAGE),
    ("Hardsigmoid", (), {}, IMAGE),
    ("Sigmoid", (), {}, IMAGE),
    ("Tanh", (), {}, IMAGE),
    ("Softplus", (2.0, 1.0), {}, IMAGE),
    ("Softmax", (1,), {}, IMAGE),
    ("LogSoftmax", (), {"dim": -1}, IMAGE),
    ("Flatten", (), {}, IMAGE),
    ("Flatten", (0, 2), {}, IMAGE),
    ("MaxPool1d", (3,), {}, (2, 4, 10)),
    ("MaxPool2d", (3, 2, 1), {}, IMAGE),
    ("MaxPool2d", (2,), {"ceil_mode": True}, IMAGE),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 4, 8, 10)),
    ("MaxPool2d", ((2, 3),), {"stride": 1, "dilation": 2}, IMAGE),
    ("MaxPool2d", (3,), {}, (4, 9, 7)),
    ("MaxPool3d", (2,), {}, (2, 4, 4, 5, 6)),
    ("AvgPool1d", (3,), {"padding": 1}, (2, 4, 10)),
    ("AvgPool2d", (2,), {"stride": 2}, IMAGE),
    ("AvgPool2d", (3, 2, 1), {}, IMAGE),
    ("AvgPool2d", (3, 2, 1), {"count_include_pad": False}, IMAGE),
    ("AvgPool2d", (3, 2, 1), {"ceil_mode": True}, (2, 4, 8, 10)),
    ("AvgPool2d", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}, (2, 4, 8, 10)),
    ("AvgPool2d", (2,), {"divisor_override": 3}, IMAGE),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 4, 10)),
    ("AdaptiveAvgPool2d", (1,), {}, IMAGE),
    ("AdaptiveAvgPool2d", ((6, 6),), {}, (2, 4, 13, 7)),
    ("AdaptiveAvgPool2d", ((7, 7),), {}, (2, 4, 2, 3)),
    ("AdaptiveAvgPool2d", ((None, 3),), {}, IMAGE),
    ("AdaptiveMaxPool2d", ((4, 3),), {}, IMAGE),
    ("Upsample", (), {"scale_factor": 2}, IMAGE),
    ("Upsample", (), {"size": (5, 11), "mode": "bilinear", "align_corners": True}, IMAGE),
    ("ZeroPad2d", ((1, 2, 0, 3),), {}, IMAGE),
    ("ReflectionPad2d", (2,), {}, IMAGE),
]


def _id(case: tuple[Any, ...]) -> str:
    return f"{case[0]}{case[1]}{case[2]}".replace(" ", "")


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", LAYERS, ids=_id)
def test_layer_computes_what_torch_computes(case: tuple[Any, ...], training: bool) -> None:
    name, args, kwargs, shape = case
    assert_same_layer(getattr(torch.nn, name)(*args, **kwargs), getattr(layers, name)(*args, **kwargs), sample(*shape), training=training)


@pytest.mark.parametrize("padding_idx", [None, 2, -1])
def test_embedding(padding_idx: int | None) -> None:
    original, ported = torch.nn.Embedding(6, 3, padding_idx), layers.Embedding(6, 3, padding_idx)
    if padding_idx is not None:
        assert not np.asarray(ported.weight)[padding_idx].any()
    assert_same_layer(original, ported, np.array([[0, 2, 5], [5, 1, 2]]), training=True)


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({"batch_first": True}, [(2, 5, 8)] * 3),
        ({}, [(5, 2, 8), (6, 2, 8), (6, 2, 8)]),
        ({"bias": False}, [(5, 8), (6, 8), (6, 8)]),
        ({"batch_first": True, "kdim": 4, "vdim": 6}, [(2, 5, 8), (2, 7, 4), (2, 7, 6)]),
        ({"batch_first": True, "add_bias_kv": True, "add_zero_attn": True}, [(2, 5, 8)] * 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("average", [True, False])
def test_multihead_attention(options: dict[str, Any], shapes: list[tuple[int, ...]], average: bool) -> None:
    inputs = [sample(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    original, ported = torch.nn.MultiheadAttention(8, 2, **options), layers.MultiheadAttention(8, 2, **options)
    assert_same_layer(original, ported, *inputs, training=True, average_attn_weights=average)


@pytest.mark.parametrize("options", [{"batch_first": True}, {"batch_first": True, "add_bias_kv": True, "add_zero_attn": True}], ids=str)
def test_multihead_attention_masks(options: dict[str, Any]) -> None:
    original, ported = torch.nn.MultiheadAttention(8, 2, **options), layers.MultiheadAttention(8, 2, **options)
    copy_state(original, ported)
    x = sample(2, 4, 8)
    causal = np.triu(np.ones((4, 4), dtype=bool), 1)
    padding = np.array([[False, False, False, True], [False, False, False, False]])
    for attn_mask, key_padding_mask in [(causal, None), (None, padding), (causal, padding), (sample(4, 4), None), (sample(4, 4, 4), None)]:
        masks = {"attn_mask": attn_mask, "key_padding_mask": key_padding_mask}
        theirs = {name: None if mask is None else torch.tensor(mask) for name, mask in masks.items()}
        expected = original(*[torch.tensor(x)] * 3, need_weights=False, **theirs)
        assert_same(ported(x, x, x, need_weights=False, **masks), expected)


@pytest.mark.parametrize("name", ["Dropout", "Dropout2d"])
def test_dropout(name: str) -> None:
    keras.utils.set_random_seed(0)
    x = np.ones((20, 50, 4, 4), dtype=np.float32)
    layer = getattr(layers, name)(0.25)
    dropped = np.asarray(layer(x))
    assert abs((dropped == 0).mean() - 0.25) < 0.04
    np.testing.assert_allclose(dropped[dropped != 0], 1 / 0.75, rtol=1e-6)
    whole_channels = all(len(np.unique(channel)) == 1 for sample_ in dropped for channel in sample_)
    assert whole_channels == (name == "Dropout2d")
    assert not np.array_equal(dropped, np.asarray(layer(x)))
    np.testing.assert_array_equal(np.asarray(layer.eval()(x)), x)
    assert not np.asarray(getattr(layers, name)(1.0)(x)).any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction: str) -> None:
    x, y = sample(3, 5), sample(3, 5, seed=1)
    for name in ("MSELoss", "L1Loss"):
        expected = getattr(torch.nn, name)(reduction=reduction)(torch.tensor(x), torch.tensor(y))
        assert_same(getattr(layers, name)(reduction=reduction)(x, y), expected)


def test_batch_norm_refuses_a_single_value_per_channel() -> None:
    layer = layers.BatchNorm2d(3)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(sample(1, 3, 1, 1))
    assert layer.eval()(sample(1, 3, 1, 1)).shape == (1, 3, 1, 1)


def test_default_initialisation_has_the_range_of_torch() -> None:
    keras.utils.set_random_seed(0)
    torch.manual_seed(0)
    for ported, original in [(layers.Linear(64, 512), torch.nn.Linear(64, 512)), (layers.Conv2d(16, 64, 3), torch.nn.Conv2d(16, 64, 3))]:
        bound = 1 / np.sqrt(np.prod(original.weight.shape[1:]))
        for name, value in original.named_parameters():
            ours, theirs = np.asarray(getattr(ported, name)), value.detach().numpy()
            assert ours.shape == theirs.shape
            for values in (ours, theirs):  # both uniform over the same interval
                assert 0.8 * bound < np.abs(values).max() <= bound
                assert abs(values.std() * np.sqrt(3) / bound - 1) < 0.3
