"""Keras 3.15: names, spellings, and what its layers reserve. Only ``keras`` itself is used, so that ports run on every backend."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from transpiler.targets.target import Target

#: Public attributes and methods of ``keras.Layer`` that ``torch.nn.Module`` does not have, and those of ``keras.Model`` that cannot be assigned
#: (read from Keras 3.15). What a user's class may override, such as ``fit`` and ``loss``, keeps its name.
_RESERVED: Final = frozenset(
    """name dtype input output inputs outputs built build build_from_config autocast trainable variables weights losses metrics
    supports_masking activity_regularizer add_loss add_metric add_weight add_variable call compute_dtype compute_mask
    compute_output_shape compute_output_spec count_params dtype_policy from_config get_build_config get_config get_weights input_dtype
    input_spec load_own_variables metrics_variables non_trainable_variables non_trainable_weights path quantization_mode quantize
    save_own_variables set_weights stateless_call symbolic_call trainable_variables trainable_weights variable_dtype compiled
    metrics_names run_eagerly jit_compile distribute_strategy call_signature_parameters supports_jit""".split()  # noqa: SIM905
)

KERAS: Final = Target(
    name="keras",
    root="keras",
    support_module="keras_support",
    spellings=MappingProxyType(
        {
            "keras": "keras",
            "keras.ops": "ops",
            "keras.layers": "layers",
            "keras.random": "random",
            "keras.initializers": "initializers",
            "numpy": "np",
        }
    ),
    equivalents=MappingProxyType({"torch": "keras"}),
    members=frozenset(),
    methods=MappingProxyType({"forward": "call"}),
    reserved=_RESERVED,
    inplace_assign=None,
    inplace_write=None,
    inplace_update=None,
    item_assignment=False,
    shifts=MappingProxyType({"<<": "keras.ops.bitwise_left_shift", ">>": "keras.ops.bitwise_right_shift"}),
    operators=MappingProxyType({}),
    formats_tensors=True,
    cast="keras.ops.cast({value}, {like}.dtype)",
)
