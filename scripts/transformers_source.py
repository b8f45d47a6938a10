"""transformers' models as a project: where the conformance table takes its third project from.

The project is the modelling and configuration files of the families of the table, and of the framework around them what computes: activations,
attention masks, rotary embeddings, caches, outputs, initialization, capturing of outputs. Those files are as they are in the installed wheel.
What has nothing to do with a model's numbers (hub, registries, generation, checkpoints, processors, kernels of other packages) is replaced by
the stand-ins beside this one, and so are the two base classes that are mostly about those: of models and of configurations.
"""

from __future__ import annotations

import ast
import importlib.metadata
import shutil
from pathlib import Path

FAMILIES = (
    "bert", "roberta", "distilbert", "albert", "electra", "deberta_v2", "gpt2", "gpt_neox", "opt", "bloom", "llama", "mistral", "qwen2", "gemma",
    "phi", "t5", "bart", "marian", "vit", "swin", "clip", "whisper", "wav2vec2", "mamba", "detr",
)  # fmt: skip
#: What the families' files need of another family: the backbone of detection.
NEEDED = ("resnet",)
FRAMEWORK = (
    "activations.py", "backbone_utils.py", "cache_utils.py", "initialization.py", "masking_utils.py", "modeling_layers.py", "modeling_outputs.py",
    "modeling_rope_utils.py", "pytorch_utils.py", "integrations/sdpa_attention.py", "utils/output_capturing.py",
)  # fmt: skip
#: What is about torch's own program rather than about a model (patching torch's functions, compiled extensions, 8-bit floats, memory of its tensors,
#: checkpoints read as torch's tensors): definitions that raise where they are called, and imports that are left out.
LEFT_OUT = {
    "initialization.py": ("meta_device_safe_creation_ops",),
    "activations.py": ("XIELUActivation",),
    "cache_utils.py": ("Fp8QuantizedLayer",),
    "pytorch_utils.py": ("storage_ptr", "storage_size"),
    "models/wav2vec2/modeling_wav2vec2.py": ("safe_load_file",),
}
STAND_INS = Path(__file__).with_name("transformers_stand_ins")


def copy_source(folder: Path) -> Path:
    """Copy the project below ``folder``; returns its root, which holds the package ``transformers`` and what stands in for its hub's client."""
    distribution = importlib.metadata.distribution("transformers")
    root = folder / "transformers_project"
    package = root / "transformers"
    for path in (*FRAMEWORK, *_model_files()):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        source = Path(str(distribution.locate_file(f"transformers/{path}"))).read_text(encoding="utf-8")
        (package / path).write_text(_without(source, LEFT_OUT.get(path, ())), encoding="utf-8")
    for family in (*FAMILIES, *NEEDED):
        (package / "models" / family / "__init__.py").touch()
    (package / "models" / "__init__.py").touch()
    shutil.copytree(STAND_INS, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def _model_files() -> list[str]:
    return [f"models/{family}/{part}_{family}.py" for family in (*FAMILIES, *NEEDED) for part in ("modeling", "configuration")]


def _without(source: str, names: tuple[str, ...]) -> str:
    """The source with each top-level definition of these names replaced by one that raises, and without imports of them."""
    lines = source.splitlines(keepends=True)
    for statement in reversed(ast.parse(source).body if names else []):
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name in names:
            first = min([statement.lineno, *(decorator.lineno for decorator in statement.decorator_list)])
            text = f"def {statement.name}(*args, **kwargs):\n    raise NotImplementedError('left out of this copy of the models')\n"
        elif isinstance(statement, ast.ImportFrom) and any((alias.asname or alias.name) in names for alias in statement.names):
            first, text = statement.lineno, ""
        else:
            continue
        lines[first - 1 : statement.end_lineno] = [text]
    return "".join(lines)
