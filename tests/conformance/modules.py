"""In which forms do users write a module? Every sample of torch's ``module_db`` and of its older list (``common_nn``), as a class of the user's own.

Constructor and forward arguments are written out as in ``samples.py``: tensors stay values (``c0, c1, …`` of the constructor, ``a0, a1, …`` of the
call). What neither database has is listed below as source text.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import torch
from torch.testing._internal import common_nn
from torch.testing._internal.common_modules import module_db

from tests.conformance.forms import Parameter, bindings, call, from_python
from tests.conformance.samples import Inexpressible, Sample, expression

HEADER = """\
import functools
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import *
"""
DTYPES = (torch.float32, torch.float64)
#: torch's own constructors take anything; this is what their documentation names.
_RECURRENT = "bias=True, batch_first=False, dropout=0.0, bidirectional=False"
DOCUMENTED: Final[Mapping[str, str]] = {
    "RNN": f"input_size, hidden_size, num_layers=1, nonlinearity='tanh', {_RECURRENT}",
    "LSTM": f"input_size, hidden_size, num_layers=1, {_RECURRENT}, proj_size=0",
    "GRU": f"input_size, hidden_size, num_layers=1, {_RECURRENT}",
}
#: Modules without samples in torch's databases: constructor arguments and shapes (or values) of what is passed to the module.
UNLISTED: Final[Mapping[str, Sequence[tuple[str, Sequence[Any]]]]] = {
    "Identity": [("", [(2, 3)]), ("54, unused=0.5", [(2, 3)])],
    "Dropout": [("", [(4, 5)]), ("0.25", [(4, 5)]), ("p=0.0", [(4, 5)])],
    "Dropout1d": [("0.5", [(2, 3, 4)]), ("p=0.0", [(2, 3, 4)])],
    "Dropout2d": [("0.5", [(2, 3, 4, 4)]), ("p=0.0", [(2, 3, 4, 4)])],
    "Dropout3d": [("0.5", [(2, 3, 2, 2, 2)])],
    "AlphaDropout": [("0.3", [(2, 3)])],
    "FeatureAlphaDropout": [("0.3", [(2, 3, 4)])],
    "ChannelShuffle": [("2", [(1, 4, 2, 2)])],
    "CosineSimilarity": [("", [(2, 4), (2, 4)]), ("dim=0, eps=1e-6", [(2, 4), (2, 4)])],
    "MaxUnpool1d": [("2, stride=2", [(1, 1, 3), torch.tensor([[[0, 3, 4]]])])],
    "MaxUnpool2d": [("2", [(1, 1, 2, 2), torch.tensor([[[[0, 3], [8, 15]]]])])],
    "MaxUnpool3d": [("2", [(1, 1, 1, 1, 2), torch.tensor([[[[[0, 3]]]]])])],
    "TripletMarginLoss": [("", [(3, 4)] * 3), ("margin=0.5, p=1.0, swap=True, reduction='sum'", [(3, 4)] * 3)],
    "TripletMarginWithDistanceLoss": [("", [(3, 4)] * 3), ("distance_function=nn.PairwiseDistance(), margin=2.0, reduction='none'", [(3, 4)] * 3)],
    "Upsample": [("scale_factor=2", [(1, 2, 3, 4)]), ("(5, 6), None, 'bilinear', True", [(1, 2, 3, 4)]), ("scale_factor=1.5, mode='nearest'", [(1, 2, 4)])],
    "UpsamplingNearest2d": [("scale_factor=2", [(1, 2, 3, 4)]), ("size=(5, 7)", [(1, 2, 3, 4)])],
    "UpsamplingBilinear2d": [("scale_factor=2", [(1, 2, 3, 4)]), ("(5, 7)", [(1, 2, 3, 4)])],
    "LazyLinear": [("3", [(2, 5)]), ("3, bias=False", [(2, 5)])],
    "LazyBatchNorm1d": [("", [(4, 5)]), ("eps=1e-3, affine=False", [(4, 5, 3)])],
    "LazyBatchNorm2d": [("", [(2, 3, 4, 4)])],
    "LazyBatchNorm3d": [("", [(2, 3, 2, 2, 2)])],
    "LazyInstanceNorm1d": [("affine=True", [(2, 3, 4)])],
    "LazyInstanceNorm2d": [("affine=True, track_running_stats=True", [(2, 3, 4, 4)])],
    "LazyInstanceNorm3d": [("", [(2, 3, 2, 2, 2)])],
    "SyncBatchNorm": [("3", [(2, 3, 4)])],
    "AdaptiveLogSoftmaxWithLoss": [("16, 10, [3, 7]", [(4, 16), torch.tensor([0, 4, 9, 2])]), ("6, 10, cutoffs=[2], div_value=2.0, head_bias=True", [(4, 6), torch.tensor([0, 4, 9, 2])])],
    "TransformerDecoder": [("nn.TransformerDecoderLayer(4, 2, 8, 0.0), 2", [(3, 2, 4), (5, 2, 4)]), ("nn.TransformerDecoderLayer(4, 2, 8, 0.0, batch_first=True), num_layers=1, norm=nn.LayerNorm(4)", [(2, 3, 4), (2, 5, 4)])],
    "NLLLoss2d": [("", [(1, 3, 2, 2), torch.tensor([[[0, 1], [2, 0]]])])],
}  # fmt: skip
#: Modules whose result differs between training and evaluation although torch's databases do not say so.
WITH_MODES = (
    "Dropout",
    "AlphaDropout",
    "FeatureAlphaDropout",
    "RReLU",
    "LazyBatchNorm",
    "LazyInstanceNorm",
    "TransformerDecoder",
    "SyncBatchNorm",
)


@dataclass(frozen=True, slots=True)
class ModuleSample:
    """One use: how the module is made and how it is called."""

    made: Sample
    called: Sample
    training: bool

    @property
    def is_double(self) -> bool:
        """Whether it computes in double precision."""
        return any(tensor.dtype is torch.float64 for tensor in (*self.made.tensors, *self.called.tensors))


@dataclass(frozen=True, slots=True)
class ModuleForm:
    """One way to write it: lines of ``__init__``, of ``forward``, and a base class of one's own where it derives from the module."""

    name: str
    made: tuple[str, ...]
    called: tuple[str, ...]
    base: str = ""

    @property
    def body(self) -> tuple[str, ...]:
        return (*self.made, *self.called)


@cache
def modules() -> Mapping[str, Callable[[torch.dtype, bool], Iterator[tuple[Any, Any]]]]:
    """Names (``nn.Conv2d``) and what generates (constructor, call) arguments for a dtype and mode."""
    found: dict[str, Any] = {info.name: partial(_listed, info) for info in module_db if info.name.startswith("nn.")}
    older: dict[str, list[Mapping[str, Any]]] = {}
    for test in [*common_nn.module_tests, *common_nn.get_new_module_tests()]:
        name = f"nn.{test.get('module_name') or test['fullname'].partition('_')[0]}"
        is_module = isinstance(getattr(torch.nn, name[3:], None), type) and "constructor" not in test
        if is_module and name not in found:
            older.setdefault(name, []).append(test)
    found |= {name: partial(_older, tests) for name, tests in older.items()}
    found |= {f"nn.{name}": partial(_unlisted, rows) for name, rows in UNLISTED.items()}
    return dict(sorted(found.items()))


def modes(name: str) -> tuple[bool, ...]:
    """The training flags to try."""
    differ = {info.name for info in module_db if info.train_and_eval_differ}
    return (True, False) if name in differ or name[3:].startswith(WITH_MODES) else (True,)


def samples(name: str, dtype: torch.dtype, limit: int | None) -> Iterator[ModuleSample]:
    """The samples of one dtype that can be written down; at most ``limit`` for each mode, evenly spread."""
    for training in modes(name):
        torch.manual_seed(0)
        listed = list(itertools.islice(modules()[name](dtype, training), 200))
        step = max(1, math.ceil(len(listed) / limit)) if limit else 1
        for made, called in listed[::step]:
            if isinstance(made, Sample):
                yield ModuleSample(made, called, training)
                continue
            try:
                yield ModuleSample(_written(made, "c"), _written(called, "a"), training)
            except Inexpressible:
                continue


def forms(name: str, sample: ModuleSample) -> Iterator[ModuleForm]:
    """All forms of one sample, each text once."""
    seen = set()
    for form in _all(name, sample):
        if (form.body, form.base) not in seen:
            seen.add((form.body, form.base))
            yield form


def source(form: ModuleForm, sample: ModuleSample, number: int) -> str:
    """A class ``Net_N`` and a function ``case_N`` that makes one in the sample's mode."""
    made = ", ".join(["self", *(f"{n}: torch.Tensor" for n in _names(sample.made, "c"))])
    called = ", ".join(["self", *(f"{n}: torch.Tensor" for n in _names(sample.called, "a"))])
    given = _names(sample.made, "c")
    lines = [
        f"class Net_{number}({form.base or 'nn.Module'}):",
        f"    def __init__({made}):",
        *(f"        {line}" for line in (form.made if form.base else ("super().__init__()", *form.made))),
        f"    def forward({called}):",
        *(f"        {line}" for line in form.called),
        "",
        f"def case_{number}({', '.join(f'{n}: torch.Tensor' for n in given)}):",
        f"    model = Net_{number}({', '.join(given)})",
        *(["    model = model.double()"] if sample.is_double else []),
        "    model.train()" if sample.training else "    model.eval()",
        "    return model",
    ]
    return "\n".join(lines) + "\n"


def declared(name: str) -> tuple[Parameter, ...]:
    """The constructor's parameters."""
    if name[3:] in DOCUMENTED:
        names: dict[str, Any] = {}
        exec(f"def documented({DOCUMENTED[name[3:]]}): ...", names)  # noqa: S102 - the table above
        return from_python(inspect.signature(names["documented"]))
    return from_python(inspect.signature(getattr(torch.nn, name[3:])))


def _all(name: str, sample: ModuleSample) -> Iterator[ModuleForm]:
    base, cls = name[3:], getattr(torch.nn, name[3:])
    given, keyword = sample.made.positional, sample.made.keyword
    made = call(name, given, keyword)
    called = call("self.layer", sample.called.positional, sample.called.keyword)
    result = (f"return {called}",)

    def kept(expression_: str) -> tuple[str, ...]:
        return (f"self.layer = {expression_}",)

    yield ModuleForm("attribute", kept(made), result)
    yield ModuleForm("full path", kept(call(f"torch.{name}", given, keyword)), result)
    yield ModuleForm("defining module", kept(call(f"{cls.__module__}.{base}", given, keyword)), result)
    yield ModuleForm("star import", kept(call(base, given, keyword)), result)
    yield ModuleForm("from import", (f"from torch.nn import {base} as imported", *kept(call("imported", given, keyword))), result)
    for form, positional, keywords in bindings(given, keyword, declared(name)):
        yield ModuleForm(form, kept(call(name, positional, keywords)), result)
    yield ModuleForm("value", (f"cls = {name}", *kept(call("cls", given, keyword))), result)
    yield ModuleForm(
        "partial",
        (f"make = functools.partial({', '.join([name, *(f'{k}={v}' for k, v in keyword)])})", *kept(call("make", given, []))),
        result,
    )
    yield ModuleForm("registered", (f"self.add_module('layer', {made})",), result)
    yield ModuleForm(
        "module list",
        (f"self.layers = nn.ModuleList([{made}])",),
        (f"return {call('self.layers[0]', sample.called.positional, sample.called.keyword)}",),
    )
    yield ModuleForm(
        "module dict",
        (f"self.layers = nn.ModuleDict({{'one': {made}}})",),
        (f"return {call('self.layers[' + repr('one') + ']', sample.called.positional, sample.called.keyword)}",),
    )
    if len(sample.called.positional) == 1 and not sample.called.keyword:
        yield ModuleForm("sequential", (f"self.layer = nn.Sequential({made})",), result)
        yield ModuleForm("sequential of two", (f"self.layer = nn.Sequential(nn.Identity(), {made})",), result)
    yield ModuleForm(
        "subclass",
        (call("super().__init__", given, keyword),),
        (f"return {call('super().forward', sample.called.positional, sample.called.keyword)}",),
        name,
    )
    yield ModuleForm("forward", kept(made), (f"return {call('self.layer.forward', sample.called.positional, sample.called.keyword)}",))
    named = next((k for form, p, k in bindings(sample.called.positional, sample.called.keyword, _forward(cls)) if form == "keywords"), None)
    if named:
        yield ModuleForm("call keywords", kept(made), (f"return {call('self.layer', [], named)}",))
    if not sample.made.tensors and not list(_built(cls, sample).parameters()) and "Lazy" not in base:
        yield ModuleForm("in place", (), (f"return {call(made, sample.called.positional, sample.called.keyword)}",))


def _built(cls: type, sample: ModuleSample) -> torch.nn.Module:
    """The module itself, to see whether it has parameters; one with, where it cannot be made."""
    try:
        module: torch.nn.Module = eval(
            call(f"torch.nn.{cls.__name__}", sample.made.positional, sample.made.keyword),
            {"torch": torch, "nn": torch.nn, "F": torch.nn.functional},
        )
    except Exception:  # noqa: BLE001 - torch refuses the sample: no form of it is a case
        return torch.nn.Linear(1, 1)
    return module


def _forward(cls: type) -> tuple[Parameter, ...]:
    parameters = from_python(inspect.signature(cls.forward))  # type: ignore[attr-defined]
    return parameters[1:]


def _names(sample: Sample, letter: str) -> list[str]:
    return [f"{letter}{i}" for i in range(len(sample.tensors))]


def _written(arguments: Any, letter: str) -> Sample:
    tensors: list[torch.Tensor] = []
    positional = tuple(_expression(value, tensors, letter) for value in arguments.args)
    keyword = tuple((key, _expression(value, tensors, letter)) for key, value in arguments.kwargs.items())
    return Sample(positional, keyword, tuple(tensors))


def _expression(value: Any, tensors: list[torch.Tensor], letter: str) -> str:
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, torch.device):
        return repr(str(value))
    if isinstance(value, (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)):
        return _transformer_layer(value)
    if callable(value):
        name = getattr(value, "__name__", "")
        if getattr(torch.nn.functional, name, None) is value:
            return f"F.{name}"
    return expression(value, tensors, letter)


def _transformer_layer(layer: Any) -> str:
    attention = layer.self_attn
    given = {
        "dim_feedforward": layer.linear1.out_features, "dropout": layer.dropout.p, "layer_norm_eps": layer.norm1.eps,
        "batch_first": attention.batch_first, "norm_first": layer.norm_first, "bias": layer.linear1.bias is not None,
    }  # fmt: skip
    keyword = [("activation", f"F.{layer.activation.__name__}"), *((key, repr(value)) for key, value in given.items())]
    return call(
        f"nn.{type(layer).__name__}",
        [str(attention.embed_dim), str(attention.num_heads)],
        [*keyword, ("dtype", str(layer.linear1.weight.dtype))],
    )


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments as ``module_db`` holds them."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]


def _listed(info: Any, dtype: torch.dtype, training: bool) -> Iterator[tuple[Any, Any]]:
    if dtype not in info.dtypes:
        return
    for sample in info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=False, training=training):
        if sample.forward_input is not None:
            made = sample.constructor_input
            # Users name no dtype where it is torch's default; ``module_db`` adds it to every constructor.
            plain = {k: v for k, v in made.kwargs.items() if not (k == "device" or k == "dtype" and v is torch.float32)}
            same = {k: v.to(dtype) if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in plain.items()}
            yield Arguments(made.args, _typed(info.module_cls, same, dtype)), sample.forward_input


def _typed(cls: type, given: Mapping[str, Any], dtype: torch.dtype) -> Mapping[str, Any]:
    takes = "dtype" in inspect.signature(cls).parameters or cls.__name__ in DOCUMENTED
    return {**given, "dtype": dtype} if takes and dtype is not torch.float32 else given


def _older(tests: Sequence[Mapping[str, Any]], dtype: torch.dtype, training: bool) -> Iterator[tuple[Any, Any]]:
    if dtype is not torch.float32:
        return
    for test in tests:
        made = test["constructor_args_fn"]() if "constructor_args_fn" in test else test.get("constructor_args", ())
        tensors = test["input_fn"]() if "input_fn" in test else torch.randn(tuple(test["input_size"]))
        called = [t.to(dtype) if t.is_floating_point() else t for t in (tensors if isinstance(tensors, tuple) else (tensors,))]
        yield Arguments(made, test.get("kwargs", {})), Arguments(called, {})


def _unlisted(rows: Sequence[tuple[str, Sequence[Any]]], dtype: torch.dtype, training: bool) -> Iterator[tuple[Any, Any]]:
    if dtype is not torch.float32:
        return
    for text, values in rows:
        tensors = tuple(value if isinstance(value, torch.Tensor) else torch.randn(value) for value in values)
        yield parsed(text), Sample(tuple(f"a{i}" for i in range(len(tensors))), (), tensors)


def parsed(text: str) -> Sample:
    """Arguments written as source text."""
    import ast

    node = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(node, ast.Call)
    keyword = tuple((pair.arg or "", ast.unparse(pair.value)) for pair in node.keywords)
    return Sample(tuple(ast.unparse(value) for value in node.args), keyword, ())
