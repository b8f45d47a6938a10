"""Parameters that are computed from others: torch.nn.utils.parametrize, parametrizations, weight_norm and spectral_norm.

As in torch, the module is given a class of its own, derived from the one it had, in which the parameter's name is a property. So whatever
reads ``module.weight`` gets the computed tensor, gradients flow to what it is computed from, and no hook is needed. The originals go by
torch's names (``parametrizations.weight.original0``, ``weight_g``), hence checkpoints pair by path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ContextDecorator
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from .nn_container import ModuleDict, ModuleList, children_of
from .nn_module import LAYER_NAMES, is_buffer


@dataclass(frozen=True, slots=True)
class Computed:
    """How an attribute is read and assigned, and what happens before each call of the module in training."""

    get: Callable[[Any], Tensor]
    set: Callable[[Any, Any], None]
    before: Callable[[Any], None] | None = None


def computed_tensors(module: nn.Cell) -> Mapping[str, Computed]:
    """The attributes of ``module`` that are computed."""
    computed: Mapping[str, Computed] = getattr(type(module), "computed", {})
    return computed


def held_name(module: nn.Cell, name: str) -> str:
    """Under which name a layer of MindSpore keeps torch's parameter ``name``; raises ValueError where it has none."""
    computed = computed_tensors(module)
    for candidate in (name, *LAYER_NAMES.get(name, ())):
        if module._params.get(candidate) is not None or candidate in computed:
            return candidate
    raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{name}'")


def set_computed(module: nn.Cell, computed: Mapping[str, Computed], prefix: str = "") -> None:
    """Give ``module`` the class in which exactly the attributes ``computed`` are computed; its plain class where there are none."""
    plain: Any = getattr(type(module), "plain_class", type(module))
    if not computed:
        module.__class__ = plain
        return

    def assign(self: Any, name: str, value: Any) -> None:
        if name in computed:
            computed[name].set(self, value)
        else:
            plain.__setattr__(self, name, value)

    members: dict[str, Any] = {name: property(entry.get) for name, entry in computed.items()}
    members.update(plain_class=plain, computed=dict(computed), __setattr__=assign, __module__=plain.__module__, __doc__=plain.__doc__)
    steps = [entry.before for entry in computed.values() if entry.before is not None]
    if steps:

        def construct(self: Any, *args: Any, **kwargs: Any) -> Any:
            for step in steps if self.training else ():
                step(self)
            return plain.construct(self, *args, **kwargs)

        members["construct"] = construct
    module.__class__ = type(prefix + plain.__name__, (plain,), members)


def put_parameter(module: nn.Cell, name: str, value: Tensor, like: Parameter, old: str) -> Parameter:
    """Add the parameter ``name``; its full name and ``requires_grad`` follow the parameter ``like``, whose own name was ``old``."""
    parameter = Parameter(Tensor(value.asnumpy()), name=like.name.removesuffix(old) + name, requires_grad=like.requires_grad)
    module._params[name] = parameter
    return parameter


def put_buffer(module: nn.Cell, name: str, value: Any, dtype: Any) -> None:
    """Add a persistent buffer."""
    module._params[name] = Parameter(Tensor(value, dtype), name=name, requires_grad=False)
    module.persistent_buffers = (*module.__dict__.get("persistent_buffers", ()), name)


def refuse_assignment(module: nn.Cell, value: Any) -> None:
    """A normalised weight is changed through what it is computed from."""
    raise RuntimeError("the weight is computed from other parameters: assign to those")


def settle(module: nn.Cell, own: str, sources: Sequence[str]) -> None:
    """Make the computed attribute ``own`` a parameter of its present value; ``sources``, which it was computed from, go."""
    value = getattr(module, own)
    removed = [module._params.pop(source) for source in sources]
    module.persistent_buffers = tuple(entry for entry in module.__dict__.get("persistent_buffers", ()) if entry not in sources)
    set_computed(module, {name: entry for name, entry in computed_tensors(module).items() if name != own})
    put_parameter(module, own, value, removed[0], sources[0])


def norm_except(v: Tensor, dim: int | None) -> Tensor:
    """The Euclidean norm over all axes but ``dim``, which keep length 1; over all of them where it is None or -1 (torch.norm_except_dim)."""
    if dim is None or dim == -1:
        return ops.sqrt((v * v).sum())
    axes = tuple(axis for axis in range(v.ndim) if axis != dim)
    return ops.sqrt((v * v).sum(axes, keepdims=True))


def in_torch_layout(module: nn.Cell, own: str, value: Tensor) -> Tensor:
    """``value`` as torch lays it out: MindSpore's one-dimensional convolutions have an axis of length 1 before the kernel's."""
    return value.squeeze(2) if own == "weight" and isinstance(module, (nn.Conv1d, nn.Conv1dTranspose)) else value


def in_own_layout(module: nn.Cell, own: str, value: Tensor) -> Tensor:
    """The inverse of ``in_torch_layout``."""
    return value.expand_dims(2) if own == "weight" and isinstance(module, (nn.Conv1d, nn.Conv1dTranspose)) else value


def weight_norm(module: nn.Cell, name: str = "weight", dim: int | None = 0) -> nn.Cell:
    """torch.nn.utils.weight_norm: w = g v / |v| (Salimans and Kingma, 2016), of the parameters ``<name>_g`` and ``<name>_v``."""
    own = held_name(module, name)
    if own in computed_tensors(module):
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    old = module._params.pop(own)
    weight = in_torch_layout(module, own, old.value())
    put_parameter(module, f"{name}_g", norm_except(weight, dim), old, own)
    put_parameter(module, f"{name}_v", weight, old, own)

    def normalized(self: Any) -> Tensor:
        v = getattr(self, f"{name}_v")
        return in_own_layout(self, own, v * (getattr(self, f"{name}_g") / norm_except(v, dim)))

    set_computed(module, {**computed_tensors(module), own: Computed(normalized, refuse_assignment)})
    return module


def remove_weight_norm(module: nn.Cell, name: str = "weight") -> nn.Cell:
    """torch.nn.utils.remove_weight_norm: the present weight becomes an ordinary parameter."""
    if f"{name}_g" not in module._params:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    settle(module, held_name(module, name), (f"{name}_v", f"{name}_g"))
    return module


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """``weight`` as a matrix whose rows are axis ``dim``."""
    if dim != 0:
        weight = weight.transpose((dim, *(d for d in range(weight.ndim) if d != dim)))
    return weight.reshape(weight.shape[0], -1)


def output_axis(module: nn.Cell, dim: int | None) -> int:
    """The axis of output features: the second of a transposed convolution, else the first."""
    if dim is not None:
        return dim
    return 1 if any("Transpose" in cls.__name__ for cls in type(module).__mro__) else 0


def unit(vector: Any, eps: float) -> Any:
    """``vector`` over its length."""
    return vector / max(float(np.linalg.norm(vector)), eps)


def random_unit(size: int, eps: float) -> Any:
    """A random direction, drawn from MindSpore's generator."""
    return unit(ops.randn(size).asnumpy(), eps)


def largest_value(matrix: Tensor, u: Parameter, v: Parameter) -> Tensor:
    """u^T M v: the largest singular value where ``u`` and ``v`` are its vectors, which are constants for the gradient."""
    left, right = ops.stop_gradient(u * 1), ops.stop_gradient(v * 1)  # copies: the next step changes the vectors
    return (left * ops.matmul(matrix, right.reshape(-1, 1)).reshape(-1)).sum()


def spectral_norm(
    module: nn.Cell, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> nn.Cell:
    """torch.nn.utils.spectral_norm: w / sigma(w) (Miyato et al., 2018); each call in training improves the estimate of sigma."""
    if n_power_iterations <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
    own, axis = held_name(module, name), output_axis(module, dim)
    if own in computed_tensors(module):
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    old = module._params.pop(own)
    original = put_parameter(module, f"{name}_orig", in_torch_layout(module, own, old.value()), old, own)
    rows, columns = as_matrix(original, axis).shape
    put_buffer(module, f"{name}_u", random_unit(rows, eps), original.dtype)
    put_buffer(module, f"{name}_v", random_unit(columns, eps), original.dtype)

    def normalized(self: Any) -> Tensor:
        weight = getattr(self, f"{name}_orig")
        sigma = largest_value(as_matrix(weight, axis), getattr(self, f"{name}_u"), getattr(self, f"{name}_v"))
        return in_own_layout(self, own, weight / sigma)

    def iterate(self: Any) -> None:
        u, v = getattr(self, f"{name}_u"), getattr(self, f"{name}_v")
        matrix, left, right = as_matrix(getattr(self, f"{name}_orig"), axis).asnumpy(), u.asnumpy(), v.asnumpy()
        for _ in range(n_power_iterations):
            right = unit(matrix.T @ left, eps)
            left = unit(matrix @ right, eps)
        u.set_data(Tensor(left, u.dtype))
        v.set_data(Tensor(right, v.dtype))

    set_computed(module, {**computed_tensors(module), own: Computed(normalized, refuse_assignment, iterate)})
    return module


def remove_spectral_norm(module: nn.Cell, name: str = "weight") -> nn.Cell:
    """torch.nn.utils.remove_spectral_norm: the present weight becomes an ordinary parameter."""
    if f"{name}_orig" not in module._params:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    settle(module, held_name(module, name), (f"{name}_orig", f"{name}_u", f"{name}_v"))
    return module


def inverted(modules: Sequence[nn.Cell], value: Any, required: bool) -> Any:
    """``value`` through the right inverses of ``modules``, last first; one that has none is the identity, unless inverses are ``required``."""
    for module in reversed(modules):
        if not hasattr(module, "right_inverse") and required:
            raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
        if hasattr(module, "right_inverse"):
            try:
                value = module.right_inverse(value)
            except NotImplementedError:
                if required:
                    raise
    return value


def check_unchanged(result: Tensor, shape: Sequence[int], dtype: Any) -> None:
    """A parametrization must keep shape and dtype, unless it is registered as unsafe."""
    if tuple(result.shape) != tuple(shape) or result.dtype != dtype:
        raise ValueError("Registering a parametrization may not change the shape or dtype of the tensor, unless `unsafe` is set")


class ParametrizationList(ModuleList):
    """torch.nn.utils.parametrize.ParametrizationList: the parametrizations of a tensor, and the tensors that they start from."""

    plain_class = None

    def __init__(self, modules: Sequence[nn.Cell], original: Any, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = tuple(original.shape), original.dtype
        new = inverted(children_of(self), Tensor(original.asnumpy()), required=False)
        self.is_tensor = isinstance(new, Tensor)
        self.names = ("original",) if self.is_tensor else tuple(f"original{i}" for i in range(len(new)))
        for name, value in zip(self.names, (new,) if self.is_tensor else new):
            self.hold(name, value, original)
        if not unsafe:
            check_unchanged(self.construct(), shape, dtype)

    def hold(self, name: str, value: Tensor, original: Parameter) -> None:
        """Keep ``value``; a single original stays the parameter that it was, so that an optimizer keeps it."""
        if self.is_tensor:
            original.set_data(Tensor(value.asnumpy()))
            self._params[name] = original
        else:
            self._params[name] = Parameter(Tensor(value.asnumpy()), name=name, requires_grad=original.requires_grad)

    def right_inverse(self, value: Tensor) -> None:
        """Store what the parametrizations make ``value`` of."""
        new = inverted(children_of(self), value, required=True)
        for name, tensor in zip(self.names, (new,) if self.is_tensor else new):
            self._params[name].set_data(Tensor(tensor.asnumpy()))

    def construct(self) -> Tensor:
        """The parametrized tensor."""
        first, *others = children_of(self)
        result = first(*(self._params[name] for name in self.names))
        for module in others:
            result = module(result)
        return result


def register_parametrization(module: nn.Cell, tensor_name: str, parametrization: nn.Cell, *, unsafe: bool = False) -> nn.Cell:
    """torch.nn.utils.parametrize.register_parametrization: reading the tensor gives ``parametrization`` of what it was."""
    own = held_name(module, tensor_name)
    parametrization.set_train(module.training)
    if is_parametrized(module, tensor_name):
        entries = module.parametrizations[tensor_name]
        if not unsafe:
            present = in_torch_layout(module, own, getattr(module, own))
            check_unchanged(parametrization(present), present.shape, present.dtype)
        entries.append(parametrization)
        entries.unsafe = entries.unsafe or unsafe
        return module
    original, buffer = module._params[own], is_buffer(module, own)
    prefix = original.name.removesuffix(own)
    if in_torch_layout(module, own, original) is not original:
        original = Parameter(in_torch_layout(module, own, original.value()), name=original.name, requires_grad=original.requires_grad)
    entries = ParametrizationList([parametrization], original, unsafe)
    entries.persistent_buffers = entries.names if buffer else ()
    del module._params[own]
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = entries
    for path, parameter in entries.parameters_and_names():
        parameter.name = f"{prefix}parametrizations.{tensor_name}.{path}"

    def read(self: Any) -> Tensor:
        return in_own_layout(self, own, self.parametrizations[tensor_name]())

    def assign(self: Any, value: Tensor) -> None:
        self.parametrizations[tensor_name].right_inverse(in_torch_layout(self, own, value))

    set_computed(module, {**computed_tensors(module), own: Computed(read, assign)}, "Parametrized")
    return module


def is_parametrized(module: nn.Cell, tensor_name: str | None = None) -> bool:
    """torch.nn.utils.parametrize.is_parametrized: whether the tensor, or any tensor, of ``module`` has a parametrization."""
    parametrizations = module._cells.get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: nn.Cell, tensor_name: str, leave_parametrized: bool = True) -> nn.Cell:
    """torch.nn.utils.parametrize.remove_parametrizations: the tensor is a parameter again, of its present or its original value."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    own, entries = held_name(module, tensor_name), module.parametrizations[tensor_name]
    if not leave_parametrized and not entries.is_tensor:
        raise ValueError("Cannot leave unparametrized a tensor that is parametrized in terms of a sequence of tensors.")
    value = getattr(module, own) if leave_parametrized else in_own_layout(module, own, entries.original)
    original = entries._params[entries.names[0]]
    prefix = original.name.partition("parametrizations.")[0]
    del module.parametrizations[tensor_name]
    set_computed(module, {name: entry for name, entry in computed_tensors(module).items() if name != own}, "Parametrized")
    data = Tensor(value.asnumpy())
    same = entries.is_tensor and tuple(original.shape) == tuple(data.shape)
    parameter = original if same else Parameter(data, requires_grad=original.requires_grad)
    parameter.set_data(data)
    parameter.name = prefix + own
    module._params[own] = parameter
    if len(module.parametrizations) == 0:
        del module._cells["parametrizations"]
    return module


def type_before_parametrizations(module: nn.Cell) -> type:
    """torch.nn.utils.parametrize.type_before_parametrizations: the class that the module had."""
    plain: type = getattr(type(module), "plain_class", type(module))
    return plain


class cached(ContextDecorator):
    """torch.nn.utils.parametrize.cached: parametrized tensors are computed anew at each use, with the same result."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


class WeightNormalization(nn.Cell):
    """g v / |v|: what parametrizations.weight_norm registers."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def construct(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """Lengths and directions -> weight."""
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weight -> lengths and directions."""
        return norm_except(weight, self.dim), weight


def parametrized_weight_norm(module: nn.Cell, name: str = "weight", dim: int | None = 0) -> nn.Cell:
    """torch.nn.utils.parametrizations.weight_norm: w = g v / |v| of ``parametrizations.<name>.original0`` and ``original1``."""
    return register_parametrization(module, name, WeightNormalization(dim), unsafe=True)


class SpectralNormalization(nn.Cell):
    """w / sigma(w): what parametrizations.spectral_norm registers."""

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps, self.n_power_iterations = dim % weight.ndim, eps, n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight, self.dim)
            put_buffer(self, "_u", random_unit(matrix.shape[0], eps), weight.dtype)
            put_buffer(self, "_v", random_unit(matrix.shape[1], eps), weight.dtype)
            self.power_method(matrix, 15)

    def power_method(self, matrix: Tensor, steps: int) -> None:
        """Improve the estimate of the singular vectors, without gradient."""
        array, u, v = matrix.asnumpy(), self._u.asnumpy(), self._v.asnumpy()
        for _ in range(steps):
            u = unit(array @ v, self.eps)
            v = unit(array.T @ u, self.eps)
        self._u.set_data(Tensor(u, self._u.dtype))
        self._v.set_data(Tensor(v, self._v.dtype))

    def construct(self, weight: Tensor) -> Tensor:
        """Any shape -> the same shape; a vector is divided by its length."""
        if weight.ndim == 1:
            return weight / ops.maximum(ops.sqrt((weight * weight).sum()), Tensor(self.eps, weight.dtype))
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self.power_method(matrix, self.n_power_iterations)
        return weight / largest_value(matrix, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value


def parametrized_spectral_norm(
    module: nn.Cell, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> nn.Cell:
    """torch.nn.utils.parametrizations.spectral_norm: w / sigma(w); each reading of the weight in training improves the estimate of sigma."""
    own = held_name(module, name)
    weight = in_torch_layout(module, own, getattr(module, own))
    return register_parametrization(module, name, SpectralNormalization(weight, n_power_iterations, output_axis(module, dim), eps))


def matrix_exponential(a: Tensor) -> Tensor:
    """exp(a) of square matrices, by a Taylor polynomial of degree 12 of a / 2^s, squared s times."""
    size = float(np.abs(a.asnumpy()).sum(-1).max(initial=0.0))
    squarings = max(0, math.ceil(math.log2(size / 0.5))) if size > 0.5 else 0
    scaled = a / 2**squarings
    identity = ops.eye(a.shape[-1], a.shape[-1], a.dtype)
    result = identity + scaled / 12
    for k in range(11, 0, -1):
        result = identity + ops.matmul(scaled, result) / k
    for _ in range(squarings):
        result = ops.matmul(result, result)
    return result


def reflected(reflectors: Tensor) -> Tensor:
    """The first k columns of the product of Householder reflections by the columns of (..., n, k) below their diagonal."""
    rows, columns = reflectors.shape[-2:]
    below = ops.tril(reflectors, -1)
    unit_part = ops.eye(rows, columns, reflectors.dtype)
    vectors, factors = below + unit_part, 2.0 / (1.0 + (below * below).sum(-2))
    result = unit_part.broadcast_to(reflectors.shape)
    for i in range(columns - 1, -1, -1):
        v = vectors[..., i : i + 1]
        result = result - factors[..., i : i + 1].expand_dims(-1) * ops.matmul(v, ops.matmul(v.swapaxes(-2, -1), result))
    return result


def orthonormal(matrix: Any) -> Any:
    """The Q of a QR decomposition whose R has a positive diagonal."""
    q, r = np.linalg.qr(matrix)
    signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
    return (q * np.where(signs == 0, 1, signs)[..., None, :]).astype(matrix.dtype)


class Orthogonalization(nn.Cell):
    """A matrix with orthonormal columns (or rows): what parametrizations.orthogonal registers (Lezcano Casado, 2019)."""

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape, self.orthogonal_map, self.use_trivialization = tuple(weight.shape), orthogonal_map, use_trivialization

    def construct(self, X: Tensor) -> Tensor:
        """(..., n, k) without constraint -> orthogonal, of the same shape."""
        rows, columns = X.shape[-2:]
        transposed = rows < columns
        tall = X.swapaxes(-2, -1) if transposed else X
        q = self.mapped(tall)
        if self.use_trivialization:
            q = ops.matmul(self.base, q)
        return q.swapaxes(-2, -1) if transposed else q

    def mapped(self, x: Tensor) -> Tensor:
        """A tall matrix through the chosen map."""
        rows, columns = x.shape[-2:]
        if self.orthogonal_map == "householder":
            diagonal = ops.stop_gradient((x * ops.eye(rows, columns, x.dtype)).sum(-2, keepdims=True))
            return reflected(x) * ops.trunc(diagonal)
        x = ops.tril(x)
        if rows != columns:
            x = ops.cat((x, ops.zeros((*x.shape[:-1], rows - columns), x.dtype)), -1)
        skew = x - x.swapaxes(-2, -1)
        if self.orthogonal_map == "matrix_exp":
            return matrix_exponential(skew)[..., :columns]
        identity = ops.eye(rows, rows, x.dtype)
        return ops.matmul(ops.inverse(identity - 0.5 * skew), identity + 0.5 * skew)[..., :columns]

    def right_inverse(self, Q: Tensor) -> Tensor:
        """The parameters that give ``Q`` (made orthogonal first); with a base matrix, that is minus the identity."""
        if tuple(Q.shape) != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {tuple(Q.shape)}.")
        array = Q.asnumpy()
        transposed = array.shape[-2] < array.shape[-1]
        tall = array.swapaxes(-2, -1) if transposed else array
        if not self.use_trivialization:
            result = self.reflectors(tall)
            return Tensor(np.ascontiguousarray(result.swapaxes(-2, -1) if transposed else result))
        self.set_base(tall)
        rows, columns = array.shape[-2:]
        return Tensor(np.broadcast_to(-np.eye(rows, columns, dtype=array.dtype), array.shape).copy())

    def set_base(self, tall: Any) -> None:
        """The square orthogonal matrix whose first columns are ``tall``, made orthogonal."""
        rows, columns = tall.shape[-2:]
        if rows == columns:
            eps = 10.0 * rows * np.finfo(tall.dtype).eps
            is_orthogonal = np.allclose(tall.swapaxes(-2, -1) @ tall, np.eye(rows), atol=eps)
            base = tall.copy() if is_orthogonal else orthonormal(tall)
        else:
            extra = ops.randn(*tall.shape[:-1], rows - columns).asnumpy().astype(tall.dtype)
            base = orthonormal(np.concatenate([tall, extra], -1))
        if "base" in self._params:
            self.base.set_data(Tensor(base))
        else:
            put_buffer(self, "base", base, None)

    def reflectors(self, tall: Any) -> Any:
        """The reflectors of ``tall``, with signs on the diagonal (LAPACK's geqrf, by columns)."""
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when use_trivialization=False."
            )
        work, (rows, columns) = tall.astype(np.float64), tall.shape[-2:]
        result = np.zeros_like(work)
        for index in np.ndindex(tall.shape[:-2]):
            a = work[index]
            for i in range(columns):
                length = np.linalg.norm(a[i:, i])
                sign = -1.0 if a[i, i] >= 0 else 1.0
                if i == rows - 1 or not np.any(a[i + 1 :, i]):
                    result[(*index, i, i)] = -1.0 if a[i, i] >= 0 else 1.0  # no reflection: the map will make one of it
                    continue
                v = a[i:, i] / (a[i, i] - sign * length)
                v[0] = 1.0
                a[i:] -= np.outer(v, 2.0 / (v @ v) * (v @ a[i:]))
                result[(*index, slice(i + 1, None), i)] = v[1:]
                result[(*index, i, i)] = sign
        return result.astype(tall.dtype)


def orthogonal(module: nn.Cell, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True) -> nn.Cell:
    """torch.nn.utils.parametrizations.orthogonal: the weight has orthonormal columns, or rows where those are fewer."""
    own = held_name(module, name)
    weight = in_torch_layout(module, own, getattr(module, own))
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    parametrization = Orthogonalization(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)
