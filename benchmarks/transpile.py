"""``make bench``: how fast files go through, next to what LibCST alone costs on the same files in the same run.

The floor is parse, one empty visit, one empty transform and code generation. A transpiler that reads with one visitor and edits with one
transformer cannot be faster. CPU seconds of one process, best of several rounds; the projects' files are read as they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import libcst

from transpiler import __version__
from transpiler.analysis.project_index import ProjectIndex, build_index
from transpiler.mapping.registry import load_registry
from transpiler.report.diagnostic import FileReport, RunReport
from transpiler.report.render_json import render_json
from transpiler.report.render_sarif import render_sarif
from transpiler.report.render_text import render_text
from transpiler.rewrite.pipeline import ProjectContext
from transpiler.syntax.format_output import BlackSettings, read_settings
from transpiler.workers import transpile_file

PROJECTS = ("torchvision", "timm")


class EmptyVisitor(libcst.CSTVisitor):
    """Visits every node and does nothing."""


class EmptyTransformer(libcst.CSTTransformer):
    """Visits every node and changes nothing."""


def main() -> None:
    """Print one line for each project and one for the start-up; ``--json FILE`` writes the figures as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="*", default=list(PROJECTS))
    parser.add_argument("--target", choices=("mindspore", "keras"), default="mindspore")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for project in options.projects:
        figures[project] = measure(project, options.target, options.rounds)
        print(_line(project, figures[project]), flush=True)
    figures["start-up"] = {"cpu_seconds": start_up()}
    print(f"start-up (explain torch.abs): {figures['start-up']['cpu_seconds']:.3f} CPU seconds")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(project: str, target: str, rounds: int) -> dict[str, float]:
    """CPU seconds of the floor and of each part, over the files of ``project`` that mention torch."""
    sources = _sources(project)
    settings = read_settings(_root(project))
    seconds = {"index": _cpu(lambda: build_index(sources, project), rounds)}
    index = build_index(sources, project)
    seconds["floor"] = _cpu(lambda: _floor(sources), rounds)
    for choice in ("none", "auto"):
        seconds[f"engine_{choice}"] = _cpu(lambda choice=choice: _port(sources, target, index, choice, settings), rounds)
    run = _port(sources, target, index, "none", settings)
    seconds["reports"] = _cpu(lambda: _render(run), rounds)
    lines = sum(source.count(b"\n") for source in sources.values())
    total = {choice: seconds["index"] + seconds[f"engine_{choice}"] + seconds["reports"] for choice in ("none", "auto")}
    rates = {"lines": lines, "floor_rate": lines / seconds["floor"]}
    rates |= {f"rate_{choice}": lines / total[choice] for choice in total}
    rates |= {f"ratio_{choice}": total[choice] / seconds["floor"] for choice in total}
    return {**rates, **{f"seconds_{name}": value for name, value in seconds.items()}}


def start_up() -> float:
    """CPU seconds of ``torch2ms explain torch.abs``, best of five, once the tables are compiled."""
    command = [sys.executable, "-m", "transpiler", "explain", "torch.abs"]
    used = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(used[1:])


def _root(project: str) -> Path:
    spec = importlib.util.find_spec(project)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{project} is not installed")
    return Path(spec.origin).parent


def _sources(project: str) -> dict[str, bytes]:
    root = _root(project)
    return {path.relative_to(root).as_posix(): source for path in sorted(root.rglob("*.py")) if b"torch" in (source := path.read_bytes())}


def _cpu(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def _floor(sources: Mapping[str, bytes]) -> None:
    for source in sources.values():
        module = libcst.parse_module(source)
        module.visit(EmptyVisitor())
        _ = module.visit(EmptyTransformer()).bytes


def _port(sources: Mapping[str, bytes], target: str, index: ProjectIndex, choice: str, settings: BlackSettings) -> RunReport:
    context = ProjectContext(target, load_registry(), index, True, choice)
    results = {path: transpile_file(source, path, context, settings) for path, source in sources.items()}
    return RunReport(__version__, target, tuple(FileReport(path, path, r.status, r.diagnostics) for path, r in results.items()))


def _render(run: RunReport) -> None:
    for file in run.files:
        render_text(file)
    render_json(run)
    render_sarif(run)


def _line(project: str, figures: Mapping[str, float]) -> str:
    parts = ", ".join(f"{name.removeprefix('seconds_')} {value:.2f}" for name, value in figures.items() if name.startswith("seconds_"))
    return (
        f"{project}: {figures['lines']:.0f} lines; floor {figures['floor_rate']:.0f} lines/s; "
        f"without formatting {figures['rate_none']:.0f} lines/s, {figures['ratio_none']:.2f} x floor; "
        f"--format auto {figures['rate_auto']:.0f} lines/s, {figures['ratio_auto']:.2f} x floor  [CPU s: {parts}]"
    )


if __name__ == "__main__":
    main()
