"""Conversions of single calls that data cannot say. Each takes the site and its context and returns an expression, or None to decline
(the support form or a diagnostic follows). Mapping entries name them with ``convert:``.

A user's own converter goes into a Python file beside their mapping table; see ``docs/extending.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import libcst as cst

from transpiler.analysis.values import UNKNOWN, Inst, Tensor, UserInst, is_fresh
from transpiler.rewrite.call_site import CallSite, ConverterContext
from transpiler.rewrite.expressions import is_part, may_be_view, own_memory


def receiver_only(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """The call means nothing on the target beyond its receiver: ``x.cuda()`` is ``x``."""
    return site.args[0].value if site.args else None


def copy_in_place(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``x.copy_(y)`` on a name or item that may be a view of any layout: MindSpore's own ``copy_`` is lost on views that are not contiguous."""
    bound = site.choice.binding.values if site.choice is not None else {}
    receiver, source = ([site.args[a.index].value for a in bound.get(name, ())] for name in ("self", "src"))
    if len(source) != 1 or not receiver or not may_be_view(receiver[0]):
        return None
    owner, written = site.values[0], site.original.func
    is_held = isinstance(written, cst.Attribute) and context.file.facts.is_held(written.value)
    is_part = isinstance(owner, Tensor) and owner.part and isinstance(receiver[0], cst.Name)
    if not is_held and (is_part or isinstance(receiver[0], cst.Subscript)):
        return None  # the part is assigned to
    return context.file.write_into(receiver[0], source[0])


def parameter_of_view(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``nn.Parameter(x.view(2, 3))`` with a copy: MindSpore's ``Parameter`` takes the memory of what has no name as it is, and no optimizer can write
    into a view."""
    data = site.choice.binding.get("data") if site.choice is not None else None
    if data is None or not is_part(site.original.args[data.index].value, site.values[data.index], context.file.gives_view):
        return None
    marked = site.value("requires_grad")
    arguments = [cst.Arg(own_memory(site.args[data.index].value))]
    if marked is not None:
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        arguments.append(cst.Arg(marked, cst.Name("requires_grad"), equal))
    return site.updated.with_changes(func=context.ref("mindspore.Parameter"), args=arguments)


def kept_on_super(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``super().f()`` stays: the support class that is derived from has the method."""
    receiver = site.args[0].value if site.args else None
    is_super = isinstance(receiver, cst.Call) and isinstance(receiver.func, cst.Name) and receiver.func.value == "super"
    return site.updated if is_super else None


def sequence_of_layers(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``nn.Sequential(a, b)`` as the target's own container, which refuses to be empty: only where the source shows the layers."""
    if not site.args or any(argument.star or argument.keyword is not None for argument in site.args):
        return None
    if len(site.args) == 1 and site.arguments[0].kind not in ("module", "callable"):
        return None
    return site.updated.with_changes(func=context.ref("mindspore.nn.SequentialCell"))


def list_of_layers(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``nn.ModuleList([a, b])`` as the target's own container, which refuses to be empty and to hold None."""
    if len(site.args) != 1 or site.args[0].keyword is not None or not isinstance(site.args[0].value, cst.List):
        return None
    elements = site.args[0].value.elements
    plain = all(isinstance(e, cst.Element) and isinstance(e.value, cst.Call) for e in elements)
    return site.updated.with_changes(func=context.ref("mindspore.nn.CellList")) if elements and plain else None


def with_default_dtype(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``torch.zeros(x.shape)`` with the dtype spelled out where the shape may be empty: there MindSpore has no default."""
    binding = site.choice.binding if site.choice is not None else None
    size = binding.get("size") if binding is not None else None
    if binding is None or size is None or binding.get("dtype") is not None:
        return None
    value = site.args[size.index].value
    if _has_element(value):
        return None
    if not {argument.keyword for argument in site.arguments} <= {None, "size", "device", "layout", "pin_memory"}:
        return site.updated.with_changes(func=context.ref(f"support.{context.form.support}"))
    size_arg = cst.Arg(value, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return site.updated.with_changes(func=context.ref(context.form.to or ""), args=[size_arg, cst.Arg(context.ref("mindspore.float32"))])


def _has_element(value: cst.BaseExpression) -> bool:
    """Whether a sequence is written with an element, so that it cannot be empty."""
    if isinstance(value, cst.BinaryOperation):
        return _has_element(value.left) or _has_element(value.right)
    return isinstance(value, (cst.Tuple, cst.List)) and any(isinstance(element, cst.Element) for element in value.elements)


_FILLS: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {
        "normal_": ("support.drawn_normal", "support.normal_"),
        "uniform_": ("support.drawn_uniform", "support.uniform_"),
        "bernoulli_": ("support.drawn_bernoulli", None),
        "zero_": ("keras.ops.zeros_like", "support.zeros_"),
        "fill_": ("keras.ops.full_like", "support.constant_"),
    }
)


def fill_new(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``torch.empty(n).normal_(0, 1)`` and ``x = x.normal_()``, where nobody else sees the tensor: made anew (``support.drawn_normal``).

    ``w.data.normal_()`` is the initialisation of a variable (``support.normal_(w)``, which raises for other tensors); the rest is declined.
    """
    made, assigned = _FILLS[site.entry.api.rpartition(".")[2]]
    func = site.original.func
    if not site.has_receiver or not isinstance(func, cst.Attribute):
        return None
    receiver, name = site.args[0].value, made
    if isinstance(func.value, cst.Attribute) and func.value.attr.value == "data":
        if assigned is None or not isinstance(receiver, cst.Call):
            return None
        receiver, name = receiver.args[0].value, assigned
    elif not is_fresh(site.values[0]) or (isinstance(receiver, cst.Name) and id(site.original) not in context.file.rebound):
        return None
    return site.updated.with_changes(func=context.ref(name), args=[cst.Arg(receiver), *site.args[1:]])


def save_values(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``torch.save`` of tensors and plain Python values; a whole network is declined, for no checkpoint holds a class."""
    value = site.values[0] if site.values else UNKNOWN
    classes = value.classes if isinstance(value, Inst) else value.info.external_bases() if isinstance(value, UserInst) else ()
    if any(context.file.semantics.is_module_class(cls) for cls in classes):
        return None
    return site.updated.with_changes(func=context.ref("support.save"))


def transposed_scalar(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``x.transpose(0, -1)`` through the support form: with these dimensions torch also takes a 0-d tensor, which MindSpore refuses."""
    dims = [context.file.code(value) for name in ("dim0", "dim1") if (value := site.value(name)) is not None]
    if len(dims) != 2 or not set(dims) <= {"0", "-1"} or set(dims) == {"0", "-1"}:
        return None
    return cst.Call(context.ref("support.transpose"), site.args)


def gradient_free_function(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """``@torch.no_grad()`` on a function; as a context it would have to reach what is computed inside."""
    if id(site.original) not in context.file.decorating or site.args:
        return None
    return context.ref("support.gradient_free")
