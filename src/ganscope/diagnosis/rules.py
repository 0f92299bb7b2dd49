"""What is going wrong, by which numbers, and what to try next.

Each rule is one function and its name is the finding's id; `RULES` at the end lists them in the order in which a
verdict names them. A rule marks the snapshots at which its condition held and fires when it has held at the newest
ones for long enough. So a finding is about now, and one that has passed goes away.

Fréchet counts as a share of the untrained generator's, everything else as a share of what real data score, so that no
rule depends on the scale of a feature space; "no gain" means none beyond the metric's own noise.
Not covered: runs without metrics; conditional models that ignore the label. Losses that are not finite end a training
with an error of their own (`train.log_interval`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganscope.diagnosis.finding import SEVERITIES, Finding, figure
from ganscope.diagnosis.limits import GUESSING, LIMITS, PROBABILITIES
from ganscope.diagnosis.series import Flags, Floats, Line, Record, best_so_far, number


class _Judged:
    """A record with the judgements that several rules share; `(S,) bool` each."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.objective = str(record.settings.get("objective", "non-saturating"))
        self.has_probabilities = self.objective in PROBABILITIES
        self.ready: Flags = record.g_steps >= LIMITS.warm_up
        coverage = record.over_floor("coverage")
        self.stalled = self.standing(LIMITS.window)
        self.bad: Flags = (record.relative > LIMITS.bad) | (coverage < LIMITS.bad_coverage)
        self.d_real, self.d_fake = record.logged("d_real"), record.logged("d_fake_before")
        self.d_gap: Floats = self.d_real - self.d_fake
        # Of a guessing D's. The loss of Wasserstein has no such scale, and one with a penalty in it neither.
        penalised = any(record.settings.get(name) for name in ("r1", "r2", "gradient_penalty"))
        guessing = math.nan if penalised else GUESSING.get(self.objective, math.nan)
        self.d_loss_share: Floats = record.logged("d_loss") / guessing
        by_score, by_loss = self.d_fake < LIMITS.d_fake_low, self.d_loss_share < LIMITS.d_loss_won
        self.d_certain: Flags = by_score if self.has_probabilities else by_loss

    def no_gain(self, window: float, name: str = "frechet") -> Flags:
        record, sign = self.record, 1.0 if name == "frechet" else -1.0
        return record.no_gain(
            sign * record.metric(name),
            np.nan_to_num(record.metric(name, "stderr")),
            window=window,
            gain=LIMITS.gain,
            noise=LIMITS.noise,
            least=int(LIMITS.confirmed),
        )

    def standing(self, window: float) -> Flags:
        """No gain in Fréchet nor in coverage: a slow start can widen for long before its Fréchet distance moves."""
        no_wider = np.isnan(self.record.metric("coverage")) | self.no_gain(window, "coverage")
        return np.asarray(self.no_gain(window) & no_wider)

    def since(self, holds: Flags, *, least: float = LIMITS.patience, span: float = 0.0) -> int | None:
        """Where `holds` began, counted from the end of the warm-up, if it has held for long enough."""
        return self.record.streak(holds & self.ready, least=int(least), span=span)

    def lr(self, name: str, factor: float) -> str:
        """The flag that multiplies a learning rate."""
        return f"--{name.replace('_', '-')} {factor * float(self.record.settings.get(name) or 2e-4):.2g}"

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


def vanishing_gradient(run: _Judged) -> Finding | None:
    """The minimax loss of G is flat where D is certain, so G stands still (Goodfellow et al. 2014, section 3)."""
    if run.objective != "minimax":
        return None
    score, norm = run.record.logged("d_fake_after"), run.record.logged("g_grad_norm")
    start = run.since((score < LIMITS.d_fake_vanished) & run.stalled & run.bad, least=LIMITS.confirmed)
    if start is None:
        return None
    return run.finding(
        vanishing_gradient,
        "failure",
        start,
        "The generator gets almost no signal: the discriminator is sure of every fake, and there this loss is flat.",
        ("--objective non-saturating", run.lr("d_lr", 0.1), "--d-steps 1"),
        ("d_fake_vanished", "window", "bad"),
        d_fake_after=score[-1],
        g_grad_norm=norm[-1],
        g_grad_norm_most=np.nanmax(norm),
    )


def discriminator_wins(run: _Judged) -> Finding | None:
    """D tells every fake and G no longer improves, though its pictures are still bad."""
    start = run.since(run.d_certain & run.stalled & run.bad, least=LIMITS.confirmed)
    if start is None:
        return None
    return run.finding(
        discriminator_wins,
        "failure",
        start,
        "The discriminator is too strong: it recognises every fake, and the generator has stopped learning from it.",
        (run.lr("d_lr", 0.25), run.lr("g_lr", 2.0), "--d-steps 1", "--instance-noise 0.1", "a larger --g-width"),
        ("d_fake_low", "d_loss_won", "window", "bad"),
        d_real=run.d_real[-1],
        d_fake=run.d_fake[-1],
        d_loss=run.record.logged("d_loss")[-1],
        frechet_over_untrained=run.record.relative[-1],
    )


def fooling_with_garbage(run: _Judged) -> Finding | None:
    """D takes bad fakes for reals: G's loss is low or falls while fidelity does not improve."""
    lead = run.d_gap if run.has_probabilities else 1 - run.d_loss_share
    blind, fooled = lead < LIMITS.d_gap_blind, lead < LIMITS.d_gap_fooled
    start = run.since((blind | fooled & run.stalled) & run.bad, span=LIMITS.worse_span)
    if start is None:
        return None
    g_loss = run.record.logged("g_loss")
    return run.finding(
        fooling_with_garbage,
        "failure",
        start,
        "The discriminator cannot tell the fakes from the reals, yet they look nothing alike: it is too weak or slow, "
        "or its labels are wrong.",
        (run.lr("d_lr", 10.0), "--label-real 0.9 --label-fake 0", "--g-steps 1", "a larger --d-width"),
        ("d_gap_blind", "d_gap_fooled", "bad", "bad_coverage"),
        d_gap=run.d_gap[-1],
        g_loss=g_loss[-1],
        g_loss_first=g_loss[np.isfinite(g_loss)][0],
        frechet_over_untrained=run.record.relative[-1],
    )


def mode_collapse(run: _Judged) -> Finding | None:
    """The fakes are one picture, or plausible twins of few, or of few kinds and not becoming more varied."""
    record = run.record
    diversity, precision = record.over_floor("diversity"), record.over_floor("precision")
    kinds = record.effective_classes
    twin_share = record.metric("duplicate_rate")
    twins = (twin_share > LIMITS.duplicates) & (precision > LIMITS.plausible)
    few = (diversity < LIMITS.diversity_low) | (kinds < LIMITS.classes_low)
    # Before anything looks real, sameness is a slow start or a D that has won.
    stuck = few & run.stalled & run.no_gain(LIMITS.window, "diversity") & (precision > LIMITS.plausible)
    one_picture = diversity < LIMITS.diversity_none
    start = run.since(one_picture | twins | stuck, span=LIMITS.worse_span)
    if start is None:
        return None
    # Twins that thin out while quality rises are a phase that many runs pass.
    return run.finding(
        mode_collapse,
        "failure" if one_picture[-1] or run.stalled[-1] else "warning",
        start,
        "The generator draws nearly the same picture again and again: its pictures differ from one another only "
        f"{100 * max(0.0, float(diversity[-1])):.0f} % as much as real ones do.",
        (run.lr("g_lr", 0.25), "--g-beta1 0.5 --d-beta1 0.5", "--pack 2", "--r1 1", "a larger --g-width"),
        ("diversity_none", "diversity_low", "classes_low", "duplicates", "plausible"),
        diversity=diversity[-1],
        effective_classes=kinds[-1],
        duplicate_rate=twin_share[-1],
        recall=record.metric("recall")[-1],
    )


def memorisation(run: _Judged) -> Finding | None:
    """Fakes lie nearer to training images than fresh real images do."""
    record = run.record
    copies = record.metric("memorisation") - record.floor("memorisation", 0.0)
    noise = (LIMITS.noise + 1) * np.nan_to_num(record.metric("memorisation", "stderr"))
    start = run.since(copies > np.maximum(LIMITS.copies, noise))
    if start is None:
        return None
    gap = record.logged("d_real") - record.logged("d_real", "tests")
    return run.finding(
        memorisation,
        "failure" if copies[-1] > LIMITS.copies_many else "warning",
        start,
        f"The generator copies training images: {100 * copies[-1]:.0f} % of its pictures lie closer to one of them "
        "than fresh real pictures do.",
        ("train on more images", "--flip true", "--r1 1", "a smaller --d-width", "fewer --epochs, or --stop auto"),
        ("copies", "copies_many"),
        copies=copies[-1],
        d_real_train_minus_test=gap[-1],
        num_images=number(record.settings.get("num_images")),
    )


def divergence(run: _Judged) -> Finding | None:
    """Fakes that became worse than untrained ones, or lost all that was learned."""
    relative = run.record.relative
    best = np.fmin.accumulate(relative)
    lost = (relative > LIMITS.exploded) | (relative > LIMITS.relapse * best) & (relative > LIMITS.bad)
    start = run.since(lost)
    if start is None:
        return None
    return run.finding(
        divergence,
        "failure",
        start,
        "The training has blown up: the pictures are worse than before it began, or what was learned is lost.",
        (run.lr("g_lr", 0.25), run.lr("d_lr", 0.25), "--r1 1", "--precision float32"),
        ("exploded", "relapse", "bad"),
        frechet_over_untrained=relative[-1],
        best_over_untrained=best[-1],
    )


def past_its_best(run: _Judged) -> Finding | None:
    """Worse than the best snapshot, by more than the noise, for long enough."""
    record, errors = run.record, run.record.frechet_stderr
    best = best_so_far(record.frechet, errors)
    if best[-1] < 0 or record.relative[best[-1]] > LIMITS.bad:
        return None
    excess, at_best = record.frechet - record.frechet[best], record.frechet[best]
    needed = np.maximum(LIMITS.worse * at_best, LIMITS.noise * np.hypot(errors, errors[best]))
    start = run.since(excess > needed, span=LIMITS.worse_span)
    if start is None:
        return None
    where = int(record.images[best[-1]])
    return run.finding(
        past_its_best,
        "warning",
        start,
        f"The generator was better before: the best is that of {where:,} images seen.",
        ("use the best snapshot, as ganscope sample does", "--stop auto", "--ema-half-life 10000", run.lr("d_lr", 0.5)),
        ("worse", "worse_span"),
        frechet=record.frechet[-1],
        frechet_best=at_best[-1],
        best=where,
    )


def oscillation(run: _Judged) -> Finding | None:
    """Quality jumps up and down from snapshot to snapshot."""
    logs = np.log(np.maximum(run.record.frechet, 1e-12))[run.ready]
    steps = np.diff(logs)[-8:]
    big = steps[np.abs(steps) > math.log1p(LIMITS.swing)]
    swings = 1 + int((np.diff(np.sign(big)) != 0).sum()) if len(big) else 0
    if swings < LIMITS.swings:
        return None
    return run.finding(
        oscillation,
        "warning",
        len(run.ready) - 1 - len(steps),
        "Quality jumps up and down: the two networks chase each other instead of settling.",
        (run.lr("g_lr", 0.5), run.lr("d_lr", 0.5), "--ema-half-life 10000", "a larger --batch-size"),
        ("swing", "swings"),
        swings=swings,
        median_swing=float(np.median(np.expm1(np.abs(big)))),
    )


def missing_modes(run: _Judged) -> Finding | None:
    """Classes or clusters of the data that are absent, or nearly so, among fakes that otherwise look real."""
    real, fake = run.record.classes
    if not len(real):
        return None
    expected = np.nan_to_num(run.record.metric("class_kl", "num_fake"))[:, None] * real
    absent = (fake < LIMITS.class_missing * real) & (expected >= LIMITS.class_expected) & ~run.bad[:, None]
    starts = {k: start for k, column in enumerate(absent.T) if (start := run.since(column)) is not None}
    if not starts:
        return None
    names = run.record.settings.get("class_names") or ()
    # Kinds may also be clusters, which the class names of the data do not name.
    labels = {k: str(names[k]) if len(names) == len(real) else f"kind {k}" for k in list(starts)[:8]}
    shares = {f"share of {label}": fake[-1, k] for k, label in labels.items()}
    shares |= {f"share of {label} in the data": real[k] for k, label in labels.items()}
    listed = ", ".join(labels.values()) + (" and more" if len(starts) > 8 else "")
    return run.finding(
        missing_modes,
        "warning",
        min(starts.values()),
        f"The generator leaves out {len(starts)} of {len(real)} kinds of picture: {listed}.",
        ("train longer", "--pack 2", run.lr("g_lr", 0.5), "--r1 1"),
        ("class_missing", "class_expected"),
        missing=len(starts),
        **shares,
    )


def converged(run: _Judged) -> Finding | None:
    """No gain beyond noise for a long time, at a quality worth having."""
    frechet, images = run.record.frechet, run.record.images
    worse = frechet > (1 + LIMITS.worse) * np.fmin.accumulate(frechet)
    start = run.since(run.standing(LIMITS.plateau) & ~run.bad & ~worse, least=1)
    if start is None:
        return None
    since = int(np.searchsorted(images, (1 - LIMITS.plateau) * images[start], "right")) - 1
    return run.finding(
        converged,
        "info",
        since,
        "Quality has stopped improving; more training will hardly help.",
        ("--stop auto", "for better pictures: larger --g-width and --d-width, or --ema-half-life 10000"),
        ("plateau", "gain"),
        frechet=frechet[-1],
        frechet_best=np.nanmin(frechet),
    )


def balanced(run: _Judged) -> Finding | None:
    """D is ahead but not certain, and nothing is wrong: `diagnose` drops this beside any failure or warning."""
    start = run.since(~run.d_certain & ~(run.has_probabilities & (run.d_gap < 0)))
    if start is None:
        return None
    scores = {"d_real": run.d_real[-1], "d_fake": run.d_fake[-1]}
    return run.finding(balanced, "info", start, "Neither network dominates the other.", (), ("d_fake_low",), **scores)


RULES: dict[str, Callable[[_Judged], Finding | None]] = {
    rule.__name__: rule
    for rule in (
        vanishing_gradient, fooling_with_garbage, memorisation, mode_collapse, discriminator_wins, divergence,
        past_its_best, oscillation, missing_modes, converged, balanced,
    )
}  # fmt: skip  # causes before what they bring with them: copies of few images are alike, D tells one picture easily


def diagnose(history: Sequence[Line], tests: Sequence[Line], evals: Sequence[Line], settings: Line) -> list[Finding]:
    """The findings that hold at the newest snapshot, gravest first.

    Args:
        history: lines of history.jsonl, oldest first; those after the newest snapshot are not looked at.
        tests: lines of test.jsonl.
        evals: lines of evals.jsonl up to the snapshot that is judged; their findings are not read.
        settings: the resolved config (`objective`, `g_lr`, `d_lr`, `g_steps`), with `num_images` and `class_names`
            where known. What is missing is taken at its default.
    """
    if not evals:
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        run = _Judged(Record(history, tests, evals, settings))
        found = [finding for rule in RULES.values() if (finding := rule(run)) is not None]
    troubled = any(finding.severity != "info" for finding in found)
    found = [finding for finding in found if not (troubled and finding.id == balanced.__name__)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def verdict(findings: Sequence[Finding], evals: Sequence[Line]) -> str:
    """The state of the run in one line: the gravest finding, the quality beside its floor, what else was found."""
    entry = ((evals[-1].get("metrics") or {}) if evals else {}).get("frechet") or {}
    value, floor = number(entry.get("value")), number(entry.get("floor"))
    beside = f", floor {figure(floor, 2)}" if math.isfinite(floor) else ""
    figures = f" (Fréchet {figure(value, 3)}{beside})" if math.isfinite(value) else ""
    if not findings:
        return f"too early to say{figures}"
    first, *others = findings
    also = ", ".join(finding.id for finding in others if finding.severity != "info")
    word = {"failure": "failing: ", "warning": "warning: ", "info": ""}[first.severity]
    line = f"{word}{first.id} since {first.first:,} images{figures}. {first.sentence}"
    return f"{line} Also: {also}." if also else line


def best_snapshot(evals: Sequence[Line], metric: str = "frechet") -> int | None:
    """`images_seen` of the best snapshot beyond noise (`record.best_so_far`); None where `metric` is not measured."""
    if not evals:
        return None
    record = Record((), (), evals, {})
    higher = any(((line.get("metrics") or {}).get(metric) or {}).get("better") == "higher" for line in evals)
    best = int(best_so_far((-1.0 if higher else 1.0) * record.metric(metric), record.metric(metric, "stderr"))[-1])
    return int(record.images[best]) if best >= 0 else None


def stop_reason(findings: Sequence[Finding], evals: Sequence[Line], settings: Line) -> str | None:
    """Why `--stop auto` should end the run now, with the figures; None to go on.

    It stops later than it warns: a failure must have gone on for `Limits.stop_failed` of the images seen, and nothing
    stops before `Limits.stop_least` of those planned (`epochs` times `num_images` of the settings, where given).
    """
    planned = float(settings.get("epochs") or 0) * float(settings.get("num_images") or 0)
    if not evals or evals[-1]["images_seen"] < LIMITS.stop_least * planned:
        return None
    for finding in findings:
        span = (finding.last - finding.first) / max(1, finding.last)
        needed = {past_its_best.__name__: LIMITS.stop_worse, converged.__name__: LIMITS.plateau}.get(
            finding.id, LIMITS.stop_failed if finding.severity == "failure" else math.inf
        )
        if span >= needed:
            figures = ", ".join(f"{name} {value:.3g}" for name, value in finding.evidence.items())
            word = "failed, " if finding.severity == "failure" else ""
            return f"{word}{finding.id} since {finding.first:,} images ({figures}). {finding.sentence}"
    return None
