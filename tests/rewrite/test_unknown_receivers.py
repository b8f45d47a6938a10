"""Methods that only tensors have, with these arguments, are converted on objects of unknown kind, with a remark."""

from __future__ import annotations

from tests.rewrite.conftest import Port, remarked


def test_arguments_tell(port: Port) -> None:
    source = """\
import torch


def f(out):
    return torch.relu(out.hidden.view(out.hidden.size(0), -1)), out.hidden.size(), out.pixels.view(2, 3)
"""
    text, diagnostics = port(source)
    assert "ops.relu(out.hidden.reshape(out.hidden.shape[0], -1)), out.hidden.size(), out.pixels.view(2, 3)" in text
    assert sorted(remarked(diagnostics)) == ["T2M201", "T2M201", "T2M402", "T2M402"]


def test_methods_of_the_project(port: Port) -> None:
    source = """\
import torch


class Store:
    def size(self, level):
        return level


def f(out):
    return torch.relu(out.x), out.store.size(0)
"""
    text, diagnostics = port(source)
    assert "ops.relu(out.x), out.store.size(0)" in text
    assert remarked(diagnostics) == ["T2M402"]


def test_members_of_outputs(port: Port) -> None:
    """What a module of unknown class returns may be anything: a member that no tensor has is its own."""
    source = """\
import torch


class Wrapped(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        intermediates = self.inner(x)
        return intermediates.last_layer_hiddens
"""
    text, diagnostics = port(source)
    assert "return intermediates.last_layer_hiddens" in text
    assert remarked(diagnostics) == []
