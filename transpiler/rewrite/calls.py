"""What becomes of a call of a torch symbol: the idiomatic form, else the support form, else a diagnostic. The one place where that is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import libcst as cst

from transpiler.analysis import values as v
from transpiler.analysis.dtype_category import DTYPE_GROUPS
from transpiler.analysis.facts import CallFact, Certainty
from transpiler.analysis.semantics import kind_name, literal_text
from transpiler.mapping.binding import NUMPY_NAMES, Argument, Binding, Choice, bind, choose
from transpiler.mapping.schema import UNKNOWN_WAYS, Entry, Signature, TargetForm
from transpiler.report.codes import Code
from transpiler.rewrite.arguments import ArgumentTranslator, Declined, same_literal
from transpiler.rewrite.call_site import CallSite, ConverterContext
from transpiler.rewrite.context import FileContext
from transpiler.rewrite.converters import as_tuple
from transpiler.rewrite.find_converter import find_converter, find_predicate
from transpiler.rewrite.outputs import OutputWriter, without_output
from transpiler.rewrite.template import is_atomic, parenthesized, placeholders, render

#: Parameters that no tensor with data is given for.
_SETTINGS: Final = ("dim", "p", "keepdim", "dtype", "dims")
_BUILTIN_METHODS = frozenset(dir(str) + dir(list) + dir(dict) + dir(set) + dir(bytes) + dir(int))


class CallRewriter:
    """Converts calls in one file."""

    def __init__(self, file: FileContext) -> None:
        self.file = file
        shared = {str(rule["name"]): rule for rule in file.registry.shared if file.target.name in rule.get("targets", (file.target.name,))}
        self.translator = ArgumentTranslator(shared, file.style, file.code)
        self.outputs = OutputWriter(file)
        #: Calls that are statements of their own, and the assignments that those with ``out=`` become.
        self.statements: set[int] = set()
        self.stores: dict[int, cst.BaseSmallStatement] = {}

    # -- entry ----------------------------------------------------------------------------------------------------------

    def rewrite(self, original: cst.Call, updated: cst.Call, fact: CallFact) -> cst.BaseExpression:
        """The call's replacement; the call itself where it stays."""
        if fact.certainty is Certainty.MAYBE:
            return self._rewrite_maybe(original, updated, fact)
        api = fact.apis[0]
        entry = self.file.semantics.entry(api)
        if entry is None:
            if isinstance(fact.owner, v.Tensor) and fact.owner.presumed and api.startswith("torch.Tensor."):
                return updated  # what a module returned, and no tensor after all: tensors have no such method
            return self._member_of_class(original, updated, api) or self._unknown(original, updated, api)
        site = self.site(original, updated, fact, entry)
        leaf = self._leaf(site, fact) if self.file.target.value_and_grad else None
        if leaf is not None:
            return leaf
        if site.has_receiver and any(
            isinstance(value, v.Ref) and value.name.partition(".")[0] == self.file.target.root for value in fact.values
        ):
            return updated  # an argument is the target's own: an earlier run has converted the call
        uncertain = site.choice is not None and not site.choice.certain
        if site.has_receiver and uncertain and not self.file.mentions_torch:
            return updated
        outcome = self._into_output(site) or self.convert(site)
        if isinstance(outcome, Declined):
            self._remark_left(site, outcome)
            return updated
        return self._finish(site, outcome)

    def _into_output(self, site: CallSite) -> cst.BaseExpression | Declined | None:
        """A call with ``out=`` as one without, written into it; None where there is none."""
        split = without_output(site)
        if split is None:
            return None
        plain, index = split
        result = self.convert(plain)
        if isinstance(result, Declined):
            return result
        out, kind = site.args[index].value, site.values[index]
        source = site.original.args[index - (1 if site.has_receiver else 0)].value
        if isinstance(source, cst.Subscript):
            out = source  # as it was: reading a part may have become a call, which cannot be assigned
        if id(site.original) not in self.statements:
            written: cst.BaseExpression | cst.BaseSmallStatement | Declined = self.outputs.expression(out, result)
        else:
            written = self.outputs.statement(out, kind, result)
        if isinstance(written, Declined):
            return Declined(written.code, written.message, written.hint, index)
        if isinstance(written, cst.BaseSmallStatement):
            self.stores[id(site.original)] = written
            return result
        return written

    def _leaf(self, site: CallSite, fact: CallFact) -> cst.BaseExpression | None:
        """A tensor made with ``requires_grad=True``: the tensor as a parameter of its own, which gradients can be taken of."""
        by_name = (i for i, argument in enumerate(site.args) if argument.keyword is not None and argument.keyword.value == "requires_grad")
        index = next(by_name, None) if site.entry.kind == "function" else None
        if index is None or self.file.code(wanted := site.args[index].value) == "False":
            return None
        rest = [argument for position, argument in enumerate(site.args) if position != index]
        own = rest[1:] if site.has_receiver else rest
        if own:
            own[-1] = own[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        values = tuple(value for position, value in enumerate(site.values) if position != index)
        values = values[1:] if site.has_receiver else values
        inner = self.site(site.original, site.updated.with_changes(args=own), replace(fact, values=values), site.entry)
        outcome = self.convert(inner)
        if isinstance(outcome, Declined):
            return None
        arguments = [cst.Arg(outcome)]
        if self.file.code(wanted) != "True":
            arguments.append(cst.Arg(wanted))
        return self._finish(site, cst.Call(self.file.speller.expression("support.as_leaf"), arguments))

    def site(self, original: cst.Call, updated: cst.Call, fact: CallFact, entry: Entry) -> CallSite:
        """The call as converters see it: receiver first."""
        args: list[cst.Arg] = list(updated.args)
        values = list(fact.values)
        # A function found on an instance is a static method: what it is called on is no argument.
        has_receiver = fact.owner is not None and isinstance(updated.func, cst.Attribute) and entry.kind != "function"
        if has_receiver and isinstance(updated.func, cst.Attribute):
            args.insert(0, cst.Arg(updated.func.value))
            values.insert(0, fact.owner or v.UNKNOWN)
        _star_by_keyword(entry, args, values)
        arguments = [
            Argument(a.keyword.value if a.keyword else None, a.star, kind_name(value), index, literal_text(value))
            for index, (a, value) in enumerate(zip(args, values, strict=True))
        ]
        if has_receiver:
            arguments[0] = Argument(None, "", "tensor" if isinstance(fact.owner, v.Tensor) else "unknown", 0, "")
        choice = choose(entry, arguments)
        modern = _in_order(entry, args, values, arguments) if choice is None else None
        if modern is not None:
            args, values, arguments = modern
            choice = choose(entry, arguments)
            updated = updated.with_changes(args=args[1:] if has_receiver else args)
        return CallSite(original, updated, entry, args, arguments, values, has_receiver, choice)

    def _finish(self, site: CallSite, outcome: cst.BaseExpression) -> cst.BaseExpression:
        original = site.original
        symbol = callee_text(original)
        if outcome is site.updated or outcome.deep_equals(site.updated):
            return site.updated
        if is_constant(outcome):
            self.file.dropped(original, symbol, f"it is {self.file.code(outcome)} on {self.file.target.name}.")
            return self.file.fold(outcome, truth_of(outcome))
        form = self._form(site)
        note = "" if form is None else form.note
        code = Code.APPROXIMATE if form is not None and note and form.fidelity == "approximate" else Code.CONVERTED
        replacement = callee_text(outcome) if isinstance(outcome, cst.Call) else self.file.code(outcome)
        if site.has_receiver and outcome is site.args[0].value:
            self.file.dropped(original, symbol, "it has no meaning on the target.")
        else:
            self.file.converted(original, symbol, replacement, note, code)
        return self.placed(original, outcome)

    def placed(self, original: cst.BaseExpression, outcome: cst.BaseExpression) -> cst.BaseExpression:
        """``outcome`` with the parentheses that stood around the original, or with some of its own where it needs them."""
        if original.lpar and not outcome.lpar:
            return outcome.with_changes(lpar=original.lpar, rpar=original.rpar)
        if is_atomic(outcome):
            return outcome
        return self.file.mark_generated(parenthesized(outcome))

    def _form(self, site: CallSite) -> TargetForm | None:
        name = self.file.target.name
        if site.choice is not None and site.choice.targets is not None and name in site.choice.targets:
            return site.choice.targets[name]
        return site.entry.form(name)

    # -- choosing a form --------------------------------------------------------------------------------------------------

    def convert(self, site: CallSite) -> cst.BaseExpression | Declined:
        """The call on the target, or why not."""
        form = self._form(site)
        general = site.entry.form(self.file.target.name)
        support = next((f.support for f in (form, general) if f is not None and f.support), None)
        if form is None:
            common = site.entry.common_support(self.file.target.name)
            if common is not None and any(argument.star for argument in site.arguments):
                return self._support(common, site)  # star-arguments hide which overload is meant: the support form takes them all
            return Declined(Code.UNSUPPORTED_API, f"There is no counterpart on {self.file.target.name} yet.")
        if support is not None and site.choice is not None and not site.choice.certain:
            return self._support(support, site)
        if support is not None and any(argument.star == "**" or (argument.star and site.choice is None) for argument in site.arguments):
            return self._support(support, site)  # the names, and the order, in it are torch's
        if support is not None and not self._suits(site, form):
            return self._support(support, site)
        outcome = self.idiomatic(self._promoted(site, form), form)
        if isinstance(outcome, Declined) and support is not None:
            supported = self._support(support, site)
            return outcome if isinstance(supported, Declined) else supported
        return outcome

    def _suits(self, site: CallSite, form: TargetForm) -> bool:
        """Whether the call is one that the form is right for (``suits``), and the dtypes that it asks for (``dtypes``) are known to be what these
        arguments have, or are made so (``promotes``)."""
        if form.suits is not None and not find_predicate(form.suits, site.entry.location)(site, self.file):
            return False
        if not form.dtypes or site.choice is None:
            return not form.dtypes
        for name, wanted in form.dtypes.items():
            accepted = DTYPE_GROUPS[wanted] | (DTYPE_GROUPS["whole"] if name in form.promotes else frozenset())
            for argument in site.choice.binding.values.get(name, ()):
                value = site.values[argument.index] if argument.index >= 0 else None
                if not isinstance(value, v.Tensor) or value.dtype not in accepted:
                    return False
        return True

    def _promoted(self, site: CallSite, form: TargetForm) -> CallSite:
        """The call with the integers and booleans among the form's ``promotes`` as floats, which torch makes of them by itself."""
        if not form.promotes or site.choice is None:
            return site
        args, updated = list(site.args), site.updated
        for index in [a.index for name in form.promotes for a in site.choice.binding.values.get(name, ())]:
            value = site.values[index]
            if not isinstance(value, v.Tensor) or value.dtype not in ("int", "bool"):
                continue
            as_float = cst.Call(cst.Attribute(parenthesized(args[index].value), cst.Name("float")))
            args[index] = args[index].with_changes(value=as_float)
            if site.has_receiver and index == 0 and isinstance(updated.func, cst.Attribute):
                updated = updated.with_changes(func=updated.func.with_changes(value=as_float))
        return replace(site, args=args, updated=updated)

    def idiomatic(self, site: CallSite, form: TargetForm) -> cst.BaseExpression | Declined:
        """The target's own API, where it can say what the call says."""
        if form.convert is not None:
            converted: cst.BaseExpression | None = find_converter(form.convert, site.entry.location)(
                site, ConverterContext(form, self.file)
            )
            if converted is not None:
                return converted
        if form.unsupported is not None:
            return Declined(Code(form.unsupported.code), "", form.unsupported.hint)
        if form.template is not None:
            return self._template(site, form)
        if form.to is not None:
            return self._call(site, form, form.to)
        return Declined(Code.UNSUPPORTED_ARGUMENT, "These arguments have no counterpart.")

    def _call(self, site: CallSite, form: TargetForm, to: str) -> cst.BaseExpression | Declined:
        binding = site.choice.binding if site.choice is not None else None
        as_method = is_member(to)
        if as_method and (not site.args or site.args[0].star or site.args[0].keyword is not None):
            return Declined(Code.UNBOUND_ARGUMENTS, "The receiver is not written as the first argument.")
        if not form.args and form.order is None and not form.add:
            translated = self._passed(site, binding, frozenset() if form.support else form.keep)
        elif binding is None:
            return Declined(Code.UNBOUND_ARGUMENTS, "The arguments do not fit the signature, or star-arguments hide them.")
        else:
            translated = self.translator.translate(form, binding, site.args, frozenset())
        if isinstance(translated, Declined):
            return translated
        return self._built(site, to, translated, as_method)

    def _passed(self, site: CallSite, binding: Binding | None, keep: frozenset[str]) -> list[cst.Arg] | Declined:
        if binding is None and not any(a.star for a in site.arguments):
            return Declined(Code.UNBOUND_ARGUMENTS, "The arguments do not fit the signature.")
        return self.translator.pass_through(binding, site.args, keep)

    def _built(self, site: CallSite, to: str, arguments: list[cst.Arg], as_method: bool) -> cst.BaseExpression:
        if as_method:
            receiver, *rest = arguments
            func: cst.BaseExpression = cst.Attribute(parenthesized(receiver.value), cst.Name(to.rpartition(".")[2]))
            if site.has_receiver and isinstance(site.updated.func, cst.Attribute):
                func = site.updated.func.with_changes(attr=cst.Name(to.rpartition(".")[2]))
            return site.updated.with_changes(func=func, args=rest)
        if site.has_receiver and arguments:
            value = undelimited(arguments[0].value)
            first = arguments[0].with_changes(
                value=value if to.rpartition(".")[2] in self.file.target.asking else _instance(value),
                comma=cst.MaybeSentinel.DEFAULT,
                whitespace_after_arg=_NOTHING,
            )
            arguments = [first, *arguments[1:]]
        if len(arguments) > 1:
            arguments = [
                a.with_changes(value=parenthesized(a.value)) if isinstance(a.value, cst.GeneratorExp) and not a.value.lpar else a
                for a in arguments
            ]
        func = self.file.speller.expression(to)
        return site.updated.with_changes(func=func, args=arguments, whitespace_after_func=_NOTHING)

    def _support(self, name: str, site: CallSite) -> cst.BaseExpression | Declined:
        form = self._form(site)
        binding = site.choice.binding if site.choice is not None else None
        if form is not None and form.args and form.to is None and form.template is None and form.convert is None:
            # Rules beside nothing but a support form say which of torch's arguments it lacks.
            if binding is None:
                return Declined(Code.UNBOUND_ARGUMENTS, "The arguments do not fit the signature, or star-arguments hide them.")
            translated = self.translator.translate(form, binding, site.args, frozenset())
        elif site.choice is not None and not site.choice.certain:
            translated = list(site.args)  # which argument is what is decided when the program runs: none may be left out here
        else:
            translated = self._passed(site, binding, form.keep if form is not None else frozenset())
        if isinstance(translated, Declined):
            return translated
        return self._built(site, f"support.{name}", translated, as_method=False)

    # -- templates --------------------------------------------------------------------------------------------------------

    def _template(self, site: CallSite, form: TargetForm) -> cst.BaseExpression | Declined:
        if site.choice is None:
            return Declined(Code.UNBOUND_ARGUMENTS, "The arguments do not fit the signature, or star-arguments hide them.")
        binding = site.choice.binding
        template = form.template or ""
        modes = dict(placeholders(template))
        refused = self._refused(site, form, binding, frozenset(modes))
        if refused is not None:
            return refused
        expressions: dict[str, cst.BaseExpression] = {}
        stars: dict[str, Sequence[cst.Arg]] = {}
        for name, mode in modes.items():
            filled = self._filled(site, form, binding, name, mode)
            if isinstance(filled, Declined):
                return filled
            if isinstance(filled, list):
                stars[name] = filled
            else:
                expressions[name] = filled
        return render(template, expressions, stars, self.file.style)

    def _refused(self, site: CallSite, form: TargetForm, binding: Binding, used: frozenset[str]) -> Declined | None:
        """Arguments that the template does not mention must be droppable."""
        for name in binding.order:
            if name in used or (name == "self"):
                continue
            rule = self.translator.rule(form, binding, name)
            argument = binding.values[name][0]
            value = site.args[argument.index].value
            text = self.translator.literal(argument, value)
            default = self.translator.default_of(binding.signature.find(name), name)
            if rule is not None and rule.drop == "always":
                continue
            if rule is not None and rule.only is not None and any(same_literal(text, allowed) for allowed in rule.only):
                continue
            if default is not None and same_literal(text, default):
                continue
            return Declined(
                Code.UNSUPPORTED_ARGUMENT,
                f"The argument {name}={self.file.code(value)} has no counterpart.",
                rule.hint if rule else "",
                argument.index,
            )
        return None

    def _filled(
        self, site: CallSite, form: TargetForm, binding: Binding, name: str, mode: str
    ) -> cst.BaseExpression | list[cst.Arg] | Declined:
        arguments, rule = binding.values.get(name, ()), form.args.get(name)
        if mode:
            # Of a sequence a rule says only which values the form honours.
            values = [self.translator.translated(name, rule, a, site.args[a.index].value) for a in arguments] if rule is not None else []
            refused = next((value for value in values if isinstance(value, Declined)), None)
            return refused or self._sequence(site, arguments, name, mode)
        if not arguments:
            parameter = binding.signature.find(name)
            if parameter is None or parameter.default is None:
                return Declined(Code.UNBOUND_ARGUMENTS, f"The argument {name} is missing.")
            value = cst.parse_expression(parameter.default)
            argument = Argument(name, "", "unknown", -1, parameter.default)
        else:
            argument = arguments[0]
            value = site.args[argument.index].value
        if rule is None:
            return value
        return self.translator.translated(name, rule, argument, value)

    def _sequence(
        self, site: CallSite, arguments: Sequence[Argument], name: str, mode: str
    ) -> cst.BaseExpression | list[cst.Arg] | Declined:
        single = arguments[0] if len(arguments) == 1 else None
        if single is not None and not single.star and single.kind in ("sequence", "shape"):
            value = site.args[single.index].value
            if mode == "star":
                if isinstance(value, (cst.Tuple, cst.List)):
                    return [_element_argument(element) for element in value.elements]
                return [cst.Arg(value, star="*")]
            made = as_tuple(value, single.kind)
            return made if made is not None else Declined(Code.UNBOUND_ARGUMENTS, f"{name} cannot be written as a tuple.", "", single.index)
        if single is not None and not single.star and single.kind not in ("int", "number", "bool"):
            return Declined(Code.UNBOUND_ARGUMENTS, f"It is not known whether {name} is a number or a sequence.", "", single.index)
        plain = [cst.Arg(site.args[a.index].value, star=a.star) for a in arguments]
        if mode == "star":
            return plain
        return cst.Tuple([cst.StarredElement(a.value) if a.star else cst.Element(a.value) for a in plain])

    # -- uncertain receivers ------------------------------------------------------------------------------------------------

    def _rewrite_maybe(self, original: cst.Call, updated: cst.Call, fact: CallFact) -> cst.BaseExpression:
        """A method that exists on tensors or modules, on an object of unknown kind. A file that never speaks of torch has other objects."""
        if not self.file.mentions_torch:
            return updated
        outcomes: list[tuple[CallSite, cst.BaseExpression]] = []
        unambiguous = True
        for api in fact.apis:
            entry = self.file.semantics.entry(api)
            assert entry is not None
            unambiguous = unambiguous and (entry.unambiguous or self._only_of_tensors(api, fact)) and not _is_job(api, fact)
            # An object that may be a tensor is presumed to be one of floats, as most are.
            owner = v.Tensor(dtype="float") if api.startswith("torch.Tensor.") else v.MODULE
            site = self.site(original, updated, CallFact((api,), Certainty.KNOWN, fact.values, owner, original), entry)
            form = self._form(site)
            if form is not None and form.unknown == "stays":
                return updated
            if site.choice is None and not any(a.star for a in site.arguments):
                continue
            if _passes_data_as_setting(site):
                continue
            if entry.inplace is not None:
                continue
            outcome = self._trial(site)
            if isinstance(outcome, Declined):
                unambiguous = False
                continue
            if form is not None and form.unknown == "dispatch":
                return self._dispatching(site, form)
            outcomes.append((site, outcome))
        return self._settle_maybe(original, updated, fact, outcomes, unambiguous)

    def _only_of_tensors(self, api: str, fact: CallFact) -> bool:
        """``out.size(0)``, ``out.view(n, -1)``: with such arguments methods of tensors alone, unless the project has one of that name."""
        values = [literal_text(value) for value in fact.values]
        if api == "torch.Tensor.size":
            tells = len(values) == 1 and kind_name(fact.values[0]) == "int"
        else:
            tells = api == "torch.Tensor.view" and "-1" in values
        name, index = api.rpartition(".")[2], self.file.index
        return tells and index is not None and name not in index.methods

    def _trial(self, site: CallSite) -> cst.BaseExpression | Declined:
        with self.file.speller.trying():
            return self.convert(site)

    def if_possible(self, site: CallSite) -> cst.BaseExpression | None:
        """The call on the target; None where it would be left, and then nothing is imported for it."""
        if isinstance(self._trial(site), Declined):
            return None
        outcome = self.convert(site)
        return None if isinstance(outcome, Declined) else outcome

    def _after_trial(self, site: CallSite) -> cst.BaseExpression:
        """The conversion that a trial has shown to be possible, this time with the imports and support functions that it needs."""
        outcome = self.convert(site)
        assert not isinstance(outcome, Declined)
        return self._finish(site, outcome)

    def _dispatching(self, site: CallSite, form: TargetForm) -> cst.BaseExpression:
        """The support function that asks the object what it is; an idiomatic form would take it for a tensor."""
        if form.support is None or (form.template is None and form.to is None):
            return self._after_trial(site)
        outcome = self._support(form.support, site)
        assert not isinstance(outcome, Declined)
        return self._finish(site, outcome)

    def _asking(self, site: CallSite) -> cst.BaseExpression | None:
        """The call of a support function that asks the object what it is, with the arguments as they stand, since another object has its own."""
        form = self._form(site)
        func = site.original.func
        if form is None or form.unknown is None or form.unknown in UNKNOWN_WAYS or not isinstance(func, cst.Attribute):
            return None
        if func.attr.value != site.entry.api.rpartition(".")[2]:
            return None  # by another name for it: the function would ask other objects for a method of the wrong name
        signature = site.choice.binding.signature if site.choice is not None else Signature(())
        if not any(p.kind == "double_star" for p in signature.parameters) and any(
            arg.keyword is not None and signature.find(NUMPY_NAMES.get(arg.keyword.value, arg.keyword.value)) is None for arg in site.args
        ):
            return None  # a name of an argument that the function does not know
        # A statement has no result that could be a new leaf.
        asked = "mark_leaf" if form.unknown == "as_leaf" and id(site.original) in self.statements else form.unknown
        return self._built(site, f"support.{asked}", list(site.args), as_method=False)

    def _settle_maybe(
        self, original: cst.Call, updated: cst.Call, fact: CallFact, outcomes: list[tuple[CallSite, cst.BaseExpression]], unambiguous: bool
    ) -> cst.BaseExpression:
        name = original.func.attr.value if isinstance(original.func, cst.Attribute) else ""
        changing = [(site, outcome) for site, outcome in outcomes if not outcome.deep_equals(updated)]
        if not changing:
            return updated
        agreed = len(changing) == len(outcomes) and all(outcome.deep_equals(changing[0][1]) for _, outcome in changing)
        if agreed and unambiguous:
            site, _ = changing[0]
            text = callee_text(original)
            self.file.review(original, Code.REVIEW_RECEIVER, text, f"'{text}' was converted as a method of {_kind_word(fact.apis)}, but the receiver's type is not known.",
                             "Annotate the variable to settle it.")  # fmt: skip
            return self._after_trial(site)
        if name in _BUILTIN_METHODS and not any(isinstance(value, v.Tensor) for value in fact.values):
            return updated
        for site, _ in outcomes:
            asking = self._asking(site)
            if asking is not None:
                return self._finish(site, asking)
        text = callee_text(original)
        self.file.left(
            original,
            Code.UNKNOWN_RECEIVER,
            text,
            "The receiver's type is not known.",
            f"Annotate it if it is {_kind_word(fact.apis)}.",
            root=cst.Pass(),
        )
        return updated

    # -- what stays -------------------------------------------------------------------------------------------------------

    def _member_of_class(self, original: cst.Call, updated: cst.Call, api: str) -> cst.BaseExpression | None:
        """``nn.Module.__init__(self)``: a member that every class has, through a class that the target has under another name."""
        owner, _, leaf = api.rpartition(".")
        entry = self.file.semantics.entry(owner)
        form = entry.form(self.file.target.name) if entry is not None and entry.kind == "class" else None
        if form is None or not leaf.startswith("__"):
            return None
        name = f"support.{form.support}" if form.support else form.to
        if name is None:
            return None
        func = cst.Attribute(self.file.speller.expression(name), cst.Name(leaf))
        self.file.converted(original, callee_text(original), self.file.code(func))
        return updated.with_changes(func=func)

    def _unknown(self, original: cst.Call, updated: cst.Call, api: str) -> cst.Call:
        self.file.unknown(original, callee_text(original), api)
        return updated

    def _remark_left(self, site: CallSite, declined: Declined) -> None:
        node: cst.CSTNode = site.original
        if declined.index is not None and declined.index >= 0:
            index = declined.index - (1 if site.has_receiver else 0)
            if 0 <= index < len(site.original.args):
                node = site.original.args[index]
        symbol = callee_text(site.original)
        form = self._form(site)
        suggestion = (form.to or "") if form is not None else ""
        root: cst.CSTNode = site.original if not site.has_receiver else cst.Pass()
        self.file.left(node, declined.code, symbol, declined.message, declined.hint, root=root, replacement=suggestion)


def _star_by_keyword(entry: Entry, args: list[cst.Arg], values: list[v.Value]) -> None:
    """``x.expand(size=(2, 3))``: torch takes a star parameter by its name too, as one sequence. It becomes the sequence by position."""
    signatures = [s for s in (entry.signature, *(overload.signature for overload in entry.overloads)) if s is not None]
    stars = {p.name for signature in signatures for p in signature.parameters if p.kind == "star"}
    for index, argument in enumerate(args):
        if argument.keyword is not None and argument.keyword.value in stars:
            place = next((i for i, other in enumerate(args) if other.keyword is not None), index)
            plain = argument.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
            value = values.pop(index)
            del args[index]
            args.insert(place, plain)
            values.insert(place, value)
            return


def _in_order(
    entry: Entry, args: list[cst.Arg], values: list[v.Value], arguments: list[Argument]
) -> tuple[list[cst.Arg], list[v.Value], list[Argument]] | None:
    """A call in an older order of the parameters (``x.add(2, y)``) in the order of the signature (``x.add(y, alpha=2)``); the layout stays in its
    place. None where the call is in none of them."""
    older = next((binding for signature in entry.legacy if (binding := bind(signature, arguments)) is not None), None)
    if older is None or entry.signature is None:
        return None
    ordered: list[tuple[int, str | None]] = []
    for parameter in entry.signature.parameters:
        for argument in older.values.get(parameter.name, ()):
            ordered.append((argument.index, None if parameter.kind.startswith("positional") else parameter.name))
    laid_out = [
        place.with_changes(
            value=args[index].value,
            keyword=cst.Name(name) if name is not None else None,
            equal=cst.AssignEqual(_NOTHING, _NOTHING) if name is not None else cst.MaybeSentinel.DEFAULT,
        )
        for place, (index, name) in zip(args, ordered, strict=True)
    ]
    moved = [replace(arguments[index], keyword=name, index=position) for position, (index, name) in enumerate(ordered)]
    return laid_out, [values[index] for index, _ in ordered], moved


_NOTHING = cst.SimpleWhitespace("")


def _passes_data_as_setting(site: CallSite) -> bool:
    """``self.body.norm(x)`` with a tensor where torch's method has a number: a layer that is called."""
    bound = site.choice.binding.values if site.choice is not None else {}
    return any(isinstance(site.values[a.index], v.Tensor) for name in _SETTINGS for a in bound.get(name, ()) if a.index >= 0)


def undelimited(node: cst.BaseExpression) -> cst.BaseExpression:
    """A receiver that becomes an argument without the parentheses that it needed before a dot."""
    if not isinstance(node, (cst.BinaryOperation, cst.Comparison, cst.UnaryOperation, cst.BooleanOperation)) or len(node.lpar) != 1:
        return node
    edges = (node.lpar[0].whitespace_after, node.rpar[0].whitespace_before)
    plain = all(isinstance(edge, cst.SimpleWhitespace) for edge in edges)
    return node.with_changes(lpar=(), rpar=()) if plain else node


def is_member(to: str) -> bool:
    """Whether a target name is a method of a class (``mindspore.Tensor.permute``), so that the call stays a method call."""
    owner = to.rpartition(".")[0].rpartition(".")[2]
    return owner[:1].isupper()


def _instance(receiver: cst.BaseExpression) -> cst.BaseExpression:
    """``self`` for ``super()``, where a function takes the place of the base's method: a proxy is no module, and the function is the base's."""
    if not isinstance(receiver, cst.Call) or not isinstance(receiver.func, cst.Name) or receiver.func.value != "super":
        return receiver
    return receiver.args[1].value if len(receiver.args) == 2 else cst.Name("self")


def callee_text(node: cst.BaseExpression) -> str:
    """How a call's callee is written, for messages: dotted names in full, longer receivers as their last attribute."""
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Name) and node.func.value == "getattr":
            return "getattr"
        return callee_text(node.func)
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        inner = callee_text(node.value) if isinstance(node.value, (cst.Name, cst.Attribute)) else ""
        return f"{inner}.{node.attr.value}"
    return ""


def is_constant(node: cst.BaseExpression) -> bool:
    """Whether an expression is one of the names True, False and None."""
    return isinstance(node, cst.Name) and node.value in ("True", "False", "None")


def truth_of(node: cst.BaseExpression) -> bool:
    """The truth of such a constant."""
    return isinstance(node, cst.Name) and node.value == "True"


def _element_argument(element: cst.BaseElement) -> cst.Arg:
    return cst.Arg(element.value, star="*" if isinstance(element, cst.StarredElement) else "")


def _is_job(api: str, fact: CallFact) -> bool:
    """``worker.train(data)``: anybody's method, unlike ``model.train()`` and ``model.train(False)``."""
    return api == "torch.nn.Module.train" and any(kind_name(value) != "bool" for value in fact.values)


def _kind_word(apis: Sequence[str]) -> str:
    return "a tensor" if any(api.startswith("torch.Tensor.") for api in apis) else "a module"


__all__ = ["CallRewriter", "Choice", "callee_text", "is_constant", "is_member", "truth_of", "undelimited"]
