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
    unlearned: float = 0.9  # of the same: no training of ours that came to anything was above it after `warm_up` steps
    unlearned_span: float = 0.25  # of the images seen, in which a run that has learned nothing is found out
    bad_coverage: float = 0.05  # of real data's coverage: collapsed and garbage runs have 0 to 0.04, later ones 0.15
    # the scale of quality: how much of the way from no likeness to real data is left, and shares against fresh reals
    nothing: float = 0.5
    far: float = 0.12  # the defaults end at 0.002 (MNIST), 0.02 (digits), 0.05 (LFW); `mlp` at 0.2 to 0.3
    close: float = 0.015
    fidelity_none: float = 0.03
    fidelity_far: float = 0.2
    fidelity_low: float = 0.55
    covered_far: float = 0.12
    covered_little: float = 0.5
    few_reals: float = 200.0  # with fewer, what fresh reals reach of them is an accident
    hardly_reals: float = 100.0  # fewer than this cannot tell good pictures from murk (docs/log.md)
    covered_error: float = 0.15
    equal: float = 1.5  # times the floor
    equal_share: float = 0.9
    uneven: float = 0.25  # of the class shares in the wrong class
    texture: float = 0.2  # share of the pictures outside the reals' fine detail, above their own share
    texture_span: float = 0.35  # of the images seen: untrained generators draw grain
    far_span: float = 0.5  # of the images seen
    far_plan: float = 0.25  # of the plan, before being far from real is held against a run; what is still `bad` and
    # like nothing real then never was in runs that came out well, but for one in 120 (docs/log.md)
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
    clear: float = 0.45  # the same, above which pictures have a class though their distance is still bad
    drifting: float = 0.15  # pairwise distance over the reals' of pictures that are one, though never the same for long
    recall_none: float = 0.05  # of real data's recall
    young: float = 1000.0  # G steps in which a collapse may be a phase: the defaults pass one on small colour folders
    class_missing: float = 0.1  # a class's share of the fakes over its share of the data: `metrics.missing`
    class_frequent: float = 2.0  # the same, far too often, if it is also
    class_excess: float = 0.1  # more of the fakes than of the data
    # a generator that is told classes, by benchmarks/conditional.py (docs/log.md)
    obeyed: float = 0.65  # of the way from chance to what real pictures of the class score: told half of the time 0.51,
    # healthy ones 0.99 at the end and 0.79 at their lowest on the way
    obeyed_little: float = 0.3  # the same, for a failure
    class_obeyed: float = 0.3  # of one class: the least of a healthy run's classes is 0.8 on digits and MNIST, 0.55 on
    # Fashion-MNIST, but for its first snapshot with shapes; one that comes out as another 0.1
    class_diversity: float = 0.3  # pairwise distance inside a class, of what fresh real pictures of it have: a class
    # with a tenth of its latent 0.17, healthy ones 0.7 to 0.8 at the end and 0.47 at their lowest on the way
    # a D that knows its training images
    heart_train: float = 0.3  # of a guessing D's loss, on the images that it was trained on
    heart_epochs: float = 3.0  # how often it must have seen each of them
    heart_gap: float = 0.4  # more than that on held-out images
    heart_worse: float = 0.3  # the same, of a D that is worse than guessing on those: healthy runs 0.1 at most, also of
    # 300 images (docs/log.md); of 60 images 0.3 to 3
    # the others
    chance: float = 1e-3  # that fresh reals look as copied, where few held-out images say what is normal
    rare: float = 1e-4  # the same of fine detail, of which all snapshots share the one limit
    copies: float = 0.05  # share of fakes nearer to training images than 99 % of held-out ones, above that 1 %
    copies_many: float = 0.2  # the same, for a failure
    exploded: float = 1.25  # of the untrained Fréchet
    relapse: float = 5.0  # times the best Fréchet, and bad: what was learned is lost
    swing: float = 0.3  # relative change of Fréchet between snapshots
    swings: float = 5.0  # of alternating sign among the last 8 steps
    worse: float = 0.3  # above the best Fréchet, as a share
    worse_span: float = 0.1  # of the images seen
    apart: float = 0.1  # above the lowest distance in a space, as a share, while the other space is at its own
    # --stop auto
    least_points: float = 4.0  # snapshots that a trend needs to be told
    stop_points: float = 6.0  # and to be acted on
    hope: float = 0.1  # of the distance: while so much may still be gained, being far from real is no failure
    trend: float = 4.0  # factor of images that it looks back over
    # how sure the gain to expect is: on one half of the recorded kinds nine of ten came true (docs/log.md)
    memory: float = 0.5  # of log images, over which a snapshot's weight falls to a third
    bends: float = 0.8  # of the slope: curves flatten
    scatter: float = 1.5  # standard errors
    turns: float = 0.2  # of the slope of a curve that stands: healthy ones go on
    checks: float = 12.0  # of the plan: where a trend is looked at, however often snapshots are taken
    stop_saves: float = 0.1  # of the plan: less is not worth an end before its time
    stop_gain: float = 0.05  # of the Fréchet distance, where --stop-gain does not say
    stop_failed: float = 0.25  # of the images seen for which a failure must have gone on
    stop_worse: float = 0.2  # the same for a run past its best
    stop_least: float = 0.1  # of the planned images: what goes wrong before that may yet come right


LIMITS = Limits()

PROBABILITIES = ("minimax", "non-saturating")  # objectives under which a sigmoid of D's logit is a probability
# The loss of a D that cannot tell.
GUESSING = {
    "least-squares": 0.25,
    "hinge": 2.0,
    "relativistic": math.log(2.0),
    "non-saturating": 2 * math.log(2.0),
    "minimax": 2 * math.log(2.0),
}
