"""Do torch's optimizers and schedulers and their ports take the same steps? Programs as wholes: what they return is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tests.conformance import programs
from tests.conformance.run import Runner
from tests.conformance.verdict import difference, leaves, to_mindspore
from tests.mappings.flatten import Leaf


@dataclass(frozen=True, slots=True)
class ProgramCase:
    """One form of one constructor."""

    label: str
    function: str
    form: programs.Program
    sample: programs.Inputs
    source: str


class ProgramRunner(Runner):
    """Cases of optimizers and schedulers through torch, the tool and MindSpore."""

    header = programs.HEADER
    dtypes = (torch.float32,)

    def cases(self, name: str, limit: int | None, dtypes: Sequence[torch.dtype]) -> Iterator[ProgramCase]:
        for number, (inputs, program) in enumerate(programs.programs(name, limit)):
            body = "".join(f"    {line}\n" for line in program.body)
            given = ", ".join(f"a{i}: torch.Tensor" for i in range(len(inputs.tensors)))
            text = f"def case_{number}({given}):\n{body}"
            yield ProgramCase(f"{name} {program.name} {inputs.made}", f"case_{number}", program, inputs, text)

    def original(self, case: ProgramCase, function: Any) -> tuple[list[Leaf], list[Leaf]]:
        """What torch returns, and what it returns where the inputs are changed by rounding: several line searches magnify that."""
        tensors = case.sample.tensors
        nearly = (t * (1 + 1e-7) if t.is_floating_point() else t.clone() for t in tensors)
        return leaves(function(*(t.clone() for t in tensors))), leaves(function(*nearly))

    def fault(self, case: ProgramCase, expected: tuple[list[Leaf], list[Leaf]], function: Any) -> str:
        wanted, nearly = expected
        found = leaves(function(*(to_mindspore(t) for t in case.sample.tensors)))
        fault = difference(wanted, found, values=True)
        if not fault or difference(wanted, found, values=False):
            return fault
        triples = zip(wanted, nearly, found, strict=True)
        return (
            ""
            if all(_within(w, f, 10 * np.abs(np.asarray(w) - np.asarray(n)).max(initial=0.0)) for (*_, w), (*_, n), (*_, f) in triples)
            else fault
        )


def _within(wanted: Any, found: Any, movement: float) -> bool:
    """Whether a number or an array is torch's, or as near to it as torch's own is after a change of its inputs by rounding."""
    return bool(np.allclose(np.asarray(wanted), np.asarray(found), rtol=1e-4, atol=5e-5 + movement))
