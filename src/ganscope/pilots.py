"""The weight γ of R1 and R2 without the user: by pilot trainings.

Papers give values of γ from 0.05 to 150 and advise to try several. With images in [-1, 1] the presets' γ of 0.05 served
digits, garments and faces alike, where one in proportion to the data's variance failed (docs/log.md); pilots are for
data unlike these.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ganscope.config import Plan
from ganscope.data import Dataset, cache_root
from ganscope.device import Backend
from ganscope.errors import ConfigError, TrainingError
from ganscope.features import FeatureSpace, feature_space
from ganscope.metrics import Gaussian, frechet_distance
from ganscope.training import Batches, Game, asked, generate, new_state, require_finite, sampler, train_iteration

FACTORS = (0.1, 1.0, 10.0, 100.0)  # of the config's γ: what pilots try
PILOT_SHARE = 0.02  # of the planned iterations, each
FEWEST_ITERATIONS = 200  # below that no candidate has left the noise
NUM_REALS, NUM_FAKES = 10_000, 2000


def choose_penalty(config: Plan, dataset: Dataset, backend: Backend, say: Callable[[str], None]) -> Plan:
    """The config with the `r1` and `r2` to train with; a function of the config and the data alone.

    Args:
        config: resolved; pilots try multiples of its `r1` and `r2`.

    Raises:
        ConfigError: pilots for points, or for an objective without R1 and R2.
        TrainingError: every pilot diverged.
    """
    if config.choose_penalty != "pilot":
        return config
    if not config.r1 or not config.r2:
        raise ConfigError(
            "--choose-penalty pilot needs a preset with R1 and R2",
            found=f"--preset {config.preset}: r1 {config.r1:g}, r2 {config.r2:g}",
            todo="use --preset r3dcgan, or leave --choose-penalty out",
        )
    if config.network == "toy":
        raise ConfigError(
            "--choose-penalty pilot is for images",
            found=f"{config.data}, whose penalties are scaled already",
            todo="leave --choose-penalty out",
        )
    return pilots(config, dataset, backend, say)


def pilots(config: Plan, dataset: Dataset, backend: Backend, say: Callable[[str], None]) -> Plan:
    """The multiple of the config's γ that comes nearest to the data in a short training from the same weights."""
    space = feature_space(dataset.train, dataset.test, cache_root(), progress=say)
    reals = Gaussian.fit(space(dataset.train.images[:NUM_REALS]))
    planned = config.total_iterations(len(dataset.train.images))
    iterations = max(min(FEWEST_ITERATIONS, planned), math.ceil(PILOT_SHARE * planned))
    candidates = [dataclasses.replace(config, r1=f * config.r1, r2=f * config.r2) for f in FACTORS]
    distances = []
    for candidate in candidates:
        distances.append(pilot(candidate, dataset, backend, space, reals, iterations))
        say(f"pilot of {iterations:,} iterations with γ {candidate.r1:.3g}: Fréchet {distances[-1]:.4g}")
    if not math.isfinite(min(distances)):
        raise TrainingError(
            "every pilot training diverged",
            found=f"γ from {candidates[0].r1:.3g} to {candidates[-1].r1:.3g}",
            todo="lower --g-lr and --d-lr, or use --precision float32",
        )
    best = candidates[int(np.argmin(distances))]
    say(f"γ of R1 and R2: {best.r1:.3g}")
    return dataclasses.replace(best, choose_penalty="given")


def pilot(
    config: Plan, dataset: Dataset, backend: Backend, space: FeatureSpace, reals: Gaussian, iterations: int
) -> float:
    """The Fréchet distance that one short training reaches, infinite where it diverged."""
    state, batches = new_state(config, backend), Batches(dataset.train.images, config, backend, dataset.train.labels)
    game = Game.of(config, backend)
    for _ in range(iterations):
        train_iteration(game, state, batches)
    try:  # a G that is not a number makes black images, which lie near to dark data
        require_finite(state)
    except TrainingError:
        return math.inf
    fakes = space(generate(sampler(state, config, backend), asked(config, NUM_FAKES, "pilot", balance="data"), backend))
    distance = frechet_distance(reals, fakes)
    return distance if math.isfinite(distance) else math.inf
