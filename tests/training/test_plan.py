"""What moves into the forward function, what stays, and whose parameters are meant."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tests.mappings.entries import registry
from transpiler.rewrite.pipeline import single_file_context, transpile_source

HEADER = """\
import numpy as np
import torch
import torch.nn.functional as F
from nets import model, other
from steps import get_batch
"""


def port(source: str) -> str:
    """The port of some statements of a script."""
    text = (HEADER + textwrap.dedent(source)).encode()
    return transpile_source(text, path="script.py", context=single_file_context(text, "script.py", "mindspore", registry())).output.decode()


def forward(ported: str, name: str = "forward_fn") -> str:
    """The text of the forward function."""
    tree = ast.parse(ported)
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.unparse(function)


def test_models_of_unknown_origin_are_called_inside() -> None:
    """An imported object may be a model; numpy is not."""
    text = port("""
        noise = np.random.rand(3)
        x = torch.from_numpy(noise)
        out = model(x)
        loss = out.sum()
        loss.backward()
        """)
    assert forward(text) == "def forward_fn():\n    out = model(x)\n    loss = out.sum()\n    return loss"


OPTIMIZERS = """
class SAM(torch.optim.Optimizer):
    def second_step(self, zero_grad=False):
        pass


def main():
    first = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = model(torch.ones(2)).sum()
    loss.backward()
    first.step()
    second = SAM(other.parameters(), {})
    for i in range(2):
        loss = other(torch.ones(2)).sum()
        loss.backward()
        second.second_step(zero_grad=True)
"""


def test_optimizers_of_the_project_that_step_under_another_name() -> None:
    """The optimizer that steps next is meant, whatever its method is called, not only another one in scope."""
    text = port(OPTIMIZERS)
    assert "accumulate_grads(first.parameters" in text
    assert "accumulate_grads(ms_support.leaves_of(first, second)" in text


@pytest.mark.parametrize("clears", ["optim.zero_grad()", "pass"])
def test_optimizers_under_a_condition(clears: str) -> None:
    """Under ``if __name__ == "__main__"`` an optimizer that is made after a loop is not meant in it."""
    text = port(f"""
        if __name__ == "__main__":
            opt = torch.optim.SGD(model.parameters(), lr=0.1)
            for step in range(2):
                opt.zero_grad()
                loss = model(torch.ones(2)).sum()
                loss.backward()
                opt.step()
            optim = torch.optim.SGD(other.parameters(), lr=0.1)
            for step in range(2):
                loss = other(torch.ones(2)).sum()
                {clears}
                loss.backward()
                optim.step()
        """)
    assert "accumulate_grads(opt.parameters" in text[: text.index("optim =")]
    assert "optim.parameters" not in text[: text.index("optim =")]


def test_classes_and_functions_are_no_modules() -> None:
    """Neither the class of a function with a gradient of its own nor a function of torch has parameters."""
    text = port("""
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, f):
                return x * 2
            @staticmethod
            def backward(ctx, g):
                return g * 2, None
        x = torch.ones(2, requires_grad=True)
        Double.apply(x, torch.sin).pow(2).sum().backward()
        print(x.grad)
        """)
    assert "accumulate_grads([x]," in text
    assert "torch.sin" not in text


@pytest.mark.parametrize("mark", ["data.requires_grad = True", "data.requires_grad_()"])
def test_data_that_is_marked_starts_the_graph(mark: str) -> None:
    """What happens to a tensor before it is marked is no part of its graph, also where several names are assigned."""
    text = port(f"""
        def attack(model, device, data, target):
            data, target = data.to(device), target.to(device)
            {mark}
            loss = F.nll_loss(model(data), target)
            model.zero_grad()
            loss.backward()
            return data.grad.data
        """)
    assert forward(text).startswith("def forward_fn():\n    loss =")
    assert "accumulate_grads(ms_support.leaves_of(model, data)," in text


def test_comments_and_order_stay() -> None:
    """The statements move as they are."""
    text = port("""
        optimizer.zero_grad()
        # the forward pass
        out = model(x)  # logits

        print(out.shape)
        loss = F.mse_loss(out, y)
        loss.backward()  # gradients
        optimizer.step()
        """)
    inside = text[text.index("def forward_fn") : text.index("value_and_grad")]
    assert "# the forward pass\n" in inside
    assert "# logits\n\n    print(out.shape)" in inside
    assert "# gradients" in text[text.index("value_and_grad") :]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("first.step(); second.zero_grad(); second.step()", "first.parameters"),
        ("first.step(); second.step()", "ms_support.leaves_of(first, second)"),
        ("other.zero_grad(); second.step(); first.step()", "first.parameters"),
    ],
)
def test_whose_parameters(after: str, expected: str) -> None:
    """Those of the optimizers that step on the gradients before clearing them, by themselves or through their module."""
    text = port(f"""
        first = torch.optim.SGD(model.parameters(), lr=0.1)
        second = torch.optim.SGD(other.parameters(), lr=0.1)
        for x in data:
            loss = other(model(x)).sum()
            loss.backward()
            {after}
        """)
    assert f"mindspore.value_and_grad(forward_fn, None, {expected})()" in text


def test_attributes_of_self() -> None:
    """A step of a class: attributes are assigned as they were, and data from another method is data."""
    text = port("""
        class Model:
            def __init__(self, net):
                self.net = net
                self.optimizer = torch.optim.Adam(self.net.parameters())

            def set_input(self, batch):
                self.x = batch["x"].to("cpu")

            def optimize(self):
                self.optimizer.zero_grad()
                self.output = self.net(self.x)
                self.loss = F.mse_loss(self.output, self.x)
                self.loss.backward()
                self.optimizer.step()
        """)
    expected = "def forward_fn():\n    self.output = self.net(self.x)\n    self.loss = ms_support.mse_loss(self.output, self.x)\n    return self.loss"
    assert forward(text) == expected
    assert "objective, grads = mindspore.value_and_grad(forward_fn, None, self.optimizer.parameters)()" in text


def test_names_that_are_read_before_are_shared() -> None:
    """Counters and carried states stay variables of the scope around."""
    text = port("""
        def train(model, optimizer, data):
            count, state = 0, None
            for x in data:
                out, state = model(x, state)
                count += len(out)
                loss = out.sum()
                loss.backward()
                optimizer.step()
            return count, state
        """)
    assert "nonlocal count, state" in forward(text)


def test_second_run_changes_nothing() -> None:
    """A ported step is left alone."""
    text = port("""
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        """)
    again = transpile_source(
        text.encode(), path="script.py", context=single_file_context(text.encode(), "script.py", "mindspore", registry())
    )
    assert again.output.decode() == text


def test_trained_models_start_in_training_mode() -> None:
    """Unless the file puts them there itself; what is not trained stays as MindSpore makes it."""
    text = port("""
        first, second, third = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2), torch.nn.Dropout()
        parameters = list(first.parameters()) + list(second.parameters())
        optimizer = torch.optim.Adam(parameters)
        second.train()
        """)
    assert "first, second, third = nn.Dense(2, 2).set_train(), nn.Dense(2, 2), " in text
    assert text.count("set_train()") == 2
