"""The port's side, a process with the target framework alone: build the port, give it the original's weights, save or run it.

Request: ``entry``, ``target``, ``plan`` and ``absent`` (see ``pairing``), ``inputs``, ``folder``, and either ``save`` (a file to write, with its
``frame``) or ``run`` with ``grad``, ``trace`` (torch paths of the submodules to watch), ``cotangents``, ``graph``, ``mindir`` (a file to write) and
``limit``. Answer: ``pairs``, ``problems``, ``dropped``, ``notes``, and ``saved`` or ``outputs``, ``gradients``, ``input_gradients``, ``events``,
``graph_outputs``, ``compiled``, ``exported``, ``refused``.
"""

from __future__ import annotations

import importlib.machinery
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from transpiler.exporter.arrays import Array, ArrayStore, Stored, read_bits
from transpiler.exporter.comparison import compare_outputs
from transpiler.exporter.contract import ExporterError
from transpiler.exporter.entry_point import EntryPoint, build_model
from transpiler.exporter.pairing import MISSING, relayout, resolve_path, resolve_weight
from transpiler.exporter.processes import Message, serve
from transpiler.exporter.sides import Graph, Leaves, SavedFrame, TargetSide, cast, with_dtype
from transpiler.exporter.trees import flatten
from transpiler.report.codes import Code

#: The value at which a parameter that torch left out has no effect.
_NEUTRAL: Final = MappingProxyType({"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1})


class _NoTorch:
    """An import finder that refuses torch, so that a port that still needs it is found out."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"the port imports '{name}', which it must not need", name=name)
        return None


def work(request: Message) -> Message:
    """Answer one request."""
    side = _side(request["target"])
    model = build_model(EntryPoint(**{**request["entry"], "root": Path(request["entry"]["root"])}))
    return _Target(side, model, request).answer()


def _side(target: str) -> TargetSide:
    # Only the chosen framework is imported.
    if target == "mindspore":
        sys.meta_path.insert(0, _NoTorch())
        from transpiler.exporter.mindspore_side import MindSporeSide

        return MindSporeSide()
    if os.environ.get("KERAS_BACKEND") != "torch":
        sys.meta_path.insert(0, _NoTorch())
    from transpiler.exporter.keras_side import KerasSide

    return KerasSide()


class _Target:
    """One port under one request."""

    def __init__(self, side: TargetSide, model: Any, request: Message) -> None:
        self._side = side
        self._model = model
        self._request = request
        self._store = ArrayStore(Path(request["folder"]) / "target")
        self._problems: list[Message] = []
        self._dropped: list[str] = []
        self._notes: list[str] = []
        self._pairs: list[Message] = []
        self._expected: dict[int, Any] = {}
        self._weights_by_key: dict[str, Any] = {}
        given = request["inputs"]
        self._inputs = [(item["name"], self._tensor(Stored.parse(item["data"]))) for item in given or ()]

    def answer(self) -> Message:
        self._prepare()
        self._carry_over()
        answer: Message = {"pairs": self._pairs, "problems": self._problems, "dropped": self._dropped}
        if not self._problems and self._request.get("save"):
            self._save(Path(self._request["save"]))
        if not self._problems and self._request.get("run"):
            answer |= self._run()
        answer["notes"] = self._notes
        return answer

    def _prepare(self) -> None:
        fault = self._side.accept(self._model)
        if fault is not None:
            raise ExporterError(fault, Code.UNREADABLE, "--entry")
        keyword = None if self._request["inputs"] is None else self._keyword()
        fault = self._side.build(self._model, self._positional(), keyword)
        if fault is not None:
            raise ExporterError(fault, Code.UNREADABLE, "--inputs")

    # -- weights -------------------------------------------------------------------------------------------------------------------

    def _carry_over(self) -> None:
        names = {self._side.identity(weight): name for name, weight in self._side.weights(self._model)}
        owners: dict[int, int] = {}
        for item in self._request["plan"]:
            if item["drop"] and not self._side.is_weight(self._find(item)[1]):
                self._dropped.append(item["key"])
            else:
                self._carry_one(item, names, owners)
        self._note_lost_ties()
        kept = dict(self._kept(set(owners)))
        for identity, name in names.items():
            if identity not in owners and identity not in kept:
                self._problem(Code.WEIGHT_MISSING, name, "exists only in the port, where it would keep its initial value")
        if kept:
            self._notes.append(f"kept from the port, since the original has none: {', '.join(names[identity] for identity in kept)}")

    def _note_lost_ties(self) -> None:
        groups = {item["key"]: item["group"] for item in self._request["plan"]}
        first: dict[int, Message] = {}
        for pair in self._pairs:
            tied = first.setdefault(groups[pair["key"]], pair)
            if tied["target"] != pair["target"]:
                self._notes.append(f"'{pair['key']}' is tied to '{tied['key']}' in the original; the port trains them separately")

    def _carry_one(self, item: Message, names: Mapping[int, str], owners: dict[int, int]) -> None:
        candidate, tensor = self._find(item)
        if tensor is MISSING:
            self._missing(item)
        elif not self._side.is_weight(tensor):
            self._carry_constant(item, candidate, tensor)
        else:
            identity = self._side.identity(tensor)
            if identity not in names:
                self._problem(Code.WEIGHT_MISSING, item["key"], "its counterpart is not registered as a parameter of the port")
            elif owners.setdefault(identity, item["group"]) != item["group"]:
                self._problem(Code.WEIGHT_MISMATCH, item["key"], f"shares '{names[identity]}' with another weight of the original")
            else:
                self._carry_weight(item, candidate, tensor, names[identity])

    def _find(self, item: Message) -> tuple[Message, Any]:
        owner = resolve_path(self._model, item["path"])
        if owner is not MISSING:
            for candidate in item["candidates"]:
                tensor = resolve_weight(owner, candidate["to"], self._side.is_tensor)
                if tensor is not MISSING:
                    return candidate, tensor
        return {}, MISSING

    def _missing(self, item: Message) -> None:
        if item["kind"] == "constant":
            self._notes.append(f"'{item['key']}' is no part of torch's checkpoints and is not a tensor of the port")
            return
        owner = resolve_path(self._model, item["path"])
        where = f"no submodule '{item['path']}'" if owner is MISSING else f"no '{item['candidates'][0]['to']}' in {type(owner).__name__}"
        self._problem(Code.WEIGHT_MISSING, item["key"], f"has no counterpart: the port has {where}")

    def _carry_weight(self, item: Message, candidate: Message, weight: Any, name: str) -> None:
        stored = Stored.parse(item["data"])
        array = with_dtype(stored, relayout(read_bits(stored), candidate))
        shape = self._side.shape(weight)
        if tuple(array.shape) != shape:
            self._problem(Code.WEIGHT_MISMATCH, item["key"], f"is {array.shape} for the port, where '{name}' is {shape}")
            return
        array = self._in_dtype(array, item, weight, name)
        if array is None:
            return
        if self._request.get("save") or self._request.get("run"):
            self._side.assign(weight, array, keep_dtype=bool(self._request.get("save")))
        self._weights_by_key[item["key"]] = weight
        self._expected[self._side.identity(weight)] = array
        self._pairs.append(
            {
                "key": item["key"],
                "target": name,
                "shape": list(shape),
                "dtype": self._side.dtype(weight),
                "trainable": self._side.trainable(weight),
                "candidate": candidate,
            }
        )

    def _in_dtype(self, array: Any, item: Message, weight: Any, name: str) -> Any:
        """The array in the checkpoint's dtype where the port was built in the original's dtype; in the port's where that loses nothing."""
        found, own = item["data"]["dtype"], self._side.dtype(weight)
        if found == own:
            return array
        if own == item["model_dtype"]:
            self._note_dtype(found, own)
            return array
        narrowed = cast(array, own)
        if not np.array_equal(np.asarray(narrowed, np.float64), np.asarray(array, np.float64), equal_nan=True):
            self._problem(Code.WEIGHT_MISMATCH, item["key"], f"is {found}; '{name}' is {own} and would lose digits")
            return None
        self._notes.append(f"'{item['key']}' is {found} in the original and {own} in the port; every value fits")
        return narrowed

    def _note_dtype(self, found: str, own: str) -> None:
        note = (
            f"the checkpoint is {found}, the model {own}: the written file keeps {found}; load it into a port whose "
            f"parameters are {found}, or without strict loading, which casts"
        )
        if self._request.get("save") and note not in self._notes:
            self._notes.append(note)

    def _carry_constant(self, item: Message, candidate: Message, tensor: Any) -> None:
        """A buffer that the port holds as a plain tensor: right only where the constructor computes the same value."""
        stored = Stored.parse(item["data"])
        array = with_dtype(stored, relayout(read_bits(stored), candidate))
        own = self._side.to_numpy(tensor)
        if own.shape == array.shape and np.array_equal(np.asarray(own, np.float64), np.asarray(array, np.float64), equal_nan=True):
            self._notes.append(f"'{item['key']}' is a plain tensor in the port, already with the right values")
        elif item["kind"] == "constant" and own.shape == array.shape:
            # Verification compares code, not chance: a random constant is made the same where the framework can set it.
            owner = resolve_path(self._model, item["path"])
            set_now = self._request.get("run") and self._side.assign_constant(owner, tensor, cast(array, self._side.dtype(tensor)))
            how = "was set to torch's values for this run" if set_now else "keeps its own values"
            self._notes.append(f"'{item['key']}' is no part of torch's checkpoints and differs in the port as built; it {how}")
        else:
            message = "is a plain tensor in the port with other values, and no checkpoint can set it; make it a parameter"
            self._problem(Code.WEIGHT_MISMATCH, item["key"], message)

    def _kept(self, owned: set[int]) -> Iterator[tuple[int, None]]:
        """Weights of the port for which the original's layer has none by choice (``affine=False``), at a value without effect."""
        for item in self._request["absent"]:
            _, tensor = self._find(item)
            if tensor is MISSING or not self._side.is_weight(tensor) or self._side.identity(tensor) in owned:
                continue
            neutral = _NEUTRAL.get(item["name"])
            if neutral is not None and (self._side.to_numpy(tensor) == neutral).all():
                yield self._side.identity(tensor), None

    def _problem(self, code: Code, place: str, message: str) -> None:
        self._problems.append({"code": code.value, "place": place, "message": message})

    def _frame(self) -> SavedFrame | None:
        """What the original's checkpoint holds around the weights."""
        frame = self._request.get("frame")
        if frame is None:
            return None
        stored = {name: Stored.parse(message) for name, message in frame["tensors"].items()}
        return SavedFrame(frame["structure"], {name: with_dtype(item, read_bits(item)) for name, item in stored.items()})

    def _save(self, file: Path) -> None:
        """Write the checkpoint, then load it with the framework's own strict call and compare every number."""
        weights = list(self._side.weights(self._model))
        self._side.save(self._model, file, self._frame())
        for _, weight in weights:
            self._side.assign(weight, np.zeros(self._side.shape(weight), np.uint8), keep_dtype=False)
        self._side.load(self._model, file)
        for pair in self._pairs:
            weight = self._weights_by_key[pair["key"]]
            expected = cast(self._expected[self._side.identity(weight)], self._side.dtype(weight))
            pair["dtype"] = self._side.dtype(weight)
            pair["error"] = _largest_error(expected, self._side.to_numpy(weight))

    # -- running -------------------------------------------------------------------------------------------------------------------

    def _run(self) -> Message:
        events: list[Message] = []
        if self._request["trace"]:
            self._trace(events)
        outputs = self._model(*self._positional(), **self._keyword())
        answer: Message = {"outputs": self._put_all(outputs), "events": events}
        if self._request["cotangents"] is not None:
            answer |= self._gradients()
        return answer | (self._compile() if self._request.get("graph") else {})

    def _compile(self) -> Message:
        """The outputs of the port as one graph, and how it was made and exported; what cannot be is a problem, not an error."""
        graphs = self._side.graphs(self._model, tuple(self._keyword()))
        if not graphs:
            raise ExporterError("only MindSpore's graph mode is checked", Code.UNREADABLE, "--graph")
        answer: Message = {"graph_outputs": [], "compiled": "", "exported": ""}
        refused = []
        for graph in graphs:
            try:
                self._try_graph(graph, answer)
                break
            except Exception as error:  # noqa: BLE001 - a compiler's errors are of any type
                refused.append(f"{graph.how}: {_first_lines(str(error)) or type(error).__name__}")
        if not answer["exported"]:
            self._problem(Code.NOT_COMPILED, "<export>" if answer["compiled"] else "<graph>", "; ".join(refused))
        elif refused:
            self._notes.append(f"the graph was recorded while the port ran, since its source does not compile or export: {refused[0]}")
        return answer | {"refused": "; ".join(refused)}

    def _try_graph(self, graph: Graph, answer: Message) -> None:
        """Compile, compare and export; ``answer`` keeps how far the best way came. A recorded graph must also be right for other inputs."""
        inputs = [tensor for _, tensor in self._inputs]
        found = graph(*inputs)
        others = [self._side.to_tensor(_other(self._side.to_numpy(tensor))) for tensor in inputs] if graph.recorded else []
        expected = self._expected_outputs(others) if others else []
        if others:
            self._check_recorded(expected, graph(*others))
        if not answer["compiled"]:
            answer |= {"compiled": graph.how, "graph_outputs": self._put_leaves(found)}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "port.mindir"
            graph.export(inputs, file)
            if others:
                self._check_recorded(expected, graph.load(file)(*others))
            if self._request.get("mindir"):
                shutil.copyfile(file, self._request["mindir"])
        answer["exported"] = graph.how

    def _expected_outputs(self, inputs: Sequence[Any]) -> list[Message]:
        split = len(self._positional())
        return self._put_all(self._model(*inputs[:split], **dict(zip(self._keyword(), inputs[split:], strict=True))))

    def _check_recorded(self, expected: list[Message], found: Leaves) -> None:
        differing = [row.name for row in compare_outputs(expected, self._put_leaves(found), self._request["limit"]) if not row.ok]
        if differing:
            raise ValueError(f"what was recorded with one input gives wrong values for another: {', '.join(differing)[:200]}")

    def _trace(self, events: list[Message]) -> None:
        def record(path: str, inputs: Any, output: Any) -> None:
            events.append({"path": path, "inputs": self._put_all(inputs), "outputs": self._put_all(output)})

        traced: set[int] = set()
        for path in self._request["trace"]:
            module = resolve_path(self._model, path)
            if self._side.accept(module) is None and id(module) not in traced:
                traced.add(id(module))
                self._side.trace(module, path, record)

    def _gradients(self) -> Message:
        cotangents = [(c["output"], self._tensor(Stored.parse(c["data"]))) for c in self._request["cotangents"]]
        names = [name for name, _ in self._inputs]
        keys = [pair["key"] for pair in self._pairs if pair["trainable"]]
        weights = {self._side.identity(self._weights_by_key[key]): self._weights_by_key[key] for key in keys}

        def loss(model: Any, tensors: Sequence[Any]) -> Any:
            positional = [tensor for name, tensor in zip(names, tensors, strict=True) if name is None]
            keyword = {name: tensor for name, tensor in zip(names, tensors, strict=True) if name is not None}
            leaves = [leaf for _, leaf in flatten(model(*positional, **keyword), self._side.is_tensor)]
            terms = [self._side.weighted_sum(leaves[i], cotangent) for i, cotangent in cotangents]
            return sum(terms[1:], terms[0])

        of_weights, of_inputs = self._side.gradients(self._model, loss, list(weights.values()), [tensor for _, tensor in self._inputs])
        by_identity = dict(zip(weights, (self._put(gradient).message() for gradient in of_weights), strict=True))
        floats = [name or str(i) for i, (name, tensor) in enumerate(self._inputs) if "float" in self._side.dtype(tensor)]
        return {
            "gradients": {key: by_identity[self._side.identity(self._weights_by_key[key])] for key in keys},
            "input_gradients": {name: self._put(gradient).message() for name, gradient in zip(floats, of_inputs, strict=True)},
        }

    def _positional(self) -> list[Any]:
        return [tensor for name, tensor in self._inputs if name is None]

    def _keyword(self) -> dict[str, Any]:
        return {name: tensor for name, tensor in self._inputs if name is not None}

    def _tensor(self, stored: Stored) -> Any:
        return self._side.to_tensor(with_dtype(stored, read_bits(stored)))

    def _put_all(self, value: Any) -> list[Message]:
        return self._put_leaves(flatten(value, self._side.is_tensor))

    def _put_leaves(self, leaves: Iterable[tuple[str, Any]]) -> list[Message]:
        return [{"path": path, "data": self._put(leaf).message()} for path, leaf in leaves]

    def _put(self, leaf: Any) -> Stored:
        array = self._side.to_numpy(leaf) if self._side.is_tensor(leaf) else np.asarray(leaf)
        if array.dtype.name == "bfloat16":
            return self._store.write(np.ascontiguousarray(array).view(np.uint16), "bfloat16")
        return self._store.write(array)


def _first_lines(message: str) -> str:
    """What a compiler says before it shows its own call stack, and the innermost line of the port that it names."""
    head = message.partition("\n\n")[0].partition("\n---")[0].strip()
    places = re.findall(r"# \d+ In file ([^\n]*)\n\s*([^\n]*)", message)
    return " ".join(head.split())[:300] + (f" (at {places[-1][0].rpartition('/')[2]}: {places[-1][1]})" if places else "")


def _other(array: Array) -> Array:
    """An input of the same shape and the same values in another order, which indices stay valid in."""
    return np.ascontiguousarray(array[..., ::-1]) if array.ndim else array


def _largest_error(expected: Any, found: Any) -> float:
    if np.ascontiguousarray(expected).tobytes() == np.ascontiguousarray(found).tobytes():
        return 0.0
    return float(np.max(np.abs(np.asarray(expected, np.float64) - np.asarray(found, np.float64))))


if __name__ == "__main__":
    serve(work, sys.argv[1:])
