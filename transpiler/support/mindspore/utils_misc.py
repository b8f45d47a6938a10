"""What model code takes from torch.utils, torch.hub, torch.jit and torch.nn.modules.utils."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import mindspore


def make_ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """torch.nn.modules.utils._ntuple: a function that makes a number a tuple of ``n``, and any iterable a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else tuple(repeat(x, n))

    parse.__name__ = name
    return parse


def single(x: Any) -> tuple[Any, ...]:
    """torch.nn.modules.utils._single."""
    return make_ntuple(1)(x)


def pair(x: Any) -> tuple[Any, ...]:
    """torch.nn.modules.utils._pair."""
    return make_ntuple(2)(x)


def triple(x: Any) -> tuple[Any, ...]:
    """torch.nn.modules.utils._triple."""
    return make_ntuple(3)(x)


def quadruple(x: Any) -> tuple[Any, ...]:
    """torch.nn.modules.utils._quadruple."""
    return make_ntuple(4)(x)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """torch.utils.checkpoint.checkpoint: the same numbers; activations are kept."""
    return function(*args, **kwargs)


def checkpoint_home() -> str:
    """torch.hub.get_dir: the folder that checkpoints are looked for in, ``$MINDSPORE_CHECKPOINTS`` or one below ``~/.cache``."""
    return os.environ.get("MINDSPORE_CHECKPOINTS") or str(Path("~/.cache/mindspore/checkpoints").expanduser())


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict[str, Any]:
    """torch.hub.load_state_dict_from_url, for the checkpoint that was converted from the file at ``url``: ``<name>.ckpt`` in ``model_dir``."""
    name = Path(file_name or url.rpartition("/")[2]).with_suffix(".ckpt").name
    folder = Path(model_dir or checkpoint_home())
    if not (folder / name).is_file():
        raise FileNotFoundError(f"{folder / name} is missing: convert the torch checkpoint {url} to it first")
    loaded: dict[str, Any] = mindspore.load_checkpoint(str(folder / name))
    return loaded


def compiler_disable(fn: Any = None, recursive: bool = True, **kwargs: Any) -> Any:
    """``fn`` as it is: nothing is compiled unless asked for (torch.compiler.disable)."""
    return (lambda function: function) if fn is None else fn


def list_with_default(out_size: Any, defaults: Any) -> Any:
    """torch.nn.modules.utils._list_with_default: None entries replaced by the last of ``defaults``."""
    if isinstance(out_size, (int, mindspore.Tensor)):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    return [own if own is not None else default for own, default in zip(out_size, defaults[-len(out_size) :], strict=True)]


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """torch.nn.modules.utils.consume_prefix_in_state_dict_if_present: names without the prefix, in place."""
    for name in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[name.removeprefix(prefix)] = state_dict.pop(name)


def jit_isinstance(obj: Any, target_type: Any) -> bool:
    """isinstance for the types of containers that torch.jit knows, items included (torch.jit.isinstance): ``List[Tensor]``, ``Dict[str, float]``,
    ``Tuple[int, str]``, ``Optional[int]``, or a tuple of types, nested as they come."""
    if isinstance(target_type, tuple):
        return any(jit_isinstance(obj, one) for one in target_type)
    origin, parts = get_origin(target_type), get_args(target_type)
    if origin is None:
        return isinstance(obj, target_type)
    if origin in (Union, types.UnionType):
        return obj is None or any(jit_isinstance(obj, part) for part in parts)
    if origin is tuple:
        return isinstance(obj, tuple) and len(obj) == len(parts) and all(map(jit_isinstance, obj, parts))
    if origin is list:
        return isinstance(obj, list) and all(jit_isinstance(item, parts[0]) for item in obj)
    return isinstance(obj, dict) and all(isinstance(key, parts[0]) and jit_isinstance(value, parts[1]) for key, value in obj.items())


class OutOfMemoryError(RuntimeError):
    """torch.OutOfMemoryError, which torch raises of CUDA's memory alone: nothing raises it here."""


class OptimizedModule:
    """What torch.compile makes of a module: nothing is one here."""
