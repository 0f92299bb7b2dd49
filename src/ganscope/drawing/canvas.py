"""Canvas and film: text, shapes and dots painted on arrays, and arrays written as MP4 and GIF. Knows no runs.

A canvas is `(H, W, 3) uint8`, changed in place; x runs right, y down, in pixels; what lies beyond the edges is cut off.
Legend: N points, H height, W width. Most calls cost well under a millisecond and the dots of 2,000 points some ten; a
figure library needs a hundred times that for one picture.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.drawing.palette import FAINT, INK, PAPER, Rgb


# ---- text ------------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> Any:
    """DejaVu Sans from matplotlib's own folder, so that films look the same on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


@lru_cache(maxsize=1024)
def _glyphs(words: str, size: int, bold: bool) -> tuple[np.ndarray, int, int, float]:
    """Coverage `(h, w) uint8`, its place against the start of the baseline, and the advance."""
    from PIL import Image, ImageDraw

    face = font(size, bold)
    left, top, right, bottom = (math.floor(edge) for edge in face.getbbox(words, anchor="ls"))
    image = Image.new("L", (right - left + 3, bottom - top + 3))
    ImageDraw.Draw(image).text((1 - left, 1 - top), words, fill=255, font=face, anchor="ls")
    return np.asarray(image), left - 1, top - 1, float(face.getlength(words))


def one_line(words: str) -> str:
    """Text from data as one printable line: names may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()


def text_width(words: str, size: float, bold: bool = False) -> float:
    """Pixels that `words` take."""
    return _glyphs(words, max(5, round(size)), bold)[3] if words else 0.0


def shorten(words: str, size: float, room: float, bold: bool = False) -> str:
    """`words`, or as much of them as fits into `room` pixels, with an ellipsis."""
    words = one_line(words)[:400]
    if text_width(words, size, bold) <= room:
        return words
    fits = bisect.bisect(range(len(words)), room, key=lambda k: text_width(words[: k + 1] + "…", size, bold))
    return words[:fits].rstrip() + "…"


def write(
    canvas: np.ndarray, x: float, y: float, words: str, size: float, colour: Rgb = INK, *, bold: bool = False,
    align: str = "left", room: float | None = None, halo: Rgb | None = None,
) -> float:  # fmt: skip
    """Write one line with its baseline at `y`; `align` left, right or centre of `x`. Returns the width in pixels.

    `room` shortens it, `halo` puts a soft rim of that colour behind it.
    """
    words = shorten(words, size, room, bold) if room is not None else one_line(words)
    if not words:
        return 0.0
    mask, left, top, width = _glyphs(words, max(5, round(size)), bold)
    start = round(x - {"left": 0.0, "centre": width / 2, "right": width}[align])
    if halo is not None:
        reach = max(2, round(size / 8))
        grown = _grown(words, max(5, round(size)), bold, reach)
        blend(canvas, grown, start + left - reach, round(y) + top - reach, halo)
    blend(canvas, mask, start + left, round(y) + top, colour)
    return width


@lru_cache(maxsize=256)
def _grown(words: str, size: int, bold: bool, reach: int) -> np.ndarray:
    """The coverage of text widened by `reach` pixels on every side, its edge soft."""
    from PIL import Image, ImageFilter

    wide = Image.fromarray(np.pad(_glyphs(words, size, bold)[0], reach)).filter(ImageFilter.MaxFilter(2 * reach - 1))
    return np.asarray(wide.filter(ImageFilter.GaussianBlur(0.8)))


def blend(canvas: np.ndarray, mask: np.ndarray, left: int, top: int, colour: Rgb, strength: float = 1.0) -> None:
    """Put `colour` where `mask (h, w) uint8` covers, its corner at (`left`, `top`)."""
    height, width = canvas.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    share = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) * (strength / 255)
    part = canvas[y0:y1, x0:x1]
    part[:] = (part + share * (np.array(colour, np.float32) - part) + 0.5).astype(np.uint8)


# ---- shapes ----------------------------------------------------------------------------------------------------------
def fill(canvas: np.ndarray, left: float, top: float, width: float, height: float, colour: Rgb) -> None:
    """A rectangle, rounded to whole pixels."""
    x0, y0 = max(0, round(left)), max(0, round(top))
    canvas[y0 : max(y0, round(top + height)), x0 : max(x0, round(left + width))] = colour


@lru_cache(maxsize=64)
def _card(width: int, height: int, radius: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    image = Image.new("L", (2 * width, 2 * height))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), 2 * radius, fill=255)
    return np.asarray(image.reduce(2))


def card(canvas: np.ndarray, box: Box, radius: float, colour: Rgb = PAPER, edge: Rgb = FAINT) -> None:
    """A rounded rectangle with a thin edge."""
    width, height = round(box.width), round(box.height)
    blend(canvas, _card(width, height, round(radius)), round(box.left), round(box.top), edge)
    blend(canvas, _card(width - 2, height - 2, round(radius) - 1), round(box.left) + 1, round(box.top) + 1, colour)


@dataclass(frozen=True)
class Box:
    """A place on the canvas, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the pixels in it."""
        x0, y0 = max(0, round(self.left)), max(0, round(self.top))
        return slice(y0, max(y0, round(self.bottom))), slice(x0, max(x0, round(self.right)))

    def inset(self, left: float, top: float, right: float, bottom: float) -> Box:
        return Box(self.left + left, self.top + top, self.width - left - right, self.height - top - bottom)


# ---- dots ------------------------------------------------------------------------------------------------------------
def splat(canvas: np.ndarray, xy: np.ndarray, colours: np.ndarray, radius: float) -> None:
    """Many small dots `xy (N, 2)` that add up: the denser, the nearer to their mean colour `colours (N, 3) uint8`.

    Each dot covers so much that where dots are, half of the pixels are covered by 70 %: a million show their density.
    """
    height, width = canvas.shape[:2]
    weight = np.zeros(height * width)
    colour = np.zeros((3, height * width))
    reach = math.ceil(radius + 0.5)
    steps = [(dx, dy) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
    for start in range(0, len(xy), 200_000):
        part, tints = xy[start : start + 200_000], colours[start : start + 200_000].astype(np.float32)
        whole = np.floor(part).astype(np.int64)
        for dx, dy in steps:
            x, y = whole[:, 0] + dx, whole[:, 1] + dy
            cover = np.clip(radius + 0.5 - np.hypot(x + 0.5 - part[:, 0], y + 0.5 - part[:, 1]), 0, 1)
            seen = (cover > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
            at, cover = (y * width + x)[seen], cover[seen]
            weight += np.bincount(at, cover, height * width)
            for channel in range(3):
                colour[channel] += np.bincount(at, cover * tints[seen, channel], height * width)
    usual = float(np.median(weight[weight > 0.5])) if (weight > 0.5).any() else 1.0
    left = float(np.clip(0.3 ** (1 / usual), 0.25, 0.8))  # of the paper, under one dot
    share = (1 - left**weight).reshape(height, width, 1)
    mean = (colour / np.maximum(weight, 1e-9)).T.reshape(height, width, 3)
    canvas[:] = (canvas + share * (mean - canvas) + 0.5).astype(np.uint8)


def cloud(canvas: np.ndarray, xy: np.ndarray, colours: np.ndarray, reach: float, strength: float = 0.55) -> None:
    """A soft tint on white paper around dots `xy (N, 2)` of `colours (N, 3) uint8`, about `reach` pixels wide."""
    from PIL import Image, ImageFilter

    step = max(1, round(reach / 4))
    height, width = (side // step + 1 for side in canvas.shape[:2])
    small = np.full((height, width, 3), 255, np.uint8)
    splat(small, xy / step, colours, 1.5)
    soft = Image.fromarray(small).filter(ImageFilter.GaussianBlur(reach / step)).resize((width * step, height * step))
    tint = np.asarray(soft, np.float32)[: canvas.shape[0], : canvas.shape[1]] / 255
    canvas[:] = (canvas * (1 - strength * (1 - tint)) + 0.5).astype(np.uint8)


def dots(
    canvas: np.ndarray, xy: np.ndarray, radius: float, colour: Rgb = INK, *, solid: np.ndarray | float = 1.0,
    alpha: np.ndarray | float = 1.0, halo: Rgb = PAPER,
) -> None:  # fmt: skip
    """Dots `xy (N, 2)` with a thin halo, later ones over earlier ones.

    `solid (N,)` in [0, 1]: 1 is full, 0 hollow (a ring, mist inside); `alpha (N,)` in [0, 1]: how opaque.
    """
    height, width = canvas.shape[:2]
    count = len(xy)
    solid, alpha = (np.broadcast_to(np.asarray(v, np.float32), (count,))[:, None] for v in (solid, alpha))
    ring, rim = max(1.0, 0.32 * radius), max(1.0, 0.26 * radius)
    # One dot in 16 places within a pixel, as shares at the P pixels it may touch: what is left is to look them up.
    reach = math.ceil(radius + rim + 0.5)
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)))
    near = np.hypot(np.maximum(abs(column) - 0.5, 0), np.maximum(abs(row) - 0.5, 0)) < radius + rim + 0.5
    column, row = column[near], row[near]
    inside = (np.arange(4) + 0.5) / 4
    far = np.hypot(column + 0.5 - np.tile(inside, 4)[:, None], row + 0.5 - np.repeat(inside, 4)[:, None])
    edges = (radius + rim, radius, radius - ring)
    covers, discs, holes = (np.clip(edge + 0.5 - far, 0, 1).astype(np.float32) for edge in edges)
    covers *= np.where(far > radius, 0.85, 1).astype(np.float32)
    dark, light = np.array(colour, np.float32), np.array(halo, np.float32)
    for chosen in np.array_split(np.arange(count), max(1, min(4, count // 50))):
        whole = np.floor(xy[chosen]).astype(np.int64)
        place = ((xy[chosen] - whole) * 4).astype(np.int64).clip(0, 3)
        phase = place[:, 1] * 4 + place[:, 0]
        hole = holes[phase] * (1 - solid[chosen])
        cover = covers[phase] * alpha[chosen] * (1 - 0.4 * hole)
        x, y = whole[:, :1] + column, whole[:, 1:] + row
        seen = (cover > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y, cover, ink = x[seen], y[seen], cover[seen], (discs[phase] - hole)[seen]
        # Where dots overlap the last assignment wins, which is what painting one after the other does but for the rims.
        below = canvas[y, x].astype(np.float32)
        tint = light + ink[:, None] * (dark - light)
        canvas[y, x] = (below + cover[:, None] * (tint - below) + 0.5).astype(np.uint8)


def paste(canvas: np.ndarray, picture: np.ndarray, left: float, top: float) -> None:
    """Copy a picture onto the canvas."""
    x, y = max(0, round(left)), max(0, round(top))
    part = canvas[y : y + picture.shape[0], x : x + picture.shape[1]]
    part[:] = picture[: part.shape[0], : part.shape[1]]
