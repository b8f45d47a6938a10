"""Members of the user's module classes that the target's base class reserves get another name wherever they are used."""

from __future__ import annotations

from pathlib import Path

from transpiler.api import transpile_project
from transpiler.report.codes import Code

MODEL = """import torch
from torch import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([nn.Linear(2, 2)])
        self.phase = 3


class Net(Base):
    def forward(self, x):
        for cell in self.cells:
            x = cell(x)
        return x
"""
USE = """from model import Net


class Phone:
    def __init__(self):
        self.cells = []


def first(net: Net):
    return net.cells[0]


def main():
    net, phone = Net(), Phone()
    return net.phase, phone.cells, first(net)
"""


def port(folder: Path) -> tuple[str, str, list[str]]:
    source = folder / "source"
    source.mkdir()
    (source / "model.py").write_text(MODEL)
    (source / "use.py").write_text(USE)
    run = transpile_project(source, folder / "port", jobs=1)
    renamed = [d.symbol for file in run.files for d in file.diagnostics if d.code is Code.RENAMED]
    return (folder / "port" / "model.py").read_text(), (folder / "port" / "use.py").read_text(), renamed


def test_members_are_renamed_across_files_and_nothing_else_is(tmp_path: Path) -> None:
    model, use, renamed = port(tmp_path)
    assert "self.cells_ = nn.CellList" in model and "self.phase_ = 3" in model and "in self.cells_:" in model
    assert "net.cells_[0]" in use and "net.phase_" in use
    assert "self.cells = []" in use and "phone.cells," in use
    assert "self.cells" in renamed and "net.cells" in renamed and "phone.cells" not in renamed
