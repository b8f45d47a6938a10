"""Mixed precision: ports compute in the dtypes that torch's autocast chooses, losses follow, and the scaler's arithmetic is torch's."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from torch.testing._internal.autocast_test_lists import AutocastCPUTestLists, AutocastTestLists

from transpiler.cli import main
from transpiler.support.mindspore import mixed_precision
from transpiler.support.mindspore.optim import SGD

MODELS = Path(__file__).parent / "precision" / "models.py"


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def ported(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The models, ported."""
    output = tmp_path_factory.mktemp("precision")
    main(["--in_file", str(MODELS), "--output", str(output), "--jobs", "1", "--quiet"])
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(output))
        patch.delitem(sys.modules, "ms_support", raising=False)  # another test's
        return _load(output / "models.py", "ported_models")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["perceptron", "convolutional", "attentive", "switched", "functions", "phases"])
def test_dtypes_and_losses(name: str, ported: ModuleType) -> None:
    expected_losses, expected_dtypes, expected_scale = getattr(_load(MODELS, "torch_models"), name)()
    losses, dtypes, scale = getattr(ported, name)()
    assert dtypes == expected_dtypes
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-2, atol=2e-3)
    assert scale == expected_scale


def test_bfloat16_on_a_cpu_is_float32_and_says_so() -> None:
    """MindSpore has no bfloat16 kernels there."""
    x = mindspore.Tensor(np.ones((2, 2), np.float32))
    with pytest.warns(UserWarning, match="no bfloat16 kernels"):
        context = mixed_precision.autocast("cpu", dtype=mindspore.bfloat16)
    with context:
        assert mindspore.ops.matmul(x, x).dtype == mindspore.float32


def test_an_accelerators_autocast_is_off_on_a_cpu() -> None:
    x = mindspore.Tensor(np.ones((2, 2), np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with mixed_precision.legacy_autocast():
            assert mindspore.ops.matmul(x, x).dtype == mindspore.float32
        assert not mixed_precision.legacy_GradScaler().is_enabled()


def _torch_run(gradients: Sequence[float], options: dict[str, Any]) -> list[tuple[float, float, int]]:
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer, scaler = torch.optim.SGD([weight], lr=0.1), torch.amp.GradScaler("cpu", **options)
    seen = []
    for value in gradients:
        scaler.scale(torch.ones(()))
        weight.grad = torch.tensor([value, 1.0])
        scaler.step(optimizer)
        scaler.update()
        seen.append((scaler.get_scale(), weight[0].item(), scaler.state_dict()["_growth_tracker"]))
    scaler.update(0.1)
    return [*seen, (scaler.get_scale(), 0.0, 0)]


def _port_run(gradients: Sequence[float], options: dict[str, Any]) -> list[tuple[float, float, int]]:
    weight = mindspore.Parameter(mindspore.Tensor(np.array([1.0, -2.0], np.float32)), name="weight")
    optimizer, scaler = SGD([weight], lr=0.1), mixed_precision.GradScaler("cpu", **options)
    seen = []
    for value in gradients:
        scaler.scale(mindspore.Tensor(1.0))
        weight.grad = mindspore.Tensor(np.array([value, 1.0], np.float32))
        scaler.step(optimizer)
        scaler.update()
        seen.append((scaler.get_scale(), float(weight.asnumpy()[0]), scaler.state_dict()["_growth_tracker"]))
    scaler.update(0.1)
    return [*seen, (scaler.get_scale(), 0.0, 0)]


@pytest.mark.parametrize(
    "options",
    [
        {"init_scale": 8.0, "growth_interval": 2},
        {"growth_factor": 1.1, "backoff_factor": 0.3, "growth_interval": 1},
        {"init_scale": 2.0**127, "growth_interval": 1},
    ],
)
def test_scaler_follows_torch(options: dict[str, Any]) -> None:
    gradients = [1.0, 2.0, float("inf"), 3.0, float("nan"), float("nan"), 1.0, 1.0, 1.0, -float("inf"), 1.0]
    np.testing.assert_allclose(_port_run(gradients, options), _torch_run(gradients, options), rtol=1e-6)


def test_scaler_keeps_small_losses_of_half_precision() -> None:
    loss = mindspore.Tensor(np.float16(2.0))
    assert mixed_precision.GradScaler("cpu").scale(loss).dtype == mindspore.float32
    expected = torch.amp.GradScaler("cpu").scale(torch.tensor(2.0, dtype=torch.float16))
    assert (expected.dtype, expected.item()) == (torch.float32, 2.0 * 2**16)


def test_scaler_refuses_what_torch_refuses() -> None:
    weight = mindspore.Parameter(mindspore.Tensor(np.ones(2, np.float32)), name="weight")
    optimizer, scaler = SGD([weight], lr=0.1), mixed_precision.GradScaler("cpu")
    weight.grad = mindspore.Tensor(np.ones(2, np.float32))
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="empty"):
        scaler.load_state_dict({})


#: Of torch's lists: names of torch's own kernels, and what a port computes otherwise (see docs/training.md).
APART = frozenset(
    [
        "_addmm_activation",
        "_native_multi_head_attention",
        "_convolution",
        "cudnn_convolution",
        "cudnn_convolution_transpose",
        "addr",
        "renorm",
    ]
)
HALF = frozenset({"torch_16", "torch_fp16"})


def _operators() -> tuple[dict[str, tuple[str, str, list[torch.Tensor]]], str]:
    """Calls of the operators in the lists that torch tests its autocast with, those that take tensors alone: kind of device, list, arguments; and
    source."""
    device = torch.device("cpu")
    groups = [(AutocastCPUTestLists(device), "cpu", "torch_16 torch_fp32"), (AutocastTestLists(device), "cuda", "torch_fp16 torch_fp32")]
    found, source = {}, ["import torch", "import torch.nn.functional as F"]
    for lists, kind, names in groups:
        for group in names.split():
            for number, (name, arguments, *_) in enumerate(getattr(lists, group)):
                owner = "torch" if hasattr(torch, name) and "loss" not in name and "logits" not in name else "F"
                if name in APART or not all(isinstance(argument, torch.Tensor) for argument in arguments) or name == "margin_ranking_loss":
                    continue
                parameters = [f"a{index}" for index in range(len(arguments))]
                function = f"{kind}_{group}_{number}_{name}"
                source += [
                    f"def {function}({', '.join(p + ': torch.Tensor' for p in parameters)}):",
                    f"    return {owner}.{name}({', '.join(parameters)})",
                ]
                found[function] = (kind, group, list(arguments))
    return found, "\n".join(source)


def test_operators_compute_as_torchs_lists_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """float16 where a list says so, float32 where it does; the lists of accelerators are put into force on the CPU."""
    cases, source = _operators()
    (tmp_path / "original.py").write_text(source)
    main(["--in_file", str(tmp_path / "original.py"), "--output", str(tmp_path / "out"), "--jobs", "1", "--quiet"])
    monkeypatch.syspath_prepend(str(tmp_path / "out"))
    monkeypatch.delitem(sys.modules, "ms_support", raising=False)
    ported = _load(tmp_path / "out" / "original.py", "ported_operators")
    monkeypatch.delitem(sys.modules, "ms_support")
    assert len(cases) > 60
    wrong = {}
    for name, (kind, group, arguments) in cases.items():
        halved = [a.half() if a.dtype == torch.bfloat16 else a for a in arguments]
        with monkeypatch.context() as patch:
            patch.setattr(mixed_precision, "_on_cpu", lambda kind=kind: kind == "cpu")
            with mixed_precision.autocast(kind, dtype=mindspore.float16):
                result = getattr(ported, name)(*(mindspore.Tensor(a.numpy()) for a in halved))
        first = result[0] if isinstance(result, tuple) else result
        expected = mindspore.float16 if group in HALF else mindspore.float32
        if first.dtype != expected:
            wrong[name] = first.dtype
    assert not wrong
