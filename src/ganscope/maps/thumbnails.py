"""Thumbnails: images `(N, C, H, W) uint8` to pages of a fixed grid, written as WebP, and back.

A page is about 1,024 pixels on a side, so that a phone decodes it in one go; thumbnail t lies on page `t // per_page`,
and there in row `t % per_page // columns`. Thumbnail t shows image `t * stride`, so the place of every image follows
from its index.

Two codecs, chosen by measuring the first page: 16 grey levels without loss (MNIST: 91 bytes a thumbnail of 28 pixels),
or lossy WebP, for colour and for grey images with much texture. AVIF is smaller still but smooths noise away, which
flatters a generator.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.drawing import over_checkers

PAGE_SIDE = 1024  # pixels
MOST_THUMBNAILS = 120_000  # beyond this only every `stride`-th image gets one
MOST_BYTES, LEAST_BYTES, POINT_BYTES = 12_000_000, 4_000_000, 4  # of all pages; the points of a large map need room too
FEW_PAGES = 8  # which never come near that
NATIVE_SIDE = 32  # pixels; images up to this size keep it
REDUCED_SIDE = 48, 32  # thumbnails of larger images: for few images, for many
MANY = 20_000
LOSSY_QUALITY = 40
TINY_SIDE, TINY_QUALITY = 16, 85  # at 40 images of 8 pixels keep a quarter of their colour; their bytes hardly matter

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Thumbs:
    """How thumbnails lie on their pages; `map/real.json` keeps it under "thumb"."""

    width: int
    height: int
    channels: int  # 1 or 3
    columns: int
    per_page: int
    count: int  # thumbnails in all
    stride: int = 1  # thumbnail t shows image t * stride

    @property
    def num_pages(self) -> int:
        return -(-self.count // self.per_page)

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any], *, num_images: int) -> Thumbs:
        """From "thumb" in `map/real.json`; `count` and `stride` may be missing there."""
        stride = int(found.get("stride", 1))
        count = int(found.get("count", -(-num_images // stride)))
        width, height, channels, columns, per_page = (
            int(found[key]) for key in ("width", "height", "channels", "columns", "per_page")
        )
        return cls(width, height, channels, columns, per_page, count, stride)


def plan(num_images: int, channels: int, height: int, width: int) -> Thumbs:
    """The thumbnails for images of this size: native up to 32 pixels, else 48 (many images: 32) on the longer side."""
    longer = max(height, width)
    side = longer if longer <= NATIVE_SIDE else REDUCED_SIDE[num_images > MANY]
    w, h = max(1, round(width * side / longer)), max(1, round(height * side / longer))
    columns = max(1, PAGE_SIDE // w)
    stride = max(1, -(-num_images // MOST_THUMBNAILS))
    per_page = columns * max(1, PAGE_SIDE // h)
    return Thumbs(w, h, 1 if channels == 1 else 3, columns, per_page, -(-num_images // stride), stride)


def fewer(images: Images, thumbs: Thumbs) -> Thumbs:
    """`thumbs` for fewer of `images (N, C, H, W) uint8`, where the pages would be too large for a file to be sent.

    Judged by one page of images from everywhere: colour costs twice as much as grey.
    """
    if thumbs.num_pages <= FEW_PAGES:
        return thumbs
    num = len(images)
    tried = replace(thumbs, count=thumbs.per_page, stride=max(1, num // thumbs.per_page))
    whole = len(next(pages(images, tried))) * thumbs.count / thumbs.per_page
    most = max(LEAST_BYTES, MOST_BYTES - POINT_BYTES * num)
    stride = max(thumbs.stride, math.ceil(thumbs.stride * whole / most))
    return replace(thumbs, stride=stride, count=-(-num // stride))


def pages(images: Images, thumbs: Thumbs) -> Iterator[bytes]:
    """The pages of `images (N, C, H, W) uint8`, one WebP after the other."""
    lossless: bool | None = None
    quality = at_least(LOSSY_QUALITY, max(thumbs.width, thumbs.height))
    for first in range(0, thumbs.count, thumbs.per_page):
        chosen = slice(first * thumbs.stride, (first + thumbs.per_page) * thumbs.stride, thumbs.stride)
        sheet = _sheet(shrink(np.asarray(images[chosen]), thumbs), thumbs.columns)
        if lossless is None:
            lossless = thumbs.channels == 1 and len(_webp(_levels(sheet))) <= 1.25 * len(_webp(sheet, quality))
        yield _webp(_levels(sheet)) if lossless else _webp(sheet, quality)


def at_least(quality: int, side: int) -> int:
    """The WebP quality for images of `side` pixels: no less than tiny ones need to keep their colours."""
    return max(quality, TINY_QUALITY) if side <= TINY_SIDE else quality


def encode_grid(images: Images, columns: int, quality: int | None) -> bytes:
    """Images `(N, C, H, W) uint8` in one grid with `columns` columns, as WebP; `quality` None is without loss."""
    return _webp(_sheet(over_checkers(images), columns), quality)


def decode_grid(page: bytes, count: int, columns: int, height: int, width: int, channels: int) -> Images:
    """The first `count` images `(count, C, H, W) uint8` of a page."""
    from PIL import Image

    with Image.open(io.BytesIO(page)) as picture:
        sheet = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    cells = sheet.reshape(sheet.shape[0] // height, height, columns, width, channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cells.reshape(-1, channels, height, width)[:count])


def shrink(images: Images, thumbs: Thumbs) -> Images:
    """Images `(N, C, H, W) uint8` at the size and channels of `thumbs`; a transparent image is laid over checkers."""
    from PIL import Image

    images = over_checkers(images)
    if images.shape[1] != thumbs.channels:
        images = np.repeat(images[:, :1], thumbs.channels, axis=1)
    if images.shape[2:] == (thumbs.height, thumbs.width):
        return images
    small = np.empty((len(images), thumbs.channels, thumbs.height, thumbs.width), np.uint8)
    for image, out in zip(images, small, strict=True):
        picture = Image.fromarray(image[0] if thumbs.channels == 1 else image.transpose(1, 2, 0))
        resized = np.asarray(picture.resize((thumbs.width, thumbs.height), Image.Resampling.LANCZOS))
        out[:] = resized if thumbs.channels == 1 else resized.transpose(2, 0, 1)
    return small


def small(images: Images) -> Images:
    """Images `(N, C, H, W) uint8` at the size that their thumbnails would have."""
    return shrink(images, plan(*images.shape))


def _sheet(images: Images, columns: int) -> Images:
    """`(N, C, h, w)` as one picture `(rows * h, columns * w, C)`; the last row is filled with black."""
    count, channels, height, width = images.shape
    rows = max(1, -(-count // columns))
    cells = np.zeros((rows * columns, channels, height, width), np.uint8)
    cells[:count] = images
    grid = cells.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    return grid.reshape(rows * height, columns * width, channels)


def _levels(sheet: Images) -> Images:
    """Sixteen grey levels: 0, 17, … 255."""
    return ((sheet.astype(np.uint16) + 8) // 17 * 17).astype(np.uint8)


def _webp(sheet: Images, quality: int | None = None) -> bytes:
    from PIL import Image

    picture = Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet).convert("RGB")
    out = io.BytesIO()
    if quality is None:
        picture.save(out, "WEBP", lossless=True, quality=50, method=2)
    else:
        picture.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
