"""Stands in for the package's collection of unrelated functions: those that the modelling files use."""

from collections import OrderedDict
from collections.abc import MutableMapping
from contextlib import nullcontext
from dataclasses import fields
from functools import wraps
from typing import TypedDict


class TransformersKwargs(TypedDict, total=False):
    pass


class ModelOutput(OrderedDict):
    """A dictionary of a dataclass's fields that are not None, in their order; indexed by name or by position."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                super().__setitem__(field.name, value)

    def __getitem__(self, key):
        return dict(self.items())[key] if isinstance(key, str) else self.to_tuple()[key]

    def __setattr__(self, name, value):
        if value is not None and name in {field.name for field in fields(self)}:
            super().__setitem__(name, value)
        super().__setattr__(name, value)

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        super().__setattr__(key, value)

    def to_tuple(self):
        return tuple(self[key] for key in self.keys())


class GeneralInterface(MutableMapping):
    """A mapping of functions by name, one for all instances, which an instance may override for itself."""

    _global_mapping = {}

    def __init__(self):
        self._local_mapping = {}

    def __getitem__(self, key):
        return self._local_mapping[key] if key in self._local_mapping else self._global_mapping[key]

    def __setitem__(self, key, value):
        self._local_mapping[key] = value

    def __delitem__(self, key):
        del self._local_mapping[key]

    def __iter__(self):
        return iter({**self._global_mapping, **self._local_mapping})

    def __len__(self):
        return len({**self._global_mapping, **self._local_mapping})

    @classmethod
    def register(cls, key, value):
        cls._global_mapping[key] = value


def can_return_tuple(func):
    @wraps(func)
    def wrapper(self, *args, **kwargs):
        return_dict = kwargs.pop("return_dict", None)
        output = func(self, *args, **kwargs)
        wanted = self.config.return_dict if return_dict is None else return_dict
        return output if wanted or isinstance(output, tuple) else output.to_tuple()

    return wrapper


def merge_with_config_defaults(func):
    @wraps(func)
    def wrapper(self, *args, **kwargs):
        if kwargs.get("use_cache") is None and getattr(self.config, "use_cache", None) is not None:
            kwargs["use_cache"] = self.config.use_cache
        return func(self, *args, **kwargs)

    return wrapper


def maybe_autocast(device_type, dtype=None, enabled=True, cache_enabled=None):
    return nullcontext()


def is_flash_attention_requested(config=None, requested_attention_implementation=None, version=None):
    return False


def torch_int(x):
    return int(x)
