"""The panels of a film: tiles of images, and points that move on a map. Arrays in, pixels out.

Legend: S snapshots, M fakes, K classes, N images, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ganscope.drawing import encode, palette
from ganscope.drawing.canvas import Box, card, cloud, dots, fill, shorten, splat, write
from ganscope.drawing.grid import image_grid, over_checkers
from ganscope.drawing.palette import FAINT, GREY, INK, MUTED, PAPER, Rgb, mix


# ---- tiles -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tiling:
    """How images are laid out: `columns` × `rows`, each enlarged `scale` times, shrunk where negative."""

    columns: int
    rows: int
    scale: int
    gap: int


def tiling(count: int, height: int, width: int, room: tuple[float, float], wanted: int) -> Tiling:
    """The largest whole enlargement at which `wanted` of the images (or all) fill whole rows in `room` (w, h).

    Images that would be shown at their own size may be fewer (40), those that must shrink fewer still (8).
    """
    for scale in (*range(64, 0, -1), *range(-2, -65, -1)):
        h, w = (height * scale, width * scale) if scale > 0 else (max(1, height // -scale), max(1, width // -scale))
        gap = max(2, round(min(h, w) / 20))
        most_columns, most_rows = int((room[0] + gap) // (w + gap)), int((room[1] + gap) // (h + gap))
        if not most_columns or not most_rows:
            continue
        sizes = [(c, min(most_rows, count // c)) for c in range(1, min(most_columns, count) + 1)]
        columns, rows = max(sizes, key=lambda size: (size[0] * size[1], size[0]))
        if columns * rows >= min(count, wanted, 10_000 if scale > 1 else 40 if scale == 1 else 8):
            return Tiling(columns, rows, scale, gap)
    return Tiling(1, 1, -max(height, width), 2)


FEWEST_COLUMNS = 6  # of a grid by class, before its images are shown smaller


def class_tiling(rows: int, columns: int, height: int, width: int, room: tuple[float, float]) -> Tiling:
    """The largest whole enlargement at which all `rows` fit into `room` (w, h), with as many `columns` as then do."""
    for scale in (*range(64, 0, -1), *range(-2, -65, -1)):
        h, w = (height * scale, width * scale) if scale > 0 else (max(1, height // -scale), max(1, width // -scale))
        gap = max(1, round(min(h, w) / 20))
        most_columns, most_rows = int((room[0] + gap) // (w + gap)), int((room[1] + gap) // (h + gap))
        if most_rows >= rows and most_columns >= min(columns, FEWEST_COLUMNS):
            return Tiling(min(columns, most_columns), rows, scale, gap)
    return Tiling(1, rows, -max(height, width), 1)


def tiles(images: np.ndarray, layout: Tiling) -> np.ndarray:
    """Lay `(N, C, H, W) uint8` images out on white, every pixel a square: `(h, w, 3) uint8`."""
    shown = over_checkers(np.asarray(images[: layout.columns * layout.rows]))
    if layout.scale > 0:
        shown = shown.repeat(layout.scale, axis=2).repeat(layout.scale, axis=3)
    else:
        n, c, h, w = shown.shape
        step = min(-layout.scale, h, w)
        shown = shown[:, :, : h // step * step, : w // step * step].reshape(n, c, h // step, step, w // step, step)
        shown = shown.mean(axis=(3, 5)).astype(np.uint8)
    framed = np.pad(shown, ((0, 0), (0, 0), (0, layout.gap), (0, layout.gap)), constant_values=255)
    return encode.as_rgb(image_grid(framed, layout.columns, gap=0)[: -layout.gap, : -layout.gap])


class Tiles:
    """The fixed-latent images at any moment. `images_at` gives `(N, C, H, W) uint8` of a snapshot, or None.

    `grid`: rows and columns that the images form, all rows of which are shown; None: they are in no order.
    """

    def __init__(
        self, images_at: Callable[[int], np.ndarray | None], snapshots: int, room: tuple[float, float], wanted: int,
        grid: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.images_at = images_at
        first = next((images for i in range(snapshots) if (images := images_at(i)) is not None), np.zeros((0, 1, 1, 1)))
        self.shape = first.shape[1:]
        self.grid = grid if grid and len(first) >= grid[0] * grid[1] else None
        if self.grid:
            self.layout = class_tiling(*self.grid, first.shape[2], first.shape[3], room)
        else:
            self.layout = tiling(max(1, len(first)), first.shape[2], first.shape[3], room, wanted)
        self.count = min(len(first), self.layout.columns * self.layout.rows)  # 0: no snapshot has images
        self.needed = self.grid[0] * self.grid[1] if self.grid else self.count
        self._at = lru_cache(maxsize=2)(self._draw)

    def _draw(self, index: int) -> np.ndarray:
        images = self.images_at(index)
        if images is None or images.shape[1:] != self.shape or len(images) < self.needed:
            images = np.full((max(1, self.needed), *self.shape), 238, np.uint8)
        if self.grid:
            rows = images[: self.needed].reshape(*self.grid, *self.shape)
            images = rows[:, : self.layout.columns].reshape(-1, *self.shape)
        return tiles(images, self.layout)

    def at(self, p: float, dissolve: float = 0.0) -> np.ndarray:
        """`(h, w, 3) uint8`; the next snapshot's images dissolve in during the last `dissolve` of the way to it."""
        index = int(p + 1e-9)
        share = (p - index - (1 - dissolve)) / dissolve if dissolve else 0.0
        if share <= 1e-6:
            return self._at(index)
        before, after = self._at(index).astype(np.float32), self._at(index + 1)
        return (before + share * (after - before) + 0.5).astype(np.uint8)


# ---- the map -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Track:
    """The fakes on the map: `at (P,)` the snapshots' places on the axis 0 … S − 1, `xy (P, M, 2)`, `unlike (P, M)`."""

    at: np.ndarray
    xy: np.ndarray
    unlike: np.ndarray

    @cached_property
    def slopes(self) -> np.ndarray:
        """Slopes of a cubic that never overshoots (Fritsch and Butland 1984), zero at both ends: `(P, M, 2)`."""
        slopes = np.zeros_like(self.xy)
        if len(self.at) > 2:
            steps = np.diff(self.xy, axis=0) / np.diff(self.at)[:, None, None]
            before, after = steps[:-1], steps[1:]
            total = np.where(before * after > 0, before + after, 1.0)
            slopes[1:-1] = np.where(before * after > 0, 2 * before * after / total, 0.0)
        return slopes

    def moment(self, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Places `(M, 2)`, likeness `(M,)` (1 like the data, 0 not) and length of the jump in progress `(M,)`."""
        if not len(self.at) or p < self.at[0] - 1e-9:
            return None
        i = int(np.searchsorted(self.at, p, side="right")) - 1
        j = min(i + 1, len(self.at) - 1)
        width = float(self.at[j] - self.at[i])
        t = (p - float(self.at[i])) / width if width else 0.0
        a, b = self.xy[i], self.xy[j]
        ease = t * t * (3 - 2 * t)
        xy = a + (b - a) * ease
        xy += width * (t * (1 - t) ** 2 * self.slopes[i] - t * t * (1 - t) * self.slopes[j])
        like = 1.0 - (self.unlike[i] * (1 - ease) + self.unlike[j] * ease)
        return xy, like, np.hypot(*(b - a).T) * 4 * t * (1 - t)


class MapPanel:
    """The reals as they were laid out, and the fakes among them: dots like the data, rings like no real image.

    `real_xy (N, 2)`, `real_label (N,)` (−1: none), `classes` the K names; y points up. Up to ten classes have colours,
    names and bars of how often they come out.
    """

    def __init__(
        self, canvas: np.ndarray, box: Box, real_xy: np.ndarray, real_label: np.ndarray, classes: Sequence[str],
        track: Track, u: float,
    ) -> None:  # fmt: skip
        self.u, self.classes, self.track = u, classes, track
        self.key = box.inset(24 * u, 42 * u, 24 * u, 0)
        few = 0 < len(classes) <= len(palette.CLASS_COLOURS)
        self.bars = box.inset(24 * u, box.height - 84 * u, 24 * u, 0)
        area = box.inset(8 * u, 64 * u, 8 * u, (90 if few else 16) * u)
        self.area = area.slices
        self.colours = palette.class_colours(len(classes))
        card(canvas, box, 14 * u)
        everything = np.concatenate([real_xy, track.xy.reshape(-1, 2)])
        low, high = everything.min(axis=0), everything.max(axis=0)
        room = np.array([area.width, area.height])
        self.per_pixel = float(((high - low) / (room - 32 * u).clip(1)).max().clip(1e-12))
        self.middle, self.centre, self.side = (low + high) / 2, room / 2, float(room.min())
        label = np.where((real_label >= 0) & (real_label < len(classes)), real_label, len(classes))
        tints = np.array([mix(colour, PAPER, 0.42) for colour in (*self.colours, GREY)])
        # A thousand dots may be large, a million must be small to leave the clusters apart.
        radius = float(np.clip(2.6 * (5000 / len(real_xy)) ** 0.22, 1.0, 4.0)) * max(u, 0.4)
        cloud(canvas[self.area], self._pixels(real_xy), np.array([*self.colours, GREY])[label], 12 * u)
        splat(canvas[self.area], self._pixels(real_xy), tints[label], radius)
        self.names = self._names([self._pixels(real_xy[label == k]) for k in range(len(classes) if few else 0)])
        if self.names:
            self._paint_keys(canvas)
        x, y = self.key.right, self.key.top
        x -= write(canvas, x, y, f"{len(real_xy):,} real images", 22 * u, MUTED, align="right")
        for i, colour in enumerate(self.colours[2::-1] or [GREY]):
            dots(canvas, np.array([[x - (16 + 13 * i) * u, y - 8 * u]]), 5 * u, mix(colour, PAPER, 0.3))

    def _pixels(self, xy: np.ndarray) -> np.ndarray:
        return np.asarray((xy - self.middle) * np.array([1.0, -1.0]) / self.per_pixel + self.centre)

    def _names(self, clusters: list[np.ndarray]) -> list[tuple[str, float, float, float, Rgb]]:
        """Name, size, x, y and colour of each class: amid its cluster, or above where the clusters are small."""
        tops = [np.quantile(at[:, 1], (0.02, 0.9)) for at in clusters if len(at)]
        small = float(np.median([low - top for top, low in tops] or [0.0])) < 58 * self.u
        names = []
        for name, at, colour in zip(self.classes, clusters, self.colours, strict=False):
            if len(at):
                words = shorten(name, 20 * self.u, 150 * self.u, bold=True)
                size = (32 if len(words) <= 3 else 20) * self.u
                x, y = np.median(at, axis=0)
                y = float(np.quantile(at[:, 1], 0.02)) - 0.3 * size if small else y + 0.36 * size
                names.append((words, size, float(x), float(y), mix(colour, INK, 0.45)))
        return names

    def draw(self, canvas: np.ndarray, p: float, shares: tuple[np.ndarray, np.ndarray] | None) -> None:
        """The fakes at `p` on the axis 0 … S − 1; `shares` of the classes among reals and fakes, each `(K,)`."""
        u, area = self.u, canvas[self.area]
        moment = self.track.moment(p)
        unlike = "–"
        if moment is not None:
            xy, like, jump = moment
            # On a long way nothing was measured between its ends: the dot is faint there.
            alpha = 1 - 0.8 * np.clip((jump / (self.per_pixel * self.side) - 0.08) / 0.15, 0, 1)
            order = np.argsort(like * 2 + alpha, kind="stable")  # what is unlike must not cover what is like the data
            radius = float(np.clip(3.1 * (2000 / max(1, len(xy))) ** 0.3, 2.0, 6.0)) * u
            dots(area, self._pixels(xy)[order], radius, solid=like[order], alpha=alpha[order])
            unlike = f"{100 * float(np.mean(like < 0.5)):.0f} %" if len(xy) else unlike
        for words, size, x, y, colour in self.names:
            write(area, x, y, words, size, colour, bold=True, align="centre", halo=PAPER)
        x, y = self.key.left, self.key.top
        for words, solid, at in (("generated", 1.0, 0), (f"like no real image: {unlike}", 0.0, 180)):
            dots(canvas, np.array([[x + (at + 8) * u, y - 8 * u]]), 7.5 * u, solid=solid)
            write(canvas, x + (at + 24) * u, y, words, 22 * u)
        if self.names and shares is not None:
            self._draw_bars(canvas, *shares)

    def _cells(self) -> Iterator[tuple[int, float, float, float]]:
        """Each class in the row below the map: its number, x, y and width of its bar."""
        size = self.bars.width / len(self.classes)
        for k in range(len(self.classes)):
            yield k, self.bars.left + k * size, self.bars.top + 46 * self.u, size - 14 * self.u

    def _paint_keys(self, canvas: np.ndarray) -> None:
        for k, x, y, width in self._cells():
            dots(canvas, np.array([[x + 7 * self.u, y - 19 * self.u]]), 7 * self.u, self.colours[k])
            write(canvas, x + 20 * self.u, y - 12 * self.u, self.classes[k], 19 * self.u, room=width - 20 * self.u)

    def _draw_bars(self, canvas: np.ndarray, real: np.ndarray, fake: np.ndarray) -> None:
        """How often each class comes out, beside a mark for how often it is real."""
        if len(real) != len(self.classes) or len(fake) != len(real) or not real.max() > 0:
            return
        u = self.u
        for k, x, y, width in self._cells():
            per_share = width / (1.6 * float(real.max()))
            fill(canvas, x, y, width, 12 * u, mix(FAINT, PAPER, 0.4))
            fill(canvas, x, y, min(width, float(fake[k]) * per_share), 12 * u, self.colours[k])
            fill(canvas, x + float(real[k]) * per_share - u, y - 4 * u, max(1, 3 * u), 20 * u, INK)
