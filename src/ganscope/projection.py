"""The map: the reals laid out once in two dimensions, and new images placed on it without moving anything.

Legend: N reals, M fakes, D features, K classes or clusters, P pixel components. Images `(N, C, H, W) uint8`.

Honesty. A fake lies amid its nearest reals; alone, that would put pure noise into the middle of a cluster. So every
fake carries its distance to the reals, in units in which 1 is what hardly any real image exceeds; a fake beyond it is
`unlike`, and is drawn on a rim outside all reals, beside its nearest cluster, farther out the less alike. The distance
is the largest of five, each in its own calibrated unit, because each is blind to something: features (blind to garbage
that a network maps into a class), pixels (to flat images, which lie between all others), what is left over after the
pixels' principal components (to blur), moments (to where things are) and tones (to small details).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganscope.plane import LOOKED_AT, METHODS, MOST_DIMENSIONS, MOST_LAID_OUT, Index, amid, lay_out

__all__ = ["METHODS", "FittedMap", "Placement", "clusters", "lay_out", "shares", "underserved", "underserved_sentence"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

NEIGHBOURS = 8  # reals amid which a fake lies
BLOCK = 256  # images turned into floating point together
COMPONENTS = 50  # principal components of the pixels
MOST_FITTED = 20_000  # reals that the pixel components and the tones are fitted on
ALARM = 0.01  # share of held-out reals that may be called unlike
PART_ALARM = 0.004  # the same for one of the five distances, before they are joined
TONE_LEAST = 0.3  # smallest unit of the tones, a Hellinger distance: GANs whose digits are good stay within it
FAR = 1000.0  # the distance of what is not finite
RIM = 1.06  # radius of the rim's inner edge, in radii of the farthest real
RIM_DEPTH = 0.22  # of the rim, likewise
RIM_SPREAD = 0.20  # radians over which fakes with one nearest cluster are spread, to either side
STORED = ("points", "centres", "cells", "spacing")
PIXEL_ARRAYS = ("mean", "basis", "moment_mean", "moment_whiten")


@dataclass(frozen=True)
class Placement:
    """Where fakes lie.

    Attributes:
        xy: `(M, 2) float32`. distance: `(M,) float32`, 1 = the edge of the reals' range. unlike: `(M,) bool`.
        nearest: `(M,) int32`, the real image nearest in pixels (in features where there are no images).
    """

    xy: F32
    distance: F32
    unlike: NDArray[np.bool_]
    nearest: NDArray[np.int32]


@dataclass
class Neighbourhood:
    """Reals in one space, and how far a point is from them in units of their own spacing there."""

    index: Index
    spacing: F32  # (N,): each real's mean distance to its NEIGHBOURS nearest others

    @classmethod
    def fit(cls, points: F32) -> Neighbourhood:
        index = Index(points)
        return cls(index, spacing_of(index.others(NEIGHBOURS)[0]))

    def ratio(self, distances: F64, found: I64) -> F64:
        """Mean distance to the NEIGHBOURS nearest reals over those reals' own spacing: `(M,)`, about 1 for a real."""
        return np.asarray(distances.mean(axis=1) / self.spacing[found].mean(axis=1, dtype=np.float64))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What `restore` needs, under names that begin with `name`."""
        index = self.index
        values = (index.points, index.centres, index.cells, self.spacing)
        return {f"{name}_{part}": value for part, value in zip(STORED, values, strict=True)}

    @classmethod
    def restore(cls, arrays: Any, name: str) -> Neighbourhood:
        points, centres, cells, spacing = (arrays[f"{name}_{part}"] for part in STORED)
        return cls(Index(points, centres, cells), spacing)


def spacing_of(distances: F32) -> F32:
    """The mean of the first NEIGHBOURS distances to others `(N, k)`: `(N,)`, at least a twentieth of the median."""
    if not distances.shape[1]:
        return np.ones(len(distances), np.float32)
    spacing = distances[:, :NEIGHBOURS].mean(axis=1)
    positive = spacing[spacing > 0]  # copies of one image have no spacing
    least = np.median(positive) * 0.05 if len(positive) else 1.0
    return np.asarray(np.maximum(spacing, least), np.float32)


@dataclass
class Pixels:
    """Images as principal components, the norm of what those leave over, moments and tones."""

    mean: F32  # (C·H·W,)
    basis: F32  # (C·H·W, P)
    moment_mean: F64
    moment_whiten: F64
    neighbours: Neighbourhood  # all reals' components
    tones: Neighbourhood  # of some reals

    @classmethod
    def fit(cls, images: U8) -> Pixels:
        some = np.asarray(images[:: max(1, -(-len(images) // MOST_FITTED))])
        flat = _flat(some)
        mean = flat.mean(axis=0)
        centred = flat - mean
        count = max(1, min(COMPONENTS, centred.shape[1] * 3 // 4, len(centred) - 1))
        if centred.shape[1] <= 4096:
            _, vectors = np.linalg.eigh(centred.T @ centred)
            basis = vectors[:, ::-1][:, :count]
        else:
            from sklearn.decomposition import TruncatedSVD

            basis = TruncatedSVD(count, random_state=0, n_iter=3).fit(centred[:5000]).components_.T
        basis = np.ascontiguousarray(basis, np.float32)
        seen = moments(some)
        spread = np.cov(seen.T) + 1e-9 * np.eye(seen.shape[1]) if len(seen) > 1 else np.eye(seen.shape[1])
        scale = np.maximum(np.sqrt(np.diag(spread)), 1e-6)
        whiten = np.linalg.inv(np.linalg.cholesky(spread + np.diag(1e-4 * scale**2))).T
        neighbours = Neighbourhood.fit(_components(images, mean, basis)[0])
        return cls(mean, basis, seen.mean(axis=0), whiten, neighbours, Neighbourhood.fit(tones(some)))

    def distances(self, images: U8) -> tuple[list[F64], NDArray[np.int64], F32]:
        """Four kinds of distance `(M,)`, not yet in units; the nearest real `(M,)`; the components `(M, P)`."""
        components, rest = _components(images, self.mean, self.basis)
        distances, found = self.neighbours.index.search(components, NEIGHBOURS)
        tone = self.tones.index.search(tones(images), NEIGHBOURS)[0].mean(axis=1)
        return [self.neighbours.ratio(distances, found), rest, self.oddity(images), tone], found[:, 0], components

    def oddity(self, images: U8) -> F64:
        """Mahalanobis distance of the moments from the reals': `(M,)`."""
        gaps = moments(images) - self.moment_mean
        return np.asarray(np.sqrt(((gaps[:, :, None] * self.moment_whiten[None]).sum(axis=1) ** 2).sum(axis=1)))


def _components(images: U8, mean: F32, basis: F32) -> tuple[F32, F64]:
    """Principal components `(M, P)` and the norm of the rest `(M,)`, the same for a row whatever its batch."""
    out = np.empty((len(images), basis.shape[1]), np.float32)
    rest, row = np.empty(len(images)), np.empty_like(mean)
    for start in range(0, len(images), BLOCK):
        for offset, values in enumerate(_flat(np.asarray(images[start : start + BLOCK]))):
            # One row, one buffer, one product: a product of many rows would round a row by where it stands.
            np.subtract(values, mean, out=row)
            projected = row @ basis
            left = row - basis @ projected
            out[start + offset] = projected
            rest[start + offset] = np.sqrt(left.astype(np.float64) @ left)
    return out, rest


def tones(images: U8) -> F32:
    """How often each tone and each step between neighbours comes, at about 14 pixels: `(M, 13) float32`.

    Square roots of three histograms, so that a Euclidean distance is a Hellinger one and does not depend on the data:
    0 for the same tones, √6 for none in common. Reduced, because single stray pixels should not decide.
    """
    values = np.asarray(images, np.float32) / 255.0
    while max(values.shape[2:]) > 16 and min(values.shape[2:]) > 1:
        values = values[:, :, : values.shape[2] // 2 * 2, : values.shape[3] // 2 * 2]
        values = (values[:, :, ::2] + values[:, :, 1::2]) / 2
        values = (values[..., ::2] + values[..., 1::2]) / 2
    steps = [np.abs(np.diff(values, axis=axis)) for axis in (2, 3)]
    parts = [_histogram(values, (0.125, 0.375, 0.625, 0.875)), *(_histogram(s, (0.06, 0.2, 0.45)) for s in steps)]
    return np.sqrt(np.concatenate(parts, axis=1)).astype(np.float32)


def _histogram(values: F32, edges: tuple[float, ...]) -> F64:
    """The share of each row's values between the edges: `(M, len(edges) + 1)`."""
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    below = [np.count_nonzero(flat < edge, axis=1) for edge in edges]
    counts = np.diff([np.zeros(len(flat), np.int64), *below, np.full(len(flat), flat.shape[1])], axis=0).T
    return np.asarray(counts / max(1, flat.shape[1]))


FAINT = 0.02  # a spread of pixels, of 1, that says little about how they are related


def moments(images: U8) -> F64:
    """Eight plain numbers an image: mean and spread of its pixels; mean and root mean square of its steps both ways;
    the latter also in units of the steps between unrelated pixels, which are √2 times the spread."""
    values = np.asarray(images, np.float32) / 255.0
    across, down = np.abs(np.diff(values, axis=3)), np.abs(np.diff(values, axis=2))
    if not across.size:  # images of one pixel have no steps
        across = down = np.zeros_like(values)
    axes = (1, 2, 3)
    spread = values.std(axis=axes)
    steps = [np.sqrt((step**2).mean(axis=axes)) for step in (across, down)]
    unrelated = np.sqrt(2.0) * spread + FAINT
    columns = [
        values.mean(axis=axes), spread, across.mean(axis=axes), down.mean(axis=axes), *steps,
        *(step / unrelated for step in steps),
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float64)


@dataclass
class FittedMap:
    """The reals' layout. Nothing in it changes after `fit`."""

    method: str
    xy: F32  # (N, 2)
    features: Neighbourhood
    pixels: Pixels | None
    centre: F64  # (2,)
    radius: float  # of the farthest real from the centre
    units: F64  # of the kinds of distance: the features' and, with images, the four of `Pixels`

    @property
    def spacing(self) -> F32:
        """Each real's mean distance to its nearest others in feature space: `(N,) float32`."""
        return self.features.spacing

    @classmethod
    def fit(
        cls, real_features: F32, real_images: U8 | None = None, *, method: str = "pacmap", seed: int = 0,
        held_out_features: F32, held_out_images: U8 | None = None,
    ) -> FittedMap:  # fmt: skip
        """Lay out `(N, D)` real features; held-out reals say what is normal.

        Raises:
            ConfigError: an unknown method. DependencyError: its package is not installed.
        """
        index = Index(real_features)
        all_move = len(real_features) <= MOST_LAID_OUT
        near = index.others(LOOKED_AT if all_move and method != "pca" else NEIGHBOURS)
        fits = all_move and index.points.shape[1] <= MOST_DIMENSIONS
        xy = lay_out(real_features, method, seed, near if fits else None)
        centre = (xy.max(axis=0).astype(np.float64) + xy.min(axis=0)) / 2
        radius = max(float(np.sqrt(((xy - centre) ** 2).sum(axis=1)).max()), 1e-6)
        features = Neighbourhood(index, spacing_of(near[0]))
        pixels = None if real_images is None else Pixels.fit(real_images)
        made = cls(method, xy, features, pixels, centre, radius, np.ones(1 if pixels is None else 5))
        parts = made._parts(held_out_features, held_out_images)[0]
        units = np.maximum(np.quantile(parts, 1.0 - PART_ALARM, axis=1), 1e-12)
        if pixels is not None:
            units[-1] = max(units[-1], TONE_LEAST)
        joint = (parts / units[:, None]).max(axis=0)
        # Of a handful of held-out reals the quantile is the largest, so that none of them is called unlike.
        made.units = units * max(float(np.quantile(joint, 1.0 - ALARM, method="higher")), 1e-12)
        return made

    def _parts(self, features: F32, images: U8 | None) -> tuple[F64, F64, I64, I64, F32]:
        """The kinds of distance `(1 or 5, M)`, not yet in units; distances and indices of the feature neighbours
        `(M, k)`; the nearest real `(M,)`; what tells fakes with the same neighbours apart `(M, D or P)`."""
        distances, found = self.features.index.search(features, NEIGHBOURS)
        parts, nearest, apart = [self.features.ratio(distances, found)], found[:, 0], features
        if self.pixels is not None:
            if images is None:
                raise ValueError("this map was fitted with images: place needs them too")
            more, nearest, apart = self.pixels.distances(images)
            parts += more
        return np.array(parts), distances, found, nearest, apart

    def place(self, features: F32, images: U8 | None = None) -> Placement:
        """Place `(M, D)` features of `(M, C, H, W) uint8` images: row by row, whatever the batch.

        Features that are not finite, of a generator that has diverged, are as unlike as can be.
        """
        if not len(features):
            empty = np.empty(0)
            return Placement(np.empty((0, 2), np.float32), empty.astype(np.float32), empty > 0, empty.astype(np.int32))
        finite: NDArray[np.bool_] = np.array(np.isfinite(features).all(axis=1))
        features = np.where(finite[:, None], features, 0).astype(np.float32)
        parts, distances, found, nearest, apart = self._parts(features, images)
        distance: F64 = np.minimum((parts / self.units[:, None]).max(axis=0), FAR)
        distance[~finite] = FAR
        unlike = distance > 1.0
        xy = amid(self.xy, distances, found)
        xy[unlike] = self._on_the_rim(xy[unlike], distance[unlike], apart[unlike])
        return Placement(xy.astype(np.float32), distance.astype(np.float32), unlike, nearest.astype(np.int32))

    def _on_the_rim(self, xy: F64, distance: F64, apart: F32) -> F64:
        """Outside all reals, in the direction of where the neighbours are; farther out the farther the image is.

        Those with the same neighbours are turned apart by an angle that changes slowly with the image, so that a fake
        keeps its place while its image does, and images that are all the same lie together.
        """
        towards = xy - self.centre
        length = np.sqrt((apart.astype(np.float64) ** 2).sum(axis=1)) + 1e-12
        direction = np.random.default_rng(0).standard_normal(apart.shape[1])
        turn = np.tanh((apart * direction).sum(axis=1, dtype=np.float64) / length) * RIM_SPREAD
        angle = np.arctan2(towards[:, 1], towards[:, 0]) + turn
        radius = self.radius * (RIM + RIM_DEPTH * (1.0 - 1.0 / np.maximum(distance, 1.0)))
        made: F64 = self.centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return made

    def save(self, file: IO[bytes] | Path) -> None:
        """Write everything as arrays."""
        arrays: dict[str, Any] = {
            "method": np.array(self.method), "xy": self.xy, "centre": self.centre, "radius": np.array(self.radius),
            "units": self.units, **self.features.arrays("features"),
        }  # fmt: skip
        if self.pixels is not None:
            arrays |= {name: getattr(self.pixels, name) for name in PIXEL_ARRAYS}
            arrays |= self.pixels.neighbours.arrays("pixels") | self.pixels.tones.arrays("tones")
        np.savez(file, **arrays)

    @classmethod
    def load(cls, path: IO[bytes] | Path) -> FittedMap:
        """What `save` wrote; runs no code from the file."""
        with np.load(path, allow_pickle=False) as found:
            pixels = None
            if "basis" in found:
                near, tone = (Neighbourhood.restore(found, name) for name in ("pixels", "tones"))
                mean, basis, moment_mean, whiten = (found[name] for name in PIXEL_ARRAYS)
                pixels = Pixels(mean, basis, moment_mean, whiten, near, tone)
            features = Neighbourhood.restore(found, "features")
            centre, radius, units = found["centre"], float(found["radius"]), found["units"]
            return cls(str(found["method"]), found["xy"], features, pixels, centre, radius, units)


def _flat(images: U8) -> F32:
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1.0


def shares(labels: NDArray[np.int64], num_kinds: int) -> F64:
    """The share of each class or cluster: `(K,)`, summing to 1."""
    counts = np.bincount(labels, minlength=num_kinds)[:num_kinds].astype(np.float64)
    return np.asarray(counts / max(1.0, counts.sum()))


def clusters(features: F32, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Labels `(N,)` in 0 … count − 1 for data without: k-means, the largest cluster first."""
    import faiss

    features = np.ascontiguousarray(features, np.float32)
    means = faiss.Kmeans(features.shape[1], max(1, min(count, len(features))), niter=20, seed=seed + 1)
    means.cp.min_points_per_centroid = 1  # else it warns of few points
    means.train(features)
    found = means.index.search(features, 1)[1][:, 0]
    ranks = np.argsort(np.argsort(-np.bincount(found, minlength=count), kind="stable"))
    return np.asarray(ranks[found], np.int64)


def underserved(real_share: F64, fake_share: F64, num_fakes: int, names: list[str]) -> list[str]:
    """The classes that come out too rarely: under two thirds of their share, and by more than chance would have it.

    Chance: so few or fewer of `num_fakes` draws, with a probability under 1 % for all classes together (binomial,
    Bonferroni).
    """
    from scipy.stats import binom

    fewest = np.rint(fake_share * num_fakes)
    chance = binom.cdf(fewest, num_fakes, np.minimum(real_share, 1.0)) * max(1, np.count_nonzero(real_share))
    rare = (fake_share < real_share * 2 / 3) & (chance < 0.01)
    return [name for name, is_rare in zip(names, rare, strict=True) if is_rare]


def underserved_sentence(names: list[str]) -> str:
    """What `underserved` found in words: "0, 3 and 8 come out too rarely", or an empty string."""
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} comes out too rarely"
    return f"{', '.join(names[:-1])} and {names[-1]} come out too rarely"
