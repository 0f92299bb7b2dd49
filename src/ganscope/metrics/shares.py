"""Class shares of fakes, freed from the classifier's own errors; which classes are missing. One definition of both.

M fakes, K classes or clusters, R draws. Logarithms are natural. Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganscope.metrics.pairs import Float64
from ganscope.metrics.variety import Labels, class_share, kl_divergence

Flags = NDArray[np.bool_]
MOST_CLASSES = 100  # whose confusions are undone: beyond, held-out images cannot tell them


@dataclass(frozen=True)
class Shares:
    """Shares of K classes among fakes, as a classifier sees them (`seen`), and as they are (`share`), `(K,)` each.

    stderr: of `share`, from the choice of the fakes and of the held-out images that told the classifier's errors.
    draws: `(R, K)` shares that would do as well, of which `stderr` is the spread.
    """

    seen: Float64
    share: Float64
    stderr: Float64
    draws: Float64


def confusion(true: Labels, seen: Labels, num_classes: int) -> Float64:
    """Counts `(K, K)` of held-out images: row the true class, column the one that the classifier says."""
    pairs = np.asarray(true, np.int64) * num_classes + np.asarray(seen, np.int64)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes).astype(np.float64)


def true_share(seen: Float64, rates: Float64, *, rounds: int = 300) -> Float64:
    """The class shares `(…, K)` that make a classifier with these error rates say `seen`, `(…, K)`.

    rates: `(…, K, K)`, row k how often class k is called each class. The likeliest non-negative shares, by the
    iteration of Dempster et al. 1977, as Saerens et al. 2002 use it for changed class frequencies.
    """
    share = np.full_like(seen, 1.0 / seen.shape[-1])
    for _ in range(rounds):
        expected = np.einsum("...k,...kj->...j", share, rates)
        ratio = np.divide(seen, expected, out=np.zeros_like(seen), where=expected > 0)
        share = share * np.einsum("...kj,...j->...k", rates, ratio)
        share /= np.maximum(share.sum(axis=-1, keepdims=True), 1e-300)
    return share


def shares(
    labels: Labels, num_classes: int, counts: Float64 | None = None, *, draws: int = 60, seed: int = 0
) -> Shares:
    """Class shares of fakes `(M,)`, freed from the classifier's known confusions.

    counts: `confusion` of held-out images; None where the kinds are clusters, which have no errors, or of so many
        classes that the held-out images cannot tell them.
    """
    seen, source = class_share(labels, num_classes), np.random.default_rng(seed)
    again = source.multinomial(len(labels), seen, size=draws) / max(1, len(labels))
    if counts is None:
        return Shares(seen, seen, again.std(axis=0), again)
    # Two images' worth of a belief: right as often as over all classes, wrong anywhere.
    right = float(np.trace(counts) / max(1.0, counts.sum()))
    belief = np.full(counts.shape, (1.0 - right) / max(1, num_classes - 1))
    np.fill_diagonal(belief, right)
    belief = counts + 2.0 * np.maximum(belief, 1e-6)
    share = true_share(seen, belief / belief.sum(axis=1, keepdims=True))
    drawn = source.gamma(np.broadcast_to(belief, (draws, *belief.shape)))
    drawn /= np.maximum(drawn.sum(axis=-1, keepdims=True), 1e-300)
    spread = true_share(again, drawn)
    return Shares(seen, share, spread.std(axis=0), spread)


MISSING = 0.1  # of a class's share of the data: with less it counts as missing
LEAST_EXPECTED = 10.0  # fakes that a class must expect before its absence means anything: P(0) = 5e-5


def due(real: Float64, num_fake: Float64 | float) -> Flags:
    """The kinds, `(…, K)`, of which so many fakes must show some: at least `LEAST_EXPECTED` of each are expected."""
    return np.asarray(np.asarray(num_fake)[..., None] * real >= LEAST_EXPECTED)


def missing(real: Float64, fake: Float64, num_fake: Float64 | float, stderr: Float64 | None = None) -> Flags:
    """The kinds that are missing: shares `(K,)` of the reals, `(…, K)` of the fakes, of which there are `num_fake`.

    With `stderr`, only those whose absence is no matter of chance: even two errors more are less than half.
    """
    absent = (fake < MISSING * real) & due(real, num_fake)
    return np.asarray(absent if stderr is None else absent & (fake + 2.0 * stderr < 0.5 * real))


def reverse_kl(real_share: Float64, fake: Shares) -> tuple[float, float]:
    """KL(fakes' class shares ‖ reals'), the "reverse KL" of Srivastava et al. 2017, and its standard error.

    A sampler that is right still scores about (K − 1) / 2M (`kl_floor`).
    """
    spread = np.array([kl_divergence(p, real_share) for p in fake.draws])
    # Infinite where fakes are of a class that the data have not.
    stderr = float(spread.std(ddof=1)) if np.isfinite(spread).all() else float("nan")
    return kl_divergence(fake.share, real_share), stderr
