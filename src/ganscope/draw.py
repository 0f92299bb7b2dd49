"""The panels of a film: charts that grow, tiles of images, and points that move on a map. Arrays in, pixels out.

Legend: S snapshots, M fakes, K classes, N images, C channels, H height, W width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ganscope import video
from ganscope.grid import image_grid
from ganscope.video import FAINT, GREY, INK, MUTED, PAPER, Box, Rgb, blend, dots, fill, mix, write


# ---- charts ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One curve: `x (n,)` in images seen, rising, and `y (n,)`; values that are not finite are left out."""

    name: str
    colour: Rgb
    x: np.ndarray
    y: np.ndarray
    dashed: bool = False


class Chart:
    """Curves that grow with a cursor. The axes are painted once; a moment costs two copies and some text.

    `limits` of y are chosen from the lines where None; `reference` is a dotted line with a name; `u` is the size of a
    unit in pixels; `ticks` maps x to its label.
    """

    def __init__(
        self, canvas: np.ndarray, box: Box, title: str, lines: Sequence[Line], *, x_max: float, u: float,
        ticks: Mapping[float, str], limits: tuple[float, float] | None = None, log: bool = False,
        reference: tuple[float, str] | None = None,
    ) -> None:  # fmt: skip
        self.box, self.u, self.log, self.x_max = box, u, log, max(x_max, 1e-9)
        self.lines = [line for line in (self._clean(line) for line in lines) if len(line.x)]
        self.low, self.high = limits or self._limits(reference)
        count, wide = len(self.lines), box.width > 1.6 * box.height
        self.keys = [  # of each line: its place and width in the title's row, or a row of its own
            (box.right - (256 * (count - k)) * u, box.top + 34 * u, 230 * u) if wide
            else (box.left + 16 * u, box.top + (62 + 27 * k) * u, box.width - 34 * u)
            for k in range(count)
        ]  # fmt: skip
        self.plot = box.inset(54 * u, (56 if wide else 50 + 27 * count) * u, 26 * u, 44 * u)
        self._paint_axes(canvas, title, ticks, reference)
        self.window = self.plot.inset(-3 * u, -3 * u, -3 * u, -3 * u).slices
        self.full = canvas[self.window].copy()
        for line in self.lines:
            blend(self.full, self._band(line), 0, 0, line.colour, 0.16)
            blend(self.full, self._mask(line), 0, 0, line.colour)

    def _clean(self, line: Line) -> Line:
        keep = np.isfinite(line.y) & (line.x <= self.x_max)
        if self.log:
            keep &= line.y > 0
        return Line(line.name, line.colour, line.x[keep], line.y[keep], line.dashed)

    def _limits(self, reference: tuple[float, str] | None) -> tuple[float, float]:
        values = np.concatenate([*(line.y for line in self.lines), [reference[0]] if reference else []])
        if not len(values):
            return 0.0, 1.0
        if self.log:
            values = values[values > 0]
            return float(values.min()) / 1.3, float(values.max()) * 1.3
        # One spike of a loss must not flatten the rest of the curve.
        low, high = min(0.0, float(np.quantile(values, 0.002))), float(np.quantile(values, 0.995))
        return low, max(high, low + 1e-6) + 0.08 * max(high - low, 1e-6)

    def y_of(self, value: np.ndarray | float) -> np.ndarray:
        """The pixel row of a value, kept inside the plot."""
        low, high = self.low, self.high
        values: Any = np.asarray(value, np.float64)
        if self.log:
            low, high, values = math.log(low), math.log(high), np.log(np.maximum(values, 1e-300))
        return np.asarray(self.plot.bottom - np.clip((values - low) / (high - low), 0, 1) * self.plot.height)

    def x_of(self, seen: np.ndarray | float) -> np.ndarray:
        """The pixel column of so many images seen."""
        return np.asarray(self.plot.left + np.asarray(seen, np.float64) / self.x_max * self.plot.width)

    def _paint_axes(
        self, canvas: np.ndarray, title: str, ticks: Mapping[float, str], reference: tuple[float, str] | None
    ) -> None:
        u, plot = self.u, self.plot
        room = self.box.width - 24 * u
        write(canvas, self.box.left + 16 * u, self.box.top + 34 * u, title, 21 * u, bold=True, room=room)
        most = max(2, round(plot.height / (48 * u)))
        for value in log_ticks(self.low, self.high) if self.log else nice_ticks(self.low, self.high, min(5, most)):
            y = float(self.y_of(value))
            fill(canvas, plot.left, y, plot.width, max(1, u), FAINT)
            write(canvas, plot.left - 8 * u, y + 6 * u, f"{value:g}", 17 * u, MUTED, align="right")
        if reference is not None:
            y = float(self.y_of(reference[0]))
            for x in np.arange(plot.left, plot.right - 2 * u, 8 * u):
                fill(canvas, x, y, 3 * u, max(1, 2 * u), MUTED)
            right, baseline = self._clear_of_lines(y)
            x, align = (plot.right, "right") if right else (plot.left + 4 * u, "left")
            write(canvas, x, baseline, reference[1], 16 * u, MUTED, align=align, halo=PAPER)
        for seen, words in ticks.items():
            write(canvas, float(self.x_of(seen)), plot.bottom + 26 * u, words, 17 * u, MUTED, align="centre")
        for line, (x, y, width) in zip(self.lines, self.keys, strict=True):
            for start, length in ((0, 10), (14, 10)) if line.dashed else ((0, 24),):
                fill(canvas, x + start * u, y - 8 * u, length * u, max(2, 4 * u), line.colour)
            write(canvas, x + 32 * u, y, line.name, 18 * u, MUTED, room=width - 96 * u)

    def _clear_of_lines(self, y: float) -> tuple[bool, float]:
        """Where the name of a level at row `y` is farthest from the curves: whether at its right end, and the row."""
        u, plot = self.u, self.plot

        def room(place: tuple[bool, float]) -> float:
            right, baseline = place
            if not plot.top < baseline - 14 * u < baseline < plot.bottom:
                return -1.0
            # Half the plot, which is about what the name takes.
            near = [line.y[(line.x > self.x_max / 2) == right] for line in self.lines]
            rows = self.y_of(np.concatenate([*near, []]))
            return float(np.abs(rows - (baseline - 6 * u)).min(initial=plot.height))

        # The first wins a tie: at the right end, above the line.
        return max(((right, y + row * u) for right in (True, False) for row in (-8, 20)), key=room)

    def _binned(self, line: Line) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """x, mean, least and greatest y over stretches of about three pixels, in pixels of the window."""
        count = max(2, int(self.plot.width / (3 * max(self.u, 0.5))))
        bins = np.minimum((line.x / self.x_max * count).astype(int), count - 1)
        starts = np.flatnonzero(np.concatenate([[True], np.diff(bins) > 0]))
        size = np.diff(np.append(starts, len(bins)))
        left, top = self.window[1].start, self.window[0].start
        x = self.x_of(np.add.reduceat(line.x, starts) / size) - left
        return (
            x, self.y_of(np.add.reduceat(line.y, starts) / size) - top,
            self.y_of(np.minimum.reduceat(line.y, starts)) - top, self.y_of(np.maximum.reduceat(line.y, starts)) - top,
        )  # fmt: skip

    def _mask(self, line: Line) -> np.ndarray:
        x, y, _, _ = self._binned(line)
        if len(x) == 1:
            x, y = np.array([x[0] - 1, x[0] + 1]), np.array([y[0], y[0]])
        return strokes([np.stack([x, y], axis=1)], self.full.shape[:2], max(1.2, 2.8 * self.u), line.dashed)

    def _band(self, line: Line) -> np.ndarray:
        from PIL import Image, ImageDraw

        x, _, least, greatest = self._binned(line)
        image = Image.new("L", (self.full.shape[1] * 2, self.full.shape[0] * 2))
        outline = np.concatenate([np.stack([x, least], axis=1), np.stack([x, greatest], axis=1)[::-1]]) * 2
        ImageDraw.Draw(image).polygon([tuple(point) for point in outline.tolist()], fill=255)
        return np.asarray(image.reduce(2))

    def draw(self, canvas: np.ndarray, seen: float) -> None:
        """Everything up to `seen` images, with the values there."""
        u, window = self.u, canvas[self.window]
        at = float(self.x_of(seen))
        column = round(at) - self.window[1].start + 1
        window[:, :column] = self.full[:, :column]
        fill(canvas, at, self.plot.top, max(1, 1.5 * u), self.plot.height, mix(MUTED, PAPER, 0.35))
        for line, (x, y, width) in zip(self.lines, self.keys, strict=True):
            if line.x[0] > seen:
                continue
            near = line.y[np.abs(line.x - seen) <= self.x_max / 100]
            smooth = float(near.mean()) if len(near) else float(np.interp(seen, line.x, line.y))
            if self.log:  # few values, joined by straight lines on the logarithmic axis
                smooth = float(np.exp(np.interp(seen, line.x, np.log(line.y))))
            dots(canvas, np.array([[at, float(self.y_of(smooth))]]), 5.5 * u, line.colour)
            words = f"{smooth:.3g}" if self.log else f"{smooth:.2f}"
            write(canvas, x + width, y, words, 19 * u, line.colour, bold=True, align="right")


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within [low, high], at most about `most`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten within [low, high]; only the powers where that would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [round(value, 12) for value in every if low <= value <= high]
    return inside if len(inside) <= 5 else [value for value in inside if f"{value:e}".startswith("1")]


def strokes(points: Sequence[np.ndarray], shape: tuple[int, int], width: float, dashed: bool = False) -> np.ndarray:
    """Polylines, each `(n, 2)` in pixels, as a coverage mask `(h, w) uint8` of `shape`."""
    from PIL import Image, ImageDraw

    fine = 4
    image = Image.new("L", (shape[1] * fine, shape[0] * fine))
    pen = ImageDraw.Draw(image)
    for line in points:
        for piece in _dashes(line, 3.6 * width, 2.2 * width) if dashed else [line]:
            corners = [tuple(corner) for corner in (piece * fine).tolist()]
            pen.line(corners, fill=255, width=max(1, round(width * fine)), joint="curve")
    return np.asarray(image.reduce(fine))


def _dashes(line: np.ndarray, on: float, off: float) -> list[np.ndarray]:
    """A polyline cut into dashes of length `on`, `off` apart."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    keep = np.concatenate([[True], np.diff(length) > 0])
    line, length = line[keep], length[keep]
    pieces = []
    for start in np.arange(0.0, length[-1], on + off):
        inner = (length > start) & (length < start + on)
        ends = np.array([start, min(start + on, length[-1])])
        at = np.concatenate([ends[:1], length[inner], ends[1:]])
        pieces.append(np.stack([np.interp(at, length, line[:, axis]) for axis in (0, 1)], axis=1))
    return pieces


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


def tiles(images: np.ndarray, layout: Tiling) -> np.ndarray:
    """Lay `(N, C, H, W) uint8` images out on white, every pixel a square: `(h, w, 3) uint8`."""
    shown = np.asarray(images[: layout.columns * layout.rows])
    shown = shown[:, : 3 if shown.shape[1] >= 3 else 1]
    if layout.scale > 0:
        shown = shown.repeat(layout.scale, axis=2).repeat(layout.scale, axis=3)
    else:
        n, c, h, w = shown.shape
        step = min(-layout.scale, h, w)
        shown = shown[:, :, : h // step * step, : w // step * step].reshape(n, c, h // step, step, w // step, step)
        shown = shown.mean(axis=(3, 5)).astype(np.uint8)
    framed = np.pad(shown, ((0, 0), (0, 0), (0, layout.gap), (0, layout.gap)), constant_values=255)
    return video.as_rgb(image_grid(framed, layout.columns, gap=0)[: -layout.gap, : -layout.gap])


class Tiles:
    """The fixed-latent images at any moment. `images_at` gives `(N, C, H, W) uint8` of a snapshot, or None."""

    def __init__(
        self, images_at: Callable[[int], np.ndarray | None], snapshots: int, room: tuple[float, float], wanted: int
    ) -> None:
        self.images_at = images_at
        first = next((images for i in range(snapshots) if (images := images_at(i)) is not None), np.zeros((0, 1, 1, 1)))
        self.shape = first.shape[1:]
        self.layout = tiling(max(1, len(first)), first.shape[2], first.shape[3], room, wanted)
        self.count = min(len(first), self.layout.columns * self.layout.rows)  # 0: no snapshot has images
        self._at = lru_cache(maxsize=2)(self._draw)

    def _draw(self, index: int) -> np.ndarray:
        images = self.images_at(index)
        if images is None or images.shape[1:] != self.shape or len(images) < self.count:
            images = np.full((max(1, self.count), *self.shape), 238, np.uint8)
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
        few = 0 < len(classes) <= len(video.CLASS_COLOURS)
        self.bars = box.inset(24 * u, box.height - 84 * u, 24 * u, 0)
        area = box.inset(8 * u, 64 * u, 8 * u, (90 if few else 16) * u)
        self.area = area.slices
        self.colours = video.class_colours(len(classes))
        video.card(canvas, box, 14 * u)
        everything = np.concatenate([real_xy, track.xy.reshape(-1, 2)])
        low, high = everything.min(axis=0), everything.max(axis=0)
        room = np.array([area.width, area.height])
        self.per_pixel = float(((high - low) / (room - 32 * u).clip(1)).max().clip(1e-12))
        self.middle, self.centre, self.side = (low + high) / 2, room / 2, float(room.min())
        label = np.where((real_label >= 0) & (real_label < len(classes)), real_label, len(classes))
        tints = np.array([mix(colour, PAPER, 0.42) for colour in (*self.colours, GREY)])
        # A thousand dots may be large, a million must be small to leave the clusters apart.
        radius = float(np.clip(2.6 * (5000 / len(real_xy)) ** 0.22, 1.0, 4.0)) * max(u, 0.4)
        video.cloud(canvas[self.area], self._pixels(real_xy), np.array([*self.colours, GREY])[label], 12 * u)
        video.splat(canvas[self.area], self._pixels(real_xy), tints[label], radius)
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
                words = video.shorten(name, 20 * self.u, 150 * self.u, bold=True)
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
