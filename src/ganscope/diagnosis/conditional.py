"""Rules about a generator that is told a class: whether it obeys, and whether it varies inside each class.

Neither shows in a distance of all pictures: with the classes mixed up the pictures are the same, and one frozen class
among ten is hidden by the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.judged import Judged
from ganscope.diagnosis.known import read_off
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.series import Floats, number

NAMES = 8  # classes that a sentence lists
FEWEST_ASKED = 20  # pictures of a class, before it is said to be drawn as another


def condition_ignored(run: Judged) -> Finding | None:
    """Pictures that look like something, and not like the class that was asked for: of all classes, or of some."""
    obeyed = np.array(read_off(run.record.evals, "obedience", lambda line: obedience(line.get("per_class") or {})))
    # Noise on some of the pictures has no class; it is another finding, and its share can obey nothing.
    grain = np.nan_to_num(run.record.metric("rough") - run.record.metric("rough", "floor"))
    obeyed = obeyed / np.clip(1.0 - grain, 0.1, 1.0)
    # Of pictures that look like nothing other rules speak: no classifier can say what they are.
    start = run.since((obeyed < LIMITS.obeyed) & ~run.bad, span=LIMITS.worse_span)
    if start is None:
        return one_ignored(run)
    newest = run.record.evals[-1].get("per_class") or {}
    accuracy, floor, chance = (number(newest.get(name)) for name in ("accuracy", "floor", "chance"))
    return run.finding(
        condition_ignored,
        "failure" if obeyed[-1] < LIMITS.obeyed_little else "warning",
        start,
        f"The generator does not heed the class that it is asked for: {100 * accuracy:.0f} % of its pictures look like "
        f"it, of real pictures {100 * floor:.0f} %, of pictures that know nothing of it {100 * chance:.0f} %. Check "
        "that the labels belong to the images.",
        advice_to_heed(run),
        ("obeyed", "obeyed_little"),
        obeyed=obeyed[-1],
        accuracy=accuracy,
        accuracy_of_reals=floor,
        chance=chance,
    )


def one_ignored(run: Judged) -> Finding | None:
    """Some classes of which the generator draws others, though it heeds the rest."""
    evals = run.record.evals
    worst = np.array(read_off(evals, "worst obeyed", lambda line: lowest(obeyed_by_class(line.get("per_class") or {}))))
    start = run.since((worst < LIMITS.class_obeyed) & ~run.bad, span=LIMITS.worse_span)
    if start is None:
        return None
    newest = evals[-1].get("per_class") or {}
    kinds = np.flatnonzero(obeyed_by_class(newest) < LIMITS.class_obeyed)
    rows = np.array(newest["confusion"], np.float64)[kinds]
    own = rows[np.arange(len(kinds)), kinds] / rows.sum(axis=1)
    told = [
        f"of what it draws as {asked}, {100 * share:.0f} % looks like it and most like {drawn}"
        for asked, share, drawn in zip(names_of(run, kinds), own, names_of(run, rows.argmax(axis=1)), strict=True)
    ]
    return run.finding(
        condition_ignored,
        "warning",
        start,
        f"The generator does not heed {len(kinds)} of its classes: {'; '.join(told[:NAMES])}. Check that their labels "
        "belong to the images.",
        advice_to_heed(run),
        ("class_obeyed",),
        classes=float(len(kinds)),
        obeyed_least=worst[-1],
    )


def advice_to_heed(run: Judged) -> tuple[str, ...]:
    advice = run.advice
    return (advice.longer(2), advice.width("d_width", 2), *advice.penalties(0.1))


def class_collapsed(run: Judged) -> Finding | None:
    """A class in which one picture, or nearly one, comes again and again, while the others vary."""
    record = run.record
    least = np.array(read_off(record.evals, "least_variety", least_variety))
    varied = ~(record.over_floor("diversity") < LIMITS.diversity_low)  # else all of it has collapsed
    start = run.since((least < LIMITS.class_diversity) & varied & ~run.bad, span=LIMITS.worse_span)
    if start is None:
        return None
    kinds = np.flatnonzero(class_variety(record.evals[-1]) < LIMITS.class_diversity)
    names = names_of(run, kinds)
    listed = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
    advice = run.advice
    return run.finding(
        class_collapsed,
        "failure",
        start,
        f"In {'one class' if len(kinds) == 1 else f'{len(kinds)} classes'} the generator draws nearly the same picture "
        f"again and again: {listed}. There its pictures differ from one another {100 * least[-1]:.0f} % as much as "
        "real ones do.",
        (advice.lr("g_lr", 0.5), *advice.penalties(10.0), advice.width("g_width", 2)),
        ("class_diversity",),
        classes=float(len(kinds)),
        diversity_of_the_least=least[-1],
    )


def obedience(line: Mapping[str, Any]) -> float:
    """How well it obeys, between what knows nothing of the class (0) and real pictures of it (1)."""
    accuracy, floor, chance = (number(line.get(name)) for name in ("accuracy", "floor", "chance"))
    return (accuracy - chance) / (floor - chance) if floor > chance else math.nan


def least_variety(line: Mapping[str, Any]) -> float:
    """That of the class which varies least, NaN where none is known."""
    return lowest(class_variety(line))


def class_variety(line: Mapping[str, Any]) -> Floats:
    """The variety inside each class, of what fresh reals of that class have: `(K,)`, NaN where unknown."""
    told = line.get("per_class") or {}
    made, floor = told.get("diversity") or [], told.get("diversity_floor") or []
    pairs = [(number(a), number(b)) for a, b in zip(made, floor, strict=False)]
    return np.array([a / b if b > 0 else math.nan for a, b in pairs])


def obeyed_by_class(line: Mapping[str, Any]) -> Floats:
    """`obedience` of each class `(K,)`; NaN of one that was hardly asked for, `(0,)` where no classifier is."""
    rows = np.array(line.get("confusion") or np.zeros((0, 0)), np.float64)
    asked, floor = rows.sum(axis=1), number(line.get("floor"))
    chance = rows.sum(axis=0) / max(1.0, rows.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (np.diag(rows) / asked - chance) / (floor - chance)
    return np.where((asked >= FEWEST_ASKED) & (floor > chance), found, np.nan)


def lowest(values: Floats) -> float:
    """The least of those that are known, NaN where none is."""
    return float(np.nanmin(values)) if np.isfinite(values).any() else math.nan


def names_of(run: Judged, kinds: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """These classes by name, where the names are known."""
    known = run.record.settings.get("class_names") or []
    return [str(known[kind]) if kind < len(known) else f"number {kind}" for kind in kinds]
