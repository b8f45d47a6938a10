"""``torch2ms verify --train``: what trains alike passes, what does not is found, and batches that differ are not blamed on the port."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from transpiler.cli import main

HERE = Path(__file__).parent
SCRIPT = """\
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.randn(40, 3), torch.randn(40, 1))
model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for x, y in DataLoader(data, batch_size=8, shuffle=True):
        loss = nn.functional.mse_loss(model(x + 0.1 * torch.randn_like(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def make(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def port(source: Path, output: Path) -> Path:
    main(["--in_file", str(source), "--output", str(output), "--jobs", "1", "--quiet"])
    return output


def check(source: Path, port: Path, train: str, *more: str) -> int:
    return main(["verify", "--source", str(source), "--converted", str(port), "--train", train, *more])


def test_same_and_different(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shuffled batches, noise and dropout are no obstacle; another learning rate is found; other data is named."""
    source = make(tmp_path / "source", train=SCRIPT)
    output = port(source, tmp_path / "out")
    assert check(source, output, "train.py", "--steps", "12", "--json", str(tmp_path / "found.json")) == 0, capsys.readouterr().out
    found = json.loads((tmp_path / "found.json").read_text())
    assert len(found["rows"]) == 12 and found["parameters"] == 4 and found["parameter_error"] < 1e-5
    text = (output / "train.py").read_text()
    (output / "train.py").write_text(text.replace("lr=0.1", "lr=0.2"))
    capsys.readouterr()
    assert check(source, output, "train.py", "--steps", "4") == 1
    shown = capsys.readouterr().out
    assert "DIFFERS" in shown and "different batches" not in shown
    (output / "train.py").write_text(text.replace("0.1 *", "0.5 *"))
    assert check(source, output, "train.py", "--steps", "4") == 1
    assert "different batches" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"), [("import torch\n", "no optimizer made a step"), ("raise ValueError('mine')\n", "ValueError: mine")]
)
def test_what_cannot_be_compared(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = make(tmp_path / "source", train=text)
    assert check(source, source, "train.py") == 3
    assert message in capsys.readouterr().err


def test_graphs_that_are_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one function computes and another differentiates."""
    source = make(tmp_path / "source")
    shutil.copy(HERE / "recorded" / "recorded.py", source)
    shutil.copy(HERE / "loops" / "common.py", source)
    output = port(source, tmp_path / "out")
    assert "ms_support.backward(" in (output / "recorded.py").read_text()
    assert check(source, output, "recorded:run()", "--steps", "60") == 0, capsys.readouterr().out
