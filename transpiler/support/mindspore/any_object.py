"""Methods of torch's tensors and modules on objects of unknown kind: an object that is neither has a method of its own of that name."""

from __future__ import annotations

from typing import Any

import mindspore
from mindspore import Tensor, mint, nn

from .nn_module import apply, cast
from .ops_creation import tensor_size, tensor_type, tensor_view
from .ops_indexing import gather, nonzero, unique
from .ops_linalg import dot
from .ops_reduction import argmax, argsort, cumsum, median, prod, std, tensor_all, tensor_any, tensor_max, tensor_min, tensor_norm, var
from .ops_shape import tensor_repeat
from .ops_statistics import mode

_NAMES_OF_ARGUMENTS = {"axis": "dim", "keepdims": "keepdim"}  # NumPy's, which torch understands too


def _torch_names(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {_NAMES_OF_ARGUMENTS.get(name, name): value for name, value in kwargs.items()}


def all_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.all, or another object's own."""
    return tensor_all(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.all(*args, **kwargs)


def any_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.any, or another object's own."""
    return tensor_any(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.any(*args, **kwargs)


def apply_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.nn.Module.apply, or another object's own."""
    return apply(x, *args, **kwargs) if isinstance(x, nn.Cell) and not hasattr(x, "apply") else x.apply(*args, **kwargs)


def argmax_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.argmax, or another object's own."""
    return argmax(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.argmax(*args, **kwargs)


def argsort_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.argsort, or another object's own."""
    return argsort(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.argsort(*args, **kwargs)


def cpu_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.cpu and torch.nn.Module.cpu, which mean nothing here, or another object's own."""
    return x if isinstance(x, (Tensor, nn.Cell)) and not hasattr(x, "cpu") else x.cpu(*args, **kwargs)


def cuda_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.cuda and torch.nn.Module.cuda, which mean nothing here, or another object's own."""
    return x if isinstance(x, (Tensor, nn.Cell)) and not hasattr(x, "cuda") else x.cuda(*args, **kwargs)


def cumsum_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.cumsum, or another object's own."""
    return cumsum(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.cumsum(*args, **kwargs)


def dilation_of(layer: nn.Cell) -> Any:
    """The dilation of a layer that may be a one-dimensional convolution, of which MindSpore keeps two numbers."""
    return layer.dilation[1:] if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) else layer.dilation


def dim_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.dim, or another object's own."""
    return x.ndim if isinstance(x, Tensor) else x.dim(*args, **kwargs)


def dot_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.dot, or another object's own."""
    return dot(x, *args, **kwargs) if isinstance(x, Tensor) else x.dot(*args, **kwargs)


def double_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.double and torch.nn.Module.double, or another object's own."""
    if isinstance(x, nn.Cell) and not hasattr(x, "double"):
        return cast(x, mindspore.float64)
    return x.double() if isinstance(x, Tensor) else x.double(*args, **kwargs)


def float_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.float and torch.nn.Module.float, or another object's own."""
    if isinstance(x, nn.Cell) and not hasattr(x, "float"):
        return cast(x, mindspore.float32)
    return x.float() if isinstance(x, Tensor) else x.float(*args, **kwargs)


def forward_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.nn.Module.forward, or another object's own."""
    return x.construct(*args, **kwargs) if isinstance(x, nn.Cell) else x.forward(*args, **kwargs)


def gather_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.gather, or another object's own."""
    return gather(x, *args, **kwargs) if isinstance(x, Tensor) else x.gather(*args, **kwargs)


def half_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.half and torch.nn.Module.half, or another object's own."""
    if isinstance(x, nn.Cell) and not hasattr(x, "half"):
        return cast(x, mindspore.float16)
    return x.half() if isinstance(x, Tensor) else x.half(*args, **kwargs)


def kernel_size_of(layer: nn.Cell) -> Any:
    """The kernel size of a layer that may be a one-dimensional convolution, of which MindSpore keeps two numbers."""
    return layer.kernel_size[1:] if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) else layer.kernel_size


def max_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.max, or another object's own."""
    return tensor_max(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.max(*args, **kwargs)


def min_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.min, or another object's own."""
    return tensor_min(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.min(*args, **kwargs)


def mode_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.mode, or another object's own."""
    return mode(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.mode(*args, **kwargs)


def median_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.median, or another object's own."""
    return median(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.median(*args, **kwargs)


def nonzero_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.nonzero, or another object's own."""
    return nonzero(x, *args, **kwargs) if isinstance(x, Tensor) else x.nonzero(*args, **kwargs)


def norm_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.norm, or another object's own."""
    return tensor_norm(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.norm(*args, **kwargs)


def prod_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.prod, or another object's own."""
    return prod(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.prod(*args, **kwargs)


def repeat_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.repeat, or another object's own."""
    return tensor_repeat(x, *args, **kwargs) if isinstance(x, Tensor) else x.repeat(*args, **kwargs)


def size_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.size, or another object's own."""
    return tensor_size(x, *args, **kwargs) if isinstance(x, Tensor) else x.size(*args, **kwargs)


def std_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.std, or another object's own."""
    return std(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.std(*args, **kwargs)


def stride_of(layer: nn.Cell) -> Any:
    """The stride of a layer that may be a one-dimensional convolution, of which MindSpore keeps two numbers."""
    return layer.stride[1:] if isinstance(layer, (nn.Conv1d, nn.Conv1dTranspose)) else layer.stride


def train_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.nn.Module.train, or another object's own."""
    return x.set_train(*args, **kwargs) if isinstance(x, nn.Cell) and not hasattr(x, "train") else x.train(*args, **kwargs)


def type_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.type and torch.nn.Module.type, or another object's own."""
    if isinstance(x, nn.Cell) and not hasattr(x, "type"):
        return cast(x, *args, **kwargs)
    return tensor_type(x, *args, **kwargs) if isinstance(x, Tensor) else x.type(*args, **kwargs)


def unique_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.unique, or another object's own."""
    return unique(x, *args, **kwargs) if isinstance(x, Tensor) else x.unique(*args, **kwargs)


def var_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.var, or another object's own."""
    return var(x, *args, **_torch_names(kwargs)) if isinstance(x, Tensor) else x.var(*args, **kwargs)


def view_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.view, or another object's own."""
    return tensor_view(x, *args, **kwargs) if isinstance(x, Tensor) else x.view(*args, **kwargs)


def where_of(x: Any, *args: Any, **kwargs: Any) -> Any:
    """torch.Tensor.where, or another object's own."""
    if not isinstance(x, Tensor):
        return x.where(*args, **kwargs)
    return _chosen(x, *args, **kwargs)


def _chosen(input: Tensor, condition: Tensor, other: Any) -> Tensor:
    return mint.where(condition, input, other)
