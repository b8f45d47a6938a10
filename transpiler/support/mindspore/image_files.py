"""torchvision.utils and torchvision.io: grids of images, and images in files."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor
from PIL import Image


def make_grid(
    tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False, value_range: tuple[float, float] | None = None,
    scale_each: bool = False, pad_value: float = 0.0,
) -> Tensor:  # fmt: skip
    """A batch of images side by side, ``nrow`` in a row (torchvision.utils.make_grid)."""
    parts = [part.asnumpy() for part in tensor] if isinstance(tensor, list) else []
    images = np.stack(parts) if parts else tensor.asnumpy()
    images = images[None] if images.ndim == 2 else images
    if images.ndim == 3:
        images = (np.repeat(images, 3, 0) if images.shape[0] == 1 else images)[None]
    images = np.repeat(images, 3, 1) if images.shape[1] == 1 else images
    if normalize:
        images = np.stack([_stretched(image, value_range) for image in images]) if scale_each else _stretched(images, value_range)
    if len(images) == 1:
        return Tensor(np.ascontiguousarray(images[0]))
    columns = min(nrow, len(images))
    rows = math.ceil(len(images) / columns)
    height, width = images.shape[2] + padding, images.shape[3] + padding
    grid = np.full((images.shape[1], height * rows + padding, width * columns + padding), pad_value, images.dtype)
    for number, image in enumerate(images):
        top, left = number // columns * height + padding, number % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return Tensor(grid)


def _stretched(images: Any, value_range: tuple[float, float] | None) -> Any:
    low, high = (float(images.min()), float(images.max())) if value_range is None else value_range
    number = images.dtype.type
    return (np.clip(images, number(low), number(high)) - number(low)) / number(max(high - low, 1e-5))


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """A batch of images with values in [0, 1] in one image file (torchvision.utils.save_image)."""
    grid = make_grid(tensor, **kwargs).asnumpy()
    values = np.clip(grid * grid.dtype.type(255) + grid.dtype.type(0.5), 0, 255).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(values.transpose(1, 2, 0))).save(fp, format=format)


def read_image(path: Any, mode: Any = None, apply_exif_orientation: bool = False) -> Tensor:
    """An image file as a uint8 tensor, channels first (torchvision.io.read_image)."""
    with Image.open(path) as image:
        wanted = getattr(mode, "name", mode)
        names = {"GRAY": "L", "GRAY_ALPHA": "LA", "RGB": "RGB", "RGB_ALPHA": "RGBA"}
        converted = image.convert(names[wanted]) if wanted in names else image
        array = np.array(converted)
    return Tensor(np.ascontiguousarray((array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1)), mindspore.uint8)
