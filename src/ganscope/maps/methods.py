"""Points of many dimensions laid out in the plane, and the neighbours that these rest on: PaCMAP, UMAP, t-SNE, PCA.

Legend: N points, M queries, D dimensions, k neighbours. Nothing here uses or changes a global generator.

PaCMAP is hand-written (Wang et al. 2021, JMLR 22(201)), because its package compiles for half a minute when it is first
imported, draws its pairs from a global seed and sets the number of threads of faiss; a test compares the two.
"""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ganscope.arraytypes import F32, F64, I64
from ganscope.errors import ConfigError, DependencyError, did_you_mean
from ganscope.maps.neighbours import Index

METHODS = ("pacmap", "umap", "tsne", "pca")
MOST_DIMENSIONS, COMPONENTS = 100, 50  # features of more dimensions are laid out by so many principal components
MOST_LAID_OUT = 100_000  # points that the methods move; the rest lie at the mean of their neighbours among these
SMALL = 40  # with fewer points the neighbour methods have nothing to work on

PAIRS_NEAR, PAIRS_MID, PAIRS_FAR = 10, 5, 20  # of each point, in PaCMAP
LOOKED_AT = 60  # neighbours among which PaCMAP chooses its near pairs
PHASES = (100, 100, 250)  # iterations


def lay_out(features: F32, method: str, seed: int, neighbours: tuple[F32, I64] | None = None) -> F32:
    """`(N, D)` features in two dimensions, `(N, 2) float32`, the same for the same seed on the same machine.

    `neighbours`, what `Index(features).others(LOOKED_AT)` gave, saves finding them again.
    PaCMAP: Wang et al. 2021; UMAP: McInnes et al. 2018; t-SNE: van der Maaten & Hinton 2008, by openTSNE.

    Raises:
        ConfigError: an unknown method. DependencyError: its package is not installed.
    """
    if method not in METHODS:
        raise ConfigError(f"unknown map {method!r}", found=method, todo=did_you_mean(method, METHODS))
    features = np.ascontiguousarray(features, np.float32)
    if len(features) < SMALL or method == "pca":
        return principal(features, 2)
    if features.shape[1] > MOST_DIMENSIONS:
        features = principal(features, COMPONENTS)
    if len(features) > MOST_LAID_OUT:
        return _lay_out_some(features, method, seed)
    if neighbours is None:
        neighbours = Index(features).others(LOOKED_AT)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the packages warn of their own seeds and defaults
            return np.ascontiguousarray(LAYOUTS[method](features, neighbours, seed), np.float32)
    except ImportError as error:
        raise DependencyError(
            f"the map {method!r} needs a package that is not installed",
            found=str(error),
            todo='pip install "ganscope[maps]", or use --map pacmap',
        ) from error


def _lay_out_some(features: F32, method: str, seed: int) -> F32:
    """Lay out MOST_LAID_OUT of the points; the others lie at the mean of their neighbours among these."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(features))[:MOST_LAID_OUT])
    anchors = lay_out(features[chosen], method, seed)
    index = Index(features[chosen])
    xy = np.empty((len(features), 2), np.float32)
    for start in range(0, len(features), 20_000):
        distances, found = index.search(features[start : start + 20_000], 8)
        xy[start : start + 20_000] = amid(anchors, distances, found)
    xy[chosen] = anchors
    return xy


def amid(xy: F32, distances: F64, found: I64) -> F64:
    """The weighted mean of those neighbours' places that lie together: `(M, 2) float64`.

    The neighbours may lie in two clusters: a plain mean would fall between them, where nothing is. The place around
    which the most weight lies decides.
    """
    where = xy[found].astype(np.float64)
    weights = 1.0 / (distances + 1e-3 * distances.mean(axis=1, keepdims=True) + 1e-12)
    reach = 0.04 * float(np.ptp(xy, axis=0).max())
    gaps = where[:, :, None] - where[:, None]
    together = np.sqrt(gaps[..., 0] ** 2 + gaps[..., 1] ** 2) <= reach  # (M, k, k)
    best = (together * weights[:, None]).sum(axis=2).argmax(axis=1)
    weights = np.where(together[np.arange(len(where)), best], weights, 0.0)
    return np.asarray((where * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True))


# ---- PaCMAP ----------------------------------------------------------------------------------------------------------
def pacmap(features: F32, neighbours: tuple[F32, I64], seed: int) -> F32:
    """PaCMAP of `(N, D)` features, N at least SMALL: `(N, 2) float32`."""
    near, mid, far = _pair_counts(len(features))
    pairs = np.concatenate(
        [_near_pairs(*neighbours, near), _mid_pairs(features, mid, seed), _far_pairs(len(features), far, seed)], axis=1
    ).astype(np.int32)
    centred = features - features.mean(axis=0)
    centred /= max(float(np.ptp(features)), 1e-12)
    y = np.ascontiguousarray(0.01 * principal(centred, 2), np.float32)
    gradient, first, second = np.zeros_like(y), np.zeros_like(y), np.zeros_like(y)
    step = _pacmap_step()
    for iteration in range(sum(PHASES)):
        w_near, w_mid, w_far = _weights(iteration)
        rate = np.sqrt(1 - 0.999 ** (iteration + 1)) / (1 - 0.9 ** (iteration + 1))
        step(y, pairs, near, near + mid, 20 * w_near, 20_000 * w_mid, 2 * w_far, gradient, first, second, rate)
    return y


def _pair_counts(count: int) -> tuple[int, int, int]:
    """Pairs of each point, fewer where there are few points."""
    share = min(1.0, (count - 1) / (PAIRS_NEAR + PAIRS_MID + PAIRS_FAR))
    return max(1, int(PAIRS_NEAR * share)), max(1, int(PAIRS_MID * share)), max(1, int(PAIRS_FAR * share))


def _weights(iteration: int) -> tuple[float, float, float]:
    """Weights of near, mid-near and far pairs (table 1 of the paper)."""
    if iteration < PHASES[0]:
        share = iteration / PHASES[0]
        return 2.0, 1000.0 * (1 - share) + 3.0 * share, 1.0
    return (3.0, 3.0, 1.0) if iteration < PHASES[0] + PHASES[1] else (1.0, 0.0, 1.0)


def _near_pairs(distances: F32, found: I64, count: int) -> I64:
    """The neighbours nearest in units of both points' spacing, the mean distance to the 4th to 6th neighbour."""
    spacing = np.maximum(distances[:, 3:6].mean(axis=1), 1e-10)
    scaled = distances**2 / spacing[:, None] / spacing[found]
    return np.take_along_axis(found, np.argpartition(scaled, count - 1, axis=1)[:, :count], axis=1)


def _mid_pairs(features: F32, count: int, seed: int) -> I64:
    """Of six points drawn at random, the second nearest; `count` times for each point."""
    source = np.random.default_rng((seed, 1))
    found = np.empty((len(features), count), np.int64)
    for column in range(count):
        drawn = source.integers(0, len(features), (len(features), 6))
        gaps = np.stack([((features - features[drawn[:, i]]) ** 2).sum(axis=1) for i in range(6)], axis=1)
        found[:, column] = np.take_along_axis(drawn, np.argsort(gaps, axis=1, kind="stable")[:, 1:2], axis=1)[:, 0]
    return found


def _far_pairs(points: int, count: int, seed: int) -> I64:
    """Points drawn at random; the paper leaves out near ones, which among many are too rare to matter."""
    return np.random.default_rng((seed, 2)).integers(0, points, (points, count))


@functools.cache
def _pacmap_step() -> Callable[..., None]:
    """One iteration of Adam on PaCMAP's loss; compiled once in a few seconds and kept on disk."""
    import numba

    # One thread and a fixed order of sums, hence the same result every time; releases the interpreter's lock.
    @numba.njit("void(f4[:,::1],i4[:,::1],i8,i8,f4,f4,f4,f4[:,::1],f4[:,::1],f4[:,::1],f4)", nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def step(
        y: Any, pairs: Any, mid_from: int, far_from: int, w_near: Any, w_mid: Any, w_far: Any,
        gradient: Any, first: Any, second: Any, rate: Any,
    ) -> None:  # fmt: skip
        gradient[:] = 0
        for i in range(len(y)):
            x0, x1, g0, g1 = y[i, 0], y[i, 1], np.float32(0), np.float32(0)
            # Losses d/(10+d), d/(10000+d) and 1/(1+d); w is twice their slope.
            for c in range(mid_from):
                j = pairs[i, c]
                d0, d1 = x0 - y[j, 0], x1 - y[j, 1]
                d = np.float32(11) + d0 * d0 + d1 * d1
                w = w_near / (d * d)
                g0 += w * d0
                g1 += w * d1
                gradient[j, 0] -= w * d0
                gradient[j, 1] -= w * d1
            for c in range(mid_from, far_from if w_mid > 0 else mid_from):
                j = pairs[i, c]
                d0, d1 = x0 - y[j, 0], x1 - y[j, 1]
                d = np.float32(10001) + d0 * d0 + d1 * d1
                w = w_mid / (d * d)
                g0 += w * d0
                g1 += w * d1
                gradient[j, 0] -= w * d0
                gradient[j, 1] -= w * d1
            for c in range(far_from, pairs.shape[1]):
                j = pairs[i, c]
                d0, d1 = x0 - y[j, 0], x1 - y[j, 1]
                d = np.float32(2) + d0 * d0 + d1 * d1
                w = w_far / (d * d)
                g0 -= w * d0
                g1 -= w * d1
                gradient[j, 0] += w * d0
                gradient[j, 1] += w * d1
            gradient[i, 0] += g0
            gradient[i, 1] += g1
        for i in range(len(y)):
            for c in range(2):
                g = gradient[i, c]
                first[i, c] += np.float32(0.1) * (g - first[i, c])
                second[i, c] += np.float32(0.001) * (g * g - second[i, c])
                y[i, c] -= rate * first[i, c] / (np.sqrt(second[i, c]) + np.float32(1e-7))

    return step  # type: ignore[no-any-return, unused-ignore]


# ---- the others ------------------------------------------------------------------------------------------------------
def _umap(features: F32, neighbours: tuple[F32, I64], seed: int) -> F32:
    import umap

    distances, found = neighbours
    own = np.arange(len(features))[:, None]
    index = np.concatenate([own, found], axis=1)[:, :15]
    gaps = np.concatenate([np.zeros_like(distances[:, :1]), distances], axis=1)[:, :15]
    made = umap.UMAP(
        n_neighbors=index.shape[1], random_state=seed, n_jobs=1, precomputed_knn=(index, gaps)
    ).fit_transform(features)
    return np.asarray(made, np.float32)


def _tsne(features: F32, neighbours: tuple[F32, I64], seed: int) -> F32:
    import openTSNE

    distances, found = neighbours
    perplexity = found.shape[1] / 3  # 20 where there are points enough
    known = openTSNE.nearest_neighbors.PrecomputedNeighbors(found, distances.astype(np.float64))
    affinities = openTSNE.affinity.PerplexityBasedNN(knn_index=known, perplexity=perplexity)
    start = openTSNE.initialization.pca(features, random_state=seed)
    made = openTSNE.TSNE(random_state=seed, perplexity=perplexity).fit(affinities=affinities, initialization=start)
    return np.asarray(made, np.float32)


LAYOUTS: dict[str, Callable[[F32, tuple[F32, I64], int], F32]] = {"pacmap": pacmap, "umap": _umap, "tsne": _tsne}


def principal(features: F32, count: int) -> F32:
    """The first principal components `(N, count)`, padded with zeros where there are fewer."""
    centred = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    made = centred @ vectors[:, ::-1][:, :count].astype(np.float32)
    return np.pad(made, ((0, 0), (0, max(0, count - made.shape[1])))).astype(np.float32)
