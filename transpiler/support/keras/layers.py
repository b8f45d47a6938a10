"""Which layers do torch's models build from? Each class has torch's constructor, attribute names and parameter layout.

Parameters exist when the constructor returns, under torch's names ('weight', 'bias', 'running_mean') and in torch's layout. So a
checkpoint maps name by name, initialisation loops and weight tying work as written, and ``F.linear(x, layer.weight)`` means the same.
The price is a transposition of the kernel in each call of a convolution or linear layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ._common import Tensor, _dtype_name, _index_dtype, _tuple
from .functional import (
    _drop,
    _masked_softmax,
    cross_entropy,
    elu,
    embedding,
    flatten,
    gelu,
    hardsigmoid,
    hardswish,
    l1_loss,
    leaky_relu,
    linear,
    log_softmax,
    mish,
    mse_loss,
    softmax,
)
from .init import normal_, xavier_uniform_, zeros_
from .module import Module, Parameter
from .spatial import (
    _avg_pool,
    _convolve,
    _convolve_transposed,
    _max_pool,
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    interpolate,
    pad,
)


def _uniform_parameter(shape: Sequence[int], bound: float, dtype: Any) -> Parameter:
    """U(-bound, bound): with bound = 1 / sqrt(fan_in) what torch's linear and convolution layers start from."""
    return Parameter(keras.random.uniform(tuple(shape), -bound, bound, dtype=_dtype_name(dtype)))


def _constant_parameter(shape: Sequence[int], value: float, dtype: Any) -> Parameter:
    return Parameter(ops.full(tuple(shape), value, dtype=_dtype_name(dtype)))


class Linear(Module):
    """x @ weight.T + bias (torch.nn.Linear)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features) if in_features > 0 else 0.0
        self.weight = _uniform_parameter((out_features, in_features), bound, dtype)
        self.bias = _uniform_parameter((out_features,), bound, dtype) if bias else None

    def call(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


class _ConvNd(Module):
    """Attributes, parameters and padding modes of every convolution; ``_rank`` is the number of spatial axes."""

    _rank = 0

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError("in_channels and out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _tuple(kernel_size, self._rank)
        self.stride = _tuple(stride, self._rank)
        self.padding = padding if isinstance(padding, str) else _tuple(padding, self._rank)
        self.dilation = _tuple(dilation, self._rank)
        self.groups = groups
        self.padding_mode = padding_mode
        self._make_parameters(self._weight_shape(), bias, dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _make_parameters(self, shape: tuple[int, ...], bias: bool, dtype: Any) -> None:
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = _uniform_parameter(shape, bound, dtype)
        self.bias = _uniform_parameter((self.out_channels,), bound, dtype) if bias else None

    def _sided_padding(self) -> list[int]:
        """Padding for ``pad``: last axis first, before and after."""
        if isinstance(self.padding, tuple):
            return [p for p in reversed(self.padding) for _ in (0, 1)]
        totals = [0 if self.padding == "valid" else d * (k - 1) for k, d in zip(self.kernel_size, self.dilation, strict=True)]
        return [side for total in reversed(totals) for side in (total // 2, total - total // 2)]

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Any) -> Tensor:
        if self.padding_mode == "zeros":
            return _convolve(input, weight, bias, self.stride, self.padding, self.dilation, self._rank)
        padded = pad(input, self._sided_padding(), mode=self.padding_mode)
        return _convolve(padded, weight, bias, self.stride, 0, self.dilation, self._rank)

    def call(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_ConvNd):
    """Convolution of (N, C, L) (torch.nn.Conv1d)."""

    _rank = 1


class Conv2d(_ConvNd):
    """Convolution of (N, C, H, W) (torch.nn.Conv2d)."""

    _rank = 2


class Conv3d(_ConvNd):
    """Convolution of (N, C, D, H, W) (torch.nn.Conv3d)."""

    _rank = 3


class _ConvTransposeNd(_ConvNd):
    """Transposed convolutions: weight is (in, out / groups, *kernel)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype)
        self.output_padding = _tuple(output_padding, self._rank)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def call(self, input: Tensor) -> Tensor:
        options = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return _convolve_transposed(input, self.weight, self.bias, *options, self._rank)


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution of (N, C, L) (torch.nn.ConvTranspose1d)."""

    _rank = 1


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution of (N, C, H, W) (torch.nn.ConvTranspose2d)."""

    _rank = 2


class _BatchNorm(Module):
    """Normalises each channel over batch and space (Ioffe and Szegedy 2015), with torch's unbiased running variance."""

    _ranks: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = _constant_parameter((num_features,), 1.0, dtype) if affine else None
        self.bias = _constant_parameter((num_features,), 0.0, dtype) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", ops.zeros((num_features,), dtype=_dtype_name(dtype)) if tracked else None)
        self.register_buffer("running_var", ops.ones((num_features,), dtype=_dtype_name(dtype)) if tracked else None)
        self.register_buffer("num_batches_tracked", ops.zeros((), dtype=_index_dtype()) if tracked else None)

    def _check_input_dim(self, input: Tensor) -> None:
        if len(input.shape) not in self._ranks:
            raise ValueError(f"expected input of rank {self._ranks} (got {len(input.shape)}D input)")

    def call(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        rank = len(input.shape)
        shape = (1, -1) + (1,) * (rank - 2)
        mean, variance = self._statistics(input, rank)
        scale = ops.rsqrt(variance + self.eps)
        scale = scale if self.weight is None else scale * self.weight
        result = (input - ops.reshape(mean, shape)) * ops.reshape(scale, shape)
        return result if self.bias is None else result + ops.reshape(self.bias, shape)

    def _statistics(self, input: Tensor, rank: int) -> tuple[Tensor, Tensor]:
        if not self.training and self.running_mean is not None:
            return self.running_mean, self.running_var
        axes = [axis for axis in range(rank) if axis != 1]
        if self.training and all(input.shape[axis] == 1 for axis in axes):
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {tuple(input.shape)}")
        mean, variance = ops.mean(input, axis=axes), ops.var(input, axis=axes)
        if self.training and self.running_mean is not None:
            sizes = ops.shape(input)
            count = ops.cast(math.prod(sizes[axis] for axis in axes), variance.dtype)
            self._track(ops.stop_gradient(mean), ops.stop_gradient(variance) * count / (count - 1))
        return mean, variance

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics: by ``momentum``, or, where it is None, as the mean over all batches."""
        self.num_batches_tracked.assign(self.num_batches_tracked + 1)
        factor = 1.0 / ops.cast(self.num_batches_tracked, mean.dtype) if self.momentum is None else self.momentum
        self.running_mean.assign((1 - factor) * self.running_mean + factor * mean)
        self.running_var.assign((1 - factor) * self.running_var + factor * variance)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L) (torch.nn.BatchNorm1d)."""

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W) (torch.nn.BatchNorm2d)."""

    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W) (torch.nn.BatchNorm3d)."""

    _ranks = (5,)


def layer_norm(input: Tensor, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalises over the last axes (Ba et al. 2016; torch.nn.functional.layer_norm)."""
    axes = list(range(-len(tuple(normalized_shape)), 0))
    mean = ops.mean(input, axis=axes, keepdims=True)
    result = (input - mean) * ops.rsqrt(ops.mean(ops.square(input - mean), axis=axes, keepdims=True) + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


class LayerNorm(Module):
    """Layer normalisation (torch.nn.LayerNorm)."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _tuple(normalized_shape, 1)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = _constant_parameter(self.normalized_shape, 1.0, dtype) if elementwise_affine else None
        self.bias = _constant_parameter(self.normalized_shape, 0.0, dtype) if elementwise_affine and bias else None

    def call(self, input: Tensor) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) * weight (torch.nn.RMSNorm)."""

    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.normalized_shape = _tuple(normalized_shape, 1)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = _constant_parameter(self.normalized_shape, 1.0, dtype) if elementwise_affine else None

    def call(self, x: Tensor) -> Tensor:
        machine_eps = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
        eps = machine_eps[_dtype_name(x.dtype)] if self.eps is None else self.eps
        axes = list(range(-len(self.normalized_shape), 0))
        result = x * ops.rsqrt(ops.mean(ops.square(x), axis=axes, keepdims=True) + eps)
        return result if self.weight is None else result * self.weight


def group_norm(input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalises groups of channels of each sample (Wu and He 2018; torch.nn.functional.group_norm)."""
    sizes = tuple(ops.shape(input))
    grouped = ops.reshape(input, (sizes[0], num_groups, -1))
    result = ops.reshape(layer_norm(grouped, (1,), eps=eps), sizes)
    shape = (1, -1) + (1,) * (len(sizes) - 2)
    result = result if weight is None else result * ops.reshape(weight, shape)
    return result if bias is None else result + ops.reshape(bias, shape)


class GroupNorm(Module):
    """Group normalisation (torch.nn.GroupNorm)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.weight = _constant_parameter((num_channels,), 1.0, dtype) if affine else None
        self.bias = _constant_parameter((num_channels,), 0.0, dtype) if affine and bias else None

    def call(self, input: Tensor) -> Tensor:
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class Embedding(Module):
    """Rows of ``weight`` by index (torch.nn.Embedding)."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        value = keras.random.normal((num_embeddings, embedding_dim), dtype=_dtype_name(dtype))
        if self.padding_idx is not None:
            kept = ops.not_equal(ops.arange(num_embeddings), self.padding_idx)
            value = value * ops.cast(ops.expand_dims(kept, 1), value.dtype)
        self.weight = Parameter(value)

    def call(self, input: Tensor) -> Tensor:
        return embedding(input, self.weight, self.padding_idx)


class Dropout(Module):
    """Zeros elements at random while training (torch.nn.Dropout); its own seed state keeps compiled functions random."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, input: Tensor) -> Tensor:
        return _drop(input, self.p, None, self.seed_generator) if self.training else input


class Dropout2d(Dropout):
    """Zeros whole channels of (N, C, H, W) at random while training (torch.nn.Dropout2d)."""

    def call(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        sizes = ops.shape(input)
        return _drop(input, self.p, (sizes[0], sizes[1]) + (1,) * (len(sizes) - 2), self.seed_generator)


class Identity(Module):
    """Returns its input, whatever the constructor's arguments (torch.nn.Identity)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def call(self, input: Any) -> Any:
        return input


class ReLU(Module):
    """max(x, 0) (torch.nn.ReLU)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def call(self, input: Tensor) -> Tensor:
        return ops.relu(input)


class ReLU6(ReLU):
    """min(max(x, 0), 6) (torch.nn.ReLU6)."""

    def call(self, input: Tensor) -> Tensor:
        return ops.relu6(input)


class SiLU(ReLU):
    """x * sigmoid(x) (torch.nn.SiLU)."""

    def call(self, input: Tensor) -> Tensor:
        return ops.silu(input)


class Mish(ReLU):
    """x * tanh(softplus(x)) (torch.nn.Mish)."""

    def call(self, input: Tensor) -> Tensor:
        return mish(input)


class Hardswish(ReLU):
    """x * relu6(x + 3) / 6 (torch.nn.Hardswish)."""

    def call(self, input: Tensor) -> Tensor:
        return hardswish(input)


class Hardsigmoid(ReLU):
    """relu6(x + 3) / 6 (torch.nn.Hardsigmoid)."""

    def call(self, input: Tensor) -> Tensor:
        return hardsigmoid(input)


class LeakyReLU(Module):
    """x where positive, else slope * x (torch.nn.LeakyReLU)."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def call(self, input: Tensor) -> Tensor:
        return leaky_relu(input, self.negative_slope)


class ELU(Module):
    """x where positive, else alpha * (exp(x) - 1) (torch.nn.ELU)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def call(self, input: Tensor) -> Tensor:
        return elu(input, self.alpha)


class GELU(Module):
    """x * Phi(x), or its tanh approximation (torch.nn.GELU)."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def call(self, input: Tensor) -> Tensor:
        return gelu(input, self.approximate)


class Sigmoid(Module):
    """1 / (1 + exp(-x)) (torch.nn.Sigmoid)."""

    def call(self, input: Tensor) -> Tensor:
        return ops.sigmoid(input)


class Tanh(Module):
    """tanh(x) (torch.nn.Tanh)."""

    def call(self, input: Tensor) -> Tensor:
        return ops.tanh(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, linear above the threshold (torch.nn.Softplus)."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def call(self, input: Tensor) -> Tensor:
        scaled = input * self.beta
        return ops.where(scaled > self.threshold, input, ops.softplus(scaled) / self.beta)


class Softmax(Module):
    """exp(x) over its sum along ``dim`` (torch.nn.Softmax)."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def call(self, input: Tensor) -> Tensor:
        return softmax(input, self.dim)


class LogSoftmax(Softmax):
    """log(softmax(x)) along ``dim`` (torch.nn.LogSoftmax)."""

    def call(self, input: Tensor) -> Tensor:
        return log_softmax(input, self.dim)


class Flatten(Module):
    """Joins axes (torch.nn.Flatten)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def call(self, input: Tensor) -> Tensor:
        return flatten(input, self.start_dim, self.end_dim)


class _MaxPoolNd(Module):
    _rank = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def call(self, input: Tensor) -> Tensor:
        options = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
        return _max_pool(input, *options, self._rank)


class MaxPool1d(_MaxPoolNd):
    """Largest value of each window (torch.nn.MaxPool1d)."""

    _rank = 1


class MaxPool2d(_MaxPoolNd):
    """Largest value of each window (torch.nn.MaxPool2d)."""

    _rank = 2


class MaxPool3d(_MaxPoolNd):
    """Largest value of each window (torch.nn.MaxPool3d)."""

    _rank = 3


class AvgPool1d(Module):
    """Mean of each window (torch.nn.AvgPool1d)."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def call(self, input: Tensor) -> Tensor:
        return _avg_pool(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, None, 1)


class AvgPool2d(Module):
    """Mean of each window (torch.nn.AvgPool2d)."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def call(self, input: Tensor) -> Tensor:
        options = (self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override)
        return _avg_pool(input, *options, 2)


class AdaptiveAvgPool1d(Module):
    """Means of ``output_size`` windows (torch.nn.AdaptiveAvgPool1d)."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def call(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(AdaptiveAvgPool1d):
    """Means of ``output_size`` windows (torch.nn.AdaptiveAvgPool2d)."""

    def call(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool2d(input, self.output_size)


class AdaptiveMaxPool2d(Module):
    """Maxima of ``output_size`` windows (torch.nn.AdaptiveMaxPool2d)."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def call(self, input: Tensor) -> Tensor:
        return adaptive_max_pool2d(input, self.output_size, self.return_indices)


class Upsample(Module):
    """Resizes the axes after the second (torch.nn.Upsample)."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def call(self, input: Tensor) -> Tensor:
        return interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)


class ZeroPad2d(Module):
    """Pads height and width with zeros (torch.nn.ZeroPad2d)."""

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _tuple(padding, 4)

    def call(self, input: Tensor) -> Tensor:
        return pad(input, self.padding)


class ReflectionPad2d(ZeroPad2d):
    """Pads height and width with their mirror image (torch.nn.ReflectionPad2d)."""

    def call(self, input: Tensor) -> Tensor:
        return pad(input, self.padding, mode="reflect")


class MultiheadAttention(Module):
    """Attention over several heads (Vaswani et al. 2017; torch.nn.MultiheadAttention), with torch's packed projections."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self.seed_generator = keras.random.SeedGenerator()
        self._make_projections(dtype)
        self.in_proj_bias = _constant_parameter((3 * embed_dim,), 0.0, dtype) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        if self.out_proj.bias is not None:
            zeros_(self.out_proj.bias)
        self.bias_k = normal_(_constant_parameter((1, 1, embed_dim), 0.0, dtype), std=embed_dim**-0.5) if add_bias_kv else None
        self.bias_v = normal_(_constant_parameter((1, 1, embed_dim), 0.0, dtype), std=embed_dim**-0.5) if add_bias_kv else None

    def _make_projections(self, dtype: Any) -> None:
        """One packed weight where query, key and value have the same size, else three."""
        size = self.embed_dim
        packed = self.kdim == size and self.vdim == size
        widths = {"q_proj_weight": size, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        self.in_proj_weight = xavier_uniform_(_constant_parameter((3 * size, size), 0.0, dtype)) if packed else None
        for name, width in widths.items():
            setattr(self, name, None if packed else xavier_uniform_(_constant_parameter((size, width), 0.0, dtype)))

    def call(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        if len(query.shape) == 2:
            query, key, value = (ops.expand_dims(x, 0 if self.batch_first else 1) for x in (query, key, value))
            padding = None if key_padding_mask is None else ops.expand_dims(key_padding_mask, 0)
            output, weights = self.call(query, key, value, padding, need_weights, attn_mask, average_attn_weights, is_causal)
            return output[0] if self.batch_first else output[:, 0], None if weights is None else weights[0]
        if not self.batch_first:
            query, key, value = (ops.swapaxes(x, 0, 1) for x in (query, key, value))
        output, weights = self._attend(query, key, value, self._merged_mask(attn_mask, key_padding_mask, query.dtype))
        output = output if self.batch_first else ops.swapaxes(output, 0, 1)
        if not need_weights:
            return output, None
        return output, ops.mean(weights, axis=1) if average_attn_weights else weights

    def _merged_mask(self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, dtype: Any) -> Tensor | None:
        """Both masks as numbers to add, broadcasting to (N, heads, L, S); a True in a boolean mask hides."""
        merged = None
        if attn_mask is not None:
            mask = _additive(attn_mask, dtype)
            length, sources = mask.shape[-2:]
            merged = mask if len(mask.shape) == 2 else ops.reshape(mask, (-1, self.num_heads, length, sources))
        if key_padding_mask is not None:
            padding = ops.expand_dims(ops.expand_dims(_additive(key_padding_mask, dtype), 1), 1)
            merged = padding if merged is None else merged + padding
        return merged

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        size = self.embed_dim
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            weights = [self.in_proj_weight[i * size : (i + 1) * size] for i in range(3)]
        biases = [None if self.in_proj_bias is None else self.in_proj_bias[i * size : (i + 1) * size] for i in range(3)]
        return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]

    def _extended(self, x: Tensor, bias: Any) -> Tensor:
        """``x`` with torch's optional extra sources: a learned one (add_bias_kv) and a zero (add_zero_attn)."""
        extra = ops.zeros_like(x[:, :1])
        x = x if bias is None else ops.concatenate([x, extra + bias], axis=1)
        return ops.concatenate([x, extra], axis=1) if self.add_zero_attn else x

    def _heads(self, x: Tensor) -> Tensor:
        batch, length, _ = ops.shape(x)
        return ops.transpose(ops.reshape(x, (batch, length, self.num_heads, self.head_dim)), (0, 2, 1, 3))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        query, key, value = self._project(query, key, value)
        key, value = self._extended(key, self.bias_k), self._extended(value, self.bias_v)
        if mask is not None:
            added = key.shape[1] - mask.shape[-1]
            mask = ops.pad(mask, [(0, 0)] * (len(mask.shape) - 1) + [(0, added)]) if added else mask
        scores = ops.matmul(self._heads(query) / math.sqrt(self.head_dim), ops.swapaxes(self._heads(key), -2, -1))
        weights = _masked_softmax(scores, mask)
        if self.training:
            weights = _drop(weights, self.dropout, None, self.seed_generator)
        joined = ops.transpose(ops.matmul(weights, self._heads(value)), (0, 2, 1, 3))
        batch, length = ops.shape(query)[:2]
        return self.out_proj(ops.reshape(joined, (batch, length, self.embed_dim))), weights


def _additive(mask: Tensor, dtype: Any) -> Tensor:
    """-inf where a boolean mask is True, 0 elsewhere; other masks are added as they are."""
    if _dtype_name(mask.dtype) != "bool":
        return mask
    return ops.where(mask, ops.cast(-math.inf, dtype), ops.cast(0.0, dtype))


class CrossEntropyLoss(Module):
    """Negative log likelihood of softmax (torch.nn.CrossEntropyLoss)."""

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def call(self, input: Tensor, target: Tensor) -> Tensor:
        return cross_entropy(input, target, self.weight, None, self.ignore_index, None, self.reduction, self.label_smoothing)


class MSELoss(Module):
    """(input - target)^2 (torch.nn.MSELoss)."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def call(self, input: Tensor, target: Tensor) -> Tensor:
        return mse_loss(input, target, reduction=self.reduction)


class L1Loss(MSELoss):
    """|input - target| (torch.nn.L1Loss)."""

    def call(self, input: Tensor, target: Tensor) -> Tensor:
        return l1_loss(input, target, reduction=self.reduction)
