"""The wheel holds what a run needs, tables and support sources included, and works in an environment without this checkout."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    return next(folder.glob("torch2ms-*.whl"))


def test_tables_support_and_types_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tables = {path.relative_to(ROOT / "mappings").as_posix() for path in (ROOT / "mappings").rglob("*.yaml")}
    assert tables
    assert {f"transpiler/_mappings/{name}" for name in tables} <= names
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "transpiler").rglob("*.py")}
    assert sources <= names
    assert "transpiler/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_nothing_else_is_inside(wheel: Path) -> None:
    roots = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert len(roots) == 2
    assert "transpiler" in roots
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" in name or "test_" in name]


def test_installed_wheel_ports_a_file_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """The dependencies come from the test environment by a path file; the package itself comes from the wheel alone."""
    venv.create(tmp_path / "env", with_pip=False)
    site = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    libraries = Path(sys.modules["pytest"].__file__ or "").parents[1]
    (tmp_path / "model.py").write_text("from torch import nn\n\nlayer = nn.ReLU()\n")
    code = (
        f"import sys; sys.path.append({str(libraries)!r}); import transpiler; assert {str(site)!r} in transpiler.__file__; "
        "from transpiler.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    python = tmp_path / "env" / "bin" / "python"
    command = [str(python), "-I", "-c", code, "--in_file", "model.py", "--output", "out", "--strict"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "mindspore" in (tmp_path / "out" / "model.py").read_text()
