"""One call of a torch symbol as the converters see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from transpiler.analysis.values import Value
from transpiler.mapping.binding import Argument, Choice
from transpiler.mapping.schema import Entry, TargetForm
from transpiler.rewrite.context import FileContext


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call with its arguments already converted. For methods the receiver is the first argument.

    ``args`` and ``arguments`` run parallel to ``values``; ``choice`` is the overload, None where the call does not bind.
    """

    original: cst.Call
    updated: cst.Call
    entry: Entry
    args: Sequence[cst.Arg]
    arguments: Sequence[Argument]
    values: Sequence[Value]
    has_receiver: bool
    choice: Choice | None

    def value(self, name: str) -> cst.BaseExpression | None:
        """The expression passed for a parameter, None where it was left out."""
        if self.choice is None:
            return None
        argument = self.choice.binding.get(name)
        return None if argument is None else self.args[argument.index].value

    def kind(self, name: str) -> str:
        """The kind of the value passed for a parameter, 'absent' where it was left out."""
        argument = self.choice.binding.get(name) if self.choice is not None else None
        return "absent" if argument is None else argument.kind


@dataclass(frozen=True, slots=True)
class ConverterContext:
    """What a call converter may use besides the site: the form it was named in and the file."""

    form: TargetForm
    file: FileContext

    def ref(self, name: str) -> cst.BaseExpression:
        """A target symbol, spelled for this file and imported."""
        return self.file.speller.expression(name)
