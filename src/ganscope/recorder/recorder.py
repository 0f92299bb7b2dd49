"""The recorder: snapshots in, a run out. Our trainer, the toys and `ganscope.watch` are three callers of it.

It writes what any training leaves: lines of numbers, the images of the fixed latents, and what its judge makes of
them. Checkpoints and weights are the trainer's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.drawing import save_grid
from ganscope.files import atomic
from ganscope.recorder.judge import Judge
from ganscope.runs import Run, Snapshot
from ganscope.trackers import Bridge

GRID_LATENTS = 128  # of the fixed latents, those whose images are kept


class Recorder:
    """Writes one run.

    Args:
        num_images: training images, which make an epoch. images_per_iteration: real images that a step shows to D.
        due: whether a snapshot is due at so many images seen.
        judge: looks at every snapshot. bridge: told of every line and snapshot, for trackers.
        grid: rows and columns of the images by class that a snapshot begins with, where it does.
    """

    def __init__(
        self,
        run: Run,
        *,
        num_images: int,
        images_per_iteration: int,
        due: Callable[[int], bool] = lambda images_seen: True,
        judge: Judge | None = None,
        bridge: Bridge | None = None,
        grid: tuple[int, int] | None = None,
    ) -> None:
        self.run, self.judge, self.bridge = run, judge or Judge(), bridge
        self.num_images, self.images_per_iteration = num_images, images_per_iteration
        self.due, self.grid = due, grid

    def where(self, images_seen: int) -> dict[str, Any]:
        """The moment, as every line begins with it."""
        return {
            "images_seen": images_seen,
            "iteration": images_seen // self.images_per_iteration,
            "epoch": images_seen / self.num_images,
        }

    def log(self, images_seen: int, scalars: Mapping[str, Any]) -> dict[str, Any]:
        """One line of history: means since the last one. Returns the line."""
        line = {**self.where(images_seen), **scalars, **self.where(images_seen)}
        self.run.append("history", line)
        return line

    def log_held_out(self, images_seen: int, scalars: Mapping[str, Any]) -> None:
        """One line of what was measured on held-out images."""
        self.run.append("test", {**self.where(images_seen), **scalars})

    def snapshot(
        self,
        images_seen: int,
        fakes: np.ndarray,
        *,
        labels: np.ndarray | None = None,
        scores: np.ndarray | None = None,
        g: Any = None,
        d: Any = None,
        train_seconds: float = 0.0,
    ) -> str | None:
        """Keep and judge the images of the fixed latents, `(M, C, H, W) uint8` (`(M, d) float32` of a toy).

        Args:
            labels: the class that each was asked for, `(M,) int64`, of a conditional generator.
            scores: D's scores of them, `(M,) in [0, 1]`, where known. g, d: the networks, where the judge needs them.

        Returns:
            why the training should end, or None.
        """
        with atomic(self.run.sample_path(images_seen, ".npy")) as file:
            np.save(file, fakes[:GRID_LATENTS])
        if fakes.ndim == 4:
            with atomic(self.run.sample_path(images_seen)) as file:
                rows, columns = self.grid or (0, None)
                save_grid(file, fakes[: rows * columns if columns else GRID_LATENTS], columns)
        taken = Snapshot(
            **self.where(images_seen), fakes=fakes, scores=scores, g=g, d=d, train_seconds=train_seconds, labels=labels
        )
        advice = self.judge.look_at(taken)
        if self.bridge is not None:
            self.bridge.update()
        return advice

    def finish(self, wait: bool) -> None:
        """After the training; `wait`: for what still runs in the background."""
        self.judge.finish(wait)

    def close(self) -> None:
        """End the background work, if any is left."""
        self.judge.close()

    def products(self) -> dict[str, Path]:
        """What is made of the finished run: name → file."""
        made = self.judge.products()
        if self.bridge is not None:
            self.bridge.finish(made.get("page"))
        return made

    def costs(self) -> dict[str, float]:
        """Seconds spent in this process, by purpose."""
        return self.judge.costs()


def planned(every: int, images_per_iteration: int) -> Callable[[int], bool]:
    """Snapshots every so many iterations, and often early: before the first regular one at a half, an eighth, …"""
    early = {every >> k for k in (1, 2, 3, 5, 7)}

    def due(images_seen: int) -> bool:
        iteration = images_seen // images_per_iteration
        return iteration % every == 0 or iteration in early

    return due
