"""torch.nn.Module's methods on a ``mindspore.nn.Cell``, where Cell has no method of the same effect.

Persistent buffers (running statistics among them) are parameters with ``requires_grad=False`` whose cell lists their names, because
MindSpore's checkpoints skip plain buffers; so ``parameters`` and ``named_parameters`` leave those out and ``named_buffers`` brings them.
A parameter that the user froze stays a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import mindspore
from mindspore import Parameter, Tensor, nn

RUNNING = ("moving_mean", "moving_variance", "num_batches_tracked")


def is_buffer(cell: nn.Cell, name: str) -> bool:
    """Whether a cell's parameter stands for one of torch's buffers: a running statistic, or one made by ``register_buffer``."""
    return name in RUNNING or name in cell.__dict__.get("persistent_buffers", ())


def is_constant(cell: nn.Cell, name: str) -> bool:
    """Whether this is a scale or shift that MindSpore's layer keeps as a constant where torch's layer (``affine=False``) has none."""
    return name in cell.__dict__.get("constant_parameters", ())


#: torch's names of weights and what MindSpore's layers call them.
LAYER_NAMES = {
    "weight": ("gamma", "embedding_table"), "bias": ("beta",), "running_mean": ("moving_mean",), "running_var": ("moving_variance",),
}  # fmt: skip


def layer_attribute(layer: nn.Cell, name: str) -> Any:
    """``getattr(layer, name)`` for a layer of any class, by torch's name of the attribute (BatchNorm's weight is MindSpore's gamma)."""
    found = layer_name(layer, name)
    return None if is_constant(layer, found) else getattr(layer, found)


def has_layer_attribute(layer: nn.Cell, name: str) -> bool:
    """``hasattr(layer, name)`` by torch's name of the attribute."""
    return hasattr(layer, layer_name(layer, name))


def layer_name(layer: nn.Cell, name: str) -> str:
    """What ``layer`` calls the attribute that torch calls ``name``."""
    if hasattr(layer, name):
        return name
    return next((own for own in LAYER_NAMES.get(name, ()) if hasattr(layer, own)), name)


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


def register_parameter(module: nn.Cell, name: str, param: Parameter | None) -> None:
    """torch.nn.Module.register_parameter."""
    if param is not None:
        param.name = name
    module.insert_param_to_cell(name, param)


def named_parameters(
    module: nn.Cell, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Parameter]]:
    """torch.nn.Module.named_parameters: buffers are left out; names are the attribute paths."""
    seen: set[int] = set()
    for path, cell in named_modules(module, None, prefix, remove_duplicate) if recurse else [(prefix, module)]:
        for name, parameter in cell._params.items():
            if parameter is None or is_buffer(cell, name) or is_constant(cell, name):
                continue
            if remove_duplicate and id(parameter) in seen:
                continue
            seen.add(id(parameter))
            yield (f"{path}.{name}" if path else name), parameter


def parameters(module: nn.Cell, recurse: bool = True) -> Iterator[Parameter]:
    """torch.nn.Module.parameters: buffers are left out."""
    for _, parameter in named_parameters(module, recurse=recurse):
        yield parameter


def named_buffers(module: nn.Cell, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
    """torch.nn.Module.named_buffers: persistent ones (parameters without gradient) and the cell's own."""
    seen: set[int] = set()
    for path, cell in named_modules(module, None, prefix, remove_duplicate) if recurse else [(prefix, module)]:
        own = [(name, p) for name, p in cell._params.items() if p is not None and is_buffer(cell, name)]
        plain = [(name, b) for name, b in getattr(cell, "_buffers", {}).items() if b is not None]
        for name, buffer in own + plain:
            if not (remove_duplicate and id(buffer) in seen):
                seen.add(id(buffer))
                yield (f"{path}.{name}" if path else name), buffer


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
        for name, cell in module._cells.items():
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
    for name, cell in module._cells.items():
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
    if module is not None:
        module.update_parameters_name(name + ".")
    if isinstance(owner, nn.SequentialCell):
        # It runs through a list of its own, which does not follow its children.
        owner.cell_list = list(owner._cells.values())
        owner._is_dynamic_name = [cell_name.isdigit() for cell_name in owner._cells]


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
    parameter = getattr(get_submodule(module, path), name)
    if not isinstance(parameter, Parameter):
        raise AttributeError(f"`{name}` is not a parameter")  # noqa: TRY004 - torch's exception
    return parameter


def requires_grad_(module: nn.Cell, requires_grad: bool = True) -> nn.Cell:
    """torch.nn.Module.requires_grad_: of all parameters; buffers never have gradients."""
    for parameter in parameters(module):
        parameter.requires_grad = requires_grad
    return module


def entries_of(module: nn.Cell, prefix: str = "") -> dict[str, Tensor]:
    """Parameters and persistent buffers by attribute path."""
    entries: dict[str, Tensor] = {}
    for path, cell in named_modules(module, None, "", False):
        for name, parameter in cell._params.items():
            if parameter is not None and not is_constant(cell, name):
                entries[prefix + (f"{path}.{name}" if path else name)] = parameter
    return entries


def state_dict(module: nn.Cell, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
    """torch.nn.Module.state_dict: the parameters themselves, so that the values follow later changes, as in torch. Other objects have their own."""
    if not isinstance(module, nn.Cell):
        return module.state_dict()
    return entries_of(module, prefix)


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` returns."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load_state_dict(module: nn.Cell, state_dict: Any, strict: bool = True, assign: bool = False) -> IncompatibleKeys:
    """torch.nn.Module.load_state_dict: copies values by attribute path; returns the missing and the unexpected keys. Other objects have their own."""
    if not isinstance(module, nn.Cell):
        return module.load_state_dict(state_dict)
    own = entries_of(module)
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    if strict and (missing or unexpected):
        raise RuntimeError(f"Error(s) in loading state_dict: missing {missing}, unexpected {unexpected}")
    wrong = [name for name, p in own.items() if name in state_dict and tuple(state_dict[name].shape) != tuple(p.shape)]
    if wrong:
        raise RuntimeError(f"Error(s) in loading state_dict: size mismatch for {wrong}")
    for name, parameter in own.items():
        if name in state_dict:
            if assign and parameter.dtype != state_dict[name].dtype:
                parameter.set_dtype(state_dict[name].dtype)
            parameter.set_data(Tensor(state_dict[name].asnumpy()).astype(parameter.dtype))
    return IncompatibleKeys(missing, unexpected)


def cast(module: nn.Cell, dtype: Any) -> nn.Cell:
    """torch.nn.Module.to(dtype), half, float, double and bfloat16: floating-point parameters and buffers change dtype, in place."""
    floating = (mindspore.float16, mindspore.float32, mindspore.float64, mindspore.bfloat16)
    for cell in modules(module):
        for parameter in cell._params.values():
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
    owner._cells.pop(name, None)
    add_module(owner, name, module)


def get_buffer(module: nn.Cell, target: str) -> Tensor:
    """torch.nn.Module.get_buffer: the buffer at a dotted path."""
    path, _, name = target.rpartition(".")
    found = dict(named_buffers(get_submodule(module, path), recurse=False)).get(name)
    if found is None:
        raise AttributeError(f"`{name}` is not a buffer")
    return found


def to_module(module: nn.Cell, *args: Any, **kwargs: Any) -> nn.Cell:
    """torch.nn.Module.to: a dtype, or a tensor whose dtype is meant, casts; devices mean nothing here."""
    wanted = [value for value in (*args, *kwargs.values()) if isinstance(value, (Tensor, mindspore.dtype.Type))]
    for value in wanted:
        cast(module, value.dtype if isinstance(value, Tensor) else value)
    return module
