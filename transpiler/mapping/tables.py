"""Where the mapping tables are: inside the installed package, or in the repository that the package runs from."""

from __future__ import annotations

from pathlib import Path


def tables_root() -> Path:
    """The folder of the YAML tables."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_mappings"
    return installed if installed.is_dir() else package.parent / "mappings"
