"""Questions whether torch has something, and calls whose arguments stars or NumPy's names disguise."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('has = hasattr(torch, "abs")\n', "has = True\n"),
        ("has = 'silu' in dir(torch.nn.functional)\n", "has = True\n"),
        ("has = 'silu' not in dir(torch.nn.functional)\n", "has = False\n"),
        ('if hasattr(torch, "compiler") and hasattr(torch.compiler, "is_exporting"):\n    has = 1\nelse:\n    has = 2\n', "has = 1\n"),
        ('f = torch.neg if hasattr(torch, "abs") else None\n', "f = mint.neg\n"),
    ],
)
def test_answered(port: Port, source: str, expected: str) -> None:
    output, diagnostics = port(f"import torch\n{source}")
    assert output.endswith(expected)
    assert remarked(diagnostics) == []


def test_what_nobody_knows_is_left(port: Port) -> None:
    source = 'import torch\nhas = hasattr(torch, "of_tomorrow")\n'
    output, diagnostics = port(source)
    assert output == source
    assert remarked(diagnostics) == ["T2M303", "T2M305"]


def test_chained_getattr_is_one_name(port: Port) -> None:
    output, diagnostics = port('import torch\ndisable = getattr(getattr(torch, "compiler", None), "disable", None) or len\n')
    assert output == "import ms_support\ndisable = ms_support.compiler_disable or len\n"
    assert remarked(diagnostics) == []


def test_star_arguments_hide_the_overload(port: Port) -> None:
    output, diagnostics = port("import torch\n\n\ndef f(n, **dd):\n    return torch.zeros(n, 2, **dd), torch.empty(*n, **dd)\n")
    assert output.endswith("return ms_support.zeros(n, 2, **dd), ms_support.empty(*n, **dd)\n")
    assert remarked(diagnostics) == []


def test_numpy_names_of_parameters(port: Port) -> None:
    source = (
        "import torch\n\n\ndef f(x: torch.Tensor):\n    return x.mean((1, 2), keepdims=True), torch.cat([x, x], axis=0), x.std(axis=1)\n"
    )
    output, diagnostics = port(source)
    assert output.endswith("return x.mean((1, 2), keepdim=True), ms_support.cat([x, x], dim=0), ms_support.std(x, dim=1)\n")
    assert remarked(diagnostics) == []
