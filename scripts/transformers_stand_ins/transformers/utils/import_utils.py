"""Stands in for what is installed beside the framework: nothing is. Whether a graph is being made is asked of the framework."""

import torch


def is_torch_available():
    return True


def is_torch_greater_or_equal(version, accept_dev=False):
    return True


def requires(*, backends=()):
    return lambda decorated: decorated


def is_torchdynamo_compiling():
    return torch.compiler.is_compiling()


def is_tracing(tensor=None):
    return is_torchdynamo_compiling()


def _never(*args, **kwargs):
    return False


is_torchdynamo_exporting = is_torch_flex_attn_available = is_torch_xpu_available = _never
is_torch_npu_available = is_torch_mps_available = is_torch_xla_available = is_mambapy_available = is_peft_available = _never
is_hqq_available = is_optimum_quanto_available = is_quanto_greater = _never


def torch_compilable_check(cond, msg, error_type=ValueError):
    passed = cond() if callable(cond) else cond
    if not bool(passed.all() if hasattr(passed, "all") else passed):
        raise error_type(msg() if callable(msg) else msg)
