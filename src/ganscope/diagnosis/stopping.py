"""What going on would still gain, with its uncertainty; which snapshot is the best; whether it has levelled off.

One rule, whatever the number of snapshots: the curve is looked at where the plan reaches a twelfth more (without a
plan, where the images grow by a fifth), through the snapshots nearest to those places. A straight line of log Fréchet
over log images through the last factor of four says how fast it still falls. A shorter look back would stop sooner and
be wrong more often: healthy runs stand for half of their images and then go on (docs/log.md).

What a user is told to expect follows the newest part of the curve, and its range is what came true of recorded runs: no
run follows a power law, so that the scatter about the line says too little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from ganscope.diagnosis.known import Line, read_off
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.series import Floats, Indices, Record, best_so_far, measured, number

CONFIDENCE = 0.95  # that the gain lies below `Outlook.high`


@dataclass(frozen=True)
class Outlook:
    """The gain to expect by `until` images: shares of the Fréchet distance now, 0.1 is a tenth less.

    low, high: between which it came to lie in nine of ten recorded runs. most: what the line through the last factor of
    four promises at most; the rules decide by it. coverage: the same of coverage, as a share of it.
    points: how many snapshots say so.
    fading: the rates still fall by plan, which lowers the distance late, so that the line says too little.
    """

    images: int
    until: int
    gain: float
    low: float
    high: float
    most: float
    coverage: float
    fading: bool
    points: int

    def __str__(self) -> str:
        low, high = (max(-99, round(100 * value)) for value in (self.low, self.high))
        more = " or more, as the rates still fall" if self.fading else ""
        start = f"{low}" if low >= 0 else f"between {-low} % worse and"
        return f"{start}{' to' if low >= 0 else ''} {high} % better by {self.until:,} images{more}"

    def to_dict(self) -> dict[str, Any]:
        numbers = {name: round(float(getattr(self, name)), 4) for name in ("gain", "low", "high")}
        return {"images": self.images, "until": self.until, **numbers, "fading": self.fading}


def outlook(record: Record) -> Outlook | None:
    """What the record lets expect at its newest snapshot; None where it is too short to say."""
    chosen = places(record)
    if chosen is None:
        return None
    now, planned = record.images[chosen[-1]], record.planned
    until = min(planned, 2 * now) if planned > record.images[-1] else 2 * now
    ahead = math.log(until / now)
    x, y = np.log(record.images[chosen]), np.log(record.frechet[chosen])
    slope, error = line(x, y)
    most = 1 - math.exp(ahead * (slope - error))
    slope, error = line(x, y, np.exp((x - x[-1]) / LIMITS.memory))
    error = LIMITS.bends * abs(slope) + LIMITS.scatter * error + LIMITS.turns
    gain, low, high = (1 - math.exp(ahead * (slope - shift)) for shift in (0.0, -error, error))
    coverage = record.metric("coverage")[chosen]
    wider = math.nan
    if np.isfinite(coverage).all() and (coverage > 0).all():
        slope, error = line(np.log(record.images[chosen]), np.log(coverage))
        wider = math.expm1(ahead * (slope + error))
    fading = record.fading_until > record.images[-1]
    return Outlook(int(now), int(until), gain, low, high, most, wider, fading, len(chosen))


def places(record: Record) -> Indices | None:
    """The snapshots of the last factor `Limits.trend` that the line goes through, newest last."""
    newest, planned = record.images[-1], record.planned
    known = np.flatnonzero(np.isfinite(record.frechet) & (record.frechet > 0) & (record.images > 0))
    if not len(known) or newest <= 0:
        return None
    if planned >= newest:
        wanted = planned / LIMITS.checks * np.arange(1, 1 + math.floor(LIMITS.checks * newest / planned + 1e-6))
    else:
        wanted = newest * 2.0 ** (-np.arange(9)[::-1] / 4)
    wanted = wanted[wanted >= wanted[-1] / LIMITS.trend - 1e-6] if len(wanted) else wanted
    gaps = np.abs(np.log(record.images[known][None, :]) - np.log(wanted)[:, None]) if len(wanted) else np.zeros((0, 1))
    chosen = np.unique(known[gaps.argmin(axis=1)]) if len(wanted) else known[:0]
    chosen = chosen[record.images[chosen] >= wanted[0] * 0.8] if len(wanted) else chosen
    return chosen if len(chosen) >= LIMITS.least_points else None


def line(x: Floats, y: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """The slope of the line through points `(P,)`, and how far off it may be with `CONFIDENCE` to one side.

    With weights the second number is the slope's standard error, as if it were as many points as the weights amount to.
    """
    w = np.full(len(x), 1 / len(x)) if weights is None else weights / weights.sum()
    centred = x - w @ x
    spread = float(w @ centred**2)
    slope = float((w * centred) @ y / spread)
    rest = y - w @ y - slope * centred
    count = 1 / float(w @ w)
    error = math.sqrt(float(w @ rest**2) / max(1.0, count - 2) / spread)
    return slope, error if weights is not None else float(stdtrit(len(x) - 2, CONFIDENCE)) * error


def best_snapshot(evals: Sequence[Line], metric: str = "frechet") -> int | None:
    """`images_seen` of the best snapshot beyond noise (`series.best_so_far`); None where `metric` is not measured."""
    if not evals:
        return None
    record = Record((), (), evals, {})
    higher = "higher" in read_off(evals, ("better", metric), lambda line: measured(line, metric).get("better"))
    best = int(best_so_far(record, metric, -1.0 if higher else 1.0)[-1])
    return int(record.images[best]) if best >= 0 else None


def levels_off(record: Record) -> Outlook | None:
    """The outlook, where what it can gain at most is not worth going on; never while the rates still fall by plan."""
    found = outlook(record)
    worth = number(record.settings.get("stop_gain"))
    worth = LIMITS.stop_gain if math.isnan(worth) else worth
    if found is None or found.points < LIMITS.stop_points or found.fading:
        return None
    return None if found.most >= worth or found.coverage >= 2 * worth else found
