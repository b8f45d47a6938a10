"""A seeded sample of the corpus goes through in every test run; ``make corpus`` takes all of it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "corpus.py"


@pytest.mark.parametrize("seed", [0, 1])
def test_sample_of_the_corpus(seed: int) -> None:
    command = [sys.executable, str(SCRIPT), "--sample", "60", "--seed", str(seed)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("60 files, 0 failed") == 2
