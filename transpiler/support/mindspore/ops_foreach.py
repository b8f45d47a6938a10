"""torch's functions on lists of tensors (torch._foreach_add and relatives), one tensor after the other.

The second operand is a list with one item for each tensor, or one number or tensor for all. Functions that end in ``_`` write into the tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mindspore import Tensor, mint, ops

from .ops_pointwise import clamp_max, clamp_min
from .ops_reduction import linalg_vector_norm
from .tensor_items import copy_into


def _per_tensor(operand: Any, count: int) -> list[Any]:
    """One operand for each tensor; a tensor with elements for all of them stands for its numbers."""
    if isinstance(operand, (list, tuple)):
        return list(operand)
    if isinstance(operand, Tensor) and operand.ndim == 1 and operand.shape[0] == count:
        return [operand[i] for i in range(count)]
    return [operand] * count


def update_each(function: Callable[..., Tensor], tensors: Sequence[Tensor]) -> None:
    """Writes ``function`` of each tensor into it."""
    _write(tensors, [function(tensor) for tensor in tensors])


def _write(tensors: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for tensor, value in zip(tensors, values):
        copy_into(tensor, value.astype(tensor.dtype))


def foreach_add(input: Sequence[Tensor], other: Any, *, alpha: Any = 1) -> list[Tensor]:
    """input + alpha * other (torch._foreach_add)."""
    operands = other if isinstance(other, (list, tuple)) else [other] * len(input)
    return [x + (y if alpha == 1 else alpha * y) for x, y in zip(input, operands)]


def foreach_add_(input: Sequence[Tensor], other: Any, *, alpha: Any = 1) -> None:
    """Adds alpha * other (torch._foreach_add_)."""
    _write(input, foreach_add(input, other, alpha=alpha))


def foreach_sub(input: Sequence[Tensor], other: Any, *, alpha: Any = 1) -> list[Tensor]:
    """input - alpha * other (torch._foreach_sub)."""
    operands = other if isinstance(other, (list, tuple)) else [other] * len(input)
    return [x - (y if alpha == 1 else alpha * y) for x, y in zip(input, operands)]


def foreach_sub_(input: Sequence[Tensor], other: Any, *, alpha: Any = 1) -> None:
    """Subtracts alpha * other (torch._foreach_sub_)."""
    _write(input, foreach_sub(input, other, alpha=alpha))


def foreach_mul(input: Sequence[Tensor], other: Any) -> list[Tensor]:
    """input * other (torch._foreach_mul)."""
    operands = other if isinstance(other, (list, tuple)) else [other] * len(input)
    return [x * y for x, y in zip(input, operands)]


def foreach_mul_(input: Sequence[Tensor], other: Any) -> None:
    """Multiplies by other (torch._foreach_mul_)."""
    _write(input, foreach_mul(input, other))


def foreach_div(input: Sequence[Tensor], other: Any) -> list[Tensor]:
    """input / other (torch._foreach_div)."""
    operands = other if isinstance(other, (list, tuple)) else [other] * len(input)
    return [x / y for x, y in zip(input, operands)]


def foreach_div_(input: Sequence[Tensor], other: Any) -> None:
    """Divides by other (torch._foreach_div_)."""
    _write(input, foreach_div(input, other))


def foreach_maximum(input: Sequence[Tensor], other: Any) -> list[Tensor]:
    """The larger of input and other (torch._foreach_maximum, torch._foreach_clamp_min)."""
    return [clamp_min(x, y) for x, y in zip(input, _per_tensor(other, len(input)))]


def foreach_maximum_(input: Sequence[Tensor], other: Any) -> None:
    """Keeps the larger of input and other (torch._foreach_maximum_, torch._foreach_clamp_min_)."""
    _write(input, foreach_maximum(input, other))


def foreach_minimum(input: Sequence[Tensor], other: Any) -> list[Tensor]:
    """The smaller of input and other (torch._foreach_minimum, torch._foreach_clamp_max)."""
    return [clamp_max(x, y) for x, y in zip(input, _per_tensor(other, len(input)))]


def foreach_minimum_(input: Sequence[Tensor], other: Any) -> None:
    """Keeps the smaller of input and other (torch._foreach_minimum_, torch._foreach_clamp_max_)."""
    _write(input, foreach_minimum(input, other))


def foreach_pow(input: Any, exponent: Any) -> list[Tensor]:
    """input ** exponent; one of them may be a number for all (torch._foreach_pow)."""
    count = len(input) if isinstance(input, (list, tuple)) else len(exponent)
    bases, exponents = ([v] * count if not isinstance(v, (list, tuple)) else v for v in (input, exponent))
    return [mint.pow(x, y) for x, y in zip(bases, exponents)]


def foreach_pow_(input: Sequence[Tensor], exponent: Any) -> None:
    """Raises to a power (torch._foreach_pow_)."""
    _write(input, foreach_pow(input, exponent))


def foreach_addcmul(input: Sequence[Tensor], tensor1: Sequence[Tensor], tensor2: Sequence[Tensor], value: Any = 1) -> list[Tensor]:
    """input + value * tensor1 * tensor2 (torch._foreach_addcmul)."""
    values = _per_tensor(value, len(input))
    return [x + v * a * b for x, a, b, v in zip(input, tensor1, tensor2, values)]


def foreach_addcmul_(input: Sequence[Tensor], tensor1: Sequence[Tensor], tensor2: Sequence[Tensor], value: Any = 1) -> None:
    """Adds value * tensor1 * tensor2 (torch._foreach_addcmul_)."""
    _write(input, foreach_addcmul(input, tensor1, tensor2, value))


def foreach_addcdiv(input: Sequence[Tensor], tensor1: Sequence[Tensor], tensor2: Sequence[Tensor], value: Any = 1) -> list[Tensor]:
    """input + value * tensor1 / tensor2 (torch._foreach_addcdiv)."""
    values = _per_tensor(value, len(input))
    return [x + v * (a / b) for x, a, b, v in zip(input, tensor1, tensor2, values)]


def foreach_addcdiv_(input: Sequence[Tensor], tensor1: Sequence[Tensor], tensor2: Sequence[Tensor], value: Any = 1) -> None:
    """Adds value * tensor1 / tensor2 (torch._foreach_addcdiv_)."""
    _write(input, foreach_addcdiv(input, tensor1, tensor2, value))


def foreach_lerp(input: Sequence[Tensor], tensors1: Sequence[Tensor], weight: Any) -> list[Tensor]:
    """input + weight * (tensors1 - input) (torch._foreach_lerp)."""
    weights = _per_tensor(weight, len(input))
    return [x + w * (end - x) for x, end, w in zip(input, tensors1, weights)]


def foreach_lerp_(input: Sequence[Tensor], tensors1: Sequence[Tensor], weight: Any) -> None:
    """Moves towards tensors1 by weight (torch._foreach_lerp_)."""
    _write(input, foreach_lerp(input, tensors1, weight))


def foreach_norm(input: Sequence[Tensor], ord: Any = 2, dtype: Any = None) -> list[Tensor]:
    """The vector norm of each tensor (torch._foreach_norm)."""
    return [linalg_vector_norm(x, ord, dtype=dtype) for x in input]


def foreach_copy_(input: Sequence[Tensor], src: Sequence[Tensor], non_blocking: bool = False) -> None:
    """Copies src into the tensors (torch._foreach_copy_)."""
    _write(input, src)


def foreach_zero_(input: Sequence[Tensor]) -> None:
    """Fills with zeros (torch._foreach_zero_)."""
    _write(input, [ops.zeros_like(x) for x in input])
