"""Diagnosis: rules over measured series that name what goes wrong, with evidence and advice."""

from __future__ import annotations

from ganscope.diagnosis.rules import RULES, best_snapshot, diagnose, stop_reason, verdict

__all__ = [
    "RULES",
    "best_snapshot",
    "diagnose",
    "stop_reason",
    "verdict",
]
