"""The rules that tie the test models' weights together, as a user's own mapping table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TABLE = """
- api: torch.nn.BatchNorm2d
  kind: class
  targets:
    mindspore: {to: mindspore.nn.BatchNorm2d, weights: {weight: gamma, bias: beta, running_mean: moving_mean, running_var: moving_variance,
                num_batches_tracked: null}}
- api: torch.nn.LayerNorm
  kind: class
  targets: {mindspore: {to: mindspore.nn.LayerNorm, weights: {weight: gamma, bias: beta}}}
- api: torch.nn.Embedding
  kind: class
  targets: {mindspore: {to: mindspore.nn.Embedding, weights: {weight: embedding_table}}, keras: {to: keras.layers.Embedding, weights: {weight: embeddings}}}
- api: torch.nn.Linear
  kind: class
  targets: {keras: {to: keras.layers.Dense, weights: {weight: {to: kernel, transpose: [1, 0]}, bias: bias}}}
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The mapping entries that the models need, as a user's own table."""
    path = tmp_path / "weights.yaml"
    path.write_text(TABLE)
    return path


@pytest.fixture
def write_pair(tmp_path: Path) -> Callable[[str, str, str], tuple[Path, Path]]:
    """Writes one module into two project folders, the original's and the port's: (module name, original, port) -> folders."""

    def write(name: str, source: str, port: str) -> tuple[Path, Path]:
        folders = tmp_path / "original", tmp_path / "ported"
        for path, text in zip(folders, (source, port), strict=True):
            path.mkdir(exist_ok=True)
            (path / f"{name}.py").write_text(text)
        return folders

    return write
