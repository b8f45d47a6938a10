"""torch.func and torch.autograd.functional: derivatives of functions of tensors, and of dictionaries and sequences of them, by
``mindspore.value_and_grad``.

``mindspore.jvp``, ``jacrev`` and ``jacfwd`` compile their function; here it runs as plain Python, as in torch. Only reverse mode is used: a
directional derivative and a Jacobian have a backward pass for each element of the output.

MindSpore 2.10 loses terms of a derivative of a derivative, in silence, behind vector-matrix products, broadcasts, and tensors that were reduced to
have no dimensions (``x.sum() ** 2``, ``x @ m``). So a derivative whose function took derivatives itself is compared with differences along one
direction, and a warning says where the two disagree.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Final

import numpy as np
from mindspore import Tensor, nn, ops

from ._common import _unspoilt_grads
from .nn_module import keeper, layer_name, named_buffers, named_parameters


def _tree_leaves(tree: Any) -> list[Any]:
    """The tensors and other values in nested dictionaries, lists and tuples, in order."""
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in _tree_leaves(item)]
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in _tree_leaves(item)]
    return [tree]


def _tree_filled(tree: Any, leaves: Iterator[Any]) -> Any:
    """The same structure with other leaves."""
    if isinstance(tree, dict):
        return type(tree)((key, _tree_filled(item, leaves)) for key, item in tree.items())
    if isinstance(tree, (list, tuple)):
        items = [_tree_filled(item, leaves) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return next(leaves)


def _tree_map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """``function`` of each leaf, and of those at its place in other trees."""
    columns = [_tree_leaves(tree), *(_tree_leaves(other) for other in others)]
    return _tree_filled(tree, iter([function(*row) for row in zip(*columns, strict=True)]))


class _Level:
    """A derivative that is being taken: whether its function takes derivatives itself."""

    def __init__(self) -> None:
        self.is_nested = False


_LEVEL: Final[ContextVar[_Level | None]] = ContextVar("level", default=None)


@contextmanager
def _one_level() -> Iterator[_Level]:
    """Marks the level around as nested."""
    around, level = _LEVEL.get(), _Level()
    if around is not None:
        around.is_nested = True
    token = _LEVEL.set(level)
    try:
        yield level
    finally:
        _LEVEL.reset(token)


def _tree_gradients(objective: Callable[[Any], Tensor], tree: Any) -> Any:
    """The gradients of a number that ``objective`` computes from a tree of tensors, in the tree's structure."""
    with _one_level() as level:
        grads = _plain_gradients(objective, tree)
    if level.is_nested:
        _warn_if_doubtful(objective, tree, grads)
    return grads


def _plain_gradients(objective: Callable[[Any], Tensor], tree: Any) -> Any:
    values = [leaf * 1 for leaf in _tree_leaves(tree)]  # what the function knows by another way is a constant
    return _tree_filled(tree, iter(_unspoilt_grads(lambda *given: objective(_tree_filled(tree, iter(given))), values)))


def _warn_if_doubtful(objective: Callable[[Any], Tensor], tree: Any, grads: Any) -> None:
    """Compares with differences of two widths along one direction; where those agree with each other and not with the gradients, a warning says
    so."""
    leaves = [ops.stop_gradient(leaf) for leaf in _tree_leaves(tree)]
    along = [Tensor(np.cos(np.arange(leaf.size) + 1.0).reshape(leaf.shape), leaf.dtype) for leaf in leaves]
    slope = sum(float((g * d).sum()) for g, d in zip(_tree_leaves(grads), along, strict=True))

    def value(step: float) -> float:
        with _one_level():
            return float(objective(_tree_filled(tree, iter([leaf + step * d for leaf, d in zip(leaves, along, strict=True)]))))

    wide, narrow = [(value(step) - value(-step)) / (2 * step) for step in (2e-2, 1e-2)]
    size = max(abs(wide), abs(narrow), abs(slope))
    if abs(wide - narrow) < 0.02 * size and abs(narrow - slope) > 0.1 * size + 1e-3:
        warnings.warn(
            "a derivative of a derivative lacks terms: MindSpore loses them at vector-matrix products, broadcasts and numbers", stacklevel=2
        )


def _selected(args: Sequence[Any], argnums: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """The positions that ``argnums`` names, counted from the front, and the arguments there."""
    positions = tuple(number % len(args) for number in ((argnums,) if isinstance(argnums, int) else argnums))
    return positions, tuple(args[position] for position in positions)


def _with_arguments(args: Sequence[Any], positions: Sequence[int], values: Sequence[Any]) -> list[Any]:
    new = dict(zip(positions, values, strict=True))
    return [new.get(position, value) for position, value in enumerate(args)]


def _with_aux(func: Callable[..., Any], has_aux: bool, kept: list[Any]) -> Callable[..., Any]:
    """``func`` without its auxiliary output; both are kept."""

    def main(*args: Any, **kwargs: Any) -> Any:
        output = func(*args, **kwargs)
        if has_aux and not (isinstance(output, tuple) and len(output) == 2):
            raise RuntimeError("output of function with has_aux=True should be a tuple (output, aux)")
        kept[:] = output if has_aux else (output, None)
        return kept[0]

    return main


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function of the gradients and the value of ``func``, which gives a number (torch.func.grad_and_value)."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        positions, chosen = _selected(args, argnums)
        kept: list[Any] = []
        main = _with_aux(func, has_aux, kept)

        def objective(values: Any) -> Tensor:
            output = main(*_with_arguments(args, positions, values), **kwargs)
            if not isinstance(output, Tensor) or output.ndim:
                raise RuntimeError("Expected f(*args) to return a scalar tensor")
            return output

        grads = _tree_gradients(objective, chosen)
        return (grads[0] if isinstance(argnums, int) else grads), (tuple(kept) if has_aux else kept[0])

    return wrapped


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function of the gradients of ``func``, which gives a number (torch.func.grad)."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        grads, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapped


def _weighted_sum(output: Any, weights: Any) -> Tensor:
    """The sum of products of the leaves of two trees."""
    first, *others = [(x * w.astype(x.dtype)).sum() for x, w in zip(_tree_leaves(output), _tree_leaves(weights), strict=True)]
    return sum(others, first)


def _pulled_back(func: Callable[..., Any], primals: tuple[Any, ...], cotangents: Any) -> Any:
    return _tree_gradients(lambda values: _weighted_sum(func(*values), cotangents), primals)


def _pushed_forward(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], output: Any) -> Any:
    """The derivative along ``tangents``: the rows of the Jacobian times these."""
    rows = _jacobian_of(func, primals, output)
    moved = [
        sum(
            (part.reshape((*leaf.shape, -1)) * tangent.reshape(-1)).sum(-1)
            for part, tangent in zip(_tree_leaves(row), _tree_leaves(tangents), strict=True)
        )
        for leaf, row in zip(_tree_leaves(output), rows, strict=True)
    ]
    return _tree_filled(output, iter(moved))


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The output, the function that pulls cotangents of it back to the inputs, and the auxiliary output if there is one (torch.func.vjp)."""
    kept: list[Any] = []
    output = _with_aux(func, has_aux, kept)(*primals)
    aux = kept[1]
    main = _with_aux(func, has_aux, [])

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        return _pulled_back(main, primals, cotangents)

    return (output, pull, aux) if has_aux else (output, pull)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """The output, its derivative along ``tangents``, and the auxiliary output if there is one (torch.func.jvp)."""
    kept: list[Any] = []
    output = _with_aux(func, has_aux, kept)(*primals)
    aux = kept[1]
    pushed = _pushed_forward(_with_aux(func, has_aux, []), tuple(primals), tuple(tangents), output)
    return (output, pushed, aux) if has_aux else (output, pushed)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The output, and the function of tangents that is the derivative at ``primals`` (torch.func.linearize)."""
    output = func(*primals)
    return output, lambda *tangents: _pushed_forward(func, primals, tangents, output)


def _element_of(function: Callable[..., Any], leaf: int, index: int) -> Callable[[Any], Tensor]:
    """A function of one element of one leaf of what ``function`` gives; a product, since a derivative of an index has none of its own."""

    def element(values: Any) -> Tensor:
        flat = _tree_leaves(function(*values))[leaf].reshape(-1)
        return (flat * Tensor(np.arange(flat.size) == index, flat.dtype)).sum()

    return element


def _sum_of(function: Callable[..., Any], leaf: int) -> Callable[[Any], Tensor]:
    return lambda values: _tree_leaves(function(*values))[leaf].sum()


def _jacobian_of(function: Callable[..., Any], chosen: tuple[Any, ...], output: Any) -> list[Any]:
    """For each leaf of the output, the tree of its derivatives by ``chosen``: shapes are those of the output's leaf, then of the input's."""
    rows = []
    for number, leaf in enumerate(_tree_leaves(output)):
        with _one_level() as level:
            grads = [_plain_gradients(_element_of(function, number, index), chosen) for index in range(leaf.size)]
        columns = [[_tree_leaves(grad)[column] for grad in grads] for column in range(len(_tree_leaves(chosen)))]
        shapes = [tuple(leaf.shape) + tuple(x.shape) for x in _tree_leaves(chosen)]
        stacked = [
            ops.stack(parts).reshape(shape) if parts else ops.zeros(shape, leaf.dtype) for parts, shape in zip(columns, shapes, strict=True)
        ]
        rows.append(_tree_filled(chosen, iter(stacked)))
        if level.is_nested and columns[0]:
            total = _tree_filled(chosen, iter([sum(parts[1:], parts[0]) for parts in columns]))
            _warn_if_doubtful(_sum_of(function, number), chosen, total)
    return rows


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function of the Jacobian of ``func``, in the structure of its output with that of the arguments inside (torch.func.jacrev)."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        positions, chosen = _selected(args, argnums)
        kept: list[Any] = []
        output = _with_aux(func, has_aux, kept)(*args, **kwargs)
        aux = kept[1]
        main = _with_aux(func, has_aux, [])
        rows = _jacobian_of(lambda *values: main(*_with_arguments(args, positions, values), **kwargs), chosen, output)
        result = _tree_filled(output, iter([row[0] if isinstance(argnums, int) else row for row in rows]))
        return (result, aux) if has_aux else result

    return wrapped


def jacfwd(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error") -> Callable[..., Any]:
    """The same as ``jacrev``, which it equals in everything but the way of computing it (torch.func.jacfwd)."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """A function of the second derivatives of ``func`` (torch.func.hessian)."""
    return jacrev(jacrev(func, argnums), argnums)


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: what it changes in place is no hindrance here (torch.func.functionalize)."""
    return func


@contextmanager
def _state_replaced(cell: nn.Cell, name: str, value: Tensor) -> Iterator[None]:
    """A parameter or buffer of a cell stands for ``value`` inside."""
    own = layer_name(cell, name)
    where = next((kind for kind in (cell._params, keeper(cell)._params, getattr(cell, "_buffers", {}), cell.__dict__) if own in kind), None)
    if where is None:
        raise KeyError(f"{type(cell).__name__} has no parameter or buffer {name}")
    earlier = where[own]
    where[own] = value
    try:
        yield
    finally:
        where[own] = earlier


def _merged(parameter_and_buffer_dicts: Any) -> dict[str, Tensor]:
    if isinstance(parameter_and_buffer_dicts, dict):
        return parameter_and_buffer_dicts
    given: dict[str, Tensor] = {}
    for one in parameter_and_buffer_dicts:
        if given.keys() & one.keys():
            raise ValueError(
                f"{sorted(given.keys() & one.keys())} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        given |= one
    return given


def _tied(module: nn.Cell, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Also the other names of parameters that several modules share."""
    every = [*named_parameters(module, remove_duplicate=False), *named_buffers(module, remove_duplicate=False)]
    values = {id(own): given[name] for name, own in every if name in given}
    return {name: values[id(own)] for name, own in every if id(own) in values} | given


def functional_call(
    module: nn.Cell,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module`` of ``args`` with other values of its parameters and buffers (torch.func.functional_call)."""
    given = _merged(parameter_and_buffer_dicts)
    if strict:
        own = {name for name, _ in (*named_parameters(module), *named_buffers(module))}
        if own != given.keys():
            raise RuntimeError(f"missing keys: {sorted(own - given.keys())}, unexpected keys: {sorted(given.keys() - own)}")
    for _, cell in module.cells_and_names():
        if not (cell._init_flag or cell._is_check_and_refresh):  # what a cell does before its first call takes parameters alone
            cell._init_check()
            cell._self_check()
    with ExitStack() as stack:
        for path, value in (_tied(module, given) if tie_weights else given).items():
            owner, _, name = path.rpartition(".")
            cell = module
            for part in filter(None, owner.split(".")):
                cell = getattr(cell, part) if not part.isdigit() else cell[int(part)]
            stack.enter_context(_state_replaced(cell, name, value))
        inputs = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*inputs, **(kwargs or {}))


def stack_module_state(models: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters, and the buffers, of models of one kind, stacked along a new first dimension (torch.func.stack_module_state)."""
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters, buffers = [dict(named_parameters(model)) for model in models], [dict(named_buffers(model)) for model in models]
    return _stacked_states(parameters), _stacked_states(buffers)


def _stacked_states(states: list[dict[str, Any]]) -> dict[str, Tensor]:
    return {name: ops.stack([ops.stop_gradient(state[name]) for state in states]) for name in states[0]}


def _as_inputs(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _like_inputs(inputs: Any, values: Iterable[Any]) -> Any:
    """A tensor for a tensor, else a tuple."""
    found = tuple(values)
    return found if isinstance(inputs, (tuple, list)) else found[0]


def _detached(tree: Any, create_graph: bool) -> Any:
    return tree if create_graph else _tree_map(ops.stop_gradient, tree)


def _direction(v: Any, of: Any, what: str) -> tuple[Any, ...]:
    """The given vector, or 1 where there is but one element."""
    if v is not None:
        return _as_inputs(v)
    if len(_as_inputs(of)) != 1 or _as_inputs(of)[0].size != 1:
        raise RuntimeError(f"The vector v can only be None if the {what} is a single Tensor with one element")
    return (ops.ones_like(_as_inputs(of)[0]),)


def autograd_vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and v J (torch.autograd.functional.vjp)."""
    output = func(*_as_inputs(inputs))
    weights = _direction(v, output, "output of the user-provided function")
    grads = _pulled_back(lambda *values: _as_inputs(func(*values)), _as_inputs(inputs), weights)
    return _detached((output, _like_inputs(inputs, grads)), create_graph)


def autograd_jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and J v (torch.autograd.functional.jvp)."""
    output = func(*_as_inputs(inputs))
    tangents = _direction(v, inputs, "input to the user-provided function")
    return _detached((output, _pushed_forward(func, _as_inputs(inputs), tangents, output)), create_graph)


def autograd_jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivative of each output by each input, in tuples where there are several (torch.autograd.functional.jacobian)."""
    output = func(*_as_inputs(inputs))
    rows = _jacobian_of(func, _as_inputs(inputs), output)
    return _detached(_like_inputs(output, (_like_inputs(inputs, row) for row in rows)), create_graph)


def autograd_hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a number, in tuples of tuples where there are several inputs (torch.autograd.functional.hessian)."""

    def gradients(*values: Any) -> Any:
        grads = _tree_gradients(lambda given: func(*given).reshape(()), values)
        return _like_inputs(inputs, grads)

    return autograd_jacobian(gradients, inputs, create_graph)


def autograd_vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output, and the vector times the second derivatives (torch.autograd.functional.vhp, and hvp, which is its transpose)."""
    chosen = _as_inputs(inputs)
    weights = _direction(v, inputs, "input to the user-provided function")
    product = _pulled_back(lambda *values: _tree_gradients(lambda given: func(*given).reshape(()), values), chosen, weights)
    return _detached((func(*chosen), _like_inputs(inputs, product)), create_graph)
