"""Stands in for the registry of every model of the package: the backbone that detection models of this copy use."""

from ..resnet.configuration_resnet import ResNetConfig

CONFIG_MAPPING = {"resnet": ResNetConfig}


class AutoConfig:
    pass


class AutoBackbone:
    @classmethod
    def from_config(cls, config):
        from ..resnet.modeling_resnet import ResNetBackbone

        return ResNetBackbone(config)


class AutoModel:
    @classmethod
    def from_config(cls, config):
        from importlib import import_module

        family = config.model_type
        module = import_module(f"transformers.models.{family}.modeling_{family}")
        return getattr(module, type(config).__name__.replace("Config", "Model"))(config)
