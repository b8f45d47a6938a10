"""The examples of all mapping entries, run once on torch and, ported, once on each target."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.mappings.entries import TARGETS, example_code, port, registry
from transpiler.exporter.pairing import plan_weights
from transpiler.support.assemble import assemble

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def torch_results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What torch computes for every example."""
    folder = tmp_path_factory.mktemp("torch_examples")
    jobs = {api: example_code(api) for api in registry() if example_code(api)}
    (folder / "jobs.json").write_text(json.dumps(jobs))
    _worker("example_torch.py", [str(folder / "jobs.json"), str(folder / "results.pickle")])
    results: Mapping[str, Any] = pickle.loads((folder / "results.pickle").read_bytes())
    return results


@pytest.fixture(scope="session")
def mindspore_results(torch_results: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What MindSpore computes for every ported example."""
    return _run_target("mindspore", torch_results, tmp_path_factory.mktemp("mindspore_examples"))


@pytest.fixture(scope="session")
def keras_results(torch_results: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What Keras computes for every ported example."""
    return _run_target("keras", torch_results, tmp_path_factory.mktemp("keras_examples"))


@pytest.fixture
def target_results(request: pytest.FixtureRequest) -> Callable[[str], Mapping[str, Any]]:
    """The results of a target, by its name; the session's fixtures also keep an error, so that a failing run is made once."""
    return lambda target: request.getfixturevalue(f"{target}_results")


def _run_target(target: str, torch_results: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    jobs, weights, support = {}, {}, set()
    for api in TARGETS[target]:
        ported = port(api, target)
        support |= ported.support
        jobs[api] = {"code": ported.output.decode(), "eval": ".eval()" in example_code(api)}
        found = torch_results.get(api, {}).get("weights")
        if found:
            weights[api] = plan_weights(found, registry(), target)
    (folder / "jobs.json").write_text(json.dumps(jobs))
    (folder / "weights.pickle").write_bytes(pickle.dumps(weights))
    name = {"mindspore": "ms_support", "keras": "keras_support"}[target]
    (folder / f"{name}.py").write_text(assemble(target, sorted(support)) if support else "")
    _worker("example_target.py", [target, str(folder), str(folder / "results.pickle")])
    results: Mapping[str, Any] = pickle.loads((folder / "results.pickle").read_bytes())
    return results


def _worker(script: str, arguments: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "GLOG_v": "3", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(script)), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
