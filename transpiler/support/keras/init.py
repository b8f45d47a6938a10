"""How are parameters initialised in place, as torch.nn.init does? Each function assigns new values to a Keras variable.

Variables keep torch's layout ((out, in, …)), so fan-in and fan-out are torch's. A plain tensor cannot change: it is refused, since
dropping the effect would leave the old values in silence.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from ._common import Tensor, _dtype_name


def _assign(variable: Any, value: Tensor) -> Any:
    if not isinstance(variable, keras.Variable):
        raise TypeError(f"only a variable can be initialised in place, not {type(variable).__name__}")
    variable.assign(value)
    return variable


def zeros_(tensor: Any) -> Any:
    """Zeros (torch.nn.init.zeros_)."""
    return _assign(tensor, ops.zeros(tensor.shape, dtype=tensor.dtype))


def ones_(tensor: Any) -> Any:
    """Ones (torch.nn.init.ones_)."""
    return _assign(tensor, ops.ones(tensor.shape, dtype=tensor.dtype))


def constant_(tensor: Any, val: float) -> Any:
    """``val`` everywhere (torch.nn.init.constant_)."""
    return _assign(tensor, ops.full(tensor.shape, val, dtype=tensor.dtype))


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """U(a, b) (torch.nn.init.uniform_)."""
    return _assign(tensor, keras.random.uniform(tensor.shape, a, b, dtype=_dtype_name(tensor.dtype)))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """N(mean, std^2) (torch.nn.init.normal_)."""
    return _assign(tensor, keras.random.normal(tensor.shape, mean, std, dtype=_dtype_name(tensor.dtype)))


def trunc_normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None) -> Any:
    """N(mean, std^2) cut off outside of [a, b], by inverting the distribution function (torch.nn.init.trunc_normal_)."""
    low, high = (math.erf((bound - mean) / std / math.sqrt(2.0)) for bound in (a, b))
    # erfinv(±1) is infinite and float32 rounds to ±1 where the bounds lie far out: stay one step inside, then cut off
    position = ops.clip(keras.random.uniform(tensor.shape, low, high, dtype=_dtype_name(tensor.dtype)), -1 + 1e-7, 1 - 1e-7)
    return _assign(tensor, ops.clip(ops.erfinv(position) * (std * math.sqrt(2.0)) + mean, a, b))


def _fans(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of one element of a weight (out, in, *kernel)."""
    if len(tensor.shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Factor by which a nonlinearity's weights are scaled (torch.nn.init.calculate_gain)."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 0.75}
    plain = ("linear", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
    if nonlinearity not in gains and nonlinearity not in plain:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains.get(nonlinearity, 1.0)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010; torch.nn.init.xavier_uniform_)."""
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010; torch.nn.init.xavier_normal_)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))))


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return calculate_gain(nonlinearity, a) / math.sqrt(_fans(tensor)[mode == "fan_out"])


def kaiming_uniform_(tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Any:
    """U(-b, b), b = sqrt(3) * gain / sqrt(fan) (He et al. 2015; torch.nn.init.kaiming_uniform_)."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Any:
    """N(0, std^2), std = gain / sqrt(fan) (He et al. 2015; torch.nn.init.kaiming_normal_)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """A (semi-)orthogonal matrix, later axes flattened (Saxe et al. 2013; torch.nn.init.orthogonal_)."""
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    normal = np.asarray(ops.convert_to_numpy(keras.random.normal((max(rows, columns), min(rows, columns)))), dtype=np.float64)
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))
    return _assign(tensor, ops.convert_to_tensor((gain * (q.T if rows < columns else q)).reshape(tensor.shape), dtype=tensor.dtype))
