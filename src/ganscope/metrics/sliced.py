"""The sliced distance: how far two clouds are apart in one direction, on the average over many directions.

N reals, M fakes, D features, L directions. It needs no covariance, so that a few hundred images say what the Fréchet
distance needs thousands for (MIND, arXiv 2605.06797, is such a distance on learned features). Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganscope.metrics.pairs import Array, Float64

DIRECTIONS = 256


@dataclass(frozen=True)
class Slices:
    """Directions `(D, L)` of length 1 and the reals along each, sorted: `(N, L) float64`."""

    directions: Float64
    real: Float64

    @classmethod
    def fit(cls, real: Array, count: int = DIRECTIONS, seed: int = 0) -> Slices:
        directions = np.random.default_rng(seed).normal(size=(real.shape[1], count))
        directions /= np.linalg.norm(directions, axis=0)
        return cls(directions, np.sort(np.asarray(real, np.float64) @ directions, axis=0))

    def distance(self, fake: Array) -> tuple[float, float]:
        """D times the mean squared 2-Wasserstein distance along the directions, and its standard error.

        D times, so that a shift of the cloud counts with its squared length, as in the Fréchet distance. The error is
        that of the choice of the M fakes, from the first variation of the distance: in one dimension the integral of
        2 (x − T(x)), T(x) being where the fake at x belongs (Santambrogio 2015, proposition 7.17).
        """
        along = np.asarray(fake, np.float64) @ self.directions
        order = np.argsort(along, axis=0)
        sorted_fake = np.take_along_axis(along, order, axis=0)
        target = self._quantiles(len(sorted_fake))
        gap = sorted_fake - target
        dim = len(self.directions)
        value = dim * float((gap * gap).mean())
        steps = (gap[1:] + gap[:-1]) * np.diff(sorted_fake, axis=0)  # trapezia of 2 (x − T(x))
        potential = np.concatenate([np.zeros((1, gap.shape[1])), np.cumsum(steps, axis=0)])
        influence = np.empty_like(potential)
        np.put_along_axis(influence, order, potential - potential.mean(axis=0), axis=0)
        own = dim * influence.mean(axis=1)
        return value, float(own.std(ddof=1) / np.sqrt(len(own)))

    def _quantiles(self, count: int) -> Float64:
        """The reals' quantiles in the middle of `count` equal parts: `(count, L)`."""
        if count == len(self.real):
            return self.real
        at = (np.arange(count) + 0.5) / count * len(self.real) - 0.5
        low = np.clip(np.floor(at).astype(int), 0, len(self.real) - 1)
        high = np.minimum(low + 1, len(self.real) - 1)
        part = np.clip(at - low, 0.0, 1.0)[:, None]
        return np.asarray((1 - part) * self.real[low] + part * self.real[high])
