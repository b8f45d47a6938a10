"""A file that takes its process down costs that file alone."""

from pathlib import Path

import transpiler
from transpiler.analysis.project_index import build_index
from transpiler.mapping.registry import load_registry
from transpiler.report.codes import Code
from transpiler.report.diagnostic import Status
from transpiler.rewrite.pipeline import ProjectContext
from transpiler.syntax.format_output import BlackSettings
from transpiler.workers import transpile_all


class Deadly(bytes):
    """Source whose arrival in a worker ends that worker, as a stack overflow in native code does."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os._exit, (11,)  # type: ignore[return-value]


def test_a_dying_process_costs_one_file() -> None:
    sources: dict[str, bytes] = {f"m{number}.py": b"import torch\n\ny = torch.abs(x)\n" for number in range(30)}
    sources["m13.py"] = Deadly(b"import torch\n")
    context = ProjectContext("mindspore", load_registry(), build_index(sources, None), False, "none")
    counted: list[int] = []
    results = transpile_all(sources, context, BlackSettings(), 2, counted.append)
    assert list(results) == list(sources)
    assert results["m13.py"].status is Status.FAILED
    assert results["m13.py"].diagnostics[0].code is Code.INTERNAL_ERROR
    assert {result.status for path, result in results.items() if path != "m13.py"} == {Status.CONVERTED}


def test_an_exception_costs_one_file(tmp_path: Path) -> None:
    """Nesting that both parsers accept and that no visitor written in Python can follow: a RecursionError of ours."""
    deep = "import torch\n\ny = torch.abs(x" + ".b" * 1900 + ")\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "deep.py").write_text(deep)
    (tmp_path / "in" / "fine.py").write_text("import torch\n\ny = torch.abs(x)\n")
    run = transpiler.transpile_project(tmp_path / "in", tmp_path / "out")
    failed, fine = run.files
    assert (failed.source, failed.status) == ("deep.py", Status.FAILED)
    assert failed.diagnostics[0].code is Code.INTERNAL_ERROR
    assert "RecursionError" in failed.diagnostics[0].message
    assert (tmp_path / "out" / "deep.py").read_text() == deep
    assert fine.status is Status.CONVERTED
