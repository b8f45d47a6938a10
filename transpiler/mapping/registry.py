"""Which entry describes a torch symbol: lookup by qualified name, through aliases, entries built when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from transpiler.mapping.loader import RawTables, load_tables
from transpiler.mapping.schema import (
    ArgumentRule,
    Entry,
    Location,
    Overload,
    Reject,
    TargetForm,
    Unsupported,
    WeightRule,
)
from transpiler.mapping.signature import parse_signature
from transpiler.mapping.tables import tables_root

#: The package that holds torchvision's models where they were ported with a project.
PORTED_MODELS: Final = "torchvision_ms"
#: The entry of packages that have none of their own.
NAMED_AFTER_TORCH: Final = "*torch*"


class Registry:
    """All entries by torch name. Entries are built lazily: a run touches a few dozen of a thousand."""

    def __init__(self, tables: RawTables) -> None:
        self._tables = tables
        self._built: dict[str, Entry | None] = {}

    def __reduce__(self) -> tuple[type[Registry], tuple[RawTables]]:
        return Registry, (self._tables,)

    def lookup(self, name: str) -> Entry | None:
        """The entry of a torch name or alias; None where there is none."""
        if name not in self._built:
            self._built[name] = self._find(name)
        return self._built[name]

    def family(self, name: str) -> Entry | None:
        """The entry of kind ``family`` that speaks for a name without an entry of its own (``torch.onnx`` for ``torch.onnx.export``)."""
        while "." in name:
            entry = self.lookup(name)
            if entry is not None and entry.kind == "family":
                return entry
            name = name.rpartition(".")[0]
        return None

    @cached_property
    def packages(self) -> frozenset[str]:
        """The packages that entries of kind ``package`` speak about."""
        return frozenset(api for api, raw in self._tables["entries"].items() if raw["data"].get("kind") == "package")

    def package(self, name: str) -> Entry | None:
        """The entry of the package built on torch that a dotted name belongs to; packages without one are known by torch in their names."""
        parts = name.split(".")
        found = next((known for n in range(1, len(parts) + 1) if (known := ".".join(parts[:n])) in self.packages), None)
        if found is None and "torch" in parts[0] and parts[0] != PORTED_MODELS and not self.has_prefix(parts[0]):
            found = NAMED_AFTER_TORCH
        return self.lookup(found) if found is not None else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables["entries"])

    @property
    def shared(self) -> Sequence[Mapping[str, Any]]:
        """Rules for parameters that mean the same everywhere (``_shared.yaml``)."""
        rules: Sequence[Mapping[str, Any]] = self._tables["shared"]
        return rules

    def has_prefix(self, name: str) -> bool:
        """Whether ``name`` is a package of known entries (``torch.nn``)."""
        if not hasattr(self, "_prefixes"):
            prefixes: set[str] = set()
            for api in (*self._tables["entries"], *self._tables["aliases"]):
                while "." in api:
                    api = api.rpartition(".")[0]
                    prefixes.add(api)
            self._prefixes = prefixes
        return name in self._prefixes

    def members(self, package: str) -> list[str]:
        """The public names directly in a package of torch that entries know, sorted."""
        known = (*self._tables["entries"], *self._tables["aliases"])
        return sorted({api for api in known if api.rpartition(".")[0] == package and not api.rpartition(".")[2].startswith("_")})

    def _find(self, name: str) -> Entry | None:
        api = name if name in self._tables["entries"] else self._tables["aliases"].get(name)
        if api is None:
            return None
        if api != name:
            return self.lookup(api)
        raw = self._tables["entries"][api]
        return _entry(raw["data"], Location(raw["file"], raw["line"], raw.get("folder", "")))


def load_registry(extra: Sequence[Path] = ()) -> Registry:
    """The project's own tables and the user's ``extra`` ones; raises ``MappingError`` with file and line."""
    return Registry(load_tables(tables_root(), extra))


def _entry(data: Mapping[str, Any], location: Location) -> Entry:
    api: str = data["api"]
    kind: str = data.get("kind", "function")
    return Entry(
        api=api,
        kind=kind,
        location=location,
        signature=parse_signature(data["signature"]) if data.get("signature") else None,
        overloads=tuple(_overload(item, data) for item in data.get("overloads", ())),
        legacy=tuple(parse_signature(text) for text in data.get("legacy", ())),
        aliases=tuple(data.get("aliases", ())),
        base=data.get("base") or _default_base(api, kind),
        returns=_returns(data.get("returns")),
        inplace=data.get("inplace"),
        view=bool(data.get("view", False)),
        unambiguous=bool(data.get("unambiguous", False)),
        targets=_forms(data.get("targets", {})),
        example=data.get("example", ""),
        rejects=tuple(Reject(item["code"], item["diagnostic"]) for item in data.get("rejects", ())),
        tolerance=data.get("tolerance"),
        random=bool(data.get("random", False)),
        since=str(data.get("since", "")),
        unsupported=_unsupported(data.get("unsupported")),
    )


def _default_base(api: str, kind: str) -> str | None:
    return "torch.nn.Module" if kind == "class" and api.startswith("torch.nn.") and api != "torch.nn.Module" else None


def _overload(item: Mapping[str, Any], data: Mapping[str, Any]) -> Overload:
    return Overload(
        signature=parse_signature(item["signature"]),
        when=MappingProxyType(dict(item.get("when", {}))),
        returns=_returns(item.get("returns", data.get("returns"))),
        targets=_forms(item.get("targets", {})) if "targets" in item else _forms(data.get("targets", {})),
    )


def _returns(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else ("tuple", *value)


def _forms(targets: Mapping[str, Any]) -> Mapping[str, TargetForm]:
    return MappingProxyType({name: _form(value) for name, value in targets.items()})


def _form(value: Any) -> TargetForm:
    if isinstance(value, str):
        return TargetForm(to=value)
    weights = value.get("weights")
    order = value.get("order")
    return TargetForm(
        to=value.get("to"),
        template=value.get("template"),
        args=MappingProxyType({name: _rule(rule) for name, rule in value.get("args", {}).items()}),
        order=None if order is None else tuple(order),
        add=MappingProxyType({name: str(text) for name, text in value.get("add", {}).items()}),
        support=value.get("support"),
        convert=value.get("convert"),
        suits=value.get("suits"),
        value=value.get("value"),
        isinstance=value.get("isinstance"),
        statement=value.get("statement"),
        unknown=value.get("unknown"),
        keep=frozenset(value.get("keep", ())),
        promotes=frozenset(value.get("promotes", ())),
        dtypes=MappingProxyType(dict(value.get("dtypes", {}))),
        attributes=MappingProxyType(dict(value.get("attributes", {}))),
        asked=frozenset(value.get("asked", ())),
        lost=frozenset(value.get("lost", ())),
        derived=frozenset(value.get("derived", ())),
        weights=None if weights is None else MappingProxyType({name: _weight(rule) for name, rule in weights.items()}),
        unsupported=_unsupported(value.get("unsupported")),
        fidelity=value.get("fidelity", "exact"),
        note=value.get("note", ""),
    )


def _rule(rule: Any) -> ArgumentRule:
    if isinstance(rule, str):
        return ArgumentRule(to=rule)
    values = rule.get("values")
    only = rule.get("only")
    return ArgumentRule(
        to=rule.get("to"),
        drop=rule.get("drop"),
        convert=rule.get("convert"),
        template=rule.get("template"),
        emit_default=rule.get("emit_default", False),
        values=None if values is None else MappingProxyType({str(k): str(v) for k, v in values.items()}),
        only=None if only is None else tuple(str(item) for item in only),
        code=rule.get("code", "T2M302"),
        hint=rule.get("hint", ""),
    )


def _weight(rule: Any) -> WeightRule:
    if rule is None or isinstance(rule, str):
        return WeightRule(rule)
    transpose = rule.get("transpose")
    return WeightRule(None if rule.get("drop") else rule.get("to"), None if transpose is None else tuple(transpose), rule.get("convert"))


def _unsupported(value: Any) -> Unsupported | None:
    return None if value is None else Unsupported(value.get("code", "T2M301"), value.get("hint", ""))
