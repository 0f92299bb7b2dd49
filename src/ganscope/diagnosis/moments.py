"""The key moments of a training, found in its record: what a teacher would point at, each with a sentence of numbers.

noise, the first shapes, the least variety, every class for the first time, each finding's beginning and end, the best
snapshot, the end. A moment that a record does not have (no shapes ever, a class that never comes) is left out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganscope.diagnosis.finding import SEVERITIES, figure
from ganscope.diagnosis.series import number
from ganscope.metrics import due, missing

Line = Mapping[str, Any]
SHAPES_PRECISION = 0.15  # of what real images get: so many pictures lie among the real ones once there are shapes
SHAPES_FRECHET = 0.75  # of the first distance, which has fallen too: noise may lie among the real ones by chance
FAR = 20.0  # floors of the distance, beyond which untrained pictures are noise though some lie among the real ones
STILL = 0.8  # of the distance at two thirds of the training: below it, the last third was worth its time
FLOOR_REACHED = 1.5  # floors, under which there is little left to get better
LEAST_SNAPSHOTS = 4  # before anything is said of a trend
FEW_VARIETY = 0.75  # of what real images get; above it there is no lack of variety to point at
MOST_FINDINGS = 4  # begin and end; the gravest
QUIET = ("balanced", "converged")  # what these say is said by the best and the end


@dataclass(frozen=True)
class Moment:
    """One key moment. `id`: what it is; `before`: the snapshot to look at beside it, None for the first."""

    id: str
    images_seen: int
    title: str
    sentence: str
    before: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def still_better(evals: Sequence[Line]) -> str:
    """A sentence where a training was much better at its end than at two thirds of it, else empty."""
    lines = [line for line in evals if line.get("metrics")]
    return _Told(lines, []).still_better() if lines else ""


def key_moments(evals: Sequence[Line], class_names: Sequence[str] = ()) -> list[Moment]:
    """The moments of `evals` (lines of evals.jsonl, oldest first), in time; one at each snapshot at most.

    What falls on one snapshot is one moment with both titles.
    """
    lines = [line for line in evals if line.get("metrics")]
    if len(lines) < 2:
        return []
    story = _Told(lines, list(class_names))
    found = [story.start(), story.shapes(), story.least_variety(), story.every_class(), *story.findings()]
    found += [story.best(), story.end()]
    return _together([moment for moment in found if moment is not None])


class _Told:
    """Looks for each moment in the lines of a record."""

    def __init__(self, lines: Sequence[Line], names: Sequence[str]) -> None:
        self.lines, self.names = lines, names
        self.seen = [int(line["images_seen"]) for line in lines]
        self.frechet = self._over_floor("frechet")
        self.precision = self._over_floor("precision")
        self.diversity = self._over_floor("diversity")
        self.first_shapes = self._first_shapes()

    def _metric(self, i: int, name: str) -> Mapping[str, Any]:
        return (self.lines[i].get("metrics") or {}).get(name) or {}

    def _over_floor(self, name: str) -> np.ndarray:
        """`(S,)`, a metric over what real images get, NaN where either is unknown."""
        found = []
        for i in range(len(self.lines)):
            metric = self._metric(i, name)
            value, floor = number(metric.get("value")), number(metric.get("floor"))
            found.append(value / floor if floor > 0 else math.nan)
        return np.array(found)

    def _first_shapes(self) -> int | None:
        start = self.frechet[0]
        good = (self.precision >= SHAPES_PRECISION) & ~(self.frechet > SHAPES_FRECHET * start)
        # Twice in a row: one snapshot may be luck. The last one has no next.
        held = good & np.append(good[1:], True)
        later = np.flatnonzero(held[1:]) + 1
        return int(later[0]) if len(later) else None

    # ---- sentences ---------------------------------------------------------------------------------------------------
    def _distance(self, i: int) -> str:
        value, times = number(self._metric(i, "frechet").get("value")), self.frechet[i]
        if not math.isfinite(value):
            return ""
        beside = f", {figure(float(times), 2)} times what real images get" if math.isfinite(times) else ""
        return f"Fréchet {figure(value, 3)}{beside}."

    def _among(self, i: int) -> str:
        share = number(self._metric(i, "precision").get("value"))
        floor = number(self._metric(i, "precision").get("floor"))
        beside = f" (of real images {100 * floor:.0f} %)" if math.isfinite(floor) else ""
        return f"{100 * share:.0f} % of the pictures lie among the real ones{beside}." if math.isfinite(share) else ""

    # ---- moments -----------------------------------------------------------------------------------------------------
    def start(self) -> Moment:
        noise = not self.precision[0] >= SHAPES_PRECISION or self.frechet[0] > FAR
        title = "noise" if noise else "the beginning"
        return Moment(title.replace(" ", "_"), self.seen[0], title, f"{self._among(0)} {self._distance(0)}".strip())

    def shapes(self) -> Moment | None:
        i = self.first_shapes
        if i is None:
            return None
        return Moment("first_shapes", self.seen[i], "first shapes", f"{self._among(i)} {self._distance(i)}".strip())

    def least_variety(self) -> Moment | None:
        """The fewest differences between pictures, once they are pictures: noise varies in its own way."""
        start = self.first_shapes
        if start is None or not np.isfinite(self.diversity[start:]).any():
            return None
        i = start + int(np.nanargmin(self.diversity[start:]))
        if self.diversity[i] >= FEW_VARIETY:
            return None
        sentence = f"The pictures differ from one another {100 * self.diversity[i]:.0f} % as much as real ones do"
        last = self.diversity[-1]
        after = f"; at the end {100 * last:.0f} %." if math.isfinite(last) and i < len(self.lines) - 1 else "."
        return Moment("least_variety", self.seen[i], "least variety", sentence + after)

    def every_class(self) -> Moment | None:
        """The first snapshot, once there are shapes, at which none is missing: noise may be taken for any class."""
        start = self.first_shapes
        if start is None:
            return None
        for i in range(start, len(self.lines)):
            share = self.lines[i].get("class_share") or {}
            real, fake = np.asarray(share.get("real") or [], float), np.asarray(share.get("fake") or [], float)
            if not len(real) or len(real) != len(fake):
                continue
            num_fake = number(self._metric(i, "frechet").get("num_fake") or 2000)
            judged = due(real, num_fake)
            if not judged.any() or np.isnan(fake[judged]).any() or missing(real, fake, num_fake).any():
                continue
            rarest = int(np.argmin(np.where(judged, fake / np.maximum(real, 1e-12), np.inf)))
            name = self.names[rarest] if rarest < len(self.names) else f"number {rarest}"
            share_of_rarest = f"{100 * fake[rarest]:.1f} % where the data has {100 * real[rarest]:.1f} %"
            text = f"All {int(judged.sum())} classes come out; the rarest, {name}, has {share_of_rarest}."
            return Moment("every_class", self.seen[i], "every class", text)
        return None

    def findings(self) -> list[Moment]:
        """Beginning and end of the gravest findings."""
        held: dict[tuple[str, int], tuple[int, int, Mapping[str, Any]]] = {}
        for i, line in enumerate(self.lines):
            for place, finding in enumerate(line.get("findings") or ()):
                if finding.get("id") not in QUIET and finding.get("severity") in SEVERITIES[:2]:
                    held[str(finding["id"]), int(finding.get("first") or 0)] = (i, place, finding)
        # As the verdict has them: the gravest first, and a cause before its effects.
        order = sorted(held.items(), key=lambda item: (SEVERITIES.index(item[1][2]["severity"]), item[1][1]))
        begun: dict[int, list[tuple[str, str]]] = {}
        ended: dict[int, list[str]] = {}
        for (name, first), (last, _, finding) in order[:MOST_FINDINGS]:
            start = int(np.argmin(np.abs(np.array(self.seen) - first)))
            begun.setdefault(start, []).append((name, str(finding.get("sentence") or "")))
            if last < len(self.lines) - 1:
                ended.setdefault(last + 1, []).append(name)
        found = []
        for i, told in begun.items():
            names = [words(name) for name, _ in told]
            also = f" Also: {', '.join(names[1:])}." if names[1:] else ""
            more = f" and {len(names) - 1} more" if names[1:] else ""
            verb = "begin" if names[1:] else "begins"
            found.append(Moment(f"{told[0][0]}_begins", self.seen[i], f"{names[0]}{more} {verb}", told[0][1] + also))
        for i, over in ended.items():
            listed = ", ".join(map(words, over))
            title = f"{listed} end{'s' if len(over) == 1 else ''}"
            found.append(Moment(f"{over[0]}_ends", self.seen[i], title, f"No longer found: {listed}."))
        return found

    def best(self) -> Moment | None:
        best = self.lines[-1].get("best")
        if best not in self.seen or best == self.seen[0]:
            return None
        i = self.seen.index(best)
        error = number(self._metric(i, "frechet").get("stderr"))
        margin = 2 * math.sqrt(2) * error if error > 0 else 0.0
        before, now = (number(self._metric(k, "frechet").get("value")) for k in (0, i))
        if now > before - margin:
            return None  # the best of what was trained, and no better than untrained beyond its noise
        return Moment("best", self.seen[i], "best", f"{self._distance(i)} {self._among(i)}".strip())

    def end(self) -> Moment:
        i = len(self.lines) - 1
        verdict = str(self.lines[i].get("verdict") or "").split(". ")[0].rstrip(".")
        text = f"{verdict}." if verdict else self._distance(i)
        return Moment("end", self.seen[i], "end", f"{text} {self.still_better()}".strip())

    def still_better(self) -> str:
        """A sentence where the last third of the training made the pictures much better: more of it might as well."""
        early = [k for k, seen in enumerate(self.seen) if seen <= self.seen[-1] * 2 / 3]
        if not early or early[-1] == 0 or len(self.lines) < LEAST_SNAPSHOTS:
            return ""
        metrics = [self._metric(k, "frechet") for k in (early[-1], -1)]
        before, now = (number(metric.get("value")) for metric in metrics)
        error = math.hypot(*(number(metric.get("stderr")) for metric in metrics))
        if not (now < STILL * before and before - now > 2 * error and self.frechet[-1] > FLOOR_REACHED):
            return ""
        fell = f"Fréchet {figure(before, 3)} at {self.seen[early[-1]]:,} images, {figure(now, 3)} at the end"
        return f"It was still getting better when it ended: {fell}."


def _together(moments: Sequence[Moment]) -> list[Moment]:
    """In time, those of one snapshot as one, each beside the one before it."""
    told: list[Moment] = []
    for seen in sorted({moment.images_seen for moment in moments}):
        own = [moment for moment in moments if moment.images_seen == seen]
        titles = {moment.id for moment in own}
        told_by = [moment for moment in own if not (moment.id == "best" and "end" in titles)]  # the end says it
        sentences = list(dict.fromkeys(moment.sentence for moment in told_by if moment.sentence))
        title, before = " · ".join(moment.title for moment in own), told[-1].images_seen if told else None
        told.append(Moment(own[0].id, seen, title, " ".join(sentences), before))
    return told


def words(name: str) -> str:
    return name.replace("_", " ")
