"""Which containers of modules does torch have? Sequential, ModuleList and ModuleDict, with children named as torch names them.

Children are attributes called '0', '1', … (or by their key), so that paths in saved weights equal torch's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

from .module import Module, Parameter


class _IndexedModules(Module):
    """Children by position: what Sequential and ModuleList share."""

    def _names(self) -> list[str]:
        return [name for name, value in vars(self).items() if isinstance(value, keras.layers.Layer)]

    def _items(self) -> list[Any]:
        return [getattr(self, name) for name in self._names()]

    def _replace_items(self, items: Iterable[Any]) -> None:
        for name in self._names():
            delattr(self, name)
        for index, item in enumerate(items):
            setattr(self, str(index), item)

    def __len__(self) -> int:
        return len(self._names())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __contains__(self, module: Any) -> bool:
        return any(module is item for item in self._items())

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, self._names()[index], module)

    def __delitem__(self, index: int | slice) -> None:
        items = self._items()
        del items[index]
        self._replace_items(items)

    def append(self, module: Any) -> Any:
        """Adds a module at the end; returns the container."""
        setattr(self, str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> Any:
        """Adds modules at the end; returns the container."""
        for module in list(modules):
            self.append(module)
        return self

    def __iadd__(self, modules: Iterable[Any]) -> Any:
        return self.extend(modules)

    def insert(self, index: int, module: Any) -> Any:
        """Inserts a module before ``index``; returns the container."""
        items = self._items()
        items.insert(index, module)
        self._replace_items(items)
        return self

    def pop(self, key: int) -> Any:
        """Removes and returns the module at ``key``."""
        items = self._items()
        module = items.pop(key)
        self._replace_items(items)
        return module


class Sequential(_IndexedModules):
    """Runs its children one after another (torch.nn.Sequential)."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else ((str(i), m) for i, m in enumerate(args))
        for name, module in named:
            self.add_module(name, module)

    def call(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(OrderedDict((name, getattr(self, name)) for name in self._names()[index]))
        return self._items()[index]


class ModuleList(_IndexedModules):
    """A list whose modules are registered (torch.nn.ModuleList)."""

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(modules or [])

    def __getitem__(self, index: int | slice) -> Any:
        return type(self)(self._items()[index]) if isinstance(index, slice) else self._items()[index]


class ModuleDict(Module):
    """A dictionary whose modules are registered (torch.nn.ModuleDict)."""

    def __init__(self, modules: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def _named(self) -> dict[str, Any]:
        return dict(self.named_children())

    def __getitem__(self, key: str) -> Any:
        return self._named()[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._named())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __contains__(self, key: str) -> bool:
        return key in self._named()

    def keys(self) -> Iterable[str]:
        """Names of the modules."""
        return self._named().keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._named().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._named().items()

    def update(self, modules: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Adds or replaces modules by name."""
        for key, module in dict(modules).items():
            self[key] = module

    def pop(self, key: str) -> Any:
        """Removes and returns the module at ``key``."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Removes every module."""
        for key in list(self.keys()):
            del self[key]


class ParameterList(Module):
    """A list whose parameters are registered (torch.nn.ParameterList); tensors are made into parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(values or [])

    def _items(self) -> list[Any]:
        return [value for value in vars(self).values() if isinstance(value, Parameter)]

    def __len__(self) -> int:
        return len(self._items())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __getitem__(self, index: int | slice) -> Any:
        return ParameterList(self._items()[index]) if isinstance(index, slice) else self._items()[index]

    def append(self, value: Any) -> ParameterList:
        """Adds a parameter at the end; returns the container."""
        setattr(self, str(len(self)), value if isinstance(value, Parameter) else Parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Adds parameters at the end; returns the container."""
        for value in list(values):
            self.append(value)
        return self
