"""What turns snapshots into a run: measured, diagnosed, placed on the map, and shown."""

from __future__ import annotations

from ganscope.recorder.judge import Callback, CallingJudge, ImageJudge, Judge
from ganscope.recorder.reals import Reals, fitted, read_reals
from ganscope.recorder.recorder import GRID_LATENTS, Recorder, planned
from ganscope.recorder.scope import Scope
from ganscope.recorder.watching import watch

__all__ = [
    "GRID_LATENTS",
    "Callback",
    "CallingJudge",
    "ImageJudge",
    "Judge",
    "Reals",
    "Recorder",
    "Scope",
    "fitted",
    "planned",
    "read_reals",
    "watch",
]
