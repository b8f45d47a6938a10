"""The pre-commit hooks: ``torch2ms-hook check FILE…`` diagnoses staged files, ``torch2ms-hook fix FILE…`` ports them in place.

Both run at the root of the repository and resolve names over all of it, as pre-commit starts them there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from transpiler.report.codes import Kind
from transpiler.report.diagnostic import Diagnostic, FileReport, Status

_REPORTED = (Kind.UNCONVERT, Kind.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a hook; 1 where something is left or was rewritten, 3 where a file or table cannot be used, 0 otherwise."""
    options = _parser().parse_args(arguments)
    if not options.files:
        return 0
    from transpiler.mapping.schema import MappingError
    from transpiler.project import port_in_place

    paths = [os.path.relpath(path).replace(os.sep, "/") for path in options.files]
    try:
        run = port_in_place(Path.cwd(), paths, options.target, options.mappings, write=options.hook == "fix", style=options.style)
    except MappingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    for diagnostic in _left(run.files):
        print(_line(diagnostic))
    rewritten = [file.source for file in run.files if file.status in (Status.CONVERTED, Status.PARTIAL)] if options.hook == "fix" else []
    for path in rewritten:
        print(f"{path}: ported to {options.target}")
    if any(file.status is Status.FAILED for file in run.files):
        return 3
    return 1 if rewritten or any(_left(run.files)) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="torch2ms-hook", description="pre-commit hooks of torch2ms")
    parser.add_argument("hook", choices=("check", "fix"))
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--target", choices=("mindspore", "keras"), default="mindspore")
    parser.add_argument("--style", choices=("low", "high"), default="low")
    parser.add_argument("--mappings", action="append", type=Path, default=[], metavar="FILE")
    return parser


def _left(files: Sequence[FileReport]) -> Iterator[Diagnostic]:
    yield from (diagnostic for file in files for diagnostic in file.diagnostics if diagnostic.kind in _REPORTED)


def _line(diagnostic: Diagnostic) -> str:
    place = f":{diagnostic.range.line}:{diagnostic.range.column}" if diagnostic.range else ""
    symbol = f" '{diagnostic.symbol}'" if diagnostic.symbol else ""
    return " ".join(
        part for part in (f"{diagnostic.path}{place}: {diagnostic.code.value}{symbol}", diagnostic.message, diagnostic.hint) if part
    )


if __name__ == "__main__":
    sys.exit(main())
