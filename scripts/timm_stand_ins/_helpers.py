"""Stands in for timm's checkpoint files: reading torch's is the exporter's work, not the port's."""

from typing import Any


def _none(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("this copy of the models reads no checkpoints")


clean_state_dict = load_state_dict = load_checkpoint = remap_state_dict = resume_checkpoint = _load_npz_checkpoint = _torch_load = _none
