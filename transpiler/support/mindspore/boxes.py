"""Boxes around objects, (..., 4) as (x1, y1, x2, y2) where nothing else is said, and what detectors do with them (torchvision.ops)."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _category
from .functional_loss import _reduced, binary_cross_entropy_with_logits


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes that overlap no better one by more than ``iou_threshold``, best first; not differentiable (torchvision.ops.nms)."""
    return Tensor(_suppressed(boxes.asnumpy(), scores.asnumpy(), iou_threshold))


def _suppressed(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """``nms`` of arrays: the best of the boxes that are left is kept, and those that overlap it go."""
    left, top, right, bottom = boxes.reshape(-1, 4).T
    areas = (right - left) * (bottom - top)
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    kept = []
    while order.size:
        best, others = order[0], order[1:]
        kept.append(best)
        width = np.minimum(right[best], right[others]) - np.maximum(left[best], left[others])
        height = np.minimum(bottom[best], bottom[others]) - np.maximum(top[best], top[others])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap = shared / (areas[best] + areas[others] - shared)
        order = others[~(overlap > iou_threshold)]
    return np.array(kept, np.int64)


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """``nms`` within each of the classes ``idxs`` (torchvision.ops.batched_nms).

    As torchvision does, up to 4,000 coordinates by moving the classes apart, which rounds, and of more by one class after the other.
    """
    corners, found, classes = boxes.asnumpy(), scores.asnumpy(), idxs.asnumpy()
    if not corners.size:
        return Tensor(np.zeros(0, np.int64))
    if corners.size <= 4000:
        apart = classes.astype(corners.dtype) * (corners.max() + corners.dtype.type(1))
        return Tensor(_suppressed(corners + apart[:, None], found, iou_threshold))
    members = (np.flatnonzero(classes == name) for name in np.unique(classes))
    kept = np.sort(np.concatenate([own[_suppressed(corners[own], found[own], iou_threshold)] for own in members]))
    return Tensor(kept[np.argsort(-found[kept].astype(np.float64), kind="stable")])


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """Indices of the boxes with both sides of at least ``min_size`` (torchvision.ops.remove_small_boxes)."""
    corners = boxes.asnumpy()
    return Tensor(np.flatnonzero((corners[..., 2:] - corners[..., :2] >= min_size).all(-1)))


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes cut to an image of ``size`` (height, width) (torchvision.ops.clip_boxes_to_image)."""
    height, width = size
    parts = [mint.clamp(boxes[..., i], 0, height if i % 2 else width) for i in range(4)]
    return ops.stack(parts, boxes.ndim - 1)


def _to_corners(boxes: Tensor, form: str) -> Tensor:
    """Boxes as (x1, y1, x2, y2)."""
    if form == "xyxy":
        return boxes
    first, size = boxes[..., :2], boxes[..., 2:]
    if form == "xywh":
        return mint.cat((first, first + size), -1)
    return mint.cat((first - 0.5 * size, first + 0.5 * size), -1)


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes in another form: corners (xyxy), corner and size (xywh), centre and size (cxcywh) (torchvision.ops.box_convert)."""
    if not {in_fmt, out_fmt} <= {"xyxy", "xywh", "cxcywh"}:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.copy()
    corners = _to_corners(boxes, in_fmt)
    if out_fmt == "xyxy":
        return corners
    first, last = corners[..., :2], corners[..., 2:]
    return mint.cat((first if out_fmt == "xywh" else (first + last) / 2, last - first), -1)


def _wide(x: Tensor) -> Tensor:
    """In a dtype whose products do not overflow soon, as torchvision widens them."""
    if x.dtype in (mindspore.float32, mindspore.float64, mindspore.int32, mindspore.int64):
        return x
    return x.astype(mindspore.float32 if _category(x.dtype) == 2 else mindspore.int32)


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """Width times height (torchvision.ops.box_area)."""
    if fmt not in ("xyxy", "xywh", "cxcywh"):
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    wide = _wide(boxes)
    size = wide[..., 2:] - wide[..., :2] if fmt == "xyxy" else wide[..., 2:]
    return size[..., 0] * size[..., 1]


def _intersection_and_union(boxes1: Tensor, boxes2: Tensor, fmt: str) -> tuple[Tensor, Tensor]:
    """(..., N, M) areas that pairs of boxes share, and that either covers."""
    area1, area2 = box_area(boxes1, fmt), box_area(boxes2, fmt)
    one, two = _to_corners(boxes1, fmt).expand_dims(-2), _to_corners(boxes2, fmt).expand_dims(-3)
    size = mint.clamp(_wide(mint.minimum(one[..., 2:], two[..., 2:]) - mint.maximum(one[..., :2], two[..., :2])), min=0)
    shared = size[..., 0] * size[..., 1]
    return shared, area1.expand_dims(-1) + area2.expand_dims(-2) - shared


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """(..., N, M) shared area over covered area of all pairs (torchvision.ops.box_iou)."""
    shared, union = _intersection_and_union(boxes1, boxes2, fmt)
    return shared / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """box_iou less the part of the smallest box around both that neither covers (torchvision.ops.generalized_box_iou)."""
    shared, union = _intersection_and_union(boxes1, boxes2, "xyxy")
    one, two = boxes1.expand_dims(-2), boxes2.expand_dims(-3)
    size = mint.clamp(_wide(mint.maximum(one[..., 2:], two[..., 2:]) - mint.minimum(one[..., :2], two[..., :2])), min=0)
    around = size[..., 0] * size[..., 1]
    return shared / union - (around - union) / around


def sigmoid_focal_loss(inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none") -> Tensor:
    """alpha_t (1 - p_t)^gamma times the binary cross entropy of logits (torchvision.ops.sigmoid_focal_loss; Lin et al., RetinaNet)."""
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    p = ops.sigmoid(inputs)
    missed = 1 - (p * targets + (1 - p) * (1 - targets))
    loss = binary_cross_entropy_with_logits(inputs, targets, reduction="none") * missed**gamma
    return _reduced(loss if alpha < 0 else (alpha * targets + (1 - alpha) * (1 - targets)) * loss, reduction)
