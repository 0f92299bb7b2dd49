"""Pairs of feature vectors: distances, nearest neighbours, half-samples. What the metrics share.

N and M points, D features, k neighbours. Everything is computed in float64, in blocks of rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating] | NDArray[np.float32] | NDArray[np.float64]
Float64 = NDArray[np.float64]
Index = NDArray[np.int64]

BLOCK_ENTRIES = 2**24  # of a pairwise matrix held at a time: 128 MB in float64


def pairwise_distances(x: Array, y: Array) -> Float64:
    """Euclidean distances of `(N, D)` and `(M, D)`: `(N, M) float64`.

    From ‖x‖² + ‖y‖² − 2 x·y after moving the origin to the mean of `y`, so that little is lost to cancellation.
    """
    origin = np.asarray(y, np.float64).mean(axis=0)
    x, y = np.asarray(x, np.float64) - origin, np.asarray(y, np.float64) - origin
    squares = x @ y.T
    squares *= -2.0
    squares += np.einsum("nd,nd->n", x, x)[:, None]
    squares += np.einsum("md,md->m", y, y)[None, :]
    np.maximum(squares, 0.0, out=squares)
    return np.asarray(np.sqrt(squares, out=squares))


def blocks(rows: int, columns: int) -> list[slice]:
    """Slices of the rows of a `(rows, columns)` matrix, each with at most `BLOCK_ENTRIES` entries."""
    step = max(1, BLOCK_ENTRIES // max(1, columns))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def radii(points: Array, ks: tuple[int, ...]) -> Float64:
    """Each point's distance to its k-th nearest other point, for every k: `(len(ks), N) float64`.

    Raises:
        ValueError: fewer than max(ks) + 1 points.
    """
    if len(points) <= max(ks):
        raise ValueError(f"{max(ks)} neighbours need at least {max(ks) + 1} points, found {len(points)}")
    found = np.empty((len(ks), len(points)))
    for rows in blocks(len(points), len(points)):
        distances = pairwise_distances(points[rows], points)
        # Not by position in the sorted row: a duplicate of the point also has distance 0.
        distances[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = np.inf
        distances.partition([k - 1 for k in ks], axis=1)
        found[:, rows] = distances[:, [k - 1 for k in ks]].T
    return found


def nearest(queries: Array, points: Array, count: int) -> tuple[Float64, Index]:
    """The `count` nearest `points (N, D)` of every query `(M, D)`, nearest first: distances and indices `(M, count)`.

    Candidates come from float32 products (four times as many as asked for), their distances from float64 differences.
    Of many points, only groups whose best point is among the best of all groups are looked into, which loses nothing.
    """
    if count > len(points):
        raise ValueError(f"{count} neighbours asked for, {len(points)} points there")
    wanted = min(len(points), 4 * count)
    origin = np.asarray(points, np.float64).mean(axis=0)
    x, y = (queries - origin).astype(np.float32), (points - origin).astype(np.float32)
    # x·y − ‖y‖²/2 is largest for the nearest y; as one product, with a column more.
    x = np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)
    y = np.concatenate([y, -np.einsum("nd,nd->n", y, y)[:, None] / 2], axis=1)
    distances, indices = np.empty((len(x), count)), np.empty((len(x), count), np.int64)
    for rows in blocks(len(x), len(y)):
        candidates = _largest(x[rows] @ y.T, wanted)
        gaps = np.asarray(queries[rows], np.float64)[:, None, :] - np.asarray(points, np.float64)[candidates]
        exact = np.sqrt(np.einsum("mkd,mkd->mk", gaps, gaps))
        order = np.argsort(exact, axis=1, kind="stable")[:, :count]
        distances[rows] = np.take_along_axis(exact, order, axis=1)
        indices[rows] = np.take_along_axis(candidates, order, axis=1)
    return distances, indices


def _largest(scores: NDArray[np.float32], count: int, group: int = 64) -> Index:
    """The positions of the `count` largest of each row, in any order: `(M, N)` → `(M, count)`."""
    rows, columns = scores.shape
    if columns <= 4 * group * count:
        return np.argpartition(scores, columns - count, axis=1)[:, columns - count :]
    whole = columns // group * group
    best = scores[:, :whole].reshape(rows, -1, group).max(axis=2)
    groups = np.argpartition(best, best.shape[1] - count, axis=1)[:, best.shape[1] - count :]
    inside = (groups[:, :, None] * group + np.arange(group)).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(whole, columns), (rows, columns - whole))
    candidates = np.concatenate([inside, rest], axis=1)
    chosen = _largest(np.take_along_axis(scores, candidates, axis=1), count, group=candidates.shape[1])
    return np.take_along_axis(candidates, chosen, axis=1)


def half_samples(count: int, draws: int, seed: int) -> list[Index]:
    """`draws` index sets of `count // 2`, in complementary pairs (McCarthy 1969).

    The spread of a statistic over half-samples drawn without replacement is its standard error on the whole sample:
    the variance σ²/(count/2), times the finite-population factor 1 − 1/2, is σ²/count. Unlike the bootstrap it repeats
    no point, which would make neighbours out of copies.
    """
    source = np.random.default_rng(seed)
    found: list[Index] = []
    while len(found) < draws:
        order, half = source.permutation(count), count // 2
        found += [order[:half], order[half : 2 * half]]
    return found[:draws]


def half_sample_stderr(values: list[float]) -> float:
    """The standard error from a statistic's values on `half_samples`: within pairs, as halves of a pair are opposite.

    With a smooth statistic the two halves deviate by ±δ from the whole; the mean of δ² over pairs is the variance.
    """
    pairs = np.asarray(values, np.float64)[: len(values) // 2 * 2].reshape(-1, 2)
    return float(np.sqrt(np.mean((pairs[:, 0] - pairs[:, 1]) ** 2) / 4.0))
