"""A project goes in and comes out whole: same tree, one bad file never stops the others, nothing is overwritten unasked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import transpiler
from transpiler.mapping.schema import MappingError
from transpiler.project import InputError, UsageError
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import FileReport, RunReport, Status

FILES = {
    "main.py": b"import torch\nfrom pkg.net import Net\n\nprint(torch.abs(Net()(torch.ones(2))))  # kept\n",
    "pkg/__init__.py": b"",
    "pkg/net.py": b"import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return torch.abs(x)\n",
    "pkg/plain.py": b"# no framework here\nimport os\n\nx  =  os.sep\n",
    "pkg/data.bin": bytes(range(256)),
    "run.sh": b"#!/bin/sh\npython main.py\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project", FILES)


def make(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def find(run: RunReport, source: str) -> FileReport:
    return next(file for file in run.files if file.source == source)


def test_same_tree_and_reports(project: Path, tmp_path: Path) -> None:
    (project / "run.sh").chmod(0o755)
    run = transpiler.transpile_project(project, tmp_path / "out", report=tmp_path / "report")
    assert tree(tmp_path / "out") - {"ms_support.py"} == set(FILES)
    assert tree(tmp_path / "report") == {
        "report.json",
        "report.sarif",
        "report_of_main.txt",
        "pkg/report_of___init__.txt",
        "pkg/report_of_net.txt",
        "pkg/report_of_plain.txt",
    }
    for name in ("pkg/__init__.py", "pkg/plain.py", "pkg/data.bin", "run.sh"):
        assert (tmp_path / "out" / name).read_bytes() == FILES[name]
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert [file.source for file in run.files] == ["main.py", "pkg/__init__.py", "pkg/net.py", "pkg/plain.py"]
    assert find(run, "pkg/plain.py").status is Status.UNCHANGED


def test_torch_is_gone_and_comments_stay(project: Path, tmp_path: Path) -> None:
    transpiler.transpile_project(project, tmp_path / "out")
    text = (tmp_path / "out" / "main.py").read_text()
    assert "torch" not in text
    assert "# kept" in text


def test_the_port_runs(project: Path, tmp_path: Path) -> None:
    transpiler.transpile_project(project, tmp_path / "out")
    finished = subprocess.run([sys.executable, "main.py"], cwd=tmp_path / "out", capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "1" in finished.stdout


@pytest.mark.parametrize("target", ["mindspore", "keras"])
def test_jobs_do_not_change_the_result(project: Path, tmp_path: Path, target: str) -> None:
    make(project, {f"more/m{number}.py": b"import torch\n\ny = torch.abs(torch.ones(%d))\n" % number for number in range(40)})
    one = transpiler.transpile_project(project, tmp_path / "one", target=target, jobs=1)
    two = transpiler.transpile_project(project, tmp_path / "two", target=target, jobs=2)
    assert one == two
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in tree(tmp_path / "one"))


def test_a_second_run_over_the_output_changes_nothing(project: Path, tmp_path: Path) -> None:
    transpiler.transpile_project(project, tmp_path / "out")
    again = transpiler.transpile_project(tmp_path / "out", tmp_path / "again")
    assert all(file.status is Status.UNCHANGED and not file.diagnostics for file in again.files)
    for name in tree(tmp_path / "out"):
        if "report" not in name:
            assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert tree(tmp_path / "again") == {
        *tree(tmp_path / "out"),
        *({"report_of_ms_support.txt"} if (tmp_path / "out/ms_support.py").exists() else ()),
    }


BAD = {
    "syntax.py": (b"import torch\n\ndef f(:\n    pass\n", Code.SYNTAX_ERROR, 3),
    "plain_syntax.py": (b"def f(:\n    pass\n", Code.SYNTAX_ERROR, 1),
    "bytes.py": (b"import torch\nx = '\xff'\n", Code.BAD_ENCODING, 2),
    "cookie.py": (b"# -*- coding: no-such -*-\nimport torch\n", Code.BAD_ENCODING, 1),
    "deep.py": (b"import torch\nx = " + b"(" * 5000 + b")" * 5000 + b"\n", Code.SYNTAX_ERROR, 2),
    "null.py": (b"import torch\nx = '\x00'\n", Code.SYNTAX_ERROR, 2),
    "utf16.py": ("import torch\n".encode("utf-16"), Code.BAD_ENCODING, 1),
}


def test_bad_files_are_named_and_copied_and_the_others_ported(project: Path, tmp_path: Path) -> None:
    make(project, {name: content for name, (content, _, _) in BAD.items()})
    (project / "gone.py").symlink_to("nowhere")
    (project / "pkg" / "up").symlink_to("..")
    run = transpiler.transpile_project(project, tmp_path / "out")
    for name, (content, code, line) in BAD.items():
        file = find(run, name)
        assert file.status is Status.FAILED
        assert [(d.kind, d.code) for d in file.diagnostics] == [(Kind.ERROR, code)], name
        place = file.diagnostics[0].range
        assert place is not None
        assert place.line == line, name
        assert (tmp_path / "out" / name).read_bytes() == content
    assert find(run, "gone.py").diagnostics[0].code is Code.UNREADABLE
    assert find(run, "pkg/up").diagnostics[0].code is Code.CYCLE
    assert "torch" not in (tmp_path / "out" / "main.py").read_text()


def test_skip_file_comment(tmp_path: Path) -> None:
    source = b"# torch2ms: skip-file\nimport torch\n\ny = torch.abs(torch.ones(2))\n"
    make(tmp_path / "in", {"a.py": source})
    run = transpiler.transpile_project(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / "a.py").read_bytes() == source
    assert run.files[0].diagnostics == ()


def test_exclude(project: Path, tmp_path: Path) -> None:
    transpiler.transpile_project(project, tmp_path / "out", report=tmp_path / "report", exclude=["pkg/plain.py", "*.sh"])
    assert tree(tmp_path / "out") - {"ms_support.py"} == set(FILES) - {"pkg/plain.py", "run.sh"}


@pytest.mark.parametrize("place", ["project/out", "project", "."])
def test_output_and_input_inside_one_another(project: Path, tmp_path: Path, place: str) -> None:
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="inside one another"):
        transpiler.transpile_project(project, tmp_path / place, force=True)
    assert tree(tmp_path) == before


def test_output_inside_input_through_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    with pytest.raises(UsageError, match="inside one another"):
        transpiler.transpile_project(project, tmp_path / "link" / "out")


def test_report_inside_input(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--report"):
        transpiler.transpile_project(project, tmp_path / "out", report=project / "report")


def test_existing_output_needs_force(project: Path, tmp_path: Path) -> None:
    make(tmp_path / "out", {"mine.txt": b"mine"})
    with pytest.raises(UsageError, match="--force"):
        transpiler.transpile_project(project, tmp_path / "out")
    assert tree(tmp_path / "out") == {"mine.txt"}
    transpiler.transpile_project(project, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "mine.txt").read_bytes() == b"mine"


def test_missing_input_and_unusable_table(project: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        transpiler.transpile_project(tmp_path / "missing", tmp_path / "out")
    table = tmp_path / "own.yaml"
    table.write_text("- api: torch.foo\n  nonsense: 1\n")
    with pytest.raises(MappingError, match=r"own\.yaml:\d"):
        transpiler.transpile_project(project, tmp_path / "out", mappings=[table])
    table.write_text("!!python/object/apply:os.system ['touch never']\n")
    with pytest.raises(MappingError, match=r"own\.yaml:\d"):
        transpiler.transpile_project(project, tmp_path / "out", mappings=[table])
    assert not (tmp_path / "out").exists()


def test_a_single_file(tmp_path: Path) -> None:
    make(tmp_path, {"in/a.py": b"import torch\n\ny = torch.abs(torch.ones(2))\n", "in/other.py": b""})
    run = transpiler.transpile_project(tmp_path / "in" / "a.py", tmp_path / "out")
    assert tree(tmp_path / "out") - {"ms_support.py"} == {"a.py", "report_of_a.txt", "report.json", "report.sarif"}
    assert [file.source for file in run.files] == ["a.py"]


def test_a_single_file_is_never_overwritten(tmp_path: Path) -> None:
    make(tmp_path, {"a.py": b"import torch\n"})
    with pytest.raises(UsageError):
        transpiler.transpile_project(tmp_path / "a.py", tmp_path, force=True)
    assert (tmp_path / "a.py").read_bytes() == b"import torch\n"


def test_the_users_own_report_is_not_lost_silently(project: Path, tmp_path: Path) -> None:
    make(project, {"report.json": b'{"mine": 1}'})
    run = transpiler.transpile_project(project, tmp_path / "out")
    assert find(run, "report.json").diagnostics[0].code is Code.WRITE_FAILED
    transpiler.transpile_project(project, tmp_path / "out2", report=tmp_path / "report")
    assert json.loads((tmp_path / "out2" / "report.json").read_text()) == {"mine": 1}


FULL_DISK = """
import resource, signal, sys
from transpiler.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
sys.exit(main(sys.argv[1:]))
"""


def test_full_disk_names_the_file_and_leaves_no_part_of_it(project: Path, tmp_path: Path) -> None:
    make(project, {"big.bin": b"x" * 100_000, "big.py": b"# x\n" * 30_000})
    command = [sys.executable, "-c", FULL_DISK, "--in_file", str(project), "--output", str(tmp_path / "out"), "--jobs", "1"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 3
    assert "big.bin: T2M906" in finished.stderr
    assert "big.py: T2M906" in finished.stderr
    assert {"main.py", "pkg/net.py", "run.sh"} <= tree(tmp_path / "out")
    assert not {name for name in tree(tmp_path / "out") if "big" in name} - {"report_of_big.txt"}


def test_public_transpile() -> None:
    result = transpiler.transpile("import torch\n\ny = torch.abs(x)\n")
    assert "torch" not in result.output
    assert result.status is Status.CONVERTED
    failed = transpiler.transpile("def f(:\n")
    assert (failed.output, failed.status) == ("def f(:\n", Status.FAILED)
