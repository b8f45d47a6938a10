"""Packed sequences hold what torch's hold, and recurrent layers compute on them what torch's compute."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from torch.nn.utils import rnn

from transpiler.support.mindspore import nn_module, nn_packed, nn_recurrent


def own(tensor: torch.Tensor) -> mindspore.Tensor:
    """torch's tensor in MindSpore."""
    return mindspore.Tensor(tensor.detach().numpy().copy())


def same(actual: Any, expected: Any) -> None:
    """Equal values, or both None."""
    if expected is None:
        assert actual is None
        return
    assert tuple(actual.shape) == tuple(expected.shape)
    assert str(actual.dtype).lower() == str(expected.dtype).removeprefix("torch.")
    np.testing.assert_allclose(actual.asnumpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("lengths", "enforce_sorted"), [([4, 4, 2], True), ([2, 4, 3], False), ([1, 1, 1], False)])
def test_packing(lengths: list[int], enforce_sorted: bool, batch_first: bool) -> None:
    x = torch.arange(3 * 4 * 2.0).reshape((3, 4, 2) if batch_first else (4, 3, 2))
    expected = rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first, enforce_sorted)
    packed = nn_packed.pack_padded_sequence(own(x), own(torch.tensor(lengths)), batch_first, enforce_sorted)
    for actual, wanted in zip(packed, expected, strict=True):
        same(actual, wanted)
    for total in (None, 6):
        wanted = rnn.pad_packed_sequence(expected, batch_first, -1.0, total)
        for actual, want in zip(nn_packed.pad_packed_sequence(packed, batch_first, -1.0, total), wanted, strict=True):
            same(actual, want)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding(batch_first: bool, side: str) -> None:
    rows = [torch.arange(3), torch.arange(1), torch.arange(4)]
    same(nn_packed.pad_sequence([own(row) for row in rows], batch_first, 9, side), rnn.pad_sequence(rows, batch_first, 9, side))


def test_sequences_come_back() -> None:
    rows = [torch.arange(3.0), torch.arange(1.0), torch.arange(4.0)]
    packed = nn_packed.pack_sequence([own(row) for row in rows], enforce_sorted=False)
    for actual, expected in zip(nn_packed.unpack_sequence(packed), rows, strict=True):
        same(actual, expected)


@pytest.mark.parametrize("given_state", [False, True])
@pytest.mark.parametrize(("name", "keywords"), [
    ("LSTM", {"num_layers": 2, "bidirectional": True}), ("LSTM", {"proj_size": 2}), ("GRU", {"bidirectional": True, "bias": False}), ("RNN", {}),
])  # fmt: skip
def test_recurrent_layer_on_packed_input(name: str, keywords: dict[str, Any], given_state: bool) -> None:
    torch.manual_seed(0)
    original = getattr(torch.nn, name)(3, 4, **keywords)
    ported = getattr(nn_recurrent, name)(3, 4, **keywords)
    nn_module.load_state_dict(ported, {k: own(v) for k, v in original.state_dict().items()})
    x = torch.linspace(-1, 1, 5 * 3 * 3).reshape(5, 3, 3).requires_grad_()
    lengths = [2, 5, 3]
    count = keywords.get("num_layers", 1) * (2 if keywords.get("bidirectional") else 1)
    state = torch.linspace(-0.5, 0.5, count * 3 * 4).reshape(count, 3, 4) if given_state else None
    cells = None if state is None else (state[..., : keywords.get("proj_size", 4)], state.cos()) if name == "LSTM" else state
    output, last = original(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False), cells)
    factors = torch.cos(torch.arange(output.data.numel(), dtype=torch.float32)).reshape(output.data.shape)
    last_parts = last if isinstance(last, tuple) else (last,)
    wanted = torch.autograd.grad((output.data * factors).sum() + sum(part.sum() for part in last_parts), x)[0]
    own_cells = None if cells is None else tuple(own(c) for c in cells) if isinstance(cells, tuple) else own(cells)

    def forward(given: Any) -> Any:
        result, state = ported(nn_packed.pack_padded_sequence(given, lengths, enforce_sorted=False), own_cells)
        parts = state if isinstance(state, tuple) else (state,)
        return (result.data * own(factors)).sum() + sum(part.sum() for part in parts), result.data, *parts

    (_, data, *parts), gradient = mindspore.value_and_grad(forward, 0, None, has_aux=True)(own(x))
    same(data, output.data)
    for actual, expected in zip(parts, last_parts, strict=True):
        same(actual, expected)
    same(gradient, wanted)
