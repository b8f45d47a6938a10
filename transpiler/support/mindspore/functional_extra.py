"""torch.nn.functional's rarer functions: connectionist losses, random and inverse pooling, bags of embeddings, distances of all pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _autocast_to, ntuple
from .functional_activation import _length
from .functional_conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, linear
from .functional_pool import (
    _lp_pool,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from .functional_resize import affine_grid, grid_sample, interpolate
from .nn_dropout import alpha_drop, channel_mask_shape, check_probability
from .nn_embedding import bag_rows, checked_table, frequency_scaled
from .nn_loss import CTCLoss, MultiLabelMarginLoss, TripletMarginWithDistanceLoss
from .nn_pool import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from .nn_recurrent import step


def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
             zero_infinity: bool = False) -> Tensor:  # fmt: skip
    """Connectionist temporal classification (F.ctc_loss)."""
    result: Tensor = CTCLoss(blank, reduction, zero_infinity).construct(log_probs, targets, input_lengths, target_lengths)
    return result


def multilabel_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                           reduction: str = "mean") -> Tensor:  # fmt: skip
    """sum over target and other classes of max(0, 1 - (x_target - x_other)) / C (F.multilabel_margin_loss)."""
    row = (1,) if input.ndim == 0 else input.shape
    loss = MultiLabelMarginLoss(size_average, reduce, reduction).construct(input.reshape(row), target.reshape(row))
    return loss.reshape(()) if input.ndim == 0 else loss


def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *,
                                      distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
                                      swap: bool = False, reduction: str = "mean") -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with any distance (F.triplet_margin_with_distance_loss)."""
    loss = TripletMarginWithDistanceLoss(distance_function=distance_function, margin=margin, swap=swap, reduction=reduction)
    return loss.construct(anchor, positive, negative)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """alpha_dropout of whole channels (F.feature_alpha_dropout)."""
    check_probability(p)
    return alpha_drop(input, channel_mask_shape(input, 0), p) if training and p > 0 else input


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs of rows, (N, M) -> (N (N - 1) / 2,) (F.pdist)."""
    first, second = np.triu_indices(input.shape[0], 1)
    if not len(first):
        return ops.zeros((0,), input.dtype)
    difference = ops.gather(input, Tensor(first, mindspore.int32), 0) - ops.gather(input, Tensor(second, mindspore.int32), 0)
    return _length(difference, p, 1).squeeze(1)


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate with aligned corners (F.upsample_bilinear)."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate by the nearest element (F.upsample_nearest)."""
    return interpolate(input, size, scale_factor, "nearest")


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-norm of windows over the last three axes (F.lp_pool3d)."""
    return _lp_pool(input, 3, norm_type, kernel_size, stride, ceil_mode)


def max_unpool1d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """The inverse of max_pool1d (F.max_unpool1d)."""
    result: Tensor = MaxUnpool1d(kernel_size, stride, padding).construct(input, indices, output_size)
    return result


def max_unpool2d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """The inverse of max_pool2d (F.max_unpool2d)."""
    result: Tensor = MaxUnpool2d(kernel_size, stride, padding).construct(input, indices, output_size)
    return result


def max_unpool3d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """The inverse of max_pool3d (F.max_unpool3d)."""
    result: Tensor = MaxUnpool3d(kernel_size, stride, padding).construct(input, indices, output_size)
    return result


def max_pool1d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
    """Maxima and their indices (F.max_pool1d_with_indices)."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
    """Maxima and their indices (F.max_pool2d_with_indices)."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
    """Maxima and their indices (F.max_pool3d_with_indices)."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima and their indices (F.adaptive_max_pool1d_with_indices)."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima and their indices (F.adaptive_max_pool2d_with_indices)."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima and their indices (F.adaptive_max_pool3d_with_indices)."""
    return adaptive_max_pool3d(input, output_size, True)


def fractional_starts(samples: Any, size: int, count: int, window: int) -> Any:
    """Where the windows of fractional pooling start (Graham, 2014), (..., count) for random numbers (...) in [0, 1)."""
    if count == 1:
        return np.full((*samples.shape, 1), size - window)
    # In single precision as torch computes it: the product is cut off to a whole number.
    alpha = np.float32(size - window) / np.float32(count - 1)
    u = samples.astype(np.float32)[..., None]
    steps = np.arange(count - 1, dtype=np.float32)
    starts = np.trunc((steps + u) * alpha).astype(np.int64) - np.trunc(u * alpha).astype(np.int64)
    return np.concatenate([starts, np.full((*samples.shape, 1), size - window)], -1)


def fractional_pool(input: Tensor, rank: int, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any) -> tuple[Tensor, Tensor]:
    """Maxima of windows at random places, and their flat indices."""
    sizes, kernel = input.shape[-rank:], ntuple(kernel_size, rank)
    if output_size is None and output_ratio is None:
        raise ValueError("fractional_max_pool requires specifying either an output_size or an output_ratio")
    counts = ntuple(output_size, rank) if output_size is not None else None
    if counts is None:
        counts = tuple(int(n * ratio) for n, ratio in zip(sizes, ntuple(output_ratio, rank)))
    planes = math.prod(input.shape[:-rank])
    if planes == 0:
        empty = ops.zeros((*input.shape[:-rank], *counts), input.dtype)
        return empty, empty.astype(mindspore.int64)
    drawn = ops.rand(planes, rank) if samples is None else samples
    numbers = drawn.asnumpy().reshape(-1, rank)[:planes]
    positions = np.zeros((planes,) + (1,) * (2 * rank), np.int64)
    for axis in range(rank):
        # torch draws the random number of the last axis first in two dimensions, in order in three.
        own = numbers[:, rank - 1 - axis] if rank == 2 else numbers[:, axis]
        places = fractional_starts(own, sizes[axis], counts[axis], kernel[axis])[:, :, None] + np.arange(kernel[axis])
        shape = [planes] + [1] * (2 * rank)
        shape[1 + axis], shape[1 + rank + axis] = counts[axis], kernel[axis]
        positions = positions * sizes[axis] + places.reshape(shape)
    window = math.prod(kernel)
    index = Tensor(positions.reshape(planes, -1), mindspore.int64)
    taken = mint.gather(input.reshape(planes, -1), 1, index).reshape(-1, window)
    best = ops.argmax(ops.stop_gradient(taken), 1).astype(mindspore.int64).expand_dims(1)
    shape_out = (*input.shape[:-rank], *counts)
    return mint.gather(taken, 1, best).reshape(shape_out), mint.gather(index.reshape(-1, window), 1, best).reshape(shape_out)


def fractional_max_pool2d(input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """Maxima of windows at random places over the last two axes (F.fractional_max_pool2d)."""
    found = fractional_pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d(input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """Maxima of windows at random places over the last three axes (F.fractional_max_pool3d)."""
    found = fractional_pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool2d_with_indices(input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
                                       return_indices: bool = False, _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """Maxima and their indices (F.fractional_max_pool2d_with_indices)."""
    return fractional_pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
                                       return_indices: bool = False, _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """Maxima and their indices (F.fractional_max_pool3d_with_indices)."""
    return fractional_pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)


def embedding_bag(input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
                  scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
                  include_last_offset: bool = False, padding_idx: int | None = None) -> Tensor:  # fmt: skip
    """The sum, mean or maximum of each bag's rows (F.embedding_bag)."""
    table = checked_table(weight, input, max_norm, norm_type)
    row = None if padding_idx is None else padding_idx % weight.shape[0]
    scale = frequency_scaled if scale_grad_by_freq else None
    return bag_rows(table, input, offsets, per_sample_weights, mode, include_last_offset, row, scale)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """One-dimensional convolution of (time, batch, channels) with a weight (kernel, in, out) (F.conv_tbc)."""
    result = conv1d(input.transpose(1, 2, 0), weight.transpose(2, 1, 0), bias, padding=pad)
    return result.transpose(2, 0, 1)


def convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, transposed: bool,
                output_padding: Any, groups: int) -> Tensor:  # fmt: skip
    """Any convolution, by the rank of its weight (torch.convolution)."""
    rank = weight.ndim - 2
    if transposed:
        function = (conv_transpose1d, conv_transpose2d, conv_transpose3d)[rank - 1]
        return function(input, weight, bias, stride, padding, output_padding, groups, dilation)
    return (conv1d, conv2d, conv3d)[rank - 1](input, weight, bias, stride, padding, dilation, groups)


def grid_sampler(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """grid_sample with numbered modes (torch.grid_sampler)."""
    mode, padding = ("bilinear", "nearest", "bicubic")[interpolation_mode], ("zeros", "border", "reflection")[padding_mode]
    return grid_sample(input, grid, mode, padding, align_corners)


def affine_grid_generator(theta: Tensor, size: Any, align_corners: bool) -> Tensor:
    """affine_grid (torch.affine_grid_generator)."""
    return affine_grid(theta, size, align_corners)


def cell_maps(input: Tensor, h: Tensor, weights: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """The affine maps of input and hidden state, by (w_ih, w_hh, b_ih, b_hh)."""
    w_ih, w_hh, b_ih, b_hh = weights
    return linear(input, w_ih, b_ih), linear(h, w_hh, b_hh)


def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Any, ...]:
    """One LSTM step: new hidden and cell state (torch.lstm_cell)."""
    hx = _autocast_to("RecurrentCell", *hx)
    return step("LSTM", *cell_maps(input, hx[0], (w_ih, w_hh, b_ih, b_hh)), hx[0], hx[1])


def gru_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One GRU step (torch.gru_cell)."""
    (hx,) = _autocast_to("RecurrentCell", hx)
    return step("GRU", *cell_maps(input, hx, (w_ih, w_hh, b_ih, b_hh)), hx, None)[0]


def rnn_tanh_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a tanh network (torch.rnn_tanh_cell)."""
    (hx,) = _autocast_to("RecurrentCell", hx)
    return step("RNN_TANH", *cell_maps(input, hx, (w_ih, w_hh, b_ih, b_hh)), hx, None)[0]


def rnn_relu_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a rectifier network (torch.rnn_relu_cell)."""
    (hx,) = _autocast_to("RecurrentCell", hx)
    return step("RNN_RELU", *cell_maps(input, hx, (w_ih, w_hh, b_ih, b_hh)), hx, None)[0]
