"""What a torch checkpoint file holds, read without ever executing it: torch's restricted unpickler, or safetensors.

Runs in the torch process. Training scripts wrap the weights in many ways; the usual ones are recognised and said in the notes.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from transpiler.exporter.checkpoint_frame import Frame, describe_frame
from transpiler.exporter.contract import ExporterError
from transpiler.report.codes import Code

_NESTED_UNDER: Final = ("state_dict", "model", "model_state_dict")
_PREFIX: Final = "module."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tensors by name, what had to be unwrapped to find them, and what else the file holds."""

    tensors: Mapping[str, torch.Tensor]
    notes: tuple[str, ...]
    frame: Frame | None = None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read ``path``. Raises ``ExporterError`` where it is no checkpoint, or holds anything but tensors and plain data."""
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    notes: list[str] = []
    whole, keys = content, list[str]()
    while key := _wrapper(content):
        content = content[key]
        keys.append(key)
        notes.append(f"the weights stood under '{key}' in the checkpoint")
    if not isinstance(content, Mapping) or not content:
        raise ExporterError(f"no state dict in the checkpoint, but {type(content).__name__}", Code.UNREADABLE, str(path))
    foreign = next((name for name, value in content.items() if not isinstance(value, torch.Tensor)), None)
    if foreign is not None:
        found = type(content[foreign]).__name__
        raise ExporterError(f"no state dict: '{foreign}' is {found}, not a tensor", Code.UNREADABLE, str(path))
    frame = describe_frame(whole, keys, content)
    if frame is not None and frame.left_out:
        notes.append(f"left out of the converted file: {', '.join(frame.left_out)}")
    if all(name.startswith(_PREFIX) for name in content):
        content = {name.removeprefix(_PREFIX): value for name, value in content.items()}
        notes.append(f"the prefix '{_PREFIX}' was removed from every name (saved from DataParallel)")
    return Checkpoint(content, tuple(notes), frame)


def _wrapper(content: Any) -> str | None:
    if not isinstance(content, Mapping):
        return None
    return next((key for key in _NESTED_UNDER if isinstance(content.get(key), Mapping)), None)


def _read_torch(path: Path) -> Any:
    # argparse.Namespace holds a training script's options beside the weights; it is data only.
    with torch.serialization.safe_globals([argparse.Namespace]):
        try:
            return _load(path)
        except pickle.UnpicklingError as error:
            raise ExporterError(
                "the checkpoint holds Python objects besides tensors and is not executed; "
                "save it again in torch with torch.save(model.state_dict(), …)" + _global_of(error),
                Code.UNREADABLE,
                str(path),
            ) from error
        except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ExporterError(f"the checkpoint could not be read: {reason}", Code.UNREADABLE, str(path)) from error


def _load(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        if "mmap" not in str(error):
            raise
        # torch's format before 1.6 is no zip file and cannot be mapped.
        return torch.load(path, map_location="cpu", weights_only=True)


def _global_of(error: Exception) -> str:
    """Which object was refused, where torch says so: 'GLOBAL os.system was not an allowed global'."""
    words = str(error).split()
    found = next((words[i + 1] for i, word in enumerate(words[:-1]) if word in ("GLOBAL", "global")), None)
    return f" (found {found})" if found and "." in found else ""


def _read_safetensors(path: Path) -> Mapping[str, torch.Tensor]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise ExporterError("reading .safetensors needs the package 'safetensors'", Code.UNREADABLE, str(path)) from error
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the file object is no dict
    except (OSError, SafetensorError) as error:
        raise ExporterError(f"the checkpoint could not be read: {error}", Code.UNREADABLE, str(path)) from error
