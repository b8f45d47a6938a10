"""The original's side, a process with torch alone: build the model, give it its weights, and record tensors, outputs and gradients.

Request: ``entry`` (see ``EntryPoint``), ``prepare``, ``checkpoint``, ``inputs``, ``seed``, ``random``, ``run``, ``grad``, ``trace``, ``folder``.
Answer: ``weights``, ``absent``, ``notes``, ``problems``, ``frame`` (what a checkpoint holds around the weights), and where the model was run
``outputs``, ``cotangents``, ``gradients``, ``input_gradients``, ``events``.
"""

from __future__ import annotations

import contextlib
import copy
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from transpiler.exporter.arrays import ArrayStore, Stored, read_bits
from transpiler.exporter.checkpoint import Checkpoint, read_checkpoint
from transpiler.exporter.contract import ExporterError
from transpiler.exporter.entry_point import EntryPoint, build_model, run_file
from transpiler.exporter.processes import Message, serve
from transpiler.exporter.trees import flatten
from transpiler.report.codes import Code

_BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)
#: How often, and by how much, weights and inputs are moved to see how far rounding alone moves the gradients.
_PERTURBATIONS = 4
_RELATIVE_ROUNDING = 2e-6
_SIZE_MISMATCH = re.compile(
    r"size mismatch for (?P<name>\S+): copying a param with shape (?P<found>.+?) from checkpoint, "
    r"the shape in current model is (?P<wanted>.+?)\.$"
)


def work(request: Message) -> Message:
    """Answer one request."""
    torch.manual_seed(request["seed"])
    if request["prepare"] is not None:
        run_file(Path(request["prepare"]))
    model = build_model(EntryPoint(**{**request["entry"], "root": Path(request["entry"]["root"])}))
    if not isinstance(model, nn.Module):
        raise ExporterError(f"the expression builds no torch.nn.Module but {type(model).__name__}", Code.UNREADABLE, "--entry")
    return _Source(model.eval(), request).answer()


class _Source:
    """One model under one request."""

    def __init__(self, model: nn.Module, request: Message) -> None:
        self._model = model
        self._request = request
        self._store = ArrayStore(Path(request["folder"]) / "source")
        self._arguments = _Arguments(request["inputs"])
        self._checkpoint = Checkpoint({}, ())

    def answer(self) -> Message:
        problems = self._load()
        self._names = defaultdict[int, list[str]](list)
        for name, tensor in _state(self._model):
            self._names[id(tensor)].append(name)
        answer: Message = {"weights": list(self._weights()), "absent": list(self._absent()), "problems": problems}
        answer["notes"] = list(self._checkpoint.notes)
        frame = self._checkpoint.frame
        if frame is not None:
            tensors = {name: self._put(tensor).message() for name, tensor in frame.tensors.items()}
            answer["frame"] = {"structure": frame.structure, "tensors": tensors}
        if self._request["run"] and not problems:
            answer |= self._run()
        return answer

    def _load(self) -> list[Message]:
        if self._arguments.given and any(nn.parameter.is_lazy(parameter) for parameter in self._model.parameters()):
            self._forward()
        if self._request["checkpoint"] is not None:
            self._checkpoint = read_checkpoint(Path(self._request["checkpoint"]))
            return _load_strictly(self._model, self._checkpoint)
        if self._request["random"]:
            _randomise(self._model, torch.Generator().manual_seed(self._request["seed"]))
            self._calibrate()
        return []

    def _calibrate(self) -> None:
        """Give batch normalisations statistics near those of their inputs, so that signals neither die nor explode in deep models
        and a fault in an early layer is still seen in the output; then move them off the point where they would cancel exactly."""
        norms = [module for module in self._model.modules() if isinstance(module, _BATCH_NORMS) and module.track_running_stats]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.train().momentum = 1.0
        # A single value per channel has no variance and is refused: then the random statistics stay.
        with contextlib.suppress(ValueError):
            self._forward()
        generator = torch.Generator().manual_seed(self._request["seed"] + 1)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.eval().momentum = momentum
            _shake_statistics(norm, generator)

    def _forward(self) -> Any:
        with torch.no_grad():
            return self._model(*self._arguments.positional, **self._arguments.keyword)

    def _weights(self) -> Iterator[Message]:
        stored: dict[int, tuple[int, Stored]] = {}
        for path, module in self._model.named_modules(remove_duplicate=False):
            for kind, name, tensor in _own_tensors(module):
                key = f"{path}.{name}" if path else name
                if id(tensor) not in stored:
                    stored[id(tensor)] = len(stored), self._put(self._original(tensor))
                group, data = stored[id(tensor)]
                yield {
                    "key": key, "path": path, "name": name, "kind": kind, "classes": _classes(module), "group": group,
                    "trainable": tensor.requires_grad, "model_dtype": _dtype_name(tensor), "data": data.message(),
                }  # fmt: skip

    def _original(self, tensor: torch.Tensor) -> torch.Tensor:
        """The checkpoint's own tensor, whose dtype is kept; the model's copy of it may have been cast. Where loading changed the
        numbers (a load hook), the model's are right."""
        for name in self._names[id(tensor)]:
            found = self._checkpoint.tensors.get(name)
            if found is not None and found.shape == tensor.shape and torch.equal(found.to(tensor.dtype), tensor):
                return found
        return tensor

    def _absent(self) -> Iterator[Message]:
        """Parameters that a layer declares and does not have (``bias=False``): the port may keep its own there."""
        for path, module in self._model.named_modules(remove_duplicate=False):
            for name in [n for n, value in {**module._parameters, **module._buffers}.items() if value is None]:
                yield {"key": f"{path}.{name}" if path else name, "path": path, "name": name, "classes": _classes(module)}

    def _run(self) -> Message:
        events: list[Message] = []
        hooks = list(self._trace(events)) if self._request["trace"] else []
        leaves = list(flatten(self._forward(), torch.is_tensor))
        for hook in hooks:
            hook.remove()
        if not leaves:
            raise ExporterError("the original's output holds no tensor", Code.UNREADABLE, "--entry")
        answer: Message = {"outputs": self._put_all(leaves), "events": events}
        return answer | (self._gradients() if self._request["grad"] else {})

    def _trace(self, events: list[Message]) -> Iterator[Any]:
        for path, module in self._model.named_modules():

            def record(_: nn.Module, args: Any, kwargs: Any, output: Any, path: str = path) -> None:
                given = list(flatten([*args, *kwargs.values()], torch.is_tensor))
                leaves = list(flatten(output, torch.is_tensor))
                events.append({"path": path, "inputs": self._put_all(given), "outputs": self._put_all(leaves)})

            yield module.register_forward_hook(record, with_kwargs=True)

    def _gradients(self) -> Message:
        found, cotangents, chosen, parameters, inputs = self._differentiate(self._model, self._arguments)
        named = [*parameters, *inputs]
        stored = [self._put(torch.zeros_like(t) if g is None else g).message() for g, (_, t) in zip(found, named, strict=True)]
        names = [name for name, _ in named]
        split = len(parameters)
        return {
            "cotangents": [{"output": i, "data": self._put(c).message()} for i, c in zip(chosen, cotangents, strict=True)],
            "gradients": dict(zip(names[:split], stored[:split], strict=True)),
            "input_gradients": dict(zip(names[split:], stored[split:], strict=True)),
            "rounding": self._rounding(dict(zip(names, found, strict=True))),
        }

    def _rounding(self, found: dict[str, torch.Tensor | None]) -> dict[str, float]:
        """How far torch's own gradients move when the weights and inputs change by single precision's rounding: no port can be asked to
        agree better. Deep networks of rectifiers are ill-conditioned in this sense, since rounding can switch a unit on or off."""
        moved = dict.fromkeys(found, 0.0)
        for attempt in range(_PERTURBATIONS):
            generator = torch.Generator().manual_seed(self._request["seed"] + 100 + attempt)
            model = copy.deepcopy(self._model)
            with torch.no_grad():
                for parameter in model.parameters():
                    _perturb(parameter, generator)
            near, _, _, parameters, inputs = self._differentiate(model, self._arguments.perturbed(generator))
            for (name, _), gradient in zip((*parameters, *inputs), near, strict=True):
                reference = found.get(name)
                if reference is not None and gradient is not None and gradient.numel():
                    moved[name] = max(moved[name], float((gradient - reference).abs().max()))
        return moved

    def _differentiate(self, model: nn.Module, arguments: _Arguments) -> tuple[Any, ...]:
        """Gradients of the outputs' weighted sum, the weights, the outputs they belong to, and the parameters and inputs by name."""
        inputs = arguments.require_grad()
        with torch.enable_grad():
            outputs = model(*arguments.positional, **arguments.keyword)
            leaves = [leaf for _, leaf in flatten(outputs, torch.is_tensor)]
            chosen = [i for i, leaf in enumerate(leaves) if torch.is_tensor(leaf) and leaf.is_floating_point()]
            cotangents = _cotangents([leaves[i] for i in chosen], self._request["seed"])
            loss = sum(((leaves[i] * c).sum() for i, c in zip(chosen, cotangents, strict=True)), torch.zeros(()))
        parameters = [(name, p) for name, p in model.named_parameters(remove_duplicate=False) if p.requires_grad]
        if not loss.requires_grad:
            raise ExporterError("no output depends differentiably on a parameter or input", Code.UNREADABLE, "--grad")
        found = torch.autograd.grad(loss, [*(p for _, p in parameters), *(t for _, t in inputs)], allow_unused=True)
        return found, cotangents, chosen, parameters, inputs

    def _put_all(self, leaves: list[tuple[str, Any]]) -> list[Message]:
        return [{"path": path, "data": self._put(torch.as_tensor(leaf)).message()} for path, leaf in leaves]

    def _put(self, tensor: torch.Tensor) -> Stored:
        tensor = tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
        if tensor.dtype == torch.bfloat16:
            return self._store.write(tensor.view(torch.uint16).numpy(), "bfloat16")
        return self._store.write(tensor.numpy())


class _Arguments:
    """The model's inputs as torch tensors."""

    def __init__(self, inputs: list[Message] | None) -> None:
        self.given = inputs is not None
        self._inputs = [(item["name"], _tensor(Stored.parse(item["data"]))) for item in inputs or ()]

    @property
    def positional(self) -> list[torch.Tensor]:
        return [tensor for name, tensor in self._inputs if name is None]

    @property
    def keyword(self) -> dict[str, torch.Tensor]:
        return {name: tensor for name, tensor in self._inputs if name is not None}

    def perturbed(self, generator: torch.Generator) -> _Arguments:
        """The same inputs, floating point ones moved by rounding."""
        near = _Arguments(None)
        near._inputs = [(name, _perturb(t.detach().clone(), generator)) for name, t in self._inputs]
        return near

    def require_grad(self) -> list[tuple[str, torch.Tensor]]:
        """Make the float inputs differentiable; their names and tensors."""
        named = [(name or str(index), tensor) for index, (name, tensor) in enumerate(self._inputs)]
        return [(name, tensor.requires_grad_()) for name, tensor in named if tensor.is_floating_point()]


def _perturb(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Change ``tensor`` in place by a relative error of the size that accumulates over a sum in single precision."""
    if tensor.is_floating_point():
        noise = torch.randn(tensor.shape, generator=generator).to(tensor.dtype)
        tensor.mul_(1 + _RELATIVE_ROUNDING * noise)
    return tensor


def _tensor(stored: Stored) -> torch.Tensor:
    tensor = torch.from_numpy(np.array(read_bits(stored)))
    return tensor.view(torch.bfloat16) if stored.dtype == "bfloat16" else tensor


def _dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _classes(module: nn.Module) -> list[str]:
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(module).__mro__ if cls not in (nn.Module, object)]


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, str, torch.Tensor]]:
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield "parameter", name, parameter
    for name, buffer in module._buffers.items():
        if buffer is not None:
            yield ("constant" if name in module._non_persistent_buffers_set else "buffer"), name, buffer


def _load_strictly(model: nn.Module, checkpoint: Checkpoint) -> list[Message]:
    """Load as torch would with strict=True, but name every mismatch. A tied weight may stand in the file once (safetensors)."""
    try:
        result = model.load_state_dict(checkpoint.tensors, strict=False)
    except RuntimeError as error:
        mismatches = [match for line in str(error).splitlines() if (match := _SIZE_MISMATCH.match(line.strip()))]
        if not mismatches:
            raise
        text = "is {found} in the checkpoint, {wanted} in the model"
        return [_problem(Code.WEIGHT_MISMATCH, match["name"], text.format(**match.groupdict())) for match in mismatches]
    present = {id(tensor) for name, tensor in _state(model) if name in checkpoint.tensors}
    tied = {name for name, tensor in _state(model) if id(tensor) in present}
    missing = [_problem(Code.WEIGHT_MISSING, name, "is not in the checkpoint") for name in result.missing_keys if name not in tied]
    return missing + [_problem(Code.WEIGHT_MISSING, name, "is in the checkpoint, not in the model") for name in result.unexpected_keys]


def _state(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)


def _problem(code: Code, place: str, message: str) -> Message:
    return {"code": code.value, "place": place, "message": message}


def _randomise(model: nn.Module, generator: torch.Generator) -> None:
    """Matrices and kernels keep the model's own random start, which its author chose so that signals neither die nor explode; constant ones
    (tables of zeros, layer scales) get He's initialisation, or they would hide faults. Vectors (biases, scales) keep their start values
    plus noise, so that a normalisation's scale stays near one and every bias counts."""
    for parameter in model.parameters():
        if not parameter.is_floating_point() or not parameter.numel():
            continue
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
        with torch.no_grad():
            if parameter.dim() >= 2 and bool((parameter != parameter.flatten()[0]).any()):
                continue
            if parameter.dim() >= 2:
                parameter.copy_(noise * (2.0 / max(1, parameter[0].numel())) ** 0.5)
            else:
                parameter.add_((0.1 * noise).to(parameter.dtype))
    for module in model.modules():
        if isinstance(module, _BATCH_NORMS):
            _shake_statistics(module, generator)


def _shake_statistics(norm: Any, generator: torch.Generator) -> None:
    """Scale the running variance by 0.8 … 1.25 and move the mean by a tenth of the deviation; the variance stays positive."""
    if norm.running_var is None or norm.running_mean is None:
        return
    with torch.no_grad():
        spread = norm.running_var.clamp_min(1e-3).sqrt()
        norm.running_mean.add_(0.1 * spread * torch.randn(spread.shape, generator=generator).to(spread.dtype))
        norm.running_var.copy_(spread**2 * torch.exp(torch.rand(spread.shape, generator=generator) * 0.446 - 0.223).to(spread.dtype))


def _cotangents(outputs: list[torch.Tensor], seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed + 2)
    return [torch.randn(output.shape, generator=generator).to(output.dtype) for output in outputs]


if __name__ == "__main__":
    serve(work, sys.argv[1:])
