"""How good the pictures are, on one scale that every part of ganscope uses.

Three numbers in a user's terms, each against what fresh real images score: how many times the floor the Fréchet
distance is, fidelity (how many of the pictures lie among the real ones, of as many as fresh real ones do) and variety
(how much of the data they reach, of what fresh ones reach). The worst of them gives the grade. What is "like no real
image" is another question, which the map alone answers: of one picture, by its distance to its nearest real one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganscope.diagnosis.finding import figure
from ganscope.diagnosis.known import read_off
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.series import measured, number

GRADES = ("nothing like real", "far from real", "fair", "close to real", "as good as real")


@dataclass(frozen=True)
class Quality:
    """The quality of one snapshot; numbers that are not known are NaN.

    grade: one of `GRADES`, worst first; empty where nothing is known.
    left: the part of the way from no likeness at all to real data that is left: the Fréchet distance above its floor
        over the total variance of the reals' features (over the first snapshot's distance, where that is not known).
    frechet, floor, times: the distance, that of fresh reals, and their ratio.
    fidelity: precision over its floor: 1 where as many pictures lie among the reals as fresh reals do.
    covered: the variety, coverage or recall over its floor: 1 where they reach as much as fresh reals do.
    lacking: what keeps the grade down: fidelity, variety, classes, detail.
    few: the real images that all is measured against, where they are too few to call anything better than fair.
    """

    grade: str
    left: float
    frechet: float
    frechet_stderr: float
    floor: float
    fidelity: float
    fidelity_stderr: float
    covered: float
    covered_stderr: float
    lacking: tuple[str, ...]
    few: float = math.nan

    @property
    def times(self) -> float:
        return self.frechet / self.floor if self.floor > 0 else math.nan

    @property
    def level(self) -> float:
        """The grade as a number, 0 to 4; NaN where nothing is known."""
        return float(GRADES.index(self.grade)) if self.grade else math.nan

    def to_dict(self) -> dict[str, Any]:
        """As a line of evals.jsonl holds it: finite numbers or null."""
        names = ("left", "frechet", "frechet_stderr", "floor", "times", "fidelity", "fidelity_stderr", "covered")
        found = {name: float(getattr(self, name)) for name in (*names, "covered_stderr")}
        numbers = {name: round(value, 6) if math.isfinite(value) else None for name, value in found.items()}
        return {"grade": self.grade, **numbers, "lacking": list(self.lacking)}

    def __str__(self) -> str:
        """The grade and its three numbers, in a user's terms."""
        if not self.grade:
            return ""
        parts = []
        if math.isfinite(self.frechet):
            error = f" ± {figure(self.frechet_stderr, 2)}" if math.isfinite(self.frechet_stderr) else ""
            times = f", {figure(self.times, 2)} times the floor" if math.isfinite(self.times) else ""
            parts.append(f"Fréchet {figure(self.frechet, 3)}{error}{times}")
        shares = {"fidelity": (self.fidelity, self.fidelity_stderr), "variety": (self.covered, self.covered_stderr)}
        told = [f"{name} {share(*value)}" for name, value in shares.items() if math.isfinite(value[0])]
        if told:
            parts.append(f"{', '.join(told)} of what real images get")
        worth = f", as far as {self.few:.0f} real images can tell" if math.isfinite(self.few) else ""
        return f"{self.grade}{worth}: {'; '.join(parts)}"


def share(value: float, stderr: float) -> str:
    """A share as a percentage with its error."""
    error = f" ± {max(1, round(100 * stderr)):.0f}" if math.isfinite(stderr) else ""
    return f"{100 * value:.0f}{error} %"


def quality_of(line: Mapping[str, Any], first_frechet: float = math.nan) -> Quality:
    """The quality of one line of evals.jsonl; `first_frechet` is the distance of the run's first snapshot."""
    metrics = line.get("metrics") or {}

    def part(name: str, key: str = "value") -> float:
        return number((metrics.get(name) or {}).get(key))

    floor = part("frechet", "floor")
    base = 0.0 if math.isnan(floor) else floor
    whole = part("frechet", "spread")
    whole = first_frechet - base if math.isnan(whole) else whole
    left = above(part("frechet") - base) / whole if whole > 0 else math.nan
    inside, inside_stderr = over_floor(part, "precision")
    reached = min((over_floor(part, name) for name in ("coverage", "recall")), key=lambda pair: lowest(pair[0]))
    # A few reals are hardly reached by fresh ones either, so that their share of that says nothing.
    if part("coverage", "num_real") < LIMITS.few_reals or reached[1] > LIMITS.covered_error:
        reached = (math.nan, math.nan)
    # A picture in the middle of the reals lies in the ball of some real, whatever it is like.
    alike = over_floor(part, "diversity")[0] < LIMITS.diversity_low
    fidelity, fidelity_stderr = (math.nan, math.nan) if alike else (inside, inside_stderr)
    lacking = (
        ("fidelity",) * (fidelity < LIMITS.fidelity_low)
        + ("variety",) * (reached[0] < LIMITS.covered_little or alike)
        + ("classes",) * (uneven(line) > LIMITS.uneven)
        + ("detail",) * any(part(name) - part(name, "floor") > LIMITS.texture for name in ("rough", "smooth"))
    )
    grade = grade_of(left, fidelity, reached[0], part("frechet") / floor if floor > 0 else math.nan)
    # Between a handful of reals everything lies near one of them, murk too.
    reals = min(lowest(part(name, "num_real")) for name in ("precision", "frechet"))
    few = reals if grade and reals < LIMITS.hardly_reals else math.nan
    return Quality(
        GRADES[min(GRADES.index(grade), 2)] if math.isfinite(few) else grade,
        left,
        part("frechet"),
        part("frechet", "stderr"),
        floor,
        at_most_1(fidelity),
        fidelity_stderr,
        at_most_1(reached[0]),
        reached[1],
        lacking,
        few,
    )


def over_floor(part: Callable[..., float], name: str) -> tuple[float, float]:
    """A share and its error, of what fresh reals score."""
    floor = part(name, "floor")
    floor = floor if floor > 0 else 1.0
    return part(name) / floor, part(name, "stderr") / floor


def above(value: float) -> float:
    """At least 0; what is not known stays so."""
    return value if math.isnan(value) else max(0.0, value)


def at_most_1(value: float) -> float:
    """At most 1; what is not known stays so."""
    return min(1.0, value) if math.isfinite(value) else math.nan


def lowest(value: float) -> float:
    return math.inf if math.isnan(value) else value


def uneven(line: Mapping[str, Any]) -> float:
    """How much of the class shares is in the wrong class, 0 to 1; NaN without classes."""
    known = line.get("class_share") or {}
    real, fake = known.get("real") or (), known.get("fake") or ()
    if not len(real) or len(real) != len(fake):
        return math.nan
    return 0.5 * sum(abs(float(a) - float(b)) for a, b in zip(real, fake, strict=True))


def grade_of(left: float, fidelity: float, covered: float, times: float) -> str:
    """The worst of what the numbers say; a number that is not known says nothing."""
    if math.isnan(left) and math.isnan(fidelity) and math.isnan(covered):
        return ""
    if left > LIMITS.nothing or fidelity < LIMITS.fidelity_none:
        return GRADES[0]
    if left > LIMITS.far or fidelity < LIMITS.fidelity_far or covered < LIMITS.covered_far:
        return GRADES[1]
    if left > LIMITS.close or fidelity < LIMITS.fidelity_low or covered < LIMITS.covered_little:
        return GRADES[2]
    if not (times < LIMITS.equal and fidelity > LIMITS.equal_share and covered > LIMITS.equal_share):
        return GRADES[3]
    return GRADES[4]


def quality_now(evals: Sequence[Mapping[str, Any]]) -> Quality:
    """The quality at the newest of the lines of evals.jsonl."""
    known = [value for value in read_off(evals, ("metric", "frechet", "value"), frechet) if math.isfinite(value)]
    return quality_of(evals[-1] if evals else {}, known[0] if known else math.nan)


def frechet(line: Mapping[str, Any]) -> float:
    return number(measured(line, "frechet").get("value"))
