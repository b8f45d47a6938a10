"""Random numbers: the distributions of torch's functions, drawn from MindSpore's generator."""

from __future__ import annotations

import math
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, mint, ops

from ._common import _size
from .data_random import Generator, draw_integers, draw_normal, draw_permutation, draw_seed, draw_uniform
from .tensor_items import copy_into


def _drawn(numbers: np.ndarray[Any, Any], shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Numbers from a generator as a tensor."""
    return Tensor(numbers.reshape(shape)).astype(dtype)


def rand(*size: Any, generator: Any = None, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uniform numbers from [0, 1) (torch.rand)."""
    shape = _size(size)
    if generator is not None:
        return _drawn(draw_uniform(generator, math.prod(shape)), shape, mindspore.float32 if dtype is None else dtype)
    return (ops.rand(*shape) if shape else ops.rand(1).reshape(())).astype(mindspore.float32 if dtype is None else dtype)


def randn(*size: Any, generator: Any = None, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Standard normal numbers; complex ones of variance 1 (torch.randn)."""
    shape = _size(size)
    if dtype in (mindspore.complex64, mindspore.complex128):
        part = mindspore.float32 if dtype == mindspore.complex64 else mindspore.float64
        return ops.Complex()(*(randn(shape, generator=generator, dtype=part) * math.sqrt(0.5) for _ in range(2)))
    if generator is not None:
        return _drawn(draw_normal(generator, math.prod(shape)), shape, mindspore.float32 if dtype is None else dtype)
    return (ops.randn(*shape) if shape else ops.randn(1).reshape(())).astype(mindspore.float32 if dtype is None else dtype)


def randint(low: int = 0, high: Any = None, size: Any = None, *, generator: Any = None, out: None = None, dtype: Any = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Integers from [low, high), int64 (torch.randint)."""
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    shape = _size((size,))
    if generator is not None:
        return _drawn(
            np.asarray(draw_integers(generator, int(low), int(high), math.prod(shape)), np.int64), shape, dtype or mindspore.int64
        )
    draw = ops.randint(int(low), int(high), shape or (1,)).reshape(shape)
    return draw.astype(mindspore.int64 if dtype is None else dtype)


def rand_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              memory_format: Any = None, generator: Any = None) -> Tensor:  # fmt: skip
    """Uniform numbers in the shape and dtype of ``input`` (torch.rand_like)."""
    return rand(*input.shape, dtype=input.dtype if dtype is None else dtype)


def randn_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None, generator: Any = None) -> Tensor:  # fmt: skip
    """Standard normal numbers in the shape and dtype of ``input`` (torch.randn_like)."""
    return randn(*input.shape, dtype=input.dtype if dtype is None else dtype)


def randint_like(input: Tensor, low: int, high: Any = None, *, dtype: Any = None, layout: Any = None, device: Any = None,
                 requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Integers in the shape and dtype of ``input`` (torch.randint_like)."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, dtype=input.dtype if dtype is None else dtype)


def randperm(n: int, *, generator: Any = None, out: None = None, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The numbers 0 to n-1 in random order (torch.randperm)."""
    if generator is not None:
        return _drawn(np.asarray(draw_permutation(generator, n), np.int64), (n,), dtype or mindspore.int64)
    order = ops.argsort(ops.rand(n)) if n else ops.zeros((0,), mindspore.int64)
    return order.astype(mindspore.int64 if dtype is None else dtype)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: None = None, dtype: Any = None,
           layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Normal numbers with the given (elementwise) mean and standard deviation (torch.normal)."""
    shape = _size((size,)) if size is not None else np.broadcast_shapes(*(v.shape for v in (mean, std) if isinstance(v, Tensor)))
    return randn(*shape, dtype=dtype, generator=generator) * std + mean


def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None, out: None = None) -> Tensor:
    """1 with probability ``input`` (or ``p``), else 0 (torch.bernoulli)."""
    return (rand(*input.shape, generator=generator) < (input if p is None else p)).astype(input.dtype)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None, out: None = None) -> Tensor:
    """Indices drawn with the weights of each row, int64; without replacement by the Gumbel maximum (torch.multinomial)."""
    rows = input.reshape(-1, input.shape[-1]).astype(mindspore.float32)
    if replacement:
        edges = ops.cumsum(rows, -1) / mint.sum(rows, -1, True)
        draws = rand(rows.shape[0], num_samples, generator=generator)
        index = mint.sum((draws.expand_dims(-1) >= edges.expand_dims(1)).astype(mindspore.int64), -1).clamp(max=rows.shape[-1] - 1)
    else:
        keys = ops.log(rows) - ops.log(-ops.log(rand(*rows.shape, generator=generator).clamp(1e-30, 1.0 - 1e-7)))
        index = Tensor(np.argsort(-keys.asnumpy(), -1)[:, :num_samples].copy(), mindspore.int64)
    return index.reshape(input.shape[:-1] + (num_samples,))


def tensor_exponential_(self: Tensor, lambd: float = 1, *, generator: Any = None) -> Tensor:
    """Filled with exponentially distributed numbers (torch.Tensor.exponential_)."""
    return copy_into(self, (-ops.log(1.0 - rand(*self.shape, generator=generator)) / lambd).astype(self.dtype))


def tensor_bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Filled with 1 where chance ``p`` strikes, else 0 (torch.Tensor.bernoulli_)."""
    return copy_into(self, (rand(*self.shape, generator=generator) < p).astype(self.dtype))


def tensor_random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None) -> Tensor:
    """Filled with integers from [from_, to); without bounds with all that the dtype holds exactly from 0 on (torch.Tensor.random_)."""
    if to is None and not from_ and self.dtype == mindspore.int64:
        drawn = np.asarray([draw_seed(generator or _numpy_stream()) for _ in range(self.size)], np.int64)
    else:
        exact = {mindspore.float32: 2**24 + 1, mindspore.float64: 2**53 + 1, mindspore.float16: 2**11 + 1, mindspore.bfloat16: 2**8 + 1,
                 mindspore.int32: 2**31, mindspore.int16: 2**15, mindspore.int8: 2**7, mindspore.uint8: 2**8, mindspore.bool_: 2}  # fmt: skip
        low, high = (from_, to) if to is not None else (0, from_ or exact[self.dtype])
        drawn = np.asarray(draw_integers(generator or _numpy_stream(), low, high, self.size), np.int64)
    return copy_into(self, _drawn(drawn, self.shape, self.dtype))


def tensor_cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Any = None) -> Tensor:
    """Filled with Cauchy distributed numbers (torch.Tensor.cauchy_)."""
    return copy_into(
        self, (median + sigma * ops.tan((rand(*self.shape, generator=generator) - 0.5) * 3.141592653589793)).astype(self.dtype)
    )


def tensor_log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Any = None) -> Tensor:
    """Filled with numbers whose logarithms are normally distributed (torch.Tensor.log_normal_)."""
    return copy_into(self, ops.exp(randn(*self.shape, generator=generator) * std + mean).astype(self.dtype))


def tensor_geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Filled with the number of trials up to the first success (torch.Tensor.geometric_)."""
    trials: Any = ops.ceil(ops.log(1.0 - rand(*self.shape, generator=generator)) / float(np.log1p(-p)))
    return copy_into(self, mint.maximum(trials, ops.ones_like(trials)).astype(self.dtype))


def _numpy_generator(generator: Any = None) -> Any:
    """The stream of ``generator``; without one numpy's generator, seeded by MindSpore's."""
    return np.random.default_rng(int(ops.randint(0, 2**31 - 1, (1,)).item())) if generator is None else generator.stream


def _numpy_stream() -> Generator:
    """A generator seeded by MindSpore's."""
    return Generator().manual_seed(int(ops.randint(0, 2**31 - 1, (1,)).item()))


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Poisson distributed numbers with the given rates (torch.poisson)."""
    draws: Any = _numpy_generator(generator).poisson(input.asnumpy())
    return Tensor(np.asarray(draws, np.float64)).astype(input.dtype)


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """Numbers of successes in ``count`` trials (torch.binomial)."""
    draws = _numpy_generator(generator).binomial(count.asnumpy().astype(np.int64), prob.asnumpy())
    return Tensor(np.asarray(draws, np.float64)).astype(prob.dtype)
