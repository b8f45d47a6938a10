"""torchvision's models in a user's script: ported from torchvision's own source beside the script, and computing the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from transpiler.api import transpile_project
from transpiler.report.codes import Kind
from transpiler.torchvision_models import ModelsMissing, copy_models, used_models

OPERATORS = Path(__file__).parents[2] / "scripts" / "define_operators.py"
SCRIPT = """
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import models
from torchvision.models import SqueezeNet1_1_Weights
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.resnet import BasicBlock, conv1x1
from torchvision.models.segmentation.deeplabv3 import DeepLabHead
from torchvision.models.vgg import make_layers


def fill(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.linspace(-0.04, 0.05, parameter.numel()).reshape(parameter.shape))


net = models.resnet18(weights=None)
for parameter in net.parameters():
    parameter.requires_grad = False
net.fc = nn.Linear(net.fc.in_features, 10)
small = models.squeezenet1_1(num_classes=5)
fill(small)
mobile = models.mobilenet_v2(num_classes=3)
fill(mobile)
video = torchvision.models.video.r2plus1d_18(num_classes=2)
fill(video)
small.eval()
x = torch.linspace(-1, 1, 3 * 40 * 40).reshape(1, 3, 40, 40)
out = small(x)[0]
for other, images in ((mobile, x), (video, x[:, :, None, :24, :24])):
    values = other.eval()(images)[0]
    print([round(value, 3) for value in (values / values.abs().max()).tolist()])
print([round(value, 3) for value in (out / out.max()).tolist()])
print(tuple(net.eval()(x).shape), sum(p.numel() for p in net.parameters() if p.requires_grad))
print(SqueezeNet1_1_Weights.DEFAULT.meta["num_params"])


class Wide(BasicBlock):
    expansion = 2

    def forward(self, x):
        return super().forward(x) + 1


stem = make_layers([4, "M", 8], batch_norm=True)
parts = nn.Sequential(stem, Wide(8, 8), BasicBlock(8, 16, 2, conv1x1(8, 16, 2)), DeepLabHead(16, 3)).eval()
fill(parts)
print([round(value, 3) for value in parts(x).flatten()[:5].tolist()], tuple(parts(x).shape))
print({name: tuple(value.shape) for name, value in IntermediateLayerGetter(stem, {"2": "a", "6": "b"})(x).items()})
prepare = SqueezeNet1_1_Weights.IMAGENET1K_V1.transforms()
print(round(prepare(Image.new("RGB", (300, 280), (10, 200, 30))).mean().item(), 4))
"""


def test_a_script_with_models_runs_without_torch(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "script.py").write_text(SCRIPT)
    run = transpile_project(source, tmp_path / "port")
    left = [(file.source, d.message) for file in run.files for d in file.diagnostics if d.kind in (Kind.UNCONVERT, Kind.ERROR)]
    assert left == []
    assert not [path for path in (tmp_path / "port").rglob("*.py") if "import torch\n" in path.read_text()]
    expected = _run(f"import runpy; runpy.run_path({str(OPERATORS)!r}); runpy.run_path('script.py')", source)
    assert _run("import script", tmp_path / "port") == expected


def _run(code: str, folder: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "GLOG_v": "3"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_only_what_a_model_needs_is_copied(tmp_path: Path) -> None:
    package = copy_models(["models.ResNet18_Weights.DEFAULT.meta"], tmp_path)
    found = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    assert "models/resnet.py" in found and "transforms/_presets.py" in found
    assert not {"models/vgg.py", "utils.py", "transforms/functional.py"} & found
    assert "from torchvision.transforms import functional" in (package / "transforms/_presets.py").read_text()
    assert len(list((copy_models(["models.__dict__"], tmp_path / "all") / "models").glob("*.py"))) > 15


PUBLIC = """
import json, runpy, sys
runpy.run_path(sys.argv[1])
from torchvision import models
names = {}
for package in (models, models.segmentation, models.video):
    path = package.__name__.partition(".")[2]
    for name, value in vars(package).items():
        owner = getattr(value, "__module__", None) or ""
        if owner.startswith(package.__name__ + ".") and not owner.rpartition(".")[2].startswith("_"):
            names.setdefault(owner, []).append(f"{path}.{name}")
print(json.dumps(sorted(names.values())))
"""
LOOKUPS = """
import json, runpy, sys
from importlib import import_module
runpy.run_path(sys.argv[1])
for folder, names in json.loads(sys.argv[2]).items():
    for module in [name for name in sys.modules if name.partition(".")[0] == "torchvision_ms"]:
        del sys.modules[module]
    sys.path.insert(0, folder)
    for name in names:
        getattr(import_module("torchvision_ms." + name.rpartition(".")[0]), name.rpartition(".")[2])
    sys.path.remove(folder)
"""


def test_every_public_model_is_reached_by_its_public_name(tmp_path: Path) -> None:
    """``models.mobilenet_v2`` is defined in a file that another one hands on. What is copied is still torch's, and is imported as such."""

    def run(code: str, *arguments: str) -> str:
        done = subprocess.run([sys.executable, "-c", code, str(OPERATORS), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    owners = json.loads(run(PUBLIC))
    assert len(owners) > 15
    folders = {}
    for index, names in enumerate(owners):
        folders[str(tmp_path / str(index))] = names
        copy_models(names[:1], tmp_path / str(index))
    run(LOOKUPS, json.dumps(folders))


def test_models_that_cannot_be_ported_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelsMissing, match="nothing_like_it"):
        copy_models(["models.nothing_like_it"], tmp_path)


def test_names_are_found_in_ported_text() -> None:
    text = (
        b"net = torchvision_ms.models.resnet18()\nw = torchvision_ms.models.video.R3D_18_Weights.DEFAULT\nx = torchvision.models.vgg11()\n"
    )
    assert used_models([text]) == {"models.resnet18", "models.video.R3D_18_Weights.DEFAULT"}


def test_a_package_finds_the_models_beside_its_own_files(tmp_path: Path) -> None:
    """The root of what is ported may be a package itself: its name is not on the path, and an absolute import would find nothing."""
    package = tmp_path / "in" / "nets"
    (package / "parts").mkdir(parents=True)
    for folder in (package, package / "parts"):
        (folder / "__init__.py").touch()
    (package / "parts" / "net.py").write_text("import torchvision\n\n\ndef make():\n    return torchvision.models.get_model('maxvit_t')\n")
    run = transpile_project(package, tmp_path / "out" / "nets")
    assert not any(diagnostic.kind in (Kind.UNCONVERT, Kind.ERROR) for file in run.files for diagnostic in file.diagnostics)
    assert not (tmp_path / "out" / "nets" / "torchvision_ms" / "torchvision_ms").exists()
    code = "from nets.parts.net import make; print(type(make()).__name__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "out")}
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert finished.stdout.split() == ["MaxVit"], finished.stderr
