"""Recurrent layers and cells with torch's constructors, parameter names (``weight_ih_l0`` ...), gate order and initial distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common import initializer as initializers
from mindspore.common.initializer import initializer

from ._common import _autocast_to, _cast, accurate_tanh, affine, param_dtype
from .nn_packed import PackedSequence, lengths_from, reordered, to_packed, to_padded

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def lstm_step(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Hidden and cell state from the summed gates (input, forget, cell, output) and the old cell state."""
    i, f, g, o = ops.chunk(gates, 4, -1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * accurate_tanh(g)
    return ops.sigmoid(o) * accurate_tanh(c), c


def scaled_lstm_step(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """As ``lstm_step`` for gates whose third part is doubled, so that one sigmoid serves all: tanh(x) = 2 sigmoid(2 x) - 1."""
    i, f, g, o = ops.chunk(ops.sigmoid(gates), 4, -1)
    c = f * c + i * (2 * g - 1)
    return o * accurate_tanh(c), c


def gru_step(from_input: Tensor, from_hidden: Tensor, h: Tensor) -> Tensor:
    """Hidden state from the two affine maps (reset, update, new) and the old hidden state."""
    input_r, input_z, input_n = ops.chunk(from_input, 3, -1)
    hidden_r, hidden_z, hidden_n = ops.chunk(from_hidden, 3, -1)
    update = ops.sigmoid(input_z + hidden_z)
    new = accurate_tanh(input_n + ops.sigmoid(input_r + hidden_r) * hidden_n)
    return (1 - update) * new + update * h


def step(mode: str, from_input: Tensor, from_hidden: Tensor, h: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """One time step: new hidden (and cell) state."""
    if mode == "LSTM":
        return lstm_step(from_input + from_hidden, c)
    if mode == "GRU":
        return gru_step(from_input, from_hidden, h), None
    total = from_input + from_hidden
    return (accurate_tanh(total) if mode == "RNN_TANH" else ops.relu(total)), None


class RecurrentLayer(nn.Cell):
    """What LSTM, GRU and RNN share: a stack of (bi)directional scans over time."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.state_size = proj_size if proj_size > 0 else hidden_size
        self.suffixes = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            for suffix in self.suffixes:
                width = input_size if layer == 0 else self.state_size * len(self.suffixes)
                self.add_parameters(f"_l{layer}{suffix}", width, param_dtype(dtype))
        self.set_train()

    def add_parameters(self, suffix: str, width: int, dtype: Any) -> None:
        """The weights of one direction of one layer, uniform within 1 / sqrt(hidden_size)."""
        rows, bound = GATES[self.mode] * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, self.state_size)}
        if self.bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        if self.proj_size > 0:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            parameter = Parameter(initializer(initializers.Uniform(bound), shape, dtype), name=name + suffix)
            self.insert_param_to_cell(name + suffix, parameter)

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights and biases of every layer and direction."""
        suffixes = [f"_l{layer}{way}" for layer in range(self.num_layers) for way in ("", "_reverse")[: 1 + self.bidirectional]]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [[getattr(self, name + suffix) for name in names if name + suffix in self._params] for suffix in suffixes]

    def flatten_parameters(self) -> None:
        """Nothing to do: torch lays out memory for cuDNN here."""

    def construct(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(L, N, H), (N, L, H) where batch_first, (L, H), or a PackedSequence -> outputs in that layout, and the last states."""
        if not isinstance(input, Tensor):
            return self.packed(input, hx)
        batched = input.ndim == 3
        x = (input.swapaxes(0, 1) if self.batch_first else input) if batched else input.expand_dims(1)
        x, h, c = _autocast_to("RecurrentCell", x, *self.initial_states(x, hx, batched))
        return self.results(*self.run_layers(x, h, c, None), batched)

    def packed(self, sequence: Any, hx: Any) -> tuple[Any, Any]:
        """Padded, run with the steps behind each sequence's end left out, and packed again."""
        sizes, lengths = sequence.batch_sizes, lengths_from(sequence.batch_sizes)
        longest = int(lengths[0])
        x = to_padded(sequence.data, sizes, 0.0, longest)
        x, h, c = _autocast_to("RecurrentCell", x, *self.initial_states(x, reordered(hx, sequence.sorted_indices), True))
        inside = Tensor(np.arange(longest)[:, None, None] < lengths[None, :, None])
        outputs, last_h, last_c = self.run_layers(x, h, c, inside)
        states = ops.stack(last_h) if c is None else (ops.stack(last_h), ops.stack(last_c))
        packed = PackedSequence(to_packed(outputs, sizes), sizes, sequence.sorted_indices, sequence.unsorted_indices)
        return packed, reordered(states, sequence.unsorted_indices)

    def run_layers(self, x: Tensor, h: Tensor, c: Tensor | None, inside: Tensor | None) -> tuple[Tensor, Any, Any]:
        """All layers over (L, N, H): the outputs, and the last states of each layer and direction."""
        last_h: tuple[Tensor, ...] = ()
        last_c: tuple[Tensor | None, ...] = ()
        for layer in range(self.num_layers):
            outputs: tuple[Tensor, ...] = ()
            for i in range(len(self.suffixes)):
                index = layer * len(self.suffixes) + i
                scanned, h_n, c_n = self.scan(x, h[index], None if c is None else c[index], f"_l{layer}{self.suffixes[i]}", i == 1, inside)
                outputs, last_h, last_c = outputs + (scanned,), last_h + (h_n,), last_c + (c_n,)
            x = outputs[0] if len(outputs) == 1 else ops.cat(outputs, -1)
            if self.training and self.dropout > 0 and layer < self.num_layers - 1:
                x = ops.dropout(x, self.dropout, training=True)
        return x, last_h, last_c

    def initial_states(self, x: Tensor, hx: Any, batched: bool) -> tuple[Tensor, Tensor | None]:
        """The given states with a batch axis, or zeros; the cell state is None except for LSTM."""
        count, batch = self.num_layers * len(self.suffixes), x.shape[1]
        if hx is None:
            h = ops.zeros((count, batch, self.state_size), x.dtype)
            return h, ops.zeros((count, batch, self.hidden_size), x.dtype) if self.mode == "LSTM" else None
        h, c = hx if self.mode == "LSTM" else (hx, None)
        return (h, c) if batched else (h.expand_dims(1), None if c is None else c.expand_dims(1))

    def scan(
        self, x: Tensor, h: Tensor, c: Tensor | None, suffix: str, backward: bool, inside: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One direction of one layer over all time steps; where ``inside`` (L, N, 1) is False, a sequence keeps its state."""
        weight, bias, projection = [self.weight_of(name + suffix) for name in ("weight_hh", "bias_hh", "weight_hr")]
        from_input = affine(x, self.weight_of("weight_ih" + suffix), self.weight_of("bias_ih" + suffix))
        weight = weight.swapaxes(0, 1)
        if self.mode != "GRU" and bias is not None:  # what does not depend on the state is done once, for all steps
            from_input, bias = from_input + _cast(bias, from_input.dtype), None
        if self.mode == "LSTM":
            scale = Tensor(np.repeat([1, 1, 2, 1], self.hidden_size), from_input.dtype)
            from_input, weight = from_input * scale, weight * scale
        outputs = [None] * x.shape[0]
        steps = ops.unbind(from_input, 0)
        for t in range(x.shape[0] - 1, -1, -1) if backward else range(x.shape[0]):
            from_hidden = ops.matmul(h, weight) if bias is None else ops.matmul(h, weight) + _cast(bias, h.dtype)
            new_h, new_c = (
                scaled_lstm_step(steps[t] + from_hidden, c) if self.mode == "LSTM" else step(self.mode, steps[t], from_hidden, h, c)
            )
            if self.proj_size > 0:
                new_h = affine(new_h, projection, None)
            if inside is not None:
                new_h = ops.select(inside[t].broadcast_to(new_h.shape), new_h, h)
                new_c = None if new_c is None else ops.select(inside[t].broadcast_to(new_c.shape), new_c, c)
            h, c = new_h, new_c
            outputs[t] = h
        return ops.stack(outputs), h, c

    def weight_of(self, name: str) -> Any:
        """A parameter, or what is computed in its place; None where this layer has none."""
        return getattr(self, name, None)

    def results(self, x: Tensor, last_h: Any, last_c: Any, batched: bool) -> tuple[Tensor, Any]:
        """Outputs and last states in the caller's layout."""
        h, c = ops.stack(last_h), ops.stack(last_c) if self.mode == "LSTM" else None
        if not batched:
            x, h, c = x.squeeze(1), h.squeeze(1), None if c is None else c.squeeze(1)
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        return x, (h if c is None else (h, c))


class LSTM(RecurrentLayer):
    """torch.nn.LSTM."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RecurrentLayer):
    """torch.nn.GRU."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("GRU", *args, **kwargs)


class RNN(RecurrentLayer):
    """torch.nn.RNN; ``nonlinearity`` is 'tanh' or 'relu', the fourth positional argument."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        nonlinearity = kwargs.pop("nonlinearity", args[3] if len(args) > 3 else "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        super().__init__("RNN_TANH" if nonlinearity == "tanh" else "RNN_RELU", *args[:3], *args[4:], **kwargs)
        self.nonlinearity = nonlinearity


class RecurrentCell(nn.Cell):
    """What the single steps share."""

    def __init__(self, mode: str, input_size: int, hidden_size: int, bias: bool, dtype: Any) -> None:
        super().__init__()
        self.mode, self.input_size, self.hidden_size, self.bias = mode, input_size, hidden_size, bias
        rows, bound, kind = GATES[mode] * hidden_size, initializers.Uniform(1 / math.sqrt(hidden_size)), param_dtype(dtype)
        self.weight_ih = Parameter(initializer(bound, (rows, input_size), kind), name="weight_ih")
        self.weight_hh = Parameter(initializer(bound, (rows, hidden_size), kind), name="weight_hh")
        self.bias_ih = Parameter(initializer(bound, (rows,), kind), name="bias_ih") if bias else None
        self.bias_hh = Parameter(initializer(bound, (rows,), kind), name="bias_hh") if bias else None

    def construct(self, input: Tensor, hx: Any = None) -> Any:
        """(N, input_size) or (input_size,) and the state, zeros where left out -> the new state."""
        if hx is None:
            zeros = ops.zeros((*input.shape[:-1], self.hidden_size), input.dtype)
            hx = (zeros, zeros) if self.mode == "LSTM" else zeros
        h, c = hx if self.mode == "LSTM" else (hx, None)
        input, h, c = _autocast_to("RecurrentCell", input, h, c)
        rows = (1, -1) if input.ndim == 1 else h.shape
        flat_c = None if c is None else c.reshape(rows)
        from_input = affine(input.reshape((1, -1) if input.ndim == 1 else input.shape), self.weight_ih, self.bias_ih)
        new_h, new_c = step(self.mode, from_input, affine(h.reshape(rows), self.weight_hh, self.bias_hh), h.reshape(rows), flat_c)
        return new_h.reshape(h.shape) if new_c is None else (new_h.reshape(h.shape), new_c.reshape(h.shape))


class LSTMCell(RecurrentCell):
    """torch.nn.LSTMCell."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__("LSTM", input_size, hidden_size, bias, dtype)


class GRUCell(RecurrentCell):
    """torch.nn.GRUCell."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__("GRU", input_size, hidden_size, bias, dtype)


class RNNCell(RecurrentCell):
    """torch.nn.RNNCell."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None, dtype: Any = None
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}")
        super().__init__("RNN_TANH" if nonlinearity == "tanh" else "RNN_RELU", input_size, hidden_size, bias, dtype)
        self.nonlinearity = nonlinearity
