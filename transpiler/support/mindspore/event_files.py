"""torch.utils.tensorboard.SummaryWriter: event files that TensorBoard reads, written without it.

An event file is a sequence of records (length, data, masked CRC-32C of both), the data being protocol buffers of a few fields, which are encoded
here.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from mindspore import Tensor
from PIL import Image


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def _field(number: int, value: Any) -> bytes:
    """One field of a message: bytes and text by length, floating-point numbers as doubles, integers as varints."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    return _varint(number << 3) + _varint(value)


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


def _masked_crc(data: bytes, table: list[int]) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _to_array(values: Any) -> np.ndarray[Any, Any]:
    return values.asnumpy() if isinstance(values, Tensor) else np.asarray(values)


class SummaryWriter:
    """Scalars, text, images and histograms for TensorBoard (torch.utils.tensorboard.SummaryWriter)."""

    def __init__(
        self, log_dir: Any = None, comment: str = "", purge_step: int | None = None, max_queue: int = 10, flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        moment = time.strftime("%b%d_%H-%M-%S")
        self.log_dir = str(log_dir) if log_dir else os.path.join("runs", f"{moment}_{socket.gethostname()}{comment}")
        self.purge_step = purge_step
        self.filename_suffix = filename_suffix
        self._table = _crc_table()
        self._files: dict[str, Any] = {}
        self._open(self.log_dir)

    def get_logdir(self) -> str:
        """Where the files are."""
        return self.log_dir

    def _open(self, folder: str) -> Any:
        if folder not in self._files:
            Path(folder).mkdir(parents=True, exist_ok=True)
            name = (
                f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{len(self._files)}{self.filename_suffix}"
            )
            self._files[folder] = Path(folder, name).open("ab")  # noqa: SIM115 - closed by close()
            self._write(folder, _field(3, "brain.Event:2"), None, None)
        return self._files[folder]

    def _write(self, folder: str, content: bytes, step: int | None, walltime: float | None) -> None:
        event = _field(1, float(walltime or time.time())) + (b"" if step is None else _field(2, int(step))) + content
        length = struct.pack("<Q", len(event))
        self._open(folder).write(length + _masked_crc(length, self._table) + event + _masked_crc(event, self._table))

    def _add(self, tag: str, value: bytes, step: Any, walltime: float | None, folder: str | None = None) -> None:
        """A summary of one value: its tag and the field that holds it."""
        number = None if step is None else int(_to_array(step))
        self._write(folder or self.log_dir, _field(5, _field(1, _field(1, tag) + value)), number, walltime)

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: float | None = None, new_style: bool = False,
        double_precision: bool = False,
    ) -> None:  # fmt: skip
        """One number."""
        number = struct.pack("<f", float(_to_array(scalar_value)))
        self._add(tag, _varint(2 << 3 | 5) + number, global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Several numbers of one diagram, in a file of its own each."""
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._add(main_tag, _varint(2 << 3 | 5) + struct.pack("<f", float(_to_array(value))), global_step, walltime, folder)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """A text in Markdown."""
        plugin = _field(9, _field(1, _field(1, "text") + _field(2, b"")))
        tensor = _field(8, _field(1, 7) + _field(2, _field(2, _field(1, 1))) + _field(8, text_string))
        self._add(f"{tag}/text_summary", plugin + tensor, global_step, walltime)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None, dataformats: str = "CHW"
    ) -> None:
        """One image: bytes, or floating-point numbers from 0 to 1."""
        array = _to_array(img_tensor)
        order = [dataformats.upper().index(axis) for axis in "HWC" if axis in dataformats.upper()]
        array = array.transpose(order) if array.ndim == len(order) else array
        array = array if array.dtype == np.uint8 else np.clip(array * 255, 0, 255).astype(np.uint8)
        array = array[:, :, None] if array.ndim == 2 else array
        array = np.repeat(array, 3, 2) if array.shape[2] == 1 else array
        content = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(array)).save(content, "png")
        height, width, channels = array.shape
        image = _field(1, height) + _field(2, width) + _field(3, channels) + _field(4, content.getvalue())
        self._add(tag, _field(4, image), global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None, dataformats: str = "NCHW"
    ) -> None:
        """A batch of images, side by side."""
        array = _to_array(img_tensor).transpose([dataformats.upper().index(axis) for axis in "NHWC"])
        array = array if array.dtype == np.uint8 else np.clip(array * 255, 0, 255).astype(np.uint8)
        columns = min(8, len(array))
        rows = [np.concatenate(list(array[start : start + columns]), 1) for start in range(0, len(array), columns)]
        rows = [np.pad(row, ((0, 0), (0, rows[0].shape[1] - row.shape[1]), (0, 0))) for row in rows]
        self.add_image(tag, np.concatenate(rows), global_step, walltime, "HWC")

    def add_figure(self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: float | None = None) -> None:
        """A figure of Matplotlib, as an image."""
        content = io.BytesIO()
        figure.savefig(content, format="png")
        self.add_image(tag, np.asarray(Image.open(content).convert("RGB")), global_step, walltime, "HWC")
        if close:
            figure.clf()

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow", walltime: float | None = None, max_bins: int | None = None
    ) -> None:  # fmt: skip
        """How values are distributed."""
        array = _to_array(values).astype(np.float64).reshape(-1)
        counts, limits = np.histogram(array, 30 if bins == "tensorflow" else bins)
        totals = (
            _field(1, float(array.min())) + _field(2, float(array.max())) + _field(3, float(array.size)) + _field(4, float(array.sum()))
        )
        edges = _field(6, struct.pack(f"<{len(counts)}d", *limits[1:])) + _field(7, struct.pack(f"<{len(counts)}d", *counts))
        self._add(tag, _field(5, totals + _field(5, float((array**2).sum())) + edges), global_step, walltime)

    def add_hparams(
        self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, Any], hparam_domain_discrete: Any = None, run_name: str | None = None,
        global_step: Any = None,
    ) -> None:  # fmt: skip
        """Settings and what came of them: a table of text, and the metrics as numbers."""
        lines = ["|setting|value|", "|---|---|", *(f"|{name}|{value}|" for name, value in hparam_dict.items())]
        self.add_text("hparams", "\n".join(lines), global_step)
        for name, value in metric_dict.items():
            self.add_scalar(name, value, global_step)

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True) -> None:
        """The graph of a network is not drawn: export the network, and open the file in a viewer of its own."""

    def flush(self) -> None:
        """Write everything to the disk."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write everything, and end."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
