"""Stands in for the package's utilities: what the modelling files import from here."""

from . import logging
from .generic import ModelOutput, TransformersKwargs, can_return_tuple, torch_int
from .import_utils import (
    is_hqq_available,
    is_optimum_quanto_available,
    is_peft_available,
    is_quanto_greater,
    is_torch_available,
    is_torch_greater_or_equal,
    is_torch_mps_available,
    is_torch_npu_available,
    is_torch_xla_available,
    is_torch_xpu_available,
    is_torchdynamo_compiling,
    torch_compilable_check,
)

DUMMY_INPUTS = [[7, 6, 0, 0, 1], [1, 2, 3, 0, 0], [0, 0, 0, 4, 5]]
DUMMY_MASK = [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]


def auto_docstring(decorated=None, **settings):
    return decorated if decorated is not None else lambda later: later


def hf_api():
    raise RuntimeError("this copy of the models downloads nothing")


def cached_file(*args, **kwargs):
    raise RuntimeError("this copy of the models downloads nothing")


def check_torch_load_is_safe():
    raise RuntimeError("this copy of the models reads no checkpoints")


class ContextManagers:
    pass
