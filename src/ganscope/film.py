"""Films of a run: `make_film` shows map, fixed-latent images, curves and step together; `grid_film` the images alone.

Legend: S snapshots, M fakes, K classes, N images, C channels, H height, W width. A film is exact where it shows a
snapshot; between two of them only the points move (faint on a long way, since nothing was measured there) and the
images dissolve in the last moments before the next.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ganscope import video
from ganscope.chart import Chart, Line, nice_ticks
from ganscope.draw import MapPanel, Tiles, Track
from ganscope.errors import ConfigError, RunError
from ganscope.files import atomic
from ganscope.run import Run
from ganscope.video import Box, Rgb, one_line, text_width, write, write_gif, write_mp4

HOLD_FIRST, HOLD_LAST = 0.7, 2.0  # seconds
DISSOLVE = 4  # pictures in which the images of one snapshot give way to the next
GIF_WIDTH, GIF_FPS = 640, 10
SEVERITY = {"failure": (179, 38, 30), "warning": (178, 106, 0), "info": (27, 127, 92)}


# ---- what is shown ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Story:
    """What a run gives to a film; arrays that may be large are read when they are shown."""

    run: Run
    seen: np.ndarray  # (S,) images seen
    history: list[dict[str, Any]]
    evals: list[dict[str, Any]]
    real_xy: np.ndarray  # (N, 2), empty without a map
    real_label: np.ndarray
    classes: tuple[str, ...]
    track: Track

    @cached_property
    def _samples(self) -> np.ndarray:
        return np.array(self.run.samples(), dtype=np.int64)

    def images_at(self, index: int) -> np.ndarray | None:
        """`(N, C, H, W) uint8` from the fixed latents at snapshot `index`, or the newest before it that can be read."""
        for seen in self._samples[self._samples <= self.seen[index]][::-1]:
            images = _load(self.run.sample_path(int(seen), ".npy"), _read_array)
            if images is not None and images.ndim == 4 and len(images):
                return np.asarray(images)
        return None

    def evaluation(self, seen: float) -> dict[str, Any]:
        """The newest line of `evals.jsonl` at that moment."""
        known = [line for line in self.evals if line["images_seen"] <= seen]
        return known[-1] if known else {}

    @cached_property
    def headline(self) -> tuple[str, str]:
        """The data, and how it was trained."""
        config = self.run.config()
        name = Path(config.data).name or config.data
        return name, f"{config.preset} · {config.size}×{config.size} · seed {config.seed}"

    @cached_property
    def progress(self) -> dict[str, np.ndarray]:
        """Epoch and iteration by images seen, for interpolation."""
        rows = {0: (0.0, 0.0)}
        for line in (*self.history, *self.evals):
            if "epoch" in line and "iteration" in line:
                rows[int(line["images_seen"])] = (float(line["epoch"]), float(line["iteration"]))
        table = np.array([(seen, *rows[seen]) for seen in sorted(rows)])
        return {"seen": table[:, 0], "epoch": table[:, 1], "iteration": table[:, 2]}

    def clock(self, seen: float) -> tuple[str, str]:
        """The epoch, and images seen with the step, as text."""
        know = self.progress
        epoch, step = (float(np.interp(seen, know["seen"], know[key])) for key in ("epoch", "iteration"))
        return f"epoch {epoch:.1f}", f"{round(seen):,} images seen · step {round(step):,}"

    def ticks(self, x_max: float, most: int) -> dict[float, str]:
        """Marks of the axis of images seen, in epochs where the run has some; the first says what they count."""
        per_image = float(self.progress["epoch"][-1]) / max(1.0, float(self.progress["seen"][-1]))
        if per_image * x_max < 0.5:
            return {seen: f"{seen:,.0f}" if seen else "image 0" for seen in nice_ticks(0, x_max, most // 2 + 1)}
        return {k / per_image: f"{k:g}" if k else "epoch 0" for k in nice_ticks(0, per_image * x_max, most)}

    def line(self, name: str, colour: Rgb, key: str, dashed: bool = False) -> Line:
        """One column of the history as a curve."""
        rows = [(line["images_seen"], line[key]) for line in self.history if line.get(key) is not None]
        table = np.array(rows, np.float64).reshape(-1, 2)
        return Line(name, colour, table[:, 0], table[:, 1], dashed)


def _load(path: Path, read: Callable[[Path], Any]) -> Any:
    """What `read` makes of a file, None where it is missing or damaged: a film shows the rest."""
    try:
        return read(path)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _read_array(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        array: np.ndarray = np.load(file, allow_pickle=False)
    return array


def _read_reals(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:  # numpy leaves a damaged one open
        return found["xy"].astype(np.float64), found["label"].astype(np.int64)


def _read_points(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:  # numpy leaves a damaged one open
        return found["xy"].astype(np.float64), found["unlike"].astype(np.float64)


def _read_info(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def read_story(run: Run) -> Story:
    """Everything a film needs.

    Raises:
        RunError: the run has no snapshot yet.
    """
    seen = sorted({*run.samples(), *run.map_points()})
    if not seen:
        raise RunError(f"{run.path} has no snapshot yet", found="no samples", todo="train it for a moment first")
    real = _load(run.real_map_path, _read_reals)
    info = _load(run.real_map_info_path, _read_info) or {}
    found = [(place, _load(run.map_path(snapshot), _read_points)) for place, snapshot in enumerate(seen) if real]
    points = [(place, *arrays) for place, arrays in found if arrays is not None]
    fewest = min((len(xy) for _, xy, _ in points), default=0)
    return Story(
        run=run,
        seen=np.array(seen, dtype=np.int64),
        history=run.history(),
        evals=run.evals(),
        real_xy=real[0] if real else np.zeros((0, 2)),
        real_label=real[1] if real else np.zeros(0, np.int64),
        classes=tuple(str(name) for name in info.get("classes", ())),
        track=Track(
            np.array([place for place, _, _ in points], np.float64),
            np.array([xy[:fewest] for _, xy, _ in points], np.float64).reshape(len(points), fewest, 2),
            np.array([unlike[:fewest] for _, _, unlike in points], np.float64).reshape(len(points), fewest),
        ),
    )


def positions(snapshots: int, seconds: float, fps: float) -> np.ndarray:
    """The place on the axis 0 … S − 1 of every picture `(F,)`; every snapshot is hit exactly, the ends are held."""
    moving = max(1, round(seconds * fps))
    if snapshots - 1 > moving:  # more snapshots than pictures: some are passed over
        way = np.round(np.linspace(0, snapshots - 1, moving + 1))
    else:
        between = max(1, moving // max(1, snapshots - 1))
        way = np.arange((snapshots - 1) * between + 1) / between
    return np.concatenate([np.zeros(round(HOLD_FIRST * fps)), way, np.full(round(HOLD_LAST * fps), way[-1])])


# ---- the stage -------------------------------------------------------------------------------------------------------
class Stage:
    """The picture that moves: what stands still is painted once, the rest over a copy of it."""

    def __init__(self, story: Story, width: int, height: int, dissolve: float = 0.0) -> None:
        self.story, self.dissolve = story, dissolve
        self.u = u = min(width / 1920, height / 1080)
        self.back = np.full((height, width, 3), video.PAGE, np.uint8)
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
        write(self.back, 40 * u + used + 22 * u, 74 * u, how, 25 * u, video.MUTED, room=width * 0.62 - used)

    def _set_grid(self, box: Box, wanted: int) -> None:
        u, story = self.u, self.story
        video.card(self.back, box, 14 * u)
        room = box.inset(24 * u, 60 * u, 24 * u, 20 * u)
        self.tiles = Tiles(story.images_at, len(story.seen), (room.width, room.height), wanted)
        count = self.tiles.count
        words = f"{count} generated images, always from the same latents" if count else "No images"
        write(self.back, box.left + 24 * u, box.top + 42 * u, words, 24 * u, bold=True)
        height, width = self.tiles.at(0).shape[:2]
        self.tiles_at = (room.left + (room.width - width) / 2, room.top + (room.height - height) / 2)

    def _set_charts(self, box: Box, stacked: bool) -> None:
        story, u = self.story, self.u
        frechet = [line for line in story.evals if "frechet" in (line.get("metrics") or {})]
        losses, scores, *third = _parts(box, 3 if frechet else 2, 22 * u, stacked)
        for place in (losses, scores, *third):
            video.card(self.back, place, 14 * u)
        x_max = float(max(story.seen[-1], story.history[-1]["images_seen"] if story.history else 0, 1))
        shared: dict[str, Any] = {"x_max": x_max, "u": u, "ticks": story.ticks(x_max, 6 if stacked else 3)}
        self.charts = [
            Chart(self.back, losses, "Losses", [
                story.line("generator", video.G_BLUE, "g_loss"),
                story.line("discriminator", video.D_ORANGE, "d_loss", dashed=True),
            ], **shared),
            Chart(self.back, scores, "Scores D gives", [
                story.line("real images", video.G_BLUE, "d_real"),
                story.line("generated", video.D_ORANGE, "d_fake_before", dashed=True),
            ], limits=(0.0, 1.0), reference=(0.5, "coin toss"), **shared),
        ]  # fmt: skip
        if frechet:
            found = [line["metrics"]["frechet"] for line in frechet]
            seen = np.array([line["images_seen"] for line in frechet], np.float64)
            line = Line("Fréchet", video.INK, seen, np.array([result["value"] for result in found], np.float64))
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
        video.paste(canvas, self.tiles.at(p, self.dissolve), *self.tiles_at)
        for chart in self.charts:
            chart.draw(canvas, seen)
        big, small = story.clock(seen)
        right = canvas.shape[1] - 40 * u
        write(canvas, right, 58 * u, big, 36 * u, bold=True, align="right")
        write(canvas, right, 94 * u, small, 23 * u, video.MUTED, align="right")
        self._draw_verdict(canvas, evaluation)
        return canvas

    def _draw_verdict(self, canvas: np.ndarray, evaluation: dict[str, Any]) -> None:
        findings = evaluation.get("findings") or []
        words = one_line(str(evaluation.get("verdict") or (findings[0].get("sentence", "") if findings else "")))
        if not words:
            return
        u, y = self.u, canvas.shape[0] - 32 * self.u
        levels = {finding.get("severity") for finding in findings}
        colour = next((SEVERITY[level] for level in SEVERITY if level in levels), video.GREY)
        video.dots(canvas, np.array([[50 * u, y - 9 * u]]), 9 * u, colour)
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


# ---- the films -------------------------------------------------------------------------------------------------------
def _targets(out: Path) -> tuple[Path | None, Path]:
    """The MP4 (None where only a GIF is wanted) and the GIF."""
    if out.suffix.lower() not in (".mp4", ".gif"):
        raise ConfigError(
            f"a film cannot be written as {out.name}", found=out.suffix or "no suffix", todo="end it in .mp4 or .gif"
        )
    return (out if out.suffix.lower() == ".mp4" else None), out.with_suffix(".gif")


def _keep() -> np.ndarray:
    """Colours that a GIF must have: text, lines and classes."""
    tints = [video.mix(colour, video.PAPER, share) for colour in video.CLASS_COLOURS for share in (0.0, 0.42)]
    theme = (video.INK, video.MUTED, video.FAINT, video.PAGE, video.PAPER, video.G_BLUE, video.D_ORANGE)
    return np.array([*theme, *SEVERITY.values(), *tints])


def make_film(
    run: Run, *, out: Path | None = None, width: int = 1920, height: int = 1080, fps: int = 30,
    seconds: float | None = None,
) -> list[Path]:  # fmt: skip
    """Write the film of a run, `film.mp4` and a small `film.gif`: map, fixed-latent images, curves, step, verdict.

    `out` is another name ending in .mp4, or in .gif for the GIF alone. `width` and `height` are rounded down to even
    numbers; `seconds` is the length between the still ends (default: 0.3 a snapshot, 3 to 24). Returns the paths.

    Raises:
        RunError: the run has no snapshot, or a file cannot be written. ConfigError: `out` or a size cannot be used.
        DependencyError: there is no ffmpeg.
    """
    if min(width, height) < 180 or fps < 1:
        found = f"{width}×{height}, {fps} pictures a second"
        raise ConfigError("this film is too small", found=found, todo="use at least 320×180")
    mp4, gif = _targets(out or run.product("film.mp4"))
    story = read_story(run)
    steps = len(story.seen) - 1
    moving = float(np.clip(0.3 * steps, 3, 24)) if seconds is None else seconds
    way = positions(len(story.seen), moving, fps)
    between = max(1, round(moving * fps) // max(1, steps))
    stage = Stage(story, width // 2 * 2, height // 2 * 2, dissolve=min(DISSOLVE, between - 1) / between)
    return _write(stage.draw, way, fps, mp4, gif, max(1, round(width / GIF_WIDTH)))


def _write(
    picture: Callable[[float], np.ndarray], way: np.ndarray, fps: int, mp4: Path | None, gif: Path, shrink: int
) -> list[Path]:
    """Draw every moment once, into the MP4 and, thinned and shrunk, into the GIF."""
    from PIL import Image

    every = max(1, round(fps / GIF_FPS))
    small: list[np.ndarray] = []

    def pictures() -> Iterator[np.ndarray]:
        last, frame = -1.0, np.zeros(0)
        still = int(np.searchsorted(way, way[-1]))  # from here on nothing moves
        for i, p in enumerate(way):
            if p != last:
                frame, last = picture(float(p)), p
            if i == still or (i < still and (still - i) % every == 0):
                small.append(np.asarray(Image.fromarray(frame).reduce(shrink)))
            if mp4 is not None or i <= still:
                yield frame

    written = []
    if mp4 is not None:
        with atomic(mp4) as file:
            write_mp4(Path(file.name), pictures(), fps)
        written.append(mp4)
    else:
        for _ in pictures():
            pass
    with atomic(gif) as file:
        write_gif(Path(file.name), small, every / fps, HOLD_LAST, keep=_keep())
    return [*written, gif]


def grid_film(run: Run) -> list[Path]:
    """Write `grid.mp4` and `grid.gif` of a run: the fixed-latent images over training, epoch and step above them.

    Raises:
        RunError: the run has no snapshot, or a file cannot be written. DependencyError: there is no ffmpeg.
    """
    story = read_story(run)
    fps, steps = 30, len(story.seen) - 1
    moving = float(np.clip(0.25 * steps, 2, 18))
    between = max(1, round(moving * fps) // max(1, steps))
    large = GridStage(story, (1280, 720), 128, min(DISSOLVE, between - 1) / between)
    small = GridStage(story, (616, 336), 40)
    mp4, gif = run.product("grid.mp4"), run.product("grid.gif")
    with atomic(mp4) as file:
        write_mp4(Path(file.name), (large.draw(float(p)) for p in positions(len(story.seen), moving, fps)), fps)
    with atomic(gif) as file:
        pictures = [small.draw(i) for i in range(steps + 1)]
        write_gif(Path(file.name), pictures, moving / max(1, steps), HOLD_LAST, keep=np.array([video.PAPER, video.INK]))
    return [mp4, gif]


class GridStage:
    """The fixed-latent images with the epoch above them."""

    def __init__(self, story: Story, room: tuple[float, float], wanted: int, dissolve: float = 0.0) -> None:
        self.story, self.dissolve = story, dissolve
        self.u = room[0] / 1280 * (1.0 if room[0] >= 1000 else 1.5)
        self.tiles = Tiles(story.images_at, len(story.seen), room, wanted)
        height, width = self.tiles.at(0).shape[:2]
        self.margin, self.header = round(24 * self.u), round(84 * self.u)
        size = (height + self.header + self.margin, max(width + 2 * self.margin, round(900 * self.u)))
        self.back = np.full(((size[0] + 1) // 2 * 2, (size[1] + 1) // 2 * 2, 3), 255, np.uint8)
        self.left = (self.back.shape[1] - width) // 2

    def draw(self, p: float) -> np.ndarray:
        """The picture at `p` on the axis 0 … S − 1: `(h, w, 3) uint8`, sides even."""
        canvas, u = self.back.copy(), self.u
        big, small = self.story.clock(float(np.interp(p, np.arange(len(self.story.seen)), self.story.seen)))
        right = canvas.shape[1] - self.margin
        used = write(canvas, self.margin, 56 * u, big, 34 * u, bold=True)
        write(canvas, right, 56 * u, small, 22 * u, video.MUTED, align="right", room=right - used - 3 * self.margin)
        video.paste(canvas, self.tiles.at(p, self.dissolve), self.left, self.header)
        return canvas


def walk_film(frames: np.ndarray, out_path: Path) -> list[Path]:
    """Write a walk's pictures `(F, H, W, C) uint8` as MP4 and GIF, or the GIF alone where `out_path` says so.

    Raises:
        RunError: a file cannot be written. ConfigError: `out_path` ends otherwise. DependencyError: there is no ffmpeg.
    """
    mp4, gif = _targets(Path(out_path))
    written = []
    if mp4 is not None:
        with atomic(mp4) as file:
            write_mp4(Path(file.name), frames, 24)
        written.append(mp4)
    with atomic(gif) as file:
        write_gif(Path(file.name), [*frames[::2]], 1 / 12, 1 / 12)
    return [*written, gif]
