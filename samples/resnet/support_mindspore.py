"""Functions and layers with PyTorch's signatures and results, written by torch2ms; it depends on MindSpore alone."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn, ops


def param_dtype(dtype: Any) -> Any:
    """The dtype of new parameters: torch's default is float32."""
    return mindspore.float32 if dtype is None else dtype


@ops.constexpr(check=False)
def _is_graph(function: Any) -> bool:
    """Whether a function has become a graph, which constants are not: what is computed beforehand is given None for it."""
    return function is None


def is_compiling() -> bool:
    """Whether the code runs as a graph that ``mindspore.jit`` makes of it (torch.compiler.is_compiling)."""

    def probe() -> int:
        return 0

    return bool(_is_graph(probe))


def _fill(tensor: Tensor, values: Any) -> Tensor:
    """``values`` written into the tensor's own memory."""
    new = Tensor(np.ascontiguousarray(values, np.float32).reshape(tensor.shape)).astype(tensor.dtype)
    if isinstance(tensor, Parameter):
        with mindspore._no_grad():  # of a leaf nothing is recorded
            tensor.copy_(new)
    else:
        copy_into(tensor, new)  # recorded: what the tensor was computed from gets no gradient any more
    return tensor


def _generator(generator: Any = None) -> Any:
    """The stream of ``generator``; without one a numpy generator seeded from MindSpore's own random state, so that ``mindspore.set_seed`` decides."""
    if generator is not None:
        return generator.stream
    return np.random.default_rng(int(ops.randint(0, 2**31 - 1, (1,)).asnumpy()[0]))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element set to ``val`` (torch.nn.init.constant_)."""
    return _fill(tensor, np.full(tensor.shape, val))


def zeros_(tensor: Tensor) -> Tensor:
    """Every element set to 0 (torch.nn.init.zeros_)."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Every element set to 1 (torch.nn.init.ones_)."""
    return constant_(tensor, 1.0)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """N(mean, std^2) (torch.nn.init.normal_)."""
    if generator is not None:
        return _fill(tensor, generator.normal(tensor.size) * std + mean)
    return _fill(tensor, _generator().normal(mean, std, tensor.shape))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [a, b) (torch.nn.init.uniform_)."""
    if generator is not None:
        return _fill(tensor, generator.uniform(tensor.size, a, b))
    return _fill(tensor, _generator().uniform(a, b, tensor.shape))


def calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs per unit of a weight laid out (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The recommended gain of a nonlinearity (torch.nn.init.calculate_gain)."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else float(param)
        return math.sqrt(2.0 / (1 + slope**2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 0.75, "linear": 1.0, "sigmoid": 1.0}
    gains |= {f"conv{kind}{n}d": 1.0 for kind in ("", "_transpose") for n in (1, 2, 3)}
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """gain / sqrt(fan)."""
    fan_in, fan_out = calculate_fan_in_and_fan_out(tensor)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None) -> Tensor:
    """Normal with std gain / sqrt(fan) (torch.nn.init.kaiming_normal_)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


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


def is_constant(cell: nn.Cell, name: str) -> bool:
    """Whether this is a scale or shift that MindSpore's layer keeps as a constant where torch's layer (``affine=False``) has none."""
    return name in keeper(cell).__dict__.get("constant_parameters", ())


def keeper(cell: nn.Cell) -> nn.Cell:
    """The layer that has the weights: MindSpore's BatchNorm3d wraps another, which torch's has not."""
    return cell.bn2d if isinstance(cell, nn.BatchNorm3d) else cell


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


def layer_name(layer: nn.Cell, name: str) -> str:
    """What ``layer`` calls the attribute that torch calls ``name``."""
    if hasattr(layer, name):
        return name
    weights = keeper(layer) if isinstance(layer, nn.Cell) else layer
    return next((own for own in LAYER_NAMES.get(name, ()) if hasattr(weights, own)), name)


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


def affine_shape(x: Tensor) -> tuple[int, ...]:
    """The shape that lines a per-channel vector up with axis 1 of ``x``."""
    return (1, -1) + (1,) * (x.ndim - 2)


def standardize(x: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    """(x - mean) / sqrt(variance + eps)."""
    return (x - mean) * ops.rsqrt(variance + eps)


def assign_running(layer: Any, mean: Tensor, variance: Tensor, factor: Any) -> None:
    """Move the running statistics of ``layer`` towards ``mean`` and ``variance`` (unbiased) by ``factor``."""
    mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)
    ops.assign(layer.moving_mean, layer.moving_mean * (1 - factor) + mean.astype(layer.moving_mean.dtype) * factor)
    ops.assign(layer.moving_variance, layer.moving_variance * (1 - factor) + variance.astype(layer.moving_variance.dtype) * factor)


def is_composed(layer: Any, x: Tensor) -> bool:
    """Whether MindSpore's kernel does not do: it knows neither the cumulative average of ``momentum=None`` nor float64, nor empty batches."""
    return (layer.training and layer.cumulative) or x.dtype == mindspore.float64 or x.size == 0


def composed_batch_norm(layer: Any, x: Tensor) -> Tensor:
    """Batch normalisation without the kernel; with ``momentum=None`` the running statistics are the plain average over all batches."""
    if x.size == 0:  # as in torch the running statistics stay
        return x
    shape = affine_shape(x)
    if not layer.training and layer.use_batch_statistics is None:
        mean, variance = layer.moving_mean, layer.moving_variance
    else:
        axes = (0, *range(2, x.ndim))
        mean, variance = x.mean(axes), x.var(axes)
        if layer.use_batch_statistics is None:
            count = x.size // x.shape[1]
            assign_running(layer, mean, variance * (count / (count - 1)), running_share(layer))
    scaled = standardize(x, mean.reshape(shape), variance.reshape(shape), layer.eps)
    return scaled * layer.gamma.reshape(shape) + layer.beta.reshape(shape)


def running_share(layer: Any) -> Any:
    """How much a batch counts in the running statistics: torch's momentum, or 1 / number of batches."""
    return 1.0 / layer.num_batches_tracked.astype(mindspore.float32) if layer.cumulative else layer.momentum


def count_batch(layer: Any) -> None:
    """One more batch in training, where the layer tracks statistics."""
    if layer.training and layer.use_batch_statistics is None:
        ops.assign(layer.num_batches_tracked, layer.num_batches_tracked + 1)


def keep_constant(layer: Any, affine: bool, bias: bool) -> None:
    """Freeze the scale and shift that torch's layer does not have; ``named_parameters`` leaves them out."""
    layer.constant_parameters = () if affine and bias else ("beta",) if affine else ("gamma", "beta")
    layer.gamma.requires_grad, layer.beta.requires_grad = affine, affine and bias


def check_rank(shape: Any, ranks: tuple[int, ...]) -> None:
    """Raises ValueError where a batch normalisation does not take input of this shape."""
    if len(shape) not in ranks:
        raise ValueError(f"expected {' or '.join(f'{rank}D' for rank in ranks)} input (got {len(shape)}D input)")


def new_count() -> Parameter:
    """No batches yet."""
    return Parameter(Tensor(0, mindspore.int64), name="num_batches_tracked", requires_grad=False)


def complete_batch_norm(layer: Any, momentum: float | None, affine: bool, bias: bool) -> None:
    """What every batch normalisation adds to its MindSpore base: torch's attributes, the count of batches, a frozen beta without ``bias``,
    and torch's initial training mode."""
    layer.affine, layer.track_running_stats = affine, layer.use_batch_statistics is None
    layer.num_batches_tracked = new_count() if layer.track_running_stats else None
    keep_constant(layer, affine, bias)
    if layer.use_batch_statistics:
        layer.constant_parameters = (*layer.constant_parameters, "moving_mean", "moving_variance")
    if hasattr(layer, "cell_init_args"):
        layer.cell_init_args += f"{momentum}{affine}{bias}{layer.eps}{layer.use_batch_statistics}"
    layer.cumulative = momentum is None and layer.use_batch_statistics is None
    layer.momentum = momentum
    layer.set_train()


def batch_norm_arguments(eps: float, momentum: float | None, affine: bool, track_running_stats: bool, dtype: Any) -> dict[str, Any]:
    """MindSpore's arguments; its momentum is the share that the old value keeps."""
    return {
        "eps": eps,
        "momentum": 1.0 - (0.1 if momentum is None else momentum),
        "affine": affine,
        "use_batch_statistics": None if track_running_stats else True,
        "dtype": param_dtype(dtype),
    }


class NormNames:
    """torch's names of a normalisation's parameters and statistics, for code that is given its layers and cannot know what they are."""

    torch_names = True

    def named_as_in_torch(self: Any, name: str) -> Any:
        """A parameter or statistic of this layer, or of the one that it wraps; None where torch's layer has none."""
        layer = self._cells.get("bn2d", self)
        return None if name in layer.__dict__.get("constant_parameters", ()) else getattr(layer, name)

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches counted."""
        forget_statistics(self)

    @property
    def weight(self) -> Any:
        """The scale."""
        return self.named_as_in_torch("gamma")

    @property
    def bias(self) -> Any:
        """The shift."""
        return self.named_as_in_torch("beta")

    @property
    def running_mean(self) -> Any:
        """The running mean."""
        return self.named_as_in_torch("moving_mean")

    @property
    def running_var(self) -> Any:
        """The running variance."""
        return self.named_as_in_torch("moving_variance")


class Resets:
    """What torch's layers with parameters share: the method, and a call of it while a layer is made, which classes derived from them see."""

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        draw_anew(self)

    def reset_if_derived(self) -> None:
        """Call the derived class's own ``reset_parameters``; the layer's values are those that its own would draw."""
        if type(self).reset_parameters is not Resets.reset_parameters:
            self.reset_parameters()


class BatchNorm2d(nn.BatchNorm2d, NormNames, Resets):
    """torch.nn.BatchNorm2d over (N, C, H, W)."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, **batch_norm_arguments(eps, momentum, affine, track_running_stats, dtype))
        complete_batch_norm(self, momentum, affine, bias)
        self.own_check = type(self)._check_input_dim is not BatchNorm2d._check_input_dim
        self.reset_if_derived()

    def _check_input_dim(self, input: Any, cls_name: str | None = None) -> None:
        """torch's check of a tensor, which derived classes call or write anew, and MindSpore's of a shape."""
        check_rank(input.shape if cls_name is None else input, (4,))

    def construct(self, input: Tensor) -> Tensor:
        """Normalise per channel over all other axes."""
        if self.own_check:
            self._check_input_dim(input)
        count_batch(self)
        if self.own_check or is_composed(self, input):
            return composed_batch_norm(self, input)
        return super().construct(input)


class GroupNorm(nn.GroupNorm, NormNames, Resets):
    """torch.nn.GroupNorm over (N, C, *)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_groups, num_channels, eps, affine, dtype=param_dtype(dtype))
        keep_constant(self, affine, bias)
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(N, C, *) -> the same shape."""
        groups = input.reshape(input.shape[0], self.num_groups, -1)
        mean, variance = ops.mean(groups, -1, True), ops.var(groups, -1, 0, True)
        result = standardize(groups, mean, variance, self.eps).reshape(input.shape)
        shape = affine_shape(input)
        return result * self.gamma.reshape(shape) + self.beta.reshape(shape)


def forget_statistics(layer: Any) -> None:
    """Fill the running statistics with their initial values; a layer without them has nothing to fill."""
    inner = layer._cells.get("bn2d", layer)
    for name, fill in (("moving_mean", zeros_), ("moving_variance", ones_), ("num_batches_tracked", zeros_)):
        if isinstance(inner._params.get(name), Parameter):
            fill(inner._params[name])


def draw_anew(layer: Any) -> None:
    """Uniform within 1 / sqrt(fan in) for linear layers and convolutions, standard normal for embeddings, ones and zeros for normalisations."""
    if isinstance(layer, nn.Embedding):
        normal_(layer.embedding_table)
        if layer.padding_idx is not None:
            layer.embedding_table[layer.padding_idx] = 0
    elif isinstance(getattr(layer, "weight", None), Parameter) and layer.weight.ndim > 1:
        bound = 1 / math.sqrt(math.prod(layer.weight.shape[1:]))
        for parameter in (layer.weight, layer.bias):
            if parameter is not None:
                uniform_(parameter, -bound, bound)
    else:
        reset_normalization(layer)


def reset_normalization(layer: Any) -> None:
    """Scale 1, shift 0, mean 0, variance 1; raises ``AttributeError`` for a layer without parameters, as torch does."""
    inner = layer._cells.get("bn2d", layer)
    fills = {"gamma": ones_, "weight": ones_, "beta": zeros_, "moving_mean": zeros_, "moving_variance": ones_}
    found = [(name, fill) for name, fill in fills.items() if isinstance(inner._params.get(name), Parameter)]
    if not found:
        raise AttributeError(f"'{type(layer).__name__}' object has no attribute 'reset_parameters'")
    for name, fill in found:
        fill(inner._params[name])


#: Operators whose result shares memory with their operand, as MindSpore's records call them. What is written into parts reaches the operand's record.
_VIEWS: Final = frozenset(
    {"Transpose", "Reshape", "View", "Slice", "SelectExtView", "Diagonal", "ExpandDims", "Squeeze", "BroadcastTo", "AsStrided"}
)
_PARTS: Final = frozenset({"SelectView", "StridedSlice"})


def _own(x: Tensor) -> Tensor:
    """Elements that were picked by a tensor or list, without MindSpore's memory of the tensor that they were read from, which it writes back to."""
    index = getattr(x, "index_of_parent_", None)
    if any(map(_picks, index if isinstance(index, tuple) else (index,))):
        x.parent_tensor_ = x.index_of_parent_ = None
    return x


def copy_into(x: Tensor, value: Any) -> Tensor:
    """``x.copy_(value)`` whatever memory ``x`` is a view of: MindSpore's ``copy_`` is lost on views of a part, or fails. Returns ``x``."""
    if is_compiling() or isinstance(x, Parameter):
        return x.copy_(value)
    node = getattr(x, "_grad_node", None)
    if node is not None and node.name() in (_VIEWS if x.ndim else _PARTS | _VIEWS):
        warnings.warn("a view is changed in place while it is differentiated: of MindSpore's tensors that share its memory only it has the new values "
                      "and their gradient", stacklevel=2)  # fmt: skip
    if x.size == 0:  # there is nothing to write, and MindSpore's assignment fails
        return x
    x = _own(x)
    if isinstance(value, Tensor):
        value = value.astype(x.dtype)
        if value.shape != x.shape:
            value = ops.broadcast_to(value, x.shape)
    if x.ndim:
        x[:] = value
    elif node is None:
        x.reshape(1)[:] = value.reshape(1) if isinstance(value, Tensor) else value
    else:
        x.copy_(value)
    return x


def _picks(part: Any) -> bool:
    """Whether a part of an index chooses elements one by one."""
    return isinstance(part, list) or (isinstance(part, Tensor) and bool(part.ndim))
