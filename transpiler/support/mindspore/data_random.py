"""The stream of random numbers behind shuffling, splitting and random transforms: torch's own (mt19937, as numpy's ``RandomState``).

A ``Generator`` with a seed therefore draws exactly what torch's does with that seed. Without a generator the numbers come from numpy's global
stream, which ``mindspore.set_seed`` seeds: there, too, the first draws after seeding are torch's.
"""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import mindspore
import numpy as np
from mindspore import Tensor


class Generator:
    """A stream of random numbers with a state of its own (torch.Generator)."""

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device
        self.manual_seed(67280421310721)  # torch's default seed

    def manual_seed(self, seed: int) -> Self:
        """Begin the stream that belongs to ``seed``."""
        self._seed = int(seed) % 2**64
        self.stream: Any = np.random.RandomState(self._seed % 2**32)
        return self

    def initial_seed(self) -> int:
        """The seed that the stream began with."""
        return self._seed

    def seed(self) -> int:
        """Begin with a seed from the system, and return it."""
        return self.manual_seed(secrets.randbits(53))._seed

    def get_state(self) -> Tensor:
        """The state of the stream, to be given to ``set_state``."""
        _, key, position, _, _ = self.stream.get_state(legacy=True)
        return Tensor(np.append(np.asarray(key, np.int64), [position, *divmod(self._seed, 2**32)]))

    def set_state(self, new_state: Tensor) -> Self:
        """Go on from a state that ``get_state`` gave."""
        *key, position, high, low = (int(number) for number in new_state.asnumpy())
        self._seed = high * 2**32 + low
        self.stream.set_state(("MT19937", np.asarray(key, np.uint32), position, 0, 0.0))
        return self

    def clone_state(self) -> Generator:
        """A generator that goes on from the same state."""
        return Generator(self.device).set_state(self.get_state())

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> np.ndarray[Any, Any]:
        """The numbers that Tensor.uniform_ draws."""
        return draw_uniform(self, count, low, high)

    def normal(self, count: int) -> np.ndarray[Any, Any]:
        """The numbers that Tensor.normal_ draws with mean 0 and deviation 1."""
        return draw_normal(self, count)


def draw_bits(generator: Any, count: int) -> np.ndarray[Any, Any]:
    """The next ``count`` 32-bit words of the stream, as int64."""
    stream = np.random if generator is None else generator.stream
    words: np.ndarray[Any, Any] = stream.randint(0, 2**32, count, dtype=np.uint32)
    return words.astype(np.int64)


def draw_uniform(generator: Any, count: int, low: float = 0.0, high: float = 1.0) -> np.ndarray[Any, Any]:
    """Float32 numbers from [low, high), 24 random bits each (Tensor.uniform_)."""
    parts = (draw_bits(generator, count) & (2**24 - 1)) * 2.0**-24
    numbers: np.ndarray[Any, Any] = (parts * float(np.float32(high) - np.float32(low)) + float(np.float32(low))).astype(np.float32)
    return numbers


def draw_normal(generator: Any, count: int) -> np.ndarray[Any, Any]:
    """Standard normal float32 numbers, by Box and Muller in torch's order (Tensor.normal_)."""
    if count < 16:
        words = draw_bits(generator, 4 * ((count + 1) // 2)).astype(np.uint64).reshape(-1, 2, 2)
        uniform = (((words[..., 0] << np.uint64(32)) | words[..., 1]) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53
        radius, angle = np.sqrt(-2 * np.log1p(-uniform[:, 1])), 2 * np.pi * uniform[:, 0]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count].astype(np.float32)
    numbers = draw_uniform(generator, count)
    whole = count // 16 * 16
    numbers[:whole] = _normal_blocks(numbers[:whole])
    if whole < count:
        numbers[-16:] = _normal_blocks(draw_uniform(generator, 16))
    return numbers


def _normal_blocks(uniform: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Blocks of 16 uniform numbers as blocks of 16 normal ones."""
    blocks = uniform.reshape(-1, 2, 8)
    radius, angle = np.sqrt(-2 * np.log(1 - blocks[:, 0])), np.float32(2 * np.pi) * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)


def draw_integers(generator: Any, low: int, high: int, count: int) -> list[int]:
    """Integers from [low, high) (torch.randint)."""
    if high - low < 2**28:
        return [word % (high - low) + low for word in draw_bits(generator, count).tolist()]
    pairs = draw_bits(generator, 2 * count).reshape(-1, 2).tolist()
    return [(upper << 32 | lower) % (high - low) + low for upper, lower in pairs]


def draw_seed(generator: Any) -> int:
    """A non-negative 63-bit integer (``torch.empty((), dtype=torch.int64).random_()``)."""
    high, low = draw_bits(generator, 2)
    return ((int(high) << 32) | int(low)) % 2**63


def draw_permutation(generator: Any, n: int) -> list[int]:
    """The numbers 0..n-1 in random order (torch.randperm)."""
    order = list(range(n))
    for i, word in enumerate(draw_bits(generator, max(n - 1, 0)).tolist()):
        other = i + word % (n - i)
        order[i], order[other] = order[other], order[i]
    return order


def draw_weighted(generator: Any, weights: Sequence[float], count: int, replacement: bool) -> Iterator[int]:
    """Indices drawn with probabilities proportional to ``weights`` (torch.multinomial)."""
    probabilities = np.asarray(weights, np.float64)
    if (probabilities < 0).any() or not np.isfinite(probabilities).all() or probabilities.sum() <= 0:
        raise RuntimeError("weights must be finite, not negative, and not all zero")
    if not replacement and count > np.count_nonzero(probabilities):
        raise RuntimeError("cannot draw more indices without replacement than there are positive weights")
    stream: Any = np.random if generator is None else generator.stream
    drawn = stream.choice(len(probabilities), count, replace=replacement, p=probabilities / probabilities.sum())
    yield from (int(index) for index in drawn)


def _streams() -> dict[str, Any]:
    """Where every stream of random numbers stands: numpy's, MindSpore's generator, and its operators' own counters."""
    _, key, position, has_gauss, gauss = np.random.get_state(legacy=True)
    counters = importlib.import_module("mindspore.common.seed")._KERNEL_SEED
    return {
        "numpy": [np.asarray(key).tolist(), int(position), int(has_gauss), float(gauss)],
        "generator": mindspore.get_rng_state().asnumpy().tolist(),
        "seed": mindspore.get_seed(),
        "operators": [[name, number, count] for (name, number), count in counters.items()],
    }


def _set_streams(state: dict[str, Any]) -> None:
    """Go on from what ``_streams`` gave."""
    if state["seed"] is not None:
        mindspore.set_seed(state["seed"])
    key, *rest = state["numpy"]
    np.random.set_state(("MT19937", np.asarray(key, np.uint32), *rest))
    mindspore.set_rng_state(Tensor(np.asarray(state["generator"], np.uint8)))
    counters = importlib.import_module("mindspore.common.seed")._KERNEL_SEED
    counters.clear()
    counters.update({(name, number): count for name, number, count in state["operators"]})


def get_rng_state() -> Tensor:
    """Where the streams of random numbers stand, as bytes (torch.get_rng_state): all of them, since operators and shuffling draw from their own."""
    return Tensor(np.frombuffer(json.dumps(_streams()).encode(), np.uint8).copy())


def set_rng_state(new_state: Tensor) -> None:
    """Go on from a state that ``get_rng_state`` gave (torch.set_rng_state)."""
    _set_streams(json.loads(new_state.asnumpy().tobytes()))


def seed_from_system() -> int:
    """Seed every stream with a number from the system, and return it (torch.seed)."""
    seed = secrets.randbits(31)
    mindspore.set_seed(seed)
    return seed


class GlobalStreams(Generator):
    """The streams that functions draw from where no generator is given, as a generator (torch.default_generator)."""

    def __init__(self) -> None:
        self.device, self.stream = "cpu", np.random

    def manual_seed(self, seed: int) -> Self:
        """Begin all of them with ``seed``."""
        mindspore.set_seed(int(seed) % 2**32)
        return self

    def initial_seed(self) -> int:
        """The seed that they began with."""
        return mindspore.get_seed() or 0

    def seed(self) -> int:
        """Begin with a seed from the system, and return it."""
        return seed_from_system()

    def get_state(self) -> Tensor:
        """Where they stand."""
        return get_rng_state()

    def set_state(self, new_state: Tensor) -> Self:
        """Go on from what ``get_state`` gave."""
        set_rng_state(new_state)
        return self


default_generator = GlobalStreams()


@contextmanager
def fork_rng(*args: Any, **kwargs: Any) -> Iterator[None]:
    """What is drawn inside does not move the streams outside (torch.random.fork_rng)."""
    outer = _streams()
    try:
        yield
    finally:
        _set_streams(outer)
