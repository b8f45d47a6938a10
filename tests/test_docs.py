"""The generated pages are what the entries say today, and the README's example is what the transpiler writes."""

import re
import subprocess
import sys
from pathlib import Path

import transpiler
from transpiler.report.diagnostic import FileReport
from transpiler.report.render_text import render_text

ROOT = Path(__file__).parents[1]


def test_generated_pages_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_docs.py"), "--check"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    assert finished.returncode == 0, f"run make docs: {finished.stdout}{finished.stderr}"


def test_readme_example_is_real() -> None:
    """The README's first three blocks are a source, its port and the report of that run."""
    source, port, report = re.findall(r"```(?:python|text)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[:3]
    result = transpiler.transpile(source, path="model.py")
    assert result.output == port
    assert render_text(FileReport("model.py", "model.py", result.status, result.diagnostics)) == report


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
