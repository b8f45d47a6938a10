"""What attribute access, calls and iteration give, by kind: the meaning shared by the outline resolver and the interpreter."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from transpiler.analysis import values as v
from transpiler.analysis.data_items import COMPOSE, DATASET, LOADER, PASSING_ITEMS, is_container_member, with_items
from transpiler.analysis.dtype_category import category_of_call, category_of_layer
from transpiler.analysis.names import canonical, is_source
from transpiler.analysis.values import UNKNOWN, Value
from transpiler.mapping.binding import Argument, choose
from transpiler.mapping.registry import Registry
from transpiler.mapping.schema import Entry

_TENSOR_ATTRIBUTES: Final[Mapping[str, Value]] = {
    "shape": v.SHAPE, "dtype": v.DTYPE, "device": v.DEVICE, "ndim": v.INT, "requires_grad": v.BOOL, "is_cuda": v.BOOL, "is_leaf": v.BOOL,
    "T": v.PART, "mT": v.PART, "H": v.PART, "mH": v.PART, "data": v.TENSOR, "grad": v.TENSOR, "real": v.PART, "imag": v.PART,
}  # fmt: skip
_BUILTIN_RESULTS: Final[Mapping[str, Value]] = {
    "len": v.INT, "int": v.INT, "float": v.FLOAT, "complex": v.COMPLEX, "bool": v.BOOL, "str": v.STR, "round": v.NUMBER, "isinstance": v.BOOL,
    "hasattr": v.BOOL, "repr": v.STR, "range": v.Seq(v.INT, is_range=True), "id": v.INT, "hash": v.INT, "callable": v.BOOL, "issubclass": v.BOOL,
    "print": v.NONE,
}  # fmt: skip
#: Functions and methods whose results have at least one axis; those whose results have as many as the list that they are given.
_WITH_AXES: Final = frozenset({
    "arange", "randperm", "linspace", "logspace", "nonzero", "topk", "sort", "argsort", "flatten", "ravel", "unsqueeze", "cat", "stack", "one_hot",
})  # fmt: skip
_OF_LISTS: Final = frozenset({"tensor", "as_tensor", "LongTensor"})
#: Those that are given the lengths of their results' axes.
_OF_SIZES: Final = frozenset({"zeros", "ones", "empty", "full", "rand", "randn", "view", "reshape"})
_ARRAY_ATTRIBUTES: Final[Mapping[str, Value]] = {"shape": v.SHAPE, "size": v.INT, "ndim": v.INT}
_SAME_ITEMS: Final = frozenset({"list", "tuple", "sorted", "reversed", "set", "iter", "frozenset"})
_NUMBER_MODULES: Final = frozenset({"math", "random"})
_CONTAINERS: Final = frozenset({"torch.nn.ModuleList", "torch.nn.Sequential"})
#: Methods that batches of other libraries have as well, giving a batch.
_MOVES: Final = frozenset({"to", "cuda", "cpu", "pin_memory"})
#: Libraries whose functions give none of torch's tensors and modules back, the targets among them. What others give, and what a file
#: imports that is not at hand, may be torch's.
_WITHOUT_TENSORS: Final = sys.stdlib_module_names | {
    "Bio", "Levenshtein", "PIL", "absl", "aiohttp", "albumentations", "anndata", "ase", "astropy", "attr", "attrs", "av", "black", "bokeh", "boto3", "bs4",
    "catboost", "click", "colorama", "cv2", "dateutil", "decord", "dill", "django", "docopt", "easydict", "faiss", "fastapi", "ffmpeg", "filelock",
    "fire", "flask", "fsspec", "ftfy", "fvcore", "gdown", "gensim", "git", "gym", "gymnasium", "h5py", "huggingface_hub", "hydra", "imageio",
    "imgaug", "iopath", "jieba", "jinja2", "joblib", "jsonlines", "kaggle", "lap", "librosa", "lightgbm", "lmdb", "loguru", "lxml", "markdown", "matplotlib",
    "mlflow", "msgpack", "natsort", "neptune", "networkx", "nibabel", "nltk", "numba", "numexpr", "numpy", "omegaconf", "onnx", "onnxruntime", "open3d",
    "openai", "openpyxl", "optuna", "packaging", "pandas", "parso", "pathlib2", "pkg_resources", "platformdirs", "plotly", "polars", "pretty_midi", "prettytable",
    "psutil", "py_cpuinfo", "pyarrow", "pycocotools", "pydantic", "pydicom", "pydub", "pygame", "pynvml", "pyparsing", "pytest", "pytz", "rdkit", "redis", "regex",
    "requests", "rich", "sacrebleu", "scanpy", "scipy", "seaborn", "segyio", "sentencepiece", "serial", "setuptools", "shapely", "shapefile", "simplejson",
    "six", "skimage", "sklearn", "skvideo", "sortedcontainers", "soundfile", "spacy", "sqlalchemy", "statsmodels", "streamlit", "swanlab", "sympy", "tabulate",
    "tensorboard", "tensorboardX", "termcolor", "tifffile", "tiktoken", "tokenizers", "toml", "tomli", "tqdm", "transforms3d", "trimesh", "typeguard", "typer",
    "ujson", "unidecode", "urllib3", "visdom", "wandb", "werkzeug", "xarray", "xgboost", "xxhash", "yacs", "yaml", "zmq",
    "jax", "keras", "keras_support", "mindspore", "ms_support", "tensorflow", "torchvision_ms",
}  # fmt: skip
#: Those of the standard library that pass objects through.
_PASSING: Final = frozenset({"functools", "itertools", "operator", "copy", "collections", "concurrent", "multiprocessing", "contextlib"})
_TENSOR_ATTRIBUTES_OF_MODULES: Final = frozenset({"weight", "bias", "running_mean", "running_var", "in_proj_weight", "in_proj_bias"})
#: The fields of what ``max``, ``sort``, ``topk`` and their like return.
_NAMED_ITEMS: Final[Mapping[str, int]] = {"values": 0, "indices": 1}
#: As many names as a dictionary of them may have, where one of them is chosen when the program runs.
_MOST_NAMES: Final = 8
_RECEIVER: Final = Argument(None, "", "tensor", -1)


class Semantics:
    """Kinds of results, from the mapping entries."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def entry(self, name: str) -> Entry | None:
        """The entry of a torch name under any spelling."""
        return self.registry.lookup(name) or self.registry.lookup(canonical(name))

    def same_symbol(self, left: str, right: str) -> bool:
        """Whether two torch names are spellings of one thing."""
        first, second = self.entry(left), self.entry(right)
        return first is not None and second is not None and first.api == second.api

    def names_like(self, package: str, pattern: re.Pattern[str] | None) -> tuple[str, ...]:
        """The names of a package of torch that fit ``pattern``; none where they are many or nothing is known of them."""
        if pattern is None:
            return ()
        found = [name for name in self.registry.members(package) if pattern.fullmatch(name.rpartition(".")[2])]
        return tuple(found) if len(found) <= _MOST_NAMES else ()

    def one_of(self, names: Sequence[str]) -> Value:
        """What is known of one of these torch classes or functions: what its call gives."""
        if names and all(map(self.is_module_class, names)):
            return v.Factory(v.Inst(tuple(map(canonical, names))))
        kinds = {self.stored(v.Ref(name)) for name in names}
        return kinds.pop() if len(kinds) == 1 else UNKNOWN

    def is_module_class(self, name: str) -> bool:
        """Whether a torch name is a class that derives from ``torch.nn.Module``."""
        return self.is_subclass(name, "torch.nn.Module")

    def is_subclass(self, name: str, base: str) -> bool:
        """Whether the torch class ``name`` is or derives from ``base``, as the entries tell."""
        name = canonical(name)
        for _ in range(10):
            if name == base:
                return True
            entry = self.entry(name)
            if entry is None or entry.kind != "class" or entry.base is None:
                return False
            name = entry.base
        return False

    def class_chain(self, name: str) -> list[str]:
        """``name`` and the torch classes that it derives from."""
        chain = [canonical(name)]
        while len(chain) < 10:
            entry = self.entry(chain[-1])
            if entry is None or entry.base is None:
                break
            chain.append(entry.base)
        return chain

    def derives_from_module(self, info: v.ClassInfo) -> bool:
        """Whether a project class is a torch module."""
        return any(self.is_module_class(base) for base in info.external_bases())

    def is_operation(self, info: v.ClassInfo) -> bool:
        """Whether a project class is an operation with a backward of its own."""
        return any(self.is_subclass(base, "torch.autograd.Function") for base in info.external_bases())

    def find_member(self, classes: Sequence[str], name: str) -> Entry | None:
        """The entry of method or attribute ``name`` on instances of the torch classes."""
        for cls in classes:
            for candidate in self.class_chain(cls):
                entry = self.registry.lookup(f"{candidate}.{name}")
                if entry is not None:
                    return entry
        return None

    def attribute(self, owner: Value, name: str) -> Value:
        """The kind of ``owner.name``."""
        if isinstance(owner, v.Tensor):
            return _TENSOR_ATTRIBUTES.get(name) or v.Bound(owner, name)
        if isinstance(owner, v.Batch):
            return self.attribute(v.TENSOR, name) if self.is_tensor_member(name) and name not in _MOVES else v.Bound(owner, name)
        if isinstance(owner, v.Ref):
            return v.Ref(f"{owner.name}.{name}")
        if isinstance(owner, v.Foreign) and owner.closed:
            return _ARRAY_ATTRIBUTES.get(name, owner)
        if isinstance(owner, v.UserInst):
            return self._instance_attribute(owner, name)
        if isinstance(owner, v.UserClass):
            method = owner.info.method(name)
            if method is not None:
                return v.UserFunction(method)
            return owner.info.attribute(name) or v.Bound(owner, name)
        if isinstance(owner, v.Inst):
            if name in _TENSOR_ATTRIBUTES_OF_MODULES and all(self.is_module_class(c) for c in owner.classes):
                return v.TENSOR
            return self._member(owner, name)
        if isinstance(owner, v.Tup) and len(owner.items) == 2 and name in _NAMED_ITEMS and isinstance(owner.items[0], v.Tensor):
            return owner.items[_NAMED_ITEMS[name]]
        return v.TENSORS if name == "saved_tensors" else v.Bound(owner, name)

    def is_tensor_member(self, name: str) -> bool:
        """Whether a batch that has the member ``name`` must be a tensor."""
        return not is_container_member(name) and self.registry.lookup(f"torch.Tensor.{name}") is not None

    def _member(self, owner: v.Inst, name: str) -> Value:
        entry = self.find_member(owner.classes, name)
        if entry is not None and entry.kind == "attribute":
            return self.returned(entry.returns, owner)
        if entry is None and owner.classes == ("torch.nn.ModuleDict",) and not name.startswith("_") and not hasattr(dict, name):
            return v.MODULE  # its items are its children, and so its attributes
        return v.Bound(owner, name)

    def _instance_attribute(self, owner: v.UserInst, name: str) -> Value:
        if name == "__class__":
            return v.UserClass(owner.info)
        found = owner.info.attribute(name)
        if found is not None and found is not UNKNOWN and found != v.NONE:
            return found
        method = owner.info.method(name)
        if method is not None and method.is_property:
            return method.known_result() or UNKNOWN
        if method is None and name in _TENSOR_ATTRIBUTES_OF_MODULES and any(map(self._is_plain_layer, owner.info.external_bases())):
            return v.TENSOR
        return v.Bound(owner, name)

    def _is_plain_layer(self, name: str) -> bool:
        """Whether a class is one of torch's own layers, which bring their weights along."""
        return self.is_module_class(name) and canonical(name) != "torch.nn.Module"

    def returned(self, returns: tuple[str, ...] | None, receiver: Value | None = None) -> Value:
        """The kind that an entry's ``returns`` names."""
        if returns is None:
            return v.FRESH
        if returns[0] == "tuple":
            return v.Tup(tuple(self._one(name, receiver) for name in returns[1:]))
        return self._one(returns[0], receiver)

    def _one(self, name: str, receiver: Value | None) -> Value:
        if name in ("self", "same"):
            return receiver if receiver is not None else UNKNOWN
        if name.startswith("torch."):
            return v.Inst((name,))
        return v.RETURNS.get(name, UNKNOWN)

    def call_entry(self, entry: Entry, arguments: Sequence[Argument], receiver: Value | None, values: Sequence[Value] = ()) -> Value:
        """The kind of a call of the symbol that ``entry`` describes; ``values`` are the kinds of its arguments, where known."""
        if entry.kind == "class":
            return {"torch.Size": v.SHAPE, "torch.device": v.DEVICE, "torch.Tensor": v.FRESH, "torch.nn.Parameter": v.TENSOR,
                    "torch.nn.Buffer": v.TENSOR}.get(entry.api, v.Inst((entry.api,), inplace_argument(entry, arguments)))  # fmt: skip
        choice = choose(entry, arguments)
        returns = choice.returns if choice is not None else entry.returns
        result = self._as_given(returns, values) or self.returned(returns, receiver)
        if isinstance(result, v.Tensor) and result is not receiver:
            result = v.PART if entry.view else result
            dtype, leaf = category_of_call(entry.api, arguments, values, receiver), entry.api.rpartition(".")[2]
            of_list = leaf in _OF_LISTS and bool(values) and isinstance(values[0], (v.Seq, v.Tup))
            return replace(result, dtype=dtype, has_axes=leaf in _WITH_AXES or of_list, leads_with_one=_leads_with_one(leaf, values))
        return result

    @staticmethod
    def _as_given(returns: tuple[str, ...] | None, values: Sequence[Value]) -> Value | None:
        """The first argument's kind where ``returns`` says so: as it is (``argument``), or that of a function of arrays of any library, which
        stacks what comes in a list (``operand``)."""
        if not values or returns not in (("argument",), ("operand",)):
            return None
        first = v.item_of(values[0]) if returns == ("operand",) and isinstance(values[0], (v.Seq, v.Tup)) else values[0]
        return v.FRESH if returns == ("operand",) and isinstance(first, v.Tensor) else first

    def call_instance(self, instance: Value, arguments: Sequence[Value]) -> Value:
        """The kind of calling an object: a module's output, mostly a tensor."""
        if isinstance(instance, v.UserInst):
            method = instance.info.method("forward") or instance.info.method("__call__")
            if method is not None:
                return method.known_result() or (v.PRESUMED if self.derives_from_module(instance.info) else UNKNOWN)
            for base in instance.info.external_bases():
                if self.is_module_class(base):
                    return self.call_instance(v.Inst((base,)), arguments)
            return UNKNOWN
        if isinstance(instance, v.Inst):
            entry = self.entry(instance.classes[0])
            if entry is not None and entry.api == COMPOSE and instance.item is not None:
                return self.call(instance.item, (), arguments)
            if entry is not None and entry.api == "torch.nn.Module":
                return v.PRESUMED  # a module of any class: mostly a tensor
            if entry is not None and (self.is_module_class(entry.api) or entry.returns is not None):
                result = self.returned(entry.returns)
                return replace(result, dtype=category_of_layer(entry.api)) if isinstance(result, v.Tensor) else result
            return UNKNOWN
        return UNKNOWN

    def call(self, callee: Value, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        """The kind of ``callee(...)``. A tensor that a function of the project returns counts as its own."""
        result = self._call(callee, arguments, values)
        own = isinstance(callee, (v.UserFunction, v.Inst, v.UserInst)) or (
            isinstance(callee, v.Bound) and isinstance(callee.owner, v.UserInst)
        )
        return replace(v.PRESUMED, dtype=result.dtype) if own and isinstance(result, v.Tensor) and not result.fresh else result

    def _call(self, callee: Value, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        if isinstance(callee, v.Ref):
            return self._call_reference(callee.name, arguments, values)
        if isinstance(callee, v.UserClass):
            return v.UserInst(callee.info)
        if isinstance(callee, v.UserFunction):
            return callee.info.known_result() or UNKNOWN
        if isinstance(callee, v.Factory):
            return callee.result
        if isinstance(callee, (v.Inst, v.UserInst)):
            return self.call_instance(callee, values)
        if isinstance(callee, v.Foreign) and callee.closed:
            return callee
        if isinstance(callee, v.Bound):
            return self._call_bound(callee, arguments, values)
        return UNKNOWN

    def _call_bound(self, callee: v.Bound, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        owner, name = callee.owner, callee.name
        if isinstance(owner, v.UserClass) and name == "apply" and self.is_operation(owner.info):
            forward = owner.info.method("forward")
            return (forward.known_result() if forward is not None else None) or v.FRESH
        if isinstance(owner, v.Tensor):
            entry = self.registry.lookup(f"torch.Tensor.{name}")
            if entry is None:
                return UNKNOWN
            return self.call_entry(entry, [_RECEIVER, *arguments], owner, values)
        if isinstance(owner, v.UserInst):
            return self._call_user_method(owner, name, arguments, values)
        if isinstance(owner, v.Super) and name == "forward":
            return self._forward_of_base(owner, values)
        if isinstance(owner, v.DictOf) and name in ("get", "pop") and len(values) > 1:
            return v.join(owner.item, values[1])
        if isinstance(owner, v.Inst):
            if name == "forward":
                return self.call_instance(owner, values)
            entry = self.find_member(owner.classes, name)
            return self.call_entry(entry, arguments, owner) if entry is not None else UNKNOWN
        return self._call_container(owner, name)

    def _forward_of_base(self, owner: v.Super, values: Sequence[Value]) -> Value:
        """``super().forward(x)``: the nearest base's, of the project or one of torch's layers."""
        for base in owner.info.mro():
            if isinstance(base, v.ClassInfo) and base is not owner.info and "forward" in base.methods:
                return base.methods["forward"].known_result() or UNKNOWN
            if isinstance(base, str) and self._is_plain_layer(base):
                return self.call_instance(v.Inst((canonical(base),)), values)
        return UNKNOWN

    def _call_container(self, owner: Value, name: str) -> Value:
        if isinstance(owner, v.Batch):
            if name in _MOVES:
                return owner
            owner = v.DictOf(v.TENSOR)
        if isinstance(owner, v.DictOf):
            return {"items": v.Seq(v.Tup((v.STR, owner.item))), "values": v.Seq(owner.item), "keys": v.Seq(v.STR), "get": owner.item,
                    "pop": owner.item}.get(name, UNKNOWN)  # fmt: skip
        if isinstance(owner, (v.Seq, v.Tup)) and name == "pop":
            return v.item_of(owner)
        if isinstance(owner, v.Shape) and name == "numel":
            return v.INT
        if isinstance(owner, (v.Lit, v.Scalar)):
            return v.STR if v.scalar_type(owner) == "str" and name not in ("split", "rsplit", "partition", "rpartition") else UNKNOWN
        return UNKNOWN

    def _call_user_method(self, owner: v.UserInst, name: str, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        method = owner.info.method(name)
        if method is not None:
            result = method.known_result()
            if result is None and name == "forward" and self.derives_from_module(owner.info):
                return v.PRESUMED
            return result or UNKNOWN
        entry = self.find_member(owner.info.external_bases(), name)
        return self.call_entry(entry, arguments, owner) if entry is not None else UNKNOWN

    def _call_reference(self, name: str, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        if is_source(name):
            entry = self.entry(name)
            if entry is None:
                return UNKNOWN
            if entry.api == "torch.nn.Parameter":
                return replace(v.TENSOR, dtype=category_of_call(entry.api, arguments, values, None))
            made = with_items(entry, arguments, values, self.call_entry(entry, arguments, None, values), self.items_of)
            return self._with_first_layer(made, values)
        root, _, leaf = name.rpartition(".")
        if root == "builtins":
            return self._call_builtin(leaf, arguments, values)
        if name in PASSING_ITEMS and values:
            passed = next((value for a, value in zip(arguments, values, strict=True) if a.keyword == "iterable"), values[0])
            return v.Seq(self.iterate(passed))
        if name in ("functools.partial", "functools.wraps") and values:
            return v.Factory(self.call(values[0], (), ()))
        if name in ("collections.OrderedDict", "dict"):
            return v.DictOf(UNKNOWN) if not values else self._ordered(values[0])
        if name == "copy.deepcopy" and values:
            return values[0]
        if root in _NUMBER_MODULES:
            return v.NUMBER
        if self.registry.package(name) is not None:
            return UNKNOWN
        library = name.partition(".")[0]
        may_pass = any(map(carries_tensors, values)) if library in _PASSING else not is_without_tensors(name)
        return UNKNOWN if may_pass else v.ARRAY if library == "numpy" else v.FOREIGN

    @staticmethod
    def _with_first_layer(made: Value, values: Sequence[Value]) -> Value:
        """A sequence of layers changes its operand where its first layer does."""
        if not isinstance(made, v.Inst) or made.classes != ("torch.nn.Sequential",) or not values:
            return made
        first = values[0].items[0] if isinstance(values[0], v.Tup) and values[0].items else values[0]
        return v.Inst(made.classes, "maybe" if first.inplace else "") if isinstance(first, v.Inst) else made

    @staticmethod
    def _ordered(items: Value) -> Value:
        item = v.item_of(items)
        return v.DictOf(item.items[1]) if isinstance(item, v.Tup) and len(item.items) == 2 else v.DictOf(UNKNOWN)

    def _call_builtin(self, name: str, arguments: Sequence[Argument], values: Sequence[Value]) -> Value:
        if name in _BUILTIN_RESULTS:
            return _BUILTIN_RESULTS[name]
        if not values:
            return v.Seq(UNKNOWN) if name in ("list", "tuple", "set") else v.DictOf(UNKNOWN) if name == "dict" else UNKNOWN
        first = values[0]
        if name in _SAME_ITEMS:
            return first if isinstance(first, v.Tup) and name in ("list", "tuple") else v.Seq(self.iterate(first))
        if name == "enumerate":
            return v.Seq(v.Tup((v.INT, self.iterate(first))))
        if name == "zip" and arguments and arguments[0].star == "*":
            item = self.iterate(first)
            return v.Tup(tuple(map(v.Seq, item.items))) if isinstance(item, v.Tup) else v.Seq(v.Seq(v.item_of(item)))
        if name == "zip":
            return v.Seq(v.Tup(tuple(self.iterate(value) for value in values)))
        if name == "map":
            return v.Seq(self.call(first, (), values[1:]))
        if name == "filter" and len(values) > 1:
            return v.Seq(self.iterate(values[1]))
        if name in ("sum", "abs", "min", "max", "pow", "next", "divmod"):
            return self._reduced(name, values)
        return UNKNOWN

    def _reduced(self, name: str, values: Sequence[Value]) -> Value:
        first = values[0]
        if name == "next" and isinstance(first, v.UserInst) and first.info.method("__next__") is not None:
            return self._user_items(first.info, ("__next__",))
        if len(values) == 1 and name in ("sum", "min", "max", "next"):
            return self.iterate(first) if not isinstance(first, v.Tensor) else v.FRESH
        if name == "next":
            return self.iterate(first)
        if any(isinstance(value, v.Tensor) for value in values):
            return v.FRESH
        return v.NUMBER if all(isinstance(value, (v.Lit, v.Scalar)) for value in values) else UNKNOWN

    def items_of(self, dataset: Value) -> Value:
        """What a data set of the kind ``dataset`` consists of."""
        if isinstance(dataset, v.UserInst):
            return self._user_items(dataset.info, ("__getitem__", "__iter__"))
        return self.iterate(dataset)

    def _user_items(self, info: v.ClassInfo, methods: Sequence[str]) -> Value:
        for name in methods:
            method = info.method(name)
            if method is not None:
                known = method.known_result() or UNKNOWN
                if name != "__iter__":
                    return known
                return self._user_items(known.info, ("__next__",)) if isinstance(known, v.UserInst) else self.iterate(known)
        return UNKNOWN

    def holds_tensors(self, value: Value, depth: int = 3) -> bool | None:
        """Whether a value is a tensor or holds one that is no parameter; None where it may."""
        if isinstance(value, (v.Tensor, v.Batch)):
            return True
        if isinstance(value, (v.Seq, v.DictOf)):
            return self.holds_tensors(value.item, depth)
        if isinstance(value, v.Tup):
            return self._any_holds(value.items, depth)
        if isinstance(value, v.UserInst):
            attributes = [kind for base in value.info.mro() if isinstance(base, v.ClassInfo) for kind in base.attributes.values()]
            if self.derives_from_module(value.info):
                return any(isinstance(kind, v.Tensor) for kind in attributes)
            return self._any_holds(attributes, depth - 1) if depth else None
        return None if value is UNKNOWN or isinstance(value, v.Bound) else False

    def _any_holds(self, values: Sequence[Value], depth: int) -> bool | None:
        found = [self.holds_tensors(value, depth) for value in values]
        return True if True in found else None if None in found else False

    def stored(self, value: Value) -> Value:
        """What is known of a value where another may stand as well: in a parameter, an attribute or a container. Of torch's functions and classes
        that is what they give, not which they are."""
        if isinstance(value, v.Tup):
            return v.Tup(tuple(map(self.stored, value.items)))
        entry = self.entry(value.name) if isinstance(value, v.Ref) and is_source(value.name) else None
        return v.Factory(self.call(value, (), ())) if entry is not None and entry.kind in ("function", "class") else value

    def iterate(self, value: Value) -> Value:
        """What ``for item in value`` binds."""
        if isinstance(value, v.Inst) and value.item is not None:
            return value.item
        if isinstance(value, v.Inst) and self.is_subclass(value.classes[0], LOADER):
            return v.BATCH
        if isinstance(value, v.Inst) and value.classes[0] in _CONTAINERS:
            return v.MODULE
        if isinstance(value, v.Inst) and value.classes[0] in ("torch.nn.ModuleDict", "torch.nn.ParameterDict"):
            return v.STR
        if isinstance(value, v.Inst) and value.classes[0] == "torch.nn.ParameterList":
            return v.TENSOR
        if isinstance(value, v.UserInst):
            for base in value.info.external_bases():
                if canonical(base) in _CONTAINERS:
                    return v.MODULE
                if canonical(base) == "torch.nn.ModuleDict":
                    return v.STR
                if self.is_subclass(base, LOADER):
                    return v.BATCH
            return self._user_items(value.info, ("__iter__", "__getitem__"))
        return v.item_of(value)

    def subscript(self, owner: Value, index: Value, is_slice: bool) -> Value:
        """The kind of ``owner[index]``."""
        if isinstance(owner, v.Tensor):
            if isinstance(index, v.Tensor) and index.dtype == "bool" and not is_slice:
                return v.Tensor(fresh=True, dtype=owner.dtype)  # what a mask chooses is a copy
            part = v.PART if is_slice or kind_name(index) in ("int", "none", "unknown", "bool") else v.TENSOR
            return replace(part, dtype=owner.dtype)
        if isinstance(owner, v.Tup):
            if isinstance(index, v.Lit) and isinstance(index.value, int) and -len(owner.items) <= index.value < len(owner.items):
                return owner.items[index.value]
            return v.Seq(v.item_of(owner)) if is_slice else v.item_of(owner)
        if isinstance(owner, v.Shape):
            return v.SHAPE if is_slice else v.INT
        if isinstance(owner, v.Seq):
            return owner if is_slice else owner.item
        if isinstance(owner, v.DictOf):
            return owner.item
        if isinstance(owner, v.Foreign):
            return owner
        if isinstance(owner, v.Bound):
            return v.Bound(owner, "[]")
        if isinstance(owner, v.Batch):
            return v.TENSOR
        if isinstance(owner, v.Inst) and (owner.item is not None or self.is_subclass(owner.classes[0], DATASET)):
            return owner.item or UNKNOWN
        if isinstance(owner, v.UserInst) and owner.info.method("__getitem__") is not None:
            return self._user_items(owner.info, ("__getitem__",))
        if isinstance(owner, (v.Inst, v.UserInst)):
            item = self.iterate(owner)
            return owner if is_slice else (v.MODULE if item == v.STR else item)
        if isinstance(owner, (v.Lit, v.Scalar)) and v.scalar_type(owner) == "str":
            return v.STR
        return UNKNOWN


def _leads_with_one(name: str, values: Sequence[Value]) -> bool:
    """Whether a call's arguments show that its result has a first axis of length one, and others."""
    if name == "unsqueeze":
        return bool(values) and values[-1] == v.Lit(0)
    if name not in _OF_SIZES or not values:
        return False
    sizes = values[0].items if isinstance(values[0], v.Tup) else values
    return len(sizes) > 1 and sizes[0] == v.Lit(1)


def is_without_tensors(name: str) -> bool:
    """Whether a dotted name belongs to a library that knows of no tensors and modules."""
    return name.partition(".")[0] in _WITHOUT_TENSORS


def carries_tensors(value: Value) -> bool:
    """Whether a value is, holds or yields tensors, or is a module or data set."""
    if isinstance(value, (v.Tensor, v.Batch, v.Inst)):
        return True
    if isinstance(value, (v.Seq, v.DictOf)):
        return carries_tensors(value.item)
    return isinstance(value, v.Tup) and any(map(carries_tensors, value.items))


def inplace_argument(entry: Entry, arguments: Sequence[Argument]) -> str:
    """Whether a call asks torch to change its operand, by an ``inplace`` argument: '' no, 'maybe', 'yes'."""
    if entry.signature is None or entry.signature.find("inplace") is None or any(argument.star for argument in arguments):
        return ""
    choice = choose(entry, arguments)
    argument = choice.binding.get("inplace") if choice is not None else None
    if argument is None or argument.text in ("False", "None", "0"):
        return ""
    return "yes" if argument.text == "True" else "maybe"


def literal_text(value: Value) -> str:
    """The Python text of a literal kind, '' for others."""
    return repr(value.value) if isinstance(value, v.Lit) else ""


def kind_name(value: Value) -> str:
    """The short name of a kind, as overloads' ``when`` speaks of it."""
    if isinstance(value, v.Tensor):
        return "tensor"
    if isinstance(value, (v.Lit, v.Scalar)):
        return v.scalar_type(value)
    if isinstance(value, v.Shape):
        return "shape"
    if isinstance(value, (v.Seq, v.Tup)):
        return "sequence"
    if isinstance(value, v.DtypeValue):
        return "dtype"
    if isinstance(value, v.DeviceValue):
        return "device"
    if isinstance(value, (v.Inst, v.UserInst)):
        return "module"
    if isinstance(value, v.DictOf):
        return "dict"
    if isinstance(value, (v.Factory, v.UserFunction, v.UserClass)):
        return "callable"
    return "unknown"
