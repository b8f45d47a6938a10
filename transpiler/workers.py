"""How many files are transpiled at once, and what becomes of a run when one of them takes its process down.

An exception inside a file is a diagnostic for that file. A process that dies (stack overflow in native code, out of memory) takes its whole
pool with it; the files without a result are then run again one at a time, which shows which of them is to blame.
"""

from __future__ import annotations

import ast
import gc
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, Status
from transpiler.rewrite.pipeline import FileResult, ProjectContext, transpile_source
from transpiler.rewrite.port_notebook import port_notebook
from transpiler.syntax.format_output import BlackSettings, format_output
from transpiler.syntax.notebooks import SUFFIX
from transpiler.syntax.read_source import check_source, input_error
from transpiler.syntax.suppressions import skips_file

_CHUNK: Final = 16
_RECURSION_LIMIT: Final = 3000
Done = Callable[[int], None]

_worker_context: ContextVar[tuple[ProjectContext, BlackSettings]] = ContextVar("worker_context")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keeps the cyclic garbage collector from going through the nodes of a file again and again while they are made, a fifth of the time:
    the file's size bounds what it could have freed."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_collection()
def transpile_file(source: bytes, path: str, context: ProjectContext, settings: BlackSettings) -> FileResult:
    """One file, whatever happens: an unusable source or a fault of ours gives a failed result with the source as it was."""
    try:
        if path.endswith(SUFFIX):
            return port_notebook(source, path, context, settings)
        if b"torch2ms:" in source and skips_file(source.decode("utf-8", "replace").splitlines(keepends=True)):
            return FileResult(source, Status.UNCHANGED, (), frozenset())
        check_source(source)
        result = transpile_source(source, path=path, context=context)
        if result.status is Status.UNCHANGED and context.index.module_of(path) not in context.index.modules:
            _check_syntax(source)
        formatted = format_output(source, result.output, context.format, settings)
    except Exception as error:  # noqa: BLE001  the contract: no file ends the run
        return _failed(source, input_error(error, source, path) or _internal_error(error, path))
    return FileResult(formatted, result.status, result.diagnostics, result.support)


def _check_syntax(source: bytes) -> None:
    """Raise for source that nobody can parse: a file without torch is never parsed otherwise. The interpreter's own parser is asked first,
    LibCST where it refuses, since LibCST reads newer syntax than the interpreter may know."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        import libcst

        libcst.parse_module(source)


def transpile_all(
    sources: Mapping[str, bytes], context: ProjectContext, settings: BlackSettings, jobs: int, done: Done = lambda count: None
) -> dict[str, FileResult]:
    """Every file's result, in ``jobs`` worker processes; ``done`` is told how many files each step finished."""
    results: dict[str, FileResult] = {}
    for path, result in _in_pool(sources, list(_chunks(sources, jobs)), context, settings, jobs, done):
        results[path] = result
    for path in [path for path in sources if path not in results]:
        alone = dict(_in_pool(sources, [[path]], context, settings, 1, done))
        results[path] = alone[path] if path in alone else _failed(sources[path], _worker_died(path))
    return {path: results[path] for path in sources}


def _in_pool(
    sources: Mapping[str, bytes], chunks: Sequence[Sequence[str]], context: ProjectContext, settings: BlackSettings, jobs: int, done: Done
) -> Iterator[tuple[str, FileResult]]:
    """Results as they come; where a process died, those of the unfinished chunks are missing."""
    if not chunks:
        return
    with ProcessPoolExecutor(min(jobs, len(chunks)), initializer=_start_worker, initargs=(context, settings)) as pool:
        futures: list[Future[list[tuple[str, FileResult]]]] = []
        try:
            futures = [pool.submit(_run_chunk, [(path, sources[path]) for path in chunk]) for chunk in chunks]
            for future in as_completed(futures):
                finished = future.result()
                done(len(finished))
                yield from finished
        except BrokenProcessPool:
            return
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _chunks(sources: Mapping[str, bytes], jobs: int) -> Iterator[list[str]]:
    """Large files first, so that no process is left with one at the end."""
    by_size = sorted(sources, key=lambda path: -len(sources[path]))
    size = max(1, min(_CHUNK, len(by_size) // (jobs * 4)))
    count = -(-len(by_size) // size)
    yield from (by_size[start::count] for start in range(count))


def _start_worker(context: ProjectContext, settings: BlackSettings) -> None:
    # A forked worker inherits whatever limit other libraries set; the same source must end the same way everywhere.
    sys.setrecursionlimit(_RECURSION_LIMIT)
    _worker_context.set((context, settings))


def _run_chunk(chunk: Sequence[tuple[str, bytes]]) -> list[tuple[str, FileResult]]:
    context, settings = _worker_context.get()
    return [(path, transpile_file(source, path, context, settings)) for path, source in chunk]


def _failed(source: bytes, diagnostic: Diagnostic) -> FileResult:
    return FileResult(source, Status.FAILED, (diagnostic,), frozenset())


def _internal_error(error: Exception, path: str) -> Diagnostic:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    message = f"Internal error: {type(error).__name__}: {error}{where}"
    return Diagnostic(Kind.ERROR, Code.INTERNAL_ERROR, path, None, message, hint="The file was left as it was. Please report it.")


def _worker_died(path: str) -> Diagnostic:
    message = "The process that converted this file ended without a result (out of memory, or too deeply nested source)."
    return Diagnostic(Kind.ERROR, Code.INTERNAL_ERROR, path, None, message, hint="The file was left as it was. Please report it.")
