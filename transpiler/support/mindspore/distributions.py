"""Probability distributions of torch.distributions, drawn from MindSpore's random state."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, ops


class Beta:
    """The beta distribution (torch.distributions.Beta)."""

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = (
            value if isinstance(value, Tensor) else Tensor(value, mindspore.float32) for value in (concentration1, concentration0)
        )

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape ``sample_shape`` followed by that of the parameters."""
        generator = np.random.default_rng(int(ops.randint(0, 2**31 - 1, (1,)).asnumpy()[0]))
        first, second = np.broadcast_arrays(self.concentration1.asnumpy(), self.concentration0.asnumpy())
        return Tensor(generator.beta(first, second, (*sample_shape, *first.shape)).astype(first.dtype))
