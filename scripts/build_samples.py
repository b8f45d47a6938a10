"""``make golden``: port every ``samples/*/source.py`` to each target and write the result beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import transpiler
from transpiler.mapping.schema import TARGETS
from transpiler.report.diagnostic import FileReport
from transpiler.report.render_text import render_text

SAMPLES = Path(__file__).parents[1] / "samples"


def build(source: Path) -> Iterator[tuple[str, str]]:
    """File name and text of everything that belongs beside one ``source.py``."""
    for target in TARGETS:
        result = transpiler.transpile(source.read_text(), target=target, path="source.py")
        yield f"{target}.py", result.output
        yield f"report_{target}.txt", render_text(FileReport("source.py", f"{target}.py", result.status, result.diagnostics))
        if result.support is not None:
            yield f"support_{target}.py", result.support


def main() -> int:
    """Write the files, or with ``--check`` only name those that would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file would change")
    check = parser.parse_args().check
    stale = []
    for source in sorted(SAMPLES.glob("*/source.py")):
        for name, text in build(source):
            path = source.with_name(name)
            if not path.exists() or path.read_text() != text:
                stale.append(path.relative_to(SAMPLES.parent))
                if not check:
                    path.write_text(text)
    print("\n".join(f"{'stale' if check else 'written'}: {path}" for path in stale) or "samples are up to date")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
