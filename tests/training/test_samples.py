"""The sample training scripts port with nothing left, and train as their originals do: losses of the first steps and final parameters."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from transpiler.cli import main
from transpiler.exporter import TrainingRequest, TrainingResult, render_training, verify_training

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "training"
#: Runs of the scripts, {data} standing for a folder with images and pickled batches; more than 20 steps where the script is to reach its end.
RUNS = {
    "mnist_cnn": [""],
    "vae": [""],
    "dcgan": [""],
    "reinforce": [""],
    "gnn": [""],
    "word_language_model": ["", "--model Transformer"],
    "gpt": [""],
    "siamese": [""],
    "resnet_cifar": ["--data {data}"],
    "wgan_gp": [""],
    "unet_segmentation": ["--images {data}/imgs --masks {data}/masks"],
    "time_sequence": [""],
    "data_parallel": [""],
    "finetune_amp": [""],
}
STEPS = {"finetune_amp": 21}
#: Declares torchvision's compiled operators in the original's process, where its build lacks them.
STARTUP = f"""\
import runpy, sys
if any("training_source" in word or "resnet_cifar" in word for word in sys.orig_argv):
    try:
        import torch
        runpy.run_path({str(ROOT / "scripts" / "define_operators.py")!r})
    except ImportError:
        pass
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files with masks, and batches as CIFAR-10 has them."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.RandomState(0)
    for name, count in (("data_batch_1", 100), ("data_batch_2", 60), ("test_batch", 20)):
        batch = {"data": rng.randint(0, 256, (count, 3072)).astype("uint8"), "labels": rng.randint(0, 10, count).tolist()}
        (folder / name).write_bytes(pickle.dumps(batch))
    for kind in ("imgs", "masks"):
        (folder / kind).mkdir()
    for number in range(12):
        rows, columns = np.mgrid[:40, :48]
        inside = (columns - 24 - number) ** 2 + (rows - 20) ** 2 < (6 + number % 5) ** 2
        image = rng.randint(0, 80, (40, 48, 3)) + inside[..., None] * rng.randint(60, 170, 3)
        Image.fromarray(image.astype("uint8")).save(folder / "imgs" / f"{number:02d}.png")
        Image.fromarray((inside * 255).astype("uint8")).save(folder / "masks" / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="module", autouse=True)
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Originals find torchvision's operators."""
    folder = tmp_path_factory.mktemp("startup")
    (folder / "sitecustomize.py").write_text(STARTUP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ["PYTHONPATH"]]))
        yield


def ported(name: str, folder: Path, style: str = "low") -> tuple[Path, Path]:
    """Folders of a script and of its port, of which nothing is left to do."""
    source, output = folder / "source", folder / "out"
    source.mkdir()
    (source / f"{name}.py").write_bytes((SAMPLES / f"{name}.py").read_bytes())
    assert main(["--in_file", str(source / f"{name}.py"), "--output", str(output), "--quiet", "--strict", "--style", style]) == 0
    text = (output / f"{name}.py").read_text()
    assert not [line for line in text.splitlines() if line.startswith(("import torch", "from torch"))]
    return source, output


def test_every_sample_is_tried() -> None:
    assert {path.stem for path in SAMPLES.glob("*.py")} == set(RUNS)


@pytest.fixture(scope="module")
def results(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Future[TrainingResult]]]:
    """Every run's comparison, two at a time: each waits for processes of its own."""
    folders = {name: ported(name, tmp_path_factory.mktemp(name)) for name in RUNS}
    with ThreadPoolExecutor(2) as pool:
        yield {
            (name, arguments): pool.submit(verify_training, request(name, arguments.format(data=data), *folders[name]))
            for name, every in RUNS.items()
            for arguments in every
        }


def request(name: str, arguments: str, source: Path, output: Path) -> TrainingRequest:
    """20 steps of a script."""
    return TrainingRequest(source, output, f"{name}.py {arguments}", steps=STEPS.get(name, 20))


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, every in RUNS.items() for arguments in every])
def test_trains_as_the_original(name: str, arguments: str, results: dict[tuple[str, str], Future[TrainingResult]]) -> None:
    result = results[name, arguments].result()
    assert result.ok, render_training(result)
    assert len(result.rows) >= 3


@pytest.mark.parametrize("name", ["mnist_cnn", "resnet_cifar"])
def test_trains_as_the_original_in_the_high_style(name: str, data: Path, tmp_path: Path) -> None:
    """Regular loops: training, and counting right answers."""
    source, output = ported(name, tmp_path, "high")
    text = (output / f"{name}.py").read_text()
    assert "ms_support.Model(" in text and "value_and_grad" not in text
    result = verify_training(request(name, RUNS[name][0].format(data=data), source, output))
    assert result.ok, render_training(result)


def test_resumes_where_it_stopped(data: Path, tmp_path: Path) -> None:
    """What the port saves it loads again: epoch, optimizer, schedule and weights, with the numbers that the original prints."""
    shown = []
    for folder in ported("resnet_cifar", tmp_path):
        script = [
            sys.executable,
            f"{folder}/resnet_cifar.py",
            "--data",
            str(data),
            "--epochs",
            "1",
            "--checkpoint",
            f"{folder}/saved/ckpt.pth",
        ]
        first, second = (subprocess.run([*script, *more], check=True, capture_output=True, text=True).stdout for more in ([], ["--resume"]))
        shown.append(re.findall(r"Epoch: \d+|lr \[[^]]*\]|Resuming", first + second))
    assert shown[0] == shown[1]
    assert shown[0][2:4] == ["Resuming", "Epoch: 1"]
