"""Parameter initialisation: torch.nn.init, filling the given parameter in place and returning it."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, ops

from .tensor_items import copy_into


def _fill(tensor: Tensor, values: Any) -> Tensor:
    """``values`` written into the tensor's own memory."""
    new = Tensor(np.ascontiguousarray(values, np.float32).reshape(tensor.shape)).astype(tensor.dtype)
    if isinstance(tensor, Parameter):
        with mindspore._no_grad():  # of a leaf nothing is recorded
            tensor.copy_(new)
    else:
        copy_into(tensor, new)  # recorded: what the tensor was computed from gets no gradient any more
    return tensor


def _generator(generator: Any = None) -> Any:
    """The stream of ``generator``; without one a numpy generator seeded from MindSpore's own random state, so that ``mindspore.set_seed`` decides."""
    if generator is not None:
        return generator.stream
    return np.random.default_rng(int(ops.randint(0, 2**31 - 1, (1,)).asnumpy()[0]))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element set to ``val`` (torch.nn.init.constant_)."""
    return _fill(tensor, np.full(tensor.shape, val))


def zeros_(tensor: Tensor) -> Tensor:
    """Every element set to 0 (torch.nn.init.zeros_)."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Every element set to 1 (torch.nn.init.ones_)."""
    return constant_(tensor, 1.0)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """N(mean, std^2) (torch.nn.init.normal_)."""
    if generator is not None:
        return _fill(tensor, generator.normal(tensor.size) * std + mean)
    return _fill(tensor, _generator().normal(mean, std, tensor.shape))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [a, b) (torch.nn.init.uniform_)."""
    if generator is not None:
        return _fill(tensor, generator.uniform(tensor.size, a, b))
    return _fill(tensor, _generator().uniform(a, b, tensor.shape))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None) -> Tensor:
    """N(mean, std^2) restricted to [a, b] (torch.nn.init.trunc_normal_)."""
    random = _generator(generator)
    values = random.normal(mean, std, tensor.shape)
    outside = (values < a) | (values > b)
    for _ in range(200):
        if not outside.any():
            break
        values = np.where(outside, random.normal(mean, std, tensor.shape), values)
        outside = (values < a) | (values > b)
    return _fill(tensor, np.clip(values, a, b))


def calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs per unit of a weight laid out (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The recommended gain of a nonlinearity (torch.nn.init.calculate_gain)."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else float(param)
        return math.sqrt(2.0 / (1 + slope**2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 0.75, "linear": 1.0, "sigmoid": 1.0}
    gains |= {f"conv{kind}{n}d": 1.0 for kind in ("", "_transpose") for n in (1, 2, 3)}
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform with bound gain * sqrt(6 / (fan_in + fan_out)) (torch.nn.init.xavier_uniform_)."""
    bound = gain * math.sqrt(6.0 / sum(calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with std gain * sqrt(2 / (fan_in + fan_out)) (torch.nn.init.xavier_normal_)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(calculate_fan_in_and_fan_out(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """gain / sqrt(fan)."""
    fan_in, fan_out = calculate_fan_in_and_fan_out(tensor)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Tensor:
    """Uniform with bound sqrt(3) * gain / sqrt(fan) (torch.nn.init.kaiming_uniform_)."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Tensor:
    """Normal with std gain / sqrt(fan) (torch.nn.init.kaiming_normal_)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A (semi-)orthogonal matrix times ``gain``; later dimensions are merged into the second (torch.nn.init.orthogonal_)."""
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    flat = _generator(generator).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(flat)
    q = q * np.sign(np.diag(r))
    return _fill(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix (torch.nn.init.eye_)."""
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The convolution weight that passes its input channels through (torch.nn.init.dirac_)."""
    values = np.zeros(tensor.shape)
    per_group = tensor.shape[0] // groups
    centre = tuple(n // 2 for n in tensor.shape[2:])
    for g in range(groups):
        for d in range(min(per_group, tensor.shape[1])):
            values[(g * per_group + d, d, *centre)] = 1.0
    return _fill(tensor, values)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """N(0, std^2) with a share ``sparsity`` of each column set to 0 (torch.nn.init.sparse_)."""
    random = _generator(generator)
    values = random.normal(0, std, tensor.shape)
    for column in range(tensor.shape[1]):
        values[random.permutation(tensor.shape[0])[: math.ceil(sparsity * tensor.shape[0])], column] = 0
    return _fill(tensor, values)
