"""safetensors.torch on MindSpore: the same files, read and written through NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import safetensors.numpy
from mindspore import Tensor


def load_safetensors(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """safetensors.torch.load_file: tensors by name."""
    return {name: Tensor(array) for name, array in safetensors.numpy.load_file(filename).items()}


def save_safetensors(tensors: Mapping[str, Tensor], filename: Any, metadata: dict[str, str] | None = None) -> None:
    """safetensors.torch.save_file."""
    safetensors.numpy.save_file({name: tensor.asnumpy() for name, tensor in tensors.items()}, filename, metadata)
