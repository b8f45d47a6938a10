"""The oracle of the layer tests: torch's own module samples (``module_db``), run in torch and in the support class.

A comparison copies torch's parameters and buffers through the ``weights`` rules of the mapping entries, so the rules are under test as well.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import torch
import yaml
from mindspore import Parameter, Tensor, nn, ops

TABLES = Path(__file__).parents[3] / "mappings" / "torch" / "nn"
RANDOM = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "RReLU"}
DTYPES = {
    torch.float32: mindspore.float32,
    torch.float64: mindspore.float64,
    torch.float16: mindspore.float16,
    torch.int64: mindspore.int64,
}
FUNCTIONS = {torch.nn.functional.relu: ops.relu, torch.relu: ops.relu, torch.nn.functional.gelu: ops.gelu}


@functools.cache
def weight_rules() -> Mapping[str, Mapping[str, Any]]:
    """torch class name -> its ``weights`` rules for MindSpore."""
    rules: dict[str, Mapping[str, Any]] = {}
    for path in sorted(TABLES.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()) or []:
            form = (entry.get("targets") or {}).get("mindspore")
            if isinstance(form, dict) and "weights" in form:
                rules[entry["api"].rpartition(".")[2]] = form["weights"]
    return rules


def port(value: Any, classes: Mapping[str, type]) -> Any:
    """A sample's argument for the support class."""
    if isinstance(value, torch.Tensor):
        return Tensor(value.detach().cpu().numpy())
    if isinstance(value, torch.nn.Module):
        return port_module(value, classes)
    if isinstance(value, torch.dtype):
        return DTYPES[value]
    if isinstance(value, dict):
        return {key: port(item, classes) for key, item in value.items()}
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return type(value)(port(item, classes) for item in value)
    return FUNCTIONS.get(value, value) if callable(value) else value


def port_module(module: torch.nn.Module, classes: Mapping[str, type]) -> nn.Cell:
    """A module that a sample passes as an argument, rebuilt from its attributes."""
    if isinstance(module, torch.nn.LayerNorm):
        cell = classes["LayerNorm"](tuple(module.normalized_shape), module.eps)
    elif isinstance(module, (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)):
        attention = module.self_attn
        cell = classes[type(module).__name__](
            attention.embed_dim,
            attention.num_heads,
            module.linear1.out_features,
            module.dropout.p,
            FUNCTIONS[module.activation],
            module.norm1.eps,
            attention.batch_first,
            module.norm_first,
            module.linear1.bias is not None,
        )
    else:
        cell = classes[type(module).__name__]()
    copy_weights(module, cell)
    return cell


def located(cell: Any, path: str) -> Any:
    """The attribute at a dotted path; numbers index."""
    for part in filter(None, path.split(".")):
        cell = cell[int(part)] if part.isdigit() else getattr(cell, part)
    return cell


def tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters and buffers that the module itself owns."""
    yield from module.named_parameters(recurse=False)
    yield from module.named_buffers(recurse=False)


def target_parameter(owner: torch.nn.Module, cell: Any, name: str) -> Parameter | None:
    """Where ``name`` of ``owner`` lives in ``cell``; None for a tensor without counterpart."""
    rules = weight_rules().get(type(owner).__name__, {})
    if name in rules and rules[name] is None:
        return None
    rule = rules.get(name, name)
    return located(cell, rule["to"] if isinstance(rule, dict) else rule)


def copy_weights(module: torch.nn.Module, cell: Any) -> None:
    """Give ``cell`` the parameters and buffers of ``module``."""
    for path, owner in module.named_modules():
        part = located(cell, path)
        for name, tensor in tensors(owner):
            parameter = target_parameter(owner, part, name)
            if parameter is not None:
                array = tensor.detach().numpy()
                parameter.set_data(Tensor(array.reshape(parameter.shape)))


def flat(value: Any) -> list[Any]:
    """The tensors in a nested result, in order."""
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in flat(item)]
    return [] if value is None else [value]


def difference(expected: torch.Tensor, got: Tensor, what: str, random: bool = False, rtol: float = 1e-4) -> str | None:
    """What differs between two tensors: shape, dtype or values."""
    wanted, found = expected.detach().numpy(), got.asnumpy()
    if wanted.shape != found.shape:
        return f"{what}: shape {found.shape}, torch {wanted.shape}"
    if wanted.dtype != found.dtype:
        return f"{what}: dtype {found.dtype}, torch {wanted.dtype}"
    # Rounding grows with the terms that were summed, so the absolute tolerance follows the largest value.
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0) if wanted.dtype.kind == "f" else 1.0
    if not random and not np.allclose(wanted, found, rtol=rtol, atol=2e-5 * largest, equal_nan=True):
        return f"{what}: off by {np.abs(wanted - found).max()}"
    return None


def float_leaves(values: Any) -> list[Any]:
    """The floating-point tensors among arguments."""
    return [leaf for leaf in flat(values) if isinstance(leaf, (torch.Tensor, Tensor)) and leaf.dtype in (torch.float32, mindspore.float32)]


def replace_leaves(value: Any, leaves: Iterator[Any]) -> Any:
    """``value`` with its floating-point tensors taken from ``leaves``."""
    if isinstance(value, (tuple, list)):
        return type(value)(replace_leaves(item, leaves) for item in value)
    return next(leaves) if isinstance(value, Tensor) and value.dtype == mindspore.float32 else value


def weight_of(index: int, size: int) -> np.ndarray:
    """Fixed uneven factors, so that a gradient of the sum sees every output differently."""
    return np.cos(np.arange(size, dtype=np.float32) + index)


def torch_scalar(outputs: Any) -> torch.Tensor:
    """A weighted sum of all floating-point outputs."""
    leaves = [leaf for leaf in flat(outputs) if leaf.is_floating_point() and leaf.requires_grad]
    return sum((leaf.reshape(-1) * torch.from_numpy(weight_of(i, leaf.numel()))).sum() for i, leaf in enumerate(leaves))


def target_scalar(outputs: Any, kept: list[bool]) -> Tensor:
    """The same sum over the support class's outputs."""
    leaves = [leaf for leaf, keep in zip(flat(outputs), kept, strict=True) if keep]
    return sum((leaf.reshape(-1) * Tensor(weight_of(i, leaf.size))).sum() for i, leaf in enumerate(leaves))


def compare_gradients(module: torch.nn.Module, cell: nn.Cell, sample: Any, outputs: Any, classes: Mapping[str, type]) -> str | None:
    """Gradients of a weighted sum of the outputs with respect to inputs and parameters."""
    kept = [leaf.is_floating_point() and leaf.requires_grad for leaf in flat(outputs)]
    if not any(kept):
        return None
    args, kwargs = sample.forward_input.args, sample.forward_input.kwargs
    torch_inputs = [leaf for leaf in float_leaves([args, list(kwargs.values())]) if leaf.requires_grad]
    names = [(path, owner, name, p) for path, owner in module.named_modules() for name, p in owner.named_parameters(recurse=False)]
    pairs = [(p, target_parameter(owner, located(cell, path), name)) for path, owner, name, p in names if p.requires_grad]
    wanted = torch.autograd.grad(torch_scalar(outputs), torch_inputs + [p for p, _ in pairs], allow_unused=True)
    ported = [port(list(args), classes), list(port(kwargs, classes).values())]
    leaves = float_leaves(ported)
    chosen = [i for i, leaf in enumerate(float_leaves([args, list(kwargs.values())])) if leaf.requires_grad]

    def forward(*inputs: Tensor) -> Tensor:
        given = list(leaves)
        for i, tensor in zip(chosen, inputs, strict=True):
            given[i] = tensor
        positional, named = replace_leaves(ported, iter(given))
        return target_scalar(cell(*positional, **dict(zip(kwargs, named, strict=True))), kept)

    parameters = [parameter for _, parameter in pairs]
    positions = tuple(range(len(chosen))) or None
    if positions is None and not parameters:
        return None
    gradient = mindspore.grad(forward, positions, parameters or None)(*[leaves[i] for i in chosen])
    found = flat(gradient)
    for i, (want, got) in enumerate(zip(wanted, found, strict=True)):
        expected = torch.zeros(got.shape) if want is None else want.reshape(got.shape)
        problem = difference(expected, got, f"gradient {i}", rtol=1e-3)
        if problem is not None:
            return problem
    return None


def compare_buffers(module: torch.nn.Module, cell: nn.Cell) -> str | None:
    """The buffers after the call, such as running statistics."""
    for path, owner in module.named_modules():
        for name, tensor in owner.named_buffers(recurse=False):
            parameter = target_parameter(owner, located(cell, path), name)
            if parameter is not None:
                problem = difference(tensor.reshape(parameter.shape), parameter, f"buffer {name}")
                if problem is not None:
                    return problem
    return None


def compare_sample(info: Any, sample: Any, training: bool, classes: Mapping[str, type], gradients: bool = True) -> str | None:
    """None where the support class does what torch does for one sample, else what differs."""
    name = info.module_cls.__name__
    constructor = sample.constructor_input
    torch.manual_seed(0)
    module = info.module_cls(*constructor.args, **constructor.kwargs).float().train(training)
    cell = classes[name](*port(list(constructor.args), classes), **port(dict(constructor.kwargs), classes))
    cell.set_train(training)
    copy_weights(module, cell)
    call = sample.forward_input
    outputs = module(*call.args, **call.kwargs)
    results = cell(*port(list(call.args), classes), **port(dict(call.kwargs), classes))
    expected, found = flat(outputs), flat(results)
    if len(expected) != len(found):
        return f"{len(found)} outputs, torch {len(expected)}"
    random = training and name in RANDOM
    for i, (want, got) in enumerate(zip(expected, found, strict=True)):
        problem = difference(want, got, f"output {i}", random)
        if problem is not None:
            return problem
    problem = compare_buffers(module, cell)
    if problem is not None or random or not gradients:
        return problem
    return compare_gradients(module, cell, sample, outputs, classes)


def samples(info: Any) -> Iterator[tuple[bool, Any]]:
    """torch's float32 CPU samples of a module, in training and, where it matters, in evaluation."""
    for training in (True, False) if info.train_and_eval_differ else (True,):
        torch.manual_seed(1)
        for sample in info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=True, training=training):
            yield training, sample


def compare_module(info: Any, classes: Mapping[str, type], limit: int = 1000) -> list[str | None]:
    """One verdict per sample: None, or what differs. Of more than ``limit`` samples, evenly spaced ones are taken."""
    verdicts: list[str | None] = []
    chosen = list(samples(info))
    stride = max(1, -(-len(chosen) // limit))
    for training, sample in chosen[::stride]:
        try:
            verdicts.append(compare_sample(info, sample, training, classes))
        except Exception as error:  # noqa: BLE001 - any failure is a verdict of its sample
            verdicts.append(f"{type(error).__name__}: {str(error)[:300]}")
    return verdicts
