"""Classes, modes, variety: what the fakes are worth as a data set.

N reals, M fakes, D features, K classes or modes. Logarithms are natural. Real before fake.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganscope.metrics.pairs import Array, Float64, blocks, pairwise_distances

Labels = NDArray[np.integer]


def class_share(labels: Labels, num_classes: int) -> Float64:
    """The share of each of K classes among labels `(N,)`: `(K,)`, sums to 1."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)
    if len(counts) > num_classes:
        raise ValueError(f"{num_classes} classes, but there is a label {len(counts) - 1}")
    return np.asarray(counts / max(1.0, counts.sum()))


def kl_divergence(p: Float64, q: Float64) -> float:
    """KL(p ‖ q) = Σ p log(p/q) in nats of two `(K,)` distributions; infinite where p has what q has not."""
    seen = p > 0
    with np.errstate(divide="ignore"):
        return float(max(0.0, (p[seen] * (np.log(p[seen]) - np.log(q[seen]))).sum()))


def kl_floor(real_share: Float64, num_fake: int, *, draws: int = 200, seed: int = 0) -> float:
    """The mean KL of `num_fake` labels drawn from the reals' own shares: what a perfect sampler scores."""
    drawn = np.random.default_rng(seed).multinomial(num_fake, real_share / real_share.sum(), size=draws) / num_fake
    return float(np.mean([kl_divergence(p, real_share) for p in drawn]))


def modes(labels: Labels, num_modes: int) -> int:
    """The number of modes with at least one sample (Metz et al. 2017; Stacked-MNIST: 1,000, 26,000 samples)."""
    return int((np.bincount(labels, minlength=num_modes)[:num_modes] > 0).sum())


def expected_modes(real_share: Float64, num_fake: int) -> float:
    """How many modes `num_fake` samples from the reals' own shares show on average."""
    return float((1.0 - (1.0 - real_share) ** num_fake).sum())


def stacked_mode(digits: Labels) -> Labels:
    """The mode of three stacked digits: `(N, 3)` classes 0 … 9 of the channels → `(N,)`, 0 … 999."""
    return np.asarray(digits @ np.array([100, 10, 1]))


def stacked_modes(digits: Labels) -> tuple[int, float]:
    """Modes found and KL to the uniform distribution over 1,000 (VEEGAN's and PacGAN's protocol: 26,000 samples)."""
    labels = stacked_mode(digits)
    return modes(labels, 1000), kl_divergence(class_share(labels, 1000), np.full(1000, 1e-3))


def mean_pairwise_distance(features: Array) -> tuple[float, float]:
    """The mean distance between two of M vectors `(M, D)`, and its standard error.

    A U-statistic of order 2: its error is 2/√M times the spread of each vector's own mean distance (Hoeffding 1948).
    """
    count = len(features)
    means = np.empty(count)
    for rows in blocks(count, count):
        means[rows] = pairwise_distances(features[rows], features).sum(axis=1) / (count - 1)
    return float(means.mean()), float(2.0 * means.std(ddof=1) / np.sqrt(count))


def diversity(real: Array, fake: Array, *, real_mean: float | None = None) -> tuple[float, float]:
    """The fakes' mean pairwise distance over the reals' (1: as varied, 0: all the same), and its standard error.

    The reals count as fixed. It sees a loss of variety inside a class, which class shares do not.

    Args:
        real_mean: the first of `mean_pairwise_distance(real)`, if it is known already.
    """
    reference = mean_pairwise_distance(real)[0] if real_mean is None else real_mean
    value, stderr = mean_pairwise_distance(fake)
    if reference <= 0:  # reals that are all the same: no fakes can be less varied
        return (1.0, 0.0) if value <= 0 else (float("nan"), float("nan"))
    return value / reference, stderr / reference


TWIN_SHARE = 0.01  # of the reals that count as each other's twins


def duplicate_threshold(real_nearest: Float64, share: float = TWIN_SHARE) -> float:
    """The distance below which only `share` of the reals have their nearest other real: `(N,)` distances."""
    return float(np.quantile(real_nearest, share))


def duplicates(fake_nearest: Float64, threshold: float) -> float:
    """The share of fakes whose nearest other fake is no farther than `threshold`: `(M,)` distances.

    As many fakes as reals gave the threshold: nearest distances shrink as a set grows.
    """
    return float((fake_nearest <= threshold).mean())


def duplicates_stderr(share: float, num_real: int, num_fake: int) -> float:
    """The standard error of `duplicates`: twins come in pairs, and the threshold is itself an estimate."""
    expected = max(share, TWIN_SHARE)
    return float(np.sqrt(2 * expected * (1 - expected) / num_fake + 2 * TWIN_SHARE * (1 - TWIN_SHARE) / num_real))
