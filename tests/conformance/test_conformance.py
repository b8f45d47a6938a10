"""A seeded sample of torch's samples (operators, modules, optimizers, schedulers) in all forms; ``make conformance`` runs them all and writes
``docs/coverage.md``.

A case may be worse than the table says only if the table is stale, and the table is a promise.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.conformance import table
from tests.conformance.drive import Verdict, run_all
from transpiler.mapping.registry import load_registry

SEED = 20
#: How many names of each kind are drawn from what has cases: the same on every machine, others when the seed is changed.
DRAWN = {"operator": 20, "module": 5, "optimizer": 1, "scheduler": 3}
RECORD = table.load()
RECORDED = RECORD["operators"]
CHOSEN = [
    name
    for kind, count in DRAWN.items()
    for name in random.Random(SEED).sample([name for name in sorted(RECORDED) if table.kind(name) == kind], count)
]
#: Names whose counts are compared with the record, with as many samples as it had: few enough cases to run here.
COUNTED = random.Random(SEED + 1).sample(
    [name for name, row in sorted(RECORDED.items()) if row["matched"] and sum(row[key] for key in table.COUNTS) < 40], 4
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """The chosen names, one float32 sample of each variant."""
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


@pytest.mark.parametrize("name", COUNTED)
def test_numbers_do_not_fall(name: str, tmp_path: Path) -> None:
    recorded = RECORDED[name]
    (verdict,) = run_all([name], tmp_path, limit=recorded.get("limit", RECORD["limit"]), jobs=1)
    found = table.record([verdict], None)["operators"][name]
    assert found["matched"] >= recorded["matched"], verdict.faults[:3]
    assert found["differs"] <= recorded["differs"], verdict.faults[:3]


def test_page_is_what_the_record_says() -> None:
    assert table.PAGE.read_text() == table.render(table.load())


def test_most_operators_are_recorded() -> None:
    """What has an entry and cases has its line; a few have no case that can be written down."""
    missing = set(table.names(load_registry())) - set(RECORDED)
    assert len([name for name in missing if table.kind(name) == "operator"]) < 30
    assert not [name for name in missing if table.kind(name) != "operator"]


WRONG = {
    "neg": "- api: torch.neg\n  signature: (input, *, out=None)\n  targets: {mindspore: mindspore.ops.abs}\n  example: 'y = torch.neg(torch.ones(2))'\n",
    "nn.ELU": "- api: torch.nn.ELU\n  kind: class\n  signature: (alpha=1.0, inplace=False)\n  targets: {mindspore: {support: CELU}}\n"
    "  example: 'y = torch.nn.ELU()(torch.ones(2))'\n",
    "optim.Rprop": "- api: torch.optim.Rprop\n  kind: class\n  base: torch.optim.Optimizer\n  signature: (params, lr=0.01)\n"
    "  targets: {mindspore: {support: SGD}}\n  example: 'y = torch.optim.Rprop([torch.ones(2)])'\n",
    "optim.lr_scheduler.StepLR": "- api: torch.optim.lr_scheduler.StepLR\n  kind: class\n  signature: (optimizer, step_size, gamma=0.1, last_epoch=-1)\n"
    "  targets: {mindspore: {support: CosineAnnealingLR}}\n  example: 'y = torch.optim.lr_scheduler.StepLR(None, 3)'\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_difference_is_seen(name: str, tmp_path: Path) -> None:
    """The oracle itself can fail: an entry that computes something else is found."""
    (tmp_path / "wrong.yaml").write_text(WRONG[name])
    (found,) = run_all([name], tmp_path, limit=1, jobs=1, mappings=tmp_path / "wrong.yaml", dtypes=["float32"])
    assert any(table.is_silent(fault) for fault in found.faults)
