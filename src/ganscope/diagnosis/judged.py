"""A record with the judgements that several rules share."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ganscope.diagnosis.advice import Advice
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.known import read_off
from ganscope.diagnosis.limits import GUESSING, LIMITS, PROBABILITIES
from ganscope.diagnosis.quality import Quality, quality_of
from ganscope.diagnosis.series import Flags, Floats, Record


class Judged:
    """A record with the judgements that several rules share; `(S,) bool` each."""

    def __init__(self, record: Record) -> None:
        self.record, self.advice = record, Advice(record.settings)
        self.objective = str(record.settings.get("objective", "non-saturating"))
        self.has_probabilities = self.objective in PROBABILITIES
        self.ready: Flags = record.g_steps >= LIMITS.warm_up
        coverage = record.over_floor("coverage")
        self.stalled = self.standing(LIMITS.window)
        self.bad: Flags = (record.relative > LIMITS.bad) | (coverage < LIMITS.bad_coverage)
        self.clear: Flags = record.over_floor("precision") > LIMITS.clear
        self.d_real, self.d_fake = record.logged("d_real"), record.logged("d_fake_before")
        self.d_gap: Floats = self.d_real - self.d_fake
        # Of a guessing D's. A penalty in the loss only adds to it, so that a loss near 0 is certain all the same.
        self.d_loss_share: Floats = record.logged("d_loss") / GUESSING.get(self.objective, math.nan)
        by_score, by_loss = self.d_fake < LIMITS.d_fake_low, self.d_loss_share < LIMITS.d_loss_won
        self.d_certain: Flags = by_score if self.has_probabilities else by_loss

    @property
    def lead(self) -> Floats:
        """How far D is ahead: about 0 for one that cannot tell, 1 for one that is sure; NaN where that is unknown."""
        if self.has_probabilities:
            return self.d_gap
        settings = self.record.settings
        if not any(settings.get(name) for name in ("r1", "r2", "gradient_penalty")):
            return 1 - self.d_loss_share
        # A penalised loss says nothing of a D that guesses, but G's is free of it: it is log 2 against a D that does.
        if self.objective == "relativistic":
            return np.asarray(1 - math.log(2.0) / self.record.logged("g_loss"))
        return np.full(len(self.ready), math.nan)

    @functools.cached_property
    def qualities(self) -> list[Quality]:
        known = self.record.frechet[np.isfinite(self.record.frechet)]
        first = float(known[0]) if len(known) else math.nan
        key = ("quality", None if math.isnan(first) else first)  # NaN is not equal to itself
        return read_off(self.record.evals, key, lambda line: quality_of(line, first))

    @functools.cached_property
    def far(self) -> Flags:
        """Whether the pictures are far from real, or worse."""
        return np.array([quality.level <= 1 for quality in self.qualities])

    def no_gain(self, window: float, name: str = "frechet") -> Flags:
        least = int(LIMITS.confirmed)
        return self.record.no_gain(name, window=window, gain=LIMITS.gain, noise=LIMITS.noise, least=least)

    def standing(self, window: float) -> Flags:
        """No gain in Fréchet nor in coverage: a slow start can widen for long before its Fréchet distance moves."""
        no_wider = np.isnan(self.record.metric("coverage")) | self.no_gain(window, "coverage")
        return np.asarray(self.no_gain(window) & no_wider)

    def since(self, holds: Flags, *, least: float = LIMITS.patience, span: float = 0.0) -> int | None:
        """Where `holds` began, counted from the end of the warm-up, if it has held for long enough."""
        return self.record.streak(holds & self.ready, least=int(least), span=span)

    def began(self, holds: Flags, start: int) -> int:
        """Where the state `holds` that goes on now began: to see that it stands takes a while, to be so does not."""
        before = self.record.streak(holds & self.ready, least=1, span=0.0)
        return start if before is None else min(start, before)

    @property
    def worsening(self) -> bool:
        """Whether the pictures are clearly worse than the best so far, however much wider they may still become."""
        frechet = self.record.frechet
        return bool(frechet[-1] > (1 + LIMITS.worse) * np.nanmin(frechet)) if np.isfinite(frechet).any() else False

    @property
    def unlearned(self) -> bool:
        """Whether the pictures are still as far from real as those of an untrained generator."""
        return bool(self.record.relative[-1] > LIMITS.unlearned)

    @property
    def nothing_yet(self) -> bool:
        """Whether the pictures have been like nothing real up to now, so far into the plan that others were past it."""
        holds = (self.record.relative > LIMITS.bad) & np.array([quality.level == 0 for quality in self.qualities])
        start = self.record.streak(holds, least=int(LIMITS.patience))
        return bool(start == 0 and self.ready[-1] and self.done >= LIMITS.far_plan)

    def kinds_since(self, holds: Flags) -> dict[int, int]:
        """For each kind `k` of `holds` `(S, K)` where it began, if it has held for long enough.

        Kinds mean something where pictures look like something, however far from the data their mixture is; until it
        has come nearer they must have done so for longer.
        """
        known: dict[int, int] = {}
        for k, column in enumerate(holds.T):
            start = self.since(column & ~self.bad)
            start = self.since(column & (self.clear | ~self.bad), span=LIMITS.window) if start is None else start
            if start is not None:
                known[k] = start
        return known

    @property
    def done(self) -> float:
        """The share of the plan that is done; NaN without a plan."""
        return float(self.record.images[-1]) / self.record.planned

    @property
    def young(self) -> bool:
        """Whether a collapse may still be a phase: few steps of G so far, and more to come."""
        return bool(self.record.g_steps[-1] < LIMITS.young and not self.done >= 0.95)

    def finding(
        self,
        rule: Callable[..., Any],
        severity: str,
        start: int,
        sentence: str,
        advice: tuple[str, ...],
        limits: tuple[str, ...] = (),
        **evidence: float,
    ) -> Finding:
        numbers = {name: round(float(value), 6) for name, value in evidence.items() if math.isfinite(value)}
        thresholds = {name: float(getattr(LIMITS, name)) for name in limits}
        first, last = int(self.record.images[start]), int(self.record.images[-1])
        return Finding(rule.__name__, severity, first, last, numbers, thresholds, sentence, advice)
