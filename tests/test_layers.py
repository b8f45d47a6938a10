"""Imports point one way: adapters, public functions, engine, analysis and mapping, report and syntax."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "transpiler"
#: Lower layers come first; a module imports from its own layer and those below.
LAYERS = (
    ("transpiler.report", "transpiler.syntax"),
    ("transpiler.mapping", "transpiler.analysis", "transpiler.support"),
    ("transpiler.targets",),
    ("transpiler.rewrite", "transpiler.exporter"),
    ("transpiler.workers", "transpiler.project", "transpiler.explain", "transpiler.torchvision_models"),
    ("transpiler.api",),
    ("transpiler.cli", "transpiler.hooks", "transpiler.__main__"),
)


def layer(module: str) -> int | None:
    return next((rank for rank, names in enumerate(LAYERS) if any(module == name or module.startswith(f"{name}.") for name in names)), None)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "transpiler":
            yield from (f"transpiler.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    module = ".".join(["transpiler", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    if module.startswith("transpiler.support."):
        assert module.count(".") == 2 or not any(name.startswith("transpiler") for name in imports(path))
    own = layer(module)
    assert own is not None, f"{module} is in no layer"
    upwards = [name for name in imports(path) if (rank := layer(name)) is not None and rank > own]
    assert upwards == []


def test_relative_imports_are_for_support_files_alone() -> None:
    """They would be invisible above; support files are copied as they are, and so name their siblings relatively."""
    for path in sources():
        relative = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.level]
        assert not relative or PACKAGE / "support" in path.parents, path


def test_nothing_of_the_transpiler_imports_a_framework_at_import_time() -> None:
    """The frameworks are imported by processes that run models, and by ``new-entry``, inside functions."""
    frameworks = {"torch", "mindspore", "keras", "tensorflow", "jax"}
    for path in sources():
        if PACKAGE / "support" in path.parents or PACKAGE / "exporter" in path.parents:
            continue
        tree = ast.parse(path.read_text())
        for node in tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & frameworks, path
