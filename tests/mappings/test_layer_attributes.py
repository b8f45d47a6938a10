"""What torch's layers keep of their arguments is read from the ported layer, equal, or diagnosed where it is read: never something else."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.mappings.entries import registry
from transpiler import transpile
from transpiler.report.codes import Kind

LAYERS = (
    "Linear(3, 4)",
    "Linear(3, 4, bias=False)",
    "Bilinear(2, 3, 4)",
    "Identity()",
    "Flatten()",
    "Unflatten(1, (2, 2))",
    "Embedding(5, 3)",
    "Embedding(5, 3, padding_idx=1)",
    "EmbeddingBag(5, 3)",
    "Conv1d(2, 4, 3)",
    'Conv1d(2, 4, 3, padding="same")',
    "Conv2d(2, 4, 3)",
    "Conv2d(2, 4, (3, 5), stride=2, padding=(1, 2), dilation=1, groups=2, bias=False)",
    'Conv2d(2, 4, 3, padding_mode="reflect", padding=1)',
    "Conv3d(2, 4, 3)",
    "ConvTranspose1d(2, 4, 3)",
    "ConvTranspose2d(2, 4, 3, stride=2, output_padding=1)",
    "ConvTranspose3d(2, 4, 3)",
    "MaxPool1d(2)",
    "MaxPool2d(2)",
    "MaxPool2d(3, 2, padding=1)",
    "MaxPool2d(3, 2, ceil_mode=True)",
    "MaxPool3d(2)",
    "AvgPool1d(2)",
    "AvgPool2d(2)",
    "AvgPool2d(3, 2, 1, count_include_pad=False)",
    "AvgPool3d(2)",
    "AdaptiveAvgPool1d(2)",
    "AdaptiveAvgPool2d(1)",
    "AdaptiveAvgPool2d((1, 2))",
    "AdaptiveAvgPool3d(1)",
    "AdaptiveMaxPool2d(1)",
    "AdaptiveMaxPool1d(1)",
    "LPPool2d(2, 3)",
    "MaxUnpool2d(2)",
    "FractionalMaxPool2d(2, output_size=2)",
    "BatchNorm1d(3)",
    "BatchNorm2d(3)",
    "BatchNorm2d(3, affine=False)",
    "BatchNorm2d(3, track_running_stats=False)",
    "BatchNorm2d(3, momentum=None)",
    "BatchNorm3d(3)",
    "SyncBatchNorm(3)",
    "InstanceNorm1d(3)",
    "InstanceNorm2d(3)",
    "InstanceNorm2d(3, affine=True)",
    "InstanceNorm2d(3, affine=True, track_running_stats=True)",
    "InstanceNorm3d(3)",
    "GroupNorm(1, 3)",
    "LayerNorm(3)",
    "LayerNorm((3, 4), eps=1e-3)",
    "LayerNorm(3, elementwise_affine=False)",
    "RMSNorm(3)",
    "LocalResponseNorm(2)",
    "Dropout(0.3)",
    "Dropout1d(0.3)",
    "Dropout2d(0.3)",
    "Dropout3d(0.3)",
    "AlphaDropout(0.3)",
    "FeatureAlphaDropout(0.3)",
    "ReLU()",
    "ReLU(inplace=True)",
    "ReLU6()",
    "LeakyReLU(0.2)",
    "PReLU()",
    "PReLU(3)",
    "ELU(0.5)",
    "SELU()",
    "CELU(0.5)",
    "GELU()",
    'GELU("tanh")',
    "SiLU()",
    "Mish()",
    "Sigmoid()",
    "Tanh()",
    "Softplus(2, 10)",
    "Softsign()",
    "Softshrink(0.3)",
    "Hardshrink(0.3)",
    "Hardtanh(-2, 2)",
    "Hardsigmoid()",
    "Hardswish()",
    "LogSigmoid()",
    "Softmax(1)",
    "Softmax2d()",
    "LogSoftmax(1)",
    "Softmin(1)",
    "Tanhshrink()",
    "Threshold(0.1, 2)",
    "GLU(1)",
    "RReLU()",
    "RNN(2, 3)",
    'RNN(2, 3, nonlinearity="relu")',
    "LSTM(2, 3, num_layers=2, bidirectional=True, batch_first=True, dropout=0.1)",
    "GRU(2, 3)",
    "LSTMCell(2, 3)",
    "GRUCell(2, 3)",
    "RNNCell(2, 3)",
    "MultiheadAttention(4, 2)",
    "MultiheadAttention(4, 2, dropout=0.1, batch_first=True)",
    "TransformerEncoderLayer(4, 2, 8)",
    "TransformerDecoderLayer(4, 2, 8)",
    "Upsample(scale_factor=2)",
    'Upsample(size=(3, 4), mode="bilinear", align_corners=True)',
    "UpsamplingNearest2d(scale_factor=2)",
    "UpsamplingBilinear2d(scale_factor=2)",
    "PixelShuffle(2)",
    "PixelUnshuffle(2)",
    "ChannelShuffle(2)",
    "Fold(2, 2)",
    "Unfold(2)",
    "ZeroPad2d(1)",
    "ConstantPad2d(1, 2.0)",
    "ReflectionPad2d(1)",
    "ReplicationPad2d((1, 2, 0, 1))",
    "ReflectionPad1d(1)",
    "ConstantPad1d(1, 0.5)",
    "CosineSimilarity()",
    "PairwiseDistance()",
    "CrossEntropyLoss()",
    'CrossEntropyLoss(ignore_index=2, label_smoothing=0.1, reduction="sum")',
    "CrossEntropyLoss(weight=torch.ones(3))",
    "NLLLoss()",
    "BCELoss()",
    "BCEWithLogitsLoss(pos_weight=torch.ones(3))",
    "MSELoss()",
    'MSELoss(reduction="none")',
    "L1Loss()",
    "SmoothL1Loss(beta=0.5)",
    "HuberLoss(delta=2.0)",
    'KLDivLoss(reduction="batchmean", log_target=True)',
    "MarginRankingLoss(0.1)",
    "HingeEmbeddingLoss()",
    "TripletMarginLoss()",
    "CosineEmbeddingLoss(0.2)",
    "CTCLoss(blank=1)",
    "PoissonNLLLoss()",
    "GaussianNLLLoss()",
    "MultiMarginLoss()",
    "SoftMarginLoss()",
    "MultiLabelMarginLoss()",
    "MultiLabelSoftMarginLoss()",
    "TripletMarginWithDistanceLoss()",
    "LPPool1d(2, 3)",
    "LPPool3d(2, 3)",
    "AdaptiveMaxPool3d(1)",
    "MaxUnpool1d(2)",
    "MaxUnpool3d(2)",
    "FractionalMaxPool3d(2, output_size=2)",
    "ConstantPad3d(1, 2.0)",
    "ZeroPad1d(1)",
    "ZeroPad3d(1)",
    "ReflectionPad3d(1)",
    "ReplicationPad1d(1)",
    "ReplicationPad3d(1)",
    "CircularPad1d(1)",
    "CircularPad2d(1)",
    "CircularPad3d(1)",
    "CrossMapLRN2d(2)",
    "NLLLoss2d()",
    "AdaptiveLogSoftmaxWithLoss(32, 20, [5, 10])",
    "Transformer(4, 2, 1, 1, 8)",
)
HEAD = """\
import json

import torch
import torch.nn as nn


def plain(v):
    if isinstance(v, torch.Tensor):
        return f"tensor {tuple(v.shape)}"
    if isinstance(v, (tuple, list)):
        return [plain(one) for one in v]
    return v if v is None or isinstance(v, (bool, int, float, str)) else "-"


found = {}
"""
#: Attributes that say how torch itself goes about it.
OWN = frozenset({"training", "call_super_init", "dump_patches", "activation_relu_or_gelu", "name"})
#: Parameters and statistics, which are compared where they are used: MindSpore keeps constants where torch has None, and other shapes.
WEIGHTS = frozenset({"weight", "bias", "running_mean", "running_var"})
#: Classes that only hold other layers.
CONTAINERS = frozenset(
    {
        "Module",
        "Sequential",
        "ModuleList",
        "ModuleDict",
        "ParameterList",
        "ParameterDict",
        "Container",
        "DataParallel",
        "TransformerEncoder",
        "TransformerDecoder",
    }
)


def name_of(layer: str) -> str:
    return layer.partition("(")[0]


def is_supported(layer: str, target: str) -> bool:
    entry = registry().lookup(f"torch.nn.{name_of(layer)}")
    form = entry.form(target) if entry is not None else None
    return form is not None and form.unsupported is None


def plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else "-"


def kept_by(layer: str) -> Iterator[tuple[str, Any]]:
    """torch's public attributes of a layer that come from its arguments."""
    made = eval(f"nn.{layer}", {"nn": nn, "torch": torch})
    for name in (*vars(made), *(name for name in made._buffers if name not in WEIGHTS)):
        if not name.startswith("_") and name not in OWN and not isinstance(getattr(made, name), nn.Module):
            yield name, plain(getattr(made, name))


def program(target: str, derived: bool) -> tuple[str, dict[tuple[str, str], tuple[int, Any]]]:
    """A program that reads every attribute, and in which line it reads which."""
    text, reads = HEAD, {}
    for number, layer in enumerate(layer for layer in LAYERS if is_supported(layer, target)):
        text += f"class Own{number}(nn.{name_of(layer)}):\n    def __getitem__(self, name):\n" if derived else f"x{number} = nn.{layer}\n"
        before, owner = ("        ", "self") if derived else ("", f"x{number}")
        for name, value in kept_by(layer):
            reads[layer, name] = (text.count("\n") + 2, value)
            text += textwrap.indent(
                f"try:\n    found[{f'{layer} {name}'!r}] = plain({owner}.{name})\nexcept AttributeError:\n    pass\n", before
            )
        if derived:
            text += f"        return name\n\n\nx{number} = Own{number}({layer.partition('(')[2]}\nx{number}['']\n\n\n"
    return text + "print(json.dumps(found))\n", reads


def differing(target: str, derived: bool, folder: Path) -> Mapping[tuple[str, str], tuple[Any, Any]]:
    """The attributes that the port reads otherwise, or not at all, where nothing is diagnosed: torch's value and the port's."""
    text, reads = program(target, derived)
    result = transpile(text, target=target, path="reads.py")
    left = {diagnostic.range.line for diagnostic in result.diagnostics if diagnostic.kind is Kind.UNCONVERT and diagnostic.range}
    (folder / "reads.py").write_text(result.output)
    (folder / ("ms_support.py" if target == "mindspore" else "keras_support.py")).write_text(result.support or "")
    environment = {**os.environ, "GLOG_v": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "reads.py"], env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    answers = {key: (value, found.get(" ".join(key), "nothing")) for key, (line, value) in reads.items() if line not in left}
    return {key: sides for key, sides in answers.items() if not is_same(*sides)}


def is_same(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and not isinstance(left, bool):
        return math.isclose(left, right, rel_tol=1e-6)
    return bool(left == right) and type(left) is type(right)


@pytest.mark.parametrize("target", ["mindspore", "keras"])
@pytest.mark.parametrize("derived", [False, True], ids=["layers", "derived classes"])
def test_attributes_are_read_equal_or_diagnosed(target: str, derived: bool, tmp_path: Path) -> None:
    assert differing(target, derived, tmp_path) == {}


def test_every_layer_is_read() -> None:
    missing = {
        api
        for api in registry()
        if api.startswith("torch.nn.") and api.count(".") == 2 and isinstance(getattr(nn, api[9:], None), type)
        if issubclass(getattr(nn, api[9:]), nn.Module) and is_supported(api[9:], "mindspore")
    }
    missing = {api for api in missing if not api.startswith("torch.nn.Lazy") and not api.endswith("Base")}
    missing -= {f"torch.nn.{name_of(layer)}" for layer in LAYERS} | {f"torch.nn.{name}" for name in CONTAINERS}
    assert sorted(missing) == []
