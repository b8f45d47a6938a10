"""Stands in for the base class of models: no downloads, no checkpoints, no devices; initialization, ties and attention functions.

The weights' initialization and their ties are torch code and are ported as the models are.
"""

import torch
from torch import nn

from . import initialization as init
from .integrations.sdpa_attention import sdpa_attention_forward
from .utils.generic import GeneralInterface
from .utils.output_capturing import _CAN_RECORD_REGISTRY


class AttentionInterface(GeneralInterface):
    _global_mapping = {"sdpa": sdpa_attention_forward}

    def get_interface(self, attn_implementation, default):
        return self.get(attn_implementation, default)


ALL_ATTENTION_FUNCTIONS = AttentionInterface()


class LoadStateDictConfig:
    pass


def _get_resolved_checkpoint_files(*args, **kwargs):
    raise RuntimeError("this copy of the models reads no checkpoints")


def get_torch_context_manager_or_global_device():
    return None


def slice_logits_to_keep(hidden_states, logits_to_keep):
    return hidden_states[:, -logits_to_keep:, :] if logits_to_keep else hidden_states


class PreTrainedModel(nn.Module):
    config_class = None
    base_model_prefix = ""
    main_input_name = "input_ids"
    _can_record_outputs = None
    _tied_weights_keys = None

    def __init__(self, config, *inputs, **kwargs):
        super().__init__()
        self.config = config
        self.name_or_path = ""
        _CAN_RECORD_REGISTRY[self] = self._can_record_outputs

    @classmethod
    def _from_config(cls, config, **kwargs):
        return cls(config)

    def warn_if_padding_and_no_attention_mask(self, input_ids, attention_mask):
        pass

    def post_init(self):
        self.apply(self._initialize)
        self.tie_weights()

    def _initialize(self, module):
        """Modules that are models of their own have initialized their weights."""
        if module is self or not isinstance(module, PreTrainedModel):
            self._init_weights(module)

    @torch.no_grad()
    def _init_weights(self, module):
        std = getattr(self.config, "initializer_range", None) or getattr(self.config, "init_std", None) or 0.02
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            init.normal_(module.weight, mean=0.0, std=std)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, mean=0.0, std=std)
        elif isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d)) and module.weight is not None:
            init.ones_(module.weight)
            init.zeros_(module.bias)

    def tie_weights(self):
        for target, source in (self._tied_weights_keys or {}).items():
            if not getattr(self.config, "tie_word_embeddings", True):
                continue
            path, _, name = target.rpartition(".")
            source_path, _, source_name = source.rpartition(".")
            setattr(self.get_submodule(path), name, getattr(self.get_submodule(source_path), source_name))

    @property
    def dtype(self):
        return next(self.parameters()).dtype

    @property
    def device(self):
        return next(self.parameters()).device

    def get_input_embeddings(self):
        return getattr(self, self.base_model_prefix, self).embed_tokens

    def loss_function(self, logits, labels, vocab_size, **kwargs):
        return nn.functional.cross_entropy(logits[:, :-1].reshape(-1, vocab_size), labels[:, 1:].reshape(-1))
