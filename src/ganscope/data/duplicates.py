"""Images that occur twice: exactly, or nearly (another size, compression or brightness).

Legend: N images, S side. Arrays in, groups and pairs of indices out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganscope.arraytypes import I64, U8

U64 = npt.NDArray[np.uint64]
F32 = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

THUMB = 16  # pixels a side of what two images are compared by
MAX_IMAGES = 20_000  # above, near duplicates are not looked for: their number of pairs grows with the square
_MAX_BITS = 6  # differing bits of 64
_MAX_LEVELS, _MAX_CELL = 6.0, 28.0  # mean difference where there is content, and greatest in any cell, of 255
_CONTENT = 10.0  # levels from the picture's own rim beyond which a cell is content and not background
_MIN_CONTENT = 16  # cells: smaller content is too little to compare
_MIN_CONTRAST = 4.0  # standard deviation in levels: flat pictures have no structure to compare
_MAX_BUCKET = 400


def thumbnail(image: U8) -> U8:
    """`(C, H, W) uint8` as `(16, 16, 3) uint8`, each pixel the mean of its box; opacity counts as brightness."""
    pixels = image[0] if len(image) == 1 else np.ascontiguousarray(np.moveaxis(image, 0, 2))
    picture = Image.fromarray(pixels).convert("RGBA" if len(image) == 4 else "RGB")
    if len(image) == 4:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (128, 128, 128, 255)), picture).convert("RGB")
    return np.asarray(picture.resize((THUMB, THUMB), Image.Resampling.BOX))


def exact_groups(hashes: list[bytes]) -> list[list[int]]:
    """Indices of equal hashes, groups of two or more, in order of their first member."""
    groups: dict[bytes, list[int]] = {}
    for i, digest in enumerate(hashes):
        groups.setdefault(digest, []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def near_pairs(thumbs: U8) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of thumbnails `(N, 16, 16, 3) uint8` that show nearly the same picture.

    A difference hash (is each of 8×8 cells brighter than its right neighbour?) finds the candidates: those that agree
    in one quarter of its 64 bits, and differ in at most 6. Candidates count when, after a common shift of brightness,
    no cell differs by more than 28 levels, and those with content by 6 on average. Content is what differs from the
    picture's rim: pictures that share only a background are not alike.
    What is not covered: crops, flips and rotations.
    """
    values = thumbs.astype(np.float32)
    grey = values.mean(axis=3)
    rim = np.concatenate([values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1]], axis=1)
    content = np.abs(values - np.median(rim, axis=1)[:, None, None]).max(axis=3) > _CONTENT
    usable = np.flatnonzero((grey.std(axis=(1, 2)) >= _MIN_CONTRAST) & (content.sum(axis=(1, 2)) >= _MIN_CONTENT))
    hashes = _difference_hash(grey[usable])
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
            if not len(a):
                continue
            same = _alike(values, content, a, b)
            found.update((int(min(i, j)), int(max(i, j))) for i, j in zip(a[same], b[same], strict=True))
    return sorted(found)


def _alike(values: F32, content: Mask, a: I64, b: I64) -> Mask:
    """Which of the pairs (a, b) show the same: `(P,)`."""
    apart = np.empty(len(a), bool)
    for start in range(0, len(a), 2048):
        one, two = a[start : start + 2048], b[start : start + 2048]
        there = (content[one] | content[two])[..., None]
        difference = values[one] - values[two]
        count = 3 * there.sum(axis=(1, 2, 3))
        shift = (difference * there).sum(axis=(1, 2, 3)) / count
        difference = np.abs(difference - np.clip(shift, -8, 8)[:, None, None, None]) * there
        mean = difference.sum(axis=(1, 2, 3)) / count
        apart[start : start + 2048] = (mean <= _MAX_LEVELS) & (difference.max(axis=(1, 2, 3)) <= _MAX_CELL)
    return apart


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
