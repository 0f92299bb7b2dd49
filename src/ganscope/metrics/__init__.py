"""Metrics: arrays in, numbers with their protocol, error and floor out."""

from __future__ import annotations

from ganscope.metrics.coverage import share_stderr
from ganscope.metrics.distance import Gaussian, frechet_distance
from ganscope.metrics.evaluator import Evaluator, Observation, Sizes, class_share_line
from ganscope.metrics.pairs import nearest
from ganscope.metrics.shares import Shares, due, missing
from ganscope.metrics.table import METRICS, Metric

__all__ = [
    "METRICS",
    "Evaluator",
    "Gaussian",
    "Metric",
    "Observation",
    "Shares",
    "Sizes",
    "class_share_line",
    "due",
    "frechet_distance",
    "missing",
    "nearest",
    "share_stderr",
]
