"""Every mapping entry is its own test: its example gives the same values, shapes and dtypes on torch and, ported, on each target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.mappings.entries import HEADER, TARGETS, port, registry, supported
from transpiler.mapping.check import dangling_names
from transpiler.mapping.schema import Entry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import single_file_context, transpile_source

CASES = [(api, target) for target, apis in TARGETS.items() for api in apis]
#: Kinds of entries that an example cannot show by a value of its own.
WITHOUT_EXAMPLE = frozenset({"annotation", "module", "decorator", "context", "dtype", "value", "family"})


@pytest.mark.parametrize(("api", "target"), CASES, ids=[f"{api}-{target}" for api, target in CASES])
def test_example(api: str, target: str, torch_results: Mapping[str, Any], target_results: Callable[[str], Mapping[str, Any]]) -> None:
    entry = registry().lookup(api)
    assert entry is not None
    expected = torch_results[api]
    assert "error" not in expected, f"the example fails on torch:\n{expected['error']}"
    ported = port(api, target)
    left = [d.message for d in ported.diagnostics if d.kind in (Kind.UNCONVERT, Kind.ERROR)]
    assert not left, f"{left}\n{ported.output.decode()}"
    actual = target_results(target)[api]
    assert "error" not in actual, f"{actual['error']}\n{ported.output.decode()}"
    assert_same(expected["y"], actual["y"], entry.tolerance or 1e-4, entry.random)


def assert_same(expected: list[Any], actual: list[Any], tolerance: float, is_random: bool) -> None:
    """Same structure, shapes, dtypes and values."""
    assert [leaf[0] for leaf in expected] == [leaf[0] for leaf in actual]
    for (path, kind, left), (_, other_kind, right) in zip(expected, actual, strict=True):
        assert kind == other_kind, f"{path}: {left!r}, {right!r}"
        if not kind.startswith("tensor"):
            assert is_random or left == right or (kind == "value" and left == pytest.approx(right, rel=tolerance)), path
            continue
        assert left.shape == right.shape, path
        if not is_random:
            np.testing.assert_allclose(right, left, rtol=tolerance, atol=1e-5, err_msg=path)


def test_supported_entries_have_examples() -> None:
    missing = []
    for target in TARGETS:
        for api in supported(target):
            entry = registry().lookup(api)
            assert entry is not None
            if entry.kind not in WITHOUT_EXAMPLE and not entry.example and not _from_ported_source(entry, target):
                missing.append(api)
    assert not sorted(set(missing))


def _from_ported_source(entry: Entry, target: str) -> bool:
    """Whether the port of the entry is torchvision's own source, ported (test_torchvision_port runs that)."""
    form = entry.form(target)
    return form is not None and (form.to or "").startswith("torchvision_ms.")


def test_names_in_tables_exist() -> None:
    assert list(dangling_names(registry())) == []


REJECTS = [(api, reject.code, reject.diagnostic) for api in registry() for reject in registry().lookup(api).rejects]  # type: ignore[union-attr]


@pytest.mark.parametrize(("api", "code", "diagnostic"), REJECTS, ids=[f"{api}-{index}" for index, (api, _, _) in enumerate(REJECTS)])
def test_rejected_forms_are_diagnosed(api: str, code: str, diagnostic: str) -> None:
    source = (HEADER + code + "\n").encode()
    result = transpile_source(source, path="reject.py", context=single_file_context(source, "reject.py", "mindspore", registry()))
    assert diagnostic in {d.code.value for d in result.diagnostics}, result.output.decode()
