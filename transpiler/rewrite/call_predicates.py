"""For which calls is a target's own API right? Questions about one call that data cannot ask; where the answer is no, the support form is taken.
Mapping entries name them with ``suits:``.
"""

from __future__ import annotations

from typing import Final

import libcst as cst

from transpiler.analysis.dtype_category import may_be_whole_power
from transpiler.analysis.facts import CallFact
from transpiler.analysis.interpret_expressions import LAYER_NAMES
from transpiler.analysis.values import COMPLEX, NONE, UNKNOWN, Lit, Scalar, Seq, Shape, Tensor, Tup, Value, is_fresh
from transpiler.rewrite.batches import feeds_batches
from transpiler.rewrite.call_site import CallSite
from transpiler.rewrite.context import FileContext

_EMPTY: Final = frozenset(
    {"torch.tensor", "torch.empty", "torch.zeros", "torch.Tensor", "torch.FloatTensor", "torch.LongTensor", "torch.as_tensor"}
)
_NO_ELEMENTS: Final = (cst.List([]), cst.Tuple([]), cst.Integer("0"))


def joins_no_empty(site: CallSite, file: FileContext) -> bool:
    """``torch.cat`` skips 1-d empty tensors, which MindSpore refuses: not in files that make such tensors to start from, nor in functions that join
    what they are given. Nor where dtypes may differ."""
    if not joins_one_dtype(site, file):
        return False
    calls = file.facts.calls
    if any(call.apis[0] in _EMPTY and _is_empty(call.node) for call in calls.values() if call.apis):
        return False
    fact = calls.get(id(site.original))
    return fact is None or fact.function is None or _computes_tensors(site, fact)


def joins_one_dtype(site: CallSite, file: FileContext) -> bool:
    """Tensors to be joined that may all have one dtype, which MindSpore wants: none is known to be of another category than the others, or, where the
    file speaks of other precisions than the default, all are known to be integers or booleans."""
    argument = site.choice.binding.get("tensors") if site.choice is not None else None
    value = site.values[argument.index] if argument is not None else UNKNOWN
    items = value.items if isinstance(value, Tup) else (value.item,) if isinstance(value, Seq) else (value,)
    categories = {item.dtype if isinstance(item, Tensor) else "" for item in items}
    if len({"float" if category == "inexact" else category for category in categories if category}) > 1:
        return False
    return len(items) < 2 or categories <= {"int", "bool"} or not file.speaks_of("float64", "double", "float16")


def _computes_tensors(site: CallSite, fact: CallFact) -> bool:
    """Whether all tensors that a call joins are results of operations there, as far as one sees."""
    argument = site.choice.binding.get("tensors") if site.choice is not None else None
    if argument is None:
        return False
    node, value = site.args[argument.index].value, site.values[argument.index]
    if isinstance(node, (cst.List, cst.Tuple)) and isinstance(value, Tup) and len(value.items) == len(node.elements):
        return all(_is_computed(element.value, item, fact) for element, item in zip(node.elements, value.items, strict=True))
    if isinstance(node, cst.Call):
        return True
    items = value.items if isinstance(value, Tup) else (value.item,) if isinstance(value, Seq) else (UNKNOWN,)
    return all(isinstance(item, Tensor) for item in items) and not (isinstance(node, cst.Name) and fact.takes(node.value))


def _is_computed(node: cst.BaseExpression, value: Value, fact: CallFact) -> bool:
    if isinstance(node, (cst.Call, cst.BinaryOperation, cst.UnaryOperation, cst.Subscript)) or is_fresh(value):
        return True
    return isinstance(value, Tensor) and (value.part or not (isinstance(node, cst.Name) and fact.takes(node.value)))


def stacks_plainly(site: CallSite, file: FileContext) -> bool:
    """``ops.stack``, run eagerly, takes no parameters among tensors: not what may hold a parameter, in projects that make parameters or leaves.
    Nor what may have several dtypes."""
    if not joins_one_dtype(site, file):
        return False
    argument = site.choice.binding.get("tensors") if site.choice is not None else None
    if argument is None:
        return False
    node, value = site.args[argument.index].value, site.values[argument.index]
    pairs: list[tuple[cst.BaseExpression, Value]] = [(node, UNKNOWN)]
    if isinstance(node, (cst.List, cst.Tuple)) and isinstance(value, Tup) and len(value.items) == len(node.elements):
        pairs = [(element.value, item) for element, item in zip(node.elements, value.items, strict=True)]
    elif isinstance(node, (cst.ListComp, cst.GeneratorExp)) and isinstance(value, Seq):
        pairs = [(node.elt, value.item)]
    elif isinstance(node, cst.Call) and id(site.original.args[argument.index].value) in file.facts.calls:
        pairs = []  # what a function of torch's gives
    others = [other for other, item in pairs if not _is_result(other, item)]
    if any(isinstance(other, cst.Attribute) and other.attr.value in LAYER_NAMES for other in others):
        return False
    return not others or file.index is None or not file.index.parameters


def _is_result(node: cst.BaseExpression, value: Value) -> bool:
    """Whether a tensor is what an operation gave, and so no parameter."""
    if isinstance(node, (cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)):
        return True
    if not isinstance(value, Tensor) or isinstance(node, (cst.Name, cst.Attribute)):
        return isinstance(value, Tensor) and value.part
    if isinstance(node, cst.Call):
        return value.fresh and not any(arg.keyword is not None and arg.keyword.value == "requires_grad" for arg in node.args)
    return value.part


def _is_empty(call: cst.Call) -> bool:
    arguments = [argument.value for argument in call.args if argument.keyword is None]
    if not arguments:
        return True
    first = arguments[0]
    inner = first.elements[0].value if isinstance(first, (cst.Tuple, cst.List)) and len(first.elements) == 1 else first
    return len(arguments) == 1 and any(inner.deep_equals(empty) for empty in _NO_ELEMENTS)


def fed_in_batches(site: CallSite, file: FileContext) -> bool:
    """A layer that takes batches alone on the target."""
    return feeds_batches(file)


def fed_in_batches_alone(site: CallSite, file: FileContext) -> bool:
    """A transposed convolution that is called with batches and nothing else: the target's layer takes no ``output_size``."""
    return feeds_batches(file) and (file.index is None or not file.index.output_sizes)


def keeps_its_layers(site: CallSite, file: FileContext) -> bool:
    """A container of a class to whose instances the file does nothing that the target's containers lack."""
    return site.entry.api not in file.facts.edited_containers


def in_single_precision(site: CallSite, file: FileContext) -> bool:
    """A layer whose kernel the target lacks in double precision: no file of the project speaks of it."""
    return file.index is None or not file.index.doubles


def holds_plain_numbers(site: CallSite, file: FileContext) -> bool:
    """``torch.tensor`` of Python's numbers, of which the target makes what torch makes: no complex ones, and none with a dtype of their own (NumPy's,
    tensors) where no dtype is given. A range the target refuses."""
    bound = site.choice.binding if site.choice is not None else None
    data, dtype = (bound.get("data"), bound.get("dtype")) if bound is not None else (None, None)
    if data is None:
        return True
    node = site.args[data.index].value
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "range":
        return False
    is_empty = isinstance(node, cst.List) and not node.elements
    return is_empty or (dtype is not None and site.values[dtype.index] != NONE) or _is_plain(site.values[data.index], file)


def _is_plain(value: Value, file: FileContext) -> bool:
    if isinstance(value, (Seq, Tup)):
        return all(_is_plain(item, file) for item in (value.items if isinstance(value, Tup) else (value.item,)))
    if value is UNKNOWN:
        return not file.speaks_of("numpy")
    return isinstance(value, (Lit, Scalar, Shape)) and value != COMPLEX


def keeps_something(site: CallSite, file: FileContext) -> bool:
    """Dropout whose probability is not known to be 1, which the target's layer refuses."""
    p = site.choice.binding.get("p") if site.choice is not None else None
    return p is None or site.values[p.index] not in (Lit(1), Lit(1.0))


def takes_real_numbers(site: CallSite, file: FileContext) -> bool:
    """Arithmetic of which no operand is known to be complex; the target's does not mix these with others, or differentiate it."""
    return not any(value == COMPLEX or (isinstance(value, Tensor) and value.dtype == "complex") for value in site.values)


def fits_floats(site: CallSite, file: FileContext) -> bool:
    """``torch.pow`` of integers is exact, while MindSpore computes it in floats, which rounds large powers."""
    bound = site.choice.binding if site.choice is not None else None
    first = (bound.get("input") or bound.get("self")) if bound is not None else None
    second = bound.get("exponent") if bound is not None else None
    if not takes_real_numbers(site, file):
        return False
    return first is None or second is None or not may_be_whole_power(site.values[first.index], site.values[second.index])
