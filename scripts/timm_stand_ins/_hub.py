"""Stands in for timm's downloads: a model whose weights are converted needs none of them."""

from typing import Any


def has_hf_hub(necessary: bool = False) -> bool:
    return False


def _none(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("this copy of the models downloads nothing")


download_cached_file = check_cached_file = load_state_dict_from_hf = load_state_dict_from_path = load_custom_from_hf = _none
load_model_config_from_hf = load_model_config_from_path = push_to_hf_hub = save_for_hf = _none
