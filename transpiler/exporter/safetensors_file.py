"""How a safetensors file is written tensor by tensor: an 8-byte length, a JSON header, then the raw bytes (format specification 0.x).

Own code because the library's numpy writer wants every tensor in memory at once.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Final

import numpy as np

from transpiler.exporter.arrays import Array

_TYPES: Final = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL", "complex64": "C64",
}  # fmt: skip


def write_safetensors(file: Path, tensors: Iterable[tuple[str, Array]]) -> None:
    """Write ``tensors`` to ``file``. Raises KeyError for a dtype that the format lacks."""
    header: dict[str, Any] = {}
    # The header stands first and is known last, so the bytes go through a second file.
    with tempfile.TemporaryFile(dir=file.parent) as body:
        for name, array in tensors:
            start = body.tell()
            body.write(np.ascontiguousarray(array).tobytes())
            header[name] = {"dtype": _TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [start, body.tell()]}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        body.seek(0)
        with file.open("wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            copyfileobj(body, out, 1 << 20)
