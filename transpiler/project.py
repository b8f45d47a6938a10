"""How a file or a project goes in and a ported one comes out: walk, read, transpile, write, report.

Every step after the first works on what the earlier ones gave; a file that fails in one of them is copied as it is where that is
possible, and the others go on.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transpiler import __version__
from transpiler.analysis.project_index import build_index
from transpiler.analysis.reserved_names import find_renames
from transpiler.analysis.semantics import Semantics
from transpiler.mapping.registry import PORTED_MODELS, load_registry
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, FileReport, RunReport, Status
from transpiler.report.render_json import render_json
from transpiler.report.render_sarif import render_sarif
from transpiler.report.render_text import START, render_text
from transpiler.rewrite.pipeline import FileResult, ProjectContext, reserved_members
from transpiler.support.assemble import MODULE_NAMES, SupportError, assemble, names_in, written_by_us
from transpiler.syntax.format_output import BlackSettings, format_output, read_settings
from transpiler.syntax.notebooks import SUFFIX, module_of_notebook
from transpiler.syntax.read_source import read_source
from transpiler.syntax.walk_project import Walk, is_excluded, walk_project
from transpiler.syntax.write_output import copy_atomically, write_atomically
from transpiler.torchvision_models import ModelsMissing, copy_models, used_models
from transpiler.workers import transpile_all, transpile_file

Progress = Callable[[str, int, int], None]


class UsageError(Exception):
    """The options contradict each other or would overwrite something."""


class InputError(Exception):
    """The input as a whole cannot be used."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What to port, where to, and how; the command line's options."""

    source: Path
    output: Path
    target: str = "mindspore"
    report: Path | None = None
    jobs: int | None = None
    format: str = "auto"
    mappings: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    force: bool = False
    style: str = "low"


@dataclass(frozen=True, slots=True)
class _Project:
    """A project that was read: the text of its Python files, the files to copy, and what could not be read."""

    root: Path
    sources: Mapping[str, bytes]
    others: Sequence[str]
    problems: Sequence[Diagnostic]
    is_package: bool


def run_project(options: RunOptions, progress: Progress = lambda step, done, total: None) -> RunReport:
    """Port a file or a directory and write output, support module and reports.

    Raises ``UsageError``, ``InputError``, or ``MappingError`` before anything is written. Whatever concerns one file alone is a diagnostic.
    """
    _check_places(options)
    project = _read_project(options)
    results, settings = _transpile(project, options, progress)
    files = [*_write_files(project, results, options), *_write_support(project, results, settings, options)]
    files += _write_models(results, options)
    run = RunReport(__version__, options.target, tuple(sorted(files, key=lambda file: file.source)))
    write_reports(run, options.report or options.output)
    return run


def port_in_place(root: Path, paths: Sequence[str], target: str, mappings: Sequence[Path], *, write: bool, style: str = "low") -> RunReport:
    """Port some files of the project at ``root``, resolving names over all of it; with ``write`` the files are replaced."""
    project = _open_directory(root, (), ())
    chosen = {path: project.sources[path] for path in paths if path in project.sources}
    context = _context(project, target, "auto", mappings, style)
    settings = read_settings(root)
    results = {path: transpile_file(source, path, context, settings) for path, source in chosen.items()}
    unread = [problem for problem in project.problems if problem.path in paths]
    files = [FileReport(path, path, result.status, result.diagnostics) for path, result in results.items()]
    files += [FileReport(problem.path, None, Status.FAILED, (problem,)) for problem in unread]
    if write:
        changed = [path for path, result in results.items() if result.output != chosen[path]]
        failures = {path: _write(root / path, results[path].output, path) for path in changed}
        files = [_with_failure(file, failures.get(file.source)) for file in files]
        in_place = RunOptions(root, root, target, mappings=tuple(mappings))
        files += _write_support(project, results, settings, in_place)
    return RunReport(__version__, target, tuple(sorted(files, key=lambda file: file.source)))


def write_reports(run: RunReport, folder: Path) -> None:
    """``report.json``, ``report.sarif``, and ``report_of_<name>.txt`` in the sub-folder of each file. Raises ``InputError``."""
    taken = frozenset(file.source for file in run.files)
    try:
        for file in run.files:
            if file.source.endswith((".py", SUFFIX)):
                write_atomically(folder / text_report_path(file.source, taken), render_text(file).encode())
        write_atomically(folder / "report.json", render_json(run).encode())
        write_atomically(folder / "report.sarif", render_sarif(run).encode())
    except OSError as error:
        raise InputError(f"the report cannot be written: {error.filename or folder}: {error.strerror or error}") from error


def text_report_path(source: str, taken: Container[str] = ()) -> str:
    """Where a file's text report is, relative to the report folder. A notebook beside a file of the same name keeps its suffix."""
    folder, slash, name = source.rpartition("/")
    stem = source.removesuffix(SUFFIX)
    if f"{stem}.py" not in taken or stem == source:
        name = name.removesuffix(SUFFIX)
    return f"{folder}{slash}report_of_{name.removesuffix('.py')}.txt"


def _check_places(options: RunOptions) -> None:
    source, output = options.source, options.output
    if not source.exists():
        raise InputError(f"{source}: no such file or directory")
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {output} is not a directory")
    for name, place in (("--output", output), ("--report", options.report)):
        if place is not None and _overlaps(source, place):
            raise UsageError(f"{name} {place} and the input {source} lie inside one another; choose a place outside")
    if output.is_dir() and any(output.iterdir()) and not options.force:
        raise UsageError(f"--output {output} is not empty; use --force to write into it")


def _overlaps(source: Path, place: Path) -> bool:
    real_source, real_place = Path(os.path.realpath(source)), Path(os.path.realpath(place))
    if source.is_dir():
        return real_place.is_relative_to(real_source) or real_source.is_relative_to(real_place)
    return real_place == real_source.parent


def _read_project(options: RunOptions) -> _Project:
    if options.source.is_dir():
        return _open_directory(options.source, options.exclude, (options.output, *([options.report] if options.report else [])))
    name = options.source.name
    if is_excluded(name, options.exclude):
        raise UsageError(f"--exclude leaves out the only file, {name}")
    source = read_source(options.source, name)
    if isinstance(source, bytes):
        return _Project(options.source.parent, {name: source}, (), (), is_package=False)
    return _Project(options.source.parent, {}, (), (source,), is_package=False)


def _open_directory(root: Path, exclude: Sequence[str], skip: Sequence[Path]) -> _Project:
    walk = walk_project(root, exclude, skip)
    sources: dict[str, bytes] = {}
    problems = list(walk.problems)
    for path in walk.python:
        source = read_source(root / path, path)
        if isinstance(source, bytes):
            sources[path] = source
        else:
            problems.append(source)
    return _Project(root, sources, list(_without_reports(root, walk)), problems, is_package="__init__.py" in sources)


def _without_reports(root: Path, walk: Walk) -> Iterator[str]:
    """The files to copy. An earlier run's own reports are none of them; the new ones take their names."""
    for path in walk.others:
        name = path.rpartition("/")[2]
        if name.startswith("report_of_") and _starts(root / path, START):
            continue
        if path in ("report.json", "report.sarif") and _starts(root / path, '{\n "version": ', '{\n "$schema": '):
            continue
        yield path


def _starts(path: Path, *beginnings: str) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(64).startswith(tuple(text.encode() for text in beginnings))
    except OSError:
        return False


def _context(project: _Project, target: str, choice: str, mappings: Sequence[Path], style: str) -> ProjectContext:
    package = project.root.resolve().name if project.is_package else None
    registry = load_registry(mappings)
    modules = {path: module_of_notebook(source) if path.endswith(SUFFIX) else source for path, source in project.sources.items()}
    index = build_index(modules, package)
    if len(project.sources) > 1:
        index.renames = find_renames(project.root, index, Semantics(registry), reserved_members(target))
    return ProjectContext(
        target=target,
        registry=registry,
        index=index,
        support_package=project.is_package,
        format=choice,
        style=style,
    )


def _transpile(project: _Project, options: RunOptions, progress: Progress) -> tuple[dict[str, FileResult], BlackSettings]:
    context = _context(project, options.target, options.format, options.mappings, options.style)
    settings = read_settings(options.source)
    total = len(project.sources)
    if total == 1:
        return {path: transpile_file(source, path, context, settings) for path, source in project.sources.items()}, settings
    finished = 0

    def count(files: int) -> None:
        nonlocal finished
        finished += files
        progress("Converting", finished, total)

    progress("Converting", 0, total)
    jobs = options.jobs or os.cpu_count() or 1
    results = transpile_all(project.sources, context, settings, jobs, count)
    again = {path: project.sources[path] for path in _with_other_gradients(results)}
    if again:
        results |= transpile_all(again, replace(context, records=True), settings, jobs)
    return results, settings


def _with_other_gradients(results: Mapping[str, FileResult]) -> list[str]:
    """The files whose gradients come from functions where another file's are recorded: MindSpore records the whole program, and cannot differentiate
    every layer in a function meanwhile."""
    if not any("backward" in result.support for result in results.values()):
        return []
    return [path for path, result in results.items() if "accumulate_grads" in result.support and "backward" not in result.support]


def _write_files(project: _Project, results: Mapping[str, FileResult], options: RunOptions) -> Iterator[FileReport]:
    for problem in project.problems:
        yield FileReport(problem.path, None, Status.FAILED, (problem,))
    for path, result in results.items():
        report = FileReport(path, path, result.status, result.diagnostics)
        yield _with_failure(report, _write(options.output / path, result.output, path, project.root / path))
    reserved = ("report.json", "report.sarif") if options.report is None or options.report == options.output else ()
    for path in project.others:
        failure = _reserved(path) if path in reserved else _copy(project.root / path, options.output / path, path)
        if failure is not None:
            yield FileReport(path, None, Status.FAILED, (failure,))


def _with_failure(file: FileReport, failure: Diagnostic | None) -> FileReport:
    if failure is None:
        return file
    return replace(file, output=None, status=Status.FAILED, diagnostics=(*file.diagnostics, failure))


def _write(path: Path, content: bytes, name: str, like: Path | None = None) -> Diagnostic | None:
    try:
        write_atomically(path, content, mode=None if like is None else like.stat().st_mode & 0o777)
    except OSError as error:
        return _write_failed(name, f"'{name}' could not be written: {error.strerror or error}")
    return None


def _copy(source: Path, path: Path, name: str) -> Diagnostic | None:
    try:
        copy_atomically(source, path)
    except OSError as error:
        return _write_failed(name, f"'{name}' could not be copied: {error.strerror or error}")
    return None


def _reserved(name: str) -> Diagnostic:
    return _write_failed(name, f"'{name}' was not copied: the report has this name.", "Give the report a place of its own with --report.")


def _write_failed(name: str, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(Kind.ERROR, Code.WRITE_FAILED, name, None, message, hint=hint)


def _write_support(
    project: _Project, results: Mapping[str, FileResult], settings: BlackSettings, options: RunOptions
) -> Iterator[FileReport]:
    """The support module at the root of the output, if any file uses it; yields a report only where it could not be written."""
    names = frozenset(name for result in results.values() for name in result.support)
    if not names:
        return
    path = f"{MODULE_NAMES[options.target]}.py"
    existing = project.sources.get(path, b"")
    failure: Diagnostic | None
    if existing and not written_by_us(existing):
        failure = _write_failed(
            path, f"The project has a file of its own called '{path}'.", "Rename it: the support module needs this name."
        )
    else:
        try:
            text = assemble(options.target, names | (names_in(existing, options.target) if existing else frozenset()))
            failure = _write(options.output / path, _formatted(text.encode(), settings, options), path)
        except SupportError as error:
            failure = Diagnostic(Kind.ERROR, Code.INTERNAL_ERROR, path, None, f"The support module cannot be written: {error}")
    if failure is not None:
        yield FileReport(path, None, Status.FAILED, (failure,))


def _write_models(results: Mapping[str, FileResult], options: RunOptions) -> list[FileReport]:
    """torchvision's own models, ported beside the output where it uses them."""
    names = used_models(result.output for result in results.values())
    if not names:
        return []
    with tempfile.TemporaryDirectory() as folder:
        try:
            package = copy_models(names, Path(folder))
        except ModelsMissing as error:
            failure = Diagnostic(
                Kind.ERROR, Code.INTERNAL_ERROR, PORTED_MODELS, None, f"{error}.", hint="Install torchvision and run again."
            )
            return [FileReport(PORTED_MODELS, None, Status.FAILED, (failure,))]
        report = Path(folder) / "report"
        run = run_project(
            RunOptions(package, options.output / PORTED_MODELS, options.target, report, options.jobs, options.format, force=True)
        )
    return [
        replace(file, source=f"{PORTED_MODELS}/{file.source}", output=file.output and f"{PORTED_MODELS}/{file.output}")
        for file in run.files
    ]


def _formatted(text: bytes, settings: BlackSettings, options: RunOptions) -> bytes:
    """The support module in the project's own format where the user asked for it or the project names one."""
    wanted = options.format == "black" or (options.format == "auto" and settings != BlackSettings())
    return format_output(b"", text, "black", settings) if wanted else text
