"""The exporter: carries a model's weights over to its port (``convert_weights``) and proves that both compute the same (``verify``).

Both sides run in processes of their own, so that neither framework ever meets the other; this package itself imports numpy only.
"""

from transpiler.exporter.contract import ExporterError, Problem, Row, VerifyRequest, VerifyResult, WeightsRequest, WeightsResult
from transpiler.exporter.render import render_table
from transpiler.exporter.training_check import TrainingRequest, TrainingResult, render_training, verify_training
from transpiler.exporter.verification import verify
from transpiler.exporter.weights import convert_weights

__all__ = [
    "ExporterError",
    "Problem",
    "Row",
    "TrainingRequest",
    "TrainingResult",
    "VerifyRequest",
    "VerifyResult",
    "WeightsRequest",
    "WeightsResult",
    "convert_weights",
    "render_table",
    "render_training",
    "verify",
    "verify_training",
]
