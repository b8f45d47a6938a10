"""Whether black may touch the output, and which lines of it.

``auto`` formats only lines that were changed, and only in files that black would have left alone before: a file formatted by hand stays
formatted by hand. Black reads a file more slowly than everything else here together, so that ``auto`` first looks for cheap signs that
the original was never formatted by black; a wrong guess there leaves lines unformatted, never wrong.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from black.mode import Mode

CHOICES: Final = ("auto", "black", "none")


@dataclass(frozen=True, slots=True)
class BlackSettings:
    """The project's own ``[tool.black]``, as far as it changes what black writes."""

    line_length: int = 88
    string_normalization: bool = True
    magic_trailing_comma: bool = True
    preview: bool = False
    target_versions: tuple[str, ...] = ()


def read_settings(start: Path) -> BlackSettings:
    """The settings in the nearest ``pyproject.toml`` at or above ``start``; black's defaults where there are none."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder.resolve(), *folder.resolve().parents):
        settings = candidate / "pyproject.toml"
        if settings.is_file():
            return _parse_settings(settings)
        if (candidate / ".git").exists():
            break
    return BlackSettings()


def _parse_settings(path: Path) -> BlackSettings:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("black", {})
    except (OSError, ValueError):
        return BlackSettings()
    options = {key.replace("_", "-"): value for key, value in table.items()}
    versions = options.get("target-version", ())
    return BlackSettings(
        line_length=int(options.get("line-length", 88)),
        string_normalization=not options.get("skip-string-normalization", False),
        magic_trailing_comma=not options.get("skip-magic-trailing-comma", False),
        preview=bool(options.get("preview", False)),
        target_versions=(versions,) if isinstance(versions, str) else tuple(versions),
    )


def format_output(original: bytes, output: bytes, choice: str, settings: BlackSettings | None = None) -> bytes:
    """``output`` formatted as ``choice`` (auto, black, none) says. What black cannot read comes back as it is."""
    if choice == "none" or output == original:
        return output
    settings = settings or BlackSettings()
    if choice == "auto" and _was_formatted_otherwise(original, settings):
        return output
    text = _decode(output)
    before = _decode(original)
    if text is None or before is None:
        return output
    formatted = _format_all(text, settings) if choice == "black" else _format_changes(before, text, settings)
    return output if formatted is None else formatted.encode("utf-8")


def _decode(source: bytes) -> str | None:
    """The text with '\\n' line ends, None where writing it back would not give the same bytes."""
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\r" in text or text.startswith("\ufeff") else text


def _was_formatted_otherwise(original: bytes, settings: BlackSettings) -> bool:
    """Signs that black never formatted the file: a definition, import or call longer than a line, two-space indents, blanks at line ends."""
    long_line = rb"(?=[^\n]{%d})" % (settings.line_length + 1)
    signs = [
        rb"^" + long_line + rb" *(?:def \w+\([^\n#]+\)[^\n#]*:|from [\w.]+ import [\w, ]+)$",
        rb"^" + long_line + rb" *(?:return |raise |[\w.]+ = )[\w.]+\([^\n#'\"]+\)$",
        rb"^(?:def|class|if|for|while) [^\n]*:\n(?:  |   )\S",
        rb"^[^\n'\"#]*\S[ \t]+$",
    ]
    if settings.string_normalization:
        signs.append(rb"^\s*[\w.]+ = '[^'\"\\\n]*'$")
    return any(re.search(sign, original, re.MULTILINE) for sign in signs)


def _mode(settings: BlackSettings) -> Mode:
    from black.mode import Mode, TargetVersion

    return Mode(
        line_length=settings.line_length,
        string_normalization=settings.string_normalization,
        magic_trailing_comma=settings.magic_trailing_comma,
        preview=settings.preview,
        target_versions={TargetVersion[name.upper()] for name in settings.target_versions if name.upper() in TargetVersion.__members__},
    )


def _format_all(text: str, settings: BlackSettings) -> str | None:
    import black
    from black.parsing import InvalidInput

    try:
        return black.format_str(text, mode=_mode(settings))
    except (InvalidInput, ValueError, RecursionError):
        return None


def _format_changes(before: str, text: str, settings: BlackSettings) -> str | None:
    """Where black leaves the original alone, all that it does to the output is about changed statements. (Its own line ranges treat the
    other lines as comments, and put blank lines after them.)"""
    return _format_all(text, settings) if _format_all(before, settings) == before else None
