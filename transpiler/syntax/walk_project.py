"""Which files of a project are ported, which are copied, and which are neither.

Symbolic links to folders are followed, so that the output stands on its own, except where they lead back to a folder that is being walked.
Hidden folders and caches are left out; so is whatever the caller wants skipped (the output, when it was an earlier run's).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic
from transpiler.syntax.read_source import unreadable
from transpiler.syntax.write_output import PARTIAL_SUFFIX

_SKIPPED_FOLDERS: Final = frozenset({"__pycache__"})
#: Linked folders that are followed in one walk; links that multiply each other would otherwise fill the disk.
_MOST_LINKS: Final = 1000


@dataclass(slots=True)
class Walk:
    """Paths relative to the root, with '/', in sorted order; ``problems`` are folders that could not be entered."""

    python: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    links: int = 0


def walk_project(root: Path, exclude: Sequence[str] = (), skip: Sequence[Path] = ()) -> Walk:
    """Every file below ``root`` that is not excluded. ``exclude``: globs over the relative path, or over any part of it
    where the glob has no '/'. ``skip``: folders that do not belong to the project."""
    walk = Walk()
    skipped = frozenset(os.path.realpath(path) for path in skip)
    _enter(root, "", (os.path.realpath(root),), exclude, skipped, walk)
    return walk


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """Whether a relative path, or a folder above it, fits one of the globs."""
    parts = path.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(
        any(fnmatchcase(name, glob.rstrip("/")) for name in (above if "/" in glob.rstrip("/") else parts)) for glob in exclude if glob
    )


def _enter(folder: Path, name: str, above: tuple[str, ...], exclude: Sequence[str], skip: frozenset[str], walk: Walk) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        walk.problems.append(unreadable(name or ".", error))
        return
    for entry in entries:
        path = f"{name}/{entry.name}" if name else entry.name
        if is_excluded(path, exclude):
            continue
        if _is_folder(entry):
            _enter_below(entry, path, above, exclude, skip, walk)
        else:
            _add_file(entry, path, walk)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself is neither file nor folder
        return False


def _enter_below(
    entry: os.DirEntry[str], path: str, above: tuple[str, ...], exclude: Sequence[str], skip: frozenset[str], walk: Walk
) -> None:
    real = os.path.realpath(entry.path)
    if real in skip or entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
        return
    if entry.is_symlink():
        walk.links += 1
        if _leads_back(real, above) or walk.links > _MOST_LINKS:
            walk.problems.append(_cycle(path, real))
            return
    _enter(Path(entry.path), path, (*above, real), exclude, skip, walk)


def _leads_back(real: str, above: Sequence[str]) -> bool:
    """Whether a link goes to a folder that is being walked, or to one that contains it."""
    return any(folder == real or folder.startswith(real.rstrip("/") + "/") for folder in above)


def _add_file(entry: os.DirEntry[str], path: str, walk: Walk) -> None:
    if path.endswith(PARTIAL_SUFFIX):
        return
    try:
        regular = entry.is_file()
    except OSError:
        regular = False
    if not regular and not entry.is_symlink():
        return  # sockets, pipes and devices are no part of a project's source
    (walk.python if path.endswith((".py", ".ipynb")) else walk.others).append(path)


def _cycle(path: str, real: str) -> Diagnostic:
    message = f"'{path}' is a link that leads back to '{os.path.basename(real) or real}'; it was not followed."
    return Diagnostic(Kind.ERROR, Code.CYCLE, path, None, message, hint="Remove the link, or leave it out with --exclude.")
