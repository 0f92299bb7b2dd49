"""Are the fakes copies of training images? Their nearest training image, judged by that of held-out images.

T training images, N held-out images, M fakes, D coordinates. Real before fake.

A distance alone accuses the innocent: fakes of plain, typical images lie close to many training images. So each query
is measured by d₁/d_k, the distance of its nearest training image over that of its k-th: near 0 for a copy anywhere,
and the same for typical and unusual images. Held-out images, which cannot be copies, say what is normal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ganscope.metrics.pairs import Array, Float64, Index, nearest

NEIGHBOUR = 5  # the k of d₁/d_k: beyond the few near-duplicates that real data have
QUANTILE = 0.01  # a fake nearer than this share of the held-out images counts as copied


@dataclass(frozen=True)
class Nearness:
    """Each query's nearest training image: its index and d₁ `(M,)`, and the relative nearness d₁/d_k `(M,)`."""

    index: Index
    distance: Float64
    ratio: Float64


@dataclass(frozen=True)
class Memorisation:
    """What `memorisation` found.

    z: standardised rank sum of the fakes' against the held-out images' ratios; about N(0, 1) for a generator that
        copies nothing, below −3 for one that copies (the statistic C_T of Meehan et al. 2020, on ratios).
    copied: share of fakes nearer to a training image than all but `QUANTILE` of the held-out images, its standard
        error beside it; `QUANTILE` is its floor.
    pairs: `(P, 2)` indices (fake, training image), the most suspicious first.
    """

    z: float
    copied: tuple[float, float]
    threshold: float
    pairs: Index


def nearness(train: Array, queries: Array, k: int = NEIGHBOUR) -> Nearness:
    """The nearest training image of every query: `(T, D)` and `(M, D)`; k is at most T."""
    distances, indices = nearest(queries, train, min(k, len(train)))
    far = distances[:, -1]
    ratio = np.divide(distances[:, 0], far, out=np.zeros(len(far)), where=far > 0)
    return Nearness(indices[:, 0], distances[:, 0], ratio)


def memorisation(held_out: Nearness, fake: Nearness, *, quantile: float = QUANTILE, pairs: int = 16) -> Memorisation:
    """Recorder the fakes' nearness to the training images by that of held-out images."""
    n, m = len(held_out.ratio), len(fake.ratio)
    threshold = float(np.quantile(held_out.ratio, quantile))
    share = float((fake.ratio <= threshold).mean())
    expected = max(share, quantile)
    # The threshold is itself an estimate from N images.
    stderr = float(np.sqrt(expected * (1 - expected) / m + quantile * (1 - quantile) / n))
    order = np.argsort(fake.ratio, kind="stable")[:pairs]
    return Memorisation(
        z=rank_sum_z(held_out.ratio, fake.ratio),
        copied=(share, stderr),
        threshold=threshold,
        pairs=np.stack([order, fake.index[order]], axis=1),
    )


def rank_sum_z(real: Float64, fake: Float64) -> float:
    """The Mann–Whitney statistic of two samples as a normal score, with ties: below 0 where fakes are smaller."""
    n, m = len(real), len(fake)
    ranks = stats.rankdata(np.concatenate([real, fake]))
    u = ranks[n:].sum() - m * (m + 1) / 2
    _, ties = np.unique(ranks, return_counts=True)
    total = n + m
    variance = n * m / 12.0 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    return float((u - n * m / 2.0) / np.sqrt(variance)) if variance > 0 else 0.0
