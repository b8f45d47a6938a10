"""What a plan says: the runs of statements that become forward functions, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from transpiler.rewrite.training.sites import Site, linear_in


@dataclass(slots=True, eq=False)
class Region:
    """A run of statements that becomes a forward function. ``start`` and ``stop`` are indices in ``block`` (``stop`` exclusive). ``returned``: the
    names that come out besides the loss; ``shared``: names that stay variables of the enclosing scope, declared by ``sharing``; ``unset``: those of
    them that have no value before. ``owners``: source texts of lists of parameters. ``factor``: what is applied to the loss after the fact."""

    site: Site
    block: cst.IndentedBlock | cst.Module
    start: int
    stop: int
    is_hoisted: bool
    function: str = "forward_fn"
    grads: str = "grads"
    loss: str = "loss"
    returned: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    sharing: str = "nonlocal"
    unset: list[str] = field(default_factory=list)
    owners: str = ""
    has_proven_tensor: bool = False
    returns_expression: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the graph of a ``backward()`` is no run of statements, and what its user can do. It is recorded while the program runs instead, unless
    the reason ``is_final``."""

    message: str
    hint: str
    is_final: bool = False


@dataclass(slots=True)
class Plan:
    """What becomes of each ``backward()`` call (by its id), and the regions of each block (by its id), inner ones first. ``marked``: the statements
    (by their id) that contain a site; ``read_grads``: the dotted names ``x.grad`` in the file; ``new_models``: assignments (by their id) that make
    models to be trained, with the positions of these among the values; ``made_models``: expressions (by their id) that make one where it is used."""

    sites: dict[int, Region | Failure] = field(default_factory=dict)
    blocks: dict[int, list[Region]] = field(default_factory=dict)
    leaves: frozenset[str] = frozenset()
    marked: set[int] = field(default_factory=set)
    read_grads: frozenset[str] = frozenset()
    new_models: dict[int, frozenset[int]] = field(default_factory=dict)
    made_models: frozenset[int] = frozenset()


def base_loss(region: Region) -> str:
    """The name that the loss of a region is a multiple of, or ''."""
    return linear_in(region.site.loss) or ""


def is_inside(inner: Region, outer: Region) -> bool:
    """Whether the statements of one region are among another's."""
    return outer.start <= inner.start and inner.stop <= outer.stop
