"""Every transform on PIL images, random ones several times from one seed."""

import random

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import InterpolationMode as I

base = np.add.outer(np.arange(29) * 5, np.arange(37) * 3)[..., None] + np.arange(3) * 40 + np.arange(37 * 29 * 3).reshape(29, 37, 3) * 11 % 50
picture = Image.fromarray((base % 256).astype(np.uint8))
images = {"RGB": picture, "L": picture.convert("L")}
made = {
    "resize": T.Resize(20), "resize-both": T.Resize((20, 50)), "resize-limited": T.Resize(20, max_size=22), "bicubic": T.Resize((11, 13), I.BICUBIC),
    "nearest": T.Resize((60, 70), interpolation=I.NEAREST), "lanczos": T.Resize(15, I.LANCZOS), "center": T.CenterCrop(20),
    "center-larger": T.CenterCrop((50, 20)), "pad": T.Pad((1, 2), fill=7), "reflect": T.Pad((1, 2, 3, 4), padding_mode="reflect"),
    "edge": T.Pad(2, padding_mode="edge"), "symmetric": T.Pad((1, 2), padding_mode="symmetric"), "crop": T.RandomCrop((16, 20), padding=4),
    "crop-padded": T.RandomCrop(64, pad_if_needed=True), "flip": T.RandomHorizontalFlip(), "upside": T.RandomVerticalFlip(0.3),
    "resized-crop": T.RandomResizedCrop(24), "jitter": T.ColorJitter(0.4, 0.4, 0.4, 0.1), "bright": T.ColorJitter(brightness=(0.5, 1.5)),
    "rotate": T.RandomRotation(30), "rotate-expand": T.RandomRotation((10, 80), interpolation=I.BILINEAR, expand=True),
    "affine": T.RandomAffine(20, translate=(0.2, 0.3), scale=(0.5, 1.5), shear=10), "perspective": T.RandomPerspective(p=1.0),
    "gray": T.Grayscale(3), "sometimes-gray": T.RandomGrayscale(0.6), "blur": T.GaussianBlur((3, 7), sigma=1.5), "invert": T.RandomInvert(0.9),
    "posterize": T.RandomPosterize(3, 1.0), "solarize": T.RandomSolarize(100, p=1), "sharp": T.RandomAdjustSharpness(2, p=1),
    "contrast": T.RandomAutocontrast(1.0), "equalize": T.RandomEqualize(1.0), "augment": T.RandAugment(), "trivial": T.TrivialAugmentWide(),
    "apply": T.RandomApply([T.ColorJitter(0.5, 0.5), T.CenterCrop(9)], p=0.5), "choice": T.RandomChoice([T.CenterCrop(9), T.Pad(1)]),
    "order": T.RandomOrder([T.CenterCrop(9), T.Pad(1)]), "lambda": T.Lambda(lambda img: img.rotate(90)),
}  # fmt: skip
y = {}
for name, transform in made.items():
    for mode, image in images.items():
        torch.manual_seed(5)
        random.seed(5)
        y[f"{name} {mode}"] = [T.PILToTensor()(transform(image)) for _ in range(3)]
y["five"] = [T.ToTensor()(part) for part in T.FiveCrop(12)(picture)]
y["ten"] = [T.ToTensor()(part) for part in T.TenCrop((12, 10))(picture)]
y["normal"] = T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))(T.ToTensor()(picture))
