"""The text report has exactly the documented form."""

from transpiler.report.codes import Code, Kind
from transpiler.report.diagnostic import Diagnostic, FileReport, Range, Status
from transpiler.report.render_text import render_text


def at(line: int, column: int) -> Range:
    return Range(line, column, line, column + 5)


def report(*diagnostics: Diagnostic) -> list[str]:
    return render_text(FileReport("a.py", "a.py", Status.PARTIAL, diagnostics)).splitlines()


def test_documented_form() -> None:
    lines = render_text(
        FileReport(
            "lenet.py",
            "lenet.py",
            Status.PARTIAL,
            (
                Diagnostic(Kind.CONVERT, Code.CONVERTED, "lenet.py", at(1, 0), "", symbol="import torch", replacement="import mindspore"),
                Diagnostic(
                    Kind.UNCONVERT,
                    Code.UNSUPPORTED_API,
                    "lenet.py",
                    at(157, 23),
                    "",
                    symbol="nn.AdaptiveAvgPool2d",
                    replacement="mindspore.ops.ReduceMean",
                ),
                Diagnostic(Kind.INSERT, Code.INSERTED, "lenet.py", None, "", replacement="from mindspore import ops"),
            ),
        )
    )
    assert lines == (
        "[Start Convert]\n"
        "[Insert] 'from mindspore import ops' is inserted to the converted file.\n"
        "line 1:0: [Convert] 'import torch' is converted to 'import mindspore'.\n"
        "line 157:23: [UnConvert] 'nn.AdaptiveAvgPool2d' didn't convert. Maybe could convert to mindspore.ops.ReduceMean.\n"
        "[Convert Over]\n"
    )


def test_left_without_suggestion_says_why_and_what_to_do() -> None:
    left = Diagnostic(
        Kind.UNCONVERT,
        Code.UNSUPPORTED_ARGUMENT,
        "a.py",
        at(3, 4),
        "mode='bicubic' is not supported",
        symbol="F.interpolate",
        hint="Use bilinear.",
    )
    assert report(left)[1] == "line 3:4: [UnConvert] 'F.interpolate' didn't convert. mode='bicubic' is not supported. Use bilinear."


def test_review_and_error_lines() -> None:
    review = Diagnostic(
        Kind.REVIEW, Code.REVIEW_RECEIVER, "a.py", at(2, 8), "The receiver of 'unsqueeze' is not known.", hint="Annotate it"
    )
    error = Diagnostic(Kind.ERROR, Code.SYNTAX_ERROR, "a.py", at(9, 0), "Syntax error: invalid syntax")
    crash = Diagnostic(Kind.ERROR, Code.INTERNAL_ERROR, "a.py", None, "Internal error: KeyError")
    assert report(review, error, crash)[1:-1] == [
        "line 2:8: [Review] The receiver of 'unsqueeze' is not known. Annotate it.",
        "line 9:0: [Error] Syntax error: invalid syntax.",
        "[Error] Internal error: KeyError.",
    ]


def test_multi_line_source_stays_on_one_line() -> None:
    call = Diagnostic(
        Kind.CONVERT, Code.CONVERTED, "a.py", at(5, 0), "", symbol="torch.cat(\n    [a, b],\n)", replacement="ops.cat(\n    [a, b],\n)"
    )
    assert report(call)[1] == "line 5:0: [Convert] 'torch.cat( [a, b], )' is converted to 'ops.cat( [a, b], )'."


def test_dropped_construct_is_named() -> None:
    dropped = Diagnostic(Kind.CONVERT, Code.DROPPED, "a.py", at(5, 0), "It has no meaning on MindSpore", symbol="@torch.jit.unused")
    assert report(dropped)[1] == "line 5:0: [Convert] '@torch.jit.unused' is removed. It has no meaning on MindSpore."
