"""In which forms do users write a call? Every form of one sample, as the body of a function over the sample's tensors.

Nothing here knows whether a form is legal: torch itself says so when the original is run, and what it refuses is no case.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from tests.conformance.samples import Sample

HEADER = """\
import torch
import torch as th
import torch.nn.functional as F
from torch import nn
from torch.nn import functional as functional_alias
"""
SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "true_divide": "/", "floor_divide": "//", "remainder": "%", "pow": "**", "matmul": "@", "eq": "==",
    "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "bitwise_left_shift": "<<",
    "bitwise_right_shift": ">>",
}  # fmt: skip
REFLECTED = {
    "__radd__": "+", "__rdiv__": "/", "__rmul__": "*", "__rand__": "&", "__ror__": "|", "__rxor__": "^", "__rmatmul__": "@", "__rmod__": "%",
    "__rpow__": "**", "__rsub__": "-",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write the call: its name, lines before and in the function, whether torch keeps gradients there."""

    name: str
    body: tuple[str, ...]
    differentiable: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one overload as torch declares it; ``default`` is source text, None where there is none."""

    name: str
    default: str | None
    keyword_only: bool


def forms(name: str, sample: Sample, aliases: Sequence[str] = ()) -> Iterator[Form]:
    """All forms of one sample, each text once."""
    seen = set()
    for form in _all(name, sample, aliases):
        if form.body not in seen:
            seen.add(form.body)
            yield form


def _all(name: str, sample: Sample, aliases: Sequence[str]) -> Iterator[Form]:
    if name == "__getitem__":
        yield from _indexing(sample)
        return
    if name in REFLECTED:
        yield Form("operator", (f"return {_atom(sample.positional[1])} {REFLECTED[name]} {sample.positional[0]}",))
        return
    if _exists(f"torch.{name}"):
        yield from _functions(name, sample)
    base = name.rpartition(".")[2]
    if hasattr(torch.Tensor, base) and not name.startswith(("nn.", "masked.", "signal.")) and _is_tensor(sample.positional[:1]):
        yield from _methods(base, sample)
    if base in SYMBOLS and len(sample.positional) == 2 and not sample.keyword:
        yield from _operators(SYMBOLS[base], sample)
    for alias in aliases:
        if _exists(f"torch.{alias}"):
            yield Form("alias", (f"return {call(f'torch.{alias}', sample.positional, sample.keyword)}",))


def _functions(name: str, sample: Sample) -> Iterator[Form]:
    path = f"torch.{name}"
    plain = call(path, sample.positional, sample.keyword)
    yield Form("call", (f"return {plain}",))
    base = name.rpartition(".")[2]
    if name.startswith("nn.functional."):
        yield Form("module alias", (f"return {call(f'F.{base}', sample.positional, sample.keyword)}",))
        yield Form("module alias", (f"return {call(f'functional_alias.{base}', sample.positional, sample.keyword)}",))
    else:
        yield Form("module alias", (f"return {call(f'th.{name}', sample.positional, sample.keyword)}",))
    package = path.rpartition(".")[0]
    yield Form(
        "from import", (f"from {package} import {base} as imported", f"return {call('imported', sample.positional, sample.keyword)}")
    )
    yield Form("value", (f"function = {path}", f"return {call('function', sample.positional, sample.keyword)}"))
    for declared in declarations(name):
        yield from _bound(path, sample, declared)
    yield from _outputs(name, sample)
    if "inplace" in {p.name for declared in declarations(name) for p in declared}:
        keyword = (*(pair for pair in sample.keyword if pair[0] != "inplace"), ("inplace", "True"))
        yield Form("inplace", (f"x = {sample.positional[0]}.clone()", f"{call(path, ('x', *sample.positional[1:]), keyword)}", "return x"))
    if _exists(f"{path}_") and _is_tensor(sample.positional[:1]):
        yield Form(
            "in-place function", ("x = a0.clone()", f"{call(f'{path}_', ('x', *sample.positional[1:]), sample.keyword)}", "return x")
        )
    if _is_tensor(sample.positional[:1]) and sample.tensors[0].ndim >= 2:
        prelude = "a0 = a0.transpose(0, -1).contiguous().transpose(0, -1)"
        yield Form("non-contiguous", (prelude, f"return {plain}"))


def _bound(path: str, sample: Sample, declared: Sequence[Parameter]) -> Iterator[Form]:
    for form, positional, keyword in bindings(sample.positional, sample.keyword, declared):
        yield Form(form, (f"return {call(path, positional, keyword)}",))


def bindings(
    given: Sequence[str], keywords: Sequence[tuple[str, str]], declared: Sequence[Parameter]
) -> Iterator[tuple[str, Sequence[str], Sequence[tuple[str, str]]]]:
    """The same call with keywords for positions, positions for keywords, and defaults spelled out."""
    open_ones = [p for p in declared if not p.keyword_only]
    if len(given) > len(open_ones):
        return
    named = [(p.name, value) for p, value in zip(open_ones, given, strict=False)]
    if dict(named).keys() & dict(keywords).keys():  # another overload's
        return
    known = {**dict(named), **dict(keywords)}
    yield "keywords", (), [*named, *keywords]
    yield "keywords reordered", (), [*named, *keywords][::-1]
    yield "mixed", given[:1], [*keywords[::-1], *named[1:]]
    spelled = [(p.name, p.default) for p in declared if p.name not in known and p.default is not None and p.name not in {"out", "device"}]
    if spelled:
        yield "defaults", given, [*keywords, *spelled]
    positional = list(given)
    left = dict(keywords)
    for parameter in open_ones[len(positional) :]:
        value = left.pop(parameter.name, parameter.default)
        if value is None or not left and parameter.name not in dict(keywords):
            break
        positional.append(value)
    if len(positional) > len(given) and not set(left) & {p.name for p in open_ones[: len(positional)]}:
        yield "positional", positional, [*left.items()]


def _outputs(name: str, sample: Sample) -> Iterator[Form]:
    if name.startswith("nn.functional.") or not _is_tensor(sample.positional[:1]):
        return
    yield Form(
        "out=",
        (
            f"out = torch.empty_like({call(f'torch.{name}', sample.positional, sample.keyword)})",
            call(f"torch.{name}", sample.positional, [*sample.keyword, ("out", "out")]),
            "return out",
        ),
        differentiable=False,
    )


def _methods(base: str, sample: Sample) -> Iterator[Form]:
    receiver, rest = sample.positional[0], sample.positional[1:]
    yield Form("method", (f"return {call(f'{receiver}.{base}', rest, sample.keyword)}",))
    for declared in declarations(base):
        open_ones = [p for p in declared if not p.keyword_only][1:]
        if len(rest) <= len(open_ones):
            named = [(p.name, value) for p, value in zip(open_ones, rest, strict=False)]
            if not dict(named).keys() & dict(sample.keyword).keys():
                yield Form("method keywords", (f"return {call(f'{receiver}.{base}', (), [*sample.keyword, *named])}",))
    if hasattr(torch.Tensor, f"{base}_"):
        written = call(f"x.{base}_", rest, sample.keyword)
        yield Form("in-place", (f"x = {receiver}.clone()", written, "return x"))
        yield Form("in-place result", (f"x = {receiver}.clone()", f"y = {written}", "return x, y"))
        yield Form("in-place alias", (f"x = {receiver}.clone()", "held = [x]", written, "return held[0]"))


def _operators(symbol: str, sample: Sample) -> Iterator[Form]:
    left, right = (_atom(value) for value in sample.positional)
    yield Form("operator", (f"return {left} {symbol} {right}",))
    if _is_tensor(sample.positional[:1]) and symbol not in {"==", "!=", "<", "<=", ">", ">="}:
        yield Form("augmented", (f"x = {left}.clone()", f"x {symbol}= {right}", "return x"))
        yield Form("augmented alias", (f"x = {left}.clone()", "held = [x]", f"x {symbol}= {right}", "return held[0]"))


def _indexing(sample: Sample) -> Iterator[Form]:
    index = _subscript(sample.positional[1])
    yield Form("subscript", (f"return a0[{index}]",))
    yield Form("subscript written", ("x = a0.clone()", f"x[{index}] = 1", "return x"))
    yield Form("subscript written by tensor", ("x = a0.clone()", f"x[{index}] = a0[{index}] * 2", "return x"))
    yield Form("subscript augmented", ("x = a0.clone()", f"x[{index}] += 1", "return x"))


def _subscript(index: str) -> str:
    """``(slice(1, None, None), 2)`` as it stands between brackets: ``1:, 2``."""
    text = re.sub(
        r"slice\(([^(),]*), ([^(),]*), ([^(),]*)\)",
        lambda m: ":".join("" if part == "None" else part for part in (m[1], m[2])) + ("" if m[3] == "None" else f":{m[3]}"),
        index,
    )
    return text[1:-1].rstrip(",") if text.startswith("(") and text != "()" and "slice" in index else text


@cache
def declarations(name: str) -> tuple[tuple[Parameter, ...], ...]:
    """The overloads of a function as torch itself declares them."""
    found = []
    function = _find(f"torch.{name}")
    with contextlib.suppress(TypeError, ValueError):
        found.append(from_python(inspect.signature(function)))
    for schema in _schemas(name):
        found.append(_from_schema(schema))
    return tuple(dict.fromkeys(found))


def _schemas(name: str) -> Sequence[Any]:
    base = name.removeprefix("nn.functional.").replace("linalg.", "linalg_").replace("special.", "special_").replace("fft.", "fft_")
    try:
        schemas: Sequence[Any] = torch._C._jit_get_schemas_for_operator(f"aten::{base}")
    except RuntimeError:
        return ()
    return [schema for schema in schemas if not schema.overload_name.endswith("out")]


def from_python(signature: inspect.Signature) -> tuple[Parameter, ...]:
    """The parameters of a signature; none where it takes anything."""
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature.parameters.values()):
        return ()
    return tuple(
        Parameter(p.name, None if p.default is p.empty else _literal(p.default), p.kind is p.KEYWORD_ONLY)
        for p in signature.parameters.values()
        if not p.name.startswith("_")
    )


def _from_schema(schema: Any) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            "input" if a.name == "self" else a.name,
            _literal(a.default_value) if a.has_default_value() and a.name != "layout" else None,
            a.kwarg_only,
        )
        for a in schema.arguments
        if a.name not in {"generator", "layout", "pin_memory", "device", "memory_format"}
    )


def _literal(value: Any) -> str | None:
    return repr(value) if value is None or isinstance(value, (bool, int, float, str, list, tuple)) else None


def call(callee: str, positional: Sequence[str], keyword: Sequence[tuple[str, str]]) -> str:
    """A call as source text."""
    return f"{callee}({', '.join([*positional, *(f'{key}={value}' for key, value in keyword)])})"


def _atom(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _is_tensor(values: Sequence[str]) -> bool:
    return bool(values) and values[0] == "a0"


def _exists(path: str) -> bool:
    return callable(_find(path))


def _find(path: str) -> Any:
    value: Any = torch
    for part in path.split(".")[1:]:
        value = getattr(value, part, None)
    return value
