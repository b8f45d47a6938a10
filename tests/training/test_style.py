"""``--style high``: regular loops become calls of ``Model`` and train as torch's do; the others stay in the low style and say why."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import transpiler
from transpiler.cli import main
from transpiler.report.codes import Code

STYLES = Path(__file__).parent / "styles"
PROJECT = Path(__file__).parents[2] / "samples" / "projects" / "classifier"
HEADER = """\
import torch
import torch.nn as nn
import torch.nn.functional as F


"""
REGULAR = """
def fit(model, loader, criterion, optimizer, device):
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
"""

#: What is done to the regular loop, and a part of the reason that is given.
IRREGULAR = {
    "gradients changed by the loss": ("optimizer.step()", "nn.utils.clip_grad_norm_(model.parameters(), loss.item())\n        optimizer.step()", "between the backward pass"),
    "left by return": ("optimizer.step()", "optimizer.step()\n        if loss.item() < 1:\n            return", "left after the step"),
    "two inputs": ("model(x)", "model(x, y)", "does more than model and loss"),
    "changed inputs": ("x, y = x.to(device), y.to(device)", "x = x.view(-1, 784)", "does more than model and loss"),
    "cast": ("x, y = x.to(device), y.to(device)", "x = x.to(torch.float64)", "does more than model and loss"),
    "penalty": ("loss.backward()", "loss = loss + model.penalty()\n        loss.backward()", "does more than model and loss"),
    "accumulation": ("        optimizer.zero_grad()\n", "", "not cleared in every step"),
    "read after": ("optimizer.step()", "optimizer.step()\n    return out", "read after the loop"),
    "a method": ("model(x)", "model.predict(x)", "is a module"),
    "three of a batch": ("for x, y in", "for x, y, z in", "not inputs and labels"),
    "no mode": ("    model.train()\n", "", "into training mode"),
    "frozen statistics": ("model.train()", "model.train()\n    model.features.eval()", "evaluation mode"),
    "scaled": ("loss.backward()", "(loss / 4).backward()", "no name of its own"),
}  # fmt: skip


def high(source: str) -> transpiler.Result:
    return transpiler.transpile(HEADER + textwrap.dedent(source), style="high")


def test_the_plain_loop() -> None:
    """Nothing is left of the loop, and nothing is said."""
    result = high(REGULAR)
    assert "trainer = ms_support.Model(model, criterion, optimizer)\n    trainer.train(1, loader)\n" in result.output
    assert "for " not in result.output and "value_and_grad" not in result.output
    assert not [d for d in result.diagnostics if d.code is Code.REVIEW_STYLE]
    assert transpiler.transpile(result.output, style="high").output == result.output


def test_low_is_the_default() -> None:
    """Without the option the loop stays."""
    assert "for x, y in loader" in transpiler.transpile(HEADER + REGULAR).output


@pytest.mark.parametrize("name", IRREGULAR)
def test_irregular_loops_stay_and_say_why(name: str) -> None:
    """The diagnostic stands at the loop, the port is that of the low style."""
    old, new, reason = IRREGULAR[name]
    assert REGULAR.count(old) == 1
    source = REGULAR.replace(old, new)
    result = high(source)
    found = [d for d in result.diagnostics if d.code is Code.REVIEW_STYLE]
    line = 1 + next(n for n, text in enumerate((HEADER + source).splitlines()) if text.strip().startswith("for "))
    assert [(d.range.line if d.range else 0, reason in d.message) for d in found] == [(line, True)], found
    assert result.output == transpiler.transpile(HEADER + source).output


def test_the_last_loss() -> None:
    """A loss that is read after the loop comes out of it."""
    text = high(REGULAR + "    print(loss.item())\n").output
    assert (
        "    loss = None\n" in text
        and "nonlocal loss\n        params = run_context.original_args()\n        loss = params.net_outputs\n" in text
    )


def test_comments_survive() -> None:
    """What is said about the loop's statements stands above the call."""
    source = REGULAR.replace("        optimizer.zero_grad()", "        # clear\n        optimizer.zero_grad()  # all of them")
    source = source.replace("for x, y in loader:", "for x, y in loader:  # one epoch")
    assert all(comment in high(source).output for comment in ("# clear", "# all of them", "# one epoch"))


def test_epochs_and_callbacks() -> None:
    """An epoch loop becomes the number of epochs; printing the loss, the schedule and the checkpoint become callbacks."""
    text = high("""
        def fit(model, loader, criterion, optimizer, scheduler, epochs):
            for epoch in range(epochs):
                model.train()
                running_loss = 0.0
                for i, (x, y) in enumerate(loader):
                    optimizer.zero_grad()
                    out = model(x)
                    loss = criterion(out, y)
                    loss.backward()
                    optimizer.step()
                    running_loss += loss.item()
                    if i % 100 == 99:
                        print(epoch, running_loss / 100)
                        running_loss = 0.0
                scheduler.step()
                torch.save(model.state_dict(), f"net_{epoch}.pth")
        """).output
    assert "def after_epoch(run_context):\n        epoch = run_context.original_args().cur_epoch_num - 1\n        scheduler.step()" in text
    train = re.search(r"trainer\.train\((.*)\)\n", text)
    assert train is not None
    assert train.group(1).startswith("epochs, loader, callbacks=[mindspore.train.LossMonitor(100), ")
    assert "LambdaCallback(on_train_epoch_end=after_epoch)" in train.group(1)


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs as a project, in the high style."""
    output = tmp_path_factory.mktemp("styles")
    assert main(["--in_file", str(STYLES), "--output", str(output), "--jobs", "1", "--quiet", "--strict", "--style", "high"]) == 0
    return output


def run_all(folder: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Every program's numbers, from one process of its own."""
    names = sorted(path.stem for path in STYLES.glob("*.py") if path.stem != "common")
    code = "import sys, numpy\nfound = {}\n" + "".join(
        f"import {name}\nseen, weights = {name}.run()\n"
        f"found['{name}'] = numpy.concatenate([numpy.array(seen, float), *(w.ravel() for w in weights)])\n"
        for name in names
    )
    file = folder / "found.npz"
    subprocess.run([sys.executable, "-c", f"{code}numpy.savez({str(file)!r}, **found)"], cwd=folder, check=True, timeout=300)
    return dict(np.load(file))


def test_high_trains_as_torch(ported: Path, tmp_path: Path) -> None:
    """Sums, rates, counts and the parameters after some twenty steps."""
    original = tmp_path / "original"
    shutil.copytree(STYLES, original)
    expected, found = run_all(original), run_all(ported)
    assert set(found) == set(expected)
    for name in expected:
        assert "ms_support.Model" in (ported / f"{name}.py").read_text()
        assert "value_and_grad" not in (ported / f"{name}.py").read_text()
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=1e-4, err_msg=name)


def run(folder: Path, *command: str) -> str:
    """A script's output."""
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The four-file project in torch, trained for an epoch, and the accuracy that its ``eval.py`` prints."""
    folder = tmp_path_factory.mktemp("project") / "source"
    shutil.copytree(PROJECT, folder)
    run(folder, "train.py", "--epochs", "1", "--output", "trained.pth")
    accuracy = run(folder, "eval.py", "--checkpoint", "trained.pth")
    shutil.move(folder / "trained.pth", folder.parent / "trained.pth")
    return folder, accuracy


@pytest.mark.parametrize("style", ["low", "high"])
def test_a_project_of_four_files(style: str, trained: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command ports it; it trains and saves; its ``eval.py`` gives torch's accuracy on the converted checkpoint, and reads its own."""
    source, accuracy = trained
    port, checkpoint = tmp_path / "port", source.parent / "trained.pth"
    assert main(["--in_file", str(source), "--output", str(port), "--quiet", "--strict", "--jobs", "1", "--style", style]) == 0
    converted = tmp_path / "trained.ckpt"
    command = ["weights", "--source", str(source), "--converted", str(port), "--entry", "model:SmallCNN()", "--checkpoint", str(checkpoint)]
    assert main([*command, "--output", str(converted)]) == 0, capsys.readouterr()
    assert run(port, "eval.py", "--checkpoint", str(converted)) == accuracy
    trained_here = run(port, "train.py", "--epochs", "1", "--output", "own.pth")
    own = re.search(r"val acc (\S+)%", trained_here)
    assert own is not None and run(port, "eval.py", "--checkpoint", "own.pth") == f"Accuracy: {own.group(1)}%\n"


def test_the_project_follows_torch(trained: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the high style, the losses of twenty steps and the parameters after them."""
    source, port = trained[0], tmp_path / "port"
    assert main(["--in_file", str(source), "--output", str(port), "--quiet", "--strict", "--jobs", "1", "--style", "high"]) == 0
    command = ["verify", "--source", str(source), "--converted", str(port), "--train", "train.py --epochs 2 --lr 0.005"]
    assert main(command) == 0, capsys.readouterr().out


def test_a_sum_before_the_step() -> None:
    """The loss is the same before and after it."""
    source = REGULAR.replace("        optimizer.step()", "        total += loss.item()\n        optimizer.step()").replace(
        "    model.train()", "    model.train()\n    total = 0.0"
    )
    text = high(source + "    return total\n").output
    assert "nonlocal total" in text and "total += loss.item()" in text and "trainer.train(1, loader, callbacks=" in text
