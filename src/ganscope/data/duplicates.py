"""Images that occur twice: exactly, or nearly (another size, compression or brightness).

Legend: N images, S side. Arrays in, groups and pairs of indices out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganscope.arraytypes import U8

U64 = npt.NDArray[np.uint64]

THUMB = 16  # pixels a side of what two images are compared by
MAX_IMAGES = 20_000  # above, near duplicates are not looked for: their number of pairs grows with the square
_MAX_BITS, _MAX_LEVELS = 6, 6.0  # differing bits of 64; mean difference of the thumbnails in levels of 255
_MIN_CONTRAST = 4.0  # standard deviation in levels: flat pictures have no structure to compare
_MAX_BUCKET = 200


def thumbnail(image: U8) -> U8:
    """`(C, S, S) uint8` as `(16, 16) uint8` grey, each pixel the mean of its box."""
    pixels = image[0] if len(image) == 1 else np.ascontiguousarray(np.moveaxis(image, 0, 2))
    grey = Image.fromarray(pixels).convert("L")
    return np.asarray(grey.resize((THUMB, THUMB), Image.Resampling.BOX))


def exact_groups(hashes: list[bytes]) -> list[list[int]]:
    """Indices of equal hashes, groups of two or more, in order of their first member."""
    groups: dict[bytes, list[int]] = {}
    for i, digest in enumerate(hashes):
        groups.setdefault(digest, []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def near_pairs(thumbs: U8) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of thumbnails `(N, 16, 16) uint8` that show nearly the same picture.

    A difference hash (is each of 8×8 cells brighter than its right neighbour?) finds the candidates: those that agree
    in one quarter of its 64 bits. Candidates count when at most 6 bits differ, and the pixels by 6 levels on average.
    What is not covered: crops, flips and rotations.
    """
    values = thumbs.astype(np.float32)
    usable = np.flatnonzero(values.std(axis=(1, 2)) >= _MIN_CONTRAST)
    hashes = _difference_hash(values[usable])
    found: set[tuple[int, int]] = set()
    for quarter in range(4):
        band = (hashes >> np.uint64(16 * quarter)) & np.uint64(0xFFFF)
        order = np.argsort(band, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            if not 2 <= len(bucket) <= _MAX_BUCKET:
                continue
            first, second = (bucket[index] for index in np.triu_indices(len(bucket), 1))
            close = _num_bits(hashes[first] ^ hashes[second]) <= _MAX_BITS
            a, b = usable[first[close]], usable[second[close]]
            same = np.abs(values[a] - values[b]).mean(axis=(1, 2)) <= _MAX_LEVELS
            found.update((int(min(i, j)), int(max(i, j))) for i, j in zip(a[same], b[same], strict=True))
    return sorted(found)


def _num_bits(words: U64) -> npt.NDArray[np.int64]:
    bits = np.unpackbits(words.view(np.uint8).reshape(len(words), 8), axis=1)
    return np.asarray(bits.sum(axis=1, dtype=np.int64))


def _difference_hash(thumbs: npt.NDArray[np.float32]) -> U64:
    """64 bits for each of `(N, 16, 16)`."""
    rows = thumbs.reshape(len(thumbs), 8, 2, THUMB).mean(axis=2)
    columns = rows[:, :, np.round(np.linspace(0, THUMB - 1, 9)).astype(int)]
    bits = (columns[:, :, 1:] > columns[:, :, :-1]).reshape(len(thumbs), 64)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return np.asarray((bits * weights).sum(axis=1, dtype=np.uint64))
