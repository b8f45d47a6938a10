"""Functions and layers with PyTorch's signatures and results, written by torch2ms; it depends on Keras alone."""

from __future__ import annotations

import contextlib
import copy
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

Tensor = Any


def _tuple(value: Any, length: int) -> tuple[Any, ...]:
    """``value`` repeated ``length`` times, or the sequence it already is (torch's ``_ntuple``)."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * length


def _dtype_name(dtype: Any) -> str:
    """A dtype as Keras names it ('float32'); None stands for the float default."""
    return str(keras.backend.standardize_dtype(dtype))


def _shape(x: Tensor) -> tuple[Any, ...]:
    """Sizes of ``x``: numbers where they are known, otherwise scalar tensors (a batch of unknown size in a traced graph)."""
    return tuple(keras.ops.shape(x))


def _axis(dim: int, rank: int) -> int:
    """``dim`` counted from the front; raises IndexError, as torch does, where it is out of range."""
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _index_dtype() -> str:
    """torch counts and indexes in int64; JAX has it only when 64-bit types are switched on, so there Keras's int32 stands."""
    return "int32" if keras.backend.backend() == "jax" else "int64"


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


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * Phi(x), or its tanh approximation (torch.nn.functional.gelu)."""
    return ops.gelu(input, approximate=approximate == "tanh")


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) over its sum along ``dim`` (torch.nn.functional.softmax); without ``dim`` torch's choice: 0 for rank 0, 1, 3, else 1."""
    x = input if dtype is None else ops.cast(input, _dtype_name(dtype))
    axis = (0 if len(x.shape) in (0, 1, 3) else 1) if dim is None else dim
    return ops.softmax(x, axis=axis)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along ``dim`` (torch.nn.functional.log_softmax)."""
    x = input if dtype is None else ops.cast(input, _dtype_name(dtype))
    axis = (0 if len(x.shape) in (0, 1, 3) else 1) if dim is None else dim
    return ops.log_softmax(x, axis=axis)


def _drop(input: Tensor, p: float, noise_shape: tuple[Any, ...] | None, seed: Any) -> Tensor:
    """Zeros elements with probability ``p`` and scales the others by 1 / (1 - p)."""
    if p == 0.0:
        return input
    if p == 1.0:
        return ops.zeros_like(input)
    return keras.random.dropout(input, p, noise_shape=noise_shape, seed=seed)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias; weight is (out, in) (torch.nn.functional.linear)."""
    result = ops.matmul(input, ops.transpose(weight))
    return result if bias is None else result + bias


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of ``weight`` (torch.nn.functional.embedding); the row ``padding_idx`` gets no gradient."""
    rows = ops.take(weight, input, axis=0)
    if padding_idx is None:
        return rows
    is_padding = ops.expand_dims(ops.equal(input, padding_idx % weight.shape[0]), -1)
    return ops.where(is_padding, ops.stop_gradient(rows), rows)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Joins the axes from ``start_dim`` to ``end_dim`` (torch.flatten)."""
    rank = len(input.shape)
    if rank == 0:
        return ops.reshape(input, (1,))
    start, end = _axis(start_dim, rank), _axis(end_dim, rank)
    sizes = _shape(input)
    joined = input.shape[start : end + 1]
    size = -1 if any(n is None for n in joined) else math.prod(joined)
    return ops.reshape(input, (*sizes[:start], size, *sizes[end + 1 :]))


def _assign(variable: Any, value: Tensor) -> Any:
    if not isinstance(variable, keras.Variable):
        raise TypeError(f"only a variable can be initialised in place, not {type(variable).__name__}")
    variable.assign(value)
    return variable


def zeros_(tensor: Any) -> Any:
    """Zeros (torch.nn.init.zeros_)."""
    return _assign(tensor, ops.zeros(tensor.shape, dtype=tensor.dtype))


def trunc_normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None) -> Any:
    """N(mean, std^2) cut off outside of [a, b], by inverting the distribution function (torch.nn.init.trunc_normal_)."""
    low, high = (math.erf((bound - mean) / std / math.sqrt(2.0)) for bound in (a, b))
    # erfinv(±1) is infinite and float32 rounds to ±1 where the bounds lie far out: stay one step inside, then cut off
    position = ops.clip(keras.random.uniform(tensor.shape, low, high, dtype=_dtype_name(tensor.dtype)), -1 + 1e-7, 1 - 1e-7)
    return _assign(tensor, ops.clip(ops.erfinv(position) * (std * math.sqrt(2.0)) + mean, a, b))


def _uniform_parameter(shape: Sequence[int], bound: float, dtype: Any) -> Parameter:
    """U(-bound, bound): with bound = 1 / sqrt(fan_in) what torch's linear and convolution layers start from."""
    return Parameter(keras.random.uniform(tuple(shape), -bound, bound, dtype=_dtype_name(dtype)))


def _constant_parameter(shape: Sequence[int], value: float, dtype: Any) -> Parameter:
    return Parameter(ops.full(tuple(shape), value, dtype=_dtype_name(dtype)))


class Linear(Module):
    """x @ weight.T + bias (torch.nn.Linear)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features) if in_features > 0 else 0.0
        self.weight = _uniform_parameter((out_features, in_features), bound, dtype)
        self.bias = _uniform_parameter((out_features,), bound, dtype) if bias else None

    def call(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


def layer_norm(input: Tensor, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalises over the last axes (Ba et al. 2016; torch.nn.functional.layer_norm)."""
    axes = list(range(-len(tuple(normalized_shape)), 0))
    mean = ops.mean(input, axis=axes, keepdims=True)
    result = (input - mean) * ops.rsqrt(ops.mean(ops.square(input - mean), axis=axes, keepdims=True) + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


class LayerNorm(Module):
    """Layer normalisation (torch.nn.LayerNorm)."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _tuple(normalized_shape, 1)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = _constant_parameter(self.normalized_shape, 1.0, dtype) if elementwise_affine else None
        self.bias = _constant_parameter(self.normalized_shape, 0.0, dtype) if elementwise_affine and bias else None

    def call(self, input: Tensor) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class Embedding(Module):
    """Rows of ``weight`` by index (torch.nn.Embedding)."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        value = keras.random.normal((num_embeddings, embedding_dim), dtype=_dtype_name(dtype))
        if self.padding_idx is not None:
            kept = ops.not_equal(ops.arange(num_embeddings), self.padding_idx)
            value = value * ops.cast(ops.expand_dims(kept, 1), value.dtype)
        self.weight = Parameter(value)

    def call(self, input: Tensor) -> Tensor:
        return embedding(input, self.weight, self.padding_idx)


class Dropout(Module):
    """Zeros elements at random while training (torch.nn.Dropout); its own seed state keeps compiled functions random."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, input: Tensor) -> Tensor:
        return _drop(input, self.p, None, self.seed_generator) if self.training else input


class GELU(Module):
    """x * Phi(x), or its tanh approximation (torch.nn.GELU)."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def call(self, input: Tensor) -> Tensor:
        return gelu(input, self.approximate)


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


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """start, start + step, … below end (torch.arange); whole numbers give int64."""
    first, last = (0, start) if end is None else (start, end)
    whole = all(not isinstance(value, float) for value in (first, last, step))
    name = _dtype_name(dtype) if dtype is not None else _index_dtype() if whole else keras.config.floatx()
    return ops.arange(first, last, step, dtype=name)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim`` (torch.unbind)."""
    axis = _axis(dim, len(input.shape))
    return tuple(ops.take(input, index, axis=axis) for index in range(input.shape[axis]))


def _is_whole(x: Tensor) -> bool:
    return _dtype_name(x.dtype) == "bool" or "int" in _dtype_name(x.dtype)


def _axes(dim: int | Sequence[int] | None) -> int | tuple[int, ...] | None:
    """Keras's ``axis`` for torch's ``dim``: an empty list means all."""
    return dim if isinstance(dim, int) else tuple(dim) if dim else None


def reduce_sum(input: Tensor, dim: int | Sequence[int] | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum (torch.sum); whole numbers and booleans add up in int64."""
    name = _dtype_name(dtype) if dtype is not None else _index_dtype() if _is_whole(input) else _dtype_name(input.dtype)
    return ops.sum(ops.cast(input, name), axis=_axes(dim), keepdims=keepdim)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` where ``mask`` is True (torch.Tensor.masked_fill)."""
    return ops.where(mask, ops.cast(value, _dtype_name(input.dtype)), input)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Values below ``min`` and above ``max`` set to them (torch.clamp); the gradient at a bound passes."""
    if min is not None:
        input = ops.where(input < min, min, input)
    return input if max is None else ops.where(input > max, max, input)


def einsum(*args: Any) -> Tensor:
    """Sum of products by ``equation`` (torch.einsum); the operands may stand in one list."""
    equation, *operands = args
    return ops.einsum(equation, *(operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands))
