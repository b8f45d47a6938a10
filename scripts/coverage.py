"""``make conformance``, the part about calls: torch's own samples in every form, and ``docs/coverage.md`` from what became of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conformance import table
from tests.conformance.drive import Verdict, read, run_all
from transpiler.mapping.registry import load_registry


def main() -> int:
    """Run, write, and say in the exit code whether a case differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="only these, as in the page (add, nn.Conv2d, optim.Adam); nothing is written without --record"
    )
    parser.add_argument("--kind", choices=table.KINDS, action="append", help="only these kinds; nothing is written without --record")
    parser.add_argument("--record", action="store_true", help="take the rows of what was run into the record")
    parser.add_argument(
        "--read", type=Path, action="append", help="take verdicts from a folder of an earlier run (*.jsonl) instead of running"
    )
    parser.add_argument("--limit", type=int, default=2, help="samples of each dtype and variant (0: all)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chosen = options.names or table.names(load_registry(), options.kind or table.KINDS)
    limit = options.limit or None
    partial = bool(options.names or options.kind or options.read)
    with tempfile.TemporaryDirectory() as folder:
        found = _read(options.read) if options.read else run_all(chosen, Path(folder), limit=limit, jobs=options.jobs)
        verdicts = list(_shown(found, faults=bool(options.names)))
    run = table.record([verdict for verdict in verdicts if verdict.total], limit)
    if options.record or not partial:
        table.write(table.merged(table.load(), run) if partial else run)
    return 1 if any(table.is_silent(fault) for verdict in verdicts for fault in verdict.faults) else 0


def _read(folders: list[Path]) -> Iterator[Verdict]:
    for file in (file for folder in folders for file in sorted(folder.glob("**/*.jsonl"))):
        yield from read(file)


def _shown(verdicts: Iterator[Verdict], *, faults: bool) -> Iterator[Verdict]:
    for verdict in verdicts:
        print(f"{verdict.operator}: {verdict.matched} matched, {verdict.left} left, {verdict.wrong} wrong", flush=True)
        if faults:
            print("".join(f"    {fault}\n" for fault in verdict.faults), end="")
        yield verdict


if __name__ == "__main__":
    sys.exit(main())
