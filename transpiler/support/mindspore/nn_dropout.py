"""Dropout layers with torch's constructors: active in training (torch's initial mode), the identity in evaluation."""

from __future__ import annotations

from mindspore import Tensor, nn, ops


def keep_mask(shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """1 with probability ``1 - p``, else 0, in the dtype of ``like``."""
    return (ops.rand(shape) >= p).astype(like.dtype)


def channel_mask_shape(x: Tensor, unbatched_rank: int) -> tuple[int, ...]:
    """One mask value per channel: axes 0 and 1, or axis 0 alone of input without a batch axis."""
    leading = 1 if x.ndim == unbatched_rank else 2
    return x.shape[:leading] + (1,) * (x.ndim - leading)


def drop(x: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    """Zero with probability ``p`` and scale the rest by 1 / (1 - p); all zeros where p is 1."""
    return x * 0.0 if p == 1 else x * keep_mask(shape, p, x) / (1.0 - p)


def check_probability(p: float) -> float:
    """``p``, refused outside [0, 1] as torch refuses it."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return p


class Dropout(nn.Dropout):
    """torch.nn.Dropout."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        # The base class refuses p = 1, which needs no random numbers.
        super().__init__(p=0.0 if check_probability(p) == 1 else p)
        self.p = p
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """Elements dropped independently."""
        if not self.training or self.p == 0:
            return input
        return input * 0.0 if self.p == 1 else self.dropout(input)[0]


class ChannelDropout(nn.Cell):
    """What Dropout1d, 2d and 3d share: whole channels are dropped."""

    unbatched_rank = 0

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = check_probability(p)
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) or, for Dropout1d and 3d, (C, *) -> the same shape."""
        if not self.training or self.p == 0:
            return input
        return drop(input, channel_mask_shape(input, self.unbatched_rank), self.p)


class Dropout1d(ChannelDropout):
    """torch.nn.Dropout1d over (N, C, L) or (C, L)."""

    unbatched_rank = 2


class Dropout2d(ChannelDropout):
    """torch.nn.Dropout2d over (N, C, H, W); 3-D input is read as (N, C, L), as torch does."""


class Dropout3d(ChannelDropout):
    """torch.nn.Dropout3d over (N, C, D, H, W) or (C, D, H, W)."""

    unbatched_rank = 4


def alpha_drop(x: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    """Self-normalising dropout (Klambauer et al., 2017): dropped elements take SELU's negative limit, then mean and variance are restored."""
    alpha = -1.7580993408473766
    if p == 1:
        return x * 0.0
    scale = ((1 - p) * (1 + p * alpha**2)) ** -0.5
    mask = keep_mask(shape, p, x)
    return (x * mask + alpha * (1 - mask)) * scale - scale * alpha * p


class AlphaDropout(nn.Cell):
    """torch.nn.AlphaDropout."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = check_probability(p)
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """Elements dropped independently."""
        return alpha_drop(input, input.shape, self.p) if self.training and self.p > 0 else input


class FeatureAlphaDropout(nn.Cell):
    """torch.nn.FeatureAlphaDropout: AlphaDropout of whole channels."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = check_probability(p)
        self.set_train()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) -> the same shape."""
        if not self.training or self.p == 0:
            return input
        return alpha_drop(input, channel_mask_shape(input, 0), self.p)
