"""torchvision.transforms.functional: on PIL images by Pillow, as torchvision does it, and on tensors (..., channels, height, width) by arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor
from PIL import Image, ImageEnhance, ImageOps

from .image_arrays import (
    blended,
    bound_of,
    computed,
    converted,
    convolved,
    equalized,
    from_hsv,
    gaussian_kernel,
    gray,
    image_affine_grid,
    image_perspective_grid,
    inverse_affine_matrix,
    is_number,
    perspective_coefficients,
    resized,
    restored,
    rotated_size,
    to_hsv,
    warped,
)


class InterpolationMode(Enum):
    """How pixels between pixels are computed (torchvision.transforms.InterpolationMode)."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


_PILLOW_MODES = {"nearest": 0, "nearest-exact": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
_CHANNELS_OF_MODES = {
    "1": 1,
    "L": 1,
    "P": 1,
    "I": 1,
    "F": 1,
    "I;16": 1,
    "LA": 2,
    "RGB": 3,
    "HSV": 3,
    "YCbCr": 3,
    "LAB": 3,
    "RGBA": 4,
    "CMYK": 4,
}


def interpolation_name(interpolation: Any) -> str:
    """The name of an interpolation, given as the enumeration or as Pillow's number."""
    if isinstance(interpolation, InterpolationMode):
        return str(interpolation.value)
    if isinstance(interpolation, int):
        return ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")[interpolation]
    raise TypeError("interpolation should be an InterpolationMode or a Pillow constant")


def get_dimensions(img: Any) -> list[int]:
    """Channels, height and width."""
    if isinstance(img, Tensor):
        channels = 1 if img.ndim == 2 else img.shape[-3]
        return [channels, *img.shape[-2:]]
    return [_CHANNELS_OF_MODES.get(img.mode) or len(img.getbands()), img.height, img.width]


def get_image_size(img: Any) -> list[int]:
    """Width and height."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img: Any) -> int:
    """The number of channels."""
    return get_dimensions(img)[0]


def pil_to_tensor(pic: Any) -> Tensor:
    """The image's own values, channels first (torchvision's pil_to_tensor)."""
    if isinstance(pic, Tensor) or not isinstance(pic, Image.Image):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic)
    array = array if array.ndim == 3 else array[:, :, None]
    return Tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


def image_to_tensor(pic: Any) -> Tensor:
    """Channels first; 8-bit values become float32 in [0, 1] (torchvision's to_tensor)."""
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = np.ascontiguousarray((pic if pic.ndim == 3 else pic[:, :, None]).transpose(2, 0, 1))
        return Tensor(array.astype(np.float32) / np.float32(255) if array.dtype == np.uint8 else array)
    if not isinstance(pic, Image.Image):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    wide = {"I": np.int32, "I;16": np.uint16, "F": np.float32}.get(pic.mode)
    array = np.array(pic, wide or np.uint8, copy=True) if pic.mode != "1" else 255 * np.array(pic, np.uint8)
    array = array if array.ndim == 3 else array[:, :, None]
    array = np.ascontiguousarray(array.transpose(2, 0, 1))
    return Tensor(array.astype(np.float32) / np.float32(255) if wide is None else array)


def array_to_image(pic: Any) -> Tensor:
    """A PIL image, array or tensor as an image tensor, values unchanged (torchvision.transforms.v2.functional.to_image)."""
    if isinstance(pic, Tensor):
        return pic
    if isinstance(pic, np.ndarray):
        array = pic if pic.ndim == 3 else pic[:, :, None]
        return Tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))
    return pil_to_tensor(pic)


def to_pil_image(pic: Any, mode: str | None = None) -> Image.Image:
    """A PIL image of a tensor (channels first) or array (channels last); floating-point values are taken for [0, 1]."""
    if isinstance(pic, Tensor):
        array = pic.asnumpy()
        if array.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
        array = (array[None] if array.ndim == 2 else array).transpose(1, 2, 0)
        if array.dtype.kind == "f" and mode != "F":
            array = (array * array.dtype.type(255)).astype(np.uint8)
    else:
        array = pic if pic.ndim == 3 else pic[:, :, None]
    if array.shape[-1] > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {array.shape[-1]} channels.")
    if array.shape[-1] == 1:
        array = array[:, :, 0]
        expected = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}.get(str(array.dtype))
        if expected is None:
            raise TypeError(f"Input type {array.dtype} is not supported")
        image = Image.fromarray(np.ascontiguousarray(array))
        return image if mode is None or image.mode == mode else image.convert(mode) if mode == "1" else _with_mode(array, mode)
    default = {2: "LA", 3: "RGB", 4: "RGBA"}[array.shape[-1]]
    if array.dtype != np.uint8:
        raise TypeError(f"Input type {array.dtype} is not supported")
    return _with_mode(array, mode or default)


def _with_mode(array: Any, mode: str) -> Image.Image:
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), np.ascontiguousarray(array).tobytes())


def convert_image_dtype(image: Tensor, dtype: Any = mindspore.float32) -> Tensor:
    """The same image in the value range of another dtype."""
    return Tensor(converted(image.asnumpy(), str(dtype).lower()))


def image_to_dtype(inpt: Any, dtype: Any = mindspore.float32, scale: bool = False) -> Any:
    """A tensor in another dtype, with its value range where ``scale`` says so (torchvision.transforms.v2.functional.to_dtype)."""
    if not isinstance(inpt, Tensor):
        return inpt
    return convert_image_dtype(inpt, dtype) if scale else inpt.astype(dtype)


def image_normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """Each channel less its mean, by its standard deviation."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    array = tensor.asnumpy()
    if array.dtype.kind != "f":
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if array.ndim < 3:
        raise ValueError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.shape}")
    middle, spread = (np.asarray(value.asnumpy() if isinstance(value, Tensor) else value, array.dtype) for value in (mean, std))
    if (spread == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    middle, spread = (value.reshape(-1, 1, 1) if value.ndim == 1 else value for value in (middle, spread))
    result = Tensor((array - middle) / spread)
    if inplace:
        tensor[...] = result
        return tensor
    return result


def output_size(height: int, width: int, size: Any, max_size: int | None = None) -> tuple[int, int]:
    """Height and width that ``size`` asks for: one number is the shorter edge."""
    if isinstance(size, (list, tuple)) and len(size) == 2:
        return int(size[0]), int(size[1])
    short, long = min(height, width), max(height, width)
    if size is None:
        new_short, new_long = int((max_size or 0) * short / long), max_size or 0
    else:
        new_short = int(size[0]) if isinstance(size, (list, tuple)) else int(size)
        if max_size is not None and max_size <= new_short:
            raise ValueError(f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {size}")
        new_long = int(new_short * long / short)
        if max_size is not None and new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def image_resize(
    img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None, antialias: Any = True
) -> Any:
    """An image in another size; one number is the length of the shorter edge."""
    name = interpolation_name(interpolation)
    _, height, width = get_dimensions(img)
    new_height, new_width = output_size(height, width, size, max_size)
    if (new_height, new_width) == (height, width):
        return img
    if isinstance(img, Tensor):
        return Tensor(resized(img.asnumpy(), new_height, new_width, name, bool(antialias) and name in ("bilinear", "bicubic")))
    return img.resize((new_width, new_height), _PILLOW_MODES[name])


def _four(padding: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom."""
    values = (padding,) if isinstance(padding, int) else tuple(padding)
    if len(values) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(values)} element tuple")
    left, top, right, bottom = values * (4 // len(values))
    return left, top, right, bottom


def image_pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """An image with a border of one colour, or mirrored or repeated pixels; a negative width crops."""
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = _four(padding)
    if isinstance(img, Tensor):
        return Tensor(_padded(img.asnumpy(), (left, top, right, bottom), fill, padding_mode, (-2, -1)))
    if padding_mode == "constant":
        palette = img.getpalette() if img.mode == "P" else None
        result = ImageOps.expand(img, border=(left, top, right, bottom), fill=_color(fill, img))
        if palette:
            result.putpalette(palette)
        return result
    result = Image.fromarray(_padded(np.asarray(img), (left, top, right, bottom), 0, padding_mode, (0, 1)))
    if img.mode == "P":
        result.putpalette(img.getpalette())
    return result


def _padded(array: Any, padding: tuple[int, int, int, int], fill: Any, mode: Any, axes: tuple[int, int]) -> Any:
    left, top, right, bottom = padding
    widths, crops = [(0, 0)] * array.ndim, [slice(None)] * array.ndim
    for axis, before, after in ((axes[0], top, bottom), (axes[1], left, right)):
        widths[axis] = (max(before, 0), max(after, 0))
        crops[axis] = slice(max(-before, 0), array.shape[axis] - max(-after, 0))
    array = array[tuple(crops)]
    if mode != "constant":
        return np.pad(array, widths, mode)
    if isinstance(fill, (list, tuple)) and len(fill) > 1:
        parts = [np.pad(array[..., i : i + 1, :, :], widths, constant_values=color) for i, color in enumerate(fill)]
        return np.concatenate(parts, -3)
    value = fill[0] if isinstance(fill, (list, tuple)) else fill
    return np.pad(array, widths, constant_values=0 if value is None else value)


def _color(fill: Any, img: Image.Image) -> Any:
    """A fill colour as Pillow wants it for this image."""
    channels = get_image_num_channels(img)
    fill = 0 if fill is None else fill
    if is_number(fill) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, (list, tuple)):
        fill = tuple(fill) * (channels if len(fill) == 1 else 1)
        if len(fill) != channels:
            raise ValueError(
                f"The number of elements in 'fill' does not match the number of channels of the image ({len(fill)} != {channels})"
            )
        return fill if img.mode == "F" else tuple(int(value) for value in fill)
    return fill if img.mode == "F" else int(fill)


def image_crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The given box; what lies outside of the image is black."""
    if not isinstance(img, Tensor):
        return img.crop((left, top, left + width, top + height))
    _, full_height, full_width = get_dimensions(img)
    inside = img.asnumpy()[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    over = (max(-left, 0), max(-top, 0), max(left + width - full_width, 0), max(top + height - full_height, 0))
    return Tensor(_padded(inside, over, 0, "constant", (-2, -1)))


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle of an image, with a black border where it is too small."""
    size = (int(output_size),) * 2 if is_number(output_size) else tuple(output_size) * (2 // len(output_size))
    _, height, width = get_dimensions(img)
    if size[1] > width or size[0] > height:
        across, down = max(size[1] - width, 0), max(size[0] - height, 0)
        img = image_pad(img, (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2), fill=0)
        _, height, width = get_dimensions(img)
        if (height, width) == size:
            return img
    top, left = round((height - size[0]) / 2.0), round((width - size[1]) / 2.0)
    return image_crop(img, top, left, size[0], size[1])


def resized_crop(img: Any, top: int, left: int, height: int, width: int, size: Any, interpolation: Any = InterpolationMode.BILINEAR,
                 antialias: Any = True) -> Any:  # fmt: skip
    """A box of the image in another size."""
    return image_resize(image_crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def horizontal_flip(img: Any) -> Any:
    """Left and right exchanged."""
    return (
        Tensor(np.ascontiguousarray(img.asnumpy()[..., ::-1]))
        if isinstance(img, Tensor)
        else img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    )


def vertical_flip(img: Any) -> Any:
    """Top and bottom exchanged."""
    return (
        Tensor(np.ascontiguousarray(img.asnumpy()[..., ::-1, :]))
        if isinstance(img, Tensor)
        else img.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    )


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle."""
    size = (int(size),) * 2 if is_number(size) else tuple(size) * (2 // len(size))
    _, height, width = get_dimensions(img)
    if size[1] > width or size[0] > height:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(height, width)}")
    boxes = [(0, 0), (0, width - size[1]), (height - size[0], 0), (height - size[0], width - size[1])]
    return (*(image_crop(img, top, left, *size) for top, left in boxes), center_crop(img, list(size)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """``five_crop`` of the image and of its mirror image."""
    mirrored = flip_image(img, vertical_flip)
    return five_crop(img, size) + five_crop(mirrored, size)


def flip_image(img: Any, vertically: bool) -> Any:
    """One of the two flips."""
    return vertical_flip(img) if vertically else horizontal_flip(img)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image itself."""
    if not isinstance(img, Tensor):
        return ImageEnhance.Brightness(img).enhance(brightness_factor)
    array = img.asnumpy()
    return Tensor(blended(array, np.zeros_like(array), brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is uniformly gray, 1 the image itself."""
    if not isinstance(img, Tensor):
        return ImageEnhance.Contrast(img).enhance(contrast_factor)
    array = img.asnumpy()
    mean = computed(gray(array) if array.shape[-3] == 3 else array).mean((-3, -2, -1), keepdims=True)
    return Tensor(blended(array, mean, contrast_factor))


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is black and white, 1 the image itself."""
    if not isinstance(img, Tensor):
        return ImageEnhance.Color(img).enhance(saturation_factor)
    array = img.asnumpy()
    return img if array.shape[-3] == 1 else Tensor(blended(array, gray(array), saturation_factor))


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The hue moved by a part of the circle, from -0.5 to 0.5."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if isinstance(img, Tensor):
        array = img.asnumpy()
        if array.shape[-3] == 1:
            return img
        colors = to_hsv(converted(array, np.float32))
        colors[..., 0, :, :] = (colors[..., 0, :, :] + np.float32(hue_factor)) % np.float32(1)
        return Tensor(converted(from_hsv(colors), array.dtype))
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    moved = np.array(hue, np.uint8) + np.int32(hue_factor * 255).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(moved), saturation, value)).convert(img.mode)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """``gain * value ** gamma``."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if isinstance(img, Tensor):
        array = img.asnumpy()
        values = array if array.dtype.kind == "f" else converted(array, np.float32)
        return Tensor(converted(np.clip(values.dtype.type(gain) * values ** values.dtype.type(gamma), 0, 1), array.dtype))
    table = [int((255 + 1 - 1e-3) * gain * pow(value / 255.0, gamma)) for value in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Luminance, as one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if isinstance(img, Tensor):
        array = gray(img.asnumpy())
        return Tensor(np.repeat(array, img.shape[-3], -3) if num_output_channels == 3 else array)
    one = img.convert("L")
    return one if num_output_channels == 1 else Image.merge("RGB", (one, one, one))


def grayscale_to_rgb(img: Any) -> Any:
    """Three equal channels of one; colours as they are (torchvision.transforms.v2.functional.grayscale_to_rgb)."""
    if not isinstance(img, Tensor):
        return img.convert("RGB")
    return img if img.shape[-3] >= 3 else Tensor(np.repeat(img.asnumpy(), 3, -3))


def image_invert(img: Any) -> Any:
    """The negative."""
    if not isinstance(img, Tensor):
        return ImageOps.invert(img)
    array = img.asnumpy()
    return Tensor((array.dtype.type(bound_of(array.dtype)) - array).astype(array.dtype))


def posterize(img: Any, bits: int) -> Any:
    """The ``bits`` highest bits of each channel."""
    return Tensor(img.asnumpy() & np.uint8(256 - 2 ** (8 - bits))) if isinstance(img, Tensor) else ImageOps.posterize(img, bits)


def solarize(img: Any, threshold: float) -> Any:
    """Values from ``threshold`` on inverted."""
    if not isinstance(img, Tensor):
        return ImageOps.solarize(img, threshold)  # type: ignore[arg-type]  # as torchvision
    array = img.asnumpy()
    return Tensor(np.where(array >= threshold, image_invert(img).asnumpy(), array))


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """0 is blurred, 1 the image itself."""
    if not isinstance(img, Tensor):
        return ImageEnhance.Sharpness(img).enhance(sharpness_factor)
    array = img.asnumpy()
    if min(array.shape[-2:]) <= 2:
        return img
    kernel = np.asarray([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / np.float32(13)
    blurred = array.copy()
    blurred[..., 1:-1, 1:-1] = restored(convolved(computed(array), kernel), array.dtype)
    return Tensor(blended(array, blurred, sharpness_factor))


def autocontrast(img: Any) -> Any:
    """Each channel stretched to the whole range."""
    if not isinstance(img, Tensor):
        return ImageOps.autocontrast(img)
    array = img.asnumpy()
    values = computed(array)
    low, high = values.min((-2, -1), keepdims=True), values.max((-2, -1), keepdims=True)
    flat = low == high
    scale = np.where(flat, 1, bound_of(array.dtype) / np.where(flat, 1, high - low)).astype(values.dtype)
    return Tensor(np.clip((values - np.where(flat, 0, low)) * scale, 0, bound_of(array.dtype)).astype(array.dtype))


def equalize(img: Any) -> Any:
    """Each channel with an even histogram."""
    if not isinstance(img, Tensor):
        return ImageOps.equalize(img)
    array = img.asnumpy()
    channels = [equalized(channel) for channel in array.reshape(-1, *array.shape[-2:])]
    return Tensor(np.stack(channels).reshape(array.shape))


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Blurred with a Gaussian; ``sigma`` follows from the kernel's size where it is not given."""
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size) * (2 // len(kernel_size))
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    sigmas: Any = [size * 0.15 + 0.35 for size in sizes] if sigma is None else sigma
    sigmas = [float(sigmas)] * 2 if is_number(sigmas) else list(sigmas) * (2 // len(sigmas))
    tensor = img if isinstance(img, Tensor) else pil_to_tensor(img)
    array = tensor.asnumpy()
    across, down = (gaussian_kernel(size, spread) for size, spread in zip(sizes, sigmas, strict=True))
    padded = _padded(computed(array), (sizes[0] // 2, sizes[1] // 2, sizes[0] // 2, sizes[1] // 2), 0, "reflect", (-2, -1))
    result = Tensor(restored(convolved(padded, np.outer(down, across)), array.dtype))
    return result if isinstance(img, Tensor) else to_pil_image(result, mode=img.mode)


def image_rotate(img: Any, angle: float, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False, center: Any = None,
           fill: Any = None) -> Any:  # fmt: skip
    """Turned counter-clockwise, by degrees."""
    name = interpolation_name(interpolation)
    if not isinstance(img, Tensor):
        return img.rotate(angle, _PILLOW_MODES[name], expand, center, fillcolor=_color(fill, img))
    _, height, width = get_dimensions(img)
    middle = [0.0, 0.0] if center is None else [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine_matrix(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    size = rotated_size(matrix, height, width) if expand else (height, width)
    return _warp(img, image_affine_grid(matrix, (height, width), size), name, fill)


def _warp(img: Tensor, grid: Any, name: str, fill: Any) -> Tensor:
    if name not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{name}' is unsupported with Tensor input")
    return Tensor(warped(img.asnumpy(), grid, name, fill))


def image_affine(img: Any, angle: float, translate: Sequence[float], scale: float, shear: Any, interpolation: Any = InterpolationMode.NEAREST,
           fill: Any = None, center: Any = None) -> Any:  # fmt: skip
    """Turned clockwise by degrees, scaled, sheared and moved."""
    if scale <= 0:
        raise ValueError("Argument scale should be positive")
    shear = [shear, 0.0] if is_number(shear) else [shear[0], shear[0]] if len(shear) == 1 else list(shear)
    name = interpolation_name(interpolation)
    _, height, width = get_dimensions(img)
    if not isinstance(img, Tensor):
        middle = [width * 0.5, height * 0.5] if center is None else list(center)
        matrix = inverse_affine_matrix(middle, angle, translate, scale, shear)
        return img.transform(img.size, Image.Transform.AFFINE, matrix, _PILLOW_MODES[name], fillcolor=_color(fill, img))
    middle = [0.0, 0.0] if center is None else [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine_matrix(middle, angle, translate, scale, shear)
    return _warp(img, image_affine_grid(matrix, (height, width), (height, width)), name, fill)


def image_perspective(img: Any, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None) -> Any:
    """Seen from elsewhere: the corners ``startpoints`` moved to ``endpoints``."""
    coefficients = perspective_coefficients(startpoints, endpoints)
    name = interpolation_name(interpolation)
    if not isinstance(img, Tensor):
        return img.transform(img.size, Image.Transform.PERSPECTIVE, coefficients, _PILLOW_MODES[name], fillcolor=_color(fill, img))
    _, height, width = get_dimensions(img)
    return _warp(img, image_perspective_grid(coefficients, (height, width)), name, fill)


def image_erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """The box overwritten with ``v``."""
    array = img.asnumpy().copy()
    array[..., i : i + h, j : j + w] = v.asnumpy() if isinstance(v, Tensor) else v
    if inplace:
        img[...] = Tensor(array)
        return img
    return Tensor(array)
