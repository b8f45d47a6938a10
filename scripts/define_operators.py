"""Declares torchvision's compiled operators by name, so that its Python source imports beside a torch that it was not compiled for."""

import re
from importlib.metadata import distribution
from pathlib import Path

import torch

registrations = Path(str(distribution("torchvision").locate_file("torchvision/_meta_registrations.py"))).read_text()
for name in sorted(set(re.findall(r'register_meta\("(\w+)"', registrations)) | set(re.findall(r"torchvision::(\w+)", registrations))):
    torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")
