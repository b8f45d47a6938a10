"""Which value a local name holds at a point of the program: a chain of scopes with Python's rules."""

from __future__ import annotations

from collections.abc import Callable

from transpiler.analysis.values import ClassInfo, FunctionInfo, Value


class Scope:
    """Names of one function, class body, comprehension or module."""

    __slots__ = ("function", "given", "kept", "kind", "names", "outside", "owner", "parent", "receiver", "returned", "yielded")

    def __init__(self, kind: str, parent: Scope | None, owner: ClassInfo | None = None, function: FunctionInfo | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.kind = kind
        self.owner = owner
        self.function = function
        self.returned: Value | None = None
        self.yielded: Value | None = None
        self.receiver: str | None = None
        #: The function that it is of, or stands in, where that is no part of a module.
        self.outside: FunctionInfo | None = parent.outside if parent is not None else None
        self.given: frozenset[int] = frozenset()
        self.kept: frozenset[int] = parent.kept if parent is not None and kind == "comprehension" else frozenset()

    def lookup(self, name: str, fallback: Callable[[str], Value]) -> Value:
        """The value of ``name``, from the nearest scope that binds it; class bodies are invisible to the functions inside them."""
        scope: Scope | None = self
        while scope is not None:
            if (scope.kind != "class" or scope is self) and name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return fallback(name)

    def method_scope(self) -> Scope | None:
        """The nearest enclosing scope that is a method's."""
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "function" and scope.owner is not None:
                return scope
            scope = scope.parent
        return None
