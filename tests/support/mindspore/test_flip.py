"""Elements in reverse order: as torch's, and where there are none, of which MindSpore's own kernel may end the process."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mindspore import Tensor

from transpiler.support.mindspore import ops_shape


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 0, 10), (0, 2)])
@pytest.mark.parametrize("dims", [0, (1,), [-1, 0], ()])
def test_as_torch(shape: tuple[int, ...], dims: int | tuple[int, ...] | list[int]) -> None:
    values = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    expected = torch.flip(torch.from_numpy(values), (dims,) if isinstance(dims, int) else tuple(dims))
    for _ in range(30):
        np.testing.assert_array_equal(ops_shape.flip(Tensor(values), dims).asnumpy(), expected.numpy())
