"""The hooks as users run them: real pre-commit, on a real git repository, installing this checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("transpiler", "mappings", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
CONVERTED = "import torch\nfrom torch import nn\n\n\ndef f():\n    return nn.ReLU()\n"
LEFT = "import torch\n\ny = torch.no_such_function_at_all(1)\n"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """This checkout as a git repository with one commit, as a user's configuration would name it."""
    folder = tmp_path_factory.mktemp("hooks") / "torch2ms"
    folder.mkdir()
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "hooks")
    return folder, git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """pre-commit's environment is built once for this file."""
    return {**os.environ, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit"))}


@pytest.fixture
def repository(tmp_path: Path, hook_repository: tuple[Path, str]) -> Path:
    folder, revision = hook_repository
    git(tmp_path, "init", "--quiet")
    hooks = "      - id: torch2ms-check\n      - id: torch2ms\n        stages: [manual]\n"
    (tmp_path / ".pre-commit-config.yaml").write_text(f"repos:\n  - repo: {folder}\n    rev: {revision}\n    hooks:\n{hooks}")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "model.py").write_text(CONVERTED)
    (tmp_path / "plain.py").write_text("x = 1\n")
    git(tmp_path, "add", "--all")
    return tmp_path


def pre_commit(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", "run", "--color", "never", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False)


def test_check_passes_where_everything_converts(repository: Path, cache: dict[str, str]) -> None:
    finished = pre_commit(repository, cache)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Passed" in finished.stdout
    assert (repository / "pkg" / "model.py").read_text() == CONVERTED


def test_check_fails_at_the_place_of_what_would_be_left(repository: Path, cache: dict[str, str]) -> None:
    (repository / "left.py").write_text(LEFT)
    git(repository, "add", "--all")
    finished = pre_commit(repository, cache)
    assert finished.returncode == 1
    assert "left.py:3:4: T2M401 'torch.no_such_function_at_all'" in finished.stdout
    assert (repository / "left.py").read_text() == LEFT


def test_fix_rewrites_in_place_and_is_content_then(repository: Path, cache: dict[str, str]) -> None:
    finished = pre_commit(repository, cache, "--hook-stage", "manual", "torch2ms")
    assert finished.returncode == 1
    assert "files were modified by this hook" in finished.stdout
    ported = (repository / "pkg" / "model.py").read_text()
    assert "torch" not in ported.replace("torch2ms", "")
    assert (repository / "plain.py").read_text() == "x = 1\n"
    git(repository, "add", "--all")
    again = pre_commit(repository, cache, "--hook-stage", "manual", "torch2ms")
    assert again.returncode == 0, again.stdout
    assert (repository / "pkg" / "model.py").read_text() == ported


def test_file_that_cannot_be_parsed_fails(repository: Path, cache: dict[str, str]) -> None:
    (repository / "bad.py").write_text("def f(:\n")
    git(repository, "add", "--all")
    finished = pre_commit(repository, cache)
    assert finished.returncode == 1
    assert "bad.py:1:6: T2M901" in finished.stdout
