"""Argument forms of the layers that torch's own samples do not reach: padding modes, groups, dilation, resampling, frozen parts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.support.mindspore.nn_oracle import compare_sample
from tests.support.mindspore.test_nn_modules import CLASSES

#: class, positional arguments, keyword arguments, input shape, training
CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...], bool]] = [
    ("Conv2d", (4, 6, 3, 2, (1, 2)), {"padding_mode": "zeros"}, (2, 4, 7, 8), True),
    ("Conv1d", (4, 6, 3), {"padding": 1, "padding_mode": "zeros"}, (2, 4, 7), True),
    ("Conv3d", (2, 2, 3), {"padding": 1, "padding_mode": "zeros"}, (1, 2, 4, 4, 4), True),
    ("Conv2d", (4, 6, 3, 2, (1, 2)), {"padding_mode": "reflect"}, (2, 4, 7, 8), True),
    ("Conv1d", (4, 6, 3), {"padding": 1, "padding_mode": "reflect"}, (2, 4, 7), True),
    ("Conv3d", (2, 2, 3), {"padding": 1, "padding_mode": "reflect"}, (1, 2, 4, 4, 4), True),
    ("Conv2d", (4, 6, 3, 2, (1, 2)), {"padding_mode": "replicate"}, (2, 4, 7, 8), True),
    ("Conv1d", (4, 6, 3), {"padding": 1, "padding_mode": "replicate"}, (2, 4, 7), True),
    ("Conv3d", (2, 2, 3), {"padding": 1, "padding_mode": "replicate"}, (1, 2, 4, 4, 4), True),
    ("Conv2d", (4, 6, 3, 2, (1, 2)), {"padding_mode": "circular"}, (2, 4, 7, 8), True),
    ("Conv1d", (4, 6, 3), {"padding": 1, "padding_mode": "circular"}, (2, 4, 7), True),
    ("Conv3d", (2, 2, 3), {"padding": 1, "padding_mode": "circular"}, (1, 2, 4, 4, 4), True),
    ("Conv2d", (4, 6, 4), {"padding": "same", "dilation": (1, 2), "groups": 2}, (2, 4, 7, 8), True),
    ("Conv1d", (4, 6, 4), {"padding": "same"}, (4, 9), True),
    ("Conv2d", (4, 6, 3), {"padding": "valid", "bias": False}, (2, 4, 7, 8), True),
    ("ConvTranspose1d", (4, 6, 3, 2, 1, 1, 2), {}, (2, 4, 6), True),
    ("ConvTranspose1d", (4, 6, 3, 3, 0, 2, 1, True, 2), {}, (2, 4, 6), True),
    ("ConvTranspose1d", (4, 6, 1, 1, 0), {}, (2, 4, 6), True),
    ("ConvTranspose2d", (4, 6, 3, 2, 1, 1, 2), {}, (2, 4, 5, 6), True),
    ("ConvTranspose2d", (4, 6, 3, 3, 0, 2, 1, True, 2), {}, (2, 4, 5, 6), True),
    ("ConvTranspose2d", (4, 6, 1, 1, 0), {}, (2, 4, 5, 6), True),
    ("ConvTranspose3d", (4, 6, 3, 2, 1, 1, 2), {}, (1, 4, 3, 4, 5), True),
    ("ConvTranspose3d", (4, 6, 3, 3, 0, 2, 1, True, 2), {}, (1, 4, 3, 4, 5), True),
    ("ConvTranspose3d", (4, 6, 1, 1, 0), {}, (1, 4, 3, 4, 5), True),
    ("BatchNorm2d", (3,), {"momentum": None}, (4, 3, 5, 5), True),
    ("BatchNorm1d", (3,), {"affine": False}, (4, 3), True),
    ("BatchNorm3d", (3,), {"track_running_stats": False}, (2, 3, 2, 2, 2), False),
    ("BatchNorm2d", (3,), {"bias": False}, (4, 3, 5, 5), True),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "nearest"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"size": (9, 4), "mode": "nearest"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "nearest-exact"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"size": (9, 4), "mode": "nearest-exact"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "bilinear"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"size": (9, 4), "mode": "bilinear"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "bicubic"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"size": (9, 4), "mode": "bicubic"}, (2, 3, 5, 6), True),
    ("Upsample", (), {"scale_factor": 2, "mode": "bicubic", "align_corners": True}, (2, 3, 5, 6), True),
    ("Upsample", (), {"scale_factor": 2, "mode": "trilinear"}, (1, 2, 3, 4, 5), True),
    ("Upsample", (), {"scale_factor": 2, "mode": "linear"}, (1, 2, 7), True),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, (1, 2, 4, 5), True),
    ("Unfold", ((2, 3), 1, 1, 2), {}, (2, 3, 6, 7), True),
    ("Fold", ((4, 5), (2, 3)), {}, (2, 12, 9), True),
    ("PixelShuffle", (2,), {}, (2, 8, 3, 3), True),
    ("PixelUnshuffle", (2,), {}, (2, 2, 4, 6), True),
    ("ChannelShuffle", (2,), {}, (2, 4, 3, 3), True),
    ("Unflatten", (-1, (2, 3)), {}, (4, 6), True),
    ("Flatten", (0, 1), {}, (2, 3, 4), True),
    ("AvgPool2d", (3, 2, 1, True, False), {}, (2, 3, 7, 8), True),
    ("MaxPool2d", (3, 2, 1, 1, True, True), {}, (2, 3, 7, 8), True),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "shape", "training"), CASES)
def test_arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], shape: tuple[int, ...], training: bool) -> None:
    """Values, buffers and gradients agree."""
    torch.manual_seed(0)
    sample = SimpleNamespace(
        constructor_input=SimpleNamespace(args=args, kwargs=kwargs),
        forward_input=SimpleNamespace(args=(torch.randn(*shape, requires_grad=True),), kwargs={}),
    )
    assert compare_sample(SimpleNamespace(module_cls=getattr(torch.nn, name)), sample, training, CLASSES) is None
