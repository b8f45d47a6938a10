"""Which tensor of the port takes each tensor of the original: the ``weights:`` rules of the mapping entries, applied to a module tree.

A torch submodule at a dotted path has its port at the same attribute path. Within it a parameter is called what the entry of the
nearest torch class says, or keeps its name. The parent process makes the plan from names alone; the port's process resolves it on the
live objects (``resolve_path``, ``resolve_name``), since only attributes can tell what a layer really has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from transpiler.analysis.names import canonical
from transpiler.exporter.arrays import Array
from transpiler.exporter.contract import ExporterError
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import WeightRule
from transpiler.report.codes import Code

MISSING: Final = object()


def plan_weights(weights: Iterable[Mapping[str, Any]], registry: Registry, target: str) -> list[dict[str, Any]]:
    """One plan item per source tensor: the tensor's own description and either ``drop`` or its ``candidates``, best first."""
    rules: dict[tuple[str, ...], Mapping[str, WeightRule]] = {}
    plan = []
    for weight in weights:
        classes = tuple(weight["classes"])
        if classes not in rules:
            rules[classes] = _rules_of(classes, registry, target)
        plan.append({**weight, **_counterpart(weight, rules[classes].get(weight["name"], MISSING))})
    return plan


def _rules_of(classes: Sequence[str], registry: Registry, target: str) -> Mapping[str, WeightRule]:
    """The weight rules of the first class, in the order of inheritance, whose entry has any."""
    for name in classes:
        for spelling in (name, canonical(name)):
            entry = registry.lookup(spelling)
            form = entry.form(target) if entry is not None else None
            if form is not None and form.weights is not None:
                return form.weights
    return {}


def _counterpart(weight: Mapping[str, Any], rule: object) -> dict[str, Any]:
    plain = {"to": weight["name"], "transpose": None, "convert": None}
    if not isinstance(rule, WeightRule):
        return {"drop": False, "candidates": [plain]}
    if rule.convert is not None and rule.convert not in CONVERTERS:
        raise ExporterError(f"the weight rule names an unknown converter '{rule.convert}'", Code.INTERNAL_ERROR, weight["classes"][0])
    if rule.to is None and rule.transpose is None and rule.convert is None:
        # A support class may have what the idiomatic layer lacks (``num_batches_tracked``): then it is not dropped.
        return {"drop": True, "candidates": [plain]}
    ruled = {"to": rule.to or weight["name"], "transpose": rule.transpose, "convert": rule.convert}
    # A support class may keep torch's own names and layouts where the idiomatic layer has others.
    return {"drop": False, "candidates": [ruled] if ruled["to"] == plain["to"] else [ruled, plain]}


def _expand_dims_2(array: Array) -> Array:
    """(out, in, width) -> (out, in, 1, width): MindSpore computes one-dimensional convolutions as two-dimensional ones."""
    return np.expand_dims(array, 2)


#: Named changes of layout that a transposition cannot express (``convert:`` in a weight rule); all are permutations of the numbers,
#: so gradients go through them unchanged.
CONVERTERS: Final[Mapping[str, Callable[[Array], Array]]] = MappingProxyType({"expand_dims_2": _expand_dims_2})


def relayout(array: Array, candidate: Mapping[str, Any]) -> Array:
    """The source tensor in the port's layout."""
    if candidate["convert"] is not None:
        array = CONVERTERS[candidate["convert"]](array)
    return array if candidate["transpose"] is None else np.transpose(array, candidate["transpose"])


def resolve_path(root: Any, path: str) -> Any:
    """The submodule of ``root`` at torch's dotted ``path``, or ``MISSING``."""
    found = root
    for part in filter(None, path.split(".")):
        found = next((item for item in _called(found, part) if _may_be_module(item)), MISSING)
        if found is MISSING:
            return MISSING
    return found


def resolve_weight(owner: Any, name: str, is_tensor: Callable[[Any], bool]) -> Any:
    """The tensor that ``owner`` calls ``name``, or ``MISSING``. A dotted name leads through submodules."""
    path, _, last = name.rpartition(".")
    owner = resolve_path(owner, path)
    return MISSING if owner is MISSING else next((item for item in _called(owner, last) if is_tensor(item)), MISSING)


def _called(owner: Any, name: str) -> Iterator[Any]:
    """Everything that ``owner`` may mean by ``name``: an attribute, the same with '_' appended (names that the target reserves are
    renamed so), or a member of a container."""
    # Where the class itself has the name (``keras.Model.layers``), the user's own attribute is the renamed one.
    for spelling in (f"{name}_", name) if hasattr(type(owner), name) else (name, f"{name}_"):
        # Asking the class first keeps properties with side effects and methods out.
        if not callable(getattr(type(owner), spelling, None)):
            yield getattr(owner, spelling, MISSING)
    if isinstance(owner, Mapping):
        yield owner.get(name, MISSING)
    for table in ("_params", "_cells"):  # MindSpore's containers keep their members under index strings
        members = vars(owner).get(table) if hasattr(owner, "__dict__") else None
        if isinstance(members, Mapping):
            yield members.get(name, MISSING)
    for members in (owner, getattr(owner, "layers", None)):  # lists, and Keras' containers
        if isinstance(members, (list, tuple)) and name.isdigit() and int(name) < len(members):
            yield members[int(name)]


def _may_be_module(item: Any) -> bool:
    return item is not MISSING and item is not None and not isinstance(item, (str, bool, int, float, complex, type))
