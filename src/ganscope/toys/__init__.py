"""Toys: distributions whose density is known, the theory beside the training, and their page."""

from __future__ import annotations

from ganscope.toys.distributions import TOYS, Toy
from ganscope.toys.page import write_toy_film, write_toy_report
from ganscope.toys.recorder import ToyRecorder, require_points, scaled, toy_dataset

__all__ = [
    "TOYS",
    "Toy",
    "ToyRecorder",
    "require_points",
    "scaled",
    "toy_dataset",
    "write_toy_film",
    "write_toy_report",
]
