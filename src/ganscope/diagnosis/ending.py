"""When `--stop auto` ends a run.

It is judged at the twelfths of its plan, so that the end does not depend on how many snapshots are taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ganscope.diagnosis.known import Line, read_off
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.rules import diagnose
from ganscope.diagnosis.series import Record, images_seen


def stop_reason(history: Sequence[Line], tests: Sequence[Line], evals: Sequence[Line], settings: Line) -> str | None:
    """Why `--stop auto` should end the run now, with the figures; None to go on.

    It stops later than it warns: a failure must have gone on for `Limits.stop_failed` of the images seen, and nothing
    stops before `Limits.stop_least` of those planned (`epochs` times `num_images` of the settings, where given), nor
    between the places of the plan that it is judged at. The arguments are those of `diagnose`.
    """
    kept = at_checks(evals, settings)
    if not kept:
        return None
    record = Record((), (), kept, settings)
    if record.images[-1] < LIMITS.stop_least * np.nan_to_num(record.planned):
        return None
    for finding in diagnose(history, tests, kept, settings):
        span = (finding.last - finding.first) / max(1, finding.last)
        worst = LIMITS.stop_failed if finding.severity == "failure" else math.inf
        if finding.id == "past_its_best" and record.fading_until <= record.images[-1]:
            worst = LIMITS.stop_worse
        saves = not record.planned * (1 - LIMITS.stop_saves) < record.images[-1]
        if (finding.id == "converged" and saves) or span >= worst:
            told = {known.id: known for known in diagnose(history, tests, evals, settings)}
            finding = told.get(finding.id, finding)  # the same of all snapshots, at their own images
            figures = ", ".join(f"{name} {value:.3g}" for name, value in finding.evidence.items())
            word = "failed, " if finding.severity == "failure" else ""
            return f"{word}{finding.id} since {finding.first:,} images ({figures}). {finding.sentence}"
    return None


def at_checks(evals: Sequence[Line], settings: Line) -> Sequence[Line]:
    """The first line and those nearest to the twelfths of the plan so far, as if they had been measured exactly there.

    None unless the newest is one of these. Without a plan, or beyond it, every line.
    """
    images = np.array(read_off(evals, "images_seen", images_seen), dtype=np.float64)
    planned = Record((), (), evals, settings).planned if len(evals) else math.nan
    if not planned >= (images[-1] if len(images) else 0):
        return evals
    # A snapshot is the nearest to a place if the next one, as far away as the last, will not be nearer.
    reached = images + np.diff(images, prepend=0.0) / 2
    places = planned / LIMITS.checks * np.arange(1, math.floor(LIMITS.checks * reached[-1] / planned + 1e-6) + 1)
    nearest = dict(zip(np.searchsorted(reached, places - 1e-6 * planned).tolist(), places, strict=True))
    if len(images) - 1 not in nearest:
        return []
    return [evals[0], *(dict(evals[i]) | {"images_seen": int(place)} for i, place in nearest.items() if i > 0)]
