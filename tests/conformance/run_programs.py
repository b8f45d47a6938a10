"""Do torch's optimizers and schedulers and their ports take the same steps? Programs as wholes: what they return is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tests.conformance import programs
from tests.conformance.run import Runner
from tests.conformance.verdict import difference, leaves, to_mindspore


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

    def original(self, case: ProgramCase, function: Any) -> Any:
        return leaves(function(*(t.clone() for t in case.sample.tensors)))

    def fault(self, case: ProgramCase, expected: Any, function: Any) -> str:
        return difference(expected, leaves(function(*(to_mindspore(t) for t in case.sample.tensors))), values=True)
