"""Names and classes across the files of a project."""

from __future__ import annotations

import pytest

from transpiler.analysis.project_index import build_index
from transpiler.mapping.registry import Registry, load_registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import ProjectContext, transpile_source


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def port(files: dict[str, str], registry: Registry, package: str | None = None) -> tuple[dict[str, str], list[str]]:
    """The ports of all files, and the codes of what was left."""
    sources = {path: text.encode() for path, text in files.items()}
    context = ProjectContext("mindspore", registry, build_index(sources, package), package is not None)
    results = {path: transpile_source(source, path=path, context=context) for path, source in sources.items()}
    left = [d.code.value for result in results.values() for d in result.diagnostics if d.kind is Kind.UNCONVERT]
    return {path: result.output.decode() for path, result in results.items()}, left


def test_names_re_exported_by_a_project_module(registry: Registry) -> None:
    files = {
        "base.py": "import torch\nimport torch.nn as nn\nfrom torch.nn import functional as F\n",
        "star.py": "from base import *\ny = F.relu(torch.neg(nn.Linear(1, 2)(x)))\n",
        "named.py": "from base import F, torch as T\ny = F.relu(T.neg(x))\n",
        "dotted.py": "import base\ny = base.torch.neg(base.nn.Linear(1, 2)(x))\n",
    }
    ported, left = port(files, registry)
    assert left == []
    assert ported["named.py"] == "from mindspore import mint, ops\ny = ops.relu(mint.neg(x))\n"
    assert "y = ops.relu(mint.neg(nn.Dense(1, 2)(x)))\n" in ported["star.py"]
    assert "y = mint.neg(nn.Dense(1, 2)(x))\n" in ported["dotted.py"]


def test_relative_imports_of_torch(registry: Registry) -> None:
    files = {"__init__.py": "", "b.py": "import torch\n", "a.py": "from .b import torch\ny = torch.neg(x)\n"}
    ported, left = port(files, registry, "pkg")
    assert left == []
    assert ported["a.py"] == "from mindspore import mint\ny = mint.neg(x)\n"


def test_mixins_in_files_without_torch(registry: Registry) -> None:
    files = {
        "mix.py": "class Mixin:\n    def forward(self, x):\n        return self.phase\n",
        "net.py": "import torch.nn as nn\nfrom mix import Mixin\n\n\nclass Net(Mixin, nn.Module):\n    phase = 1\n",
    }
    ported, left = port(files, registry)
    assert left == []
    assert ported["mix.py"] == "class Mixin:\n    def construct(self, x):\n        return self.phase_\n"
    assert ported["net.py"].endswith("class Net(Mixin, nn.Cell):\n    phase_ = 1\n")


def test_members_and_weights_of_classes_in_other_files(registry: Registry) -> None:
    files = {
        "net.py": "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.bn = nn.BatchNorm2d(3)\n        self.act = nn.ReLU(inplace=True)\n",
        "use.py": "from net import Net\n\n\nclass Sub(Net):\n    def forward(self, x):\n        y = self.act(x)\n        return x + y\n\n\n"
        "net = Net()\nprint(net.bn.weight, net.forward(1))\n",
    }
    ported, left = port(files, registry)
    assert left == []
    assert "        y = x = self.act(x)\n" in ported["use.py"]
    assert "print(net.bn.gamma, net.construct(1))\n" in ported["use.py"]


def test_torchs_own_wins_over_its_stand_in(registry: Registry) -> None:
    files = {
        "trace.py": "try:\n    from torch import _assert\nexcept ImportError:\n    def _assert(condition, message):\n        assert condition, message\n",
        "use.py": "from trace import _assert\n\n\ndef f(n):\n    _assert(n > 0, '')\n",
    }
    ported, left = port(files, registry)
    assert left == []
    assert ported["use.py"] == "import ms_support\n\n\ndef f(n):\n    ms_support.torch_assert(n > 0, '')\n"
