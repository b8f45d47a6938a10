"""How the two frameworks are kept apart: each side is a process of its own that takes one JSON request and leaves one JSON answer.

A worker that fails because of the user's code answers with the user's own traceback lines; one that dies (a crash in native code, or
lack of memory) is reported with the end of what it printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from transpiler.exporter.contract import ExporterError
from transpiler.report.codes import Code

Message = dict[str, Any]

_PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]
_TAIL_LINES: Final = 12
_QUIET: Final = {
    "GLOG_v": "3",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def run_worker(module: str, request: Message, folder: Path, place: str) -> Message:
    """Run ``module`` on ``request``. ``place`` is what a failure is blamed on: the source or the ported tree.

    Raises ``ExporterError`` where the worker fails.
    """
    asked, answered = folder / f"{module}.request.json", folder / f"{module}.answer.json"
    asked.write_text(json.dumps(request), encoding="utf-8")
    answered.unlink(missing_ok=True)
    # -P: the current folder must not shadow the project's modules or the framework.
    command = [sys.executable, "-P", "-m", f"transpiler.exporter.{module}", str(asked), str(answered)]
    # One pipe for both streams: native code prints its last words on either.
    done = subprocess.run(
        command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if not answered.exists():
        raise ExporterError(_died(done), Code.INTERNAL_ERROR, place)
    answer: Message = json.loads(answered.read_text(encoding="utf-8"))
    if error := answer.get("error"):
        raise ExporterError(error["message"], Code(error["code"]), error["place"] or place)
    return answer


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH"))))
    return {**_QUIET, **os.environ, "PYTHONPATH": path}


def _died(done: subprocess.CompletedProcess[str]) -> str:
    how = f"was ended by signal {-done.returncode}" if done.returncode < 0 else f"ended with status {done.returncode}"
    tail = [line for line in done.stdout.splitlines() if line.strip()][-_TAIL_LINES:]
    return "\n".join([f"the process {how} without an answer", *(f"  {line}" for line in tail)])


def serve(work: Callable[[Message], Message], arguments: list[str]) -> None:
    """A worker's main function: read the request, answer, and turn every failure into an answer too."""
    asked, answered = map(Path, arguments)
    request = json.loads(asked.read_text(encoding="utf-8"))
    try:
        answer = work(request)
    except ExporterError as error:
        answer = _failure(error.message, error.code, error.place)
    except BaseException as error:  # noqa: BLE001 - the user's code may raise anything, SystemExit included
        answer = _failure(*condense(error, request["entry"]["root"]), "")
    partial = answered.with_suffix(".partial")
    partial.write_text(json.dumps(answer), encoding="utf-8")
    partial.replace(answered)


def _failure(message: str, code: Code, place: str) -> Message:
    return {"error": {"message": message, "code": code.value, "place": place}}


def condense(error: BaseException, root: str) -> tuple[str, Code]:
    """The exception in one line, then the traceback lines in the project at ``root`` or another file of the user's, innermost last.

    Where there are none the fault is this package's own, and so are the lines.
    """
    first = (traceback.format_exception_only(error)[-1].strip().splitlines() or [type(error).__name__])[0]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{first} ({error.filename}:{error.lineno})", Code.SYNTAX_ERROR
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if _is_users(frame.filename, root)]
    # A module that is not found is the user's fault, although no line of theirs has run yet.
    own = not users and not isinstance(error, ImportError)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in (frames if own else users)]
    return "\n".join([first, *lines]), Code.INTERNAL_ERROR if own else Code.UNREADABLE


def _is_users(filename: str, root: str) -> bool:
    """In the project, or at least neither this package's nor installed nor frozen; an original may well stand in site-packages."""
    if filename == "--entry" or filename == root or filename.startswith(root + os.sep):
        return True
    foreign = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")] + [str(_PACKAGE_ROOT / "transpiler")]
    return not filename.startswith("<") and not any(filename.startswith(folder + os.sep) for folder in foreign)
