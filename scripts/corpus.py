"""``make corpus``: every Python file of the standard library and of torch's own package goes through the transpiler.

Checked for each file: no exception of ours, output that parses, and the very same bytes back where the file has no torch in it. Files
that Python itself cannot parse must come back unchanged, with one diagnostic.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import random
import sys
import sysconfig
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from transpiler.analysis.project_index import build_index
from transpiler.mapping.registry import load_registry
from transpiler.mapping.schema import TARGETS
from transpiler.report.codes import Code
from transpiler.report.diagnostic import Status
from transpiler.rewrite.pipeline import FileResult, ProjectContext
from transpiler.syntax.format_output import BlackSettings
from transpiler.workers import transpile_file


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that did not come through, and why."""

    path: str
    reason: str


def main() -> int:
    """Run the corpus, or ``--sample N`` files of it chosen by ``--seed``; exit with 1 where a file failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="only N files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    files = corpus()
    if options.sample:
        files = sorted(random.Random(options.seed).sample(files, min(options.sample, len(files))))
    failed = False
    for target in options.target or TARGETS:
        start = time.monotonic()
        failures = run(files, target, options.jobs)
        print(f"{target}: {len(files)} files, {len(failures)} failed, {time.monotonic() - start:.0f} s (seed {options.seed})")
        for failure in failures:
            print(f"  {failure.path}: {failure.reason}")
        failed = failed or bool(failures)
    return 1 if failed else 0


def corpus() -> list[Path]:
    """All files, sorted: the standard library (without packages installed below it) and torch."""
    library = Path(sysconfig.get_paths()["stdlib"])
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise SystemExit("torch is not installed")
    standard = (path for path in library.rglob("*.py") if "site-packages" not in path.parts)
    return sorted([*standard, *Path(spec.origin).parent.rglob("*.py")])


def run(files: Sequence[Path], target: str, jobs: int) -> list[Failure]:
    """The failures among ``files``."""
    chunks = [list(files[start : start + 50]) for start in range(0, len(files), 50)]
    with ProcessPoolExecutor(max(1, min(jobs, len(chunks)))) as pool:
        return [failure for failures in pool.map(_run_chunk, chunks, [target] * len(chunks)) for failure in failures]


def _run_chunk(files: Sequence[Path], target: str) -> list[Failure]:
    warnings.simplefilter("ignore")  # the corpus has invalid escape sequences, and that is its own affair
    registry = load_registry()
    failures: list[Failure] = []
    for path in files:
        source = path.read_bytes()
        context = ProjectContext(target, registry, build_index({path.name: source}, None), False, "none")
        result = transpile_file(source, path.name, context, BlackSettings())
        failures += [Failure(str(path), reason) for reason in _faults(source, result)]
    return failures


def _faults(source: bytes, result: FileResult) -> Iterator[str]:
    if result.status is Status.FAILED:
        if result.diagnostics[0].code is Code.INTERNAL_ERROR:
            yield result.diagnostics[0].message
        elif _parses(source):
            yield f"refused although Python reads it: {result.diagnostics[0].message}"
        if result.output != source:
            yield "failed and changed"
    elif b"torch" not in source and result.output != source:
        yield "has no torch and was changed"
    elif _parses(source) and not _parses(result.output):
        yield "the output does not parse"


def _parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
