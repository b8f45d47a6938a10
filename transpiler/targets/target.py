"""What the engine has to know about a target framework that is not the mapping of one symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One target framework.

    ``spellings``: module -> the name it is imported under (``mindspore.nn`` as ``nn``); a module that is not listed is written in full.
    ``equivalents``: torch modules whose alias in the user's file is kept for the target's module. ``members``: names imported from the root where the
    user imported the torch name itself (``from torch import Tensor``). ``methods``: methods that user-defined modules override under another name
    there. ``reserved``: names that a module class must not define for itself. ``inplace_assign``: the tensor method that writes another tensor's
    values into this one where it owns its memory; ``inplace_write``: the support function that does so where it may be a view of another tensor's;
    ``inplace_update``: the one that takes a function of the old values. ``inplace_reshape``: the one that gives a tensor another shape for all who
    hold it. ``copy``: the tensor method that copies it; ``deep_copy``: the support function for copy.deepcopy, where that shares the memory of
    tensors. ``item_assignment``: whether ``x[i] = v`` exists. ``shifts``: functions for the operators ``<<`` and ``>>``, which it does not have.
    ``power``: support function for ``**`` of integers, where the target computes it in floats and
    rounds. ``operators``: what computes torch's operators that its own compute otherwise or refuse, by the name of torch's function.
    ``formats_tensors``: whether a tensor of one number takes a format specification. ``cast``: template of ``value`` in the dtype of
    ``like``. ``layer_attribute``: support function that reads an attribute of a layer of unknown class by torch's name, where classes of the target
    call it differently (``has_`` before its name: asks for it). ``layer_setting``: reads arguments that layers keep.
    ``layer_class``: support function that gives the target's own class for one that the support module derives from it.
    ``asking``: support functions that ask a module's own method first, and for ``super()`` the base's. ``own_mode``: decorator of module classes that
    say themselves what training mode is, which the target's own does not ask.
    ``set_norm``, ``set_conv``: support functions that change a setting of a layer that has been made. ``strided_read``,
    ``slice_write``: support functions for reading slices with a step and for writing slices that may be empty, where the target's own indexing gets
    them wrong. ``index``: support function for indices that are NumPy's or ranges, which its tensors do not take. ``element``: support function for
    values with more axes than the place that they are written into, which it refuses. ``operand``: support function for left operands that are
    NumPy's, which make an array of its tensors. ``value_and_grad``: gradients are those of functions, so that backward passes are restructured.
    ``compiles_source``: graphs are made of the source, by a compiler that reads a part of Python only.
    """

    name: str
    root: str
    support_module: str
    spellings: Mapping[str, str]
    equivalents: Mapping[str, str]
    members: frozenset[str]
    methods: Mapping[str, str]
    reserved: frozenset[str]
    inplace_assign: str | None
    inplace_write: str | None
    inplace_update: str | None
    item_assignment: bool
    formats_tensors: bool
    cast: str
    shifts: Mapping[str, str]
    operators: Mapping[str, str]
    power: str | None = None
    inplace_reshape: str | None = None
    deep_copy: str | None = None
    strided_read: str | None = None
    layer_attribute: str | None = None
    layer_setting: str | None = None
    layer_class: str | None = None
    asking: frozenset[str] = frozenset()
    own_mode: str | None = None
    set_norm: str | None = None
    set_conv: str | None = None
    slice_write: str | None = None
    index: str | None = None
    operand: str | None = None
    element: str | None = None
    value_and_grad: bool = False
    copy: str | None = None
    compiles_source: bool = False
