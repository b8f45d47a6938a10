"""Non-maximum suppression against its definition; torchvision's own is compiled, and its Python functions are compared by the entries' examples."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor

from transpiler.support.mindspore import boxes


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def kept(corners: np.ndarray, scores: np.ndarray, classes: np.ndarray, threshold: float) -> list[int]:
    """Best first: a box stays unless a kept one of its class overlaps it by more."""
    found: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(classes[i] != classes[j] or overlap(corners[i], corners[j]) <= threshold for j in found):
            found.append(int(i))
    return found


def scene(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(count)
    first = generator.integers(0, 60, (count, 2))
    corners = np.concatenate([first, first + generator.integers(1, 40, (count, 2))], 1).astype(np.float32)
    scores = (generator.permutation(count) / count).astype(np.float32)
    scores[: count // 4] = 0.5  # ties keep their order
    return corners, scores, generator.integers(0, 3, count)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("count", [1, 40, 200])
def test_suppression(count: int, threshold: float) -> None:
    corners, scores, classes = scene(count)
    found = boxes.nms(Tensor(corners), Tensor(scores), threshold)
    assert found.asnumpy().tolist() == kept(corners, scores, np.zeros(count), threshold)
    found = boxes.batched_nms(Tensor(corners), Tensor(scores), Tensor(classes), threshold)
    assert found.asnumpy().tolist() == kept(corners, scores, classes, threshold)


def test_many_boxes_are_suppressed_class_by_class() -> None:
    """And boxes whose classes moving apart would not part, since their corners are negative."""
    corners, scores, classes = scene(1200)
    corners -= 90
    found = boxes.batched_nms(Tensor(corners), Tensor(scores), Tensor(classes), 0.5)
    assert found.asnumpy().tolist() == kept(corners, scores, classes, 0.5)


def test_no_boxes() -> None:
    corners, scores, classes = (Tensor(part) for part in scene(0))
    for found in (boxes.nms(corners, scores, 0.5), boxes.batched_nms(corners, scores, classes, 0.5)):
        assert found.shape == (0,) and str(found.dtype) == "Int64"
