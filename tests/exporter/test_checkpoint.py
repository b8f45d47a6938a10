"""Checkpoints in the forms that people save, and that none is ever executed."""

from __future__ import annotations

import argparse
import collections
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from transpiler.exporter import ExporterError
from transpiler.exporter.checkpoint import read_checkpoint

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.bfloat16)}


def _same(found: object) -> bool:
    assert isinstance(found, dict)
    return list(found) == list(TENSORS) and all(torch.equal(found[k], v) and found[k].dtype == v.dtype for k, v in TENSORS.items())


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (TENSORS, []),
        (collections.OrderedDict(TENSORS), []),
        ({"state_dict": TENSORS, "epoch": 3}, ["'state_dict'"]),
        ({"model": {"state_dict": TENSORS}, "args": argparse.Namespace(lr=0.1)}, ["'model'", "'state_dict'"]),
        ({f"module.{k}": v for k, v in TENSORS.items()}, ["'module.'"]),
    ],
)
def test_the_usual_wrappings_are_recognised_and_said(tmp_path: Path, content: dict[str, object], notes: list[str]) -> None:
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    checkpoint = read_checkpoint(path)
    assert _same(dict(checkpoint.tensors))
    assert len(checkpoint.notes) == len(notes) and all(part in note for part, note in zip(notes, checkpoint.notes, strict=True))


def test_older_and_safe_formats_are_read(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file(TENSORS, tmp_path / "safe.safetensors")
    assert _same(dict(read_checkpoint(tmp_path / "old.pt").tensors))
    assert dict(read_checkpoint(tmp_path / "safe.safetensors").tensors).keys() == TENSORS.keys()


class _Malicious:
    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self._command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_without_running(tmp_path: Path, zipped: bool) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    torch.save({"state_dict": _Malicious(f"touch {trace}")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ExporterError) as caught:
        read_checkpoint(path)
    assert not trace.exists()
    assert caught.value.place == str(path) and "not executed" in caught.value.message and "system" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04broken"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(ExporterError) as caught:
        read_checkpoint(path)
    assert caught.value.place == str(path)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {}])
def test_what_is_no_state_dict_is_said(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(ExporterError, match="no state dict"):
        read_checkpoint(tmp_path / "weights.pth")
