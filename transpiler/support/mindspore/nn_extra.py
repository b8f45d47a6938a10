"""Rarer layers of torch.nn: adaptive softmax, fractional pooling, normalisation across maps, and the names that layers share a base by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import mindspore
from mindspore import Tensor, mint, nn, ops

from ._common import legacy_reduction
from .functional_activation import log_softmax
from .functional_extra import fractional_max_pool2d, fractional_max_pool3d
from .nn_container import ModuleList, Sequential
from .nn_linear import Linear


class AdaptiveOutput(NamedTuple):
    """What AdaptiveLogSoftmaxWithLoss returns."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(nn.Cell):
    """torch.nn.AdaptiveLogSoftmaxWithLoss (Grave et al., 2017): frequent classes in the head, the others in clusters."""

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = list(cutoffs)
        if not ends or ends != sorted(set(ends)) or min(ends) <= 0 or max(ends) > n_classes - 1 or any(int(c) != c for c in ends):
            raise ValueError("cutoffs should be a sequence of unique, positive integers sorted in an increasing order, below n_classes - 1")
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*ends, n_classes]
        self.div_value, self.head_bias, self.shortlist_size, self.n_clusters = div_value, head_bias, ends[0], len(ends)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, dtype=dtype)
        self.tail = ModuleList(self.projection(i, dtype) for i in range(self.n_clusters))

    def projection(self, index: int, dtype: Any) -> Sequential:
        """The two matrices of one cluster."""
        width, size = int(self.in_features // self.div_value ** (index + 1)), self.cutoffs[index + 1] - self.cutoffs[index]
        return Sequential(Linear(self.in_features, width, False, dtype=dtype), Linear(width, size, False, dtype=dtype))

    def construct(self, input_: Tensor, target_: Tensor) -> AdaptiveOutput:
        """(N, in_features) and (N,), or one sample -> log-probabilities of the targets, and their negative mean."""
        if input_.ndim == 1:
            single = AdaptiveLogSoftmaxWithLoss.construct(self, input_.expand_dims(0), target_.expand_dims(0))
            return AdaptiveOutput(single.output.squeeze(0), single.loss)
        output = mint.gather(self.log_prob(input_), 1, target_.astype(mindspore.int64).expand_dims(1)).squeeze(1)
        return AdaptiveOutput(output, -mint.mean(output))

    def log_prob(self, input: Tensor) -> Tensor:
        """(N, in_features) -> (N, n_classes)."""
        head = log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for index, projection in enumerate(self.tail):
            place = self.shortlist_size + index
            parts.append(log_softmax(projection(input), 1) + head[:, place : place + 1])
        return ops.cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most likely class of each sample."""
        return ops.argmax(self.log_prob(input), 1).astype(mindspore.int64)


class CrossMapLRN2d(nn.Cell):
    """torch.nn.CrossMapLRN2d: x / (k + alpha / size * sum of squares of neighbouring channels) ^ beta."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        channels, reach = input.shape[1], int((self.size - 1) / 2 + 1)
        # As torch sums them: the first channel, once in, stays in.
        near = [[j < i + reach and (j == 0 or j > i - reach) for j in range(channels)] for i in range(channels)]
        squares = (input * input).reshape(input.shape[0], channels, -1)
        total = ops.matmul(Tensor(near, input.dtype), squares).reshape(input.shape)
        return input * (self.k + self.alpha / self.size * total) ** -self.beta


class FractionalMaxPool2d(nn.Cell):
    """torch.nn.FractionalMaxPool2d (Graham, 2014)."""

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False, _random_samples: Any = None
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ValueError("FractionalMaxPool2d requires specifying either an output size, or a pooling ratio")
        self.arguments = (kernel_size, output_size, output_ratio, return_indices)
        self.samples = _random_samples

    def construct(self, input: Tensor) -> Any:
        """(N, C, H, W) or (C, H, W) -> the maxima, and their indices where return_indices."""
        return fractional_max_pool2d(input, *self.arguments, self.samples)


class FractionalMaxPool3d(nn.Cell):
    """torch.nn.FractionalMaxPool3d."""

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False, _random_samples: Any = None
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ValueError("FractionalMaxPool3d requires specifying either an output size, or a pooling ratio")
        self.arguments = (kernel_size, output_size, output_ratio, return_indices)
        self.samples = _random_samples

    def construct(self, input: Tensor) -> Any:
        """(N, C, D, H, W) or (C, D, H, W) -> the maxima, and their indices where return_indices."""
        return fractional_max_pool3d(input, *self.arguments, self.samples)


class FloatFunctional(nn.Cell):
    """torch.nn.quantized.FloatFunctional: operations as methods, so that a quantiser could observe them."""

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """x + y."""
        return x + y

    def add_scalar(self, x: Tensor, y: float) -> Tensor:
        """x + y."""
        return x + y

    def mul(self, x: Tensor, y: Tensor) -> Tensor:
        """x * y."""
        return x * y

    def mul_scalar(self, x: Tensor, y: float) -> Tensor:
        """x * y."""
        return x * y

    def cat(self, x: Sequence[Tensor], dim: int = 0) -> Tensor:
        """The tensors joined along ``dim``."""
        return ops.cat(list(x), dim)

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        """max(0, x + y)."""
        return ops.relu(x + y)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """x @ y."""
        return ops.matmul(x, y)

    def construct(self, x: Tensor) -> Tensor:
        """Not for calling."""
        raise RuntimeError("FloatFunctional is not intended to use the forward. Please use its specific operation")


class LossBase(nn.Cell):
    """torch.nn.modules.loss._Loss: a base class for losses of one's own, which keeps ``reduction``."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)


class WeightedLossBase(LossBase):
    """torch.nn.modules.loss._WeightedLoss: also with class weights."""

    def __init__(
        self, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.weight = weight


class ConvolutionType(type):
    """The type of the two classes below: asks whether a layer is one of MindSpore's convolutions, which have no public common base."""

    kinds: tuple[type, ...]

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.kinds)


class ConvolutionBase(metaclass=ConvolutionType):
    """What every convolution is an instance of (torch.nn.modules.conv._ConvNd)."""

    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Conv1dTranspose, nn.Conv2dTranspose, nn.Conv3dTranspose)


class TransposedConvolutionBase(metaclass=ConvolutionType):
    """What every transposed convolution is an instance of (torch.nn.modules.conv._ConvTransposeNd)."""

    kinds = (nn.Conv1dTranspose, nn.Conv2dTranspose, nn.Conv3dTranspose)
