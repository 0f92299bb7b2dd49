"""Bridges to the trackers that people have: the numbers, findings, images and page of a run, as a guest there."""

from __future__ import annotations

from ganscope.trackers.bridge import Bridge, tracker_names
from ganscope.trackers.services import TRACKERS

__all__ = [
    "TRACKERS",
    "Bridge",
    "tracker_names",
]
