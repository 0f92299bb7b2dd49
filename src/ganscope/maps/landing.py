"""A map small enough for the page: where a new image lands, among some of the reals.

Legend: N reals of the map, R of them kept, D features, P pixel components. Images `(N, C, H, W) uint8`.

The same rule as `FittedMap.place`, over the kept reals, at the places that the whole map gave them. The reals that were
not kept say what is normal, so that as few of them are called unlike as held-out reals are on the whole map. Every
array is rounded to what the page receives before anything is calibrated: the page and `Landing.place` compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.arraytypes import F32, F64, I64, U8
from ganscope.maps.neighbours import Index, Neighbourhood, spacing_of
from ganscope.maps.pixels import TONE_LEAST, Pixels
from ganscope.maps.placement import ALARM, PART_ALARM, FittedMap, Placement

KEPT, CALIBRATING = 2500, 1500  # reals
MOST_SIDE = 32  # pixels; larger images are judged by the means of blocks


@dataclass(frozen=True)
class Landing:
    """A small map, and the whole numbers that make it up.

    Attributes:
        fitted: the map. ids: `(R,)`, which of all reals were kept. block: pixels of an image along a side that
            become one.
        codes: columns of 256 levels, name → `(rows, columns) uint8`; levels: name → `(2, columns) float32`, the value
            of level 0 and the step.
    """

    fitted: FittedMap
    ids: I64
    block: int
    codes: dict[str, NDArray[np.uint8]]
    levels: dict[str, F32]

    @classmethod
    def fit(cls, whole: F32, images: U8, describe: Callable[[U8], F32]) -> Landing:
        """From all reals: their places `(N, 2)` on the whole map, their images, and what computes features."""
        chosen = np.random.default_rng(0).permutation(len(images))[: KEPT + CALIBRATING]
        share = min(KEPT, max(1, len(chosen) * KEPT // (KEPT + CALIBRATING)))
        own, others = np.sort(chosen[:share]), np.sort(chosen[share:])
        if not len(others):
            others = own
        kept_images, other_images = np.asarray(images[own]), np.asarray(images[others])
        centre = (whole.max(axis=0).astype(np.float64) + whole.min(axis=0)) / 2
        radius = max(float(np.sqrt(((whole - centre) ** 2).sum(axis=1)).max()), 1e-6)
        made = cls._of(own, np.asarray(whole[own], np.float32), describe(kept_images), kept_images, centre, radius)
        made._calibrate(describe(other_images), other_images)
        return made

    @classmethod
    def _of(cls, ids: I64, xy: F32, features: F32, images: U8, centre: F64, radius: float) -> Landing:
        block = block_of(max(images.shape[2:]))
        codes: dict[str, NDArray[np.uint8]] = {}
        levels: dict[str, F32] = {}

        def rounded(name: str, values: F32) -> F32:
            codes[name], levels[name] = to_levels(values)
            return from_levels(codes[name], levels[name])

        kept = neighbourhood(rounded("features", features))
        pixels = Pixels.fit(reduced(images, block))
        mean = pixels.mean.astype(np.float16).astype(np.float32)
        basis = pixels.basis.astype(np.float16).astype(np.float32)
        near = neighbourhood(rounded("pixels", _components(reduced(images, block), mean, basis)))
        tones = neighbourhood(rounded("tones", pixels.tones.index.points))
        whiten = pixels.moment_whiten.astype(np.float32).astype(np.float64)
        rounded_pixels = Pixels(
            mean, basis, pixels.moment_mean.astype(np.float32).astype(np.float64), whiten, near, tones
        )
        fitted = FittedMap("landing", xy, kept, rounded_pixels, centre, radius, np.ones(5))
        return cls(fitted, ids, block, codes, levels)

    def _calibrate(self, features: F32, images: U8) -> None:
        parts = self.fitted._parts(features, reduced(images, self.block))[0]
        units = np.maximum(np.quantile(parts, 1.0 - PART_ALARM, axis=1), 1e-12)
        units[-1] = max(units[-1], TONE_LEAST)
        joint = (parts / units[:, None]).max(axis=0)
        self.fitted.units = units * max(float(np.quantile(joint, 1.0 - ALARM, method="higher")), 1e-12)

    def place(self, features: F32, images: U8) -> Placement:
        """Where images `(M, C, H, W) uint8` with features `(M, D)` land; `nearest` counts the kept reals."""
        return self.fitted.place(features, reduced(images, self.block))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the page needs, by name; see web/src/generate/landing.ts."""
        fitted, pixels = self.fitted, self.fitted.pixels
        assert pixels is not None
        spacing = {
            "features_spacing": fitted.features.spacing,
            "pixels_spacing": pixels.neighbours.spacing,
            "tones_spacing": pixels.tones.spacing,
        }
        arrays: dict[str, NDArray[Any]] = {
            **self.codes, **{f"{name}_levels": values for name, values in self.levels.items()}, **spacing,
            "xy": fitted.xy.astype(np.float32), "mean": pixels.mean.astype(np.float16).view(np.uint16),
            "basis": np.ascontiguousarray(pixels.basis.T).astype(np.float16).view(np.uint16),
            "moment_mean": pixels.moment_mean.astype(np.float32),
            "moment_whiten": pixels.moment_whiten.astype(np.float32), "units": fitted.units.astype(np.float64),
            "ids": self.ids.astype(np.uint32), "centre": np.append(fitted.centre, [fitted.radius]),
            "direction": np.asarray(np.random.default_rng(0).standard_normal(pixels.basis.shape[1])),
        }  # fmt: skip
        return arrays

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], block: int) -> Landing:
        """The small map behind `arrays`."""
        names = ("features", "pixels", "tones")
        codes = {name: np.asarray(arrays[name], np.uint8) for name in names}
        levels = {name: np.asarray(arrays[f"{name}_levels"], np.float32) for name in names}
        near = {name: neighbourhood(from_levels(codes[name], levels[name])) for name in names}
        mean = arrays["mean"].view(np.float16).astype(np.float32)
        basis = np.ascontiguousarray(arrays["basis"].view(np.float16).astype(np.float32).T)
        moment_mean, whiten = arrays["moment_mean"].astype(np.float64), arrays["moment_whiten"].astype(np.float64)
        pixels = Pixels(mean, basis, moment_mean, whiten, near["pixels"], near["tones"])
        centre, radius = arrays["centre"][:2], float(arrays["centre"][2])
        fitted = FittedMap("landing", arrays["xy"], near["features"], pixels, centre, radius, arrays["units"])
        return cls(fitted, arrays["ids"].astype(np.int64), block, codes, levels)


def neighbourhood(points: F32) -> Neighbourhood:
    """Every point looked at: exact, as the page computes it."""
    index = Index(points, np.zeros((1, points.shape[1]), np.float32), np.zeros(len(points), np.int32))
    distances = index.others(8)[0]
    return Neighbourhood(index, spacing_of(distances))


def block_of(side: int) -> int:
    """Pixels along the longer `side` that become one, so that at most MOST_SIDE remain."""
    return -(-side // MOST_SIDE)


def reduced(images: U8, block: int) -> U8:
    """Means of whole blocks, rounded: `(N, C, H, W)` → `(N, C, H // block, W // block) uint8`."""
    if block == 1:
        return images
    count, channels, height, width = images.shape
    h, w = height // block, width // block
    cut = images[:, :, : h * block, : w * block].reshape(count, channels, h, block, w, block)
    sums = cut.sum(axis=(3, 5), dtype=np.uint32)
    made: U8 = ((2 * sums + block * block) // (2 * block * block)).astype(np.uint8)
    return made


def to_levels(values: F32) -> tuple[NDArray[np.uint8], F32]:
    """Columns `(N, D)` in 256 equal steps from their least to their largest value; with them `(2, D)`."""
    low = values.min(axis=0)
    step = np.maximum((values.max(axis=0) - low) / 255.0, 1e-12)
    levels = np.stack([low, step]).astype(np.float32)
    return np.rint((values - levels[0]) / levels[1]).clip(0, 255).astype(np.uint8), levels


def from_levels(codes: NDArray[np.uint8], levels: F32) -> F32:
    """The values behind `to_levels`, to half a step."""
    return np.asarray(levels[0] + codes.astype(np.float32) * levels[1], np.float32)


def _components(images: U8, mean: F32, basis: F32) -> F32:
    flat = images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1.0
    return np.asarray((flat - mean) @ basis, np.float32)
