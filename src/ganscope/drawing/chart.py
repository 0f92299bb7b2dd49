"""The charts of a film: curves that grow with a cursor. Arrays in, pixels out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganscope.drawing.canvas import Box, blend, dots, fill, write
from ganscope.drawing.palette import FAINT, MUTED, PAPER, Rgb, mix


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
