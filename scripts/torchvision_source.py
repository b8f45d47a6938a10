"""torchvision's models as a project: where the demo and the conformance table take it from.

The project is what its models consist of: ``models``, the Python layers of ``ops``, ``transforms`` (which the weights' metadata name) and the
package's own utilities, every file as it is in the installed wheel. Of three package files that would import the compiled operators, data
sets and video readers as well (the package's own, that of ``models`` and that of ``ops``), the lines that import what belongs to the project
are kept. The wheel has no build for CPU-only torch, so that
``define_operators.py`` declares the names of its operators where the original runs.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from copy_project import copy_project

PREPARE = Path(__file__).with_name("define_operators.py")
PARTS = (
    "models/*.py", "models/segmentation/*.py", "models/video/*.py", "ops/misc.py", "ops/stochastic_depth.py", "transforms/*.py", "utils.py",
    "_utils.py", "_internally_replaced_utils.py",
)  # fmt: skip
#: Not part of it: graph extraction is about torch.fx itself; the others need the compiled operators.
LEFT_OUT = ("models/feature_extraction.py", "transforms/v2/*", "models/detection/*", "models/quantization/*", "models/optical_flow/*")
FILTERED = ("__init__.py", "models/__init__.py", "ops/__init__.py")


def copy_source(folder: Path) -> Path:
    """Copy the project below ``folder``; returns its root, the package ``torchvision``."""
    return copy_project("torchvision", folder, _belongs, FILTERED)


def _belongs(name: str) -> bool:
    same_depth = [part for part in PARTS if part.count("/") == name.count("/")]
    return any(fnmatch(name, part) for part in same_depth) and not any(fnmatch(name, part) for part in LEFT_OUT)
