"""Functions and layers with PyTorch's signatures and results, written by torch2ms; it depends on MindSpore alone."""

from __future__ import annotations

import math
import re
import string
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Self

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, mint, nn, ops
from mindspore.common import initializer as initializers
from mindspore.common.initializer import initializer
from mindspore.common.parameter import _Buffer

_FLOAT_RANK = {mindspore.float16: 1, mindspore.bfloat16: 1, mindspore.float32: 2, mindspore.float64: 3}
_INT_RANK = {mindspore.uint8: 0, mindspore.int8: 1, mindspore.int16: 2, mindspore.int32: 3, mindspore.int64: 4}


def param_dtype(dtype: Any) -> Any:
    """The dtype of new parameters: torch's default is float32."""
    return mindspore.float32 if dtype is None else dtype


def _axis(dim: int, ndim: int) -> int:
    """``dim`` counted from the front; a 0-d tensor has one dimension for torch."""
    rank = max(ndim, 1)
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _axes(dim: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The dimensions to reduce; None and () mean all of them."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return tuple(range(ndim))
    return tuple(_axis(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))


@ops.constexpr
def _category(dtype: Any) -> int:
    """bool 0, integer 1, float 2, complex 3; worked out in Python when a graph is compiled, so that only one branch of a question is."""
    if dtype == mindspore.bool_:
        return 0
    return 1 if dtype in _INT_RANK else 2 if dtype in _FLOAT_RANK else 3


def _cast(input: Tensor, dtype: Any) -> Tensor:
    """``input`` in ``dtype``; None leaves it as it is."""
    return input if dtype is None or input.dtype == dtype else ops.cast(input, dtype)


def _softmax(x: Tensor, axis: int) -> Tensor:
    """exp(x) over its sum along ``axis``. Over a single element MindSpore's CPU gradient must never be taken: where it is the first of a rank that a
    process takes, all later ones of that rank are wrong."""
    if x.size == 0:
        return x
    if x.ndim == 0 or x.shape[axis] == 1:
        return ops.exp(x - x)
    return mint.softmax(x, axis)


def _sum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """torch.sum; the CPU kernel leaves memory unset where nothing is summed, so empty tensors are answered here."""
    if input.size:
        return mint.sum(input, dim, keepdim) if dim is not None else mint.sum(input)
    axes = _axes(dim, input.ndim)
    shape = tuple(1 if i in axes else n for i, n in enumerate(input.shape) if keepdim or i not in axes)
    return ops.zeros(shape, input.dtype if _category(input.dtype) >= 2 else mindspore.int64)


@ops.constexpr(check=False)
def _is_graph(function: Any) -> bool:
    """Whether a function has become a graph, which constants are not: what is computed beforehand is given None for it."""
    return function is None


def is_compiling() -> bool:
    """Whether the code runs as a graph that ``mindspore.jit`` makes of it (torch.compiler.is_compiling)."""

    def probe() -> int:
        return 0

    return bool(_is_graph(probe))


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim`` (F.softmax)."""
    x = _cast(input, dtype)
    return _softmax(x, _implicit_dim(x.ndim) if dim is None else dim)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of the softmax (F.log_softmax)."""
    x = _cast(input, dtype)
    if x.ndim == 0:
        return x - x
    axis = _implicit_dim(x.ndim) if dim is None else dim
    if 0 in x.shape:
        return x
    moved = ops.log_softmax(x.swapaxes(axis, -1), -1)
    return moved.swapaxes(axis, -1)


def softmax_of(input: Tensor, dim: int, dtype: Any = None, *, out: None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim`` (torch.softmax, whose third argument is the dtype)."""
    return softmax(input, dim, dtype=dtype)


def _implicit_dim(ndim: int) -> int:
    """The dimension that torch assumes where none is given."""
    return 0 if ndim in (0, 1, 3) else 1


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


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None) -> Tensor:
    """N(mean, std^2) restricted to [a, b] (torch.nn.init.trunc_normal_)."""
    random = _generator(generator)
    values = random.normal(mean, std, tensor.shape)
    outside = (values < a) | (values > b)
    for _ in range(200):
        if not outside.any():
            break
        values = np.where(outside, random.normal(mean, std, tensor.shape), values)
        outside = (values < a) | (values > b)
    return _fill(tensor, np.clip(values, a, b))


class GELU(nn.GELU):
    """torch.nn.GELU."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError("approximate argument must be either none or tanh.")
        super().__init__(approximate == "tanh")

    def construct(self, input: Tensor) -> Tensor:
        """x * Phi(x)."""
        return super().construct(input)


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


def embedding_table(rows: int, columns: int, padding_idx: int | None, dtype: Any) -> Tensor:
    """An N(0, 1) table whose padding row is zero."""
    table = initializer(initializers.Normal(1.0), (rows, columns), param_dtype(dtype)).init_data()
    if padding_idx is not None:
        table[padding_idx] = 0.0
    return table


def positive_index(padding_idx: int | None, rows: int) -> int | None:
    """``padding_idx`` counted from the start."""
    if padding_idx is None or 0 <= padding_idx < rows:
        return padding_idx
    if not -rows <= padding_idx < 0:
        raise ValueError("Padding_idx must be within num_embeddings")
    return padding_idx + rows


def look_up(table: Tensor, indices: Tensor, padding_idx: int | None) -> Tensor:
    """Rows of ``table``; the row ``padding_idx`` gets no gradient."""
    rows = ops.gather(table, indices, 0)
    if padding_idx is None:
        return rows
    padded = (indices == padding_idx).expand_dims(-1)
    return ops.select(padded.broadcast_to(rows.shape), ops.stop_gradient(rows), rows)


def checked_table(table: Tensor, indices: Tensor, max_norm: float | None, norm_type: float) -> Tensor:
    """``table``; with ``max_norm``, the rows that are looked up and longer are shortened first, in place and without gradient, as torch does."""
    if max_norm is None:
        return table
    values = table.asnumpy().copy()
    for i in np.unique(indices.asnumpy()):
        length = np.linalg.norm(values[i], norm_type)
        if length > max_norm:
            values[i] *= max_norm / (length + 1e-7)
    with mindspore._no_grad():
        table.copy_(Tensor(values))
    return table


def frequency_scaled(rows: Tensor, indices: Tensor) -> Tensor:
    """``rows``, whose gradient is divided by how often their index occurs."""
    numbers = indices.asnumpy()
    _, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    share = Tensor((1.0 / counts[places.reshape(numbers.shape)])[..., None], rows.dtype)
    return ops.stop_gradient(rows * (1 - share)) + rows * share


class Resets:
    """What torch's layers with parameters share: the method, and a call of it while a layer is made, which classes derived from them see."""

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        draw_anew(self)

    def reset_if_derived(self) -> None:
        """Call the derived class's own ``reset_parameters``; the layer's values are those that its own would draw."""
        if type(self).reset_parameters is not Resets.reset_parameters:
            self.reset_parameters()


class Embedding(nn.Embedding, Resets):
    """torch.nn.Embedding; the table is the parameter ``embedding_table``, as in MindSpore's layer."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        row = positive_index(padding_idx, num_embeddings)
        table = embedding_table(num_embeddings, embedding_dim, row, dtype) if _weight is None else _weight
        super().__init__(num_embeddings, embedding_dim, embedding_table="zeros", dtype=table.dtype)
        self.embedding_table = Parameter(table, name="embedding_table", requires_grad=not _freeze)
        self.padding_idx = row
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.reset_if_derived()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An embedding whose table is ``embeddings`` (rows, columns), not trained where ``freeze``."""
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def construct(self, input: Tensor) -> Tensor:
        """Indices of any shape (*) -> (*, embedding_dim)."""
        rows = look_up(checked_table(self.embedding_table, input, self.max_norm, self.norm_type), input, self.padding_idx)
        return frequency_scaled(rows, input) if self.scale_grad_by_freq else rows

    @property
    def weight(self) -> Any:
        """The table, by torch's name, for code that is given the layer."""
        return self.embedding_table


def keeper(cell: nn.Cell) -> nn.Cell:
    """The layer that has the weights: MindSpore's BatchNorm3d wraps another, which torch's has not."""
    return cell.bn2d if isinstance(cell, nn.BatchNorm3d) else cell


def children_in_torch(cell: nn.Cell) -> dict[str, Any]:
    """The children of a layer by name, without one that torch's layer has not."""
    return {name: child for name, child in cell._cells.items() if child is None or child is not keeper(cell)}


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


def keep_constant(layer: Any, affine: bool, bias: bool) -> None:
    """Freeze the scale and shift that torch's layer does not have; ``named_parameters`` leaves them out."""
    layer.constant_parameters = () if affine and bias else ("beta",) if affine else ("gamma", "beta")
    layer.gamma.requires_grad, layer.beta.requires_grad = affine, affine and bias


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


def normalized_axes(normalized_shape: Any) -> tuple[int, ...]:
    """``normalized_shape`` as a tuple."""
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(nn.LayerNorm, NormNames, Resets):
    """torch.nn.LayerNorm over the trailing axes ``normalized_shape``."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        shape = normalized_axes(normalized_shape)
        super().__init__(shape, -len(shape), -len(shape), epsilon=eps, dtype=param_dtype(dtype))
        self.elementwise_affine = elementwise_affine
        keep_constant(self, elementwise_affine, bias)
        self.reset_if_derived()

    def construct(self, input: Tensor) -> Tensor:
        """(*, *normalized_shape) -> the same shape."""
        # The kernel accepts -1 as its only negative axis.
        axis = input.ndim - len(self.normalized_shape)
        gamma, beta = self.gamma.astype(input.dtype), self.beta.astype(input.dtype)
        return ops.LayerNorm(axis, axis, self.epsilon)(input, gamma, beta)[0]


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, out: None = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Values from start up to end in steps; int64 unless a float is given (torch.arange)."""
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in ((0, start, step) if end is None else (start, end, step)))
    if dtype is None:
        dtype = mindspore.float32 if any(isinstance(v, float) for v in (start, end, step)) else mindspore.int64
    if dtype == mindspore.int64:
        start, end, step = int(start), int(end), int(step)  # other integer types are counted before they are cut off
    count = max(math.ceil((end - start) / step), 0)
    if _category(dtype) < 2:
        start, step = int(start), int(step)
    values = start + np.arange(count) * step
    return Tensor(values.astype(np.float64 if isinstance(start + step, float) else np.int64)).astype(dtype)


def einsum(*args: Any) -> Tensor:
    """Sums of products in Einstein's notation, contracted from left to right by batched matrix products (torch.einsum)."""
    equation, operands = _einsum_arguments(args)
    inputs, output = _einsum_labels(equation, [t.ndim for t in operands])
    terms = [_einsum_diagonal(t, labels) for t, labels in zip(operands, inputs)]
    tensor, labels = terms[0]
    for i, (other, other_labels) in enumerate(terms[1:], 2):
        later = output + "".join([term_labels for _, term_labels in terms[i:]])
        tensor, labels = _einsum_pair(tensor, labels, other, other_labels, later)
    extra, order = _einsum_output(labels, output)
    tensor = _sum(tensor, extra) if extra else tensor
    return mint.permute(tensor, order) if order != tuple(range(len(order))) else tensor


@ops.constexpr
def _einsum_output(labels: str, output: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which dimensions are summed at last, and in which order the others stand in the result."""
    kept = "".join(label for label in labels if label in output)
    return tuple(i for i, label in enumerate(labels) if label not in output), tuple(kept.index(label) for label in output)


def _einsum_arguments(args: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """Equation and operands, also from the form with lists of numbers."""
    if isinstance(args[0], str):
        return args[0], list(args[1]) if len(args) == 2 and isinstance(args[1], (list, tuple)) else list(args[1:])

    def spell(numbers: Sequence[Any]) -> str:
        return "".join("..." if n is Ellipsis else string.ascii_letters[n] for n in numbers)

    equation = ",".join(spell(numbers) for numbers in args[1::2][: len(args) // 2])
    return (equation + "->" + spell(args[-1]) if len(args) % 2 else equation), list(args[0 : len(args) - len(args) % 2 : 2])


@ops.constexpr
def _einsum_labels(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """One letter per dimension of each operand and of the result, the ellipsis spelled out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    free = [c for c in string.ascii_letters if c not in equation]
    widths = [rank - len(part.replace("...", "")) for part, rank in zip(parts, ranks)]
    dots = "".join(free[: max((w for w, p in zip(widths, parts) if "..." in p), default=0)])
    inputs = [p.replace("...", dots[len(dots) - w :]) for p, w in zip(parts, widths)]
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        right = ("..." if dots else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return inputs, right.replace("...", dots)


def _einsum_diagonal(tensor: Tensor, labels: str) -> tuple[Tensor, str]:
    """Repeated labels of one operand replaced by the diagonal."""
    pairs, labels = _einsum_repeats(labels)
    for a, b in pairs:
        tensor = ops.diagonal(tensor, 0, a, b)
    return tensor, labels


@ops.constexpr
def _einsum_repeats(labels: str) -> tuple[tuple[tuple[int, int], ...], str]:
    """The pairs of dimensions to take diagonals of, one after the other, and the labels that are left."""
    pairs: tuple[tuple[int, int], ...] = ()
    for label in sorted(set(labels)):
        while labels.count(label) > 1:
            a = labels.index(label)
            b = labels.index(label, a + 1)
            pairs = (*pairs, (a, b))
            labels = labels[:a] + labels[a + 1 : b] + labels[b + 1 :] + label
    return pairs, labels


def _einsum_pair(x: Tensor, x_labels: str, y: Tensor, y_labels: str, keep: str) -> tuple[Tensor, str]:
    """Contract two operands: labels of both that are not needed later are summed, the others are batch dimensions."""
    x, x_labels = _einsum_reduce(x, x_labels, keep + y_labels)
    y, y_labels = _einsum_reduce(y, y_labels, keep + x_labels)
    left, right, shape, labels, sums = _einsum_plan(x_labels, x.shape, y_labels, y.shape, keep)
    x, y = _einsum_matrix(x, left), _einsum_matrix(y, right)
    return (mint.matmul(x, y) if sums else x * y).reshape(shape), labels


@ops.constexpr
def _einsum_plan(x_labels: str, x_shape: tuple[int, ...], y_labels: str, y_shape: tuple[int, ...], keep: str) -> Any:
    """How two operands become (batch, rows, columns): for each the order of its dimensions, their sizes, and those merged; then the shape and the
    labels of the product, and whether anything is summed."""
    size: dict[str, int] = {}
    for label, n in (*zip(x_labels, x_shape), *zip(y_labels, y_shape)):
        size[label] = n if size.get(label, 1) == 1 else size[label]
    batch = "".join(c for c in x_labels if c in y_labels and c in keep)
    summed = "".join(c for c in x_labels if c in y_labels and c not in keep)
    mine = "".join(c for c in x_labels if c not in y_labels)
    other = "".join(c for c in y_labels if c not in x_labels)
    layouts = [
        (
            tuple(labels.index(c) for c in "".join(groups)),
            tuple(size[c] for c in "".join(groups)),
            tuple(math.prod(size[c] for c in group) for group in groups),
        )
        for labels, groups in ((x_labels, (batch, mine, summed)), (y_labels, (batch, summed, other)))
    ]
    result = batch + mine + other
    return layouts[0], layouts[1], tuple(size[c] for c in result), result, len(summed) > 0


def _einsum_reduce(tensor: Tensor, labels: str, keep: str) -> tuple[Tensor, str]:
    """Dimensions whose labels are not in ``keep`` summed."""
    axes, kept = _einsum_axes(labels, keep)
    return (_sum(tensor, axes) if axes else tensor), kept


@ops.constexpr
def _einsum_axes(labels: str, keep: str) -> tuple[tuple[int, ...], str]:
    """Which dimensions are not in ``keep``, and the labels of the others."""
    return tuple(i for i, c in enumerate(labels) if c not in keep), "".join(c for c in labels if c in keep)


def _einsum_matrix(tensor: Tensor, layout: Any) -> Tensor:
    """Dimensions ordered, broadcast and merged into (batch, rows, columns)."""
    order, sizes, merged = layout
    tensor = mint.permute(tensor, order) if order != tuple(range(len(order))) else tensor
    return (ops.broadcast_to(tensor, sizes) if tensor.shape != sizes else tensor).reshape(merged)


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
