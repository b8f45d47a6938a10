"""How a file's bytes come in, and which diagnostic says why they cannot be used.

The bytes stay bytes: LibCST reads the declared encoding itself and gives the same bytes back. What is decided here is only whether
the parser may see them at all. LibCST's native parser recurses once for each level of nesting and would end the process on a few thousand
levels, so that sources that could be that deep are first read by CPython's own parser, which refuses them with an exception.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, Range

#: Brackets open at once, or characters in a line, above which CPython's parser has to agree first.
_SAFE_DEPTH = 60
_SAFE_LINE = 4000
#: Levels of the syntax tree that LibCST's parser follows on a stack of 8 MB, with room to spare. CPython's own limit is no substitute: it
#: follows ``sys.setrecursionlimit``, which other libraries of the process raise.
_DEEPEST_TREE = 2000
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BRACKET = re.compile(rb"[()\[\]{}]")


class TooDeepError(Exception):
    """The source nests deeper than the parser can follow."""


def read_source(path: Path, name: str) -> bytes | Diagnostic:
    """The bytes of ``path``, or the diagnostic (about ``name``) that says why it could not be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        return unreadable(name, error)


def unreadable(name: str, error: OSError) -> Diagnostic:
    """The diagnostic of a file or folder that the system does not let us read."""
    return Diagnostic(Kind.ERROR, Code.UNREADABLE, name, None, f"The file cannot be read: {error.strerror or error}")


def check_source(source: bytes) -> None:
    """Raise ``TooDeepError`` or ``SyntaxError`` for source that the parser must not see; do nothing for ordinary source."""
    if b"\0" in source:
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        raise SyntaxError("source code cannot contain null bytes", ("<source>", line, 1, None))
    if not _may_be_deep(source):
        return
    try:
        tree = ast.parse(source)
    except (RecursionError, MemoryError) as error:
        raise TooDeepError("The source nests too deeply to be parsed.") from error
    level: list[ast.AST] = [tree]
    depth = 0
    while level := [child for node in level for child in ast.iter_child_nodes(node)]:
        depth += 1
        if depth > _DEEPEST_TREE:
            raise TooDeepError("The source nests too deeply to be parsed.")


def _may_be_deep(source: bytes) -> bool:
    if max(map(len, source.splitlines()), default=0) > _SAFE_LINE:
        return True
    depth = 0
    for match in _BRACKET.finditer(source):
        depth += 1 if match[0] in b"([{" else -1
        if depth > _SAFE_DEPTH:
            return True
    return False


def input_error(error: Exception, source: bytes, name: str) -> Diagnostic | None:
    """The diagnostic of an exception that the source itself is to blame for; None for any other exception."""
    if isinstance(error, TooDeepError):
        return Diagnostic(Kind.ERROR, Code.SYNTAX_ERROR, name, None, str(error))
    if isinstance(error, SyntaxError | LookupError | UnicodeDecodeError):
        wrong_bytes = _encoding_error(source, name)
        if wrong_bytes is not None:
            return wrong_bytes
    if isinstance(error, SyntaxError):
        return _syntax_error(name, error.lineno or 1, max((error.offset or 1) - 1, 0), error.msg)
    if type(error).__name__ == "ParserSyntaxError":  # libcst's own, not imported here: start-up pays for it
        return _parser_error(error, source, name)
    return None


def _parser_error(error: Exception, source: bytes, name: str) -> Diagnostic:
    """CPython names the place of a syntax error far better than LibCST; LibCST speaks where CPython accepts the source."""
    try:
        ast.parse(source)
    except SyntaxError as found:
        return _syntax_error(name, found.lineno or 1, max((found.offset or 1) - 1, 0), found.msg)
    except (ValueError, RecursionError, MemoryError):
        pass
    return _syntax_error(name, getattr(error, "raw_line", 1), getattr(error, "raw_column", 0), str(getattr(error, "message", error)))


def _syntax_error(name: str, line: int, column: int, message: str) -> Diagnostic:
    return Diagnostic(Kind.ERROR, Code.SYNTAX_ERROR, name, Range(line, column, line, column), f"Syntax error: {message}")


def _encoding_error(source: bytes, name: str) -> Diagnostic | None:
    """The diagnostic of bytes that do not fit the declared encoding, or of an encoding that does not exist."""
    declared = next(filter(None, map(_COOKIE.match, source.splitlines()[:2])), None)
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        source.decode(encoding)
    except UnicodeDecodeError as error:
        return _bad_byte(error, source, name)
    except LookupError as error:
        return Diagnostic(Kind.ERROR, Code.BAD_ENCODING, name, Range(1, 0, 1, 0), f"The declared encoding cannot be used: {error}")
    return None


def _bad_byte(error: UnicodeDecodeError, source: bytes, name: str) -> Diagnostic:
    before = source[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode(error.encoding, "replace"))
    byte = source[error.start : error.start + 1].hex()
    message = f"Byte 0x{byte} is not valid {error.encoding}."
    hint = "Save the file as UTF-8, or declare its encoding in the first line."
    return Diagnostic(Kind.ERROR, Code.BAD_ENCODING, name, Range(line, column, line, column + 1), message, hint=hint)
