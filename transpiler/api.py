"""The public functions, behind ``transpiler`` itself, which imports this module only when one of them is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from transpiler.report.diagnostic import Diagnostic, RunReport, Status


@dataclass(frozen=True, slots=True)
class Result:
    """A ported source, and the names of the support module that it uses."""

    output: str
    status: Status
    diagnostics: tuple[Diagnostic, ...]
    target: str
    support_names: frozenset[str]

    @property
    def support(self) -> str | None:
        """The text of the support module that the output imports, None where it needs none; put together when asked for."""
        from transpiler.support.assemble import assemble

        return assemble(self.target, self.support_names) if self.support_names else None


def transpile(
    source: str,
    *,
    target: str = "mindspore",
    path: str = "<string>",
    mappings: Sequence[Path] = (),
    format: str = "none",
    style: str = "low",
) -> Result:
    """Port one source text on its own.

    ``target`` is ``mindspore`` or ``keras``; ``style`` is ``low`` (training loops stay loops) or ``high`` (regular ones become calls of MindSpore's
    ``Model``); ``path`` stands in diagnostics; ``mappings`` are tables that extend the built-in ones. A text that cannot be parsed comes back
    unchanged with status ``failed``. With a ``path`` that ends in ``.ipynb``, ``source`` is a notebook's JSON. Raises ``MappingError`` for unusable
    tables.
    """
    from transpiler.analysis.project_index import build_index
    from transpiler.mapping.registry import load_registry
    from transpiler.rewrite.pipeline import ProjectContext
    from transpiler.syntax.format_output import BlackSettings
    from transpiler.syntax.notebooks import SUFFIX, module_of_notebook
    from transpiler.workers import transpile_file

    name = path if path.endswith((".py", SUFFIX)) else "source.py"
    encoded = source.encode()
    module = module_of_notebook(encoded) if name.endswith(SUFFIX) else encoded
    context = ProjectContext(
        target=target,
        registry=load_registry(mappings),
        index=build_index({name: module}, None),
        support_package=False,
        format=format,
        style=style,
    )
    result = transpile_file(encoded, name, context, BlackSettings())
    return Result(result.output.decode(), result.status, result.diagnostics, target, result.support)


def transpile_project(
    source: Path,
    output: Path,
    *,
    target: str = "mindspore",
    report: Path | None = None,
    jobs: int | None = None,
    format: str = "auto",
    mappings: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    force: bool = False,
    style: str = "low",
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> RunReport:
    """Port a file or a directory; the arguments are the command line's options. ``progress`` is told a step, files done, files in all.

    Writes the ported tree, the support module where one is needed, and the reports. Raises ``transpiler.project.UsageError``,
    ``transpiler.project.InputError`` or ``MappingError`` before anything is written.
    """
    from transpiler.project import RunOptions, run_project

    return run_project(RunOptions(source, output, target, report, jobs, format, tuple(mappings), tuple(exclude), force, style), progress)
