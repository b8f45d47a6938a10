"""Transforms on image tensors, of integers and of floating-point numbers, one image and a batch."""

import random

import numpy as np
import torch
from torchvision import transforms as T
from torchvision.transforms import functional as F
from torchvision.transforms import InterpolationMode as I

values = (np.add.outer(np.arange(29) * 5, np.arange(37) * 3)[None] + np.arange(3)[:, None, None] * 40 + np.arange(3 * 29 * 37).reshape(3, 29, 37) * 11 % 50) % 256
whole = torch.from_numpy(values.astype(np.uint8))
images = {"float": whole.float() / 255, "batch": torch.stack([whole.float() / 255, whole.flip(1).float() / 255]), "bytes": whole}
exact = {
    "center": T.CenterCrop((50, 20)), "pad": T.Pad((1, 2), fill=0), "reflect": T.Pad((1, 2, 3, 4), padding_mode="reflect"),
    "crop": T.RandomCrop((16, 20), padding=4), "flip": T.RandomHorizontalFlip(), "nearest": T.Resize((60, 20), I.NEAREST),
    "gray": T.Grayscale(3), "invert": T.RandomInvert(0.9), "solarize": T.RandomSolarize(0.4, p=1), "rotate": T.RandomRotation(30),
    "convert": T.ConvertImageDtype(torch.float32), "contrast": T.RandomAutocontrast(1.0),
}  # fmt: skip
close = {
    "resize": T.Resize((20, 50)), "bicubic": T.Resize((11, 13), interpolation=I.BICUBIC), "plain": T.Resize((60, 20), antialias=False),
    "cubic-plain": T.Resize((60, 20), I.BICUBIC, antialias=False), "resized-crop": T.RandomResizedCrop(24), "jitter": T.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "affine": T.RandomAffine(20, translate=(0.2, 0.3), scale=(0.5, 1.5), shear=10, interpolation=I.BILINEAR), "blur": T.GaussianBlur(5),
    "perspective": T.RandomPerspective(0.3, p=1.0, fill=1), "sharp": T.RandomAdjustSharpness(2, p=1), "erase": T.RandomErasing(1.0),
    "erase-random": T.RandomErasing(1.0, value="random"), "normal": T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
}  # fmt: skip
y = {}
for name, transform in {**exact, **close}.items():
    for kind, image in images.items():
        if kind == "bytes" and name not in exact:
            continue
        torch.manual_seed(5)
        random.seed(5)
        y[f"{name} {kind}"] = [transform(image) for _ in range(3)]
y["posterize"] = F.posterize(whole, 3)
y["equalize"] = F.equalize(whole)
y["gamma"] = F.adjust_gamma(whole, 0.7, 1.1), F.adjust_gamma(images["float"], 2.0)
y["hue"] = F.adjust_hue(images["float"], 0.3)
y["erased"] = F.erase(images["float"], 1, 2, 3, 4, torch.zeros(1))
y["pictures"] = [np.array(F.to_pil_image(image)).tolist() for image in (whole, images["float"], whole[:1])]
