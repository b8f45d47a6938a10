"""torchvision.transforms as classes: plain Python on PIL images and image tensors, drawing at random what torch would draw."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor

from .data_random import draw_integers, draw_normal, draw_permutation, draw_uniform
from .image_arrays import is_number
from .image_functional import (
    InterpolationMode,
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    array_to_image,
    autocontrast,
    center_crop,
    convert_image_dtype,
    equalize,
    five_crop,
    gaussian_blur,
    get_dimensions,
    horizontal_flip,
    image_affine,
    image_crop,
    image_erase,
    image_invert,
    image_normalize,
    image_pad,
    image_perspective,
    image_resize,
    image_rotate,
    image_to_dtype,
    image_to_tensor,
    pil_to_tensor,
    posterize,
    resized_crop,
    rgb_to_grayscale,
    solarize,
    ten_crop,
    to_pil_image,
    vertical_flip,
)


def chance(p: float) -> bool:
    """True with probability ``p``."""
    return bool(draw_uniform(None, 1)[0] < p)


def uniform_number(low: float, high: float) -> float:
    """A number from [low, high), as torch draws it into a float32 tensor."""
    return float(draw_uniform(None, 1, low, high)[0])


def _size_pair(size: Any) -> tuple[int, int]:
    if is_number(size):
        return int(size), int(size)
    if len(size) == 1:
        return int(size[0]), int(size[0])
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return int(size[0]), int(size[1])


def _degree_range(value: Any, name: str, lengths: Sequence[int]) -> list[float]:
    if is_number(value):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    if len(value) not in lengths:
        raise ValueError(f"{name} should be a sequence of length {' or '.join(map(str, lengths))}.")
    return [float(number) for number in value]


def _channel_fill(fill: Any, img: Any) -> Any:
    """A colour for tensors is one number per channel."""
    if not isinstance(img, Tensor) or fill is None:
        return fill
    return [float(fill)] * get_dimensions(img)[0] if is_number(fill) else [float(value) for value in fill]


class ImageTransform:
    """A transform of an image: calling it calls ``forward``."""

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def forward(self, img: Any) -> Any:
        """The transformed image."""
        raise NotImplementedError

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"{type(self).__name__}({shown})"

    def eval(self) -> Any:
        """Transforms have no modes."""
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Transforms lie on no device."""
        return self


class Compose:
    """Transforms one after the other (torchvision.transforms.Compose)."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = transforms

    def __call__(self, *img: Any) -> Any:
        result: Any = img if len(img) > 1 else img[0]
        for transform in self.transforms:
            result = transform(*result) if len(img) > 1 else transform(result)
        return result

    def __repr__(self) -> str:
        lines = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}({lines}\n)"


class ToTensor(ImageTransform):
    """Channels first; 8-bit values become float32 in [0, 1]."""

    def forward(self, pic: Any) -> Tensor:
        """The image as a tensor."""
        return image_to_tensor(pic)


class PILToTensor(ImageTransform):
    """Channels first, values as they are."""

    def forward(self, pic: Any) -> Tensor:
        """The image as a tensor."""
        return pil_to_tensor(pic)


class ToImage(ImageTransform):
    """An image tensor, values as they are (torchvision.transforms.v2.ToImage)."""

    def forward(self, inpt: Any) -> Tensor:
        """The image as a tensor."""
        return array_to_image(inpt)


class IdentityTransform(ImageTransform):
    """The image as it is (torchvision.transforms.v2.Identity, ToPureTensor)."""

    def forward(self, img: Any) -> Any:
        """The image."""
        return img


class ToPILImage(ImageTransform):
    """A PIL image."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def forward(self, pic: Any) -> Any:
        """The tensor or array as an image."""
        return to_pil_image(pic, self.mode)


class ConvertImageDtype(ImageTransform):
    """Another dtype and its value range."""

    def __init__(self, dtype: Any = mindspore.float32) -> None:
        self.dtype = dtype

    def forward(self, image: Any) -> Tensor:
        """The image in the dtype."""
        return convert_image_dtype(image, self.dtype)


class ToDtype(ImageTransform):
    """Another dtype, with its value range where ``scale`` says so (torchvision.transforms.v2.ToDtype)."""

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        if isinstance(dtype, Mapping):
            raise TypeError("One dtype for all inputs is supported, not a dictionary")
        self.dtype = dtype
        self.scale = scale

    def forward(self, inpt: Any) -> Any:
        """The image in the dtype."""
        return image_to_dtype(inpt, self.dtype, self.scale)


class Normalize(ImageTransform):
    """Each channel less its mean, by its standard deviation."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Any) -> Tensor:
        """The normalised image."""
        return image_normalize(tensor, self.mean, self.std, self.inplace)


class Resize(ImageTransform):
    """Another size; one number is the length of the shorter edge."""

    def __init__(
        self, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None, antialias: bool | None = True
    ) -> None:
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        """The resized image."""
        return image_resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(ImageTransform):
    """The middle."""

    def __init__(self, size: Any) -> None:
        self.size = _size_pair(size)

    def forward(self, img: Any) -> Any:
        """The cropped image."""
        return center_crop(img, self.size)


class Pad(ImageTransform):
    """A border."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        """The padded image."""
        return image_pad(img, self.padding, self.fill, self.padding_mode)


class Lambda:
    """A function of the user's."""

    def __init__(self, lambd: Callable[..., Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(ImageTransform):
    """All of the transforms, or none."""

    def __init__(self, transforms: Sequence[Callable[..., Any]], p: float = 0.5) -> None:
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, transformed or not."""
        if self.p < draw_uniform(None, 1)[0]:
            return img
        for transform in self.transforms:
            img = transform(img)
        return img


class RandomOrder(ImageTransform):
    """All of the transforms, in random order."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = transforms

    def forward(self, img: Any) -> Any:
        """The transformed image."""
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for index in order:
            img = self.transforms[index](img)
        return img


class RandomChoice(ImageTransform):
    """One of the transforms."""

    def __init__(self, transforms: Sequence[Callable[..., Any]], p: Sequence[float] | None = None) -> None:
        self.transforms = transforms
        self.p = p

    def forward(self, *args: Any) -> Any:
        """The transformed image."""
        return random.choices(self.transforms, weights=self.p)[0](*args)


class RandomCrop(ImageTransform):
    """A box of the given size, somewhere."""

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of the box."""
        _, height, width = get_dimensions(img)
        wanted_height, wanted_width = output_size
        if height < wanted_height or width < wanted_width:
            raise ValueError(f"Required crop size {(wanted_height, wanted_width)} is larger than input image size {(height, width)}")
        if (width, height) == (wanted_width, wanted_height):
            return 0, 0, height, width
        top = draw_integers(None, 0, height - wanted_height + 1, 1)[0]
        left = draw_integers(None, 0, width - wanted_width + 1, 1)[0]
        return top, left, wanted_height, wanted_width

    def __init__(self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.size = _size_pair(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        """The cropped image."""
        if self.padding is not None:
            img = image_pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = image_pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = image_pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return image_crop(img, *self.get_params(img, self.size))


class _WithProbability(ImageTransform):
    """A transform that happens with probability ``p``."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, transformed or not."""
        return self._changed(img) if chance(self.p) else img

    def _changed(self, img: Any) -> Any:
        raise NotImplementedError


class RandomHorizontalFlip(_WithProbability):
    """Left and right exchanged, sometimes."""

    def _changed(self, img: Any) -> Any:
        return horizontal_flip(img)


class RandomVerticalFlip(_WithProbability):
    """Top and bottom exchanged, sometimes."""

    def _changed(self, img: Any) -> Any:
        return vertical_flip(img)


class RandomInvert(_WithProbability):
    """The negative, sometimes."""

    def _changed(self, img: Any) -> Any:
        return image_invert(img)


class RandomAutocontrast(_WithProbability):
    """Stretched to the whole range, sometimes."""

    def _changed(self, img: Any) -> Any:
        return autocontrast(img)


class RandomEqualize(_WithProbability):
    """An even histogram, sometimes."""

    def _changed(self, img: Any) -> Any:
        return equalize(img)


class RandomPosterize(_WithProbability):
    """Fewer bits, sometimes."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _changed(self, img: Any) -> Any:
        return posterize(img, self.bits)


class RandomSolarize(_WithProbability):
    """Bright values inverted, sometimes."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _changed(self, img: Any) -> Any:
        return solarize(img, self.threshold)


class RandomAdjustSharpness(_WithProbability):
    """Sharper or blurred, sometimes."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _changed(self, img: Any) -> Any:
        return adjust_sharpness(img, self.sharpness_factor)


class RandomGrayscale(_WithProbability):
    """Black and white, sometimes, with the same number of channels."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def _changed(self, img: Any) -> Any:
        return rgb_to_grayscale(img, get_dimensions(img)[0])


class Grayscale(ImageTransform):
    """Black and white."""

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        """The gray image."""
        return rgb_to_grayscale(img, self.num_output_channels)


class RandomPerspective(ImageTransform):
    """Seen from elsewhere, sometimes."""

    def __init__(
        self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = 0
    ) -> None:
        self.p = p
        self.interpolation = interpolation
        self.distortion_scale = distortion_scale
        self.fill = 0 if fill is None else fill

    def forward(self, img: Any) -> Any:
        """The image, transformed or not."""
        fill = _channel_fill(self.fill, img)
        if not chance(self.p):
            return img
        _, height, width = get_dimensions(img)
        return image_perspective(img, *self.get_params(width, height, self.distortion_scale), self.interpolation, fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners before and after."""
        across, down = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))
        near_x, far_x = (0, across + 1), (width - across - 1, width)
        near_y, far_y = (0, down + 1), (height - down - 1, height)
        ranges = [(near_x, near_y), (far_x, near_y), (far_x, far_y), (near_x, far_y)]
        ends = [[draw_integers(None, *x, 1)[0], draw_integers(None, *y, 1)[0]] for x, y in ranges]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], ends


def _random_box(area: float, scale: Sequence[float], ratio: Sequence[float]) -> tuple[float, float]:
    """An area and an aspect ratio, as RandomResizedCrop and RandomErasing draw them."""
    low, high = (float(value) for value in np.log(np.asarray(ratio, np.float32)))
    wanted = area * uniform_number(scale[0], scale[1])
    return wanted, float(np.exp(np.float32(uniform_number(low, high))))


class RandomResizedCrop(ImageTransform):
    """A box of random area and aspect ratio, in the given size."""

    def __init__(
        self, size: Any, scale: Sequence[float] = (0.08, 1.0), ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        self.size = _size_pair(size)
        self.interpolation = interpolation
        self.antialias = antialias
        self.scale = scale
        self.ratio = ratio

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """Top, left, height and width of the box."""
        _, height, width = get_dimensions(img)
        for _ in range(10):
            area, aspect = _random_box(height * width, scale, ratio)
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return draw_integers(None, 0, height - h + 1, 1)[0], draw_integers(None, 0, width - w + 1, 1)[0], h, w
        own = width / height
        w, h = width, height
        if own < min(ratio):
            h = round(w / min(ratio))
        elif own > max(ratio):
            w = round(h * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        """The cropped image."""
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        return resized_crop(img, top, left, height, width, self.size, self.interpolation, self.antialias)


class FiveCrop(ImageTransform):
    """The four corners and the middle."""

    def __init__(self, size: Any) -> None:
        self.size = _size_pair(size)

    def forward(self, img: Any) -> Any:
        """The five images."""
        return five_crop(img, self.size)


class TenCrop(ImageTransform):
    """The five crops of the image and of its mirror image."""

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        self.size = _size_pair(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> Any:
        """The ten images."""
        return ten_crop(img, self.size, self.vertical_flip)


class LinearTransformation(ImageTransform):
    """The flattened image less a mean, times a matrix."""

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        """The transformed image."""
        array, matrix = tensor.asnumpy(), self.transformation_matrix.asnumpy()
        flat = array.reshape(-1, matrix.shape[0]) - self.mean_vector.asnumpy()
        return Tensor((flat @ matrix).reshape(array.shape))


class ColorJitter(ImageTransform):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        self.brightness = self._range(brightness, "brightness")
        self.contrast = self._range(contrast, "contrast")
        self.saturation = self._range(saturation, "saturation")
        self.hue = self._range(hue, "hue", 0.0, (-0.5, 0.5))

    @staticmethod
    def _range(value: Any, name: str, center: float = 1.0, bounds: tuple[float, float] = (0.0, math.inf)) -> tuple[float, float] | None:
        if is_number(value):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            low, high = center - float(value), center + float(value)
            low = max(low, 0.0) if name != "hue" else low
        else:
            low, high = float(value[0]), float(value[1])
        if not bounds[0] <= low <= high <= bounds[1]:
            raise ValueError(f"{name} values should be between {bounds}, but got {(low, high)}.")
        return None if low == high == center else (low, high)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """The order, and the four factors."""
        order = Tensor(draw_permutation(None, 4), mindspore.int64)
        return (order, *(None if r is None else uniform_number(*r) for r in (brightness, contrast, saturation, hue)))

    def forward(self, img: Any) -> Any:
        """The changed image."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
        for index in order.asnumpy():
            if factors[index] is not None:
                img = changes[index](img, factors[index])
        return img


class RandomRotation(ImageTransform):
    """Turned by a random angle."""

    def __init__(self, degrees: Any, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False, center: Any = None,
                 fill: Any = 0) -> None:  # fmt: skip
        self.degrees = _degree_range(degrees, "degrees", (2,))
        self.interpolation = interpolation
        self.expand = expand
        self.center = center
        self.fill = 0 if fill is None else fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """The angle."""
        return uniform_number(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        """The turned image."""
        fill = _channel_fill(self.fill, img)
        return image_rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, fill)


class RandomAffine(ImageTransform):
    """Turned, moved, scaled and sheared at random."""

    def __init__(
        self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None, interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0, center: Any = None,
    ) -> None:  # fmt: skip
        self.degrees = _degree_range(degrees, "degrees", (2,))
        if translate is not None and not all(0.0 <= value <= 1.0 for value in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(value > 0 for value in scale):
            raise ValueError("scale values should be positive")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else _degree_range(shear, "shear", (2, 4))
        self.interpolation = interpolation
        self.fill = 0 if fill is None else fill
        self.center = center

    @staticmethod
    def get_params(degrees: Any, translate: Any, scale_ranges: Any, shears: Any, img_size: Sequence[int]) -> tuple[Any, ...]:
        """Angle, translation, scale and shear."""
        angle = uniform_number(degrees[0], degrees[1])
        moved = (0, 0)
        if translate is not None:
            across, down = float(translate[0] * img_size[0]), float(translate[1] * img_size[1])
            moved = (round(uniform_number(-across, across)), round(uniform_number(-down, down)))
        scale = 1.0 if scale_ranges is None else uniform_number(scale_ranges[0], scale_ranges[1])
        shear_x = 0.0 if shears is None else uniform_number(shears[0], shears[1])
        shear_y = uniform_number(shears[2], shears[3]) if shears is not None and len(shears) == 4 else 0.0
        return angle, moved, scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        """The transformed image."""
        _, height, width = get_dimensions(img)
        angle, moved, scale, shear = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return image_affine(img, angle, moved, scale, shear, self.interpolation, _channel_fill(self.fill, img), self.center)


class RandomErasing(ImageTransform):
    """A box overwritten, sometimes."""

    def __init__(
        self, p: float = 0.5, scale: Sequence[float] = (0.02, 0.33), ratio: Sequence[float] = (0.3, 3.3), value: Any = 0,
        inplace: bool = False,
    ) -> None:  # fmt: skip
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(img: Tensor, scale: Any, ratio: Any, value: Any = None) -> tuple[Any, ...]:
        """Top, left, height and width of the box, and what is written into it."""
        channels, height, width = img.shape[-3:]
        for _ in range(10):
            area, aspect = _random_box(height * width, scale, ratio)
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if not (h < height and w < width):
                continue
            if value is None:
                filling = draw_normal(None, channels * h * w).reshape(channels, h, w)
            else:
                filling = np.asarray(value, np.float32)[:, None, None]
            top, left = draw_integers(None, 0, height - h + 1, 1)[0], draw_integers(None, 0, width - w + 1, 1)[0]
            return top, left, h, w, Tensor(filling)
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        """The image, with or without the box."""
        if not chance(self.p):
            return img
        value = None if isinstance(self.value, str) else [self.value] if is_number(self.value) else list(self.value)
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(f"If value is a sequence, it should have either a single value or {img.shape[-3]} values")
        top, left, height, width, filling = self.get_params(img, self.scale, self.ratio, value)
        result: Tensor = image_erase(img, top, left, height, width, filling, self.inplace)
        return result


class GaussianBlur(ImageTransform):
    """Blurred with a Gaussian of random width."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        self.kernel_size = _size_pair(kernel_size)
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = (sigma, sigma) if is_number(sigma) else tuple(sigma)
        if not 0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """The width."""
        return uniform_number(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        """The blurred image."""
        sigma = self.get_params(float(self.sigma[0]), float(self.sigma[1]))
        return gaussian_blur(img, self.kernel_size, [sigma, sigma])


def _augmented(img: Any, name: str, magnitude: float, interpolation: Any, fill: Any) -> Any:
    """One of the changes that RandAugment and its kin choose from."""
    shear = math.degrees(math.atan(magnitude))
    geometric = {
        "ShearX": ((0, 0), (shear, 0.0), (0, 0)),
        "ShearY": ((0, 0), (0.0, shear), (0, 0)),
        "TranslateX": ((int(magnitude), 0), (0.0, 0.0), None),
        "TranslateY": ((0, int(magnitude)), (0.0, 0.0), None),
    }
    if name in geometric:
        moved, sheared, center = geometric[name]
        return image_affine(img, 0.0, list(moved), 1.0, list(sheared), interpolation, fill, None if center is None else list(center))
    if name == "Rotate":
        return image_rotate(img, magnitude, interpolation, fill=fill)
    scaled = {"Brightness": adjust_brightness, "Color": adjust_saturation, "Contrast": adjust_contrast, "Sharpness": adjust_sharpness}
    if name in scaled:
        return scaled[name](img, 1.0 + magnitude)
    if name == "Posterize":
        return posterize(img, int(magnitude))
    if name == "Solarize":
        return solarize(img, magnitude)
    plain: Mapping[str, Callable[[Any], Any]] = {"AutoContrast": autocontrast, "Equalize": equalize, "Invert": image_invert}
    return plain[name](img) if name in plain else img


def _magnitudes(
    bins: int, shear: float, moved: tuple[float, float], degrees: float, factor: float, bits: int
) -> dict[str, tuple[Any, bool]]:
    """What can be chosen: by name the magnitudes (None where there is but one) and whether they have a sign."""

    def steps(high: float) -> Any:
        return np.linspace(0.0, high, bins, dtype=np.float32)

    return {
        "Identity": (None, False), "ShearX": (steps(shear), True), "ShearY": (steps(shear), True), "TranslateX": (steps(moved[0]), True),
        "TranslateY": (steps(moved[1]), True), "Rotate": (steps(degrees), True), "Brightness": (steps(factor), True),
        "Color": (steps(factor), True), "Contrast": (steps(factor), True), "Sharpness": (steps(factor), True),
        "Posterize": (8 - np.round(np.arange(bins) / ((bins - 1) / bits)), False), "Solarize": (steps(255.0)[::-1], False),
        "AutoContrast": (None, False), "Equalize": (None, False),
    }  # fmt: skip


class RandAugment(ImageTransform):
    """``num_ops`` changes of one magnitude, chosen at random (Cubuk et al., 2019)."""

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:  # fmt: skip
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        """The changed image."""
        fill = _channel_fill(self.fill, img)
        _, height, width = get_dimensions(img)
        choices = _magnitudes(self.num_magnitude_bins, 0.3, (150.0 / 331.0 * width, 150.0 / 331.0 * height), 30.0, 0.9, 4)
        for _ in range(self.num_ops):
            name = list(choices)[draw_integers(None, 0, len(choices), 1)[0]]
            magnitudes, signed = choices[name]
            magnitude = 0.0 if magnitudes is None else float(magnitudes[self.magnitude])
            if signed and draw_integers(None, 0, 2, 1)[0]:
                magnitude = -magnitude
            img = _augmented(img, name, magnitude, self.interpolation, fill)
        return img


class TrivialAugmentWide(ImageTransform):
    """One change of random magnitude (Müller and Hutter, 2021)."""

    def __init__(self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST, fill: Any = None) -> None:
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        """The changed image."""
        fill = _channel_fill(self.fill, img)
        choices = _magnitudes(self.num_magnitude_bins, 0.99, (32.0, 32.0), 135.0, 0.99, 6)
        name = list(choices)[draw_integers(None, 0, len(choices), 1)[0]]
        magnitudes, signed = choices[name]
        magnitude = 0.0 if magnitudes is None else float(magnitudes[draw_integers(None, 0, len(magnitudes), 1)[0]])
        if signed and draw_integers(None, 0, 2, 1)[0]:
            magnitude = -magnitude
        return _augmented(img, name, magnitude, self.interpolation, fill)
