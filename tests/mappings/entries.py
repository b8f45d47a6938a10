"""Which examples there are, and their ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from transpiler.mapping.registry import Registry, load_registry
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


@cache
def registry() -> Registry:
    """The repository's own tables."""
    return load_registry()


def example_code(api: str) -> str:
    """The example as a script, '' where the entry has none."""
    entry = registry().lookup(api)
    return HEADER + entry.example.strip() + "\n" if entry is not None and entry.example else ""


def supported(target: str) -> Sequence[str]:
    """The entries that a target supports, and that are run by example."""
    found = []
    for api in registry():
        entry = registry().lookup(api)
        assert entry is not None
        twin = registry().lookup(entry.inplace) if entry.inplace else None
        forms = [found.form(target) for found in (entry, twin) if found is not None]
        forms += [overload.targets.get(target) for found in (entry, twin) if found is not None for overload in found.overloads]
        if any(form is not None and form.unsupported is None for form in forms):
            found.append(api)
    return tuple(found)


@cache
def port(api: str, target: str) -> FileResult:
    """An entry's example, ported."""
    source = example_code(api).encode()
    return transpile_source(source, path="example.py", context=single_file_context(source, "example.py", target, registry()))


TARGETS: Mapping[str, Sequence[str]] = {
    target: [api for api in supported(target) if example_code(api)] for target in ("mindspore", "keras")
}
