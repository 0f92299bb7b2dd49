"""Runs: one training each, a directory. Reads and writes it; everything else goes through here."""

from __future__ import annotations

from ganscope.runs.environment import describe
from ganscope.runs.listing import compare_text, list_text
from ganscope.runs.lock import hold
from ganscope.runs.run import LINE_FILES, Run, claim_run_path, list_runs
from ganscope.runs.snapshot import Snapshot

__all__ = [
    "LINE_FILES",
    "Run",
    "Snapshot",
    "claim_run_path",
    "compare_text",
    "describe",
    "hold",
    "list_runs",
    "list_text",
]
