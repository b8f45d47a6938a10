"""How torch's parameter lists are read from their text, ``(input, dim=0, *, out=None)``."""

from __future__ import annotations

import ast

from transpiler.mapping.schema import Parameter, Signature


def parse_signature(text: str) -> Signature:
    """Parse a parenthesised Python parameter list without annotations; raises ``ValueError`` where it is not one."""
    try:
        tree = ast.parse(f"def f{text}: pass")
    except SyntaxError as error:
        raise ValueError(f"not a parameter list: {text}") from error
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef) or len(tree.body) != 1:
        raise ValueError(f"not a parameter list: {text}")
    return Signature(tuple(_parameters(function.args)), text)


def _parameters(arguments: ast.arguments) -> list[Parameter]:
    positional = [(a.arg, "positional_only") for a in arguments.posonlyargs] + [(a.arg, "positional") for a in arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    found = [Parameter(name, kind, _text(default)) for (name, kind), default in zip(positional, defaults, strict=True)]
    if arguments.vararg:
        found.append(Parameter(arguments.vararg.arg, "star"))
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Parameter(argument.arg, "keyword", _text(keyword_default)))
    if arguments.kwarg:
        found.append(Parameter(arguments.kwarg.arg, "double_star"))
    return found


def _text(default: ast.expr | None) -> str | None:
    return None if default is None else ast.unparse(default)
