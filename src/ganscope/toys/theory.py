"""What theory says of a game whose densities are known (Goodfellow et al. 2014, section 4), by quadrature.

Legend: N points. Densities are given by their logarithms `(N,) float64` in nats on the points of a quadrature whose
weights `(N,)` sum integrals; log 0 is -inf and allowed.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

LOG_4 = float(np.log(4.0))


def quadrature(low: float, high: float, points: int, dim: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Points `(N, d) float64` and weights `(N,)` that integrate over the interval or square [low, high]^d.

    The midpoint rule, `points` a side: for densities that are smooth and vanish at the rim its error falls faster than
    any power of the spacing, once the spacing is below their width.
    """
    step = (high - low) / points
    side = low + step * (np.arange(points) + 0.5)
    grid = np.stack(np.meshgrid(*[side] * dim, indexing="xy"), axis=-1).reshape(-1, dim)
    return grid, np.full(len(grid), step**dim)


def optimal_discriminator(
    log_p_data: np.ndarray, log_p_g: np.ndarray, real: float = 1.0, fake: float = 0.0
) -> np.ndarray:
    """D*(x) = (real p_data + fake p_g) / (p_data + p_g), `(N,) in [0, 1]`, for D's targets `real` and `fake`.

    Proposition 1 for targets 1 and 0; with one-sided smoothing `real` = 1 - α it is (1 - α) p_data / (p_data + p_g).
    0.5 (real + fake) where both densities are 0.
    """
    with np.errstate(invalid="ignore"):
        logit = np.asarray(log_p_data) - np.asarray(log_p_g)
    share = expit(np.where(np.isnan(logit), 0.0, logit))
    scores: np.ndarray = real * share + fake * (1.0 - share)
    return scores


def value(logits: np.ndarray, log_p_data: np.ndarray, log_p_g: np.ndarray, weights: np.ndarray) -> float:
    """V(D, G) = ∫ p_data log D + p_g log(1 - D) in nats, for D's logits `(N,)`; 0 log 0 counts as 0.

    Logits and not scores, because a score next to 1 has lost its 1 - D. The optimal ones are `log_p_data - log_p_g`.
    """
    total = 0.0
    for log_p, sign in ((np.asarray(log_p_data), -1.0), (np.asarray(log_p_g), 1.0)):
        somewhere = ~np.isneginf(log_p)
        log_score = -np.logaddexp(0.0, sign * np.asarray(logits)[somewhere])
        total += float(np.sum(weights[somewhere] * np.exp(log_p[somewhere]) * log_score))
    return total


def jensen_shannon(log_p_data: np.ndarray, log_p_g: np.ndarray, weights: np.ndarray) -> float:
    """JSD(p_data, p_g) in nats, between 0 and log 2."""
    log_mean = np.logaddexp(log_p_data, log_p_g) - np.log(2.0)
    total = 0.0
    for log_p in (np.asarray(log_p_data), np.asarray(log_p_g)):
        somewhere = ~np.isneginf(log_p)
        difference = log_p[somewhere] - log_mean[somewhere]
        total += 0.5 * float(np.sum(weights[somewhere] * np.exp(log_p[somewhere]) * difference))
    return total


def best_shift(real_logits: np.ndarray, fake_logits: np.ndarray) -> float:
    """The constant that, added to every logit, maximises V(D, G).

    A relativistic objective sees differences of logits only, so its D is known up to a constant; with this one added
    its scores can be drawn beside D*.
    """
    # V is concave in the constant, with slope E(1 - D(x)) - E D(G(z)): from 1 far below to -1 far above.
    reach = 40.0 + float(max(np.abs(real_logits).max(), np.abs(fake_logits).max()))
    low, high = -reach, reach
    while high - low > 1e-9 * reach:
        middle = 0.5 * (low + high)
        slope = np.mean(expit(-real_logits - middle)) - np.mean(expit(fake_logits + middle))
        low, high = (middle, high) if slope > 0 else (low, middle)
    return 0.5 * (low + high)


def kernel_density(points: np.ndarray, low: float, high: float, bins: int, bandwidth: float) -> np.ndarray:
    """A Gaussian kernel estimate of the density of points `(N, d)` at the points of `quadrature(low, high, bins, d)`.

    The points are counted in `bins` cells a side, which the kernel then blurs; points outside the limits are lost, so
    that the estimate integrates to the share inside. Returns `(bins ** d,) float64`. `bandwidth` is the kernel's
    standard deviation in the points' units, in which the width of a cell is contained.
    """
    from scipy.ndimage import gaussian_filter

    points = np.asarray(points, dtype=np.float64)
    step, dim = (high - low) / bins, points.shape[1]
    counts, _ = np.histogramdd(points, bins=bins, range=[(low, high)] * dim)
    # Counting in cells already blurs by a box of variance step² / 12 along each axis.
    sigma_cells = np.sqrt(max(bandwidth**2 - step**2 / 12.0, 0.0)) / step
    density = gaussian_filter(counts / (len(points) * step**dim), sigma_cells, mode="constant", truncate=6.0)
    # histogramdd orders cells (x, y), the quadrature's points run along x first.
    result: np.ndarray = density.T.ravel()
    return result
