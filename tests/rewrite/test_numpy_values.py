"""NumPy's values, and Python's types, where torch takes them and the target's tensors do not."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked

CASES = [
    pytest.param(
        """\
import numpy as np
import torch

x = torch.ones(6, 2)
i = np.random.permutation(6)
for start in range(0, 6, 3):
    print(x[i[start:start + 3]], x[i > 2, 0], x[i[0]:, 1], x[:i.shape[0]])
x[range(2), i[:2]] = 0.0
x[i] += 1
""",
        """\
import numpy as np
import ms_support
from mindspore import ops

x = ops.ones((6, 2))
i = np.random.permutation(6)
for start in range(0, 6, 3):
    print(x[ms_support.as_index(i[start:start + 3])], x[ms_support.as_index(i > 2), 0], x[ms_support.as_index(i[0]):, 1], x[:i.shape[0]])
x[list(range(2)), ms_support.as_index(i[:2])] = 0.0
x[ms_support.as_index(i)] += 1
""",
        id="indices",
    ),
    pytest.param(
        """\
import torch

m = torch.zeros(2, dtype=int)
n = torch.tensor([1, 0], dtype=bool)
print(m.to(float), m.sum(dtype=float), torch.zeros_like(m, dtype=bool), dict(dtype=bool), isinstance(m, bool))
""",
        """\
import mindspore
from mindspore import ops

m = ops.zeros((2,), dtype=mindspore.int64)
n = mindspore.tensor([1, 0], dtype=mindspore.bool_)
print(m.to(mindspore.float64), m.sum(dtype=mindspore.float64), ops.zeros_like(m, dtype=mindspore.bool_), dict(dtype=bool), isinstance(m, bool))
""",
        id="python-types-as-dtypes",
    ),
    pytest.param(
        """\
import numpy as np
import torch

x = torch.ones(3)
print(np.log(2) * x, (np.float64(1) / np.sqrt(3)) * x, x * np.sqrt(2), np.pi * x, np.mean([1.0]) < x, np.ones(3).sum() - 1 + x)
""",
        """\
import numpy as np
import ms_support
from mindspore import ops

x = ops.ones((3,))
print(ms_support.as_operand(np.log(2)) * x, ms_support.as_operand(np.float64(1) / np.sqrt(3)) * x, x * np.sqrt(2), np.pi * x, ms_support.as_operand(np.mean([1.0])) < x, ms_support.as_operand(np.ones(3).sum() - 1) + x)
""",
        id="left-operands",
    ),
    pytest.param(
        """\
import torch


def show(loss, epoch, fmt, names, **more):
    print(f"{epoch:03d} {loss:.4f} {names:>10} {torch.ones(1).sum():.1f} {len(names):.1f} {loss} {loss!r:.3}")
    print("{} {:.2f}".format(epoch, loss), fmt.format(**more), "{a}".format(**more), "{a:.1f}".format(**more), fmt.format(loss, torch.ones(1)))
""",
        """\
import ms_support
from mindspore import ops


def show(loss, epoch, fmt, names, **more):
    print(f"{epoch:03d} {ms_support.number_of(loss):.4f} {names:>10} {ops.ones((1,)).sum().item():.1f} {len(names):.1f} {loss} {loss!r:.3}")
    print("{} {:.2f}".format(epoch, ms_support.number_of(loss)), fmt.format(**ms_support.numbers_of(more)), "{a}".format(**more), "{a:.1f}".format(**ms_support.numbers_of(more)), fmt.format(loss, ms_support.number_of(ops.ones((1,)))))
""",
        id="formatted-values",
    ),
    pytest.param(
        """\
import torch

layers = torch.nn.ModuleList([torch.nn.ReLU(), torch.nn.Tanh()])
for i in torch.tensor([1, 0]):
    print(layers[i](torch.ones(2)), layers[0], layers[torch.argmax(torch.ones(2))], [1, 2][i])
""",
        """\
import mindspore
from mindspore import nn, ops

layers = nn.CellList([nn.ReLU(), nn.Tanh()])
for i in mindspore.tensor([1, 0]):
    print(layers[int(i)](ops.ones((2,))), layers[0], layers[int(ops.argmax(ops.ones((2,))))], [1, 2][i])
""",
        id="tensors-that-number-layers",
    ),
    pytest.param(
        """\
import torch

x = torch.ones(3, 3)
tags = torch.tensor([1, 2])
rows = torch.arange(2)
print(x[tags[0], 1], x[rows, tags], x[tags[0]], x[:, tags[1]], x[0, 1])
x[tags[0], 0] = 2.0
x[0, tags[1]].add_(1)
""",
        """\
import mindspore
import ms_support
from mindspore import ops

x = ops.ones((3, 3))
tags = mindspore.tensor([1, 2])
rows = ops.arange(2)
print(ms_support.get_item(x, (tags[0], 1)), x[rows, tags], x[tags[0]], x[:, tags[1]], x[0, 1])
x[tags[0], 0] = 2.0
x[0, tags[1]] = x[0, tags[1]].add(1)
""",
        id="indices-that-may-be-numbers",
    ),
    pytest.param(
        """\
import torch

x = torch.zeros(3, 2)
x[0] = torch.ones(1, 2) * 2
x[1] = torch.ones(2).unsqueeze(0)
x[2] = torch.ones(2)
""",
        """\
import ms_support
from mindspore import ops

x = ops.zeros((3, 2))
x[0] = ms_support.as_element(ops.ones((1, 2)) * 2, x[0])
x[1] = ms_support.as_element(ops.ones((2,)).unsqueeze(0), x[1])
x[2] = ops.ones((2,))
""",
        id="values-with-more-axes",
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_numpy_values(port: Port, before: str, after: str) -> None:
    text, diagnostics = port(before)
    assert text == after
    assert remarked(diagnostics) == []
    assert port(text)[0] == text
