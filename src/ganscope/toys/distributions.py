"""Distributions in one and two dimensions whose density is known, and scores against that truth.

Legend: N points, d dimensions (1 or 2), K modes. Points are `(N, d) float32` in the toy's own units: no rescaling, so
that centres and widths are those of the papers. Every toy is a mixture of K round Gaussians of one width, which makes
its density, its samples and its modes exact; a curve (spiral, moons) is a mixture whose centres lie along it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial import KDTree
from scipy.special import logsumexp
from scipy.stats import chi

RADIUS_SIGMAS = 3.0  # a sample is of high quality within this many σ of its nearest centre (Lin et al. 2018, PacGAN)
CEILING_SAMPLES = 200_000  # where balls overlap, the ceilings come from this many perfect samples: error below 0.1 %


@dataclass(frozen=True, eq=False)
class Toy:
    """A Gaussian mixture.

    `centres (K, d) float64`, `sigma` the standard deviation of every mode along every axis, `weights (K,)`
    summing to 1, `limits` the square (or interval) that a picture of it shows.
    """

    name: str
    doc: str
    centres: np.ndarray
    sigma: float
    limits: tuple[float, float]
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if not len(self.weights):
            object.__setattr__(self, "weights", np.full(len(self.centres), 1.0 / len(self.centres)))

    @property
    def dim(self) -> int:
        return int(self.centres.shape[1])

    @property
    def num_modes(self) -> int:
        return len(self.centres)

    @property
    def mean_square(self) -> float:
        """E |x|^2, the scale on which penalties of gradients are chosen."""
        squares = np.square(self.centres).sum(axis=1) + self.dim * self.sigma**2
        return float(np.sum(self.weights * squares))

    def sample(self, count: int, rng: np.random.Generator | int) -> np.ndarray:
        """`(count, d) float32` independent points; the same for the same seed."""
        return self.sample_modes(count, rng)[0]

    def sample_modes(self, count: int, rng: np.random.Generator | int) -> tuple[np.ndarray, np.ndarray]:
        """The points of `sample`, and the mode of each `(count,) int64`."""
        rng = np.random.default_rng(rng)
        mode = rng.choice(self.num_modes, size=count, p=self.weights)
        points: np.ndarray = self.centres[mode] + self.sigma * rng.standard_normal((count, self.dim))
        return points.astype(np.float32), mode

    def log_density(self, points: np.ndarray, blur: float = 0.0) -> np.ndarray:
        """log p_data in nats at points `(N, d)`: `(N,) float64`.

        `blur` is the standard deviation of a Gaussian the density is convolved with, in the toy's units: what a kernel
        density estimate of that bandwidth would converge to.
        """
        variance = self.sigma**2 + blur**2
        normaliser = 0.5 * self.dim * np.log(2.0 * np.pi * variance)
        # One mode at a time: (N, K) distances at once would be gigabytes for a fine grid and a spiral.
        log_terms = np.empty((self.num_modes, len(points)))
        for k, (centre, weight) in enumerate(zip(self.centres, self.weights, strict=True)):
            squared = np.square(np.asarray(points, dtype=np.float64) - centre).sum(axis=1)
            log_terms[k] = np.log(weight) - 0.5 * squared / variance - normaliser
        total: np.ndarray = logsumexp(log_terms, axis=0)
        return total

    def density(self, points: np.ndarray, blur: float = 0.0) -> np.ndarray:
        """p_data at points `(N, d)`: `(N,) float64`, per unit of length or area."""
        result: np.ndarray = np.exp(self.log_density(points, blur))
        return result

    @cached_property
    def separated(self) -> bool:
        """Whether the balls of 3σ around the centres are disjoint, so that the ceilings have closed forms."""
        gaps = np.linalg.norm(self.centres[:, None] - self.centres[None], axis=2)
        gaps[np.diag_indices(self.num_modes)] = np.inf
        return bool(gaps.min() > 2.0 * RADIUS_SIGMAS * self.sigma)

    @cached_property
    def high_quality_ceiling(self) -> float:
        """Share of a perfect sampler's points within 3σ of a centre: 0.9889 in 2-D, 0.9973 in 1-D; overlap adds."""
        if self.separated:
            return float(chi(self.dim).cdf(RADIUS_SIGMAS))
        return float(self._perfect["high_quality"])

    @cached_property
    def _perfect(self) -> dict[str, Any]:
        """What a perfect sampler scores, where there is no closed form."""
        points = self.sample(CEILING_SAMPLES, 0)
        mode, distance = nearest_mode(points, self)
        good = distance < RADIUS_SIGMAS * self.sigma
        return {
            "high_quality": float(good.mean()),
            "shares": np.bincount(mode[good], minlength=self.num_modes) / good.sum(),
            "spread": _spread(points[good], mode[good], self.num_modes),
        }

    @property
    def mode_shares(self) -> np.ndarray:
        """`(K,)`: the share of a perfect sampler's good points that fall to each centre as the nearest one."""
        shares: np.ndarray = self.weights if self.separated else self._perfect["shares"]
        return shares

    @cached_property
    def perfect_spread(self) -> float:
        """Standard deviation along an axis of a perfect sampler's good points about their mode's mean.

        Below σ, because points beyond 3σ do not enter: 0.9744 σ in 2-D and 0.9866 σ in 1-D.
        """
        if not self.separated:
            return float(self._perfect["spread"])
        # Var along an axis of a Gaussian cut at radius r: σ² F(d + 2 degrees; r²) / F(d degrees; r²).
        ratio = chi(self.dim + 2).cdf(RADIUS_SIGMAS) / chi(self.dim).cdf(RADIUS_SIGMAS)
        return float(self.sigma * np.sqrt(ratio))


@dataclass(frozen=True)
class ToyScores:
    """How near a sampler is to a toy, each number with what a perfect sampler would get.

    `modes` counts centres with a good sample; `high_quality` is the share of good samples; `reverse_kl` is
    KL(shares of the good samples over the modes || true shares) in nats; `spread` is the standard deviation of good
    samples inside their mode relative to a perfect sampler's: below 1 is too narrow, however high the quality.
    `offset` is the mean distance of the modes' sample means from their centres, in σ.
    """

    modes: int
    num_modes: int
    high_quality: float
    high_quality_ceiling: float
    reverse_kl: float
    reverse_kl_floor: float
    spread: float
    offset: float
    num_fake: int

    @property
    def too_narrow(self) -> bool:
        """More samples near the centres than a perfect sampler has, beyond three standard errors of the share."""
        ceiling = self.high_quality_ceiling
        return self.high_quality > float(ceiling + 3.0 * np.sqrt(ceiling * (1.0 - ceiling) / self.num_fake))

    def to_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


def nearest_mode(points: np.ndarray, toy: Toy) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each point `(N, d)`: its index `(N,) int64` and its distance `(N,) float64`."""
    distance, mode = KDTree(toy.centres).query(np.asarray(points, dtype=np.float64))
    return np.asarray(mode, dtype=np.int64), np.asarray(distance)


def _spread(points: np.ndarray, mode: np.ndarray, num_modes: int) -> float:
    """Pooled standard deviation along an axis of points `(N, d)` about their mode's mean; NaN where no mode has two."""
    points = np.asarray(points, dtype=np.float64)
    squares, freedom = 0.0, 0
    for k in range(num_modes):
        inside = points[mode == k]
        if len(inside) > 1:
            squares += float(np.square(inside - inside.mean(axis=0)).sum())
            freedom += (len(inside) - 1) * points.shape[1]
    return float(np.sqrt(squares / freedom)) if freedom else float("nan")


def score(toy: Toy, fake: np.ndarray) -> ToyScores:
    """Score generated points `(N, d)` by PacGAN's protocol (Lin et al. 2018, section 4.1), with floors and ceilings.

    Raises ValueError for no points or points of another dimension.
    """
    if fake.ndim != 2 or fake.shape[1] != toy.dim or not len(fake):
        raise ValueError(f"{toy.name} is scored on points (N, {toy.dim}), not on an array of shape {fake.shape}")
    mode, distance = nearest_mode(fake, toy)
    good = distance < RADIUS_SIGMAS * toy.sigma
    counts = np.bincount(mode[good], minlength=toy.num_modes)
    found = counts > 0
    shares = counts[found] / max(1, counts.sum())
    offsets = [
        np.linalg.norm(fake[good & (mode == k)].mean(axis=0) - toy.centres[k]) / toy.sigma
        for k in np.flatnonzero(found)
    ]
    return ToyScores(
        modes=int(found.sum()),
        num_modes=toy.num_modes,
        high_quality=float(good.mean()),
        high_quality_ceiling=toy.high_quality_ceiling,
        reverse_kl=float(np.sum(shares * np.log(shares / toy.mode_shares[found]))) if found.any() else float("inf"),
        # Twice N times this divergence is chi-squared with K - 1 degrees of freedom when the shares are the true ones.
        reverse_kl_floor=(toy.num_modes - 1) / (2.0 * len(fake) * toy.high_quality_ceiling),
        spread=_spread(fake[good], mode[good], toy.num_modes) / toy.perfect_spread,
        offset=float(np.mean(offsets)) if offsets else float("nan"),
        num_fake=len(fake),
    )


def _ring(count: int, radius: float) -> np.ndarray:
    angles = 2.0 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _grid(side: np.ndarray) -> np.ndarray:
    centres: np.ndarray = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    return centres


def _spiral(count: int, turns: float) -> np.ndarray:
    # Equal arc lengths: radius and angle both grow with the square root of the length travelled.
    angles = 2.0 * np.pi * turns * np.sqrt((np.arange(count) + 0.5) / count)
    centres: np.ndarray = (angles / angles[-1])[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres


def _moons(count: int) -> np.ndarray:
    angles = np.pi * (np.arange(count // 2) + 0.5) / (count // 2)
    upper = np.stack([np.cos(angles) - 0.5, np.sin(angles) - 0.25], axis=1)
    return np.concatenate([upper, -upper])


TOYS: dict[str, Toy] = {
    toy.name: toy
    for toy in (
        Toy("gaussian-1d", "one Gaussian on a line", np.array([[1.0]]), 0.5, (-2.0, 4.0)),
        Toy(
            "mixture-1d",
            "three Gaussians on a line with shares 0.5, 0.3 and 0.2",
            np.array([[-1.5], [0.5], [2.0]]),
            0.25,
            (-3.0, 3.5),
            np.array([0.5, 0.3, 0.2]),
        ),
        Toy("gaussian", "one Gaussian in the plane", np.array([[0.5, -0.5]]), 0.5, (-2.5, 2.5)),
        Toy("ring", "8 narrow Gaussians on a circle (Lin et al. 2018)", _ring(8, 1.0), 0.01, (-1.35, 1.35)),
        Toy(
            "grid",
            "25 narrow Gaussians on a square grid (Lin et al. 2018)",
            _grid(np.arange(-4.0, 5.0, 2.0)),
            0.05,
            (-5.2, 5.2),
        ),
        Toy("spiral", "two turns of a spiral, 80 overlapping Gaussians", _spiral(80, 2.0), 0.04, (-1.35, 1.35)),
        Toy("moons", "two facing half circles, 60 overlapping Gaussians", _moons(60), 0.06, (-1.9, 1.9)),
    )
}
