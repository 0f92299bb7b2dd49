"""Distances in pixels that see what features miss: flat images, blur, misplaced parts, small details."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.arraytypes import F32, F64, U8
from ganscope.maps.neighbours import NEIGHBOURS, Neighbourhood

BLOCK = 256  # images turned into floating point together
COMPONENTS = 50  # principal components of the pixels
MOST_FITTED = 20_000  # reals that the pixel components and the tones are fitted on
TONE_LEAST = 0.3  # smallest unit of the tones, a Hellinger distance: GANs whose digits are good stay within it
PIXEL_ARRAYS = ("mean", "basis", "moment_mean", "moment_whiten")


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
        mean = _mean(some)
        count = max(1, min(COMPONENTS, len(mean) * 3 // 4, len(some) - 1))
        if len(mean) <= 4096:
            centred = _flat(some)
            centred -= mean
            _, vectors = np.linalg.eigh(centred.T @ centred)
            basis = vectors[:, ::-1][:, :count]
        else:
            from sklearn.decomposition import TruncatedSVD

            basis = TruncatedSVD(count, random_state=0, n_iter=3).fit(_flat(some[:5000]) - mean).components_.T
        basis = np.ascontiguousarray(basis, np.float32)
        seen = moments(some)
        spread = np.cov(seen.T) + 1e-9 * np.eye(seen.shape[1]) if len(seen) > 1 else np.eye(seen.shape[1])
        scale = np.maximum(np.sqrt(np.diag(spread)), 1e-6)
        whiten = np.linalg.inv(np.linalg.cholesky(spread + np.diag(1e-4 * scale**2))).T
        neighbours = Neighbourhood.fit(_components(images, mean, basis, with_rest=False)[0])
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


def _mean(images: U8) -> F32:
    """The mean of `_flat(images)` over the images, to the bit, a block at a time: whole, they can fill the memory."""
    total = np.zeros((1, int(np.prod(images.shape[1:]))), np.float32)
    for start in range(0, len(images), BLOCK):
        # One row after the other, as numpy sums along the first axis.
        total = np.concatenate([total, _flat(images[start : start + BLOCK])]).sum(axis=0, keepdims=True)
    return np.asarray(total[0] / np.float32(len(images)), np.float32)


def _by_blocks(of: Callable[[U8], NDArray[Any]], images: U8) -> NDArray[Any]:
    """`of (M, C, H, W)`, one row an image, a block at a time."""
    return np.concatenate([of(images[start : start + BLOCK]) for start in range(0, max(1, len(images)), BLOCK)])


def _components(images: U8, mean: F32, basis: F32, with_rest: bool = True) -> tuple[F32, F64]:
    """Principal components `(M, P)` and the norm of the rest `(M,)`, the same for a row whatever its batch.

    `with_rest`: False leaves the rest 0, in half the time.
    """
    out = np.empty((len(images), basis.shape[1]), np.float32)
    rest, row = np.zeros(len(images)), np.empty_like(mean)
    for start in range(0, len(images), BLOCK):
        for offset, values in enumerate(_flat(np.asarray(images[start : start + BLOCK]))):
            # One row, one buffer, one product: a product of many rows would round a row by where it stands.
            np.subtract(values, mean, out=row)
            projected = row @ basis
            out[start + offset] = projected
            if with_rest:
                left = row - basis @ projected
                rest[start + offset] = np.sqrt(left.astype(np.float64) @ left)
    return out, rest


def tones(images: U8) -> F32:
    """How often each tone and each step between neighbours comes, at about 14 pixels: `(M, 13) float32`.

    Square roots of three histograms, so that a Euclidean distance is a Hellinger one and does not depend on the data:
    0 for the same tones, √6 for none in common. Reduced, because single stray pixels should not decide.
    """
    return _by_blocks(_tones, images)


def _tones(images: U8) -> F32:
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
    return _by_blocks(_moments, images)


def _moments(images: U8) -> F64:
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


def _flat(images: U8) -> F32:
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1.0
