"""``docs/coverage.md``: for every operator of torch's own sample database, what became of its samples. Made from ``coverage.json`` beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.drive import Verdict
from tests.conformance.samples import operators

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"
DATA = PAGE.with_suffix(".json")
INTRODUCTION = """\
# What is covered

Written by `make conformance` from a run of torch's own operator samples (`op_db`). Each sample is written out as source text in the forms that
users write (positional, keywords, other orders, method, function, alias, import, value, `out=`, in place, defaults spelled out), ported by the tool, and
run on both sides: a case is *matched* where value, shape, dtype, structure and gradient agree, *left* where a diagnostic stands at the call, *wrong* where
neither holds. Wrong cases that *raise* are told apart from those that *differ*: mostly integers, booleans or complex numbers for which MindSpore's CPU has no kernel.

"""


def record(verdicts: Sequence[Verdict], limit: int | None) -> Mapping[str, Any]:
    """A run as data: the limit of samples, and per operator its counts and first reasons."""
    rows = {}
    for verdict in sorted(verdicts, key=lambda v: v.operator):
        differ = sum(1 for fault in verdict.faults if is_silent(fault))
        rows[verdict.operator] = {
            "matched": verdict.matched, "left": verdict.left, "raises": verdict.wrong - differ, "differs": differ,
            "why": next(iter(verdict.reasons), ""), "fault": verdict.faults[0].rpartition(" | ")[2][:100] if verdict.faults else "",
        }  # fmt: skip
    return {"limit": limit, "operators": rows}


def is_silent(fault: str) -> bool:
    """Whether a wrong case gave another result, rather than an error."""
    return fault.rpartition(" | ")[2].startswith(("y", "gradient", "structure"))


def render(data: Mapping[str, Any]) -> str:
    """The page."""
    rows = data["operators"]
    missing = [name for name in operators() if name not in rows]
    scope = f"At most {data['limit']} samples of each dtype and variant were taken." if data["limit"] else "All samples were taken."
    lines = [
        INTRODUCTION + scope,
        "",
        *_summary(rows),
        "",
        "| operator | state | matched | left | raises | differs | why |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        why = (row["fault"] if row["raises"] or row["differs"] else row["why"] if row["left"] else "").replace("|", "\\|").replace("`", "")
        counts = " | ".join(str(row[key]) for key in ("matched", "left", "raises", "differs"))
        lines.append(f"| `{name}` | {state(row)} | {counts} | {why} |")
    lines += [
        "",
        "## Without cases",
        "",
        "No sample of these runs on the CPU in float32, int64, complex64 or bool, or torch has no public name for them: ",
    ]
    lines += [", ".join(f"`{name}`" for name in missing) or "none", ""]
    return "\n".join(lines)


def state(row: Mapping[str, Any]) -> str:
    """One word for an operator."""
    if row["differs"]:
        return "differs"
    if row["raises"]:
        return "partial"
    if not row["matched"]:
        return "left"
    return "partial" if row["left"] else "converted"


def _summary(rows: Mapping[str, Any]) -> list[str]:
    families: dict[str, list[int]] = {}
    for name, row in rows.items():
        family = name.rpartition(".")[0] or "torch"
        counts = families.setdefault(family, [0] * 6)
        counts[0] += 1
        counts[1] += state(row) == "converted"
        for index, key in enumerate(("matched", "left", "raises", "differs"), 2):
            counts[index] += row[key]
    families["all"] = [sum(column) for column in zip(*families.values(), strict=True)]
    table = ["| family | operators | every case matched | cases matched | left | raises | differs |", "|---|---|---|---|---|---|---|"]
    return [*table, *(f"| {family} | {' | '.join(map(str, counts))} |" for family, counts in families.items())]


def load() -> Mapping[str, Any]:
    """The recorded run."""
    data: Mapping[str, Any] = json.loads(DATA.read_text())
    return data


def write(data: Mapping[str, Any]) -> None:
    """Record a run and write the page."""
    head = json.dumps(data["limit"])
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in data["operators"].items())
    DATA.write_text(f'{{"limit": {head}, "operators": {{\n{rows}\n}}}}\n')
    PAGE.write_text(render(data))
