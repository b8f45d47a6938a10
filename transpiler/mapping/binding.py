"""Which parameter each argument of a call fills, and which overload a call means.

Works on what the caller knows of each argument: how it is written and, by a short name, what kind of value it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from transpiler.mapping.schema import Entry, Overload, Parameter, Signature, TargetForm


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as written: keyword (None: positional), star ('', '*' or '**'), kind of value, source text where it is short."""

    keyword: str | None
    star: Literal["", "*", "**"]
    kind: str
    index: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """Arguments by parameter name. A star parameter holds every argument it swallows. ``order`` lists parameters as written."""

    signature: Signature
    values: Mapping[str, tuple[Argument, ...]]
    order: tuple[str, ...]

    def get(self, name: str) -> Argument | None:
        """The argument of a plain parameter, None where it was left out."""
        found = self.values.get(name)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The overload that a call means: its signature, forms and result, the binding, and whether the choice was certain."""

    binding: Binding
    returns: tuple[str, ...] | None
    targets: Mapping[str, TargetForm] | None
    certain: bool


_ACCEPTS: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset({"int", "float", "bool", "number", "complex"}),
    "float": frozenset({"float"}),
    "int": frozenset({"int", "bool"}),
    "sequence": frozenset({"sequence", "shape"}),
    "device": frozenset({"device", "str"}),
}
#: NumPy's names of arguments, which torch's argument parser takes too.
NUMPY_NAMES: Final[Mapping[str, str]] = {"axis": "dim", "keepdims": "keepdim"}
#: Names that it takes besides the documented ones: NumPy's, and those of single overloads.
_OTHER_NAMES: Final[Mapping[str, str]] = {
    **NUMPY_NAMES, "x": "input", "a": "input", "x1": "input", "x2": "other", "sections": "indices_or_sections",
    "indices": "indices_or_sections", "split_size": "split_size_or_sections", "split_sizes": "split_size_or_sections",
}  # fmt: skip
_VAGUE: Final = frozenset({"unknown", "foreign"})


def bind(signature: Signature, arguments: Sequence[Argument]) -> Binding | None:
    """Bind a call without star-arguments to a signature as Python would; None where Python would raise ``TypeError``."""
    values: dict[str, tuple[Argument, ...]] = {}
    order: list[str] = []
    positional = [p for p in signature.parameters if p.kind in ("positional", "positional_only")]
    star = next((p for p in signature.parameters if p.kind == "star"), None)
    position = 0
    for argument in arguments:
        if argument.star:
            if argument.star == "*" and star is not None and position >= len(positional):
                parameter: Parameter | None = star
            else:
                return None
        elif argument.keyword is not None:
            parameter = _by_keyword(signature, argument.keyword)
        elif position < len(positional):
            parameter = positional[position]
            position += 1
        else:
            parameter = star
        if parameter is None:
            return None
        if parameter.name in values and parameter.kind not in ("star", "double_star"):
            return None
        values[parameter.name] = (*values.get(parameter.name, ()), argument)
        if parameter.name not in order:
            order.append(parameter.name)
    for parameter in signature.parameters:
        if parameter.default is None and parameter.kind not in ("star", "double_star") and parameter.name not in values:
            return None
    return Binding(signature, values, tuple(order))


def _by_keyword(signature: Signature, keyword: str) -> Parameter | None:
    found = signature.find(keyword) or signature.find(_OTHER_NAMES.get(keyword, keyword))
    first = signature.parameters[0] if signature.parameters else None
    if found is None and keyword == "input" and first is not None and first.kind == "positional" and first.name != "self":
        found = first  # what torch documents as A or tensor, its argument parser knows as input
    if found is not None and found.kind in ("positional", "keyword"):
        return found
    return next((p for p in signature.parameters if p.kind == "double_star"), None)


def choose(entry: Entry, arguments: Sequence[Argument]) -> Choice | None:
    """The overload that a call means; None where no signature of the entry takes these arguments.

    Certain when the first overload that binds fits in every kind; where kinds are unknown and several overloads remain, the first
    of them is returned as uncertain.
    """
    if not entry.overloads:
        if entry.signature is None:
            return None
        binding = bind(entry.signature, arguments)
        return None if binding is None else Choice(binding, entry.returns, entry.targets, True)
    candidates: list[tuple[Overload, Binding, bool]] = []
    for overload in entry.overloads:
        binding = bind(overload.signature, arguments)
        if binding is None:
            continue
        fit = _fit(overload, binding)
        if fit is not None:
            candidates.append((overload, binding, fit))
            if fit:
                break
    if not candidates:
        return None
    overload, binding, fit = candidates[0]
    return Choice(binding, overload.returns or entry.returns, overload.targets or entry.targets, fit or len(candidates) == 1)


def _fit(overload: Overload, binding: Binding) -> bool | None:
    """True: every kind fits; False: nothing contradicts; None: some kind contradicts."""
    certain = True
    for name, wanted in overload.when.items():
        arguments = binding.values.get(name, ())
        if wanted in ("given", "absent"):
            if bool(arguments) != (wanted == "given"):
                return None
            continue
        for argument in arguments:
            verdict = kind_fits(wanted, argument.kind)
            if verdict is None:
                return None
            certain = certain and verdict
    return certain


def kind_fits(wanted: str, actual: str) -> bool | None:
    """Whether a value of kind ``actual`` is of a ``wanted`` kind (alternatives separated by '|'): True, False for maybe, None for no."""
    verdicts = [_kind_fits(item.strip(), actual) for item in wanted.split("|")]
    if True in verdicts:
        return True
    return False if False in verdicts else None


def _kind_fits(wanted: str, actual: str) -> bool | None:
    if actual == wanted or actual in _ACCEPTS.get(wanted, frozenset()):
        return True
    if actual in _VAGUE or (actual == "number" and wanted in ("int", "float")):
        return False
    return None
