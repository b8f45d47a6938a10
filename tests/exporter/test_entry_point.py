"""MODULE:EXPR, for single files, projects and packages, with and without the package's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpiler.exporter import ExporterError
from transpiler.exporter.entry_point import parse_entry


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "vision"
    (folder / "models").mkdir(parents=True)
    for file in ("__init__.py", "models/__init__.py", "models/net.py"):
        (folder / file).write_text("")
    return folder


@pytest.mark.parametrize("module", ["models.net", "vision.models.net"])
def test_a_package_may_be_named_or_not(package: Path, module: str) -> None:
    port = package.parent / "out"
    port.mkdir()
    entry = parse_entry(f"{module}: Net(1)", package, port)
    assert (entry.package, entry.module, entry.expression, entry.root) == ("vision", "vision.models.net", "Net(1)", port)


def test_a_project_keeps_its_module_names(package: Path) -> None:
    entry = parse_entry("vision.models.net:Net()", package.parent, package.parent)
    assert (entry.package, entry.module) == (None, "vision.models.net")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("net", "--entry"),
        ("net:", "--entry"),
        (":Net()", "--entry"),
        ("a-b:Net()", "--entry"),
        ("net:Net(", "--entry:8"),
        ("net: x = 1", "--entry:8"),
    ],
)
def test_what_is_no_entry_is_said(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ExporterError) as caught:
        parse_entry(text, tmp_path, tmp_path)
    assert caught.value.place.startswith(place)


def test_an_absent_tree_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExporterError) as caught:
        parse_entry("net:Net()", tmp_path, tmp_path / "absent")
    assert caught.value.place == str(tmp_path / "absent")
