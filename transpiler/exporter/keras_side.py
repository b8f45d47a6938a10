"""Keras' side of weights and verification: layers, variables, ``save_weights``, and each backend's own way to differentiate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from transpiler.exporter.arrays import Array
from transpiler.exporter.safetensors_file import write_safetensors
from transpiler.exporter.sides import Call, Graph, Record, SavedFrame, cast


class KerasSide:
    """See ``TargetSide``. The backend is the one that Keras was imported with (``KERAS_BACKEND``)."""

    def accept(self, model: Any) -> str | None:
        if not isinstance(model, keras.Layer):
            return f"the expression builds no keras.Layer but {type(model).__name__}"
        # Keras layers are in evaluation mode unless called with training=True; ported modules carry torch's mode with them.
        if callable(getattr(model, "eval", None)):
            model.eval()
        return None

    def build(self, model: Any, positional: Sequence[Any], keyword: dict[str, Any] | None) -> str | None:
        if keyword is not None:
            model(*positional, **keyword)
            return None
        lazy = [layer.name for layer in model._flatten_layers() if not layer.built]
        return f"Keras creates weights at the first call ({lazy[0]} has none yet): give --inputs" if lazy else None

    def weights(self, model: Any) -> Iterator[tuple[str, Any]]:
        # Ported modules know torch's names for their variables; Keras' own paths need not be unique.
        listings = [getattr(model, name, None) for name in ("named_parameters", "named_buffers")]
        known = {id(variable): name for listing in listings if callable(listing) for name, variable in listing()}
        seen: dict[str, int] = {}
        for variable in model.weights:
            name = known.get(id(variable), variable.path)
            seen[name] = seen.get(name, 0) + 1
            yield name if seen[name] == 1 else f"{name}#{seen[name]}", variable

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, keras.Variable) or keras.ops.is_tensor(value)

    def is_weight(self, value: Any) -> bool:
        return isinstance(value, keras.Variable)

    def identity(self, weight: Any) -> int:
        return id(weight)

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return tuple(tensor.shape)

    def dtype(self, tensor: Any) -> str:
        return str(keras.backend.standardize_dtype(tensor.dtype))

    def trainable(self, weight: Any) -> bool:
        return bool(weight.trainable)

    def assign(self, weight: Any, array: Array, *, keep_dtype: bool) -> None:
        # A Keras variable's dtype is its layer's policy and cannot be changed.
        weight.assign(np.array(cast(array, self.dtype(weight))))

    def assign_constant(self, owner: Any, tensor: Any, array: Array) -> bool:
        name = next((name for name, value in vars(owner).items() if value is tensor), None)
        if name is not None:
            setattr(owner, name, self.to_tensor(array))
        return name is not None

    def to_tensor(self, array: Array) -> Any:
        return keras.ops.convert_to_tensor(np.array(array))

    def to_numpy(self, tensor: Any) -> Array:
        return np.asarray(keras.ops.convert_to_numpy(tensor))

    def trace(self, module: Any, path: str, record: Record) -> None:
        inner = module.call

        def call(*args: Any, **kwargs: Any) -> Any:
            output = inner(*args, **kwargs)
            record(path, [*args, *kwargs.values()], output)
            return output

        # Keras' own attribute tracking has no business with this; __call__ looks 'call' up on the instance.
        object.__setattr__(module, "call", call)

    def weighted_sum(self, tensor: Any, weights: Any) -> Any:
        return keras.ops.sum(tensor * weights)

    def gradients(self, model: Any, loss: Call, weights: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        floats = [i for i, tensor in enumerate(inputs) if "float" in self.dtype(tensor)]
        differentiate = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
        return differentiate(model, loss, weights, list(inputs), floats)

    def graphs(self, model: Any, keywords: tuple[str, ...]) -> Sequence[Graph]:
        return ()

    def suffixes(self) -> tuple[str, ...]:
        return (".weights.h5", ".safetensors")

    def save(self, model: Any, file: Path, frame: SavedFrame | None = None) -> None:
        if file.suffix == ".safetensors":
            write_safetensors(file, ((name, self.to_numpy(variable)) for name, variable in self.weights(model)))
        elif isinstance(model, keras.Model):
            model.save_weights(str(file))
        else:
            keras.src.saving.saving_lib.save_weights_only(model, str(file))

    def load(self, model: Any, file: Path) -> None:
        if file.suffix == ".safetensors":
            _load_safetensors(dict(self.weights(model)), file)
        elif isinstance(model, keras.Model):
            model.load_weights(str(file))
        else:
            keras.src.saving.saving_lib.load_weights_only(model, str(file))


def _load_safetensors(variables: dict[str, Any], file: Path) -> None:
    from safetensors import safe_open

    with safe_open(file, framework="np") as stored:
        for name in stored.keys():  # noqa: SIM118 - the file object is no dict
            variables.pop(name).assign(stored.get_tensor(name))
    if variables:
        raise ValueError(f"left over after loading: {sorted(variables)}")


def _tensorflow(model: Any, loss: Call, weights: Sequence[Any], inputs: list[Any], floats: list[int]) -> tuple[list[Any], list[Any]]:
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        values = [weight.value for weight in weights]
        for tensor in (*values, *(inputs[i] for i in floats)):
            tape.watch(tensor)
        value = loss(model, inputs)
    found = tape.gradient(value, [*values, *(inputs[i] for i in floats)], unconnected_gradients="zero")
    dense = [tf.convert_to_tensor(gradient) for gradient in found]
    return dense[: len(values)], dense[len(values) :]


def _jax(model: Any, loss: Call, weights: Sequence[Any], inputs: list[Any], floats: list[int]) -> tuple[list[Any], list[Any]]:
    import jax

    def forward(values: list[Any], tensors: list[Any]) -> Any:
        given = list(inputs)
        for i, tensor in zip(floats, tensors, strict=True):
            given[i] = tensor
        mapping = list(zip(weights, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return loss(model, given)

    of_weights, of_inputs = jax.grad(forward, argnums=(0, 1))([weight.value for weight in weights], [inputs[i] for i in floats])
    return of_weights, of_inputs


def _torch(model: Any, loss: Call, weights: Sequence[Any], inputs: list[Any], floats: list[int]) -> tuple[list[Any], list[Any]]:
    import torch

    values = [weight.value for weight in weights]
    watched = [*(value.requires_grad_() for value in values), *(inputs[i].requires_grad_() for i in floats)]
    with torch.enable_grad():
        value = loss(model, inputs)
    found = torch.autograd.grad(value, watched, allow_unused=True)
    dense = [torch.zeros_like(tensor) if gradient is None else gradient for gradient, tensor in zip(found, watched, strict=True)]
    return dense[: len(values)], dense[len(values) :]
