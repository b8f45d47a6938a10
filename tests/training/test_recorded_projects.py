"""A project one of whose graphs is recorded while the program runs records all of them: MindSpore cannot differentiate every layer in a function
meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from transpiler.cli import main

FILES = {
    "tagger.py": """
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.rnn(x)[0])
""",
    "agent.py": """
import torch


class Agent:
    def __init__(self, net):
        self.net = net
        self.optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        self.saved = []

    def act(self, x):
        self.saved.append(self.net(x).sum())

    def learn(self):
        loss = torch.stack(self.saved).sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.saved.clear()
        return loss.item()
""",
    "main.py": """
import torch
import torch.nn as nn
from agent import Agent
from tagger import Tagger

net, model = nn.Linear(4, 1), Tagger()
for parameter in [*net.parameters(), *model.parameters()]:
    nn.init.constant_(parameter, 0.1)
agent = Agent(net)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.ones(5, 2, 4)
for _ in range(3):
    agent.act(torch.ones(2, 4))
    loss = (model(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), agent.learn())
""",
}


def losses(folder: Path) -> list[float]:
    """What the program prints."""
    done = subprocess.run([sys.executable, "main.py"], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_one_way_for_all_graphs_of_a_project(tmp_path: Path) -> None:
    """The loop over the LSTM alone would be a function; beside the agent it is recorded too, and trains as torch does."""
    source, port = tmp_path / "source", tmp_path / "port"
    source.mkdir()
    for name, text in FILES.items():
        (source / name).write_text(text)
    assert main(["--in_file", str(source), "--output", str(port), "--quiet", "--jobs", "1"]) == 0
    assert "value_and_grad" not in (port / "main.py").read_text()
    found, expected = losses(port), losses(source)
    assert len(found) == 6
    assert all(abs(a - b) < 1e-4 * max(1.0, abs(b)) for a, b in zip(found, expected, strict=True)), (found, expected)
