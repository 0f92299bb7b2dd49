"""What turns snapshots into a run: measured, diagnosed, placed on the map, and shown."""

from __future__ import annotations

from ganscope.recorder.recorder import Recorder

__all__ = [
    "Recorder",
]
