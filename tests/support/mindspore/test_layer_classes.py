"""Layers of the support module count as MindSpore's own where both stand for one class of torch and classes are compared."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import mindspore
import pytest

import transpiler.support.mindspore as package
from transpiler.analysis.semantics import Semantics
from transpiler.mapping.registry import load_registry
from transpiler.support.mindspore import nn_module

#: Old names of torch's for what stands for another class as well, and a layer that einops defines.
ALIASES = {"torch.nn.NLLLoss2d", "torch.nn.NonDynamicallyQuantizableLinear"}


def definitions() -> dict[str, type]:
    """The classes of the support files by name."""
    modules = [importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return {
        name: cls for module in modules for name, cls in inspect.getmembers(module, inspect.isclass) if cls.__module__ == module.__name__
    }


def layers() -> Iterator[tuple[str, str, str | None]]:
    """Each class of torch's layers with its support class and what it is compared as otherwise."""
    registry = load_registry()
    semantics = Semantics(registry)
    for api in registry:
        entry = registry.lookup(api)
        form = entry.form("mindspore") if entry is not None else None
        if (
            entry is None
            or form is None
            or entry.kind != "class"
            or not form.support
            or not semantics.is_module_class(api)
            or api in ALIASES
        ):
            continue
        yield api, form.support, form.isinstance or form.to or form.value


@pytest.fixture(scope="module")
def classes() -> dict[str, type]:
    return definitions()


def test_classes_that_are_compared(classes: dict[str, type], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a port all of them are in one module; here that is each one's own."""
    checked = 0
    for api, support, name in layers():
        cls = classes.get(support)
        if cls is None:
            continue
        monkeypatch.setattr(nn_module, "__name__", cls.__module__)
        for base in cls.__mro__:
            if base.__module__.startswith(package.__name__):
                monkeypatch.setattr(base, "__module__", cls.__module__)
        own = name is None or name.startswith("support.")
        expected = classes[(name or f"support.{support}").removeprefix("support.")] if own else mindspore
        for part in [] if own or name is None else name.split(".")[1:]:
            expected = getattr(expected, part)
        assert nn_module.layer_class(cls) is expected, api
        checked += 1
    assert checked > 100
