"""``reset_parameters``: the initial values of torch's layers drawn anew, as a method where a layer is derived from, as a function elsewhere."""

from __future__ import annotations

import math
from typing import Any

from mindspore import Parameter, nn

from .init_random import normal_, ones_, uniform_, zeros_


def reset_parameters(layer: Any) -> None:
    """The layer's own ``reset_parameters`` where it has one, else what torch's layer of this class does."""
    own = getattr(layer, "reset_parameters", None)
    if own is not None:
        own()
    else:
        draw_anew(layer)


def reset_running_stats(layer: Any) -> None:
    """torch.nn.BatchNorm2d.reset_running_stats: mean 0, variance 1, no batches counted; an object's own method where it has one."""
    own = getattr(layer, "reset_running_stats", None)
    if own is not None:
        own()
    else:
        forget_statistics(layer)


def forget_statistics(layer: Any) -> None:
    """Fill the running statistics with their initial values; a layer without them has nothing to fill."""
    inner = layer._cells.get("bn2d", layer)
    for name, fill in (("moving_mean", zeros_), ("moving_variance", ones_), ("num_batches_tracked", zeros_)):
        if isinstance(inner._params.get(name), Parameter):
            fill(inner._params[name])


def draw_anew(layer: Any) -> None:
    """Uniform within 1 / sqrt(fan in) for linear layers and convolutions, standard normal for embeddings, ones and zeros for normalisations."""
    if isinstance(layer, nn.Embedding):
        normal_(layer.embedding_table)
        if layer.padding_idx is not None:
            layer.embedding_table[layer.padding_idx] = 0
    elif isinstance(getattr(layer, "weight", None), Parameter) and layer.weight.ndim > 1:
        bound = 1 / math.sqrt(math.prod(layer.weight.shape[1:]))
        for parameter in (layer.weight, layer.bias):
            if parameter is not None:
                uniform_(parameter, -bound, bound)
    else:
        reset_normalization(layer)


def reset_normalization(layer: Any) -> None:
    """Scale 1, shift 0, mean 0, variance 1; raises ``AttributeError`` for a layer without parameters, as torch does."""
    inner = layer._cells.get("bn2d", layer)
    fills = {"gamma": ones_, "weight": ones_, "beta": zeros_, "moving_mean": zeros_, "moving_variance": ones_}
    found = [(name, fill) for name, fill in fills.items() if isinstance(inner._params.get(name), Parameter)]
    if not found:
        raise AttributeError(f"'{type(layer).__name__}' object has no attribute 'reset_parameters'")
    for name, fill in found:
        fill(inner._params[name])


class Resets:
    """What torch's layers with parameters share: the method, and a call of it while a layer is made, which classes derived from them see."""

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        draw_anew(self)

    def reset_if_derived(self) -> None:
        """Call the derived class's own ``reset_parameters``; the layer's values are those that its own would draw."""
        if type(self).reset_parameters is not Resets.reset_parameters:
            self.reset_parameters()
