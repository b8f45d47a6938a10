"""Arguments that torch's layers keep, read from MindSpore's layers by torch's names; other objects have attributes of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mindspore import nn

from transpiler.support.mindspore import nn_conv, nn_embedding, nn_norm
from transpiler.support.mindspore.layer_settings import layer_setting
from transpiler.support.mindspore.nn_module import layer_attribute, set_layer_attribute

CONVOLUTION = ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "output_padding", "padding_mode"]
BATCH_NORM = ["num_features", "eps", "momentum", "affine", "track_running_stats"]
LAYERS: list[tuple[torch.nn.Module, nn.Cell, list[str]]] = [
    (torch.nn.Conv1d(4, 6, 3, 2, 1, 2, 2), nn.Conv1d(4, 6, 3, 2, "pad", 1, 2, 2, has_bias=True), [*CONVOLUTION[:-2], "padding_mode"]),
    (torch.nn.Conv2d(4, 6, (3, 1), padding=(1, 0)), nn.Conv2d(4, 6, (3, 1), padding=(1, 1, 0, 0), pad_mode="pad"), [*CONVOLUTION[:-2], "padding_mode"]),
    (torch.nn.Conv2d(4, 6, 3, padding="same"), nn_conv.Conv2d(4, 6, 3, padding="same"), CONVOLUTION[:-2]),
    (torch.nn.ConvTranspose2d(4, 6, 3, 2, 1), nn.Conv2dTranspose(4, 6, 3, 2, "pad", 1), CONVOLUTION),
    (torch.nn.Linear(3, 4), nn.Dense(3, 4), ["in_features", "out_features"]),
    (torch.nn.Embedding(5, 3, 1), nn_embedding.Embedding(5, 3, 1), ["num_embeddings", "embedding_dim", "padding_idx"]),
    (torch.nn.BatchNorm1d(3), nn.BatchNorm1d(3), BATCH_NORM),
    (torch.nn.BatchNorm2d(3, 1e-3, 0.03, affine=False), nn_norm.BatchNorm2d(3, 1e-3, 0.03, affine=False), BATCH_NORM),
    (torch.nn.BatchNorm3d(3, track_running_stats=False), nn.BatchNorm3d(3, use_batch_statistics=True), BATCH_NORM),
    (torch.nn.LayerNorm(4), nn.LayerNorm((4,), epsilon=1e-5), ["normalized_shape", "eps", "elementwise_affine"]),
    (torch.nn.GroupNorm(2, 4), nn.GroupNorm(2, 4), ["num_groups", "num_channels", "eps", "affine"]),
    (torch.nn.LeakyReLU(0.2), nn.LeakyReLU(0.2), ["negative_slope"]),
    (torch.nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, padding=1, pad_mode="pad"), ["kernel_size", "stride", "padding", "ceil_mode"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "layer", "names"), LAYERS, ids=lambda value: type(value).__name__)
def test_layers_answer_as_torchs(source: torch.nn.Module, layer: nn.Cell, names: list[str]) -> None:
    assert {name: layer_setting(layer, name) for name in names} == {name: getattr(source, name) for name in names}


class Scaled(nn.Conv2d):
    """A layer of the user's own."""

    groups = 7


@pytest.mark.parametrize("thing", [SimpleNamespace(groups=7), Scaled(1, 1, 1)])
def test_others_have_their_own(thing: Any) -> None:
    assert layer_setting(thing, "groups") == 7
    with pytest.raises(AttributeError):
        layer_setting(thing, "negative_slope")


def test_weights_are_shared_under_their_own_names() -> None:
    table, head, other = nn_embedding.Embedding(5, 3), nn.Dense(3, 5, has_bias=False), SimpleNamespace(weight=0)
    for thing in (table, other):
        set_layer_attribute(thing, "weight", head.weight)
        assert layer_attribute(thing, "weight") is head.weight
    assert table.embedding_table is head.weight
