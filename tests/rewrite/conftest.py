"""One source text through the engine, with the project's own tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from transpiler.mapping.registry import Registry, load_registry
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import Diagnostic
from transpiler.rewrite.pipeline import single_file_context, transpile_source

Port = Callable[[str], tuple[str, Sequence[Diagnostic]]]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The project's own tables."""
    return load_registry()


@pytest.fixture(scope="session")
def port(registry: Registry) -> Port:
    """The MindSpore port of a file and the remarks about it."""

    def run(source: str) -> tuple[str, Sequence[Diagnostic]]:
        data = source.encode()
        result = transpile_source(data, path="example.py", context=single_file_context(data, "example.py", "mindspore", registry))
        return result.output.decode(), result.diagnostics

    return run


def remarked(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """The codes of what was left or needs a look, sorted."""
    return sorted(d.code.value for d in diagnostics if d.kind in (Kind.UNCONVERT, Kind.REVIEW))
