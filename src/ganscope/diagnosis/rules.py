"""What is going wrong, by which numbers, and what to try next.

Each rule is one function and its name is the finding's id; `RULES` lists them in the order in which a verdict names
them. A rule marks the snapshots at which its condition held and fires when it has held at the newest ones for long
enough. So a finding is about now; one that has passed is told as passed.

Fréchet counts as a share of the untrained generator's, everything else as a share of what real data score, so that no
rule depends on the scale of a feature space; "no gain" means none beyond the metric's own noise.
Not covered: runs without metrics. Losses that are not finite end a training
with an error of their own (`train.log_interval`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from ganscope.diagnosis.advice import consistent
from ganscope.diagnosis.conditional import class_collapsed, condition_ignored
from ganscope.diagnosis.finding import SEVERITIES, Finding
from ganscope.diagnosis.game import (
    discriminator_wins,
    divergence,
    fooling_with_garbage,
    learned_by_heart,
    oscillation,
    vanishing_gradient,
)
from ganscope.diagnosis.judged import Judged
from ganscope.diagnosis.known import Line, each
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.pictures import (
    balanced,
    blurred,
    converged,
    far_from_real,
    grainy,
    memorisation,
    missing_modes,
    mode_collapse,
    past_its_best,
    spaces_disagree,
    too_slow,
    uneven_classes,
)
from ganscope.diagnosis.quality import GRADES, quality_now
from ganscope.diagnosis.series import Record
from ganscope.diagnosis.stopping import outlook

RULES: dict[str, Callable[[Judged], Finding | None]] = {
    rule.__name__: rule
    for rule in (
        vanishing_gradient, fooling_with_garbage, memorisation, mode_collapse, condition_ignored, class_collapsed,
        discriminator_wins, divergence, learned_by_heart, past_its_best, oscillation, grainy, blurred, missing_modes,
        uneven_classes, too_slow, far_from_real, spaces_disagree, converged, balanced,
    )
}  # fmt: skip  # causes before what they bring with them: copies of few images are alike, D tells one picture easily
ORDER = list(RULES)
ABOUT_THE_PLAN = (
    too_slow.__name__,
    far_from_real.__name__,
)  # these do not pass: the plan ends, or the pictures are good
GOOD_NEWS = (balanced.__name__, converged.__name__)


def diagnose(history: Sequence[Line], tests: Sequence[Line], evals: Sequence[Line], settings: Line) -> list[Finding]:
    """The findings that hold at the newest snapshot, gravest first, and last what has passed.

    Args:
        history: lines of history.jsonl, oldest first; those after the newest snapshot are not looked at.
        tests: lines of test.jsonl.
        evals: lines of evals.jsonl up to the snapshot that is judged; of the findings of the earlier ones only the
            names are read, to say which have passed.
        settings: the resolved config (`objective`, `g_lr`, `d_lr`, `g_steps`), with `num_images` and `class_names`
            where known. What is missing is taken at its default.
    """
    if not evals:
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        run = Judged(Record(history, tests, evals, settings))
        found = [finding for rule in RULES.values() if (finding := rule(run)) is not None]
    # Good news is never a headline beside trouble, nor of pictures that are far from real.
    troubled = any(finding.severity != "info" or finding.id == far_from_real.__name__ for finding in found)
    found = [finding for finding in found if not (troubled and finding.id in GOOD_NEWS)]
    found = sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), ORDER.index(finding.id)))
    # What explains the distance from real comes before that distance, however grave it is; of pictures that are like
    # nothing, grain and blur explain nothing.
    effects: tuple[str, ...] = (far_from_real.__name__,)
    if run.qualities[-1].grade == GRADES[0]:
        effects = (*effects, grainy.__name__, blurred.__name__)
    explained = [finding for finding in found if finding.id not in effects and finding.severity != "info"]
    rest = sorted(
        (finding for finding in found if finding not in explained), key=lambda finding: place(finding, effects)
    )
    found = [*explained, *rest]
    return consistent([*found, *passed(found, evals)])


def place(finding: Finding, effects: tuple[str, ...]) -> int:
    """Where an effect stands among the others; what is no effect comes after them."""
    return effects.index(finding.id) if finding.id in effects else len(effects)


def passed(found: Sequence[Finding], evals: Sequence[Line]) -> list[Finding]:
    """What an earlier snapshot was warned of and this one is not: said once it is over, in one finding."""
    last = each(evals, "warned of", functools.partial(warned_of, evals))[-2] if len(evals) > 1 else {}
    over = {name: span for name, span in last.items() if name not in {finding.id for finding in found}}
    over = {name: span for name, span in over.items() if name not in ABOUT_THE_PLAN}
    if not over:
        return []
    told = "; ".join(f"{name} ({first:,} to {end:,} images)" for name, (first, end) in over.items())
    start, end = min(first for first, _ in over.values()), int(evals[-1]["images_seen"])
    evidence = {f"{name} until": float(until) for name, (_, until) in over.items()}
    return [Finding("passed", "info", start, end, evidence, {}, f"Over: {told}.", ())]


def warned_of(
    evals: Sequence[Line], i: int, earlier: Sequence[dict[str, tuple[int, int]]]
) -> dict[str, tuple[int, int]]:
    """Each finding that a user was warned of up to line `i`: where it began first, and the last line that names it."""
    last = dict(earlier[-1]) if earlier else {}
    for finding in evals[i].get("findings") or ():
        if finding.get("severity") in ("failure", "warning"):
            first = last.get(finding["id"], (int(finding["first"]), 0))[0]
            last[finding["id"]] = (min(first, int(finding["first"])), int(evals[i]["images_seen"]))
    return last


def verdict(findings: Sequence[Finding], evals: Sequence[Line], settings: Line | None = None) -> str:
    """The state of the run in one line: quality against the floor, the state of the game, what to do next.

    `settings` as `diagnose` takes them: with them, an unfinished plan says what it still promises.
    """
    now = quality_now(evals)
    quality = str(now)
    lead = f"{quality[0].upper()}{quality[1:]}. " if quality else ""
    current = [finding for finding in findings if finding.id != "passed"]
    over = "".join(f" {finding.sentence}" for finding in findings if finding.id == "passed")
    if not current:  # a D that nothing is known of, or that is sure while G still learns
        silent = "No fault shows in the pictures." if now.grade in GRADES[3:] else "No rule names what keeps it there."
        rest = (unjudged(evals, settings) + expected(evals, settings)).strip() or silent
        if not evals:
            return "too early to say"
        return f"{lead or 'Nothing could be measured. '}{rest}{over}"
    first, *others = current
    also = ", ".join(finding.id for finding in others if finding.severity != "info")
    word = {"failure": "failing: ", "warning": "warning: ", "info": ""}[first.severity]
    line = f"{lead}{word}{first.id} since {first.first:,} images. {first.sentence}"
    line += f" Also: {also}." if also else ""
    line += f" Try: {first.advice[0]}." if first.advice and first.severity != "info" else ""
    return line + expected(evals, settings) + over


def unjudged(evals: Sequence[Line], settings: Line | None) -> str:
    """What too few snapshots leave open, and what they were; empty where the rules have had enough of them to speak.

    The words hold of a run that is over as of one that goes on: who watches a training is not told its plan.
    """
    record = Record((), (), evals, settings or {})
    count, late, needed = len(evals), int((record.g_steps >= LIMITS.warm_up).sum()), int(LIMITS.patience)
    if not evals or late >= needed:
        return ""
    steps = f"the first {LIMITS.warm_up:.0f} steps of G"
    when = f"{late or 'none'} of them after" if count > 1 else f"taken {'after' if late else 'in'}"
    known = record.frechet[np.isfinite(record.frechet)]
    went = f" Over these, Fréchet went from {known[0]:.3g} to {known[-1]:.3g}." if len(known) > 1 else ""
    yet = " yet" if record.planned > record.images[-1] else ""
    return (
        f"Judged from {count} snapshot{'s' * (count > 1)}, {when} {steps}.{went} Collapse, oscillation, standing still "
        f"and getting worse show over {needed} snapshots after these steps: not judged{yet}."
    )


def joined(findings: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """The findings of `diagnose` in their order, with those of another source among them by how grave they are."""
    result = list(findings)
    for other in others:
        grave = SEVERITIES.index(other.severity)
        at = next((i for i, known in enumerate(result) if SEVERITIES.index(known.severity) > grave), len(result))
        result.insert(at, other)
    return result


def expected(evals: Sequence[Line], settings: Line | None) -> str:
    """What the rest of the plan still promises, in words; empty at its end, or where the record is too short."""
    record = Record((), (), evals, settings or {})
    if settings is None or not evals or not record.planned > record.images[-1]:
        return ""
    with np.errstate(invalid="ignore", divide="ignore"):
        ahead = outlook(record)
    return f" Expected: {ahead}." if ahead is not None and math.isfinite(ahead.gain) else ""
