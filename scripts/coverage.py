"""``make conformance``, the part about calls: torch's operator samples in every form, and ``docs/coverage.md`` from what became of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conformance import table
from tests.conformance.drive import Verdict, run_all
from tests.conformance.samples import KEPT, operators
from transpiler.mapping.registry import load_registry


def main() -> int:
    """Run, write, and say in the exit code whether a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operators", nargs="*", help="only these, and write nothing")
    parser.add_argument("--limit", type=int, default=6, help="samples of each dtype and variant (0: all)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    registry = load_registry()
    known = [
        name for name in operators() if name in KEPT or any(registry.lookup(f"{prefix}.{name}") for prefix in ("torch", "torch.Tensor"))
    ]
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory() as folder:
        for verdict in run_all(options.operators or known, Path(folder), limit=options.limit or None, jobs=options.jobs):
            print(f"{verdict.operator}: {verdict.matched} matched, {verdict.left} left, {verdict.wrong} wrong", flush=True)
            if options.operators:
                print("".join(f"    {fault}\n" for fault in verdict.faults), end="")
            verdicts.append(verdict)
    if not options.operators:
        table.write(table.record([v for v in verdicts if v.total], options.limit or None))
    return 1 if any(table.is_silent(fault) for verdict in verdicts for fault in verdict.faults) else 0


if __name__ == "__main__":
    sys.exit(main())
