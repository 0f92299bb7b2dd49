"""Films of a run: `make_film` shows map, fixed-latent images, curves and step together; `grid_film` the images alone.

Legend: S snapshots, M fakes, K classes, N images, C channels, H height, W width. A film is exact where it shows a
snapshot; between two of them only the points move (faint on a long way, since nothing was measured there) and the
images dissolve in the last moments before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ganscope.drawing import INK, PAPER, write_gif, write_mp4
from ganscope.errors import ConfigError
from ganscope.files import atomic
from ganscope.film.stages import DISSOLVE, GridStage, Stage, colours_to_keep, film_paths
from ganscope.film.story import HOLD_LAST, positions, read_story
from ganscope.runs import Run

GIF_WIDTH, GIF_FPS = 640, 10


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
    mp4, gif = film_paths(out or run.product("film.mp4"))
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
        write_gif(Path(file.name), small, every / fps, HOLD_LAST, keep=colours_to_keep())
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
        write_gif(Path(file.name), pictures, moving / max(1, steps), HOLD_LAST, keep=np.array([PAPER, INK]))
    return [mp4, gif]


def walk_film(frames: np.ndarray, out_path: Path) -> list[Path]:
    """Write a walk's pictures `(F, H, W, C) uint8` as MP4 and GIF, or the GIF alone where `out_path` says so.

    Raises:
        RunError: a file cannot be written. ConfigError: `out_path` ends otherwise. DependencyError: there is no ffmpeg.
    """
    mp4, gif = film_paths(Path(out_path))
    written = []
    if mp4 is not None:
        with atomic(mp4) as file:
            write_mp4(Path(file.name), frames, 24)
        written.append(mp4)
    with atomic(gif) as file:
        write_gif(Path(file.name), [*frames[::2]], 1 / 12, 1 / 12)
    return [*written, gif]
