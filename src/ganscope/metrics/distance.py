"""Distances between two sets of features: Fréchet, kernel, and their standard errors.

N reals, M fakes, D features. Features are `(N, D) float`; every sum is taken in float64. Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganscope.metrics.pairs import Array, Float64, blocks, half_sample_stderr, half_samples


@dataclass(frozen=True)
class Gaussian:
    """Mean `(D,)` and unbiased covariance `(D, D)` of `count` feature vectors, float64."""

    mean: Float64
    cov: Float64
    count: int

    @classmethod
    def fit(cls, features: Array) -> Gaussian:
        """The moments of `(N, D)` features."""
        x = np.asarray(features, np.float64)
        if len(x) < 2:
            raise ValueError(f"a covariance needs at least two feature vectors, found {len(x)}")
        mean = x.mean(axis=0)
        centred = x - mean
        return cls(mean, centred.T @ centred / (len(x) - 1), len(x))

    @cached_property
    def root(self) -> Float64:
        """`R (D, D)` with RᵀR = cov. Eigenvalues that rounding made negative count as 0."""
        values, vectors = np.linalg.eigh(self.cov)
        return np.asarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)


def frechet_distance(real: Gaussian | Array, fake: Gaussian | Array) -> float:
    """The squared Fréchet (2-Wasserstein) distance of two Gaussians, Heusel et al. 2017, equation 6.

    ‖μr − μf‖² + tr Σr + tr Σf − 2 tr (Σr Σf)^½. The last trace is the sum of the roots of the eigenvalues of the
    symmetric R Σf Rᵀ with RᵀR = Σr, which has the eigenvalues of Σr Σf and none that is complex.

    Args:
        real, fake: moments, or features `(N, D)`.
    """
    real = real if isinstance(real, Gaussian) else Gaussian.fit(real)
    fake = fake if isinstance(fake, Gaussian) else Gaussian.fit(fake)
    product = real.root @ fake.cov @ real.root.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh((product + product.T) / 2), 0.0)).sum()
    shift = real.mean - fake.mean
    return float(max(0.0, shift @ shift + np.trace(real.cov) + np.trace(fake.cov) - 2.0 * cross))


def frechet_stderr(real: Gaussian, fake: Array, *, draws: int = 10, seed: int = 0) -> float:
    """The standard error that comes from the choice of the M fakes, by half-samples.

    The real side is fixed: the snapshots of a run are compared with the same reals.
    """
    halves = half_samples(len(fake), draws, seed)
    return half_sample_stderr([frechet_distance(real, Gaussian.fit(fake[half])) for half in halves])


def polynomial_kernel(x: Array, y: Array) -> Float64:
    """k(x, y) = (x·y / D + 1)³ of `(N, D)` and `(M, D)`: `(N, M) float64`, Bińkowski et al. 2018, section 4."""
    product = np.asarray(x, np.float64) @ np.asarray(y, np.float64).T
    product /= x.shape[1]
    product += 1.0
    return np.asarray(product * product * product)


def mean_kernel(x: Array) -> float:
    """The mean of k over all pairs of different vectors of `(N, D)`, at least two."""
    count = len(x)
    total = sum(float(polynomial_kernel(x[rows], x).sum()) for rows in blocks(count, count))
    return (total - float(polynomial_norms(x).sum())) / (count * (count - 1))


def kernel_distance(real: Array, fake: Array, *, real_mean: float | None = None) -> tuple[float, float]:
    """The unbiased squared maximum mean discrepancy under `polynomial_kernel`, and its standard error.

    Gretton et al. 2012, lemma 6, on all N × M pairs: what the kernel distance (KID, Bińkowski et al. 2018) estimates by
    subsets, without their noise. It may be below 0. The error is that of the choice of the M fakes (the reals count as
    fixed), from both terms of the U-statistic's variance (Hoeffding 1948), so it does not vanish where fake = real.

    Args:
        real, fake: `(N, D)` and `(M, D)`, at least two vectors each.
        real_mean: `mean_kernel(real)`, if it is known already.
    """
    n, m = len(real), len(fake)
    if min(n, m) < 2:
        raise ValueError(f"a kernel distance needs two vectors on each side, found {n} and {m}")
    real_mean = mean_kernel(real) if real_mean is None else real_mean
    own, cross, squares = np.empty(m), np.empty(m), 0.0
    norms = polynomial_norms(fake)
    for rows in blocks(m, max(n, m)):
        kernel = polynomial_kernel(fake[rows], fake)
        own[rows] = (kernel.sum(axis=1) - norms[rows]) / (m - 1)
        squares += float(np.einsum("ij,ij->", kernel, kernel)) - float(norms[rows] @ norms[rows])
        cross[rows] = polynomial_kernel(fake[rows], real).mean(axis=1)
    # Var = 4 ζ₁/m + 2 ζ₂/m². The spread of the row means is ζ₁ + ζ₂/m, so 4/m times it has 2 ζ₂/m² too much.
    rows_variance = 4.0 * float(np.var(own - cross, ddof=1)) / m
    pairs_variance = max(0.0, squares / (m * (m - 1)) - float(own.mean()) ** 2 - 2.0 * float(own.var()))
    variance = max(rows_variance / 2.0, rows_variance - 2.0 * pairs_variance / (m * (m - 1)))
    return real_mean + float(own.mean()) - 2.0 * float(cross.mean()), float(np.sqrt(variance))


def polynomial_norms(x: Array) -> Float64:
    """k(x, x) of `(N, D)`: `(N,)`."""
    wide = np.asarray(x, np.float64)
    return np.asarray((np.einsum("nd,nd->n", wide, wide) / x.shape[1] + 1.0) ** 3)
