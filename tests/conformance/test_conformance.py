"""A seeded sample of torch's operator samples in all forms; ``make conformance`` runs them all and writes ``docs/coverage.md``.

A case may be worse than the table says only if the table is stale, and the table is a promise.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.conformance import table
from tests.conformance.drive import Verdict, run_all
from tests.conformance.samples import operators
from transpiler.mapping.registry import load_registry

SEED = 20
OPERATORS = 24
RECORDED = table.load()["operators"]
#: Drawn from what has cases: the same on every machine, another set when the seed is changed.
CHOSEN = random.Random(SEED).sample(sorted(RECORDED), OPERATORS)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """The chosen operators, one float32 sample of each variant."""
    found = run_all(CHOSEN, tmp_path_factory.mktemp("conformance"), limit=1, jobs=1, dtypes=["float32"])
    return {verdict.operator: verdict for verdict in found}


@pytest.mark.parametrize("name", CHOSEN)
def test_no_worse_than_the_table(name: str, verdicts: dict[str, Verdict]) -> None:
    verdict, recorded = verdicts[name], RECORDED[name]
    assert verdict.total
    silent = [fault for fault in verdict.faults if table.is_silent(fault)]
    assert not silent or recorded["differs"], silent[:3]
    assert not verdict.wrong or recorded["raises"] or recorded["differs"], verdict.faults[:3]
    assert not verdict.left or recorded["left"], verdict.reasons


def test_page_is_what_the_record_says() -> None:
    assert table.PAGE.read_text() == table.render(table.load())


def test_most_operators_are_recorded() -> None:
    """An operator that has an entry and cases has its line; a few have no case that can be written down."""
    registry = load_registry()
    known = {name for name in operators() if any(registry.lookup(f"{prefix}.{name}") for prefix in ("torch", "torch.Tensor"))}
    assert len(known - set(RECORDED)) < 30


def test_a_difference_is_seen(tmp_path: Path) -> None:
    """The oracle itself can fail: an entry that computes something else is found."""
    (tmp_path / "wrong.yaml").write_text(
        "- api: torch.neg\n  signature: (input, *, out=None)\n  targets: {mindspore: mindspore.ops.abs}\n"
        "  example: 'y = torch.neg(torch.ones(2))'\n"
    )
    (found,) = run_all(["neg"], tmp_path, limit=1, jobs=1, mappings=tmp_path / "wrong.yaml")
    assert any(table.is_silent(fault) for fault in found.faults)
