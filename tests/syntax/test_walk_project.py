"""A walk ends, whatever the links, and leaves out what is no part of the project."""

import os
from pathlib import Path

import pytest

from transpiler.report.codes import Code
from transpiler.syntax.walk_project import is_excluded, walk_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("main.py", "pkg/__init__.py", "pkg/a.py", "pkg/data.txt", ".git/config", "pkg/__pycache__/a.pyc", ".hidden", "docs/x.md"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path / "project"


def test_python_is_ported_the_rest_copied(root: Path) -> None:
    walk = walk_project(root)
    assert walk.python == ["main.py", "pkg/__init__.py", "pkg/a.py"]
    assert walk.others == [".hidden", "docs/x.md", "pkg/data.txt"]
    assert walk.problems == []


def test_exclude_and_skip(root: Path) -> None:
    walk = walk_project(root, exclude=["docs", "pkg/*.txt"], skip=[root / "pkg" / "missing"])
    assert walk.others == [".hidden"]
    assert walk_project(root, skip=[root / "pkg"]).python == ["main.py"]


@pytest.mark.parametrize(
    ("path", "glob", "excluded"),
    [
        ("a/b/c.py", "b", True),
        ("a/b/c.py", "*.py", True),
        ("a/b/c.py", "a/b", True),
        ("a/b/c.py", "a/b/", True),
        ("a/b/c.py", "b/c.py", False),
        ("a/b/c.py", "a/*.py", True),
        ("a/b/c.py", "c", False),
        ("tests/x.py", "test", False),
        ("a.py", "", False),
    ],
)
def test_globs(path: str, glob: str, excluded: bool) -> None:
    assert is_excluded(path, [glob]) is excluded


def test_links_that_lead_back_are_reported_and_not_followed(root: Path) -> None:
    (root / "pkg" / "up").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "everything").symlink_to("/")
    walk = walk_project(root)
    assert walk.python == ["main.py", "pkg/__init__.py", "pkg/a.py"]
    assert [(problem.path, problem.code) for problem in walk.problems] == [("everything", Code.CYCLE), ("pkg/up", Code.CYCLE)]


def test_folders_that_link_to_each_other(root: Path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        (root / name).mkdir()
        (root / name / f"{name}.py").write_text("")
        (root / name / "link").symlink_to(f"../{other}")
    walk = walk_project(root, exclude=["pkg", "main.py"])
    assert walk.python == ["one/link/two.py", "one/one.py", "two/link/one.py", "two/two.py"]
    assert {problem.path for problem in walk.problems} == {"one/link/link", "two/link/link"}


def test_links_that_multiply_come_to_an_end(tmp_path: Path) -> None:
    folders = [tmp_path / f"f{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
    for folder in folders:
        for other in folders:
            (folder / f"to_{other.name}").symlink_to(other)
    assert walk_project(tmp_path).problems


def test_other_links_are_followed(root: Path) -> None:
    (root / "latest").symlink_to("pkg")
    (root / "alias.py").symlink_to("main.py")
    assert walk_project(root).python == ["alias.py", "latest/__init__.py", "latest/a.py", "main.py", "pkg/__init__.py", "pkg/a.py"]


def test_pipes_are_left_out(root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    assert "pipe.py" not in walk_project(root).python
