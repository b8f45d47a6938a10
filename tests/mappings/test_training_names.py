"""What a training script imports by name, every public name of the modules, has an entry: converted, or with a hint."""

from __future__ import annotations

import importlib
import inspect
import runpy
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mappings.entries import registry

ROOT = Path(__file__).parents[2]
MODULES = (
    "torch.optim torch.optim.lr_scheduler torch.optim.swa_utils torch.utils.data torch.utils.data.distributed torch.amp torch.cuda.amp torch.func "
    "torch.autograd torch.autograd.functional torchvision.datasets torchvision.transforms torchvision.transforms.functional torchvision.transforms.v2 "
    "torchvision.transforms.v2.functional torchvision.utils torchvision.io torchvision.ops torchvision.tv_tensors"
)


def _public(module: str) -> Sequence[str]:
    """Classes and functions that a module offers."""
    if module.startswith("torchvision"):
        try:
            importlib.import_module("torchvision.ops")
        except RuntimeError:  # its build lacks compiled operators
            runpy.run_path(str(ROOT / "scripts" / "define_operators.py"))
    loaded = importlib.import_module(module)
    own = [
        n
        for n, value in vars(loaded).items()
        if not n.startswith("_") and getattr(value, "__module__", "").startswith(module.rpartition(".")[0])
    ]
    return [
        n
        for n in getattr(loaded, "__all__", own)
        if inspect.isclass(getattr(loaded, n, None)) or inspect.isfunction(getattr(loaded, n, None))
    ]


@pytest.mark.parametrize("module", MODULES.split())
def test_every_public_name_has_an_entry(module: str) -> None:
    names = _public(module)
    assert len(names) > 0
    assert [name for name in names if registry().lookup(f"{module}.{name}") is None and registry().family(f"{module}.{name}") is None] == []
