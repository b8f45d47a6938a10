"""``make conformance``: torchvision, timm and transformers ported as projects, each model built, loaded with converted random weights, and compared with torch.

Writes ``docs/conformance.md`` with one row for each model: largest error of outputs and of gradients over their spread, what was left in the
files that the model needs, and whether a second run over the output changes anything. With ``--graph``, MindSpore's ports are also compiled as
one graph and exported to MINDIR, and two columns say whether they do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import timm_source
import torchvision_source
import transformers_source
from conformance_models import TIMM, TORCHVISION, Models
from transformers_models import TRANSFORMERS

import transpiler
from transpiler.exporter import ExporterError, VerifyRequest, VerifyResult, verify
from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import RunReport

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
TARGETS = ("mindspore", "keras")


@dataclass(frozen=True, slots=True)
class Project:
    """A project of the table: where its source is copied from, its models (expressions below ``package``), and which files' remains are counted."""

    name: str
    copy_source: Callable[[Path], Path]
    models: Models
    counted: tuple[str, ...]
    package: str = "models"


PROJECTS = (
    Project("torchvision", torchvision_source.copy_source, TORCHVISION, ("models/", "ops/misc")),
    Project("timm", timm_source.copy_source, TIMM, ("models/", "layers/")),
    Project("transformers", transformers_source.copy_source, TRANSFORMERS, ("transformers/models/",), "transformers.models"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One model's comparison; ``problem`` is empty where everything was compared."""

    model: str
    ok: bool
    output_error: float
    gradient_error: float
    seconds: float
    problem: str = ""
    #: Whether the port compiles to a graph of the same outputs, and exports; None where it was not tried.
    compiles: bool | None = None
    exports: bool | None = None


def main() -> int:
    """Compare the chosen models (all by default); the page is written only where all were run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="only these models; the page is then left as it is")
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--project", choices=[project.name for project in PROJECTS], action="append")
    parser.add_argument("--graph", action="store_true", help="also compile and export MindSpore's ports")
    options = parser.parse_args()
    targets = options.target or list(TARGETS)
    projects = [project for project in PROJECTS if options.project is None or project.name in options.project]
    sections: list[str] = []
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for project in projects:
            source = project.copy_source(Path(folder) / "source")
            for target in (target for target in targets if target in project.models):
                port = Path(folder) / target / project.name
                run = transpiler.transpile_project(source, port, target=target, report=Path(folder) / f"report_{project.name}_{target}")
                rows = list(compare(project, source, port, target, options.models, options.graph and target == "mindspore"))
                ok = ok and all(row.ok for row in rows)
                sections += [*section(project, target, rows), *facts(project, run, port, Path(folder) / f"again_{project.name}_{target}")]
    if not options.models and targets == list(TARGETS) and len(projects) == len(PROJECTS):
        PAGE.write_text("\n".join([*heading(), *sections, ""]))
    return 0 if ok else 1


def compare(project: Project, source: Path, port: Path, target: str, chosen: list[str], graph: bool) -> Iterator[Row]:
    """A row for each model, printed as soon as it is there."""
    for model, (expression, inputs) in project.models[target].items():
        if chosen and model not in chosen:
            continue
        start = time.monotonic()
        prepare = torchvision_source.PREPARE
        request = VerifyRequest(
            source, port, f"{project.package}.{expression}", target, None, inputs, grad=True, prepare=prepare, graph=graph
        )
        try:
            row = _row(model, verify(request), time.monotonic() - start, graph)
        except ExporterError as error:
            row = Row(model, False, float("inf"), float("inf"), time.monotonic() - start, str(error).splitlines()[0])
        print(f"{project.name} {target} {line(row)}", flush=True)
        yield row


def _row(model: str, result: VerifyResult, seconds: float, graph: bool) -> Row:
    outputs = [row.relative_error for row in result.rows if row.kind == "output"]
    gradients = [row.relative_error for row in result.rows if "gradient" in row.kind]
    compiled = [row for row in result.rows if row.kind == "graph output"]
    compiles = bool(compiled) and all(row.ok for row in compiled)
    exports = compiles and not any(problem.code is Code.NOT_COMPILED for problem in result.problems)
    problem = f"departs first at {result.first_departing}" if result.first_departing else "; ".join(p.message for p in result.problems[:1])
    same = bool(outputs) and all(row.ok for row in result.rows if row.kind != "graph output")
    errors = max(outputs, default=float("inf")), max(gradients, default=float("inf"))
    return Row(model, same if graph else result.ok, *errors, seconds, problem, *((compiles, exports) if graph else (None, None)))


def line(row: Row) -> str:
    """A row of the table."""
    verdict = "same" if row.ok else f"differs: {row.problem}"
    graph = "" if row.compiles is None else f" {_mark(row.compiles)} | {_mark(row.exports)} |"
    return f"| {row.model} | {row.output_error:.1e} | {row.gradient_error:.1e} | {verdict} | {row.seconds:.0f} |{graph}"


def _mark(holds: bool | None) -> str:
    return "yes" if holds else "no"


def heading() -> list[str]:
    """What the page says first."""
    return [
        "<!-- Generated by make conformance. -->",
        "# Conformance",
        "",
        "torchvision 0.28, the families of timm 1.0 and 25 families of transformers 5, each ported as a project without a manual edit (of",
        "transformers: the modelling files and the part of the framework that computes). Random weights and batch-norm statistics",
        "are converted and loaded; errors are the largest difference over the spread of torch's values, and must be at most 1e-3, or what torch's",
        "own gradients move by where weights and inputs change by rounding.",
    ]


def section(project: Project, target: str, rows: list[Row]) -> list[str]:
    """The table of one project and target."""
    same = sum(row.ok for row in rows)
    graph = any(row.compiles is not None for row in rows)
    head = [
        "",
        f"## {project.name}, {target}: {same} of {len(rows)} the same",
        "",
        "| model | outputs | gradients | verdict | seconds |" + (" compiles | exports |" if graph else ""),
        "|---|---|---|---|---|" + ("---|---|" if graph else ""),
    ]
    counts = f"As one graph compile {sum(bool(row.compiles) for row in rows)} of {len(rows)}, and export {sum(bool(row.exports) for row in rows)}."
    return [*head, *map(line, rows), *(["", counts] if graph else [])]


def facts(project: Project, run: RunReport, port: Path, again: Path) -> list[str]:
    """What the run left in the models' own files, and whether the port is final."""
    left = [d for file in run.files if file.source.startswith(project.counted) for d in file.diagnostics if d.kind is Kind.UNCONVERT]
    second = transpiler.transpile_project(port, again, target=run.target, format="none")
    changed = [file.source for file in second.files if (port / file.source).read_bytes() != (again / file.source).read_bytes()]
    return ["", f"Uses of torch left in the model files: {len(left)}. Files that a second run changes: {len(changed)}."]


if __name__ == "__main__":
    sys.exit(main())
