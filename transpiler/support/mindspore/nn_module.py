"""torch.nn.Module's methods on a ``mindspore.nn.Cell``, where Cell has no method of the same effect.

Persistent buffers (running statistics among them) are parameters with ``requires_grad=False`` whose cell lists their names, because
MindSpore's checkpoints skip plain buffers; so ``parameters`` and ``named_parameters`` leave those out and ``named_buffers`` brings them.
A parameter that the user froze stays a parameter.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from typing import Any, NamedTuple

import mindspore
from mindspore import Parameter, Tensor, nn
from mindspore.common.parameter import _Buffer

from .ops_creation import tensor_to

RUNNING = ("moving_mean", "moving_variance", "num_batches_tracked")


def is_buffer(cell: nn.Cell, name: str) -> bool:
    """Whether a cell's parameter stands for one of torch's buffers: a running statistic, or one made by ``register_buffer``."""
    return name in RUNNING or name in cell.__dict__.get("persistent_buffers", ())


def is_constant(cell: nn.Cell, name: str) -> bool:
    """Whether this is a scale or shift that MindSpore's layer keeps as a constant where torch's layer (``affine=False``) has none."""
    return name in keeper(cell).__dict__.get("constant_parameters", ())


def keeper(cell: nn.Cell) -> nn.Cell:
    """The layer that has the weights: MindSpore's BatchNorm3d wraps another, which torch's has not."""
    return cell.bn2d if isinstance(cell, nn.BatchNorm3d) else cell


def kept_parameters(cell: nn.Cell) -> dict[str, Any]:
    """The parameters of a layer itself, with those of a layer that torch's layer has not."""
    return {**keeper(cell)._params, **cell._params}


def children_in_torch(cell: nn.Cell) -> dict[str, Any]:
    """The children of a layer by name, without one that torch's layer has not."""
    return {name: child for name, child in cell._cells.items() if child is None or child is not keeper(cell)}


#: torch's names of weights and what MindSpore's layers call them.
LAYER_NAMES = {
    "weight": ("gamma", "embedding_table", "w"), "bias": ("beta",), "running_mean": ("moving_mean",), "running_var": ("moving_variance",),
}  # fmt: skip


def layer_attribute(layer: nn.Cell, name: str, *default: Any) -> Any:
    """``getattr(layer, name)`` for a layer of any class, by torch's name of the attribute (BatchNorm's weight is MindSpore's gamma)."""
    found = layer_name(layer, name) if isinstance(layer, nn.Cell) else name
    if isinstance(layer, nn.Cell):
        return None if is_constant(layer, found) else getattr(layer if hasattr(layer, found) else keeper(layer), found, *default)
    return getattr(layer, found, *default)


def layer_class(cls: Any) -> Any:
    """MindSpore's own class for one that a support module derives from it, where both stand for one class of torch; a class that does not says so
    (``plain_class``). Other objects are themselves."""
    home = __name__.rpartition(".")[2]
    if not isinstance(cls, type) or cls.__module__.rpartition(".")[2] != home:
        return cls
    if "plain_class" in vars(cls):
        return vars(cls)["plain_class"] or cls
    plain = next(base for base in cls.__mro__ if base.__module__.rpartition(".")[2] != home)
    return plain if plain.__module__.startswith("mindspore.") and plain is not nn.Cell else cls


def layer_value(layer: nn.Cell, name: str) -> Any:
    """A weight of a layer of any class that is read for its values: in torch's shape, which MindSpore's weight of a Conv1d has not."""
    found = layer_attribute(layer, name)
    return found.squeeze(2) if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) and name == "weight" else found


def set_layer_attribute(layer: nn.Cell, name: str, value: Any) -> None:
    """``setattr(layer, name, value)`` by torch's name of the attribute; other objects keep theirs. A weight in torch's shape gets MindSpore's."""
    if not isinstance(layer, nn.Cell):
        setattr(layer, name, value)
        return
    if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) and name == "weight" and isinstance(value, Tensor) and value.ndim == 3:
        value = Parameter(value.expand_dims(2), name="weight", requires_grad=getattr(value, "requires_grad", True))
    own = next((known for known in (name, *LAYER_NAMES.get(name, ())) if known in kept_parameters(layer)), None)
    setattr(layer if own is None or own in layer._params else keeper(layer), own or layer_name(layer, name), value)


def has_layer_attribute(layer: nn.Cell, name: str) -> bool:
    """``hasattr(layer, name)`` by torch's name of the attribute."""
    found = layer_name(layer, name)
    return hasattr(layer, found) or isinstance(layer, nn.BatchNorm3d) and hasattr(keeper(layer), found)


def layer_name(layer: nn.Cell, name: str) -> str:
    """What ``layer`` calls the attribute that torch calls ``name``."""
    if hasattr(layer, name):
        return name
    weights = keeper(layer) if isinstance(layer, nn.Cell) else layer
    return next((own for own in LAYER_NAMES.get(name, ()) if hasattr(weights, own)), name)


def torch_name(cell: nn.Cell, name: str) -> str:
    """What torch calls the parameter or buffer that ``cell`` keeps under ``name``: programs choose parameters by their names (``"bias" in name``)."""
    layers = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.LayerNorm, nn.GroupNorm,
              nn.Embedding, nn.PReLU)  # fmt: skip
    if not isinstance(cell, layers) and not getattr(type(cell), "torch_names", False):
        return name
    return next((known for known, own in LAYER_NAMES.items() if name in own and known not in cell._params), name)


def _path(prefix: str, cell: nn.Cell, name: str) -> str:
    return f"{prefix}.{torch_name(cell, name)}" if prefix else torch_name(cell, name)


def forget_buffer(module: nn.Cell, name: str) -> None:
    """Make room for a buffer called ``name`` where there was one, or None."""
    kept = module.__dict__.get("persistent_buffers", ())
    module._buffers.pop(name, None)
    if name in kept:
        module._params.pop(name, None)
        module.persistent_buffers = tuple(other for other in kept if other != name)
    if module.__dict__.get(name, module) is None:
        del module.__dict__[name]


def register_buffer(module: nn.Cell, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
    """torch.nn.Module.register_buffer; a persistent buffer becomes a parameter without gradient, so that checkpoints hold it.
    A buffer may be registered again, under its own name."""
    forget_buffer(module, name)
    if tensor is None:
        setattr(module, name, None)
    elif persistent:
        buffer = Parameter(tensor, name=name, requires_grad=False)
        module.insert_param_to_cell(name, buffer)
        module.persistent_buffers = (*module.__dict__.get("persistent_buffers", ()), name)
    else:
        module.register_buffer(name, tensor, persistent=False)


def buffer(data: Tensor, *, persistent: bool = True) -> Tensor:
    """torch.nn.Buffer: assigned to a cell's attribute it becomes a buffer; a persistent one is a parameter, so that checkpoints hold it."""
    return Parameter(data, requires_grad=False) if persistent else _Buffer(data)


def register_parameter(module: nn.Cell, name: str, param: Parameter | None) -> None:
    """torch.nn.Module.register_parameter."""
    if param is not None:
        param.name = name
    if name == "bias" and hasattr(module, "has_bias"):
        module.has_bias = param is not None  # MindSpore's linear layers and convolutions ask this, not their bias
    module.insert_param_to_cell(name, param)


def asked(module: Any, name: str) -> tuple[Any, Any]:
    """A module, and its method ``name`` where its class, or for ``super()`` the base, has another than torch's; else None."""
    found = getattr(module, name, None)
    plain = found is None or getattr(found, "__func__", None) is getattr(nn.Cell, name, None)
    return module.__self__ if hasattr(type(module), "__thisclass__") else module, None if plain else found


def unlike(defaults: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The arguments that are not the defaults: a method written anew need not know the others."""
    return {name: value for name, value in given.items() if value != defaults[name]}


def named_parameters(
    module: nn.Cell, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Parameter]]:
    """torch.nn.Module.named_parameters: buffers are left out; names are the attribute paths, and torch's. A class's own is asked first."""
    module, own = asked(module, "named_parameters")
    if own is not None:
        defaults = {"prefix": "", "recurse": True, "remove_duplicate": True}
        yield from own(**unlike(defaults, prefix=prefix, recurse=recurse, remove_duplicate=remove_duplicate))
        return
    seen: set[int] = set()
    for path, cell in named_modules(module, None, prefix, remove_duplicate) if recurse else [(prefix, module)]:
        for name, parameter in kept_parameters(cell).items():
            if parameter is None or is_buffer(cell, name) or is_constant(cell, name):
                continue
            if remove_duplicate and id(parameter) in seen:
                continue
            seen.add(id(parameter))
            yield _path(path, cell, name), parameter


def parameters(module: nn.Cell, recurse: bool = True) -> Iterator[Parameter]:
    """torch.nn.Module.parameters: buffers are left out. A class's own is asked first."""
    module, own = asked(module, "parameters")
    if own is not None:
        yield from own(**unlike({"recurse": True}, recurse=recurse))
        return
    for _, parameter in named_parameters(module, recurse=recurse):
        yield parameter


def named_buffers(module: nn.Cell, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
    """torch.nn.Module.named_buffers: persistent ones (parameters without gradient) and the cell's own."""
    seen: set[int] = set()
    for path, cell in named_modules(module, None, prefix, remove_duplicate) if recurse else [(prefix, module)]:
        own = [
            (name, p)
            for name, p in kept_parameters(cell).items()
            if p is not None and is_buffer(cell, name) and not is_constant(cell, name)
        ]
        plain = [(name, b) for name, b in getattr(cell, "_buffers", {}).items() if b is not None]
        for name, buffer in own + plain:
            if not (remove_duplicate and id(buffer) in seen):
                seen.add(id(buffer))
                yield _path(path, cell, name), buffer


def buffers(module: nn.Cell, recurse: bool = True) -> Iterator[Tensor]:
    """torch.nn.Module.buffers."""
    for _, buffer in named_buffers(module, recurse=recurse):
        yield buffer


def named_modules(
    module: nn.Cell, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
) -> Iterator[tuple[str, nn.Cell]]:
    """torch.nn.Module.named_modules: the module itself first; empty containers are yielded, as in torch."""
    memo = set() if memo is None else memo
    if module not in memo:
        if remove_duplicate:
            memo.add(module)
        yield prefix, module
        for name, cell in children_in_torch(module).items():
            if cell is not None:
                yield from named_modules(cell, memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)


def modules(module: nn.Cell) -> Iterator[nn.Cell]:
    """torch.nn.Module.modules; other objects have their own."""
    if not isinstance(module, nn.Cell):
        yield from module.modules()
        return
    for _, cell in named_modules(module):
        yield cell


def named_children(module: nn.Cell) -> Iterator[tuple[str, nn.Cell]]:
    """torch.nn.Module.named_children: each child once."""
    seen: set[int] = set()
    for name, cell in children_in_torch(module).items():
        if cell is not None and id(cell) not in seen:
            seen.add(id(cell))
            yield name, cell


def children(module: nn.Cell) -> Iterator[nn.Cell]:
    """torch.nn.Module.children; other objects have their own."""
    if not isinstance(module, nn.Cell):
        yield from module.children()
        return
    for _, cell in named_children(module):
        yield cell


def apply(module: nn.Cell, fn: Callable[[nn.Cell], Any]) -> nn.Cell:
    """torch.nn.Module.apply: children before their parent."""
    for cell in children(module):
        apply(cell, fn)
    fn(module)
    return module


def add_module(owner: nn.Cell, name: str, module: nn.Cell | None) -> None:
    """torch.nn.Module.add_module and register_module; a sequence of layers keeps a list of them, which has to follow.
    Other objects have their own."""
    if not isinstance(owner, nn.Cell):
        owner.add_module(name, module)
        return
    owner.insert_child_to_cell(name, module)
    name_after(owner, name, module)
    refresh_sequence(owner)


def place_of(owner: nn.Cell) -> str:
    """What the names of a layer's parameters begin with; MindSpore needs them to be unique in a network."""
    place: str = getattr(owner, "place", "")
    for path, parameter in owner.parameters_and_names():
        return parameter.name.removesuffix(path) if parameter.name.endswith(place + path) else place
    return place


def name_after(owner: nn.Cell, name: str, module: nn.Cell | None) -> None:
    """Name the parameters of a child after its place. The framework does so for attributes when they are set, not for what is added to them later."""
    if module is not None:
        name_below(f"{place_of(owner)}{name}.", module)


def name_below(place: str, module: nn.Cell) -> None:
    """Begin the names of a layer's parameters with ``place``. torch lets any text without a dot name a layer, ``"(0,1)"`` too;
    ``Cell.update_parameters_name`` takes word characters only."""
    if re.fullmatch(r"[\w.-]*", place, re.ASCII):
        module.update_parameters_name(place)
        return
    for path, parameter in module.parameters_and_names():
        parameter.name = place + path
    module.place = place


def refresh_sequence(module: nn.Cell) -> None:
    """A sequence of layers runs through a list of its own, which does not follow its children."""
    if isinstance(module, nn.SequentialCell):
        module.cell_list = list(module._cells.values())
        module._is_dynamic_name = [cell_name.isdigit() for cell_name in module._cells]


class ChildModules(MutableMapping[str, Any]):
    """torch.nn.Module._modules: the children by name; what is set or deleted here is set or deleted in the module."""

    def __init__(self, module: nn.Cell) -> None:
        self.module = module

    def __getitem__(self, name: str) -> Any:
        return self.module._cells[name]

    def __setitem__(self, name: str, child: nn.Cell | None) -> None:
        if name not in self.module._cells:
            add_module(self.module, name, child)
            return
        self.module._cells[name] = child  # keeps the place in the order, also while somebody iterates
        name_after(self.module, name, child)
        refresh_sequence(self.module)

    def __delitem__(self, name: str) -> None:
        del self.module._cells[name]
        refresh_sequence(self.module)

    def __iter__(self) -> Iterator[str]:
        return iter(self.module._cells)

    def __len__(self) -> int:
        return len(self.module._cells)


def get_submodule(module: nn.Cell, target: str) -> nn.Cell:
    """torch.nn.Module.get_submodule: the module at a dotted path; the empty path is the module itself."""
    for name in filter(None, target.split(".")):
        if name not in module._cells:
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        module = module._cells[name]
    return module


def get_parameter(module: nn.Cell, target: str) -> Parameter:
    """torch.nn.Module.get_parameter: the parameter at a dotted path."""
    path, _, name = target.rpartition(".")
    parameter = layer_attribute(get_submodule(module, path), name)
    if not isinstance(parameter, Parameter):
        raise AttributeError(f"`{name}` is not a parameter")  # noqa: TRY004 - torch's exception
    return parameter


def requires_grad_(module: nn.Cell, requires_grad: bool = True) -> nn.Cell:
    """torch.nn.Module.requires_grad_: of all parameters; buffers never have gradients."""
    for parameter in parameters(module):
        parameter.requires_grad = requires_grad
    return module


def entries_of(module: nn.Cell, prefix: str = "") -> dict[str, Tensor]:
    """Parameters and persistent buffers by attribute path, under torch's names."""
    entries: dict[str, Tensor] = {}
    for path, cell in named_modules(module, None, "", False):
        kept = [entry for entry in kept_parameters(cell).items() if entry[1] is not None and not is_constant(cell, entry[0])]
        for name, parameter in (*(e for e in kept if not is_buffer(cell, e[0])), *(e for e in kept if is_buffer(cell, e[0]))):
            entries[prefix + _path(path, cell, name)] = parameter
    return entries


def _under_torch_names(module: nn.Cell, state: Any) -> Any:
    """A state dict with torch's names of what MindSpore's layers call otherwise: converted checkpoints have MindSpore's."""
    renamed = {}
    for path, cell in named_modules(module, None, "", False):
        inner = "" if keeper(cell) is cell else "bn2d."
        for name in kept_parameters(cell):
            renamed[f"{path}.{inner}{name}" if path else inner + name] = _path(path, cell, name)
    return OrderedDict((renamed[name] if renamed.get(name, name) not in state else name, value) for name, value in state.items())


def state_dict(module: nn.Cell, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
    """torch.nn.Module.state_dict: the parameters themselves, so that the values follow later changes, as in torch. Other objects, and classes that
    write it anew, have their own."""
    module, own = asked(module, "state_dict")
    if own is not None:
        found: dict[str, Tensor] = own(**unlike({"prefix": "", "keep_vars": False}, prefix=prefix, keep_vars=keep_vars))
        return found
    if not isinstance(module, nn.Cell):
        return module.state_dict()
    return entries_of(module, prefix)


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` returns."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class LoadHook:
    """A function that ``load_state_dict`` calls for a module, before or after its values are copied; ``remove`` takes it away."""

    def __init__(self, module: nn.Cell, kind: str, hook: Callable[..., Any]) -> None:
        self.hook = hook
        self.hooks = module.__dict__.setdefault(kind, [])
        self.hooks.append(self)

    def remove(self) -> None:
        """No longer call the function."""
        if self in self.hooks:
            self.hooks.remove(self)


def add_load_state_dict_pre_hook(module: nn.Cell, hook: Callable[..., Any], with_module: bool = False) -> LoadHook:
    """torch.nn.Module._register_load_state_dict_pre_hook: ``hook(state_dict, prefix, …)`` may change the dictionary that is loaded."""
    return LoadHook(module, "load_pre_hooks", partial(hook, module) if with_module else hook)


def register_load_state_dict_pre_hook(module: nn.Cell, hook: Callable[..., Any]) -> LoadHook:
    """torch.nn.Module.register_load_state_dict_pre_hook: ``hook(module, state_dict, prefix, …)`` may change the dictionary that is loaded."""
    return add_load_state_dict_pre_hook(module, hook, with_module=True)


def register_load_state_dict_post_hook(module: nn.Cell, hook: Callable[..., Any]) -> LoadHook:
    """torch.nn.Module.register_load_state_dict_post_hook: ``hook(module, incompatible_keys)`` may change what is missing or unexpected."""
    return LoadHook(module, "load_post_hooks", partial(hook, module))


def load_from_state_dict(module: Any, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: Any, unexpected_keys: Any,
                         error_msgs: Any) -> None:  # fmt: skip
    """torch.nn.Module._load_from_state_dict, which ``load_state_dict`` calls on every module that overrides it: nothing is left to do here, since the
    values are copied when all modules have had their say about the names."""


def load_state_dict(module: nn.Cell, state_dict: Any, strict: bool = True, assign: bool = False) -> IncompatibleKeys:
    """torch.nn.Module.load_state_dict: copies values by attribute path; returns the missing and the unexpected keys. Other objects, and
    classes that write it anew, have their own."""
    module, own_load = asked(module, "load_state_dict")
    if own_load is not None or not isinstance(module, nn.Cell):
        result: IncompatibleKeys = module.load_state_dict(
            state_dict, **unlike({"strict": True, "assign": False}, strict=strict, assign=assign)
        )
        return result
    state = _under_torch_names(module, OrderedDict(state_dict))
    keys = IncompatibleKeys([], [])
    errors: list[str] = []
    for path, cell in named_modules(module, None, "", False):
        for entry in cell.__dict__.get("load_pre_hooks", ()):
            entry.hook(state, f"{path}." if path else "", {}, strict, *keys, errors)
        own_step: Any = getattr(type(cell), "_load_from_state_dict", None)
        if own_step is not getattr(nn.Cell, "_load_from_state_dict", None):  # may rename the entries of older checkpoints
            own_step(cell, state, f"{path}." if path else "", {"version": getattr(cell, "_version", 1)}, strict, *keys, errors)
    own, state = entries_of(module), _under_torch_names(module, state)
    keys.missing_keys.extend(name for name in own if name not in state)
    keys.unexpected_keys.extend(name for name in state if name not in own)
    _copy_values(own, state, assign)
    for _, cell in reversed(list(named_modules(module, None, "", False))):
        for entry in cell.__dict__.get("load_post_hooks", ()):
            entry.hook(keys)
    if errors or strict and any(keys):
        raise RuntimeError(f"Error(s) in loading state_dict: missing {keys.missing_keys}, unexpected {keys.unexpected_keys}{errors or ''}")
    return keys


def _copy_values(own: dict[str, Tensor], state: Any, assign: bool) -> None:
    wrong = [name for name, p in own.items() if name in state and tuple(state[name].shape) != tuple(p.shape)]
    if wrong:
        raise RuntimeError(f"Error(s) in loading state_dict: size mismatch for {wrong}")
    for name, parameter in own.items():
        if name in state:
            if assign and parameter.dtype != state[name].dtype:
                parameter.set_dtype(state[name].dtype)
            parameter.set_data(Tensor(state[name].asnumpy()).astype(parameter.dtype))


def cast(module: nn.Cell, dtype: Any) -> nn.Cell:
    """torch.nn.Module.to(dtype), half, float, double and bfloat16: floating-point parameters and buffers change dtype, in place."""
    floating = (mindspore.float16, mindspore.float32, mindspore.float64, mindspore.bfloat16)
    for cell in modules(module):
        for parameter in kept_parameters(cell).values():
            if parameter is not None and parameter.dtype in floating and parameter.dtype != dtype:
                parameter.set_dtype(dtype)
        for name, buffer in list(getattr(cell, "_buffers", {}).items()):
            if buffer is not None and buffer.dtype in floating and buffer.dtype != dtype:
                cell._buffers[name] = buffer.astype(dtype)
    return module


def set_submodule(root: nn.Cell, target: str, module: nn.Cell, strict: bool = False) -> None:
    """torch.nn.Module.set_submodule: the module at a dotted path replaced; a new name is refused where ``strict``."""
    if target == "":
        raise ValueError("Cannot set the submodule without a target name!")
    path, _, name = target.rpartition(".")
    owner = get_submodule(root, path)
    if strict and name not in owner._cells:
        raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
    ChildModules(owner)[name] = module


def get_buffer(module: nn.Cell, target: str) -> Tensor:
    """torch.nn.Module.get_buffer: the buffer at a dotted path."""
    path, _, name = target.rpartition(".")
    found = dict(named_buffers(get_submodule(module, path), recurse=False)).get(name)
    if found is None:
        raise AttributeError(f"`{name}` is not a buffer")
    return found


def to(module: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.nn.Module.to and torch.Tensor.to: a dtype, or a tensor whose dtype is meant, casts; devices mean nothing here. What is neither a
    network nor a tensor has a method of its own."""
    if isinstance(module, Tensor):
        return tensor_to(module, *args, **kwargs)
    if not isinstance(module, nn.Cell):
        return module.to(*args, **kwargs)
    wanted = [value for value in (*args, *kwargs.values()) if isinstance(value, (Tensor, mindspore.dtype.Type))]
    for value in wanted:
        cast(module, value.dtype if isinstance(value, Tensor) else value)
    return module
