"""The command line: options, exit codes, what is printed and what is not, and how fast it starts."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from transpiler.cli import main, main_keras

CONVERTED = "import torch\n\ny = torch.abs(torch.ones(2))\n"
LEFT = "import torch\n\ny = torch.no_such_function_at_all(1)\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(CONVERTED)
    return tmp_path / "model.py"


def test_everything_converted(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--in_file", str(source), "--output", str(tmp_path / "out"), "--strict"]) == 0
    printed = capsys.readouterr()
    assert "converted" in printed.out
    assert "\x1b" not in printed.out + printed.err
    assert printed.err == ""
    assert "mindspore" in (tmp_path / "out" / "model.py").read_text()


def test_left_is_0_and_with_strict_1(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(LEFT)
    assert main(["--in_file", str(source), "--output", str(tmp_path / "a")]) == 0
    assert "torch.no_such_function_at_all" in capsys.readouterr().out
    assert main(["--in_file", str(source), "--output", str(tmp_path / "b"), "--strict"]) == 1
    assert "line 3:4: [UnConvert] 'torch.no_such_function_at_all' didn't convert." in (tmp_path / "a" / "report_of_model.txt").read_text()


def test_wrong_usage_is_2(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--in_file", str(source)], ["--in_file", str(source), "--output", "x", "--target", "jax"], ["explain"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    capsys.readouterr()
    assert main(["--in_file", str(source), "--output", str(tmp_path), "--force"]) == 2
    assert main(["--in_file", str(source), "--output", str(source)]) == 2
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    assert main(["--in_file", str(source), "--output", str(tmp_path / "full")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("error: ") for line in errors)


def test_unusable_input_is_3(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--in_file", str(tmp_path / "missing.py"), "--output", str(tmp_path / "a")]) == 3
    source.write_text("import torch\ndef f(:\n")
    assert main(["--in_file", str(source), "--output", str(tmp_path / "b")]) == 3
    assert "model.py:2:6: T2M901" in capsys.readouterr().err


def test_quiet(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--in_file", str(source), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


def test_keras_program(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["torch2keras", "--in_file", str(source), "--output", str(tmp_path / "out"), "--quiet"])
    assert main_keras() == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["target"] == "keras"
    assert "keras" in (tmp_path / "out" / "model.py").read_text()


def test_report_folder(source: Path, tmp_path: Path) -> None:
    main(["--in_file", str(source), "--output", str(tmp_path / "out"), "--report", str(tmp_path / "report"), "--quiet"])
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.json", "report.sarif", "report_of_model.txt"}


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "torch.abs"]) == 0
    printed = capsys.readouterr().out
    assert "mindspore:" in printed
    assert "keras:" in printed
    assert main(["explain", "T2M302"]) == 0
    assert "argument" in capsys.readouterr().out
    assert main(["explain", "torch.absolutely"]) == 2
    assert "torch2ms new-entry torch.absolutely" in capsys.readouterr().err
    assert main(["explain", "T2M999"]) == 2


def test_new_entry_is_a_draft_with_torchs_signature(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-entry", "torch.nn.Conv2d"]) == 0
    printed = capsys.readouterr().out
    assert "- api: torch.nn.Conv2d" in printed
    assert "kind: class" in printed
    assert "signature: (in_channels, out_channels, kernel_size, stride=1" in printed
    assert main(["new-entry", "numpy.abs"]) == 2


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transpiler", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment})


def test_colours_only_on_a_terminal(source: Path, tmp_path: Path) -> None:
    finished = run("--in_file", str(source), "--output", str(tmp_path / "out"), TERM="xterm-256color")
    assert finished.returncode == 0
    assert "\x1b" not in finished.stdout + finished.stderr


def test_colours_and_progress_on_a_terminal(tmp_path: Path) -> None:
    import pty

    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"m{number}.py").write_text(CONVERTED)
    (tmp_path / "in" / "left.py").write_text(LEFT)
    main_end, other_end = pty.openpty()
    command = [sys.executable, "-m", "transpiler", "--in_file", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": ""}
    process = subprocess.Popen(command, stdout=other_end, stderr=other_end, stdin=other_end, env=environment)
    os.close(other_end)
    seen = b""
    while chunk := _read(main_end):
        seen += chunk
    os.close(main_end)
    assert process.wait(60) == 0
    assert b"Converting" in seen
    assert b"\x1b[" in seen


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end was closed
        return b""


HEAVY = ["torch", "mindspore", "keras", "tensorflow", "libcst", "black", "rope"]


def test_explain_starts_fast_and_light() -> None:
    code = (
        "import sys; from transpiler.cli import main; main(['explain', 'torch.abs']); print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    run("explain", "torch.abs")  # the compiled tables are written by the first start
    finished = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"
    used = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("explain", "torch.abs")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(used) < 0.4
