"""Which part of the real images the fakes reach, and which fakes lie among the reals.

N reals, M fakes, D features, k neighbours. A point's ball reaches to its k-th nearest neighbour in its own set, itself
not counted, its surface included. Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganscope.metrics.pairs import Array, Float64, blocks, pairwise_distances, radii

MANIFOLD_K = 3  # precision and recall: Kynkäänniemi et al. 2019, section 3
RECALL_ERROR = 1.4  # one ball of a fake holds many reals, so that they are reached together
DENSITY_K = 5  # density and coverage: Naeem et al. 2020, section 3


@dataclass(frozen=True)
class Balls:
    """Points `(N, D)` with the radii of their balls, `(N,) float64`: to the 1st, 3rd and 5th nearest other point."""

    points: Array
    nearest: Float64
    manifold: Float64
    density: Float64

    @classmethod
    def fit(cls, points: Array, manifold_k: int = MANIFOLD_K, density_k: int = DENSITY_K) -> Balls:
        return cls(points, *radii(points, (1, manifold_k, density_k)))


@dataclass(frozen=True)
class Support:
    """Four shares, each with its standard error.

    precision: the share of fakes inside the reals' manifold (a ball of any real).
    recall: the share of reals inside the fakes' manifold.
    density: the number of reals' balls around a fake, over k: 1 where fakes lie as the reals do; can exceed 1.
    coverage: the share of reals with a fake in their ball.
    """

    precision: tuple[float, float]
    recall: tuple[float, float]
    density: tuple[float, float]
    coverage: tuple[float, float]


def support(real: Balls, fake: Balls, *, density_k: int = DENSITY_K) -> Support:
    """Precision and recall (Kynkäänniemi et al. 2019, equations 1 to 3), density and coverage (Naeem et al. 2020, 3.2).

    Precision and density are means over independent fakes, so their errors are exact for the given reals. Whether a
    real is reached depends on all fakes together; the error of N independent events, used for coverage and, times
    `RECALL_ERROR`, for recall, is within a fifth of the spread seen over repeated draws of the fakes (docs/metrics.md).
    """
    inside, covered, reached, counts = _membership(real, fake)
    precision = (float(inside.mean()), share_stderr(float(inside.mean()), len(inside)))
    density = (float(counts.mean() / density_k), float(counts.std(ddof=1) / density_k / np.sqrt(len(counts))))
    recall, coverage = float(reached.mean()), float(covered.mean())
    return Support(
        precision,
        (recall, RECALL_ERROR * share_stderr(recall, len(reached))),
        density,
        (coverage, share_stderr(coverage, len(covered))),
    )


def _membership(real: Balls, fake: Balls) -> tuple[Array, Array, Array, Array]:
    """Fakes in a real ball (M,), reals with a fake in theirs (N,), reals in a fake's (N,), balls a fake is in (M,)."""
    num_real, num_fake = len(real.points), len(fake.points)
    inside, counts = np.zeros(num_fake, bool), np.zeros(num_fake)
    covered, reached = np.empty(num_real, bool), np.empty(num_real, bool)
    for rows in blocks(num_real, num_fake):
        distances = pairwise_distances(real.points[rows], fake.points)
        inside |= (distances <= real.manifold[rows, None]).any(axis=0)
        within = distances <= real.density[rows, None]
        counts += within.sum(axis=0)
        covered[rows] = within.any(axis=1)
        reached[rows] = (distances <= fake.manifold).any(axis=1)
    return inside, covered, reached, counts


def share_stderr(share: float, count: int) -> float:
    """The standard error of a share of `count` independent events (Agresti–Coull, so never 0 for 0 or all of them)."""
    centre = (share * count + 2.0) / (count + 4.0)
    return float(np.sqrt(centre * (1.0 - centre) / (count + 4.0)))
