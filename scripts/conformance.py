"""``make conformance``: torchvision, timm and transformers ported as projects, each model built, loaded with converted random weights, and compared
with torch.

Writes ``docs/conformance.md``, a section for each project and target with one row for each model: largest error of outputs and of gradients over
their spread, what was left in the files that the model needs, and whether a second run over the output changes anything. A run of some projects or
targets (``--project``, ``--target``) writes their sections and leaves the others as they are; a run of chosen models writes none. With ``--graph``,
MindSpore's ports are also compiled as one graph and exported to MINDIR, and columns say what the graph was made of (the port's source, or a recorded
run) and why not of the source. Each model runs in processes of its own; ``--jobs`` models at a time.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import timm_source
import torchvision_source
import transformers_source
from conformance_models import TIMM, TORCHVISION, Models
from transformers_models import TRANSFORMERS

import transpiler
from transpiler.exporter import ExporterError, VerifyRequest, VerifyResult, verify
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import RunReport

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
TARGETS = ("mindspore", "keras")
#: Of a compiler's message, as many characters are shown.
REASON_LENGTH = 160


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
    #: What a graph of the same outputs, and its file, were made of ('source', 'recorded', or '' where there is none); None where it was not tried.
    compiles: str | None = None
    exports: str | None = None
    #: Why the graph is not made of the source.
    reason: str = ""


def main() -> int:
    """Compare the chosen models (all by default); a section of the page is written as soon as all its models were run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="only these models; the page is then left as it is")
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--project", choices=[project.name for project in PROJECTS], action="append")
    parser.add_argument("--graph", action="store_true", help="also compile and export MindSpore's ports")
    parser.add_argument("--jobs", type=int, default=1, help="how many models to compare at a time (default: 1)")
    options = parser.parse_args()
    if options.jobs > 1:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    targets = options.target or list(TARGETS)
    projects = [project for project in PROJECTS if options.project is None or project.name in options.project]
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for project in projects:
            source = project.copy_source(Path(folder) / "source")
            for target in (target for target in targets if target in project.models):
                port = Path(folder) / target / project.name
                run = transpiler.transpile_project(source, port, target=target, report=Path(folder) / f"report_{project.name}_{target}")
                graph = options.graph and target == "mindspore"
                rows = compare(project, source, port, target, options.models, graph, options.jobs)
                ok = ok and all(row.ok for row in rows)
                left = facts(project, run, port, Path(folder) / f"again_{project.name}_{target}")
                print(left[-1], flush=True)
                if not options.models:
                    write_section(PAGE, [*section(project, target, rows), *left])
    return 0 if ok else 1


def compare(project: Project, source: Path, port: Path, target: str, chosen: list[str], graph: bool, jobs: int) -> list[Row]:
    """A row for each model, printed as soon as it is there."""

    def compare_one(model: str) -> Row:
        expression, inputs = project.models[target][model]
        entry = f"{project.package}.{expression}"
        request = VerifyRequest(source, port, entry, target, None, inputs, grad=True, prepare=torchvision_source.PREPARE, graph=graph)
        row = _compare_one(model, request)
        print(f"{project.name} {target} {line(row)}", flush=True)
        return row

    models = [model for model in project.models[target] if not chosen or model in chosen]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(compare_one, models))


def _compare_one(model: str, request: VerifyRequest) -> Row:
    start = time.monotonic()
    try:
        result = verify(request)
    except ExporterError as error:
        return Row(model, False, float("inf"), float("inf"), time.monotonic() - start, str(error).splitlines()[0])
    return _row(model, result, time.monotonic() - start, request.graph)


def _row(model: str, result: VerifyResult, seconds: float, graph: bool) -> Row:
    outputs = [row.relative_error for row in result.rows if row.kind == "output"]
    gradients = [row.relative_error for row in result.rows if "gradient" in row.kind]
    same_graph = all(row.ok for row in result.rows if row.kind == "graph output")
    problem = f"departs first at {result.first_departing}" if result.first_departing else "; ".join(p.message for p in result.problems[:1])
    same = bool(outputs) and all(row.ok for row in result.rows if row.kind != "graph output")
    errors = max(outputs, default=float("inf")), max(gradients, default=float("inf"))
    how = (result.compiled, result.exported) if same_graph else ("", "")
    reason = result.refused if same_graph else "the graph's outputs differ"
    return Row(model, same if graph else result.ok, *errors, seconds, problem, *(how if graph else (None, None)), reason)


def line(row: Row) -> str:
    """A row of the table."""
    verdict = "same" if row.ok else f"differs: {row.problem}"
    graph = "" if row.compiles is None else f" {row.compiles or 'no'} | {row.exports or 'no'} | {_cell(row.reason)} |"
    return f"| {row.model} | {row.output_error:.1e} | {row.gradient_error:.1e} | {verdict} | {row.seconds:.0f} |{graph}"


def _cell(text: str) -> str:
    """A compiler's message as a table's cell: not the whole of it, and without this machine's folders and what Markdown reads."""
    text = re.sub(r"(?<!\w)/[\w./-]*/(?=[\w.-])", "", text)
    short = text if len(text) <= REASON_LENGTH else f"{text[:REASON_LENGTH]}…"
    return short.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


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


def write_section(page: Path, lines: list[str]) -> None:
    """Put a section (a blank line, its title, its text) in the place of that of the same project and target; the others stay as they are."""
    kept = {_key(part): part for part in page.read_text().split("\n## ")[1:]} if page.exists() else {}
    written = "\n".join(lines).removeprefix("\n## ") + "\n"
    sections = {**kept, _key(written): written}
    known = [f"{project.name}, {target}" for project in PROJECTS for target in TARGETS]
    page.write_text("\n## ".join(["\n".join(heading()) + "\n", *(sections[key] for key in known if key in sections)]))


def _key(section: str) -> str:
    """Which project and target a section is about, as its title begins."""
    return section.partition(":")[0]


def section(project: Project, target: str, rows: list[Row]) -> list[str]:
    """The table of one project and target."""
    same = sum(row.ok for row in rows)
    graph = any(row.compiles is not None for row in rows)
    head = [
        "",
        f"## {project.name}, {target}: {same} of {len(rows)} the same",
        "",
        "| model | outputs | gradients | verdict | seconds |" + (" compiles | exports | why not from its source |" if graph else ""),
        "|---|---|---|---|---|" + ("---|---|---|" if graph else ""),
    ]
    return [*head, *map(line, rows), *(["", _graph_counts(rows)] if graph else [])]


def _graph_counts(rows: list[Row]) -> str:
    parts = []
    for verb, how in (("compile", [row.compiles for row in rows]), ("export", [row.exports for row in rows])):
        made = sum(map(bool, how))
        parts.append(f"{made} of {len(rows)} {verb}, {how.count('source')} of them from their source and {how.count('recorded')} recorded")
    return f"As one graph {'; '.join(parts)}."


def facts(project: Project, run: RunReport, port: Path, again: Path) -> list[str]:
    """What the run left in the models' own files, and whether the port is final."""
    left = [d for file in run.files if file.source.startswith(project.counted) for d in file.diagnostics if d.kind is Kind.UNCONVERT]
    second = transpiler.transpile_project(port, again, target=run.target, format="none")
    changed = [file.source for file in second.files if (port / file.source).read_bytes() != (again / file.source).read_bytes()]
    return ["", f"Uses of torch left in the model files: {len(left)}. Files that a second run changes: {len(changed)}."]


if __name__ == "__main__":
    sys.exit(main())
