"""Runs the cases of some operators: ``python -m tests.conformance.run RESULTS OP [OP …] --limit N [--skip FILE]``.

In a process of its own, since a kernel may take the process down: before each case its name is written to ``RESULTS.now``, and one line of JSON for
each operator is appended to RESULTS.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import signal
import sys
import traceback
import types
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import mindspore
import torch

from tests.conformance.forms import HEADER, Form, forms
from tests.conformance.samples import DTYPES, Sample, operators, samples, seed
from tests.conformance.target_defects import target_defects
from tests.conformance.verdict import (
    UNSET,
    difference,
    flat_results,
    gradient_difference,
    is_rounding,
    leaves,
    same_up_to_choice,
    to_mindspore,
    torch_gradients,
)
from tests.mappings.flatten import Leaf
from transpiler.mapping.registry import Registry, load_registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import FileResult, single_file_context, transpile_source
from transpiler.support.assemble import assemble

SECONDS = 60
SHOWN = 12


class Written(Protocol):
    """What every kind of case has: the function of ``source`` that stands for it, and which form it is."""

    @property
    def label(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def form(self) -> Any: ...
    @property
    def sample(self) -> Any: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One form of one sample."""

    operator: str
    label: str
    function: str
    form: Form
    sample: Sample
    source: str
    differentiable: bool


@dataclass(slots=True)
class Tally:
    """What became of an operator's cases."""

    matched: int = 0
    left: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    defects: int = 0
    by_form: dict[str, list[int]] = field(default_factory=dict)

    def count(self, case: Written, verdict: str, detail: str) -> None:
        if verdict == "defect":
            self.defects += 1
            return
        row = self.by_form.setdefault(case.form.name, [0, 0, 0])
        row[("matched", "left", "wrong").index(verdict)] += 1
        if verdict == "matched":
            self.matched += 1
        elif verdict == "left":
            self.left[detail] += 1
        else:
            self.wrong.append(f"{case.label} | {' ; '.join(case.form.body)} | {detail}")


def cases(name: str, limit: int | None, dtypes: Sequence[torch.dtype] = DTYPES) -> Iterator[Case]:
    """Every form of every sample of an operator; at most ``limit`` samples of each dtype and variant. What reads the same is one function."""
    numbers: dict[str, int] = {}
    for op in operators()[name]:
        for dtype in dtypes:
            for index, sample in enumerate(samples(op, dtype, limit)):
                for form in forms(name, sample, [alias.name for alias in op.aliases]):
                    parameters = ", ".join(f"{a}: torch.Tensor" for a in sample.names)
                    text = f"({parameters}):\n" + "".join(f"    {line}\n" for line in form.body)
                    function = f"case_{numbers.setdefault(text, len(numbers))}"
                    label = f"{op.name}{'.' + op.variant_test_name if op.variant_test_name else ''} {dtype} sample {index} {form.name}"
                    yield Case(name, label, function, form, sample, f"def {function}{text}", bool(op.supports_autograd))


def load(text: str, name: str) -> types.ModuleType:
    """A module from source text."""
    module = types.ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - running the generated cases is the point
    return module


class Runner:
    """Cases of operators through torch, the tool and MindSpore."""

    header = HEADER
    dtypes: Sequence[torch.dtype] = DTYPES

    def __init__(self, results: Path, registry: Registry, skipped: frozenset[str]) -> None:
        self.results = results
        self.now = results.with_suffix(".now")
        self.registry = registry
        self.skipped = skipped
        #: By sample: a result that was seen not to depend on the seed.
        self._fixed: dict[int, Any] = {}

    def run(self, name: str, limit: int | None, dtypes: Sequence[torch.dtype] = ()) -> None:
        """All cases of an operator, and its line of results."""
        tally = Tally()
        for legal in self.texts(self.legal(list(self.cases(name, limit, dtypes or self.dtypes)))):
            self._compare(legal, tally, name in target_defects())
        line = {
            "operator": name, "matched": tally.matched, "left": sum(tally.left.values()), "wrong": len(tally.wrong),
            "reasons": dict(tally.left.most_common(5)), "faults": tally.wrong, "forms": tally.by_form, "defects": tally.defects,
        }  # fmt: skip
        with self.results.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def texts(self, legal: list[tuple[Any, Any]]) -> Sequence[list[tuple[Any, Any]]]:
        """The cases of each source text that is ported."""
        return [legal]

    def has_nothing(self, case: Any) -> bool:
        """Whether a tensor of the case has no elements."""
        return any(not tensor.numel() for tensor in case.sample.tensors)

    def _compare(self, legal: list[tuple[Any, Any]], tally: Tally, has_defect: bool) -> None:
        """The cases of one source text: ported, run and counted. ``has_defect``: whether the target fails without elements."""
        source = self._text(case for case, _ in legal)
        ported = transpile_source(
            source.encode(), path="cases.py", context=single_file_context(source.encode(), "cases.py", "mindspore", self.registry)
        )
        left, reviewed = _left(source, ported)
        text = ported.output.decode()
        bodies = _bodies(text)
        module, broken = self._module(text, ported)
        known: dict[Hashable, tuple[str, str]] = {}
        for case, expected in legal:
            if case.function in left:
                tally.count(case, "left", left[case.function])
                continue
            key = (id(case.sample), bodies[case.function])
            if key not in known:
                known[key] = ("wrong", broken) if module is None else self._judged(case, expected, getattr(module, case.function))
            verdict, detail = known[key]
            if verdict == "wrong" and case.function in reviewed:
                verdict, detail = "left", reviewed[case.function]
            if verdict == "wrong" and has_defect and self.has_nothing(case):
                verdict = "defect"
            tally.count(case, verdict, detail)

    def cases(self, name: str, limit: int | None, dtypes: Sequence[torch.dtype]) -> Iterator[Any]:
        """Every case of a name."""
        return cases(name, limit, dtypes)

    def _text(self, every: Iterable[Any]) -> str:
        """A file with the functions of the cases."""
        return self.header + "\n\n".join(dict.fromkeys(case.source for case in every))

    def legal(self, every: Sequence[Any]) -> list[tuple[Any, Any]]:
        """The cases that torch accepts, with what it gives."""
        module = load(self._text(every), "original")
        found = []
        self._fixed.clear()
        for case in every:
            try:
                expected = self.original(case, getattr(module, case.function))
            except Exception:  # noqa: BLE001, S112 - what torch refuses is no case
                continue
            if expected is not None:
                found.append((case, expected))
        return found

    def original(self, case: Any, function: Any) -> Any:
        """torch's results, under several seeds until they are known not to depend on it; None where there is nothing to compare."""
        known = id(case.sample)
        results = []
        for number in range(1 if known in self._fixed else 4):
            seed(number)
            results.append(function(*(t.detach().clone() for t in case.sample.tensors)))
        if len(results) > 1 and not _random(results):
            self._fixed[known] = results[0]
        if case.form.name == "out=" and known in self._fixed and _random([self._fixed[known], *results]):
            return None  # torch itself leaves ``out`` unwritten (fft.ihfftn)
        sparse = any(isinstance(r, torch.Tensor) and r.layout is not torch.strided for r in flat_results(results))
        return None if sparse else results

    def _module(self, text: str, ported: FileResult) -> tuple[types.ModuleType | None, str]:
        try:
            if ported.support:
                sys.modules["ms_support"] = types.ModuleType("ms_support")
                exec(compile(assemble("mindspore", sorted(ported.support)), "<ms_support>", "exec"), sys.modules["ms_support"].__dict__)  # noqa: S102
            module = types.ModuleType("ported")
            sys.modules["ported"] = module
            exec(compile(text, "<ported>", "exec"), module.__dict__)  # noqa: S102
            return module, ""
        except Exception as error:  # noqa: BLE001 - a port that does not import is this operator's verdict
            return None, f"import: {type(error).__name__}: {error}"[:200]

    def _judged(self, case: Written, expected: Any, function: Any) -> tuple[str, str]:
        if case.label in self.skipped:
            return "wrong", "the process died"
        self.now.write_text(case.label)
        signal.alarm(SECONDS)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process where a kernel spins and no exception can be raised
        try:
            fault = self.fault(case, expected, function)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this case's verdict
            fault = f"{type(error).__name__}: {' '.join(str(error).split())[:160]} {_place(error)}"
        finally:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
        return ("wrong", fault) if fault else ("matched", "")

    def fault(self, case: Any, expected: Any, function: Any) -> str:
        """How the port's results differ from ``original``'s; empty where they agree."""
        wanted = leaves(expected[0])
        random = case.operator in UNSET or _random(expected)
        result = function(*(to_mindspore(t) for t in case.sample.tensors))
        found = leaves(result)
        fault = difference(wanted, found, values=not random)
        if fault and not random and case.sample.tensors:
            agree = same_up_to_choice(case.operator, case.sample.tensors[0], expected[0], result)
            return "" if agree or _rounds(case, wanted, found) else fault
        if fault or random or not (case.form.differentiable and case.differentiable):
            return fault
        original = _original(case)
        gradients = torch_gradients(original, case.sample.tensors)
        if not gradients:
            return ""
        return gradient_difference(function, case.sample.tensors, gradients, lambda: torch_gradients(original, _double(case)))


def _original(case: Case) -> Callable[..., Any]:
    """The case in torch."""
    function: Callable[..., Any] = getattr(load(HEADER + case.source, "one"), case.function)
    return function


def _rounds(case: Case, wanted: list[Leaf], found: list[Leaf]) -> bool:
    """Whether results of the same structure differ by no more than rounding does."""
    if [leaf[:2] for leaf in wanted] != [leaf[:2] for leaf in found]:
        return False
    exact = leaves(_original(case)(*_double(case)))
    # Of a tensor that is not real there is no more exact one.
    if [leaf[:2] for leaf in exact] != [(path, "tensor of float64") for path, *_ in wanted]:
        return False
    return all(is_rounding(x, e, a) for (*_, x), (*_, e), (*_, a) in zip(exact, wanted, found, strict=True))


def _double(case: Case) -> list[torch.Tensor]:
    """The case's tensors in double precision, in their memory format."""
    return [t.detach().double() if t.dtype is torch.float32 else t.detach() for t in case.sample.tensors]


def _random(results: Sequence[Any]) -> bool:
    """Whether results of the same call under several seeds differ."""
    wanted, *others = (leaves(result) for result in results)
    return any(difference(wanted, again, values=True) for again in others)


def _bodies(text: str) -> Mapping[str, str]:
    """Function -> the port's text of it (and of its class), without its number."""
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            body = ast.unparse(ast.Module(node.body, []))
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            number = node.name.rpartition("_")[2]
            found[f"case_{number}"] = found.get(f"case_{number}", "") + " ".join([*bases, body.replace(f"Net_{number}", "Net")])
    return found


def _left(source: str, ported: FileResult) -> tuple[dict[str, str], dict[str, str]]:
    """function -> why something in it was left, and the same for what was converted with a remark that it deserves a look."""
    by_line = {
        line: f"case_{node.name.rpartition('_')[2]}"
        for node in ast.parse(source).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    left: dict[str, str] = {}
    reviewed: dict[str, str] = {}
    for diagnostic in ported.diagnostics:
        found = left if diagnostic.kind in (Kind.UNCONVERT, Kind.ERROR) else reviewed if diagnostic.kind is Kind.REVIEW else None
        if found is not None and diagnostic.range and diagnostic.range.line in by_line:
            found.setdefault(by_line[diagnostic.range.line], f"{diagnostic.code.value} {diagnostic.symbol}: {diagnostic.message}"[:120])
    return left, reviewed


def _place(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<")]
    return f"[{frames[-1].filename}:{frames[-1].name}]" if frames else ""


def _expired(*_: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("operators", nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--skip", type=Path)
    parser.add_argument("--dtypes", nargs="+", default=[])
    parser.add_argument("--mappings", type=Path, action="append", default=[])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _expired)
    mindspore.runtime.launch_blocking()
    mindspore.device_context.cpu.op_tuning.threads_num(1)  # idle threads of kernels would spin
    skipped = frozenset(options.skip.read_text().splitlines()) if options.skip and options.skip.exists() else frozenset()
    registry = load_registry(options.mappings)
    gc.disable()  # syntax trees of thousands of cases are walked over and over by it
    for name in options.operators:
        runner = _runner(name)(options.results, registry, skipped)
        runner.run(name, options.limit, [getattr(torch, dtype) for dtype in options.dtypes])
        gc.collect()


def _runner(name: str) -> type[Runner]:
    """Who runs the cases of a name."""
    from tests.conformance.run_modules import ModuleRunner
    from tests.conformance.run_programs import ProgramRunner

    if name.startswith("optim."):
        return ProgramRunner
    return ModuleRunner if name[3:4].isupper() and name.startswith("nn.") else Runner


if __name__ == "__main__":
    main()
