"""Event files of the ported SummaryWriter, read by TensorFlow's own reader, checksums included."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from mindspore import Tensor
from PIL import Image

from transpiler.support.mindspore.event_files import SummaryWriter


def values(folder: Path) -> list[tuple[int, Any]]:
    """Every value in the event files of a folder, with its step."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found += [(event.step, value) for value in event.summary.value]
    return found


def test_scalars_and_their_steps(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss/train", 0.5, 3)
        writer.add_scalar("loss/train", Tensor(0.25), global_step=300)
        writer.add_scalar("plain", 7)
    found = [(step, value.tag, value.simple_value) for step, value in values(tmp_path)]
    assert found == [(3, "loss/train", 0.5), (300, "loss/train", 0.25), (0, "plain", 7.0)]


def test_several_scalars_have_files_of_their_own(tmp_path: Path) -> None:
    writer = SummaryWriter(str(tmp_path))
    writer.add_scalars("run/both", {"a": 1.5, "b": 2}, 4)
    writer.close()
    assert [(s, v.tag, v.simple_value) for s, v in values(tmp_path / "run_both_a")] == [(4, "run/both", 1.5)]
    assert [(s, v.tag, v.simple_value) for s, v in values(tmp_path / "run_both_b")] == [(4, "run/both", 2.0)]


def test_text_images_and_histograms(tmp_path: Path) -> None:
    image = np.linspace(0, 1, 3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "*hello*", 1)
        writer.add_image("one", Tensor(image), 2)
        writer.add_images("many", np.stack([image, image]), 2)
        writer.add_histogram("weights", Tensor([1.0, 2.0, 4.0]), 5)
        writer.flush()
    by_tag = {value.tag: value for _, value in values(tmp_path)}
    assert by_tag["note/text_summary"].tensor.string_val[0] == b"*hello*"
    assert by_tag["note/text_summary"].metadata.plugin_data.plugin_name == "text"
    picture = by_tag["one"].image
    assert (picture.height, picture.width, picture.colorspace) == (4, 5, 3)
    shown = np.asarray(Image.open(io.BytesIO(picture.encoded_image_string)))
    assert np.array_equal(shown, (image * 255).astype(np.uint8).transpose(1, 2, 0))
    assert (by_tag["many"].image.height, by_tag["many"].image.width) == (4, 10)
    histogram = by_tag["weights"].histo
    assert (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares) == (1, 4, 3, 7, 21)
    assert sum(histogram.bucket) == 3 and len(histogram.bucket) == len(histogram.bucket_limit)


def test_the_folder_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="_lr") as writer:
        assert writer.get_logdir().startswith("runs") and writer.get_logdir().endswith("_lr")
