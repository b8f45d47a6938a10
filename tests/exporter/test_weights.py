"""Checkpoints carried over to ports and loaded with the framework's own strict call, in a process that has never seen torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from transpiler.exporter import ExporterError, WeightsRequest, convert_weights, render_table

PAIRS = Path(__file__).parent / "pairs"
CNN_SOURCE, CNN_PORT = ((PAIRS / f"cnn_{side}.py").read_text() for side in ("original", "ported"))
TEXT_SOURCE, TEXT_PORT = ((PAIRS / f"text_{side}.py").read_text() for side in ("original", "ported"))
KERAS_SOURCE, KERAS_PORT = ((PAIRS / f"keras_{side}.py").read_text() for side in ("original", "ported"))
WritePair = Callable[[str, str, str], tuple[Path, Path]]


def _edit(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def _model(source: Path, module: str, name: str) -> torch.nn.Module:
    space: dict[str, type[torch.nn.Module]] = {}
    exec(compile((source / f"{module}.py").read_text(), module, "exec"), space)  # noqa: S102 - the test's own text
    torch.manual_seed(5)
    model = space[name]()
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
        else:
            tensor.copy_(tensor.flip(0) if tensor.dim() else tensor + 7)
    return model


def _load(port: Path, module: str, expression: str, file: Path, before: str = "") -> dict[str, np.ndarray]:
    """The port's parameters after the framework's own strict load; prints nothing but the saved arrays' place."""
    script = f"""
import sys
import numpy as np, mindspore
sys.path.insert(0, {str(port)!r})
import {module}
net = {module}.{expression}
{before}
loaded = mindspore.load_checkpoint({str(file)!r}, format={file.suffix[1:]!r})
left = mindspore.load_param_into_net(net, loaded, strict_load=True)
assert not left[0] and set(left[1]) <= {{"torch_structure"}}, left  # what stood around the weights
assert "torch" not in sys.modules
np.savez({str(file)!r} + ".npz", **{{p.name: p.asnumpy().astype("float64") for p in net.get_parameters()}},
         dtypes=np.array([f"{{p.name}}={{p.dtype}}" for p in net.get_parameters()]))
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    with np.load(f"{file}.npz") as archive:
        return dict(archive)


def test_every_tensor_arrives_and_loads_strictly(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, CNN_PORT)
    model = _model(source, "net", "Net")
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}, "epoch": 1}, tmp_path / "net.pth")
    output = tmp_path / "deep" / "net.ckpt"
    request = WeightsRequest(source, port, "net:Net()", "mindspore", tmp_path / "net.pth", output, mappings=(table,))
    result = convert_weights(request)
    assert result.ok, render_table(result)
    assert {"stem.1.num_batches_tracked", "blocks.0.bn.num_batches_tracked", "blocks.1.bn.num_batches_tracked"} == set(result.dropped)
    assert any("'state_dict'" in note for note in result.notes) and any("'module.'" in note for note in result.notes)

    arrays = _load(port, "net", "Net()", output)
    entries = json.loads(result.weight_map.read_text())["Net"]
    state = model.state_dict()
    assert {e["source_weight"]["name"] for e in entries} == set(state) - set(result.dropped)
    for entry in entries:
        new, old = entry["converted_weight"], entry["source_weight"]
        assert np.array_equal(arrays[new["name"]], state[old["name"]].double().numpy())
        assert new["shape"] == old["shape"] == list(state[old["name"]].shape) and new["data_type"] == old["data_type"]
    assert set(arrays) - {"dtypes"} == {e["converted_weight"]["name"] for e in entries} | {"stem.1.gamma", "stem.1.beta"}
    assert "order=Int64" in arrays["dtypes"]
    assert [p.name for p in output.parent.iterdir() if not p.name.endswith(".npz")] == ["net.ckpt", "net.ckpt.json"]

    before = output.read_bytes()
    with pytest.raises(ExporterError, match="exists already"):
        convert_weights(request)
    assert output.read_bytes() == before


def test_bfloat16_stays_bfloat16_and_ties_hold(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("text", TEXT_SOURCE, TEXT_PORT)
    model = _model(source, "text", "Tagger").bfloat16()
    state = {name: tensor for name, tensor in model.state_dict().items() if name != "head.weight"}
    torch.save(state, tmp_path / "text.pt")
    output = tmp_path / "text.safetensors"
    result = convert_weights(WeightsRequest(source, port, "text:Tagger()", "mindspore", tmp_path / "text.pt", output, mappings=(table,)))
    assert result.ok, render_table(result)
    assert any("keeps bfloat16" in note for note in result.notes)
    arrays = _load(port, "text", "Tagger()", output, "for p in net.get_parameters(): p.set_dtype(mindspore.bfloat16)")
    assert all("=BFloat16" in text for text in arrays["dtypes"])
    assert np.array_equal(arrays["embed.embedding_table"], state["embed.weight"].double().numpy())
    assert {e["converted_weight"]["data_type"] for e in json.loads(result.weight_map.read_text())["Tagger"]} == {"bfloat16"}


def test_what_does_not_fit_is_named_and_nothing_written(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    port_text = _edit(CNN_PORT, "padding=1, has_bias=False", "padding=1, has_bias=True")
    port_text = _edit(port_text, "self.name_", "self.other")
    port_text = _edit(
        port_text, "Parameter(Tensor(np.arange(width), mindspore.int64), requires_grad=False)", "Tensor(np.arange(width)[::-1].copy())"
    )
    port_text = _edit(port_text, "np.ones((1, width, 1, 1))", "np.ones((width,))")
    source, port = write_pair("net", CNN_SOURCE, port_text)
    output = tmp_path / "net.ckpt"
    result = convert_weights(WeightsRequest(source, port, "net:Net()", "mindspore", None, output, mappings=(table,)))
    assert not result.ok and not output.exists() and not result.weight_map.exists()
    named = {(problem.code.value, problem.place) for problem in result.problems}
    assert named == {
        ("T2M501", "scale"), ("T2M501", "order"), ("T2M502", "name.weight"), ("T2M502", "name.bias"), ("T2M502", "other.weight"),
        ("T2M502", "other.bias"), ("T2M502", "blocks.0.conv.bias"), ("T2M502", "blocks.1.conv.bias"),
    }  # fmt: skip
    assert "nothing was written: 8 weights do not fit" in render_table(result)


def test_a_checkpoint_of_another_model_is_named(tmp_path: Path, table: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, CNN_PORT)
    state = _model(source, "net", "Net").state_dict()
    request = WeightsRequest(source, port, "net:Net()", "mindspore", tmp_path / "net.pth", tmp_path / "net.ckpt", mappings=(table,))
    torch.save({**{k: v for k, v in state.items() if k != "stem.0.bias"}, "extra": torch.ones(1)}, tmp_path / "net.pth")
    assert [(p.code.value, p.place) for p in convert_weights(request).problems] == [("T2M502", "stem.0.bias"), ("T2M502", "extra")]
    torch.save({**state, "name.bias": torch.ones(9)}, tmp_path / "net.pth")
    assert [(p.code.value, p.place) for p in convert_weights(request).problems] == [("T2M501", "name.bias")]


def test_a_keras_port_gets_its_own_weights_file(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, write_pair: WritePair
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    source, port = write_pair("net", KERAS_SOURCE, KERAS_PORT)
    state = _model(source, "net", "Net").state_dict()
    torch.save(state, tmp_path / "net.pth")
    output = tmp_path / "net.weights.h5"
    request = WeightsRequest(source, port, "net:Net()", "keras", tmp_path / "net.pth", output, "int64[7]:2,3 2,3,4", mappings=(table,))
    result = convert_weights(request)
    assert result.ok, render_table(result)
    script = f"""
import sys, numpy as np
sys.path.insert(0, {str(port)!r})
import net
model = net.Net()
model(np.zeros((2, 3), "int32"), np.zeros((2, 3, 4), "float32"))
model.load_weights({str(output)!r})
np.savez({str(output)!r} + ".npz", kernel=model.layers_.layers[0].kernel, shift=model.shift, table=model.embed.embeddings)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    with np.load(f"{output}.npz") as arrays:
        assert np.array_equal(arrays["kernel"], state["layers.0.weight"].numpy().T)
        assert np.array_equal(arrays["shift"], state["shift"].numpy()) and np.array_equal(arrays["table"], state["embed.weight"].numpy())


def test_an_unusable_output_is_said_at_once(tmp_path: Path, write_pair: WritePair) -> None:
    source, port = write_pair("net", CNN_SOURCE, CNN_PORT)
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "net.pth", tmp_path / "net.weights.h5", tmp_path / "file" / "net.ckpt"):
        with pytest.raises(ExporterError) as caught:
            convert_weights(WeightsRequest(source, port, "net:Net()", "mindspore", None, output))
        assert str(output) in caught.value.place and caught.value.code.value == "T2M906"
