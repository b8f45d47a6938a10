"""How does torch's module system stand on Keras? ``Module`` is a ``keras.Model`` with torch's attributes, modes and state names.

Everything Keras offers on a model stays available (``fit``, ``summary``, ``save_weights``, ``trainable_variables``), because each
sub-module and parameter is an ordinary tracked attribute. What torch promises beyond that is added here: ``training`` as a state
of each module, ``modules()`` and the named iterators, replacing a sub-module, and parameters that exist as soon as ``__init__`` ends.
"""

from __future__ import annotations

import contextlib
import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from ._common import Tensor, _dtype_name


class Parameter(keras.Variable):
    """A trainable variable made from a tensor (torch.nn.Parameter)."""

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        data = keras.ops.zeros((0,)) if data is None else data
        super().__init__(data, dtype=_dtype_name(data.dtype), trainable=requires_grad)

    @property
    def data(self) -> Parameter:
        """The parameter itself: a Keras variable's value can be assigned outside of any gradient."""
        return self

    @data.setter
    def data(self, value: Tensor) -> None:
        self.assign(value)

    @property
    def requires_grad(self) -> bool:
        """Whether an optimizer trains this parameter (Keras: ``trainable``)."""
        return bool(self.trainable)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.trainable = value

    def requires_grad_(self, requires_grad: bool = True) -> Parameter:
        """Sets ``requires_grad`` and returns the parameter."""
        self.trainable = requires_grad
        return self

    def numel(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        result = Parameter(keras.ops.convert_to_tensor(self), requires_grad=bool(self.trainable))
        memo[id(self)] = result
        return result


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` did not find, and what it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def _mixes_tensors(value: Any) -> bool:
    """Whether a nested argument holds tensors beside other values, which ``keras.layers.Layer.__call__`` refuses."""
    if not isinstance(value, (list, tuple, dict)):
        return False
    leaves = [keras.ops.is_tensor(leaf) or isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(value) if leaf is not None]
    return any(leaves) and not all(leaves)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


class Module(keras.Model):
    """Base of ported modules (torch.nn.Module). Subclasses call ``super().__init__()`` first and define ``call``."""

    def __init__(self) -> None:
        super().__init__()
        self.built = True  # variables are made in __init__; Keras would otherwise lock the module at its first call
        self.training = True
        self._buffer_names: dict[str, bool] = {}
        self._convert_input_args = False  # torch passes arguments as they are: no cast to float32 …
        self._allow_non_tensor_positional_args = True  # … and numbers, strings and None by position
        self._call_has_training_arg = True  # fit, evaluate and predict then say which mode they want
        self._call_has_context_arg = {"training": False}  # a user's own parameter of this name is not filled in by Keras

    # -- calling ---------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs ``call`` in this module's mode, or, where Keras passes ``training``, in that mode for this one call."""
        args = tuple(keras.ops.convert_to_tensor(arg) if isinstance(arg, np.ndarray) else arg for arg in args)
        own_argument = "training" in self.call_signature_parameters
        mode = None if own_argument else kwargs.pop("training", None)
        with contextlib.nullcontext() if mode is None else self._mode(bool(mode)):
            if not self._keras_accepts(args, kwargs):
                return self.call(*args, **kwargs)
            return super().__call__(*args, **kwargs) if own_argument else super().__call__(*args, training=self.training, **kwargs)

    def _keras_accepts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Keras wants an argument, and no list or dictionary with both tensors and other values (``*args`` arrives as such a list)."""
        star = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in self._call_signature.parameters.values())
        nested = (*args, *kwargs.values(), *([args] if star else []))
        return bool(self.call_signature_parameters) and not any(map(_mixes_tensors, nested))

    def stateless_call(self, *args: Any, **kwargs: Any) -> Any:
        """Keras's call without side effects; it reaches ``call`` past ``__call__``, so the mode is set here too."""
        mode = None if "training" in self.call_signature_parameters else kwargs.pop("training", None)
        with contextlib.nullcontext() if mode is None else self._mode(bool(mode)):
            return super().stateless_call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes (torch: ``forward``); subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define call()")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """``call`` under torch's name, for code that invokes it directly."""
        return self.call(*args, **kwargs)

    @contextlib.contextmanager
    def _mode(self, training: bool) -> Iterator[None]:
        """Every module below in one mode; their own modes come back afterwards."""
        before = [(module, module.training) for module in self.modules() if isinstance(module, Module)]
        if any(mode != training for _, mode in before):
            self.train(training)
        try:
            yield
        finally:
            for module, mode in before:
                module.training = mode

    def train(self, mode: bool = True) -> Module:
        """Sets training mode here and below; returns the module."""
        self.training = mode
        for child in self.children():
            if isinstance(child, Module):
                child.train(mode)
        return self

    def eval(self) -> Module:
        """Sets evaluation mode here and below; returns the module."""
        return self.train(False)

    # -- attributes ------------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        old: Any = self.__dict__.get(name)
        if self._is_buffer(name) and keras.ops.is_tensor(value) and tuple(old.shape) == tuple(value.shape):
            old.assign(value)
            return
        if old is not value:
            self._untrack_attribute(name)
        if isinstance(value, (keras.layers.Layer, keras.Variable)):
            _refuse_reserved(name)
            super().__setattr__(name, value)
        elif isinstance(value, (list, tuple, dict, set)):
            object.__setattr__(self, name, value)  # torch does not register what stands in a plain container
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._untrack_attribute(name)
        object.__delattr__(self, name)

    def _untrack_attribute(self, name: str) -> None:
        """Takes what the attribute holds off Keras's lists, unless another attribute holds it too."""
        old = self.__dict__.get(name)
        if isinstance(old, (keras.layers.Layer, keras.Variable)) and sum(value is old for value in vars(self).values()) == 1:
            self._tracker.untrack(old)

    def _is_buffer(self, name: str) -> bool:
        return name in self.__dict__.get("_buffer_names", ()) and isinstance(self.__dict__.get(name), keras.Variable)

    @property
    def layers(self) -> Any:
        """The user's attribute of this name where there is one (``self.layers = ModuleList(…)``), else Keras's list of layers."""
        return self.__dict__["layers"] if "layers" in self.__dict__ else super().layers

    @layers.setter
    def layers(self, value: Any) -> None:
        self.__dict__["layers"] = value

    def __dir__(self) -> list[str]:
        """Saving visits the names of ``dir()``: without Keras's own ``layers`` each child is stored under its attribute's name."""
        return [name for name in super().__dir__() if name != "layers" or "layers" in self.__dict__]

    def __deepcopy__(self, memo: dict[int, Any]) -> Module:
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        Module.__init__(result)
        skipped = set(vars(result))
        for name, value in vars(self).items():
            if name not in skipped or name in ("training", "_buffer_names"):
                setattr(result, name, copy.deepcopy(value, memo))
        return result

    # -- registration ----------------------------------------------------------------------------------------------------

    def add_module(self, name: str, module: Any) -> None:
        """Registers a sub-module under ``name``."""
        setattr(self, name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Registers a sub-module under ``name``."""
        setattr(self, name, module)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Registers a parameter under ``name``; None keeps the name without a value."""
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Registers a tensor that is state but not trained. A persistent one is a variable and saved with the weights."""
        if tensor is not None and persistent:
            setattr(self, name, keras.Variable(tensor, dtype=_dtype_name(tensor.dtype), trainable=False))
        else:
            setattr(self, name, tensor)
        self._buffer_names[name] = persistent

    # -- iteration -------------------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Direct sub-modules with their names, in order of registration, each once."""
        seen: set[int] = set()
        for name, value in list(vars(self).items()):
            if isinstance(value, keras.layers.Layer) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Any]:
        """Direct sub-modules."""
        return (child for _, child in self.named_children())

    def named_modules(self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """This module and all below, depth first, with dotted names."""
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        if remove_duplicate:
            memo.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            if isinstance(child, Module):
                yield from child.named_modules(memo, _join(prefix, name), remove_duplicate)
            elif id(child) not in memo:
                memo.add(id(child))
                yield _join(prefix, name), child

    def modules(self) -> Iterator[Any]:
        """This module and all below, depth first."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """Parameters with dotted names, in torch's order; a shared one only once."""
        return self._named_variables(_own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """Buffers with dotted names, saved or not."""
        return self._named_variables(_own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_variables(
        self, own: Callable[[Any], Iterable[tuple[str, Any]]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in own(module):
                if id(value) not in seen:
                    if remove_duplicate:
                        seen.add(id(value))
                    yield _join(path, name), value

    def get_submodule(self, target: str) -> Any:
        """The sub-module at a dotted path; '' is this module."""
        module: Any = self
        for name in filter(None, target.split(".")):
            module = getattr(module, name)
        return module

    def get_parameter(self, target: str) -> Any:
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        return getattr(self.get_submodule(path), name)

    def apply(self, fn: Callable[[Any], object]) -> Module:
        """Calls ``fn`` on every module below, then on this one; returns the module."""
        for child in self.children():
            if isinstance(child, Module):
                child.apply(fn)
            else:
                fn(child)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Whether the parameters here and below are trained; returns the module."""
        for parameter in self.parameters():
            parameter.trainable = requires_grad
        return self

    # -- state -----------------------------------------------------------------------------------------------------------

    def _named_state(self) -> Iterator[tuple[str, Any]]:
        """Parameters and persistent buffers under every name they have, as torch lists them."""
        for path, module in self.named_modules(remove_duplicate=False):
            persistent = getattr(module, "_buffer_names", {})
            for name, value in (*_own_parameters(module), *_own_buffers(module)):
                if persistent.get(name, True):
                    yield _join(path, name), value

    def state_dict(self, *, prefix: str = "") -> OrderedDict[str, Tensor]:
        """Values of parameters and persistent buffers by dotted name."""
        return OrderedDict((prefix + name, keras.ops.convert_to_tensor(value)) for name, value in self._named_state())

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Assigns values by dotted name. Raises RuntimeError for a wrong shape and, where ``strict``, for names on one side only."""
        state = OrderedDict(state_dict)
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        for path, module in self.named_modules():
            if isinstance(module, Module):  # a class of the user's may give entries of older checkpoints their new names
                prefix, version = f"{path}." if path else "", {"version": getattr(module, "_version", 1)}
                module._load_from_state_dict(state, prefix, version, strict, missing, unexpected, errors)
        own = dict(self._named_state())
        missing += [name for name in own if name not in state]
        unexpected += [name for name in state if name not in own]
        wrong = [n for n, v in state.items() if n in own and tuple(np.shape(v)) != tuple(own[n].shape)]
        if wrong or errors or strict and (missing or unexpected):
            found = f"missing keys {missing}, unexpected keys {unexpected}, wrong shape {wrong}"
            raise RuntimeError("; ".join([f"{type(self).__name__}: {found}", *errors]))
        for name, variable in own.items():
            if name in state:
                variable.assign(state[name])
        return IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: Any, unexpected_keys: Any, error_msgs: Any
    ) -> None:
        """What ``load_state_dict`` calls on each module, with the dictionary that is loaded; the values are copied when all have had their say."""


def _own_parameters(module: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(module, Module):  # one of Keras's own layers
        return [(variable.name, variable) for variable in module._trainable_variables]
    return [(name, value) for name, value in vars(module).items() if isinstance(value, Parameter)]


def _own_buffers(module: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(module, Module):
        return [(variable.name, variable) for variable in module._non_trainable_variables]
    return [(name, getattr(module, name)) for name in module._buffer_names if getattr(module, name) is not None]


def _refuse_reserved(name: str) -> None:
    """Keras skips its own attribute names when it saves: state stored there would be lost in silence."""
    if hasattr(keras.layers.Layer, name) or name in ("name", "built", "autocast", "supports_jit", "activity_regularizer"):
        raise AttributeError(f"'{name}' belongs to keras.layers.Layer: a module or parameter needs another attribute name")
