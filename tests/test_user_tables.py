"""Tables and converters of the user's own, given on the command line, extend and override the built-in ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import transpiler
from transpiler.mapping.schema import MappingError

CONVERTER = """
import libcst as cst


def unravel(site, context):
    shape = site.value("shape")
    if shape is None or site.kind("shape") not in ("shape", "sequence"):
        return None
    return cst.Call(context.ref("mindspore.ops.unravel_index"), [site.args[0], cst.Arg(shape)])
"""


def write_table(folder: Path, text: str) -> Path:
    table = folder / "own.yaml"
    table.write_text(text)
    return table


def test_a_users_converter_is_called_and_may_decline(tmp_path: Path) -> None:
    (tmp_path / "converters.py").write_text(CONVERTER)
    table = write_table(
        tmp_path,
        "- api: torch.unravel_index\n  signature: (indices, shape)\n  returns: tensors\n"
        '  targets: {mindspore: {convert: "converters.py:unravel"}}\n',
    )
    source = "import torch\n\n\ndef f(i, shape):\n    return torch.unravel_index(i, (2, 3)), torch.unravel_index(i, shape)\n"
    result = transpiler.transpile(source, mappings=[table])
    assert "ops.unravel_index(i, (2, 3)), torch.unravel_index(i, shape)" in result.output
    assert [d.symbol for d in result.diagnostics if d.kind == "unconvert" and "import" not in d.symbol] == ["torch.unravel_index"]


def test_a_users_entry_replaces_a_built_in_one(tmp_path: Path) -> None:
    table = write_table(
        tmp_path, "- api: torch.abs\n  signature: (input)\n  targets: {mindspore: {template: 'mindspore.ops.absolute({input})'}}\n"
    )
    source = "import torch\n\n\ndef f(x):\n    return torch.abs(x)\n"
    assert "ops.absolute(x)" in transpiler.transpile(source, mappings=[table]).output
    assert "ops.absolute(x)" not in transpiler.transpile(source).output


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- api: torch.abs\n  signture: (x)\n", "own.yaml:1"),
        ("- api: torch.abs\n  targets: {mindspore: {to: a.b, arg: {}}}\n", "own.yaml:1"),
        ("- api: torch.abs\n  targets: {mindspore: {template: '{x} + {x}'}}\n  signature: (x)\n", "own.yaml:1"),
        ("- api: [", "own.yaml:2"),
        ("- api: !!python/object/apply:os.system [ls]\n  targets: {}\n", "own.yaml:1"),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(MappingError, match=place):
        transpiler.transpile("import torch\n", mappings=[write_table(tmp_path, text)])
