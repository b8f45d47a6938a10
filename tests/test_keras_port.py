"""A small project ported with ``--target keras``: it computes the same with the same weights, and what Keras cannot do is diagnosed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import transpiler
from transpiler.exporter import VerifyRequest, verify
from transpiler.mapping.registry import load_registry
from transpiler.report.codes import Kind
from transpiler.report.diagnostic import RunReport, Status
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source

FILES = {
    "layers.py": '''
import torch
from torch import nn, Tensor


class ConvBlock(nn.Sequential):
    """Convolution, normalisation, activation."""

    def __init__(self, inputs: int, outputs: int, norm_layer=nn.BatchNorm2d) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),  # channels first, as in torch
            norm_layer(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = ConvBlock(channels, channels)
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 0.5))
        self.register_buffer("offset", torch.linspace(-1, 1, channels).view(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.block(x) * self.scale + self.offset
        out += identity
        return out
''',
    "net.py": """
import torch
import torch.nn as nn
import torch.nn.functional as F

from layers import ConvBlock, Residual


class Net(nn.Module):
    def __init__(self, num_classes: int = 5) -> None:
        super().__init__()
        self.inputs = ConvBlock(3, 8)
        self.stages = nn.ModuleList([Residual(8) for _ in range(2)])
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8 * 2 * 2, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        if not isinstance(x, torch.Tensor):
            x = torch.cat(x, dim=1)
        x = F.max_pool2d(self.inputs(x), 2)
        for stage in self.stages:
            x = stage(x)
        x = torch.flatten(self.pool(x), 1)
        x = self.drop(x.view(x.size(0), -1))
        return F.log_softmax(self.head(x), dim=1), x.mean(dim=1, keepdim=True).clamp(min=-1)
""",
}


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, RunReport]:
    folder = tmp_path_factory.mktemp("keras_port")
    (folder / "source").mkdir()
    for name, text in FILES.items():
        (folder / "source" / name).write_text(text.lstrip())
    run = transpiler.transpile_project(folder / "source", folder / "port", target="keras", report=folder / "report")
    return folder / "source", folder / "port", run


def port(code: str) -> FileResult:
    source = code.encode()
    return transpile_source(source, path="x.py", context=single_file_context(source, "x.py", "keras", load_registry()))


def left(result: FileResult) -> Sequence[str]:
    return [d.code.value for d in result.diagnostics if d.kind is Kind.UNCONVERT]


def test_everything_is_converted(ported: tuple[Path, Path, RunReport]) -> None:
    _, folder, run = ported
    assert [d.message for file in run.files for d in file.diagnostics if d.kind is Kind.UNCONVERT] == []
    text = "".join((folder / name).read_text() for name in FILES)
    assert "import torch" not in text and "from torch" not in text
    assert "# channels first, as in torch" in text


def test_port_computes_the_same_with_gradients(ported: tuple[Path, Path, RunReport]) -> None:
    source, folder, _ = ported
    result = verify(VerifyRequest(source, folder, "net:Net()", "keras", None, "2,3,16,16", grad=True))
    assert result.ok, [row for row in result.rows if not row.ok] or result.problems
    assert {row.kind for row in result.rows} == {"output", "parameter gradient", "input gradient"}


def test_second_run_changes_nothing(ported: tuple[Path, Path, RunReport], tmp_path: Path) -> None:
    _, folder, _ = ported
    run = transpiler.transpile_project(folder, tmp_path / "again", target="keras")
    assert {file.source for file in run.files if file.status is not Status.UNCHANGED} == set()
    for name in (*FILES, "keras_support.py"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_reserved_names_are_renamed(ported: tuple[Path, Path, RunReport]) -> None:
    _, folder, _ = ported
    text = (folder / "net.py").read_text()
    assert "self.inputs_ = ConvBlock(3, 8)" in text
    assert "self.inputs_(x)" in text


@pytest.mark.parametrize("statement", ["x[0] = 1", "x[:, 1] += y", "x[0].add_(y)", "x.add_(y)"])
def test_changes_in_place_are_diagnosed(statement: str) -> None:
    result = port(f"import torch\n\n\ndef f(x: torch.Tensor, y: torch.Tensor):\n    {statement}\n    return x\n")
    assert set(left(result)) == {"T2M304"}
    assert statement in result.output.decode()


def test_item_assignment_of_other_objects_is_the_users_own() -> None:
    result = port("import torch\n\n\ndef f(x: torch.Tensor):\n    found = {}\n    found['a'] = torch.relu(x)\n    return found\n")
    assert left(result) == []
    assert "found['a'] = ops.relu(x)" in result.output.decode()


def test_tensor_tests_call_a_function() -> None:
    code = "import torch\n\n\ndef f(x):\n    return isinstance(x, (torch.Tensor, list)), not isinstance(x, torch.Tensor)\n"
    result = port(code)
    assert left(result) == []
    assert "return keras_support.is_tensor(x) or isinstance(x, list), not keras_support.is_tensor(x)" in result.output.decode()


def test_class_of_a_tensor_is_diagnosed() -> None:
    assert "T2M303" in left(port("import torch\n\n\ndef f(x):\n    return type(x) is torch.Tensor\n"))


def test_no_grad_is_a_decorator_or_diagnosed() -> None:
    decorated = port("import torch\n\n\n@torch.no_grad()\ndef f(x: torch.Tensor):\n    return torch.exp(x)\n")
    assert "@keras_support.gradient_free\ndef f" in decorated.output.decode()
    assert left(decorated) == []
    assert "T2M301" in left(port("import torch\n\n\ndef f(x: torch.Tensor):\n    with torch.no_grad():\n        return torch.exp(x)\n"))


def test_new_tensors_are_drawn_and_variables_assigned() -> None:
    result = port(
        "import torch\n\n\ndef f(n: int):\n    noise = torch.empty(n).normal_(std=0.02)\n    noise = noise.uniform_(0, 1)\n    return noise\n"
    )
    assert "noise = keras_support.drawn_normal(keras_support.zeros(n), std=0.02)" in result.output.decode()
    assert "noise = keras_support.drawn_uniform(noise, 0, 1)" in result.output.decode()
