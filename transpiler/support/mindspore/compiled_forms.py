"""What of Python MindSpore's compiler cannot read, as functions that it can, and the question whether it is reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor, ops


@ops.constexpr(check=False)
def _is_graph(function: Any) -> bool:
    """Whether a function has become a graph, which constants are not: what is computed beforehand is given None for it."""
    return function is None


def is_compiling() -> bool:
    """Whether the code runs as a graph that ``mindspore.jit`` makes of it (torch.compiler.is_compiling)."""

    def probe() -> int:
        return 0

    return bool(_is_graph(probe))


def all_callable(functions: Sequence[Any]) -> bool:
    """Whether each of some objects can be called (``all(callable(f) for f in functions)``)."""
    if is_compiling():
        found = True
        for function in functions:
            found = found and not isinstance(function, (Tensor, bool, int, float, str, tuple, list, dict))
        return found
    return all(callable(function) for function in functions)


def pop_keyword(keywords: Mapping[str, Any], name: str, default: Any) -> tuple[Any, dict[str, Any]]:
    """What ``name`` stands for in a function's keywords, or ``default``, and the other keywords (``dict.pop``)."""
    return keywords.get(name, default), without_keyword(keywords, name)


def without_keyword(keywords: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A function's keywords without ``name``, which need not be among them."""
    return {key: value for key, value in keywords.items() if key != name}
