"""What a mapping entry says: the frozen values that the YAML tables under ``mappings/`` are read into.

An entry describes one torch symbol for every target. ``docs/mapping-format.md`` explains each key with examples;
``loader.py`` checks the tables against the key sets in this module, and ``mappings/schema.json`` is generated from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

ENTRY_KINDS: Final = frozenset(
    {"class", "function", "method", "attribute", "value", "module", "dtype", "decorator", "context", "annotation", "family", "package"}
)
FIDELITIES: Final = frozenset({"exact", "approximate", "manual"})
DROP_MODES: Final = frozenset({"always", "when_default"})
TARGETS: Final = ("mindspore", "keras")

#: key -> JSON Schema of its value; the loader rejects every other key.
ENTRY_KEYS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "api": {"type": "string"},
        "kind": {"enum": sorted(ENTRY_KINDS)},
        "signature": {"type": "string"},
        "overloads": {"type": "array", "items": {"$ref": "#/$defs/overload"}},
        "legacy": {"type": "array", "items": {"type": "string"}},
        "aliases": {"type": "array", "items": {"type": "string"}},
        "base": {"type": "string"},
        "returns": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "inplace": {"type": "string"},
        "view": {"type": "boolean"},
        "unambiguous": {"type": "boolean"},
        "targets": {"type": "object"},
        "example": {"type": "string"},
        "rejects": {"type": "array", "items": {"$ref": "#/$defs/reject"}},
        "tolerance": {"type": "number"},
        "random": {"type": "boolean"},
        "since": {"type": "string"},
        "unsupported": {"$ref": "#/$defs/unsupported"},
    }
)
OVERLOAD_KEYS: Final = frozenset({"signature", "when", "returns", "targets"})
FORM_KEYS: Final = frozenset(
    {
        "to", "template", "args", "order", "add", "support", "convert", "value", "isinstance", "attributes", "asked", "lost", "derived",
        "weights", "unsupported", "fidelity", "note", "statement", "keep", "unknown", "promotes", "dtypes", "suits",
    }
)  # fmt: skip
#: Values of a form's ``unknown`` that are not the name of a support function.
UNKNOWN_WAYS: Final = frozenset({"stays", "dispatch"})
ARG_KEYS: Final = frozenset({"to", "drop", "convert", "template", "emit_default", "values", "only", "code", "hint"})
UNSUPPORTED_KEYS: Final = frozenset({"code", "hint"})
REJECT_KEYS: Final = frozenset({"code", "diagnostic"})
WEIGHT_KEYS: Final = frozenset({"to", "transpose", "drop", "convert"})


class MappingError(Exception):
    """A table that cannot be used; the message starts with ``file:line``."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an entry stands: table file and line (from 1); ``folder`` is the table's own for tables that the user gave, else ''."""

    file: str
    line: int
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a torch signature. ``kind`` is 'positional_only', 'positional', 'star', 'keyword' or 'double_star';
    ``default`` is the default's source text, None where the parameter is required."""

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """torch's parameter list, in order."""

    parameters: tuple[Parameter, ...]
    text: str = ""

    def find(self, name: str) -> Parameter | None:
        """The parameter called ``name``."""
        return next((p for p in self.parameters if p.name == name), None)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why there is no counterpart: the diagnostic's code and what to do instead."""

    code: str
    hint: str


@dataclass(frozen=True, slots=True)
class ArgumentRule:
    """What becomes of one argument.

    ``to``: the target's keyword (None: the same name). ``drop``: leave it out always, or only where the value is torch's default, any other
    value being refused. ``convert``: a value converter of ``rewrite/converters.py``. ``template``: an expression over ``{value}``.
    ``emit_default``: write torch's default out where the user left the argument out, because the target's own differs; the name of another
    parameter where torch derives the default from that one.
    ``values``: literal source text -> target source text, other literals being refused. ``only``: the literal values that the target honours.
    """

    to: str | None = None
    drop: str | None = None
    convert: str | None = None
    template: str | None = None
    emit_default: bool | str = False
    values: Mapping[str, str] | None = None
    only: tuple[str, ...] | None = None
    code: str = "T2M302"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class WeightRule:
    """How one torch parameter or buffer of a layer is found in the ported layer: attribute name there, axes order, or dropped."""

    to: str | None
    transpose: tuple[int, ...] | None = None
    convert: str | None = None


@dataclass(frozen=True, slots=True)
class TargetForm:
    """What a torch symbol becomes on one target. See ``docs/mapping-format.md`` for the meaning of every field."""

    to: str | None = None
    template: str | None = None
    args: Mapping[str, ArgumentRule] = field(default_factory=lambda: MappingProxyType({}))
    order: tuple[str, ...] | None = None
    add: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    support: str | None = None
    convert: str | None = None
    suits: str | None = None
    value: str | None = None
    isinstance: str | None = None
    statement: str | None = None
    unknown: str | None = None
    keep: frozenset[str] = frozenset()
    promotes: frozenset[str] = frozenset()
    dtypes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    asked: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    weights: Mapping[str, WeightRule] | None = None
    unsupported: Unsupported | None = None
    fidelity: str = "exact"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Overload:
    """One of several signatures of a symbol; ``when`` maps parameters to the kinds that their arguments must have."""

    signature: Signature
    when: Mapping[str, str]
    returns: tuple[str, ...] | None
    targets: Mapping[str, TargetForm]


@dataclass(frozen=True, slots=True)
class Reject:
    """Code that must end in a diagnostic, and which one; run by the entry's own test."""

    code: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything known about one torch symbol."""

    api: str
    kind: str
    location: Location
    signature: Signature | None
    overloads: tuple[Overload, ...]
    legacy: tuple[Signature, ...]
    aliases: tuple[str, ...]
    base: str | None
    returns: tuple[str, ...] | None
    inplace: str | None
    view: bool
    unambiguous: bool
    targets: Mapping[str, TargetForm]
    example: str
    rejects: tuple[Reject, ...]
    tolerance: float | None
    random: bool
    since: str
    unsupported: Unsupported | None

    def form(self, target: str) -> TargetForm | None:
        """The entry's form on ``target``: its own, or the entry-wide 'unsupported', or None where nothing is said."""
        found = self.targets.get(target)
        if found is None and self.unsupported is not None:
            return TargetForm(unsupported=self.unsupported)
        return found

    def common_support(self, target: str) -> str | None:
        """The support form that every overload falls back to on ``target``, None where they name different ones or none."""
        names = {form.support for overload in self.overloads if (form := overload.targets.get(target)) is not None and form.support}
        return names.pop() if len(names) == 1 else None
