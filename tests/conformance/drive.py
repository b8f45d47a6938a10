"""Runs operators in worker processes that may die, and reads their verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHUNK = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """An operator's cases: matched, left with a diagnostic, failed or differing without one, and those of the target's own defects."""

    operator: str
    matched: int
    left: int
    wrong: int
    reasons: Mapping[str, int]
    faults: Sequence[str]
    forms: Mapping[str, Sequence[int]]
    defects: int = 0

    @property
    def total(self) -> int:
        return self.matched + self.left + self.wrong + self.defects


def run_all(
    operators: Sequence[str], folder: Path, *, limit: int | None, jobs: int = 2, mappings: Path | None = None, dtypes: Sequence[str] = ()
) -> Iterator[Verdict]:
    """The verdicts of all ``operators``; at most ``limit`` samples of each dtype and variant; ``mappings`` is a table on top of the project's."""
    chunks = [operators[i : i + CHUNK] for i in range(0, len(operators), CHUNK)]
    with ThreadPoolExecutor(jobs) as pool:
        options = [
            *(["--limit", str(limit)] if limit else []),
            *(["--mappings", str(mappings)] if mappings else []),
            *(["--dtypes", *dtypes] if dtypes else []),
        ]
        # Last first: optimizers and modules take longest.
        for found in pool.map(lambda job: _chunk(job[1], folder / f"chunk_{job[0]}.jsonl", options), reversed([*enumerate(chunks)])):
            yield from found


def _chunk(operators: Sequence[str], results: Path, options: Sequence[str]) -> list[Verdict]:
    """One worker after another until every operator has its line: a case that kills its process is skipped in the next."""
    skip, now = results.with_suffix(".skip"), results.with_suffix(".now")
    results.touch()
    while left := [name for name in operators if name not in {v.operator for v in read(results)}]:
        now.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.conformance.run", str(results), *left, "--skip", str(skip)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GLOG_v": "4", "OMP_NUM_THREADS": "1"}
        done = subprocess.run([*command, *options], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            continue
        if not now.exists() or done.returncode > 0:
            raise RuntimeError(f"{left[0]}: {done.stderr[-3000:]}")
        with skip.open("a") as file:
            file.write(now.read_text() + "\n")
    return read(results)


def read(results: Path) -> list[Verdict]:
    """The verdicts of a file of results."""
    return [Verdict(**json.loads(line)) for line in results.read_text().splitlines()]
