"""Functions of torch.nn.functional that share their computation with a layer, and a few that stand alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mindspore import Tensor, mint, ops

from .functional_pool import _lp_pool
from .functional_resize import interpolate
from .nn_loss import CTCLoss, MultiLabelMarginLoss, TripletMarginWithDistanceLoss
from .nn_pool import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from .ops_reduction import linalg_vector_norm


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Connectionist temporal classification (F.ctc_loss)."""
    return CTCLoss(blank, reduction, zero_infinity)(log_probs, targets, input_lengths, target_lengths)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """Margins between target and other classes (F.multilabel_margin_loss)."""
    loss = MultiLabelMarginLoss(size_average, reduce, reduction)
    return loss(input, target) if input.ndim else loss(input.reshape(1), target.reshape(1)).reshape(())


def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The triplet loss with any distance (F.triplet_margin_with_distance_loss)."""
    loss = TripletMarginWithDistanceLoss(distance_function=distance_function, margin=margin, swap=swap, reduction=reduction)
    return loss(anchor, positive, negative)


def max_unpool1d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """Values back at the places that a maximum pool took them from (F.max_unpool1d)."""
    return MaxUnpool1d(kernel_size, stride, padding)(input, indices, output_size)


def max_unpool2d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """Values back at the places that a maximum pool took them from (F.max_unpool2d)."""
    return MaxUnpool2d(kernel_size, stride, padding)(input, indices, output_size)


def max_unpool3d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Tensor:
    """Values back at the places that a maximum pool took them from (F.max_unpool3d)."""
    return MaxUnpool3d(kernel_size, stride, padding)(input, indices, output_size)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-norm of windows over the last three axes (F.lp_pool3d)."""
    return _lp_pool(input, 3, norm_type, kernel_size, stride, ceil_mode)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The distances of all pairs of rows (F.pdist)."""
    first, second = np.triu_indices(input.shape[0], 1)
    if not len(first):
        return ops.zeros((0,), input.dtype)
    return linalg_vector_norm(ops.gather(input, Tensor(first), 0) - ops.gather(input, Tensor(second), 0), p, 1)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Resampled by repetition (F.upsample_nearest)."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Resampled linearly, corners aligned (F.upsample_bilinear)."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """The sum, mean or maximum of the rows of each bag of indices (F.embedding_bag)."""
    if max_norm is not None or scale_grad_by_freq:
        raise NotImplementedError("embedding_bag: max_norm and scale_grad_by_freq have no counterpart")
    flat = input.reshape(-1)
    owner, bags = _bag_owners(input, offsets, include_last_offset)
    kept = np.ones(len(owner), bool) if padding_idx is None else flat.asnumpy()[: len(owner)] != padding_idx % weight.shape[0]
    member = Tensor(((owner[None, :] == np.arange(bags)[:, None]) & kept[None, :]).astype(np.float32)).astype(weight.dtype)
    rows = ops.gather(weight, flat[: len(owner)], 0)
    if mode == "max":
        hidden = mint.where(member.expand_dims(-1) > 0, rows.expand_dims(0), ops.full((), float("-inf"), dtype=rows.dtype))
        return mint.where(member.sum(1, keepdims=True) > 0, mint.amax(hidden, 1), ops.zeros((), rows.dtype))
    shares = member if per_sample_weights is None else member * per_sample_weights.reshape(-1)[: len(owner)].expand_dims(0)
    total = mint.matmul(shares, rows)
    return total if mode == "sum" else total / mint.maximum(member.sum(1, keepdims=True), ops.ones((1,), rows.dtype))


def _bag_owners(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Any, int]:
    """Which bag each index belongs to, and how many bags there are."""
    if offsets is None:
        bags, entries = input.shape
        return np.repeat(np.arange(bags), entries), bags
    starts = offsets.asnumpy().tolist()
    ends = starts[1:] if include_last_offset else [*starts[1:], input.shape[0]]
    sizes = [end - start for start, end in zip(starts, ends)]
    return np.repeat(np.arange(len(sizes)), sizes), len(sizes)


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all dimensions but one; -1: over all (torch.norm_except_dim)."""
    axes = None if dim == -1 else tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    return linalg_vector_norm(v, pow, axes, dim != -1)
