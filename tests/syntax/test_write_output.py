"""A file is under its final name completely or not at all, also on a full disk and after a kill."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from transpiler.syntax.write_output import PARTIAL_SUFFIX, copy_atomically, write_atomically


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from transpiler.syntax.write_output import write_atomically
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        write_atomically(Path(sys.argv[1]), b"x" * 5000)
    except OSError as error:
        print(error.strerror)
"""


def test_full_disk_leaves_nothing(tmp_path: Path) -> None:
    finished = run(FULL_DISK, tmp_path / "a.py")
    assert finished.stdout.strip() == "File too large"
    assert os.listdir(tmp_path) == []


def test_full_disk_leaves_the_former_content(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("former")
    run(FULL_DISK, tmp_path / "a.py")
    assert (tmp_path / "a.py").read_text() == "former"
    assert os.listdir(tmp_path) == ["a.py"]


def test_kill_leaves_no_partial_file_under_the_final_name(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from transpiler.syntax.write_output import write_atomically
        print("ready", flush=True)
        while True:
            for name in range(20):
                write_atomically(Path(sys.argv[1]) / f"{name}.py", b"0123456789" * 400_000)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    final = [path for path in tmp_path.iterdir() if path.suffix == ".py"]
    assert final
    assert {path.stat().st_size for path in final} == {4_000_000}
    assert all(path.name.endswith(PARTIAL_SUFFIX) for path in tmp_path.iterdir() if path not in final)


def test_folders_are_made_and_permissions_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.py"
    write_atomically(path, b"x")
    assert path.read_bytes() == b"x"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_an_existing_files_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.py"
    path.write_bytes(b"old")
    path.chmod(0o750)
    write_atomically(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o750)


def test_copy_keeps_bytes_and_permissions(tmp_path: Path) -> None:
    (tmp_path / "tool.sh").write_bytes(b"\x00\xff" * 100_000)
    (tmp_path / "tool.sh").chmod(0o755)
    copy_atomically(tmp_path / "tool.sh", tmp_path / "out" / "tool.sh")
    copied = tmp_path / "out" / "tool.sh"
    assert copied.read_bytes() == b"\x00\xff" * 100_000
    assert stat.S_IMODE(copied.stat().st_mode) == 0o755


def test_copying_what_is_missing_raises_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_atomically(tmp_path / "missing", tmp_path / "out" / "x")
    assert os.listdir(tmp_path) == []
