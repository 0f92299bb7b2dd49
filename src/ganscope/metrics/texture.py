"""Grain and blur: how much of a picture changes from pixel to pixel, beside the reals' own.

N images of `(N, C, H, W) uint8`. A feature space keeps what tells pictures apart and may forget what spoils them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganscope.metrics.coverage import share_stderr
from ganscope.metrics.pairs import Float64

OUTSIDE = 0.01  # of the reals that count as rough, and as many as smooth


def detail(images: NDArray[np.uint8], batch: int = 250) -> Float64:
    """The log of each image's mean squared difference from its own 3 × 3 means: `(N,)`."""
    found = np.empty(len(images))
    for start in range(0, len(images), batch):
        x = np.asarray(images[start : start + batch], np.float32) / 255.0
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
        smooth = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0
        found[start : start + batch] = ((x - smooth) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)
    # A thousandth of a grey level: images without any detail are equal to one another.
    return np.log(found + (1e-3 / 255.0) ** 2)


@dataclass(frozen=True)
class Texture:
    """The range of the reals' `detail`; the share of fresh reals expected outside it on either side."""

    low: float
    high: float
    floor: float
    num_real: int

    @classmethod
    def fit(cls, real: Float64) -> Texture:
        """From the reals' `(N,)` details: the r-th smallest and largest, r being `OUTSIDE` of them, at least one."""
        ordered, rank = np.sort(real), max(1, round(OUTSIDE * len(real)))
        return cls(float(ordered[rank - 1]), float(ordered[-rank]), rank / (len(real) + 1), len(real))

    def shares(self, fake: Float64) -> dict[str, tuple[float, float]]:
        """`rough` and `smooth`: the shares of fakes above and below, with errors that include those of the limits."""
        limit = self.floor * (1 - self.floor) / (self.num_real + 2)
        found = {"rough": float((fake > self.high).mean()), "smooth": float((fake < self.low).mean())}
        return {
            name: (share, float(np.hypot(share_stderr(share, len(fake)), limit**0.5))) for name, share in found.items()
        }
