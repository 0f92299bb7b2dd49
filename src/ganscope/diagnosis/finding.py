"""A finding: a named diagnosis with its evidence, its snapshots and what to try next."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("failure", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """A named diagnosis; `first` and `last` are the `images_seen` of the snapshots between which it holds.

    severity: `failure`, the run will not become good as it is; `warning`, it is worse than it could be; `info`.
    evidence: the numbers at the newest snapshot, all finite. thresholds: those of `Limits` that they were held against.
    """

    id: str
    severity: str
    first: int
    last: int
    evidence: dict[str, float]
    thresholds: dict[str, float]
    sentence: str
    advice: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The finding as a line of evals.jsonl holds it."""
        return dataclasses.asdict(self) | {"advice": list(self.advice)}


def figure(value: float, digits: int) -> str:
    """A number to so many digits, never by powers of ten unless it is astronomical."""
    if abs(value) >= 1e9:
        return f"{value:.{digits}g}"
    return f"{value:.{digits}g}" if abs(value) < 10**digits - 0.5 else f"{value:,.0f}"
