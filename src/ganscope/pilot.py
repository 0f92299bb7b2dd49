"""Pilot runs: the weight γ of R1 and R2 that a few short trainings do best with.

γ has no scale that holds across data and networks: papers give values from 0.05 to 150 and advise to try several. Here
that is done before the run: each candidate trains for a small share of the planned iterations from the same weights
and on the same images, and the lowest Fréchet distance wins. Whether this beats a rule from the data's own scale is
measured in docs/log.md.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from ganscope.config import Config
from ganscope.datasets import Dataset, cache_root
from ganscope.device import Backend
from ganscope.errors import ConfigError
from ganscope.features import FeatureSpace, feature_space
from ganscope.metrics.distance import Gaussian, frechet_distance
from ganscope.state import generate, latents, new_state
from ganscope.step import Batches, train_iteration

CANDIDATES = (0.01, 0.1, 1.0, 10.0)
PILOT_SHARE = 0.02  # of the planned iterations, each
FEWEST_ITERATIONS = 200  # below that no candidate has left the noise
NUM_REALS, NUM_FAKES = 10_000, 2000


def choose_penalty(config: Config, dataset: Dataset, backend: Backend, say: Callable[[str], None]) -> Config:
    """The config with `r1` and `r2` replaced by the γ that wins; a function of the config and the data alone.

    Args:
        config: resolved.

    Raises:
        ConfigError: the objective has no R1 and R2 to weigh.
    """
    if config.network == "toy":
        raise ConfigError(
            "--choose-penalty compares images", found=f"{config.data}: points", todo="leave --choose-penalty out"
        )
    if not config.r1 or not config.r2:
        raise ConfigError(
            "--choose-penalty needs a preset with R1 and R2",
            found=f"--preset {config.preset}: r1 {config.r1:g}, r2 {config.r2:g}",
            todo="use --preset r3dcgan, r3gan or r3mlp, or leave --choose-penalty out",
        )
    space = feature_space(dataset.train, dataset.test, cache_root(), progress=say)
    reals = Gaussian.fit(space(dataset.train.images[:NUM_REALS]))
    planned = config.total_iterations(len(dataset.train.images))
    iterations = max(min(FEWEST_ITERATIONS, planned), math.ceil(PILOT_SHARE * planned))
    distances = {}
    for gamma in CANDIDATES:
        tried = dataclasses.replace(config, r1=gamma, r2=gamma)
        distances[gamma] = pilot(tried, dataset, backend, space, reals, iterations)
        say(f"pilot of {iterations:,} iterations with γ {gamma:g}: Fréchet {distances[gamma]:.1f}")
    best = min(CANDIDATES, key=lambda gamma: distances[gamma])
    say(f"γ {best:g} it is")
    return dataclasses.replace(config, r1=best, r2=best)


def pilot(
    config: Config, dataset: Dataset, backend: Backend, space: FeatureSpace, reals: Gaussian, iterations: int
) -> float:
    """The Fréchet distance that one short training reaches, infinite where it diverged."""
    state, batches = new_state(config, backend), Batches(dataset.train.images, config, backend)
    for _ in range(iterations):
        train_iteration(state, batches, config, backend)
    fakes = space(generate(state.sampler, latents(config, NUM_FAKES, "pilot"), backend))
    distance = frechet_distance(reals, fakes)
    return distance if math.isfinite(distance) else math.inf
