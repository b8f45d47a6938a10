"""What ``torch2ms explain`` prints: what a torch name becomes, what a diagnostic code means, and a first draft of a missing entry."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from transpiler.mapping.registry import Registry, load_registry
from transpiler.mapping.schema import TARGETS, ArgumentRule, Entry, Overload, TargetForm
from transpiler.report.codes import EXPLANATIONS, Code


class UnknownNameError(Exception):
    """Neither a diagnostic code nor a torch name with an entry; the message suggests close names."""


def explain(name: str, mappings: Sequence[Path] = ()) -> str:
    """The explanation of a code (``T2M302``) or a torch name (``torch.nn.Conv2d``). Raises ``UnknownNameError``."""
    if name.upper().startswith("T2M"):
        return _explain_code(name.upper())
    registry = load_registry(mappings)
    entry = registry.lookup(name) or registry.family(name)
    if entry is None:
        raise UnknownNameError(_unknown(name, registry))
    return "\n".join(_entry_lines(name, entry))


def _explain_code(name: str) -> str:
    codes = {code.value: code for code in Code}
    if name not in codes:
        raise UnknownNameError(f"{name} is not a diagnostic code. Codes are {', '.join(sorted(codes))}.")
    info = EXPLANATIONS[codes[name]]
    return f"{name}: {info.title}\n\n{info.explanation}\n\nSilence it on a line with the comment  # torch2ms: ignore[{name}]"


def _unknown(name: str, registry: Registry) -> str:
    close = difflib.get_close_matches(name, list(registry), n=3)
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    return f"No entry for {name}.{hint} Start one with: torch2ms new-entry {name}"


def _entry_lines(name: str, entry: Entry) -> Iterator[str]:
    yield f"{entry.api}{entry.signature.text if entry.signature else ''}" + (f"   ({name} is the same)" if name != entry.api else "")
    yield f"{entry.kind}, {Path(entry.location.file).name}:{entry.location.line}"
    for target in TARGETS:
        yield from ("", f"{target}:")
        yield from (f"  {line}" for line in _target_lines(entry, target))
    if entry.example:
        yield from ("", "example:", *(f"  {line}" for line in entry.example.strip().splitlines()))


def _target_lines(entry: Entry, target: str) -> Iterator[str]:
    form = entry.form(target)
    if form is not None:
        yield from form_lines(form)
    for overload in entry.overloads:
        found = overload.targets.get(target)
        if found is not None:
            yield _overload_title(overload)
            yield from (f"  {line}" for line in form_lines(found))
    if form is None and not any(target in overload.targets for overload in entry.overloads):
        yield "nothing is known yet: uses are left as they are and reported"


def _overload_title(overload: Overload) -> str:
    kinds = ", ".join(f"{name} is {kind}" for name, kind in overload.when.items())
    return overload.signature.text + (f" where {kinds}" if kinds else "")


def form_lines(form: TargetForm) -> Iterator[str]:
    """What one target's form says, a fact a line."""
    if form.unsupported is not None:
        yield f"not supported ({form.unsupported.code}): {form.unsupported.hint}"
    for label, value in (("becomes", form.to or form.template), ("converted by", form.convert), ("with torch's signature", form.support)):
        if value:
            yield f"{label} {value}"
    for parameter, rule in form.args.items():
        yield f"  {parameter}: {_rule(rule)}"
    if form.add:
        yield f"  always passes {', '.join(f'{key}={value}' for key, value in form.add.items())}"
    if form.weights:
        yield f"  weights: {', '.join(f'{key} -> {rule.to}' for key, rule in form.weights.items())}"
    if form.note:
        yield f"  {form.fidelity if form.fidelity != 'exact' else 'note'}: {form.note}"


def _rule(rule: ArgumentRule) -> str:
    parts = [f"becomes {rule.to}" if rule.to else "", f"as {rule.template}" if rule.template else ""]
    parts += [f"converted by {rule.convert}" if rule.convert else "", "written out where left out" if rule.emit_default else ""]
    parts += [{"always": "dropped", "when_default": "dropped; other values than torch's default are reported"}.get(rule.drop or "", "")]
    if rule.only is not None:
        parts.append(f"only {', '.join(rule.only)}")
    if rule.values is not None:
        parts.append(", ".join(f"{old} becomes {new}" for old, new in rule.values.items()))
    return "; ".join(part for part in [*parts, rule.hint] if part) or "kept"


def scaffold(name: str) -> str:
    """A draft of an entry for ``name``, with torch's own signature where torch is installed; both targets are left to fill in."""
    found = _find(name)
    kind = "class" if inspect.isclass(found) else "method" if name.startswith("torch.Tensor.") else "function"
    call = f"{name}(…)" if kind != "method" else f"torch.ones(2, 3).{name.rpartition('.')[2]}(…)"
    return "\n".join(
        [
            f"- api: {name}",
            *([] if kind == "function" else [f"  kind: {kind}"]),
            f"  signature: {_signature(found) or '(…)'}",
            "  targets:",
            *(f"    {target}: {{to: …, args: {{}}}}   # or template, support, or {{unsupported: {{hint: …}}}}" for target in TARGETS),
            f"  example: y = {call}",
            "",
        ]
    )


def _find(name: str) -> Any:
    try:
        import torch
    except ImportError:
        return None
    found: Any = torch
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def _signature(found: Any) -> str | None:
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    bare = [parameter.replace(annotation=empty) for parameter in signature.parameters.values()]
    return str(inspect.Signature(bare))
