"""How files are written: completely or not at all under their final name.

The bytes go to a temporary file in the same folder, are flushed to the disk, and take the final name in one step. A full disk raises
before that step; a kill leaves at most the temporary file, whose name starts with a dot and ends in ``.t2m-partial``.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PARTIAL_SUFFIX = ".t2m-partial"


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write ``content`` to ``path``, making folders as needed. ``mode`` are its permissions; an existing file's are kept.

    Raises ``OSError``; then ``path`` is as it was.
    """
    _replace(path, lambda stream: stream.write(content), mode)


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file's bytes and permissions. Raises ``OSError``; then ``path`` is as it was."""
    with source.open("rb") as origin:
        permissions = stat.S_IMODE(os.fstat(origin.fileno()).st_mode)
        _replace(path, lambda stream: shutil.copyfileobj(origin, stream), permissions)


def _replace(path: Path, fill: Callable[[BinaryIO], object], mode: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=PARTIAL_SUFFIX)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fchmod(stream.fileno(), _permissions(path) if mode is None else mode)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _permissions(path: Path) -> int:
    """Those of the file that is replaced, else what the user's umask gives a new file."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
