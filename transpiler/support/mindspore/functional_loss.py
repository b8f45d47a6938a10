"""Loss functions: torch.nn.functional with torch's reductions, weights and deprecated arguments."""

from __future__ import annotations

import math
from typing import Any

import mindspore
from mindspore import Tensor, mint, ops

from ._common import _as_float, _autocast_to, _magnitude, _sum, legacy_reduction, weighted_mean
from .functional_activation import _length, log_softmax, logsigmoid


def _reduced(loss: Tensor, reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> Tensor:
    """The mean, the sum or the losses themselves; ``size_average`` and ``reduce`` are torch's older spelling."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction == "batchmean":
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if reduction == "mean":
        return _sum(loss) / loss.size if not loss.size else mint.mean(loss)
    return loss if reduction == "none" else _sum(loss)


def _weighted(loss: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """The losses times their weights, reduced; the mean is over the weights."""
    loss = loss * weight
    return _sum(loss) / _sum(weight) if reduction == "mean" else _reduced(loss, reduction)


def mse_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
             weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """(input - target)^2 (F.mse_loss)."""
    input, target = _autocast_to("MSELossExt", input, target)
    loss = (input - target) * (input - target)
    if weight is None:
        return _reduced(loss, reduction, size_average, reduce)
    return _weighted(loss, weight, reduction)


def l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
            weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """|input - target| (F.l1_loss)."""
    input, target = _autocast_to("L1LossExt", input, target)
    loss = _magnitude(input - target)
    if weight is None:
        return _reduced(loss, reduction, size_average, reduce)
    return _weighted(loss, weight, reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
                   beta: float = 1.0) -> Tensor:  # fmt: skip
    """d^2 / (2 beta) where d < beta, else d - beta / 2 (F.smooth_l1_loss)."""
    input, target = _autocast_to("SmoothL1Loss", input, target)
    if beta == 0:
        return l1_loss(input, target, size_average, reduce, reduction)
    distance = ops.abs(input - target)
    loss = mint.where(distance < beta, 0.5 * distance * distance / beta, distance - 0.5 * beta)
    return _reduced(loss, reduction, size_average, reduce)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None) -> Tensor:
    """d^2 / 2 where d <= delta, else delta * (d - delta / 2) (F.huber_loss)."""
    input, target = _autocast_to("HuberLoss", input, target)
    distance = ops.abs(input - target)
    loss = mint.where(distance <= delta, 0.5 * distance * distance, delta * (distance - 0.5 * delta))
    if weight is None:
        return _reduced(loss, reduction)
    return _weighted(loss, weight, reduction)


def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """-(t log p + (1 - t) log(1 - p)), logarithms not below -100 (F.binary_cross_entropy)."""
    input, target = _autocast_to("BinaryCrossEntropy", input, target)
    low = mindspore.tensor(-100.0, dtype=input.dtype)
    loss = -(target * mint.maximum(mint.log(input), low) + (1 - target) * mint.maximum(mint.log1p(-input), low))
    return _reduced(loss if weight is None else loss * weight, reduction, size_average, reduce)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                                     reduce: bool | None = None, reduction: str = "mean", pos_weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """binary_cross_entropy of sigmoid(input), stable; positives count pos_weight times (F.binary_cross_entropy_with_logits)."""
    input, target = _autocast_to("BCEWithLogitsLoss", input, target)
    log_p = logsigmoid(input)
    loss = -(target * (log_p if pos_weight is None else pos_weight * log_p) + (1 - target) * (log_p - input))
    return _reduced(loss if weight is None else loss * weight, reduction, size_average, reduce)


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int = -100,
             reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """-input at the target class; the mean is weighted by class (F.nll_loss)."""
    input, weight = _autocast_to("NLLLoss", input, weight)
    reduction = legacy_reduction(size_average, reduce, reduction)
    axis = 0 if input.ndim == 1 else 1
    valid = target != ignore_index
    classes = mint.where(valid, target, ops.zeros_like(target)).astype(mindspore.int64)
    picked = -mint.gather(input, axis, classes.expand_dims(axis)).squeeze(axis)
    factor = valid.astype(input.dtype)
    if weight is not None:
        factor = factor * ops.gather(weight, classes.reshape(-1), 0).reshape(classes.shape)
    loss = mint.where(valid, picked, ops.zeros_like(picked)) * factor
    if reduction == "mean":
        return weighted_mean(_sum(loss), _sum(factor))
    return _reduced(loss, reduction)


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int = -100,
                  reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:  # fmt: skip
    """nll_loss of log_softmax, or the cross entropy with class probabilities (F.cross_entropy)."""
    input, weight = _autocast_to("CrossEntropyLoss", input, weight)
    axis = 0 if input.ndim == 1 else 1
    log_p = log_softmax(input, axis)
    reduction = legacy_reduction(size_average, reduce, reduction)
    if target.shape == input.shape:
        return _soft_cross_entropy(log_p, target, weight, reduction, label_smoothing, axis)
    plain = nll_loss(log_p, target, weight, None, ignore_index, None, reduction)
    if label_smoothing == 0.0:
        return plain
    valid = target != ignore_index
    smooth = -_sum(log_p if weight is None else log_p * _class_shape(weight, log_p.ndim, axis), axis)
    smooth = mint.where(valid, smooth, ops.zeros_like(smooth))
    if reduction == "mean":
        smooth = weighted_mean(_sum(smooth), _sum(_target_weight(target, weight, valid, log_p.dtype)))
    elif reduction == "sum":
        smooth = _sum(smooth)
    return (1 - label_smoothing) * plain + label_smoothing / input.shape[axis] * smooth


def _class_shape(weight: Tensor, rank: int, axis: int) -> Tensor:
    return weight.reshape(tuple(-1 if i == axis else 1 for i in range(rank)))


def _target_weight(target: Tensor, weight: Tensor | None, valid: Tensor, dtype: Any) -> Tensor:
    """The weight of each target's class, 0 where it is ignored."""
    factor = valid.astype(dtype)
    if weight is None:
        return factor
    classes = mint.where(valid, target, ops.zeros_like(target))
    return factor * ops.gather(weight, classes.reshape(-1), 0).reshape(target.shape)


def _soft_cross_entropy(log_p: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, axis: int) -> Tensor:
    """-sum(target * log_p) with smoothed class probabilities; the mean is over samples."""
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / log_p.shape[axis]
    product = target * log_p if weight is None else target * log_p * _class_shape(weight, log_p.ndim, axis)
    loss = -_sum(product, axis)
    return _sum(loss) / (log_p.size // log_p.shape[axis]) if reduction == "mean" else _reduced(loss, reduction)


def kl_div(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:  # fmt: skip
    """target * (log(target) - input) (F.kl_div)."""
    input, target = _autocast_to("KLDivLoss", input, target)
    if log_target:
        loss = mint.exp(target) * (target - input)
    else:
        positive = target > 0
        safe = mint.where(positive, target, ops.ones_like(target))
        loss = mint.where(positive, target * mint.log(safe), ops.zeros_like(target)) - target * input
    if reduction == "batchmean":
        return _sum(loss) / input.shape[0] if input.ndim else loss
    return _reduced(loss, reduction, size_average, reduce)


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: bool | None = None,
                     eps: float = 1e-8, reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """exp(input) - target * input, or input - target * log(input + eps) (F.poisson_nll_loss)."""
    input, target = _autocast_to("PoissonNLLLoss", input, target)
    x, goal = _as_float(input), _as_float(target)
    loss = mint.exp(x) - goal * x if log_input else x - goal * mint.log(x + eps)
    if full:
        safe = mint.where(goal > 1, goal, ops.ones_like(goal))
        stirling = safe * mint.log(safe) - safe + 0.5 * mint.log(2 * math.pi * safe)
        loss = loss + mint.where(target > 1, stirling, ops.zeros_like(stirling))
    return _reduced(loss, reduction, size_average, reduce)


def gaussian_nll_loss(input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> Tensor:
    """(log(var) + (input - target)^2 / var) / 2 (F.gaussian_nll_loss)."""
    variance = var if isinstance(var, Tensor) else ops.full(input.shape, float(var), dtype=input.dtype)
    if variance.shape != input.shape and input.shape[:-1] == variance.shape:
        variance = variance.expand_dims(-1)
    floor = mindspore.tensor(eps, dtype=variance.dtype)
    variance = variance + ops.stop_gradient(mint.maximum(variance, floor) - variance)
    loss = 0.5 * (mint.log(variance) + (input - target) * (input - target) / variance)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def soft_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                     reduction: str = "mean") -> Tensor:  # fmt: skip
    """log(1 + exp(-target * input)) (F.soft_margin_loss)."""
    input, target = _autocast_to("SoftMarginLoss", input, target)
    return _reduced(-logsigmoid(target * input), reduction, size_average, reduce)


def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None,
                        reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """max(0, -target * (input1 - input2) + margin) (F.margin_ranking_loss)."""
    input1, input2 = _autocast_to("MarginRankingLoss", input1, input2)
    return _reduced(mint.clamp(-target * (input1 - input2) + margin, min=0), reduction, size_average, reduce)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None,
                         reduction: str = "mean") -> Tensor:  # fmt: skip
    """input where target is 1, max(0, margin - input) where it is -1 (F.hinge_embedding_loss)."""
    (input,) = _autocast_to("HingeEmbeddingLoss", input)
    zero = ops.zeros_like(input)
    loss = mint.where(target != 1, mint.maximum(margin - input, zero), zero) + mint.where(target != -1, input, zero)
    return _reduced(loss, reduction, size_average, reduce)


def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None,
                          reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """1 - cos where target is 1, max(0, cos - margin) where it is -1 (F.cosine_embedding_loss)."""
    input1, input2 = _autocast_to("CosineEmbeddingLoss", input1, input2)
    x, y = input1.astype(mindspore.float32), input2.astype(mindspore.float32)
    cos = _sum(x * y, -1) / mint.sqrt((_sum(x * x, -1) + 1e-12) * (_sum(y * y, -1) + 1e-12))
    loss = mint.where(target == 1, 1 - cos, ops.zeros_like(cos)) + mint.where(
        target == -1, mint.clamp(cos - margin, min=0), ops.zeros_like(cos)
    )
    return _reduced(loss.astype(input1.dtype) if input1.is_floating_point() else loss, reduction, size_average, reduce)


def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
                        swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) (F.triplet_margin_loss)."""
    anchor, positive, negative = _autocast_to("TripletMarginLoss", anchor, positive, negative)
    near, far = (_length(anchor - other + eps, p, -1).squeeze(-1) for other in (positive, negative))
    if swap:
        far = mint.minimum(far, _length(positive - negative + eps, p, -1).squeeze(-1))
    return _reduced(mint.clamp(near - far + margin, min=0), reduction, size_average, reduce)


def multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                                reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """Binary cross entropy with logits, averaged over the classes (F.multilabel_soft_margin_loss)."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = mint.mean(loss if weight is None else loss * weight, -1)
    return _reduced(loss, reduction, size_average, reduce)


def multi_margin_loss(input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
                      size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """mean over other classes of max(0, margin - x[target] + x[class])^p (F.multi_margin_loss)."""
    input, weight = _autocast_to("MultiMarginLoss", input, weight)
    x = input.reshape(-1, input.shape[-1]) if input.ndim else input.reshape(1, 1)
    labels = target.reshape(-1, 1)
    gap = mint.clamp(margin - mint.gather(x, 1, labels) + x, min=0)
    gap = gap if p == 1 else gap**p
    if weight is not None:
        gap = gap * ops.gather(weight, labels.reshape(-1), 0).expand_dims(1)
    others = (ops.arange(x.shape[1]).reshape(1, -1) != labels).astype(x.dtype)
    loss = _sum(gap * others, 1) / x.shape[1]
    return _reduced(loss.reshape(target.shape), reduction, size_average, reduce)
