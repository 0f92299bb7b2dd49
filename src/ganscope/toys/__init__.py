"""Toys: distributions whose density is known, the theory beside the training, and their page."""

from __future__ import annotations

from ganscope.toys.distributions import TOYS, Toy
from ganscope.toys.judge import ToyJudge, require_points, scaled, toy_dataset
from ganscope.toys.page import prepare_page, write_toy_film, write_toy_report

__all__ = [
    "TOYS",
    "Toy",
    "ToyJudge",
    "prepare_page",
    "require_points",
    "scaled",
    "toy_dataset",
    "write_toy_film",
    "write_toy_report",
]
