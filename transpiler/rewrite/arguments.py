"""How the arguments of one call are carried over to the target: bound to torch's parameters, translated by the entry's rules, in the user's order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from transpiler.mapping.binding import Argument, Binding
from transpiler.mapping.schema import ArgumentRule, Parameter, TargetForm
from transpiler.report.codes import Code
from transpiler.rewrite import converters
from transpiler.rewrite.expressions import is_repeatable
from transpiler.rewrite.template import Style, render, spaced

SharedRules = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a form cannot express a call; ``index`` is the argument at fault."""

    code: Code
    message: str
    hint: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ArgumentTranslator:
    """Translates arguments for one file and target."""

    shared: SharedRules
    style: Style
    code: Callable[[cst.CSTNode], str]

    def shared_rule(self, parameter: Parameter | None, name: str) -> Mapping[str, Any] | None:
        """The shared rule for a parameter, unless torch's default here is another than the one that the rule calls meaningless."""
        rule = self.shared.get(name)
        if rule is None or "default" not in rule or parameter is None or parameter.default is None:
            return rule
        return rule if same_literal(parameter.default, str(rule["default"])) else None

    def rule(self, form: TargetForm, binding: Binding, name: str) -> ArgumentRule | None:
        """The rule for a parameter: the form's own, or the shared one."""
        own = form.args.get(name)
        if own is not None:
            return own
        shared = self.shared_rule(binding.signature.find(name), name)
        return ArgumentRule(drop=shared["drop"]) if shared is not None else None

    def default_of(self, parameter: Parameter | None, name: str) -> str | None:
        """The default that a value must equal to be dropped silently: the signature's own comes before the shared one."""
        if parameter is not None and parameter.default is not None:
            return parameter.default
        shared = self.shared_rule(parameter, name)
        if shared is not None and "default" in shared:
            return str(shared["default"])
        return None

    def translate(self, form: TargetForm, binding: Binding, args: Sequence[cst.Arg], skip: frozenset[str]) -> list[cst.Arg] | Declined:
        """The target's argument list, without the parameters in ``skip`` (a method's receiver)."""
        result: list[cst.Arg] = []
        positional = True
        allowed = self._positional(form, binding)
        for name in binding.order:
            if name in skip:
                continue
            rule = self.rule(form, binding, name)
            for argument in binding.values[name]:
                source = args[argument.index]
                done = self._one(name, rule, argument, source, binding)
                if isinstance(done, Declined):
                    return done
                if done is None:
                    positional = positional and argument.keyword is not None
                    if argument.keyword is None:
                        positional = False
                    _carry_comment(result, source)
                    continue
                keyword = (rule.to if rule is not None and rule.to else name) if name not in _stars(binding) else (argument.keyword or None)
                stays = argument.keyword is None and positional and name in allowed
                positional = positional and stays
                result.append(_argument(source, done, None if stays else keyword))
        refused = self._emit_defaults(form, binding, args, result, skip)
        if refused is not None:
            return refused
        for keyword, text in form.add.items():
            value = render(text, {}, {}, self.style)
            result.append(_keyword(keyword, value))
        return _relaid(result, args)

    def _positional(self, form: TargetForm, binding: Binding) -> frozenset[str]:
        if form.order is not None:
            return frozenset(form.order)
        allowed: list[str] = []
        for parameter in binding.signature.parameters:
            if parameter.name in form.args or parameter.name in self.shared:
                break
            allowed.append(parameter.name)
        return frozenset(allowed)

    def _one(
        self, name: str, rule: ArgumentRule | None, argument: Argument, source: cst.Arg, binding: Binding
    ) -> cst.BaseExpression | Declined | None:
        value = source.value
        if rule is None:
            return value
        if rule.drop == "always":
            return None
        if rule.drop == "when_default":
            default = self.default_of(binding.signature.find(name), name)
            if default is not None and same_literal(self.literal(argument, value), default):
                return None
            return self._declined(rule, name, argument, value)
        return self.translated(name, rule, argument, value)

    def translated(self, name: str, rule: ArgumentRule, argument: Argument, value: cst.BaseExpression) -> cst.BaseExpression | Declined:
        """One argument's value as its rule wants it, or why it has no counterpart."""
        text = self.literal(argument, value)
        if rule.only is not None and not any(same_literal(text, allowed) for allowed in rule.only):
            return self._declined(rule, name, argument, value)
        if rule.values is not None:
            found = next((new for old, new in rule.values.items() if same_literal(text, old)), None)
            if found is None:
                return self._declined(rule, name, argument, value)
            return render(found, {}, {}, self.style)
        if rule.convert is not None:
            converted: cst.BaseExpression | None = getattr(converters, rule.convert)(value, argument.kind)
            return self._declined(rule, name, argument, value) if converted is None else converted
        if rule.template is not None:
            return render(rule.template, {"value": value}, {}, self.style)
        return value

    def literal(self, argument: Argument, value: cst.BaseExpression) -> str:
        """The literal text of an argument: as analysed, or as written."""
        return argument.text or self.code(value)

    def _declined(self, rule: ArgumentRule, name: str, argument: Argument, value: cst.BaseExpression) -> Declined:
        message = f"The argument {name}={self.code(value)} has no counterpart."
        return Declined(Code(rule.code), message, rule.hint, argument.index)

    def _emit_defaults(
        self, form: TargetForm, binding: Binding, args: Sequence[cst.Arg], result: list[cst.Arg], skip: frozenset[str]
    ) -> Declined | None:
        """Append the defaults that have to be written out. One that the target cannot say refuses the whole form: its own would step in."""
        for name, rule in form.args.items():
            parameter = binding.signature.find(name)
            if not rule.emit_default or name in binding.values or name in skip or parameter is None or parameter.default is None:
                continue
            given = binding.get(rule.emit_default) if isinstance(rule.emit_default, str) else None
            if given is not None and given.index >= 0 and is_repeatable(args[given.index].value):
                argument, value = given, args[given.index].value
            else:
                argument, value = Argument(name, "", "unknown", -1, parameter.default), cst.parse_expression(parameter.default)
            translated = self.translated(name, rule, argument, value)
            if isinstance(translated, Declined):
                return translated
            result.append(_keyword(rule.to or name, translated))
        return None

    def pass_through(self, binding: Binding | None, args: Sequence[cst.Arg], keep: frozenset[str]) -> list[cst.Arg] | Declined:
        """The user's own arguments, without those that mean nothing anywhere. ``keep``: shared parameters that the form honours."""
        result: list[cst.Arg] = []
        names = _names_by_index(binding) if binding is not None else {}
        force_keyword = False
        for index, source in enumerate(args):
            name = names.get(index) or (source.keyword.value if source.keyword is not None else None)
            shared = self.shared_rule(binding.signature.find(name) if binding is not None else None, name) if name is not None else None
            shared = None if name in keep else shared
            if shared is not None and not source.star:
                verdict = self._shared(name or "", shared, source, binding, index)
                if isinstance(verdict, Declined):
                    return verdict
                if verdict:
                    force_keyword = force_keyword or source.keyword is None
                    _carry_comment(result, source)
                    continue
            renamed = source.keyword is not None and name is not None and source.keyword.value != name
            if renamed or (force_keyword and source.keyword is None and not source.star and name is not None):
                result.append(_argument(source, source.value, name))
            else:
                result.append(source)
        return _relaid(result, args)

    def _shared(self, name: str, rule: Mapping[str, Any], source: cst.Arg, binding: Binding | None, index: int) -> bool | Declined:
        """True: the argument goes. Only parameters that torch's signature has are shared ones."""
        parameter = binding.signature.find(name) if binding is not None else None
        if binding is not None and parameter is None:
            return False
        if rule["drop"] == "always":
            return True
        default = self.default_of(parameter, name)
        if default is not None and same_literal(self.code(source.value), default):
            return True
        return Declined(Code.UNSUPPORTED_ARGUMENT, f"The argument {name}={self.code(source.value)} has no counterpart.", "", index)


def _stars(binding: Binding) -> frozenset[str]:
    return frozenset(p.name for p in binding.signature.parameters if p.kind in ("star", "double_star"))


def _names_by_index(binding: Binding) -> dict[int, str]:
    stars = _stars(binding)
    return {argument.index: name for name, arguments in binding.values.items() for argument in arguments if name not in stars}


def same_literal(left: str, right: str) -> bool:
    """Whether two literal texts denote the same value; texts that are no literals are compared as they are."""
    if left == right:
        return True
    try:
        first, second = ast.literal_eval(left), ast.literal_eval(right)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return bool(type(first) is type(second) and first == second)


def _argument(source: cst.Arg, value: cst.BaseExpression, keyword: str | None) -> cst.Arg:
    if keyword is None:
        return source.with_changes(value=value, keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    if source.keyword is not None:
        return source.with_changes(value=value, keyword=source.keyword.with_changes(value=keyword))
    return source.with_changes(value=value, keyword=cst.Name(keyword), equal=_EQUAL)


def _keyword(keyword: str, value: cst.BaseExpression) -> cst.Arg:
    return cst.Arg(value, keyword=cst.Name(keyword), equal=_EQUAL)


_EQUAL = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))


def _carry_comment(result: list[cst.Arg], dropped: cst.Arg) -> None:
    """A dropped argument's comment stays behind the argument before it."""
    if result and isinstance(dropped.comma, cst.Comma) and _has_comment(dropped.comma):
        result[-1] = result[-1].with_changes(comma=dropped.comma)


def _has_comment(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Comment):
        return True
    return any(_has_comment(child) for child in node.children)


def _relaid(result: list[cst.Arg], original: Sequence[cst.Arg]) -> list[cst.Arg]:
    """Commas as in the user's list: one line each where it was so, and a trailing comma where there was one."""
    if not result:
        return result
    last = original[-1] if original else None
    separators = [a.comma for a in original[:-1] if isinstance(a.comma, cst.Comma)]
    laid: list[cst.Arg] = []
    for position, argument in enumerate(result):
        is_last = position == len(result) - 1
        comma = argument.comma
        if is_last:
            wanted = last.comma if last is not None else cst.MaybeSentinel.DEFAULT
            if isinstance(comma, cst.Comma) and _has_comment(comma):
                wanted = comma
            after = last.whitespace_after_arg if last is not None else argument.whitespace_after_arg
            argument = argument.with_changes(comma=wanted, whitespace_after_arg=after)
        elif not isinstance(comma, cst.Comma) or (last is not None and comma is last.comma and separators):
            plain = separators[-1] if separators else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            if _has_comment(plain) or (last is not None and isinstance(last.comma, cst.Comma) and not separators):
                plain = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            argument = argument.with_changes(comma=plain, whitespace_after_arg=cst.SimpleWhitespace(""))
        laid.append(argument)
    return spaced(laid)
