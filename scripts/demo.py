"""``make demo``: torchvision's ResNet, from its wheel, ported to MindSpore; a checkpoint converted; both compared; the report.

Each step is a command that you could type yourself, and is printed as such.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from torchvision_source import PREPARE, copy_source

MODEL = "models.resnet:resnet18(num_classes=10)"
SAVE = """
import runpy, sys
runpy.run_path(sys.argv[1])
import torch
from torchvision.models.resnet import resnet18
torch.manual_seed(0)
torch.save(resnet18(num_classes=10).state_dict(), sys.argv[2])
"""


def main() -> int:
    """Run all steps; the exit code is the first one that is not 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo-output"), help="what is written; replaced (default: %(default)s)")
    parser.add_argument("--target", choices=("mindspore", "keras"), default="mindspore")
    options = parser.parse_args()
    folder: Path = options.folder
    shutil.rmtree(folder, ignore_errors=True)
    source, port = copy_source(folder / "source"), folder / "port" / "torchvision"
    checkpoint, converted = folder / "resnet18.pth", folder / ("resnet18.ckpt" if options.target == "mindspore" else "resnet18.weights.h5")
    print("A checkpoint, as torch saves it:", checkpoint, flush=True)
    subprocess.run([sys.executable, "-c", SAVE, str(PREPARE), str(checkpoint)], check=True, env=None)
    model = ["--source", source, "--converted", port, "--entry", MODEL, "--target", options.target, "--prepare", PREPARE]
    steps = (
        ["--in_file", source, "--output", port, "--report", folder / "report", "--target", options.target],
        ["weights", *model, "--checkpoint", checkpoint, "--output", converted, "--inputs", "2,3,64,64"],
        ["verify", *model, "--checkpoint", checkpoint, "--inputs", "2,3,64,64", "--grad"],
    )
    for step in steps:
        code = run([str(argument) for argument in step])
        if code != 0:
            return code
    show_report(folder / "report")
    return 0


def run(arguments: list[str]) -> int:
    """Print a command and run it as a process of its own."""
    print(f"\n$ torch2ms {shlex.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "transpiler", *arguments], check=False).returncode


def show_report(folder: Path) -> None:
    """The beginning of the ResNet file's report, and what the whole run left."""
    lines = (folder / "models" / "report_of_resnet.txt").read_text().splitlines()
    print("\nmodels/report_of_resnet.txt, the first lines:\n", *(f"  {line}" for line in lines[:12]), "  …", sep="\n")
    report = json.loads((folder / "report.json").read_text())
    left = Counter(file["source"].partition("/")[0] for file in report["files"] for d in file["diagnostics"] if d["kind"] == "unconvert")
    print("\nleft, by part of torchvision:", ", ".join(f"{part} {count}" for part, count in left.most_common()) or "nothing")


if __name__ == "__main__":
    sys.exit(main())
