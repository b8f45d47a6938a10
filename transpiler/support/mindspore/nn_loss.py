"""Losses with torch's constructors and reductions, composed from elementary operations: MindSpore's classes differ in defaults,
in broadcasting of weights, and partly have no CPU kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mindspore
from mindspore import Tensor, nn, ops

from ._common import _autocast_to, legacy_reduction, weighted_mean
from .nn_shape import p_norm


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """``loss`` itself, its mean or its sum."""
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.sum() / loss.size


def zeros_of(x: Tensor) -> Tensor:
    """Zeros like ``x``."""
    return ops.zeros_like(x)


def positive_part(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return ops.relu(x)


def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)) without overflow."""
    return ops.minimum(x, zeros_of(x)) - ops.log1p(ops.exp(-ops.abs(x)))


class L1Loss(nn.L1Loss):
    """torch.nn.L1Loss: |x - y|."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(self.mode)

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("L1LossExt", input, target)
        return reduced(ops.abs(input - target), self.mode)


class MSELoss(nn.MSELoss):
    """torch.nn.MSELoss: (x - y)^2."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(self.mode)

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("MSELossExt", input, target)
        return reduced((input - target) * (input - target), self.mode)


class SmoothL1Loss(nn.SmoothL1Loss):
    """torch.nn.SmoothL1Loss: quadratic below ``beta``, linear above."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", beta: float = 1.0) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(1.0, self.mode)
        self.beta = beta

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("SmoothL1Loss", input, target)
        distance = ops.abs(input - target)
        if self.beta == 0:
            return reduced(distance, self.mode)
        small = 0.5 * distance * distance / self.beta
        return reduced(ops.select(distance < self.beta, small, distance - 0.5 * self.beta), self.mode)


class HuberLoss(nn.HuberLoss):
    """torch.nn.HuberLoss: quadratic up to ``delta``, linear above."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction, delta)
        self.mode, self.delta = reduction, delta

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("HuberLoss", input, target)
        distance = ops.abs(input - target)
        large = self.delta * (distance - 0.5 * self.delta)
        return reduced(ops.select(distance <= self.delta, 0.5 * distance * distance, large), self.mode)


class BCELoss(nn.BCELoss):
    """torch.nn.BCELoss: -w (y log x + (1 - y) log(1 - x)), logarithms not below -100."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(weight, self.mode)
        self.rescale = weight

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("BinaryCrossEntropy", input, target)
        if input.shape != target.shape:
            raise ValueError(f"Using a target size {target.shape} that is different to the input size {input.shape}")
        loss = -(target * limited_log(input) + (1 - target) * limited_log(1 - input))
        return reduced(loss if self.rescale is None else loss * self.rescale, self.mode)


def limited_log(x: Tensor) -> Tensor:
    """log(x), not below -100; the gradient at 0 is finite, as torch's."""
    safe = ops.maximum(x, ops.full_like(x, 1e-12))
    return ops.select(x > 1e-12, ops.log(safe), ops.maximum(ops.log(ops.stop_gradient(x)), ops.full_like(x, -100.0)))


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """torch.nn.BCEWithLogitsLoss: binary cross entropy of sigmoid(x), with weights of the positive class."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(self.mode, weight, pos_weight)
        self.rescale, self.positive_weight = weight, pos_weight

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("BCEWithLogitsLoss", input, target)
        log_weight = 1.0 if self.positive_weight is None else 1 + (self.positive_weight - 1) * target
        loss = (1 - target) * input - log_weight * log_sigmoid(input)
        return reduced(loss if self.rescale is None else loss * self.rescale, self.mode)


def class_axis_last(x: Tensor) -> Tensor:
    """(N, C, d1, ...) or (C,) with the classes moved to the end."""
    return x if x.ndim == 1 else ops.movedim(x, 1, -1)


def indicators(index: Tensor, classes: int, dtype: Any) -> Tensor:
    """1 at the index in a new last axis, 0 elsewhere, in any dtype; ``ops.one_hot`` has no kernel for double precision."""
    return (index.expand_dims(-1) == ops.arange(classes).astype(index.dtype)).astype(dtype)


def negative_log_likelihood(log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Loss and weight of every element; ``log_p`` is (*, C), ``target`` (*) holds class indices, ignored ones weigh nothing."""
    kept = target != ignore_index
    index = ops.select(kept, target, zeros_of(target)).astype(mindspore.int32)
    chosen = indicators(index, log_p.shape[-1], log_p.dtype)
    weights = kept.astype(log_p.dtype)
    if weight is not None:
        weights = weights * ops.gather(weight, index, 0)
    finite = ops.select(chosen > 0, log_p, zeros_of(log_p))
    return -finite.sum(-1) * weights, weights


class NLLLoss(nn.NLLLoss):
    """torch.nn.NLLLoss: minus the log-probability of the target class."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(None, ignore_index, self.mode)  # which refuses double precision
        self.weight, self.ignored = weight, ignore_index

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Log-probabilities (N, C, *) or (C,), classes (N, *) or () -> loss; the mean is weighted."""
        loss, weights = negative_log_likelihood(class_axis_last(input), target, self.weight, self.ignored)
        return weighted_mean(loss.sum(), weights.sum()) if self.mode == "mean" else reduced(loss, self.mode)


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """torch.nn.CrossEntropyLoss over class indices or class probabilities."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(None, ignore_index, self.mode, label_smoothing)  # which refuses double precision
        self.weight, self.ignored, self.smoothing = weight, ignore_index, label_smoothing

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits (N, C, *) or (C,); target of class indices (N, *) or (), or probabilities shaped as the logits."""
        (input,) = _autocast_to("CrossEntropyLoss", input)
        log_p = ops.log_softmax(class_axis_last(input), -1)
        if input.ndim == target.ndim and target.dtype in (mindspore.float16, mindspore.float32, mindspore.float64, mindspore.bfloat16):
            return self.against_probabilities(log_p, class_axis_last(target))
        loss, weights = negative_log_likelihood(log_p, target, self.weight, self.ignored)
        if self.smoothing > 0:
            spread = -(log_p if self.weight is None else log_p * self.weight).sum(-1) * (target != self.ignored)
            loss = (1 - self.smoothing) * loss + spread * (self.smoothing / log_p.shape[-1])
        return weighted_mean(loss.sum(), weights.sum()) if self.mode == "mean" else reduced(loss, self.mode)

    def against_probabilities(self, log_p: Tensor, target: Tensor) -> Tensor:
        """Class probabilities; the mean divides by the number of samples, whatever the weights."""
        classes = log_p.shape[-1]
        wanted = target * (1 - self.smoothing) + self.smoothing / classes if self.smoothing > 0 else target
        terms = log_p * wanted if self.weight is None else log_p * wanted * self.weight
        loss = -terms.sum(-1)
        return reduced(loss, self.mode)


class KLDivLoss(nn.KLDivLoss):
    """torch.nn.KLDivLoss: y (log y - x) for log-probabilities x."""

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(self.mode)
        self.log_target = log_target

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced; 'batchmean' divides the sum by the first axis."""
        input, target = _autocast_to("KLDivLoss", input, target)
        if self.log_target:
            loss = ops.exp(target) * (target - input)
        else:
            # 0 log 0 is 0; a negative target gives NaN, as in torch.
            safe = ops.select(target == 0, ops.ones_like(target), target)
            loss = target * ops.log(safe) - target * input
        if self.mode == "batchmean":
            return loss.sum() / input.shape[0] if input.ndim > 0 else loss.sum()
        return reduced(loss, self.mode)


class PoissonNLLLoss(nn.PoissonNLLLoss):
    """torch.nn.PoissonNLLLoss: exp(x) - y x, or x - y log(x + eps); with Stirling's term where ``full``."""

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-08,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(log_input, full, eps, self.mode)
        self.log_input, self.full, self.eps = log_input, full, eps

    def construct(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        x = log_input
        loss = ops.exp(x) - target * x if self.log_input else x - target * ops.log(x + self.eps)
        if self.full:
            stirling = target * ops.log(target) - target + 0.5 * ops.log(2 * math.pi * target)
            loss = loss + ops.select(target > 1, stirling, zeros_of(stirling))
        return reduced(loss, self.mode)


class GaussianNLLLoss(nn.GaussianNLLLoss):
    """torch.nn.GaussianNLLLoss: (log var + (x - y)^2 / var) / 2, var not below eps."""

    def __init__(self, *, full: bool = False, eps: float = 1e-06, reduction: str = "mean") -> None:
        super().__init__(full=full, eps=eps, reduction=reduction)
        self.full, self.eps, self.mode = full, eps, reduction

    def construct(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        """Elementwise, then reduced; ``var`` may lack the last axis or have it of size 1. The limit on var takes no part in the gradient."""
        if not isinstance(var, Tensor):
            var = ops.ones_like(input) * var
        if var.shape != input.shape and input.shape[:-1] == var.shape:
            var = var.expand_dims(-1)
        variance = var + ops.stop_gradient(ops.maximum(var, ops.full_like(var, self.eps)) - var)
        loss = 0.5 * (ops.log(variance) + (input - target) * (input - target) / variance)
        return reduced(loss + 0.5 * math.log(2 * math.pi) if self.full else loss, self.mode)


class HingeEmbeddingLoss(nn.HingeEmbeddingLoss):
    """torch.nn.HingeEmbeddingLoss: x where y is 1, max(0, margin - x) where y is -1."""

    def __init__(self, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(float(margin), self.mode)
        self.distance = margin

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("HingeEmbeddingLoss", input, target)
        apart = ops.select(target != 1, positive_part(self.distance - input), zeros_of(input))
        return reduced(apart + ops.select(target != -1, input, zeros_of(input)), self.mode)


class MarginRankingLoss(nn.MarginRankingLoss):
    """torch.nn.MarginRankingLoss: max(0, -y (x1 - x2) + margin)."""

    def __init__(self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(float(margin), self.mode)
        self.distance = margin

    def construct(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        return reduced(positive_part(-target * (input1 - input2) + self.distance), self.mode)


class SoftMarginLoss(nn.SoftMarginLoss):
    """torch.nn.SoftMarginLoss: log(1 + exp(-y x))."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(self.mode)

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """Elementwise, then reduced."""
        input, target = _autocast_to("SoftMarginLoss", input, target)
        return reduced(-log_sigmoid(target * input), self.mode)


class MultiLabelSoftMarginLoss(nn.MultiLabelSoftMarginLoss):
    """torch.nn.MultiLabelSoftMarginLoss: binary cross entropy of every class, averaged over the classes."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(weight, self.mode)
        self.weight = weight

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C), (N, C) -> loss."""
        loss = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
        weighted = loss if self.weight is None else loss * self.weight
        return reduced(weighted.sum(-1) / input.shape[-1], self.mode)


class MultiMarginLoss(nn.MultiMarginLoss):
    """torch.nn.MultiMarginLoss: sum over the wrong classes of max(0, margin - x_y + x_i)^p / C."""

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(p, float(margin), self.mode)
        self.power, self.distance, self.weight = p, margin, weight

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C), (N,) or (C,), () -> loss."""
        index = target.astype(mindspore.int32)
        chosen = indicators(index, input.shape[-1], input.dtype).reshape(input.shape)
        gap = positive_part(self.distance - (input * chosen).sum(-1, keepdims=True) + input)
        terms = (gap if self.power == 1 else gap * gap) * (1 - chosen)
        if self.weight is not None:
            terms = terms * ops.gather(self.weight, index, 0).reshape(input.shape[:-1] + (1,))
        return reduced(terms.sum(-1) / input.shape[-1], self.mode)


class MultiLabelMarginLoss(nn.Cell):
    """torch.nn.MultiLabelMarginLoss: sum over target and other classes of max(0, 1 - (x_target - x_other)) / C."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.mode = legacy_reduction(size_average, reduce, reduction)

    def construct(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C) or (C,); each target row lists its classes up to the first -1."""
        classes = input.shape[-1]
        listed = (ops.cumsum((target < 0).astype(mindspore.int32), -1) == 0).astype(input.dtype)
        index = ops.maximum(target, zeros_of(target)).astype(mindspore.int32)
        one_hot = indicators(index, classes, input.dtype) * listed.expand_dims(-1)
        other = 1 - ops.amax(one_hot, -2)
        scores = (one_hot * input.expand_dims(-2)).sum(-1)
        gaps = positive_part(1 - scores.expand_dims(-1) + input.expand_dims(-2)) * listed.expand_dims(-1) * other.expand_dims(-2)
        return reduced(gaps.sum((-2, -1)) / classes, self.mode)


class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """torch.nn.CosineEmbeddingLoss: 1 - cos where y is 1, max(0, cos - margin) where y is -1."""

    def __init__(self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(float(margin), self.mode)
        self.distance = margin

    def construct(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """(N, D), (N, D), (N,) or (D,), (D,), () -> loss."""
        tiny = 1e-12
        squares = ((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)
        cosine = (input1 * input2).sum(-1) / ops.sqrt(squares)
        same = ops.select(target == 1, 1 - cosine, zeros_of(cosine))
        return reduced(same + ops.select(target == -1, positive_part(cosine - self.distance), zeros_of(cosine)), self.mode)


class TripletMarginLoss(nn.TripletMarginLoss):
    """torch.nn.TripletMarginLoss: max(0, d(a, p) - d(a, n) + margin) with the p-norm distance."""

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-06,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        self.mode = legacy_reduction(size_average, reduce, reduction)
        super().__init__(2, swap, 1e-06, self.mode, float(margin))
        self.distance, self.norm, self.eps, self.swap = margin, p, eps, swap

    def construct(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """(N, D) or (D,) each -> loss; ``swap`` also looks at d(p, n)."""
        near = p_norm(anchor - positive + self.eps, self.norm, False)
        far = p_norm(anchor - negative + self.eps, self.norm, False)
        if self.swap:
            far = ops.minimum(far, p_norm(positive - negative + self.eps, self.norm, False))
        return reduced(ops.relu(self.distance + near - far), self.mode)


class TripletMarginWithDistanceLoss(nn.Cell):
    """torch.nn.TripletMarginWithDistanceLoss: TripletMarginLoss with any distance function."""

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.distance_function = distance_function
        self.margin, self.swap, self.reduction = margin, swap, legacy_reduction(None, None, reduction)

    def measure(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distance of two batches."""
        return p_norm(x1 - x2 + 1e-06, 2.0, False) if self.distance_function is None else self.distance_function(x1, x2)

    def construct(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """(N, D) each -> loss."""
        near, far = self.measure(anchor, positive), self.measure(anchor, negative)
        if self.swap:
            far = ops.minimum(far, self.measure(positive, negative))
        return reduced(ops.relu(self.margin + near - far), self.reduction)


def log_sum_exp(terms: tuple[Tensor, ...]) -> Tensor:
    """log(sum of exp) of tensors of one shape, finite where all terms are the floor."""
    peak = terms[0]
    for term in terms[1:]:
        peak = ops.maximum(peak, term)
    peak = ops.stop_gradient(peak)
    total = ops.exp(terms[0] - peak)
    for term in terms[1:]:
        total = total + ops.exp(term - peak)
    return peak + ops.log(total)


class CTCLoss(nn.Cell):
    """torch.nn.CTCLoss: connectionist temporal classification (Graves et al., 2006), by the forward recursion over the extended labels."""

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.blank, self.mode, self.zero_infinity = blank, reduction, zero_infinity

    def construct(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        """Log-probabilities (T, N, C) or (T, C), labels (N, S) or concatenated, lengths -> loss."""
        single = log_probs.ndim == 2
        log_p = log_probs.expand_dims(1) if single else log_probs
        frames, lengths = lengths_of(input_lengths), lengths_of(target_lengths)
        rows = label_rows(targets, lengths, single)
        loss = self.sequence_losses(log_p, rows, frames)
        if self.zero_infinity:
            loss = ops.select(loss > 1e29, zeros_of(loss), loss)
        else:
            loss = ops.select(loss > 1e29, ops.full_like(loss, float("inf")), loss)
        if self.mode == "mean":
            return (loss / Tensor([max(n, 1) for n in lengths], loss.dtype)).mean()
        return loss.sum() if self.mode == "sum" else (loss[0] if single else loss)

    def sequence_losses(self, log_p: Tensor, rows: list[list[int]], frames: list[int]) -> Tensor:
        """Minus the log-likelihood of each label sequence; 1e30 stands for infinity, so that no difference becomes NaN."""
        width = 2 * max(len(row) for row in rows) + 1
        extended = [[self.blank] + [symbol for label in row for symbol in (label, self.blank)] for row in rows]
        padded = [row + [self.blank] * (width - len(row)) for row in extended]
        skips = [[i >= 2 and row[i] != self.blank and row[i] != row[i - 2] for i in range(width)] for row in padded]
        floor = ops.full((len(rows), width), -1e30, dtype=log_p.dtype)
        symbols = Tensor(padded, mindspore.int32).expand_dims(0).broadcast_to((log_p.shape[0], len(rows), width))
        emitted, may_skip = ops.gather_elements(log_p, 2, symbols), Tensor(skips)
        starts = Tensor([[i < min(2, len(row)) for i in range(width)] for row in extended])
        alpha = ops.select(starts, emitted[0], floor)
        for t in range(1, max(frames)):
            two = ops.select(may_skip, shifted(alpha, 2, floor), floor)
            moved = ops.maximum(log_sum_exp((alpha, shifted(alpha, 1, floor), two)) + emitted[t], floor)
            running = Tensor([[t < frame] for frame in frames]).broadcast_to(alpha.shape)
            alpha = ops.select(running, moved, alpha)
        ends = Tensor([[len(row) - 2 <= i < len(row) for i in range(width)] for row in extended])
        final = ops.select(ends, alpha, floor)
        peak = ops.stop_gradient(ops.amax(final, 1, True))
        loss = -(peak.squeeze(1) + ops.log(ops.exp(final - peak).sum(1)))
        # torch's gradient takes the log-probabilities for the result of a log_softmax: it has this term more, which that layer cancels.
        inside = Tensor([[t < frame for frame in frames] for t in range(log_p.shape[0])]).astype(log_p.dtype)
        total = (ops.exp(log_p).sum(2) * inside).sum(0)
        return loss + (total - ops.stop_gradient(total))


def shifted(alpha: Tensor, steps: int, floor: Tensor) -> Tensor:
    """``alpha`` (N, W) moved ``steps`` places up, ``floor`` coming in."""
    size = alpha.shape[1]
    return floor if steps >= size else ops.cat((floor[:, :steps], alpha[:, : size - steps]), 1)


def lengths_of(value: Any) -> list[int]:
    """Lengths given as a tensor, a number, or a sequence."""
    if isinstance(value, Tensor):
        return [int(n) for n in value.asnumpy().reshape(-1)]
    return [int(value)] if isinstance(value, int) else [int(n) for n in value]


def label_rows(targets: Tensor, lengths: list[int], single: bool) -> list[list[int]]:
    """The labels of each sequence."""
    labels = targets.asnumpy()
    if labels.ndim == 2 and not single:
        return [[int(label) for label in labels[i, :n]] for i, n in enumerate(lengths)]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    flat = labels.reshape(-1)
    return [[int(label) for label in flat[start : start + n]] for start, n in zip(starts, lengths)]
