"""The record of a run, aligned to its snapshots: what the rules of `diagnosis` read.

S snapshots, K classes. Every number is an `(S,) float64` array, NaN where it is missing; what is logged more often than
snapshots are taken is averaged over the interval that ends at each snapshot. Everything at snapshot i comes from what
was known at i, so a judgement made live is the judgement made afterwards.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganscope.diagnosis.known import Line, each, read_off

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


def images_seen(line: Line) -> int:
    return int(line["images_seen"])


def measured(line: Line, name: str) -> Line:
    """What a line of evals.jsonl says of a metric, empty where it says nothing."""
    return (line.get("metrics") or {}).get(name) or {}


def number(value: object) -> float:
    """A JSON value as a float, NaN where it is none."""
    return float(value) if isinstance(value, int | float) else math.nan


class Record:
    """A run at its S snapshots.

    `history` and `tests` are lines of history.jsonl and test.jsonl, `evals` of evals.jsonl, oldest first, at least one
    of these; lines after the newest snapshot are not looked at. `settings` maps names of settings to their values.
    """

    def __init__(self, history: Sequence[Line], tests: Sequence[Line], evals: Sequence[Line], settings: Line) -> None:
        self.evals, self.settings = evals, settings
        self.images = np.array(read_off(evals, "images_seen", images_seen), dtype=np.float64)
        self.g_steps = np.array(read_off(evals, "iteration", lambda line: number(line.get("iteration", 0))))
        self.g_steps *= float(settings.get("g_steps") or 1)
        self._lines = {"history": history, "tests": tests}
        self._metrics: dict[tuple[str, str], Floats] = {}

    @functools.cached_property
    def _ends(self) -> dict[str, Indices]:
        """For each file, how many of its lines lie at or before each snapshot."""
        return {
            name: np.searchsorted(read_off(lines, "images_seen", images_seen), self.images, side="right")
            for name, lines in self._lines.items()
        }

    def metric(self, name: str, part: str = "value") -> Floats:
        """One number of a metric: its value, stderr, floor or num_fake."""
        known = self._metrics.get((name, part))
        if known is None:
            values = read_off(self.evals, ("metric", name, part), lambda line: number(measured(line, name).get(part)))
            known = self._metrics[name, part] = np.array(values)
            known.flags.writeable = False  # all who ask share it
        return known

    def floor(self, name: str, default: float) -> float:
        """The score of real against held-out real data, `default` where it is not known."""
        known = self.metric(name, "floor")
        known = known[np.isfinite(known)]
        return float(known[-1]) if len(known) and known[-1] > 0 else default

    def over_floor(self, name: str) -> Floats:
        """A metric for which higher is better, as a share of what real data score."""
        return self.metric(name) / self.floor(name, 1.0)

    def logged(self, name: str, source: str = "history") -> Floats:
        """Mean of a logged number over the interval that ends at each snapshot; the last line's where that is empty."""
        values = np.array(read_off(self._lines[source], ("logged", name), lambda line: number(line.get(name))))
        ends = self._ends[source]
        starts = np.minimum(np.concatenate([[0], ends[:-1]]), ends - 1)
        result, known = np.full(len(self.images), np.nan), ends > 0
        if known.any():
            # Every other sum is of what lies between two intervals; the zero lets one end at the last line.
            bounds = np.stack([starts[known], ends[known]], axis=1).ravel()
            sums = np.add.reduceat(np.append(values, 0.0), bounds)[::2]
            result[known] = sums / (ends - starts)[known]
        return result

    @functools.cached_property
    def classes(self) -> tuple[Floats, Floats]:
        """Class shares of the data `(K,)` and of the fakes `(S, K)`; K is 0 where there are no classes."""
        shares = self._shares()
        if not shares:
            return np.zeros(0), np.zeros((len(self.evals), 0))
        fakes = read_off(self.evals, "class_share", lambda line: np.array(line["class_share"]["fake"]))
        return np.array(shares[-1]["real"]), np.array(fakes)

    @functools.cached_property
    def class_stderr(self) -> Floats:
        """The errors of the fakes' class shares `(S, K)`, 0 where they are not known."""
        shares = self._shares()
        return np.array([share.get("stderr") or np.zeros(len(share["fake"])) for share in shares])

    def _shares(self) -> list[Line]:
        """`class_share` of every line; nothing unless all have it."""
        shares = read_off(self.evals, "shares", lambda line: line.get("class_share"))
        return [share for share in shares if share] if all(shares) else []

    @property
    def planned(self) -> float:
        """Images of the whole plan, NaN where none is known."""
        images = number(self.settings.get("epochs")) * number(self.settings.get("num_images"))
        return images if images > 0 else math.nan

    @property
    def fading_until(self) -> float:
        """Up to how many images the rates or penalties still change by plan; 0 where they stay."""
        changes = [self.settings.get(name) for name in ("burn_in_lr", "burn_in_d_lr", "burn_in_penalty")]
        moving = any(value not in (None, 1, 1.0) for value in changes)
        return number(self.settings.get("burn_in") or 0) if moving else 0.0

    def stderr_of_gain(self, a: int, b: int, name: str = "frechet") -> float:
        """The error of the difference of a metric between two snapshots.

        The latents are the same ones, so that most of the noise is common to both: the groups of latents tell how much.
        Without them the two count as independent.
        """
        groups = [measured(self.evals[i], name).get("groups") for i in (a, b)]
        if groups[0] and groups[1] and len(groups[0]) == len(groups[1]):
            change = np.asarray(groups[0]) - np.asarray(groups[1])
            return float(change.std(ddof=1) / math.sqrt(len(change)))
        errors = np.nan_to_num(self.metric(name, "stderr")[[a, b]])
        return math.hypot(errors[0], errors[1])

    @property
    def effective_classes(self) -> Floats:
        """exp(entropy) of the fakes' class shares over that of the data's; NaN where there are no classes."""
        real, fake = self.classes
        entropies = [-(shares * np.log(np.maximum(shares, 1e-12))).sum(-1) for shares in (real, fake)]
        return np.asarray(np.exp(entropies[1] - entropies[0])) if len(real) else np.full(len(self.evals), np.nan)

    @functools.cached_property
    def frechet(self) -> Floats:
        return self.metric("frechet")

    @functools.cached_property
    def frechet_stderr(self) -> Floats:
        return np.nan_to_num(self.metric("frechet", "stderr"))

    @functools.cached_property
    def relative(self) -> Floats:
        """Fréchet as a share of the first one measured, that of a generator that knows nothing."""
        known = self.frechet[np.isfinite(self.frechet)]
        return np.asarray(self.frechet / (known[0] if len(known) else math.nan))

    def no_gain(self, name: str, *, window: float, gain: float, noise: float, least: int) -> Flags:
        """Whether the best of the last `window` beats the best before it by too little, at each snapshot.

        Args:
            name: a metric; of Fréchet the lowest is best, of others the highest.
            window: share of the images seen so far.
            gain: smallest gain that counts, as a share of the value; `noise` standard errors must be exceeded too.
            least: snapshots that must lie in the window before anything is said.
        """
        values = self.metric(name) * (1.0 if name == "frechet" else -1.0)

        def stands(i: int, _: list[bool]) -> bool:
            split = int(np.searchsorted(self.images[: i + 1], (1 - window) * self.images[i], side="right"))
            if not split or i + 1 - split < least or not np.isfinite(values[: i + 1]).all():
                return False
            a, b = int(np.argmin(values[:split])), split + int(np.argmin(values[split : i + 1]))
            needed = max(gain * abs(values[a]), noise * self.stderr_of_gain(a, b, name))
            return bool(values[a] - values[b] <= needed)

        return np.array(each(self.evals, ("no_gain", name, window, gain, noise, least), stands), dtype=bool)

    def streak(self, holds: Flags, *, least: int, span: float = 0.0) -> int | None:
        """Index where the newest unbroken run of `holds` starts; None if shorter than `least` snapshots or `span`.

        `span` is a share of the images seen: snapshots lie close together at the start of a run.
        """
        gaps = np.flatnonzero(~holds)
        start = int(gaps[-1]) + 1 if len(gaps) else 0
        if len(holds) - start < least or self.images[-1] - self.images[start] < span * self.images[-1]:
            return None
        return start


SPACES = ("frechet", "structure")  # the distances that a best snapshot is chosen by, where they are measured


def best_so_far(record: Record, name: str = "frechet", sign: float = 1.0) -> Indices:
    """Index of the best snapshot up to each one, beyond noise; −1 where there is none yet.

    `sign` is −1 where higher is better. The best is replaced only by one that is better by more than the error of their
    difference, so of snapshots that cannot be told apart it is the earliest, and it changes only with cause. The
    untrained generator is never the best. Where Fréchet is taken in two spaces, a snapshot is as good as in the space
    that speaks worst of it: by its distance over the lowest of the run so far.
    """
    if name == "frechet" and np.isfinite(record.metric("structure")).any():
        return best_of_all(record)
    values = sign * record.metric(name)

    def best(i: int, earlier: list[int]) -> int:
        best = earlier[-1] if earlier else -1
        trained = math.isfinite(values[i]) and record.g_steps[i] > 0
        better = trained and (best < 0 or values[best] - values[i] > record.stderr_of_gain(best, i, name))
        return i if better else best

    return np.array(each(record.evals, ("best", name, sign), best), dtype=np.int64)


def best_of_all(record: Record) -> Indices:
    """`best_so_far` by all of `SPACES`: the lowest of each snapshot's worst ratio to the lowest so far."""
    values = np.stack([record.metric(name) for name in SPACES])
    values = np.where((record.g_steps > 0) & (values > 0), values, np.nan)

    def best(i: int, earlier: list[int]) -> int:
        best = earlier[-1] if earlier else -1
        if not np.isfinite(values[:, i]).any():
            return best
        lowest = np.fmin.reduce(values[:, : i + 1], axis=1)  # NaN, without a warning, where one was never measured
        if best < 0:
            return i
        ratios = values[:, [best, i]] / lowest[:, None]
        worst = int(np.nanargmax(ratios[:, 0]))  # the space that speaks worst of the best so far
        error = record.stderr_of_gain(best, i, SPACES[worst]) / lowest[worst]
        return i if np.nanmax(ratios[:, 0]) - np.nanmax(ratios[:, 1]) > error else best

    return np.array(each(record.evals, ("best of all", SPACES), best), dtype=np.int64)
