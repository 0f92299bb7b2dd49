"""Distances between two sets of features: Fréchet, kernel, and their standard errors.

N reals, M fakes, D features. Features are `(N, D) float`; every sum is taken in float64. Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganscope.metrics.pairs import Array, Float64, blocks, half_samples


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


def frechet_influence(real: Gaussian, fake: Gaussian, features: Array) -> Float64:
    """How much each fake pulls the Fréchet distance up or down: `(M, D)` → `(M,)`, of mean 0 over the fakes.

    The influence function (Hampel 1974): the derivative of the distance when a little weight is moved to one vector.
    With T the linear map that carries the fakes' Gaussian to the reals', R (R Σf Rᵀ)^-½ Rᵀ in the notation above,
    the derivative is 2 (μf − μr) with respect to the mean and I − T with respect to the covariance.
    """
    product = real.root @ fake.cov @ real.root.T
    values, vectors = np.linalg.eigh((product + product.T) / 2)
    # Along directions in which the fakes do not vary the derivative is infinite, and no fake lies off them.
    least = max(float(values[-1]), 0.0) * 1e-9
    inverse = np.where(values > least, 1.0 / np.sqrt(np.maximum(values, least + 1e-300)), 0.0)
    half = (vectors * np.sqrt(inverse)).T @ real.root
    slope = np.eye(len(real.mean)) - half.T @ half
    centred = np.asarray(features, np.float64) - fake.mean
    found = 2.0 * centred @ (fake.mean - real.mean) + np.einsum("nd,de,ne->n", centred, slope, centred, optimize=True)
    return np.asarray(found - found.mean())


def frechet_stderr(real: Gaussian, fake: Array) -> float:
    """The standard error that comes from the choice of the M fakes, in closed form from `frechet_influence`.

    The real side is fixed: the snapshots of a run are compared with the same reals.
    """
    influence = frechet_influence(real, Gaussian.fit(fake), fake)
    return float(influence.std(ddof=1) / np.sqrt(len(influence)))


def frechet_floor(real: Gaussian, held_out: Array, num_fake: int, *, seed: int = 0) -> float:
    """The distance of `num_fake` fresh reals, from `(n, D)` held-out ones, where there are fewer than `num_fake`.

    Apart from what held-out images truly differ in, the distance of n images is too large by c/n; halves of them, too
    large by 2c/n, say what c is. Below three images a dimension that is no longer so: `enough_for_floor`.
    """
    value, n = frechet_distance(real, held_out), len(held_out)
    if num_fake <= n:
        return value
    halves = [frechet_distance(real, held_out[half]) for half in half_samples(n, 8, seed)]
    slope = max(0.0, float(np.mean(halves)) - value) * n
    least = slope / num_fake  # what even a perfect generator has for so few images
    return max(least, value - slope * (1.0 / n - 1.0 / num_fake))


def enough_for_floor(count: int, dim: int) -> bool:
    """Whether so many held-out images tell the floor of more."""
    return count >= 3 * dim


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
