"""What does model code ask of torch around its tensors? Devices, limits of dtypes, and where checkpoints lie."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from ._common import _dtype_name


class device(str):
    """A device's name, with its ``type`` and ``index`` (torch.device); where a tensor lies is decided by the backend."""

    type: str
    index: int | None  # type: ignore[assignment]  # torch's attribute hides str.index

    def __new__(cls, type: Any = "cpu", index: int | None = None) -> Self:
        name = f"cuda:{type}" if isinstance(type, int) else str(type).lower()
        kind, _, number = name.partition(":")
        place = index if index is not None else int(number) if number else None
        made = super().__new__(cls, kind if place is None else f"{kind}:{place}")
        made.type, made.index = kind, place
        return made


def device_of(input: Any) -> device:
    """The kind of device that holds ``input`` (torch.Tensor.device), read from what the backend calls it; other objects have devices of their own."""
    own = getattr(input, "device", "")
    if isinstance(own, device):
        return own
    text = str(own).lower()
    found = next((kind for kind in ("cuda", "gpu", "tpu", "mps") if kind in text), "cpu")
    return device("cuda" if found == "gpu" else found)


class finfo:
    """Limits of a floating dtype (torch.finfo)."""

    def __init__(self, type: Any = None) -> None:
        self.dtype = _dtype_name(type)
        if self.dtype == "bfloat16":
            self.bits, self.eps, self.tiny = 16, 2.0**-7, 2.0**-126
            self.max = (2.0 - 2.0**-7) * 2.0**127
        else:
            limits: Any = np.finfo(self.dtype)
            self.bits, self.eps, self.tiny, self.max = limits.bits, float(limits.eps), float(limits.tiny), float(limits.max)
        self.min, self.smallest_normal, self.resolution = -self.max, self.tiny, 10.0 ** -int(-np.log10(self.eps))


def checkpoint_home() -> str:
    """torch.hub.get_dir: the folder that checkpoints are looked for in, ``$KERAS_CHECKPOINTS`` or one below Keras' own folder."""
    return os.environ.get("KERAS_CHECKPOINTS") or str(Path("~/.keras/checkpoints").expanduser())


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict[str, Any]:
    """torch.hub.load_state_dict_from_url, for the converted checkpoint of the file at ``url``: ``<name>.safetensors`` in ``model_dir``."""
    path = Path(model_dir or checkpoint_home()) / Path(file_name or url.rpartition("/")[2]).with_suffix(".safetensors").name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: convert the torch checkpoint {url} to it first")
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {name: _array(data, start, entry) for name, entry in header.items() if name != "__metadata__"}


def _array(data: bytes, start: int, entry: dict[str, Any]) -> Any:
    """One array of a safetensors file, whose offsets count from the end of the header."""
    kinds = {"F": "float", "I": "int", "U": "uint"}
    kind, bits = entry["dtype"][0], entry["dtype"][1:]
    first, last = entry["data_offsets"]
    dtype = "bool" if entry["dtype"] == "BOOL" else f"{kinds[kind]}{bits}"
    return np.frombuffer(data[start + first : start + last], dtype=dtype).reshape(entry["shape"])
