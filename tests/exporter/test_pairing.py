"""Rules by class, and names found on live objects."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from transpiler.analysis.names import canonical
from transpiler.exporter.pairing import MISSING, plan_weights, relayout, resolve_path, resolve_weight
from transpiler.mapping.registry import load_registry


def _weight(name: str, *classes: str) -> dict[str, Any]:
    return {"key": name, "path": "", "name": name, "classes": list(classes)}


def test_the_nearest_class_with_rules_decides(table: Path) -> None:
    registry = load_registry((table,))
    own, norm, linear = "project.net.MyNorm", "torch.nn.modules.normalization.LayerNorm", "torch.nn.modules.linear.Linear"
    plan = plan_weights([_weight("weight", own, norm), _weight("extra", own, norm), _weight("weight", linear)], registry, "mindspore")
    assert [[c["to"] for c in item["candidates"]] for item in plan] == [["gamma", "weight"], ["extra"], ["weight"]]
    (kernel,) = plan_weights([_weight("weight", linear)], registry, "keras")
    assert kernel["candidates"][0] == {"to": "kernel", "transpose": (1, 0), "convert": None}
    (counter,) = plan_weights([_weight("num_batches_tracked", "torch.nn.modules.batchnorm.BatchNorm2d")], registry, "mindspore")
    assert counter["drop"]


def test_a_private_module_of_torch_is_known_by_its_public_name() -> None:
    assert canonical("torch.nn.modules.conv.Conv2d") == "torch.nn.Conv2d"
    assert canonical("torch.nn.utils.parametrize.P") == "torch.nn.utils.parametrize.P"


def test_a_layout_is_transposed() -> None:
    array = np.arange(6).reshape(2, 3)
    assert np.array_equal(relayout(array, {"to": "kernel", "transpose": (1, 0), "convert": None}), array.T)


class _Base:
    layers = property(lambda self: ["not", "the", "user's"])

    def build(self) -> None:
        """A method of the framework's base class."""


def test_names_are_found_as_the_port_spells_them() -> None:
    leaf = SimpleNamespace(weight=np.ones(1))
    root = _Base()
    vars(root).update(layers_=leaf, build_=leaf, name="a string", name_=leaf, blocks=[leaf, {"deep": leaf}])
    for path in ("layers", "build", "name", "blocks.0", "blocks.1.deep"):
        assert resolve_path(root, path) is leaf, path
    assert resolve_path(root, "") is root
    assert resolve_path(root, "blocks.2") is MISSING and resolve_path(root, "absent.x") is MISSING

    def is_array(value: object) -> bool:
        return isinstance(value, np.ndarray)

    assert resolve_weight(root, "layers.weight", is_array) is leaf.weight
    assert resolve_weight(root, "name", is_array) is MISSING
