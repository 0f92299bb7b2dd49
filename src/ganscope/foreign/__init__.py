"""Trainings of other programs, read from their files: pictures and numbers, and nothing that could run."""

from __future__ import annotations

from ganscope.foreign.follow import Follower, following
from ganscope.foreign.layouts import Found, find
from ganscope.foreign.sheets import Grid
from ganscope.foreign.waiting import await_first

__all__ = [
    "Follower",
    "Found",
    "Grid",
    "await_first",
    "find",
    "following",
]
