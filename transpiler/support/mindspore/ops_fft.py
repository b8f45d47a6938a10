"""Fourier transforms over several axes and of short frames, composed of MindSpore's one-axis transforms, which have right gradients on CPU."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Tensor, ops

from ._common import _as_float, _axis, _category, _conjugate, _result_dtype, pad_by_index, pad_constant
from .ops_shape import roll


def _transform_axes(input: Tensor, s: Any, dim: Any) -> list[tuple[int | None, int]]:
    """(length, axis) of each transform; a length of None or -1 keeps the axis as it is."""
    if dim is None:
        axes = list(range(input.ndim)) if s is None else list(range(input.ndim - len(s), input.ndim))
    else:
        axes = [_axis(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim)]
    sizes = [None] * len(axes) if s is None else [s] if isinstance(s, int) else list(s)
    if len(set(axes)) != len(axes) or len(sizes) != len(axes):
        raise ValueError("FFT dims must be unique, and one size given for each")
    return [(None if n in (None, -1) else int(n), axis) for n, axis in zip(sizes, axes)]


def _numeric(input: Tensor) -> Tensor:
    return _as_float(input) if input.dtype == mindspore.bool_ else input


def _opposite(norm: str | None) -> str:
    """The normalisation of the transform in the other direction."""
    return {"forward": "backward", "ortho": "ortho"}.get(norm or "backward", "forward")


def fft_fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """The discrete Fourier transform along an axis; booleans count as numbers (torch.fft.fft)."""
    return ops.fft(_numeric(input), n, dim, norm)


def fft_ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``fft`` (torch.fft.ifft)."""
    return ops.ifft(_numeric(input), n, dim, norm)


def fft_rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """Half of the transform of a real signal (torch.fft.rfft)."""
    return ops.rfft(_numeric(input), n, dim, norm)


def fft_irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``rfft`` (torch.fft.irfft)."""
    return ops.irfft(_numeric(input), n, dim, norm)


def fft_fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The zero frequency in the middle (torch.fft.fftshift)."""
    axes = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    return roll(input, [input.shape[axis] // 2 for axis in axes], list(axes)) if axes else input


def fft_ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of ``fft_fftshift`` (torch.fft.ifftshift)."""
    axes = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    return roll(input, [-(input.shape[axis] // 2) for axis in axes], list(axes)) if axes else input


def fft_hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """The real transform of half of a Hermitian signal (torch.fft.hfft)."""
    signal = _complex(input)
    return ops.irfft(_conjugate(signal), n, dim, _opposite(norm))


def fft_ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``hfft`` (torch.fft.ihfft)."""
    return _conjugate(ops.rfft(_numeric(input), n, dim, _opposite(norm)))


def fft_fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The discrete Fourier transform over several axes (torch.fft.fftn)."""
    pairs = _transform_axes(input, s, dim)
    result = _numeric(input) if pairs else _complex(input)
    for n, axis in pairs:
        result = ops.fft(result, n, axis, norm)
    return result


def fft_ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of the Fourier transform over several axes (torch.fft.ifftn)."""
    pairs = _transform_axes(input, s, dim)
    result = _numeric(input) if pairs else _complex(input)
    for n, axis in pairs:
        result = ops.ifft(result, n, axis, norm)
    return result


def fft_rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The Fourier transform of a real tensor over several axes, the last one halved (torch.fft.rfftn)."""
    *rest, (n, axis) = _transform_axes(input, s, dim)
    result = ops.rfft(_numeric(input), n, axis, norm)
    for n, axis in reversed(rest):
        result = ops.fft(result, n, axis, norm)
    return result


def fft_irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``rfftn`` (torch.fft.irfftn)."""
    *rest, (n, axis) = _transform_axes(input, s, dim)
    result = _numeric(input)
    for size, other in rest:
        result = ops.ifft(result, size, other, norm)
    return ops.irfft(result, n, axis, norm)


def fft_hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The Fourier transform of a tensor that is Hermitian along the last axis (torch.fft.hfftn)."""
    *rest, (n, axis) = _transform_axes(input, s, dim)
    result = _numeric(input)
    for size, other in rest:
        result = ops.fft(result, size, other, norm)
    return fft_hfft(result, n, axis, norm)


def fft_ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``hfftn`` (torch.fft.ihfftn)."""
    *rest, (n, axis) = _transform_axes(input, s, dim)
    result = fft_ihfft(input, n, axis, norm)
    for n, axis in reversed(rest):
        result = ops.ifft(result, n, axis, norm)
    return result


def fft_fft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The Fourier transform over two axes (torch.fft.fft2)."""
    return fft_fftn(input, s, dim, norm)


def fft_ifft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of the Fourier transform over two axes (torch.fft.ifft2)."""
    return fft_ifftn(input, s, dim, norm)


def fft_rfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The Fourier transform of a real tensor over two axes (torch.fft.rfft2)."""
    return fft_rfftn(input, s, dim, norm)


def fft_irfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``rfft2`` (torch.fft.irfft2)."""
    return fft_irfftn(input, s, dim, norm)


def fft_hfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The Fourier transform over two axes of a tensor that is Hermitian along the last (torch.fft.hfft2)."""
    return fft_hfftn(input, s, dim, norm)


def fft_ihfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: None = None) -> Tensor:
    """The inverse of ``hfft2`` (torch.fft.ihfft2)."""
    return fft_ihfftn(input, s, dim, norm)


def _complex(input: Tensor) -> Tensor:
    if _category(input.dtype) == 3:
        return input
    return input.astype(mindspore.complex128 if input.dtype == mindspore.float64 else mindspore.complex64)


def fft_fftfreq(n: int, d: float = 1.0, *, out: None = None, dtype: Any = None, **factory: Any) -> Tensor:
    """The frequencies of the transform's bins, [0, 1, …, -2, -1] / (n d) (torch.fft.fftfreq)."""
    bins = [*range((n - 1) // 2 + 1), *range(-(n // 2), 0)]
    return Tensor(bins, mindspore.float32 if dtype is None else dtype) * (1.0 / (n * d))


def fft_rfftfreq(n: int, d: float = 1.0, *, out: None = None, dtype: Any = None, **factory: Any) -> Tensor:
    """The frequencies of the bins of ``rfft``, [0, 1, …, n / 2] / (n d) (torch.fft.rfftfreq)."""
    return Tensor(list(range(n // 2 + 1)), mindspore.float32 if dtype is None else dtype) * (1.0 / (n * d))


def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of windowed frames, (…, frequencies, frames) (torch.stft)."""
    is_complex = _category(input.dtype) == 3 or (window is not None and _category(window.dtype) == 3)
    if return_complex is None and not is_complex:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs.")
    x = input if input.ndim > 1 else input.expand_dims(0)
    if center:
        half = (n_fft // 2, n_fft // 2)
        x = pad_constant(x, half) if pad_mode == "constant" else pad_by_index(x, half, "replicate" if pad_mode == "replicate" else pad_mode)
    hop = n_fft // 4 if hop_length is None else hop_length
    frames = 1 + (x.shape[-1] - n_fft) // hop
    positions = [[start * hop + k for k in range(n_fft)] for start in range(frames)]
    weights = _centred_window(window, win_length, n_fft, x.dtype)
    dtype = _result_dtype(x, weights)
    pieces = ops.gather(x, Tensor(positions, mindspore.int32), 1).astype(dtype) * weights.astype(dtype)
    halved = not is_complex if onesided is None else onesided
    norm = "ortho" if normalized else "backward"
    spectrum = (ops.rfft(pieces, None, -1, norm) if halved else ops.fft(pieces, None, -1, norm)).swapaxes(1, 2)
    spectrum = spectrum if input.ndim > 1 else spectrum.squeeze(0)
    return spectrum if return_complex or return_complex is None else ops.view_as_real(spectrum)


def _centred_window(window: Tensor | None, win_length: int | None, n_fft: int, dtype: Any) -> Tensor:
    """The window between zeros, ``n_fft`` values."""
    length = n_fft if win_length is None else win_length
    weights = ops.ones((length,), mindspore.float64 if dtype in (mindspore.float64, mindspore.complex128) else mindspore.float32)
    weights = weights if window is None else window
    left = (n_fft - length) // 2
    return pad_constant(weights, (left, n_fft - length - left)) if length < n_fft else weights


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal of least squares distance from given frames' transforms: overlap-add over the squared windows' sum (torch.istft)."""
    spectrum = (input if input.ndim > 2 else input.expand_dims(0)).swapaxes(1, 2)
    hop = n_fft // 4 if hop_length is None else hop_length
    halved = spectrum.shape[-1] != n_fft if onesided is None else onesided
    norm = "ortho" if normalized else "backward"
    spectrum = spectrum if return_complex or halved else spectrum[..., : n_fft // 2 + 1]
    pieces = ops.ifft(spectrum, None, -1, norm) if return_complex else ops.irfft(spectrum, n_fft, -1, norm)
    weights = _centred_window(window, win_length, n_fft, spectrum.dtype)
    signal = _overlap_add(pieces * weights, hop)
    envelope = _overlap_add((weights * weights).reshape(1, 1, n_fft).tile((1, pieces.shape[1], 1)), hop)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else signal.shape[-1] - (n_fft // 2 if center else 0)
    stop = min(stop, n_fft + hop * (pieces.shape[1] - 1))
    result = signal[:, start:stop] / envelope[:, start:stop]
    result = result if length is None or stop - start == length else pad_constant(result, (0, length - (stop - start)))
    return result if input.ndim > 2 else result.squeeze(0)


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """The sum of frames (batch, count, width), each ``hop`` after the one before."""
    batch, count, width = frames.shape
    parts = -(-width // hop)
    frames = pad_constant(frames, (0, parts * hop - width)).reshape(batch, count, parts, hop)
    total: Any = 0
    for part in range(parts):
        total = total + pad_constant(frames[:, :, part, :], (0, 0, part, parts - 1 - part))
    return total.reshape(batch, (count + parts - 1) * hop)
