"""Rules about the pictures: how good they are, how varied, whose they are, and whether they still get better."""

from __future__ import annotations

import math

import numpy as np

from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.judged import Judged
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.quality import GRADES
from ganscope.diagnosis.series import SPACES, Floats, Record, best_so_far
from ganscope.diagnosis.stopping import levels_off, outlook
from ganscope.metrics import missing

ENOUGH_IMAGES = (
    60_000  # seen: where 229 flags begin to look like flags; before 20,000 the defaults collapse (docs/log.md)
)
NAMES = 8  # kinds of picture that a sentence lists


def mode_collapse(run: Judged) -> Finding | None:
    """The fakes are one picture, or plausible twins of few, or of few kinds and not becoming more varied."""
    record = run.record
    diversity, precision = record.over_floor("diversity"), record.over_floor("precision")
    kinds, twin_share = record.effective_classes, record.metric("duplicate_rate")
    recall = record.over_floor("recall")
    # Of few fakes and small sets, some are twins by chance: as many as fresh real images are.
    excess = twin_share - record.floor("duplicate_rate", 0.0)
    twins = (excess > LIMITS.duplicates) & (precision > LIMITS.plausible)
    few = (diversity < LIMITS.diversity_low) | (kinds < LIMITS.classes_low)
    # Before anything looks real, sameness is a slow start or a D that has won.
    stuck = few & run.stalled & run.no_gain(LIMITS.window, "diversity") & (precision > LIMITS.plausible)
    one_picture = diversity < LIMITS.diversity_none
    # A collapsed generator that moves from picture to picture is at no time the same and at no time varied.
    drifting = (diversity < LIMITS.drifting) & (recall < LIMITS.recall_none) & (precision > LIMITS.plausible)
    start = run.since(one_picture | drifting | twins | stuck, span=LIMITS.worse_span)
    if start is None:
        return None
    percent = f"{100 * max(0.0, float(diversity[-1])):.0f} %"
    if one_picture[-1] or drifting[-1] or (stuck[-1] and diversity[-1] < LIMITS.diversity_low):
        how = "The generator draws nearly the same picture again and again: its pictures differ from one another only "
        how += f"{percent} as much as real ones do."
        limits: tuple[str, ...] = ("diversity_none", "drifting", "diversity_low", "recall_none")
        evidence = {"diversity": diversity[-1], "recall": recall[-1]}
    elif twins[-1]:
        how = (
            f"The generator repeats itself: {100 * float(twin_share[-1]):.0f} % of its pictures have a near twin among "
        )
        how += "the others."
        limits, evidence = ("duplicates", "plausible"), {"duplicate_rate": twin_share[-1], "precision": precision[-1]}
    else:
        how = f"The generator draws few kinds of picture: {100 * float(kinds[-1]):.0f} % as many as the data have."
        limits, evidence = ("classes_low", "plausible"), {"effective_classes": kinds[-1], "precision": precision[-1]}
    advice = run.advice
    if run.young:
        how += f" After {record.g_steps[-1]:,.0f} steps this may still pass."
    # Twins that thin out while quality rises are a phase that many runs pass.
    standing = bool(one_picture[-1] or drifting[-1] or run.stalled[-1] or run.unlearned)
    # A plan that is over too early for its networks needs more of it before anything else.
    more = (advice.longer(4),) if record.g_steps[-1] < LIMITS.young and not run.unlearned else ()
    return run.finding(
        mode_collapse,
        "failure" if standing and not run.young else "warning",
        start,
        how,
        (
            *advice.extremes(),
            *more,
            advice.lr("g_lr", 0.25),
            *advice.set(g_beta1=0.5, d_beta1=0.5),
            *advice.pack(),
            *advice.penalties(10.0),
            advice.width("g_width", 2),
        ),
        limits,
        **evidence,
    )


def memorisation(run: Judged) -> Finding | None:
    """Fakes lie nearer to training images than fresh real images do."""
    record = run.record
    plain, moved = (copied(record, name) for name in ("memorisation", "moved_copies"))
    start = run.since((plain > 0) | (moved > 0))
    if start is None:
        return None
    name = "memorisation" if not moved[-1] > plain[-1] + LIMITS.copies_many else "moved_copies"
    copies = record.metric(name) - np.nan_to_num(record.metric(name, "floor"))
    how = "" if name == "memorisation" else " mirrored, shifted or recoloured,"
    gap = record.logged("d_real") - record.logged("d_real", "tests")
    advice = run.advice
    return run.finding(
        memorisation,
        "failure" if copies[-1] > LIMITS.copies_many else "warning",
        start,
        f"The generator copies training images: {100 * copies[-1]:.0f} % more of its pictures than of fresh real ones "
        f"lie,{how} close to one of them.".replace("lie, close", "lie close"),
        (
            "more training images",
            *advice.set(flip=True),
            *advice.augment(),
            *advice.penalties(10.0),
            advice.width("d_width", 0.5),
            *advice.set(stop="auto"),
        ),
        ("copies", "copies_many"),
        copies=copies[-1],
        d_real_train_minus_test=gap[-1],
        num_images=advice.value("num_images", math.nan),
    )


def copied(record: Record, name: str) -> Floats:
    """By how much the share of copies exceeds what chance, its error and `Limits.copies` allow; `(S,)`, NaN unknown."""
    excess = record.metric(name) - np.nan_to_num(record.metric(name, "floor"))
    # Of few held-out images the nearest says what is normal, and fresh reals can lie nearer by chance.
    held_out = record.metric(name, "floor_num")
    chance = np.where(held_out < 199, 1.0 - LIMITS.chance ** (1.0 / np.maximum(held_out, 1.0)), 0.0)
    noise = (LIMITS.noise + 1) * np.nan_to_num(record.metric(name, "stderr"))
    return np.asarray(excess - np.maximum(np.maximum(LIMITS.copies, noise), chance))


def past_its_best(run: Judged) -> Finding | None:
    """Worse than the best snapshot, by more than the noise, for long enough."""
    record, errors = run.record, run.record.frechet_stderr
    best = best_so_far(record)
    if best[-1] < 0 or record.relative[best[-1]] > LIMITS.bad:
        return None
    excess, at_best = record.frechet - record.frechet[best], record.frechet[best]
    needed = np.maximum(LIMITS.worse * at_best, LIMITS.noise * np.hypot(errors, errors[best]))
    start = run.since(excess > needed, span=LIMITS.worse_span)
    if start is None:
        return None
    where, advice = int(record.images[best[-1]]), run.advice
    return run.finding(
        past_its_best,
        "warning",
        start,
        f"The generator was better before: the best is that of {where:,} images seen.",
        (
            "use the best snapshot, as ganscope sample does",
            *advice.set(stop="auto"),
            advice.ema(),
            advice.lr("d_lr", 0.5),
        ),
        ("worse", "worse_span"),
        frechet=record.frechet[-1],
        frechet_best=at_best[-1],
        best=where,
    )


def missing_modes(run: Judged) -> Finding | None:
    """Classes or clusters of the data that are absent, or nearly so, among fakes that otherwise look real."""
    real, fake = run.record.classes
    if not len(real):
        return None
    num_fake = np.nan_to_num(run.record.metric("class_kl", "num_fake"))
    absent = missing(real, fake, num_fake, run.record.class_stderr)
    starts = run.kinds_since(absent)
    if not starts:
        return None
    labels = kind_names(run, list(starts))
    shares = {f"share of {label}": fake[-1, k] for k, label in labels.items()}
    shares |= {f"share of {label} in the data": real[k] for k, label in labels.items()}
    listed = ", ".join(labels.values()) + (" and more" if len(starts) > NAMES else "")
    return run.finding(
        missing_modes,
        "warning",
        min(starts.values()),
        f"The generator leaves out {len(starts)} of {len(real)} kinds of picture: {listed}.",
        (*variety(run), run.advice.longer(2)),
        ("class_missing",),
        missing=len(starts),
        **shares,
    )


def uneven_classes(run: Judged) -> Finding | None:
    """A class comes out far more often than the data have it."""
    real, fake = run.record.classes
    if not len(real):
        return None
    often = np.maximum(LIMITS.class_frequent * real, real + LIMITS.class_excess)
    starts = run.kinds_since(fake - LIMITS.noise * run.record.class_stderr > often)
    if not starts:
        return None
    labels = kind_names(run, list(starts))
    shares = {f"share of {label}": fake[-1, k] for k, label in labels.items()}
    shares |= {f"share of {label} in the data": real[k] for k, label in labels.items()}
    told = ", ".join(
        f"{label} is {100 * fake[-1, k]:.0f} % (data: {100 * real[k]:.0f} %)" for k, label in labels.items()
    )
    return run.finding(
        uneven_classes,
        "warning",
        min(starts.values()),
        f"The generator draws some kinds of picture far too often: {told}.",
        (*variety(run), run.advice.width("g_width", 2)),
        ("class_frequent", "class_excess"),
        **shares,
    )


def variety(run: Judged) -> tuple[str, ...]:
    """What widens a generator that leaves something out."""
    usual = run.advice.default() if run.far[-1] else ()
    return (*run.advice.extremes(), *usual, *run.advice.pack(), run.advice.lr("g_lr", 0.5), *run.advice.penalties(3.0))


def kind_names(run: Judged, kinds: list[int]) -> dict[int, str]:
    """The first of these classes by name; clusters, which the class names of the data do not name, by number."""
    names = run.record.settings.get("class_names") or ()
    known = len(names) == len(run.record.classes[0])
    return {k: str(names[k]) if known else f"kind {k}" for k in kinds[:NAMES]}


def grainy(run: Judged) -> Finding | None:
    """Pictures with more fine detail than real ones have: noise, specks, a grid."""
    start, excess = outside(run, "rough")
    if start is None:
        return None
    advice = run.advice
    blur = advice.set(g_blur=True) if advice.settings.get("network") == "dcgan" else ()
    return run.finding(
        grainy,
        "warning",
        start,
        f"{100 * excess[-1]:.0f} % more of the pictures than of real ones are grainy: noise, specks or a grid.",
        (*blur, advice.ema(), *(advice.set(network="dcgan") if advice.settings.get("network") == "mlp" else ())),
        ("texture",),
        rough=excess[-1],
    )


def blurred(run: Judged) -> Finding | None:
    """Pictures with less fine detail than real ones have."""
    start, excess = outside(run, "smooth")
    if start is None:
        return None
    advice = run.advice
    return run.finding(
        blurred,
        "warning",
        start,
        f"{100 * excess[-1]:.0f} % more of the pictures than of real ones are blurred.",
        (advice.widths(2), advice.longer(2)),
        ("texture",),
        smooth=excess[-1],
    )


def outside(run: Judged, name: str) -> tuple[int | None, Floats]:
    """Since when too many pictures are outside the reals' fine detail, and how many; early pictures are grainy all."""
    record = run.record
    excess = record.metric(name) - np.nan_to_num(record.metric(name, "floor"))
    noise = (LIMITS.noise + 1) * np.nan_to_num(record.metric(name, "stderr"))
    # The most detailed of a few reals says what is normal, and fresh ones can have more by chance.
    reals = record.metric(name, "num_real")
    chance = np.where(reals < 199, 1.0 - LIMITS.rare ** (1.0 / np.maximum(reals, 1.0)), 0.0)
    clear = (excess > np.maximum(LIMITS.texture, noise)) & (record.metric(name) > chance)
    return run.since(clear, span=LIMITS.texture_span), excess


def too_slow(run: Judged) -> Finding | None:
    """Still improving, but at this rate the plan ends far from real."""
    record, ahead = run.record, outlook(run.record)
    start = run.since(run.far)
    if start is None or ahead is None or not LIMITS.far_plan <= run.done <= 0.95 or run.stalled[-1]:
        return None
    if run.worsening or not ahead.gain > 0:
        return None
    steps = math.log(record.planned / ahead.images) / math.log(ahead.until / ahead.images)
    left = run.qualities[-1].left
    final = left * (1 - ahead.most) ** steps
    if not final > LIMITS.far or ahead.fading:
        return None
    advice = run.advice
    return run.finding(
        too_slow,
        "warning",
        start,
        f"The training is too slow for its plan: at this rate {100 * final:.0f} % of the way to real pictures is left "
        "at its end.",
        (*advice.extremes(), *advice.default(), advice.longer(3), advice.lrs(2)),
        ("far",),
        left_at_the_end=final,
        left=left,
    )


def far_from_real(run: Judged) -> Finding | None:
    """The pictures are far from real, whatever the two networks say of one another."""
    quality = run.qualities[-1]
    start, behind = run.since(run.far), run.nothing_yet
    if start is None and behind:
        start = run.began(run.far, len(run.far) - 1)
    if start is None:
        return None
    long = run.since(run.far, span=LIMITS.unlearned_span if run.unlearned else LIMITS.far_span) is not None
    begun = math.isnan(run.done) or run.done >= LIMITS.far_plan
    # Variety can grow for long before the distance moves, and that is no failure.
    wider = np.isfinite(run.record.metric("recall")[-1]) and not run.no_gain(LIMITS.window, "recall")[-1]
    ahead = outlook(run.record)
    hope = ahead is not None and ahead.most > LIMITS.hope
    standing, over = run.worsening or (bool(run.stalled[-1]) and not wider and not hope), run.done >= 0.95
    # Far is a matter of degree, and such runs have stood for a third of their images and gone on; like nothing is not.
    worst = quality.grade == GRADES[0]
    severity = (
        "failure"
        if worst and long and begun and standing and (run.unlearned or not run.young)
        else "warning"
        if standing or over or behind
        else "info"
    )
    what = ", ".join(WORDS[name] for name in quality.lacking) or "likeness as a whole"
    how = "nothing like real ones" if worst else "far from real ones"
    still = "" if standing or over else " They are still getting better."
    late = f" That is so after {100 * run.done:.0f} % of the plan: trainings that came to something were past it."
    advice = run.advice
    return run.finding(
        far_from_real,
        severity,
        start,
        f"The pictures are {how}; what is lacking: {what}.{late if behind else still}",
        (
            *advice.extremes(),
            *advice.default(),
            *((advice.longer(max(3, ENOUGH_IMAGES / run.record.planned)),) if not standing else ()),
            advice.widths(2),
        ),
        ("far", "fidelity_far", "covered_far", *(("far_plan", "bad") if behind else ())),
        left=quality.left,
        fidelity=quality.fidelity,
        covered=quality.covered,
        **({"done": run.done, "frechet_over_untrained": float(run.record.relative[-1])} if behind else {}),
    )


WORDS = {
    "fidelity": "fidelity (too few pictures lie among the real ones)",
    "variety": "variety (too little of the data is reached)",
    "classes": "balance (some kinds come too often, others too seldom)",
    "detail": "fine detail (noise or blur)",
}


def spaces_disagree(run: Judged) -> Finding | None:
    """Texture gets better while structure gets worse, or the reverse; none of the two is known to be right."""
    record = run.record
    values = {name: record.metric(name) for name in SPACES}
    if not all(np.isfinite(found).all() for found in values.values()):
        return None
    gone = {}
    for name, found in values.items():
        best = np.array([int(np.argmin(found[: i + 1])) for i in range(len(found))])
        error = np.array([record.stderr_of_gain(int(b), i, name) for i, b in enumerate(best)])
        gone[name] = (found - found[best] > np.maximum(LIMITS.apart * found[best], LIMITS.noise * error), best)
    apart = gone["frechet"][0] ^ gone["structure"][0]
    start = run.since(apart, span=LIMITS.worse_span)
    if start is None:
        return None
    worse, better = ("structure", "texture") if gone["structure"][0][-1] else ("texture", "structure")
    name = "structure" if worse == "structure" else "frechet"
    where = int(gone[name][1][-1])
    return run.finding(
        spaces_disagree,
        "info",
        start,
        f"The measures disagree: by {worse} the pictures were better at {int(record.images[where]):,} images, by "
        f"{better} they are best now. The best snapshot is chosen by both; look at the pictures of both moments.",
        (),
        ("apart",),
        now=values[name][-1],
        then=values[name][where],
        at=record.images[where],
    )


def converged(run: Judged) -> Finding | None:
    """No gain worth having to expect, at a quality worth having."""
    record, ahead = run.record, levels_off(run.record)
    if not np.isfinite(record.frechet).any():
        return None
    if ahead is None or run.far[-1] or run.worsening or not run.ready[-1]:
        return None
    chosen = int(np.searchsorted(record.images, ahead.images / LIMITS.trend, "left"))
    return run.finding(
        converged,
        "info",
        chosen,
        f"Quality has levelled off: the trend of the last three quarters promises at most "
        f"{100 * max(0.0, ahead.most):.0f} % by {ahead.until:,} images.",
        (
            *run.advice.set(stop="auto"),
            run.advice.widths(2),
            run.advice.ema(),
        ),
        ("stop_gain",),
        gain_at_most=ahead.most,
        gain_expected=ahead.gain,
        frechet=record.frechet[-1],
        frechet_best=np.nanmin(record.frechet),
    )


def balanced(run: Judged) -> Finding | None:
    """D is ahead but not certain, and nothing is wrong: `diagnose` drops this beside any failure or warning."""
    known = np.isfinite(run.d_fake) | np.isfinite(run.d_loss_share)  # a watched training may not tell of its D
    fine = known & ~run.d_certain & ~(run.has_probabilities & (run.d_gap < 0)) & ~run.far
    start = run.since(fine)
    if start is None:
        return None
    scores = {"d_real": run.d_real[-1], "d_fake": run.d_fake[-1]}
    worth = f" The pictures are {run.qualities[-1].grade}." if run.qualities[-1].grade else ""
    sentence = "Neither network dominates the other." + worth
    return run.finding(balanced, "info", start, sentence, (), ("d_fake_low",), **scores)
