"""Of which category is a tensor's dtype, as far as the call that makes it tells: 'float', 'int', 'bool', 'complex', 'inexact' (one of float and
complex), or '' where it does not?

torch computes exp, sin, sqrt and the like of integers and booleans as floats; MindSpore's kernels refuse them. What is known to be an integer is
therefore converted before such a call. Only what a call says for certain counts: ``torch.arange(5)``, ``.long()``, ``dtype=torch.int64``,
comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.names import canonical
from transpiler.mapping.binding import Argument

_CASTS: Final = {
    "float": "float", "double": "float", "half": "float", "bfloat16": "float", "long": "int", "int": "int", "short": "int", "char": "int",
    "byte": "int", "bool": "bool", "cfloat": "complex", "cdouble": "complex",
}  # fmt: skip
_DTYPES: Final = {
    **{f"torch.{name}": category for name, category in _CASTS.items() if name not in ("char", "byte")},
    **dict.fromkeys(("torch.float16", "torch.float32", "torch.float64"), "float"),
    **dict.fromkeys(("torch.int8", "torch.int16", "torch.int32", "torch.int64", "torch.uint8"), "int"),
    **dict.fromkeys(("torch.complex64", "torch.complex128"), "complex"),
}
#: What a mapping entry may ask of an argument.
DTYPE_GROUPS: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    "float": frozenset({"float"}), "real": frozenset({"float", "int", "bool"}), "inexact": frozenset({"float", "complex", "inexact"}),
    "number": frozenset({"float", "int", "complex", "inexact"}), "whole": frozenset({"int", "bool"}),
})  # fmt: skip
#: What code says that has other tensors in it than of torch's default dtypes.
_NAMED: Final = re.compile(
    r"float16|float64|\bu?int(8|16|32)\b|\.(half|bfloat16|double|int|short|char|byte|type|type_as)\(|(Half|Double|Int|Short|Char|Byte)Tensor"
    r"|torch\.(half|double|int|short)\b|set_default_dtype|autocast|complex|cfloat|cdouble"
)
_BOOLEAN: Final = frozenset({
    "eq", "ne", "lt", "le", "gt", "ge", "greater", "less", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite",
    "isclose", "isin", "isneginf", "isposinf", "isreal", "signbit", "any", "all",
})  # fmt: skip
_INTEGER: Final = frozenset({
    "argmax", "argmin", "argsort", "bincount", "count_nonzero", "one_hot", "randint", "randint_like", "randperm", "searchsorted", "bucketize",
})  # fmt: skip
#: Real floats, whatever goes in.
_FLOAT: Final = frozenset({
    "rand", "randn", "zeros", "ones", "empty", "eye", "softmax", "log_softmax", "softmin", "std", "var", "norm", "quantile", "batch_norm", "layer_norm",
    "group_norm", "instance_norm", "rms_norm", "gelu", "elu", "selu", "celu", "mish", "softplus", "logsigmoid", "hardsigmoid", "cross_entropy",
    "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "gumbel_softmax", "hann_window", "hamming_window",
})  # fmt: skip
#: Floats or complex numbers: functions that make floats of integers, products with weights.
_INEXACT: Final = frozenset({
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "sin", "sinh", "tan", "tanh", "exp", "expm1", "exp2", "log", "log10", "log1p",
    "log2", "sqrt", "rsqrt", "reciprocal", "sigmoid", "silu", "mean", "div", "divide", "true_divide", "linear", "bilinear", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "embedding", "normalize", "scaled_dot_product_attention", "lerp", "logsumexp",
})  # fmt: skip
_INEXACT_LAYERS: Final = frozenset({
    "Linear", "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Embedding", "Sigmoid", "Tanh", "SiLU",
})  # fmt: skip
_FLOAT_LAYERS: Final = frozenset({
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "RMSNorm", "Softmax",
    "LogSoftmax", "GELU", "ELU", "Softplus",
})  # fmt: skip
_COMPLEX: Final = frozenset({
    "complex", "polar", "view_as_complex", "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "rfft2", "rfftn", "ihfft", "ihfft2", "ihfftn",
})  # fmt: skip
#: The parts of complex numbers; of others, what goes in.
_PARTS: Final = frozenset({"real", "imag", "abs", "absolute", "angle", "view_as_real"})
#: Results have their operand's dtype.
_SAME: Final = frozenset({
    "clone", "contiguous", "cpu", "cuda", "detach", "expand", "expand_as", "flatten", "flip", "gather", "index_select", "narrow", "permute", "ravel",
    "repeat", "repeat_interleave", "reshape", "reshape_as", "roll", "squeeze", "swapaxes", "t", "tile", "transpose", "tril", "triu", "unflatten",
    "unsqueeze", "view", "view_as", "neg", "Parameter", "relu", "leaky_relu", "clamp", "sum", "max_pool2d", "dropout", "zeros_like", "ones_like",
    "empty_like", "full_like", "rand_like", "randn_like", "new_zeros", "new_ones", "masked_fill", "matmul", "mm", "bmm", "conj", "conj_physical",
})  # fmt: skip


def names_dtype(source: str) -> bool:
    """Whether code speaks of a dtype that is none of torch's defaults, so that tensors of several may meet in it."""
    return _NAMED.search(source) is not None


def may_promote(value: v.Value) -> bool:
    """Whether an operand may give the result of an operation another dtype than the other operand's: not so a number of Python's."""
    return not isinstance(value, (v.Lit, v.Scalar))


def category_of_call(api: str, arguments: Sequence[Argument], values: Sequence[v.Value], receiver: v.Value | None) -> str:
    """The category of what a call of ``api`` gives; ``values`` are the kinds of ``arguments``, without the receiver."""
    if any(argument.star for argument in arguments):
        return ""
    owner, _, name = api.rpartition(".")
    given = _given(arguments, values)
    if given is not None:
        return given
    if owner == "torch.Tensor" and name in _CASTS:
        return _CASTS[name]
    if name in _BOOLEAN:
        return "bool"
    if name in _INTEGER:
        return "int"
    if api in ("torch.tensor", "torch.as_tensor") and values:
        return _of_literal(values[0])
    if api == "torch.arange" and values:
        return "int" if all(_of_literal(value) == "int" for value in values) else ""
    if name in _FLOAT:
        return "float"
    if name in _COMPLEX:
        return "complex"
    operand = receiver if owner == "torch.Tensor" else next(iter(values), None)
    known = operand.dtype if isinstance(operand, v.Tensor) else ""
    if name in _INEXACT:
        return known if known in ("float", "complex") else "inexact"
    if name in _PARTS:
        return "float" if known == "complex" else known
    if name == "sum":
        return "int" if known == "bool" else known
    return known if name in _SAME else ""


def category_of_layer(name: str) -> str:
    """The category of what a layer of torch's gives."""
    layer = name.rpartition(".")[2]
    return "float" if layer in _FLOAT_LAYERS else "inexact" if layer in _INEXACT_LAYERS else ""


def category_of_dtype(name: str) -> str:
    """The category of a dtype of torch's."""
    return _DTYPES.get(canonical(name), "")


def category_of_operation(left: v.Value, right: v.Value, operator: cst.BaseBinaryOp) -> str:
    """The category of an arithmetic expression, as far as one side or the operator tells."""
    sides = {side.dtype if isinstance(side, v.Tensor) else _of_literal(side) for side in (left, right)}
    is_division = isinstance(operator, cst.Divide)
    if isinstance(operator, (cst.BitAnd, cst.BitOr, cst.BitXor)):
        return "bool" if sides == {"bool"} else "int" if "int" in sides else ""
    if sides == {"int"} and not is_division:
        return "int"
    if "complex" in sides:
        return "complex"
    if sides & DTYPE_GROUPS["inexact"] and sides <= DTYPE_GROUPS["real"]:
        return "float"
    return "inexact" if is_division or sides & DTYPE_GROUPS["inexact"] else ""


def _given(arguments: Sequence[Argument], values: Sequence[v.Value]) -> str | None:
    """What a dtype among the arguments says, None where there is none."""
    for value in values:
        if isinstance(value, v.Ref) and canonical(value.name) in _DTYPES:
            return _DTYPES[canonical(value.name)]
        if isinstance(value, v.DtypeValue):
            return value.category
    named = next((value for argument, value in zip(arguments[-len(values) :], values, strict=False) if argument.keyword == "dtype"), None)
    return None if named is None or named == v.NONE else ""


def _of_literal(value: v.Value) -> str:
    """The category of the tensor that a number or a list of numbers makes."""
    if isinstance(value, (v.Lit, v.Scalar)):
        return {"int": "int", "bool": "bool", "float": "float", "complex": "complex"}.get(v.scalar_type(value), "")
    if isinstance(value, (v.Tup, v.Seq)):
        found = {_of_literal(item) for item in (value.items if isinstance(value, v.Tup) else (value.item,))}
        return "complex" if "complex" in found else found.pop() if len(found) == 1 else ""
    return "int" if isinstance(value, v.Shape) else ""


def may_be_whole_power(base: v.Value, exponent: v.Value) -> bool:
    """Whether ``base ** exponent`` may be a power of integers too large for the 53 bits that floats keep exactly: of tensors that may both hold
    integers, or of a tensor of integers to more than the second power."""
    if isinstance(exponent, v.Tensor):
        is_whole_number = isinstance(base, (v.Lit, v.Scalar)) and v.scalar_type(base) == "int"
        return exponent.dtype in ("", "int") and (is_whole_number or (isinstance(base, v.Tensor) and base.dtype in ("", "int", "bool")))
    is_square = isinstance(exponent, v.Lit) and exponent.value in (0, 1, 2)
    is_integer = isinstance(exponent, (v.Lit, v.Scalar)) and v.scalar_type(exponent) == "int"
    return isinstance(base, v.Tensor) and base.dtype == "int" and is_integer and not is_square
