"""Steps whose graph no run of statements computes are recorded while the program runs, and reviewed; what cannot be differentiated at all is left."""

from __future__ import annotations

import textwrap

import pytest

from tests.mappings.entries import registry
from transpiler.report.codes import Code
from transpiler.rewrite.pipeline import single_file_context, transpile_source

HEADER = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
"""

REFUSED = {
    "loss handed in": """
        def step(loss, optimizer):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        """,
    "return among the statements": """
        def step(model, x, optimizer):
            for part in x:
                out = model(part)
                if out.sum() < 0:
                    return None
                loss = out.mean()
                loss.backward()
            optimizer.step()
        """,
    "continue among the statements": """
        def epoch(model, loader, optimizer):
            for x in loader:
                out = model(x)
                if out.sum() < 0:
                    continue
                loss = out.mean()
                loss.backward()
                optimizer.step()
        """,
    "yield among the statements": """
        def steps(model, loader, optimizer):
            for x in loader:
                out = model(x)
                yield out
                loss = out.mean()
                loss.backward()
                optimizer.step()
        """,
    "losses from before the loop": """
        def step(model, x, optimizer):
            losses = [model(part).mean() for part in x]
            for loss in losses:
                loss.backward(retain_graph=True)
            optimizer.step()
        """,
    "graph kept over a loop": """
        def step(model, x, optimizer):
            features = model(x)
            for weight in (1.0, 2.0):
                loss = (features * weight).mean()
                loss.backward(retain_graph=True)
            optimizer.step()
        """,
    "half outside, half inside": """
        def step(model, x, train, optimizer):
            out = model(x)
            if train:
                loss = out.mean()
                loss.backward()
                optimizer.step()
        """,
    "features computed by the caller": """
        def fit(encoder, head, loader):
            optimizer = torch.optim.SGD(list(encoder.parameters()) + list(head.parameters()), lr=0.1)
            for x, y in loader:
                features = encoder(x)
                step(features, y, head, optimizer)

        def step(features, y, head, optimizer):
            loss = F.cross_entropy(head(features), y)
            loss.backward()
            optimizer.step()
        """,
    "graph left by another method": """
        class Agent:
            def act(self, x):
                self.saved.append(self.policy(x).log())

            def learn(self, returns):
                loss = 0
                for saved, value in zip(self.saved, returns):
                    loss = loss - saved * value
                loss.backward()
                self.optimizer.step()
        """,
    "graph made by another method": """
        class Model:
            def forward(self):
                self.fake = self.generator(self.real)

            def backward_g(self):
                loss = F.mse_loss(self.critic(self.fake), self.real)
                loss.backward()
        """,
    "to be differentiated again": """
        def step(model, x, optimizer):
            out = model(x).sum()
            out.backward(create_graph=True)
            optimizer.step()
        """,
    "one line changes the loss and differentiates it": """
        def step(model, x, optimizer):
            loss = model(x).mean()
            loss = loss / 2; loss.backward()
            optimizer.step()
        """,
    "in the body of a class": """
        class Once:
            weight = torch.ones(2, requires_grad=True)
            loss = (weight ** 2).sum()
            loss.backward()
        """,
    "the loss is only data": """
        def step(x, optimizer):
            loss = torch.mean(x)
            loss.backward()
            optimizer.step()
        """,
}


#: What stays as it is: gradients that are to be differentiated again.
FINAL = {"to be differentiated again"}


@pytest.mark.parametrize("name", REFUSED)
def test_diagnosed_where_it_stands(name: str) -> None:
    source = HEADER + textwrap.dedent(REFUSED[name])
    result = transpile_source(
        source.encode(), path="step.py", context=single_file_context(source.encode(), "step.py", "mindspore", registry())
    )
    code = Code.UNSUPPORTED_BACKWARD if name in FINAL else Code.REVIEW_EAGER_ONLY
    found = [d for d in result.diagnostics if d.code is code]
    line = next(number for number, text in enumerate(source.splitlines(), 1) if ".backward(" in text)
    assert [d.range.line for d in found if d.range is not None] == [line], result.output.decode()
    assert ("ms_support.backward(" in result.output.decode()) == (name not in FINAL)
    assert ".backward(" in result.output.decode()
    assert "value_and_grad" not in result.output.decode()
    assert found[0].hint
