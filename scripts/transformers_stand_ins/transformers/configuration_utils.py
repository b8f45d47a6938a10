"""Stands in for the base class of configurations: dataclass fields, other keyword arguments as attributes, names by ``attribute_map``."""

from dataclasses import dataclass, fields
from functools import wraps
from typing import ClassVar

from .modeling_rope_utils import RotaryEmbeddingConfigMixin


class SubConfigSpec:
    def __init__(self, config_class, model_type=None, init_kwargs=None, optional=False):
        self.config_class = config_class
        self.model_type = model_type
        self.init_kwargs = init_kwargs or {}

    def build(self, given):
        if given is not None and not isinstance(given, dict):
            return given
        if issubclass(self.config_class, PreTrainedConfig):
            return self.config_class(**(given or {}))
        from .models.auto import CONFIG_MAPPING

        settings = dict(given or self.init_kwargs)
        return CONFIG_MAPPING[settings.pop("model_type", self.model_type)](**settings)


def _accept_other_arguments(initialize, names):
    @wraps(initialize)
    def __init__(self, **kwargs):
        others = {name: value for name, value in kwargs.items() if name not in names}
        initialize(self, **{name: value for name, value in kwargs.items() if name in names}, _others=others)

    return __init__


@dataclass(repr=False, kw_only=True)
class PreTrainedConfig(RotaryEmbeddingConfigMixin):
    model_type: ClassVar[str] = ""
    attribute_map: ClassVar[dict] = {}
    sub_configs_defaults: ClassVar[dict] = {}

    output_hidden_states: bool = False
    return_dict: bool = True
    dtype: object = None
    chunk_size_feed_forward: int = 0
    is_encoder_decoder: bool = False
    num_labels: int = 2
    id2label: object = None
    problem_type: object = None
    _others: dict | None = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        dataclass(cls, repr=False, kw_only=True)
        cls.__init__ = _accept_other_arguments(cls.__init__, {field.name for field in fields(cls)})

    def __post_init__(self, **kwargs):
        kwargs = {**(self._others or {}), **kwargs}
        for name, spec in self.sub_configs_defaults.items():
            spec = spec if isinstance(spec, SubConfigSpec) else SubConfigSpec(spec)
            setattr(self, name, spec.build(getattr(self, name)))
        if hasattr(self, "rope_parameters"):
            kwargs = self.convert_rope_params_to_dict(**kwargs)
        self.output_attentions = kwargs.pop("output_attentions", False)
        self._attn_implementation = kwargs.pop("attn_implementation", "eager")
        for name, value in kwargs.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        super().__setattr__(type(self).attribute_map.get(name, name), value)
        if name == "_attn_implementation":
            for part in self.sub_configs_defaults:
                setattr(getattr(self, part), name, value)

    def __getattribute__(self, name):
        if name.startswith("__") or name == "attribute_map":
            return super().__getattribute__(name)
        return super().__getattribute__(type(self).attribute_map.get(name, name))

    @property
    def per_layer_config(self):
        return [self] * self.num_hidden_layers

    def get_text_config(self, decoder=None, encoder=None):
        return self

    def to_dict(self):
        return {name: value for name, value in vars(self).items() if name != "_others"}

    @classmethod
    def from_dict(cls, settings):
        return cls(**{name: value for name, value in settings.items() if name != "model_type"})
