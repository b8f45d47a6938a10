"""Windows for spectral analysis: torch.signal.windows and the older torch.hann_window and relatives; computed once, with numpy, in float64
(F. Harris, 'On the use of windows for harmonic analysis', 1978)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor


def _window(values: Any, dtype: Any) -> Tensor:
    return Tensor(values.astype(np.float64)).astype(mindspore.float32 if dtype is None else dtype)


def _steps(length: int, symmetric: bool) -> Any:
    """Positions from 0 to 1: both ends where the window is symmetric, the end left out where it is one period."""
    if length < 2:
        return np.zeros(length)
    return np.arange(length) / (length - 1 if symmetric else length)


def _cosines(length: int, symmetric: bool, coefficients: Iterable[float]) -> Any:
    """a0 - a1 cos(2 pi t) + a2 cos(4 pi t) - …"""
    if length == 1:
        return np.ones(1)
    phase = 2 * np.pi * _steps(length, symmetric)
    return sum(((-1) ** k * a * np.cos(k * phase) for k, a in enumerate(coefficients)), start=np.zeros(length))


def _kaiser(length: int, symmetric: bool, beta: float) -> Any:
    if length == 1:
        return np.ones(1)
    t = 2 * _steps(length, symmetric) - 1
    return np.i0(beta * np.sqrt(np.clip(1 - t * t, 0, None))) / np.i0(beta)


def _bartlett(length: int, symmetric: bool) -> Any:
    return np.ones(1) if length == 1 else 1 - np.abs(2 * _steps(length, symmetric) - 1)


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The Hann window (torch.hann_window)."""
    return _window(_cosines(window_length, not periodic, (0.5, 0.5)), dtype)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The Hamming window (torch.hamming_window)."""
    return _window(_cosines(window_length, not periodic, (alpha, beta)), dtype)


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The Blackman window (torch.blackman_window)."""
    return _window(_cosines(window_length, not periodic, (0.42, 0.5, 0.08)), dtype)


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The triangular window (torch.bartlett_window)."""
    return _window(_bartlett(window_length, not periodic), dtype)


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The Kaiser window (torch.kaiser_window)."""
    return _window(_kaiser(window_length, not periodic, beta), dtype)


def windows_hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Hann window (torch.signal.windows.hann)."""
    return _window(_cosines(M, sym, (0.5, 0.5)), dtype)


def windows_hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Hamming window (torch.signal.windows.hamming)."""
    return _window(_cosines(M, sym, (0.54, 0.46)), dtype)


def windows_blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Blackman window (torch.signal.windows.blackman)."""
    return _window(_cosines(M, sym, (0.42, 0.5, 0.08)), dtype)


def windows_nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Nuttall window (torch.signal.windows.nuttall)."""
    return _window(_cosines(M, sym, (0.3635819, 0.4891775, 0.1365995, 0.0106411)), dtype)


def windows_general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A sum of cosines with given coefficients (torch.signal.windows.general_cosine)."""
    return _window(_cosines(M, sym, a), dtype)


def windows_general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Hamming window with a given constant (torch.signal.windows.general_hamming)."""
    return _window(_cosines(M, sym, (alpha, 1 - alpha)), dtype)


def windows_bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The triangular window (torch.signal.windows.bartlett)."""
    return _window(_bartlett(M, sym), dtype)


def windows_kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Kaiser window (torch.signal.windows.kaiser)."""
    return _window(_kaiser(M, sym, beta), dtype)


def windows_cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Half a period of the sine (torch.signal.windows.cosine)."""
    period = M if sym or M == 1 else M + 1
    return _window(np.sin(np.pi * (np.arange(M) + 0.5) / period), dtype)


def windows_gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Gaussian around the middle (torch.signal.windows.gaussian)."""
    middle = (M if not sym and M > 1 else M - 1) / 2
    return _window(np.exp(-(((np.arange(M) - middle) / std) ** 2) / 2), dtype)


def windows_exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """exp(-|k - center| / tau) (torch.signal.windows.exponential)."""
    middle = (M if not sym and M > 1 else M - 1) / 2 if center is None else center
    return _window(np.exp(-np.abs(np.arange(M) - middle) / tau), dtype)
