"""Diagnosis: rules over measured series that name what goes wrong, with evidence and advice."""

from __future__ import annotations

from ganscope.diagnosis.ending import stop_reason
from ganscope.diagnosis.finding import SEVERITIES, Finding
from ganscope.diagnosis.known import KnownLines
from ganscope.diagnosis.moments import Moment, key_moments, still_better
from ganscope.diagnosis.pictures import ENOUGH_IMAGES
from ganscope.diagnosis.quality import GRADES, Quality, quality_now
from ganscope.diagnosis.rules import RULES, diagnose, joined, verdict
from ganscope.diagnosis.stopping import best_snapshot

__all__ = [
    "ENOUGH_IMAGES",
    "GRADES",
    "RULES",
    "SEVERITIES",
    "Finding",
    "KnownLines",
    "Moment",
    "Quality",
    "best_snapshot",
    "diagnose",
    "joined",
    "key_moments",
    "quality_now",
    "still_better",
    "stop_reason",
    "verdict",
]
