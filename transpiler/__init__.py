"""torch2ms ports PyTorch projects to MindSpore and Keras 3. What a program needs of it stands here; everything else may change.

Names are imported when they are first used: hooks and editors start this package often, and only a conversion needs all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transpiler.api import Result, transpile, transpile_project
    from transpiler.report.diagnostic import Diagnostic, RunReport, Status

__version__ = "0.1.0"
__all__ = ["Diagnostic", "Result", "RunReport", "Status", "__version__", "transpile", "transpile_project"]


def __getattr__(name: str) -> Any:
    if name in ("Result", "transpile", "transpile_project"):
        from transpiler import api

        return getattr(api, name)
    if name in ("Diagnostic", "RunReport", "Status"):
        from transpiler.report import diagnostic

        return getattr(diagnostic, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
