"""Stands in for accelerate's hooks: nothing is offloaded."""


def force_accelerate_hooks(child_module_names):
    return lambda forward: forward
