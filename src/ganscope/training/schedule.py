"""Learning rates, β2 and penalty weights as functions of `images_seen`."""

from __future__ import annotations

import math

from ganscope.config import Plan
from ganscope.training.state import TrainState


def fading(start: float, end: float, progress: float) -> float:
    """From `start` to `end`, both positive, by equal factors along half a cosine; linearly where `end` is 0."""
    if end <= 0:
        return cosine(start, end, progress)
    return math.exp(cosine(math.log(start), math.log(end), progress))


def cosine(start: float, end: float, progress: float) -> float:
    """From `start` to `end` along half a cosine as `progress` goes from 0 to 1, `end` afterwards."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, progress))))


def penalty_scale(config: Plan, images_seen: int) -> float:
    """What the burn-in has left of the penalties' weights."""
    return fading(1.0, config.burn_in_penalty, images_seen / config.burn_in) if config.burn_in else 1.0


def apply_schedule(state: TrainState, config: Plan) -> None:
    """The burn-in of Huang et al. 2024: learning rates fade, β2 moves to its final value.

    D's rate may fade to an end of its own: a D that still moves when G hardly does can follow it.
    """
    if not config.burn_in:
        return
    progress = state.images_seen / config.burn_in
    d_end = config.burn_in_lr if config.burn_in_d_lr is None else config.burn_in_d_lr
    for optimizer, lr, end, beta1, beta2 in (
        (state.g_optimizer, config.g_lr, config.burn_in_lr, config.g_beta1, config.g_beta2),
        (state.d_optimizer, config.d_lr, d_end, config.d_beta1, config.d_beta2),
    ):
        optimizer.lr = lr * fading(1.0, end, progress)
        optimizer.betas = (beta1, cosine(config.burn_in_beta2, beta2, progress))
