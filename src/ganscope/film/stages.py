"""What a frame of a film looks like: panels placed on a stage, drawn for one moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.drawing import (
    CLASS_COLOURS,
    D_ORANGE,
    FAINT,
    G_BLUE,
    GREY,
    INK,
    MUTED,
    PAGE,
    PAPER,
    Box,
    Chart,
    Line,
    MapPanel,
    Tiles,
    card,
    dots,
    mix,
    one_line,
    paste,
    text_width,
    write,
)
from ganscope.errors import ConfigError
from ganscope.film.story import Story

DISSOLVE = 4  # pictures in which the images of one snapshot give way to the next
SEVERITY = {"failure": (179, 38, 30), "warning": (178, 106, 0), "info": (27, 127, 92)}


# ---- the stage -------------------------------------------------------------------------------------------------------
class Stage:
    """The picture that moves: what stands still is painted once, the rest over a copy of it."""

    def __init__(self, story: Story, width: int, height: int, dissolve: float = 0.0) -> None:
        self.story, self.dissolve = story, dissolve
        self.u = u = min(width / 1920, height / 1080)
        self.back = np.full((height, width, 3), PAGE, np.uint8)
        body, gap = Box(36 * u, 116 * u, width - 72 * u, height - 200 * u), 22 * u
        has_map = len(story.real_xy) > 0
        left, right = _split(body, 0.5 if has_map else 0.56, gap)
        grid, charts = _split(right, 0.52, gap, stacked=True) if has_map else (left, right)
        self.map = MapPanel(
            self.back, left, story.real_xy, story.real_label, story.classes, story.track, u
        ) if has_map else None  # fmt: skip
        self._set_grid(grid, 36 if has_map else 64)
        self._set_charts(charts, stacked=not has_map)
        name, how = story.headline
        used = write(self.back, 40 * u, 74 * u, name, 42 * u, bold=True, room=width * 0.4)
        write(self.back, 40 * u + used + 22 * u, 74 * u, how, 25 * u, MUTED, room=width * 0.62 - used)

    def _set_grid(self, box: Box, wanted: int) -> None:
        u, story = self.u, self.story
        card(self.back, box, 14 * u)
        room = box.inset(24 * u, 60 * u, 24 * u, 20 * u)
        names = _names_width(story.rows, NAME_SIZE * u)
        self.tiles = Tiles(story.images_at, len(story.seen), (room.width - names, room.height), wanted, story.grid)
        height, width = self.tiles.at(0).shape[:2]
        self.tiles_at = (room.left + (room.width + names - width) / 2, room.top + (room.height - height) / 2)
        count = self.tiles.count
        words = f"{count} generated images, always from the same latents" if count else "No images"
        if self.tiles.grid:
            words = f"The same {self.tiles.layout.columns} latents in every class"
            _write_names(self.back, story.rows, self.tiles, self.tiles_at, NAME_SIZE * u)
        write(self.back, box.left + 24 * u, box.top + 42 * u, words, 24 * u, bold=True)

    def _set_charts(self, box: Box, stacked: bool) -> None:
        story, u = self.story, self.u
        frechet = [line for line in story.evals if "frechet" in (line.get("metrics") or {})]
        losses, scores, *third = _parts(box, 3 if frechet else 2, 22 * u, stacked)
        for place in (losses, scores, *third):
            card(self.back, place, 14 * u)
        x_max = float(max(story.seen[-1], story.history[-1]["images_seen"] if story.history else 0, 1))
        shared: dict[str, Any] = {"x_max": x_max, "u": u, "ticks": story.ticks(x_max, 6 if stacked else 3)}
        self.charts = [
            Chart(self.back, losses, "Losses", [
                story.line("generator", G_BLUE, "g_loss"),
                story.line("discriminator", D_ORANGE, "d_loss", dashed=True),
            ], **shared),
            Chart(self.back, scores, "Scores D gives", [
                story.line("real images", G_BLUE, "d_real"),
                story.line("generated", D_ORANGE, "d_fake_before", dashed=True),
            ], limits=(0.0, 1.0), reference=(0.5, "coin toss"), **shared),
        ]  # fmt: skip
        if frechet:
            found = [line["metrics"]["frechet"] for line in frechet]
            seen = np.array([line["images_seen"] for line in frechet], np.float64)
            line = Line("Fréchet", INK, seen, np.array([result["value"] for result in found], np.float64))
            floor = float(found[-1].get("floor") or 0)
            reference = (floor, "real vs real") if floor > 0 else None
            distance = Chart(self.back, third[0], "Distance to real", [line], log=True, reference=reference, **shared)
            self.charts.append(distance)

    def draw(self, p: float) -> np.ndarray:
        """The picture at `p` on the axis 0 … S − 1: `(height, width, 3) uint8`."""
        story, u = self.story, self.u
        canvas = self.back.copy()
        seen = float(np.interp(p, np.arange(len(story.seen)), story.seen))
        evaluation = story.evaluation(seen)
        if self.map is not None:
            share = evaluation.get("class_share") or {}
            self.map.draw(canvas, p, (np.array(share["real"]), np.array(share["fake"])) if share else None)
        paste(canvas, self.tiles.at(p, self.dissolve), *self.tiles_at)
        for chart in self.charts:
            chart.draw(canvas, seen)
        big, small = story.clock(seen)
        right = canvas.shape[1] - 40 * u
        write(canvas, right, 58 * u, big, 36 * u, bold=True, align="right")
        write(canvas, right, 94 * u, small, 23 * u, MUTED, align="right")
        self._draw_verdict(canvas, evaluation)
        return canvas

    def _draw_verdict(self, canvas: np.ndarray, evaluation: dict[str, Any]) -> None:
        findings = evaluation.get("findings") or []
        words = one_line(str(evaluation.get("verdict") or (findings[0].get("sentence", "") if findings else "")))
        if not words:
            return
        u, y = self.u, canvas.shape[0] - 32 * self.u
        levels = {finding.get("severity") for finding in findings}
        colour = next((SEVERITY[level] for level in SEVERITY if level in levels), GREY)
        dots(canvas, np.array([[50 * u, y - 9 * u]]), 9 * u, colour)
        room = canvas.shape[1] - 114 * u
        # Smaller letters before fewer words, down to three quarters.
        size = int(26 * u * min(1.0, max(0.75, room / text_width(words, 26 * u))))
        write(canvas, 74 * u, y, words, size, room=room)


def _split(box: Box, share: float, gap: float, stacked: bool = False) -> tuple[Box, Box]:
    """A box cut in two, left and right or, `stacked`, above and below."""
    if stacked:
        first = round(box.height * share - gap / 2)
        rest = box.height - first - gap
        return Box(box.left, box.top, box.width, first), Box(box.left, box.bottom - rest, box.width, rest)
    first = round(box.width * share - gap / 2)
    rest = box.width - first - gap
    return Box(box.left, box.top, first, box.height), Box(box.right - rest, box.top, rest, box.height)


def _parts(box: Box, count: int, gap: float, stacked: bool) -> list[Box]:
    """A box cut into equal ones."""
    if count == 1:
        return [box]
    size = box.height if stacked else box.width
    first, rest = _split(box, (size - gap * (count - 1)) / count / size + gap / 2 / size, gap, stacked)
    return [first, *_parts(rest, count - 1, gap, stacked)]


NAME_SIZE, NAME_ROOM = 20, 150  # of a class's name beside its row, in pixels of a film 1920 wide


def _names_width(rows: Sequence[str], size: float) -> float:
    """Room for the names of rows, a space after them included; 0 without."""
    longest = max((text_width(name, size) for name in rows), default=0.0)
    return min(longest, NAME_ROOM * size / NAME_SIZE) + 0.7 * size if rows else 0.0


def _write_names(canvas: np.ndarray, rows: Sequence[str], tiles: Tiles, at: tuple[float, float], size: float) -> None:
    """The class of each row, right before it, in letters no higher than the row."""
    height = tiles.at(0).shape[0] / len(rows)
    size = min(size, 0.9 * height)
    room = NAME_ROOM * size / NAME_SIZE
    for i, name in enumerate(rows):
        y = at[1] + (i + 0.5) * height + 0.33 * size
        write(canvas, at[0] - 0.6 * size, y, name, size, align="right", room=room)


# ---- the films -------------------------------------------------------------------------------------------------------
def film_paths(out: Path) -> tuple[Path | None, Path]:
    """The MP4 (None where only a GIF is wanted) and the GIF."""
    if out.suffix.lower() not in (".mp4", ".gif"):
        raise ConfigError(
            f"a film cannot be written as {out.name}", found=out.suffix or "no suffix", todo="end it in .mp4 or .gif"
        )
    return (out if out.suffix.lower() == ".mp4" else None), out.with_suffix(".gif")


def colours_to_keep() -> np.ndarray:
    """Colours that a GIF must have: text, lines and classes."""
    tints = [mix(colour, PAPER, share) for colour in CLASS_COLOURS for share in (0.0, 0.42)]
    theme = (INK, MUTED, FAINT, PAGE, PAPER, G_BLUE, D_ORANGE)
    return np.array([*theme, *SEVERITY.values(), *tints])


class GridStage:
    """The fixed-latent images with the epoch above them."""

    def __init__(self, story: Story, room: tuple[float, float], wanted: int, dissolve: float = 0.0) -> None:
        self.story, self.dissolve = story, dissolve
        self.u = room[0] / 1280 * (1.0 if room[0] >= 1000 else 1.5)
        names = _names_width(story.rows, NAME_SIZE * self.u)
        self.tiles = Tiles(story.images_at, len(story.seen), (room[0] - names, room[1]), wanted, story.grid)
        height, width = self.tiles.at(0).shape[:2]
        if not self.tiles.grid:
            names = 0.0
        self.margin, self.header = round(24 * self.u), round(84 * self.u)
        size = (height + self.header + self.margin, max(width + round(names) + 2 * self.margin, round(900 * self.u)))
        self.back = np.full(((size[0] + 1) // 2 * 2, (size[1] + 1) // 2 * 2, 3), 255, np.uint8)
        self.left = (self.back.shape[1] - width + round(names)) // 2
        if self.tiles.grid:
            _write_names(self.back, story.rows, self.tiles, (self.left, self.header), NAME_SIZE * self.u)

    def draw(self, p: float) -> np.ndarray:
        """The picture at `p` on the axis 0 … S − 1: `(h, w, 3) uint8`, sides even."""
        canvas, u = self.back.copy(), self.u
        big, small = self.story.clock(float(np.interp(p, np.arange(len(self.story.seen)), self.story.seen)))
        right = canvas.shape[1] - self.margin
        used = write(canvas, self.margin, 56 * u, big, 34 * u, bold=True)
        write(canvas, right, 56 * u, small, 22 * u, MUTED, align="right", room=right - used - 3 * self.margin)
        paste(canvas, self.tiles.at(p, self.dissolve), self.left, self.header)
        return canvas
