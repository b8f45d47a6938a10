"""Which diagnostics exist: one code each, its severity, and what it means to the user.

Codes are grouped by their first digit: 1 approximated, 2 needs review, 3 unsupported, 4 unresolved, 5 exporter, 9 input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What happened at a place, in the words of ``report.json``."""

    INSERT = "insert"
    CONVERT = "convert"
    UNCONVERT = "unconvert"
    REVIEW = "review"
    ERROR = "error"


class Code(StrEnum):
    """Stable identifiers that users search for and suppress by."""

    CONVERTED = "T2M001"
    INSERTED = "T2M002"
    DROPPED = "T2M003"
    RENAMED = "T2M004"
    APPROXIMATE = "T2M101"
    INITIALISER_DIFFERS = "T2M102"
    REVIEW_RECEIVER = "T2M201"
    REVIEW_INPLACE = "T2M202"
    REVIEW_TRAINING_MODE = "T2M203"
    REVIEW_BUFFERS = "T2M204"
    REVIEW_EAGER_ONLY = "T2M205"
    REVIEW_VALUE = "T2M206"
    REVIEW_PACKAGE = "T2M207"
    REVIEW_STYLE = "T2M208"
    UNSUPPORTED_API = "T2M301"
    UNSUPPORTED_ARGUMENT = "T2M302"
    UNSUPPORTED_VALUE = "T2M303"
    UNSUPPORTED_INPLACE = "T2M304"
    UNSUPPORTED_STATEMENT = "T2M305"
    UNSUPPORTED_BASE = "T2M306"
    UNSUPPORTED_BACKWARD = "T2M307"
    UNKNOWN_API = "T2M401"
    UNKNOWN_RECEIVER = "T2M402"
    UNBOUND_ARGUMENTS = "T2M403"
    DYNAMIC_NAME = "T2M404"
    TORCH_PACKAGE = "T2M405"
    WEIGHT_MISMATCH = "T2M501"
    WEIGHT_MISSING = "T2M502"
    OUTPUT_DIFFERS = "T2M503"
    NOT_COMPILED = "T2M504"
    SYNTAX_ERROR = "T2M901"
    BAD_ENCODING = "T2M902"
    UNREADABLE = "T2M903"
    INTERNAL_ERROR = "T2M904"
    CYCLE = "T2M905"
    WRITE_FAILED = "T2M906"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One row of the code table: the short title and the explanation that ``torch2ms explain`` prints."""

    title: str
    explanation: str


EXPLANATIONS: Final[Mapping[Code, CodeInfo]] = MappingProxyType(
    {
        Code.CONVERTED: CodeInfo("converted", "The expression was rewritten to the target's own API and computes the same."),
        Code.INSERTED: CodeInfo("inserted", "A line, usually an import, was added to the file."),
        Code.DROPPED: CodeInfo("dropped", "The construct has no meaning on the target and was removed or replaced by its constant value."),
        Code.RENAMED: CodeInfo(
            "renamed", "A name of yours collides with one that the target's base class reserves; it was renamed everywhere."
        ),
        Code.APPROXIMATE: CodeInfo("approximate", "The target computes nearly the same; the message says what differs."),
        Code.INITIALISER_DIFFERS: CodeInfo(
            "initial values differ", "Untrained weights are drawn from another distribution than torch's; loaded weights are unaffected."
        ),
        Code.REVIEW_RECEIVER: CodeInfo(
            "receiver not known to be a tensor",
            "The method exists on tensors only, so the call was converted, but nothing in the source proves that the object is a tensor. "
            "Annotate the variable (`x: Tensor`) to settle it.",
        ),
        Code.REVIEW_INPLACE: CodeInfo(
            "in-place effect changed",
            "The operation changed its operand in place in torch. Check that no other name relies on that change.",
        ),
        Code.REVIEW_TRAINING_MODE: CodeInfo(
            "training mode at start",
            "torch modules start in training mode; on the target they start in evaluation mode. Call `set_train()` before training.",
        ),
        Code.REVIEW_BUFFERS: CodeInfo("buffer handling", "A buffer is registered under a name that is only known at run time."),
        Code.REVIEW_EAGER_ONLY: CodeInfo("eager only", "The construct runs in eager (PyNative) mode but cannot be compiled into a graph."),
        Code.REVIEW_VALUE: CodeInfo(
            "value needs review", "The conversion is right for the usual values; the message names the values that behave differently."
        ),
        Code.REVIEW_PACKAGE: CodeInfo(
            "package may bring torch along",
            "Some of what this package gives are torch's tensors or modules. See that only the rest is used.",
        ),
        Code.REVIEW_STYLE: CodeInfo(
            "loop stays in the low style",
            "`--style high` was asked for, and this training loop does something that `Model.train` has no place for; the message says what. It was "
            "ported in the low style, which computes the same.",
        ),
        Code.UNSUPPORTED_API: CodeInfo("no counterpart", "The target has no counterpart for this API; the source was left as it was."),
        Code.UNSUPPORTED_ARGUMENT: CodeInfo(
            "argument not supported", "The target cannot honour this argument or this value of it; the call was left as it was."
        ),
        Code.UNSUPPORTED_VALUE: CodeInfo(
            "not usable as a value",
            "The torch class or function is passed around as a value, and there is no counterpart with torch's signature.",
        ),
        Code.UNSUPPORTED_INPLACE: CodeInfo(
            "in-place operation", "The in-place operation cannot be expressed with the same effect on the target."
        ),
        Code.UNSUPPORTED_STATEMENT: CodeInfo(
            "statement not supported", "The statement has no counterpart on the target and was left as it was."
        ),
        Code.UNSUPPORTED_BASE: CodeInfo(
            "base class not supported", "The class derives from a torch class that has no counterpart on the target."
        ),
        Code.UNSUPPORTED_BACKWARD: CodeInfo(
            "backward pass not restructured",
            "Gradients come from `mindspore.value_and_grad` of a function. The statements that compute this loss could not be made one, so that "
            "`backward()` was left and raises an error when the port reaches it.",
        ),
        Code.UNKNOWN_API: CodeInfo(
            "unknown API", "No mapping entry exists for this torch name. Add one with `--mappings` (see `torch2ms new-entry`)."
        ),
        Code.UNKNOWN_RECEIVER: CodeInfo(
            "receiver unknown",
            "The object's type is unknown and the method name is used by other types too, so the call was left. Annotate the variable.",
        ),
        Code.UNBOUND_ARGUMENTS: CodeInfo(
            "arguments not understood", "The call does not fit the API's signature, or star-arguments hide which parameters it passes."
        ),
        Code.DYNAMIC_NAME: CodeInfo(
            "name known at run time only", "An attribute of torch is looked up under a name that the source does not spell out."
        ),
        Code.TORCH_PACKAGE: CodeInfo(
            "package built on torch",
            "The package works on torch's tensors and modules, and the port has none. The import was left; the hint says what to use instead.",
        ),
        Code.WEIGHT_MISMATCH: CodeInfo("weight mismatch", "A weight's shape or type does not fit its counterpart in the port."),
        Code.WEIGHT_MISSING: CodeInfo("weight missing", "A weight has no counterpart on the other side."),
        Code.OUTPUT_DIFFERS: CodeInfo("output differs", "The port computes other numbers than the original."),
        Code.NOT_COMPILED: CodeInfo("not compiled", "The port runs eagerly, but does not compile as a graph or cannot be exported."),
        Code.SYNTAX_ERROR: CodeInfo("syntax error", "The file is not valid Python; it was not converted."),
        Code.BAD_ENCODING: CodeInfo("wrong encoding", "The file's bytes do not fit its declared encoding; it was not converted."),
        Code.UNREADABLE: CodeInfo("unreadable file", "The file could not be read; it was not converted."),
        Code.INTERNAL_ERROR: CodeInfo(
            "internal error", "torch2ms failed on this file; it was left unconverted. Please report it with the file."
        ),
        Code.CYCLE: CodeInfo("cycle", "A directory or an import leads back to itself."),
        Code.WRITE_FAILED: CodeInfo("write failed", "The output could not be written; no partial file is left under its final name."),
    }
)
