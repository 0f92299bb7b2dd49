"""The thresholds of the rules, each with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """All thresholds, calibrated by benchmarks/diagnosis.py on its even seeds (the runs: docs/log.md)."""

    # what makes a number worth an alarm
    warm_up: float = 120.0  # G steps before any: healthy generators need about 75 to draw anything
    patience: float = 3.0  # snapshots in a row that agree; one alone is an accident
    confirmed: float = 2.0  # the same, where each already looks back over a window
    window: float = 0.35  # of the images seen, in which there must be a gain: slow healthy starts have one in any
    gain: float = 0.03  # of the Fréchet distance; healthy runs gain 10 to 50 % in such a window until they converge
    noise: float = 2.0  # standard errors that make a difference real, 95 %
    # quality
    bad: float = 0.5  # of the untrained Fréchet: healthy runs are below within a tenth to a third of the shortest run
    bad_coverage: float = 0.05  # of real data's coverage: collapsed and garbage runs have 0 to 0.04, later ones 0.15
    # D's scores
    d_fake_low: float = 0.05  # D(G(z)) of a certain D; runs with a strong D that still learn have 0.02 to 0.2
    d_fake_vanished: float = 0.02  # the minimax gradient is D(G(z)) times the non-saturating one
    d_loss_won: float = 0.05  # of a guessing D's loss, for objectives whose scores are no probabilities
    d_gap_blind: float = 0.05  # D(x) − D(G(z)) of a D that cannot tell
    d_gap_fooled: float = 0.2  # the same, when quality does not improve either
    # variety
    diversity_none: float = 0.04  # pairwise distance over the reals': one picture; untrained G has 0.05 to 0.2
    diversity_low: float = 0.4  # healthy runs pass it by a third, and grow before
    classes_low: float = 0.4  # effective number of classes over the data's
    duplicates: float = 0.7  # share of fakes with a twin; healthy ones 0 to 0.3 once they look real
    plausible: float = 0.3  # precision over real data's, above which twins count as collapse
    class_missing: float = 0.1  # a class's share of the fakes over its share of the data
    class_expected: float = 10.0  # fakes that a class must expect before its absence means anything: P(0) = 5e-5
    # the others
    copies: float = 0.05  # share of fakes nearer to training images than 99 % of held-out ones, above that 1 %
    copies_many: float = 0.2  # the same, for a failure
    exploded: float = 1.25  # of the untrained Fréchet
    relapse: float = 5.0  # times the best Fréchet, and bad: what was learned is lost
    swing: float = 0.3  # relative change of Fréchet between snapshots
    swings: float = 5.0  # of alternating sign among the last 8 steps
    worse: float = 0.3  # above the best Fréchet, as a share
    worse_span: float = 0.1  # of the images seen
    plateau: float = 0.4  # of the images seen
    # --stop auto
    stop_failed: float = 0.4  # of the images seen for which a failure must have gone on
    stop_worse: float = 0.25  # the same for a run past its best
    stop_least: float = 0.1  # of the planned images: what goes wrong before that may yet come right


LIMITS = Limits()

PROBABILITIES = ("minimax", "non-saturating")  # objectives under which a sigmoid of D's logit is a probability
GUESSING = {"least-squares": 0.25, "hinge": 2.0, "relativistic": math.log(2.0)}  # the loss of a D that cannot tell
