"""The weight γ of R1 and R2 without the user: from the data's own scale, or by pilot trainings.

Papers give values of γ from 0.05 to 150 and advise to try several. Its unit is that of a squared distance between
images: the penalty γ/2·|grad D|² lets D change by one over a distance of the order of √γ. So γ is chosen relative to
the data's total variance E|x - E x|², of which faces of 64 pixels have twelve times as much as garments of 28.
The two ways are compared in docs/log.md.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ganscope.config import Config
from ganscope.datasets import Dataset, cache_root
from ganscope.device import Backend
from ganscope.errors import ConfigError
from ganscope.features import FeatureSpace, feature_space
from ganscope.metrics.distance import Gaussian, frechet_distance
from ganscope.state import generate, latents, new_state, sampler
from ganscope.step import Batches, train_iteration

VARIANCE_IMAGES = 4000  # from which the variance is estimated, evenly spread over the data
FACTORS = (0.1, 1.0, 10.0, 100.0)  # of the γ that the scale gives: what pilots try
PILOT_SHARE = 0.02  # of the planned iterations, each
FEWEST_ITERATIONS = 200  # below that no candidate has left the noise
NUM_REALS, NUM_FAKES = 10_000, 2000


def choose_penalty(config: Config, dataset: Dataset, backend: Backend, say: Callable[[str], None]) -> Config:
    """The config with the `r1` and `r2` to train with; a function of the config and the data alone.

    Args:
        config: resolved; for "scale" and "pilot" its `r1` and `r2` are per unit of the data's variance.

    Raises:
        ConfigError: pilots for points, or for an objective without R1 and R2.
    """
    if config.choose_penalty == "given":
        return config
    if not config.r1 or not config.r2:
        raise ConfigError(
            f"--choose-penalty {config.choose_penalty} needs a preset with R1 and R2",
            found=f"--preset {config.preset}: r1 {config.r1:g}, r2 {config.r2:g}",
            todo="use --preset r3dcgan, or leave --choose-penalty out",
        )
    if config.network == "toy":
        raise ConfigError(
            f"--choose-penalty {config.choose_penalty} is for images",
            found=f"{config.data}, whose penalties are scaled already",
            todo="leave --choose-penalty out",
        )
    variance = total_variance(dataset.train.images)
    scaled = dataclasses.replace(config, r1=config.r1 * variance, r2=config.r2 * variance)
    if config.choose_penalty == "scale":
        say(f"γ of R1 and R2: {scaled.r1:.3g}, from the data's variance of {variance:.3g}")
        return scaled
    return pilots(scaled, dataset, backend, say)


def total_variance(images: np.ndarray) -> float:
    """E|x - E x|² of images `(N, C, H, W) uint8` as the networks see them, in [-1, 1]."""
    chosen = images[:: max(1, len(images) // VARIANCE_IMAGES)].reshape(-1, math.prod(images.shape[1:]))
    return float((chosen.astype(np.float32) / 127.5).var(axis=0, dtype=np.float64).sum())


def pilots(config: Config, dataset: Dataset, backend: Backend, say: Callable[[str], None]) -> Config:
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
    best = candidates[int(np.argmin(distances))]
    say(f"γ of R1 and R2: {best.r1:.3g}")
    return best


def pilot(
    config: Config, dataset: Dataset, backend: Backend, space: FeatureSpace, reals: Gaussian, iterations: int
) -> float:
    """The Fréchet distance that one short training reaches, infinite where it diverged."""
    state, batches = new_state(config, backend), Batches(dataset.train.images, config, backend)
    for _ in range(iterations):
        train_iteration(state, batches, config, backend)
    fakes = space(generate(sampler(state, config, backend), latents(config, NUM_FAKES, "pilot"), backend))
    distance = frechet_distance(reals, fakes)
    return distance if math.isfinite(distance) else math.inf
