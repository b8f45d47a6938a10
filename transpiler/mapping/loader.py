"""How the YAML tables become checked, plain data: every key known, every symbol said once, every fault named with file and line.

Reading YAML is slow next to everything else at start-up, so the checked tables are kept in compiled form (``marshal``) in the user's
cache folder under a digest of the tables and of this package's schema; a missing or unwritable cache costs time, never correctness.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from transpiler.mapping import schema
from transpiler.mapping.schema import MappingError
from transpiler.mapping.signature import parse_signature

#: Plain form of the tables: {"entries": {api: {"file", "line", "data"}}, "aliases": {alias: api}, "shared": [{...}]}; an entry of a user's
#: own table also has its "folder", where converters that it names are looked for.
RawTables = dict[str, Any]

_FORMAT: Final = 4
SHARED_TABLE: Final = "_shared.yaml"


def load_tables(root: Path, extra: Sequence[Path] = ()) -> RawTables:
    """The tables below ``root`` and the user's ``extra`` tables, which extend and override them.

    Raises ``MappingError`` at the first fault, its text starting with ``file:line``.
    """
    tables = _cached(sorted(root.rglob("*.yaml")), root)
    if not extra:
        return tables
    merged: RawTables = {"entries": dict(tables["entries"]), "aliases": dict(tables["aliases"]), "shared": tables["shared"]}
    for path in extra:
        own = read_tables([path], path.parent)
        for raw in own["entries"].values():
            raw["folder"] = str(path.resolve().parent)
        merged["entries"].update(own["entries"])
        merged["aliases"].update(own["aliases"])
        merged["shared"] = merged["shared"] + own["shared"]
    return merged


def _cached(paths: Sequence[Path], root: Path) -> RawTables:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{_FORMAT} {sys.version_info[:2]} {root}".encode())
    for path in paths:
        stat = path.stat()
        digest.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch2ms"
    compiled = folder / f"tables-{digest.hexdigest()}.bin"
    try:
        tables: RawTables = marshal.loads(compiled.read_bytes())
        return tables
    except (OSError, ValueError, EOFError, TypeError):
        pass
    tables = read_tables(paths, root)
    _write_cache(compiled, marshal.dumps(tables))
    return tables


def _write_cache(compiled: Path, data: bytes) -> None:
    try:
        compiled.parent.mkdir(parents=True, exist_ok=True)
        for stale in compiled.parent.glob("tables-*.bin"):
            stale.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=compiled.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, compiled)
    except OSError:
        return


def read_tables(paths: Iterable[Path], root: Path) -> RawTables:
    """Read and check tables without the cache."""
    entries: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    shared: list[dict[str, Any]] = []
    for path in paths:
        label = _label(path, root)
        document = _compose(path, label)
        if path.name == SHARED_TABLE:
            shared.extend(_shared(document, label))
            continue
        for line, data in _list(document, label):
            api = _check_entry(data, label, line)
            if api in entries:
                raise MappingError(f"{label}:{line}: {api} is already defined at {entries[api]['file']}:{entries[api]['line']}")
            entries[api] = {"file": label, "line": line, "data": data}
            for alias in data.get("aliases", ()):
                if aliases.get(alias, api) != api:
                    raise MappingError(f"{label}:{line}: {alias} is already an alias of {aliases[alias]}")
                aliases[alias] = api
    for alias, api in aliases.items():
        if alias in entries:
            where = entries[alias]
            raise MappingError(f"{where['file']}:{where['line']}: {alias} is also an alias of {api}")
    return {"entries": entries, "aliases": aliases, "shared": shared}


def _label(path: Path, root: Path) -> str:
    try:
        return str(path.relative_to(root.parent))
    except ValueError:
        return str(path)


def _compose(path: Path, label: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise MappingError(f"{label}:{line}: {getattr(error, 'problem', None) or error}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{label}:1: not UTF-8") from error


def _shared(document: Any, label: str) -> list[dict[str, Any]]:
    if document is None:
        return []
    data = _plain(document, label)
    if not isinstance(data, dict) or set(data) - {"parameters"}:
        raise MappingError(f"{label}:1: expected the one key 'parameters'")
    for item in data["parameters"]:
        if item.get("drop") not in schema.DROP_MODES or set(item) - {"name", "drop", "default", "targets"}:
            raise MappingError(f"{label}:1: {item!r} is not a shared parameter rule")
    return list(data["parameters"])


def _list(document: Any, label: str) -> Iterable[tuple[int, dict[str, Any]]]:
    if document is None:
        return
    if document.id != "sequence":
        raise MappingError(f"{label}:{document.start_mark.line + 1}: a table is a list of entries")
    for item in document.value:
        line = item.start_mark.line + 1
        if item.id != "mapping":
            raise MappingError(f"{label}:{line}: an entry is a mapping")
        yield line, _plain(item, label)


def _plain(node: Any, label: str) -> Any:
    """YAML nodes as Python values; anchors, tags and duplicate keys have no business in a table."""
    if node.id == "mapping":
        result: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in result:
                raise MappingError(f"{label}:{key.start_mark.line + 1}: key '{name}' stands twice")
            result[name] = _plain(value, label)
        return result
    if node.id == "sequence":
        return [_plain(item, label) for item in node.value]
    return _scalar(node, label)


def _scalar(node: Any, label: str) -> Any:
    tag = node.tag.rpartition(":")[2]
    if tag == "null":
        return None
    if tag == "bool":
        return node.value.lower() in ("true", "yes", "on")
    if tag == "int":
        return int(node.value, 0)
    if tag == "float":
        return float(node.value)
    if tag != "str":
        raise MappingError(f"{label}:{node.start_mark.line + 1}: tag '{node.tag}' is not allowed")
    return node.value


def _check_entry(data: dict[str, Any], label: str, line: int) -> str:
    api = data.get("api")

    def fail(message: str) -> MappingError:
        return MappingError(f"{label}:{line}: {api or 'entry'}: {message}")

    _keys(data, frozenset(schema.ENTRY_KEYS), fail, "entry")
    if not isinstance(api, str) or not api:
        raise fail("'api' is missing")
    if data.get("kind", "function") not in schema.ENTRY_KINDS:
        raise fail(f"unknown kind '{data['kind']}'")
    _check_signature(data.get("signature"), fail)
    for overload in data.get("overloads", ()):
        _keys(overload, schema.OVERLOAD_KEYS, fail, "overload")
        _check_signature(overload.get("signature"), fail)
        _check_targets(overload.get("targets", {}), overload.get("signature") or data.get("signature"), fail)
    for reject in data.get("rejects", ()):
        _keys(reject, schema.REJECT_KEYS, fail, "reject")
    if "unsupported" in data:
        _keys(data["unsupported"], schema.UNSUPPORTED_KEYS, fail, "unsupported")
    elif "targets" not in data and "overloads" not in data:
        raise fail("has neither 'targets' nor 'unsupported'")
    _check_targets(data.get("targets", {}), data.get("signature"), fail)
    return api


def _check_signature(text: object, fail: Any) -> None:
    if text is None:
        return
    try:
        parse_signature(str(text))
    except ValueError as error:
        raise fail(str(error)) from error


def _check_targets(targets: Mapping[str, Any], signature: str | None, fail: Any) -> None:
    _keys(targets, frozenset(schema.TARGETS), fail, "targets")
    names = {p.name for p in parse_signature(signature).parameters} if signature else None
    for target, form in targets.items():
        if isinstance(form, str):
            continue
        if not isinstance(form, dict):
            raise fail(f"the form for {target} is neither a name nor a mapping")
        _keys(form, schema.FORM_KEYS, fail, f"form for {target}")
        for name, rule in form.get("args", {}).items():
            if names is not None and name not in names:
                raise fail(f"'{name}' in args is not a parameter of {signature}")
            if isinstance(rule, dict):
                _keys(rule, schema.ARG_KEYS, fail, f"rule for '{name}'")
            elif not isinstance(rule, str):
                raise fail(f"the rule for '{name}' is neither a name nor a mapping")
        for rule in (form.get("weights") or {}).values():
            if isinstance(rule, dict):
                _keys(rule, schema.WEIGHT_KEYS, fail, "weight rule")
        if form.get("fidelity") == "approximate" and not form.get("note"):
            raise fail("'fidelity: approximate' needs a 'note'")
        _check_template(form.get("template"), names, fail)


def _check_template(template: str | None, names: set[str] | None, fail: Any) -> None:
    if template is None:
        return
    import string

    used = [name.partition(":")[0] for _, name, _, _ in string.Formatter().parse(_protect(template)) if name]
    for name in used:
        if used.count(name) > 1:
            raise fail(f"'{{{name}}}' stands twice in the template: its argument would run twice")
        if names is not None and name not in names and name != "self":
            raise fail(f"'{{{name}}}' in the template is not a parameter")


def _protect(template: str) -> str:
    return template.replace(":tuple}", "}").replace(":star}", "}")


def _keys(data: object, known: frozenset[str], fail: Any, what: str) -> None:
    if not isinstance(data, dict):
        raise fail(f"the {what} is not a mapping")
    for key in data:
        if key not in known:
            raise fail(f"unknown key '{key}' in the {what}")
