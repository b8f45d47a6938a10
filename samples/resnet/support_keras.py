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


def _pad_spatial(x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """Pads the last ``len(pads)`` axes with a constant; a no-op where every pad is zero."""
    if not any(before or after for before, after in pads):
        return x
    widths = [(0, 0)] * (len(x.shape) - len(pads)) + [tuple(pad) for pad in pads]
    return keras.ops.pad(x, widths, constant_values=value)


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


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias; weight is (out, in) (torch.nn.functional.linear)."""
    result = ops.matmul(input, ops.transpose(weight))
    return result if bias is None else result + bias


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


def constant_(tensor: Any, val: float) -> Any:
    """``val`` everywhere (torch.nn.init.constant_)."""
    return _assign(tensor, ops.full(tensor.shape, val, dtype=tensor.dtype))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """N(mean, std^2) (torch.nn.init.normal_)."""
    return _assign(tensor, keras.random.normal(tensor.shape, mean, std, dtype=_dtype_name(tensor.dtype)))


def _fans(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of one element of a weight (out, in, *kernel)."""
    if len(tensor.shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Factor by which a nonlinearity's weights are scaled (torch.nn.init.calculate_gain)."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 0.75}
    plain = ("linear", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
    if nonlinearity not in gains and nonlinearity not in plain:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains.get(nonlinearity, 1.0)


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return calculate_gain(nonlinearity, a) / math.sqrt(_fans(tensor)[mode == "fan_out"])


def kaiming_normal_(tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Any:
    """N(0, std^2), std = gain / sqrt(fan) (He et al. 2015; torch.nn.init.kaiming_normal_)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


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


class _ConvNd(Module):
    """Attributes, parameters and padding modes of every convolution; ``_rank`` is the number of spatial axes."""

    _rank = 0

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError("in_channels and out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _tuple(kernel_size, self._rank)
        self.stride = _tuple(stride, self._rank)
        self.padding = padding if isinstance(padding, str) else _tuple(padding, self._rank)
        self.dilation = _tuple(dilation, self._rank)
        self.groups = groups
        self.padding_mode = padding_mode
        self._make_parameters(self._weight_shape(), bias, dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _make_parameters(self, shape: tuple[int, ...], bias: bool, dtype: Any) -> None:
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = _uniform_parameter(shape, bound, dtype)
        self.bias = _uniform_parameter((self.out_channels,), bound, dtype) if bias else None

    def _sided_padding(self) -> list[int]:
        """Padding for ``pad``: last axis first, before and after."""
        if isinstance(self.padding, tuple):
            return [p for p in reversed(self.padding) for _ in (0, 1)]
        totals = [0 if self.padding == "valid" else d * (k - 1) for k, d in zip(self.kernel_size, self.dilation, strict=True)]
        return [side for total in reversed(totals) for side in (total // 2, total - total // 2)]

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Any) -> Tensor:
        if self.padding_mode == "zeros":
            return _convolve(input, weight, bias, self.stride, self.padding, self.dilation, self._rank)
        padded = pad(input, self._sided_padding(), mode=self.padding_mode)
        return _convolve(padded, weight, bias, self.stride, 0, self.dilation, self._rank)

    def call(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_ConvNd):
    """Convolution of (N, C, H, W) (torch.nn.Conv2d)."""

    _rank = 2


class _BatchNorm(Module):
    """Normalises each channel over batch and space (Ioffe and Szegedy 2015), with torch's unbiased running variance."""

    _ranks: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = _constant_parameter((num_features,), 1.0, dtype) if affine else None
        self.bias = _constant_parameter((num_features,), 0.0, dtype) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", ops.zeros((num_features,), dtype=_dtype_name(dtype)) if tracked else None)
        self.register_buffer("running_var", ops.ones((num_features,), dtype=_dtype_name(dtype)) if tracked else None)
        self.register_buffer("num_batches_tracked", ops.zeros((), dtype=_index_dtype()) if tracked else None)

    def _check_input_dim(self, input: Tensor) -> None:
        if len(input.shape) not in self._ranks:
            raise ValueError(f"expected input of rank {self._ranks} (got {len(input.shape)}D input)")

    def call(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        rank = len(input.shape)
        shape = (1, -1) + (1,) * (rank - 2)
        mean, variance = self._statistics(input, rank)
        scale = ops.rsqrt(variance + self.eps)
        scale = scale if self.weight is None else scale * self.weight
        result = (input - ops.reshape(mean, shape)) * ops.reshape(scale, shape)
        return result if self.bias is None else result + ops.reshape(self.bias, shape)

    def _statistics(self, input: Tensor, rank: int) -> tuple[Tensor, Tensor]:
        if not self.training and self.running_mean is not None:
            return self.running_mean, self.running_var
        axes = [axis for axis in range(rank) if axis != 1]
        if self.training and all(input.shape[axis] == 1 for axis in axes):
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {tuple(input.shape)}")
        mean, variance = ops.mean(input, axis=axes), ops.var(input, axis=axes)
        if self.training and self.running_mean is not None:
            sizes = ops.shape(input)
            count = ops.cast(math.prod(sizes[axis] for axis in axes), variance.dtype)
            self._track(ops.stop_gradient(mean), ops.stop_gradient(variance) * count / (count - 1))
        return mean, variance

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics: by ``momentum``, or, where it is None, as the mean over all batches."""
        self.num_batches_tracked.assign(self.num_batches_tracked + 1)
        factor = 1.0 / ops.cast(self.num_batches_tracked, mean.dtype) if self.momentum is None else self.momentum
        self.running_mean.assign((1 - factor) * self.running_mean + factor * mean)
        self.running_var.assign((1 - factor) * self.running_var + factor * variance)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W) (torch.nn.BatchNorm2d)."""

    _ranks = (4,)


def layer_norm(input: Tensor, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalises over the last axes (Ba et al. 2016; torch.nn.functional.layer_norm)."""
    axes = list(range(-len(tuple(normalized_shape)), 0))
    mean = ops.mean(input, axis=axes, keepdims=True)
    result = (input - mean) * ops.rsqrt(ops.mean(ops.square(input - mean), axis=axes, keepdims=True) + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


def group_norm(input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalises groups of channels of each sample (Wu and He 2018; torch.nn.functional.group_norm)."""
    sizes = tuple(ops.shape(input))
    grouped = ops.reshape(input, (sizes[0], num_groups, -1))
    result = ops.reshape(layer_norm(grouped, (1,), eps=eps), sizes)
    shape = (1, -1) + (1,) * (len(sizes) - 2)
    result = result if weight is None else result * ops.reshape(weight, shape)
    return result if bias is None else result + ops.reshape(bias, shape)


class GroupNorm(Module):
    """Group normalisation (torch.nn.GroupNorm)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.weight = _constant_parameter((num_channels,), 1.0, dtype) if affine else None
        self.bias = _constant_parameter((num_channels,), 0.0, dtype) if affine and bias else None

    def call(self, input: Tensor) -> Tensor:
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class ReLU(Module):
    """max(x, 0) (torch.nn.ReLU)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def call(self, input: Tensor) -> Tensor:
        return ops.relu(input)


class AdaptiveAvgPool1d(Module):
    """Means of ``output_size`` windows (torch.nn.AdaptiveAvgPool1d)."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def call(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(AdaptiveAvgPool1d):
    """Means of ``output_size`` windows (torch.nn.AdaptiveAvgPool2d)."""

    def call(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool2d(input, self.output_size)


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


Array = np.ndarray[Any, Any]
_FIRST = "channels_first"


def _same_padding(kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """torch's padding='same' (stride 1): the odd element goes to the right."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _convolve(input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, rank: int) -> Tensor:
    """Cross-correlation over the last ``rank`` axes; weight is (out, in / groups, *kernel). Without a batch axis too."""
    if len(input.shape) == rank + 1:
        return _convolve(ops.expand_dims(input, 0), weight, bias, stride, padding, dilation, rank)[0]
    strides, dilations, kernel_size = _tuple(stride, rank), _tuple(dilation, rank), weight.shape[2:]
    if padding == "same":
        pads = _same_padding(kernel_size, dilations)
    else:
        pads = [(p, p) for p in _tuple(0 if padding == "valid" else padding, rank)]
    kernel = ops.transpose(weight, (*range(2, rank + 2), 1, 0))
    both = max(strides) > 1 and max(dilations) > 1  # not every backend strides and dilates at once: stride by slicing
    x = _pad_spatial(input, pads)
    result = ops.conv(x, kernel, strides=1 if both else strides, padding="valid", data_format=_FIRST, dilation_rate=dilations)
    if both:
        result = result[(slice(None), slice(None), *(slice(None, None, s) for s in strides))]
    return result if bias is None else result + ops.reshape(bias, (1, -1) + (1,) * rank)


def _bins(size: int, count: int) -> list[tuple[int, int]]:
    """torch's adaptive windows: [floor(i * size / count), ceil((i + 1) * size / count))."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _adaptive_pool(input: Tensor, output_size: Any, rank: int, reduction: Any) -> Tensor:
    """Reduces adaptive windows one axis after the other, which is exact for both means (of products of windows) and maxima."""
    for offset, wanted in enumerate(_tuple(output_size, rank)):
        axis = len(input.shape) - rank + offset
        size = input.shape[axis]
        if wanted == 1:
            input = reduction(input, axis=axis, keepdims=True)
        elif wanted is not None and wanted != size:
            pieces = (input[(slice(None),) * axis + (slice(*bounds),)] for bounds in _bins(size, wanted))
            input = ops.concatenate([reduction(piece, axis=axis, keepdims=True) for piece in pieces], axis=axis)
    return input


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means of ``output_size`` windows (torch.nn.functional.adaptive_avg_pool1d)."""
    return _adaptive_pool(input, output_size, 1, ops.mean)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of ``output_size`` windows; None keeps an axis (torch.nn.functional.adaptive_avg_pool2d)."""
    return _adaptive_pool(input, output_size, 2, ops.mean)


def _border_indices(size: int, before: int, after: int, mode: str) -> Array:
    """Where each element of a padded axis comes from."""
    numpy_mode = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    indices: Array = np.pad(np.arange(size), (before, after), mode=numpy_mode)  # type: ignore[call-overload]
    return indices


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pads from the last axis backwards; negative numbers crop (torch.nn.functional.pad)."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    for offset, (before, after) in enumerate(pairs):
        axis = len(input.shape) - 1 - offset
        if before < 0 or after < 0:
            start, stop = max(-before, 0), input.shape[axis] - max(-after, 0)
            input = input[(slice(None),) * axis + (slice(start, stop),)]
        before, after = max(before, 0), max(after, 0)
        if mode != "constant" and (before or after):
            input = ops.take(input, _border_indices(input.shape[axis], before, after, mode), axis=axis)
    if mode != "constant":
        return input
    return _pad_spatial(input, [(max(b, 0), max(a, 0)) for b, a in reversed(pairs)], value or 0.0)
