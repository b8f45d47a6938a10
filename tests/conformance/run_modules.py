"""Do torch's modules and their ports compute the same? Outputs, gradients of inputs and parameters, and the buffers that a call changed.

The port takes torch's weights through the exporter's own rules (``exporter/pairing.py``); a tensor without a counterpart, or a parameter of the port
that torch has not, is a difference of structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mindspore
import numpy as np
import torch

from tests.conformance import modules
from tests.conformance.run import Runner
from tests.conformance.samples import seed
from tests.conformance.verdict import close, difference, flat_results, leaves, to_mindspore, weights_for
from transpiler.exporter.mindspore_side import MindSporeSide
from transpiler.exporter.pairing import MISSING, plan_weights, relayout, resolve_path, resolve_weight


@dataclass(frozen=True, slots=True)
class ModuleCase:
    """One form of one sample of a module."""

    label: str
    function: str
    form: modules.ModuleForm
    sample: modules.ModuleSample
    source: str


@dataclass(frozen=True, slots=True)
class Original:
    """What torch gave: its weights before the call, results under two seeds, gradients by weight's key and of the inputs, weights after it."""

    weights: Sequence[dict[str, Any]]
    results: Sequence[Any]
    chosen: Sequence[int]
    of_inputs: Sequence[tuple[int, Any]]
    of_weights: dict[str, Any]
    after: dict[str, Any]


class ModuleRunner(Runner):
    """Cases of modules through torch, the tool and MindSpore."""

    header = modules.HEADER
    dtypes = modules.DTYPES

    def cases(self, name: str, limit: int | None, dtypes: Sequence[torch.dtype]) -> Iterator[ModuleCase]:
        numbers: dict[str, int] = {}
        for dtype in dtypes:
            for index, sample in enumerate(modules.samples(name, dtype, limit)):
                for form in modules.forms(name, sample):
                    label = f"{name} {dtype} sample {index} {'train' if sample.training else 'eval'} {form.name}"
                    number = numbers.setdefault(modules.source(form, sample, 0), len(numbers))
                    yield ModuleCase(label, f"case_{number}", form, sample, modules.source(form, sample, number))

    def texts(self, legal: list[tuple[Any, Any]]) -> Sequence[list[tuple[Any, Any]]]:
        """One text for each precision: what a file says of double precision decides for all of its layers."""
        groups = [[pair for pair in legal if pair[0].sample.is_double == double] for double in (False, True)]
        return [group for group in groups if group]

    def has_nothing(self, case: ModuleCase) -> bool:
        return any(not tensor.numel() for tensor in case.sample.called.tensors)

    def original(self, case: ModuleCase, function: Callable[..., Any]) -> Original:
        seed(0)
        model = function(*(t.clone() for t in case.sample.made.tensors))
        tensors = [t.detach().clone() for t in case.sample.called.tensors]
        if any(isinstance(p, torch.nn.parameter.UninitializedTensorMixin) for p in [*model.parameters(), *model.buffers()]):
            model(*tensors)
        _shake(model)
        start = {key: value.clone() for key, value in model.state_dict().items()}
        weights = list(_weights(model))
        results = []
        for number in range(3):
            seed(number)
            model.load_state_dict(start)
            results.append(model(*(t.clone() for t in tensors)))
        after = {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}
        model.load_state_dict(start)
        try:
            gradients = _gradients(model, tensors, len(tensors))
        except RuntimeError:  # some losses have no gradient of their target
            gradients = _gradients(model, tensors, 1)
        return Original(weights, results, *gradients, after)

    def fault(self, case: ModuleCase, expected: Original, function: Callable[..., Any]) -> str:
        side = MindSporeSide()
        cell = function(*(to_mindspore(t) for t in case.sample.made.tensors))
        tensors = [to_mindspore(t) for t in case.sample.called.tensors]
        if type(cell).__mro__ and any("Lazy" in type(c).__name__ for _, c in cell.cells_and_names()):
            cell(*tensors)
        pairs, fault = self._paired(cell, expected.weights, side)
        if fault:
            return fault
        result = cell(*tensors)
        wanted, *others = (leaves(r) for r in expected.results)
        random = any(difference(wanted, again, values=True) for again in others)
        fault = difference(wanted, leaves(result), values=not random)
        # What the entry says of a kernel that approximates holds for gradients as well.
        entry = self.registry.lookup(f"torch.{case.label.partition(' ')[0]}")
        tolerance = 1e-3 if entry is None or entry.tolerance is None else 10 * entry.tolerance
        return fault or ("" if random else self._state(pairs, expected) or _gradient_fault(cell, tensors, expected, pairs, tolerance))

    def _paired(self, cell: Any, weights: Sequence[dict[str, Any]], side: MindSporeSide) -> tuple[dict[str, tuple[Any, Any]], str]:
        """key -> (tensor of the port, layout), torch's numbers copied into it; and what is without counterpart."""
        pairs: dict[str, tuple[Any, Any]] = {}
        for item in plan_weights(weights, self.registry, "mindspore"):
            owner = resolve_path(cell, item["path"])
            if owner is MISSING:
                return pairs, f"structure: no submodule '{item['path']}'"
            found = ((c, resolve_weight(owner, c["to"], side.is_tensor)) for c in item["candidates"])
            chosen, tensor = next(((c, t) for c, t in found if t is not MISSING), (None, MISSING))
            if chosen is None and not item["drop"]:
                return pairs, f"structure: no counterpart of '{item['key']}'"
            if chosen is not None:
                if isinstance(tensor, mindspore.Parameter):
                    side.assign(tensor, relayout(item["array"], chosen), keep_dtype=False)
                else:
                    side.assign_constant(owner, tensor, relayout(item["array"], chosen))
                pairs[item["key"]] = (tensor, chosen)
        known = {id(tensor) for tensor, _ in pairs.values()}
        trainable = [p.name for p in cell.trainable_params() if id(p) not in known]
        return pairs, f"structure: parameters that torch has not: {trainable}" if trainable else ""

    def _state(self, pairs: dict[str, tuple[Any, Any]], expected: Original) -> str:
        for key, (tensor, layout) in pairs.items():
            if key in expected.after:
                wanted, found = relayout(expected.after[key], layout), tensor.asnumpy()
                if wanted.shape != found.shape or not close(wanted, found, 1e-4):
                    return f"y: state '{key}' after the call"
        return ""


def _shake(model: torch.nn.Module) -> None:
    """Weights that are all different: zeros and ones of the initial ones would hide errors."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        # An argument that torch keeps as a buffer (``_random_samples``) is the constructor's, not a weight.
        if tensor.is_floating_point() and tensor.numel() and not name.rpartition(".")[2].startswith("_"):
            tensor.data.add_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) * 0.3)


def _weights(model: torch.nn.Module) -> Iterator[dict[str, Any]]:
    for path, module in model.named_modules():
        classes = [f"{cls.__module__}.{cls.__qualname__}" for cls in type(module).__mro__ if cls not in (torch.nn.Module, object)]
        for name, tensor in {**module._parameters, **module._buffers}.items():
            if tensor is not None and name not in module._non_persistent_buffers_set:
                key = f"{path}.{name}" if path else name
                yield {"key": key, "path": path, "name": name, "classes": classes, "array": tensor.detach().numpy().copy()}


def _gradients(
    model: torch.nn.Module, tensors: Sequence[torch.Tensor], count: int
) -> tuple[list[int], list[tuple[int, Any]], dict[str, Any]]:
    """Which results were differentiated, and the gradients of their weighted sum, of the first ``count`` inputs."""
    marked = [t.detach().clone().requires_grad_(t.is_floating_point() and i < count) for i, t in enumerate(tensors)]
    seed(0)
    flat = flat_results(model(*marked))
    chosen = [i for i, r in enumerate(flat) if isinstance(r, torch.Tensor) and r.requires_grad and r.is_floating_point()]
    parameters = dict(model.named_parameters())
    inputs = [i for i, t in enumerate(marked) if t.requires_grad]
    if not chosen:
        return [], [], {}
    results = [flat[i] for i in chosen]
    total = sum((r * w).sum() for r, w in zip(results, weights_for(results), strict=True))
    targets = [*(marked[i] for i in inputs), *parameters.values()]
    if not targets:
        return [], [], {}
    try:
        found = [g if g is None else g.to_dense().numpy() for g in torch.autograd.grad(total, targets, allow_unused=True)]
    except (RuntimeError, NotImplementedError):
        return [], [], {}
    return chosen, list(zip(inputs, found, strict=False)), dict(zip(parameters, found[len(inputs) :], strict=True))


def _gradient_fault(cell: Any, tensors: Sequence[Any], expected: Original, pairs: dict[str, tuple[Any, Any]], tolerance: float) -> str:
    if not expected.chosen:
        return ""

    def weighted(*values: Any) -> Any:
        flat = flat_results(cell(*values))
        total = None
        for index in expected.chosen:
            shape = flat[index].shape
            weight = np.cos(np.arange(int(np.prod(shape)), dtype=np.float64)).reshape(shape) + 1.5
            term = (flat[index] * mindspore.Tensor(weight, flat[index].dtype)).sum()
            total = term if total is None else total + term
        return total

    positions = tuple(i for i, _ in expected.of_inputs)
    keys = [key for key in expected.of_weights if key in pairs]
    parameters = [pairs[key][0] for key in keys]
    found = mindspore.grad(weighted, positions or None, parameters or None)(*tensors)
    of_inputs, of_weights = found if positions and parameters else (found, ()) if positions else ((), found)
    of_inputs = of_inputs if isinstance(of_inputs, tuple) else (of_inputs,)
    compared = [(f"input {i}", g, None, a) for (i, g), a in zip(expected.of_inputs, of_inputs, strict=True)]
    compared += [(key, expected.of_weights[key], pairs[key][1], a) for key, a in zip(keys, of_weights, strict=True)]
    for name, wanted, layout, actual in compared:
        array = actual.asnumpy()
        reference = np.zeros(array.shape, array.dtype) if wanted is None else wanted if layout is None else relayout(wanted, layout)
        if reference.shape != array.shape or not close(reference, array, tolerance):
            return f"gradient of {name}"
    return ""
