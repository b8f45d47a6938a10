"""What does the target itself get wrong on tensors without elements?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml


@cache
def target_defects() -> Mapping[str, str]:
    """Name of an operator or module -> what its kernel does, measured."""
    found: Mapping[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    return found
