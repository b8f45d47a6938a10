# ruff: noqa: PLC3002 (a case is one expression)
"""torch.func on functions of several kinds: the port's transforms give torch's values, in torch's structures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import ops

from transpiler.cli import main
from transpiler.support.mindspore import function_transforms as port
from transpiler.support.mindspore.vectorized_map import vmap

SCRIPT = Path(__file__).parent / "functional" / "ensembles.py"
X = np.array([0.5, -1.0, 2.0], np.float32)
W = np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2)


def _plain(tree: Any) -> Any:
    """Tensors as arrays, tuples as lists."""
    if isinstance(tree, dict):
        return {key: _plain(item) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_plain(item) for item in tree]
    return tree.detach().numpy() if isinstance(tree, torch.Tensor) else tree.asnumpy()


def _assert_same(actual: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            _assert_same(actual[key], expected[key])
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            _assert_same(one, other)
    else:
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


CASES: dict[str, Callable[[Any, Any, Callable[[Any], Any], Any], Any]] = {
    "second argument": lambda f, m, t, _: f.grad(lambda a, b: (a * b * b).sum(), argnums=1)(t(X), t(X + 1)),
    "negative argument number": lambda f, m, t, _: f.grad(lambda a, b: (a * b * b).sum(), argnums=-1)(t(X), t(X + 1)),
    "keyword": lambda f, m, t, _: f.grad(lambda a, scale: (a * scale).sum())(t(X), scale=t(X)),
    "aux of a dictionary": lambda f, m, t, _: f.grad(lambda d: ((d["w"] * d["b"]).sum(), {"aux": d["w"]}), has_aux=True)(
        {"w": t(X), "b": t(X * 2)}
    ),
    "unused input": lambda f, m, t, _: f.grad(lambda a, b: a.sum(), argnums=(0, 1))(t(X), t(W)),
    "known by another way": lambda f, m, t, _: (lambda x: f.grad(lambda a: (a * x).sum())(x))(t(X)),
    "derivative of a derivative": lambda f, m, t, _: f.grad(lambda a: (f.grad(lambda b: (b**3).sum())(a) * t(X)).sum())(t(X)),
    "jacobian of two outputs": lambda f, m, t, _: f.jacrev(lambda a, b: (a @ b, [a * 2]), argnums=(0, 1))(t(X), t(W)),
    "jacobian with aux": lambda f, m, t, _: f.jacrev(lambda a: (a * a, a + 1), has_aux=True)(t(X)),
    "forward jacobian": lambda f, m, t, _: f.jacfwd(lambda a: m.sin(a))(t(W)),
    "hessian of a matrix": lambda f, m, t, _: f.hessian(lambda a: (a**3).sum())(t(W)),
    "hessian of two": lambda f, m, t, _: f.hessian(lambda a, b: (a * a * b).sum(), argnums=(0, 1))(t(X), t(X + 1)),
    "pullback of a dictionary": lambda f, m, t, _: (lambda r: (r[0], r[1]({"y": t(X)})))(f.vjp(lambda a, b: {"y": a * b}, t(X), t(X + 1))),
    "pullback with aux": lambda f, m, t, _: (lambda r: (r[0], r[1](t(X)), r[2]))(f.vjp(lambda a: (a * a, a), t(X), has_aux=True)),
    "pushforward of two": lambda f, m, t, _: f.jvp(lambda a, b: (a * b, a.sum()), (t(X), t(X + 1)), (t(X), t(X * 2))),
    "linear map": lambda f, m, t, _: f.linearize(lambda a: a**3, t(X))[1](t(X)),
    "sample by sample": lambda f, m, t, vmap: vmap(f.grad(lambda w, x: ((x @ w) ** 2).sum()), in_dims=(None, 0))(
        t(W), t(np.stack([X, X + 1]))
    ),
    "jacobian of each": lambda f, m, t, vmap: vmap(f.jacrev(lambda a: a**2))(t(W)),
}


@pytest.mark.parametrize("name", CASES)
def test_same_as_torch(name: str) -> None:
    case = CASES[name]
    expected = _plain(case(torch.func, torch, lambda array: torch.tensor(array), torch.func.vmap))
    _assert_same(_plain(case(port, ops, lambda array: mindspore.Tensor(array), vmap)), expected)


AUTOGRAD: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "jacobian": lambda f, t: f("jacobian")(lambda a, b: (a @ b, b.sum()), (t(X), t(W))),
    "jacobian of one": lambda f, t: f("jacobian")(lambda a: a**2, t(W)),
    "hessian": lambda f, t: f("hessian")(lambda a: (a**3).sum(), t(X)),
    "vjp": lambda f, t: f("vjp")(lambda a, b: a * b, (t(X), t(X + 1)), t(X)),
    "vjp of a number": lambda f, t: f("vjp")(lambda a: (a * a).sum(), t(X)),
    "jvp": lambda f, t: f("jvp")(lambda a, b: (a * b, a), (t(X), t(X + 1)), (t(X), t(X))),
    "hvp": lambda f, t: f("hvp")(lambda a, b: (a * a * b).sum(), (t(X), t(X + 1)), (t(X), t(X * 2))),
    "vhp": lambda f, t: f("vhp")(lambda a: (a**3).sum(), t(X), t(X)),
}


@pytest.mark.parametrize("name", AUTOGRAD)
def test_autograd_functional(name: str) -> None:
    expected = _plain(AUTOGRAD[name](lambda one: getattr(torch.autograd.functional, one), lambda array: torch.tensor(array)))
    ours = AUTOGRAD[name](lambda one: getattr(port, f"autograd_{one.replace('hvp', 'vhp')}"), lambda array: mindspore.Tensor(array))
    _assert_same(_plain(ours), expected)


def test_a_lost_second_derivative_is_reported() -> None:
    """MindSpore gives zeros for the second derivative of (sum of x) squared; torch gives twos."""
    with pytest.warns(UserWarning, match="lacks terms"):
        port.hessian(lambda a: a.sum() ** 2)(mindspore.Tensor(X))


def test_what_torch_refuses() -> None:
    with pytest.raises(RuntimeError, match="scalar"):
        port.grad(lambda a: a * 2)(mindspore.Tensor(X))
    with pytest.raises(RuntimeError, match="has_aux"):
        port.grad(lambda a: a.sum(), has_aux=True)(mindspore.Tensor(X))
    with pytest.raises(RuntimeError, match="single Tensor with one element"):
        port.autograd_vjp(lambda a: a * 2, mindspore.Tensor(X))


def test_models_at_once_and_gradients_of_samples(tmp_path: Path) -> None:
    """A script with nothing left to do, run in a process of its own."""
    assert main(["--in_file", str(SCRIPT), "--output", str(tmp_path / "out"), "--quiet", "--strict", "--jobs", "1"]) == 0
    found = []
    for folder, convert in ((SCRIPT.parent, "detach().numpy()"), (tmp_path / "out", "asnumpy()")):
        code = f"import numpy; from ensembles import y; numpy.savez({str(tmp_path / 'y.npz')!r}, *[item.{convert} for item in y])"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=300)
        with np.load(tmp_path / "y.npz") as arrays:
            found.append([arrays[name] for name in arrays.files])
    assert len(found[0]) == len(found[1])
    for expected, actual in zip(*found, strict=True):
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)
