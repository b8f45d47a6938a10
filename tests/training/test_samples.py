"""The sample training scripts port with nothing left, and train as their originals do: losses of the first steps and final parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transpiler.cli import main

SAMPLES = Path(__file__).parents[2] / "samples" / "training"
COMMANDS = {
    "mnist_cnn": "",
    "vae": "",
    "dcgan": "",
    "reinforce": "",
    "gnn": "",
    "word_language_model": "",
    "gpt": "",
    "siamese": "",
}


def test_every_sample_is_tried() -> None:
    assert {path.stem for path in SAMPLES.glob("*.py")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_trains_as_the_original(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, output = SAMPLES / f"{name}.py", tmp_path / "out"
    assert main(["--in_file", str(source), "--output", str(output), "--quiet", "--strict"]) == 0
    assert not [line for line in (output / f"{name}.py").read_text().splitlines() if line.startswith(("import torch", "from torch"))]
    copied = tmp_path / "source"
    copied.mkdir()
    (copied / source.name).write_bytes(source.read_bytes())
    found = tmp_path / "found.json"
    command = ["verify", "--source", str(copied), "--converted", str(output), "--json", str(found)]
    assert main([*command, "--train", f"{name}.py {COMMANDS[name]}"]) == 0, capsys.readouterr().out
    assert len(json.loads(found.read_text())["rows"]) >= 3
