"""What a film tells: the arrays of a run, read once, and the moments between snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.config import Plan, size_text
from ganscope.drawing import Line, Rgb, Track, nice_ticks
from ganscope.errors import RunError
from ganscope.runs import Run, read_fakes, read_images, read_map_info, read_reals

HOLD_FIRST, HOLD_LAST = 0.7, 2.0  # seconds


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
            images = read_images(self.run.sample_path(int(seen), ".npy"))
            if images is not None:
                return images
        return None

    def evaluation(self, seen: float) -> dict[str, Any]:
        """The newest line of `evals.jsonl` at that moment."""
        known = [line for line in self.evals if line["images_seen"] <= seen]
        return known[-1] if known else {}

    @cached_property
    def headline(self) -> tuple[str, str]:
        """The data, and how it was trained."""
        config = self.run.settings()
        name = Path(config.data).name or config.data
        return name, f"{config.preset} · {size_text(config.size)} · seed {config.seed}"

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The class of each row, where the images begin with a grid by class."""
        config = self.run.settings()
        if not getattr(config, "class_columns", 0) or not isinstance(config, Plan):
            return ()
        try:
            names = self.run.environment().get("dataset", {}).get("classes", [])
        except RunError:
            names = []
        return tuple(str(names[kind]) if kind < len(names) else str(kind) for kind in config.shown_classes)

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of that grid."""
        return (len(self.rows), getattr(self.run.settings(), "class_columns", 0)) if self.rows else None

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


def read_story(run: Run) -> Story:
    """Everything a film needs.

    Raises:
        RunError: the run has no snapshot yet.
    """
    seen = sorted({*run.samples(), *run.map_points()})
    if not seen:
        raise RunError(f"{run.path} has no snapshot yet", found="no samples", todo="train it for a moment first")
    real, info = read_reals(run.real_map_path), read_map_info(run.real_map_info_path)
    found = [(place, read_fakes(run.map_path(snapshot))) for place, snapshot in enumerate(seen) if real]
    points = [(place, fake.xy, fake.unlike) for place, fake in found if fake is not None]
    fewest = min((len(xy) for _, xy, _ in points), default=0)
    return Story(
        run=run,
        seen=np.array(seen, dtype=np.int64),
        history=run.history(),
        evals=run.evals(),
        real_xy=real.xy.astype(np.float64) if real else np.zeros((0, 2)),
        real_label=real.label.astype(np.int64) if real else np.zeros(0, np.int64),
        classes=info.classes if info else (),
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
