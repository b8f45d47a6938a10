"""Methods of modules: hooks run with torch's arguments, state comes and goes by torch's names."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
import pytest
import torch

from transpiler.support.mindspore import nn_container, nn_linear, nn_module

WEIGHT, BIAS = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), np.array([0.5, 0.1], np.float32)
FACTORS = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def shown(values: Any) -> Any:
    """Nested tuples of tensors as lists of numbers."""
    if isinstance(values, (tuple, list)):
        return [shown(value) for value in values]
    return np.round((values.asnumpy() if isinstance(values, mindspore.Tensor) else values.detach().numpy()), 5).tolist()


def test_backward_hooks() -> None:
    seen: dict[str, list[Any]] = {"torch": [], "port": []}
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    net[0].load_state_dict({"weight": torch.from_numpy(WEIGHT), "bias": torch.from_numpy(BIAS)})
    net[0].register_full_backward_hook(lambda module, grads, outputs: seen["torch"].append(shown((grads, outputs))))
    net[0].register_full_backward_pre_hook(lambda module, outputs: seen["torch"].append(shown(outputs)))
    net.register_full_backward_hook(lambda module, grads, outputs: tuple(grad * 2 for grad in grads))
    x = torch.from_numpy(WEIGHT * 2).requires_grad_()
    (net(x) * torch.from_numpy(FACTORS)).sum().backward()

    port = nn_container.Sequential(nn_linear.Linear(3, 2), mindspore.nn.ReLU())
    nn_module.load_state_dict(port, {"0.weight": mindspore.Tensor(WEIGHT), "0.bias": mindspore.Tensor(BIAS)})
    port[0].register_backward_hook(lambda module, grads, outputs: seen["port"].append(shown((grads, outputs))))
    port[0].register_backward_pre_hook(lambda module, outputs: seen["port"].append(shown(outputs)))
    port.register_backward_hook(lambda module, grads, outputs: tuple(grad * 2 for grad in grads))
    gradient = mindspore.grad(lambda given: (port(given) * mindspore.Tensor(FACTORS)).sum())(mindspore.Tensor(WEIGHT * 2))
    assert seen["port"] == seen["torch"]
    assert len(seen["port"]) == 2
    np.testing.assert_allclose(gradient.asnumpy(), x.grad.numpy(), rtol=1e-5)


def test_loading_tells_what_did_not_fit() -> None:
    layer = nn_linear.Linear(3, 2)
    result = nn_module.load_state_dict(layer, {"weight": mindspore.Tensor(WEIGHT), "extra": mindspore.Tensor(BIAS)}, strict=False)
    assert result.missing_keys == ["bias"]
    assert result.unexpected_keys == ["extra"]
    with pytest.raises(RuntimeError, match="extra"):
        nn_module.load_state_dict(layer, {"weight": mindspore.Tensor(WEIGHT), "extra": mindspore.Tensor(BIAS)})
    nn_module.load_state_dict(layer, {"weight": mindspore.Tensor(WEIGHT.astype(np.float64))}, strict=False, assign=True)
    assert layer.weight.dtype == mindspore.float64


def test_buffers_follow_a_cast() -> None:
    layer = nn_linear.Linear(3, 2)
    nn_module.register_buffer(layer, "kept", mindspore.Tensor(BIAS))
    nn_module.register_buffer(layer, "passing", mindspore.Tensor(BIAS), persistent=False)
    nn_module.cast(layer, mindspore.float16)
    assert {str(buffer.dtype) for buffer in nn_module.buffers(layer)} == {"Float16"}
    assert nn_module.get_buffer(layer, "passing").dtype == mindspore.float16
    with pytest.raises(AttributeError):
        nn_module.get_buffer(layer, "weight")
