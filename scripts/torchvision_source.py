"""torchvision's source as a project: where the demo and the conformance table take it from.

torchvision has no build for CPU-only torch, so that its wheel is installed without dependencies and its compiled operators are missing.
``define_operators.py`` declares their names, which is all that its models need.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

PREPARE = Path(__file__).with_name("define_operators.py")


def copy_source(folder: Path) -> Path:
    """Copy the installed torchvision's Python files below ``folder``, unchanged; returns the package folder."""
    distribution = importlib.metadata.distribution("torchvision")
    package = folder / "torchvision"
    for file in distribution.files or ():
        if file.parts[0] == "torchvision" and file.suffix == ".py":
            target = folder / Path(*file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), target)
    return package
