"""Are the fakes copies of training images? Their nearest training image, judged by that of held-out images.

T training images, N held-out images, M fakes, D coordinates. Real before fake.

A distance alone accuses the innocent: fakes of plain, typical images lie close to many training images. So each query
is measured by d₁/d_k, the distance of its nearest training image over that of its k-th: near 0 for a copy anywhere,
and the same for typical and unusual images. Held-out images, which cannot be copies, say what is normal.

Copies that were mirrored, shifted or recoloured are looked for by a small family of transforms, six searches each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    copied: share of fakes as near to a training image as the nearest `QUANTILE` of the held-out images, with the
        standard error that includes the threshold's. floor: the share of fresh reals that is expected there: with few
        held-out images, or many that are equally near, more than `QUANTILE`.
    pairs: `(P, 2)` indices (fake, training image), the most suspicious first.
    """

    z: float
    copied: tuple[float, float]
    floor: float
    threshold: float
    pairs: Index


def nearness(train: Array, queries: Array, k: int = NEIGHBOUR) -> Nearness:
    """The nearest training image of every query: `(T, D)` and `(M, D)`; k is at most T."""
    distances, indices = nearest(queries, train, min(k, len(train)))
    far = distances[:, -1]
    ratio = np.divide(distances[:, 0], far, out=np.zeros(len(far)), where=far > 0)
    return Nearness(indices[:, 0], distances[:, 0], ratio)


def variants(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """What a copy may be moved by: each image as it is, mirrored, and shifted by a pixel in four directions.

    `(M, C, H, W) uint8` → six such arrays. Brightness and contrast are `levelled` on both sides.
    """
    shifted = [np.roll(images, step, axis) for axis in (2, 3) for step in (-1, 1)]
    return [images, images[..., ::-1], *shifted]


def levelled(images: NDArray[np.uint8], batch: int = 1000) -> NDArray[np.uint8]:
    """Every image `(M, C, H, W) uint8` with the same mean and spread in every channel: recoloured copies are equal."""
    found = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), batch):
        x = np.asarray(images[start : start + batch], np.float32)
        mean, std = x.mean(axis=(2, 3), keepdims=True), x.std(axis=(2, 3), keepdims=True)
        found[start : start + batch] = np.clip(128.0 + 48.0 * (x - mean) / np.maximum(std, 1.0), 0, 255).round()
    return found


class Levelled:
    """`levelled(images)` where it is asked for: all of them at once would be a copy of the data in memory."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._images = images
        self.shape = images.shape

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, which: slice) -> NDArray[np.uint8]:
        return levelled(self._images[which])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return levelled(self._images)


def nearest_variant(train: Array, queries: list[Array]) -> Nearness:
    """The nearness of every query in that of its variants which lies nearest: V arrays `(M, D)`."""
    found = [nearness(train, query) for query in queries]
    best = np.argmin([near.ratio for near in found], axis=0)
    rows = np.arange(len(best))
    parts = (np.stack([getattr(near, name) for near in found])[best, rows] for name in ("index", "distance", "ratio"))
    return Nearness(*parts)


def distinct(points: Array) -> Index:
    """The first index of each different row of `(T, D)`, in order: an image that occurs often is still one image."""
    rows = np.ascontiguousarray(points).view(np.dtype((np.void, points.dtype.itemsize * points.shape[1]))).ravel()
    return np.sort(np.unique(rows, return_index=True)[1])


def memorisation(held_out: Nearness, fake: Nearness, *, quantile: float = QUANTILE, pairs: int = 16) -> Memorisation:
    """Judge the fakes' nearness to the training images by that of held-out images.

    The threshold is the r-th smallest ratio of n held-out images; fresh reals lie below it with a probability that is
    Beta(r, n + 1 − r). Held-out images that tie with it count, so that r may be far more than `quantile` of n.
    """
    n, m = len(held_out.ratio), len(fake.ratio)
    rank = max(1, int(quantile * (n + 1)))
    threshold = float(np.partition(held_out.ratio, rank - 1)[rank - 1])
    rank = int((held_out.ratio <= threshold).sum())
    floor = min(rank / (n + 1), 1.0)
    share = float((fake.ratio <= threshold).mean())
    expected = max(share, floor)
    stderr = float(np.sqrt(expected * (1 - expected) / m + floor * (1 - floor) / (n + 2)))
    order = np.argsort(fake.ratio, kind="stable")[:pairs]
    return Memorisation(
        z=rank_sum_z(held_out.ratio, fake.ratio),
        copied=(share, stderr),
        floor=floor,
        threshold=threshold,
        pairs=np.stack([order, fake.index[order]], axis=1),
    )


def rank_sum_z(real: Float64, fake: Float64) -> float:
    """The Mann–Whitney statistic of two samples as a normal score, with ties: below 0 where fakes are smaller."""
    from scipy import stats  # heavy, and not needed to read a run

    n, m = len(real), len(fake)
    ranks = stats.rankdata(np.concatenate([real, fake]))
    u = ranks[n:].sum() - m * (m + 1) / 2
    _, ties = np.unique(ranks, return_counts=True)
    total = n + m
    variance = n * m / 12.0 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    return float((u - n * m / 2.0) / np.sqrt(variance)) if variance > 0 else 0.0
