"""The 300 names of torch that projects use most: each is converted, with each keyword that projects pass, or diagnosed with a hint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import most_used
from tests.conformance.example_calls import is_random, original, outcome
from tests.conformance.verdict import UNSET
from transpiler.mapping.registry import load_registry

REGISTRY = load_registry()
ROWS = most_used.rows()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_converted_or_diagnosed_with_a_hint(row: dict[str, Any]) -> None:
    faults = []
    for use in most_used.uses(row, REGISTRY):
        expected = original(use.program) if use.compared else []
        values = use.compared and row["name"].rpartition(".")[2] not in UNSET and not is_random(use.program, expected)
        found = outcome(use.program, expected, REGISTRY, values=values)
        if found.left and not all(diagnostic.hint for diagnostic in found.left):
            faults.append(f"{use.keyword}: no hint: {[d.message for d in found.left if not d.hint]}")
        if not use.compared and not found.left and "torch" in found.port:
            faults.append("neither converted nor diagnosed")
        if found.fault and use.compared:
            faults.append(f"{use.keyword}: {found.fault}\n{found.port}")
    assert not faults, "\n".join(faults)


def test_most_are_converted() -> None:
    """A name that ends in a diagnostic whatever its arguments is rare among them."""
    refused = [row["name"] for row in ROWS if not _supported(row["name"])]
    assert len(ROWS) >= 300
    assert len(refused) <= 12, refused


def _supported(name: str) -> bool:
    entry = REGISTRY.lookup(name)
    return entry is not None and entry.unsupported is None
