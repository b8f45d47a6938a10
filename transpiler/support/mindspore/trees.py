"""Functions on nested containers (torch.utils._pytree): the standard library's tuples, lists and dictionaries; everything else is a leaf."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TreeSpec:
    """The form of a tree (torch.utils._pytree.TreeSpec): a container's type, what it holds beside its children, and their forms.

    ``type`` is None for a leaf.
    """

    type: Any
    context: Any
    children_specs: list[Any]

    @property
    def num_leaves(self) -> int:
        """How many leaves trees of this form have."""
        return 1 if self.type is None else sum(child.num_leaves for child in self.children_specs)

    def is_leaf(self) -> bool:
        """Whether this is the form of a single leaf."""
        return self.type is None

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The tree of this form with these leaves."""
        return tree_unflatten(leaves, self)


def children_and_context(node: Any) -> tuple[list[Any], Any] | None:
    """A container's children, and what is needed to build it again; None for a leaf."""
    kind = type(node)
    if kind in (list, tuple) or is_named_tuple(node):
        return list(node), None
    if kind in (dict, OrderedDict):
        return list(node.values()), list(node)
    if kind is defaultdict:
        return list(node.values()), [node.default_factory, list(node)]
    return (list(node), node.maxlen) if kind is deque else None


def is_named_tuple(node: Any) -> bool:
    """Whether a tuple has names for its items."""
    return isinstance(node, tuple) and hasattr(type(node), "_fields")


def container(spec: TreeSpec, children: list[Any]) -> Any:
    """A container of the form ``spec``."""
    kind, context = spec.type, spec.context
    if kind in (dict, OrderedDict):
        return kind(zip(context, children, strict=True))
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children, strict=True))
    if kind is deque:
        return deque(children, maxlen=context)
    return kind(children) if kind in (list, tuple) else kind(*children)


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the tree's form (torch.utils._pytree.tree_flatten)."""
    found = None if is_leaf is not None and is_leaf(tree) else children_and_context(tree)
    if found is None:
        return [tree], TreeSpec(None, None, [])
    parts = [tree_flatten(child, is_leaf) for child in found[0]]
    return [leaf for leaves, _ in parts for leaf in leaves], TreeSpec(type(tree), found[1], [spec for _, spec in parts])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of a form with these leaves (torch.utils._pytree.tree_unflatten)."""
    given = list(leaves)
    if len(given) != treespec.num_leaves:
        raise ValueError(
            f"treespec.unflatten(leaves): `leaves` has length {len(given)} but the spec refers to {treespec.num_leaves} leaves"
        )
    return fill_tree(iter(given), treespec)


def fill_tree(leaves: Iterator[Any], spec: TreeSpec) -> Any:
    """The tree of a form with the next leaves."""
    if spec.type is None:
        return next(leaves)
    return container(spec, [fill_tree(leaves, child) for child in spec.children_specs])


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves in order (torch.utils._pytree.tree_leaves)."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The tree's form (torch.utils._pytree.tree_structure)."""
    return tree_flatten(tree, is_leaf)[1]


def leaves_of_form(tree: Any, spec: TreeSpec) -> list[Any]:
    """What stands in ``tree`` where a form has its leaves; ValueError where the forms differ."""
    if spec.type is None:
        return [tree]
    found = children_and_context(tree)
    same = type(tree) is spec.type or {type(tree), spec.type} <= {dict, OrderedDict, defaultdict}
    if found is None or not same or len(found[0]) != len(spec.children_specs):
        raise ValueError(f"Node type mismatch; expected {spec.type} with {len(spec.children_specs)} children, but got {type(tree)}.")
    children = found[0]
    if isinstance(tree, dict):
        names = spec.context[1] if spec.type is defaultdict else spec.context
        if set(names) != set(tree):
            raise ValueError(f"Node keys mismatch; expected {list(names)}, but got {list(tree)}.")
        children = [tree[name] for name in names]
    return [leaf for child, part in zip(children, spec.children_specs, strict=True) for leaf in leaves_of_form(child, part)]


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """The tree of ``func``'s results on the leaves of trees of one form (torch.utils._pytree.tree_map)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [leaves_of_form(rest, spec) for rest in rests]
    return fill_tree(map(func, leaves, *others), spec)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """Calls ``func`` on the leaves for its effects; gives the tree itself (torch.utils._pytree.tree_map_)."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def is_chosen(leaf: Any, chosen: Any) -> bool:
    """Whether a leaf is of a type, of one of several, or what a predicate accepts."""
    return bool(chosen(leaf)) if callable(chosen) and not isinstance(chosen, type) else isinstance(leaf, chosen)


def tree_map_only(type_or_types_or_pred: Any, func: Callable[[Any], Any], tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """``tree_map`` for leaves of a type; the others stay (torch.utils._pytree.tree_map_only)."""
    return tree_map(lambda leaf: func(leaf) if is_chosen(leaf, type_or_types_or_pred) else leaf, tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> bool:
    """Whether ``pred`` holds for all leaves (torch.utils._pytree.tree_all)."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> bool:
    """Whether ``pred`` holds for any leaf (torch.utils._pytree.tree_any)."""
    return any(map(pred, tree_leaves(tree, is_leaf)))
