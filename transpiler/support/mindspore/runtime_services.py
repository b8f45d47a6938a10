"""torch's services around a network, in one process: timers and streams of a device, the process group, data-parallel wrappers, profiling marks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Self

import mindspore
from mindspore import Tensor, nn

from .tensor_items import copy_into

_GROUP: ContextVar[str | None] = ContextVar("group", default=None)


class DeviceProperties(NamedTuple):
    """What is known of a device that is none of CUDA's (torch.cuda.get_device_properties)."""

    name: str
    major: int = 0
    minor: int = 0


class device_event:
    """A moment on the device's clock (torch.cuda.Event): everything launched before it has finished."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, external: bool = False) -> None:
        self._moment: float | None = None

    def record(self, stream: Any = None) -> None:
        """Set the moment to now."""
        mindspore.runtime.synchronize()
        self._moment = time.perf_counter()

    def elapsed_time(self, end_event: device_event) -> float:
        """Milliseconds from this moment to another."""
        if self._moment is None or end_event._moment is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event._moment - self._moment) * 1000

    def query(self) -> bool:
        """Whether the moment has passed."""
        return True

    def synchronize(self) -> None:
        """Wait for the moment."""

    def wait(self, stream: Any = None) -> None:
        """Let a stream wait for the moment."""


class device_stream:
    """The queue of the device's work (torch.cuda.Stream): there is one, in the order of the program."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        self.device = device

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def synchronize(self) -> None:
        """Wait for everything launched so far."""
        mindspore.runtime.synchronize()

    def wait_stream(self, stream: Any) -> None:
        """Wait for another stream, which is this one."""

    def wait_event(self, event: Any) -> None:
        """Wait for an event, which has passed."""

    def record_event(self, event: device_event | None = None) -> device_event:
        """An event of now."""
        event = device_event() if event is None else event
        event.record()
        return event

    def query(self) -> bool:
        """Whether all work is done."""
        self.synchronize()
        return True


def current_stream(device: Any = None) -> device_stream:
    """torch.cuda.current_stream."""
    return device_stream(device)


@contextmanager
def device_context(*args: Any, **kwargs: Any) -> Iterator[None]:
    """A context that chooses a device or stream, of which there is one (torch.cuda.device, torch.cuda.stream)."""
    yield


@contextmanager
def record_function(name: str, args: str | None = None) -> Iterator[None]:
    """A named part of a profile (torch.profiler.record_function); no profile is taken here."""
    yield


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: Any = None, world_size: int = -1, rank: int = -1, store: Any = None,
    group_name: str = "", pg_options: Any = None, device_id: Any = None,
) -> None:  # fmt: skip
    """The group of this one process (torch.distributed.init_process_group)."""
    size = world_size if world_size > 0 else int(os.environ.get("WORLD_SIZE", "1"))
    if size != 1:
        raise RuntimeError(f"The port runs in one process, not {size}: set up mindspore.communication and a data-parallel context instead")
    _GROUP.set(backend or "gloo")


def destroy_process_group(group: Any = None) -> None:
    """Forget the group (torch.distributed.destroy_process_group)."""
    _GROUP.set(None)


def is_initialized() -> bool:
    """Whether ``init_process_group`` was called (torch.distributed.is_initialized)."""
    return _GROUP.get() is not None


def get_backend(group: Any = None) -> str:
    """The name that ``init_process_group`` was given (torch.distributed.get_backend)."""
    _check_initialized()
    return str(_GROUP.get())


def get_rank(group: Any = None) -> int:
    """This process's number: 0 (torch.distributed.get_rank)."""
    _check_initialized()
    return 0


def get_world_size(group: Any = None) -> int:
    """How many processes there are: 1 (torch.distributed.get_world_size)."""
    _check_initialized()
    return 1


def _check_initialized() -> None:
    if not is_initialized():
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


class finished_work:
    """What asynchronous collectives return."""

    def wait(self, timeout: Any = None) -> bool:
        """It has finished."""
        return True

    def is_completed(self) -> bool:
        """It has finished."""
        return True


def reduce_in_place(tensor: Any, *args: Any, async_op: bool = False, **kwargs: Any) -> finished_work | None:
    """A collective that leaves the one process's values as they are: all_reduce, reduce, broadcast, barrier."""
    _check_initialized()
    return finished_work() if async_op else None


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> finished_work | None:
    """Wait for the other processes, of which there are none (torch.distributed.barrier)."""
    return reduce_in_place(None, async_op=async_op)


def all_gather(tensor_list: list[Any], tensor: Any, group: Any = None, async_op: bool = False) -> finished_work | None:
    """Every process's tensor: this one's (torch.distributed.all_gather, gather_object and all_gather_object)."""
    _check_initialized()
    if isinstance(tensor, Tensor) and isinstance(tensor_list[0], Tensor):
        copy_into(tensor_list[0], tensor)
    else:
        tensor_list[0] = tensor
    return finished_work() if async_op else None


def gather_object(obj: Any, object_gather_list: list[Any] | None = None, dst: Any = 0, group: Any = None, group_dst: Any = None) -> None:
    """Every process's object, on process ``dst`` (torch.distributed.gather_object)."""
    _check_initialized()
    if object_gather_list is not None:
        object_gather_list[0] = obj


class ReduceOp:
    """How a collective combines values (torch.distributed.ReduceOp)."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = range(8)


class DataParallel(nn.Cell):
    """``module`` on the one device there is (torch.nn.DataParallel): calls go to it, parameters carry its name before theirs."""

    def __init__(self, module: nn.Cell, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.module = module

    def construct(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Gradients are not averaged between processes inside (DistributedDataParallel.no_sync)."""
        yield


def spawn(fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
          start_method: str = "spawn") -> None:  # fmt: skip
    """``fn(0, *args)``, in this process (torch.multiprocessing.spawn)."""
    if nprocs != 1:
        raise RuntimeError(f"The port runs in one process, not {nprocs}: start it with MindSpore's own launcher (msrun) instead")
    fn(0, *args)


def export_onnx(model: nn.Cell, args: Any = (), f: Any = None, **kwargs: Any) -> None:
    """An ONNX file of ``model`` for inputs like ``args`` (torch.onnx.export, by mindspore.export)."""
    inputs = args if isinstance(args, tuple) else (args,)
    was_training = model.training
    model.set_train(False)
    mindspore.export(model, *inputs, file_name=str(f), file_format="ONNX")
    model.set_train(was_training)
