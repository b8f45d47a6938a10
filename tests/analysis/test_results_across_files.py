"""What functions of other files return, where no annotation says it."""

from __future__ import annotations

from tests.analysis.test_projects import port, registry
from transpiler.mapping.registry import Registry

__all__ = ["registry"]


def test_inferred_from_the_outline(registry: Registry) -> None:
    files = {
        "helpers.py": """\
import torch
from torch import nn

wrapped = set()


def wrap(function):
    wrapped.add(function)
    return function


@wrap
def mask(scores: torch.Tensor, bias=None):
    return scores if bias is None else scores + bias


def norm(x: torch.Tensor, weight=None, eps: float = 1e-6):
    v = x.pow(2).mean(dim=1, keepdim=True)
    x = x * torch.rsqrt(v + eps)
    if weight is not None:
        x = x * weight.reshape(1, -1, 1, 1)
    return x


def head(n, conv=False):
    if n <= 0:
        fc = nn.Identity()
    elif conv:
        fc = nn.Conv2d(n, n, 1)
    else:
        fc = nn.Linear(n, n)
    return nn.Flatten(), fc
""",
        "net.py": """\
import torch
from torch import nn
from helpers import head, mask, norm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool, self.fc = head(3)
        self.pool.train(self.training)
        self.fc.train(False)

    def forward(self, x):
        return mask(x).softmax(dim=-1), norm(x).to(x.dtype)
""",
    }
    ported, left = port(files, registry)
    assert left == []
    assert "self.fc.set_train(False)" in ported["net.py"]
    assert "self.pool.set_train(self.training)" in ported["net.py"]


def test_one_unknown_way_out_makes_it_unknown(registry: Registry) -> None:
    files = {
        "helpers.py": "import torch\n\n\ndef pick(x: torch.Tensor, other):\n    if other:\n        return other\n    return x\n",
        "use.py": "import torch\nfrom helpers import pick\n\n\ndef f(x: torch.Tensor, y):\n    return pick(x, y).view(2)\n",
    }
    ported, left = port(files, registry)
    assert left == []
    assert "ms_support.view_of(pick(x, y), 2)" in ported["use.py"]
