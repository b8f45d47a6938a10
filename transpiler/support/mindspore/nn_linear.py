"""Linear layers and the identity, with torch's constructors."""

from __future__ import annotations

import math
from typing import Any

from mindspore import Parameter, Tensor, nn, ops
from mindspore.common import initializer as initializers
from mindspore.common.initializer import initializer

from ._common import param_dtype
from .reset_parameters import Resets


class Linear(nn.Dense, Resets):
    """torch.nn.Linear: y = x A^T + b."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(in_features, out_features, has_bias=bool(bias), dtype=param_dtype(dtype))
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(*, in_features) -> (*, out_features)."""
        return super().construct(input)


class Bilinear(nn.Cell):
    """torch.nn.Bilinear: y = x1 A x2 + b."""

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        bound = initializers.Uniform(1 / math.sqrt(in1_features))
        kind = param_dtype(dtype)
        self.weight = Parameter(initializer(bound, (out_features, in1_features, in2_features), kind), name="weight")
        self.bias = Parameter(initializer(bound, (out_features,), kind), name="bias") if bias else None

    def construct(self, input1: Tensor, input2: Tensor) -> Tensor:
        """(*, in1_features), (*, in2_features) -> (*, out_features)."""
        rows1, rows2 = input1.reshape(-1, self.in1_features), input2.reshape(-1, self.in2_features)
        left = ops.matmul(rows1, self.weight.swapaxes(0, 1).reshape(self.in1_features, -1))
        left = left.reshape(-1, self.out_features, self.in2_features)
        result = (left * rows2.expand_dims(1)).sum(-1)
        if self.bias is not None:
            result = result + self.bias
        return result.reshape(input1.shape[:-1] + (self.out_features,))


class Identity(nn.Identity):
    """torch.nn.Identity: accepts any constructor arguments and ignores them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def construct(self, input: Any) -> Any:
        """The input itself."""
        return input
