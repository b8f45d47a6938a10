"""The command line: options in, exit code and a summary out. Thin: every command calls the public functions and prints what they return.

Each command imports what it needs when it runs, so that ``explain`` and ``--help`` start without the parser and the frameworks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpiler import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from transpiler.report.diagnostic import FileReport, RunReport

CONVERTED, LEFT, USAGE, UNUSABLE = 0, 1, 2, 3
_EXIT_CODES = "exit codes: 0 converted, 1 something was left (with --strict) or differs (verify), 2 wrong usage, 3 unusable input"
_ERRORS_SHOWN = 20


def main(arguments: Sequence[str] | None = None, *, target: str = "mindspore", program: str = "torch2ms") -> int:
    """Run a command; returns the exit code. ``arguments`` default to the process's."""
    parser = _parser(program, target)
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    if command is _port and (options.in_file is None or options.output is None):
        parser.error("--in_file PATH and --output DIR are required")
    from transpiler.mapping.schema import MappingError

    try:
        return command(options)
    except MappingError as error:
        return _fail(str(error), UNUSABLE)
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        return CONVERTED


def main_keras() -> int:
    """``torch2keras``: ``torch2ms --target keras``."""
    return main(target="keras", program="torch2keras")


def _parser(program: str, target: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Port PyTorch source to MindSpore or Keras 3: a file or a project directory goes in, ported source and a report come out.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--in_file", "--in-file", type=Path, metavar="PATH", help="file, notebook or project directory to port")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the ported tree is written")
    parser.add_argument("--report", type=Path, metavar="DIR", help="where the reports are written (default: the output directory)")
    parser.add_argument("--jobs", type=_positive, metavar="N", help="worker processes (default: one for each processor)")
    parser.add_argument("--format", choices=("auto", "black", "none"), default="auto", help="auto: changed lines of black-formatted files")
    parser.add_argument(
        "--style",
        choices=("low", "high"),
        default="low",
        help="training loops: low keeps them, high makes regular ones calls of MindSpore's Model",
    )
    parser.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="files neither ported nor copied; repeatable")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where something was left")
    parser.add_argument("--force", action="store_true", help="write into an output directory that is not empty")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")
    _add_common(parser, target)
    parser.set_defaults(command=_port)
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND")
    _add_weights(commands, target)
    _add_verify(commands, target)
    _add_explain(commands)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _add_common(parser: argparse.ArgumentParser, target: str) -> None:
    parser.add_argument("--target", choices=("mindspore", "keras"), default=target, help="what to port to (default: %(default)s)")
    parser.add_argument(
        "--mappings",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="own mapping table that extends the built-in ones; repeatable",
    )


def _add_model(parser: argparse.ArgumentParser, target: str, *, trains: bool = False) -> None:
    parser.add_argument("--source", type=Path, required=True, metavar="PATH", help="the PyTorch project")
    parser.add_argument("--converted", type=Path, required=True, metavar="DIR", help="its port")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--entry", metavar="MODULE:EXPR", help="builds the model, e.g. models.resnet:resnet18()")
    if trains:
        chosen.add_argument(
            "--train", metavar="SCRIPT", help="script and its arguments, or MODULE:EXPR: train both sides and compare the losses"
        )
    parser.add_argument("--inputs", metavar="SPEC", help="shapes, e.g. 2,3,224,224 or ids=int64[1000]:2,16, or an .npz file")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of random inputs and weights")
    parser.add_argument("--prepare", type=Path, metavar="FILE", help="Python file that the PyTorch process runs first")
    _add_common(parser, target)


def _add_weights(commands: Any, target: str) -> None:
    parser = commands.add_parser("weights", help="convert a checkpoint", description="Convert a checkpoint for the ported model.")
    _add_model(parser, target)
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help=".pth, .pt or .safetensors; never executed")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help=".ckpt, .safetensors or .weights.h5")
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.set_defaults(command=_weights)


def _add_verify(commands: Any, target: str) -> None:
    parser = commands.add_parser("verify", help="compare original and port", description="Run original and port and compare the numbers.")
    _add_model(parser, target, trains=True)
    parser.add_argument("--steps", type=_positive, default=20, metavar="N", help="steps of training to compare (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="weights to compare with (default: random ones)")
    parser.add_argument("--grad", action="store_true", help="compare gradients as well")
    parser.add_argument("--graph", action="store_true", help="also compile the port as one graph, compare, and export it (MindSpore)")
    parser.add_argument(
        "--mindir", type=Path, metavar="FILE", help="keep the exported graph, with the weights, in this file; as --graph otherwise"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    parser.set_defaults(command=_verify)


def _add_explain(commands: Any) -> None:
    parser = commands.add_parser("explain", help="explain a torch name or a diagnostic code")
    parser.add_argument("name", metavar="NAME", help="e.g. torch.nn.Conv2d or T2M302")
    parser.add_argument("--mappings", action="append", type=Path, default=[], metavar="FILE")
    parser.set_defaults(command=_explain)
    parser = commands.add_parser("new-entry", help="print a draft of a mapping entry")
    parser.add_argument("name", metavar="NAME", help="e.g. torch.nn.Conv2d")
    parser.set_defaults(command=_new_entry)


def _port(options: argparse.Namespace) -> int:
    from transpiler.api import transpile_project
    from transpiler.project import InputError, UsageError

    try:
        with _progress(quiet=options.quiet) as progress:
            run = transpile_project(
                options.in_file,
                options.output,
                target=options.target,
                report=options.report,
                jobs=options.jobs,
                format=options.format,
                mappings=options.mappings,
                exclude=options.exclude,
                force=options.force,
                style=options.style,
                progress=progress,
            )
    except UsageError as error:
        return _fail(str(error), USAGE)
    except InputError as error:
        return _fail(str(error), UNUSABLE)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), UNUSABLE)
    _print_errors(run.files)
    if not options.quiet:
        _print_summary(run, options.report or options.output)
    return exit_code(run, strict=options.strict)


def exit_code(run: RunReport, *, strict: bool) -> int:
    """3 where a file could not be read, converted or written, 1 where ``strict`` and a use of torch was left, else 0."""
    from transpiler.report.summary import summarise

    summary = summarise(run)
    if summary.failed:
        return UNUSABLE
    return LEFT if strict and (summary.left or summary.errors) else CONVERTED


def _weights(options: argparse.Namespace) -> int:
    from transpiler.exporter import ExporterError, WeightsRequest, convert_weights, render_table

    request = WeightsRequest(
        source=options.source,
        converted=options.converted,
        entry=options.entry,
        target=options.target,
        checkpoint=options.checkpoint,
        output=options.output,
        inputs=options.inputs,
        seed=options.seed,
        mappings=tuple(options.mappings),
        prepare=options.prepare,
        force=options.force,
    )
    try:
        result = convert_weights(request)
    except ExporterError as error:
        return _fail(str(error), UNUSABLE)
    print(render_table(result))
    return CONVERTED if result.ok else LEFT


def _verify_training(options: argparse.Namespace) -> int:
    from transpiler.exporter import ExporterError, TrainingRequest, render_training, verify_training
    from transpiler.syntax.write_output import write_atomically

    request = TrainingRequest(options.source, options.converted, options.train, options.target, options.steps, options.seed)
    try:
        result = verify_training(request)
        if options.json:
            write_atomically(options.json, f"{result.to_json()}\n".encode())
    except (ExporterError, OSError) as error:
        return _fail(str(error), UNUSABLE)
    print(render_training(result))
    return CONVERTED if result.ok else LEFT


def _verify(options: argparse.Namespace) -> int:
    if options.train is not None:
        return _verify_training(options)
    from transpiler.exporter import ExporterError, VerifyRequest, render_table, verify
    from transpiler.syntax.write_output import write_atomically

    request = VerifyRequest(
        source=options.source,
        converted=options.converted,
        entry=options.entry,
        target=options.target,
        checkpoint=options.checkpoint,
        inputs=options.inputs,
        grad=options.grad,
        graph=options.graph or options.mindir is not None,
        seed=options.seed,
        mappings=tuple(options.mappings),
        prepare=options.prepare,
        mindir=options.mindir,
    )
    try:
        result = verify(request)
        if options.json:
            write_atomically(options.json, f"{result.to_json()}\n".encode())
    except (ExporterError, OSError) as error:
        return _fail(str(error), UNUSABLE)
    print(render_table(result))
    return CONVERTED if result.ok else LEFT


def _explain(options: argparse.Namespace) -> int:
    from transpiler.explain import UnknownNameError, explain

    try:
        print(explain(options.name, options.mappings))
    except UnknownNameError as error:
        return _fail(str(error), USAGE)
    return CONVERTED


def _new_entry(options: argparse.Namespace) -> int:
    from transpiler.explain import scaffold

    if not options.name.startswith("torch."):
        return _fail(f"{options.name} is not a torch name; entries are called torch.…", USAGE)
    print(scaffold(options.name), end="")
    return CONVERTED


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error, on terminals only; what it yields takes a step's name, files done and files in all."""
    if quiet or not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)


def _print_errors(files: Sequence[FileReport]) -> None:
    """The first failures on standard error, in the form that editors jump to."""
    from transpiler.report.codes import Kind

    errors = [diagnostic for file in files for diagnostic in file.diagnostics if diagnostic.kind is Kind.ERROR]
    for error in errors[:_ERRORS_SHOWN]:
        cell = "" if error.cell is None else f": cell {error.cell}"
        place = f"{cell}:{error.range.line}:{error.range.column}" if error.range else ""
        print(f"{error.path}{place}: {error.code.value} {error.message}", file=sys.stderr)
    if len(errors) > _ERRORS_SHOWN:
        print(f"… and {len(errors) - _ERRORS_SHOWN} more, see report.json", file=sys.stderr)


def _print_summary(run: RunReport, report: Path) -> None:
    from rich.table import Table

    from transpiler.report.summary import summarise

    summary = summarise(run)
    console = _console()
    table = Table("files", "converted", "partly", "unchanged", "failed", "uses converted", "left", "to review", title=f"{run.target} port")
    left = f"[bold red]{summary.left}[/]" if summary.left else "[green]0[/]"
    counts = (summary.files, summary.converted, summary.partial, summary.unchanged, summary.failed, summary.uses_converted)
    table.add_row(*map(str, counts), left, str(summary.to_review))
    console.print(table)
    if summary.reasons:
        reasons = Table("code", "name", "reason", "times", title="most frequent reasons")
        for reason in summary.reasons:
            reasons.add_row(reason.code, reason.symbol, reason.title, str(reason.count))
        console.print(reasons)
    console.print(f"report: {report / 'report.json'}", style="dim", soft_wrap=True, highlight=False)


def _console() -> Console:
    """Standard output: colours and the window's width on a terminal, plain text elsewhere."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, no_color=True, width=120)


if __name__ == "__main__":
    sys.exit(main())
