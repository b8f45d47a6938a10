"""Gradients of a softmax after one over a single element, in a process of its own: MindSpore's CPU kernel keeps what the first call leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch

from transpiler.support.assemble import assemble

PROGRAM = """
import json
import mindspore
import ms_support
import numpy as np

def loss(x):
    return (ms_support.softmax(x, -1) ** 2).sum()

x = mindspore.Tensor(np.arange(12.0).reshape(2, 2, 3).astype(np.float32) / 5)
first = mindspore.grad(loss)(x[..., :1])
print(json.dumps([first.asnumpy().tolist(), mindspore.grad(loss)(x).asnumpy().tolist()]))
"""


def test_gradients_after_a_softmax_over_one_element(tmp_path: Path) -> None:
    (tmp_path / "ms_support.py").write_text(assemble("mindspore", ["softmax"]))
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    first, second = (torch.tensor(values) for values in json.loads(done.stdout.splitlines()[-1]))
    x = (torch.arange(12.0).reshape(2, 2, 3) / 5).requires_grad_()
    expected = torch.autograd.grad((torch.softmax(x, -1) ** 2).sum(), x)[0]
    assert not first.any()
    torch.testing.assert_close(second, expected)
