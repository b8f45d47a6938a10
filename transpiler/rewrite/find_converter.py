"""Which function an entry's ``convert:`` names: one of ``call_converters`` (``suits:``: of ``call_predicates``), or one of the user's own beside a
table given with ``--mappings``.

A user's table writes ``convert: my_converters.py:my_function``; the file is looked for beside the table and run, since whoever passes a table
on the command line trusts it. The built-in tables cannot name files.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import libcst as cst

from transpiler.mapping.schema import Location, MappingError
from transpiler.rewrite import call_converters, call_predicates
from transpiler.rewrite.call_site import CallSite, ConverterContext
from transpiler.rewrite.context import FileContext

Converter = Callable[[CallSite, ConverterContext], cst.BaseExpression | None]
Predicate = Callable[[CallSite, FileContext], bool]


def find_converter(name: str, location: Location) -> Converter:
    """The converter called ``name`` in an entry at ``location``; raises ``MappingError`` with its place where there is none."""
    file, colon, function = name.rpartition(":")
    found = _function(location.folder, file, function) if colon and location.folder else getattr(call_converters, name, None)
    if not callable(found):
        raise MappingError(f"{location}: no call converter '{name}'")
    converter: Converter = found
    return converter


def find_predicate(name: str, location: Location) -> Predicate:
    """The predicate called ``name`` in an entry at ``location``; raises ``MappingError`` with its place where there is none."""
    found = getattr(call_predicates, name, None)
    if not callable(found):
        raise MappingError(f"{location}: no call predicate '{name}'")
    predicate: Predicate = found
    return predicate


@lru_cache(maxsize=64)
def _function(folder: str, file: str, function: str) -> object:
    path = Path(folder) / file
    spec = importlib.util.spec_from_file_location(f"_torch2ms_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function, None)
