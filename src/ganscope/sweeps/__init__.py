"""Many trainings with different settings: Optuna proposes, each trial is a run like any other."""

from __future__ import annotations

from ganscope.sweeps.result import SweepResult
from ganscope.sweeps.space import Range, command_line, read_ranges
from ganscope.sweeps.sweep import DEFAULT_TRIALS, join_sweep, start_sweep

__all__ = [
    "DEFAULT_TRIALS",
    "Range",
    "SweepResult",
    "command_line",
    "join_sweep",
    "read_ranges",
    "start_sweep",
]
