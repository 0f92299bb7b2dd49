"""Rules about the game: which of the two networks is ahead, and whether they still learn from one another."""

from __future__ import annotations

import math

import numpy as np

from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.judged import Judged
from ganscope.diagnosis.known import read_off
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.series import number


def vanishing_gradient(run: Judged) -> Finding | None:
    """The minimax loss of G is flat where D is certain, so G stands still (Goodfellow et al. 2014, section 3)."""
    if run.objective != "minimax":
        return None
    score, norm = run.record.logged("d_fake_after"), run.record.logged("g_grad_norm")
    start = run.since((score < LIMITS.d_fake_vanished) & run.stalled & run.bad, least=LIMITS.confirmed)
    if start is None:
        return None
    first = (*run.advice.set(objective="non-saturating"), *run.advice.extremes()[-1:])
    return run.finding(
        vanishing_gradient,
        "failure",
        run.began((score < LIMITS.d_fake_vanished) & run.bad, start),
        "The generator gets almost no signal: the discriminator is sure of every fake, and there this loss is flat.",
        (
            *((" ".join(first),) if first else ()),
            run.advice.lr("d_lr", 0.1),
            *run.advice.set(d_steps=1),
        ),
        ("d_fake_vanished", "window", "bad"),
        d_fake_after=score[-1],
        g_grad_norm=norm[-1],
        g_grad_norm_most=np.nanmax(norm),
    )


def discriminator_wins(run: Judged) -> Finding | None:
    """D tells every fake and G no longer improves, though its pictures are still bad."""
    start = run.since(run.d_certain & run.stalled & run.bad, least=LIMITS.confirmed)
    if start is None:
        return None
    advice = run.advice
    return run.finding(
        discriminator_wins,
        "failure",
        run.began(run.d_certain & run.bad, start),
        "The discriminator is too strong: it recognises every fake, and the generator has stopped learning from it.",
        (
            *advice.extremes(),
            advice.lr("d_lr", 0.25),
            advice.lr("g_lr", 2.0),
            *advice.set(d_steps=1),
            *advice.set(instance_noise=0.1),
            advice.width("g_width", 2),
        ),
        ("d_fake_low" if run.has_probabilities else "d_loss_won", "window", "bad"),
        d_real=run.d_real[-1],
        d_fake=run.d_fake[-1],
        d_loss=run.record.logged("d_loss")[-1],
        d_loss_share=run.d_loss_share[-1],
        frechet_over_untrained=run.record.relative[-1],
    )


def fooling_with_garbage(run: Judged) -> Finding | None:
    """D takes bad fakes for reals: G's loss is low or falls while fidelity does not improve."""
    lead = run.lead
    blind, fooled = lead < LIMITS.d_gap_blind, lead < LIMITS.d_gap_fooled
    start = run.since((blind | fooled & run.stalled) & run.bad, span=LIMITS.worse_span)
    if start is None:
        return None
    g_loss, advice = run.record.logged("g_loss"), run.advice
    smoothed = advice.value("label_real", 1.0) != 0.9 or advice.value("label_fake") != 0.0
    smoothed = smoothed and not advice.foreign
    labels = ("--label-real 0.9 --label-fake 0",) if run.has_probabilities and smoothed else ()
    return run.finding(
        fooling_with_garbage,
        "failure",
        start,
        "The discriminator cannot tell the fakes from the reals, yet they look nothing alike: it is too weak, too slow "
        "or too tightly bound, or its labels are wrong.",
        (
            *advice.extremes(),
            advice.lr("d_lr", 10.0),
            *labels,
            *advice.set(g_steps=1),
            advice.width("d_width", 2),
        ),
        ("d_gap_blind", "d_gap_fooled", "bad", "bad_coverage"),
        d_lead=lead[-1],
        g_loss=g_loss[-1],
        g_loss_first=g_loss[np.isfinite(g_loss)][0] if np.isfinite(g_loss).any() else math.nan,
        frechet_over_untrained=run.record.relative[-1],
    )


def learned_by_heart(run: Judged) -> Finding | None:
    """D is sure of the images that it was trained on and unsure of real images that it was not."""
    guess = run.record.logged("d_loss") / run.d_loss_share
    train, held_out = run.d_loss_share, run.record.logged("d_loss", "tests") / guess
    # What was seen once or twice cannot be known by heart: the gap is then that of batch norm in evaluation mode.
    epochs = np.array(read_off(run.record.evals, "epoch", lambda line: number(line.get("epoch"))))
    counted = run.record.images / number(run.record.settings.get("num_images"))
    often = ~(np.where(np.isnan(epochs), counted, epochs) < LIMITS.heart_epochs)
    gap = held_out - train
    known = (train < LIMITS.heart_train) & (gap > LIMITS.heart_gap)
    known |= (held_out > 1.0) & (gap > LIMITS.heart_worse)
    start = run.since(known & often, span=LIMITS.worse_span)
    if start is None:
        return None
    advice = run.advice
    worse = ", which it judges worse than a coin would" if held_out[-1] > 1.0 else ""
    return run.finding(
        learned_by_heart,
        "warning",
        start,
        "The discriminator has learned its training images by heart: it is surer of them than of real pictures that "
        f"it has not seen{worse}. What it teaches the generator is no longer what makes a picture real.",
        (
            *advice.penalties(10.0),
            *advice.augment(),
            *advice.set(flip=True),
            *advice.set(instance_noise=0.1),
            advice.width("d_width", 0.5),
            "more training images",
        ),
        ("heart_train", "heart_gap", "heart_worse"),
        d_loss_share_training=train[-1],
        d_loss_share_held_out=held_out[-1],
        gap=gap[-1],
        d_real_train_minus_test=run.d_real[-1] - run.record.logged("d_real", "tests")[-1],
    )


def divergence(run: Judged) -> Finding | None:
    """Fakes that became worse than untrained ones, or lost all that was learned."""
    relative, advice = run.record.relative, run.advice
    best = np.fmin.accumulate(relative)
    lost = (relative > LIMITS.exploded) | (relative > LIMITS.relapse * best) & (relative > LIMITS.bad)
    start = run.since(lost, span=LIMITS.worse_span)
    if start is None:
        return None
    return run.finding(
        divergence,
        "failure",
        start,
        "The training has blown up: the pictures are worse than before it began, or what was learned is lost.",
        (
            *advice.extremes(),
            advice.lr("g_lr", 0.25),
            advice.lr("d_lr", 0.25),
            *advice.penalties(10.0),
            *advice.set(precision="float32"),
        ),
        ("exploded", "relapse", "bad"),
        frechet_over_untrained=relative[-1],
        best_over_untrained=best[-1],
    )


def oscillation(run: Judged) -> Finding | None:
    """Quality jumps up and down from snapshot to snapshot, by more than its error and well above the floor."""
    record = run.record
    values = np.maximum(record.frechet, 2 * record.floor("frechet", 0.0))
    logs = np.log(np.maximum(values, 1e-12))
    at = np.flatnonzero(run.ready)[1:][-8:]
    noise = np.array([record.stderr_of_gain(i - 1, i) for i in at])
    steps = logs[at] - logs[at - 1] if len(at) else np.zeros(0)
    clear = np.abs(values[at] - values[at - 1]) > (LIMITS.noise + 1) * noise if len(at) else np.zeros(0, bool)
    big = steps[clear & (np.abs(steps) > math.log1p(LIMITS.swing))]
    swings = 1 + int((np.diff(np.sign(big)) != 0).sum()) if len(big) else 0
    if swings < LIMITS.swings:
        return None
    advice = run.advice
    return run.finding(
        oscillation,
        "warning",
        len(run.ready) - 1 - len(steps),
        "Quality jumps up and down: the two networks chase each other instead of settling.",
        (advice.lrs(0.5), advice.ema(), *advice.batch(2)),
        ("swing", "swings"),
        swings=swings,
        median_swing=float(np.median(np.expm1(np.abs(big)))),
    )
