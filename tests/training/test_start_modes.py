"""Models start in training mode in torch and in evaluation mode in MindSpore: ``set_train()`` stands where one is made and used before that."""

from __future__ import annotations

import textwrap

import pytest

from tests.mappings.entries import registry
from transpiler.analysis.project_index import build_index
from transpiler.rewrite.pipeline import ProjectContext, transpile_source

NETS = """
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(x)


def build(width=1):
    net = Net()
    net.load_state_dict(torch.load("net.pth"))
    return net


def load():
    net = Net()
    net.eval()
    return net


def load_or_not(path):
    net = Net()
    if path:
        net.eval()
    return net


def wrapped():
    return load()
"""
ENGINE = """
import torch


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(self, x):
        loss = self.model(x).sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def evaluate(model, x):
    return model(x)
"""
HEADER = """
import torch
import torch.nn as nn
from engine import Trainer, evaluate
from nets import Net, build, load, load_or_not, wrapped

"""


def port(main: str) -> dict[str, str]:
    """The ports of three files, by name."""
    sources = {"nets.py": NETS.encode(), "engine.py": ENGINE.encode(), "main.py": (HEADER + textwrap.dedent(main)).encode()}
    context = ProjectContext("mindspore", registry(), build_index(sources, None))
    return {path: transpile_source(source, path=path, context=context).output.decode() for path, source in sources.items()}


TRAINS = {
    "used in another file": ("model = Net()\nTrainer(model).step(torch.ones(2))", "model = Net().set_train()"),
    "made for another file": ("Trainer(Net()).step(torch.ones(2))", "Trainer(Net().set_train())"),
    "made by another file": ("model = build()\nTrainer(model).step(torch.ones(2))", "model = build().set_train()"),
    "moved": ("model = Net().to('cpu')\nprint(model(torch.ones(2)))", "(Net(), 'cpu').set_train()"),
    "called at once": ("y = Net()(torch.ones(2))", "y = Net().set_train()("),
    "under a condition": ("model = Net()\nif torch.rand(1) > 2:\n    model.eval()\nevaluate(model, torch.ones(2))", "model = Net().set_train()"),
    "of an object": ("class Runner:\n    def __init__(self):\n        self.net = Net()\n    def run(self, x):\n        return self.net(x)", "self.net = Net().set_train()"),
    "a sequence": ("model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())\nprint(model(torch.ones(2)))", "nn.Dropout(p=0.5)).set_train()"),
}  # fmt: skip
STAYS = {
    "evaluated first": "model = Net()\nmodel.load_state_dict({})\nmodel.eval()\nevaluate(model, torch.ones(2))",
    "trained by name": "model = Net()\nmodel.train()\nevaluate(model, torch.ones(2))",
    "evaluated by its maker": "model = load()\nevaluate(model, torch.ones(2))",
    "evaluated by its maker's helper": "model = wrapped()\nevaluate(model, torch.ones(2))",
    "mode set by its maker": "model = load_or_not(None)\nevaluate(model, torch.ones(2))",
    "never run": "model = Net()\nprint(sum(p.numel() for p in model.parameters()))",
    "part of a module": "class Outer(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = Net()\n    def forward(self, x):\n        return self.net(x)",
    "evaluated at once": "model = Net().eval()\nevaluate(model, torch.ones(2))",
}


@pytest.mark.parametrize("name", TRAINS)
def test_models_that_start_in_training_mode(name: str) -> None:
    source, expected = TRAINS[name]
    assert expected.replace("'", '"') in port(source)["main.py"].replace("'", '"')


@pytest.mark.parametrize("name", STAYS)
def test_models_whose_mode_is_chosen(name: str) -> None:
    assert "set_train()" not in port(STAYS[name])["main.py"].replace("model.set_train()", "")


@pytest.mark.parametrize(
    "base", ["", "(object)", "(ABC)", "(Base)", "(torch.utils.data.Dataset)"], ids=["plain", "object", "ABC", "of the project", "of torch"]
)
def test_objects_that_are_no_modules(base: str) -> None:
    """The parameters of a model inside an object are asked for through the object, which has no mode itself."""
    text = port(f"""
        from abc import ABC
        class Base:
            pass
        class Agent{base}:
            def __init__(self):
                self.net = nn.Linear(2, 2)
                self.opt = torch.optim.SGD(self.net.parameters(), lr=0.1)
            def learn(self):
                loss = self.net(torch.ones(1, 2)).sum()
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
        agent, other = Agent(), 1
        agent = Agent()
        agent.learn()
        print(sum(p.numel() for p in agent.net.parameters()))
        """)["main.py"]
    assert "agent, other = Agent(), 1\nagent = Agent()\n" in text
    assert "self.net = nn.Dense(2, 2).set_train()" in text


def test_makers_that_may_choose_a_mode() -> None:
    """A maker that chooses the mode in one case leaves torch's in the other; one that never does leaves it to its callers."""
    nets = port("")["nets.py"]
    assert nets.count("Net().set_train()") == 1
    assert "net = Net().set_train()\n    if path" in nets


def test_what_models_give_is_no_model() -> None:
    """A function that asks for the parameters of what may be a model is also handed inputs and outputs."""
    text = port("""
        from elsewhere import Model
        def count(x):
            if isinstance(x, nn.Module):
                return sum(p.numel() for p in x.parameters())
            return x.sum().item()
        def ramp(n):
            return torch.arange(n).float()
        model = Model(4)
        count(model)
        data = ramp(4)
        count(data)
        loss = model(data)
        count(loss)
        loss.backward()
        """)["main.py"]
    assert text.count(".set_train()") == 1
    assert "model = Model(4).set_train()\n" in text


def test_layers_that_init_runs() -> None:
    """The size of what a layer gives is found by running it; layers without a mode, and those that only ``forward`` runs, stay as they are."""
    text = port("""
        class Sized(nn.Module):
            def __init__(self, shape):
                super().__init__()
                self.conv = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
                self.net = Net()
                self.blocks = nn.ModuleList([nn.BatchNorm1d(3), nn.Dropout()])
                self.lin = nn.Linear(3, 3)
                self.later = nn.Dropout()
                width = self._width(shape)
                self.head = nn.Linear(width, 2)
            def _width(self, shape):
                x = self.lin(self.conv(torch.ones(2, *shape)).flatten(1))
                for block in self.blocks:
                    x = block(x)
                return self.net(x).shape[-1]
            def forward(self, x):
                return self.head(self.later(x))
        """)["main.py"]
    assert text.count(".set_train()") == 3
    for name in ("conv", "net", "blocks"):
        assert [line for line in text.splitlines() if f"self.{name} = " in line and line.endswith(".set_train()")]
