"""torch.save and torch.load on MindSpore checkpoints: the tensors of any nested structure by their paths, the structure itself as JSON beside them.

A saved state dict is a checkpoint that ``mindspore.load_checkpoint`` reads as well; what else a script saves (epoch, metrics, the optimizer's
state) comes back as it was. A whole network is its class's code too, which no checkpoint holds: save its ``state_dict``.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn

_STRUCTURE = "torch_structure"
_LISTS: Mapping[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_DICTS: Mapping[str, Callable[[Any], Any]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "namespace": lambda items: argparse.Namespace(**dict(items)),
}


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:  # fmt: skip
    """Write ``obj`` (tensors in any nested structure) to a file or file object (torch.save)."""
    tensors: dict[str, Tensor] = {}
    structure = _encoded(obj, "", tensors)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "saved.ckpt")
        items = [{"name": name, "data": tensor} for name, tensor in tensors.items()]
        mindspore.save_checkpoint(items, path, append_dict={_STRUCTURE: json.dumps(structure)})
        content = Path(path).read_bytes()
    if hasattr(f, "write"):
        f.write(content)
    else:
        Path(f).write_bytes(content)


def load(f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = None, mmap: bool | None = None,
         **pickle_load_args: Any) -> Any:  # fmt: skip
    """What ``save`` wrote, or the parameters in any other MindSpore checkpoint by name (torch.load).

    For a path to a PyTorch file the checkpoint converted from it is read: the ``.ckpt`` beside it. Objects of other classes than the usual
    containers are read where ``weights_only=False`` asks for it, since reading them runs code.
    """
    content = f.read() if hasattr(f, "read") else _checkpoint_of(Path(f)).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "saved.ckpt")
        Path(path).write_bytes(content)
        tensors = mindspore.load_checkpoint(path)
    text = tensors.pop(_STRUCTURE, None)
    if text is None:
        return OrderedDict((name, _values_of(tensor)) for name, tensor in tensors.items())
    return _decoded(json.loads(str(text)), tensors, weights_only is False)


def _checkpoint_of(path: Path) -> Path:
    with path.open("rb") as file:
        start = file.read(2)
    if start not in (b"PK", b"\x80\x02"):
        return path
    converted = path.with_suffix(".ckpt")
    if converted == path or not converted.is_file():
        raise RuntimeError(f"{path} was written by PyTorch: convert it to {converted} first")
    return converted


def _values_of(tensor: Any) -> Any:
    """A parameter's values as a tensor."""
    return Tensor(tensor.asnumpy(), tensor.dtype) if isinstance(tensor, Tensor) else tensor


def _encoded(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """``value`` as JSON; its tensors go to ``tensors`` under their paths."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (Tensor, np.ndarray)):
        return _encoded_tensor(value, path or "tensor", tensors)
    if isinstance(value, np.generic):
        return {"number": [str(value.dtype), value.item()]}
    if isinstance(value, mindspore.dtype.Type):
        return {"dtype": str(value).lower().replace("bool", "bool_")}
    if isinstance(value, nn.Cell):
        raise TypeError("A whole network cannot be saved: save its state_dict, and build the network before loading it")
    kind = type(value).__name__ if type(value).__module__ in ("builtins", "collections") else ""
    if isinstance(value, argparse.Namespace) or kind in _DICTS:
        items = vars(value) if isinstance(value, argparse.Namespace) else value
        kind = "namespace" if isinstance(value, argparse.Namespace) else kind
        return {kind: [[_encoded(key, "", tensors), _encoded(item, _below(path, key), tensors)] for key, item in items.items()]}
    if kind in _LISTS:
        return {kind: [_encoded(item, _below(path, index), tensors) for index, item in enumerate(value)]}
    if isinstance(value, str):  # a device
        return str(value)
    return {"pickle": base64.b64encode(pickle.dumps(value)).decode()}


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _encoded_tensor(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    while path in tensors or path == _STRUCTURE:
        path += "_"
    kind = "parameter" if isinstance(value, Parameter) else "tensor" if isinstance(value, Tensor) else "array"
    array = value.asnumpy() if isinstance(value, Tensor) else value
    if array.dtype.kind in "OSU":
        return {"pickle": base64.b64encode(pickle.dumps(value)).decode()}
    entry: dict[str, Any] = {kind: path}
    if array.size == 0 or array.dtype.kind == "c":  # which MindSpore's files do not hold
        entry.update(shape=list(array.shape), dtype=str(array.dtype))
        value = Tensor(array.view(array.real.dtype)) if array.size else None
    if value is not None:
        tensors[path] = value if isinstance(value, Tensor) else Tensor(np.ascontiguousarray(array).reshape(array.shape))
    return entry


def _decoded(value: Any, tensors: Mapping[str, Any], runs_code: bool) -> Any:
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()))
    if kind in _LISTS:
        return _LISTS[kind]([_decoded(item, tensors, runs_code) for item in content])
    if kind in _DICTS:
        return _DICTS[kind]((_decoded(key, tensors, runs_code), _decoded(item, tensors, runs_code)) for key, item in content)
    if kind == "number":
        return np.dtype(content[0]).type(content[1])
    if kind == "dtype":
        return getattr(mindspore, content)
    if kind != "pickle":
        return _decoded_tensor(kind, value, tensors)
    if not runs_code:
        raise pickle.UnpicklingError("The file holds objects of other classes than tensors and containers: load it with weights_only=False")
    return pickle.loads(base64.b64decode(content))


def _decoded_tensor(kind: str, entry: Mapping[str, Any], tensors: Mapping[str, Any]) -> Any:
    stored = tensors.get(entry[kind])
    tensor: Any = None if stored is None else _values_of(stored)
    if "dtype" in entry:
        dtype = np.dtype(entry["dtype"])
        array = np.zeros(entry["shape"], dtype) if tensor is None else tensor.asnumpy().view(dtype).reshape(entry["shape"])
        tensor = Tensor(array)
    if kind == "array":
        return tensor.asnumpy()
    return Parameter(tensor, name=entry[kind]) if kind == "parameter" and not _is_entry_of_state(entry[kind]) else tensor


def _is_entry_of_state(path: str) -> bool:
    """Parameters in a dictionary come back as plain tensors, as from torch's state dicts; one saved on its own stays a parameter."""
    return path != "tensor"
