"""How a port becomes one graph, and a MINDIR file: compiled from its source where the compiler takes it, else recorded while it runs once.

The compiler reads a part of Python only, and refuses what modelling frameworks are full of: decorators around ``construct``, ``**kwargs``
that are taken apart, dictionaries and dataclasses as results, registries of functions. None of that computes on tensors. So where the source
does not compile, the operators that one run executes are recorded (``mindspore.jit(capture_mode="trace")``), as ``torch.jit.trace`` does it:
the graph holds for inputs of the same shapes, and branches on tensors' values are those of the recorded run. Whether a recorded graph
computes what the port computes is therefore to be checked with other inputs than those that it was recorded with.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore._c_expression import TraceRecorder
from mindspore.graph import jit_trace
from mindspore.train import serialization

from transpiler.exporter.sides import Leaves
from transpiler.exporter.trees import flatten

_SYNTAX_LEVEL: Final = "MS_DEV_JIT_SYNTAX_LEVEL"
#: What a graph has for a statement that Python itself is to run.
_LEFT_TO_PYTHON: Final = "PyExecute"
#: The compiler stops before it chooses kernels for a phase whose name begins so.
_EXPORT_PHASE: Final = "export.mindir"
#: Operators whose result depends on the shape and the dtype of a tensor, but not on its values.
_OF_SHAPES: Final = frozenset({"ZerosLike", "ZerosLikeExt", "OnesLike", "OnesLikeExt", "FullLike", "Shape"})


class SourceGraph:
    """The graph that the compiler makes of the model's source."""

    how: Final = "source"
    recorded: Final = False

    def __init__(self, model: nn.Cell, keywords: tuple[str, ...]) -> None:
        self._model = model
        self._keywords = keywords

    def __call__(self, *inputs: Tensor) -> Leaves:
        """The leaves of the model's result. Raises what the compiler raises."""
        positional, keyword = _split(inputs, self._keywords)
        return list(flatten(mindspore.jit(self._model)(*positional, **keyword), _is_tensor))

    def export(self, inputs: Sequence[Tensor], file: Path) -> None:
        """Write a MINDIR file. Raises what the compiler raises."""
        try:
            self._export(inputs, file)
        except Exception as error:
            # The lax level compiles what the strict one refuses, and is what ``jit`` uses by itself; but it leaves more to Python, which
            # no file can hold: where something already is, it is not tried.
            if _SYNTAX_LEVEL in os.environ or _LEFT_TO_PYTHON in str(error):
                raise
            with _lax():
                self._export(inputs, file)

    def load(self, file: Path) -> Callable[..., Leaves]:
        """What a file computes, called with all inputs by position."""
        graph = nn.GraphCell(mindspore.load(str(file)))
        return lambda *inputs: list(flatten(graph(*inputs), _is_tensor))

    def _export(self, inputs: Sequence[Tensor], file: Path) -> None:
        mindspore.export(_positional(self._model, len(inputs), self._keywords), *inputs, file_name=str(file), file_format="MINDIR")


@contextmanager
def _lax() -> Iterator[None]:
    os.environ[_SYNTAX_LEVEL] = "2"
    try:
        yield
    finally:
        del os.environ[_SYNTAX_LEVEL]


def _positional(model: nn.Cell, count: int, keywords: tuple[str, ...]) -> nn.Cell:
    """The model as a cell of ``count`` inputs whose last ones, which ``export`` can only pass by position, go on by keyword."""
    names = tuple(inspect.signature(model.construct).parameters)[:count]
    if names[count - len(keywords) :] == keywords:
        return model

    class Positional(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def construct(self, *args: Any) -> Any:
            split = len(args) - len(keywords)
            return self.model(*args[:split], **dict(zip(keywords, args[split:])))  # noqa: B905 - the graph's zip has no strict

    return Positional()


class _Recorder(jit_trace.TraceJitContext):
    """What MindSpore reports the operators of a recorded run to.

    Differs from MindSpore's own in two points: what gives no tensor (``typeof``) is no part of a graph, and the lines of source that MindSpore
    looks up for its messages, which takes most of its time, are left out.
    """

    def run_op(self, prim: Any, prim_res: Any, *args: Any) -> Any:
        """Record an operator that has run."""
        if any(map(_is_tensor, _items(prim_res))):
            _, files, lines, arguments = self.args_preprocess(prim.name, prim_res, *args)
            TraceRecorder.get_instance().new_node(prim, (prim_res, files, lines, False), *arguments)
        return prim_res

    def args_preprocess(self, prim_name: str, prim_res: Any, *args: Any) -> tuple[Any, list[str], list[int], tuple[Any, ...]]:
        """The arguments as the graph takes them."""
        return prim_res, [""], [0], tuple(jit_trace._convert_arg_for_operators(argument, prim_name) for argument in args)


class _ExportRecorder(_Recorder):
    """Records what MINDIR's writer can write, which has no place for what the compiler computes beforehand.

    So a tensor that comes neither from the inputs nor from a parameter is a parameter of the graph itself, kept in ``constants``.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.constants: dict[str, Parameter] = {}
        #: Kept alive, so that where they stand in memory stays theirs: a tensor may come back as another object (from a cell with ``bprop``).
        self._computed: list[Any] = []
        self._places: set[int] = set()
        self._add(inputs)
        self._replaced: dict[int, tuple[Tensor, Parameter]] = {}

    def run_op(self, prim: Any, prim_res: Any, *args: Any) -> Any:
        """Record an operator that has run, unless its result is the same for all inputs."""
        return super().run_op(prim, prim_res, *args) if self._depends(prim.name, args) else prim_res

    def args_preprocess(self, prim_name: str, prim_res: Any, *args: Any) -> tuple[Any, list[str], list[int], tuple[Any, ...]]:
        """The arguments as the graph takes them, constants as parameters."""
        if self._depends(prim_name, args):
            self._add(_items(prim_res))
            args = tuple(map(self._as_parameter, args))
        return super().args_preprocess(prim_name, prim_res, *args)

    def pass_trace_node(self, origin_obj: Any, new_obj: Any) -> None:
        """``new_obj`` has from now on what ``origin_obj`` is computed from."""
        super().pass_trace_node(origin_obj, new_obj)
        if self._is_computed(origin_obj):
            self._add((new_obj,))

    def _depends(self, prim_name: str, args: tuple[Any, ...]) -> bool:
        return prim_name not in _OF_SHAPES and any(map(self._is_computed, args))

    def _is_computed(self, value: Any) -> bool:
        if isinstance(value, (tuple, list)):
            return any(map(self._is_computed, value))
        return isinstance(value, Parameter) or id(value) in self._places or (_is_tensor(value) and value.data_ptr() in self._places)

    def _add(self, results: Sequence[Any]) -> None:
        self._computed += results
        self._places |= {id(result) for result in results} | {result.data_ptr() for result in results if _is_tensor(result) and result.size}

    def _as_parameter(self, argument: Any) -> Any:
        if isinstance(argument, (tuple, list)):
            return type(argument)(map(self._as_parameter, argument))
        if not _is_tensor(argument) or self._is_computed(argument):
            return argument
        if id(argument) not in self._replaced:
            name = f"constant_{len(self.constants)}"
            self.constants[name] = Parameter(Tensor(argument.asnumpy()), name=name, requires_grad=False)
            self._replaced[id(argument)] = argument, self.constants[name]
        return self._replaced[id(argument)][1]


def _items(result: Any) -> Sequence[Any]:
    return result if isinstance(result, (tuple, list)) else (result,)


def _cast(tensor: Tensor, dtype: Any) -> Tensor:
    return tensor if tensor.dtype == dtype else ops.cast(tensor, dtype)


def _to(tensor: Tensor, *args: Any, **keywords: Any) -> Tensor:
    for wanted in (*args, *keywords.values()):
        if isinstance(wanted, (Tensor, mindspore.Type)):
            return _cast(tensor, wanted.dtype if isinstance(wanted, Tensor) else wanted)
    return tensor


def _to_dtype(dtype: Any) -> Callable[[Tensor], Tensor]:
    return lambda tensor: _cast(tensor, dtype)


def _recorded_copy(copy: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``Tensor.copy_`` whose tensor is, for the record, what was copied to it from then on."""

    def copy_(tensor: Tensor, source: Tensor, *args: Any, **keywords: Any) -> Tensor:
        if isinstance(tensor, Parameter):
            return copy(tensor, source, *args, **keywords)
        value = ops.broadcast_to(_cast(source, tensor.dtype), tensor.shape)
        copy(tensor, value)
        jit_trace.jit_context().pass_trace_node(value, tensor)
        return tensor

    return copy_


#: Tensors' methods that are recorded as operators for which there is no kernel or that cannot be written: as casts, and on one device.
_RECORDED_AS: Final = MappingProxyType(
    {
        "to": _to, "astype": _to, "type": _to, "type_as": _to,
        "float": _to_dtype(mindspore.float32), "double": _to_dtype(mindspore.float64), "half": _to_dtype(mindspore.float16),
        "bfloat16": _to_dtype(mindspore.bfloat16), "int": _to_dtype(mindspore.int32), "long": _to_dtype(mindspore.int64),
        "bool": _to_dtype(mindspore.bool_), "short": _to_dtype(mindspore.int16), "byte": _to_dtype(mindspore.uint8),
    }
)  # fmt: skip


@contextmanager
def _recording_to(recorder: _Recorder) -> Iterator[None]:
    context, lines = jit_trace._trace_jit_context, jit_trace._get_caller_lines
    methods = {name: getattr(Tensor, name) for name in (*_RECORDED_AS, "copy_")}
    # MindSpore looks up each line on the call stack, and fails where one has no source (``python -m``).
    jit_trace._trace_jit_context, jit_trace._get_caller_lines = recorder, lambda: ([""], [0])
    _set_methods({**_RECORDED_AS, "copy_": _recorded_copy(Tensor.copy_)})
    try:
        yield
    except BaseException:
        # MindSpore would otherwise take every later operator for a part of this graph.
        jit_trace.set_jit_context(None)
        jit_trace._using_trace = False
        raise
    finally:
        jit_trace._trace_jit_context, jit_trace._get_caller_lines = context, lines
        _set_methods(methods)


def _set_methods(methods: Mapping[str, Any]) -> None:
    for name, method in methods.items():
        setattr(Tensor, name, method)


class RecordedGraph:
    """The graph of the operators that the model executes, recorded where it is first called with inputs of these shapes."""

    how: Final = "recorded"
    recorded: Final = True

    def __init__(self, model: nn.Cell, keywords: tuple[str, ...]) -> None:
        self._model = model
        self._keywords = keywords
        self._leaves: Leaves = []

        def run_recorded(*inputs: Tensor) -> tuple[Tensor, ...]:
            return self._run(inputs)

        # MindSpore tells graphs apart by where their function stands in memory, and keeps them when it is gone.
        run_recorded.__module__ = self._name = f"recorded_{uuid4().hex}"
        self._compiled = mindspore.jit(run_recorded, capture_mode="trace")

    def __call__(self, *inputs: Tensor) -> Leaves:
        """The leaves of the model's result. Raises what recording raises."""
        with _recording_to(_Recorder()):
            return self._named(self._compiled(*inputs))

    def export(self, inputs: Sequence[Tensor], file: Path) -> None:
        """Write the graph with the model's parameters as a MINDIR file. Raises what recording raises."""
        recorder = _ExportRecorder(inputs)
        settings = jit_trace._DEFAULT_JIT_CONFIG
        jit_trace._set_compile_only(True)
        try:
            with _recording_to(recorder):
                jit_trace._jit_trace_begin(f"{_EXPORT_PHASE}.{self._name}", *inputs, jit_config=settings)
                jit_trace._jit_trace_end(self._run(inputs), jit_config=settings)
        finally:
            jit_trace._set_compile_only(False)
        _write_mindir(recorder.phase, {**self._model.parameters_dict(), **recorder.constants}, file)

    def load(self, file: Path) -> Callable[..., Leaves]:
        """What a file computes, called with all inputs by position."""
        graph = nn.GraphCell(mindspore.load(str(file)))
        return lambda *inputs: self._named(graph(*inputs))

    def _run(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        positional, keyword = _split(inputs, self._keywords)
        self._leaves = list(flatten(self._model(*positional, **keyword), _is_tensor))
        return tuple(leaf for _, leaf in self._leaves if _is_tensor(leaf))

    def _named(self, found: Any) -> Leaves:
        tensors = iter(_items(found))
        return [(path, next(tensors) if _is_tensor(leaf) else leaf) for path, leaf in self._leaves]


def _split(inputs: Sequence[Tensor], keywords: tuple[str, ...]) -> tuple[Sequence[Tensor], dict[str, Tensor]]:
    split = len(inputs) - len(keywords)
    return inputs[:split], dict(zip(keywords, inputs[split:], strict=True))


def _write_mindir(phase: str, parameters: Mapping[str, Any], file: Path) -> None:
    model = serialization.mindir_model()
    model.ParseFromString(jit_trace._jit_executor.get_func_graph_proto(phase, "mind_ir", False))
    named = dict(parameters)
    for proto in model.graph.parameter:
        name = proto.name.partition(":")[2]
        # A parameter that is read again is numbered.
        if name not in named:
            named[name] = named[re.sub(r"_\d+$", "", name)]
    serialization._save_mindir_together(named, model, str(file), lambda: False)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)
