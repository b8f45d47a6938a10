"""timm's models as a project: where the conformance table takes its second project from.

The project is ``models`` with the families of the table and what they import, ``layers``, and the constants of ``data`` (means and deviations of
data sets; the loaders beside them are no part of a model). Every file is as it is in the installed wheel; of the package files, the lines
that import what belongs to the project are kept. Two modules of ``models`` that download and read checkpoint files are replaced by the
stand-ins beside this one.
"""

from __future__ import annotations

import ast
import importlib.metadata
import shutil
from pathlib import Path

from copy_project import copy_project

#: The modules of ``models`` that define the families of the table.
FAMILIES = (
    "beit", "cait", "coat", "convnext", "crossvit", "davit", "deit", "dpn", "edgenext", "efficientvit_mit", "efficientvit_msra", "eva", "fastvit",
    "focalnet", "ghostnet", "hiera", "hrnet", "inception_next", "levit", "mambaout", "maxxvit", "metaformer", "mlp_mixer", "mobilevit", "nfnet",
    "pvt_v2", "repvit", "res2net", "resnest", "resnetv2", "sknet", "swin_transformer", "tiny_vit", "tresnet", "twins", "visformer", "volo",
    "vovnet", "xcit",
)  # fmt: skip
STAND_INS = Path(__file__).with_name("timm_stand_ins")
FILTERED = ("__init__.py", "models/__init__.py", "data/__init__.py")


def copy_source(folder: Path) -> Path:
    """Copy the project below ``folder``; returns its root, the package ``timm``."""
    models = _with_imports(FAMILIES)

    def belongs(path: str) -> bool:
        part, _, file = path.partition("/")
        if part == "models":
            return file.startswith("_") and file.endswith(".py") or file in models
        return part == "layers" and file.endswith(".py") or path in ("version.py", "data/constants.py")

    package = copy_project("timm", folder, belongs, FILTERED)
    for file in STAND_INS.glob("*.py"):
        shutil.copyfile(file, package / "models" / file.name)
    return package


def _with_imports(modules: tuple[str, ...]) -> set[str]:
    """The files below ``models`` of some modules and of every module there that they import."""
    distribution = importlib.metadata.distribution("timm")
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        file = f"{waiting.pop()}.py"
        path = Path(str(distribution.locate_file(f"timm/models/{file}")))
        if file in found or not path.exists():
            continue
        found.add(file)
        imports = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
        waiting += [node.module for node in imports if node.level == 1 and node.module]
    return found
