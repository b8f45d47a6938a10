"""Containers with torch's constructors and list or dictionary behaviour, on MindSpore's ``SequentialCell``, ``CellList`` and ``CellDict``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from mindspore import Parameter, Tensor, nn

from .nn_module import name_after, name_below, place_of


def renumber(container: Any, cells: Iterable[nn.Cell]) -> None:
    """Replace the children of ``container`` by ``cells``, named 0, 1, ..., and their parameters after them."""
    place = place_of(container)
    container._cells.clear()
    for index, cell in enumerate(cells):
        container._cells[str(index)] = cell
    for name, cell in container.name_cells().items():
        name_below(f"{place}{name}.", cell)


def children_of(container: Any) -> list[Any]:
    """The children in order, repeated ones included."""
    return list(container._cells.values())


def compile_as_cell(container: Any, mark: str) -> None:
    """A container with a ``construct`` of its own is called; the graph compiler would take what bears ``mark`` for a plain collection."""
    if type(container).construct not in (nn.CellList.construct, nn.CellDict.construct):
        object.__delattr__(container, mark)


class Placed(nn.Cell):
    """A container that remembers which attribute it became: layers that are added to it later are named after it."""

    place = ""

    def update_parameters_name(self, prefix: str = "", recurse: bool = True) -> None:
        """The parameters, and those to come, begin with ``prefix``."""
        super().update_parameters_name(prefix, recurse)
        self.place = prefix


class Sequential(Placed, nn.SequentialCell):
    """torch.nn.Sequential: of layers, or of one OrderedDict of named layers."""

    def __init__(self, *args: Any) -> None:
        super().__init__([])
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else ((str(i), cell) for i, cell in enumerate(args))
        for name, cell in named:
            self.add_module(name, cell)

    def add_module(self, name: str, module: Any) -> None:
        """Append ``module`` under ``name``."""
        self.insert_child_to_cell(name, module)
        name_after(self, name, module)
        self.refresh()

    def refresh(self) -> None:
        """Bring the base class's own records up to date."""
        self.cell_list = children_of(self)
        self._is_dynamic_name = [name.isdigit() for name in self._cells]

    def construct(self, input: Any) -> Any:
        """Each layer applied to the result of the one before."""
        for cell in children_of(self):  # the base class's own list misses layers assigned as attributes
            input = cell(input)
        return input

    def __iter__(self) -> Iterator[Any]:
        return iter(children_of(self))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self._cells.items())[index]))
        return children_of(self)[index]

    def __setitem__(self, index: int, module: Any) -> None:
        name = list(self._cells)[index]
        name_after(self, name, module)
        self._cells[name] = module
        self.refresh()

    def __delitem__(self, index: Any) -> None:
        doomed = list(self._cells)[index]
        for name in doomed if isinstance(index, slice) else [doomed]:
            del self._cells[name]
        if all(name.isdigit() for name in self._cells):
            renumber(self, children_of(self))
        self.refresh()

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*children_of(self), *children_of(other))

    def append(self, module: Any) -> Sequential:
        """Add ``module`` at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, sequential: Iterable[Any]) -> Sequential:
        """Add all layers of ``sequential`` at the end."""
        for module in list(sequential):
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> Sequential:
        """Add ``module`` before position ``index``."""
        cells = children_of(self)
        cells.insert(index, module)
        renumber(self, cells)
        self.refresh()
        return self

    def pop(self, key: Any) -> Any:
        """Remove and return the layer at ``key``."""
        module = self[key]
        del self[key]
        return module


class ModuleList(Placed, nn.CellList):
    """torch.nn.ModuleList: of any iterable of layers."""

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        compile_as_cell(self, "__cell_as_list__")
        self.extend([] if modules is None else modules)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(children_of(self)[index]) if isinstance(index, slice) else children_of(self)[index]

    def __setitem__(self, index: int, module: Any) -> None:
        name = str(range(len(self))[index])
        name_after(self, name, module)
        self._cells[name] = module

    def __delitem__(self, index: Any) -> None:
        cells = children_of(self)
        del cells[index]
        renumber(self, cells)

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return type(self)([*children_of(self), *other])

    def __iadd__(self, modules: Iterable[Any]) -> Self:
        self.extend(modules)
        return self

    def __contains__(self, module: Any) -> bool:
        return any(cell is module for cell in children_of(self))

    def append(self, module: Any) -> ModuleList:
        """Add ``module`` at the end."""
        name = str(len(self))
        name_after(self, name, module)
        self._cells[name] = module
        return self

    def extend(self, modules: Iterable[Any]) -> ModuleList:
        """Add all ``modules`` at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> None:
        """Add ``module`` before position ``index``."""
        cells = children_of(self)
        cells.insert(index, module)
        renumber(self, cells)

    def pop(self, key: Any) -> Any:
        """Remove and return the layer at ``key``."""
        module = self[key]
        del self[key]
        return module


class ModuleDict(Placed, nn.CellDict):
    """torch.nn.ModuleDict: layers by name, containers among them."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        compile_as_cell(self, "__cell_as_dict__")
        if modules is not None:
            self.update(modules)

    def __setitem__(self, key: str, module: Any) -> None:
        if not isinstance(key, str) or "." in key or key == "":
            raise KeyError(f"module name should be a non-empty string without dots, got {key!r}")
        name_after(self, key, module)
        self._cells[key] = module

    def __bool__(self) -> bool:
        return len(self._cells) > 0

    def update(self, modules: Any) -> None:
        """Add the entries of a mapping, or of an iterable of pairs."""
        for key, module in modules.items() if hasattr(modules, "items") else modules:
            self[key] = module


def hold(owner: nn.Cell, name: str, value: Any) -> Any:
    """Make ``value`` the parameter (a tensor becomes one) or the child ``name`` of ``owner``; returns it. Anything else stays what it is."""
    owner._params.pop(name, None)
    owner._cells.pop(name, None)
    if isinstance(value, Tensor):
        value = value if isinstance(value, Parameter) else Parameter(value)
        value.name = place_of(owner) + name
        owner._params[name] = value
    elif isinstance(value, nn.Cell):
        name_after(owner, name, value)
        owner._cells[name] = value
    return value


class ParameterList(Placed):
    """torch.nn.ParameterList: parameters (or other values, such containers among them) by position; its parameters are called 0, 1, ..."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.entries: dict[str, Any] = {}
        self.extend([] if values is None else values)

    def store(self, key: str, value: Any) -> None:
        """Put ``value`` at ``key``."""
        self.entries[key] = hold(self, key, value)

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return len(self.entries) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.entries.values())

    def __getitem__(self, index: Any) -> Any:
        values = list(self.entries.values())[index]
        return type(self)(values) if isinstance(index, slice) else values

    def __setitem__(self, index: int, value: Any) -> None:
        self.store(str(range(len(self))[index]), value)

    def __iadd__(self, values: Iterable[Any]) -> Self:
        self.extend(values)
        return self

    def append(self, value: Any) -> ParameterList:
        """Add ``value`` at the end."""
        self.store(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add all ``values`` at the end."""
        for value in list(values):
            self.append(value)
        return self


class ParameterDict(Placed):
    """torch.nn.ParameterDict: parameters (or other values, such containers among them) by name, in order of insertion."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.entries: dict[str, Any] = {}
        if parameters is not None:
            self.update(parameters)

    def __setitem__(self, key: str, value: Any) -> None:
        self.entries[key] = hold(self, key, value)

    def __getitem__(self, key: str) -> Any:
        return self.entries[key]

    def __delitem__(self, key: str) -> None:
        self._params.pop(key, None)
        self._cells.pop(key, None)
        del self.entries[key]

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return len(self.entries) > 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def keys(self) -> Iterable[str]:
        """The names."""
        return self.entries.keys()

    def values(self) -> Iterable[Any]:
        """The values."""
        return self.entries.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and values."""
        return self.entries.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The value at ``key``, else ``default``."""
        return self.entries.get(key, default)

    def pop(self, key: str) -> Any:
        """Remove and return the value at ``key``."""
        value = self[key]
        del self[key]
        return value

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add the entries of a mapping, or of an iterable of pairs."""
        for key, value in parameters.items() if hasattr(parameters, "items") else parameters:
            self[key] = value

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self.entries):
            del self[key]

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(self.entries)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value at ``key``, which is ``default`` from now on where there was none."""
        if key not in self.entries:
            self[key] = default
        return self.entries[key]

    def popitem(self) -> tuple[str, Any]:
        """Remove and return the last name and value."""
        key = next(reversed(self.entries))
        return key, self.pop(key)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A dictionary with ``default`` at every key."""
        return ParameterDict((key, default) for key in keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self.entries))

    def __or__(self, other: Any) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self
