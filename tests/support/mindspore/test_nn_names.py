"""Layers that travel as values answer to torch's names of their parameters: the code that is given them cannot know what they are."""

import pytest
import torch
from torch import nn

from transpiler.support.mindspore import nn_embedding, nn_norm

LAYERS = {
    "BatchNorm1d": (3,),
    "BatchNorm2d": (3,),
    "BatchNorm3d": (3,),
    "LayerNorm": ((3, 4),),
    "GroupNorm": (2, 4),
    "InstanceNorm2d": (3,),
}
NAMES = ("weight", "bias", "running_mean", "running_var")


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_normalisation(name: str, affine: bool) -> None:
    keyword = {"elementwise_affine" if name == "LayerNorm" else "affine": affine}
    original = getattr(nn, name)(*LAYERS[name], **keyword)
    ported = getattr(nn_norm, name)(*LAYERS[name], **keyword)
    for attribute in NAMES:
        expected = getattr(original, attribute, None)
        if isinstance(expected, torch.Tensor):
            assert getattr(ported, attribute).shape == tuple(expected.shape)
            assert (getattr(ported, attribute).asnumpy() == expected.detach().numpy()).all()
        elif hasattr(original, attribute) and attribute in ("weight", "bias"):
            assert getattr(ported, attribute) is None


def test_embedding() -> None:
    assert nn_embedding.Embedding(5, 3).weight.shape == tuple(nn.Embedding(5, 3).weight.shape)
