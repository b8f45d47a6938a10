"""torch.vmap by calling the function once for each slice and stacking what it returns: mindspore.vmap compiles its function, which not every
function allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import Tensor, ops

from ._common import _stack_of


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: Any = None) -> Any:
    """``func`` over slices of its arguments along ``in_dims`` (None: the same for all), results stacked along ``out_dims`` (torch.vmap)."""

    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = in_dims if isinstance(in_dims, (tuple, list)) else [in_dims] * len(args)
        count = next(n for n in map(_mapped_size, args, dims) if n is not None)
        results = [func(*(_slice_of(a, d, i) for a, d in zip(args, dims, strict=True)), **kwargs) for i in range(count)]
        return _stacked_results(results, out_dims)

    return mapped


def associative_scan(
    combine_fn: Callable[[Any, Any], Any], xs: Any, dim: int, reverse: bool = False, combine_mode: str = "pointwise"
) -> Any:
    """Every prefix of the slices along ``dim``, combined from the first (or the last) on: torch's higher-order operator, one step after the other."""
    count = _mapped_size(xs, dim) or 0
    order = range(count)[::-1] if reverse else range(count)
    results: list[Any] = []
    for index in order:
        item = _slice_of(xs, dim, index)
        results.append(combine_fn(results[-1], item) if results else item)
    return _stacked_results(results[::-1] if reverse else results, dim)


def _mapped_size(argument: Any, dim: Any) -> int | None:
    if dim is None:
        return None
    if isinstance(argument, Tensor):
        return int(argument.shape[dim])
    items = list(argument.values()) if isinstance(argument, dict) else list(argument)
    dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(items)
    return next((n for n in map(_mapped_size, items, dims) if n is not None), None)


def _slice_of(argument: Any, dim: Any, index: int) -> Any:
    if dim is None:
        return argument
    if isinstance(argument, Tensor):
        return ops.narrow(argument, dim, index, 1).squeeze(dim)
    if isinstance(argument, dict):
        return {key: _slice_of(item, dim[key] if isinstance(dim, dict) else dim, index) for key, item in argument.items()}
    dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(argument)
    return type(argument)(_slice_of(item, d, index) for item, d in zip(argument, dims, strict=True))


def _stacked_results(results: list[Any], dim: Any) -> Any:
    first = results[0]
    if isinstance(first, dict):
        return {key: _stacked_results([result[key] for result in results], dim) for key in first}
    if isinstance(first, (tuple, list)):
        dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(first)
        return type(first)(_stacked_results([result[i] for result in results], d) for i, d in enumerate(dims))
    return _stack_of(results, dim)
