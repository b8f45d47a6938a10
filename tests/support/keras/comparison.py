"""How is a support class or function compared with torch? Same arguments, same parameters, same input: values, shape, dtype and gradients.

The backend is TensorFlow here, whose tape gives the gradients; test_backends.py runs the same code on JAX in a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import torch

TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}


def sample(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct values around zero, the same in every run."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def assert_same(ported: Any, original: Any) -> None:
    """Values, shape and dtype equal; tuples element by element."""
    if isinstance(original, (tuple, list)):
        assert len(ported) == len(original)
        for ported_item, original_item in zip(ported, original, strict=True):
            assert_same(ported_item, original_item)
        return
    if original is None:
        assert ported is None
        return
    expected = original.detach().numpy()
    actual = keras.ops.convert_to_numpy(ported)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, **TOLERANCE)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (tuple, list)) else value


def assert_same_function(ported: Callable[..., Any], original: Callable[..., Any], *inputs: np.ndarray) -> None:
    """Results of both functions, and gradients with respect to each floating input."""
    theirs = [torch.tensor(x, requires_grad=x.dtype == np.float32) for x in inputs]
    ours = [keras.ops.convert_to_tensor(x) for x in inputs]
    expected = original(*(x.clone() for x in theirs))  # an in-place activation may not write to a leaf
    with tf.GradientTape() as tape:
        tape.watch(ours)
        result = ported(*ours)
        weighted = keras.ops.sum(_first(result) * upstream(_first(result).shape))
    assert_same(result, expected)
    (_first(expected) * torch.tensor(upstream(_first(expected).shape))).sum().backward()
    for x, gradient in zip(theirs, tape.gradient(weighted, ours), strict=True):
        if x.requires_grad:
            np.testing.assert_allclose(np.zeros(x.shape) if gradient is None else gradient.numpy(), x.grad.numpy(), **TOLERANCE)


def upstream(shape: Any) -> np.ndarray:
    """Gradient that arrives from above, different at each element."""
    return np.cos(np.arange(int(np.prod(shape)), dtype=np.float32)).reshape(tuple(shape))


def copy_state(original: torch.nn.Module, ported: Any) -> None:
    """Every parameter and buffer of ``original`` by name; fails where names or shapes differ."""
    ported.load_state_dict({name: value.numpy() for name, value in original.state_dict().items()})


def randomize(module: torch.nn.Module) -> None:
    """Values that tell apart what constructors leave at 0 and 1."""
    with torch.no_grad():
        for index, value in enumerate(module.state_dict().values()):
            if value.is_floating_point():
                value.copy_(torch.tensor(sample(*value.shape, seed=index + 1) * 0.3 + (1.0 if value.ndim == 1 else 0.0)).abs())


def assert_same_layer(original: torch.nn.Module, ported: Any, *inputs: np.ndarray, training: bool, **options: Any) -> None:
    """Output, gradients of inputs and parameters, and state after the call, of two layers with the same parameters."""
    randomize(original)
    copy_state(original, ported)
    original.train(training)
    ported.train(training)
    assert_same_function(lambda *x: ported(*x, **options), lambda *x: original(*x, **options), *inputs)
    for (name, expected), (own_name, actual) in zip(original.state_dict().items(), ported.state_dict().items(), strict=True):
        assert name == own_name
        assert_same(actual, expected)
    _assert_same_parameter_gradients(original, ported, inputs, options)


def _assert_same_parameter_gradients(
    original: torch.nn.Module, ported: Any, inputs: tuple[np.ndarray, ...], options: dict[str, Any]
) -> None:
    original.zero_grad()
    expected = _first(original(*map(torch.tensor, inputs), **options))
    if not list(original.parameters()):
        return
    (expected * torch.tensor(upstream(expected.shape))).sum().backward()
    parameters = dict(ported.named_parameters())
    with tf.GradientTape() as tape:
        result = _first(ported(*map(keras.ops.convert_to_tensor, inputs), **options))
        weighted = keras.ops.sum(result * upstream(result.shape))
    gradients = tape.gradient(weighted, [parameter.value for parameter in parameters.values()])
    for (name, parameter), gradient in zip(original.named_parameters(), gradients, strict=True):
        assert name in parameters
        np.testing.assert_allclose(tf.convert_to_tensor(gradient).numpy(), parameter.grad.numpy(), **TOLERANCE, err_msg=name)
