"""Gradients reach parameters through the operations that change nothing but shape or place: measured on MindSpore, ``Tensor.copy`` of a
parameter is cut off from differentiation without a word, while that of any other tensor is not."""

from __future__ import annotations

from pathlib import Path

from transpiler.api import transpile_project
from transpiler.exporter import VerifyRequest, render_table, verify

SOURCE = '''import torch
from torch import nn


class Net(nn.Module):
    """Each parameter goes through one operation."""

    def __init__(self):
        super().__init__()
        self.cloned = nn.Parameter(torch.linspace(-1, 1, 6))
        self.viewed = nn.Parameter(torch.linspace(-1, 1, 6))
        self.expanded = nn.Parameter(torch.linspace(-1, 1, 6))
        self.permuted = nn.Parameter(torch.linspace(-1, 1, 6))
        self.chunked = nn.Parameter(torch.linspace(-1, 1, 6))
        self.cast = nn.Parameter(torch.linspace(-1, 1, 6))
        self.indexed = nn.Parameter(torch.linspace(-1, 1, 6))
        self.strided = nn.Parameter(torch.linspace(-1, 1, 6))
        self.detached = nn.Parameter(torch.linspace(-1, 1, 6))

    def forward(self, x):
        cloned = self.cloned.clone()
        cloned[2:4].zero_()
        viewed = self.viewed.view(2, 3).reshape(-1).contiguous()
        expanded = self.expanded.unsqueeze(0).expand(2, 6).sum(0)
        permuted = self.permuted.reshape(2, 3).permute(1, 0).flatten()
        first, second = self.chunked.chunk(2)
        cast = self.cast.to(torch.float64).float()
        indexed = self.indexed[torch.tensor([5, 4, 3, 2, 1, 0])]
        strided = torch.cat([self.strided[::2], self.strided[1::2]])
        detached = self.detached.detach() * self.detached
        return x * (cloned + viewed + expanded + permuted + torch.cat([second, first]) + cast + indexed + strided + detached)
'''


def test_every_parameter_gets_torchs_gradient(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "net.py").write_text(SOURCE)
    transpile_project(source, tmp_path / "port", jobs=1)
    result = verify(VerifyRequest(source, tmp_path / "port", "net:Net()", "mindspore", None, inputs="6", grad=True))
    assert result.ok, render_table(result) + (tmp_path / "port" / "net.py").read_text()
