"""Which diagnostics the user has silenced, by comments in the source.

``# torch2ms: ignore`` or ``# torch2ms: ignore[T2M301, T2M402]`` silences its own line, ``# torch2ms: skip-file`` leaves the file alone.
Only real comments count: a cheap search decides whether the tokenizer is needed at all.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence

_MARK = "torch2ms:"
_IGNORE = re.compile(r"#\s*torch2ms:\s*ignore(?:\[(?P<codes>[^\]]*)\])?(?=\s|$|#)")
_SKIP = re.compile(r"#\s*torch2ms:\s*skip-file(?=\s|$|#)")


def suppressed(source_lines: Sequence[str]) -> Mapping[int, frozenset[str] | None]:
    """Line (from 1) -> the codes that are silenced there, None for all of them."""
    found: dict[int, frozenset[str] | None] = {}
    for line, comment in _comments(source_lines):
        match = _IGNORE.search(comment)
        if match:
            codes = match["codes"]
            found[line] = None if codes is None else frozenset(code.strip() for code in codes.split(",") if code.strip())
    return found


def skips_file(source_lines: Sequence[str]) -> bool:
    """Whether a comment asks for the whole file to be left as it is."""
    return any(_SKIP.search(comment) for _, comment in _comments(source_lines))


def _comments(source_lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    if not any(_MARK in line for line in source_lines):
        return
    lines = iter([line if line.endswith("\n") else f"{line}\n" for line in source_lines])
    try:
        for token in tokenize.generate_tokens(lambda: next(lines, "")):
            if token.type == tokenize.COMMENT and _MARK in token.string:
                yield token.start[0], token.string
    except (tokenize.TokenError, IndentationError):
        return
