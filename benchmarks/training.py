"""``make bench-training``: steps per second of ported training scripts, next to the torch originals and to MindSpore versions written by hand, in one
run.

Every side runs in a process of its own with one thread, and the sides take turns, round by round, so that a busy machine slows them alike. A step is
the median of the CPU seconds between two steps of the optimizer, which leaves out validation between epochs, with the device's queue emptied at each.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SAMPLES: Final = ROOT / "samples" / "training"
#: Scripts with the arguments under which they run long enough.
SCRIPTS: Final = {"mnist_cnn": ("--epochs", "50"), "word_language_model": ("--epochs", "50"), "gpt": ()}
SIDES: Final = ("torch", "ported", "by hand")
WARM_UP: Final = 4


class Finished(BaseException):
    """Enough steps were taken."""


def main() -> None:
    """Print the table; ``--markdown FILE`` writes it for the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SCRIPTS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--worker", nargs=3, metavar=("SIDE", "FOLDER", "NAME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        side, folder, name = options.worker
        print(json.dumps(_work(side, folder, name, options.steps)))
        return
    rows = [measure(name, options.steps, options.rounds) for name in options.names]
    text = table(dict(zip(options.names, rows, strict=True)))
    print(text)
    if options.markdown:
        options.markdown.write_text(_HEAD + text + "\n", encoding="utf-8")


def measure(name: str, steps: int, rounds: int) -> dict[str, float]:
    """Steps per second of each side, the best of some rounds."""
    with tempfile.TemporaryDirectory() as folder:
        port = [sys.executable, "-m", "transpiler.cli", "--in_file", str(SAMPLES / f"{name}.py"), "--output", folder, "--quiet"]
        subprocess.run(port, check=True, cwd=ROOT)
        places = {"torch": str(SAMPLES), "ported": folder, "by hand": str(Path(__file__).parent / "handwritten")}
        found: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:
                found[side].append(_run(side, places[side], name, steps))
    return {side: 1.0 / min(seconds) for side, seconds in found.items()}


def _run(side: str, folder: str, name: str, steps: int) -> float:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOG_v": "3", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--steps", str(steps), "--worker", side, folder, name]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures as Markdown, with the ported side's ratios to the others."""
    lines = ["| script | torch | ported | by hand | ported : torch | ported : by hand |", "|---|---|---|---|---|---|"]
    for name, row in figures.items():
        speeds = " | ".join(f"{row[side]:.1f}" for side in SIDES)
        lines.append(f"| {name} | {speeds} | {row['ported'] / row['torch']:.3f} | {row['ported'] / row['by hand']:.2f} |")
    return "\n".join(lines)


_HEAD: Final = """# Training throughput

Steps per CPU second on one thread, in one run of `benchmarks/training.py` (`make bench-training`): the samples' torch originals, their ports in the low style, and MindSpore
versions written by hand (`benchmarks/handwritten/`). The models are small, so that what is measured is mostly what a step costs besides arithmetic; ratios are what to read.

"""


# -- the processes that are measured ------------------------------------------------------------------------------------------------


def _work(side: str, folder: str, name: str, steps: int) -> float:
    """Median seconds between two steps of one side."""
    sys.path[0] = folder
    times: list[float] = []
    wait = _wait(side)

    def mark(*_: Any) -> None:
        wait()
        times.append(time.process_time())
        if len(times) >= steps:
            raise Finished

    with contextlib.suppress(Finished):
        _train(side, folder, name, mark)
    return statistics.median(b - a for a, b in zip(times[WARM_UP:], times[WARM_UP + 1 :], strict=False))


def _wait(side: str) -> Callable[[], Any]:
    """What empties the queue of operations that were only dispatched."""
    if side == "torch":
        return lambda: None
    from mindspore.common.api import _pynative_executor

    return lambda: _pynative_executor.sync()


def _train(side: str, folder: str, name: str, mark: Callable[..., None]) -> None:
    """Run one side, calling ``mark`` after every step."""
    if side == "by hand":
        for _ in importlib.import_module(name).steps():
            mark()
    if side == "torch":
        from torch.optim.optimizer import register_optimizer_step_post_hook

        register_optimizer_step_post_hook(mark)
    else:
        _mark_steps(importlib.import_module("ms_support"), mark)
    sys.argv = [f"{name}.py", *SCRIPTS[name]]
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    try:
        runpy.run_path(f"{folder}/{name}.py", run_name="__main__")
    finally:
        sys.stdout = sys.__stdout__


def _mark_steps(support: Any, mark: Callable[..., None]) -> None:
    """Have every optimizer of a port call ``mark`` after its step."""
    for cls in [value for value in vars(support).values() if isinstance(value, type) and issubclass(value, support.Optimizer)]:
        own = vars(cls).get("step")
        if own is not None:
            cls.step = _marked(own, mark)  # type: ignore[attr-defined]


def _marked(step: Callable[..., Any], mark: Callable[..., None]) -> Callable[..., Any]:
    def marked(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        mark()
        return result

    return marked


if __name__ == "__main__":
    main()
