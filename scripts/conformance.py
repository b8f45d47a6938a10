"""``make conformance``: torchvision ported as a project, each model built, loaded with converted random weights, and compared with torch.

Writes ``docs/conformance.md`` with one row for each model: largest error of outputs and of gradients over their spread, what was left in the
files that the model needs, and whether a second run over the output changes anything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torchvision_source import PREPARE, copy_source

import transpiler
from transpiler.exporter import ExporterError, VerifyRequest, VerifyResult, verify
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import RunReport

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
IMAGE = "2,3,64,64"
VIDEO = "1,3,8,64,64"
#: target -> model -> (expression below torchvision.models, input shape)
MODELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "mindspore": {
        "alexnet": ("alexnet:alexnet()", IMAGE),
        "vgg11_bn": ("vgg:vgg11_bn()", IMAGE),
        "resnet18": ("resnet:resnet18()", IMAGE),
        "resnet50": ("resnet:resnet50()", IMAGE),
        "resnext50_32x4d": ("resnet:resnext50_32x4d()", IMAGE),
        "wide_resnet50_2": ("resnet:wide_resnet50_2()", IMAGE),
        "densenet121": ("densenet:densenet121()", IMAGE),
        "googlenet": ("googlenet:googlenet(init_weights=False)", IMAGE),
        "inception_v3": ("inception:inception_v3(init_weights=False)", "2,3,299,299"),
        "mobilenet_v2": ("mobilenetv2:mobilenet_v2()", IMAGE),
        "mobilenet_v3_small": ("mobilenetv3:mobilenet_v3_small()", IMAGE),
        "mobilenet_v3_large": ("mobilenetv3:mobilenet_v3_large()", IMAGE),
        "mnasnet0_5": ("mnasnet:mnasnet0_5()", IMAGE),
        "shufflenet_v2_x0_5": ("shufflenetv2:shufflenet_v2_x0_5()", IMAGE),
        "squeezenet1_0": ("squeezenet:squeezenet1_0()", IMAGE),
        "squeezenet1_1": ("squeezenet:squeezenet1_1()", IMAGE),
        "efficientnet_b0": ("efficientnet:efficientnet_b0()", IMAGE),
        "efficientnet_v2_s": ("efficientnet:efficientnet_v2_s()", IMAGE),
        "regnet_x_400mf": ("regnet:regnet_x_400mf()", IMAGE),
        "regnet_y_400mf": ("regnet:regnet_y_400mf()", IMAGE),
        "convnext_tiny": ("convnext:convnext_tiny()", IMAGE),
        "swin_t": ("swin_transformer:swin_t()", IMAGE),
        "swin_v2_t": ("swin_transformer:swin_v2_t()", IMAGE),
        "vit_b_16": ("vision_transformer:vit_b_16(image_size=64)", IMAGE),
        "maxvit_t": ("maxvit:maxvit_t()", "1,3,224,224"),
        "fcn_resnet50": ("segmentation.fcn:fcn_resnet50(weights_backbone=None)", IMAGE),
        "deeplabv3_mobilenet_v3_large": ("segmentation.deeplabv3:deeplabv3_mobilenet_v3_large(weights_backbone=None)", IMAGE),
        "lraspp_mobilenet_v3_large": ("segmentation.lraspp:lraspp_mobilenet_v3_large(weights_backbone=None)", IMAGE),
        "r3d_18": ("video.resnet:r3d_18()", VIDEO),
        "mc3_18": ("video.resnet:mc3_18()", VIDEO),
        "r2plus1d_18": ("video.resnet:r2plus1d_18()", VIDEO),
        "s3d": ("video.s3d:s3d()", "1,3,16,224,224"),
        "swin3d_t": ("video.swin_transformer:swin3d_t()", VIDEO),
        "mvit_v1_b": ("video.mvit:mvit_v1_b()", "1,3,16,224,224"),
    },
    "keras": {
        "alexnet": ("alexnet:alexnet()", IMAGE),
        "vgg11_bn": ("vgg:vgg11_bn()", IMAGE),
        "resnet18": ("resnet:resnet18()", IMAGE),
        "mobilenet_v2": ("mobilenetv2:mobilenet_v2()", IMAGE),
        "densenet121": ("densenet:densenet121()", IMAGE),
        "vit_b_16": ("vision_transformer:vit_b_16(image_size=64)", IMAGE),
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One model's comparison; ``problem`` is empty where everything was compared."""

    model: str
    ok: bool
    output_error: float
    gradient_error: float
    seconds: float
    problem: str = ""


def main() -> int:
    """Compare the chosen models (all by default); the page is written only where all were run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="only these models; the page is then left as it is")
    parser.add_argument("--target", choices=tuple(MODELS), action="append")
    options = parser.parse_args()
    targets = options.target or list(MODELS)
    sections: list[str] = []
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        source = copy_source(Path(folder) / "source")
        for target in targets:
            port = Path(folder) / target / "torchvision"
            run = transpiler.transpile_project(source, port, target=target, report=Path(folder) / f"report_{target}")
            rows = list(compare(source, port, target, options.models))
            ok = ok and all(row.ok for row in rows)
            sections += [*section(target, rows), *facts(run, port, Path(folder) / f"again_{target}")]
    if not options.models and targets == list(MODELS):
        PAGE.write_text("\n".join([*heading(), *sections, ""]))
    return 0 if ok else 1


def compare(source: Path, port: Path, target: str, chosen: list[str]) -> Iterator[Row]:
    """A row for each model, printed as soon as it is there."""
    for model, (expression, inputs) in MODELS[target].items():
        if chosen and model not in chosen:
            continue
        start = time.monotonic()
        request = VerifyRequest(source, port, f"models.{expression}", target, None, inputs, grad=True, prepare=PREPARE)
        try:
            row = _row(model, verify(request), time.monotonic() - start)
        except ExporterError as error:
            row = Row(model, False, float("inf"), float("inf"), time.monotonic() - start, str(error).splitlines()[0])
        print(f"{target} {line(row)}", flush=True)
        yield row


def _row(model: str, result: VerifyResult, seconds: float) -> Row:
    outputs = [row.relative_error for row in result.rows if row.kind == "output"]
    gradients = [row.relative_error for row in result.rows if "gradient" in row.kind]
    problem = f"departs first at {result.first_departing}" if result.first_departing else "; ".join(p.message for p in result.problems[:1])
    return Row(model, result.ok, max(outputs, default=float("inf")), max(gradients, default=float("inf")), seconds, problem)


def line(row: Row) -> str:
    """A row of the table."""
    verdict = "same" if row.ok else f"differs: {row.problem}"
    return f"| {row.model} | {row.output_error:.1e} | {row.gradient_error:.1e} | {verdict} | {row.seconds:.0f} |"


def heading() -> list[str]:
    """What the page says first."""
    return [
        "<!-- Generated by make conformance. -->",
        "# Conformance",
        "",
        "torchvision 0.28, ported as a project without a manual edit. Random weights and batch-norm statistics are converted and loaded; errors are",
        "the largest difference over the spread of torch's values, and must be at most 1e-3.",
    ]


def section(target: str, rows: list[Row]) -> list[str]:
    """One target's table."""
    same = sum(row.ok for row in rows)
    head = [
        "",
        f"## {target}: {same} of {len(rows)} the same",
        "",
        "| model | outputs | gradients | verdict | seconds |",
        "|---|---|---|---|---|",
    ]
    return [*head, *map(line, rows)]


def facts(run: RunReport, port: Path, again: Path) -> list[str]:
    """What the run left in the models' own files, and whether the port is final."""
    left = [
        d for file in run.files if file.source.startswith(("models/", "ops/misc")) for d in file.diagnostics if d.kind is Kind.UNCONVERT
    ]
    second = transpiler.transpile_project(port, again, target=run.target, format="none")
    changed = [file.source for file in second.files if (port / file.source).read_bytes() != (again / file.source).read_bytes()]
    return ["", f"Uses of torch left in the model files: {len(left)}. Files that a second run changes: {len(changed)}."]


if __name__ == "__main__":
    sys.exit(main())
