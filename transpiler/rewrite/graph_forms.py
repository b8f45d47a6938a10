"""Which constructs of Python, in functions that compute, MindSpore's compiler refuses although the same can be said in a form that it takes.

They stand in models of every kind and compute nothing: ``(a is None) ^ (b is not None)`` of truth values, ``kwargs.pop("name", default)`` of a
function's own keywords, an assignment expression at the beginning of an ``if``'s test, ``all(callable(f) for f in functions)``. A plan is made before
the visit, since the statements around them may have nothing to do with torch and would not be visited.

Only functions are looked at that have to do with tensors, or that a network's class calls its ``forward``: code that reads a configuration or makes
layers is nobody's graph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import libcst as cst

from transpiler.analysis.facts import Certainty, Facts
from transpiler.syntax.tree import children, every, nodes

_WORTH_A_LOOK: Final = re.compile(rb"\^|\.pop\(|:=|\bcallable\(")
#: Members of tensors, and functions of tensors: classes begin with a capital letter, and some functions are about files and settings.
_OF_TENSORS: Final = re.compile(
    r"torch\.(Tensor\.|nn\.functional\.|(special\.|fft\.|linalg\.)?(?!(load|save|device|manual_seed|compile|no_grad|(set|get|is)_\w+)$)[a-z_0-9]+$)"
)
_CONSTRUCTORS: Final = frozenset({"__init__", "__post_init__", "__new__"})
#: Below these an operation needs parentheses once it is a comparison.
_TIGHTER: Final = (cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.Await, cst.Attribute, cst.Subscript)
#: What may be done to a function's own keywords so that nobody can tell a new dictionary from the changed one.
_READING: Final = frozenset({"get", "pop", "keys", "items", "values"})
_SUITES: Final = (cst.IndentedBlock, cst.Module)


@dataclass(slots=True)
class GraphForms:
    """The nodes to rewrite, by identity: operations ``^``, statements with ``pop``, ``if`` statements, calls of ``all``; and the statements around
    them."""

    unequal: dict[int, bool] = field(default_factory=dict)
    pops: dict[int, cst.Call] = field(default_factory=dict)
    tests: set[int] = field(default_factory=set)
    callables: set[int] = field(default_factory=set)
    around: set[int] = field(default_factory=set)


def find_graph_forms(source: bytes, module: cst.Module, facts: Facts) -> GraphForms:
    """The constructs of a file that are to be rewritten."""
    forms = GraphForms()
    if _WORTH_A_LOOK.search(source):
        _Finder(forms, facts).block(module, ())
    return forms


class _Finder:
    """Walks the functions that compute."""

    def __init__(self, forms: GraphForms, facts: Facts) -> None:
        self._forms = forms
        self._facts = facts

    def block(self, node: cst.CSTNode, around: tuple[int, ...]) -> None:
        """Look for functions in a class or module."""
        for child in children(node):
            if isinstance(child, cst.FunctionDef):
                if self._computes(child):
                    self._function(child, (*around, id(child)))
            elif isinstance(child, (cst.BaseStatement, cst.BaseSuite)):
                self.block(child, (*around, id(child)))

    def _computes(self, function: cst.FunctionDef) -> bool:
        name = function.name.value
        if name in _CONSTRUCTORS or id(function) not in self._facts.dirty:
            return name == "forward"
        return name == "forward" or any(map(self._is_of_tensors, nodes(function)))

    def _is_of_tensors(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a tensor's member, a function of tensors, or the type of tensors: what makes layers alone has none."""
        fact = self._facts.calls.get(id(node)) or self._facts.attributes.get(id(node))
        if fact is not None:
            return fact.certainty is Certainty.KNOWN and any(map(_OF_TENSORS.match, fact.apis))
        reference = self._facts.references.get(id(node))
        return reference is not None and reference.name == "torch.Tensor"

    def _function(self, function: cst.FunctionDef, around: tuple[int, ...]) -> None:
        if function.asynchronous is not None:
            return
        keywords = function.params.star_kwarg.name.value if isinstance(function.params.star_kwarg, cst.Param) else ""
        own = keywords if keywords and _only_read(function.body, keywords) else ""
        self._walk(function.body, function, around, own)

    def _walk(self, node: cst.CSTNode, parent: cst.CSTNode, around: tuple[int, ...], keywords: str) -> None:
        if isinstance(node, cst.FunctionDef):
            self._function(node, (*around, id(node)))
            return
        if isinstance(node, cst.BaseStatement):
            around = (*around, id(node))
        if self._found(node, parent, keywords):
            self._forms.around.update(around)
        for child in children(node):
            self._walk(child, node, around, keywords)

    def _found(self, node: cst.CSTNode, parent: cst.CSTNode, keywords: str) -> bool:
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitXor):
            if not (_is_truth(node.left) and _is_truth(node.right)):
                return False
            self._forms.unequal[id(node)] = isinstance(parent, _TIGHTER) and not node.lpar
        elif isinstance(node, (cst.Expr, cst.Assign)) and keywords:
            call = _popped(node, keywords)
            if call is None:
                return False
            self._forms.pops[id(node)] = call
        elif isinstance(node, cst.If) and isinstance(parent, _SUITES) and first_assignment(node.test) is not None:
            self._forms.tests.add(id(node))
        elif isinstance(node, cst.Call) and asked_callable(node) is not None:
            self._forms.callables.add(id(node))
        else:
            return False
        return True


def _is_truth(node: cst.BaseExpression) -> bool:
    """Whether an expression is True or False whatever it is made of."""
    if isinstance(node, cst.Comparison):
        return all(isinstance(part.operator, (cst.Is, cst.IsNot, cst.In, cst.NotIn)) for part in node.comparisons)
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Not)
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("bool", "isinstance", "callable")


def _popped(node: cst.Expr | cst.Assign, keywords: str) -> cst.Call | None:
    """The call of ``kwargs.pop("name", default)`` or ``name = kwargs.pop("name", default)``; other forms may raise, or bind more."""
    call = node.value
    if isinstance(node, cst.Assign) and (len(node.targets) != 1 or not isinstance(node.targets[0].target, cst.Name)):
        return None
    if not isinstance(call, cst.Call) or len(call.args) != 2 or any(arg.keyword or arg.star for arg in call.args):
        return None
    func = call.func
    is_pop = (
        isinstance(func, cst.Attribute) and func.attr.value == "pop" and isinstance(func.value, cst.Name) and func.value.value == keywords
    )
    computed = isinstance(node, cst.Expr) and isinstance(
        call.args[1].value, (cst.Call, cst.Await, cst.NamedExpr)
    )  # would not be computed any more
    return call if is_pop and not computed and isinstance(call.args[0].value, cst.SimpleString) else None


def _only_read(body: cst.CSTNode, keywords: str) -> bool:
    """Whether a function's keywords are unpacked, looked up and popped from, but never handed on or kept as the dictionary that they are."""
    if any(
        name.value == keywords for kind in (cst.FunctionDef, cst.Lambda) for inner in every(body, kind) for name in every(inner, cst.Name)
    ):
        return False  # a function inside sees the name: whether the dictionary changes under it matters
    allowed: set[int] = set()
    names: list[cst.Name] = []
    for node in nodes(body):
        if (
            isinstance(node, cst.Arg)
            and node.star == "**"
            or isinstance(node, (cst.StarredDictElement, cst.Subscript))
            or isinstance(node, cst.Attribute)
            and node.attr.value in _READING
        ):
            allowed.add(id(node.value))
        elif isinstance(node, cst.ComparisonTarget) and isinstance(node.operator, (cst.In, cst.NotIn)):
            allowed.add(id(node.comparator))
        elif isinstance(node, cst.Name) and node.value == keywords:
            names.append(node)
    return all(id(name) in allowed for name in names)


def first_assignment(test: cst.BaseExpression) -> cst.NamedExpr | None:
    """The assignment expression that a test evaluates before anything else, whatever comes of the rest."""
    if isinstance(test, cst.NamedExpr):
        return test
    if isinstance(test, (cst.Comparison, cst.BooleanOperation, cst.BinaryOperation)):
        return first_assignment(test.left)
    if isinstance(test, cst.UnaryOperation):
        return first_assignment(test.expression)
    if isinstance(test, (cst.Attribute, cst.Subscript)):
        return first_assignment(test.value)
    if isinstance(test, cst.Call) and isinstance(test.func, cst.Name):
        return first_assignment(test.args[0].value) if test.args and not test.args[0].star else None
    return first_assignment(test.func) if isinstance(test, cst.Call) else None


def asked_callable(node: cst.Call) -> cst.Name | None:
    """``functions`` of ``all(callable(f) for f in functions)``."""
    if not (isinstance(node.func, cst.Name) and node.func.value == "all" and len(node.args) == 1):
        return None
    each = node.args[0].value
    if not isinstance(each, (cst.GeneratorExp, cst.ListComp)) or each.for_in.ifs or each.for_in.inner_for_in or each.for_in.asynchronous:
        return None
    asked, function = each.elt, each.for_in.target
    if not (isinstance(asked, cst.Call) and isinstance(asked.func, cst.Name) and asked.func.value == "callable" and len(asked.args) == 1):
        return None
    items = each.for_in.iter
    return items if isinstance(items, cst.Name) and isinstance(function, cst.Name) and asked.args[0].value.deep_equals(function) else None
