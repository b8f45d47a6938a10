"""Layers with computed weights give torch's outputs, gradients, buffers and names, from torch's state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from torch.nn.utils import parametrizations

from transpiler.support.mindspore import nn_conv, nn_linear, nn_module, nn_norm, nn_parametrize, nn_recurrent, nn_utils

LAYERS: dict[str, tuple[Any, Any, tuple[Any, ...], tuple[int, ...]]] = {
    "Linear": (torch.nn.Linear, nn_linear.Linear, (4, 4), (2, 4)),
    "Conv1d": (torch.nn.Conv1d, nn_conv.Conv1d, (2, 3, 3), (2, 2, 7)),
    "Conv2d": (torch.nn.Conv2d, nn_conv.Conv2d, (2, 3, 3), (2, 2, 5, 5)),
    "ConvTranspose1d": (torch.nn.ConvTranspose1d, nn_conv.ConvTranspose1d, (2, 3, 3), (2, 2, 5)),
    "ConvTranspose2d": (torch.nn.ConvTranspose2d, nn_conv.ConvTranspose2d, (2, 3, 3), (2, 2, 5, 5)),
}
WRAPPERS: dict[str, tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]] = {
    "weight_norm": (torch.nn.utils.weight_norm, nn_parametrize.weight_norm, {}),
    "weight_norm_all": (torch.nn.utils.weight_norm, nn_parametrize.weight_norm, {"dim": None}),
    "weight_norm_1": (torch.nn.utils.weight_norm, nn_parametrize.weight_norm, {"dim": 1}),
    "spectral_norm": (torch.nn.utils.spectral_norm, nn_parametrize.spectral_norm, {}),
    "new_weight_norm": (parametrizations.weight_norm, nn_parametrize.parametrized_weight_norm, {}),
    "new_spectral_norm": (parametrizations.spectral_norm, nn_parametrize.parametrized_spectral_norm, {"n_power_iterations": 2}),
}


def run(original: torch.nn.Module, ported: Any, x: torch.Tensor) -> None:
    """Outputs, gradients and state after a call in training, from the same state."""
    nn_module.load_state_dict(ported, {k: mindspore.Tensor(reshaped(ported, k, v)) for k, v in original.state_dict().items()})
    ported.set_train()
    names = [name for name, _ in original.named_parameters()]
    assert [name for name, _ in nn_module.named_parameters(ported)] == names
    output = original(x)
    weights = torch.cos(torch.arange(output.numel(), dtype=torch.float32)).reshape(output.shape)
    wanted = torch.autograd.grad((output * weights).sum(), list(original.parameters()))
    given, factors = mindspore.Tensor(x.numpy()), mindspore.Tensor(weights.numpy())

    def forward() -> Any:
        result = ported(given)
        return (result * factors).sum(), result

    (_, result), gradients = mindspore.value_and_grad(forward, None, list(nn_module.parameters(ported)), has_aux=True)()
    np.testing.assert_allclose(result.asnumpy(), output.detach().numpy(), rtol=1e-4, atol=1e-5)
    for name, want, got in zip(names, wanted, gradients, strict=True):
        np.testing.assert_allclose(got.asnumpy().reshape(want.shape), want.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
    state = nn_module.state_dict(ported)
    for name, tensor in original.state_dict().items():
        np.testing.assert_allclose(state[name].asnumpy().reshape(tensor.shape), tensor.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)


def reshaped(ported: Any, name: str, tensor: torch.Tensor) -> np.ndarray:
    """torch's tensor in the shape that the port keeps it in."""
    return tensor.numpy().reshape(nn_module.entries_of(ported)[name].shape).copy()


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("layer", LAYERS)
def test_normalised_weight(layer: str, wrapper: str) -> None:
    torch_class, own_class, arguments, shape = LAYERS[layer]
    torch_wrapper, own_wrapper, keywords = WRAPPERS[wrapper]
    torch.manual_seed(0)
    original = torch_wrapper(torch_class(*arguments), **keywords)
    ported = own_wrapper(own_class(*arguments), **keywords)
    run(original, ported, torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape).sin())


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("map_name", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("sizes", [(4, 4), (5, 3), (3, 5)])
def test_orthogonal_weight(sizes: tuple[int, int], map_name: str, trivial: bool) -> None:
    torch.manual_seed(0)
    original, ported = torch.nn.Linear(*sizes), nn_linear.Linear(*sizes)
    nn_module.load_state_dict(ported, {k: mindspore.Tensor(v.numpy()) for k, v in original.state_dict().items()})
    parametrizations.orthogonal(original, "weight", map_name, use_trivialization=trivial)
    nn_parametrize.orthogonal(ported, "weight", map_name, use_trivialization=trivial)
    if sizes[0] == sizes[1] or (map_name == "householder" and not trivial):  # else the initial matrix has random columns
        np.testing.assert_allclose(ported.weight.asnumpy(), original.weight.detach().numpy(), rtol=1e-4, atol=1e-5)
    product = ported.weight.asnumpy()
    gram = product @ product.T if product.shape[0] <= product.shape[1] else product.T @ product
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)
    with torch.no_grad():
        original.parametrizations.weight.original.add_(torch.linspace(-0.3, 0.4, original.weight.numel()).reshape(original.weight.shape))
    run(original, ported, torch.linspace(-1, 1, 2 * sizes[0]).reshape(2, sizes[0]))


def test_weight_norm_of_a_recurrent_layer() -> None:
    torch.manual_seed(0)
    original = torch.nn.utils.weight_norm(torch.nn.GRU(3, 4), "weight_hh_l0")
    ported = nn_parametrize.weight_norm(nn_recurrent.GRU(3, 4), "weight_hh_l0")
    nn_module.load_state_dict(ported, {k: mindspore.Tensor(v.numpy()) for k, v in original.state_dict().items()})
    x = torch.linspace(-1, 1, 30).reshape(5, 2, 3)
    np.testing.assert_allclose(ported(mindspore.Tensor(x.numpy()))[0].asnumpy(), original(x)[0].detach().numpy(), rtol=1e-4, atol=1e-5)


def test_removal_leaves_an_ordinary_layer() -> None:
    layer = nn_linear.Linear(3, 2)
    kind = type(layer)
    wrapped = nn_parametrize.weight_norm(layer)
    weight = wrapped.weight.asnumpy()
    nn_parametrize.remove_weight_norm(layer)
    assert type(layer) is kind
    assert isinstance(layer.weight, mindspore.Parameter)
    np.testing.assert_array_equal(layer.weight.asnumpy(), weight)
    nn_parametrize.parametrized_weight_norm(layer)
    nn_parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is kind
    assert sorted(nn_module.state_dict(layer)) == ["bias", "weight"]


def test_assignment_goes_through_right_inverse() -> None:
    layer = nn_parametrize.parametrized_weight_norm(nn_linear.Linear(3, 2))
    layer.weight = mindspore.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    np.testing.assert_allclose(layer.parametrizations.weight.original0.asnumpy(), [[5**0.5], [50**0.5]], rtol=1e-6)
    np.testing.assert_allclose(layer.weight.asnumpy(), np.arange(6).reshape(2, 3), rtol=1e-5)


def test_names_stay_unique_in_a_network() -> None:
    net = mindspore.nn.SequentialCell([nn_linear.Linear(3, 3), nn_linear.Linear(3, 3)])
    for layer in net:
        nn_parametrize.parametrized_weight_norm(layer)
    names = [parameter.name for parameter in net.get_parameters()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_fused_convolution(rank: int) -> None:
    torch.manual_seed(0)
    conv = getattr(torch.nn, f"Conv{rank}d")(2, 3, 2, bias=False).eval()
    norm = getattr(torch.nn, f"BatchNorm{rank}d")(3).eval()
    norm.running_mean.copy_(torch.tensor([0.1, -0.2, 0.3]))
    norm.running_var.copy_(torch.tensor([0.5, 1.5, 2.0]))
    ported = getattr(nn_conv, f"Conv{rank}d")(2, 3, 2, bias=False).set_train(False)
    ported_norm = getattr(nn_norm, f"BatchNorm{rank}d")(3).set_train(False)
    ported.weight.set_data(mindspore.Tensor(conv.weight.detach().numpy().reshape(ported.weight.shape)))
    ported_norm.running_mean.set_data(mindspore.Tensor(norm.running_mean.numpy()))
    ported_norm.running_var.set_data(mindspore.Tensor(norm.running_var.numpy()))
    x = torch.linspace(-1, 1, 2 * 4**rank).reshape(1, 2, *[4] * rank)
    wanted = torch.nn.utils.fuse_conv_bn_eval(conv, norm)(x).detach().numpy()
    fused = nn_utils.fuse_conv_bn_eval(ported, ported_norm)
    np.testing.assert_allclose(fused(mindspore.Tensor(x.numpy())).asnumpy(), wanted, rtol=1e-4, atol=1e-5)
