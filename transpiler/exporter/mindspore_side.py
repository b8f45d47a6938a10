"""MindSpore's side of weights and verification: cells, parameters, ``save_checkpoint``, ``value_and_grad``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn

from transpiler.exporter.arrays import Array
from transpiler.exporter.mindspore_graph import RecordedGraph, SourceGraph
from transpiler.exporter.safetensors_file import write_safetensors
from transpiler.exporter.sides import Call, Graph, Record, SavedFrame, cast, with_weights


class MindSporeSide:
    """See ``TargetSide``. PyNative mode, on MindSpore's current device."""

    def __init__(self) -> None:
        # Dispatch is asynchronous otherwise, and an error would surface on a line that has nothing to do with it.
        mindspore.runtime.launch_blocking()

    def accept(self, model: Any) -> str | None:
        if not isinstance(model, nn.Cell):
            return f"the expression builds no mindspore.nn.Cell but {type(model).__name__}"
        model.set_train(False)
        return None

    def build(self, model: Any, positional: Sequence[Any], keyword: dict[str, Any] | None) -> str | None:
        return None

    def weights(self, model: Any) -> Iterator[tuple[str, Any]]:
        yield from ((parameter.name, parameter) for parameter in model.get_parameters())

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Tensor)

    def is_weight(self, value: Any) -> bool:
        return isinstance(value, Parameter)

    def identity(self, weight: Any) -> int:
        return id(weight)

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return tuple(tensor.shape)

    def dtype(self, tensor: Any) -> str:
        return str(tensor.dtype).lower()

    def trainable(self, weight: Any) -> bool:
        return bool(weight.requires_grad)

    def assign(self, weight: Any, array: Array, *, keep_dtype: bool) -> None:
        dtype = str(array.dtype)
        if keep_dtype and dtype != self.dtype(weight):
            weight.set_dtype(getattr(mindspore, "bool_" if dtype == "bool" else dtype))
        weight.set_data(self.to_tensor(cast(array, self.dtype(weight))))

    def assign_constant(self, owner: Any, tensor: Any, array: Array) -> bool:
        tensor.assign_value(self.to_tensor(array))
        return True

    def to_tensor(self, array: Array) -> Any:
        # A copy: MindSpore would otherwise keep pointing into the read-only mapping.
        return Tensor(np.array(array, order="C"))

    def to_numpy(self, tensor: Any) -> Array:
        array: Array = tensor.asnumpy()
        return array

    def trace(self, module: Any, path: str, record: Record) -> None:
        def hook(_: Any, args: Any, kwargs: Any, output: Any) -> None:
            record(path, [*args, *kwargs.values()], output)

        module.register_forward_hook(hook, with_kwargs=True)

    def weighted_sum(self, tensor: Any, weights: Any) -> Any:
        return (tensor * weights).sum()

    def gradients(self, model: Any, loss: Call, weights: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        floats = tuple(i for i, tensor in enumerate(inputs) if self.dtype(tensor).startswith(("float", "bfloat")))

        def forward(*tensors: Any) -> Any:
            return loss(model, tensors)

        differentiate = mindspore.value_and_grad(forward, floats or None, list(weights) or None)
        _, found = differentiate(*inputs)
        of_inputs, of_weights = found if floats and weights else (found, ()) if floats else ((), found)
        return list(of_weights), list(of_inputs if isinstance(of_inputs, tuple) else (of_inputs,))

    def graphs(self, model: Any, keywords: tuple[str, ...]) -> Sequence[Graph]:
        return SourceGraph(model, keywords), RecordedGraph(model, keywords)

    def suffixes(self) -> tuple[str, ...]:
        return (".ckpt", ".safetensors")

    def save(self, model: Any, file: Path, frame: SavedFrame | None = None) -> None:
        if file.suffix == ".safetensors":
            write_safetensors(file, ((name, self.to_numpy(parameter)) for name, parameter in self.weights(model)))
            return
        items = [{"name": name, "data": parameter} for name, parameter in self.weights(model)]
        more: dict[str, str] = {}
        if frame is not None:
            names = [name for name, _ in self.weights(model)]
            items += [{"name": name, "data": self.to_tensor(array)} for name, array in frame.tensors.items() if name not in names]
            more["torch_structure"] = json.dumps(with_weights(frame.structure, names))
        mindspore.save_checkpoint(items, str(file), append_dict=more or None)
        file.chmod(0o644)  # MindSpore leaves its files read-only, which would refuse the next run

    def load(self, model: Any, file: Path) -> None:
        parameters = mindspore.load_checkpoint(str(file), format=file.suffix.removeprefix("."))
        if "torch_structure" in parameters:  # what stands around the weights is none of the model's
            names = {name for name, _ in self.weights(model)}
            parameters = {name: parameter for name, parameter in parameters.items() if name in names}
        left = mindspore.load_param_into_net(model, parameters, strict_load=True)
        if any(left):
            raise ValueError(f"left over after loading: {left}")
