"""Members of the user's module classes that the target's base class reserves get another name wherever they are used."""

from __future__ import annotations

from pathlib import Path

import mindspore
import torch

from transpiler.api import transpile_project
from transpiler.report.codes import Code
from transpiler.targets.mindspore import MINDSPORE

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


def test_members_of_objects_of_unknown_kind(tmp_path: Path) -> None:
    """Private members of modules alone are renamed, with a remark; of others a remark tells, unless another class of the project has one."""
    source = tmp_path / "source"
    source.mkdir()
    private = MODEL.replace("self.phase = 3", "self._params, self.phase = {}, 3")
    (source / "model.py").write_text(private)
    (source / "use.py").write_text(
        'from model import Net\n\n\nclass Phone:\n    cells = []\n\n\ndef f(m):\n    return m._params, m.phase, m.cells, hasattr(m, "_params")\n'
    )
    run = transpile_project(source, tmp_path / "port", jobs=1)
    assert "self._params_, self.phase_ = {}, 3" in (tmp_path / "port" / "model.py").read_text()
    assert 'return m._params_, m.phase, m.cells, hasattr(m, "_params_")' in (tmp_path / "port" / "use.py").read_text()
    assert [d.symbol for file in run.files for d in file.diagnostics if d.code is Code.REVIEW_RECEIVER] == ["m._params", "m.phase"]


def test_names_are_those_that_the_targets_reserve() -> None:
    """Of an instance as well: MindSpore's cells keep their parameters in ``_params``."""
    members = {*dir(mindspore.nn.Cell), *vars(mindspore.nn.Cell())}
    theirs = {*dir(torch.nn.Module), *vars(torch.nn.Linear(1, 1))}
    names = {name for name in members - theirs if not name.startswith("__") and not name.startswith("_Cell")}
    assert names - MINDSPORE.reserved == set(MINDSPORE.methods.values()) - {"construct"}
