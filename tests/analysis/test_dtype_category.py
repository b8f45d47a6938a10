"""What is known to be an integer is a float before calls that torch promotes for."""

from __future__ import annotations

import pytest

from transpiler.api import transpile


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("torch.log(torch.arange(1, 5))", "mint.log(ops.arange(1, 5).float())"),
        ("torch.tensor([1, 2]).sqrt()", "mindspore.tensor([1, 2]).float().sqrt()"),
        ("torch.sin(x.long() * 2)", "mint.sin((x.long() * 2).float())"),
        ("(x > 0).sigmoid()", "(x > 0).float().sigmoid()"),
        ("torch.exp(input=x.argmax(0))", "mint.exp(input=x.argmax(0).float())"),
    ],
)
def test_integers_are_promoted(expression: str, expected: str) -> None:
    assert expected in ported(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.exp(x)",
        "torch.exp(torch.arange(n))",
        "torch.exp(torch.arange(4, dtype=torch.float32))",
        "torch.exp(torch.arange(4) * 0.5)",
        "torch.exp(torch.arange(4) / 2)",
        "torch.exp(x.long().to(x.dtype))",
        "torch.tensor([1.0, 2]).sqrt()",
    ],
)
def test_floats_and_the_unknown_stay(expression: str) -> None:
    assert ".float()" not in ported(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("torch.exp(x)", "ms_support.exp(x)"),
        ("torch.exp(x * 0.5)", "mint.exp(x * 0.5)"),
        ("torch.exp(x / n)", "mint.exp(x / n)"),
        ("torch.exp(torch.nn.Linear(2, 2)(x))", "mint.exp(nn.Dense(2, 2)(x))"),
        ("torch.floor(torch.arange(4))", "ms_support.floor(ops.arange(4))"),
        ("torch.abs(x * 0.5)", "ms_support.absolute(x * 0.5)"),
        ("torch.abs(torch.softmax(x, 0))", "mint.abs("),
        ("torch.abs(x.long())", "mint.abs(x.long())"),
        ("torch.amax(x > 0)", "ms_support.amax(x > 0)"),
        ("torch.amax(x.long())", "mint.amax(x.long())"),
    ],
)
def test_forms_for_some_dtypes_need_a_known_one(expression: str, expected: str) -> None:
    assert expected in ported(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("~(x > 0)", "~(x > 0)"),
        ("~torch.ones(2, dtype=torch.bool)", "~ops.ones((2,), "),
        ("~((x > 0) & (x < 1))", "~((x > 0) & (x < 1))"),
        ("~(x | 1)", "ms_support.bitwise_not(x | 1)"),
        ("~x", "ms_support.bitwise_not(x)"),
        ("~n", "ms_support.bitwise_not(n)"),
        ("~3", "~3"),
        ("3 ^ x", "ops.bitwise_xor(3, x)"),
        ("3 & n", "3 & n"),
        ("x * 2j", "ms_support.mul(x, 2j)"),
        ("x + (1 + 2j)", "ms_support.add(x, 1 + 2j)"),
        ("1j * 2", "1j * 2"),
        ("x.cfloat() * n", "ms_support.mul(x."),
        ("torch.mul(x, n)", "mint.mul(x, n)"),
        ("x * np.sqrt(n)", "x * np.sqrt(n)"),
        ("np.sqrt(n) * x", "ms_support.as_operand(np.sqrt(n)) * x"),
        ("x / np.ones(2)", "ms_support.div(x, np.ones(2))"),
        ("torch.cat([x * 2, torch.zeros(2)])", "mint.cat([x * 2, ops.zeros((2,))])"),
        ("torch.cat([x * 2, torch.exp(x), torch.zeros(2)])", "mint.cat(["),
        ("torch.cat([torch.zeros(2), torch.arange(2)])", "ms_support.cat(["),
        ("torch.stack([x.long(), x > 0])", "ms_support.stack(["),
        ("torch.stack([x, n])", "ops.stack([x, n])"),
        ("torch.stack([x, x.double()])", "ms_support.stack(["),
    ],
)
def test_operators_stay_where_they_are_known_to_be_right(expression: str, expected: str) -> None:
    assert expected in ported(expression)


def ported(expression: str) -> str:
    """The ported function around an expression."""
    return transpile(
        f"import numpy as np\nimport torch\n\n\ndef f(x: torch.Tensor, n):\n    return {expression}\n", target="mindspore"
    ).output
