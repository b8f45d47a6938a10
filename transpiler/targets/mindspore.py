"""MindSpore 2.10: names, spellings, and what its ``nn.Cell`` reserves."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from transpiler.targets.target import Target

#: Public attributes and methods of ``mindspore.nn.Cell`` that ``torch.nn.Module`` does not have (read from MindSpore 2.10).
_RESERVED: Final = frozenset(
    """add_flags add_flags_recursive bprop bprop_debug cast_inputs cell_init_args cell_type cells cells_and_names check_names
    check_names_and_refresh_name cls_name compile_and_run compile_cache compile_phase compiled construct create_time enable_backward_hook
    exist_names exist_objs generate_scope get_flags get_func_graph_proto get_inputs get_mixed_precision_type get_parameters get_scope
    get_sub_cell global_cells grad_ops_label has_bprop init_parameters_data insert_child_to_cell insert_param_to_cell jit_config_dict
    mixed_precision_type name_cells offload parallel_parameter_merge_net_dict parallel_parameter_name_list param_prefix
    parameter_layout_dict parameters_and_names parameters_broadcast_dict parameters_dict phase phase_cache pipeline_segment pipeline_stage
    recompute register_backward_hook remove_redundant_parameters requires_grad run_construct set_boost set_broadcast_flag
    set_comm_fusion set_data_parallel set_grad set_inputs set_jit_config set_mixed_precision_type set_train shard to_float
    total_instance_count trainable_params untrainable_params update_cell_prefix update_cell_type update_parameters_name
    arguments_key is_top_cell""".split()  # noqa: SIM905 - as words they are read, as a list scrolled past
)

MINDSPORE: Final = Target(
    name="mindspore",
    root="mindspore",
    support_module="ms_support",
    spellings=MappingProxyType(
        {
            "mindspore": "mindspore",
            "mindspore.nn": "nn",
            "mindspore.ops": "ops",
            "mindspore.mint": "mint",
            "mindspore.numpy": "mnp",
            "numpy": "np",
        }
    ),
    equivalents=MappingProxyType({"torch": "mindspore", "torch.nn": "mindspore.nn"}),
    members=frozenset({"Tensor", "Parameter", "dtype"}),
    methods=MappingProxyType({"forward": "construct", "extra_repr": "extend_repr"}),
    reserved=_RESERVED,
    inplace_assign="copy_",
    inplace_write="copy_into",
    inplace_update="update",
    inplace_reshape="set_tensor",
    copy="copy",
    item_assignment=True,
    shifts=MappingProxyType({"<<": "mindspore.ops.bitwise_left_shift", ">>": "mindspore.ops.bitwise_right_shift"}),
    power="pow",
    formats_tensors=False,
    cast="{value}.astype({like}.dtype)",
    strided_read="get_item",
    layer_attribute="layer_attribute",
    layer_class="layer_class",
    set_norm="set_norm_setting",
    slice_write="set_item",
    value_and_grad=True,
    compiles_source=True,
)
