"""Support functions stand where torch's arguments are passed on as they are: so they must take torch's parameters, by name and in torch's order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mappings.entries import registry
from transpiler.mapping.schema import Entry, Signature, TargetForm

SUPPORT = Path(__file__).resolve().parents[2] / "transpiler" / "support" / "mindspore"
#: Their functions tell the overloads apart themselves, as torch does.
OVERLOADED = frozenset({"arange", "randint", "tensor_max", "tensor_min"})
#: Parameters that ``_shared.yaml`` takes out of the call, or that the in-place rewriting does.
SHARED = frozenset({"out"} | {str(rule["name"]) for rule in registry().shared})


def parameters() -> dict[str, ast.arguments]:
    """The parameters of every support function, and of every class' constructor without ``self``."""
    found = {}
    for path in sorted(SUPPORT.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = node.args
            elif isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                        member.args.args = member.args.args[1:]
                        found[node.name] = member.args
    return found


def passed_on(entry: Entry) -> Iterator[tuple[Signature, TargetForm]]:
    """Each signature whose arguments go to the support form unchanged."""
    own = entry.form("mindspore")
    for signature, form in [(entry.signature, own), *((o.signature, o.targets.get("mindspore") or own) for o in entry.overloads)]:
        if signature is not None and form is not None and form.support and form.support not in OVERLOADED:
            yield signature, form


KNOWN = parameters()


@pytest.mark.parametrize("api", [api for api in registry() if any(passed_on(registry().lookup(api)))])  # type: ignore[arg-type]
def test_support_takes_torchs_parameters(api: str) -> None:
    entry = registry().lookup(api)
    assert entry is not None
    for signature, form in passed_on(entry):
        declared = KNOWN.get(form.support or "")
        if declared is None or declared.vararg is not None:
            continue
        positional, names = [a.arg for a in declared.args], {a.arg for a in [*declared.args, *declared.kwonlyargs]}
        in_order = True
        for index, parameter in enumerate(signature.parameters):
            rule = form.args.get(parameter.name)
            if parameter.kind in ("star", "double_star") or (index == 0 and entry.kind == "method"):
                continue
            if parameter.name in SHARED - form.keep or (rule is not None and (rule.drop or rule.to)):
                in_order = False  # what follows one that is left out is passed by keyword
                continue
            assert parameter.name in names or declared.kwarg is not None, parameter.name
            in_order = in_order and (form.order is None or parameter.name in form.order)
            if parameter.kind == "positional" and in_order:
                assert index < len(positional) and positional[index] == parameter.name, (parameter.name, positional)
