"""Property: any call that torch accepts, whatever is positional, named, reordered, left out or starred, ends converted and equal, or diagnosed."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.conformance.example_calls import ExampleCall, Spelling, example_calls, is_random, original, outcome
from tests.conformance.verdict import difference, leaves
from transpiler.mapping.registry import Registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import single_file_context, transpile_source
from transpiler.support.assemble import assemble

PRELUDE = """\
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.tensor([[0.3, -1.5, 2.5], [1.1, 0.7, -0.2]])
z = torch.tensor([[1.3, 0.5, -2.5], [0.1, 0.9, 1.2]])
i = torch.tensor([[0, 1, 2], [2, 1, 0]])
t = torch.tensor([2, 0])
image = torch.linspace(-1, 1, 64).reshape(1, 4, 4, 4)
kernel = torch.linspace(-1, 1, 72).reshape(2, 4, 3, 3)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A torch callable: parameters in torch's order with values to try; the first ``required`` are always given, ``named`` only by keyword."""

    name: str
    parameters: Sequence[tuple[str, Sequence[str]]]
    required: int = 1
    named: Sequence[tuple[str, Sequence[str]]] = ()
    method: str = ""
    applied_to: str = ""


CALLS = [
    Call("torch.sum", [("input", ["x", "i"]), ("dim", ["0", "-1", "(0, 1)", "[1]", "None"]), ("keepdim", ["True", "False"])],
         named=[("dtype", ["torch.float64", "None"])], method="sum"),
    Call("torch.mean", [("input", ["x"]), ("dim", ["0", "(0, 1)", "None"]), ("keepdim", ["True", "False"])],
         named=[("dtype", ["torch.float64"])], method="mean"),
    Call("torch.max", [("input", ["x", "i"]), ("dim", ["0", "-1"]), ("keepdim", ["True", "False"])], method="max"),
    Call("torch.max", [("input", ["x"]), ("other", ["z"])], required=2, method="max"),
    Call("torch.add", [("input", ["x", "i"]), ("other", ["z", "2", "1.5"])], required=2, named=[("alpha", ["2", "0.5"])], method="add"),
    Call("torch.clamp", [("input", ["x"]), ("min", ["0", "-0.5", "None", "z"]), ("max", ["1", "0.25", "None", "z"])], method="clamp"),
    Call("torch.flatten", [("input", ["image", "x"]), ("start_dim", ["0", "1", "-1"]), ("end_dim", ["-1", "1"])], method="flatten"),
    Call("torch.transpose", [("input", ["x", "image"]), ("dim0", ["0", "-1"]), ("dim1", ["1", "0"])], required=3, method="transpose"),
    Call("torch.cumsum", [("input", ["x", "i"]), ("dim", ["0", "-1"])], required=2, named=[("dtype", ["torch.float64"])], method="cumsum"),
    Call("torch.topk", [("input", ["x"]), ("k", ["1", "2"]), ("dim", ["-1", "0"]), ("largest", ["True", "False"]), ("sorted", ["True"])],
         required=2, method="topk"),
    Call("torch.arange", [("start", ["0", "1", "0.5"]), ("end", ["5", "7.5"]), ("step", ["1", "2", "0.5"])],
         named=[("dtype", ["torch.float32", "torch.int64"]), ("device", ["'cpu'", "None"])]),
    Call("torch.linspace", [("start", ["0", "-1.5"]), ("end", ["1", "3"]), ("steps", ["1", "5"])], required=3, named=[("dtype", ["torch.float64"])]),
    Call("torch.gather", [("input", ["x"]), ("dim", ["1", "-1"]), ("index", ["i"])], required=3, named=[("sparse_grad", ["False"])], method="gather"),
    Call("torch.norm", [("input", ["x"]), ("p", ["2", "1", "'fro'", "float('inf')"]), ("dim", ["0", "-1", "None"]), ("keepdim", ["True", "False"])],
         method="norm"),
    Call("torch.std", [("input", ["x"]), ("dim", ["0", "1", "None"])], named=[("unbiased", ["True", "False"]), ("keepdim", ["True", "False"])], method="std"),
    Call("F.softmax", [("input", ["x"]), ("dim", ["0", "-1"])], required=2, named=[("dtype", ["torch.float64", "None"])]),
    Call("F.pad", [("input", ["image"]), ("pad", ["(1, 2)", "[1, 1, 2, 2]", "(0, -1)"]), ("mode", ["'constant'", "'reflect'", "'replicate'"]),
                   ("value", ["0", "1.5", "None"])], required=2),
    Call("F.cross_entropy", [("input", ["x"]), ("target", ["t"]), ("weight", ["None", "torch.tensor([1.0, 2.0, 0.5])"])], required=2,
         named=[("ignore_index", ["-100", "0"]), ("reduction", ["'mean'", "'sum'", "'none'"]), ("label_smoothing", ["0.0", "0.1"])]),
    Call("F.layer_norm", [("input", ["x"]), ("normalized_shape", ["(3,)", "[2, 3]"]), ("weight", ["None"]), ("bias", ["None"]), ("eps", ["1e-5", "1e-3"])],
         required=2),
    Call("F.interpolate", [("input", ["image"]), ("size", ["None", "(8, 6)", "5"]), ("scale_factor", ["2", "(2, 1.5)", "None"]),
                           ("mode", ["'nearest'", "'bilinear'", "'area'", "'bicubic'"]), ("align_corners", ["None", "True", "False"])]),
    Call("F.conv2d", [("input", ["image"]), ("weight", ["kernel"]), ("bias", ["None", "torch.ones(2)"]), ("stride", ["1", "(2, 1)"]),
                      ("padding", ["0", "1", "'same'", "(1, 0)"]), ("dilation", ["1"]), ("groups", ["1"])], required=2),
    Call("nn.MaxPool2d", [("kernel_size", ["2", "3", "(2, 3)"]), ("stride", ["None", "2", "(1, 2)"]), ("padding", ["0", "1"]), ("dilation", ["1", "2"]),
                          ("return_indices", ["False"]), ("ceil_mode", ["True", "False"])], applied_to="image"),
    Call("nn.AvgPool2d", [("kernel_size", ["2", "(3, 2)"]), ("stride", ["None", "2"]), ("padding", ["0", "1"]), ("ceil_mode", ["True", "False"]),
                          ("count_include_pad", ["True", "False"]), ("divisor_override", ["None", "3"])], applied_to="image"),
    Call("nn.BatchNorm2d", [("num_features", ["4"]), ("eps", ["1e-5", "1e-3"]), ("momentum", ["0.1", "None"]), ("affine", ["True", "False"]),
                            ("track_running_stats", ["True", "False"])], applied_to="image"),
    Call("nn.Softmax", [("dim", ["0", "-1"])], applied_to="x"),
    Call("nn.CrossEntropyLoss", [("weight", ["None", "torch.tensor([1.0, 2.0, 0.5])"])],
         0, [("ignore_index", ["-100", "2"]), ("reduction", ["'mean'", "'sum'", "'none'"]), ("label_smoothing", ["0.0", "0.2"])], applied_to="x, t"),
]  # fmt: skip


@st.composite
def programs(draw: st.DrawFn, call: Call) -> str:
    """A program that assigns ``y``: the call in one of its forms."""
    count = draw(st.integers(call.required, len(call.parameters)))
    given_ones = [(name, draw(st.sampled_from(values))) for name, values in call.parameters[:count]]
    later = [(name, draw(st.sampled_from(values))) for name, values in (*call.parameters[count:], *call.named) if draw(st.booleans())]
    split = draw(st.integers(0, len(given_ones)))
    positional = [value for _, value in given_ones[:split]]
    keyword = draw(st.permutations([*given_ones[split:], *later]))
    callee, lines = call.name, []
    style = draw(st.sampled_from(["call", "call", "method", "star", "double star", "value", "import"]))
    if style == "method" and call.method and positional:
        callee, positional = f"{positional[0]}.{call.method}", positional[1:]
    elif style == "star" and positional:
        cut = draw(st.integers(0, len(positional) - 1))
        lines.append(f"args = ({', '.join(positional[cut:])},)")
        positional = [*positional[:cut], "*args"]
    elif style == "double star" and keyword:
        lines.append(f"options = {{{', '.join(f'{name!r}: {value}' for name, value in keyword)}}}")
        keyword = []
        positional = [*positional, "**options"]
    elif style == "value":
        lines.append(f"function = {callee}")
        callee = "function"
    elif style == "import":
        package, _, name = callee.replace("F.", "torch.nn.functional.").replace("nn.M", "torch.nn.M").rpartition(".")
        package = {"nn": "torch.nn"}.get(package, package)
        lines.append(f"from {package} import {name}")
        callee = name
    made = f"{callee}({', '.join([*positional, *(f'{name}={value}' for name, value in keyword)])})"
    lines.append(f"y = {made}({call.applied_to})" if call.applied_to else f"y = {made}")
    return PRELUDE + "\n".join(lines) + "\n"


def run(text: str, modules: Mapping[str, str]) -> Any:
    """What a program assigns to ``y``."""
    for name, source in modules.items():
        sys.modules[name] = types.ModuleType(name)
        exec(compile(source, name, "exec"), sys.modules[name].__dict__)  # noqa: S102 - running the ports is the point
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(text, "<program>", "exec"), names)  # noqa: S102
    return names["y"]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.parameters[-1][0]}")
@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_equal_or_diagnosed(registry: Registry, call: Call, data: st.DataObject) -> None:
    text = data.draw(programs(call))
    try:
        expected = leaves(run(text, {}))
    except (TypeError, RuntimeError, ValueError, IndexError, NotImplementedError, AssertionError):
        assume(False)  # torch refuses it
        raise
    source = text.encode()
    ported = transpile_source(source, path="program.py", context=single_file_context(source, "program.py", "mindspore", registry))
    if any(d.kind in (Kind.UNCONVERT, Kind.REVIEW, Kind.ERROR) for d in ported.diagnostics):
        return
    modules = {"ms_support": assemble("mindspore", sorted(ported.support))} if ported.support else {}
    assert difference(expected, leaves(run(ported.output.decode(), modules)), values=True) == "", ported.output.decode()


#: Symbols that act on the process, on files or on devices, or whose example makes data at random: their calls are not repeated in other forms.
APART = (
    "torch.distributed.",
    "torch.multiprocessing.",
    "torch.utils.",
    "torch.cuda.",
    "torch.hub.",
    "torch.save",
    "torch.load",
    "torchvision.",
    "safetensors.",
)


def entries_with_calls(registry: Registry) -> list[str]:
    """The entries whose example calls their own symbol with arguments that fit the signature."""
    chosen = [api for api in registry if not api.startswith(APART)]
    entries = [entry for api in chosen if (entry := registry.lookup(api)) is not None and entry.kind in ("function", "class", "method")]
    return [entry.api for entry in entries if not entry.random and entry.targets and next(example_calls(entry), None) is not None]


@st.composite
def spellings(draw: st.DrawFn, call: ExampleCall) -> Spelling:
    """Another legal form of an example's call: positions, keywords in any order, defaults spelled out, star-arguments, the callee as a value."""
    spelled = {
        name: value
        for name, value in call.defaults.items()
        if name not in call.given and name not in ("out", "layout") and draw(st.booleans())
    }
    given = {**call.given, **spelled}
    by_position = [name for name in itertools.takewhile(lambda name: name in given, call.positional)]
    fixed = [i + 1 for i, name in enumerate(by_position) if name not in call.named]
    split = draw(st.integers(max(fixed, default=0), len(by_position)))
    positional = [given[name] for name in by_position[:split]]
    keyword = draw(st.permutations([(name, value) for name, value in given.items() if name not in by_position[:split]]))
    style = draw(st.sampled_from(["call", "call", "star", "star literal", "double star", "value"]))
    if style == "star" and positional:
        cut = draw(st.integers(0, len(positional) - 1))
        return Spelling([*positional[:cut], "*args"], keyword, [f"args = ({', '.join(positional[cut:])},)"])
    if style == "star literal" and positional:
        return Spelling([f"*[{', '.join(positional)}]"], keyword)
    if style == "double star" and keyword:
        return Spelling(positional, [("", "options")], [f"options = {{{', '.join(f'{name!r}: {value}' for name, value in keyword)}}}"])
    if style == "value" and call.entry.kind != "method":
        return Spelling(positional, keyword, [f"function = {call.callee}"], "function")
    return Spelling(positional, keyword)


@pytest.mark.filterwarnings("ignore")
@given(data=st.data())
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_examples_in_any_form(registry: Registry, data: st.DataObject) -> None:
    """The example of any entry, its call written in another form that torch accepts."""
    entry = registry.lookup(data.draw(st.sampled_from(entries_with_calls(registry))))
    assert entry is not None
    call = data.draw(st.sampled_from(list(example_calls(entry))))
    program = call.written(data.draw(spellings(call)))
    try:
        expected = original(program)
    except Exception:
        assume(False)
        raise
    found = outcome(program, expected, registry, values=not is_random(program, expected))
    assert not found.fault, f"{found.fault}\n{program}\n{found.port}"
