"""The names of torch that projects use most (``most_used.yaml``), and the programs that use them with each keyword that these projects pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.example_calls import HEADER, example_calls
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import Entry

FILE = Path(__file__).with_name("most_used.yaml")


@dataclass(frozen=True, slots=True)
class Use:
    """A program that uses a name, with one keyword ('' where none); ``compared``: whether it assigns ``y``."""

    name: str
    keyword: str
    program: str
    compared: bool


def rows() -> list[dict[str, Any]]:
    """The file."""
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())
    return found


def uses(row: dict[str, Any], registry: Registry) -> Iterator[Use]:
    """The entry's example, and its call with each keyword; for a name without example a plain reference."""
    name = row["name"]
    entry = registry.lookup(name)
    if entry is None or not entry.example:
        yield Use(name, "", f"{HEADER}y = {name}\n", False)
        return
    yield Use(name, "", f"{HEADER}torch.manual_seed(0)\n{entry.example}\n", True)
    for keyword, value in row.get("keywords", {}).items():
        program = next(programs(entry, keyword, value), None)
        if program is not None:
            yield Use(name, keyword, program, True)


def programs(entry: Entry, keyword: str, value: str) -> Iterator[str]:
    """The entry's example with its call given one more keyword (NumPy's names, which torch takes, included), for each signature that has it."""
    parameter = {"axis": "dim", "keepdims": "keepdim"}.get(keyword, keyword)
    for call in example_calls(entry, parameter):
        spelling = call.with_argument(parameter, value).by_keyword(parameter) if parameter in (*call.named, call.star) else None
        if spelling is not None:
            renamed = [(keyword if name == parameter else name, text) for name, text in spelling.keyword]
            yield call.written(replace(spelling, keyword=renamed))
