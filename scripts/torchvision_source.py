"""torchvision's models as a project: where the demo and the conformance table take it from.

The project is what its models consist of: ``models``, the Python layers of ``ops``, ``transforms`` (which the weights' metadata name) and the
package's own utilities, every file as it is in the installed wheel. Three package files that would import the compiled operators, data sets
and video readers (of the package itself, of ``models`` and of ``ops``) are left empty. The wheel has no build for CPU-only torch, so that
``define_operators.py`` declares the names of its operators where the original runs.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from fnmatch import fnmatch
from pathlib import Path

PREPARE = Path(__file__).with_name("define_operators.py")
PARTS = (
    "models/*.py", "models/segmentation/*.py", "models/video/*.py", "ops/misc.py", "ops/stochastic_depth.py", "transforms/*.py", "utils.py",
    "_utils.py", "_internally_replaced_utils.py",
)  # fmt: skip
#: Not part of it: graph extraction is about torch.fx itself; the others need the compiled operators.
LEFT_OUT = ("models/feature_extraction.py", "transforms/v2/*", "models/detection/*", "models/quantization/*", "models/optical_flow/*")
EMPTY = ("__init__.py", "models/__init__.py", "ops/__init__.py")


def copy_source(folder: Path) -> Path:
    """Copy the project below ``folder``; returns its root, the package ``torchvision``."""
    distribution = importlib.metadata.distribution("torchvision")
    package = folder / "torchvision"
    for file in distribution.files or ():
        name = "/".join(file.parts[1:])
        if file.parts[0] != "torchvision" or name in EMPTY or not _belongs(name):
            continue
        target = package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(distribution.locate_file(file)), target)
    for name in EMPTY:
        (package / name).write_text("")
    return package


def _belongs(name: str) -> bool:
    same_depth = [part for part in PARTS if part.count("/") == name.count("/")]
    return any(fnmatch(name, part) for part in same_depth) and not any(fnmatch(name, part) for part in LEFT_OUT)
