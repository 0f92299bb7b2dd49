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

from ganscope.arraytypes import F32, F64, I64, U8
from ganscope.maps.methods import LOOKED_AT, MOST_DIMENSIONS, MOST_LAID_OUT, amid, lay_out
from ganscope.maps.neighbours import NEIGHBOURS, Index, Neighbourhood, spacing_of
from ganscope.maps.pixels import PIXEL_ARRAYS, TONE_LEAST, Pixels

ALARM = 0.01  # share of held-out reals that may be called unlike
PART_ALARM = 0.004  # the same for one of the five distances, before they are joined
FAR = 1000.0  # the distance of what is not finite
RIM = 1.06  # radius of the rim's inner edge, in radii of the farthest real
RIM_DEPTH = 0.22  # of the rim, likewise
RIM_SPREAD = 0.20  # radians over which fakes with one nearest cluster are spread, to either side


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
